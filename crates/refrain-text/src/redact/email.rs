//! E-mail addresses, plain, percent-encoded in links, and spelt with `(at)`.

use super::{Finding, RedactionKind};

const SIGNS: [&str; 5] = ["@", "%40", "(at)", "[at]", " (at) "];

pub(super) fn find(text: &str, masked: &[u8]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut from = 0;
    while let Some((at, sign)) = next_sign(text, from) {
        from = at + sign;
        let free = findings.last().map_or(0, |last| last.range.end);
        let start = at - local_length(&masked[free.min(at)..at]);
        let Some(length) = domain_length(&masked[at + sign..]) else {
            continue;
        };
        if start == at {
            continue;
        }
        let end = at + sign + length;
        let local = text[start..at].to_lowercase();
        let key = format!("{local}@{}", text[at + sign..end].to_lowercase());
        findings.push(Finding {
            range: start..end,
            kind: RedactionKind::Email,
            key,
        });
        from = end;
    }
    findings
}

/// Place and length of the next sign at or behind `from`; the longest at the earliest place.
fn next_sign(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        if matches!(bytes[at], b'@' | b'%' | b'(' | b'[' | b' ') {
            let sign = SIGNS
                .iter()
                .filter(|sign| bytes[at..].starts_with(sign.as_bytes()))
                .map(|sign| sign.len())
                .max();
            if let Some(length) = sign {
                return Some((at, length));
            }
        }
        at += 1;
    }
    None
}

/// How many bytes before the sign belong to the local part.
fn local_length(before: &[u8]) -> usize {
    let is_local = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-') || b >= 0x80;
    let run = before
        .iter()
        .rev()
        .take(MAX_LOCAL)
        .take_while(|&&b| is_local(b))
        .count();
    let local = &before[before.len() - run..];
    // Text without spaces (Chinese) may stand right before the address; names in Latin letters
    // with accents may be part of it.
    let skipped = last_unspaced_end(local);
    let edge = local[skipped..].iter().take_while(|b| matches!(b, b'.' | b'-')).count();
    run - skipped - edge
}

/// Longest local part, as RFC 5321 has it.
const MAX_LOCAL: usize = 64;

/// Bytes up to the end of the last character that is no Latin letter.
fn last_unspaced_end(local: &[u8]) -> usize {
    // Bytes 0xc3 to 0xc9 lead Latin letters with accents (U+00C0 to U+027F), each two bytes long.
    let mut end = 0;
    let mut at = 0;
    while at < local.len() {
        let length = match local[at] {
            0..=0x7f => 1,
            0xc3..=0xc9 if at + 1 < local.len() => 2,
            _ => {
                at += 1;
                end = at;
                continue;
            }
        };
        at += length;
    }
    end
}

/// How many bytes behind the sign are a domain: labels with dots, the last of two or more letters.
fn domain_length(after: &[u8]) -> Option<usize> {
    let run = after
        .iter()
        .take(MAX_DOMAIN)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        .count();
    let domain = &after[..run];
    // The longest ending that is a top-level name; what follows it is text (`a@b.de.Thanks` keeps
    // its sentence glued, which no reader can part either).
    let mut end = run;
    while end > 0 {
        let last_dot = domain[..end].iter().rposition(|&b| b == b'.')?;
        let top = &domain[last_dot + 1..end];
        let letters = top.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if letters >= 2 && last_dot > 0 && domain[last_dot - 1].is_ascii_alphanumeric() {
            return Some(last_dot + 1 + letters);
        }
        end = last_dot;
    }
    None
}

/// Longest domain, as RFC 1035 has it.
const MAX_DOMAIN: usize = 253;
