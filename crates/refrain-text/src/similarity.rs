//! How alike two texts are, and a fingerprint that equals for trivially different ones.
//!
//! Cosine over word and character-trigram counts without corpus weights, so that a pair scores the
//! same on any night; stop words do not count unless a text has nothing else.

use refrain_record::Language;
use xxhash_rust::xxh3::xxh3_64;

use crate::features::{Block, FeatureConfig, GramBuffer, hash_gram};
use crate::fold::fold;
use crate::stopwords::is_stopword;

/// Share of the words against the characters.
const WORD_SHARE: f64 = 0.5;

/// Compares texts of one language, or of any when none is named; reuses its buffers.
#[derive(Debug, Default)]
pub struct Similarity {
    language: Option<Language>,
    grams: GramBuffer,
}

/// The counts of one text, for comparing it with many.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    words: Vec<(u64, f64)>,
    trigrams: Vec<(u64, f64)>,
}

impl Similarity {
    /// Ignores the stop words of `language`, or of none.
    #[must_use]
    pub fn new(language: Option<Language>) -> Self {
        Self {
            language,
            grams: GramBuffer::default(),
        }
    }

    /// What is compared of a text.
    pub fn profile(&mut self, text: &str) -> Profile {
        let all = self.profile_where(text, |_| true);
        let Some(language) = self.language else {
            return all;
        };
        let telling = self.profile_where(text, |word| !is_stopword(language, word));
        if telling.words.is_empty() { all } else { telling }
    }

    fn profile_where(&mut self, text: &str, keep: impl Fn(&str) -> bool) -> Profile {
        let config = FeatureConfig {
            word_ngrams: (1, 1),
            char_ngrams: (3, 3),
            ..FeatureConfig::default()
        };
        let (mut words, mut trigrams) = (Vec::new(), Vec::new());
        self.grams
            .each_gram_where(text, &config, keep, |block, gram| match block {
                Block::Word => words.push(hash_gram(block, gram)),
                Block::Char => trigrams.push(hash_gram(block, gram)),
                Block::Pair => {}
            });
        Profile {
            words: unit_counts(words),
            trigrams: unit_counts(trigrams),
        }
    }

    /// As [`similarity`], with this language's stop words.
    pub fn compare(&mut self, a: &str, b: &str) -> f64 {
        let (a, b) = (self.profile(a), self.profile(b));
        a.similarity(&b)
    }
}

impl Profile {
    /// From 0 (nothing shared) to 1 (the same words equally often), symmetric; 0 when either is
    /// empty. Chinese has no trigrams inside words, so words alone decide.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f64 {
        if self == other {
            return if self.words.is_empty() { 0.0 } else { 1.0 };
        }
        let words = dot(&self.words, &other.words);
        let trigrams = dot(&self.trigrams, &other.trigrams);
        let score = match (self.trigrams.is_empty(), other.trigrams.is_empty()) {
            (true, true) => words,
            _ => WORD_SHARE * words + (1.0 - WORD_SHARE) * trigrams,
        };
        score.clamp(0.0, 1.0)
    }
}

/// How alike two texts are, from 0 to 1, symmetric, 1 for equal texts with a word in them, whatever
/// their case and punctuation; 0 when either has no word. No stop words are ignored.
#[must_use]
pub fn similarity(a: &str, b: &str) -> f64 {
    Similarity::default().compare(a, b)
}

/// A hash that is equal for texts which differ only in case, whitespace, punctuation, digits and
/// placeholders; texts without any letter share one value.
#[must_use]
pub fn fingerprint(text: &str) -> u64 {
    let mut letters = String::with_capacity(text.len());
    let mut end = 0;
    for placeholder in crate::redact::placeholder_ranges(text) {
        push_letters(&mut letters, &text[end..placeholder.start]);
        end = placeholder.end;
    }
    push_letters(&mut letters, &text[end..]);
    xxh3_64(letters.as_bytes())
}

fn push_letters(letters: &mut String, text: &str) {
    letters.extend(fold(text).chars().filter(|c| c.is_alphabetic()));
}

/// Counts of equal hashes, ascending by hash, scaled to length 1.
fn unit_counts(mut hashes: Vec<u64>) -> Vec<(u64, f64)> {
    hashes.sort_unstable();
    let mut counts: Vec<(u64, f64)> = hashes
        .chunk_by(|a, b| a == b)
        .map(|run| (run[0], run.len() as f64))
        .collect();
    let norm = counts.iter().map(|(_, count)| count * count).sum::<f64>().sqrt();
    counts.iter_mut().for_each(|(_, count)| *count /= norm);
    counts
}

fn dot(a: &[(u64, f64)], b: &[(u64, f64)]) -> f64 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((x, u)), Some((y, v))) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += u * v;
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn alike_scores_above_unlike() {
        let mut english = Similarity::new(Some(Language::En));
        let near = english.compare("Where is my parcel?", "where's the parcel");
        let far = english.compare("Where is my parcel?", "I want a refund");
        assert!(near > 0.6 && far < 0.1, "{near} {far}");
        assert!(similarity("我的包裹在哪里", "包裹在哪") > similarity("我的包裹在哪里", "我要退款"));
        assert_eq!(
            Similarity::new(Some(Language::En)).compare("what is it?", "What is IT"),
            1.0
        );
        assert_eq!(similarity("", ""), 0.0);
    }

    #[test]
    fn fingerprint_sees_only_letters() {
        let base = fingerprint("Where is order 1001? Mail <EMAIL_1>");
        assert_eq!(fingerprint("where is ORDER #77 - mail <EMAIL_12>!"), base);
        assert_eq!(fingerprint("where is order mail"), base);
        assert_ne!(fingerprint("where is my order mail"), base);
        assert_eq!(fingerprint("123 !"), fingerprint(""));
    }

    /// The obvious cosine over a map of words and of padded trigrams.
    fn oracle(a: &str, b: &str) -> f64 {
        type Counts = HashMap<String, f64>;
        let counts = |text: &str| {
            let (mut words, mut trigrams) = (Counts::new(), Counts::new());
            for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
                *words.entry(word.to_owned()).or_default() += 1.0;
                let padded: Vec<char> = format!(" {word} ").chars().collect();
                padded
                    .windows(3)
                    .for_each(|w| *trigrams.entry(w.iter().collect()).or_default() += 1.0);
            }
            (words, trigrams)
        };
        let cosine = |a: &Counts, b: &Counts| {
            let norm = |m: &Counts| m.values().map(|v| v * v).sum::<f64>().sqrt();
            a.iter().map(|(k, v)| v * b.get(k).unwrap_or(&0.0)).sum::<f64>() / (norm(a) * norm(b)).max(1e-12)
        };
        let (a, b) = (counts(a), counts(b));
        0.5 * cosine(&a.0, &b.0) + 0.5 * cosine(&a.1, &b.1)
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle(a in "([abc]{1,4}|[ .])*", b in "([abc]{1,4}|[ .])*") {
            prop_assert!((similarity(&a, &b) - oracle(&a, &b)).abs() < 1e-9);
        }

        #[test]
        fn symmetric_and_bounded(a in "\\PC*", b in "\\PC*") {
            let score = similarity(&a, &b);
            prop_assert_eq!(score, similarity(&b, &a));
            prop_assert!((0.0..=1.0).contains(&score));
            let own = similarity(&a, &a);
            prop_assert!(own == 1.0 || (own == 0.0 && !a.chars().any(char::is_alphanumeric)), "{own}");
        }
    }
}
