//! `refrain schema`: the tables as Markdown, JSON, or an ODCS data contract.

use std::fmt::Write;

use refrain_record::{Column, Kind, Partition, Row, TableMeta, tables};
use serde_json::json;

use crate::{LakeError, SCHEMA_VERSION};

/// Form of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markdown page.
    Markdown,
    /// JSON.
    Json,
    /// Open Data Contract Standard 3.1, as YAML.
    Odcs,
}

struct Table {
    meta: TableMeta,
    columns: Vec<Column>,
}

fn all_tables() -> Vec<Table> {
    let mut all = Vec::new();
    macro_rules! each {
        ($row:ident) => {
            all.push(Table {
                meta: tables::$row::META,
                columns: tables::$row::columns(),
            });
        };
    }
    refrain_record::for_each_table!(each);
    all
}

/// The names of all tables, in the order of the schema.
#[must_use]
pub fn table_names() -> Vec<&'static str> {
    all_tables().iter().map(|t| t.meta.name).collect()
}

/// All tables.
#[must_use]
pub fn describe_all(format: Format) -> String {
    render(&all_tables(), format)
}

/// One table.
///
/// # Errors
/// When there is no such table; the error names the nearest.
pub fn describe_table(name: &str, format: Format) -> Result<String, LakeError> {
    let tables = all_tables();
    match tables.iter().position(|t| t.meta.name == name) {
        Some(index) => Ok(render(&tables[index..=index], format)),
        None => {
            let nearest = tables
                .iter()
                .map(|t| t.meta.name)
                .max_by(|a, b| similarity(name, a).total_cmp(&similarity(name, b)))
                .filter(|n| similarity(name, n) > 0.6)
                .map(str::to_owned);
            Err(LakeError::UnknownTable {
                name: name.to_owned(),
                nearest,
            })
        }
    }
}

fn similarity(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

fn render(tables: &[Table], format: Format) -> String {
    match format {
        Format::Markdown => markdown(tables),
        Format::Json => json_text(tables),
        Format::Odcs => odcs(tables),
    }
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Label => "dictionary<string>",
        Kind::Int => "int64",
        Kind::Float => "float64",
        Kind::Bool => "boolean",
        Kind::Time => "timestamp[us, UTC]",
        Kind::Date => "date32",
        Kind::Money => "decimal(18, 4)",
        Kind::TextList => "list<string>",
    }
}

fn prose(meta: &TableMeta) -> String {
    meta.doc
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn markdown(tables: &[Table]) -> String {
    let mut out = String::new();
    if tables.len() > 1 {
        let _ = writeln!(
            out,
            "# Tables of the lake\n\nSchema version {SCHEMA_VERSION}. Written by `refrain schema`; the source is the \
             documentation of the row types.\n"
        );
        for table in tables {
            let _ = writeln!(out, "- [{0}](#{0})", table.meta.name);
        }
        out.push('\n');
    }
    for table in tables {
        let place = match table.meta.partition {
            Partition::Whole => "one file",
            Partition::Dated => "one file per `dt`",
        };
        let _ = writeln!(out, "## {}\n\n{}\n", table.meta.name, prose(&table.meta));
        let _ = writeln!(out, "Key and order: {}; {place}.\n", table.meta.key.join(", "));
        out.push_str("| column | type | null | says |\n| --- | --- | --- | --- |\n");
        for c in &table.columns {
            let null = if c.nullable { "yes" } else { "no" };
            let _ = writeln!(out, "| {} | {} | {null} | {} |", c.name, type_name(c.kind), c.doc);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn json_text(tables: &[Table]) -> String {
    let list: Vec<_> = tables
        .iter()
        .map(|t| {
            json!({
                "name": t.meta.name,
                "description": prose(&t.meta),
                "key": t.meta.key,
                "partitioned_by": match t.meta.partition { Partition::Whole => None, Partition::Dated => Some("dt") },
                "columns": t.columns.iter().map(|c| json!({
                    "name": c.name, "type": type_name(c.kind), "nullable": c.nullable, "description": c.doc,
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    let whole = json!({"schema_version": SCHEMA_VERSION, "tables": list});
    let mut text = serde_json::to_string_pretty(&whole).unwrap_or_default();
    text.push('\n');
    text
}

fn logical_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Label => "string",
        Kind::Int => "integer",
        Kind::Float | Kind::Money => "number",
        Kind::Bool => "boolean",
        Kind::Time => "timestamp",
        Kind::Date => "date",
        Kind::TextList => "array",
    }
}

/// A JSON string is a YAML double-quoted scalar.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn odcs(tables: &[Table]) -> String {
    let mut out = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: refrain-lake\nname: refrain lake\nversion: {}\nstatus: active\nschema:\n",
        quoted(SCHEMA_VERSION)
    );
    for table in tables {
        let _ = writeln!(out, "  - name: {}\n    physicalType: parquet", table.meta.name);
        let _ = writeln!(out, "    description: {}\n    properties:", quoted(&prose(&table.meta)));
        for c in &table.columns {
            let _ = writeln!(
                out,
                "      - name: {}\n        logicalType: {}",
                c.name,
                logical_type(c.kind)
            );
            let _ = writeln!(out, "        physicalType: {}", quoted(type_name(c.kind)));
            let _ = writeln!(out, "        required: {}", !c.nullable);
            if let Some(position) = table.meta.key.iter().position(|k| *k == c.name) {
                let _ = writeln!(
                    out,
                    "        primaryKey: true\n        primaryKeyPosition: {}",
                    position + 1
                );
            }
            if c.kind == Kind::TextList {
                out.push_str("        items:\n          logicalType: string\n");
            }
            let _ = writeln!(out, "        description: {}", quoted(c.doc));
        }
    }
    out
}
