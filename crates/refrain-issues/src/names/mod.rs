//! What sets an issue apart, in its customers' words: a title of a few words and its terms.
//!
//! `"Hi, my package not arrived!"`, said by several in such words, is `Package not arrived`. What one person says
//! names nothing, so names of customers and their stories stay out. `examples/titles.rs` measures it.

mod grammar;
mod han;
mod phrases;
mod title;
mod words;

use crate::distinct::{collapse, sample};
use han::Lexicon;
use phrases::{MAX_WORDS, Phrases, count_phrases};
use refrain_record::Language;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use title::{MAX_CHARS, Shares, compose, terms};
use words::{Word, clauses, han_runs};

/// Texts of an issue that its name is made from.
const NAMED_FROM: usize = 300;
/// Persons that a phrase must be said by, where there are as many.
const MIN_VOICES: u32 = 2;
/// One person in this many must say a phrase of a large issue.
const VOICES_PER_HEARD: u32 = 50;

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
    language: Language,
    /// A sample of the texts; each counts once however often it says a phrase.
    texts: Vec<&'a str>,
    /// Persons behind each text, ascending; a text whose writer is unknown is a person of its own.
    voices: Vec<Vec<u32>>,
    num_voices: u32,
}

/// Title and terms of an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// A few words; empty when the texts hold none.
    pub title: String,
    /// Best first, at most ten.
    pub terms: Vec<String>,
}

impl<'a> Class<'a> {
    /// A class of what was said, in any order; near-duplicates count once and 300 of the rest are read.
    #[must_use]
    pub fn new(language: Option<Language>, said: &[Said<'a>], seed: u64) -> Self {
        let all: Vec<&str> = said.iter().map(|s| s.text).collect();
        let distinct = collapse(&all);
        let mut class = Class {
            language: language.unwrap_or(Language::En),
            texts: Vec::new(),
            voices: Vec::new(),
            num_voices: 0,
        };
        let mut numbers: BTreeMap<Result<&str, usize>, u32> = BTreeMap::new();
        for at in sample(&distinct.texts, NAMED_FROM, seed) {
            let persons = distinct.positions[at].iter().map(|&i| said[i].person.ok_or(at));
            let mut voices: Vec<u32> = Vec::new();
            for person in persons {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                voices.push(*numbers.entry(person).or_insert(next));
            }
            voices.sort_unstable();
            voices.dedup();
            class.texts.push(distinct.texts[at]);
            class.voices.push(voices);
        }
        class.num_voices = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        class
    }

    fn clauses(&self, lexicon: &Lexicon) -> Vec<Vec<Vec<Word>>> {
        self.texts
            .iter()
            .map(|text| clauses(text, self.language, lexicon))
            .collect()
    }
}

/// A name for each class, from what is frequent in it and rare in the others.
///
/// Ties go to the phrase that sorts first. A class whose texts hold no word gets an empty name.
#[must_use]
pub fn name_classes(classes: &[Class<'_>]) -> Vec<Name> {
    use rayon::prelude::*;
    let runs: Vec<Vec<Vec<char>>> = classes
        .par_iter()
        .map(|class| {
            class
                .texts
                .iter()
                .flat_map(|text| han_runs(text, class.language))
                .collect()
        })
        .collect();
    let lexicon = Lexicon::learn(runs.iter().flatten().map(Vec::as_slice));
    let read: Vec<(Vec<Vec<Vec<Word>>>, Phrases)> = classes
        .par_iter()
        .map(|class| {
            let clauses = class.clauses(&lexicon);
            let texts = class.texts.iter().zip(&clauses).zip(&class.voices);
            let texts = texts.map(|((text, clauses), voices)| (*text, clauses.as_slice(), voices.as_slice()));
            let phrases = count_phrases(texts, class.language);
            (clauses, phrases)
        })
        .collect();
    let mut totals: FxHashMap<&str, f64> = FxHashMap::default();
    for ((_, phrases), class) in read.iter().zip(classes) {
        for (key, phrase) in phrases {
            // A class counts as much as any other.
            *totals.entry(key).or_insert(0.0) += f64::from(phrase.num_voices) / f64::from(class.num_voices.max(1));
        }
    }
    read.par_iter()
        .zip(classes)
        .map(|((clauses, phrases), class)| {
            let shares = Shares {
                phrases,
                num_voices: class.num_voices,
                totals: &totals,
            };
            name_class(&shares, class, clauses)
        })
        .collect()
}

fn name_class(shares: &Shares<'_>, class: &Class<'_>, clauses: &[Vec<Vec<Word>>]) -> Name {
    let candidates = shares.candidates(MIN_VOICES.max(class.num_voices / VOICES_PER_HEARD));
    let mut title = compose(shares, &candidates);
    if title.is_empty() {
        let texts: Vec<(&str, &[Vec<Word>])> = class
            .texts
            .iter()
            .zip(clauses)
            .map(|(text, clauses)| (*text, clauses.as_slice()))
            .collect();
        title = shares.central_clause(&texts);
    }
    if title.is_empty() {
        title = first_words(&class.texts);
    }
    Name {
        title: bounded(capitalised(&title)),
        terms: terms(&candidates),
    }
}

/// The first words of the shortest text that holds a letter, ties to the one that sorts first.
fn first_words(texts: &[&str]) -> String {
    let spoken = texts.iter().filter(|text| text.chars().any(char::is_alphabetic));
    let shortest = spoken.min_by_key(|text| (text.chars().count(), **text));
    let words: Vec<&str> = shortest
        .map_or("", |text| text)
        .split_whitespace()
        .take(MAX_WORDS)
        .collect();
    words.join(" ")
}

/// The title cut at a blank, or within a word that alone is too long.
fn bounded(title: String) -> String {
    let Some((end, _)) = title.char_indices().nth(MAX_CHARS) else {
        return title;
    };
    let cut = &title[..end];
    cut.rsplit_once(' ').map_or(cut, |(head, _)| head).to_owned()
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests;
