//! Why a text got a tag: the words that pull its margin up.

use std::collections::BTreeMap;

use refrain_record::TagPath;
use refrain_text::features::Block;

use super::predict::TagModel;

impl TagModel {
    /// The `n` features of a text that speak most for a tag, with what each adds to its margin.
    ///
    /// Character n-grams are credited to the words they stand in, so the list reads as words and
    /// word pairs; largest first, ties by name. Empty when the model does not know the tag or was
    /// trained without feature names.
    #[must_use]
    pub fn top_features(&self, text: &str, tag: &TagPath, n: usize) -> Vec<(String, f32)> {
        let Some(class) = self.place(tag) else {
            return Vec::new();
        };
        let folded = refrain_text::fold(text);
        let words: Vec<&str> = folded
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut totals: BTreeMap<String, f32> = BTreeMap::new();
        for (column, value) in self.vectorizer.transform(text).iter() {
            let pull = value * self.weights.weight(column, class);
            let Some(name) = self.vectorizer.feature_name(column) else {
                continue;
            };
            let homes = match self.vectorizer.feature_block(column) {
                Some(Block::Char) => words_holding(&words, name),
                _ => Vec::new(),
            };
            if homes.is_empty() {
                *totals.entry(name.trim().to_owned()).or_default() += pull;
            }
            for home in &homes {
                *totals.entry((*home).to_owned()).or_default() += pull / homes.len() as f32;
            }
        }
        let mut ranked: Vec<(String, f32)> = totals.into_iter().filter(|(_, pull)| *pull > 0.0).collect();
        // A stable sort, so that ties stay in order of name.
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(n);
        ranked
    }
}

/// The distinct words that hold a character n-gram, edge spaces included, in text order.
fn words_holding<'a>(words: &[&'a str], gram: &str) -> Vec<&'a str> {
    let mut homes: Vec<&str> = Vec::new();
    for &word in words {
        let holds = match (gram.strip_prefix(' '), gram.strip_suffix(' ')) {
            (Some(_), Some(_)) => word == gram.trim(),
            (Some(start), None) => word.starts_with(start),
            (None, Some(end)) => word.ends_with(end),
            (None, None) => word.contains(gram),
        };
        if holds && !homes.contains(&word) {
            homes.push(word);
        }
    }
    homes
}
