//! Words of a text with their places: Unicode word boundaries, Han and Kana one by one.
//!
//! `"Wo ist 订单 42?"` gives `Wo`, `ist`, `订`, `单`, `42`.

use unicode_segmentation::UnicodeSegmentation;

use crate::fold::is_cjk;

/// One word; `text` is the slice from `start` to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Byte offset of its first character.
    pub start: usize,
    /// Byte offset behind its last character.
    pub end: usize,
    /// The word as it stands in the text.
    pub text: &'a str,
}

/// The words of a text, in order and without overlap; punctuation, space and emoji are left out.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::with_capacity(text.len() / 6);
    for (start, word) in text.split_word_bound_indices() {
        if !word.chars().any(char::is_alphanumeric) {
            continue;
        }
        if word.is_ascii() || !word.chars().any(is_cjk) {
            found.push(Token {
                start,
                end: start + word.len(),
                text: word,
            });
        } else {
            push_by_character(&mut found, start, word);
        }
    }
    found
}

/// Splits off each Han or Kana character; what lies between stays whole, marks stay with their character.
fn push_by_character<'a>(found: &mut Vec<Token<'a>>, offset: usize, word: &'a str) {
    let mut open = 0;
    let mut push = |from: usize, to: usize| {
        let text = &word[from..to];
        if text.chars().any(char::is_alphanumeric) {
            found.push(Token {
                start: offset + from,
                end: offset + to,
                text,
            });
        }
    };
    let mut after_cjk = false;
    for (at, c) in word.char_indices() {
        let starts_word = is_cjk(c) || (after_cjk && c.is_alphanumeric());
        if starts_word && at > open {
            push(open, at);
            open = at;
        }
        after_cjk = is_cjk(c) || (after_cjk && !starts_word);
    }
    push(open, word.len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_words() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(
                tokens(text).iter().map(|t| t.text).collect::<Vec<_>>(),
                expected,
                "{text:?}"
            );
        };
        check("Wo ist 订单 42?", &["Wo", "ist", "订", "单", "42"]);
        check("I don't know, 3.5 kg…", &["I", "don't", "know", "3.5", "kg"]);
        check("カタカナok", &["カ", "タ", "カ", "ナ", "ok"]);
        check("🎉 !!", &[]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn spans_slice_back(text in "\\PC*|[a-z订单カ\u{3099}'.0-9 ]*") {
            let mut last = 0;
            for token in tokens(&text) {
                prop_assert!(token.start >= last && token.end > token.start);
                prop_assert_eq!(text.get(token.start..token.end), Some(token.text));
                last = token.end;
            }
            let covered: usize = tokens(&text).iter().map(|t| t.text.chars().filter(|c| c.is_alphanumeric()).count()).sum();
            prop_assert_eq!(covered, text.chars().filter(|c| c.is_alphanumeric()).count());
        }
    }
}
