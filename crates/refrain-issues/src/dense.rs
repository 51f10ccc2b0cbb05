//! Small dense linear algebra with a fixed order of summation.
//!
//! Row blocks of fixed height are multiplied in parallel and summed in order, so results do not
//! depend on the number of threads.

use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// Rows of a block; part of the result's bytes, so a constant.
const BLOCK_ROWS: usize = 4096;
/// Directions whose energy is below this share of the largest are rounding noise in `f32`.
const MIN_RELATIVE_ENERGY: f64 = 1e-9;
const MAX_SWEEPS: usize = 60;

/// `a` transposed times `a`, in `f64`.
fn gram(a: ArrayView2<'_, f32>) -> Array2<f64> {
    let blocks: Vec<usize> = (0..a.nrows()).step_by(BLOCK_ROWS).collect();
    let parts: Vec<Array2<f32>> = blocks
        .par_iter()
        .map(|&start| {
            let block = a.slice(s![start..(start + BLOCK_ROWS).min(a.nrows()), ..]);
            block.t().dot(&block)
        })
        .collect();
    let mut sum = Array2::<f64>::zeros((a.ncols(), a.ncols()));
    for part in parts {
        sum.zip_mut_with(&part, |total, &value| *total += f64::from(value));
    }
    sum
}

/// `a` times the small matrix `b`, by row blocks.
fn times_small(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Array2<f32> {
    let mut out = Array2::<f32>::zeros((a.nrows(), b.ncols()));
    out.axis_chunks_iter_mut(Axis(0), BLOCK_ROWS)
        .into_par_iter()
        .zip(a.axis_chunks_iter(Axis(0), BLOCK_ROWS))
        .for_each(|(mut target, block)| target.assign(&block.dot(&b)));
    out
}

/// Orthonormal basis of the columns of a tall matrix, strongest direction first: its left singular
/// vectors, as many as it has numerical rank.
///
/// By the eigenvectors of the Gram matrix: rank deficiency drops columns, and the spectrum of
/// text is flat enough for the halved precision.
#[expect(clippy::cast_possible_truncation, reason = "f32 is what the matrices hold")]
pub(crate) fn orthonormal(a: ArrayView2<'_, f32>) -> Array2<f32> {
    let (energies, vectors) = symmetric_eigen(gram(a));
    let largest = energies.first().copied().unwrap_or(0.0);
    let rank = energies
        .iter()
        .take_while(|&&e| e > 0.0 && e > largest * MIN_RELATIVE_ENERGY)
        .count();
    let scaled = Array2::from_shape_fn((a.ncols(), rank), |(i, j)| {
        (vectors[[i, j]] / energies[j].sqrt()) as f32
    });
    times_small(a, scaled.view())
}

/// Eigenvalues, largest first, and eigenvectors as columns of a symmetric matrix (cyclic Jacobi).
///
/// The sign of a vector is fixed: its entry of largest magnitude is positive.
pub(crate) fn symmetric_eigen(mut m: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = m.nrows();
    let mut vectors = Array2::<f64>::eye(n);
    let scale: f64 = m.iter().map(|v| v * v).sum();
    for _ in 0..MAX_SWEEPS {
        let off: f64 = (0..n)
            .flat_map(|i| (i + 1..n).map(move |j| (i, j)))
            .map(|(i, j)| m[[i, j]].powi(2))
            .sum();
        if off <= scale * 1e-24 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut m, &mut vectors, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| m[[b, b]].total_cmp(&m[[a, a]]).then(a.cmp(&b)));
    let values = order.iter().map(|&i| m[[i, i]]).collect();
    let mut sorted = vectors.select(Axis(0), &order);
    for mut row in sorted.rows_mut() {
        let strongest = row
            .iter()
            .fold(0.0_f64, |best, &v| if v.abs() > best.abs() { v } else { best });
        if strongest < 0.0 {
            row.mapv_inplace(|v| -v);
        }
    }
    (values, sorted.reversed_axes())
}

/// One Jacobi rotation that makes `m[p][q]` zero; rows of `vectors` are the eigenvectors.
fn rotate(m: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    let apq = m[[p, q]];
    if apq == 0.0 {
        return;
    }
    let theta = (m[[q, q]] - m[[p, p]]) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    let n = m.nrows();
    rotate_rows(m, p, q, c, s);
    for k in 0..n {
        let (kp, kq) = (m[[k, p]], m[[k, q]]);
        m[[k, p]] = c * kp - s * kq;
        m[[k, q]] = s * kp + c * kq;
    }
    rotate_rows(vectors, p, q, c, s);
}

fn rotate_rows(m: &mut Array2<f64>, p: usize, q: usize, c: f64, s: f64) {
    let (mut row_p, mut row_q) = m.multi_slice_mut((s![p, ..], s![q, ..]));
    ndarray::Zip::from(&mut row_p).and(&mut row_q).for_each(|a, b| {
        let (old_a, old_b) = (*a, *b);
        *a = c * old_a - s * old_b;
        *b = s * old_a + c * old_b;
    });
}

/// Scales `row` to length 1; a zero or non-finite row becomes zero and gives `false`.
pub(crate) fn normalise(row: &mut [f32]) -> bool {
    let length = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
    if !length.is_finite() || length <= 1e-12 {
        row.fill(0.0);
        return false;
    }
    #[expect(clippy::cast_possible_truncation, reason = "f32 is what the matrices hold")]
    for value in row {
        *value = (f64::from(*value) / length) as f32;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::gaussian;

    fn random(rows: usize, cols: usize, seed: u64) -> Array2<f32> {
        Array2::from_shape_fn((rows, cols), |(i, j)| gaussian(seed, (i * cols + j) as u64))
    }

    #[test]
    fn columns_are_orthonormal_and_span_the_input() {
        let a = random(9000, 12, 1);
        let left = orthonormal(a.view());
        let gram = left.t().dot(&left);
        for ((i, j), &value) in gram.indexed_iter() {
            assert!((value - f32::from(u8::from(i == j))).abs() < 1e-3, "{i} {j} {value}");
        }
        let energy: Vec<f32> = a.t().dot(&left).columns().into_iter().map(|c| c.dot(&c)).collect();
        assert!(energy.is_sorted_by(|a, b| a >= b), "{energy:?}");
        let rebuilt = left.dot(&left.t().dot(&a));
        let worst = (&rebuilt - &a).iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert!(worst < 1e-3, "{worst}");
    }

    #[test]
    fn rank_deficiency_drops_columns() {
        let mut a = random(50, 4, 2);
        let first = a.column(0).to_owned();
        a.column_mut(3).assign(&first);
        assert_eq!(orthonormal(a.view()).ncols(), 3);
        assert_eq!(orthonormal(Array2::zeros((5, 3)).view()).ncols(), 0);
        assert_eq!(orthonormal(Array2::zeros((0, 3)).view()).ncols(), 0);
    }

    #[test]
    fn eigen_of_a_known_matrix() {
        let (values, vectors) = symmetric_eigen(ndarray::array![[2.0, 1.0], [1.0, 2.0]]);
        assert!((values[0] - 3.0).abs() < 1e-12 && (values[1] - 1.0).abs() < 1e-12);
        assert!((vectors[[0, 0]] - vectors[[1, 0]]).abs() < 1e-12);
    }
}
