//! One readable title from an issue's phrases.
//!
//! The best phrase weighs what its words and the phrase as a whole say of the issue; parts of
//! longer phrases count only where they stand alone (C-value, Frantzi and Ananiadou). A second
//! phrase joins when it adds as much in other words.

use super::grammar::Part;
use super::phrases::{MAX_WORDS, Phrase, Phrases, is_marked, num_words, spelling, stems};
use super::words::{Word, is_han};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

const NUM_TERMS: usize = 10;
/// Longest title in characters.
pub(super) const MAX_CHARS: usize = 80;
/// Worth of a phrase by its number of content words; a single word says little by itself.
const LENGTH_WORTH: [f64; 5] = [0.0, 0.5, 1.0, 1.05, 1.0];
/// Worth of a negation or a question word: `not arrived` says more than `arrived`.
const MARKED_WORTH: f64 = 1.15;
/// What a phrase loses that is always cut off from a next content word.
const OPEN_LOSS: f64 = 0.3;
/// Added to a phrase's total of shares, so that what is rare everywhere does not pass for distinctive.
const RARE: f64 = 0.3;
/// Share of persons that say each content word of a phrase which by itself is too rare.
const COMMON_SHARE: f64 = 0.1;
/// A phrase that a longer one repeats in this share of its texts is cut off: `order a new` of `order a new card`.
const CUT_OFF_SHARE: f64 = 0.4;
/// A second phrase joins when its words weigh at least this much beside the first's.
const SECOND_WEIGHT: f64 = 0.3;
/// Share of persons that say the second phrase, and where it is one word.
const SECOND_SHARE: f64 = 0.05;
const SECOND_WORD_SHARE: f64 = 0.1;
/// Characters at which two stems that begin alike are taken for one word.
const ALIKE_CHARS: usize = 5;
/// Best phrases among which the second is sought.
const SECOND_AMONG: usize = 200;

/// Shares of persons that say a key: in the issue, and summed over all issues.
pub(super) struct Shares<'a> {
    pub(super) phrases: &'a Phrases,
    pub(super) num_voices: u32,
    pub(super) totals: &'a FxHashMap<&'a str, f64>,
}

/// A phrase that several say.
pub(super) struct Candidate<'a> {
    pub(super) score: f64,
    pub(super) key: &'a str,
    pub(super) phrase: &'a Phrase,
}

impl<'a> Shares<'a> {
    fn weight(&self, own: f64, key: &str) -> f64 {
        let total = self.totals.get(key).copied().unwrap_or(own).max(f64::MIN_POSITIVE);
        let total = total + RARE;
        own * (1.0 + 1.0 / total).ln() * (own / total).sqrt().sqrt()
    }

    fn share(&self, num_voices: f64) -> f64 {
        num_voices / f64::from(self.num_voices.max(1))
    }

    /// What a content word says of the issue.
    fn word_weight(&self, stem: &str) -> f64 {
        let num_voices = self.phrases.get(stem).map_or(0, |phrase| phrase.num_voices);
        self.weight(self.share(f64::from(num_voices)), stem)
    }

    /// Whether many persons say each of several content words.
    fn is_common(&self, key: &str, floor: u32) -> bool {
        let is_common = |stem: &str| {
            let num_voices = self.phrases.get(stem).map_or(0, |phrase| phrase.num_voices);
            num_voices >= floor && self.share(f64::from(num_voices)) >= COMMON_SHARE
        };
        stems(key).count() > 1 && stems(key).all(is_common)
    }

    fn words_weight<'k>(&self, stems: impl Iterator<Item = &'k str>) -> f64 {
        stems
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|stem| self.word_weight(stem))
            .sum()
    }

    /// Phrases said by at least `floor` persons, or made of words that many say; best first, ties by key.
    pub(super) fn candidates(&self, floor: u32) -> Vec<Candidate<'a>> {
        let heard: Vec<(&str, &Phrase)> = self
            .phrases
            .iter()
            .map(|(key, phrase)| (key.as_str(), phrase))
            // A lone character is rarely a word.
            .filter(|(key, _)| key.chars().nth(1).is_some())
            .filter(|(key, phrase)| phrase.num_voices >= floor || self.is_common(key, floor))
            .collect();
        let nested = nested_in(&heard);
        let mut candidates: Vec<Candidate<'a>> = heard
            .iter()
            .map(|&(key, phrase)| Candidate {
                score: self.score(key, phrase, nested.get(key).copied().unwrap_or_default()),
                key,
                phrase,
            })
            .collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.key.cmp(b.key)));
        candidates
    }

    /// `num_longer` phrases hold this one and are said by `num_voices` in all.
    fn score(&self, key: &str, phrase: &Phrase, (num_longer, num_voices): (u32, u32)) -> f64 {
        let inside = f64::from(num_voices) / f64::from(num_longer.max(1));
        let alone = self.share((f64::from(phrase.num_voices) - inside).max(0.5));
        let num_content = stems(key).count().min(LENGTH_WORTH.len() - 1);
        let worth = match (num_content, is_marked(key)) {
            (_, false) => LENGTH_WORTH[num_content],
            (1, true) => MARKED_WORTH,
            (_, true) => MARKED_WORTH * LENGTH_WORTH[num_content],
        };
        let whole = 1.0 - OPEN_LOSS * phrase.open_share();
        self.words_weight(stems(key)) * self.weight(alone, key).sqrt().sqrt() * worth * whole
    }

    /// The clause that says most, of the text whose words are most common in the issue.
    pub(super) fn central_clause(&self, texts: &[(&str, &[Vec<Word>])]) -> String {
        let keys = |clause: &[Word]| -> BTreeSet<String> {
            clause
                .iter()
                .filter(|w| w.part == Part::Content)
                .map(|w| w.key.clone())
                .collect()
        };
        let weigh = |keys: &BTreeSet<String>| {
            self.words_weight(keys.iter().map(String::as_str)) / ((keys.len() + 1) as f64).sqrt()
        };
        let mut best: Option<(f64, usize, String)> = None;
        for (text, clauses) in texts {
            for clause in *clauses {
                let span = shortened(clause);
                let score = weigh(&keys(span));
                let title = spelling(text, span);
                let length = title.chars().count();
                let is_better = best.as_ref().is_none_or(|(most, shortest, first)| {
                    score
                        .total_cmp(most)
                        .then(shortest.cmp(&length))
                        .then_with(|| first.cmp(&title))
                        .is_gt()
                });
                if !title.is_empty() && is_better {
                    best = Some((score, length, title));
                }
            }
        }
        best.map_or_else(String::new, |(_, _, title)| title)
    }
}

/// A clause from its first word that may open a title to the last that may close one, seven words at the most.
fn shortened(clause: &[Word]) -> &[Word] {
    let opens = |w: &Word| matches!(w.part, Part::Content | Part::Negation | Part::Question);
    let start = clause.iter().position(opens).unwrap_or(0);
    let mut span = &clause[start..];
    while let Some((_, shorter)) = span.split_last()
        && num_words(span) > MAX_WORDS
    {
        span = shorter;
    }
    let end = span
        .iter()
        .rposition(|w| w.part == Part::Content)
        .map_or(span.len(), |at| at + 1);
    &span[..end]
}

/// For each phrase that longer ones hold: how many do, and how many persons say those.
fn nested_in<'a>(heard: &[(&'a str, &Phrase)]) -> FxHashMap<&'a str, (u32, u32)> {
    let mut nested: FxHashMap<&str, (u32, u32)> = heard.iter().map(|(key, _)| (*key, (0, 0))).collect();
    for &(key, phrase) in heard {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(key.match_indices(' ').map(|(at, _)| at + 1))
            .collect();
        let ends: Vec<usize> = key.match_indices(' ').map(|(at, _)| at).chain([key.len()]).collect();
        let mut parts: Vec<&str> = Vec::new();
        for (first, &start) in starts.iter().enumerate() {
            parts.extend(
                ends[first..]
                    .iter()
                    .map(|&end| &key[start..end])
                    .filter(|part| part.len() < key.len()),
            );
        }
        parts.sort_unstable();
        parts.dedup();
        for part in parts {
            if let Some((num_longer, sum)) = nested.get_mut(part) {
                *num_longer += 1;
                *sum += phrase.num_voices;
            }
        }
    }
    nested
}

/// The best phrase, and the best one beside it that says something else and leaves the title short.
pub(super) fn compose(shares: &Shares<'_>, candidates: &[Candidate<'_>]) -> String {
    let Some(best) = candidates.first() else {
        return String::new();
    };
    let best = completed(candidates, best);
    let mut title = best.phrase.spelling().to_owned();
    let own = shares.words_weight(stems(best.key));
    let says_enough = |other: &Candidate<'_>| {
        let share = shares.share(f64::from(other.phrase.num_voices));
        let is_word = stems(other.key).count() == 1;
        shares.words_weight(stems(other.key)) >= SECOND_WEIGHT * own
            && share >= if is_word { SECOND_WORD_SHARE } else { SECOND_SHARE }
    };
    let beside = candidates
        .iter()
        .take(SECOND_AMONG)
        .map(|other| completed(candidates, other))
        .filter(|other| says_enough(other) && !overlap(best.key, other.key))
        .find(|other| count_words(&title) + count_words(other.phrase.spelling()) <= MAX_WORDS);
    if let Some(other) = beside {
        title.push_str(" · ");
        title.push_str(other.phrase.spelling());
    }
    title
}

/// The longest phrase that the given one is cut off from, itself when there is none.
fn completed<'c, 'a>(candidates: &'c [Candidate<'a>], mut part: &'c Candidate<'a>) -> &'c Candidate<'a> {
    let extends = |longer: &str, key: &str| {
        longer.strip_prefix(key).is_some_and(|rest| rest.starts_with(' '))
            || longer.strip_suffix(key).is_some_and(|rest| rest.ends_with(' '))
    };
    // Each step adds a word, so this ends.
    while let Some(longer) = candidates.iter().find(|longer| {
        extends(longer.key, part.key)
            && f64::from(longer.phrase.num_voices) >= CUT_OFF_SHARE * f64::from(part.phrase.num_voices)
    }) {
        part = longer;
    }
    part
}

/// Spellings of the best phrases none of which is a part of a better one.
pub(super) fn terms(candidates: &[Candidate<'_>]) -> Vec<String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut terms = Vec::new();
    for candidate in candidates {
        let is_part = |other: &&str| stems(candidate.key).all(|stem| stems(other).any(|s| s == stem));
        if kept.iter().any(is_part) {
            continue;
        }
        kept.push(candidate.key);
        terms.push(candidate.phrase.spelling().to_owned());
        if terms.len() == NUM_TERMS {
            break;
        }
    }
    terms
}

/// Whether two stems are alike: one begins with the other, or both begin with the same characters.
fn overlap(a: &str, b: &str) -> bool {
    let is_alike = |x: &str, y: &str| {
        let shared = x.chars().zip(y.chars()).take_while(|(x, y)| x == y).count();
        shared >= ALIKE_CHARS || x.starts_with(y) || y.starts_with(x)
    };
    stems(a).any(|x| stems(b).any(|y| is_alike(x, y)))
}

fn count_words(text: &str) -> usize {
    let num_han = text.chars().filter(|&c| is_han(c)).count();
    let others = text.split_whitespace().filter(|w| !w.chars().all(is_han)).count();
    others + num_han.div_ceil(2)
}
