//! What sets an issue apart, in its customers' words: class-based TF-IDF over phrases of 1-4 words.
//!
//! `"Hi, my package not arrived!"` offers `package`, `arrived` and `package not arrived`.

use crate::distinct::{collapse, sample};
use refrain_record::Language;
use refrain_text::{fold, is_stopword, tokens};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Texts of an issue that its name is made from.
const NAMED_FROM: usize = 300;
const MAX_PHRASE_WORDS: usize = 4;
const NUM_TERMS: usize = 10;
/// A second phrase joins the title when it is at least this strong beside the first.
const SECOND_PHRASE_SHARE: f64 = 0.4;
/// A phrase that a longer one repeats in this share of its texts is cut off: `order a new` of `order a new card`.
const CUT_OFF_SHARE: f64 = 0.4;
/// A longer phrase says more and is read more easily, but is heard less often.
const LENGTH_BONUS: [f64; MAX_PHRASE_WORDS] = [1.0, 1.7, 2.0, 2.1];
/// Words that stop-word lists hold but that turn a problem into its opposite.
const NEGATIONS: [&str; 16] = [
    "not", "no", "never", "cannot", "can't", "won't", "doesn't", "didn't", "don't", "nicht", "kein", "keine", "niet",
    "ikke", "pas", "geen",
];
/// Stop words that end a phrase well: `top up`, `money back`.
const PARTICLES: [&str; 5] = ["up", "out", "off", "back", "down"];

/// What one person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// The text.
    pub text: &'a str,
    /// Who said it, when known.
    pub person: Option<&'a str>,
}

/// Texts of one issue.
#[derive(Debug, Clone)]
pub struct Class<'a> {
    language: Option<Language>,
    /// A sample of the members' texts; each counts once however often it says a phrase.
    texts: Vec<&'a str>,
}

impl<'a> Class<'a> {
    /// A class of what was said, in any order; near-duplicates count once and 300 of the rest are read.
    #[must_use]
    pub fn new(language: Option<Language>, said: &[Said<'a>], seed: u64) -> Self {
        let all: Vec<&str> = said.iter().map(|s| s.text).collect();
        let distinct = collapse(&all).texts;
        let chosen = sample(&distinct, NAMED_FROM, seed);
        Class {
            language,
            texts: chosen.into_iter().map(|at| distinct[at]).collect(),
        }
    }
}

/// Title and terms of an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// A few words; empty when the texts hold none.
    pub title: String,
    /// Best first, at most ten.
    pub terms: Vec<String>,
}

#[derive(Default)]
struct Phrase {
    num_texts: u32,
    num_words: usize,
    surfaces: BTreeMap<String, u32>,
}

type Phrases = FxHashMap<String, Phrase>;

/// A name for each class, from what is frequent in it and rare in the others.
///
/// Ties go to the phrase that sorts first. A class whose texts hold nothing but stop words gets
/// an empty name.
#[must_use]
pub fn name_classes(classes: &[Class<'_>]) -> Vec<Name> {
    use rayon::prelude::*;
    let counted: Vec<Phrases> = classes.par_iter().map(count_phrases).collect();
    let mut totals: FxHashMap<&str, f64> = FxHashMap::default();
    for (phrases, class) in counted.iter().zip(classes) {
        for (key, phrase) in phrases {
            // Shares of small whole numbers; a class counts as much as any other.
            *totals.entry(key).or_insert(0.0) += share(phrase, class);
        }
    }
    counted
        .par_iter()
        .zip(classes)
        .map(|(phrases, class)| name_class(phrases, class, &totals))
        .collect()
}

fn share(phrase: &Phrase, class: &Class<'_>) -> f64 {
    f64::from(phrase.num_texts) / class.texts.len().max(1) as f64
}

fn name_class(phrases: &Phrases, class: &Class<'_>, totals: &FxHashMap<&str, f64>) -> Name {
    let floor = if class.texts.len() >= 8 { 2 } else { 1 };
    let mut scored: Vec<(f64, &str, &Phrase)> = phrases
        .iter()
        .filter(|(_, phrase)| phrase.num_texts >= floor)
        .map(|(key, phrase)| {
            let total = totals.get(key.as_str()).copied().unwrap_or(1.0);
            let own = share(phrase, class);
            (
                own * (1.0 + 1.0 / total).ln() * (own / total).sqrt(),
                key.as_str(),
                phrase,
            )
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    Name {
        title: title(&scored),
        terms: distinct_terms(&scored),
    }
}

/// The best phrase, and the best one beside it that shares no word with it.
fn title(scored: &[(f64, &str, &Phrase)]) -> String {
    let weigh = |(score, _, phrase): &(f64, &str, &Phrase)| score * LENGTH_BONUS[phrase.num_words - 1];
    let mut ranked: Vec<(f64, &str, &Phrase)> = scored.iter().map(|entry| (weigh(entry), entry.1, entry.2)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let Some(&(best, key, phrase)) = ranked.first() else {
        return String::new();
    };
    let (key, phrase) = completed(&ranked, key, phrase);
    let mut title = capitalised(surface(phrase));
    let beside = ranked
        .iter()
        .take_while(|other| other.0 >= best * SECOND_PHRASE_SHARE)
        .map(|&(_, other, phrase)| completed(&ranked, other, phrase))
        .find(|other| !overlap(key, other.0));
    if let Some((_, other)) = beside {
        title.push_str(" · ");
        title.push_str(surface(other));
    }
    title
}

/// The longest phrase that the given one is cut off from, itself when there is none.
fn completed<'p>(
    ranked: &[(f64, &'p str, &'p Phrase)],
    mut key: &'p str,
    mut phrase: &'p Phrase,
) -> (&'p str, &'p Phrase) {
    let extends = |longer: &str, key: &str| {
        longer.strip_prefix(key).is_some_and(|rest| rest.starts_with(' '))
            || longer.strip_suffix(key).is_some_and(|rest| rest.ends_with(' '))
    };
    // Each step adds a word, so this ends.
    while let Some(&(_, longer, found)) = ranked.iter().find(|(_, longer, found)| {
        extends(longer, key) && f64::from(found.num_texts) >= CUT_OFF_SHARE * f64::from(phrase.num_texts)
    }) {
        (key, phrase) = (longer, found);
    }
    (key, phrase)
}

fn distinct_terms(scored: &[(f64, &str, &Phrase)]) -> Vec<String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut terms = Vec::new();
    for (_, key, phrase) in scored {
        let is_part = |other: &&str| key.split(' ').all(|word| other.split(' ').any(|w| w == word));
        if kept.iter().any(is_part) {
            continue;
        }
        kept.push(key);
        terms.push(surface(phrase).to_owned());
        if terms.len() == NUM_TERMS {
            break;
        }
    }
    terms
}

/// Words are the same when one begins with the other: `card` and `cards`.
fn overlap(a: &str, b: &str) -> bool {
    a.split(' ')
        .any(|x| b.split(' ').any(|y| x.starts_with(y) || y.starts_with(x)))
}

/// The most frequent spelling, ties to the one that sorts last: lower case before capitals.
fn surface(phrase: &Phrase) -> &str {
    phrase
        .surfaces
        .iter()
        .max_by_key(|(text, count)| (**count, *text))
        .map_or("", |(text, _)| text)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn count_phrases(class: &Class<'_>) -> Phrases {
    let mut phrases = Phrases::default();
    for text in &class.texts {
        let words = words(text, class.language);
        let mut seen: BTreeMap<String, (usize, &str)> = BTreeMap::new();
        for first in 0..words.len() {
            for last in first..words.len().min(first + MAX_PHRASE_WORDS) {
                if last > first && !words[last].follows {
                    break;
                }
                if words[first].may_start && words[last].may_end && words[first..=last].iter().any(|w| !w.is_weak) {
                    let key: Vec<&str> = words[first..=last].iter().map(|w| w.folded.as_str()).collect();
                    seen.entry(key.join(" "))
                        .or_insert((last - first + 1, &text[words[first].start..words[last].end]));
                }
            }
        }
        for (key, (num_words, surface)) in seen {
            let phrase = phrases.entry(key).or_default();
            phrase.num_texts += 1;
            phrase.num_words = num_words;
            *phrase
                .surfaces
                .entry(surface.split_whitespace().collect::<Vec<_>>().join(" "))
                .or_insert(0) += 1;
        }
    }
    phrases
}

struct Word {
    folded: String,
    start: usize,
    end: usize,
    /// Only space or nothing lies between it and the word before.
    follows: bool,
    /// A stop word: never alone.
    is_weak: bool,
    may_start: bool,
    may_end: bool,
}

/// Words that may be part of a phrase; numbers and placeholders such as `<EMAIL_1>` break it.
fn words(text: &str, language: Option<Language>) -> Vec<Word> {
    let mut words = Vec::new();
    let mut last_end = None;
    for token in tokens(text) {
        let is_placeholder = text[..token.start].ends_with('<') && text[token.end..].starts_with('>');
        if is_placeholder
            || !token
                .text
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'))
        {
            last_end = None;
            continue;
        }
        let folded = fold(token.text).into_owned();
        let is_stop = is_stopword(language.unwrap_or(Language::En), &folded);
        let is_negation = NEGATIONS.contains(&folded.as_str());
        let is_weak = is_stop || is_negation;
        words.push(Word {
            start: token.start,
            end: token.end,
            follows: last_end.is_some_and(|end: usize| text[end..token.start].chars().all(char::is_whitespace)),
            may_start: !is_stop || is_negation,
            may_end: !is_weak || (!words.is_empty() && PARTICLES.contains(&folded.as_str())),
            is_weak,
            folded,
        });
        last_end = Some(token.end);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class<'a>(texts: &[&'a str]) -> Class<'a> {
        let said: Vec<Said<'a>> = texts.iter().map(|text| Said { text, person: None }).collect();
        Class::new(Some(Language::En), &said, 0)
    }

    #[test]
    fn titles_read_as_a_person_would_write() {
        let names = name_classes(&[
            class(&[
                "my package not arrived",
                "Package not arrived yet",
                "the package not arrived, help",
            ]),
            class(&[
                "the voucher code is rejected",
                "voucher code rejected",
                "my voucher code was rejected",
            ]),
        ]);
        assert_eq!(names[0].title, "Package not arrived");
        assert!(names[1].title.starts_with("Voucher code"), "{}", names[1].title);
        assert!(names[0].terms.len() <= 10 && !names[0].terms.is_empty());
    }

    #[test]
    fn placeholders_and_numbers_stay_out() {
        let texts = [
            "mail <EMAIL_1> about order 4711 broken lamp",
            "write to <EMAIL_2> order 4712 broken lamp",
        ];
        let names = name_classes(&[class(&texts)]);
        let all = format!("{} {}", names[0].title, names[0].terms.join(" "));
        assert!(!all.contains("EMAIL") && !all.contains("471"), "{all}");
        assert!(all.to_lowercase().contains("broken lamp"), "{all}");
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(
            name_classes(&[class(&[]), class(&["", "the", "🎉 42"])]),
            [Name::default(), Name::default()]
        );
        assert!(name_classes(&[]).is_empty());
    }
}
