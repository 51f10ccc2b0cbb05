//! Phrases that tell what happens in a conversation: the bot is lost, the customer wants a person or a supervisor.
//!
//! A phrase matches as whole words, whatever its case; a `*` at its end stands for any ending, and Chinese, Japanese
//! and Thai match anywhere.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use crate::SourceError;

#[derive(Deserialize, Default)]
struct MarkerFile {
    #[serde(default)]
    bot_fallback: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    ask_human: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    supervisor: BTreeMap<String, Vec<String>>,
}

/// Matchers of the marker phrases; the default matches nothing.
#[derive(Debug, Clone, Default)]
pub struct Markers {
    bot_fallback: Option<Phrases>,
    ask_human: Option<Phrases>,
    supervisor: Option<Phrases>,
}

#[derive(Debug, Clone)]
struct Phrases {
    matcher: AhoCorasick,
    /// Whether each phrase takes any ending.
    open_ended: Vec<bool>,
}

impl Markers {
    /// Reads `[bot_fallback]`, `[ask_human]` and `[supervisor]`, each a list of phrases by language.
    ///
    /// Other tables are left to other readers of the same file.
    ///
    /// # Errors
    /// When the text is no TOML of that form.
    pub fn from_toml(text: &str) -> Result<Self, SourceError> {
        let file: MarkerFile = toml::from_str(text).map_err(|error| SourceError::Markers(Box::new(error)))?;
        Ok(Self {
            bot_fallback: matcher(&file.bot_fallback),
            ask_human: matcher(&file.ask_human),
            supervisor: matcher(&file.supervisor),
        })
    }

    pub(crate) fn is_bot_fallback(&self, text: &str) -> bool {
        matches(self.bot_fallback.as_ref(), text)
    }

    pub(crate) fn asks_for_human(&self, text: &str) -> bool {
        matches(self.ask_human.as_ref(), text)
    }

    pub(crate) fn asks_for_supervisor(&self, text: &str) -> bool {
        matches(self.supervisor.as_ref(), text)
    }
}

fn matcher(phrases: &BTreeMap<String, Vec<String>>) -> Option<Phrases> {
    let mut folded: Vec<(String, bool)> = phrases
        .values()
        .flatten()
        .map(|phrase| {
            let folded = fold(phrase);
            match folded.strip_suffix('*') {
                Some(stem) => (stem.to_owned(), true),
                None => (folded, false),
            }
        })
        .collect();
    folded.retain(|(phrase, _)| !phrase.is_empty());
    folded.sort();
    folded.dedup();
    if folded.is_empty() {
        return None;
    }
    let texts = folded.iter().map(|(phrase, _)| phrase);
    // Overlapping search needs the standard kind.
    let matcher = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .build(texts)
        .ok()?;
    let open_ended = folded.iter().map(|(_, open)| *open).collect();
    Some(Phrases { matcher, open_ended })
}

fn matches(phrases: Option<&Phrases>, text: &str) -> bool {
    let Some(phrases) = phrases else { return false };
    let folded = fold(text);
    let splits_word = |at: usize| {
        let before = folded[..at].chars().next_back();
        let after = folded[at..].chars().next();
        before.zip(after).is_some_and(|(a, b)| joins(a) && joins(b))
    };
    phrases.matcher.find_overlapping_iter(&folded).any(|found| {
        let open = phrases.open_ended[found.pattern().as_usize()];
        !splits_word(found.start()) && (open || !splits_word(found.end()))
    })
}

/// Whether a character is part of a word that blanks set off.
fn joins(c: char) -> bool {
    let unspaced = matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}');
    c.is_alphanumeric() && !unspaced
}

/// Lower case, one apostrophe, one blank between words.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if matches!(c, '’' | '‘' | '´' | '`') {
            folded.push('\'');
        } else {
            folded.extend(c.to_lowercase());
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
pub(crate) const TEST_MARKERS: &str = r#"
[bot_fallback]
en = ["I didn't understand"]
[ask_human]
en = ["speak to a human"]
zh = ["人工客服"]
[supervisor]
de = ["vorgesetzten", "geschäftsleit*"]
[closing]
en = ["bye"]
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_match_as_words() {
        let markers = Markers::from_toml(TEST_MARKERS).unwrap();
        assert!(markers.is_bot_fallback("Sorry, I  didn’t\nunderstand. Again?"));
        assert!(!markers.is_bot_fallback("I didn't understandably"));
        assert!(markers.asks_for_human("我要人工客服谢谢"));
        assert!(markers.asks_for_supervisor("Ihren VORGESETZTEN bitte"));
        assert!(!markers.asks_for_supervisor("Vorgesetztenbüro"));
        assert!(markers.asks_for_supervisor("Die Geschäftsleitung bitte"));
        assert!(!markers.asks_for_supervisor("Unsere Geschäftsleute"));
        assert!(!Markers::default().asks_for_supervisor("Vorgesetzten"));
        assert!(Markers::from_toml("[ask_human]\nen = 3").is_err());
    }
}
