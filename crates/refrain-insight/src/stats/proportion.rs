//! Intervals for one proportion and for the difference of two.

/// Standard normal quantile of a two-sided 95 % interval.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A difference of proportions, first minus second, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// First minus second.
    pub difference: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// Wilson score interval of `successes` in `trials`, without continuity correction.
///
/// Ends lie in 0..=1 and hold the observed share; no trials give `(0, 1)`.
/// Source: Wilson 1927; method 3 of Newcombe 1998, Stat. Med. 17:857-872.
#[must_use]
pub fn wilson(successes: i64, trials: i64, z: f64) -> (f64, f64) {
    let trials = trials.max(0);
    wilson_effective(successes.clamp(0, trials) as f64, trials as f64, z)
}

/// Wilson interval for counts that a design effect may have made fractional.
pub(crate) fn wilson_effective(k: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let p = k / n;
    let z2 = z * z;
    let centre = 2.0 * n * p + z2;
    let half = z * (z2 + 4.0 * n * p * (1.0 - p)).max(0.0).sqrt();
    let scale = 2.0 * (n + z2);
    // At the edges the closed form is exact but for rounding; say so exactly.
    let lo = if k <= 0.0 {
        0.0
    } else {
        ((centre - half) / scale).clamp(0.0, p)
    };
    let hi = if k >= n {
        1.0
    } else {
        ((centre + half) / scale).clamp(p, 1.0)
    };
    (lo, hi)
}

/// Hybrid score interval of `k1/n1 - k2/n2`; `None` when a group is empty.
///
/// Source: method 10 of Newcombe 1998, Stat. Med. 17:873-890.
#[must_use]
pub fn newcombe_difference(k1: i64, n1: i64, k2: i64, n2: i64, z: f64) -> Option<Difference> {
    newcombe_effective(k1, n1, k2, n2, 1.0, z)
}

/// The same with each group's size divided by a design effect (at least 1) for clustered units.
pub(crate) fn newcombe_effective(k1: i64, n1: i64, k2: i64, n2: i64, design_effect: f64, z: f64) -> Option<Difference> {
    if n1 <= 0 || n2 <= 0 {
        return None;
    }
    let deff = if design_effect.is_finite() {
        design_effect.max(1.0)
    } else {
        1.0
    };
    let group = |k: i64, n: i64| {
        let (k, n) = (k.clamp(0, n) as f64, n as f64);
        (k / n, wilson_effective(k / deff, n / deff, z))
    };
    let ((p1, (lo1, hi1)), (p2, (lo2, hi2))) = (group(k1, n1), group(k2, n2));
    let difference = p1 - p2;
    Some(Difference {
        difference,
        lo: (difference - (p1 - lo1).hypot(hi2 - p2)).max(-1.0),
        hi: (difference + (hi1 - p1).hypot(p2 - lo2)).min(1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn four(x: f64) -> String {
        format!("{x:.4}")
    }

    /// Newcombe 1998, Stat. Med. 17:857-872, table I, method 3.
    #[test]
    fn wilson_as_printed() {
        for (k, n, lo, hi) in [
            (81, 263, "0.2553", "0.3662"),
            (15, 148, "0.0624", "0.1605"),
            (0, 20, "0.0000", "0.1611"),
            (1, 29, "0.0061", "0.1718"),
        ] {
            let (l, h) = wilson(k, n, Z95);
            assert_eq!((four(l).as_str(), four(h).as_str()), (lo, hi), "{k}/{n}");
        }
    }

    /// Newcombe 1998, Stat. Med. 17:873-890, table II, method 10.
    #[test]
    fn difference_as_printed() {
        for (k1, n1, k2, n2, lo, hi) in [
            (56, 70, 48, 80, "0.0524", "0.3339"),
            (9, 10, 3, 10, "0.1705", "0.8090"),
            (6, 7, 2, 7, "0.0582", "0.8062"),
            (5, 56, 0, 29, "-0.0381", "0.1926"),
            (0, 10, 0, 20, "-0.1611", "0.2775"),
            (0, 10, 0, 10, "-0.2775", "0.2775"),
            (10, 10, 0, 20, "0.6791", "1.0000"),
            (10, 10, 0, 10, "0.6075", "1.0000"),
        ] {
            let d = newcombe_difference(k1, n1, k2, n2, Z95).unwrap();
            assert_eq!(
                (four(d.lo).as_str(), four(d.hi).as_str()),
                (lo, hi),
                "{k1}/{n1}-{k2}/{n2}"
            );
        }
        assert_eq!(newcombe_difference(1, 0, 1, 2, Z95), None);
    }

    proptest! {
        #[test]
        fn wilson_holds_the_share(n in 0i64..5_000, part in 0.0f64..=1.0, z in 0.1f64..5.0) {
            let k = (n as f64 * part) as i64;
            let (lo, hi) = wilson(k, n, z);
            prop_assert!((0.0..=1.0).contains(&lo) && (0.0..=1.0).contains(&hi) && lo <= hi);
            if n > 0 {
                let p = k as f64 / n as f64;
                prop_assert!(lo <= p && p <= hi);
                // Mirrored counts give the mirrored interval.
                let (mlo, mhi) = wilson(n - k, n, z);
                prop_assert!((lo - (1.0 - mhi)).abs() < 1e-9 && (hi - (1.0 - mlo)).abs() < 1e-9);
                // The same share of ten times the trials is known better.
                let (lo10, hi10) = wilson(10 * k, 10 * n, z);
                prop_assert!(hi10 - lo10 <= hi - lo + 1e-12);
            }
        }

        #[test]
        fn difference_is_antisymmetric(
            (n1, k1) in (1i64..400).prop_flat_map(|n| (Just(n), 0..=n)),
            (n2, k2) in (1i64..400).prop_flat_map(|n| (Just(n), 0..=n)),
            deff in 1.0f64..9.0,
        ) {
            let d = newcombe_difference(k1, n1, k2, n2, Z95).unwrap();
            let r = newcombe_difference(k2, n2, k1, n1, Z95).unwrap();
            prop_assert!((d.lo + r.hi).abs() < 1e-9 && (d.hi + r.lo).abs() < 1e-9);
            prop_assert!(-1.0 <= d.lo && d.lo <= d.difference && d.difference <= d.hi && d.hi <= 1.0);
            let wide = newcombe_effective(k1, n1, k2, n2, deff, Z95).unwrap();
            prop_assert!(wide.hi - wide.lo >= d.hi - d.lo - 1e-9);
        }

        #[test]
        fn any_integers_are_safe(k in any::<i64>(), n in any::<i64>(), m in any::<i64>()) {
            let (lo, hi) = wilson(k, n, Z95);
            prop_assert!(lo <= hi && (0.0..=1.0).contains(&lo) && (0.0..=1.0).contains(&hi));
            if let Some(d) = newcombe_difference(k, n, m, n, Z95) {
                prop_assert!(d.lo <= d.hi);
            }
        }
    }
}
