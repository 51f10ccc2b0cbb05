//! Phrases of all rules, each once.

use super::phrase::Phrase;
use rustc_hash::FxHashMap;

#[derive(Default)]
pub(super) struct PhraseTable {
    pub(super) phrases: Vec<Phrase>,
    ids: FxHashMap<Phrase, u32>,
}

impl PhraseTable {
    pub(super) fn add_all(&mut self, phrases: Vec<Phrase>) -> Vec<u32> {
        let mut ids: Vec<u32> = phrases.into_iter().map(|phrase| self.add(phrase)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(super) fn add(&mut self, phrase: Phrase) -> u32 {
        if let Some(&id) = self.ids.get(&phrase) {
            return id;
        }
        let id = self.phrases.len() as u32;
        self.ids.insert(phrase.clone(), id);
        self.phrases.push(phrase);
        id
    }
}
