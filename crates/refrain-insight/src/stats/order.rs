//! Order statistics: values that occurred, never values in between.

/// The median by nearest rank (the lower middle of an even count); `None` without values.
///
/// Leaves `values` in another order.
#[must_use]
pub fn median(values: &mut [i64]) -> Option<i64> {
    percentile(values, 0.5)
}

/// The smallest value that at least the share `p` of the values do not exceed; `None` without values.
///
/// Nearest rank; `p` is clamped to 0..=1. Leaves `values` in another order.
#[must_use]
pub fn percentile(values: &mut [i64], p: f64) -> Option<i64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    // The small step keeps 0.9 * 10 at rank 9 although 0.9 has no exact binary form.
    let rank = (p.clamp(0.0, 1.0) * n as f64 - 1e-9).ceil().max(1.0) as usize;
    Some(*values.select_nth_unstable(rank.min(n) - 1).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The nearest-rank example of encyclopedias: 15, 20, 35, 40, 50.
    #[test]
    fn nearest_rank_as_printed() {
        for (p, value) in [(0.05, 15), (0.3, 20), (0.4, 20), (0.5, 35), (1.0, 50)] {
            assert_eq!(percentile(&mut [35, 20, 15, 50, 40], p), Some(value), "{p}");
        }
        assert_eq!(median(&mut []), None);
        assert_eq!(percentile(&mut [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9), Some(9));
    }

    proptest! {
        #[test]
        fn share_below_holds(mut values in proptest::collection::vec(any::<i64>(), 1..60), p in 0.0f64..=1.0) {
            let value = percentile(&mut values, p).unwrap();
            let at_most = values.iter().filter(|v| **v <= value).count() as f64;
            let below = values.iter().filter(|v| **v < value).count() as f64;
            let n = values.len() as f64;
            prop_assert!(at_most + 1e-6 >= p * n && (below < p * n || below == 0.0));
        }
    }
}
