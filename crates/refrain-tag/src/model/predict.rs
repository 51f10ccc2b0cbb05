//! A trained model and what it says about a text.

use std::collections::BTreeMap;

use rayon::prelude::*;
use refrain_record::TagPath;
use refrain_text::features::{SparseVec, Vectorizer};
use serde::{Deserialize, Serialize};

use super::calibrate::{Sigmoid, log_odds};
use super::config::ModelKind;
use super::dense::{Attached, DenseBlock};
use super::weights::Weights;
use super::{ModelError, file};

/// A tag that the model sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The tag.
    pub tag: TagPath,
    /// Probability that it applies, from 0 to 1.
    pub score: f32,
}

/// The best tag, whether or not the model would set it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The tag with the highest score; ties go to the first path.
    pub tag: TagPath,
    /// Probability that it applies, from 0 to 1.
    pub score: f32,
    /// Lead over the second best; equals `score` when there is only one tag.
    pub gap: f32,
    /// Whether the model sets no tag at all.
    pub abstains: bool,
}

/// A fitted model; immutable, and free to share between threads.
#[derive(Debug, Clone, PartialEq)]
pub struct TagModel {
    pub(super) id: String,
    pub(super) kind: ModelKind,
    pub(super) labels: Vec<TagPath>,
    pub(super) vectorizer: Vectorizer,
    /// How vectors become the columns behind those of the vectorizer.
    pub(super) dense: Option<DenseBlock>,
    /// Guesses the vectors, by dimension in place of class.
    pub(super) student: Option<Weights>,
    /// There exactly when `dense` is and no student guesses the vectors.
    pub(super) embedder: Option<Attached>,
    pub(super) weights: Weights,
    pub(super) link: Link,
    pub(super) thresholds: Vec<f32>,
    pub(super) min_gap: f32,
    pub(super) is_multi_label: bool,
    pub(super) rule_trust: BTreeMap<String, f32>,
}

/// How margins become scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Link {
    /// A Platt curve per tag.
    Sigmoids(Vec<Sigmoid>),
    /// Shares of all classes, then the curve on their log-odds; a class behind the tags stands
    /// for "none of them".
    Softmax(Option<Sigmoid>),
}

impl Link {
    /// Turns margins into scores of the first `num_labels` classes.
    pub(super) fn scores(&self, mut margins: Vec<f32>, num_labels: usize) -> Vec<f32> {
        match self {
            Self::Sigmoids(curves) => {
                for (margin, curve) in margins.iter_mut().zip(curves) {
                    *margin = curve.score(*margin);
                }
            }
            Self::Softmax(curve) => {
                softmax(&mut margins);
                if let Some(curve) = curve {
                    margins
                        .iter_mut()
                        .for_each(|share| *share = curve.score(log_odds(*share)));
                }
            }
        }
        margins.truncate(num_labels);
        margins
    }

    /// Puts a curve on top of every score.
    pub(super) fn then(self, outer: Sigmoid) -> Self {
        match self {
            Self::Sigmoids(curves) => Self::Sigmoids(curves.into_iter().map(|curve| curve.then(outer)).collect()),
            Self::Softmax(curve) => Self::Softmax(Some(curve.map_or(outer, |curve| curve.then(outer)))),
        }
    }
}

fn softmax(margins: &mut [f32]) {
    let top = margins.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for margin in margins.iter_mut() {
        *margin = (*margin - top).exp();
        total += *margin;
    }
    margins.iter_mut().for_each(|margin| *margin /= total);
}

/// Places of the best and the second best score; the lower place wins ties.
pub(super) fn top_two(scores: &[f32]) -> Option<(usize, Option<usize>)> {
    let mut best: Option<usize> = None;
    let mut second: Option<usize> = None;
    for (place, &score) in scores.iter().enumerate() {
        if best.is_none_or(|b| score > scores[b]) {
            (best, second) = (Some(place), best);
        } else if second.is_none_or(|s| score > scores[s]) {
            second = Some(place);
        }
    }
    best.map(|best| (best, second))
}

/// Place, score and lead of the best score.
pub(super) fn best_of(scores: &[f32]) -> Option<(usize, f32, f32)> {
    let (best, second) = top_two(scores)?;
    Some((
        best,
        scores[best],
        scores[best] - second.map_or(0.0, |second| scores[second]),
    ))
}

impl TagModel {
    /// Short digest of everything the model consists of.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The learner it came from.
    #[must_use]
    pub fn kind(&self) -> ModelKind {
        self.kind
    }

    /// Id of the embedder whose vectors it reads; `None` when it reads none or guesses them itself.
    #[must_use]
    pub fn embedder(&self) -> Option<&str> {
        self.teacher().filter(|_| self.student.is_none())
    }

    /// Id of the embedder that it was trained with, needed any more or not.
    #[must_use]
    pub fn teacher(&self) -> Option<&str> {
        self.dense.as_ref().map(DenseBlock::embedder)
    }

    /// The tags it knows, sorted.
    #[must_use]
    pub fn labels(&self) -> &[TagPath] {
        &self.labels
    }

    /// Whether a text may get several tags.
    #[must_use]
    pub fn is_multi_label(&self) -> bool {
        self.is_multi_label
    }

    /// The score from which on a tag is set; `None` when the model does not know it.
    #[must_use]
    pub fn threshold(&self, tag: &TagPath) -> Option<f32> {
        self.place(tag).map(|place| self.thresholds[place])
    }

    /// How often the topic of a rule applies where the rule matches, by rule id, as far as that was learned.
    #[must_use]
    pub fn rule_trust(&self) -> &BTreeMap<String, f32> {
        &self.rule_trust
    }

    /// The model that also knows how far to trust rules; see [`crate::weigh_rules`].
    ///
    /// # Errors
    /// Only when the model cannot be serialised, which is a fault of refrain.
    pub fn with_rule_trust(mut self, rule_trust: BTreeMap<String, f32>) -> Result<Self, ModelError> {
        self.rule_trust = rule_trust;
        self.id = file::short_digest(&file::encode_payload(&self)?);
        Ok(self)
    }

    /// The tags of a text, best first, ties by path; empty when the model abstains.
    ///
    /// A text without any known feature never gets a tag, nor does one whose vector is needed and cannot be had.
    #[must_use]
    pub fn predict(&self, text: &str) -> Vec<Prediction> {
        self.judge(text).1
    }

    /// The tags of many texts, in their order, on all threads of the current pool.
    #[must_use]
    pub fn predict_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<Prediction>> {
        texts
            .par_iter()
            .with_min_len(64)
            .map(|text| self.predict(text.as_ref()))
            .collect()
    }

    /// The best single tag, even where the model abstains.
    #[must_use]
    pub fn decision(&self, text: &str) -> Option<Decision> {
        self.judge(text).0
    }

    /// The best single tag and the tags that are set, from one scoring.
    #[must_use]
    pub fn judge(&self, text: &str) -> (Option<Decision>, Vec<Prediction>) {
        let features = self.vectorizer.transform(text);
        let is_blank = features.is_empty();
        let Some(scores) = self.scores(text, features) else {
            return (None, Vec::new());
        };
        let Some((best, score, gap)) = best_of(&scores) else {
            return (None, Vec::new());
        };
        let set = if is_blank { Vec::new() } else { self.set_tags(&scores) };
        let tag = self.labels[best].clone();
        (
            Some(Decision {
                tag,
                score,
                gap,
                abstains: set.is_empty(),
            }),
            set,
        )
    }

    /// Scores by label; `None` when the vector that the model needs cannot be had.
    fn scores(&self, text: &str, mut features: SparseVec) -> Option<Vec<f32>> {
        if let Some(block) = &self.dense {
            let vector = match &self.student {
                Some(student) => student.margins(&features.indices, &features.values),
                None => self.embedder.as_ref()?.0.vector(text)?,
            };
            let cells = block.place(&vector);
            let first = self.vectorizer.num_features() as u32;
            features.indices.extend((first..).zip(&cells).map(|(column, _)| column));
            features.values.extend(cells);
        }
        let margins = self.weights.margins(&features.indices, &features.values);
        Some(self.link.scores(margins, self.labels.len()))
    }

    fn set_tags(&self, scores: &[f32]) -> Vec<Prediction> {
        let mut places: Vec<usize> = if self.is_multi_label {
            (0..scores.len())
                .filter(|&place| scores[place] >= self.thresholds[place])
                .collect()
        } else {
            best_of(scores)
                .filter(|&(best, score, gap)| score >= self.thresholds[best] && gap >= self.min_gap)
                .map(|(best, ..)| best)
                .into_iter()
                .collect()
        };
        places.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        let prediction = |place: usize| Prediction {
            tag: self.labels[place].clone(),
            score: scores[place],
        };
        places.into_iter().map(prediction).collect()
    }

    /// Place of a tag among the labels.
    pub(super) fn place(&self, tag: &TagPath) -> Option<usize> {
        self.labels.binary_search(tag).ok()
    }
}
