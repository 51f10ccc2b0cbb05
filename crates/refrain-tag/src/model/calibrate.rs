//! From margins to scores and thresholds, always judged on rows the model has not seen.

use linfa::ParamGuard;
use linfa::composing::platt_scaling::{Platt, platt_newton_method, platt_predict};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Fewest rows on either side for a curve or threshold of a tag's own.
const MIN_SIDE: usize = 4;

/// Which fold holds a row out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Folds {
    fold: Vec<u8>,
    num_folds: u8,
}

impl Folds {
    const UNUSED: u8 = u8::MAX;

    /// No row is ever held out.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Spreads rows over `num_folds` folds, each stratum evenly; rows without a stratum take no part.
    ///
    /// Rows of one group (a text, or its family) share a fold, or a copy in training would tell the answer. At most `max_rows`
    /// rows take part; which ones depends only on texts and seed.
    pub(super) fn new<'a>(
        rows: impl Iterator<Item = (&'a str, Option<u32>)>,
        num_folds: u8,
        max_rows: usize,
        seed: u64,
    ) -> Self {
        let mut num_rows = 0;
        let mut order: Vec<(u32, u64, u32)> = rows
            .enumerate()
            .filter_map(|(row, (text, stratum))| {
                num_rows = row + 1;
                Some((stratum?, xxh3_64_with_seed(text.as_bytes(), seed), row as u32))
            })
            .collect();
        let mut fold = vec![Self::UNUSED; num_rows];
        if num_folds < 2 {
            return Self { fold, num_folds: 0 };
        }
        let share = max_rows as f64 / order.len().max(1) as f64;
        let limit = if share >= 1.0 {
            u64::MAX
        } else {
            (share * u64::MAX as f64) as u64
        };
        // A text under two strata would otherwise land in two folds.
        order.sort_unstable_by_key(|&(stratum, hash, row)| (hash, stratum, row));
        let mut groups: Vec<(u32, u64)> = Vec::new();
        for &(stratum, hash, _) in &order {
            if groups.last().is_none_or(|&(_, last)| last != hash) {
                groups.push((stratum, hash));
            }
        }
        groups.sort_unstable();
        groups.retain(|&(_, hash)| hash <= limit);
        let mut fold_of: Vec<(u64, u8)> = groups
            .iter()
            .enumerate()
            .map(|(at, &(_, hash))| (hash, (at % usize::from(num_folds)) as u8))
            .collect();
        fold_of.sort_unstable();
        for &(_, hash, row) in &order {
            if let Ok(at) = fold_of.binary_search_by_key(&hash, |&(h, _)| h) {
                fold[row as usize] = fold_of[at].1;
            }
        }
        Self { fold, num_folds }
    }

    pub(super) fn num_folds(&self) -> u8 {
        self.num_folds
    }

    /// The fold that holds `row` out.
    pub(super) fn of(&self, row: usize) -> Option<u8> {
        self.fold.get(row).copied().filter(|&fold| fold != Self::UNUSED)
    }

    /// Rows that some fold holds out, in order.
    pub(super) fn rows(&self) -> Vec<usize> {
        (0..self.fold.len()).filter(|&row| self.of(row).is_some()).collect()
    }
}

/// Platt's curve: score = 1 / (1 + exp(a·margin + b)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Sigmoid {
    pub(super) a: f32,
    pub(super) b: f32,
}

impl Sigmoid {
    /// For models too small to calibrate: 0.5 at the separator.
    pub(super) const PLAIN: Self = Self { a: -2.0, b: 0.0 };

    /// Score of a margin, from 0 to 1; 0 when the margin is not a number.
    pub(super) fn score(self, margin: f32) -> f32 {
        let exponent = self.a * margin + self.b;
        if exponent.is_nan() {
            0.0
        } else {
            *platt_predict(margin, self.a, self.b)
        }
    }

    /// The curve on top of this one: `outer` takes the log-odds of this curve's score as margin.
    pub(super) fn then(self, outer: Self) -> Self {
        Self {
            a: -outer.a * self.a,
            b: outer.b - outer.a * self.b,
        }
    }

    /// Fits the curve with linfa's Platt scaling.
    ///
    /// `None` when a side has too few rows, the fit fails, or larger margins would score lower.
    pub(super) fn fit(margins: ArrayView1<'_, f32>, labels: ArrayView1<'_, bool>) -> Option<Self> {
        let num_positive = labels.iter().filter(|&&label| label).count();
        if num_positive.min(labels.len() - num_positive) < MIN_SIDE {
            return None;
        }
        let params = Platt::<f64, ()>::params().check().ok()?;
        let margins: Array1<f64> = margins.mapv(f64::from);
        let (a, b) = platt_newton_method(margins.view(), labels.reborrow(), &params).ok()?;
        let (a, b) = (a as f32, b as f32);
        (a.is_finite() && b.is_finite() && a < 0.0).then_some(Self { a, b })
    }
}

/// Log-odds of a score, kept finite.
pub(super) fn log_odds(score: f32) -> f32 {
    let score = score.clamp(1e-7, 1.0 - 1e-7);
    (score / (1.0 - score)).ln()
}

/// The curve under which the best score of a text is the chance that its tag is right.
///
/// A curve of each tag's own cannot know that the tag came out best. `best` holds, for texts the
/// model has not seen, the best score and whether its tag was right.
pub(super) fn fit_best(best: &[(f32, bool)]) -> Option<Sigmoid> {
    let odds: Array1<f32> = best.iter().map(|&(score, _)| log_odds(score)).collect();
    let right: Array1<bool> = best.iter().map(|&(_, right)| right).collect();
    Sigmoid::fit(odds.view(), right.view())
}

/// The threshold with the best F1: a score at or above it counts as set.
///
/// Lies halfway between the last score taken and the first one left; among equal F1 the higher
/// threshold wins. `None` when there are too few positive rows to say.
pub(super) fn best_threshold(mut scored: Vec<(f32, bool)>) -> Option<f32> {
    let num_positive = scored.iter().filter(|(_, hit)| *hit).count();
    if num_positive < MIN_SIDE {
        return None;
    }
    scored.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
    let mut best = (0.0f64, 1.0f32);
    let mut num_hits = 0usize;
    for (at, &(score, hit)) in scored.iter().enumerate() {
        num_hits += usize::from(hit);
        let next = scored.get(at + 1).map(|&(score, _)| score);
        let f1 = 2.0 * num_hits as f64 / (at + 1 + num_positive) as f64;
        if next != Some(score) && f1 > best.0 {
            best = (f1, 0.5 * (score + next.unwrap_or(0.0)));
        }
    }
    Some(best.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Oracle: F1 of every cut between two different scores.
    fn best_f1(scored: &[(f32, bool)]) -> f64 {
        scored.iter().map(|&(cut, _)| f1_at(scored, cut)).fold(0.0, f64::max)
    }

    fn f1_at(scored: &[(f32, bool)], threshold: f32) -> f64 {
        let count = |is: fn(bool, bool) -> bool| {
            scored
                .iter()
                .filter(|(score, hit)| is(*score >= threshold, *hit))
                .count() as f64
        };
        let right = count(|set, hit| set && hit);
        2.0 * right / (count(|set, _| set) + count(|_, hit| hit)).max(1.0)
    }

    proptest! {
        #[test]
        fn the_threshold_has_the_best_f1(
            scored in prop::collection::vec(((0u8..20).prop_map(|s| f32::from(s) / 20.0), any::<bool>()), 0..40),
        ) {
            let num_positive = scored.iter().filter(|(_, hit)| *hit).count();
            match best_threshold(scored.clone()) {
                Some(threshold) => {
                    prop_assert!((f1_at(&scored, threshold) - best_f1(&scored)).abs() < 1e-9)
                }
                None => prop_assert!(num_positive < MIN_SIDE),
            }
        }

        #[test]
        fn every_used_row_has_one_fold_and_copies_share_it(
            texts in prop::collection::vec("[a-c]{0,2}", 0..40),
            num_folds in 0u8..6,
            seed in any::<u64>(),
        ) {
            let rows = || texts.iter().enumerate().map(|(i, t)| (t.as_str(), Some(i as u32 % 3)));
            let folds = Folds::new(rows(), num_folds, usize::MAX, seed);
            let expected = if num_folds < 2 { 0 } else { texts.len() };
            prop_assert_eq!(folds.rows().len(), expected);
            for i in folds.rows() {
                prop_assert!(folds.of(i).unwrap() < num_folds);
                for j in folds.rows() {
                    prop_assert!(texts[i] != texts[j] || folds.of(i) == folds.of(j));
                }
            }
        }
    }

    #[test]
    fn folds_take_no_more_rows_than_asked_for_by_much() {
        let texts: Vec<String> = (0..2000).map(|i| format!("text {i}")).collect();
        let folds = Folds::new(texts.iter().map(|t| (t.as_str(), Some(0))), 5, 500, 1);
        assert!((400..600).contains(&folds.rows().len()), "{}", folds.rows().len());
    }

    #[test]
    fn the_curve_rises_and_meets_the_share_of_hits() {
        // Of the rows at margin 1 three quarters hit, of those at -1 one quarter.
        let margins: Array1<f32> = (0..400).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let labels: Array1<bool> = (0..400).map(|i| (i / 2 % 4 == 0) != (i % 2 == 0)).collect();
        let curve = Sigmoid::fit(margins.view(), labels.view()).unwrap();
        assert!((curve.score(1.0) - 0.75).abs() < 0.02, "{curve:?}");
        assert!((curve.score(-1.0) - 0.25).abs() < 0.02, "{curve:?}");
        assert_eq!(curve.score(f32::NAN), 0.0);
        assert_eq!(Sigmoid::fit(margins.view(), Array1::from_elem(400, true).view()), None);
        let upside_down = labels.mapv(|label| !label);
        assert_eq!(Sigmoid::fit(margins.view(), upside_down.view()), None);
    }
}
