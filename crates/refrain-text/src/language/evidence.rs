//! Adds up what the words of a text say for each language and turns it into one guess.
//!
//! Naive Bayes with hand-made likelihoods: a listed word adds the same log-odds to every language
//! that lists it, a telling letter or ending less, the trigrams' pick by its length and confidence.

use std::sync::LazyLock;

use refrain_record::Language;
use rustc_hash::FxHashMap;
use whatlang::{Detector, Lang};

use super::LanguageGuess;
use super::clean::Letters;
use super::words::{ELISIONS, LETTERS, PARTS, SHOP_WORDS};
use crate::stopwords::stopwords;

const NUM_LANGUAGES: usize = Language::ALL.len();

/// Log-odds of one piece of evidence; chosen on labelled one-line messages.
const WORD: f64 = 1.6;
const ONE_LETTER_WORD: f64 = 0.8;
const PART: f64 = 0.5;
const LETTER: f64 = 1.2;
/// Share that counts of a word capitalised inside a sentence: often the title of a product.
const CAPITALISED: f64 = 0.5;
/// Lead of the languages that refrain fully supports; settles Danish against Norwegian.
const PRIOR: f64 = 0.5;
/// Lead that trigrams would not turn.
const DECIDED: f64 = 5.0;
/// Words that are read at most; more would not change the guess.
const MAX_WORDS: usize = 200;

/// Log-odds by language, in the order of [`Language::ALL`].
pub(super) struct Evidence([f64; NUM_LANGUAGES]);

type Mask = u16;

fn mask(language: Language) -> Mask {
    1 << (language as u16)
}

impl Evidence {
    /// What the words, letters and endings of a cleaned text say.
    pub(super) fn of_words(letters: &Letters) -> Self {
        let lexicon = &*LEXICON;
        let mut evidence = Self([0.0; NUM_LANGUAGES]);
        for language in [Language::En, Language::De, Language::Da, Language::Nl, Language::Fr] {
            evidence.add(mask(language), PRIOR);
        }
        let words = letters.clean.split(' ').zip(&letters.capitalised);
        for (word, &capitalised) in words.take(MAX_WORDS) {
            if let Some(&languages) = lexicon.words.get(word) {
                let weight = if word.len() == 1 { ONE_LETTER_WORD } else { WORD };
                let share = if capitalised { CAPITALISED } else { 1.0 };
                evidence.add(languages, share * weight);
            } else if let Some(at) = word.find('\'') {
                let (left, right) = word.split_at(at);
                for piece in [&word[..=at], right, left, &right[1..]] {
                    evidence.add(lexicon.words.get(piece).copied().unwrap_or(0), WORD);
                }
            } else {
                lexicon
                    .parts_of(word)
                    .for_each(|languages| evidence.add(languages, PART));
            }
            evidence.add(lexicon.letters_of(word), LETTER);
        }
        evidence
    }

    /// What `whatlang` says, among the languages known here.
    pub(super) fn add_trigrams(&mut self, letters: &Letters) {
        static DETECTOR: LazyLock<Detector> =
            LazyLock::new(|| Detector::with_allowlist(PAIRS.iter().map(|pair| pair.1).collect()));
        let clean = letters.clean.as_str();
        let end = clean
            .char_indices()
            .nth(MAX_WORDS * 6)
            .map_or(clean.len(), |(at, _)| at);
        let Some(info) = DETECTOR.detect(&clean[..end]) else {
            return;
        };
        if let Some((language, _)) = PAIRS.iter().find(|pair| pair.1 == info.lang()) {
            let length = (letters.words as f64 / 10.0).min(1.0);
            self.add(mask(*language), 0.6 + 1.2 * info.confidence() + 1.5 * length);
        }
    }

    fn add(&mut self, languages: Mask, weight: f64) {
        for (i, score) in self.0.iter_mut().enumerate() {
            if languages & (1 << i) != 0 {
                *score += weight;
            }
        }
    }

    /// Whether the best leads the second by a margin that nothing else would close.
    pub(super) fn is_decided(&self) -> bool {
        let (best, second) = self.best_two();
        self.0[best] - second >= DECIDED
    }

    /// The best language by softmax; `None` without any evidence. Ties go to the earlier language.
    pub(super) fn guess(&self) -> Option<LanguageGuess> {
        let (best, _) = self.best_two();
        let top = self.0[best];
        if top <= PRIOR {
            return None;
        }
        let total: f64 = self.0.iter().map(|score| (score - top).exp()).sum();
        Some(LanguageGuess {
            language: Language::ALL[best],
            confidence: 1.0 / total,
        })
    }

    fn best_two(&self) -> (usize, f64) {
        let (mut best, mut second) = (0, f64::NEG_INFINITY);
        for (i, &score) in self.0.iter().enumerate().skip(1) {
            if score > self.0[best] {
                second = self.0[best];
                best = i;
            } else {
                second = second.max(score);
            }
        }
        (best, second)
    }
}

const PAIRS: [(Language, Lang); NUM_LANGUAGES - 1] = [
    (Language::En, Lang::Eng),
    (Language::De, Lang::Deu),
    (Language::Da, Lang::Dan),
    (Language::Nl, Lang::Nld),
    (Language::Fr, Lang::Fra),
    (Language::Es, Lang::Spa),
    (Language::It, Lang::Ita),
    (Language::Sv, Lang::Swe),
    (Language::Nb, Lang::Nob),
    (Language::Pl, Lang::Pol),
    (Language::Pt, Lang::Por),
];

struct Lexicon {
    words: FxHashMap<&'static str, Mask>,
    starts: FxHashMap<&'static str, Mask>,
    ends: FxHashMap<&'static str, Mask>,
    inside: Vec<(&'static str, Mask)>,
    letters: FxHashMap<char, Mask>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::new);

impl Lexicon {
    fn new() -> Self {
        let all = |languages: &[Language]| languages.iter().fold(0, |sum, &l| sum | mask(l));
        let mut lexicon = Self {
            words: FxHashMap::default(),
            starts: FxHashMap::default(),
            ends: FxHashMap::default(),
            inside: Vec::new(),
            letters: FxHashMap::default(),
        };
        for &language in Language::ALL.iter().filter(|l| **l != Language::Zh) {
            for word in stopwords(language) {
                *lexicon.words.entry(word).or_default() |= mask(language);
            }
        }
        for &(language, words) in SHOP_WORDS {
            for word in words.split_ascii_whitespace() {
                *lexicon.words.entry(word).or_default() |= mask(language);
            }
        }
        for &(piece, languages) in ELISIONS {
            lexicon.words.insert(piece, all(languages));
        }
        for &(part, languages) in PARTS {
            if let Some(end) = part.strip_prefix('-') {
                lexicon.ends.insert(end, all(languages));
            } else if let Some(start) = part.strip_suffix('-') {
                lexicon.starts.insert(start, all(languages));
            } else {
                lexicon.inside.push((part, all(languages)));
            }
        }
        for &(letters, languages) in LETTERS {
            for letter in letters.chars() {
                *lexicon.letters.entry(letter).or_default() |= all(languages);
            }
        }
        lexicon
    }

    /// The longest telling start, the longest telling end, and every telling inside of a word.
    fn parts_of(&self, word: &str) -> impl Iterator<Item = Mask> {
        let starts = (1..=3).rev().filter_map(|n| self.starts.get(word.get(..n)?));
        let ends = (1..=5)
            .rev()
            .filter_map(|n| self.ends.get(word.get(word.len().checked_sub(n)?..)?));
        let inside = self
            .inside
            .iter()
            .filter(|(part, _)| word.contains(part))
            .map(|(_, languages)| languages);
        starts
            .take(1)
            .chain(ends.take(1))
            .chain(inside)
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Languages of the word's telling letters; letters that disagree cancel out.
    fn letters_of(&self, word: &str) -> Mask {
        if word.is_ascii() {
            return 0;
        }
        let mut masks = word.chars().filter_map(|c| self.letters.get(&c).copied());
        let Some(first) = masks.next() else { return 0 };
        masks.fold(first, |sum, languages| sum & languages)
    }
}
