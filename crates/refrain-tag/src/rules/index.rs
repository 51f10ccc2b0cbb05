//! Phrases by the words they begin with: most phrases of a rulebook begin with a whole word, and
//! one hash per word of a message is far cheaper than an automaton step per byte.
//!
//! A phrase is filed under its first word, or its first two where it has them, or the first bytes
//! of an unfinished first word (`liefer*`). A message's words are looked up in a bit filter, then
//! in a table; what is found there is compared in full by the caller.

use super::fold::{is_unspaced, is_word};
use super::phrase::Phrase;
use std::ops::Range;

/// Bytes of a word that one step of the hash takes, and the longest prefix a phrase is filed under.
const CHUNK: usize = 8;

/// Bits of the filter for each phrase: one lookup in a hundred passes for nothing.
const FILTER_BITS_PER_PHRASE: usize = 64;

/// Large enough that a filter of few phrases is one page.
const MIN_FILTER_BITS: usize = 1 << 12;

/// Odd 64-bit constants without structure: the fractions of the golden ratio and of square roots.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const PAIR: u64 = 0x6a09_e667_f3bc_c909;
const PREFIX: u64 = 0xbb67_ae85_84ca_a73b;

/// Where a phrase is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Under a word or two words.
    Words(u64),
    /// Under the first bytes of a word.
    Prefix { bytes: usize, hash: u64 },
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: u64,
    first: u32,
    len: u32,
}

/// Phrases by how they begin; immutable after building.
#[derive(Debug, Default)]
pub(super) struct WordIndex {
    filter: Vec<u64>,
    filter_shift: u32,
    /// Open addressing; an empty slot has no length.
    slots: Vec<Slot>,
    slot_shift: u32,
    phrases: Vec<u32>,
    /// Lengths of prefixes that occur, ascending.
    prefix_bytes: Vec<usize>,
    has_pairs: bool,
}

impl WordIndex {
    /// The index of those phrases that begin with a word, and the places of all others.
    pub(super) fn build(phrases: &[Phrase]) -> (Self, Vec<u32>) {
        let (mut filed, mut others) = (Vec::new(), Vec::new());
        let mut index = Self::default();
        for (place, phrase) in (0_u32..).zip(phrases) {
            match key_of(phrase) {
                Some((Key::Words(hash), is_pair)) => {
                    index.has_pairs |= is_pair;
                    filed.push((hash, place));
                }
                Some((Key::Prefix { bytes, hash }, _)) => {
                    if !index.prefix_bytes.contains(&bytes) {
                        index.prefix_bytes.push(bytes);
                    }
                    filed.push((hash, place));
                }
                None => others.push(place),
            }
        }
        index.prefix_bytes.sort_unstable();
        index.file(filed);
        (index, others)
    }

    /// Whether a phrase is filed here.
    pub(super) fn takes(phrase: &Phrase) -> bool {
        key_of(phrase).is_some()
    }

    fn file(&mut self, mut filed: Vec<(u64, u32)>) {
        if filed.is_empty() {
            return;
        }
        filed.sort_unstable();
        let bits = (filed.len() * FILTER_BITS_PER_PHRASE)
            .next_power_of_two()
            .max(MIN_FILTER_BITS);
        self.filter = vec![0; bits / 64];
        self.filter_shift = 64 - bits.ilog2();
        let num_slots = (filed.len() * 2).next_power_of_two();
        self.slots = vec![
            Slot {
                key: 0,
                first: 0,
                len: 0
            };
            num_slots
        ];
        self.slot_shift = 64 - num_slots.ilog2();
        for same in filed.chunk_by(|a, b| a.0 == b.0) {
            let key = same[0].0;
            let bit = key >> self.filter_shift;
            self.filter[(bit / 64) as usize] |= 1 << (bit % 64);
            let mut at = (key.rotate_left(32) >> self.slot_shift) as usize;
            while self.slots[at].len > 0 {
                at = (at + 1) % num_slots;
            }
            self.slots[at] = Slot {
                key,
                first: self.phrases.len() as u32,
                len: same.len() as u32,
            };
            self.phrases.extend(same.iter().map(|(_, phrase)| phrase));
        }
    }

    /// Whether no phrase is filed here.
    pub(super) fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Calls `each` with phrases that may begin at a byte of a folded and [padded](pad) `text`, by
    /// place of the last word that tells.
    #[inline]
    pub(super) fn each_candidate(&self, text: &str, mut each: impl FnMut(u32, usize)) {
        let mut last = (0, 0);
        each_word(text, |word| {
            let head = chunk_at(text.as_bytes(), &word);
            let hash = hash_word(text.as_bytes(), &word, head);
            self.probe(finish(hash), word.start, &mut each);
            if self.has_pairs {
                self.probe(pair_of(last.0, hash), last.1, &mut each);
            }
            for &bytes in self.prefix_bytes.iter().take_while(|&&bytes| bytes <= word.len()) {
                self.probe(prefix_of(head, bytes), word.start, &mut each);
            }
            last = (hash, word.start);
        });
    }

    #[inline]
    fn probe(&self, key: u64, start: usize, each: &mut impl FnMut(u32, usize)) {
        let bit = key >> self.filter_shift;
        if self.filter[(bit / 64) as usize] >> (bit % 64) & 1 == 1 {
            self.look_up(key, start, each);
        }
    }

    #[inline(never)]
    fn look_up(&self, key: u64, start: usize, each: &mut impl FnMut(u32, usize)) {
        let mut at = (key.rotate_left(32) >> self.slot_shift) as usize;
        loop {
            let slot = self.slots[at];
            if slot.len == 0 {
                return;
            }
            if slot.key == key {
                let phrases = &self.phrases[slot.first as usize..][..slot.len as usize];
                phrases.iter().for_each(|&phrase| each(phrase, start));
                return;
            }
            at = (at + 1) % self.slots.len();
        }
    }
}

/// Where a phrase is filed and whether under two words; `None` when it may begin inside a word or with a sign.
fn key_of(phrase: &Phrase) -> Option<(Key, bool)> {
    let piece = phrase.first_piece();
    if !phrase.begins_at_boundary() || !piece.starts_with(is_word) {
        return None;
    }
    let mut words = Vec::new();
    each_word_slowly(piece, 0, &mut |word| words.push(word));
    let bytes = piece.as_bytes();
    let hash = |word: &Range<usize>| hash_word(bytes, word, chunk_at(bytes, word));
    // A word that ends the piece may go on in the text, unless the phrase must end with it.
    let is_whole = |word: &Range<usize>| {
        word.end < piece.len() || phrase.ends_with_first_piece() || piece[word.start..].starts_with(is_unspaced)
    };
    let first = words.first()?;
    if !is_whole(first) {
        let head = chunk_at(bytes, first);
        let bytes = first.len().min(CHUNK);
        let hash = prefix_of(head, bytes);
        return Some((Key::Prefix { bytes, hash }, false));
    }
    match words.get(1).filter(|second| is_whole(second)) {
        Some(second) => Some((Key::Words(pair_of(hash(first), hash(second))), true)),
        None => Some((Key::Words(finish(hash(first))), false)),
    }
}

/// Appends blanks to a folded text, so that every word of it can be loaded in whole chunks.
pub(super) fn pad(text: &mut String) {
    let blanks = text.len().next_multiple_of(CHUNK) + CHUNK - text.len();
    text.push_str(&"                "[..blanks]);
}

/// Calls `each` with every word of a folded and padded text: runs of letters, digits and `_`; one
/// character in scripts without spaces.
#[inline]
fn each_word(text: &str, mut each: impl FnMut(Range<usize>)) {
    let mut open: Option<usize> = None;
    let mut begin = 0;
    for block in text.as_bytes().chunks(64) {
        let (mut words, mut all, mut place) = (0, 0, 0);
        for eight in block.chunks_exact(CHUNK) {
            let eight = load(eight);
            all |= eight;
            words |= eight_words(eight) << place;
            place += CHUNK;
        }
        if all & HIGH != 0 {
            return each_word_slowly(text, open.unwrap_or(begin), &mut each);
        }
        // A bit is set where a word begins or has just ended.
        let mut edges = words ^ (words << 1 | u64::from(open.is_some()));
        while edges != 0 {
            let at = begin + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            match open.take() {
                Some(start) => each(start..at),
                None => open = Some(at),
            }
        }
        begin += 64;
    }
    // Padding ends every word.
}

/// [`each_word`] from byte `from` on, letter by letter.
fn each_word_slowly(text: &str, from: usize, each: &mut impl FnMut(Range<usize>)) {
    let mut open: Option<usize> = None;
    for (at, c) in text[from..].char_indices().map(|(at, c)| (from + at, c)) {
        let is_unspaced = !c.is_ascii() && is_unspaced(c);
        if is_word(c) && !is_unspaced {
            open.get_or_insert(at);
            continue;
        }
        if let Some(start) = open.take() {
            each(start..at);
        }
        if is_unspaced {
            each(at..at + c.len_utf8());
        }
    }
    if let Some(start) = open {
        each(start..text.len());
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// One bit for each of eight folded ASCII bytes that is a letter, a digit or `_`, the first byte lowest.
#[inline]
fn eight_words(bytes: u64) -> u64 {
    // The high bit of each byte of the sum tells whether the byte is at least `low`; bytes are below 0x80.
    let at_least = |low: u8| (bytes & !HIGH) + ONES * u64::from(0x80 - low);
    let within = |low: u8, high: u8| at_least(low) & !at_least(high + 1);
    // Folded ASCII has no capitals.
    let word = (within(b'a', b'z') | within(b'0', b'9') | within(b'_', b'_')) & HIGH;
    // Gathers the eight high bits into the top byte.
    (word >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[inline]
fn load(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<CHUNK>() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    }
}

/// The first bytes of a word as a number, what follows it cut off.
#[inline]
fn chunk_at(text: &[u8], word: &Range<usize>) -> u64 {
    first_bytes(load(&text[word.start..]), word.len())
}

/// The lowest `len` bytes of a number.
#[inline]
fn first_bytes(number: u64, len: usize) -> u64 {
    if len >= CHUNK {
        number
    } else {
        number & ((1 << (8 * len)) - 1)
    }
}

#[inline]
fn hash_word(text: &[u8], word: &Range<usize>, head: u64) -> u64 {
    let mut hash = head.wrapping_mul(MIX);
    let mut at = word.start + CHUNK;
    while at < word.end {
        hash = (hash.rotate_left(29) ^ chunk_at(text, &(at..word.end))).wrapping_mul(MIX);
        at += CHUNK;
    }
    hash
}

/// Spreads the low bits, in which a product has mixed little, over the high ones that choose a place.
#[inline]
fn finish(hash: u64) -> u64 {
    (hash ^ hash >> 32).wrapping_mul(MIX)
}

#[inline]
fn pair_of(first: u64, second: u64) -> u64 {
    finish((first ^ PAIR).rotate_left(23).wrapping_mul(MIX) ^ second)
}

#[inline]
fn prefix_of(head: u64, bytes: usize) -> u64 {
    finish((first_bytes(head, bytes) ^ PREFIX).wrapping_mul(MIX) ^ bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::super::phrase::PhraseMatch;
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let mut padded = text.to_owned();
        pad(&mut padded);
        each_word(&padded, |word| found.push(&text[word]));
        found
    }

    #[test]
    fn words_are_runs_and_single_characters_without_spaces() {
        assert_eq!(words("it's a_b, 30%"), ["it", "s", "a_b", "30"]);
        assert_eq!(words("größe包裹abc"), ["größe", "包", "裹", "abc"]);
        let long = "x".repeat(200);
        assert_eq!(words(&format!("{long} ü {long}")), [long.as_str(), "ü", &long]);
        assert!(words(" ?!").is_empty() && words("").is_empty());
    }

    #[test]
    fn phrases_are_filed_by_whole_words_or_prefixes() {
        use PhraseMatch::{Compound, Prefix, Word};
        let key = |text: &str, mode| key_of(&Phrase::parse(text, mode).unwrap());
        let is_prefix = |text, mode| matches!(key(text, mode), Some((Key::Prefix { .. }, _)));
        assert!(is_prefix("paket", Prefix) && is_prefix("liefer*", Word));
        assert!(!is_prefix("paket", Word) && !is_prefix("kein paket*", Word));
        assert!(key("two words", Word).unwrap().1 && !key("two word*", Word).unwrap().1);
        assert!(key("退款", Prefix).unwrap().1);
        assert_eq!(key("paket", Compound), None);
        assert_eq!(key("?paket", Word), None);
    }

    proptest! {
        #[test]
        fn blocks_and_letters_agree(text in "[a-z0-9_ .,@`{/:\\[^ü包]{0,150}") {
            let mut slow = Vec::new();
            each_word_slowly(&text, 0, &mut |word| slow.push(&text[word]));
            prop_assert_eq!(words(&text), slow);
        }
    }
}
