//! Cuts a text into n-grams without allocating one.
//!
//! The text is folded into one buffer of words between single spaces, `" where is 订单 "`; every
//! n-gram is a slice of it. Words give word n-grams and, with the spaces around them, character
//! n-grams (as scikit-learn's `char_wb`). A run of Han or Kana gives its 1-3 character n-grams as
//! if they were words, since no spaces tell where its words end.

use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::FeatureConfig;
use crate::fold::{Folded, folded_char, is_cjk, nfc};

const CJK_GRAMS: (usize, usize) = (1, 3);

/// The kind of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// Word n-grams, and character n-grams of scripts without spaces.
    Word,
    /// Character n-grams inside words.
    Char,
    /// Two different words near each other, the lesser first, joined by [`PAIR_JOINT`].
    Pair,
}

/// What stands between the words of a pair; no word holds it.
pub const PAIR_JOINT: char = '+';

/// The 64-bit name of an n-gram, stable across versions and machines.
#[inline]
#[must_use]
pub fn hash_gram(block: Block, gram: &str) -> u64 {
    let seed = match block {
        Block::Word => 1,
        Block::Char => 2,
        Block::Pair => 3,
    };
    xxh3_64_with_seed(gram.as_bytes(), seed)
}

#[derive(Debug, Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    is_cjk: bool,
}

/// Buffers that are reused from text to text.
#[derive(Debug, Default)]
pub(crate) struct GramBuffer {
    folded: String,
    words: Vec<Word>,
    bounds: Vec<usize>,
    pair: String,
}

impl GramBuffer {
    /// Calls `each` with every n-gram of the text, repeats included.
    pub(super) fn each_gram(&mut self, text: &str, config: &FeatureConfig, each: impl FnMut(Block, &str)) {
        self.each_gram_where(text, config, |_| true, each);
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
        if config.word_ngrams.1 > 0 {
            self.each_word_gram(config.word_ngrams, &mut each);
        }
        if config.pair_window > 0 {
            self.each_pair(config.pair_window, &mut each);
        }
        // Without a word block the characters of unspaced scripts would be lost.
        let cjk_block = if config.word_ngrams.1 > 0 {
            Block::Word
        } else {
            Block::Char
        };
        for word in &self.words {
            if word.is_cjk {
                fill_bounds(&mut self.bounds, &self.folded, word.start, word.end);
                for size in CJK_GRAMS.0..=CJK_GRAMS.1.min(self.bounds.len() - 1) {
                    for ends in self.bounds.windows(size + 1) {
                        each(cjk_block, &self.folded[ends[0]..ends[size]]);
                    }
                }
            } else if config.char_ngrams.1 > 0 {
                // The single spaces around the word stand before `start` and at `end`.
                fill_bounds(&mut self.bounds, &self.folded, word.start - 1, word.end + 1);
                each_char_gram(&self.folded, &self.bounds, config.char_ngrams, &mut each);
            }
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
