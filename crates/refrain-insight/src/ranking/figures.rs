//! Figures over the contacts of an issue or family, and what its hours cost.

use std::collections::BTreeMap;

use refrain_record::Amount;

use crate::night::Contact;
use crate::stats::{Z95, wilson};
use crate::tally::{Tally, handle_s};
use crate::window::Window;

const HOUR_S: i64 = 3_600;

/// Sums and shares over some contacts, each counted once.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) tally: Tally,
    num_known: i64,
    pub(super) languages: Vec<String>,
    pub(super) channels: Vec<String>,
}

impl Figures {
    pub(super) fn of<'c, 'a: 'c>(contacts: impl Iterator<Item = &'c Contact<'a>>) -> Self {
        let contacts: Vec<&Contact<'a>> = contacts.collect();
        let of = |c: &&Contact<'a>| c.conversation;
        Self {
            tally: Tally::of(contacts.iter().copied()),
            num_known: num_known(contacts.iter().copied()),
            languages: by_frequency(contacts.iter().map(of).filter_map(|c| Some(c.language?.as_str()))),
            channels: by_frequency(contacts.iter().map(of).map(|c| c.channel.as_str())),
        }
    }

    /// Share of contacts with a handling time; 0 without contacts.
    pub(super) fn known_share(&self) -> f64 {
        self.num_known as f64 / self.tally.num.max(1) as f64
    }

    /// Hours, unless most contacts have no handling time.
    pub(super) fn handle_h(&self) -> Option<f64> {
        (2 * self.num_known >= self.tally.num).then(|| self.tally.handle_s as f64 / HOUR_S as f64)
    }

    pub(super) fn repeat_rate(&self) -> Option<f64> {
        let matured = self.tally.num_matured_7d;
        (matured > 0).then(|| self.tally.num_followed_7d as f64 / matured as f64)
    }

    pub(super) fn repeat_interval(&self) -> (Option<f64>, Option<f64>) {
        let matured = self.tally.num_matured_7d;
        let interval = (matured > 0).then(|| wilson(self.tally.num_followed_7d, matured, Z95));
        (interval.map(|i| i.0), interval.map(|i| i.1))
    }
}

/// Contacts with a handling time.
pub(super) fn num_known<'c, 'a: 'c>(contacts: impl Iterator<Item = &'c Contact<'a>>) -> i64 {
    contacts.filter(|c| handle_s(c).is_some()).count() as i64
}

/// Distinct names, most frequent first, ties by name.
fn by_frequency<'t>(names: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Handling time of each group times the hourly cost.
///
/// Each takes the difference of rounded running sums, so the costs add up to the cost of all hours.
pub(super) fn costs(window: &Window<'_, '_>, hourly_cost: Option<f64>) -> Vec<Option<Amount>> {
    let Some(hourly) = hourly_cost else {
        return vec![None; window.groups.len()];
    };
    let per_hour = i128::from((hourly * Amount::SCALE as f64).round() as i64);
    let (mut seconds, mut so_far) = (0_i128, 0_i128);
    let mut costs = Vec::with_capacity(window.groups.len());
    for group in &window.groups {
        let known = group.contacts.iter().filter_map(|c| handle_s(window.contact(*c)));
        seconds += known.map(i128::from).sum::<i128>();
        let sum = rounded(seconds.saturating_mul(per_hour), i128::from(HOUR_S)).min(i128::from(Amount::MAX));
        costs.push(i64::try_from(sum - so_far).ok().map(Amount));
        so_far = sum;
    }
    costs
}

fn rounded(amount: i128, by: i128) -> i128 {
    amount.saturating_add(by / 2).div_euclid(by)
}
