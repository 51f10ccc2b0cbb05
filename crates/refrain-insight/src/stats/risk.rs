//! Relative risk, crude and over strata, and two-sided p values.

/// A 2 x 2 table as units and outcomes of two arms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arms {
    /// Exposed units.
    pub exposed: i64,
    /// With the outcome among them.
    pub exposed_outcome: i64,
    /// Unexposed units.
    pub baseline: i64,
    /// With the outcome among them.
    pub baseline_outcome: i64,
}

impl Arms {
    /// Exposed, exposed outcomes, baseline, baseline outcomes; outcomes clamped to their arm.
    fn cells(self) -> (f64, f64, f64, f64) {
        let (n1, n0) = (self.exposed.max(0), self.baseline.max(0));
        let (a, c) = (self.exposed_outcome.clamp(0, n1), self.baseline_outcome.clamp(0, n0));
        (n1 as f64, a as f64, n0 as f64, c as f64)
    }
}

/// A ratio of risks with its interval and test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RelativeRisk {
    /// Exposed over baseline.
    pub ratio: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Standard error of the log ratio.
    pub log_se: f64,
    /// Two-sided p of "the ratio is 1" (Wald on the log scale, so it agrees with the interval).
    pub p: f64,
}

impl RelativeRisk {
    fn from_log(log_ratio: f64, log_se: f64, z: f64) -> Self {
        // A ratio known without error (every unit has the outcome) still needs a p in 0..=1.
        let p = if log_se > 0.0 {
            two_sided_p(log_ratio / log_se)
        } else {
            1.0
        };
        let at = |log: f64| log.clamp(-700.0, 700.0).exp();
        Self {
            ratio: at(log_ratio),
            lo: at(log_ratio - z * log_se),
            hi: at(log_ratio + z * log_se),
            log_se,
            p,
        }
    }

    /// The same ratio with its variance multiplied by `design_effect` (at least 1).
    #[must_use]
    pub fn widened(self, design_effect: f64, z: f64) -> Self {
        if !design_effect.is_finite() || design_effect <= 1.0 {
            return self;
        }
        Self::from_log(self.ratio.ln(), self.log_se * design_effect.sqrt(), z)
    }
}

/// Relative risk with the log interval of Katz; `None` when an arm is empty or nobody has the outcome.
///
/// When one of the four cells is 0, 0.5 is added to each. Source: Katz et al. 1978, Biometrics 34:469.
#[must_use]
pub fn relative_risk(arms: Arms, z: f64) -> Option<RelativeRisk> {
    let (mut n1, mut a, mut n0, mut c) = arms.cells();
    if n1 == 0.0 || n0 == 0.0 || a + c == 0.0 {
        return None;
    }
    if a == 0.0 || c == 0.0 || a == n1 || c == n0 {
        (n1, a, n0, c) = (n1 + 1.0, a + 0.5, n0 + 1.0, c + 0.5);
    }
    let variance = (1.0 / a - 1.0 / n1 + 1.0 / c - 1.0 / n0).max(0.0);
    Some(RelativeRisk::from_log(
        (a / n1).ln() - (c / n0).ln(),
        variance.sqrt(),
        z,
    ))
}

/// Two-sided p of a standard normal `z`, accurate far into the tail.
#[must_use]
pub fn two_sided_p(z: f64) -> f64 {
    if z.is_nan() {
        1.0
    } else {
        libm::erfc(z.abs() / std::f64::consts::SQRT_2)
    }
}

/// Two-sided p of equal proportions (score test, pooled variance); 1 when it cannot be tested.
#[must_use]
pub fn two_proportion_p(arms: Arms) -> f64 {
    let (n1, a, n0, c) = arms.cells();
    let pooled = (a + c) / (n1 + n0);
    let variance = pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n0);
    if variance > 0.0 && variance.is_finite() {
        two_sided_p((a / n1 - c / n0) / variance.sqrt())
    } else {
        1.0
    }
}

/// Risk ratio and difference pooled over strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MantelHaenszel {
    /// Pooled relative risk.
    pub relative_risk: RelativeRisk,
    /// Pooled risk difference.
    pub risk_difference: f64,
    /// Its standard error.
    pub risk_difference_se: f64,
    /// Strata that hold both arms.
    pub num_strata: i64,
}

/// Mantel-Haenszel relative risk and risk difference with the variances of Greenland and Robins.
///
/// Strata with an empty arm tell nothing and are passed over. `None` when no stratum is left or an
/// arm has no outcome in any of them. Source: Greenland and Robins 1985, Biometrics 41:55-68.
#[must_use]
pub fn mantel_haenszel(strata: &[Arms], z: f64) -> Option<MantelHaenszel> {
    let (mut r, mut s, mut ratio_variance) = (0.0, 0.0, 0.0);
    let (mut weight, mut difference, mut difference_variance) = (0.0, 0.0, 0.0);
    let mut num_strata = 0;
    for arms in strata {
        let (n1, a, n0, c) = arms.cells();
        if n1 == 0.0 || n0 == 0.0 {
            continue;
        }
        let n = n1 + n0;
        num_strata += 1;
        r += a * n0 / n;
        s += c * n1 / n;
        ratio_variance += ((a + c) * n1 * n0 - a * c * n) / (n * n);
        weight += n1 * n0 / n;
        difference += (a * n0 - c * n1) / n;
        difference_variance += (a * (n1 - a) * n0.powi(3) + c * (n0 - c) * n1.powi(3)) / (n1 * n0 * n * n);
    }
    if r == 0.0 || s == 0.0 {
        return None;
    }
    Some(MantelHaenszel {
        relative_risk: RelativeRisk::from_log((r / s).ln(), (ratio_variance / (r * s)).max(0.0).sqrt(), z),
        risk_difference: difference / weight,
        risk_difference_se: difference_variance.max(0.0).sqrt() / weight,
        num_strata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Z95;
    use proptest::prelude::*;

    fn arms(exposed_outcome: i64, exposed: i64, baseline_outcome: i64, baseline: i64) -> Arms {
        Arms {
            exposed,
            exposed_outcome,
            baseline,
            baseline_outcome,
        }
    }

    /// Moore, McCabe, Craig: Introduction to the Practice of Statistics, 9th ed., example 8.18:
    /// 45 of 411 against 73 of 411, interval 0.4364 to 0.8707.
    #[test]
    fn katz_as_printed() {
        let rr = relative_risk(arms(45, 411, 73, 411), Z95).unwrap();
        assert_eq!(
            format!("{:.2} {:.4} {:.4}", rr.ratio, rr.lo, rr.hi),
            "0.62 0.4364 0.8707"
        );
    }

    /// UGDP trial by age as in the Stata manual, [R] epitab, `cs ..., by(age)`:
    /// crude 1.435574 (.8510221, 2.421645), pooled 1.325555 (.797907, 2.202132).
    #[test]
    fn pooled_as_printed() {
        let strata = [arms(8, 106, 5, 120), arms(22, 98, 16, 85)];
        let crude = relative_risk(arms(30, 204, 21, 205), Z95).unwrap();
        assert_eq!(
            format!("{:.6} {:.7} {:.6}", crude.ratio, crude.lo, crude.hi),
            "1.435574 0.8510221 2.421645"
        );
        let mh = mantel_haenszel(&strata, Z95).unwrap();
        let rr = mh.relative_risk;
        assert_eq!(
            format!("{:.6} {:.6} {:.6}", rr.ratio, rr.lo, rr.hi),
            "1.325555 0.797907 2.202132"
        );
        // By hand: (0.03380 * 56.28 + 0.03625 * 45.52) / 101.80.
        assert_eq!(format!("{:.4}", mh.risk_difference), "0.0349");
    }

    /// Normal tail areas of printed tables.
    #[test]
    fn p_values_as_printed() {
        for (z, p) in [
            (0.0, "1.0000"),
            (1.0, "0.3173"),
            (1.96, "0.0500"),
            (2.576, "0.0100"),
            (-3.0, "0.0027"),
        ] {
            assert_eq!(format!("{:.4}", two_sided_p(z)), p);
        }
        // Still a number, not zero, where 1 - cdf would have cancelled.
        assert!((1e-90..1e-87).contains(&two_sided_p(20.0)));
    }

    #[test]
    fn empty_tables_are_refused() {
        assert_eq!(relative_risk(arms(0, 10, 0, 10), Z95), None);
        assert_eq!(relative_risk(arms(1, 10, 0, 0), Z95), None);
        assert_eq!(mantel_haenszel(&[], Z95), None);
        assert_eq!(mantel_haenszel(&[arms(1, 2, 0, 0)], Z95), None);
        assert_eq!(two_proportion_p(arms(0, 0, 0, 0)), 1.0);
        let zero_cell = relative_risk(arms(0, 10, 5, 10), Z95).unwrap();
        // (0.5 / 11) / (5.5 / 11)
        assert!((zero_cell.ratio - 1.0 / 11.0).abs() < 1e-12);
    }

    fn any_arms() -> impl Strategy<Value = Arms> {
        let arm = || (1i64..300).prop_flat_map(|n| (Just(n), 0..=n));
        (arm(), arm()).prop_map(|((n1, a), (n0, c))| arms(a, n1, c, n0))
    }

    proptest! {
        #[test]
        fn swapped_arms_invert(t in any_arms()) {
            let swapped = arms(t.baseline_outcome, t.baseline, t.exposed_outcome, t.exposed);
            match (relative_risk(t, Z95), relative_risk(swapped, Z95)) {
                (Some(x), Some(y)) => {
                    prop_assert!((x.ratio * y.ratio - 1.0).abs() < 1e-9);
                    prop_assert!((x.lo * y.hi - 1.0).abs() < 1e-9);
                    prop_assert!((x.p - y.p).abs() < 1e-9 && (0.0..=1.0).contains(&x.p));
                    prop_assert!(x.lo <= x.ratio && x.ratio <= x.hi);
                    // p and interval agree on whether 1 is inside.
                    if (x.p - 0.05).abs() > 1e-9 && x.log_se > 0.0 {
                        prop_assert_eq!(x.p > 0.05, x.lo < 1.0 && 1.0 < x.hi);
                    }
                    let wide = x.widened(4.0, Z95);
                    prop_assert!(wide.p >= x.p - 1e-12 && (wide.log_se - 2.0 * x.log_se).abs() < 1e-12);
                }
                (None, None) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn one_stratum_is_the_crude_ratio(t in any_arms(), copies in 1usize..5) {
            prop_assume!(t.exposed_outcome > 0 && t.baseline_outcome > 0);
            let mh = mantel_haenszel(&vec![t; copies], Z95).unwrap();
            let crude = t.exposed_outcome as f64 * t.baseline as f64
                / (t.baseline_outcome as f64 * t.exposed as f64);
            prop_assert!((mh.relative_risk.ratio / crude - 1.0).abs() < 1e-9);
            // The variance of the pooled difference is then the plain one, over the copies.
            let plain = |k: i64, n: i64| k as f64 * (n - k) as f64 / (n as f64).powi(3);
            let variance = plain(t.exposed_outcome, t.exposed) + plain(t.baseline_outcome, t.baseline);
            let expected = (variance / copies as f64).sqrt();
            prop_assert!((mh.risk_difference_se - expected).abs() < 1e-9);
        }
    }
}
