//! The part of a text that can tell its language: words of letters, without addresses, handles,
//! placeholders and codes; and a count of scripts.

use crate::fold::{fold, is_cjk};

/// What counts of a text.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// The folded words that count, one space between.
    pub(super) clean: String,
    /// Number of words of Latin letters.
    pub(super) words: usize,
    /// Han characters.
    pub(super) han: usize,
    /// Kana characters.
    pub(super) kana: usize,
    /// Hangul characters.
    pub(super) hangul: usize,
    /// Words that begin with a letter of any other script.
    pub(super) other: usize,
}

pub(super) fn letters_that_count(text: &str) -> Letters {
    let mut found = Letters::default();
    let folded = fold(text);
    for piece in folded.split(' ').filter(|piece| !is_address(piece)) {
        for word in piece.split(|c: char| !(c.is_alphanumeric() || c == '\'' || is_glue(c))) {
            push_word(&mut found, word);
        }
    }
    found.clean.truncate(found.clean.trim_end().len());
    found
}

/// `a_b`, `<x_1>`, `12-a`: what such characters join is one code.
fn is_glue(c: char) -> bool {
    matches!(c, '_' | '<' | '>' | '/' | '\\' | '=' | '&' | '#')
}

fn is_address(piece: &str) -> bool {
    piece.contains("://")
        || piece.starts_with("www.")
        || piece.contains('@')
        || piece.starts_with('#')
}

fn push_word(found: &mut Letters, word: &str) {
    let mut latin = String::new();
    let mut is_code = false;
    let mut other = false;
    for c in word.chars() {
        match c {
            _ if c == '々' || ('\u{3040}'..='\u{30ff}').contains(&c) => found.kana += 1,
            _ if is_cjk(c) => found.han += 1,
            '\u{ac00}'..='\u{d7af}' => found.hangul += 1,
            '/' => latin.push(' '),
            _ if c.is_numeric() || is_glue(c) => is_code = true,
            '\'' | 'a'..='z' | 'à'..='ɏ' => latin.push(c),
            _ => other = true,
        }
    }
    found.other += usize::from(other);
    if is_code || other {
        return;
    }
    for word in latin
        .split(' ')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
    {
        found.words += 1;
        found.clean.push_str(word);
        found.clean.push(' ');
    }
}
