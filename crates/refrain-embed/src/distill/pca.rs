//! Principal components: points turned onto the directions in which they differ most.

use linfa_linalg::eigh::Eigh;
use ndarray::{Array1, Array2, Axis, s};

/// Rows at a time, so that 64-bit copies of a large vocabulary never exist at once.
const ROWS: usize = 8_192;

/// Centred points in at most `dim` directions, strongest first; the point farthest along a
/// direction has a positive number there. Fewer points than `dim` stay as they are.
pub(super) fn strongest_directions(points: Array2<f32>, dim: usize) -> Result<Array2<f32>, String> {
    let dim = dim.min(points.ncols());
    if dim >= points.nrows() {
        return Ok(points);
    }
    let mean = mean(&points);
    let (values, vectors) = covariance(&points, &mean).eigh().map_err(|e| e.to_string())?;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let directions = vectors.select(Axis(1), &order[..dim]);
    let mut turned = Array2::zeros((points.nrows(), dim));
    for (chunk, mut target) in chunks(&points).zip(turned.axis_chunks_iter_mut(Axis(0), ROWS)) {
        let scores = (chunk.mapv(f64::from) - &mean).dot(&directions);
        #[expect(clippy::cast_possible_truncation, reason = "f32 is what vectors hold")]
        target.assign(&scores.mapv(|v| v as f32));
    }
    for mut column in turned.columns_mut() {
        let farthest = column
            .iter()
            .fold(0.0_f32, |far, &v| if v.abs() > far.abs() { v } else { far });
        if farthest < 0.0 {
            column.mapv_inplace(|v| -v);
        }
    }
    Ok(turned)
}

fn chunks(points: &Array2<f32>) -> impl Iterator<Item = ndarray::ArrayView2<'_, f32>> {
    (0..points.nrows())
        .step_by(ROWS)
        .map(|start| points.slice(s![start..(start + ROWS).min(points.nrows()), ..]))
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit")]
fn mean(points: &Array2<f32>) -> Array1<f64> {
    let mut sum = Array1::zeros(points.ncols());
    for row in points.rows() {
        sum.zip_mut_with(&row, |total: &mut f64, &v| *total += f64::from(v));
    }
    sum / points.nrows() as f64
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit")]
fn covariance(points: &Array2<f32>, mean: &Array1<f64>) -> Array2<f64> {
    let mut products = Array2::zeros((points.ncols(), points.ncols()));
    for chunk in chunks(points) {
        let centred = chunk.mapv(f64::from) - mean;
        products += &centred.t().dot(&centred);
    }
    products / (points.nrows() - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_line_is_one_direction() {
        let points = array![[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [3.0, 7.0]];
        let turned = strongest_directions(points, 1).unwrap();
        let step = 5.0_f32.sqrt();
        for (found, expected) in turned.column(0).iter().zip([-1.5, -0.5, 0.5, 1.5]) {
            assert!((found.abs() - (expected * step).abs()).abs() < 1e-5, "{turned}");
        }
        assert!((turned[[3, 0]] - turned[[0, 0]]).abs() > 2.9 * step);
    }

    #[test]
    fn all_directions_keep_distances() {
        let points = Array2::from_shape_fn((40, 6), |(i, j)| ((i * 7 + j * 13) % 11) as f32 + (i % (j + 2)) as f32);
        let turned = strongest_directions(points.clone(), 6).unwrap();
        let distance =
            |p: &Array2<f32>, a: usize, b: usize| (&p.row(a) - &p.row(b)).mapv(|v| f64::from(v).powi(2)).sum().sqrt();
        for (a, b) in [(0, 1), (3, 30), (12, 39)] {
            assert!((distance(&points, a, b) - distance(&turned, a, b)).abs() < 1e-4);
        }
        let spread: Vec<f32> = turned.columns().into_iter().map(|c| c.mapv(|v| v * v).sum()).collect();
        assert!(spread.windows(2).all(|w| w[0] >= w[1] - 1e-3), "{spread:?}");
    }

    #[test]
    fn too_few_points_stay() {
        let points = array![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!(strongest_directions(points.clone(), 2).unwrap(), points);
    }
}
