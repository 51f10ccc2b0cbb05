//! Payment cards: 13 to 19 digits with the Luhn check digit and a first digit that cards have.

use super::context::Context;
use super::digits::{Group, Run};

/// The card's digits, when the run is a card.
pub(super) fn key_of(run: &Run<'_>) -> Option<String> {
    let digits = run.digits.as_str();
    let separated_well = run.groups[1..].iter().all(|g| {
        g.before
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, '-' | '.' | '–'))
    });
    // A zip code and a phone side by side are no card: cards come in groups of four to seven.
    let is_short = |group: &Group| group.digits.len() <= 7;
    let is_standard = run.groups[0].digits.len() == 4 && run.groups.iter().skip(1).all(|g| g.digits.len() >= 3);
    let grouped_well = run.groups.iter().all(is_short) && (run.is_whole || is_standard);
    let fits = (13..=19).contains(&digits.len()) && separated_well && (run.groups.len() == 1 || grouped_well);
    let known = is_known_issuer(digits);
    // Long order and parcel numbers pass the check digit one time in ten.
    let may_be = matches!(digits.as_bytes().first(), Some(b'2'..=b'6')) && run.context != Context::Order;
    // `1 + 4111...` is a sum at most; the `+` of a phone stands at its first digit.
    let is_phone = run.groups[0].has_plus() && !run.groups[0].before.ends_with(char::is_whitespace);
    (fits && (known || may_be) && !is_phone && is_luhn(digits)).then(|| digits.to_owned())
}

/// Visa, Mastercard, American Express and Discover by first digits and length.
fn is_known_issuer(digits: &str) -> bool {
    let head = |n: usize| digits.get(..n).and_then(|head| head.parse::<u32>().ok()).unwrap_or(0);
    match digits.len() {
        15 => matches!(head(2), 34 | 37),
        13 | 19 => head(1) == 4,
        16 => {
            head(1) == 4
                || (51..=55).contains(&head(2))
                || (2221..=2720).contains(&head(4))
                || matches!(head(4), 6011 | 5019)
        }
        _ => false,
    }
}

/// The check of ISO/IEC 7812: every second digit from the right doubled.
fn is_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, byte)| {
            let digit = u32::from(byte - b'0') << (i % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}
