//! One linear separator: L2-regularised, L2-loss SVM by dual coordinate descent.
//!
//! Minimises `|w|²/2 + C·Σ max(0, 1 - y·w·x)²` over `w`, with a constant 1 behind every row as
//! bias (Hsieh, Chang, Lin, Keerthi, Sundararajan: A Dual Coordinate Descent Method for
//! Large-scale Linear SVM, ICML 2008, algorithm 3 with shrinking).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::sparse::SparseRows;

/// When to stop; figures of one binary problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// Largest allowed spread of the projected gradient.
    pub(super) tolerance: f32,
    /// Largest number of sweeps.
    pub(super) max_sweeps: usize,
}

/// How far outside the margin a row may lie and still take part in a fold's refit.
const REFIT_SLACK: f32 = 0.5;

/// The rows of all binary problems, with what does not depend on the class.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    rows: &'a SparseRows,
    /// Diagonal of the dual: squared row norm with bias, plus `1/(2C)`.
    diagonal: Vec<f32>,
    /// `1/(2C)`.
    ridge: f32,
}

/// State of one binary problem: `weights = Σ alpha·y·x`, the bias last.
#[derive(Debug, Clone)]
pub(super) struct Separator {
    /// Weights by column, then the bias.
    pub(super) weights: Vec<f32>,
    alpha: Vec<f32>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(rows: &'a SparseRows, c: f32) -> Self {
        let ridge = 0.5 / c;
        let diagonal = (0..rows.num_rows())
            .map(|row| rows.row(row).1.iter().map(|v| v * v).sum::<f32>() + 1.0 + ridge)
            .collect();
        Self { rows, diagonal, ridge }
    }

    /// Solves for the rows where `positive` is true against all others, from zero.
    pub(super) fn solve(&self, positive: &[bool], seed: u64, stop: Stop) -> Separator {
        let num_rows = self.rows.num_rows();
        let mut separator =
            Separator { weights: vec![0.0; self.rows.num_columns() + 1], alpha: vec![0.0; num_rows] };
        let mut active: Vec<u32> = (0..num_rows as u32).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut bounds = Bounds::OPEN;
        for _ in 0..stop.max_sweeps {
            let seen = self.sweep(positive, &mut separator, &mut active, bounds, &mut rng);
            if seen.spread() <= stop.tolerance {
                if active.len() == num_rows {
                    break;
                }
                // Optimal on what is left: look once more at the rows that were shrunk away.
                active = (0..num_rows as u32).collect();
                bounds = Bounds::OPEN;
            } else {
                bounds = seen.next();
            }
        }
        separator
    }

    /// Margins of all rows.
    pub(super) fn margins(&self, weights: &[f32]) -> Vec<f32> {
        (0..self.rows.num_rows()).map(|row| self.margin(weights, row)).collect()
    }

    /// The weights had `held_out` not been among the rows.
    ///
    /// Starts at the full solution and sweeps only rows that can matter: those with weight in it
    /// and those within [`REFIT_SLACK`] of the margin. `margins` are those of the full solution.
    pub(super) fn refit_without(
        &self,
        positive: &[bool],
        full: &Separator,
        margins: &[f32],
        held_out: impl Fn(usize) -> bool,
        seed: u64,
        stop: Stop,
    ) -> Vec<f32> {
        let mut part = full.clone();
        let mut active = Vec::new();
        for row in 0..self.rows.num_rows() {
            let sign = if positive[row] { 1.0 } else { -1.0 };
            if held_out(row) {
                if part.alpha[row] != 0.0 {
                    self.add(&mut part.weights, row, -part.alpha[row] * sign);
                    part.alpha[row] = 0.0;
                }
            } else if part.alpha[row] > 0.0 || sign * margins[row] < 1.0 + REFIT_SLACK {
                active.push(row as u32);
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut bounds = Bounds::OPEN;
        for _ in 0..stop.max_sweeps {
            let seen = self.sweep(positive, &mut part, &mut active, bounds, &mut rng);
            if seen.spread() <= stop.tolerance {
                break;
            }
            bounds = seen.next();
        }
        part.weights
    }

    /// `w·x` of a row, bias included.
    pub(super) fn margin(&self, weights: &[f32], row: usize) -> f32 {
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
        (sums[0] + sums[1]) + (sums[2] + sums[3]) + weights[self.rows.num_columns()]
    }

    fn add(&self, weights: &mut [f32], row: usize, step: f32) {
        let (columns, values) = self.rows.row(row);
        for (&c, &v) in columns.iter().zip(values) {
            weights[c as usize] += step * v;
        }
        weights[self.rows.num_columns()] += step;
    }

    /// One pass over the active rows in random order; drops rows that sit firmly at zero.
    fn sweep(
        &self,
        positive: &[bool],
        separator: &mut Separator,
        active: &mut Vec<u32>,
        bounds: Bounds,
        rng: &mut ChaCha8Rng,
    ) -> Bounds {
        shuffle(active, rng);
        let mut seen = Bounds { low: f32::INFINITY, high: f32::NEG_INFINITY };
        active.retain(|&row| {
            let row = row as usize;
            let sign = if positive[row] { 1.0 } else { -1.0 };
            let alpha = separator.alpha[row];
            let gradient =
                sign * self.margin(&separator.weights, row) - 1.0 + self.ridge * alpha;
            if alpha == 0.0 && gradient > bounds.high {
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
}

/// Range of the projected gradient in one sweep.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: f32,
    high: f32,
}

impl Bounds {
    const OPEN: Self = Self { low: f32::NEG_INFINITY, high: f32::INFINITY };

    fn spread(self) -> f32 {
        if self.high < self.low { 0.0 } else { self.high - self.low }
    }

    /// The bounds that shrinking may use in the next sweep.
    fn next(self) -> Self {
        Self {
            low: if self.low >= 0.0 { f32::NEG_INFINITY } else { self.low },
            high: if self.high <= 0.0 { f32::INFINITY } else { self.high },
        }
    }
}

/// Fisher-Yates; multiply-shift in place of a modulo, its bias is far below what matters here.
pub(super) fn shuffle(items: &mut [u32], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        let pick = (u64::from(rng.next_u32()) * (last as u64 + 1)) >> 32;
        items.swap(last, pick as usize);
    }
}
