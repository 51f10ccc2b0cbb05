//! The part of a text that can tell its language: words of letters, without addresses, handles,
//! placeholders and codes; and a count of scripts.

use crate::fold::{fold, is_cjk, nfc};

/// What counts of a text.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// The folded words that count, each with a space behind it.
    pub(super) clean: String,
    /// For each word of `clean`, whether it is capitalised inside a sentence: a name, or German.
    pub(super) capitalised: Vec<bool>,
    /// Number of words of two or more Latin letters.
    pub(super) words: usize,
    /// Han characters.
    pub(super) han: usize,
    /// Kana characters.
    pub(super) kana: usize,
    /// Hangul characters.
    pub(super) hangul: usize,
    /// Words with a letter of any other script.
    pub(super) other: usize,
}

pub(super) fn letters_that_count(text: &str) -> Letters {
    let mut found = Letters::default();
    let mut starts_sentence = true;
    for piece in nfc(text).split_whitespace() {
        if piece.is_ascii() || !piece.chars().any(is_cjk) {
            push_piece(&mut found, piece, starts_sentence);
        } else {
            push_unspaced(&mut found, piece);
        }
        starts_sentence = piece.ends_with(['.', '!', '?', ':', '。', '！', '？', '-', '*', '>', ';']);
    }
    found
}

/// A piece without spaces that may hold sentences, addresses and handles one behind the other.
fn push_unspaced(found: &mut Letters, piece: &str) {
    let mut after_at = false;
    for run in runs_by_ascii(piece) {
        let mut rest = run;
        if after_at && !run.is_ascii() {
            // `@客服，您好`: the handle ends where the punctuation begins.
            rest = run.trim_start_matches(char::is_alphanumeric);
        }
        after_at = run.ends_with('@');
        push_piece(found, rest, true);
    }
}

fn runs_by_ascii(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let ascii = rest.chars().next()?.is_ascii();
        let end = rest.find(|c: char| c.is_ascii() != ascii).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        rest = tail;
        Some(run)
    })
}

fn push_piece(found: &mut Letters, piece: &str, starts_sentence: bool) {
    let is_address =
        piece.contains("://") || piece.starts_with("www.") || piece.contains('@') || piece.starts_with('#');
    if is_address {
        return;
    }
    let mut first = starts_sentence;
    for word in piece.split(|c: char| !(c.is_alphanumeric() || is_apostrophe(c) || is_glue(c))) {
        if !word.is_empty() {
            push_word(found, word, first);
            first = false;
        }
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '´' | '`' | 'ʼ')
}

/// `a_b`, `<x_1>`, `12-a`: what such characters join is one code.
fn is_glue(c: char) -> bool {
    matches!(c, '_' | '<' | '>' | '\\' | '=' | '&' | '#')
}

fn push_word(found: &mut Letters, word: &str, starts_sentence: bool) {
    let (mut is_word, mut other) = (true, false);
    for c in word.chars() {
        match c {
            '々' | '\u{3040}'..='\u{30ff}' => (found.kana, is_word) = (found.kana + 1, false),
            _ if is_cjk(c) => (found.han, is_word) = (found.han + 1, false),
            '\u{ac00}'..='\u{d7af}' => (found.hangul, is_word) = (found.hangul + 1, false),
            'a'..='z' | 'A'..='Z' | 'À'..='ɏ' | 'ẞ' => {}
            _ if is_apostrophe(c) => {}
            _ if c.is_numeric() || is_glue(c) => is_word = false,
            _ => (other, is_word) = (true, false),
        }
    }
    found.other += usize::from(other);
    let folded = fold(word);
    let folded = folded.trim_matches('\'');
    if !is_word || folded.is_empty() {
        return;
    }
    let mut letters = word.chars();
    let capitalised = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
    found.capitalised.push(capitalised && !starts_sentence);
    found.words += usize::from(folded.len() > 1);
    found.clean.push_str(folded);
    found.clean.push(' ');
}
