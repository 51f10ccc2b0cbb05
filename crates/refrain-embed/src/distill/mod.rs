//! Token vectors of a transformer, so that a text costs an average instead of a model run.
//!
//! As Model2Vec does: every token of the vocabulary runs through the model alone, between its
//! special tokens; the means are turned onto their strongest directions, and each is weighted down
//! by how frequent its token is. Vocabularies are sorted by frequency, so the rank tells (Zipf),
//! and the weight is that of smooth inverse frequency.

mod pca;
#[cfg(test)]
mod tests;
mod vocabulary;

use crate::tokens::{TOKENIZER_FILE, Tokens};
use crate::vectors::{Precision, Vectors};
use crate::{EmbedError, StaticModel, TransformerModel};
use ndarray::{Array2, Axis};
use pca::strongest_directions;
use serde_json::{Map, Value, json};
use vocabulary::slim_tokenizer;

/// How to distil.
#[derive(Debug, Clone, PartialEq)]
pub struct DistillOptions {
    /// Length of a vector; never more than the transformer's own.
    pub dim: usize,
    /// Smoothing of the frequency weights, between 0 and 1; `None` weighs all tokens alike.
    pub sif_coefficient: Option<f64>,
    /// How numbers are stored.
    pub precision: Precision,
}

impl Default for DistillOptions {
    fn default() -> Self {
        Self {
            dim: 256,
            sif_coefficient: Some(1e-4),
            precision: Precision::F16,
        }
    }
}

impl DistillOptions {
    fn check(&self) -> Result<(), EmbedError> {
        if self.dim == 0 {
            return Err(EmbedError::Setting {
                key: "dim",
                found: "0".to_owned(),
                expected: "at least 1",
            });
        }
        match self.sif_coefficient {
            Some(c) if !(c > 0.0 && c < 1.0) => Err(EmbedError::Setting {
                key: "sif_coefficient",
                found: c.to_string(),
                expected: "a number between 0 and 1",
            }),
            _ => Ok(()),
        }
    }
}

/// Makes token vectors of a transformer.
///
/// The same transformer and options give the same model, to the last bit.
///
/// # Errors
/// When an option is out of range, the tokenizer is neither `WordPiece` nor `Unigram`, or the
/// transformer fails on a token.
pub fn distill(transformer: &TransformerModel, options: &DistillOptions) -> Result<StaticModel, EmbedError> {
    options.check()?;
    let slim = slim_tokenizer(transformer.tokens())?;
    let sequences = sequences(transformer.tokens(), &slim.old_ids)?;
    let mut points = strongest_directions(transformer.means(&sequences)?, options.dim).map_err(|found| {
        EmbedError::format(
            transformer.path(),
            format!("token vectors without principal directions ({found})"),
            "vectors that differ",
        )
    })?;
    if let Some(coefficient) = options.sif_coefficient {
        weigh_by_rank(&mut points, coefficient);
    }
    let dim = points.ncols();
    let values = points.into_raw_vec_and_offset().0;
    let path = transformer.path().join(TOKENIZER_FILE);
    StaticModel::new(
        transformer.path(),
        config(transformer, options, dim),
        Tokens::parse(&path, slim.json)?,
        Vectors::from_f32(&values, dim, options.precision),
    )
}

/// Each token between the model's special tokens.
fn sequences(tokens: &Tokens, ids: &[u32]) -> Result<Vec<Vec<u32>>, EmbedError> {
    let wrong = |found: String| EmbedError::format(tokens.path(), found, "a tokenizer with a token for `a`");
    let letter = tokens.encode("a").map_err(wrong)?;
    let special = letter.get_special_tokens_mask();
    let before = special.iter().take_while(|&&s| s == 1).count();
    let after = special.iter().rev().take_while(|&&s| s == 1).count();
    if before + after >= special.len() {
        return Err(wrong("none".to_owned()));
    }
    let (opening, rest) = letter.get_ids().split_at(before);
    let closing = &rest[rest.len() - after..];
    Ok(ids.iter().map(|&id| [opening, &[id], closing].concat()).collect())
}

/// `a / (a + p)` with the probability `p` of a token by its rank: 1 / rank, from rank 2.
fn weigh_by_rank(points: &mut Array2<f32>, coefficient: f64) {
    #[expect(clippy::cast_precision_loss, reason = "ranks fit")]
    let inverse_rank = |row: usize| 1.0 / (row + 2) as f64;
    let total: f64 = (0..points.nrows()).map(inverse_rank).sum();
    for (row, mut point) in points.axis_iter_mut(Axis(0)).enumerate() {
        let probability = inverse_rank(row) / total;
        let weight = coefficient / (coefficient + probability);
        #[expect(clippy::cast_possible_truncation, reason = "at most 1")]
        point.mapv_inplace(|v| (f64::from(v) * weight) as f32);
    }
}

/// The keys that Model2Vec writes.
fn config(transformer: &TransformerModel, options: &DistillOptions, dim: usize) -> Map<String, Value> {
    let name = transformer.path().file_name().map(|n| n.to_string_lossy().into_owned());
    let entries = [
        ("model_type", json!("model2vec")),
        ("architectures", json!(["StaticModel"])),
        ("tokenizer_name", json!(name.unwrap_or_default())),
        ("apply_pca", json!(options.dim)),
        ("sif_coefficient", json!(options.sif_coefficient)),
        ("hidden_dim", json!(dim)),
        ("seq_length", json!(1_000_000)),
        ("normalize", json!(true)),
        ("pooling", json!("mean")),
        ("max_length", json!(512)),
        ("distilled_from", json!(transformer.id())),
    ];
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
