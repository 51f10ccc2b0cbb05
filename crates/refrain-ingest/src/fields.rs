//! Typed access to the picked cells of one row; what is wrong with a cell becomes the row's reject.

use std::borrow::Cow;

use refrain_record::{Amount, Date, IdentityKind, Label, RejectCause, Timestamp};

use crate::columns::{Column, Picked};
use crate::identity::{Customer, RowIdentities};
use crate::instant::TimeProblem;
use crate::shop::local_date;
use crate::spec::Source;
use crate::{IdentityKey, RawCell, words};

/// Longest id or label taken; longer is content, not a name.
const MAX_NAME_BYTES: usize = 512;

/// Why a row is rejected; the detail names columns and never content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bad {
    pub(crate) cause: RejectCause,
    pub(crate) detail: String,
}

impl Bad {
    pub(crate) fn new(cause: RejectCause, detail: impl Into<String>) -> Self {
        Self {
            cause,
            detail: detail.into(),
        }
    }

    pub(crate) fn missing(column: Column) -> Self {
        Self::new(RejectCause::MissingValue, format!("`{}` is empty", column.name()))
    }

    pub(crate) fn invalid(column: Column, expected: &str) -> Self {
        Self::new(
            RejectCause::InvalidValue,
            format!("`{}`: expected {expected}", column.name()),
        )
    }
}

/// The cells of one row with what is needed to read them.
pub(crate) struct Fields<'a> {
    pub(crate) picked: Picked<'a>,
    pub(crate) source: &'a Source,
    pub(crate) key: &'a IdentityKey,
}

impl<'a> Fields<'a> {
    pub(crate) fn cell(&self, column: Column) -> Option<&'a RawCell> {
        self.picked.get(column)
    }

    pub(crate) fn id(&self, column: Column) -> Option<Cow<'a, str>> {
        self.cell(column)
            .and_then(RawCell::id)
            .filter(|id| id.len() <= MAX_NAME_BYTES)
    }

    pub(crate) fn need_id(&self, column: Column) -> Result<Cow<'a, str>, Bad> {
        self.id(column).ok_or_else(|| Bad::missing(column))
    }

    pub(crate) fn id_as<T: From<String>>(&self, column: Column) -> Option<T> {
        self.id(column).map(|id| T::from(id.into_owned()))
    }

    pub(crate) fn label(&self, column: Column) -> Option<Label> {
        self.id(column).map(|text| Label(text.into_owned()))
    }

    /// Free text; still to be redacted where people write it.
    pub(crate) fn text(&self, column: Column) -> Option<String> {
        self.cell(column).and_then(RawCell::text).map(Cow::into_owned)
    }

    pub(crate) fn time(&self, column: Column) -> Result<Option<Timestamp>, Bad> {
        let Some(cell) = self.cell(column) else {
            return Ok(None);
        };
        self.source.times.read(cell).map_err(|problem| match problem {
            TimeProblem::Invalid => Bad::new(
                RejectCause::InvalidTime,
                format!("`{}`: expected a time, such as RFC 3339", column.name()),
            ),
            TimeProblem::Ancient => Bad::new(RejectCause::AncientDate, format!("`{}` is before 1990", column.name())),
        })
    }

    pub(crate) fn need_time(&self, column: Column) -> Result<Timestamp, Bad> {
        self.time(column)?
            .ok_or_else(|| Bad::new(RejectCause::NoTime, format!("`{}` is empty", column.name())))
    }

    pub(crate) fn money(&self, column: Column) -> Result<Option<Amount>, Bad> {
        let Some(text) = self.id(column) else {
            return Ok(None);
        };
        decimal(&text, self.source.decimal_comma)
            .and_then(|plain| Amount::parse(&plain))
            .map(Some)
            .ok_or_else(|| Bad::invalid(column, "a decimal amount"))
    }

    pub(crate) fn float(&self, column: Column) -> Result<Option<f64>, Bad> {
        let Some(text) = self.id(column) else {
            return Ok(None);
        };
        decimal(&text, self.source.decimal_comma)
            .and_then(|plain| plain.parse::<f64>().ok())
            .filter(|number| number.is_finite())
            .map(Some)
            .ok_or_else(|| Bad::invalid(column, "a number"))
    }

    #[expect(clippy::cast_possible_truncation, reason = "checked against 2^53 before")]
    pub(crate) fn int(&self, column: Column) -> Result<Option<i64>, Bad> {
        match self.float(column)? {
            Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(Some(number as i64)),
            Some(_) => Err(Bad::invalid(column, "a whole number")),
            None => Ok(None),
        }
    }

    /// Whole seconds of a duration that is no longer than a year; anything else is as good as absent.
    #[expect(clippy::cast_possible_truncation, reason = "at most a year of seconds")]
    pub(crate) fn seconds(&self, column: Column) -> Option<i64> {
        let seconds = self.float(column).ok().flatten()?;
        (0.0..=31_622_400.0)
            .contains(&seconds)
            .then_some(seconds.round() as i64)
    }

    pub(crate) fn flag(&self, column: Column) -> Result<Option<bool>, Bad> {
        let Some(text) = self.id(column) else {
            return Ok(None);
        };
        words::flag(&text)
            .map(Some)
            .ok_or_else(|| Bad::invalid(column, "true or false"))
    }

    /// The customer that the row names.
    pub(crate) fn customer(&self) -> Option<Customer> {
        let mut row = RowIdentities::default();
        self.add_identities(&mut row);
        match self.cell(Column::Customer) {
            Some(RawCell::Struct(fields)) => {
                let picked = self.source.customer_plan.pick(fields);
                Fields {
                    picked,
                    source: self.source,
                    key: self.key,
                }
                .add_identities(&mut row);
            }
            Some(cell) => {
                if let Some(id) = cell.id().filter(|_| self.cell(Column::CustomerId).is_none()) {
                    row.add(IdentityKind::SourceId, &id);
                }
            }
            None => {}
        }
        row.hash(
            self.key,
            &self.source.shop,
            &self.source.name,
            self.source.own_customer_ids,
        )
    }

    fn add_identities(&self, row: &mut RowIdentities) {
        for (column, kind) in [
            (Column::CustomerId, IdentityKind::SourceId),
            (Column::Email, IdentityKind::Email),
            (Column::Phone, IdentityKind::Phone),
            (Column::Handle, IdentityKind::Handle),
        ] {
            if let Some(value) = self.id(column) {
                row.add(kind, &value);
            }
        }
    }

    pub(crate) fn date(&self, instant: Timestamp) -> Date {
        local_date(&self.source.shop_zone, instant)
    }
}

/// A number as plain digits with a point: currency signs, blanks and thousands separators go.
fn decimal(text: &str, comma: bool) -> Option<String> {
    let text = text.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '+' | '.' | ','));
    let (group, point) = if comma { ('.', ',') } else { (',', '.') };
    let (whole, fraction) = text.split_once(point).unwrap_or((text, ""));
    let mut plain = String::with_capacity(text.len());
    let mut groups = whole.split([group, ' ', '\u{a0}', '\u{202f}', '\'']);
    plain.push_str(groups.next()?);
    for digits in groups {
        // `1,5` is no number with a thousands separator.
        if digits.len() != 3 {
            return None;
        }
        plain.push_str(digits);
    }
    if !fraction.is_empty() {
        plain.push('.');
        plain.push_str(fraction);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, comma, plain) in [
            ("1234.5", false, Some("1234.5")),
            ("1,234.50", false, Some("1234.50")),
            ("1.234,50 €", true, Some("1234.50")),
            ("EUR 12", false, Some("12")),
            ("-3,99", true, Some("-3.99")),
            ("1 234,5", true, Some("1234.5")),
            ("1,5", false, None),
            ("1.5", true, None),
        ] {
            assert_eq!(decimal(text, comma).as_deref(), plain, "{text}");
        }
        assert_eq!(decimal("abc", false).as_deref(), Some(""));
    }
}
