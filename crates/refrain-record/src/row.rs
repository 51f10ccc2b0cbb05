//! What a table is: its columns, key and partition; and the macro that declares one.

use std::cmp::Ordering;

use crate::{FieldError, Kind, Value};

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in the file.
    pub name: &'static str,
    /// Storage type.
    pub kind: Kind,
    /// Whether nulls may occur.
    pub nullable: bool,
    /// What the column says.
    pub doc: &'static str,
}

/// How a table's rows are spread over files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// One file for all rows.
    Whole,
    /// One file for each period, by the column `date`.
    Dated,
}

/// A table's name, grain and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableMeta {
    /// Folder and view name.
    pub name: &'static str,
    /// What one row is and what the table says.
    pub doc: &'static str,
    /// Columns that identify a row; files are sorted by them, ascending, nulls first.
    pub key: &'static [&'static str],
    /// Spread over files.
    pub partition: Partition,
}

/// A row of a table of the lake.
pub trait Row: Sized + Clone {
    /// The table.
    const META: TableMeta;
    /// The columns, in file order.
    fn columns() -> Vec<Column>;
    /// Order of two rows by the table's key: ascending, nulls first.
    fn compare_keys(&self, other: &Self) -> std::cmp::Ordering;
    /// The date that places the row in its file; `None` for a table of one file.
    fn file_date(&self) -> Option<crate::Date>;
    /// Appends the row's cells to `out`, in column order.
    fn values<'a>(&'a self, out: &mut Vec<Value<'a>>);
    /// The row of one cell a column.
    ///
    /// # Errors
    /// When a cell has another type than its column, or a choice this version does not know.
    fn from_values(values: &[Value<'_>]) -> Result<Self, FieldError>;
}

pub(crate) fn describe(value: Value<'_>) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        // Labels are short names; longer text could be conversation text and is not echoed.
        Value::Text(text) if text.len() <= 40 => format!("`{}`", text.escape_debug()),
        Value::Text(_) => "text".to_owned(),
        Value::Int(_) => "an integer".to_owned(),
        Value::Float(_) => "a number".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Time(_) => "a timestamp".to_owned(),
        Value::Date(_) => "a date".to_owned(),
        Value::Money(_) => "a decimal amount".to_owned(),
        Value::TextList(_) | Value::TextVec(_) => "a list of texts".to_owned(),
    }
}

/// Ascending, nulls first; cells of one column have one type.
pub(crate) fn compare(a: Value<'_>, b: Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Text(x), Value::Text(y)) => x.as_bytes().cmp(y.as_bytes()),
        (Value::Int(x), Value::Int(y)) => x.cmp(&y),
        (Value::Float(x), Value::Float(y)) => x.total_cmp(&y),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(&y),
        (Value::Time(x), Value::Time(y)) => x.cmp(&y),
        (Value::Date(x), Value::Date(y)) => x.cmp(&y),
        (Value::Money(x), Value::Money(y)) => x.cmp(&y),
        _ => Ordering::Equal,
    }
}

/// The date of a row by the kind of its table's partition.
macro_rules! file_date {
    (Whole, $row:ident) => {
        None
    };
    (Dated, $row:ident) => {
        Some($row.date)
    };
}
pub(crate) use file_date;

/// Declares row structs whose doc comments are the documentation of table and columns.
macro_rules! tables {
    ($(
        $(#[doc = $table_doc:literal])+
        $row:ident = $name:literal, key [$($key:ident),+], $partition:ident {
            $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)+
        }
    )+) => {$(
        $(#[doc = $table_doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $row {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl crate::Row for $row {
            const META: crate::TableMeta = crate::TableMeta {
                name: $name,
                doc: concat!($($table_doc, "\n"),+),
                key: &[$(stringify!($key)),+],
                partition: crate::Partition::$partition,
            };

            fn columns() -> Vec<crate::Column> {
                vec![$(crate::Column {
                    name: stringify!($field),
                    kind: <$type as crate::Field>::KIND,
                    nullable: <$type as crate::Field>::NULLABLE,
                    doc: concat!($($doc),+).trim_ascii(),
                }),+]
            }

            fn compare_keys(&self, other: &Self) -> std::cmp::Ordering {
                std::cmp::Ordering::Equal
                    $(.then_with(|| crate::row::compare(crate::Field::value(&self.$key), crate::Field::value(&other.$key))))+
            }

            fn file_date(&self) -> Option<crate::Date> {
                crate::row::file_date!($partition, self)
            }

            fn values<'a>(&'a self, out: &mut Vec<crate::Value<'a>>) {
                $(out.push(crate::Field::value(&self.$field));)+
            }

            fn from_values(values: &[crate::Value<'_>]) -> Result<Self, crate::FieldError> {
                let mut cells = values.iter().copied();
                Ok(Self {$($field: {
                    let cell = cells.next().unwrap_or(crate::Value::Null);
                    <$type as crate::Field>::from_value(cell).map_err(|expected| crate::FieldError {
                        column: stringify!($field),
                        found: crate::row::describe(cell),
                        expected,
                    })?
                },)+})
            }
        }
    )+

        /// Calls the macro `$each!(RowType)` for all tables, in this file's order.
        #[macro_export]
        macro_rules! for_each_table {
            ($each:ident) => {
                $($each!($row);)+
            };
        }
    };
}
pub(crate) use tables;
