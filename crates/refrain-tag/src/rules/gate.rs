//! Words that a text must hold before a pattern is worth running on it.
//!
//! `\bwhere\b.*\b(?:parcel|order)\b` needs `where`, and one of `parcel` and `order`: two gates.
//! The automaton finds those anyway, so that most patterns are never run on most messages.

use super::fold::folded;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

/// Shorter literals stand in nearly every message.
const MIN_LITERAL_BYTES: usize = 3;
const MAX_LITERALS: usize = 64;
const MAX_GATES: usize = 3;

/// Sets of folded literals, each of which must have a member in any folded text that `pattern`
/// matches without regard to case; longest literals first. Empty when nothing is certain.
pub(crate) fn gates(pattern: &str) -> Vec<Vec<String>> {
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
    let mut gates: Vec<Vec<String>> = Vec::new();
    for start in starts(&hir) {
        if let Some(gate) = literals(&extractor.extract(&start))
            && !gates.contains(&gate)
        {
            gates.push(gate);
        }
    }
    let shortest = |gate: &Vec<String>| gate.iter().map(String::len).min().unwrap_or(0);
    gates.sort_by_key(|gate| std::cmp::Reverse((shortest(gate), std::cmp::Reverse(gate.len()))));
    gates.truncate(MAX_GATES);
    gates
}

/// The pattern from each of its consecutive parts on: whatever matches contains a match of each.
fn starts(hir: &Hir) -> Vec<Hir> {
    match hir.kind() {
        HirKind::Capture(capture) => starts(&capture.sub),
        HirKind::Concat(parts) => (0..parts.len()).map(|at| Hir::concat(parts[at..].to_vec())).collect(),
        _ => vec![hir.clone()],
    }
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
    use super::*;
    use proptest::prelude::*;
    use regex::RegexBuilder;

    #[test]
    fn consecutive_parts_each_give_a_gate() {
        assert_eq!(
            gates(r"\bWhere\b[^.]*\b(?:parcel|ORDER)\b"),
            [vec!["where"], vec!["order", "parcel"]]
        );
        assert_eq!(gates("stornier(?:en|t)"), [["stornieren", "storniert"]]);
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
            text in "(abc|bcd|cda|ä ß|[abcdABCDxäÄßẞ ſKs]){0,12}",
        ) {
            let pattern = pieces.concat();
            let regex = RegexBuilder::new(&pattern).case_insensitive(true).build().unwrap();
            let text = folded(&text);
            for found in regex.find_iter(&text) {
                for gate in gates(&pattern) {
                    prop_assert!(gate.iter().any(|literal| found.as_str().contains(literal.as_str())), "{:?}", gate);
                }
            }
        }
    }
}
