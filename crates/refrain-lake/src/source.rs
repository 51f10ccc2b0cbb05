//! A user's Parquet file as raw rows, for ingest to interpret.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use refrain_record::Timestamp;

use crate::LakeError;

const BATCH_ROWS: usize = 8_192;

/// One raw cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Null, or a type that refrain has no use for.
    Null,
    /// Text.
    Text(String),
    /// Integer.
    Int(i64),
    /// Float.
    Float(f64),
    /// Boolean.
    Bool(bool),
    /// Instant; a time without zone is taken as UTC only when `is_utc`.
    Time {
        /// Microseconds since the epoch, as written.
        at: Timestamp,
        /// The file says that it is an instant, not a local time.
        is_utc: bool,
    },
    /// List.
    List(Vec<Cell>),
    /// Struct, in field order.
    Struct(Vec<(String, Cell)>),
}

/// The rows of a Parquet file, in file order.
pub struct ParquetSource {
    path: PathBuf,
    columns: Vec<String>,
    reader: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    next: usize,
}

impl ParquetSource {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read or is no Parquet file.
    pub fn open(path: &Path) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io("open", path))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|b| b.with_batch_size(BATCH_ROWS).build())
            .map_err(LakeError::parquet("read", path))?;
        let schema = arrow::array::RecordBatchReader::schema(&reader);
        let columns = schema.fields().iter().map(|f| f.name().clone()).collect();
        Ok(Self {
            path: path.to_owned(),
            columns,
            reader,
            batch: None,
            next: 0,
        })
    }

    /// Column names, in file order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

impl Iterator for ParquetSource {
    type Item = Result<Vec<Cell>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|b| self.next < b.num_rows()) {
                let row = batch
                    .columns()
                    .iter()
                    .map(|column| cell(column.as_ref(), self.next))
                    .collect();
                self.next += 1;
                return Some(Ok(row));
            }
            match self.reader.next()? {
                Ok(batch) => {
                    self.batch = Some(batch);
                    self.next = 0;
                }
                Err(e) => {
                    self.batch = None;
                    return Some(Err(format!("`{}`: {e}", self.path.display())));
                }
            }
        }
    }
}

fn cell(array: &dyn Array, index: usize) -> Cell {
    if array.is_null(index) {
        return Cell::Null;
    }
    macro_rules! int {
        ($t:ty) => {
            Cell::Int(i64::from(array.as_primitive::<$t>().value(index)))
        };
    }
    match array.data_type() {
        DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(index).to_owned()),
        DataType::LargeUtf8 => Cell::Text(array.as_string::<i64>().value(index).to_owned()),
        DataType::Utf8View => Cell::Text(array.as_string_view().value(index).to_owned()),
        DataType::Boolean => Cell::Bool(array.as_boolean().value(index)),
        DataType::Int8 => int!(Int8Type),
        DataType::Int16 => int!(Int16Type),
        DataType::Int32 => int!(Int32Type),
        DataType::Int64 => int!(Int64Type),
        DataType::UInt8 => int!(UInt8Type),
        DataType::UInt16 => int!(UInt16Type),
        DataType::UInt32 => int!(UInt32Type),
        // Ids beyond i64 stay exact as text.
        DataType::UInt64 => {
            let value = array.as_primitive::<UInt64Type>().value(index);
            i64::try_from(value).map_or_else(|_| Cell::Text(value.to_string()), Cell::Int)
        }
        DataType::Float32 => Cell::Float(f64::from(array.as_primitive::<Float32Type>().value(index))),
        DataType::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(index)),
        DataType::Decimal128(_, _) => Cell::Text(array.as_primitive::<Decimal128Type>().value_as_string(index)),
        DataType::Timestamp(unit, zone) => Cell::Time {
            at: instant(array, *unit, index),
            is_utc: zone.is_some(),
        },
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(index);
            Cell::Time {
                at: refrain_record::Date(days).utc_midnight(),
                is_utc: false,
            }
        }
        DataType::Date64 => Cell::Time {
            at: Timestamp(array.as_primitive::<Date64Type>().value(index).saturating_mul(1_000)),
            is_utc: false,
        },
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            cell(dictionary.values().as_ref(), dictionary.normalized_keys()[index])
        }
        DataType::List(_) => list(array.as_list::<i32>().value(index).as_ref()),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(index).as_ref()),
        DataType::Struct(fields) => {
            let parts = array.as_struct();
            Cell::Struct(
                fields
                    .iter()
                    .zip(parts.columns())
                    .map(|(f, column)| (f.name().clone(), cell(column.as_ref(), index)))
                    .collect(),
            )
        }
        _ => Cell::Null,
    }
}

fn list(items: &dyn Array) -> Cell {
    Cell::List((0..items.len()).map(|i| cell(items, i)).collect())
}

fn instant(array: &dyn Array, unit: TimeUnit, index: usize) -> Timestamp {
    Timestamp(match unit {
        TimeUnit::Second => array
            .as_primitive::<TimestampSecondType>()
            .value(index)
            .saturating_mul(1_000_000),
        TimeUnit::Millisecond => array
            .as_primitive::<TimestampMillisecondType>()
            .value(index)
            .saturating_mul(1_000),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(index),
        TimeUnit::Nanosecond => array
            .as_primitive::<TimestampNanosecondType>()
            .value(index)
            .div_euclid(1_000),
    })
}
