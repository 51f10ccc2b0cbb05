//! Daily series of a shop on one axis, their forecasts and alarms.
//!
//! Two alarms: by count, and by count per order. Contacts follow orders by days, so orders are first
//! spread over the series' own lag curve (shrunk toward the shop's); dividing by the same day's
//! orders would alarm after every peak.

use std::collections::BTreeMap;

use refrain_record::{Alarm, Date};

use crate::InsightConfig;
use crate::forecast::{Forecast, GUARD_DAYS, HISTORY_DAYS, REACH_DAYS, weekday_factors};
use crate::night::{Contact, ShopNight};

/// Longest lag from order to contact that counts.
const LAGS: usize = 29;
/// Contacts that the shop's lag curve weighs against a series' own.
const CURVE_PRIOR: f64 = 50.0;
/// Tables that share the shop's budget of false alarms.
const ALARM_TABLES: f64 = 2.0;
const KINDS_OF_ALARM: f64 = 2.0;
const DAYS_A_MONTH: f64 = 30.0;

/// The days from a shop's first contact to the run's date, with contacts and orders by day.
pub(crate) struct Axis<'n> {
    pub(crate) first: Date,
    len: usize,
    totals: Vec<f64>,
    /// Weekday factors by day; empty arrays are never read before `REACH_DAYS`.
    factors: Vec<[f64; 7]>,
    /// Lags of all contacts, by day.
    lags: Vec<[f64; LAGS]>,
    orders: BTreeMap<Date, i64>,
    contacts: &'n [Contact<'n>],
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
        Self { contacts, counts }
    }

    /// Adds 1 to `live` on each day on which this series could alarm at all.
    pub(crate) fn mark_live(&self, live: &mut [i64], min_count: i64) {
        for (live, count) in live.iter_mut().zip(&self.counts) {
            *live += i64::from(*count >= min_count as f64);
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
            if let Some(lag) = contact.order_lag_days.filter(|lag| usize::from(*lag) < LAGS) {
                lags[t][usize::from(lag)] += 1.0;
            }
        }
        let mut orders: BTreeMap<Date, i64> = BTreeMap::new();
        for order in &shop.orders {
            *orders.entry(order.order.date).or_default() += 1;
        }
        let mut axis = Self {
            first,
            len,
            totals,
            factors: Vec::new(),
            lags,
            orders,
            contacts: &shop.contacts,
        };
        axis.factors = (0..len)
            .map(|t| match axis.window(t) {
                Some(window) => weekday_factors(&axis.totals[window], &[1.0; HISTORY_DAYS], &axis.weekdays(t)),
                None => [1.0; 7],
            })
            .collect();
        Some(axis)
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
        let orders = self.orders.get(&date).copied().filter(|n| *n > 0)?;
        Some(num as f64 * 100.0 / orders as f64)
    }

    /// Level of a test on day t so that the table stays within its half of the month's budget.
    pub(crate) fn alpha(live: i64, config: &InsightConfig) -> f64 {
        config.alarm_budget_per_month / (ALARM_TABLES * KINDS_OF_ALARM * DAYS_A_MONTH * live.max(1) as f64)
    }

    /// Expected count and alarm of one day of a series, at test level `alpha`.
    pub(crate) fn judge(&self, series: &Series<'_>, t: usize, alpha: f64, config: &InsightConfig) -> Verdict {
        let silent = Verdict {
            expected: None,
            lo: None,
            hi: None,
            alarm: Alarm::NotEnoughHistory,
        };
        let Some(window) = self.window(t) else {
            return silent;
        };
        let history = &series.counts[window];
        let weekdays = self.weekdays(t);
        let factors = self.factors[t];
        let exposures: Vec<f64> = weekdays.iter().map(|d| factors[usize::from(*d)]).collect();
        let Some(forecast) = Forecast::new(history, &exposures, factors[usize::from(self.weekday(t))]) else {
            return silent;
        };
        let count = series.counts[t] as i64;
        let by_count = forecast.is_exceeded(count, alpha, config);
        let is_new = history.iter().all(|n| *n == 0.0);
        let by_rate = !is_new
            && count >= config.alarm_min_count
            && self
                .rate_forecast(series, t)
                .is_some_and(|f| f.is_exceeded(count, alpha, config));
        let alarm = match (by_count, by_rate) {
            (true, _) if is_new => Alarm::Novelty,
            (true, true) => Alarm::CountAndRate,
            (true, false) => Alarm::Count,
            (false, true) => Alarm::Rate,
            (false, false) => Alarm::None,
        };
        let (lo, hi) = forecast.interval();
        Verdict {
            expected: Some(forecast.expected),
            lo: Some(lo),
            hi: Some(hi),
            alarm,
        }
    }

    fn window(&self, t: usize) -> Option<std::ops::Range<usize>> {
        let start = t.checked_sub(REACH_DAYS)?;
        Some(start..t - GUARD_DAYS)
    }

    fn weekday(&self, t: usize) -> u8 {
        self.first.plus_days(t as i32).weekday()
    }

    fn weekdays(&self, t: usize) -> [u8; HISTORY_DAYS] {
        std::array::from_fn(|i| self.weekday((t + i).saturating_sub(REACH_DAYS)))
    }

    /// Forecast by lagged orders; `None` when orders do not reach back far enough.
    fn rate_forecast(&self, series: &Series<'_>, t: usize) -> Option<Forecast> {
        let window = self.window(t)?;
        let first_needed = self.first.plus_days(window.start as i32 - LAGS as i32 + 1);
        if *self.orders.first_key_value()?.0 > first_needed {
            return None;
        }
        let shop_curve = self.shop_curve(window.clone());
        let curve = self.series_curve(series, window.clone(), &shop_curve);
        let at = |t: usize, curve: &[f64; LAGS]| self.lagged_orders(t, curve);
        let shop_exposures: Vec<f64> = window.clone().map(|t| at(t, &shop_curve)).collect();
        let weekdays = self.weekdays(t);
        let factors = weekday_factors(&self.totals[window.clone()], &shop_exposures, &weekdays);
        let exposures: Vec<f64> = window
            .clone()
            .zip(&weekdays)
            .map(|(t, d)| at(t, &curve) * factors[usize::from(*d)])
            .collect();
        let today = at(t, &curve) * factors[usize::from(self.weekday(t))];
        (today > 0.0)
            .then(|| Forecast::new(&series.counts[window], &exposures, today))
            .flatten()
    }

    fn shop_curve(&self, window: std::ops::Range<usize>) -> [f64; LAGS] {
        let mut curve = [0.0; LAGS];
        // Ten contacts spread over the first week stand in where no contact names an order.
        curve[..7].fill(10.0 / 7.0);
        for day in &self.lags[window] {
            for (sum, n) in curve.iter_mut().zip(day) {
                *sum += n;
            }
        }
        normalised(curve)
    }

    fn series_curve(&self, series: &Series<'_>, window: std::ops::Range<usize>, shop: &[f64; LAGS]) -> [f64; LAGS] {
        let mut curve = shop.map(|share| share * CURVE_PRIOR);
        let date = |i: &u32| self.contacts[*i as usize].date();
        let from = self.first.plus_days(window.start as i32);
        let to = self.first.plus_days(window.end as i32);
        let start = series.contacts.partition_point(|i| date(i) < from);
        for i in series.contacts[start..].iter().take_while(|i| date(i) < to) {
            if let Some(lag) = self.contacts[*i as usize]
                .order_lag_days
                .filter(|lag| usize::from(*lag) < LAGS)
            {
                curve[usize::from(lag)] += 1.0;
            }
        }
        normalised(curve)
    }

    fn lagged_orders(&self, t: usize, curve: &[f64; LAGS]) -> f64 {
        let day = self.first.plus_days(t as i32);
        let recent = self.orders.range(day.plus_days(1 - LAGS as i32)..=day);
        recent
            .map(|(date, n)| *n as f64 * curve[day.days_since(*date) as usize])
            .sum()
    }
}

fn normalised(mut curve: [f64; LAGS]) -> [f64; LAGS] {
    let total: f64 = curve.iter().sum();
    curve.iter_mut().for_each(|share| *share /= total);
    curve
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
