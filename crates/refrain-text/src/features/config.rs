//! Which n-grams are counted and how they are weighted.

use serde::{Deserialize, Serialize};

/// How word and character features share a vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockWeighting {
    /// All features in one vector of length 1; the many character n-grams weigh most.
    #[default]
    Joint,
    /// Each block is brought to length 1 first, so words and characters weigh the same.
    Equal,
}

/// Settings of a [`Vectorizer`](super::Vectorizer).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureConfig {
    /// Shortest and longest word n-gram; `(0, 0)` leaves words out.
    pub word_ngrams: (usize, usize),
    /// The first word counts once more as the word that a text begins with.
    pub first_word: bool,
    /// Shortest and longest character n-gram inside a word padded with spaces; `(0, 0)` leaves them out.
    pub char_ngrams: (usize, usize),
    /// Pairs of words up to this many words apart count as features, whatever their order; 0 leaves them out.
    pub pair_window: usize,
    /// Weight of pairs in percent of that of words, when blocks are brought to equal length.
    pub pair_percent: u32,
    /// Texts that must hold a feature for it to count.
    pub min_df: u32,
    /// The same for pairs; most of them occur once and only cost memory.
    pub pair_min_df: u32,
    /// Most features kept, by number of texts that hold them, ties by hash; no limit when absent.
    pub max_features: Option<usize>,
    /// Weigh a count as `1 + ln(count)`.
    pub sublinear_tf: bool,
    /// Weight of words against characters.
    pub blocks: BlockWeighting,
    /// Keep the text of every feature, to explain a model; costs memory.
    pub keep_names: bool,
}

impl Default for FeatureConfig {
    fn default() -> Self {
        Self {
            word_ngrams: (1, 2),
            first_word: false,
            char_ngrams: (3, 5),
            pair_window: 0,
            pair_percent: 70,
            min_df: 1,
            pair_min_df: 2,
            max_features: None,
            sublinear_tf: true,
            blocks: BlockWeighting::default(),
            keep_names: false,
        }
    }
}

impl FeatureConfig {
    /// Words only, which is what latent semantic analysis wants.
    #[must_use]
    pub fn words_only() -> Self {
        Self {
            word_ngrams: (1, 1),
            char_ngrams: (0, 0),
            ..Self::default()
        }
    }
}
