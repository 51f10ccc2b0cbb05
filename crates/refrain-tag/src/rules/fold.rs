//! Text as the rules see it: NFC, lower case, one space for any white space, one apostrophe;
//! with the way back to offsets in the original.
//!
//! `"Gibt’s  ÄRGER"` becomes `"gibt's ärger"`; bytes 7..13 of that are scalars 8..13 of the original.

use std::ops::Range;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Text beyond this many bytes is not read, so that offsets fit 32 bits.
const MAX_BYTES: usize = 1 << 30;

/// Longest ending a `*` takes; keeps hostile text of one endless word linear.
pub(crate) const MAX_ENDING: usize = 64;

/// Appends the folded form of `text` to `out`; `starts` gets, for each byte appended, the Unicode
/// scalar of `text` at which the piece it came from begins, and at last the number of scalars.
pub(crate) fn fold_into(text: &str, out: &mut String, starts: Option<&mut Vec<u32>>) {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    match starts {
        None if text.is_ascii() => fold_ascii(text, out, &mut false),
        None => fold_runs(text, out),
        Some(starts) => {
            let from = out.len();
            let last = fold_pieces(text, out, &mut false, |end, scalar| starts.resize(end - from, scalar));
            starts.push(last);
        }
    }
}

/// The folded form of a phrase or pattern.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out, None);
    out
}

/// Scalars of the original that the bytes `span` of the folded text came from.
///
/// Where one piece folded to several bytes, the span widens to the whole piece.
pub(crate) fn original_span(starts: &[u32], span: Range<usize>) -> Range<u32> {
    let start = starts.get(span.start).copied().unwrap_or(0);
    let Some(&last) = span.end.checked_sub(1).and_then(|at| starts.get(at)) else {
        return start..start;
    };
    let after = starts.get(span.end..).unwrap_or(&[]).iter().find(|&&s| s > last);
    start..after.copied().unwrap_or(last)
}

/// Whether lowering its letters is all that folding does to ASCII text: single blanks, no other
/// white space, no backtick. Control characters are left to the slow way, since they are rare.
fn is_plain(bytes: &[u8]) -> bool {
    // Without branches, so that many bytes are looked at in one step.
    let odd = |&byte: &u8| u8::from(byte < b' ') | u8::from(byte == b'`');
    let odds = bytes.iter().map(odd).fold(0, |sum, odd| sum | odd);
    let doubles = bytes
        .iter()
        .zip(&bytes[1..])
        .map(|(&a, &b)| u8::from((a ^ b' ') | (b ^ b' ') == 0));
    odds | doubles.fold(0, |sum, double| sum | double) == 0
}

/// Folds ASCII; `space` tells whether what was written before ends with white space.
fn fold_ascii(text: &str, out: &mut String, space: &mut bool) {
    let bytes = text.as_bytes();
    let Some((first, last)) = bytes.first().zip(bytes.last()) else {
        return;
    };
    if is_plain(bytes) && !(*space && *first == b' ') {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
        *space = *last == b' ';
        return;
    }
    for byte in bytes {
        if is_ascii_space(*byte) {
            if !*space {
                out.push(' ');
            }
            *space = true;
        } else {
            out.push(if *byte == b'`' {
                '\''
            } else {
                byte.to_ascii_lowercase() as char
            });
            *space = false;
        }
    }
}

/// [`fold_pieces`] without the way back, ASCII in whole runs.
fn fold_runs(text: &str, out: &mut String) {
    let mut space = false;
    let mut rest = text;
    while !rest.is_empty() {
        let num_ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        // The last letter of a run may combine with what follows.
        let run = if num_ascii == rest.len() {
            num_ascii
        } else {
            num_ascii.saturating_sub(1)
        };
        fold_ascii(&rest[..run], out, &mut space);
        rest = &rest[run..];
        // Letters up to the next run of ASCII, and with it its first, which begins a piece of its own.
        let mut end = 0;
        let mut chars = rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            end = at + c.len_utf8();
            if at > 0 && c.is_ascii() && chars.peek().is_none_or(|(_, next)| next.is_ascii()) {
                break;
            }
        }
        fold_pieces(&rest[..end], out, &mut space, |_, _| {});
        rest = &rest[end..];
    }
}

/// What `char::is_whitespace` says of ASCII: the vertical tab belongs to it.
fn is_ascii_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Folds piece by piece; `piece(bytes so far, first scalar)` after each. Returns the number of scalars.
fn fold_pieces(text: &str, out: &mut String, space: &mut bool, mut piece: impl FnMut(usize, u32)) -> u32 {
    let mut chars = text.char_indices().peekable();
    let mut scalar = 0_u32;
    while let Some((at, c)) = chars.next() {
        let first = scalar;
        scalar += 1;
        let mut end = at + c.len_utf8();
        let mut composes = false;
        while let Some(&(_, next)) = chars.peek() {
            if !joins_previous(next) {
                break;
            }
            composes = true;
            scalar += 1;
            end += next.len_utf8();
            chars.next();
        }
        if !composes && is_stable(c) {
            push_folded(c, out, space);
        } else {
            for normal in text[at..end].nfc() {
                push_folded(normal, out, space);
            }
        }
        piece(out.len(), first);
    }
    scalar
}

fn push_folded(c: char, out: &mut String, space: &mut bool) {
    if c.is_whitespace() {
        if !*space {
            out.push(' ');
        }
        *space = true;
        return;
    }
    match c {
        // Invisible: soft hyphen, zero-width space, word joiner, byte order mark.
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => return,
        '’' | '‘' | 'ʼ' | '´' | '`' => out.push('\''),
        '\u{2010}' | '\u{2011}' => out.push('-'),
        // Lower case already, but equal to another letter where case does not count.
        'ſ' => out.push('s'),
        'ς' => out.push('σ'),
        _ if c.is_ascii() => out.push(c.to_ascii_lowercase()),
        _ => out.extend(c.to_lowercase()),
    }
    *space = false;
}

/// Whether a scalar may combine with the one before it.
fn joins_previous(c: char) -> bool {
    c >= '\u{300}'
        && !is_plain_han(c)
        && (canonical_combining_class(c) != 0 || is_nfc_quick(std::iter::once(c)) == IsNormalized::Maybe)
}

/// Whether NFC leaves a scalar as it is.
fn is_stable(c: char) -> bool {
    c < '\u{300}' || is_plain_han(c) || is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes
}

fn is_plain_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Letters, digits, marks and `_`: what words are made of.
pub(crate) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    c.is_alphanumeric() || canonical_combining_class(c) != 0
}

/// Scripts written without spaces, where any place may be a word boundary.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a word may begin or end between the two characters around byte `at` of `text`.
pub(crate) fn is_boundary(text: &str, at: usize) -> bool {
    // Signs and blanks are no part of a word, whatever stands on the other side.
    if text
        .as_bytes()
        .get(at)
        .is_none_or(|&byte| byte.is_ascii() && !is_word(char::from(byte)))
    {
        return true;
    }
    let (Some(before), Some(after)) = (text[..at].chars().next_back(), text[at..].chars().next()) else {
        return true;
    };
    !(is_word(before) && is_word(after)) || is_unspaced(before) || is_unspaced(after)
}

/// Bytes of the word ending that begins at `at`, at most [`MAX_ENDING`] scalars: what `*` stands for.
pub(crate) fn ending_len(text: &str, at: usize) -> usize {
    let ending = text[at..]
        .chars()
        .take(MAX_ENDING)
        .take_while(|&c| is_word(c) && !is_unspaced(c));
    ending.map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slice(text: &str, span: Range<u32>) -> String {
        text.chars().skip(span.start as usize).take(span.len()).collect()
    }

    fn round(text: &str, part: &str) -> String {
        let (mut out, mut starts) = (String::new(), Vec::new());
        fold_into(text, &mut out, Some(&mut starts));
        let at = out.find(part).unwrap();
        slice(text, original_span(&starts, at..at + part.len()))
    }

    #[test]
    fn folds_and_finds_the_way_back() {
        assert_eq!(folded("Gibt’s  ÄRGER\n\nSTRASSE Straße"), "gibt's ärger strasse straße");
        assert_eq!(round("Gibt’s  ÄRGER", "ärger"), "ÄRGER");
        assert_eq!(round("ein A\u{308}rger da", "ärger"), "A\u{308}rger");
        assert_eq!(round("a \t\n b", "a b"), "a \t\n b");
        assert_eq!(round("x İstanbul", "i"), "İ");
        assert_eq!(round("lie\u{ad}fer zeit", "liefer"), "lie\u{ad}fer");
        assert_eq!(round("我的包裹。还没到", "包裹"), "包裹");
        assert_eq!(folded("\u{1112}\u{1161}\u{11ab}"), "한");
    }

    #[test]
    fn boundaries() {
        let text = "zum paket,包裹abc";
        let bounds: String = text
            .char_indices()
            .map(|(at, _)| if is_boundary(text, at) { '|' } else { '.' })
            .collect();
        assert_eq!(bounds, "|..||....||||..");
        assert_eq!(ending_len("lieferung da", 6), 3);
        assert_eq!(ending_len("abc包", 1), 2);
    }

    proptest! {
        #[test]
        fn ascii_and_general_ways_agree(text in "[ -~\\n\\t\\x0b\\x0c\\r]{0,40}") {
            let mut general = String::new();
            fold_pieces(&text, &mut general, &mut false, |_, _| {});
            prop_assert_eq!(folded(&text), general);
        }

        #[test]
        fn runs_and_pieces_agree(text in "[a-cA \\n`’\u{ad}ü\u{308}İ包]{0,40}") {
            let mut general = String::new();
            fold_pieces(&text, &mut general, &mut false, |_, _| {});
            prop_assert_eq!(folded(&text), general);
        }

        #[test]
        fn every_span_slices_the_original(text in "\\PC{0,12}|[a\u{308}\u{323}Äİß \\n’\u{1112}\u{1161}]{0,12}") {
            let (mut out, mut starts) = (String::new(), Vec::new());
            fold_into(&text, &mut out, Some(&mut starts));
            prop_assert_eq!(&out, &folded(&text));
            prop_assert_eq!(starts.len(), out.len() + 1);
            let scalars = text.chars().count() as u32;
            let all: Vec<usize> = out.char_indices().map(|(at, _)| at).chain([out.len()]).collect();
            for (i, &from) in all.iter().enumerate() {
                for &to in &all[i + 1..] {
                    let span = original_span(&starts, from..to);
                    prop_assert!(span.start < span.end && span.end <= scalars);
                }
            }
        }
    }
}
