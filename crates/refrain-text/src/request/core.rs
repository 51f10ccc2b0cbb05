//! The sentences of a message that carry its matter, without greeting, courtesy and signature.
//!
//! `Dear team, my lamp arrived broken. What now? Kind regards, Jane` becomes
//! `my lamp arrived broken.` Texts are compared by what is wanted, not by how polite they are.

use std::borrow::Cow;

use super::request_score;
use super::words::FRAME;
use crate::fold::fold;

/// Sentences kept at the most: a request and what explains it.
const MAX_SENTENCES: usize = 3;
/// Share of the best sentence's score that another needs.
const MIN_SHARE: f64 = 0.6;
/// Characters read; a request stands near the beginning.
const MAX_CHARS: usize = 4_000;

/// The up to three sentences that read most like a request, in their order, joined by blanks; the
/// text itself when no sentence stands out. Never empty for a text that is not blank.
#[must_use]
pub fn request_core(text: &str) -> Cow<'_, str> {
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| at);
    let sentences: Vec<(&str, f64)> = sentences(&text[..end])
        .into_iter()
        .filter(|sentence| !is_frame(sentence))
        .map(|sentence| (sentence, request_score(sentence)))
        .collect();
    let best = sentences.iter().map(|(_, score)| *score).fold(0.0, f64::max);
    if best <= 0.0 {
        return Cow::Borrowed(text);
    }
    let mut kept: Vec<(usize, f64)> = sentences
        .iter()
        .enumerate()
        .filter(|(_, (_, score))| *score >= best * MIN_SHARE)
        .map(|(index, (_, score))| (index, *score))
        .collect();
    kept.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    kept.truncate(MAX_SENTENCES);
    kept.sort_unstable_by_key(|(index, _)| *index);
    let parts: Vec<&str> = kept.into_iter().map(|(index, _)| sentences[index].0).collect();
    Cow::Owned(parts.join(" "))
}

/// The sentences of a text: lines, and inside them what ends in a full stop, question or exclamation mark before a
/// blank; trimmed, in their order, none of them empty.
#[must_use]
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let is_end = match c {
                '。' | '！' | '？' | '；' => true,
                '.' | '!' | '?' | ';' => chars.peek().is_none_or(|(_, next)| next.is_whitespace()),
                _ => false,
            };
            if is_end {
                let end = at + c.len_utf8();
                found.push(line[start..end].trim());
                start = end;
            }
        }
        found.push(line[start..].trim());
    }
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// A salutation, a courtesy, a signature or a form's heading.
fn is_frame(sentence: &str) -> bool {
    let folded = fold(sentence);
    FRAME.iter().any(|phrase| folded.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_the_matter() {
        for (text, core) in [
            (
                "Dear Sir or Madam,\nmy lamp arrived broken. What now?\nKind regards\nJane Doe",
                "my lamp arrived broken.",
            ),
            (
                "Hallo liebes Team! Wo bleibt mein Paket? Viele Grüße",
                "Wo bleibt mein Paket?",
            ),
            ("Wo ist mein Paket", "Wo ist mein Paket"),
            ("您好！我的订单还没有发货。谢谢！", "我的订单还没有发货。"),
        ] {
            assert_eq!(request_core(text), core);
        }
        assert_eq!(request_core("Hallo"), "Hallo");
    }

    proptest! {
        #[test]
        fn never_loses_everything(text in "\\PC{0,200}") {
            prop_assert_eq!(request_core(&text).trim().is_empty(), text.trim().is_empty());
        }
    }
}
