//! The dense block of a row: where the vector of its text points, beside its sparse features.
//!
//! A vector is held against the mean of the training texts and brought to one length, the same for all
//! texts; `[3, 4]` against the mean `[0, 0]` at weight 2 becomes `[1.2, 1.6]`.

use std::fmt::Debug;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ModelError;

/// Gives every text a vector, always of the same number of dimensions and always the same for a text.
pub trait TextVectors: Debug + Send + Sync {
    /// Names everything that decides on the vectors; a model fitted beside one id takes no other.
    fn id(&self) -> &str;

    /// The vector of a text; `None` when it cannot be had.
    fn vector(&self, text: &str) -> Option<Vec<f32>>;
}

/// An embedder at hand, equal to any other of the same id.
#[derive(Debug, Clone)]
pub(super) struct Attached(pub(super) Arc<dyn TextVectors>);

impl PartialEq for Attached {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

/// How vectors become columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DenseBlock {
    /// Id of the embedder.
    embedder: String,
    /// Mean of the vectors of the training texts.
    mean: Vec<f32>,
    /// Length of the block; sparse features have length 1.
    weight: f32,
}

impl DenseBlock {
    /// The block and its rows, one for each text.
    ///
    /// # Errors
    /// [`ModelError::Vectors`] when the embedder gives no vectors, or such that do not fit together.
    pub(super) fn fit(
        texts: &[&str],
        embedder: &dyn TextVectors,
        weight: f32,
    ) -> Result<(Self, DenseRows), ModelError> {
        let refusal = |found: String| ModelError::Vectors {
            found,
            hint: "check the model's folder with `refrain doctor`, or train without vectors",
        };
        let vectors: Option<Vec<Vec<f32>>> = texts.par_iter().map(|text| embedder.vector(text)).collect();
        let vectors = vectors.ok_or_else(|| refusal(format!("`{}` has no vector of a text", embedder.id())))?;
        let dims = vectors.first().map_or(0, Vec::len);
        if dims == 0 || vectors.iter().any(|vector| vector.len() != dims) {
            return Err(refusal(format!("vectors of `{}` differ in length", embedder.id())));
        }
        let block = Self {
            embedder: embedder.id().to_owned(),
            mean: mean(&vectors, dims),
            weight,
        };
        let mut rows = DenseRows::new(dims);
        for vector in &vectors {
            rows.push(&block.place(vector));
        }
        Ok((block, rows))
    }

    /// Id of the embedder.
    pub(super) fn embedder(&self) -> &str {
        &self.embedder
    }

    pub(super) fn num_dims(&self) -> usize {
        self.mean.len()
    }

    /// Whether all numbers are such that margins stay finite.
    pub(super) fn is_sound(&self) -> bool {
        !self.mean.is_empty() && self.weight.is_finite() && self.mean.iter().all(|v| v.is_finite())
    }

    /// The columns of a vector; all zero where it tells nothing: it is as the mean, too short, or holds no numbers.
    pub(super) fn place(&self, vector: &[f32]) -> Vec<f32> {
        let mut cells = vec![0.0; self.mean.len()];
        if vector.len() == cells.len() {
            for ((cell, value), mean) in cells.iter_mut().zip(vector).zip(&self.mean) {
                *cell = value - mean;
            }
        }
        let length = cells.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() as f32;
        // Also refuses what is no number.
        let scale = if length > f32::MIN_POSITIVE && length.is_finite() {
            self.weight / length
        } else {
            return vec![0.0; cells.len()];
        };
        cells.iter_mut().for_each(|cell| *cell *= scale);
        cells
    }
}

fn mean(vectors: &[Vec<f32>], dims: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; dims];
    for vector in vectors {
        for (sum, value) in sums.iter_mut().zip(vector) {
            // One broken vector must not spoil the mean of all.
            *sum += f64::from(if value.is_finite() { *value } else { 0.0 });
        }
    }
    sums.iter().map(|sum| (sum / vectors.len() as f64) as f32).collect()
}

/// Rows of equal width, end to end.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct DenseRows {
    cells: Vec<f32>,
    num_columns: usize,
}

impl DenseRows {
    /// No rows yet.
    pub(super) fn new(num_columns: usize) -> Self {
        Self {
            cells: Vec::new(),
            num_columns,
        }
    }

    /// Adds a row of `num_columns` cells at the end.
    pub(super) fn push(&mut self, row: &[f32]) {
        debug_assert_eq!(row.len(), self.num_columns);
        self.cells.extend_from_slice(row);
    }

    pub(super) fn num_columns(&self) -> usize {
        self.num_columns
    }

    /// The cells of a row; none where there are no rows.
    pub(super) fn row(&self, row: usize) -> &[f32] {
        let start = row * self.num_columns;
        self.cells.get(start..start + self.num_columns).unwrap_or_default()
    }
}

/// Sum of products in sixteen fixed lanes, so that it is the same on every processor.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] += a * b;
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
    }
    sums[0]
}
