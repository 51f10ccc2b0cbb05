//! Marker phrases that journey needs: an agent who sends the customer elsewhere, a customer who only says thanks.

use std::collections::BTreeMap;

use anyhow::Context;
use refrain_record::tables::Message;
use refrain_record::{AuthorRole, Visibility};
use refrain_text::{fold, tokens};
use serde::Deserialize;

/// Longest message, in words, that a phrase of thanks can fill.
const MAX_THANKS_WORDS: usize = 8;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    redirected: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    thanks_only: BTreeMap<String, Vec<String>>,
}

/// The phrases, folded.
pub(crate) struct Phrases {
    redirected: Vec<String>,
    thanks: Vec<String>,
}

impl Phrases {
    /// Reads `[redirected]` and `[thanks_only]` of the marker file; other tables are left to other readers.
    ///
    /// # Errors
    /// When the text is no such TOML.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text).context("marker phrases cannot be read")?;
        let folded = |lists: BTreeMap<String, Vec<String>>| -> Vec<String> {
            let mut phrases: Vec<String> = lists
                .into_values()
                .flatten()
                .map(|p| fold(&p).into_owned())
                .filter(|p| !p.trim().is_empty())
                .collect();
            phrases.sort();
            phrases.dedup();
            phrases
        };
        Ok(Self {
            redirected: folded(file.redirected),
            thanks: folded(file.thanks_only),
        })
    }

    /// An agent tells the customer to go elsewhere.
    pub(crate) fn is_redirected(&self, messages: &[Message]) -> bool {
        messages
            .iter()
            .filter(|m| m.author_role == AuthorRole::Agent && m.visibility == Visibility::Public)
            .any(|m| {
                let text = fold(&m.text);
                self.redirected.iter().any(|phrase| text.contains(phrase.as_str()))
            })
    }

    /// Everything that the customer writes is thanks.
    pub(crate) fn is_thanks_only(&self, messages: &[Message]) -> bool {
        let mut said = messages
            .iter()
            .filter(|m| m.author_role == AuthorRole::Customer && m.visibility == Visibility::Public)
            .peekable();
        said.peek().is_some()
            && said.all(|m| {
                let text = fold(&m.text);
                tokens(&m.text).len() <= MAX_THANKS_WORDS
                    && !text.contains(['?', '？'])
                    && self.thanks.iter().any(|phrase| text.contains(phrase.as_str()))
            })
    }
}
