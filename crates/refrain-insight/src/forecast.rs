//! What a day's count should have been, and whether it is out of the ordinary.
//!
//! Baseline of day t: days t-30 to t-3 (28 days, four of each weekday; a rise of the last two days
//! does not hide itself), fewer where some do not count. Level from the series, weekday pattern from the shop's total, because four
//! days a weekday are too few for a series of its own. Days that stick out by 2.58 standard
//! deviations are pulled in before the level is taken, so an old outbreak does not mask a new one.

use crate::InsightConfig;
use crate::stats::{count_interval, count_upper_tail};

/// Days of a baseline.
pub(crate) const HISTORY_DAYS: usize = 28;
/// Days between baseline and day.
pub(crate) const GUARD_DAYS: usize = 2;
/// Days a series must reach back.
pub(crate) const REACH_DAYS: usize = HISTORY_DAYS + GUARD_DAYS;
/// Days of a baseline below which nothing is said: two of each weekday.
pub(crate) const MIN_DAYS: usize = 14;
const OUTLIER_SD: f64 = 2.58;
/// A large outbreak hides behind the spread it causes; three rounds uncover it.
const OUTLIER_ROUNDS: usize = 3;

/// What a day should bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Forecast {
    /// Expected count.
    pub(crate) expected: f64,
    /// Mean of the predictive law: `expected` with half a contact added to the history, so that an
    /// empty history does not make the first contact impossible.
    mean: f64,
    variance: f64,
    /// Variance over mean of a day, at least 1.
    pub(crate) spread: f64,
}

impl Forecast {
    /// Forecast from past counts, the exposure of each of those days, and today's exposure; `None` with
    /// less than [`MIN_DAYS`] of them.
    ///
    /// Quasi-Poisson with one factor: the level is counts over exposures, the dispersion Pearson's over
    /// days less one, at least 1; the variance adds that of the level itself. (McCullagh and Nelder
    /// 1989, Generalized Linear Models, sections 4.5 and 6.2.)
    pub(crate) fn new(counts: &[f64], exposures: &[f64], today: f64) -> Option<Self> {
        let total_exposure: f64 = exposures.iter().sum();
        if counts.len() < MIN_DAYS || total_exposure <= 0.0 || !today.is_finite() {
            return None;
        }
        let mut bounded = counts.to_vec();
        for _ in 0..OUTLIER_ROUNDS {
            let level = bounded.iter().sum::<f64>() / total_exposure;
            let spread = dispersion(&bounded, exposures, level);
            for (n, x) in bounded.iter_mut().zip(exposures) {
                *n = n.min(level * x + OUTLIER_SD * (spread * level * x).sqrt());
            }
        }
        let total: f64 = bounded.iter().sum();
        let spread = dispersion(&bounded, exposures, total / total_exposure);
        let mean = (total + 0.5) / total_exposure * today;
        Some(Self {
            expected: total / total_exposure * today,
            mean,
            variance: spread * mean * (1.0 + today / total_exposure),
            spread,
        })
    }

    /// The forecast with `mean` contacts more, known up to `variance`.
    pub(crate) fn plus(mut self, mean: f64, variance: f64) -> Self {
        self.expected += mean;
        self.mean += mean;
        self.variance += self.spread * mean + variance;
        self
    }

    /// The forecast with a standard deviation of `share` of the mean more, for days unlike the baseline.
    pub(crate) fn doubted(mut self, share: f64) -> Self {
        self.variance += (share * self.mean).powi(2);
        self
    }

    /// The forecast of a part of the day that holds `share` of it and varies `spread` times as much as
    /// chance beside what the whole day does.
    pub(crate) fn part(&self, share: f64, spread: f64) -> Self {
        let (mean, spread) = (self.mean * share, spread.max(1.0));
        Self {
            expected: self.expected * share,
            mean,
            variance: spread * mean + share * share * (self.variance - self.mean).max(0.0),
            spread,
        }
    }

    /// 95 % prediction interval in whole counts.
    pub(crate) fn interval(&self) -> (f64, f64) {
        count_interval(self.mean, self.variance, 0.025)
    }

    /// Whether `count` is more than chance at level `alpha` and more than enough to matter.
    pub(crate) fn is_exceeded(&self, count: i64, alpha: f64, config: &InsightConfig) -> bool {
        count >= config.alarm_min_count
            && count as f64 - self.expected >= config.alarm_min_excess
            && count_upper_tail(count, self.mean, self.variance) < alpha
    }
}

fn dispersion(counts: &[f64], exposures: &[f64], level: f64) -> f64 {
    let mut pearson = 0.0;
    for (n, x) in counts.iter().zip(exposures) {
        let mean = level * x;
        if mean > 0.0 {
            pearson += (n - mean).powi(2) / mean;
        }
    }
    (pearson / (counts.len() as f64 - 1.0)).max(1.0)
}

/// Factor of each weekday (0 to 6) on top of the exposures, from the shop's totals of the same days.
///
/// `weekdays[i]` is the weekday of day i. Each weekday is drawn toward 1 by one average day, so a day
/// on which the shop is closed is rare and not impossible.
pub(crate) fn weekday_factors(totals: &[f64], exposures: &[f64], weekdays: &[u8]) -> [f64; 7] {
    let exposure: f64 = exposures.iter().sum();
    let total: f64 = totals.iter().sum();
    if total <= 0.0 || exposure <= 0.0 {
        return [1.0; 7];
    }
    let prior = total / totals.len() as f64;
    let (mut seen, mut due) = ([prior; 7], [prior; 7]);
    for ((n, x), day) in totals.iter().zip(exposures).zip(weekdays) {
        seen[usize::from(*day % 7)] += n;
        due[usize::from(*day % 7)] += x * total / exposure;
    }
    std::array::from_fn(|day| seen[day] / due[day])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::count_upper_tail;
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    fn uniform(rng: &mut ChaCha8Rng) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A draw from the predictive law by inversion, so Poisson and overdispersed days are both there.
    fn draw(rng: &mut ChaCha8Rng, mean: f64, variance: f64) -> f64 {
        let u = uniform(rng);
        let mut count = 0;
        while count_upper_tail(count + 1, mean, variance) > u {
            count += 1;
        }
        count as f64
    }

    #[test]
    fn intervals_cover_and_false_alarms_stay_in_budget() {
        let config = InsightConfig::default();
        let alpha = 1e-3;
        for (mean, factor) in [(2.0, 1.0), (15.0, 1.0), (15.0, 3.0), (60.0, 4.0)] {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let (mut inside, mut alarms) = (0, 0);
            let nights = 3_000;
            for _ in 0..nights {
                let counts: Vec<f64> = (0..28).map(|_| draw(&mut rng, mean, mean * factor)).collect();
                let forecast = Forecast::new(&counts, &[1.0; 28], 1.0).unwrap();
                let today = draw(&mut rng, mean, mean * factor);
                let (lo, hi) = forecast.interval();
                inside += i64::from(lo <= today && today <= hi);
                alarms += i64::from(forecast.is_exceeded(today as i64, alpha, &config));
            }
            let covered = inside as f64 / nights as f64;
            assert!(covered >= 0.93, "mean {mean} factor {factor}: {covered}");
            // Ten times the nominal 3 leaves room for the dispersion being estimated from 28 days.
            assert!(alarms <= 30, "mean {mean} factor {factor}: {alarms}");
        }
    }

    #[test]
    fn small_counts_never_alarm_and_outbreaks_do() {
        let config = InsightConfig::default();
        let quiet = Forecast::new(&[4.0; 28], &[1.0; 28], 1.0).unwrap();
        assert!(!quiet.is_exceeded(6, 1e-4, &config), "4 to 6 is no alarm");
        assert!(quiet.is_exceeded(30, 1e-4, &config));
        let mut counts = [4.0; 28];
        counts[10] = 80.0;
        let after = Forecast::new(&counts, &[1.0; 28], 1.0).unwrap();
        assert!(
            after.is_exceeded(40, 1e-3, &config),
            "an old outbreak must not mask a new one"
        );
        let never = Forecast::new(&[0.0; 28], &[1.0; 28], 1.0).unwrap();
        assert_eq!(never.expected, 0.0);
        assert!(never.interval().1 >= 0.0);
        assert_eq!(Forecast::new(&[1.0; 13], &[1.0; 13], 1.0), None);
    }

    /// Red mites on 150 apple leaves (Bliss and Fisher 1953, Biometrics 9:176-200): mean 1.1467, variance
    /// 2.2736 as printed there.
    #[test]
    fn dispersion_as_printed() {
        let leaves = [
            (0.0, 70),
            (1.0, 38),
            (2.0, 17),
            (3.0, 10),
            (4.0, 9),
            (5.0, 3),
            (6.0, 2),
            (7.0, 1),
        ];
        let counts: Vec<f64> = leaves.iter().flat_map(|(n, times)| vec![*n; *times]).collect();
        let mean = counts.iter().sum::<f64>() / 150.0;
        let spread = dispersion(&counts, &[1.0; 150], mean);
        assert_eq!(
            (format!("{mean:.4}"), format!("{:.4}", spread * mean)),
            ("1.1467".into(), "2.2736".into())
        );
    }

    #[test]
    fn parts_and_lifts_add_up() {
        let day = Forecast::new(&[24.0; 28], &[1.0; 28], 1.0).unwrap();
        let hour = day.part(0.25, 1.0);
        assert!((hour.expected - 6.0).abs() < 1e-12 && hour.interval().1 < day.interval().1);
        let lifted = day.plus(10.0, 0.0);
        assert!((lifted.expected - 34.0).abs() < 1e-12 && lifted.interval().1 > day.interval().1 + 9.0);
    }

    #[test]
    fn weekdays_are_followed() {
        let weekdays: Vec<u8> = (0..28).map(|i| (i % 7) as u8).collect();
        let totals: Vec<f64> = weekdays.iter().map(|d| if *d == 6 { 0.0 } else { 70.0 }).collect();
        let factors = weekday_factors(&totals, &[1.0; 28], &weekdays);
        assert!(factors[6] < 0.25 && factors[6] > 0.0 && factors[0] > 1.1, "{factors:?}");
        assert_eq!(weekday_factors(&[0.0; 28], &[1.0; 28], &weekdays), [1.0; 7]);
    }

    proptest! {
        #[test]
        fn any_history_is_safe(
            counts in proptest::collection::vec(0.0f64..1e6, 28),
            exposures in proptest::collection::vec(0.0f64..1e5, 28),
            today in 0.0f64..1e5,
            n in 0i64..100_000,
        ) {
            if let Some(forecast) = Forecast::new(&counts, &exposures, today) {
                let (lo, hi) = forecast.interval();
                prop_assert!(forecast.expected.is_finite() && lo.is_finite() && hi.is_finite() && lo <= hi);
                let config = InsightConfig::default();
                prop_assert!(!forecast.is_exceeded(n.min(9), 1.0, &config));
            }
        }
    }
}
