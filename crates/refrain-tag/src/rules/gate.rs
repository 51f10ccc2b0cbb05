//! Words that a text must hold before a pattern is worth running on it.
//!
//! `\bwhere\b.*\b(?:parcel|order)\b` needs `where`, and one of `parcel` and `order`: two gates.
//! The automaton finds those anyway, so that most patterns are never run on most messages.

use super::fold::folded;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind, Look};

/// Shorter literals stand in nearly every message.
const MIN_LITERAL_BYTES: usize = 3;
const MAX_LITERALS: usize = 64;
const MAX_GATES: usize = 3;

/// A set of folded literals, one of which stands in any folded text that the pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) literals: Vec<String>,
    /// Each stands right after a `\b` and begins with a letter, digit or `_`.
    pub(crate) is_at_word: bool,
}

/// The gates of `pattern`, matched without regard to case; those at words first, then the longest
/// literals. Empty when nothing is certain.
pub(crate) fn gates(pattern: &str) -> Vec<Gate> {
    // Parsed with regard to case: folding the literals afterwards is the same and yields few.
    let Ok(hir) = regex_syntax::parse(pattern) else {
        return Vec::new();
    };
    let mut extractor = Extractor::new();
    extractor
        .kind(ExtractKind::Prefix)
        .limit_total(MAX_LITERALS)
        .limit_class(8)
        .limit_literal_len(24);
    let mut gates: Vec<Gate> = Vec::new();
    for (start, follows_boundary) in starts(&hir) {
        if let Some(literals) = literals(&extractor.extract(&start))
            && !gates.iter().any(|gate| gate.literals == literals)
        {
            let is_at_word = follows_boundary && literals.iter().all(|literal| literal.starts_with(begins_word));
            gates.push(Gate { literals, is_at_word });
        }
    }
    let shortest = |gate: &Gate| gate.literals.iter().map(String::len).min().unwrap_or(0);
    gates.sort_by_key(|gate| {
        let num_literals = gate.literals.len();
        std::cmp::Reverse((gate.is_at_word, shortest(gate), std::cmp::Reverse(num_literals)))
    });
    gates.truncate(MAX_GATES);
    gates
}

/// The pattern from each of its consecutive parts on, and whether that begins with `\b`: whatever
/// matches contains a match of each.
fn starts(hir: &Hir) -> Vec<(Hir, bool)> {
    let is_boundary = |part: &Hir| matches!(part.kind(), HirKind::Look(Look::WordUnicode | Look::WordStartUnicode));
    match hir.kind() {
        HirKind::Capture(capture) => starts(&capture.sub),
        HirKind::Concat(parts) => {
            let from = |at: usize| (Hir::concat(parts[at..].to_vec()), is_boundary(&parts[at]));
            (0..parts.len()).map(from).collect()
        }
        _ => vec![(hir.clone(), false)],
    }
}

fn begins_word(c: char) -> bool {
    c.is_alphabetic() || c.is_ascii_digit() || c == '_'
}

/// Whether a folded text holds letters that `\b` and a phrase's word boundary do not see alike:
/// `²` ends a word for a pattern and belongs to it for a phrase.
pub(crate) fn has_odd_numbers(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| !c.is_ascii() && c.is_numeric())
}

fn literals(prefixes: &Seq) -> Option<Vec<String>> {
    let mut gate = Vec::new();
    for literal in prefixes.literals()? {
        let text = folded(std::str::from_utf8(literal.as_bytes()).ok()?);
        if text.len() < MIN_LITERAL_BYTES {
            return None;
        }
        gate.push(text);
    }
    gate.sort_unstable();
    gate.dedup();
    (!gate.is_empty()).then_some(gate)
}

#[cfg(test)]
mod tests {
    use super::super::fold::is_boundary;
    use super::*;
    use proptest::prelude::*;
    use regex::RegexBuilder;

    #[test]
    fn consecutive_parts_each_give_a_gate() {
        let literals = |pattern| {
            gates(pattern)
                .into_iter()
                .map(|gate| (gate.literals.join("|"), gate.is_at_word))
        };
        let literals = |pattern| literals(pattern).collect::<Vec<_>>();
        assert_eq!(
            literals(r"\bWhere\b[^.]*\b(?:parcel|ORDER)\b"),
            [("where".into(), true), ("order|parcel".into(), true)]
        );
        assert_eq!(literals("stornier(?:en|t)"), [("stornieren|storniert".into(), false)]);
        assert_eq!(
            literals(r"\bunsync\w*\s+italy"),
            [("unsync".into(), true), ("italy".into(), false)]
        );
        assert_eq!(literals(r"(?-u:\b)cafe"), [("cafe".into(), false)]);
        assert!(gates(r"\d+").is_empty());
        assert!(gates("(?:it)?").is_empty());
    }

    const PIECES: &[&str] = &[
        r"\b",
        "abc",
        "[aA]bcd",
        "(?:abc|BCD|Ä ß)",
        "(abc|(bcd|cda)x?)",
        "x+",
        "b?",
        "[^a]",
        "(?:abc)?",
        "( abc)+",
        ".*",
        "ssk{2}",
    ];

    proptest! {
        /// Nothing that matches is kept out.
        #[test]
        fn a_match_passes_every_gate(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 1..5),
            text in "(abc|bcd|cda|ä ß|[abcdABCDxäÄßẞ ſKs²包\u{308}\u{20dd}_‿]){0,12}",
        ) {
            let pattern = pieces.concat();
            let regex = RegexBuilder::new(&pattern).case_insensitive(true).build().unwrap();
            let text = folded(&text);
            for found in regex.find_iter(&text) {
                for gate in gates(&pattern) {
                    let literals = || gate.literals.iter().map(String::as_str);
                    prop_assert!(literals().any(|literal| found.as_str().contains(literal)), "{:?}", gate);
                    // A boundary of the pattern is one of a phrase too, but for odd numbers.
                    let begins = |at: usize| is_boundary(&text, at);
                    let mut places = literals().flat_map(|literal| text.match_indices(literal));
                    prop_assert!(
                        !gate.is_at_word || has_odd_numbers(&text) || places.any(|(at, _)| begins(at)),
                        "{:?}", gate
                    );
                }
            }
        }
    }
}
