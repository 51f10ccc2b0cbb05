//! Settings of training, checked before anything is fitted.

use refrain_text::features::{BlockWeighting, FeatureConfig};
use serde::{Deserialize, Serialize};

use super::ModelError;

/// Which learner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// A linear support vector machine per tag on the sparse features, calibrated by Platt scaling.
    #[default]
    Linear,
    /// linfa's multinomial logistic regression on a latent semantic (randomised SVD) embedding.
    LsaLogistic,
}

impl ModelKind {
    /// The name that stands in configs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::LsaLogistic => "lsa_logistic",
        }
    }
}

/// Whether a text may get several tags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultiLabel {
    /// Yes when at least one in a hundred tagged examples has several tags.
    #[default]
    Auto,
    /// Every tag whose score reaches its threshold.
    Yes,
    /// The best tag or none.
    No,
}

/// Settings of [`train`](super::train).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Which learner.
    pub kind: ModelKind,
    /// Which n-grams are counted and how they are weighted; names are always kept.
    pub features: FeatureConfig,
    /// Cost of errors on the examples; larger fits closer.
    pub c: f32,
    /// Length of the vector of a text beside its other features, which have length 1; only with an embedder.
    pub vector_weight: f32,
    /// Directions of the waves over the vector; 0 takes the vector alone, which is faster and less exact.
    pub vector_waves: u32,
    /// How soon texts count as unlike: likeness is `exp(-sharpness * distance²)`.
    pub vector_sharpness: f32,
    /// Learn to guess the vectors from the words, so that the model needs no embedder afterwards.
    pub distil: bool,
    /// Parts for out-of-fold scores, on which curves and thresholds are fitted; below 2 there are none.
    pub folds: u8,
    /// Lowest score at which a tag is set; a tag's own fitted threshold may lie above it.
    pub min_score: f32,
    /// Smallest lead of the best tag over the second when only one is set.
    pub min_gap: f32,
    /// Whether a text may get several tags.
    pub multi_label: MultiLabel,
    /// Most examples held out for calibration; more change little and cost time.
    pub max_calibration_rows: usize,
    /// Dimensions of the embedding of `lsa_logistic`.
    pub lsa_rank: usize,
    /// Seed of every random choice.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            kind: ModelKind::default(),
            features: FeatureConfig {
                blocks: BlockWeighting::Equal,
                first_word: true,
                // Beside pairs, longer n-grams told no more and cost a tenth of the speed.
                char_ngrams: (3, 4),
                pair_window: 7,
                pair_percent: 80,
                keep_names: true,
                ..FeatureConfig::default()
            },
            c: 1.5,
            vector_weight: 1.4,
            vector_waves: 512,
            vector_sharpness: 0.5,
            distil: false,
            folds: 5,
            min_score: 0.2,
            min_gap: 0.02,
            multi_label: MultiLabel::default(),
            max_calibration_rows: 50_000,
            lsa_rank: 512,
            seed: 1,
        }
    }
}

impl TrainConfig {
    /// Refuses settings outside their range.
    ///
    /// # Errors
    /// [`ModelError::Setting`] names the first one.
    pub fn check(&self) -> Result<(), ModelError> {
        in_range("c", self.c, 1e-4, 1e4, "a number from 0.0001 to 10000")?;
        in_range(
            "vector_weight",
            self.vector_weight,
            1e-3,
            1e3,
            "a number from 0.001 to 1000",
        )?;
        in_range(
            "vector_waves",
            self.vector_waves,
            0,
            65_536,
            "a whole number up to 65536",
        )?;
        in_range(
            "vector_sharpness",
            self.vector_sharpness,
            1e-3,
            1e3,
            "a number from 0.001 to 1000",
        )?;
        in_range("min_score", self.min_score, 0.0, 1.0, "a number from 0 to 1")?;
        in_range("min_gap", self.min_gap, 0.0, 1.0, "a number from 0 to 1")?;
        in_range("folds", self.folds, 0, 20, "a whole number up to 20")?;
        in_range("lsa_rank", self.lsa_rank, 1, 4096, "a whole number from 1 to 4096")?;
        check_ngrams("features.word_ngrams", self.features.word_ngrams)?;
        check_ngrams("features.char_ngrams", self.features.char_ngrams)
    }
}

fn in_range<T: PartialOrd + std::fmt::Display>(
    key: &'static str,
    value: T,
    low: T,
    high: T,
    expected: &'static str,
) -> Result<(), ModelError> {
    // Not `value < low || value > high`: a value that is no number must fail.
    if value >= low && value <= high {
        return Ok(());
    }
    Err(ModelError::Setting {
        key,
        found: value.to_string(),
        expected,
    })
}

fn check_ngrams(key: &'static str, (shortest, longest): (usize, usize)) -> Result<(), ModelError> {
    if shortest <= longest && longest <= 10 {
        return Ok(());
    }
    Err(ModelError::Setting {
        key,
        found: format!("[{shortest}, {longest}]"),
        expected: "shortest and longest, at most 10",
    })
}
