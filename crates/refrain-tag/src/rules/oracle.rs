//! A slow matcher that tries every phrase at every character, to check the engine against.

use super::engine::{Engine, Found, PhraseKind};
use super::fold::{MAX_ENDING, fold_into, is_unspaced, is_word, original_span};
use super::parse::Pattern;
use super::phrase::{Phrase, PhraseMatch};
use proptest::prelude::*;
use regex::Regex;

type Chars = Vec<char>;

fn boundary(text: &Chars, at: usize) -> bool {
    if at == 0 || at == text.len() {
        return true;
    }
    let (a, b) = (text[at - 1], text[at]);
    is_unspaced(a) || is_unspaced(b) || !is_word(a) || !is_word(b)
}

/// All `start..end` in characters at which a phrase stands.
fn places(phrase: &Phrase, text: &Chars) -> Vec<(usize, usize)> {
    let (pattern, mode) = phrase.text();
    let mut found = Vec::new();
    'starts: for start in 0..text.len() {
        if mode != PhraseMatch::Compound && !boundary(text, start) {
            continue;
        }
        let mut at = start;
        for wanted in pattern.chars() {
            if wanted == '*' {
                let limit = at + MAX_ENDING;
                while at < text.len() && at < limit && is_word(text[at]) && !is_unspaced(text[at]) {
                    at += 1;
                }
            } else if text.get(at) == Some(&wanted) {
                at += 1;
            } else {
                continue 'starts;
            }
        }
        if mode != PhraseMatch::Word || pattern.ends_with('*') || boundary(text, at) {
            found.push((start, at));
        }
    }
    found
}

/// Tokens that begin in `from + 1 ..= to`.
fn tokens_between(text: &Chars, from: usize, to: usize) -> usize {
    let begins = |at: usize| {
        is_unspaced(text[at]) || (is_word(text[at]) && (at == 0 || !is_word(text[at - 1]) || is_unspaced(text[at - 1])))
    };
    (from + 1..=to).filter(|&at| begins(at)).count()
}

fn pairs(a: &[(usize, usize)], b: &[(usize, usize)], within: u32, text: &Chars) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for &(start, end) in a {
        let mut options = Vec::new();
        let before = b.iter().filter(|other| other.1 <= start).max();
        let after = b.iter().filter(|other| other.0 >= end).min();
        options.extend(before.map(|other| (tokens_between(text, other.1 - 1, start), other.0, end)));
        options.extend(after.map(|other| (tokens_between(text, end - 1, other.0), start, other.1)));
        if let Some(&(distance, from, to)) = options.iter().min()
            && distance <= within as usize
        {
            found.push((from, to));
        }
    }
    found
}

fn oracle(patterns: &[Pattern], original: &str) -> Vec<Found> {
    let (mut folded, mut starts) = (String::new(), Vec::new());
    fold_into(original, &mut folded, Some(&mut starts));
    let text: Chars = folded.chars().collect();
    let bytes: Vec<usize> = folded.char_indices().map(|(at, _)| at).chain([folded.len()]).collect();
    let mut out = Vec::new();
    for (rule, pattern) in (0_u32..).zip(patterns) {
        let there = |phrase: &Phrase| !places(phrase, &text).is_empty();
        if !pattern.all.iter().all(there) || pattern.none.iter().any(there) {
            continue;
        }
        let mut push = |kind, start: usize, end: usize| {
            let span = original_span(&starts, bytes[start]..bytes[end]);
            out.push(Found {
                rule,
                start: span.start,
                end: span.end,
                kind,
            });
        };
        for phrase in &pattern.any {
            places(phrase, &text)
                .into_iter()
                .for_each(|(s, e)| push(PhraseKind::Any, s, e));
        }
        for (a, b, within) in &pattern.near {
            let found = pairs(&places(a, &text), &places(b, &text), *within, &text);
            found.into_iter().for_each(|(s, e)| push(PhraseKind::Near, s, e));
        }
        for regex in &pattern.regexes {
            for found in regex.find_iter(&folded) {
                let at = |byte: usize| bytes.iter().position(|&b| b == byte).unwrap();
                push(PhraseKind::Regex, at(found.start()), at(found.end()));
            }
        }
        if pattern.any.is_empty() && pattern.near.is_empty() && pattern.regexes.is_empty() {
            for phrase in &pattern.all {
                places(phrase, &text)
                    .into_iter()
                    .for_each(|(s, e)| push(PhraseKind::All, s, e));
            }
        }
    }
    out.sort_unstable();
    out.dedup_by_key(|found| (found.rule, found.start, found.end));
    out
}

fn a_phrase() -> impl Strategy<Value = Phrase> {
    let text = prop_oneof![
        "[ab]{1,3}",
        "[ab]{1,2}\\*",
        "[ab]{1,2}\\* [ab]",
        "[ab]{1,2} [ab]{1,2}",
        "[包裹]{1,2}",
        "[aä’包]{1,2}",
        "b\\?",
    ];
    let mode = prop::sample::select(PhraseMatch::ALL);
    (text, mode).prop_map(|(text, mode)| Phrase::parse(&text, mode).unwrap())
}

fn a_pattern() -> impl Strategy<Value = Pattern> {
    let some = |max| prop::collection::vec(a_phrase(), 0..max);
    let near = prop::collection::vec((a_phrase(), a_phrase(), 1_u32..4), 0..2);
    let regex = prop::option::of(prop::sample::select(vec![
        "a+b",
        r"\bb",
        "裹.",
        r"\baba",
        r"\b(bab|aaa)\b.*aab",
        r"\b裹abb?",
        "aab.*bba",
    ]));
    (some(4), some(2), some(2), near, regex)
        .prop_map(|(any, all, none, near, regex)| Pattern {
            any,
            all,
            none,
            near,
            regexes: regex.into_iter().map(|r| Regex::new(r).unwrap()).collect(),
        })
        .prop_filter("nothing to look for", |p| {
            !(p.any.is_empty() && p.all.is_empty() && p.near.is_empty() && p.regexes.is_empty())
        })
}

fn check(patterns: Vec<Pattern>, text: &str) -> Result<(), TestCaseError> {
    let slow = oracle(&patterns, text);
    let fast = Engine::build(patterns).unwrap().find(text, |_| true, <[Found]>::to_vec);
    prop_assert_eq!(fast, slow);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_engine_finds_what_a_naive_scan_finds(
        patterns in prop::collection::vec(a_pattern(), 1..5),
        text in "([abABb äÄ’'包裹?\\n\u{308}²]|aba|bab|aab){0,24}",
    ) {
        check(patterns, &text)?;
    }

    #[test]
    fn any_text_is_survived(patterns in prop::collection::vec(a_pattern(), 1..4), text in "\\PC{0,40}") {
        check(patterns, &text)?;
    }
}
