//! Which groups are one: the most alike are united until no two are alike enough.

use crate::basis::Basis;
use crate::context;
use crate::dense::normalise;
use crate::state::ShopState;
use ndarray::{Array1, Array2, Axis};
use std::collections::BTreeSet;

/// Least mean likeness inside a group; a lower one is chance among few members.
const MIN_WITHIN: f32 = 0.1;

/// Groups as sums of their members' unit vectors, with the likeness of each two.
///
/// The centres of two small groups are far apart even when both are drawn from one: each holds its few members' own
/// noise. So the likeness is the mean cosine across, over the geometric mean of the mean cosines inside either, members
/// not held against themselves; of two halves of one group it is about 1 whatever their size, of two large groups it
/// is the cosine of their centres.
pub(crate) struct Fusion {
    sums: Array2<f32>,
    counts: Vec<f32>,
    weights: Vec<f32>,
    rows: Array2<f32>,
    products: Array2<f32>,
    apart: BTreeSet<(usize, usize)>,
    /// No two of these are alike.
    is_exclusive: Vec<bool>,
}

impl Fusion {
    /// `counts` are the members in each row of `sums`, `weights` the sums of their squared lengths.
    pub(crate) fn new(sums: Array2<f32>, counts: Vec<f32>, weights: Vec<f32>) -> Self {
        let mut rows = Array2::zeros(sums.dim());
        for (at, sum) in sums.axis_iter(Axis(0)).enumerate() {
            rows.row_mut(at)
                .assign(&scaled(sum.to_owned(), counts[at], weights[at]));
        }
        let products = rows.dot(&rows.t());
        let is_exclusive = vec![false; rows.nrows()];
        Self {
            sums,
            counts,
            weights,
            rows,
            products,
            apart: BTreeSet::new(),
            is_exclusive,
        }
    }

    /// The issues at `places`.
    pub(crate) fn of_issues(shop: &ShopState, places: &[usize]) -> Self {
        let counts = counts_of(shop, places);
        let dims = shop.basis.as_ref().map_or(0, context::dims);
        Self::new(sums_of(shop, places, dims), counts.clone(), counts)
    }

    /// The same by their words alone.
    pub(crate) fn of_words(shop: &ShopState, places: &[usize]) -> Self {
        let weights = places.iter().map(|&place| shop.issues[place].word_weight).collect();
        let dims = shop.basis.as_ref().map_or(0, Basis::dims);
        Self::new(sums_of(shop, places, dims), counts_of(shop, places), weights)
    }

    /// Never calls these two alike, nor what either is united with.
    pub(crate) fn keep_apart(&mut self, a: usize, b: usize) {
        self.apart.insert((a.min(b), a.max(b)));
    }

    /// Never calls two so marked alike, nor what either is united with.
    pub(crate) fn mark_exclusive(&mut self, at: usize) {
        self.is_exclusive[at] = true;
    }

    /// The two most alike groups, the lower first, when they reach `min_similarity`; ties to the lower pair.
    pub(crate) fn most_alike(&self, min_similarity: f32) -> Option<(usize, usize, f32)> {
        let mut best: Option<(usize, usize, f32)> = None;
        for i in 0..self.products.nrows() {
            for j in i + 1..self.products.nrows() {
                let similarity = self.products[[i, j]];
                let is_better = similarity >= min_similarity && best.is_none_or(|b| similarity > b.2);
                let is_held_apart = || self.is_exclusive[i] && self.is_exclusive[j] || self.apart.contains(&(i, j));
                if is_better && !is_held_apart() {
                    best = Some((i, j, similarity));
                }
            }
        }
        best
    }

    /// Unites `gone` with `keep`; it is alike to nothing from then on.
    pub(crate) fn unite(&mut self, keep: usize, gone: usize) {
        let absorbed = self.sums.row(gone).to_owned();
        let mut kept = self.sums.row_mut(keep);
        kept += &absorbed;
        self.counts[keep] += self.counts[gone];
        self.is_exclusive[keep] |= self.is_exclusive[gone];
        self.weights[keep] += self.weights[gone];
        let row = scaled(self.sums.row(keep).to_owned(), self.counts[keep], self.weights[keep]);
        self.rows.row_mut(keep).assign(&row);
        // One row changes; all products made anew each time would cost the third power.
        let renewed = self.rows.dot(&row);
        self.products.row_mut(keep).assign(&renewed);
        self.products.column_mut(keep).assign(&renewed);
        self.sums.row_mut(gone).fill(0.0);
        self.rows.row_mut(gone).fill(0.0);
        self.products.row_mut(gone).fill(0.0);
        self.products.column_mut(gone).fill(0.0);
        let moved = |at: usize| if at == gone { keep } else { at };
        let apart = self.apart.iter().map(|&(a, b)| (moved(a), moved(b)));
        self.apart = apart.map(|(a, b)| (a.min(b), a.max(b))).collect();
    }
}

fn sums_of(shop: &ShopState, places: &[usize], dims: usize) -> Array2<f32> {
    Array2::from_shape_fn((places.len(), dims), |(row, dim)| shop.issues[places[row]].sum[dim])
}

#[expect(clippy::cast_precision_loss, reason = "a weight needs no more")]
fn counts_of(shop: &ShopState, places: &[usize]) -> Vec<f32> {
    places
        .iter()
        .map(|&place| shop.issues[place].num_texts as f32)
        .collect()
}

/// A sum scaled so that the product of two such rows is their likeness; zero stays zero.
fn scaled(mut sum: Array1<f32>, count: f32, weight: f32) -> Array1<f32> {
    let squared = sum.dot(&sum);
    if count < 2.0 || squared <= 0.0 || weight <= 0.0 {
        if let Some(sum) = sum.as_slice_mut() {
            normalise(sum);
        }
        return sum;
    }
    // Of vectors scaled to length 1 in the mean.
    let within = ((squared / weight - 1.0) / (count - 1.0)).max(MIN_WITHIN);
    sum / (count * weight * within).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::unit_rows;
    use crate::rng::gaussian;

    /// Members around a direction, as noisy as real texts are.
    fn members(direction: usize, num: usize, seed: u64) -> Array1<f32> {
        let rows = Array2::from_shape_fn((num, 40), |(i, j)| {
            f32::from(u8::from(j == direction)) + 0.25 * gaussian(seed, (i * 40 + j) as u64)
        });
        unit_rows(rows).sum_axis(Axis(0))
    }

    fn fusion(groups: &[(usize, usize)]) -> Fusion {
        let mut sums = Array2::zeros((groups.len(), 40));
        for (at, &(direction, num)) in groups.iter().enumerate() {
            sums.row_mut(at).assign(&members(direction, num, at as u64 + 1));
        }
        let counts: Vec<f32> = groups.iter().map(|g| g.1 as f32).collect();
        Fusion::new(sums, counts.clone(), counts)
    }

    #[test]
    fn shorter_vectors_are_as_alike() {
        let long = fusion(&[(0, 8), (0, 9)]);
        let counts = long.counts.clone();
        let weights = counts.iter().map(|c| c * 0.25).collect();
        let short = Fusion::new(long.sums.mapv(|v| v * 0.5), counts, weights);
        assert!((long.products[[0, 1]] - short.products[[0, 1]]).abs() < 1e-5);
    }

    #[test]
    fn halves_of_one_are_alike_whatever_their_size() {
        for num in [6, 20, 200] {
            let likeness = fusion(&[(0, num), (0, num)]).most_alike(0.0).unwrap().2;
            assert!((likeness - 1.0).abs() < 0.25, "{num} members: {likeness}");
        }
        assert_eq!(fusion(&[(0, 20), (1, 20)]).most_alike(0.5), None);
    }

    #[test]
    fn united_groups_are_as_if_made_so() {
        let mut fusion = fusion(&[(0, 6), (1, 9), (0, 7)]);
        let (keep, gone, _) = fusion.most_alike(0.5).unwrap();
        assert_eq!((keep, gone), (0, 2));
        fusion.unite(keep, gone);
        let anew = Fusion::new(fusion.sums.clone(), fusion.counts.clone(), fusion.weights.clone());
        assert!((fusion.products[[0, 1]] - anew.products[[0, 1]]).abs() < 1e-6);
        assert_eq!(fusion.most_alike(0.5), None);
        assert!(
            Fusion::new(Array2::zeros((0, 3)), vec![], vec![])
                .most_alike(0.1)
                .is_none()
        );
    }

    #[test]
    fn what_is_kept_apart_stays_apart_through_others() {
        let mut fusion = fusion(&[(0, 30), (0, 30), (0, 30)]);
        fusion.keep_apart(2, 0);
        let (keep, gone, _) = fusion.most_alike(0.5).unwrap();
        assert_ne!((keep, gone), (0, 2));
        fusion.unite(keep, gone);
        assert_eq!(fusion.most_alike(0.5), None);

        let mut fusion = self::fusion(&[(0, 30), (0, 30), (0, 30)]);
        fusion.mark_exclusive(0);
        fusion.mark_exclusive(2);
        let (keep, gone, _) = fusion.most_alike(0.5).unwrap();
        fusion.unite(keep, gone);
        assert_eq!(
            fusion.most_alike(0.5),
            None,
            "one of the three is apart, whichever two were united"
        );
    }
}
