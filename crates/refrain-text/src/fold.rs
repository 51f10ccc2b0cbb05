//! One spelling of a text for matching: case, quotes, dashes, widths and whitespace folded, in NFC.
//!
//! `"  Ｗhere’s MY\u{a0}Straße "` becomes `"where's my strasse"`.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text in lower case and NFC, `ß` as `ss`, whitespace runs as one space and trimmed, all
/// quotes as `'` or `"`, all dashes as `-`, full-width ASCII as ASCII, invisible characters dropped.
///
/// Borrows when nothing changes; folding a folded text changes nothing.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if is_folded_ascii(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in nfc(text).chars() {
        match folded_char(c) {
            Folded::Drop => {}
            Folded::Space => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            Folded::Text(pair) => pair.into_iter().flatten().for_each(|c| out.push(c)),
            Folded::Lower(c) => out.extend(c.to_lowercase()),
        }
    }
    out.truncate(out.trim_end().len());
    // Dropping an invisible character can bring a letter and its accent together.
    match nfc(&out) {
        Cow::Borrowed(_) => Cow::Owned(out),
        Cow::Owned(composed) => Cow::Owned(composed),
    }
}

/// What one character of an NFC text becomes.
pub(crate) enum Folded {
    /// Nothing.
    Drop,
    /// Whitespace.
    Space,
    /// One or two characters.
    Text([Option<char>; 2]),
    /// Its lower case.
    Lower(char),
}

#[inline]
pub(crate) fn folded_char(c: char) -> Folded {
    let one = |c: char| Folded::Text([Some(c), None]);
    if c.is_ascii() {
        return if c.is_ascii_whitespace() || c == '\u{b}' {
            Folded::Space
        } else if c == '`' {
            one('\'')
        } else {
            one(c.to_ascii_lowercase())
        };
    }
    match c {
        // Zero-width and variation marks, soft hyphen, byte order mark.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' => Folded::Drop,
        '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => Folded::Drop,
        '‘' | '’' | '‚' | '‛' | 'ʼ' | 'ʹ' | '´' | '′' => one('\''),
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '「' | '」' => one('"'),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => one('-'),
        'ß' | 'ẞ' => Folded::Text([Some('s'), Some('s')]),
        'ς' => one('σ'),
        '！'..='～' => match char::from_u32(c as u32 - 0xfee0) {
            Some(narrow) => folded_char(narrow),
            None => Folded::Lower(c),
        },
        _ if c.is_whitespace() => Folded::Space,
        _ => Folded::Lower(c),
    }
}

/// The text in NFC, borrowed when it is so already.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Whether a character belongs to a script that is written without spaces: Han and Kana.
#[inline]
#[must_use]
pub(crate) fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{20000}'..='\u{3ffff}' | '々' | '〇')
}

fn is_folded_ascii(text: &str) -> bool {
    let mut last = b' ';
    for &byte in text.as_bytes() {
        let space = byte == b' ';
        if !(byte.is_ascii_graphic() || space) || byte.is_ascii_uppercase() || byte == b'`' || (space && last == b' ') {
            return false;
        }
        last = byte;
    }
    text.is_empty() || last != b' '
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_case_quotes_width_and_space() {
        let check = |input: &str, expected: &str| assert_eq!(fold(input), expected, "{input:?}");
        check("  Ｗhere’s MY\u{a0}\n Straße ", "where's my strasse");
        check("„Größe“ – ok", "\"grösse\" - ok");
        check("e\u{301}te\u{301}", "été");
        check("soft\u{ad}hyphen\u{200b}", "softhyphen");
        check("订单　１２３", "订单 123");
        check("", "");
    }

    #[test]
    fn borrows_what_is_folded() {
        assert!(matches!(fold("where is my order #1001?"), Cow::Borrowed(_)));
        assert!(matches!(fold("Where"), Cow::Owned(_)));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC*|[a-zA-Z ß’İÅ\u{301}\u{ad}\u{345}\t]*") {
            let once = fold(&text).into_owned();
            let twice = fold(&once).into_owned();
            prop_assert_eq!(twice, once);
        }
    }
}
