//! Rows to Arrow arrays and back. One builder a column, filled row by row.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    ListBuilder, RecordBatch, StringBuilder, StringDictionaryBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use refrain_record::{Amount, Column, Date, Kind, Row, Timestamp, Value};

use crate::schema::{MONEY_PRECISION, MONEY_SCALE, UTC, arrow_schema, data_type};

enum Builder {
    Text(StringBuilder),
    Label(StringDictionaryBuilder<Int32Type>),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Money(Decimal128Builder),
    TextList(ListBuilder<StringBuilder>),
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Label => Self::Label(StringDictionaryBuilder::new()),
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone(UTC)),
            Kind::Date => Self::Date(Date32Builder::new()),
            Kind::Money => {
                Self::Money(Decimal128Builder::new().with_data_type(DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE)))
            }
            Kind::TextList => {
                let item = match data_type(Kind::TextList) {
                    DataType::List(item) => item,
                    other => unreachable!("a text list is a list, not {other}"),
                };
                Self::TextList(ListBuilder::new(StringBuilder::new()).with_field(item))
            }
        }
    }

    fn push(&mut self, value: Value<'_>) -> Result<(), ArrowError> {
        match (self, value) {
            (Self::Text(b), Value::Text(v)) => b.append_value(v),
            (Self::Text(b), _) => b.append_null(),
            (Self::Label(b), Value::Text(v)) => {
                b.append(v)?;
            }
            (Self::Label(b), _) => b.append_null(),
            (Self::Int(b), Value::Int(v)) => b.append_value(v),
            (Self::Int(b), _) => b.append_null(),
            // NaN and infinities have no meaning in any column and break readers' statistics.
            (Self::Float(b), Value::Float(v)) if v.is_finite() => b.append_value(v),
            (Self::Float(b), _) => b.append_null(),
            (Self::Bool(b), Value::Bool(v)) => b.append_value(v),
            (Self::Bool(b), _) => b.append_null(),
            (Self::Time(b), Value::Time(v)) => b.append_value(v.0),
            (Self::Time(b), _) => b.append_null(),
            (Self::Date(b), Value::Date(v)) => b.append_value(v.0),
            (Self::Date(b), _) => b.append_null(),
            (Self::Money(b), Value::Money(v)) => b.append_value(i128::from(v.0)),
            (Self::Money(b), _) => b.append_null(),
            (Self::TextList(b), Value::TextList(v)) => {
                v.iter().for_each(|item| b.values().append_value(item));
                b.append(true);
            }
            (Self::TextList(b), Value::TextVec(v)) => {
                v.iter().for_each(|item| b.values().append_value(item));
                b.append(true);
            }
            (Self::TextList(b), _) => b.append(true),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(b) => Arc::new(b.finish()),
            Self::Label(b) => Arc::new(b.finish()),
            Self::Int(b) => Arc::new(b.finish()),
            Self::Float(b) => Arc::new(b.finish()),
            Self::Bool(b) => Arc::new(b.finish()),
            Self::Time(b) => Arc::new(b.finish()),
            Self::Date(b) => Arc::new(b.finish()),
            Self::Money(b) => Arc::new(b.finish()),
            Self::TextList(b) => Arc::new(b.finish()),
        }
    }
}

/// The rows as one record batch, in the order given.
pub(crate) fn to_batch<R: Row>(rows: &[&R]) -> Result<RecordBatch, ArrowError> {
    let mut builders: Vec<Builder> = R::columns().iter().map(|c| Builder::new(c.kind)).collect();
    for row in rows {
        let mut cells = Vec::with_capacity(builders.len());
        row.values(&mut cells);
        for (builder, cell) in builders.iter_mut().zip(cells) {
            builder.push(cell)?;
        }
    }
    RecordBatch::try_new(arrow_schema::<R>(), builders.iter_mut().map(Builder::finish).collect())
}

/// One column as it lies in a file.
struct Lane<'a> {
    array: Option<&'a dyn Array>,
    kind: Kind,
}

/// The rows of a batch; columns are found by name, a missing nullable column is null.
///
/// `Err` names the column and what was found.
pub(crate) fn from_batch<R: Row>(batch: &RecordBatch, out: &mut Vec<R>) -> Result<(), String> {
    let columns = R::columns();
    let lanes = columns
        .iter()
        .map(|column| lane(batch, column))
        .collect::<Result<Vec<_>, _>>()?;
    out.reserve(batch.num_rows());
    let mut lists: Vec<Vec<&str>> = Vec::new();
    for index in 0..batch.num_rows() {
        lists.clear();
        for lane in lanes.iter().filter(|l| l.kind == Kind::TextList) {
            lists.push(list_cell(lane, index));
        }
        let mut next_list = lists.iter();
        let cells: Vec<Value<'_>> = lanes
            .iter()
            .map(|lane| match lane.kind {
                Kind::TextList => Value::TextVec(next_list.next().map_or(&[], Vec::as_slice)),
                _ => cell(lane, index),
            })
            .collect();
        out.push(R::from_values(&cells).map_err(|e| e.to_string())?);
    }
    Ok(())
}

fn lane<'a>(batch: &'a RecordBatch, column: &Column) -> Result<Lane<'a>, String> {
    let Some(array) = batch.column_by_name(column.name) else {
        if column.nullable {
            return Ok(Lane {
                array: None,
                kind: column.kind,
            });
        }
        return Err(format!("column `{}` is missing", column.name));
    };
    let expected = data_type(column.kind);
    let fits = match (array.data_type(), &expected) {
        (DataType::List(_), DataType::List(_)) => true,
        (found, wanted) => found == wanted,
    };
    if !fits {
        return Err(format!(
            "column `{}` is {}, expected {expected}",
            column.name,
            array.data_type()
        ));
    }
    Ok(Lane {
        array: Some(array.as_ref()),
        kind: column.kind,
    })
}

fn list_cell<'a>(lane: &Lane<'a>, index: usize) -> Vec<&'a str> {
    let Some(list) = lane.array.and_then(|a| a.as_list_opt::<i32>()) else {
        return Vec::new();
    };
    let offsets = list.value_offsets();
    #[expect(clippy::cast_sign_loss, reason = "list offsets are never negative")]
    let (start, end) = (offsets[index] as usize, offsets[index + 1] as usize);
    match list.values().as_string_opt::<i32>() {
        Some(items) => (start..end).map(|i| items.value(i)).collect(),
        None => Vec::new(),
    }
}

fn cell<'a>(lane: &Lane<'a>, index: usize) -> Value<'a> {
    let Some(array) = lane.array else { return Value::Null };
    if array.is_null(index) {
        return Value::Null;
    }
    match lane.kind {
        Kind::Text => Value::Text(array.as_string::<i32>().value(index)),
        Kind::Label => {
            let dictionary = array.as_dictionary::<Int32Type>();
            match dictionary.key(index) {
                Some(key) => Value::Text(dictionary.values().as_string::<i32>().value(key)),
                None => Value::Null,
            }
        }
        Kind::Int => Value::Int(array.as_primitive::<Int64Type>().value(index)),
        Kind::Float => Value::Float(array.as_primitive::<Float64Type>().value(index)),
        Kind::Bool => Value::Bool(array.as_boolean().value(index)),
        Kind::Time => Value::Time(Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(index))),
        Kind::Date => Value::Date(Date(array.as_primitive::<Date32Type>().value(index))),
        Kind::Money => {
            let units = array.as_primitive::<Decimal128Type>().value(index);
            // The column is decimal(18, 4), so this always fits.
            Value::Money(Amount(i64::try_from(units).unwrap_or(i64::MAX)))
        }
        Kind::TextList => Value::Null,
    }
}
