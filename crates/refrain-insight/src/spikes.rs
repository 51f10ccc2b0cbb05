//! Hours in which a tag had far more contacts than its day and hour of the week would bring.
//!
//! Expected count of an hour: what the day should bring (`series.rs`) times the hour's share of such a
//! weekday over the baseline. 40 contacts expected on a Monday whose tenth hour holds 0.1 of Mondays
//! make 4; 25 of them are a spike, even if the day ends within its interval.

use rayon::prelude::*;
use refrain_record::tables::TagSpike;
use refrain_record::{Facet, Timestamp};

use crate::InsightConfig;
use crate::forecast::Forecast;
use crate::night::{Contact, DAY_S, Night, ShopNight};
use crate::series::{Axis, Series};
use crate::tag_daily::{ALL, Group, NONE, groups};
use crate::tally::Tally;

const HOUR_S: i64 = 3_600;
const HOURS: usize = 24;
/// Part of the month's budget of false alarms that hours take: one in eight, since every hour is a test.
const PARTS: f64 = 8.0;
const DAYS_A_MONTH: f64 = 30.0;

/// The table `tag_spikes`, by its key: topics, their roll-ups and `all`.
///
/// Contacts without a time are left out, and so are days without a forecast. A tag must stand out of the
/// hour's contacts as well, else the spike is `all`'s. Smallest count, smallest excess and budget are
/// those of daily alarms.
#[must_use]
pub fn tag_spikes(night: &Night<'_>, config: &InsightConfig) -> Vec<TagSpike> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let Some(axis) = Axis::new(shop, night.facts.as_of) else {
            continue;
        };
        let clock = Clock::new(night, shop, &axis);
        let groups: Vec<Group<'_>> = groups(shop)
            .into_iter()
            .filter(|g| g.facet == Facet::Topic && g.tag != NONE)
            .collect();
        let busy: Vec<Vec<Busy>> = groups.par_iter().map(|g| clock.busy(g, config)).collect();
        // Any hour of `all` may come to alarm; of the tags only the few that are busy.
        let mut live = vec![HOURS as i64; axis.len()];
        busy.iter().flatten().for_each(|hour| live[hour.t] += 1);
        let found: Vec<Vec<TagSpike>> = groups
            .par_iter()
            .zip(&busy)
            .filter(|(_, busy)| !busy.is_empty())
            .map(|(group, busy)| spikes(shop, &axis, &clock, group, busy, &live, config))
            .collect();
        let mut found: Vec<TagSpike> = found.into_iter().flatten().collect();
        found.sort_by(|a, b| (&a.tag, a.hour_at).cmp(&(&b.tag, b.hour_at)));
        rows.append(&mut found);
    }
    rows
}

/// An hour with enough contacts to matter: its day on the axis, its place in the day, its contacts.
struct Busy {
    t: usize,
    hour: usize,
    start: Timestamp,
    contacts: Vec<u32>,
}

/// When the shop's contacts began.
struct Clock {
    /// By contact: day on the axis, local hour, start of that hour.
    slots: Vec<Option<(usize, usize, Timestamp)>>,
    /// By day.
    hours: Vec<[f64; HOURS]>,
}

impl Clock {
    fn new(night: &Night<'_>, shop: &ShopNight<'_>, axis: &Axis<'_>) -> Self {
        let slot = |contact: &Contact<'_>| {
            let at = contact.conversation.started_at?;
            let offset_s = (night.facts.offset_s)(shop.shop.shop_id, at);
            let local = at.plus_seconds(offset_s);
            let date = local.utc_date();
            let second = local.seconds_since(date.utc_midnight()).clamp(0, DAY_S - 1);
            let hour = second / HOUR_S;
            let start = date.utc_midnight().plus_seconds(hour * HOUR_S - offset_s);
            Some((axis.day(date)?, usize::try_from(hour).ok()?, start))
        };
        let slots: Vec<_> = shop.contacts.iter().map(slot).collect();
        let mut hours = vec![[0.0; HOURS]; axis.len()];
        for (t, hour, _) in slots.iter().flatten() {
            hours[*t][*hour] += 1.0;
        }
        Self { slots, hours }
    }

    fn busy(&self, group: &Group<'_>, config: &InsightConfig) -> Vec<Busy> {
        let mut timed: Vec<(usize, usize, Timestamp, u32)> = group
            .contacts
            .iter()
            .filter_map(|i| {
                let (t, hour, start) = self.slots[*i as usize]?;
                Some((t, hour, start, *i))
            })
            .collect();
        timed.sort_unstable();
        timed
            .chunk_by(|a, b| (a.0, a.2) == (b.0, b.2))
            .filter(|list| list.len() as i64 >= config.alarm_min_count)
            .filter_map(|list| {
                let (t, hour, start, _) = *list.first()?;
                let contacts = list.iter().map(|c| c.3).collect();
                Some(Busy {
                    t,
                    hour,
                    start,
                    contacts,
                })
            })
            .collect()
    }

    /// Share of each hour in a weekday's contacts over `days`, drawn to that of all weekdays by one
    /// average day.
    fn profile(&self, days: &[usize], is_same: impl Fn(usize) -> bool) -> [f64; HOURS] {
        // Half a contact an hour: an hour that nobody used yet is rare and not impossible.
        let (mut all, mut same) = ([0.5; HOURS], [0.0; HOURS]);
        for day in days {
            let hours = &self.hours[*day];
            all.iter_mut().zip(hours).for_each(|(sum, n)| *sum += n);
            if is_same(*day) {
                same.iter_mut().zip(hours).for_each(|(sum, n)| *sum += n);
            }
        }
        let (total, same_total): (f64, f64) = (all.iter().sum(), same.iter().sum());
        let prior = total / days.len().max(1) as f64;
        std::array::from_fn(|h| (same[h] + prior * all[h] / total) / (same_total + prior))
    }
}

fn spikes(
    shop: &ShopNight<'_>,
    axis: &Axis<'_>,
    clock: &Clock,
    group: &Group<'_>,
    busy: &[Busy],
    live: &[i64],
    config: &InsightConfig,
) -> Vec<TagSpike> {
    let series = Series::new(axis, &group.contacts).of_total(group.tag == ALL);
    let mut hours = vec![[0.0; HOURS]; axis.len()];
    for (t, hour, _) in group.contacts.iter().filter_map(|i| clock.slots[*i as usize]) {
        hours[t][hour] += 1.0;
    }
    let spike = |now: &Busy| {
        let level = config.alarm_budget_per_month / (PARTS * DAYS_A_MONTH * live[now.t] as f64);
        let count = now.contacts.len() as i64;
        let forecast = hour_forecast(axis, clock, &series, &hours, now)?;
        let stands_out = group.tag == ALL || {
            let days = axis.baseline(&series, now.t)?;
            let of = |hours: &[[f64; HOURS]]| days.iter().map(|d| hours[*d].iter().sum()).collect::<Vec<f64>>();
            Forecast::new(&of(&hours), &of(&clock.hours), clock.hours[now.t][now.hour])
                .is_none_or(|f| f.is_exceeded(count, level, config))
        };
        if !(stands_out && forecast.is_exceeded(count, level, config)) {
            return None;
        }
        Some(TagSpike {
            shop_id: shop.shop.shop_id.clone(),
            tag: group.tag.into(),
            date: axis.first.plus_days(now.t as i32),
            hour_at: now.start,
            num_conversations: count,
            expected: forecast.expected,
            expected_hi: forecast.interval().1,
            num_customers: Tally::of(now.contacts.iter().map(|i| &shop.contacts[*i as usize])).num_customers,
            num_so_far: hours[now.t][..=now.hour].iter().sum::<f64>() as i64,
        })
    };
    busy.iter().filter_map(spike).collect()
}

/// The day's forecast, cut to the hour.
fn hour_forecast(
    axis: &Axis<'_>,
    clock: &Clock,
    series: &Series<'_>,
    hours: &[[f64; HOURS]],
    now: &Busy,
) -> Option<Forecast> {
    let day = axis.usual(series, now.t..now.t + 1)?;
    let days = axis.baseline(series, now.t)?;
    let profiles: Vec<[f64; HOURS]> = (0..7)
        .map(|weekday| clock.profile(&days, |d| axis.weekday(d) == weekday))
        .collect();
    let profile = |t: usize| &profiles[usize::from(axis.weekday(t))];
    let (mut pearson, mut cells) = (0.0, -1.0);
    for d in &days {
        let total: f64 = hours[*d].iter().sum();
        for (n, share) in hours[*d].iter().zip(profile(*d)) {
            if total > 0.0 {
                pearson += (n - total * share).powi(2) / (total * share);
                cells += 1.0;
            }
        }
    }
    let spread = if cells > 0.0 { pearson / cells } else { 1.0 };
    Some(day.part(profile(now.t)[now.hour], spread))
}

#[cfg(test)]
#[path = "spikes_tests.rs"]
mod tests;
