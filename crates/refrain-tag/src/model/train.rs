//! Labelled texts to a model: features, learner, out-of-fold scores, curves and thresholds.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rayon::prelude::*;
use refrain_record::TagPath;
use refrain_text::features::{FeatureConfig, Vectorizer};

use super::calibrate::{Folds, Sigmoid, best_threshold, fit_best, log_odds};
use super::config::{ModelKind, MultiLabel, TrainConfig};
use super::dense::{Attached, DenseBlock, DenseRows, TextVectors, vectors_of};
use super::labels::LabelledText;
use super::learner::LinearSvm;
use super::predict::{Link, TagModel, best_of};
use super::softmax;
use super::sparse::SparseRows;
use super::weights::Weights;
use super::{ModelError, file, student};

/// Share of tagged examples with several tags from which on `auto` means multi-label.
const MULTI_LABEL_SHARE: f64 = 0.01;

/// Hits at which a tag's own best threshold counts as much as that of all tags together.
const THRESHOLD_PRIOR_HITS: f32 = 20.0;

/// Score at which a tag is as likely as not.
const EVEN: f32 = 0.5;

/// The examples as matrices.
pub(super) struct Examples {
    pub(super) rows: SparseRows,
    /// Vectors of the texts; without columns where there is no embedder.
    pub(super) dense: DenseRows,
    /// Row x label.
    pub(super) targets: Array2<bool>,
    /// Share of its cost at which a row is learned.
    pub(super) trust: Vec<f32>,
    pub(super) folds: Folds,
}

/// What a learner gives: weights, the link, and out-of-fold scores as held-out row x label.
pub(super) struct Learned {
    pub(super) weights: Weights,
    pub(super) link: Link,
    pub(super) scores: Array2<f32>,
}

/// Fits a model on labelled texts.
///
/// Texts of only whitespace are left out; texts without tags teach what none of the tags is. Weak labels
/// count by their trust (all alike with `lsa_logistic`), and never for calibration. The
/// order of the examples matters only for ties inside the learner; the thread count never does.
///
/// # Errors
/// [`ModelError::Setting`] for a setting outside its range, [`ModelError::NothingToLearn`] when
/// no example has both text and tag, [`ModelError::Fit`] when the learner does not converge.
pub fn train(examples: &[LabelledText], config: &TrainConfig) -> Result<TagModel, ModelError> {
    train_with(examples, config, None)
}

/// As [`train`], with the vectors of an embedder as features beside the others.
///
/// The model names the embedder, and its file can only be read where that one is at hand; with
/// [`TrainConfig::distil`] it learns to guess the vectors and needs none.
///
/// # Errors
/// As [`train`]; [`ModelError::Vectors`] when the embedder fails on a text or the kind of model takes no vectors.
pub fn train_with(
    examples: &[LabelledText],
    config: &TrainConfig,
    embedder: Option<&Arc<dyn TextVectors>>,
) -> Result<TagModel, ModelError> {
    train_doubting(examples, config, embedder).map(|(model, _)| model)
}

/// A label that a model which has not seen it finds unlikely, where it finds another one likely.
///
/// The ranking by self-confidence follows Northcutt, Jiang and Chuang, Confident Learning, JAIR 70 (2021).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Doubt {
    /// The text.
    pub text: String,
    /// Id, when given.
    pub id: Option<String>,
    /// Tags it was given.
    pub tags: Vec<String>,
    /// Lowest score among the tags given.
    pub given_score: f32,
    /// The tag with the best score among all others.
    pub suggested: String,
    /// Its score.
    pub suggested_score: f32,
}

/// As [`train_with`], with the labels worth a second look: most doubtful first, ties by text.
///
/// Scores are out of fold, so no label vouches for itself; rows without a tag or outside the folds are not judged.
///
/// # Errors
/// As [`train_with`].
pub fn train_doubting(
    examples: &[LabelledText],
    config: &TrainConfig,
    embedder: Option<&Arc<dyn TextVectors>>,
) -> Result<(TagModel, Vec<Doubt>), ModelError> {
    config.check()?;
    let usable: Vec<&LabelledText> = examples
        .iter()
        .filter(|example| !example.text.trim().is_empty())
        .collect();
    let labels = distinct_labels(&usable);
    if labels.is_empty() {
        return Err(ModelError::NothingToLearn {
            rows: examples.len(),
            found: "no example has both a text and a tag",
            hint: "label some texts, see `refrain audit`",
        });
    }
    let texts: Vec<&str> = usable.iter().map(|example| example.text.as_str()).collect();
    // Explanations need the names, whatever a config's `[features]` leaves at its default.
    let features = FeatureConfig {
        keep_names: true,
        ..config.features.clone()
    };
    let vectorizer = Vectorizer::fit(&texts, &features);
    let is_multi_label = is_multi_label(&usable, config.multi_label);
    let mut data = assemble(&usable, &labels, &vectorizer, config);
    let mut student = None;
    let block = match embedder {
        Some(embedder) => {
            refuse_vectors_where_unused(config.kind)?;
            let mut vectors = vectors_of(&texts, embedder.as_ref())?;
            if config.distil {
                let groups: Vec<u64> = usable.iter().map(|example| group_number(example.group())).collect();
                let directions = DenseBlock::directions(&vectors);
                let (weights, guesses) = student::learn(&data.rows, &directions, &groups, config.seed);
                (student, vectors) = (Some(weights), guesses);
            }
            let (block, rows) = DenseBlock::fit(&vectors, embedder.id(), config);
            data.dense = rows;
            Some(block)
        }
        None => None,
    };
    let learned = match config.kind {
        ModelKind::Linear => learn_linear(&data, config)?,
        ModelKind::LsaLogistic => softmax::learn(&data, config)?,
    };
    let learned = if is_multi_label {
        learned
    } else {
        judge_best(&data, learned)
    };
    let thresholds = thresholds(&data, &learned.scores, is_multi_label, config.min_score);
    let mut model = TagModel {
        id: String::new(),
        kind: config.kind,
        labels,
        vectorizer,
        dense: block,
        embedder: embedder.filter(|_| student.is_none()).cloned().map(Attached),
        student,
        weights: learned.weights,
        link: learned.link.clone(),
        thresholds,
        min_gap: config.min_gap,
        is_multi_label,
        rule_trust: BTreeMap::new(),
    };
    model.id = file::short_digest(&file::encode_payload(&model)?);
    let doubts = doubts(&usable, &data, &learned.scores, &model.labels);
    Ok((model, doubts))
}

/// A number that rows of one group share.
fn group_number(group: &str) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&blake3::hash(group.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(word)
}

fn refuse_vectors_where_unused(kind: ModelKind) -> Result<(), ModelError> {
    match kind {
        ModelKind::Linear => Ok(()),
        ModelKind::LsaLogistic => Err(ModelError::Vectors {
            found: format!("a `{}` model takes no vectors of an embedder", kind.as_str()),
            hint: "set `kind = \"linear\"`, or leave the embedder out",
        }),
    }
}

fn doubts(examples: &[&LabelledText], data: &Examples, scores: &Array2<f32>, labels: &[TagPath]) -> Vec<Doubt> {
    let judged = data.folds.rows();
    let mut doubts: Vec<Doubt> = judged
        .iter()
        .zip(scores.rows())
        .filter_map(|(&row, line)| {
            let given = data.targets.row(row);
            let given_score = labels_where(&given, true).map(|place| line[place]).reduce(f32::min)?;
            let other = labels_where(&given, false).max_by(|&a, &b| line[a].total_cmp(&line[b]).then(b.cmp(&a)))?;
            let example = examples[row];
            let is_doubtful = given_score < EVEN && line[other] >= EVEN;
            is_doubtful.then(|| Doubt {
                text: example.text.clone(),
                id: example.id.clone(),
                tags: example.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
                given_score,
                suggested: labels[other].as_str().to_owned(),
                suggested_score: line[other],
            })
        })
        .collect();
    let lead = |d: &Doubt| d.suggested_score - d.given_score;
    doubts.sort_by(|a, b| lead(b).total_cmp(&lead(a)).then_with(|| a.text.cmp(&b.text)));
    doubts
}

/// Places of the labels that a row has, or has not.
fn labels_where<'r>(row: &'r ArrayView1<'_, bool>, has: bool) -> impl Iterator<Item = usize> + use<'r> {
    row.iter()
        .enumerate()
        .filter(move |(_, hit)| **hit == has)
        .map(|(place, _)| place)
}

fn distinct_labels(examples: &[&LabelledText]) -> Vec<TagPath> {
    let mut labels: Vec<TagPath> = examples
        .iter()
        .flat_map(|example| example.tags.iter().cloned())
        .collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

fn is_multi_label(examples: &[&LabelledText], choice: MultiLabel) -> bool {
    let num_with = |least: usize| {
        examples
            .iter()
            .filter(|example| {
                let mut tags: Vec<&TagPath> = example.tags.iter().collect();
                tags.sort_unstable();
                tags.dedup();
                tags.len() >= least
            })
            .count() as f64
    };
    match choice {
        MultiLabel::Yes => true,
        MultiLabel::No => false,
        MultiLabel::Auto => num_with(2) > 0.0 && num_with(2) >= MULTI_LABEL_SHARE * num_with(1),
    }
}

fn assemble(examples: &[&LabelledText], labels: &[TagPath], vectorizer: &Vectorizer, config: &TrainConfig) -> Examples {
    let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
    let mut rows = SparseRows::new(vectorizer.num_features());
    for vector in vectorizer.transform_all(&texts) {
        rows.push(vector.iter());
    }
    let mut targets = Array2::from_elem((examples.len(), labels.len()), false);
    let mut strata = vec![u32::MAX; examples.len()];
    for (row, example) in examples.iter().enumerate() {
        for place in example.tags.iter().filter_map(|tag| labels.binary_search(tag).ok()) {
            targets[(row, place)] = true;
            strata[row] = strata[row].min(place as u32);
        }
    }
    // Only people's labels can tell how often a score is right.
    let strata = examples
        .iter()
        .zip(strata)
        .map(|(example, stratum)| example.weak_trust.is_none().then_some(stratum));
    let keyed = examples.iter().map(|example| example.group()).zip(strata);
    let folds = Folds::new(keyed, config.folds, config.max_calibration_rows, config.seed);
    let trust = examples.iter().map(|example| example.weak_trust.unwrap_or(1.0));
    Examples {
        rows,
        dense: DenseRows::default(),
        targets,
        trust: trust.collect(),
        folds,
    }
}

fn learn_linear(data: &Examples, config: &TrainConfig) -> Result<Learned, ModelError> {
    let learner = LinearSvm {
        c: config.c,
        seed: config.seed,
        ..LinearSvm::default()
    };
    learner.check()?;
    let (classes, margins) = learner.fit_folds(&data.rows, &data.dense, data.targets.view(), &data.trust, &data.folds);
    let targets = data.targets.select(Axis(0), &data.folds.rows());
    let own: Vec<Option<Sigmoid>> = (0..targets.ncols())
        .into_par_iter()
        .map(|class| Sigmoid::fit(margins.column(class), targets.column(class)))
        .collect();
    // A tag with too few examples borrows the curve of all tags together.
    let pooled = if own.contains(&None) {
        let margins: Array1<f32> = margins.iter().copied().collect();
        let targets: Array1<bool> = targets.iter().copied().collect();
        Sigmoid::fit(margins.view(), targets.view()).unwrap_or(Sigmoid::PLAIN)
    } else {
        Sigmoid::PLAIN
    };
    let curves: Vec<Sigmoid> = own.into_iter().map(|curve| curve.unwrap_or(pooled)).collect();
    let mut scores = margins;
    for (mut column, curve) in scores.columns_mut().into_iter().zip(&curves) {
        column.mapv_inplace(|margin| curve.score(margin));
    }
    Ok(Learned {
        weights: Weights::of_classes(&classes),
        link: Link::Sigmoids(curves),
        scores,
    })
}

/// Makes the best score of a text the chance that its tag is right, where enough rows tell.
fn judge_best(data: &Examples, learned: Learned) -> Learned {
    let best: Vec<(f32, bool)> = data
        .folds
        .rows()
        .iter()
        .zip(learned.scores.rows())
        .filter_map(|(&row, line)| {
            let (place, score, _) = best_of(&line.to_vec())?;
            Some((score, data.targets[(row, place)]))
        })
        .collect();
    let Some(curve) = fit_best(&best) else {
        return learned;
    };
    Learned {
        link: learned.link.then(curve),
        scores: learned.scores.mapv(|score| curve.score(log_odds(score))),
        ..learned
    }
}

/// Per label the threshold with the best out-of-fold F1, but never below `floor`.
///
/// With one tag a text, only texts where the label came out best count for it.
fn thresholds(data: &Examples, scores: &Array2<f32>, is_multi_label: bool, floor: f32) -> Vec<f32> {
    let mut scored: Vec<Vec<(f32, bool)>> = vec![Vec::new(); scores.ncols()];
    for (&row, line) in data.folds.rows().iter().zip(scores.rows()) {
        let line = line.to_vec();
        let hits = data.targets.row(row);
        if is_multi_label {
            for (label, &score) in line.iter().enumerate() {
                scored[label].push((score, hits[label]));
            }
        } else if let Some((best, score, _)) = best_of(&line) {
            scored[best].push((score, hits[best]));
        }
    }
    let pooled = best_threshold(scored.concat()).unwrap_or(0.0);
    scored
        .into_par_iter()
        .map(|list| {
            let num_hits = list.iter().filter(|(_, hit)| *hit).count() as f32;
            let own = best_threshold(list).unwrap_or(pooled);
            // A threshold from few hits is mostly chance, so it leans on that of all tags together.
            let trust = num_hits / (num_hits + THRESHOLD_PRIOR_HITS);
            (trust * own + (1.0 - trust) * pooled).max(floor)
        })
        .collect()
}
