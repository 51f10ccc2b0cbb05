//! One linear separator: L2-regularised, L2-loss SVM by dual coordinate descent.
//!
//! Minimises `|w|²/2 + C·Σ max(0, 1 - y·w·x)²` over `w`, with a constant 1 behind every row as
//! bias (Hsieh, Chang, Lin, Keerthi, Sundararajan: A Dual Coordinate Descent Method for
//! Large-scale Linear SVM, ICML 2008, algorithm 3 with shrinking).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::dense::{DenseRows, dot};
use super::sparse::SparseRows;

/// Separators whose margins are computed together.
pub(super) const GROUP: usize = 16;
/// Rows handed to a thread at once.
const ROW_CHUNK: usize = 256;

/// When to stop; figures of one binary problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// Largest allowed spread of the projected gradient.
    pub(super) tolerance: f32,
    /// Largest number of sweeps.
    pub(super) max_sweeps: usize,
}

/// The rows of all binary problems, with what does not depend on the class.
///
/// Columns that only one row has are kept apart: all they do is add `alpha·y·|their part|²` to
/// that row's own margin, so the inner loops never touch them. The others are ordered by how many
/// rows have them, which keeps the busy ones together in the cache. Half of the columns of short
/// texts are lone ones.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    original: &'a SparseRows,
    /// The shared part of the rows.
    rows: SparseRows,
    /// What every row has in full; its columns come behind the sparse ones.
    dense: &'a DenseRows,
    /// Original column -> shared column, or [`LONE`].
    places: Vec<u32>,
    /// Squared norm of each row's lone part.
    lone: Vec<f32>,
    /// Diagonal of the dual: squared row norm with bias, plus the row's ridge.
    diagonal: Vec<f32>,
    /// `1/(2C)` with each row's own `C`.
    ridge: Vec<f32>,
}

/// No shared column.
const LONE: u32 = u32::MAX;

/// State of one binary problem: `weights = Σ alpha·y·x`, the bias last.
#[derive(Debug, Clone)]
pub(super) struct Separator {
    /// Weights by shared column, then by dense column, then the bias.
    weights: Vec<f32>,
    alpha: Vec<f32>,
}

impl Separator {
    /// Whether the row holds the separator in place.
    pub(super) fn leans_on(&self, row: usize) -> bool {
        self.alpha[row] > 0.0
    }
}

impl<'a> Problem<'a> {
    /// `trust` multiplies `c` row by row; 1 where there is none.
    pub(super) fn new(original: &'a SparseRows, dense: &'a DenseRows, c: f32, trust: &[f32]) -> Self {
        let num_rows = original.num_rows();
        let mut counts = vec![0u32; original.num_columns()];
        for row in 0..num_rows {
            original
                .row(row)
                .0
                .iter()
                .for_each(|&column| counts[column as usize] += 1);
        }
        let mut shared: Vec<u32> = (0..counts.len() as u32).filter(|&c| counts[c as usize] > 1).collect();
        shared.sort_by_key(|&column| std::cmp::Reverse(counts[column as usize]));
        let mut places = vec![LONE; counts.len()];
        for (place, &column) in (0..).zip(&shared) {
            places[column as usize] = place;
        }
        let mut rows = SparseRows::new(shared.len());
        let (mut lone, mut diagonal) = (Vec::with_capacity(num_rows), Vec::with_capacity(num_rows));
        let ridge: Vec<f32> = (0..num_rows)
            .map(|row| 0.5 / (c * trust.get(row).copied().unwrap_or(1.0)))
            .collect();
        let mut entries = Vec::new();
        for (row, ridge) in ridge.iter().enumerate() {
            let (columns, values) = original.row(row);
            let mut alone = 0.0;
            for (&column, &value) in columns.iter().zip(values) {
                match places[column as usize] {
                    LONE => alone += value * value,
                    place => entries.push((place, value)),
                }
            }
            entries.sort_unstable_by_key(|&(place, _)| place);
            rows.push(entries.drain(..));
            lone.push(alone);
            let filled = dense.row(row);
            diagonal.push(values.iter().map(|v| v * v).sum::<f32>() + dot(filled, filled) + 1.0 + ridge);
        }
        Self {
            original,
            rows,
            dense,
            places,
            lone,
            diagonal,
            ridge,
        }
    }

    /// Weights by original column, then by dense column, then the bias.
    pub(super) fn weights(&self, positive: &[bool], separator: &Separator) -> Vec<f32> {
        let mut weights: Vec<f32> = self
            .places
            .iter()
            .map(|&place| {
                if place == LONE {
                    0.0
                } else {
                    separator.weights[place as usize]
                }
            })
            .collect();
        weights.extend_from_slice(&separator.weights[self.rows.num_columns()..]);
        for (row, &alpha) in separator.alpha.iter().enumerate().filter(|(_, alpha)| **alpha != 0.0) {
            let (columns, values) = self.original.row(row);
            let lone = columns
                .iter()
                .zip(values)
                .filter(|(c, _)| self.places[**c as usize] == LONE);
            lone.for_each(|(&column, value)| weights[column as usize] = alpha * sign(positive[row]) * value);
        }
        weights
    }

    pub(super) fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// Place of the bias among a separator's weights.
    fn bias(&self) -> usize {
        self.rows.num_columns() + self.dense.num_columns()
    }

    /// The separator that knows no row yet.
    pub(super) fn blank(&self) -> Separator {
        Separator {
            weights: vec![0.0; self.bias() + 1],
            alpha: vec![0.0; self.num_rows()],
        }
    }

    /// Takes out what a row has added.
    pub(super) fn forget(&self, positive: &[bool], separator: &mut Separator, row: usize) {
        let alpha = std::mem::take(&mut separator.alpha[row]);
        if alpha != 0.0 {
            self.add(&mut separator.weights, row, -alpha * sign(positive[row]));
        }
    }

    /// Moves the separator to the optimum over the rows in `working`, `positive` against others.
    ///
    /// Rows outside `working` stay as they are.
    pub(super) fn solve(&self, positive: &[bool], separator: &mut Separator, working: &[u32], seed: u64, stop: Stop) {
        let mut active = working.to_vec();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut shrink_above = f32::INFINITY;
        for _ in 0..stop.max_sweeps {
            shuffle(&mut active, &mut rng);
            let seen = self.sweep(positive, separator, &mut active, shrink_above);
            if seen.spread() > stop.tolerance {
                shrink_above = seen.shrink_above();
            } else if active.len() < working.len() {
                // Optimal on what is left: look once more at the rows that were shrunk away.
                active.clear();
                active.extend_from_slice(working);
                shrink_above = f32::INFINITY;
            } else {
                break;
            }
        }
    }

    /// One pass over the active rows; drops rows that sit firmly at zero.
    fn sweep(&self, positive: &[bool], separator: &mut Separator, active: &mut Vec<u32>, shrink_above: f32) -> Spread {
        let mut seen = Spread {
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
        };
        active.retain(|&row| {
            let row = row as usize;
            let sign = sign(positive[row]);
            let alpha = separator.alpha[row];
            let gradient =
                sign * self.margin(&separator.weights, row) - 1.0 + (self.ridge[row] + self.lone[row]) * alpha;
            if alpha == 0.0 && gradient > shrink_above {
                return false;
            }
            let projected = if alpha == 0.0 { gradient.min(0.0) } else { gradient };
            seen.low = seen.low.min(projected);
            seen.high = seen.high.max(projected);
            if projected.abs() > 1e-12 {
                let moved = (alpha - gradient / self.diagonal[row]).max(0.0);
                separator.alpha[row] = moved;
                self.add(&mut separator.weights, row, (moved - alpha) * sign);
            }
            true
        });
        seen
    }

    /// `w·x` of the shared part of a row, bias included.
    fn margin(&self, weights: &[f32], row: usize) -> f32 {
        let (columns, values) = self.rows.row(row);
        // Four sums, so that the adds do not wait for each other; their order is fixed.
        let mut sums = [0.0f32; 4];
        let mut column_chunks = columns.chunks_exact(4);
        let mut value_chunks = values.chunks_exact(4);
        for (c, v) in column_chunks.by_ref().zip(value_chunks.by_ref()) {
            for lane in 0..4 {
                sums[lane] += weights[c[lane] as usize] * v[lane];
            }
        }
        for (&c, &v) in column_chunks.remainder().iter().zip(value_chunks.remainder()) {
            sums[0] += weights[c as usize] * v;
        }
        let filled = dot(self.dense.row(row), &weights[self.rows.num_columns()..self.bias()]);
        (sums[0] + sums[1]) + (sums[2] + sums[3]) + filled + weights[self.bias()]
    }

    fn add(&self, weights: &mut [f32], row: usize, step: f32) {
        let (columns, values) = self.rows.row(row);
        for (&c, &v) in columns.iter().zip(values) {
            weights[c as usize] += step * v;
        }
        for (weight, v) in weights[self.rows.num_columns()..].iter_mut().zip(self.dense.row(row)) {
            *weight += step * v;
        }
        weights[self.bias()] += step;
    }

    /// Margins of the shared part of the given rows for at most [`GROUP`] separators at once: the
    /// whole margin of a row that holds none of them in place.
    ///
    /// Several times faster than one by one: the weights of a column lie side by side.
    pub(super) fn group_margins(&self, separators: &[&Separator], rows: &[u32]) -> Vec<[f32; GROUP]> {
        let mut columns = vec![[0.0f32; GROUP]; self.bias() + 1];
        for (lane, separator) in separators.iter().take(GROUP).enumerate() {
            for (cell, &weight) in columns.iter_mut().zip(&separator.weights) {
                cell[lane] = weight;
            }
        }
        let bias = columns[self.bias()];
        let filled = &columns[self.rows.num_columns()..self.bias()];
        let margins_of = |&row: &u32| {
            let mut sums = bias;
            let (indices, values) = self.rows.row(row as usize);
            for (&column, &value) in indices.iter().zip(values) {
                for (sum, weight) in sums.iter_mut().zip(&columns[column as usize]) {
                    *sum += value * weight;
                }
            }
            for (&value, column) in self.dense.row(row as usize).iter().zip(filled) {
                for (sum, weight) in sums.iter_mut().zip(column) {
                    *sum += value * weight;
                }
            }
            sums
        };
        rows.par_iter().with_min_len(ROW_CHUNK).map(margins_of).collect()
    }
}

/// `y` of a row.
pub(super) fn sign(positive: bool) -> f32 {
    if positive { 1.0 } else { -1.0 }
}

/// Range of the projected gradient in one sweep.
#[derive(Debug, Clone, Copy)]
struct Spread {
    low: f32,
    high: f32,
}

impl Spread {
    fn spread(self) -> f32 {
        if self.high < self.low {
            0.0
        } else {
            self.high - self.low
        }
    }

    /// The gradient above which the next sweep may drop a row at zero.
    fn shrink_above(self) -> f32 {
        if self.high <= 0.0 { f32::INFINITY } else { self.high }
    }
}

/// Fisher-Yates; multiply-shift in place of a modulo, its bias is far below what matters here.
fn shuffle(items: &mut [u32], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        let pick = (u64::from(rng.next_u32()) * (last as u64 + 1)) >> 32;
        items.swap(last, pick as usize);
    }
}
