//! The dense block of a row: where the vector of its text points, beside its sparse features.
//!
//! A vector is held against the mean of the training texts and brought to length 1; `[3, 4]` against the mean
//! `[0, 0]` becomes `[0.6, 0.8]`. A separator is straight, while the tags of texts near each other in meaning are
//! not, so half of the block is made of waves over random directions: products of two such rows come close to
//! `exp(-sharpness * distance²)` (Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NIPS 2007).
//! The directions are signs and Hadamard transforms (Yu et al., Orthogonal Random Features, NIPS 2016): nearer than
//! independent ones, nothing to store, and some ten thousand additions a text.

use std::fmt::Debug;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ModelError;
use super::config::TrainConfig;

/// Draws the signs of the directions; with another one, older model files mean something else.
const DIRECTIONS_SEED: u64 = 0x5265_6672_6169_6e21;
/// Rounds of signs and transform; fewer leave directions that depend on each other.
const TURNS: usize = 3;

/// Gives every text a vector, always of the same number of dimensions and always the same for a text.
pub trait TextVectors: Debug + Send + Sync {
    /// Names everything that decides on the vectors; a model fitted beside one id takes no other.
    fn id(&self) -> &str;

    /// The vector of a text; `None` when it cannot be had.
    fn vector(&self, text: &str) -> Option<Vec<f32>>;
}

/// The vectors of texts.
///
/// # Errors
/// [`ModelError::Vectors`] when the embedder gives no vectors, or such that do not fit together.
pub(super) fn vectors_of(texts: &[&str], embedder: &dyn TextVectors) -> Result<Vec<Vec<f32>>, ModelError> {
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
    Ok(vectors)
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
    /// Directions; two columns each, behind those of the vector itself.
    num_waves: u32,
    sharpness: f32,
}

impl DenseBlock {
    /// The block and its rows, one for each vector; all vectors have the dimensions of the first.
    pub(super) fn fit(vectors: &[Vec<f32>], embedder: &str, config: &TrainConfig) -> (Self, DenseRows) {
        let dims = vectors.first().map_or(0, Vec::len);
        let block = Self {
            embedder: embedder.to_owned(),
            mean: mean(vectors, dims),
            weight: config.vector_weight,
            num_waves: config.vector_waves,
            sharpness: config.vector_sharpness,
        };
        let cells: Vec<Vec<f32>> = vectors.par_iter().map(|vector| block.place(vector)).collect();
        let mut rows = DenseRows::new(block.num_columns());
        cells.iter().for_each(|row| rows.push(row));
        (block, rows)
    }

    /// The vectors held against their mean and at length 1, and nothing else.
    pub(super) fn directions(vectors: &[Vec<f32>]) -> DenseRows {
        let plain = TrainConfig {
            vector_weight: 1.0,
            vector_waves: 0,
            ..TrainConfig::default()
        };
        Self::fit(vectors, "", &plain).1
    }

    /// Id of the embedder.
    pub(super) fn embedder(&self) -> &str {
        &self.embedder
    }

    pub(super) fn num_columns(&self) -> usize {
        match self.num_waves {
            0 => self.mean.len(),
            waves => self.mean.len() + 2 * waves as usize,
        }
    }

    /// Whether all numbers are such that margins stay finite.
    pub(super) fn is_sound(&self) -> bool {
        let mut numbers = self.mean.iter().chain([&self.weight, &self.sharpness]);
        !self.mean.is_empty() && numbers.all(|v| v.is_finite())
    }

    /// The columns of a vector, as long as the weight; all zero where it tells nothing: it is as the mean, of other
    /// dimensions, or holds no numbers.
    pub(super) fn place(&self, vector: &[f32]) -> Vec<f32> {
        let Some(mut cells) = self.direction(vector) else {
            return vec![0.0; self.num_columns()];
        };
        let mut waves = Vec::new();
        let mut weight = self.weight;
        if self.num_waves > 0 {
            // Two halves of equal length.
            weight *= std::f32::consts::FRAC_1_SQRT_2;
            waves = self.waves(&cells, weight);
        }
        cells.iter_mut().for_each(|cell| *cell *= weight);
        cells.extend(waves);
        cells
    }

    /// From the mean to the vector, at length 1.
    fn direction(&self, vector: &[f32]) -> Option<Vec<f32>> {
        if vector.len() != self.mean.len() {
            return None;
        }
        let mut cells: Vec<f32> = vector.iter().zip(&self.mean).map(|(v, mean)| v - mean).collect();
        let length = cells.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() as f32;
        // Also refuses what is no number.
        let is_direction = length > f32::MIN_POSITIVE && length.is_finite();
        cells.iter_mut().for_each(|cell| *cell /= length);
        is_direction.then_some(cells)
    }

    /// Cosine and sine of where a vector of length 1 lies along each direction.
    fn waves(&self, unit: &[f32], weight: f32) -> Vec<f32> {
        let num_waves = self.num_waves as usize;
        let width = unit.len().next_power_of_two();
        // Each transform stretches by the root of the width, and a direction is to be as long as that root.
        let step = (2.0 * self.sharpness).sqrt() / width as f32;
        let height = weight / (num_waves as f32).sqrt();
        let mut rng = ChaCha8Rng::seed_from_u64(DIRECTIONS_SEED);
        let mut cells = Vec::with_capacity(2 * num_waves);
        while cells.len() < 2 * num_waves {
            let mut turned = unit.to_vec();
            turned.resize(width, 0.0);
            for _ in 0..TURNS {
                flip_signs(&mut turned, &mut rng);
                hadamard(&mut turned);
            }
            for place in turned.iter().take(num_waves - cells.len() / 2) {
                let (sine, cosine) = (place * step).sin_cos();
                cells.extend([cosine * height, sine * height]);
            }
        }
        cells
    }
}

fn flip_signs(cells: &mut [f32], rng: &mut ChaCha8Rng) {
    for chunk in cells.chunks_mut(64) {
        let bits = rng.next_u64();
        for (place, cell) in chunk.iter_mut().enumerate() {
            if bits >> place & 1 == 1 {
                *cell = -*cell;
            }
        }
    }
}

/// The Walsh-Hadamard transform in place; the length is a power of two.
fn hadamard(cells: &mut [f32]) {
    let mut half = 1;
    while half < cells.len() {
        for pair in cells.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(num_dims: usize, num_waves: u32) -> DenseBlock {
        DenseBlock {
            embedder: "e".into(),
            mean: vec![0.0; num_dims],
            weight: 1.5,
            num_waves,
            sharpness: 0.5,
        }
    }

    #[test]
    fn a_vector_is_held_against_the_mean() {
        let mut block = block(2, 0);
        block.weight = 2.0;
        assert_eq!(block.place(&[3.0, 4.0]), [1.2, 1.6]);
        block.mean = vec![3.0, 3.0];
        assert_eq!(block.place(&[3.0, 4.0]), [0.0, 2.0]);
    }

    #[test]
    fn what_tells_nothing_is_zero() {
        for num_waves in [0, 3] {
            let block = block(2, num_waves);
            let odd: [&[f32]; 5] = [&[], &[0.0, 0.0], &[1.0], &[f32::NAN, 1.0], &[f32::INFINITY, 1.0]];
            for vector in odd {
                assert_eq!(block.place(vector), vec![0.0; block.num_columns()]);
            }
        }
    }

    #[test]
    fn likeness_of_waves_is_that_of_the_kernel() {
        let block = block(48, 4096);
        let vector = |seed: usize| -> Vec<f32> { (0..48).map(|i| ((i * 7 + seed * 13) % 11) as f32 - 5.0).collect() };
        let unit = |seed: usize| {
            let vector = vector(seed);
            let length = dot(&vector, &vector).sqrt();
            vector.iter().map(|v| v / length).collect::<Vec<f32>>()
        };
        for (a, b) in [(0, 0), (0, 1), (2, 5), (3, 7)] {
            let squares = unit(a).iter().zip(unit(b)).map(|(x, y)| (x - y).powi(2)).sum::<f32>();
            let kernel = (-block.sharpness * squares).exp() * block.weight.powi(2);
            let waves = |seed: usize| block.waves(&unit(seed), block.weight);
            let found = dot(&waves(a), &waves(b));
            assert!((found - kernel).abs() < 0.08, "{found} for {kernel}");
        }
    }

    #[test]
    fn a_transform_made_twice_stretches_by_the_length() {
        let cells: Vec<f32> = (0..8).map(|i| (i * i % 5) as f32).collect();
        let mut turned = cells.clone();
        hadamard(&mut turned);
        assert_eq!(turned[0], cells.iter().sum::<f32>());
        hadamard(&mut turned);
        assert_eq!(turned, cells.iter().map(|v| v * 8.0).collect::<Vec<f32>>());
    }

    proptest! {
        #[test]
        fn rows_have_the_weight_as_length(
            vector in prop::collection::vec(-3.0f32..3.0, 1..40),
            num_waves in 0u32..70,
        ) {
            let block = block(vector.len(), num_waves);
            let cells = block.place(&vector);
            prop_assert_eq!(cells.len(), block.num_columns());
            let length = dot(&cells, &cells).sqrt();
            prop_assert!(length == 0.0 || (length - 1.5).abs() < 1e-3, "{}", length);
        }

        #[test]
        fn sums_are_near_the_plain_ones(pairs in prop::collection::vec((-2.0f32..2.0, -2.0f32..2.0), 0..70)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
            let plain: f64 = pairs.iter().map(|&(a, b)| f64::from(a) * f64::from(b)).sum();
            prop_assert!((f64::from(dot(&a, &b)) - plain).abs() < 1e-4);
        }
    }
}
