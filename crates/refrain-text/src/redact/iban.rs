//! Bank accounts: country, check digits, the country's length, remainder 1 modulo 97 (ISO 13616).

use super::{Finding, RedactionKind};

/// Length by country, from the SWIFT registry's public table.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

pub(super) fn find(_text: &str, masked: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut at = 0;
    while at + 15 <= masked.len() {
        let begins = masked[at].is_ascii_alphabetic() && masked[at + 1].is_ascii_alphabetic();
        let is_edge = at == 0 || !masked[at - 1].is_ascii_alphanumeric();
        match (begins && is_edge).then(|| account_at(&masked[at..])).flatten() {
            Some((key, length)) => {
                findings.push(Finding {
                    range: at..at + length,
                    kind: RedactionKind::Iban,
                    key,
                });
                at += length;
            }
            None => at += 1,
        }
    }
    findings
}

/// The account that the bytes begin with, in capitals, and how many bytes it takes.
fn account_at(bytes: &[u8]) -> Option<(String, usize)> {
    let country = [bytes[0].to_ascii_uppercase(), bytes[1].to_ascii_uppercase()];
    let length = LENGTHS
        .iter()
        .find(|(code, _)| code.as_bytes() == country)
        .map(|(_, length)| *length)?;
    let mut account = String::with_capacity(length);
    let mut at = 0;
    while account.len() < length {
        let byte = *bytes.get(at)?;
        if byte.is_ascii_alphanumeric() {
            account.push(byte.to_ascii_uppercase() as char);
            at += 1;
        } else {
            at += separator(&bytes[at..]).filter(|_| account.len() >= 2)?;
        }
    }
    let is_whole = !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let has_check_digits = account.as_bytes()[2..4].iter().all(u8::is_ascii_digit);
    (is_whole && has_check_digits && mod_97(&account) == 1).then_some((account, at))
}

/// Length of one space, no-break space, hyphen or dot between groups.
fn separator(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b' ' | b'-' | b'.', next, ..] if next.is_ascii_alphanumeric() => Some(1),
        [0xc2, 0xa0, ..] => Some(2),
        _ => None,
    }
}

fn mod_97(account: &str) -> u32 {
    let (head, tail) = account.split_at(4);
    tail.chars()
        .chain(head.chars())
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, digit| {
            let shift = if digit < 10 { 10 } else { 100 };
            (rest * shift + digit) % 97
        })
}
