//! Phrases of all rules, each once, and the automaton's patterns: their first pieces, each once.

use super::phrase::Phrase;
use rustc_hash::FxHashMap;

#[derive(Default)]
pub(super) struct PhraseTable {
    pub(super) phrases: Vec<Phrase>,
    ids: FxHashMap<Phrase, u32>,
    pub(super) patterns: Vec<String>,
    pattern_ids: FxHashMap<String, usize>,
    /// Pattern of the automaton -> phrases that begin with it.
    pub(super) phrases_of: Vec<Vec<u32>>,
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
        let pattern = match self.pattern_ids.get(phrase.first_piece()) {
            Some(&pattern) => pattern,
            None => {
                let piece = phrase.first_piece().to_owned();
                self.pattern_ids.insert(piece.clone(), self.patterns.len());
                self.patterns.push(piece);
                self.phrases_of.push(Vec::new());
                self.patterns.len() - 1
            }
        };
        self.phrases_of[pattern].push(id);
        self.ids.insert(phrase.clone(), id);
        self.phrases.push(phrase);
        id
    }
}
