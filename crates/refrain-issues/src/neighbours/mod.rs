//! The k nearest rows of each row by cosine: exactly among few, by probing cells among many.
//!
//! Either way lists do not depend on the number of threads: who is compared with whom is fixed, and equally similar
//! rows go by number.

mod best;
mod cells;
mod exact;

use cells::Plan;
use ndarray::{ArrayView2, Axis, s};
use rayon::prelude::*;

const QUERY_ROWS: usize = 256;
/// Rows at right angles are no neighbours, on whichever side of 0 their product is rounded.
const MIN_SIMILARITY: f32 = 1e-4;
/// Rows up to which every two are compared.
const EXACT_UP_TO: usize = 50_000;

/// A row and its similarity to the row that asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neighbour {
    pub(crate) row: u32,
    pub(crate) similarity: f32,
}

/// For each unit row of `points` its `k` most similar other rows, best first, ties to the lower row.
///
/// Rows with a similarity of about 0 or less are no neighbours, so lists may be shorter. Among more than
/// `EXACT_UP_TO` rows some neighbours are missed. Memory is `n * k` entries, one copy of the points, and one block of
/// products a thread.
pub(crate) fn nearest_neighbours(points: ArrayView2<'_, f32>, k: usize) -> Vec<Vec<Neighbour>> {
    if points.nrows() <= EXACT_UP_TO {
        exact::search(points, k)
    } else {
        cells::search(points, k, Plan::for_rows(points.nrows()))
    }
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

#[expect(clippy::cast_possible_truncation, reason = "rows are sampled below 2^32")]
fn number(row: usize) -> u32 {
    row as u32
}

#[cfg(test)]
mod tests;
