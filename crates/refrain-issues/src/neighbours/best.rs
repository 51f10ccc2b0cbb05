//! The k most similar rows met so far, for each of some rows.

use super::{Neighbour, number};

/// Products looked at together: most such runs hold none that counts.
const LANES: usize = 16;

/// Best lists, each in falling similarity and then rising row, whatever the order of the offers.
#[derive(Debug, Default)]
pub(super) struct Best {
    k: usize,
    /// Least similarity that may still enter each list.
    floors: Vec<f32>,
    lists: Vec<Vec<Neighbour>>,
}

impl Best {
    /// Nothing at or below `above` enters a list.
    pub(super) fn new(num_rows: usize, k: usize, above: f32) -> Self {
        let floor = if k == 0 { f32::INFINITY } else { above.next_up() };
        Self {
            k,
            floors: vec![floor; num_rows],
            lists: (0..num_rows).map(|_| Vec::with_capacity(k)).collect(),
        }
    }

    pub(super) fn into_lists(self) -> Vec<Vec<Neighbour>> {
        self.lists
    }

    fn offer(&mut self, at: usize, row: u32, similarity: f32) {
        let list = &mut self.lists[at];
        let is_before = |n: &Neighbour| n.similarity > similarity || (n.similarity == similarity && n.row < row);
        let place = list.partition_point(is_before);
        if place >= self.k {
            return;
        }
        list.truncate(self.k - 1);
        list.insert(place, Neighbour { row, similarity });
        if let Some(worst) = list.get(self.k - 1) {
            self.floors[at] = worst.similarity;
        }
    }

    /// Offers the list `at` a product with each of the rows that `row_of` numbers.
    pub(super) fn offer_all(&mut self, at: usize, products: &[f32], row_of: impl Fn(usize) -> u32) {
        for (start, run) in (0..).step_by(LANES).zip(products.chunks(LANES)) {
            let floor = self.floors[at];
            if !run.iter().fold(false, |any, &p| any | (p >= floor)) {
                continue;
            }
            for (offset, &product) in run.iter().enumerate() {
                if product >= self.floors[at] {
                    self.offer(at, row_of(start + offset), product);
                }
            }
        }
    }
}

/// Offers the products of row `at` of `a` with all rows of `b` to both sides; `a` begins at row `first_a` of all.
pub(super) fn offer_both(a: &mut Best, b: &mut Best, at: usize, products: &[f32], first_a: usize, first_b: usize) {
    for (start, run) in (0..).step_by(LANES).zip(products.chunks(LANES)) {
        let floor = a.floors[at];
        let floors = &b.floors[start..start + run.len()];
        let any = run
            .iter()
            .zip(floors)
            .fold(false, |any, (&p, &f)| any | (p >= floor) | (p >= f));
        if !any {
            continue;
        }
        for (other, &product) in (start..).zip(run) {
            if product >= a.floors[at] {
                a.offer(at, number(first_b + other), product);
            }
            if product >= b.floors[other] {
                b.offer(other, number(first_a + at), product);
            }
        }
    }
}
