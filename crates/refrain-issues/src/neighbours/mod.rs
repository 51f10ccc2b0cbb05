//! The k nearest rows of each row by cosine, exactly: blocks of one large matrix product.

use ndarray::{ArrayView2, Axis, s};
use rayon::prelude::*;

const QUERY_ROWS: usize = 256;
const TARGET_ROWS: usize = 2048;
/// Rows at right angles are no neighbours, on whichever side of 0 their product is rounded.
const MIN_SIMILARITY: f32 = 1e-4;

/// A row and its similarity to the row that asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neighbour {
    pub(crate) row: u32,
    pub(crate) similarity: f32,
}

/// For each unit row of `points` its `k` most similar other rows, best first, ties to the lower row.
///
/// Rows with a similarity of about 0 or less are no neighbours, so lists may be shorter. Memory is
/// `n * k` entries and one block of products a thread.
pub(crate) fn nearest_neighbours(points: ArrayView2<'_, f32>, k: usize) -> Vec<Vec<Neighbour>> {
    let starts: Vec<usize> = (0..points.nrows()).step_by(QUERY_ROWS).collect();
    starts
        .par_iter()
        .flat_map_iter(|&start| {
            let end = (start + QUERY_ROWS).min(points.nrows());
            block_neighbours(points, start..end, k)
        })
        .collect()
}

fn block_neighbours(points: ArrayView2<'_, f32>, queries: std::ops::Range<usize>, k: usize) -> Vec<Vec<Neighbour>> {
    let block = points.slice(s![queries.clone(), ..]);
    let mut best = vec![Vec::with_capacity(k + 1); queries.len()];
    for target_start in (0..points.nrows()).step_by(TARGET_ROWS) {
        let target_end = (target_start + TARGET_ROWS).min(points.nrows());
        let products = block.dot(&points.slice(s![target_start..target_end, ..]).t());
        for ((offset, list), row) in best.iter_mut().enumerate().zip(products.axis_iter(Axis(0))) {
            for (target, &similarity) in (target_start..target_end).zip(row) {
                if target != queries.start + offset {
                    offer(list, k, target, similarity);
                }
            }
        }
    }
    best
}

/// Targets come in rising order, so an equal later one never displaces an earlier.
fn offer(list: &mut Vec<Neighbour>, k: usize, target: usize, similarity: f32) {
    let floor = if list.len() < k {
        MIN_SIMILARITY
    } else {
        list.last().map_or(f32::INFINITY, |worst| worst.similarity)
    };
    if similarity <= floor || similarity.is_nan() {
        return;
    }
    let place = list.partition_point(|n| n.similarity >= similarity);
    #[expect(clippy::cast_possible_truncation, reason = "rows are sampled below 2^32")]
    let row = target as u32;
    list.insert(place, Neighbour { row, similarity });
    list.truncate(k);
}

/// The most similar row of `centres` for each row of `points`, ties to the lower; `None` without centres.
pub(crate) fn nearest_centre(points: ArrayView2<'_, f32>, centres: ArrayView2<'_, f32>) -> Vec<Option<Neighbour>> {
    let starts: Vec<usize> = (0..points.nrows()).step_by(QUERY_ROWS).collect();
    starts
        .par_iter()
        .flat_map_iter(|&start| {
            let end = (start + QUERY_ROWS).min(points.nrows());
            let products = points.slice(s![start..end, ..]).dot(&centres.t());
            let nearest: Vec<_> = products
                .axis_iter(Axis(0))
                .map(|row| most_similar(row.iter().copied()))
                .collect();
            nearest
        })
        .collect()
}

fn most_similar(similarities: impl Iterator<Item = f32>) -> Option<Neighbour> {
    let mut best: Option<Neighbour> = None;
    for (row, similarity) in (0_u32..).zip(similarities) {
        if best.is_none_or(|b| similarity > b.similarity) {
            best = Some(Neighbour { row, similarity });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dense::normalise, rng::gaussian};
    use ndarray::Array2;

    fn slow(points: &Array2<f32>, k: usize) -> Vec<Vec<u32>> {
        (0..points.nrows())
            .map(|i| {
                let mut all: Vec<(f32, u32)> = (0..points.nrows())
                    .filter(|&j| j != i)
                    .map(|j| (points.row(i).dot(&points.row(j)), j as u32))
                    .filter(|&(s, _)| s > MIN_SIMILARITY)
                    .collect();
                all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                all.into_iter().take(k).map(|(_, j)| j).collect()
            })
            .collect()
    }

    #[test]
    fn equals_the_slow_search() {
        let mut points = Array2::from_shape_fn((600, 8), |(i, j)| gaussian(3, (i * 8 + j) as u64));
        for mut row in points.rows_mut() {
            normalise(row.as_slice_mut().unwrap());
        }
        let fast: Vec<Vec<u32>> = nearest_neighbours(points.view(), 7)
            .into_iter()
            .map(|list| list.into_iter().map(|n| n.row).collect())
            .collect();
        assert_eq!(fast, slow(&points, 7));
    }

    #[test]
    fn ties_go_to_the_lower_row_and_zeros_have_none() {
        let points = ndarray::array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]];
        let lists = nearest_neighbours(points.view(), 1);
        let rows: Vec<Vec<u32>> = lists.iter().map(|l| l.iter().map(|n| n.row).collect()).collect();
        assert_eq!(rows, [vec![1], vec![0], vec![0], vec![]]);
        assert!(
            nearest_centre(points.view(), Array2::zeros((0, 2)).view())
                .iter()
                .all(Option::is_none)
        );
    }
}
