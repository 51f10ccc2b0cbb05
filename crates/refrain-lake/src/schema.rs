//! The Arrow schema of a row type; column docs travel in the field metadata.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use refrain_record::{Kind, Row};

pub(crate) const UTC: &str = "UTC";
pub(crate) const MONEY_PRECISION: u8 = 18;
pub(crate) const MONEY_SCALE: i8 = 4;

/// The Arrow type of a column kind.
pub(crate) fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Label => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Kind::Int => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        Kind::Date => DataType::Date32,
        Kind::Money => DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE),
        Kind::TextList => DataType::List(Arc::new(Field::new("item", DataType::Utf8, false))),
    }
}

/// The Arrow schema of `R`: fields in column order, each with its `description`.
#[must_use]
pub fn arrow_schema<R: Row>() -> SchemaRef {
    let fields: Vec<Field> = R::columns()
        .iter()
        .map(|column| {
            let about = HashMap::from([("description".to_owned(), column.doc.to_owned())]);
            Field::new(column.name, data_type(column.kind), column.nullable).with_metadata(about)
        })
        .collect();
    Arc::new(Schema::new(fields))
}
