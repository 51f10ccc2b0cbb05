//! Replaces what identifies a person by typed placeholders that stay the same inside one conversation.
//!
//! `"mail a@b.dk or call +45 12 34 56 78"` becomes `"mail <EMAIL_1> or call <PHONE_1>"`.
//! Numbers that a shop needs (orders, parcels, prices, dates) stay. Names and postal addresses
//! are not found: that takes a model this crate does not have.

mod card;
mod context;
mod digits;
mod email;
mod iban;
mod phone;
mod placeholder;
mod token;

use std::ops::Range;

use rustc_hash::FxHashMap;

use placeholder::placeholders;

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RedactionKind {
    /// E-mail address.
    Email,
    /// Phone number.
    Phone,
    /// Payment card number.
    Card,
    /// Bank account.
    Iban,
    /// Secret in the query of a link.
    Token,
}

impl RedactionKind {
    /// All kinds, in order.
    pub const ALL: [Self; 5] = [Self::Email, Self::Phone, Self::Card, Self::Iban, Self::Token];

    /// The name inside the placeholder.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Card => "CARD",
            Self::Iban => "IBAN",
            Self::Token => "TOKEN",
        }
    }
}

/// How many places were replaced, repeats included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedactionCounts {
    /// E-mail addresses.
    pub emails: usize,
    /// Phone numbers.
    pub phones: usize,
    /// Payment cards.
    pub cards: usize,
    /// Bank accounts.
    pub ibans: usize,
    /// Secrets in links.
    pub tokens: usize,
}

impl RedactionCounts {
    /// All places.
    #[must_use]
    pub fn total(self) -> usize {
        self.emails + self.phones + self.cards + self.ibans + self.tokens
    }
}

/// A place to replace; `key` is the same for the same value in other formatting.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    range: Range<usize>,
    kind: RedactionKind,
    key: String,
}

/// Redacts the texts of one conversation.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    numbers: FxHashMap<(RedactionKind, String), u64>,
    /// Highest number given or seen, by kind.
    last: [u64; RedactionKind::ALL.len()],
    counts: RedactionCounts,
}

impl Redactor {
    /// A redactor for one conversation; numbers begin at 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the numbers of placeholders that the source itself put into `text` from being given
    /// again. [`Self::redact`] does so for its own text; call this on later ones beforehand.
    pub fn reserve(&mut self, text: &str) {
        for placeholder in placeholders(text) {
            if let Some((kind, number)) = placeholder.numbered {
                let last = &mut self.last[kind as usize];
                *last = (*last).max(number);
            }
        }
    }

    /// The text with a placeholder for each identifier, numbered by first appearance of the value;
    /// redacting a redacted text changes nothing.
    #[must_use]
    pub fn redact(&mut self, text: &str) -> String {
        if !may_identify(text) {
            return text.to_owned();
        }
        self.reserve(text);
        let mut text = text.to_owned();
        // A replacement can part what stood glued together, so go on until nothing is found.
        loop {
            let findings = find(&text);
            if findings.is_empty() {
                return text;
            }
            text = self.replace(&text, &findings);
        }
    }

    /// What was replaced so far.
    #[must_use]
    pub fn counts(&self) -> RedactionCounts {
        self.counts
    }

    fn replace(&mut self, text: &str, findings: &[Finding]) -> String {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for finding in findings {
            let number = self.number(finding);
            out.push_str(&text[end..finding.range.start]);
            out.push_str(&format!("<{}_{number}>", finding.kind.as_str()));
            end = finding.range.end;
        }
        out.push_str(&text[end..]);
        out
    }

    fn number(&mut self, finding: &Finding) -> u64 {
        let count = match finding.kind {
            RedactionKind::Email => &mut self.counts.emails,
            RedactionKind::Phone => &mut self.counts.phones,
            RedactionKind::Card => &mut self.counts.cards,
            RedactionKind::Iban => &mut self.counts.ibans,
            RedactionKind::Token => &mut self.counts.tokens,
        };
        *count += 1;
        let last = &mut self.last[finding.kind as usize];
        *self
            .numbers
            .entry((finding.kind, finding.key.clone()))
            .or_insert_with(|| {
                *last += 1;
                *last
            })
    }
}

/// Whether a text can hold any identifier at all; most chat lines cannot.
fn may_identify(text: &str) -> bool {
    // The shortest identifier that is no address has seven digits.
    let num_digits = text.bytes().filter(u8::is_ascii_digit).count();
    num_digits >= 7
        || text.contains('@')
        || text.contains("%40")
        || text.contains("://")
        || ["(at)", "[at]", "\u{ff10}", "\u{ff11}"]
            .iter()
            .any(|mark| text.contains(mark))
}

/// All identifiers of a text, in order, without overlap.
fn find(text: &str) -> Vec<Finding> {
    // What one search has found the next must not look into.
    let mut masked = text.as_bytes().to_vec();
    for placeholder in placeholders(text) {
        masked[placeholder.range].fill(MASK);
    }
    let mut findings = Vec::new();
    for search in [email::find, token::find, iban::find, digits::find] {
        let found: Vec<Finding> = search(text, &masked);
        for finding in &found {
            masked[finding.range.clone()].fill(MASK);
        }
        findings.extend(found);
    }
    findings.sort_by_key(|finding| finding.range.start);
    findings
}

/// Where placeholders stand in a text, in order.
pub(crate) fn placeholder_ranges(text: &str) -> impl Iterator<Item = Range<usize>> {
    placeholders(text).map(|placeholder| placeholder.range)
}

/// Byte that no search takes for part of an identifier.
const MASK: u8 = 0;

#[cfg(test)]
mod tests;
