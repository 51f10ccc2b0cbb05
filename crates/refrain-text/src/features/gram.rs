//! Cuts a text into n-grams without allocating one, and remembers what a word gives by itself.
//!
//! The text is folded into one buffer of words between single spaces, `" where is 订单 "`; every
//! n-gram is a slice of it. Words give word n-grams and, with the spaces around them, character
//! n-grams (as scikit-learn's `char_wb`). A run of Han or Kana gives its 1-3 character n-grams as
//! if they were words, since no spaces tell where its words end.

use rustc_hash::{FxHashMap, FxHashSet};
use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::FeatureConfig;
use crate::fold::{Folded, folded_char, is_cjk, nfc};

const CJK_GRAMS: (usize, usize) = (1, 3);

/// Words whose features are remembered before all are forgotten: a few megabytes.
const MAX_REMEMBERED: usize = 1 << 15;

/// The kind of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// Word n-grams, character n-grams of scripts without spaces, and the first word behind a space.
    Word,
    /// Character n-grams inside words.
    Char,
    /// Two different words near each other, the lesser first, joined by [`PAIR_JOINT`].
    Pair,
}

/// What stands between the words of a pair; no word holds it.
pub const PAIR_JOINT: char = '+';

/// The 64-bit name of an n-gram, stable across versions and machines.
///
/// That of a pair comes from those of its words, whatever their order.
#[inline]
#[must_use]
pub fn hash_gram(block: Block, gram: &str) -> u64 {
    match block {
        Block::Word => xxh3_64_with_seed(gram.as_bytes(), 1),
        Block::Char => xxh3_64_with_seed(gram.as_bytes(), 2),
        Block::Pair => {
            let (a, b) = gram.split_once(PAIR_JOINT).unwrap_or((gram, ""));
            hash_pair(hash_gram(Block::Word, a), hash_gram(Block::Word, b))
        }
    }
}

/// The name of a pair from those of its words: one multiplication, folded, of their sum and difference.
#[inline]
fn hash_pair(a: u64, b: u64) -> u64 {
    let (low, high) = (a.min(b), a.max(b));
    // Odd constants without structure, as in xxh3's own mixing.
    let product = u128::from(low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(high ^ 0xc2b2_ae3d_27d4_eb4f);
    (product as u64) ^ (product >> 64) as u64
}

#[derive(Debug, Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    is_cjk: bool,
}

/// The features that single words give by themselves, so that a word met again costs one lookup.
#[derive(Debug)]
pub(super) struct Remembered<F> {
    places: FxHashMap<u64, (usize, usize)>,
    features: Vec<F>,
}

impl<F> Default for Remembered<F> {
    fn default() -> Self {
        Self {
            places: FxHashMap::default(),
            features: Vec::new(),
        }
    }
}

/// Buffers that are reused from text to text.
#[derive(Debug, Default)]
pub(crate) struct GramBuffer {
    folded: String,
    words: Vec<Word>,
    bounds: Vec<usize>,
    pair: String,
    hashes: Vec<u64>,
}

impl GramBuffer {
    /// Calls `each` with every n-gram of the text, repeats included.
    #[cfg(test)]
    pub(super) fn each_gram(&mut self, text: &str, config: &FeatureConfig, each: impl FnMut(Block, &str)) {
        self.each_gram_where(text, config, |_| true, each);
    }

    /// Calls `each` with the n-grams of the text, but with those inside words only where a word is not
    /// among `known`, to which its words are added.
    pub(super) fn each_new_gram(
        &mut self,
        text: &str,
        config: &FeatureConfig,
        known: &mut FxHashSet<u64>,
        mut each: impl FnMut(Block, &str),
    ) {
        self.fold_words(text);
        self.each_outer_gram(config, &mut each);
        for place in 0..self.words.len() {
            let word = self.words[place];
            let hash = hash_gram(Block::Word, &self.folded[word.start..word.end]);
            if known.insert(hash) {
                self.each_inner_gram(word, config, &mut each);
            }
        }
    }

    /// Appends what `feature` makes of every n-gram of the text, repeats included; the same n-grams as
    /// [`Self::each_gram`], in another order.
    pub(super) fn list_features<F: Copy>(
        &mut self,
        text: &str,
        config: &FeatureConfig,
        remembered: &mut Remembered<F>,
        feature: impl Fn(Block, u64) -> Option<F>,
        out: &mut Vec<F>,
    ) {
        self.fold_words(text);
        self.hashes.clear();
        if remembered.places.len() > MAX_REMEMBERED {
            remembered.places.clear();
            remembered.features.clear();
        }
        for place in 0..self.words.len() {
            let word = self.words[place];
            let text = &self.folded[word.start..word.end];
            let hash = hash_gram(Block::Word, text);
            self.hashes.push(hash);
            if word.is_cjk {
                self.each_inner_gram(word, config, &mut |block, gram| {
                    out.extend(feature(block, hash_gram(block, gram)));
                });
                continue;
            }
            let (start, end) = if let Some(&known) = remembered.places.get(&hash) {
                known
            } else {
                let start = remembered.features.len();
                if config.word_ngrams.0 <= 1 && config.word_ngrams.1 > 0 {
                    remembered.features.extend(feature(Block::Word, hash));
                }
                self.each_inner_gram(word, config, &mut |block, gram| {
                    remembered.features.extend(feature(block, hash_gram(block, gram)));
                });
                let known = (start, remembered.features.len());
                remembered.places.insert(hash, known);
                known
            };
            out.extend_from_slice(&remembered.features[start..end]);
        }
        if config.word_ngrams.1 > 1 {
            let longer = (config.word_ngrams.0.max(2), config.word_ngrams.1);
            self.each_word_gram(longer, &mut |block, gram| {
                out.extend(feature(block, hash_gram(block, gram)))
            });
        }
        if config.first_word {
            let hash = self.first_word().map(|gram| hash_gram(Block::Word, gram));
            out.extend(hash.and_then(|hash| feature(Block::Word, hash)));
        }
        if config.pair_window > 0 {
            for place in (0..self.words.len()).filter(|&place| !self.words[place].is_cjk) {
                let hash = self.hashes[place];
                let later = self
                    .words
                    .iter()
                    .zip(&self.hashes)
                    .skip(place + 1)
                    .take(config.pair_window);
                for (_, &other) in later.filter(|(word, other)| !word.is_cjk && **other != hash) {
                    out.extend(feature(Block::Pair, hash_pair(hash, other)));
                }
            }
        }
    }

    /// As [`Self::each_gram`] over the words that `keep` accepts; for single words, since a longer
    /// n-gram still spans what was left out between them.
    #[inline]
    pub(crate) fn each_gram_where(
        &mut self,
        text: &str,
        config: &FeatureConfig,
        keep: impl Fn(&str) -> bool,
        mut each: impl FnMut(Block, &str),
    ) {
        self.fold_words(text);
        self.words.retain(|word| keep(&self.folded[word.start..word.end]));
        self.each_outer_gram(config, &mut each);
        for place in 0..self.words.len() {
            self.each_inner_gram(self.words[place], config, &mut each);
        }
    }

    /// The n-grams of words, and pairs.
    fn each_outer_gram(&mut self, config: &FeatureConfig, each: &mut impl FnMut(Block, &str)) {
        if config.word_ngrams.1 > 0 {
            self.each_word_gram(config.word_ngrams, each);
        }
        if config.first_word {
            self.first_word().into_iter().for_each(|gram| each(Block::Word, gram));
        }
        if config.pair_window > 0 {
            self.each_pair(config.pair_window, each);
        }
    }

    /// The n-grams of characters of one word.
    fn each_inner_gram(&mut self, word: Word, config: &FeatureConfig, each: &mut impl FnMut(Block, &str)) {
        if word.is_cjk {
            // Without a word block the characters of unspaced scripts would be lost.
            let block = if config.word_ngrams.1 > 0 {
                Block::Word
            } else {
                Block::Char
            };
            fill_bounds(&mut self.bounds, &self.folded, word.start, word.end);
            for size in CJK_GRAMS.0..=CJK_GRAMS.1.min(self.bounds.len() - 1) {
                for ends in self.bounds.windows(size + 1) {
                    each(block, &self.folded[ends[0]..ends[size]]);
                }
            }
        } else if config.char_ngrams.1 > 0 {
            // The single spaces around the word stand before `start` and at `end`.
            fill_bounds(&mut self.bounds, &self.folded, word.start - 1, word.end + 1);
            each_char_gram(&self.folded, &self.bounds, config.char_ngrams, each);
        }
    }

    fn each_word_gram(&self, (shortest, longest): (usize, usize), each: &mut impl FnMut(Block, &str)) {
        for (first, word) in self.words.iter().enumerate() {
            for size in 1..=longest {
                let Some(last) = self.words.get(first + size - 1) else {
                    break;
                };
                if word.is_cjk || last.is_cjk {
                    break;
                }
                if size >= shortest {
                    each(Block::Word, &self.folded[word.start..last.end]);
                }
            }
        }
    }

    /// The first word with the space before it; no other word feature begins with a space.
    fn first_word(&self) -> Option<&str> {
        let first = self.words.first().filter(|word| !word.is_cjk)?;
        Some(&self.folded[first.start - 1..first.end])
    }

    fn each_pair(&mut self, window: usize, each: &mut impl FnMut(Block, &str)) {
        for (place, first) in self.words.iter().enumerate().filter(|(_, word)| !word.is_cjk) {
            let a = &self.folded[first.start..first.end];
            for second in self.words[place + 1..].iter().take(window).filter(|word| !word.is_cjk) {
                let b = &self.folded[second.start..second.end];
                let (low, high) = if a < b { (a, b) } else { (b, a) };
                if low == high {
                    continue;
                }
                self.pair.clear();
                self.pair.push_str(low);
                self.pair.push(PAIR_JOINT);
                self.pair.push_str(high);
                each(Block::Pair, &self.pair);
            }
        }
    }

    fn fold_words(&mut self, text: &str) {
        self.folded.clear();
        self.words.clear();
        self.folded.push(' ');
        let mut open: Option<Word> = None;
        for c in nfc(text).chars() {
            let folded = folded_char(c);
            if matches!(folded, Folded::Drop) {
                continue;
            }
            let is_word = c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c));
            let cjk = is_word && is_cjk(c);
            if let Some(word) = open.filter(|word| !is_word || word.is_cjk != cjk) {
                self.close(word);
                open = None;
            }
            if !is_word {
                continue;
            }
            open.get_or_insert(Word {
                start: self.folded.len(),
                end: 0,
                is_cjk: cjk,
            });
            match folded {
                Folded::Text(pair) => pair.into_iter().flatten().for_each(|c| self.folded.push(c)),
                Folded::Lower(c) => self.folded.extend(c.to_lowercase()),
                Folded::Drop | Folded::Space => {}
            }
        }
        if let Some(word) = open {
            self.close(word);
        }
    }

    fn close(&mut self, word: Word) {
        let end = self.folded.len();
        if end > word.start {
            self.words.push(Word { end, ..word });
            self.folded.push(' ');
        }
    }
}

/// The byte offsets of the characters in a range, and the range's end.
fn fill_bounds(bounds: &mut Vec<usize>, text: &str, start: usize, end: usize) {
    bounds.clear();
    let bytes = &text.as_bytes()[start..end];
    bounds.extend(
        bytes
            .iter()
            .enumerate()
            .filter(|(_, b)| (**b as i8) >= -0x40)
            .map(|(i, _)| start + i),
    );
    bounds.push(end);
}

fn each_char_gram(
    text: &str,
    bounds: &[usize],
    (shortest, longest): (usize, usize),
    each: &mut impl FnMut(Block, &str),
) {
    let num_chars = bounds.len() - 1;
    for size in shortest.max(1)..=longest {
        if size >= num_chars {
            // A word no longer than the n-gram counts once, whole.
            each(Block::Char, &text[bounds[0]..bounds[num_chars]]);
            break;
        }
        for ends in bounds.windows(size + 1) {
            each(Block::Char, &text[ends[0]..ends[size]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(text: &str, config: &FeatureConfig) -> Vec<(Block, String)> {
        let mut found = Vec::new();
        GramBuffer::default().each_gram(text, config, |block, gram| found.push((block, gram.to_owned())));
        found
    }

    #[test]
    fn cuts_words_and_padded_characters() {
        let config = FeatureConfig {
            char_ngrams: (3, 4),
            ..FeatureConfig::default()
        };
        let found = grams("My Box!", &config);
        let of = |block| {
            found
                .iter()
                .filter(|g| g.0 == block)
                .map(|g| g.1.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(Block::Word), ["my", "my box", "box"]);
        assert_eq!(
            of(Block::Char),
            [" my", "my ", " my ", " bo", "box", "ox ", " box", "box "]
        );
    }

    #[test]
    fn the_first_word_keeps_its_space() {
        let config = FeatureConfig {
            word_ngrams: (1, 1),
            first_word: true,
            char_ngrams: (0, 0),
            ..FeatureConfig::default()
        };
        let texts = |text| grams(text, &config).into_iter().map(|g| g.1).collect::<Vec<_>>();
        assert_eq!(texts("- My box"), ["my", "box", " my"]);
        assert_eq!(texts("?"), [""; 0]);
    }

    #[test]
    fn runs_of_han_count_as_words() {
        let found = grams(
            "订单号 ok",
            &FeatureConfig {
                char_ngrams: (0, 0),
                ..FeatureConfig::default()
            },
        );
        let texts = found.iter().map(|g| g.1.as_str()).collect::<Vec<_>>();
        assert_eq!(texts, ["ok", "订", "单", "号", "订单", "单号", "订单号"]);
    }

    #[test]
    fn odd_text_gives_nothing() {
        assert!(grams("?! \u{200b} \u{301}", &FeatureConfig::default()).len() <= 2);
        assert!(grams("", &FeatureConfig::default()).is_empty());
    }
}
