//! Finds the placeholders that already stand in a text: `<EMAIL_1>`, `<ORDER_12>`, `<NAME>`.

use std::ops::Range;

use super::RedactionKind;

pub(super) struct Placeholder {
    pub(super) range: Range<usize>,
    /// Kind and number, when it is one that this module gives.
    pub(super) numbered: Option<(RedactionKind, u64)>,
}

/// Longest placeholder looked for, in bytes.
const MAX_LENGTH: usize = 40;

/// The placeholders of a text, in order: capitals, digits and `_` between angle brackets.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = Placeholder> {
    let is_inner = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    text.match_indices('<').filter_map(move |(start, _)| {
        let bytes = &text.as_bytes()[start + 1..];
        let length = bytes.iter().take(MAX_LENGTH).position(|&b| !is_inner(b))?;
        let starts_well = bytes.first().is_some_and(u8::is_ascii_uppercase);
        if !starts_well || bytes.get(length) != Some(&b'>') {
            return None;
        }
        let inner = &text[start + 1..start + 1 + length];
        Some(Placeholder {
            range: start..start + length + 2,
            numbered: numbered(inner),
        })
    })
}

fn numbered(inner: &str) -> Option<(RedactionKind, u64)> {
    let (name, number) = inner.rsplit_once('_')?;
    let kind = RedactionKind::ALL.into_iter().find(|kind| kind.as_str() == name)?;
    // A number that leaves no room above it is not ours.
    let number = number.parse().ok().filter(|&n: &u64| n < u64::MAX / 2)?;
    Some((kind, number))
}
