//! A small seeded generator (SplitMix64), so that a season's bytes depend on no outside crate's version.
//!
//! Every person and every text has a generator of its own, seeded by place: `Rng::of(&[seed, shop, person])`.

/// Pseudo-random numbers; same seed, same sequence.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The generator of a place: equal parts give equal sequences, others unrelated ones.
    pub(crate) fn of(parts: &[u64]) -> Self {
        let mut rng = Self(0x5EA5_0000_0000_0001);
        for part in parts {
            rng.0 = rng.0.rotate_left(17) ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            rng.next();
            rng.0 = rng.next();
        }
        rng
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let bits = (self.next() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// In `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.next()) * (n as u128);
        (wide >> 64) as usize
    }

    /// In `low..=high`.
    pub(crate) fn int(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from((high - low).max(0)).unwrap_or(0) + 1;
        low + self.below(span) as i64
    }

    /// In `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Index drawn in proportion to `weights`; the last one when they sum to nothing.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (at, weight) in weights.enumerate() {
            last = at;
            if left < weight {
                return at;
            }
            left -= weight;
        }
        last
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Log-normal by median and the standard deviation of its logarithm.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * normal).exp()
    }

    /// Poisson by multiplication; fine for the means below 50 used here.
    pub(crate) fn poisson(&mut self, mean: f64) -> usize {
        let limit = (-mean.min(50.0)).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_follow_the_place() {
        assert_eq!(Rng::of(&[1, 2]).next(), Rng::of(&[1, 2]).next());
        assert_ne!(Rng::of(&[1, 2]).next(), Rng::of(&[2, 1]).next());
        assert_ne!(Rng::of(&[0]).next(), Rng::of(&[0, 0]).next());
    }

    #[test]
    fn means_are_right() {
        let mut rng = Rng::of(&[7]);
        let n = 40_000;
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || rng.unit()) - 0.5).abs() < 0.01);
        assert!((mean(&mut || rng.exponential(3.0)) - 3.0).abs() < 0.08);
        assert!((mean(&mut || rng.poisson(2.5) as f64) - 2.5).abs() < 0.05);
        let picks = mean(&mut || rng.weighted([1.0, 0.0, 3.0].into_iter()) as f64);
        assert!((picks - 1.5).abs() < 0.03, "{picks}");
        assert_eq!(rng.below(0), 0);
    }
}
