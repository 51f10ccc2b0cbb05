//! Daily series of a shop on one axis, their forecasts and alarms.
//!
//! Two alarms: by count, and by count per order. Contacts follow orders by days, so orders are first
//! spread over the series' own lag curve (shrunk toward the shop's); dividing by the same day's
//! orders would alarm after every peak. Both need the series to stand out of the shop's contacts as
//! well: when everything rises, `all` says so and its parts keep still. Around the peaks of the
//! shop's calendar orders alone say what is usual.
//!
//! A day is judged by itself and as the end of a week: few contacts a day more are soon many a week.
//! Days without a contact count 0; they have no row, since alarms are about more and not about fewer.

use std::ops::Range;

use refrain_record::{Alarm, Date};

use crate::InsightConfig;
use crate::exposure::{Curve, LAGS, Orders, Sends, lag_of, series_curve, shop_curve};
use crate::forecast::{Forecast, GUARD_DAYS, HISTORY_DAYS, MIN_DAYS, REACH_DAYS, weekday_factors};
use crate::night::{Contact, ShopNight};

/// Days before a peak of the calendar that belong to it, and days after: contacts follow late.
const PEAK_DAYS: Range<i32> = -7..LAGS as i32;
/// Standard deviation of what orders and shares tell of a peak day, as a share of it. On simulated seasons
/// without incidents the ratio of contacts to expectation had one of 0.1 to 0.2.
const PEAK_DOUBT: f64 = 0.2;
const WEEK: usize = 7;

/// The days from a shop's first contact to the run's date, with contacts and orders by day.
pub(crate) struct Axis<'n> {
    pub(crate) first: Date,
    len: usize,
    totals: Vec<f64>,
    is_peak: Vec<bool>,
    /// What a forecast for the day takes from the shop; nothing before `REACH_DAYS`.
    patterns: Vec<Pattern>,
    orders: Orders,
    sends: Sends,
    contacts: &'n [Contact<'n>],
}

/// The shop's habits over a day's baseline.
struct Pattern {
    /// Contacts by weekday.
    weekdays: [f64; 7],
    /// Contacts per lagged order by weekday.
    order_weekdays: [f64; 7],
    curve: Curve,
}

/// What is said of one day of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) expected: Option<f64>,
    pub(crate) lo: Option<f64>,
    pub(crate) hi: Option<f64>,
    pub(crate) alarm: Alarm,
}

/// One series: its contacts in order, and its counts on the axis.
pub(crate) struct Series<'s> {
    pub(crate) contacts: &'s [u32],
    counts: Vec<f64>,
    is_total: bool,
    /// Days from which contacts were looked for, in order; each later one starts the series anew.
    starts: Vec<usize>,
}

impl<'s> Series<'s> {
    pub(crate) fn new(axis: &Axis<'_>, contacts: &'s [u32]) -> Self {
        let mut counts = vec![0.0; axis.len];
        for i in contacts {
            if let Some(count) = axis
                .day(axis.contacts[*i as usize].date())
                .and_then(|t| counts.get_mut(t))
            {
                *count += 1.0;
            }
        }
        Self {
            contacts,
            counts,
            is_total: false,
            starts: Vec::new(),
        }
    }

    /// The series of all contacts, which cannot stand out of them.
    pub(crate) fn of_total(mut self, is_total: bool) -> Self {
        self.is_total = is_total;
        self
    }

    /// Contacts were looked for from these days on only; earlier days of the series say nothing.
    pub(crate) fn covered_from(mut self, axis: &Axis<'_>, dates: &[Date]) -> Self {
        self.starts = dates.iter().filter_map(|date| axis.day(*date)).collect();
        self.starts.sort_unstable();
        self
    }

    /// Contacts of some days.
    fn sum(&self, span: Range<usize>) -> f64 {
        self.counts.get(span).map_or(0.0, |counts| counts.iter().sum())
    }

    fn start(&self, t: usize) -> usize {
        self.starts
            .iter()
            .copied()
            .take_while(|start| *start <= t)
            .last()
            .unwrap_or(0)
    }
}

/// How many series could alarm, by day and by week: they share the month's budget.
pub(crate) struct Budget {
    live: Vec<(i64, i64)>,
}

/// Levels of the tests of a day and of the week that ends on it.
#[derive(Clone, Copy)]
pub(crate) struct Levels {
    day: f64,
    week: f64,
}

impl Budget {
    pub(crate) fn of<'s>(
        axis: &Axis<'_>,
        series: impl Iterator<Item = &'s Series<'s>>,
        config: &InsightConfig,
    ) -> Self {
        let mut live = vec![(0, 0); axis.len];
        let least = config.alarm_min_count as f64;
        for series in series {
            for (t, live) in live.iter_mut().enumerate() {
                live.0 += i64::from(series.counts[t] >= least);
                live.1 += i64::from(series.sum((t + 1).saturating_sub(WEEK)..t + 1) >= least);
            }
        }
        Self { live }
    }

    /// Levels with which the table stays within its part of the month's budget.
    pub(crate) fn on(&self, t: usize, config: &InsightConfig) -> Levels {
        /// Days and weeks, each for tags and for issues. A tag must stand out as well and reach the smallest
        /// counts, so fewer alarm than a level allows, and hours have room beside them.
        const PARTS: f64 = 4.0;
        const DAYS_A_MONTH: f64 = 30.0;
        let level = |live: i64| config.alarm_budget_per_month / (PARTS * DAYS_A_MONTH * live.max(1) as f64);
        let (day, week) = self.live.get(t).copied().unwrap_or_default();
        Levels {
            day: level(day),
            week: level(week),
        }
    }
}

impl<'n> Axis<'n> {
    /// `None` for a shop without contacts.
    pub(crate) fn new(shop: &'n ShopNight<'n>, as_of: Date) -> Option<Self> {
        let (first, last) = (shop.contacts.first()?.date(), shop.contacts.last()?.date().max(as_of));
        let len = usize::try_from(last.days_since(first)).ok()?.saturating_add(1);
        let mut totals = vec![0.0; len];
        let mut lags = vec![[0.0; LAGS]; len];
        for contact in &shop.contacts {
            let Ok(t) = usize::try_from(contact.date().days_since(first)) else {
                continue;
            };
            totals[t] += 1.0;
            if let Some(lag) = lag_of(contact) {
                lags[t][lag] += 1.0;
            }
        }
        let mut is_peak = vec![false; len];
        for peak in shop.shop.peaks {
            let days = PEAK_DAYS.filter_map(|d| usize::try_from(peak.days_since(first).saturating_add(d)).ok());
            days.for_each(|t| {
                if let Some(day) = is_peak.get_mut(t) {
                    *day = true;
                }
            });
        }
        let mut axis = Self {
            first,
            len,
            totals,
            is_peak,
            patterns: Vec::new(),
            orders: Orders::new(shop, first, len),
            sends: Sends::new(shop, first, len),
            contacts: &shop.contacts,
        };
        axis.patterns = (0..len.saturating_sub(REACH_DAYS))
            .map(|start| axis.pattern(start..start + HISTORY_DAYS, &lags))
            .collect();
        Some(axis)
    }

    fn pattern(&self, window: Range<usize>, lags: &[Curve]) -> Pattern {
        let curve = shop_curve(&lags[window.clone()]);
        let factors = |days: &[usize], exposure: &dyn Fn(usize) -> f64| {
            let totals: Vec<f64> = days.iter().map(|d| self.totals[*d]).collect();
            let exposures: Vec<f64> = days.iter().map(|d| exposure(*d)).collect();
            let weekdays: Vec<u8> = days.iter().map(|d| self.weekday(*d)).collect();
            weekday_factors(&totals, &exposures, &weekdays)
        };
        let all: Vec<usize> = window.collect();
        Pattern {
            weekdays: factors(&self.ordinary(&all), &|_| 1.0),
            order_weekdays: factors(&all, &|d| self.orders.lagged(d, &curve)),
            curve,
        }
    }

    /// Days outside peaks, or all of them when too few are.
    fn ordinary(&self, days: &[usize]) -> Vec<usize> {
        let calm: Vec<usize> = days.iter().copied().filter(|d| !self.is_peak[*d]).collect();
        if calm.len() < MIN_DAYS { days.to_vec() } else { calm }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn day(&self, date: Date) -> Option<usize> {
        usize::try_from(date.days_since(self.first))
            .ok()
            .filter(|t| *t < self.len)
    }

    /// Contacts of the shop on that day.
    pub(crate) fn total(&self, date: Date) -> i64 {
        self.day(date).map_or(0, |t| self.totals[t] as i64)
    }

    /// `num` per 100 orders of the day; `None` without orders.
    pub(crate) fn per_100_orders(&self, date: Date, num: i64) -> Option<f64> {
        let orders = self.day(date).map(|t| self.orders.on(t)).filter(|n| *n > 0.0)?;
        Some(num as f64 * 100.0 / orders)
    }

    /// Expected count and alarm of one day of a series.
    pub(crate) fn judge(&self, series: &Series<'_>, t: usize, levels: Levels, config: &InsightConfig) -> Verdict {
        let Some(usual) = self.usual(series, t..t + 1) else {
            return Verdict {
                expected: None,
                lo: None,
                hi: None,
                alarm: Alarm::NotEnoughHistory,
            };
        };
        let week = |t: usize| {
            let start = (t + 1).checked_sub(WEEK)?;
            self.found(series, start..t + 1, levels.week, config)
        };
        let alarm = self.found(series, t..t + 1, levels.day, config).or_else(|| {
            // A week stays out of the ordinary for days; it is told once, and on a day that adds to it.
            let adds = series.counts[t] >= usual.expected;
            let alarm = if adds { week(t) } else { None }?;
            t.checked_sub(1).and_then(week).is_none().then_some(alarm)
        });
        let (lo, hi) = usual.interval();
        Verdict {
            expected: Some(usual.expected),
            lo: Some(lo),
            hi: Some(hi),
            alarm: alarm.unwrap_or(Alarm::None),
        }
    }

    /// The alarm of some days taken together, if any.
    fn found(&self, series: &Series<'_>, span: Range<usize>, level: f64, config: &InsightConfig) -> Option<Alarm> {
        let count = series.sum(span.clone()) as i64;
        if count < config.alarm_min_count {
            return None;
        }
        let exceeds = |forecast: &Forecast| forecast.is_exceeded(count, level, config);
        let by_count = exceeds(&self.usual(series, span.clone())?);
        let is_new = self
            .baseline(series, span.start)?
            .iter()
            .all(|d| series.counts[*d] == 0.0);
        let per_order = self.by_orders(series, span.clone()).filter(|_| !is_new);
        let by_rate = per_order.as_ref().is_some_and(exceeds);
        if !(by_count || by_rate)
            || !(series.is_total || self.by_share(series, span.clone()).as_ref().is_none_or(exceeds))
        {
            return None;
        }
        // Without orders nothing tells the shop's peak from an incident.
        if series.is_total && per_order.is_none() && self.is_in_peak(span) {
            return None;
        }
        match (by_count, by_rate) {
            (true, _) if is_new => Some(Alarm::Novelty),
            (true, true) => Some(Alarm::CountAndRate),
            (true, false) => Some(Alarm::Count),
            (false, true) => Some(Alarm::Rate),
            (false, false) => None,
        }
    }

    /// What the weekday would bring; around a peak, what orders would, or where there are none the
    /// shop's contacts.
    pub(crate) fn usual(&self, series: &Series<'_>, span: Range<usize>) -> Option<Forecast> {
        let baseline = self.baseline(series, span.start)?;
        if self.is_in_peak(span.clone()) {
            let known = self.by_orders(series, span.clone());
            let known = known.or_else(|| self.by_share(series, span.clone()).filter(|_| !series.is_total));
            if known.is_some() {
                return known;
            }
        }
        let pattern = self.pattern_of(span.start)?;
        let exposure = |d: usize| pattern.weekdays[usize::from(self.weekday(d))];
        self.forecast(series, span, &self.ordinary(&baseline), exposure)
    }

    /// What lagged orders would bring; `None` when they do not reach back far enough.
    fn by_orders(&self, series: &Series<'_>, span: Range<usize>) -> Option<Forecast> {
        let baseline = self.baseline(series, span.start)?;
        let (from, to) = (*baseline.first()?, *baseline.last()?);
        if !self.orders.reach(self.first.plus_days(from as i32 - LAGS as i32 + 1)) {
            return None;
        }
        let pattern = self.pattern_of(span.start)?;
        let date = |i: &u32| self.contacts[*i as usize].date();
        let (first, last) = (self.first.plus_days(from as i32), self.first.plus_days(to as i32));
        let start = series.contacts.partition_point(|i| date(i) < first);
        let end = series.contacts.partition_point(|i| date(i) <= last);
        let inside = series.contacts.get(start..end)?.iter();
        let curve = series_curve(&pattern.curve, inside.map(|i| &self.contacts[*i as usize]));
        let exposure = |d: usize| self.orders.lagged(d, &curve) * pattern.order_weekdays[usize::from(self.weekday(d))];
        self.forecast(series, span, &baseline, exposure)
    }

    /// What the shop's contacts of the same days would bring.
    fn by_share(&self, series: &Series<'_>, span: Range<usize>) -> Option<Forecast> {
        let baseline = self.baseline(series, span.start)?;
        self.forecast(series, span, &baseline, |d| self.totals[d])
    }

    fn forecast(
        &self,
        series: &Series<'_>,
        span: Range<usize>,
        days: &[usize],
        exposure: impl Fn(usize) -> f64,
    ) -> Option<Forecast> {
        let counts: Vec<f64> = days.iter().map(|d| series.counts[*d]).collect();
        let exposures: Vec<f64> = days.iter().map(|d| exposure(*d)).collect();
        let is_peak = self.is_in_peak(span.clone());
        let today: f64 = span.clone().map(exposure).sum();
        let forecast = Forecast::new(&counts, &exposures, today).filter(|_| today > 0.0)?;
        let lifts = span.map(|t| self.sends.lift(&series.counts, t));
        let (mean, variance) = lifts.fold((0.0, 0.0), |sum, lift| (sum.0 + lift.0, sum.1 + lift.1));
        let doubt = if is_peak { PEAK_DOUBT } else { 0.0 };
        Some(forecast.plus(mean, variance).doubted(doubt))
    }

    /// Days that say what is usual from day t on; `None` with too few of them.
    pub(crate) fn baseline(&self, series: &Series<'_>, t: usize) -> Option<Vec<usize>> {
        let start = t.checked_sub(REACH_DAYS)?.max(series.start(t));
        let days: Vec<usize> = (start..t - GUARD_DAYS).collect();
        (days.len() >= MIN_DAYS).then_some(days)
    }

    fn pattern_of(&self, t: usize) -> Option<&Pattern> {
        self.patterns.get(t.checked_sub(REACH_DAYS)?)
    }

    fn is_in_peak(&self, span: Range<usize>) -> bool {
        self.is_peak.get(span).is_some_and(|days| days.contains(&true))
    }

    pub(crate) fn weekday(&self, t: usize) -> u8 {
        self.first.plus_days(t as i32).weekday() % 7
    }
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
