//! One value of a source row before anything is known about it; JSON and Parquet rows both become these.

use std::borrow::Cow;

use refrain_record::Timestamp;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A raw value of a source row.
#[derive(Debug, Clone, PartialEq)]
pub enum RawCell {
    /// No value.
    Null,
    /// Text.
    Text(String),
    /// Whole number; one beyond 64 bits comes as text.
    Int(i64),
    /// Number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// An instant that the file types as such.
    Time(Timestamp),
    /// A wall-clock time of the source's zone, held as if that zone were UTC.
    LocalTime(Timestamp),
    /// List.
    List(Vec<RawCell>),
    /// Named values in the file's order.
    Struct(Vec<(String, RawCell)>),
}

impl RawCell {
    /// The value as one line of text, trimmed; `None` for nothing, blanks, lists and structs.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => {
                let text = text.trim();
                (!text.is_empty()).then_some(Cow::Borrowed(text))
            }
            Self::Int(number) => Some(Cow::Owned(number.to_string())),
            Self::Float(number) if number.is_finite() => Some(Cow::Owned(number.to_string())),
            Self::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Self::Time(instant) | Self::LocalTime(instant) => Some(Cow::Owned(instant.to_string())),
            Self::Null | Self::Float(_) | Self::List(_) | Self::Struct(_) => None,
        }
    }

    /// The value as an id or code: without the markers that spreadsheets and pandas leave.
    ///
    /// A leading apostrophe goes, `2.0` becomes `2`, and the names of nothing (`nan`, `None`, ...) are nothing.
    pub(crate) fn id(&self) -> Option<Cow<'_, str>> {
        let text = self.text()?;
        if is_nothing(&text) {
            return None;
        }
        let Cow::Borrowed(borrowed) = text else {
            // A float id prints without its fraction when it is whole.
            return Some(text);
        };
        let plain = borrowed.strip_prefix('\'').unwrap_or(borrowed);
        let whole = plain
            .strip_suffix(".0")
            .filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        let id = whole.filter(|rest| !rest.is_empty()).unwrap_or(plain).trim();
        (!id.is_empty()).then_some(Cow::Borrowed(id))
    }

    /// Follows `path` into structs.
    pub(crate) fn at<'a>(&'a self, path: &[Box<str>]) -> Option<&'a Self> {
        path.iter().try_fold(self, |cell, name| cell.field(name))
    }

    /// The named value of a struct; the last one where a name repeats, as JSON readers do.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().rev().find(|(key, _)| key == name).map(|(_, cell)| cell),
            _ => None,
        }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// Whether a cell's text is how some tool writes "no value".
pub(crate) fn is_nothing(text: &str) -> bool {
    matches!(text, "nan" | "NaN" | "NaT" | "None" | "null" | "NULL" | "\\N" | "<NA>")
}

impl<'de> Deserialize<'de> for RawCell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = RawCell;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<RawCell, E> {
        Ok(RawCell::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<RawCell, E> {
        Ok(RawCell::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<RawCell, E> {
        Ok(RawCell::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<RawCell, E> {
        Ok(i64::try_from(number).map_or_else(|_| RawCell::Text(number.to_string()), RawCell::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<RawCell, E> {
        Ok(RawCell::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<RawCell, E> {
        Ok(RawCell::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<RawCell, E> {
        Ok(RawCell::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawCell, A::Error> {
        let mut cells = Vec::new();
        while let Some(cell) = seq.next_element()? {
            cells.push(cell);
        }
        Ok(RawCell::List(cells))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawCell, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = map.next_entry()? {
            fields.push(entry);
        }
        Ok(RawCell::Struct(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lose_the_marks_of_other_tools() {
        for (raw, id) in [
            ("2.0", Some("2")),
            ("'0123", Some("0123")),
            ("  x7 ", Some("x7")),
            (".0", Some(".0")),
            ("v2.0", Some("v2.0")),
            ("nan", None),
            ("", None),
            ("'", None),
        ] {
            assert_eq!(RawCell::Text(raw.to_owned()).id().as_deref(), id, "{raw}");
        }
        assert_eq!(RawCell::Float(17.0).id().as_deref(), Some("17"));
        assert_eq!(RawCell::Float(f64::NAN).id(), None);
    }

    #[test]
    fn json_becomes_cells() {
        let cell: RawCell =
            serde_json::from_str(r#"{"a":[1,2.5,null,true],"b":{"c":"x"},"n":18446744073709551615}"#).unwrap();
        assert_eq!(cell.at(&["b".into(), "c".into()]), Some(&RawCell::Text("x".to_owned())));
        assert_eq!(cell.field("n"), Some(&RawCell::Text("18446744073709551615".to_owned())));
        assert!(matches!(cell.field("a"), Some(RawCell::List(items)) if items.len() == 4));
    }
}
