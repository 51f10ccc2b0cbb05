//! Latent semantic analysis: the strongest directions of the shop's own terms.
//!
//! Randomised SVD (Halko, Martinsson, Tropp 2011) with two power iterations; the sketch is drawn
//! by counter, so a fit gives the same bytes on any number of threads.

use crate::IssuesConfig;
use crate::dense::{orthonormal, symmetric_eigen};
use crate::distinct::sample;
use crate::graph::shared_neighbour_graph;
use crate::groups::{neighbours_of, unit_rows};
use crate::neighbours::nearest_neighbours;
use crate::rng::gaussian;
use crate::sparse::Sparse;
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use refrain_text::features::{Block, FeatureConfig, Vectorizer};
use serde::{Deserialize, Serialize};

/// Extra directions of the sketch, for the accuracy of the last ones kept.
const OVERSAMPLING: usize = 10;
const POWER_ITERATIONS: usize = 2;
/// Features kept, most frequent first: bounds the state, and rare ones say little about a group.
const MAX_FEATURES: usize = 30_000;
/// Texts embedded at a time, so that term weights never exist for all texts at once.
const EMBED_ROWS: usize = 8_192;
const LEVELS: f32 = 127.0;
/// Texts whose neighbours tell what is wording: as many directions need no more.
const CONTRACTED_FROM: usize = 8_192;
/// Fewer texts a direction tell nothing of it: contracted on 90 texts, old issues swallow new ones.
const TEXTS_A_DIRECTION: usize = 4;
/// Added to the scatter in each direction, in units of the mean one: bounds what is stretched.
const SCATTER_FLOOR: f64 = 0.3;

/// A fitted embedding: terms, their weights, and directions among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Basis {
    vectorizer: Vectorizer,
    dims: usize,
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
        let chosen: Vec<&str> = sample(texts, CONTRACTED_FROM, cfg.seed)
            .into_iter()
            .map(|at| texts[at])
            .collect();
        let projection = fit_projection(&weights, cfg.dims, cfg.seed);
        let few = Sparse::new(&vectorizer.transform_all(&chosen), vectorizer.num_features());
        let points = few.times(projection.view());
        let projection = if points.nrows() < TEXTS_A_DIRECTION * points.ncols() {
            projection
        } else {
            contracted(projection, points, cfg.neighbours)
        };
        Self::quantised(vectorizer, &projection)
    }

    fn quantised(vectorizer: Vectorizer, projection: &Array2<f32>) -> Self {
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
            steps,
            scales,
        }
    }

    /// Whether a folded word is one of the terms.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.vectorizer.column(Block::Word, word).is_some()
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
        unit_rows(points)
    }
}

/// The projection with directions shortened in which near neighbours differ.
///
/// What differs between neighbours is wording rather than matter: their mean scatter is inverted,
/// as is done with the scatter inside known classes. CLINC of Zipf sizes .35 to .38 accuracy,
/// Banking77 .41 to .43; a second round loses what the first gained.
fn contracted(projection: Array2<f32>, points: Array2<f32>, num_neighbours: usize) -> Array2<f32> {
    let points = unit_rows(points);
    let num_neighbours = neighbours_of(num_neighbours, points.nrows()).div_ceil(2);
    let graph = shared_neighbour_graph(&nearest_neighbours(points.view(), num_neighbours));
    // The scatter of all ties is the graph's Laplacian between the points.
    let mut pulled = Array2::<f32>::zeros(points.dim());
    pulled
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(row, mut target)| {
            for &(other, weight) in &graph.edges[row] {
                target.scaled_add(weight as f32, &points.row(row));
                target.scaled_add(-weight as f32, &points.row(other as usize));
            }
        });
    let half = points.t().dot(&pulled).mapv(f64::from);
    let mut scatter = &half + &half.t();
    let dims = scatter.nrows();
    let mean = scatter.diag().sum() / dims.max(1) as f64;
    if mean <= 0.0 {
        return projection;
    }
    scatter.mapv_inplace(|v| v / mean);
    let (energies, vectors) = symmetric_eigen(scatter);
    let scaled = Array2::from_shape_fn((dims, dims), |(i, j)| {
        vectors[[i, j]] / (energies[j].max(0.0) + SCATTER_FLOOR).sqrt()
    });
    projection.dot(&scaled.dot(&vectors.t()).mapv(|v| v as f32))
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
                basis: Some(crate::basis::Basis::of_lsa(basis)),
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
