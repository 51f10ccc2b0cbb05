//! What a day's contacts follow: orders of the days before, and campaigns sent.
//!
//! Orders are spread over a lag curve: with shares 0.5 after one day and 0.5 after two, orders of 10
//! and 30 on Monday and Tuesday expose Wednesday to 0.5 * 30 + 0.5 * 10 = 20.

use refrain_record::Date;

use crate::night::{Contact, ShopNight};

/// Days from an order on which contacts follow it: six weeks, since refunds are asked for late.
pub(crate) const LAGS: usize = 43;
/// Contacts that the shop's lag curve weighs against a series' own.
const CURVE_PRIOR: f64 = 50.0;
/// Days from a send in which it brings contacts, its own day included.
const SEND_DAYS: usize = 4;
/// A send's days are compared with those a week before.
const WEEK: usize = 7;

pub(crate) type Curve = [f64; LAGS];

/// Days from the order to the contact; contacts before a purchase follow the day's own orders.
pub(crate) fn lag_of(contact: &Contact<'_>) -> Option<usize> {
    if contact
        .stage
        .is_some_and(|stage| stage.rsplit('/').next() == Some("pre_purchase"))
    {
        return Some(0);
    }
    contact.order_lag_days.map(usize::from).filter(|lag| *lag < LAGS)
}

/// Orders by day, from `LAGS - 1` days before the axis on.
pub(crate) struct Orders {
    days: Vec<f64>,
    first: Option<Date>,
}

impl Orders {
    pub(crate) fn new(shop: &ShopNight<'_>, axis_first: Date, len: usize) -> Self {
        let mut days = vec![0.0; len + LAGS - 1];
        let start = axis_first.plus_days(1 - LAGS as i32);
        for order in &shop.orders {
            let place = usize::try_from(order.order.date.days_since(start)).ok();
            if let Some(day) = place.and_then(|t| days.get_mut(t)) {
                *day += 1.0;
            }
        }
        let first = shop.orders.iter().map(|o| o.order.date).min();
        Self { days, first }
    }

    /// Orders of day t of the axis.
    pub(crate) fn on(&self, t: usize) -> f64 {
        self.days.get(t + LAGS - 1).copied().unwrap_or(0.0)
    }

    /// Whether orders are known from that day on.
    pub(crate) fn reach(&self, date: Date) -> bool {
        self.first.is_some_and(|first| first <= date)
    }

    /// Orders whose contacts fall on day t.
    pub(crate) fn lagged(&self, t: usize, curve: &Curve) -> f64 {
        let Some(recent) = self.days.get(t..t + LAGS) else {
            return 0.0;
        };
        recent.iter().rev().zip(curve).map(|(n, share)| n * share).sum()
    }
}

/// The shop's lag curve from the lags of its contacts by day.
pub(crate) fn shop_curve(lags: &[Curve]) -> Curve {
    let mut curve = [0.0; LAGS];
    // Ten contacts spread over the first week stand in where no contact names an order.
    curve[..WEEK].fill(10.0 / WEEK as f64);
    for day in lags {
        curve.iter_mut().zip(day).for_each(|(sum, n)| *sum += n);
    }
    normalised(curve)
}

/// A series' own curve, drawn toward the shop's.
pub(crate) fn series_curve<'c, 'a: 'c>(shop: &Curve, contacts: impl Iterator<Item = &'c Contact<'a>>) -> Curve {
    let mut curve = shop.map(|share| share * CURVE_PRIOR);
    contacts.filter_map(lag_of).for_each(|lag| curve[lag] += 1.0);
    normalised(curve)
}

fn normalised(mut curve: Curve) -> Curve {
    let total: f64 = curve.iter().sum();
    curve.iter_mut().for_each(|share| *share /= total);
    curve
}

/// Recipients of campaigns by type and day, hold-outs left out.
pub(crate) struct Sends {
    /// By type (index in no particular list), then day.
    waves: Vec<(usize, usize, f64)>,
    curve: [f64; SEND_DAYS],
}

impl Sends {
    pub(crate) fn new(shop: &ShopNight<'_>, axis_first: Date, len: usize) -> Self {
        let kind_of: std::collections::BTreeMap<(&str, &str), &str> = shop
            .campaigns
            .iter()
            .filter_map(|c| {
                Some((
                    (c.source.as_str(), c.campaign_id.as_str()),
                    c.campaign_type.as_ref()?.as_str(),
                ))
            })
            .collect();
        let mut days: std::collections::BTreeMap<(&str, usize), f64> = std::collections::BTreeMap::new();
        for (send, _) in shop.sends.iter().filter(|s| !s.0.is_holdout) {
            let day = usize::try_from(send.date.days_since(axis_first)).ok();
            let kind = kind_of.get(&(send.source.as_str(), send.campaign_id.as_str()));
            if let Some(t) = day.filter(|t| *t < len) {
                *days.entry((kind.copied().unwrap_or_default(), t)).or_default() += 1.0;
            }
        }
        let mut kinds: Vec<&str> = days.keys().map(|k| k.0).collect();
        kinds.dedup();
        let waves = days
            .iter()
            .map(|((kind, t), n)| (kinds.partition_point(|k| k < kind), *t, *n))
            .collect();
        // Half of what remains on each day: most answers come at once.
        Self {
            waves,
            curve: [0.5, 0.25, 0.15, 0.1],
        }
    }

    /// Contacts that sends of the last days should bring to day t of a series, and the variance of that.
    ///
    /// By type of campaign: earlier sends' contacts over their first four days less those of the same
    /// weekdays a week before, per recipient, never below 0. Types without an earlier send bring none.
    pub(crate) fn lift(&self, counts: &[f64], t: usize) -> (f64, f64) {
        let (mut mean, mut variance) = (0.0, 0.0);
        for waves in self.waves.chunk_by(|a, b| a.0 == b.0) {
            let due: f64 = waves
                .iter()
                .filter_map(|(_, s, n)| Some(n * self.curve.get(t.checked_sub(*s)?)?))
                .sum();
            if due <= 0.0 {
                continue;
            }
            let (mut excess, mut noise, mut reach) = (0.0, 0.0, 0.0);
            for (_, s, n) in waves.iter().filter(|w| w.1 >= WEEK && w.1 + SEND_DAYS <= t) {
                for day in *s..s + SEND_DAYS {
                    excess += counts[day] - counts[day - WEEK];
                    noise += counts[day] + counts[day - WEEK];
                }
                reach += n;
            }
            if reach > 0.0 && excess > 0.0 {
                mean += excess / reach * due;
                variance += noise * (due / reach).powi(2);
            }
        }
        (mean, variance)
    }
}
