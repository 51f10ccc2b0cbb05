//! Every two rows compared once: blocks of one symmetric matrix product.
//!
//! Blocks meet as teams in a league do, `0-3 1-2`, `1-3 2-0`, `2-3 0-1`: nobody is in two matches of a round, so each
//! match may write the lists of both its blocks.

use super::best::{Best, offer_both};
use super::{MIN_SIMILARITY, Neighbour, number};
use ndarray::{ArrayView2, Axis, s};
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a block: its products with another fill a megabyte.
const BLOCK_ROWS: usize = 512;

#[derive(Debug, Default)]
struct Block {
    rows: Range<usize>,
    best: Best,
}

pub(super) fn search(points: ArrayView2<'_, f32>, k: usize) -> Vec<Vec<Neighbour>> {
    let mut blocks: Vec<Block> = (0..points.nrows())
        .step_by(BLOCK_ROWS)
        .map(|start| start..(start + BLOCK_ROWS).min(points.nrows()))
        .map(|rows| Block {
            best: Best::new(rows.len(), k, MIN_SIMILARITY),
            rows,
        })
        .collect();
    blocks.par_iter_mut().for_each(|block| compare_inside(points, block));
    for round in rounds(blocks.len()) {
        let mut matches: Vec<(Block, Block)> = round
            .iter()
            .map(|&(a, b)| (std::mem::take(&mut blocks[a]), std::mem::take(&mut blocks[b])))
            .collect();
        matches.par_iter_mut().for_each(|(a, b)| compare(points, a, b));
        for ((a, b), played) in round.into_iter().zip(matches) {
            (blocks[a], blocks[b]) = played;
        }
    }
    blocks.into_iter().flat_map(|block| block.best.into_lists()).collect()
}

fn compare_inside(points: ArrayView2<'_, f32>, block: &mut Block) {
    let rows = points.slice(s![block.rows.clone(), ..]);
    let mut products = rows.dot(&rows.t());
    products.diag_mut().fill(f32::NEG_INFINITY);
    for (at, row) in products.axis_iter(Axis(0)).enumerate() {
        if let Some(row) = row.to_slice() {
            block.best.offer_all(at, row, |other| number(block.rows.start + other));
        }
    }
}

fn compare(points: ArrayView2<'_, f32>, a: &mut Block, b: &mut Block) {
    let products = points
        .slice(s![a.rows.clone(), ..])
        .dot(&points.slice(s![b.rows.clone(), ..]).t());
    for (at, row) in products.axis_iter(Axis(0)).enumerate() {
        if let Some(row) = row.to_slice() {
            offer_both(&mut a.best, &mut b.best, at, row, a.rows.start, b.rows.start);
        }
    }
}

/// Rounds of disjoint pairs in which each two of `num` meet once.
fn rounds(num: usize) -> Vec<Vec<(usize, usize)>> {
    // An odd one out plays the missing last, that is, not at all.
    let circle = (num + num % 2).saturating_sub(1);
    (0..circle)
        .map(|round| {
            let others = (1..=circle / 2).map(|i| ((round + i) % circle, (round + circle - i) % circle));
            let last = (round, circle);
            others.chain([last]).filter(|&(a, b)| a < num && b < num).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_two_meet_once_and_nobody_twice_in_a_round() {
        for num in 0..12 {
            let mut met = Vec::new();
            for round in rounds(num) {
                let mut busy: Vec<usize> = round.iter().flat_map(|&(a, b)| [a, b]).collect();
                busy.sort_unstable();
                assert!(busy.windows(2).all(|w| w[0] != w[1]), "{round:?}");
                met.extend(round.into_iter().map(|(a, b)| (a.min(b), a.max(b))));
            }
            met.sort_unstable();
            let all: Vec<(usize, usize)> = (0..num).flat_map(|a| (a + 1..num).map(move |b| (a, b))).collect();
            assert_eq!(met, all);
        }
    }
}
