//! Phone numbers: international, national with a leading zero, Danish pairs, Chinese mobiles,
//! North American, and any other that the words before it call a phone.

use super::context::Context;
use super::digits::{Group, Run};

/// Fewest digits of a number worth a look.
pub(super) const MIN_DIGITS: usize = 7;
/// Digits at the end that tell one phone from another, whatever its prefix.
const KEY_DIGITS: usize = 8;

/// Country codes with the digits that follow them; others have 7 to 12.
const COUNTRIES: [(&str, usize, usize); 24] = [
    ("1", 10, 10),
    ("31", 9, 9),
    ("32", 8, 9),
    ("33", 9, 9),
    ("34", 9, 9),
    ("351", 9, 9),
    ("352", 6, 9),
    ("353", 7, 9),
    ("354", 7, 7),
    ("358", 6, 11),
    ("39", 8, 11),
    ("41", 9, 9),
    ("420", 9, 9),
    ("421", 9, 9),
    ("43", 7, 13),
    ("44", 9, 10),
    ("45", 8, 8),
    ("46", 7, 10),
    ("47", 8, 8),
    ("48", 9, 9),
    ("49", 7, 12),
    ("852", 8, 8),
    ("86", 10, 11),
    ("886", 8, 9),
];

/// The number's last digits, when the run is a phone.
pub(super) fn key_of(run: &Run<'_>) -> Option<String> {
    is_phone(run).then(|| run.digits[run.digits.len().saturating_sub(KEY_DIGITS)..].to_owned())
}

fn is_phone(run: &Run<'_>) -> bool {
    let digits = run.digits.as_str();
    if run.groups[0].has_plus() {
        return is_international(digits, 7);
    }
    let is_single = run.groups.len() == 1;
    if run.context == Context::Order
        || is_date(run.groups)
        || (!is_single && run.groups.last().is_some_and(|g| g.digits.len() < 2))
    {
        return false;
    }
    // A parcel number in groups is no list of phones.
    if !run.is_whole && run.num_stretch_digits > 18 {
        return false;
    }
    if let Some(rest) = digits.strip_prefix("00") {
        return is_international(rest, 8);
    }
    is_national(run) || is_danish_pairs(run) || is_chinese_mobile(run) || is_north_american(run) || is_called_phone(run)
}

fn is_international(digits: &str, fewest: usize) -> bool {
    // `+49 (0) 170`: the trunk zero is not part of the number.
    let known = COUNTRIES.iter().find(|(code, ..)| digits.starts_with(code));
    match known {
        Some((code, shortest, longest)) => {
            let rest = &digits[code.len()..];
            let rest = rest.strip_prefix('0').filter(|_| *code != "39").unwrap_or(rest);
            (*shortest..=*longest).contains(&rest.len())
        }
        None => !digits.starts_with('0') && (fewest + 1..=14).contains(&digits.len()),
    }
}

/// `0170 1234567`, `030/1234567`, `06 12 34 56 78`, `0612345678`.
fn is_national(run: &Run<'_>) -> bool {
    let digits = run.digits.as_bytes();
    let lengths: Vec<usize> = run.groups.iter().map(|group| group.digits.len()).collect();
    let begins = digits[0] == b'0' && digits[1] != b'0' && lengths[0] >= 2;
    let fewest = match (run.context, lengths.len()) {
        (Context::Phone, _) => 7,
        (_, 1) => 10,
        _ => 9,
    };
    let all_pairs = lengths.iter().all(|&length| length == 2);
    let hyphened = run.groups[1..].iter().any(|group| group.before.contains('-'));
    // `0815-4711-00` is an article, `0171-123-4567` a phone.
    let ends_well = all_pairs || !(hyphened && lengths.len() > 2) || lengths[lengths.len() - 1] >= 3;
    begins && ends_well && (fewest..=12).contains(&digits.len())
}

/// `12 34 56 78`, alone.
fn is_danish_pairs(run: &Run<'_>) -> bool {
    let pairs = run.groups.len() == 4 && run.groups.iter().all(|group| group.digits.len() == 2);
    let same = run.groups[1..].windows(2).all(|pair| pair[0].before == pair[1].before);
    let separator = run
        .groups
        .get(1)
        .is_some_and(|group| matches!(group.before.as_str(), " " | "-" | "\u{a0}" | "\u{202f}"));
    pairs && same && separator && run.neighbours.0 != 2 && run.neighbours.1 != 2
}

/// `13812345678`, `138 1234 5678`.
fn is_chinese_mobile(run: &Run<'_>) -> bool {
    let digits = run.digits.as_bytes();
    let lengths: Vec<usize> = run.groups.iter().map(|group| group.digits.len()).collect();
    let grouped = matches!(lengths[..], [11] | [3, 4, 4] | [3, 8] | [4, 4, 3]);
    digits.len() == 11 && digits[0] == b'1' && (b'3'..=b'9').contains(&digits[1]) && grouped
}

/// `(555) 123-4567`, `555-123-4567`, `1-800-555-0199`.
fn is_north_american(run: &Run<'_>) -> bool {
    let groups = match run.groups {
        [one, rest @ ..] if one.digits == "1" => rest,
        groups => groups,
    };
    let [area, exchange, line] = groups else {
        return false;
    };
    let lengths = (area.digits.len(), exchange.digits.len(), line.digits.len()) == (3, 3, 4);
    let begins = matches!(area.digits.as_bytes()[0], b'2'..=b'9');
    // Only spaces could be a list of numbers.
    let formatted = exchange.before != " " || line.before != " " || run.context == Context::Phone;
    lengths && begins && formatted
}

fn is_called_phone(run: &Run<'_>) -> bool {
    run.context == Context::Phone && run.is_whole && (MIN_DIGITS..=13).contains(&run.digits.len())
}

/// Whether the groups begin with a date: `01.02.2024`, `2024-02-01`, `1/2/24`.
fn is_date(groups: &[Group]) -> bool {
    let [first, second, third, ..] = groups else {
        return false;
    };
    let separated = second.before == third.before && matches!(second.before.as_str(), "." | "/" | "-" | ". ");
    let lengths = (first.digits.len(), second.digits.len(), third.digits.len());
    let number = |group: &Group| group.digits.parse::<u32>().unwrap_or(u32::MAX);
    let day_first = matches!(lengths, (1..=2, 1..=2, 4)) && number(first) <= 31 && number(second) <= 31;
    let year_first = matches!(lengths, (4, 1..=2, 1..=2)) && number(second) <= 12 && number(third) <= 31;
    separated && (day_first || year_first)
}
