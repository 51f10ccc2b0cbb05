//! Cuts a text into stretches of digit groups and asks of each part whether it is a card or a phone.
//!
//! `"nr 1001, 0170 1234567"` has the stretches `1001` and `0170 1234567`; the latter two groups.

use super::context::{Context, context_before};
use super::{Finding, MASK, RedactionKind, card, phone};

/// Digits that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The digits in ASCII.
    pub(super) digits: String,
    /// What stands between the group before and this one; for the first a `+`, `(` or nothing.
    pub(super) before: String,
}

impl Group {
    /// Whether the group begins an international number.
    pub(super) fn has_plus(&self) -> bool {
        self.before.contains('+') || self.before.eq_ignore_ascii_case("%2b")
    }
}

/// Some neighbouring groups of one stretch, and what surrounds them.
pub(super) struct Run<'a> {
    pub(super) groups: &'a [Group],
    /// All their digits.
    pub(super) digits: String,
    /// Covers its whole stretch.
    pub(super) is_whole: bool,
    /// Digits of the whole stretch.
    pub(super) num_stretch_digits: usize,
    /// Digits of the neighbouring groups, zero where there are none.
    pub(super) neighbours: (usize, usize),
    /// What the words before it say.
    pub(super) context: Context,
}

/// Most groups of one identifier.
const MAX_GROUPS: usize = 19;
/// Most bytes between two groups of one identifier.
const MAX_SEPARATOR: usize = 4;
/// Most digits of one identifier.
const MAX_DIGITS: usize = 19;

pub(super) fn find(text: &str, masked: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut at = 0;
    while let Some(stretch) = next_stretch(masked, at) {
        at = stretch.last().map_or(masked.len(), |group| group.end);
        find_in_stretch(text, masked, &stretch, &mut findings);
    }
    findings
}

fn find_in_stretch(text: &str, masked: &[u8], stretch: &[Group], findings: &mut Vec<Finding>) {
    let num_stretch_digits = stretch.iter().map(|group| group.digits.len()).sum();
    let mut first = 0;
    while first < stretch.len() {
        match longest_at(text, masked, stretch, first, num_stretch_digits) {
            Some((finding, after)) => {
                findings.push(finding);
                first = after;
            }
            None => first += 1,
        }
    }
}

/// The longest identifier that begins with the group `first`, and the group behind it.
fn longest_at(text: &str, masked: &[u8], stretch: &[Group], first: usize, total: usize) -> Option<(Finding, usize)> {
    let head = &stretch[first];
    let starts_apart = first == 0 || head.before.chars().all(char::is_whitespace) || head.before.ends_with(['+', '(']);
    // Behind ` - ` or `) ` a phone may be the rest of something else; a card may not.
    let may_be_card = starts_apart || head.before.ends_with(char::is_whitespace);
    if !may_be_card || (total < phone::MIN_DIGITS) {
        return None;
    }
    let mut ends = Vec::new();
    let mut num_digits = 0;
    for (last, group) in stretch.iter().enumerate().skip(first).take(MAX_GROUPS) {
        // A new `+` begins another number.
        num_digits += group.digits.len();
        if num_digits > MAX_DIGITS || (last > first && group.before.contains('+')) {
            break;
        }
        let next = stretch.get(last + 1);
        let ends_apart = next.is_none_or(|next| !next.before.starts_with(['-', '.', '/', '–']));
        if ends_apart && num_digits >= phone::MIN_DIGITS {
            ends.push(last);
        }
    }
    let end = stretch.last().map_or(0, |g| g.end);
    let glued_before = first == 0 && is_glued_before(text, masked, head.start - head_sign(head));
    let glued_after = is_glued_after(masked, end);
    let mut context = None;
    for last in ends.into_iter().rev() {
        let is_last = last + 1 == stretch.len();
        if glued_before || (glued_after && is_last) {
            continue;
        }
        // `0170 1234567 12X` is a code as a whole, a card with something behind it stays a card.
        let may_be_phone = starts_apart && !(glued_after && first == 0);
        let groups = &stretch[first..=last];
        let length_of = |group: Option<&Group>| group.map_or(0, |group| group.digits.len());
        let run = Run {
            groups,
            digits: groups.iter().map(|group| group.digits.as_str()).collect(),
            is_whole: groups.len() == stretch.len(),
            num_stretch_digits: total,
            neighbours: (
                length_of(first.checked_sub(1).and_then(|i| stretch.get(i))),
                length_of(stretch.get(last + 1)),
            ),
            context: *context.get_or_insert_with(|| context_before(text, head.start)),
        };
        let kind_and_key = card::key_of(&run).map(|key| (RedactionKind::Card, key));
        let kind_and_key = kind_and_key.or_else(|| {
            let key = phone::key_of(&run).filter(|_| may_be_phone)?;
            Some((RedactionKind::Phone, key))
        });
        if let Some((kind, key)) = kind_and_key {
            let start = head.start - head_sign(head);
            return Some((
                Finding {
                    range: start..groups[groups.len() - 1].end,
                    kind,
                    key,
                },
                last + 1,
            ));
        }
    }
    None
}

/// Bytes of the `+`, `%2B` or `(` that belong to the first group.
fn head_sign(head: &Group) -> usize {
    if head.before.ends_with("%2B") || head.before.ends_with("%2b") {
        3
    } else if head.before.ends_with("+(") {
        2
    } else {
        usize::from(head.before.ends_with(['+', '(']))
    }
}

/// Whether letters are glued to the end of the stretch, which makes it a code: `12345X`, `1001-B`.
fn is_glued_after(masked: &[u8], end: usize) -> bool {
    match &masked[end..] {
        [b'_', ..] => true,
        [b'-' | b'/', next, ..] => next.is_ascii_alphanumeric(),
        [next, ..] => next.is_ascii_alphanumeric(),
        [] => false,
    }
}

/// Whether letters are glued to the start of the stretch, which makes it a code: `DE-2025-0012`, `#1001`.
fn is_glued_before(text: &str, masked: &[u8], start: usize) -> bool {
    match &masked[..start] {
        [.., last] if last.is_ascii_alphanumeric() => true,
        [.., b'#' | b'_'] => true,
        [.., letter, b'-' | b'/' | b'=' | b'*'] if letter.is_ascii_alphanumeric() => {
            context_before(text, start) != Context::Phone
        }
        _ => false,
    }
}

/// The next stretch of groups at or behind `at`.
fn next_stretch(masked: &[u8], at: usize) -> Option<Vec<Group>> {
    let mut start = at;
    while start < masked.len() && digit_at(masked, start).is_none() {
        start += 1;
    }
    let mut groups = vec![group_at(masked, start, leading_sign(masked, at, start))?];
    loop {
        let end = groups[groups.len() - 1].end;
        let Some(length) = separator_length(&masked[end..]) else {
            break;
        };
        let before = String::from_utf8_lossy(&masked[end..end + length]).into_owned();
        match group_at(masked, end + length, before) {
            Some(group) => groups.push(group),
            None => break,
        }
    }
    Some(groups)
}

fn leading_sign(masked: &[u8], from: usize, start: usize) -> String {
    // The digit of `%2B` itself may have ended the stretch before.
    let before = &masked[from.saturating_sub(2)..start];
    for sign in ["+(", "%2B", "%2b", "+", "("] {
        if before.ends_with(sign.as_bytes()) {
            return sign.to_owned();
        }
    }
    String::new()
}

fn group_at(masked: &[u8], start: usize, before: String) -> Option<Group> {
    let mut digits = String::new();
    let mut end = start;
    while let Some((digit, length)) = digit_at(masked, end) {
        digits.push(digit);
        end += length;
    }
    (!digits.is_empty()).then_some(Group {
        start,
        end,
        digits,
        before,
    })
}

/// An ASCII or full-width digit and its bytes.
fn digit_at(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    match *bytes.get(at..)? {
        [digit @ b'0'..=b'9', ..] => Some((digit as char, 1)),
        [0xef, 0xbc, digit @ 0x90..=0x99, ..] => Some(((digit - 0x90 + b'0') as char, 3)),
        _ => None,
    }
}

/// Bytes of the spaces, hyphens, dots, slashes, brackets and plus between two groups.
fn separator_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    while length <= MAX_SEPARATOR {
        length += match bytes.get(length..)? {
            [b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+', ..] => 1,
            [0xc2, 0xa0, ..] => 2,
            // Thin spaces, dashes.
            [0xe2, 0x80, 0x80..=0x8a | 0xaf | 0x90..=0x94, ..] => 3,
            [MASK, ..] => return None,
            rest => return (length > 0 && digit_at(rest, 0).is_some()).then_some(length),
        };
    }
    None
}
