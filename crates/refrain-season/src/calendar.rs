//! A shop's time: local days and zone offsets, how busy each day is, when the desk is open.
//!
//! Instants are UTC seconds. The offset of a day is that of its local noon, so the hour of a
//! clock change is off by one; nothing here depends on it.

use jiff::tz::TimeZone;
use refrain_record::{Date, Timestamp};

use crate::config::{SeasonConfig, ShopConfig};
use crate::rng::Rng;

const DAY_S: i64 = 86_400;
/// Days after the season that times may still fall on.
const TAIL_DAYS: i32 = 200;
const LEAD_DAYS: i32 = 60;

/// Orders by weekday, Monday first.
const WEEKDAY: [f64; 7] = [1.08, 1.0, 0.98, 1.0, 0.95, 0.9, 1.15];
/// Orders by local hour.
const HOUR: [f64; 24] = [
    0.6, 0.3, 0.2, 0.1, 0.1, 0.2, 0.5, 1.0, 1.6, 2.0, 2.3, 2.4, 2.5, 2.3, 2.2, 2.2, 2.3, 2.5, 2.9, 3.5, 3.9, 3.6, 2.6,
    1.4,
];

/// One shop's calendar.
#[derive(Debug)]
pub(crate) struct Calendar {
    first: Date,
    num_days: i32,
    /// Days from `first - LEAD_DAYS` on.
    days: Vec<Day>,
    /// Running sum of the season days' order weights.
    cumulative: Vec<f64>,
    hours: [[u8; 2]; 2],
}

#[derive(Debug)]
struct Day {
    text: String,
    offset_s: i64,
    /// Orders against the season's mean.
    load: f64,
}

impl Calendar {
    pub(crate) fn new(config: &SeasonConfig, shop: &ShopConfig) -> Self {
        let first = config.start;
        let num_days = config.end().days_since(first).max(1);
        let zone = TimeZone::get(&shop.timezone).unwrap_or(TimeZone::UTC);
        let weights: Vec<f64> = (-LEAD_DAYS..num_days + TAIL_DAYS)
            .map(|d| order_weight(first.plus_days(d), &shop.peaks))
            .collect();
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let days = weights.iter().zip(-LEAD_DAYS..).map(|(weight, d)| {
            let date = first.plus_days(d);
            let noon = date.utc_midnight().plus_seconds(DAY_S / 2);
            let offset_s =
                jiff::Timestamp::from_microsecond(noon.0).map_or(0, |at| i64::from(zone.to_offset(at).seconds()));
            Day {
                text: date.to_string(),
                offset_s,
                load: weight / mean,
            }
        });
        let days: Vec<Day> = days.collect();
        let mut sum = 0.0;
        let cumulative = days.iter().skip(LEAD_DAYS as usize).take(num_days as usize).map(|d| {
            sum += d.load;
            sum
        });
        Self {
            first,
            num_days,
            cumulative: cumulative.collect(),
            days,
            hours: shop.hours,
        }
    }

    /// First instant of the season.
    pub(crate) fn start(&self) -> i64 {
        self.utc(0, 0)
    }

    /// First instant after the season.
    pub(crate) fn end(&self) -> i64 {
        self.utc(self.num_days, 0)
    }

    /// Instant of a local second of a day, counted from the season's first.
    pub(crate) fn utc(&self, day: i32, second: i64) -> i64 {
        self.first.plus_days(day).utc_midnight().0 / refrain_record::SECOND_US + second - self.day(day).offset_s
    }

    /// Day (from the season's first) and second of it in local time.
    pub(crate) fn local(&self, at: i64) -> (i32, i64) {
        let day = self.utc_day(at);
        let local = at + self.day(day).offset_s - i64::from(self.first.0) * DAY_S;
        (local.div_euclid(DAY_S) as i32, local.rem_euclid(DAY_S))
    }

    /// Local date.
    pub(crate) fn date(&self, at: i64) -> Date {
        self.first.plus_days(self.local(at).0)
    }

    /// Month of the season, from 0, in local time.
    pub(crate) fn month(&self, at: i64) -> usize {
        let (year, month, _) = self.date(at).year_month_day();
        let (year0, month0, _) = self.first.year_month_day();
        let months = (i32::from(year) - i32::from(year0)) * 12 + i32::from(month) - i32::from(month0);
        usize::try_from(months).unwrap_or(0)
    }

    /// A moment of the season, drawn as orders fall.
    pub(crate) fn draw(&self, rng: &mut Rng) -> i64 {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let mark = rng.unit() * total;
        let day = self
            .cumulative
            .partition_point(|&sum| sum <= mark)
            .min(self.cumulative.len().saturating_sub(1));
        let hour = rng.weighted(HOUR.iter().copied());
        self.utc(day as i32, hour as i64 * 3600 + rng.int(0, 3599))
    }

    /// How busy the desk is: orders of the last four days against the mean.
    pub(crate) fn load(&self, at: i64) -> f64 {
        let day = self.local(at).0;
        (1..=4).map(|back| self.day(day - back).load).sum::<f64>() / 4.0
    }

    /// Moves small-hours moments into the day, as most people sleep.
    pub(crate) fn awake(&self, at: i64, rng: &mut Rng) -> i64 {
        let (_, second) = self.local(at);
        if second < 6 * 3600 && rng.chance(0.9) {
            at + 7 * 3600 + rng.int(0, 7200)
        } else {
            at
        }
    }

    pub(crate) fn is_open(&self, at: i64) -> bool {
        let (day, second) = self.local(at);
        let (open, close) = self.hours_of(day);
        second >= open && second < close
    }

    /// `at` when open, else the next opening.
    pub(crate) fn next_open(&self, at: i64) -> i64 {
        let (day, second) = self.local(at);
        for ahead in 0..8 {
            let (open, close) = self.hours_of(day + ahead);
            if close > open && (ahead > 0 || second < close) {
                let opening = self.utc(day + ahead, open);
                return if ahead == 0 { at.max(opening) } else { opening };
            }
        }
        at
    }

    /// The moment `seconds` of opening time after `at`.
    pub(crate) fn after_open_seconds(&self, at: i64, seconds: i64) -> i64 {
        let mut left = seconds;
        let mut at = self.next_open(at);
        for _ in 0..400 {
            let (day, second) = self.local(at);
            let (_, close) = self.hours_of(day);
            let room = (close - second).max(0);
            if left < room || room == 0 {
                return at + left;
            }
            left -= room;
            at = self.next_open(at + room);
        }
        at + left
    }

    /// `2026-03-09T08:15:00Z`.
    pub(crate) fn rfc3339(&self, at: i64) -> String {
        Timestamp::from_seconds(at).to_string()
    }

    /// `2026-03-09 09:15:00` in local time.
    pub(crate) fn local_text(&self, at: i64) -> String {
        let (day, second) = self.local(at);
        format!(
            "{} {:02}:{:02}:{:02}",
            self.day(day).text,
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }

    fn hours_of(&self, day: i32) -> (i64, i64) {
        let [open, close] = match self.first.plus_days(day).weekday() {
            0..=4 => self.hours[0],
            5 => self.hours[1],
            _ => [0, 0],
        };
        (i64::from(open) * 3600, i64::from(close) * 3600)
    }

    fn utc_day(&self, at: i64) -> i32 {
        (at.div_euclid(DAY_S) - i64::from(self.first.0)) as i32
    }

    fn day(&self, day: i32) -> &Day {
        let at = (day + LEAD_DAYS).clamp(0, self.days.len() as i32 - 1);
        &self.days[at as usize]
    }
}

/// Orders of a date against an ordinary Tuesday.
fn order_weight(date: Date, peaks: &[Date]) -> f64 {
    let (_, month, day) = date.year_month_day();
    let season = match (month, day) {
        (12, 1..=17) => 1.7,
        (12, 18..=23) => 1.3,
        (12, 24..=26) => 0.5,
        (12 | 1, 27..=31) | (1, 1..=10) => 1.2,
        (11, _) => 1.25,
        (7 | 8, _) => 0.85,
        _ => 1.0,
    };
    let peak = peaks.iter().map(|peak| match date.days_since(*peak) {
        0 => 4.2,
        1 | 2 => 2.6,
        3 => 3.6,
        -4..=-1 => 2.0,
        4..=6 => 1.3,
        _ => 1.0,
    });
    WEEKDAY[usize::from(date.weekday()) % 7] * season * peak.fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn german() -> Calendar {
        let config = SeasonConfig::default();
        Calendar::new(&config, &config.shops[0])
    }

    #[test]
    fn local_and_utc_agree() {
        let calendar = german();
        let at = calendar.utc(60, 3 * 3600);
        assert_eq!(calendar.local(at), (60, 3 * 3600));
        assert_eq!(calendar.rfc3339(calendar.start()), "2025-09-30T22:00:00Z");
        assert_eq!(calendar.local_text(calendar.end()), "2026-12-01 00:00:00");
        assert_eq!(calendar.month(calendar.start()), 0);
        assert_eq!(calendar.month(calendar.end() - 1), 13);
    }

    #[test]
    fn opening_times_hold() {
        let calendar = german();
        // 2025-10-04 is a Saturday, closed from 14:00 until Monday 08:00.
        let saturday = calendar.utc(3, 13 * 3600 + 1800);
        assert!(calendar.is_open(saturday));
        assert_eq!(
            calendar.local(calendar.after_open_seconds(saturday, 3600)),
            (5, 8 * 3600 + 1800)
        );
        assert_eq!(calendar.local(calendar.next_open(calendar.utc(4, 0))), (5, 8 * 3600));
    }

    #[test]
    fn black_friday_stands_out() {
        let calendar = german();
        let mut rng = Rng::of(&[3]);
        let mut per_day = vec![0_u32; 430];
        for _ in 0..40_000 {
            per_day[calendar.local(calendar.draw(&mut rng)).0 as usize] += 1;
        }
        let friday = per_day[58];
        assert!(
            friday > 3 * per_day[30] && friday > 2 * per_day[44],
            "{friday} {}",
            per_day[30]
        );
    }
}
