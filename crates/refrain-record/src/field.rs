//! How a struct field becomes a column value and back, without knowing any file format.

use crate::{Amount, Date, Timestamp};

/// The storage type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text of high cardinality.
    Text,
    /// UTF-8 text of low cardinality, stored with a dictionary.
    Label,
    /// 64-bit signed integer.
    Int,
    /// 64-bit float, never NaN or infinite.
    Float,
    /// True or false.
    Bool,
    /// Microseconds since 1970-01-01 00:00 UTC.
    Time,
    /// Days since 1970-01-01.
    Date,
    /// Ten-thousandths of a currency unit, `decimal(18, 4)`.
    Money,
    /// A list of texts, never null; empty when there are none.
    TextList,
}

/// One cell, borrowing its text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A [`Kind::Text`] or [`Kind::Label`] cell.
    Text(&'a str),
    /// A [`Kind::Int`] cell.
    Int(i64),
    /// A [`Kind::Float`] cell.
    Float(f64),
    /// A [`Kind::Bool`] cell.
    Bool(bool),
    /// A [`Kind::Time`] cell.
    Time(Timestamp),
    /// A [`Kind::Date`] cell.
    Date(Date),
    /// A [`Kind::Money`] cell.
    Money(Amount),
    /// A [`Kind::TextList`] cell.
    TextList(&'a [String]),
    /// A [`Kind::TextList`] cell as a reader hands it over.
    TextVec(&'a [&'a str]),
}

/// A cell that does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` holds {found}, expected {expected}")]
pub struct FieldError {
    /// The column.
    pub column: &'static str,
    /// What was found, without any conversation text.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
}

/// A type that can be a column.
pub trait Field: Sized {
    /// Storage type.
    const KIND: Kind;
    /// Whether the column may be null.
    const NULLABLE: bool = false;
    /// The cell.
    fn value(&self) -> Value<'_>;
    /// The field of a cell; `Err` says what was expected.
    ///
    /// # Errors
    /// When the cell has another type, or a choice has a name that this version does not know.
    fn from_value(value: Value<'_>) -> Result<Self, &'static str>;
}

macro_rules! plain_field {
    ($t:ty, $kind:ident, $variant:ident, $what:literal) => {
        impl Field for $t {
            const KIND: Kind = Kind::$kind;
            fn value(&self) -> Value<'_> {
                Value::$variant(*self)
            }
            fn from_value(value: Value<'_>) -> Result<Self, &'static str> {
                match value {
                    Value::$variant(v) => Ok(v),
                    _ => Err($what),
                }
            }
        }
    };
}

plain_field!(i64, Int, Int, "an integer");
plain_field!(f64, Float, Float, "a number");
plain_field!(bool, Bool, Bool, "true or false");
plain_field!(Timestamp, Time, Time, "a timestamp");
plain_field!(Date, Date, Date, "a date");
plain_field!(Amount, Money, Money, "a decimal amount");

impl Field for String {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
    fn from_value(value: Value<'_>) -> Result<Self, &'static str> {
        match value {
            Value::Text(v) => Ok(v.to_owned()),
            _ => Err("text"),
        }
    }
}

impl Field for Vec<String> {
    const KIND: Kind = Kind::TextList;
    fn value(&self) -> Value<'_> {
        Value::TextList(self)
    }
    fn from_value(value: Value<'_>) -> Result<Self, &'static str> {
        match value {
            Value::TextList(v) => Ok(v.to_vec()),
            Value::TextVec(v) => Ok(v.iter().map(|s| (*s).to_owned()).collect()),
            _ => Err("a list of texts"),
        }
    }
}

impl<T: Field> Field for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Field::value)
    }
    fn from_value(value: Value<'_>) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// Low-cardinality text, stored with a dictionary.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub String);

impl Label {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Label {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Field for Label {
    const KIND: Kind = Kind::Label;
    fn value(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
    fn from_value(value: Value<'_>) -> Result<Self, &'static str> {
        match value {
            Value::Text(v) => Ok(Self(v.to_owned())),
            _ => Err("text"),
        }
    }
}
