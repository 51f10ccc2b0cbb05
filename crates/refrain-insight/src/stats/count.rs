//! Predictive distribution of a daily count: Poisson, or negative binomial when days vary more.

/// Above this mean the sum over counts gives way to a normal of the 2/3 power (skewness near 0).
const SUM_UP_TO_MEAN: f64 = 500.0;
const MAX_STEPS: i64 = 10_000_000;

/// Central prediction interval of a count with this mean and variance, in whole counts.
///
/// Ends are the smallest counts whose cumulative probability reaches `tail` and `1 - tail`, so at
/// least `1 - 2 * tail` lies inside. A variance below the mean counts as Poisson.
/// Source: negative binomial as gamma-mixed Poisson; 2/3-power limits as in Farrington et al. 1996,
/// J. R. Stat. Soc. A 159:547-563.
#[must_use]
pub fn count_interval(mean: f64, variance: f64, tail: f64) -> (f64, f64) {
    let Some(law) = Law::new(mean, variance) else {
        return (0.0, 0.0);
    };
    let tail = tail.clamp(1e-12, 0.5);
    if law.mean > SUM_UP_TO_MEAN {
        let reach = normal_quantile(tail) * 2.0 / 3.0 * law.variance.sqrt() / law.mean;
        let at = |x: f64| law.mean * (1.0 + x).max(0.0).powf(1.5);
        return (at(reach).floor(), at(-reach).ceil());
    }
    let (mut lo, mut below) = (None, 0.0);
    for (count, mass) in law.masses() {
        below += mass;
        if lo.is_none() && below >= tail {
            lo = Some(count);
        }
        if below >= 1.0 - tail || count >= MAX_STEPS {
            return (lo.unwrap_or(count) as f64, count as f64);
        }
    }
    (0.0, law.mean)
}

/// Probability of `count` or more; 1 for no count at all.
#[must_use]
pub fn count_upper_tail(count: i64, mean: f64, variance: f64) -> f64 {
    if count <= 0 {
        return 1.0;
    }
    let Some(law) = Law::new(mean, variance) else {
        return 0.0;
    };
    if law.mean > SUM_UP_TO_MEAN {
        let ratio = (count as f64 - 0.5) / law.mean;
        let z = (ratio.powf(2.0 / 3.0) - 1.0) * 1.5 * law.mean / law.variance.sqrt();
        return 0.5 * libm::erfc(z / std::f64::consts::SQRT_2);
    }
    if count > MAX_STEPS {
        return 0.0;
    }
    let below: f64 = law.masses().take(count as usize).map(|(_, mass)| mass).sum();
    (1.0 - below).clamp(0.0, 1.0)
}

struct Law {
    mean: f64,
    variance: f64,
}

impl Law {
    /// `None` when the mean is no positive number: then only zero can happen.
    fn new(mean: f64, variance: f64) -> Option<Self> {
        (mean.is_finite() && mean > 0.0).then(|| Self {
            mean,
            variance: if variance.is_finite() { variance.max(mean) } else { mean },
        })
    }

    /// Counts from 0 with their probabilities, without end.
    fn masses(&self) -> impl Iterator<Item = (i64, f64)> {
        let dispersion = self.variance / self.mean;
        let poisson = dispersion < 1.0 + 1e-9;
        let size = self.mean / (dispersion - 1.0);
        let failure = 1.0 - 1.0 / dispersion;
        let mean = self.mean;
        let first = if poisson {
            (-mean).exp()
        } else {
            (-size * dispersion.ln()).exp()
        };
        let mut mass = first;
        (0i64..).map(move |count| {
            let now = mass;
            let k = count as f64;
            mass *= if poisson {
                mean / (k + 1.0)
            } else {
                (k + size) / (k + 1.0) * failure
            };
            (count, now)
        })
    }
}

/// Standard normal quantile by bisection on `erfc`; called once or twice a row.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let (mut lo, mut hi) = (-10.0, 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(lo, hi);
        if 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2) < p {
            lo = middle
        } else {
            hi = middle
        }
    }
    f64::midpoint(lo, hi)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cumulative Poisson tables, mean 10: 0.0103 at 3, 0.0293 at 4, 0.9730 at 16, 0.9857 at 17.
    #[test]
    fn poisson_as_printed() {
        for (count, below) in [(3, "0.0103"), (4, "0.0293"), (16, "0.9730"), (17, "0.9857")] {
            assert_eq!(format!("{:.4}", 1.0 - count_upper_tail(count + 1, 10.0, 10.0)), below);
        }
        assert_eq!(count_interval(10.0, 10.0, 0.025), (4.0, 17.0));
    }

    /// Negative binomial of size 5 and p 0.5 (mean 5, variance 10): at most 5 has the probability of
    /// 5 or more heads in 10 throws, 0.6230 in binomial tables.
    #[test]
    fn negative_binomial_as_printed() {
        assert_eq!(format!("{:.4}", 1.0 - count_upper_tail(6, 5.0, 10.0)), "0.6230");
        assert!((normal_quantile(0.975) - crate::stats::Z95).abs() < 1e-9);
    }

    #[test]
    fn edges() {
        assert_eq!(count_interval(0.0, 0.0, 0.025), (0.0, 0.0));
        assert_eq!(count_upper_tail(0, 3.0, 3.0), 1.0);
        assert_eq!(count_upper_tail(3, 0.0, 0.0), 0.0);
        assert_eq!(count_interval(f64::NAN, 1.0, 0.025), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn both_forms_meet(factor in 1.0f64..6.0, sd in -3.0f64..3.0) {
            let (low, high) = (SUM_UP_TO_MEAN, SUM_UP_TO_MEAN + 1e-6);
            let variance = low * factor;
            let count = (low + sd * variance.sqrt()) as i64;
            let (a, b) = (count_upper_tail(count, low, variance), count_upper_tail(count, high, variance));
            // The power normal is least exact in the middle, where nothing is decided.
            prop_assert!((a - b).abs() < 0.02, "{a} {b}");
            let ((lo1, hi1), (lo2, hi2)) = (count_interval(low, variance, 0.025), count_interval(high, variance, 0.025));
            prop_assert!((lo1 - lo2).abs() <= 4.0 && (hi1 - hi2).abs() <= 4.0);
        }

        #[test]
        fn interval_and_tail_agree(mean in 0.01f64..2_000.0, factor in 1.0f64..8.0) {
            let variance = mean * factor;
            let (lo, hi) = count_interval(mean, variance, 0.025);
            prop_assert!(0.0 <= lo && lo <= hi);
            prop_assert!(count_upper_tail(hi as i64 + 1, mean, variance) <= 0.026);
            prop_assert!(count_upper_tail(lo as i64, mean, variance) >= 0.974);
        }
    }
}
