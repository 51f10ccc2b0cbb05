//! Latent semantic embedding: the leading right singular subspace of sparse rows.
//!
//! Randomised subspace iteration (Halko, Martinsson, Tropp: Finding structure with randomness,
//! SIAM Review 2011, algorithm 4.4) on the transpose. The basis spans the subspace without
//! aligning to single singular vectors, which no L2-regularised learner can tell apart.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::sparse::SparseRows;

/// Rounds of multiplying with the matrix and back; two suffice for text spectra.
const POWER_ROUNDS: usize = 2;
/// Columns made orthogonal to all before them at once, by matrix products.
const PANEL: usize = 32;
/// A direction shorter than this share of its former length was spanned already.
const DEPENDENT: f32 = 1e-5;

/// An orthonormal basis: column of the rows x dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct LsaBasis {
    /// The basis; dimensions beyond the rank of the rows are zero.
    pub vectors: Array2<f32>,
}

impl LsaBasis {
    /// Fits a basis of at most `rank` dimensions, fewer when the rows have fewer rows or columns.
    ///
    /// The result depends on rows and seed only, not on the thread count.
    #[must_use]
    pub fn fit(rows: &SparseRows, rank: usize, seed: u64) -> Self {
        let rank = rank.min(rows.num_rows()).min(rows.num_columns());
        let columns = transpose(rows);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Random signs do the work of a Gaussian matrix here, at a fraction of the cost.
        let mut inner = Array2::from_shape_simple_fn((rows.num_rows(), rank), || {
            if rng.next_u32() & 1 == 0 { 1.0 } else { -1.0 }
        });
        let mut vectors = multiply(&columns, inner.view());
        for _ in 0..POWER_ROUNDS {
            orthonormalize(vectors.view_mut());
            inner = multiply(rows, vectors.view());
            orthonormalize(inner.view_mut());
            vectors = multiply(&columns, inner.view());
        }
        orthonormalize(vectors.view_mut());
        Self { vectors }
    }

    /// Coordinates of rows: row x dimension.
    #[must_use]
    pub fn embed(&self, rows: &SparseRows) -> Array2<f32> {
        multiply(rows, self.vectors.view())
    }
}

/// The columns as rows.
pub(super) fn transpose(rows: &SparseRows) -> SparseRows {
    let mut entries: Vec<Vec<(u32, f32)>> = vec![Vec::new(); rows.num_columns()];
    for row in 0..rows.num_rows() {
        let (columns, values) = rows.row(row);
        for (&column, &value) in columns.iter().zip(values) {
            entries[column as usize].push((row as u32, value));
        }
    }
    let mut transposed = SparseRows::new(rows.num_rows());
    for entry in entries {
        transposed.push(entry);
    }
    transposed
}

/// Sparse times dense, each row summed by one thread in column order.
pub(super) fn multiply(rows: &SparseRows, dense: ArrayView2<'_, f32>) -> Array2<f32> {
    let width = dense.ncols();
    let mut product = Array2::zeros((rows.num_rows(), width));
    let dense = dense.as_standard_layout();
    let (Some(from), Some(to)) = (dense.as_slice(), product.as_slice_mut()) else {
        return product;
    };
    to.par_chunks_exact_mut(width.max(1))
        .enumerate()
        .with_min_len(64)
        .for_each(|(row, line)| {
            let (columns, values) = rows.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                let other = &from[column as usize * width..][..width];
                line.iter_mut()
                    .zip(other)
                    .for_each(|(sum, weight)| *sum += value * weight);
            }
        });
    product
}

/// Gram-Schmidt by panels, twice each, which keeps `f32` orthogonal to about its precision.
fn orthonormalize(mut vectors: ArrayViewMut2<'_, f32>) {
    for start in (0..vectors.ncols()).step_by(PANEL) {
        let end = (start + PANEL).min(vectors.ncols());
        let (done, mut rest) = vectors.view_mut().split_at(Axis(1), start);
        let mut panel = rest.slice_mut(s![.., ..end - start]);
        let mut work = panel.to_owned();
        for _ in 0..2 {
            let shadow = done.t().dot(&work);
            work -= &done.dot(&shadow);
        }
        orthonormalize_panel(&mut work);
        panel.assign(&work);
    }
}

fn orthonormalize_panel(panel: &mut Array2<f32>) {
    // Columns side by side in memory would be strided; work on the transpose.
    let mut lines = panel.t().as_standard_layout().into_owned();
    for at in 0..lines.nrows() {
        let (done, mut rest) = lines.view_mut().split_at(Axis(0), at);
        let mut line = rest.row_mut(0);
        let before = line.dot(&line).sqrt();
        for _ in 0..2 {
            for other in done.rows() {
                let share = line.dot(&other);
                line.scaled_add(-share, &other);
            }
        }
        let after = line.dot(&line).sqrt();
        if after.is_finite() && after > DEPENDENT * before.max(f32::MIN_POSITIVE) {
            line.mapv_inplace(|value| value / after);
        } else {
            line.fill(0.0);
        }
    }
    panel.assign(&lines.t());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(dense: &[&[f32]]) -> SparseRows {
        let mut rows = SparseRows::new(dense.first().map_or(0, |row| row.len()));
        for row in dense {
            rows.push(row.iter().enumerate().map(|(column, &value)| (column as u32, value)));
        }
        rows
    }

    #[test]
    fn the_basis_is_orthonormal_and_keeps_what_matters() {
        // Two strong directions and one weak: rank 2 must keep nearly all of the length.
        let rows = rows_of(&[
            &[5.0, 5.0, 0.0, 0.0],
            &[4.0, 4.0, 0.0, 0.1],
            &[0.0, 0.0, 3.0, 0.0],
            &[0.0, 0.1, 2.0, 0.0],
        ]);
        let basis = LsaBasis::fit(&rows, 2, 1);
        let gram = basis.vectors.t().dot(&basis.vectors);
        for ((i, j), value) in gram.indexed_iter() {
            let expected = if i == j { 1.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-5, "{gram}");
        }
        let embedded = basis.embed(&rows);
        let kept: f32 = embedded.iter().map(|v| v * v).sum();
        let all: f32 = (0..4).flat_map(|row| rows.row(row).1).map(|v| v * v).sum();
        assert!(kept / all > 0.999, "{kept} of {all}");
    }

    #[test]
    fn rows_of_low_rank_and_no_rows_are_fine() {
        let basis = LsaBasis::fit(&rows_of(&[&[1.0, 0.0], &[1.0, 0.0]]), 9, 1);
        assert!(basis.vectors.iter().all(|v| v.is_finite()));
        assert_eq!(LsaBasis::fit(&rows_of(&[]), 3, 1).vectors.len(), 0);
        let empty = LsaBasis::fit(&rows_of(&[&[0.0, 0.0], &[0.0, 0.0]]), 1, 1);
        assert!(empty.vectors.iter().all(|v| *v == 0.0));
    }
}
