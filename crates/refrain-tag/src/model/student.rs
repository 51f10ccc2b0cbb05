//! Vectors guessed from sparse features: what a model keeps of an embedder that it is to do without.
//!
//! Ridge regression of the vectors' leading dimensions, by conjugate gradients on `(X·Xᵀ + ridge)·A = Y`; the guess
//! for a text is `x·Xᵀ·A`. The rows of training are guessed by fits that have not seen them, as later texts will be.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use super::dense::DenseRows;
use super::lsa::{LsaBasis, multiply, transpose};
use super::sparse::SparseRows;
use super::weights::Weights;

/// Dimensions kept: nine tenths of the length of MiniLM's vectors, at a third of the size.
const NUM_DIMS: usize = 128;
/// Against rows of length 1.
const RIDGE: f64 = 0.5;
/// More steps change no figure.
const STEPS: usize = 15;
/// Parts for guesses out of fold.
const NUM_FOLDS: u64 = 4;

/// Learns to guess `vectors` from `rows`; `groups` says which rows must not vouch for each other.
///
/// Yields the weights by column and dimension, and the guess for every row.
pub(super) fn learn(rows: &SparseRows, vectors: &DenseRows, groups: &[u64], seed: u64) -> (Weights, Vec<Vec<f32>>) {
    let targets = leading(vectors, rows.num_rows(), seed);
    let columns = transpose(rows);
    let all = fit(rows, &columns, targets.view(), |_| true);
    let mut guesses: Vec<Vec<f32>> = vec![vec![0.0; targets.ncols()]; rows.num_rows()];
    for fold in 0..NUM_FOLDS {
        let is_held = |row: usize| groups.get(row).copied().unwrap_or_default() % NUM_FOLDS == fold;
        let part = fit(rows, &columns, targets.view(), |row| !is_held(row));
        let made = multiply(rows, part.view());
        for (row, line) in made.rows().into_iter().enumerate().filter(|(row, _)| is_held(*row)) {
            guesses[row] = line.to_vec();
        }
    }
    let bias = vec![0.0; targets.ncols()];
    (Weights::new(all.view(), bias), guesses)
}

/// Coordinates along the directions in which vectors differ most.
fn leading(vectors: &DenseRows, num_rows: usize, seed: u64) -> Array2<f32> {
    let mut rows = SparseRows::new(vectors.num_columns());
    for row in 0..num_rows {
        rows.push((0..).zip(vectors.row(row).iter().copied()));
    }
    LsaBasis::fit(&rows, NUM_DIMS, seed).embed(&rows)
}

/// Weights by column x dimension, from the rows that are kept.
fn fit(
    rows: &SparseRows,
    columns: &SparseRows,
    targets: ArrayView2<'_, f32>,
    keep: impl Fn(usize) -> bool,
) -> Array2<f32> {
    let blank_others = |matrix: &mut Array2<f32>| {
        for (row, mut line) in matrix.axis_iter_mut(Axis(0)).enumerate() {
            if !keep(row) {
                line.fill(0.0);
            }
        }
    };
    let mut rest = targets.to_owned();
    blank_others(&mut rest);
    let mut solution = Array2::zeros(rest.raw_dim());
    let mut direction = rest.clone();
    let mut squares = dots(&rest, &rest);
    for _ in 0..STEPS {
        let mut image = multiply(rows, multiply(columns, direction.view()).view());
        image.scaled_add(RIDGE as f32, &direction);
        blank_others(&mut image);
        let step = ratios(&squares, &dots(&direction, &image));
        add_scaled(&mut solution, &direction, &step, 1.0);
        add_scaled(&mut rest, &image, &step, -1.0);
        let after = dots(&rest, &rest);
        let turn = ratios(&after, &squares);
        squares = after;
        for (mut line, rest) in direction.rows_mut().into_iter().zip(rest.rows()) {
            Zip::from(&mut line)
                .and(&rest)
                .and(&turn)
                .for_each(|d, &r, &t| *d = r + t * *d);
        }
    }
    multiply(columns, solution.view())
}

/// Inner products column by column.
fn dots(a: &Array2<f32>, b: &Array2<f32>) -> Vec<f64> {
    let mut sums = vec![0.0f64; a.ncols()];
    for (a, b) in a.rows().into_iter().zip(b.rows()) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(*a) * f64::from(*b);
        }
    }
    sums
}

/// 0 where there is nothing left to divide by.
fn ratios(over: &[f64], under: &[f64]) -> ndarray::Array1<f32> {
    let ratio = |(over, under): (&f64, &f64)| {
        if *under > f64::MIN_POSITIVE {
            (over / under) as f32
        } else {
            0.0
        }
    };
    over.iter().zip(under).map(ratio).collect()
}

fn add_scaled(to: &mut Array2<f32>, what: &Array2<f32>, scales: &ndarray::Array1<f32>, sign: f32) {
    for (mut to, what) in to.rows_mut().into_iter().zip(what.rows()) {
        Zip::from(&mut to)
            .and(&what)
            .and(scales)
            .for_each(|t, &w, &s| *t += sign * s * w);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (SparseRows, DenseRows) {
        let mut rows = SparseRows::new(6);
        let mut vectors = DenseRows::new(3);
        for n in 0..40u32 {
            let column = n % 3;
            rows.push([(column, 0.8), (3 + n % 2, 0.6)]);
            let mut vector = [0.0, 0.0, 0.0];
            vector[column as usize] = 1.0;
            vectors.push(&vector);
        }
        (rows, vectors)
    }

    #[test]
    fn solves_the_normal_equations() {
        let (rows, vectors) = data();
        let targets = Array2::from_shape_fn((40, 3), |(row, dim)| vectors.row(row)[dim]);
        let weights = fit(&rows, &transpose(&rows), targets.view(), |row| row % 5 != 0);
        // The gradient of half the squared error plus the ridge, straight from its definition.
        let mut gradient = weights.mapv(|w| RIDGE as f32 * w);
        for row in (0..40).filter(|row| row % 5 != 0) {
            let (columns, values) = rows.row(row);
            for dim in 0..3 {
                let guess: f32 = columns
                    .iter()
                    .zip(values)
                    .map(|(&c, v)| v * weights[(c as usize, dim)])
                    .sum();
                for (&c, v) in columns.iter().zip(values) {
                    gradient[(c as usize, dim)] += v * (guess - targets[(row, dim)]);
                }
            }
        }
        assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient}");
    }

    #[test]
    fn rows_are_guessed_by_fits_without_them() {
        let (rows, vectors) = data();
        let alone: Vec<u64> = (0..40).collect();
        let (weights, guesses) = learn(&rows, &vectors, &alone, 1);
        assert_eq!((weights.num_columns(), weights.num_classes()), (6, 3));
        let (own, other) = (&guesses[0], &guesses[3]);
        let likeness: f32 = own.iter().zip(other).map(|(a, b)| a * b).sum();
        assert!(likeness > 0.5, "{likeness}");
        // One group is one fold, whose fit has seen nothing.
        let (_, guesses) = learn(&rows, &vectors, &[0; 40], 1);
        assert!(guesses.iter().flatten().all(|v| *v == 0.0));
        let (weights, guesses) = learn(&SparseRows::new(0), &DenseRows::new(3), &[], 1);
        assert_eq!((weights.num_columns(), guesses.len()), (0, 0));
    }
}
