//! One Parquet file: how its rows are ordered, encoded and digested.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use refrain_record::{Row, Value};

use crate::LakeError;
use crate::batch::{from_batch, to_batch};

/// Version of all table schemas; changes with every incompatible change of a column.
pub const SCHEMA_VERSION: &str = "1";

/// Rows of a row group: DuckDB reads one group a thread, statistics prune by group.
const ROW_GROUP_ROWS: usize = 131_072;
/// Rows converted to Arrow at a time; bounds the memory of the writer, not the row group.
const BATCH_ROWS: usize = 16_384;
const ZSTD_LEVEL: i32 = 3;

/// What stands in a file's key-value metadata beside schema and row digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileMeta {
    /// Version of taxonomy, rulebook and model, for tables that follow from tags.
    pub tagger_version: Option<String>,
}

/// Orders `rows` by the table's key.
///
/// # Errors
/// When two rows have one key.
pub(crate) fn sorted<R: Row>(rows: &[R]) -> Result<Vec<&R>, LakeError> {
    let mut rows: Vec<&R> = rows.iter().collect();
    // Stages mostly leave their rows in key order; the sort is then one pass.
    rows.sort_by(|a, b| a.compare_keys(b));
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].compare_keys(pair[1]).is_eq()) {
        return Err(LakeError::DuplicateKey {
            table: R::META.name,
            key: key_text(pair[0]),
        });
    }
    Ok(rows)
}

/// The key of a row for an error; keys hold ids and dates, never conversation text.
fn key_text<R: Row>(row: &R) -> String {
    let mut cells = Vec::new();
    row.values(&mut cells);
    let columns = R::columns();
    let key = R::META
        .key
        .iter()
        .filter_map(|name| columns.iter().position(|c| c.name == *name));
    let parts: Vec<String> = key.map(|i| format!("{} {:?}", columns[i].name, cells[i])).collect();
    parts.join(", ")
}

/// Digest of rows in order, their schema and the file metadata: equal digests mean equal bytes.
pub(crate) fn digest<R: Row>(rows: &[&R], meta: &FileMeta) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(SCHEMA_VERSION.as_bytes());
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(meta.tagger_version.as_deref().unwrap_or_default().as_bytes());
    for column in R::columns() {
        hasher.update(column.name.as_bytes());
        hasher.update(column.doc.as_bytes());
        hasher.update(&[column.kind as u8, u8::from(column.nullable)]);
    }
    let mut buffer = Vec::with_capacity(4096);
    for row in rows {
        let mut cells = Vec::new();
        row.values(&mut cells);
        cells.into_iter().for_each(|cell| encode(cell, &mut buffer));
        if buffer.len() >= 4096 {
            hasher.update(&buffer);
            buffer.clear();
        }
    }
    hasher.update(&buffer);
    hasher.finalize().to_hex()[..32].to_owned()
}

fn encode(cell: Value<'_>, out: &mut Vec<u8>) {
    let text = |out: &mut Vec<u8>, t: &str| {
        out.extend_from_slice(&(t.len() as u64).to_le_bytes());
        out.extend_from_slice(t.as_bytes());
    };
    match cell {
        Value::Null => out.push(0),
        Value::Text(v) => {
            out.push(1);
            text(out, v);
        }
        Value::Int(v) => {
            out.push(2);
            out.extend_from_slice(&v.to_le_bytes());
        }
        Value::Float(v) => {
            out.push(3);
            out.extend_from_slice(&v.to_bits().to_le_bytes());
        }
        Value::Bool(v) => out.extend_from_slice(&[4, u8::from(v)]),
        Value::Time(v) => {
            out.push(5);
            out.extend_from_slice(&v.0.to_le_bytes());
        }
        Value::Date(v) => {
            out.push(6);
            out.extend_from_slice(&v.0.to_le_bytes());
        }
        Value::Money(v) => {
            out.push(7);
            out.extend_from_slice(&v.0.to_le_bytes());
        }
        Value::TextList(v) => {
            out.push(8);
            out.extend_from_slice(&(v.len() as u64).to_le_bytes());
            v.iter().for_each(|t| text(out, t));
        }
        Value::TextVec(v) => {
            out.push(8);
            out.extend_from_slice(&(v.len() as u64).to_le_bytes());
            v.iter().for_each(|t| text(out, t));
        }
    }
}

/// Writes `rows`, already in key order, to `path` and syncs it.
pub(crate) fn write<R: Row>(path: &Path, rows: &[&R], digest: &str, meta: &FileMeta) -> Result<(), LakeError> {
    let file = File::create(path).map_err(LakeError::io("create", path))?;
    let fail = |e| LakeError::Parquet {
        action: "write",
        path: path.to_owned(),
        source: e,
    };
    let schema = crate::arrow_schema::<R>();
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties::<R>(digest, meta))).map_err(fail)?;
    for chunk in rows.chunks(BATCH_ROWS) {
        let batch: RecordBatch = to_batch(chunk).map_err(|e| fail(e.into()))?;
        writer.write(&batch).map_err(fail)?;
    }
    let file = writer.into_inner().map_err(fail)?;
    file.sync_all().map_err(LakeError::io("sync", path))
}

fn properties<R: Row>(digest: &str, meta: &FileMeta) -> WriterProperties {
    let columns = R::columns();
    let sorting: Vec<SortingColumn> = R::META
        .key
        .iter()
        .filter_map(|name| columns.iter().position(|c| c.name == *name))
        // A list column would shift the leaf numbers; no key holds or follows one.
        .filter_map(|index| i32::try_from(index).ok())
        .map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: true,
        })
        .collect();
    let mut about = vec![
        KeyValue::new("refrain.table".to_owned(), R::META.name.to_owned()),
        KeyValue::new("refrain.schema_version".to_owned(), SCHEMA_VERSION.to_owned()),
        KeyValue::new("refrain.rows_digest".to_owned(), digest.to_owned()),
    ];
    if let Some(version) = &meta.tagger_version {
        about.push(KeyValue::new("refrain.tagger_version".to_owned(), version.clone()));
    }
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("refrain ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_sorting_columns(Some(sorting))
        .set_key_value_metadata(Some(about));
    for id in ["conversation_id", "order_id"] {
        if columns.iter().any(|c| c.name == id) {
            builder = builder.set_column_bloom_filter_enabled(ColumnPath::from(id), true);
        }
    }
    builder.build()
}

/// Reads all rows of a file, in file order.
pub(crate) fn read<R: Row>(path: &Path) -> Result<Vec<R>, LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|b| b.with_batch_size(BATCH_ROWS).build())
        .map_err(LakeError::parquet("read", path))?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|e| LakeError::Parquet {
            action: "read",
            path: path.to_owned(),
            source: parquet::errors::ParquetError::External(Arc::new(e).to_string().into()),
        })?;
        from_batch(&batch, &mut rows).map_err(|detail| LakeError::Shape {
            path: path.to_owned(),
            table: R::META.name,
            detail,
        })?;
    }
    Ok(rows)
}
