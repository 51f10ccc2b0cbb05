//! The second learner: linfa's multinomial logistic regression on the latent semantic embedding.
//!
//! The embedding is linear, so basis and regression multiply into one weight per feature and
//! class: scoring needs neither of them.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2, Axis};

use super::ModelError;
use super::config::TrainConfig;
use super::lsa::LsaBasis;
use super::predict::Link;
use super::train::{Examples, Learned};
use super::weights::Weights;

/// `c = 1` means this L2 weight.
const ALPHA_AT_C_1: f32 = 0.02;
const MAX_ITERATIONS: u64 = 100;
/// Folds of this learner: a fit costs far more than one of the separators.
const MAX_FOLDS: u8 = 3;

/// Weights in the embedding: dimension x class, and the bias.
struct Fitted {
    weights: Array2<f32>,
    bias: Array1<f32>,
}

/// Fits the regression on all examples, and once per fold for out-of-fold scores.
pub(super) fn learn(data: &Examples, config: &TrainConfig) -> Result<Learned, ModelError> {
    let basis = LsaBasis::fit(&data.rows, config.lsa_rank, config.seed);
    let embedded = basis.embed(&data.rows);
    let num_labels = data.targets.ncols();
    let all = fit(&embedded, data, config, |_| true)?;
    let link = Link::Softmax(None);
    let held_out_rows = data.folds.rows();
    let mut scores = Array2::zeros((held_out_rows.len(), num_labels));
    let folds = data.folds.num_folds().min(MAX_FOLDS);
    let fold_of = |row: usize| data.folds.of(row).filter(|_| folds > 1).map(|fold| fold % folds);
    for fold in 0..folds {
        let part = fit(&embedded, data, config, |row| fold_of(row) != Some(fold))?;
        let held_out: Vec<(usize, usize)> = held_out_rows
            .iter()
            .copied()
            .enumerate()
            .filter(|&(_, row)| fold_of(row) == Some(fold))
            .collect();
        let rows: Vec<usize> = held_out.iter().map(|&(_, row)| row).collect();
        let margins = embedded.select(Axis(0), &rows).dot(&part.weights) + &part.bias;
        for (&(place, _), line) in held_out.iter().zip(margins.rows()) {
            let line = link.scores(line.to_vec(), num_labels);
            scores.row_mut(place).assign(&Array1::from_vec(line));
        }
    }
    let weights = Weights::new(basis.vectors.dot(&all.weights).view(), all.bias.to_vec());
    Ok(Learned { weights, link, scores })
}

/// Fits the kept rows; a row counts once for each of its labels, or for the class behind them.
///
/// That class exists exactly when some example has no label, also in a fold that lacks one.
fn fit(
    embedded: &Array2<f32>,
    data: &Examples,
    config: &TrainConfig,
    keep: impl Fn(usize) -> bool,
) -> Result<Fitted, ModelError> {
    let num_labels = data.targets.ncols();
    let none = data.targets.rows().into_iter().any(|row| !row.iter().any(|&set| set));
    let num_classes = num_labels + usize::from(none);
    let (mut rows, mut classes) = (Vec::new(), Vec::new());
    for row in (0..embedded.nrows()).filter(|&row| keep(row)) {
        let before = rows.len();
        for class in (0..num_labels).filter(|&class| data.targets[(row, class)]) {
            rows.push(row);
            classes.push(class);
        }
        if rows.len() == before {
            rows.push(row);
            classes.push(num_labels);
        }
    }
    let mut fitted = Fitted {
        weights: Array2::zeros((embedded.ncols(), num_classes)),
        // A class without rows must not win by a bias of 0 among negative ones.
        bias: Array1::from_elem(num_classes, -30.0),
    };
    let mut present = classes.clone();
    present.sort_unstable();
    present.dedup();
    if embedded.ncols() == 0 || present.len() < 2 {
        present.iter().for_each(|&class| fitted.bias[class] = 0.0);
        return Ok(fitted);
    }
    let dataset = DatasetBase::new(embedded.select(Axis(0), &rows), Array1::from_vec(classes));
    let model = MultiLogisticRegression::default()
        .alpha(ALPHA_AT_C_1 / config.c)
        .max_iterations(MAX_ITERATIONS)
        .gradient_tolerance(1e-3)
        .fit(&dataset)
        .map_err(|error| ModelError::Fit {
            kind: config.kind.as_str(),
            reason: error.to_string(),
        })?;
    for (place, &class) in model.classes().iter().enumerate() {
        fitted.weights.column_mut(class).assign(&model.params().column(place));
        fitted.bias[class] = model.intercept()[place];
    }
    Ok(fitted)
}
