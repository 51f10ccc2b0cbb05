//! Latent semantic analysis: the strongest directions of the shop's own terms.
//!
//! Randomised SVD (Halko, Martinsson, Tropp 2011) with two power iterations; the sketch is drawn
//! by counter, so a fit gives the same bytes on any number of threads.

use crate::IssuesConfig;
use crate::dense::{normalise, orthonormal};
use crate::rng::gaussian;
use crate::sparse::Sparse;
use ndarray::{Array2, Axis};
use refrain_text::features::{FeatureConfig, Vectorizer};
use serde::{Deserialize, Serialize};

/// Extra directions of the sketch, for the accuracy of the last ones kept.
const OVERSAMPLING: usize = 10;
const POWER_ITERATIONS: usize = 2;
/// Features kept, most frequent first: bounds the state, and rare ones say little about a group.
const MAX_FEATURES: usize = 30_000;
/// Texts embedded at a time, so that term weights never exist for all texts at once.
const EMBED_ROWS: usize = 8_192;
const LEVELS: f32 = 127.0;

/// A fitted embedding: terms, their weights, and directions among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Basis {
    vectorizer: Vectorizer,
    dims: usize,
    /// Distinct texts it was fitted on.
    pub(crate) num_texts: usize,
    /// One row a term, in steps of the row's scale: a quarter of the bytes, nothing lost that shows.
    steps: Vec<i8>,
    scales: Vec<f32>,
}

impl Basis {
    /// Fits on distinct texts, whose order matters for nothing but rounding: pass them sorted.
    pub(crate) fn fit(texts: &[&str], cfg: &IssuesConfig) -> Self {
        let features = FeatureConfig {
            min_df: if texts.len() < 100 { 1 } else { 2 },
            max_features: Some(MAX_FEATURES),
            ..FeatureConfig::default()
        };
        let vectorizer = Vectorizer::fit(texts, &features);
        let weights = Sparse::new(&vectorizer.transform_all(texts), vectorizer.num_features());
        let projection = fit_projection(&weights, cfg.dims, cfg.seed);
        Self::quantised(vectorizer, &projection, texts.len())
    }

    fn quantised(vectorizer: Vectorizer, projection: &Array2<f32>, num_texts: usize) -> Self {
        let mut steps = Vec::with_capacity(projection.len());
        let mut scales = Vec::with_capacity(projection.nrows());
        for row in projection.rows() {
            let largest = row.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
            let scale = if largest > 0.0 { largest / LEVELS } else { 1.0 };
            scales.push(scale);
            #[expect(clippy::cast_possible_truncation, reason = "within 127 steps by the scale")]
            steps.extend(row.iter().map(|v| (v / scale).round() as i8));
        }
        Self {
            vectorizer,
            dims: projection.ncols(),
            num_texts,
            steps,
            scales,
        }
    }

    /// Whether the parts belong together; false for damaged bytes.
    pub(crate) fn is_whole(&self) -> bool {
        let terms = self.vectorizer.num_features();
        // There are never more directions than terms; without terms any number would fit the steps.
        self.scales.len() == terms
            && self.dims <= terms
            && terms.checked_mul(self.dims) == Some(self.steps.len())
            && self.scales.iter().all(|s| s.is_finite())
    }

    /// Length of a vector.
    pub(crate) fn dims(&self) -> usize {
        self.dims
    }

    /// Unit vectors of texts, one row each; a text without known terms is a zero row.
    pub(crate) fn embed(&self, texts: &[&str]) -> Array2<f32> {
        let projection = Array2::from_shape_fn((self.scales.len(), self.dims), |(term, dim)| {
            f32::from(self.steps[term * self.dims + dim]) * self.scales[term]
        });
        let mut points = Array2::zeros((texts.len(), self.dims));
        for (chunk, mut target) in texts
            .chunks(EMBED_ROWS)
            .zip(points.axis_chunks_iter_mut(Axis(0), EMBED_ROWS))
        {
            let weights = Sparse::new(&self.vectorizer.transform_all(chunk), self.scales.len());
            target.assign(&weights.times(projection.view()));
        }
        for mut row in points.axis_iter_mut(Axis(0)) {
            if let Some(row) = row.as_slice_mut() {
                normalise(row);
            }
        }
        points
    }
}

/// Projection of term weights onto at most `dims` directions: one row a term, strongest first.
fn fit_projection(weights: &Sparse, dims: usize, seed: u64) -> Array2<f32> {
    let terms = weights.num_columns;
    let width = (dims + OVERSAMPLING).min(terms).min(weights.num_rows());
    let transposed = weights.transposed();
    let sketch = Array2::from_shape_fn((terms, width), |(i, j)| gaussian(seed, (i * width + j) as u64));
    let mut left = orthonormal(weights.times(sketch.view()).view());
    for _ in 0..POWER_ITERATIONS {
        let right = orthonormal(transposed.times(left.view()).view());
        left = orthonormal(weights.times(right.view()).view());
    }
    // With `left` spanning the range, the right singular vectors are those of the small factor.
    let right = orthonormal(transposed.times(left.view()).view());
    let keep = right.ncols().min(dims);
    right.slice_move(ndarray::s![.., ..keep])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_texts_are_near_and_unlike_ones_far() {
        let texts = [
            "my parcel has not arrived",
            "the parcel never arrived",
            "parcel still not arrived",
            "refund my money please",
            "i want my money back as a refund",
            "where is my refund money",
        ];
        let cfg = IssuesConfig {
            dims: 3,
            ..IssuesConfig::default()
        };
        let basis = Basis::fit(&texts, &cfg);
        let points = basis.embed(&texts);
        assert!(points.row(0).dot(&points.row(1)) > 0.5);
        assert!(points.row(3).dot(&points.row(4)) > 0.5);
        assert!(points.row(0).dot(&points.row(4)) < 0.4);
        assert!(basis.is_whole());
        let unknown = basis.embed(&["", "ξψω"]);
        assert!(unknown.iter().all(|&v| v == 0.0));
    }

    #[test]
    fn nothing_to_fit_on() {
        for texts in [&[][..], &[""][..], &["one"][..]] {
            let basis = Basis::fit(texts, &IssuesConfig::default());
            assert_eq!(basis.embed(texts).nrows(), texts.len());
            assert!(basis.dims() <= 1 && basis.is_whole());
        }
    }

    #[test]
    fn dimensions_without_terms_are_damage() {
        for dims in [1, 1 << 40, usize::MAX] {
            let basis = Basis {
                dims,
                ..Basis::fit(&[""], &IssuesConfig::default())
            };
            assert!(!basis.is_whole());
            let shop = crate::state::ShopState {
                basis: Some(crate::basis::Basis::Lsa(Box::new(basis))),
                ..Default::default()
            };
            let state = crate::State {
                as_of: None,
                shops: [("de".to_owned(), shop)].into(),
            };
            assert!(crate::State::from_bytes(&state.to_bytes()).is_err());
        }
    }
}
