//! Which issues matter: how often, how many come back, what they take in hours, money and order value.
//!
//! A contact belongs to one issue or to none, so hours and cost are split by issue as they stand;
//! what is linked to several contacts is split evenly among them ([`value`]).

mod figures;
mod trend;
mod value;

use std::collections::BTreeMap;

use rayon::prelude::*;
use refrain_record::Amount;
use refrain_record::tables::{EffectEstimate, IssueFamilyRanking, IssueRanking};

use crate::InsightConfig;
use crate::night::{Contact, Night};
use crate::window::{Group, NO_ISSUE, Window};
use figures::{Figures, costs};
use trend::{Exposure, Trend, before_from};
use value::{Attribution, Value, linked, split};

/// The tables `issue_ranking` and `issue_family_ranking`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranking {
    /// By shop and issue.
    pub issues: Vec<IssueRanking>,
    /// By shop and family.
    pub families: Vec<IssueFamilyRanking>,
}

/// Ranks issues and families over the 28 days up to the run's date, each table by its key.
///
/// `estimates` are the rows of `effect_estimates`; only those of evidence level 2 or more that were
/// found at `config.q` make `value_excess`.
#[must_use]
pub fn issue_ranking(night: &Night<'_>, estimates: &[EffectEstimate], config: &InsightConfig) -> Ranking {
    let mut ranking = Ranking::default();
    for window in Window::all(night) {
        let shop = Shop::of(night, &window, estimates, config);
        ranking.issues.extend(shop.issues());
        ranking.families.extend(shop.families());
    }
    ranking
}

/// One shop's window with all that is split over its groups.
struct Shop<'w, 'n, 'a> {
    window: &'w Window<'n, 'a>,
    /// By group.
    values: Vec<Value>,
    costs: Vec<Option<Amount>>,
    exposure: Option<Exposure>,
    /// Contacts of the 28 days before the window by issue, [`NO_ISSUE`] included.
    before: BTreeMap<&'a str, Vec<u32>>,
    /// The same by family, issues that have died out since included.
    family_before: BTreeMap<&'a str, Vec<u32>>,
    ranks_by_hours: bool,
}

impl<'w, 'n, 'a> Shop<'w, 'n, 'a> {
    fn of(night: &Night<'a>, window: &'w Window<'n, 'a>, estimates: &[EffectEstimate], config: &InsightConfig) -> Self {
        let shop = window.shop;
        let attribution = Attribution::of(shop.shop.shop_id.as_str(), estimates, config.q);
        let values = split(window, &linked(night, window, config), &attribution);
        let all: Vec<u32> = window.groups.iter().flat_map(|g| g.contacts.iter().copied()).collect();
        let known = figures::num_known(all.iter().map(|c| window.contact(*c)));
        let before = before(window);
        Self {
            window,
            values,
            costs: costs(window, shop.shop.hourly_cost),
            exposure: Exposure::of(window),
            family_before: by_family(window, &before),
            before,
            ranks_by_hours: 2 * known >= all.len() as i64,
        }
    }

    fn contacts<'s>(&'s self, indexes: &'s [u32]) -> impl Iterator<Item = &'n Contact<'a>> + use<'s, 'n, 'a> {
        indexes.iter().map(|i| self.window.contact(*i))
    }

    /// `None` also for an issue whose earlier days nobody searched.
    fn trend(&self, groups: &[usize], now: &[u32], before: &[u32]) -> Option<Trend> {
        let is_searched = |g: &usize| {
            self.window.groups[*g]
                .row
                .is_none_or(|row| row.born_on < self.window.from || row.first_seen <= before_from(self.window))
        };
        if !groups.iter().all(is_searched) {
            return None;
        }
        self.exposure?.trend(self.contacts(now), self.contacts(before))
    }

    fn issues(&self) -> Vec<IssueRanking> {
        let groups = &self.window.groups;
        let figures: Vec<Figures> = groups
            .par_iter()
            .map(|group| Figures::of(self.contacts(&group.contacts)))
            .collect();
        let mut rows: Vec<IssueRanking> = groups
            .iter()
            .enumerate()
            .map(|(g, group)| self.issue_row(g, group, &figures[g]))
            .collect();
        let places = ranks(
            rows.iter().zip(groups).map(|(r, group)| {
                let id = if group.is_ranked() {
                    r.issue_id.as_str()
                } else {
                    NO_ISSUE
                };
                (id, r.handle_h.map(|_| r.handle_s), r.num_conversations)
            }),
            self.ranks_by_hours,
        );
        rows.iter_mut().zip(places).for_each(|(row, rank)| row.rank = rank);
        rows.sort_by(|a, b| a.issue_id.cmp(&b.issue_id));
        rows
    }

    fn issue_row(&self, g: usize, group: &Group<'a>, figures: &Figures) -> IssueRanking {
        let value = &self.values[g];
        let before = self.before.get(group.issue).map_or(&[][..], |list| list);
        let trend = self.trend(&[g], &group.contacts, before);
        let (repeat_lo, repeat_hi) = figures.repeat_interval();
        let handle_h = figures.handle_h();
        IssueRanking {
            shop_id: self.window.shop.shop.shop_id.clone(),
            issue_id: group.issue.into(),
            issue_family_id: group.family().into(),
            rank: 0,
            window_from: self.window.from,
            window_to: self.window.to,
            num_conversations: figures.tally.num,
            num_customers: figures.tally.num_customers,
            num_matured_7d: figures.tally.num_matured_7d,
            num_followed_7d: figures.tally.num_followed_7d,
            repeat_rate_7d: figures.repeat_rate(),
            repeat_rate_7d_lo: repeat_lo,
            repeat_rate_7d_hi: repeat_hi,
            handle_s: figures.tally.handle_s,
            handle_known_share: figures.known_share(),
            handle_s_estimated_share: figures.tally.estimated_share(),
            handle_h,
            currency: self.window.shop.shop.currency.clone(),
            cost: handle_h.and(self.costs[g]),
            num_linked: value.num_linked,
            value_linked: value.linked,
            value_excess: value.excess.map(|e| e.value),
            value_excess_lo: value.excess.map(|e| e.lo),
            value_excess_hi: value.excess.map(|e| e.hi),
            value_excess_level: value.excess.map(|e| e.level),
            num_linked_other_currency: value.num_other_currency,
            num_conversations_before: before.len() as i64,
            trend: trend.map(|t| t.ratio),
            trend_lo: trend.map(|t| t.lo),
            trend_hi: trend.map(|t| t.hi),
            trend_per: trend.and(self.exposure).map(|e| e.per.into()),
            languages: figures.languages.clone(),
            channels: figures.channels.clone(),
        }
    }

    fn families(&self) -> Vec<IssueFamilyRanking> {
        let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (g, group) in self.window.groups.iter().enumerate() {
            families.entry(group.family()).or_default().push(g);
        }
        let families: Vec<(&str, Vec<usize>)> = families.into_iter().collect();
        let mut rows: Vec<IssueFamilyRanking> = families
            .into_par_iter()
            .map(|(family, groups)| self.family_row(family, groups))
            .collect();
        let places = ranks(
            rows.iter().map(|r| {
                let hours = r.handle_h.map(|_| r.handle_s);
                (r.issue_family_id.as_str(), hours, r.num_conversations)
            }),
            self.ranks_by_hours,
        );
        rows.iter_mut().zip(places).for_each(|(row, rank)| row.rank = rank);
        rows
    }

    fn family_row(&self, family: &str, mut groups: Vec<usize>) -> IssueFamilyRanking {
        let gather = |of: &dyn Fn(usize) -> &'w [u32]| -> Vec<u32> {
            let mut all: Vec<u32> = groups.iter().flat_map(|g| of(*g).iter().copied()).collect();
            all.sort_unstable();
            all
        };
        let window: &'w Window<'n, 'a> = self.window;
        let now = gather(&|g| &window.groups[g].contacts);
        let before = self.family_before.get(family).map_or(&[][..], |list| list);
        let figures = Figures::of(self.contacts(&now));
        let trend = self.trend(&groups, &now, before);
        let excess = groups
            .iter()
            .filter_map(|g| self.values[*g].excess)
            .reduce(|a, b| a.plus(b));
        let cost: Option<Amount> = groups.iter().map(|g| self.costs[*g]).sum();
        let value_linked = groups.iter().map(|g| self.values[*g].linked).sum();
        groups.sort_by_key(|g| std::cmp::Reverse(window.groups[*g].contacts.len()));
        let (repeat_lo, repeat_hi) = figures.repeat_interval();
        let handle_h = figures.handle_h();
        IssueFamilyRanking {
            shop_id: window.shop.shop.shop_id.clone(),
            issue_family_id: family.into(),
            rank: 0,
            issue_ids: groups
                .iter()
                .map(|g| window.groups[*g].issue)
                .filter(|issue| *issue != NO_ISSUE)
                .map(str::to_owned)
                .collect(),
            num_conversations: figures.tally.num,
            num_customers: figures.tally.num_customers,
            num_matured_7d: figures.tally.num_matured_7d,
            num_followed_7d: figures.tally.num_followed_7d,
            repeat_rate_7d: figures.repeat_rate(),
            repeat_rate_7d_lo: repeat_lo,
            repeat_rate_7d_hi: repeat_hi,
            handle_s: figures.tally.handle_s,
            handle_known_share: figures.known_share(),
            handle_s_estimated_share: figures.tally.estimated_share(),
            handle_h,
            currency: window.shop.shop.currency.clone(),
            cost: handle_h.and(cost),
            value_linked,
            value_excess: excess.map(|e| e.value),
            value_excess_lo: excess.map(|e| e.lo),
            value_excess_hi: excess.map(|e| e.hi),
            value_excess_level: excess.map(|e| e.level),
            num_conversations_before: before.len() as i64,
            trend: trend.map(|t| t.ratio),
            trend_lo: trend.map(|t| t.lo),
            trend_hi: trend.map(|t| t.hi),
            trend_per: trend.and(self.exposure).map(|e| e.per.into()),
            languages: figures.languages,
            channels: figures.channels,
        }
    }
}

/// Contacts of the 28 days before the window, by issue.
fn before<'a>(window: &Window<'_, 'a>) -> BTreeMap<&'a str, Vec<u32>> {
    let mut before: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let from = before_from(window);
    for (i, contact) in window.shop.contacts.iter().enumerate() {
        if contact.date() >= from && contact.date() < window.from {
            let issue = contact
                .issue
                .map_or(NO_ISSUE, |issue| window.shop.issues[issue as usize]);
            before.entry(issue).or_default().push(i as u32);
        }
    }
    before
}

fn by_family<'a>(window: &Window<'_, 'a>, by_issue: &BTreeMap<&'a str, Vec<u32>>) -> BTreeMap<&'a str, Vec<u32>> {
    let mut families: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (issue, contacts) in by_issue {
        families.entry(window.family_of(issue)).or_default().extend(contacts);
    }
    families
}

/// Places from 1 in the order of `rows` of id, handling time if it counts, and conversations; 0 for [`NO_ISSUE`].
fn ranks<'r>(rows: impl Iterator<Item = (&'r str, Option<i64>, i64)>, by_hours: bool) -> Vec<i64> {
    let rows: Vec<_> = rows.map(|(id, s, num)| (s.filter(|_| by_hours), num, id)).collect();
    let mut order: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].2 != NO_ISSUE).collect();
    order.sort_by(|a, b| (rows[*b].0, rows[*b].1, rows[*a].2).cmp(&(rows[*a].0, rows[*a].1, rows[*b].2)));
    let mut places = vec![0; rows.len()];
    order.into_iter().zip(1..).for_each(|(i, rank)| places[i] = rank);
    places
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
