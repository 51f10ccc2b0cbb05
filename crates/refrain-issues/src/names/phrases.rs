//! The phrases of one issue: up to four content words with nothing but grammar between them.
//!
//! `the voucher code was rejected` and `voucher code is rejected` are one phrase with two spellings.

use super::grammar::{Part, asks_behind, negates_behind};
use super::words::Word;
use refrain_record::Language;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

const MAX_CONTENT_WORDS: usize = 4;
/// Words of a phrase with the grammar inside.
pub(super) const MAX_WORDS: usize = 7;
/// Words of grammar in a row.
const MAX_GAP: usize = 3;
/// Marks of keys that are no content: negation, question, particle.
const MARKS: [char; 3] = ['¬', '?', '+'];

#[derive(Debug, Default)]
pub(super) struct Phrase {
    /// Texts that say it, ascending.
    pub(super) texts: Vec<u32>,
    /// Persons behind those texts.
    pub(super) num_voices: u32,
    /// Texts that go on with a content word, or deny the phrase from outside.
    num_open: u32,
    spellings: BTreeMap<String, u32>,
}

/// By key: stems and marks, joined by blanks.
pub(super) type Phrases = FxHashMap<String, Phrase>;

impl Phrase {
    /// The most frequent spelling; ties to the shorter, then to the one that sorts last: lower case before capitals.
    pub(super) fn spelling(&self) -> &str {
        let best = self
            .spellings
            .iter()
            .max_by_key(|(text, count)| (**count, std::cmp::Reverse(text.chars().count()), *text));
        best.map_or("", |(text, _)| text)
    }
}

impl Phrase {
    /// Share of its texts in which the phrase is cut off: `sent the wrong` of `sent the wrong lamp`.
    pub(super) fn open_share(&self) -> f64 {
        f64::from(self.num_open) / self.texts.len().max(1) as f64
    }
}

/// Stems of a key's content words.
pub(super) fn stems(key: &str) -> impl Iterator<Item = &str> {
    key.split(' ').filter(|unit| !unit.starts_with(MARKS))
}

/// Whether a key says how or whether: it holds a negation or a question.
pub(super) fn is_marked(key: &str) -> bool {
    key.split(' ').any(|unit| unit.starts_with(['¬', '?']))
}

/// All phrases of the texts; `voices` are the persons behind each text.
pub(super) fn count_phrases<'t>(
    texts: impl Iterator<Item = (&'t str, &'t [Vec<Word>], &'t [u32])>,
    language: Language,
) -> Phrases {
    let mut phrases = Phrases::default();
    let mut voices_of: Vec<&[u32]> = Vec::new();
    for (at, (text, clauses, voices)) in (0_u32..).zip(texts) {
        voices_of.push(voices);
        for clause in clauses {
            each_span(clause, language, |key, span, is_open| {
                let phrase = match phrases.get_mut(&key) {
                    Some(phrase) => phrase,
                    None => phrases.entry(key).or_default(),
                };
                if phrase.texts.last() != Some(&at) {
                    phrase.texts.push(at);
                    phrase.num_open += u32::from(is_open);
                    *phrase.spellings.entry(spelling(text, span)).or_insert(0) += 1;
                }
            });
        }
    }
    for phrase in phrases.values_mut() {
        let voices = phrase.texts.iter().filter_map(|&at| voices_of.get(at as usize));
        let distinct: BTreeSet<u32> = voices.flat_map(|voices| voices.iter().copied()).collect();
        phrase.num_voices = u32::try_from(distinct.len()).unwrap_or(u32::MAX);
    }
    phrases
}

/// The text from a span's first word to its last, with single blanks.
pub(super) fn spelling(text: &str, span: &[Word]) -> String {
    let (Some(first), Some(last)) = (span.first(), span.last()) else {
        return String::new();
    };
    let slice = text.get(first.start..last.end).unwrap_or_default();
    slice.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words of a span; two Han are one.
pub(super) fn num_words(span: &[Word]) -> usize {
    let han_bytes: usize = span.iter().filter(|w| w.is_han).map(|w| w.end - w.start).sum();
    span.iter().filter(|w| !w.is_han).count() + han_bytes.div_ceil(6)
}

/// Calls back with the key and the words of each span of a clause that reads as a phrase.
pub(super) fn each_span<'w>(clause: &'w [Word], language: Language, mut found: impl FnMut(String, &'w [Word], bool)) {
    for first in 0..clause.len() {
        if !matches!(clause[first].part, Part::Content | Part::Negation | Part::Question) {
            continue;
        }
        let is_question = clause[first].part == Part::Question;
        let (mut key, mut num_content, mut gap) = (String::new(), 0, 0);
        for last in first..clause.len() {
            let word = &clause[last];
            let is_subject = word.part == Part::Break && is_question && num_content == 0;
            if (word.part == Part::Break && !is_subject)
                || (last > first && word.part == Part::Question && !word.is_han)
            {
                break;
            }
            let follows_content = last > first && clause[last - 1].part == Part::Content;
            let mark = match word.part {
                Part::Content => Some(""),
                Part::Negation if word.is_han => Some("¬"),
                Part::Negation => Some(""),
                Part::Question => Some("?"),
                Part::Particle if follows_content => Some("+"),
                Part::Particle | Part::Weak | Part::Break => None,
            };
            gap = if mark.is_some() { 0 } else { gap + 1 };
            num_content += usize::from(word.part == Part::Content);
            if gap > MAX_GAP || num_content > MAX_CONTENT_WORDS || num_words(&clause[first..=last]) > MAX_WORDS {
                break;
            }
            if let Some(mark) = mark {
                if !key.is_empty() {
                    key.push(' ');
                }
                key.push_str(mark);
                key.push_str(&word.key);
            }
            let may_end = match word.part {
                Part::Content => true,
                Part::Particle => follows_content,
                Part::Negation => follows_content && !word.is_han && negates_behind(language),
                Part::Question => word.is_han && asks_behind(&word.key),
                Part::Weak | Part::Break => false,
            };
            // A question is whole only up to where its clause ends: not `when my bill` of `when my bill is due`.
            let is_whole =
                !is_question || word.is_han || clause.get(last + 1).is_none_or(|next| next.part == Part::Break);
            if may_end && num_content > 0 && is_whole && !halves_word(clause, first, last) {
                found(
                    key.clone(),
                    &clause[first..=last],
                    is_open(clause, first, last, language),
                );
            }
        }
    }
}

/// Whether a span leaves out a content word next to it, or what denies it.
fn is_open(clause: &[Word], first: usize, last: usize, language: Language) -> bool {
    let before = first.checked_sub(1).map(|at| clause[at].part);
    let behind = clause.get(last + 1).map(|word| word.part);
    matches!(before, Some(Part::Content | Part::Negation))
        || matches!(behind, Some(Part::Content))
        || (matches!(behind, Some(Part::Negation)) && negates_behind(language))
        || (matches!(behind, Some(Part::Particle)) && clause[last].part == Part::Content)
}

/// Whether a span likely begins or ends inside a Chinese word that the lexicon does not know: a lone character at its
/// border has another lone one beside it.
fn halves_word(clause: &[Word], first: usize, last: usize) -> bool {
    let is_lone = |word: &Word| word.is_han && word.part == Part::Content && word.end - word.start <= 4;
    let both = |inner: usize, outer: Option<usize>| {
        is_lone(&clause[inner]) && outer.and_then(|at| clause.get(at)).is_some_and(is_lone)
    };
    both(first, first.checked_sub(1)) || both(last, last.checked_add(1))
}
