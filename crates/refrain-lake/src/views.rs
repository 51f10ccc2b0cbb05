//! `views.sql`: a DuckDB view for each table, paths relative to the lake's folder.

use std::collections::BTreeSet;
use std::fmt::Write;

use refrain_record::{Kind, Partition, Row, tables};

/// The text of `views.sql`. A table without files becomes an empty view of the right columns, so
/// that a query written for one lake runs on every lake.
pub(crate) fn views_sql(filled: &BTreeSet<&str>) -> String {
    let mut sql = String::from(
        "-- DuckDB views over the lake; paths are relative to the lake's folder. For example\n\
         --   cd lake && duckdb -init views.sql\n\
         -- or in Python: con.execute(\"SET file_search_path='lake'\"); con.execute(open('lake/views.sql').read())\n",
    );
    macro_rules! each {
        ($row:ident) => {
            view::<tables::$row>(&mut sql, filled);
        };
    }
    refrain_record::for_each_table!(each);
    sql.push_str(
        "-- Everything known of a conversation in one row.\n\
         CREATE OR REPLACE VIEW conversations_full AS\n\
         SELECT c.*, o.* EXCLUDE (shop_id, source, conversation_id, date)\n\
         FROM conversations c LEFT JOIN conversation_outcomes o USING (shop_id, source, conversation_id);\n",
    );
    sql
}

fn view<R: Row>(sql: &mut String, filled: &BTreeSet<&str>) {
    let meta = R::META;
    if meta.doc.contains("Not written yet") {
        return;
    }
    let query = if !filled.contains(meta.name) {
        let columns: Vec<String> = R::columns()
            .iter()
            .map(|c| format!("NULL::{} AS \"{}\"", sql_type(c.kind), c.name))
            .collect();
        format!("SELECT {} WHERE false", columns.join(", "))
    } else {
        let glob = match meta.partition {
            Partition::Whole => format!("current/{}/part-0000.parquet", meta.name),
            Partition::Dated => format!("current/{}/*/part-0000.parquet", meta.name),
        };
        format!("SELECT * FROM read_parquet('{glob}', hive_partitioning = false)")
    };
    let _ = writeln!(sql, "CREATE OR REPLACE VIEW {} AS {query};", meta.name);
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Label => "VARCHAR",
        Kind::Int => "BIGINT",
        Kind::Float => "DOUBLE",
        Kind::Bool => "BOOLEAN",
        Kind::Time => "TIMESTAMPTZ",
        Kind::Date => "DATE",
        Kind::Money => "DECIMAL(18, 4)",
        Kind::TextList => "VARCHAR[]",
    }
}
