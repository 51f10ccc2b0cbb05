//! Contacts by tag and day: leaves, roll-ups, acts, stages, `all` and `none`.
//!
//! A contact with `shipping/delay` and `shipping/lost` counts once under `shipping`; a tag set by rule
//! and model counts once. Days without a contact of the tag have no row.

use rayon::prelude::*;
use refrain_record::tables::TagDaily;
use refrain_record::{Date, Facet};

use crate::InsightConfig;
use crate::night::{Contact, Night, ShopNight};
use crate::series::{Axis, Budget, Series};
use crate::stats::{Z95, wilson};
use crate::tally::Tally;

pub(crate) const ALL: &str = "all";
pub(crate) const NONE: &str = "none";

/// The table `tag_daily`, by its key.
#[must_use]
pub fn tag_daily(night: &Night<'_>, config: &InsightConfig) -> Vec<TagDaily> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let Some(axis) = Axis::new(shop, night.facts.as_of) else {
            continue;
        };
        let groups = groups(shop);
        let series: Vec<Series<'_>> = groups
            .par_iter()
            .map(|g| Series::new(&axis, &g.contacts).of_total(g.tag == ALL))
            .collect();
        let budget = Budget::of(&axis, series.iter(), config);
        let made: Vec<Vec<TagDaily>> = groups
            .par_iter()
            .zip(&series)
            .map(|(group, series)| group_rows(night, shop, &axis, group, series, &budget, config))
            .collect();
        let mut shop_rows: Vec<TagDaily> = made.into_iter().flatten().collect();
        rank(&mut shop_rows);
        rows.append(&mut shop_rows);
    }
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
    rows
}

fn key(row: &TagDaily) -> (&str, &str, &str, Date) {
    (row.shop_id.as_str(), row.facet.as_str(), row.tag.as_str(), row.date)
}

/// Contacts that share a tag or prefix, in order.
pub(crate) struct Group<'a> {
    pub(crate) facet: Facet,
    pub(crate) tag: &'a str,
    is_rollup: bool,
    pub(crate) contacts: Vec<u32>,
}

pub(crate) fn groups<'a>(shop: &ShopNight<'a>) -> Vec<Group<'a>> {
    let (prefixes, chains) = prefixes(&shop.topics);
    let mut topics: Vec<Vec<u32>> = vec![Vec::new(); prefixes.len()];
    let (mut all, mut none) = (Vec::new(), Vec::new());
    let mut acts = std::collections::BTreeMap::<(Facet, &str), Vec<u32>>::new();
    let mut seen: Vec<u32> = Vec::new();
    for (i, contact) in shop.contacts.iter().enumerate() {
        let i = i as u32;
        all.push(i);
        if contact.topics.is_empty() {
            none.push(i);
        }
        seen.clear();
        seen.extend(contact.topics.iter().flat_map(|t| chains[*t as usize].iter().copied()));
        seen.sort_unstable();
        seen.dedup();
        for prefix in &seen {
            topics[*prefix as usize].push(i);
        }
        for (facet, tag) in [(Facet::Act, contact.act), (Facet::Stage, contact.stage)] {
            if let Some(tag) = tag {
                acts.entry((facet, tag)).or_default().push(i);
            }
        }
    }
    let mut groups: Vec<Group<'a>> = prefixes
        .iter()
        .zip(topics)
        .map(|((tag, is_rollup), contacts)| Group {
            facet: Facet::Topic,
            tag,
            is_rollup: *is_rollup,
            contacts,
        })
        // A shop's own tag may be called `all` or `none`; the totals keep these names.
        .filter(|g| g.tag != ALL && g.tag != NONE)
        .collect();
    groups.push(Group {
        facet: Facet::Topic,
        tag: ALL,
        is_rollup: true,
        contacts: all,
    });
    groups.push(Group {
        facet: Facet::Topic,
        tag: NONE,
        is_rollup: false,
        contacts: none,
    });
    groups.extend(acts.into_iter().map(|((facet, tag), contacts)| Group {
        facet,
        tag,
        is_rollup: false,
        contacts,
    }));
    groups.retain(|g| !g.contacts.is_empty());
    groups
}

/// All tags and prefixes, sorted, with whether tags lie below; and for each topic its chain of them.
fn prefixes<'a>(topics: &[&'a str]) -> (Vec<(&'a str, bool)>, Vec<Vec<u32>>) {
    let mut all: Vec<(&'a str, bool)> = Vec::new();
    for topic in topics {
        all.push((topic, false));
        all.extend(
            topic
                .match_indices('/')
                .filter(|(at, _)| *at > 0)
                .map(|(at, _)| (&topic[..at], true)),
        );
    }
    // True sorts after false: of equal paths the roll-up is kept.
    all.sort_unstable_by(|a, b| a.0.cmp(b.0).then(b.1.cmp(&a.1)));
    all.dedup_by(|a, b| a.0 == b.0);
    let find = |path: &str| all.binary_search_by(|p| p.0.cmp(path)).ok().map(|i| i as u32);
    let chains = topics
        .iter()
        .map(|topic| {
            let ends = topic.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
            ends.chain([topic.len()])
                .filter_map(|end| find(&topic[..end]))
                .collect()
        })
        .collect();
    (all, chains)
}

fn group_rows(
    night: &Night<'_>,
    shop: &ShopNight<'_>,
    axis: &Axis<'_>,
    group: &Group<'_>,
    series: &Series<'_>,
    budget: &Budget,
    config: &InsightConfig,
) -> Vec<TagDaily> {
    let contact = |i: &u32| -> &Contact<'_> { &shop.contacts[*i as usize] };
    group
        .contacts
        .chunk_by(|a, b| contact(a).date() == contact(b).date())
        .filter_map(|day| {
            let date = contact(day.first()?).date();
            let t = axis.day(date)?;
            let tally = Tally::of(day.iter().map(contact));
            let verdict = axis.judge(series, t, budget.on(t, config), config);
            let total = axis.total(date);
            let (share_lo, share_hi) = wilson(tally.num, total, Z95);
            let satisfied = (tally.num_rated > 0).then(|| wilson(tally.num_satisfied, tally.num_rated, Z95));
            Some(TagDaily {
                shop_id: shop.shop.shop_id.clone(),
                facet: group.facet,
                tag: group.tag.into(),
                date,
                is_rollup: group.is_rollup,
                num_conversations: tally.num,
                num_customers: tally.num_customers,
                num_customer_messages: tally.num_customer_messages,
                share: tally.num as f64 / total.max(1) as f64,
                share_lo,
                share_hi,
                rank: 0,
                num_rated: tally.num_rated,
                num_satisfied: tally.num_satisfied,
                satisfied_lo: satisfied.map(|s| s.0),
                satisfied_hi: satisfied.map(|s| s.1),
                num_unrated: tally.num - tally.num_rated,
                num_repeat_7d: tally.num_repeat_7d,
                num_matured_7d: tally.num_matured_7d,
                num_followed_7d: tally.num_followed_7d,
                handle_s_p50: tally.handle_s_p50,
                handle_s: tally.handle_s,
                handle_s_estimated_share: tally.estimated_share(),
                num_bot: tally.num_bot,
                num_handover: tally.num_handover,
                num_success: tally.num_success,
                per_100_orders: axis.per_100_orders(date, tally.num),
                expected: verdict.expected,
                expected_lo: verdict.lo,
                expected_hi: verdict.hi,
                alarm: verdict.alarm,
                tagger_version: night.facts.tagger_version.into(),
            })
        })
        .collect()
}

/// Ranks a day's leaves, roll-ups, acts and stages, each among themselves; `all` and `none` keep 0.
fn rank(rows: &mut [TagDaily]) {
    rows.sort_by(|a, b| {
        (a.date, a.facet, a.is_rollup, -a.num_conversations, &a.tag).cmp(&(
            b.date,
            b.facet,
            b.is_rollup,
            -b.num_conversations,
            &b.tag,
        ))
    });
    for list in rows.chunk_by_mut(|a, b| (a.date, a.facet, a.is_rollup) == (b.date, b.facet, b.is_rollup)) {
        let mut place = 0;
        for row in list.iter_mut().filter(|r| ![ALL, NONE].contains(&r.tag.as_str())) {
            place += 1;
            row.rank = place;
        }
    }
}

#[cfg(test)]
#[path = "tag_daily_tests.rs"]
mod tests;
