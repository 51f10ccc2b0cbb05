//! Which topics come together more often than chance.

use refrain_record::EstimateStatus;
use refrain_record::tables::TagCooccurrence;
use rustc_hash::FxHashMap;

use crate::InsightConfig;
use crate::night::{Night, ShopNight};
use crate::stats::{Arms, Z95, benjamini_hochberg, relative_risk};

/// The table `tag_cooccurrence`, by its key, over all contacts.
///
/// Topics as set; a tag and its own roll-up are no pair. Pairs of fewer than
/// `min_customers_published` persons are left out: they would show single customers.
#[must_use]
pub fn tag_cooccurrence(night: &Night<'_>, config: &InsightConfig) -> Vec<TagCooccurrence> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let mut made = shop_pairs(shop, config);
        let tested: Vec<usize> = (0..made.len())
            .filter(|i| made[*i].0.status == EstimateStatus::Ok)
            .collect();
        let p: Vec<f64> = tested.iter().map(|i| made[*i].1).collect();
        for (i, q) in tested.iter().zip(benjamini_hochberg(&p)) {
            made[*i].0.q = Some(q);
        }
        rows.extend(made.into_iter().map(|m| m.0));
    }
    rows
}

#[derive(Default)]
struct Pair {
    num: i64,
    /// The first few distinct persons; enough to tell whether there are few.
    persons: Vec<u32>,
    num_unknown: i64,
}

fn shop_pairs(shop: &ShopNight<'_>, config: &InsightConfig) -> Vec<(TagCooccurrence, f64)> {
    let mut singles = vec![0i64; shop.topics.len()];
    let mut pairs: FxHashMap<(u32, u32), Pair> = FxHashMap::default();
    let enough = usize::try_from(config.min_customers_published).unwrap_or(usize::MAX);
    for contact in &shop.contacts {
        for (i, first) in contact.topics.iter().enumerate() {
            singles[*first as usize] += 1;
            for second in &contact.topics[i + 1..] {
                let pair = pairs.entry((*first, *second)).or_default();
                pair.num += 1;
                match contact.person {
                    Some(p) if pair.persons.len() < enough && !pair.persons.contains(&p) => pair.persons.push(p),
                    Some(_) => {}
                    None => pair.num_unknown += 1,
                }
            }
        }
    }
    let mut pairs: Vec<((u32, u32), Pair)> = pairs
        .into_iter()
        .filter(|(_, p)| p.persons.len() as i64 + p.num_unknown >= config.min_customers_published)
        .filter(|((a, b), _)| !is_within(shop.topics[*a as usize], shop.topics[*b as usize]))
        .collect();
    pairs.sort_unstable_by_key(|p| p.0);
    let num_all = shop.contacts.len() as i64;
    pairs
        .into_iter()
        .map(|((a, b), pair)| {
            let (num_tag, num_other) = (singles[a as usize], singles[b as usize]);
            let arms = Arms {
                exposed: num_tag,
                exposed_outcome: pair.num,
                baseline: num_all - num_tag,
                baseline_outcome: num_other - pair.num,
            };
            let status = status(arms, config);
            let rr = if status == EstimateStatus::Ok {
                relative_risk(arms, Z95)
            } else {
                None
            };
            let row = TagCooccurrence {
                shop_id: shop.shop.shop_id.clone(),
                tag: shop.topics[a as usize].into(),
                other_tag: shop.topics[b as usize].into(),
                num_both: pair.num,
                num_tag,
                num_other,
                num_all,
                lift: pair.num as f64 * num_all as f64 / (num_tag as f64 * num_other as f64),
                rr_lo: rr.map(|r| r.lo),
                rr_hi: rr.map(|r| r.hi),
                q: None,
                status,
            };
            (row, rr.map_or(1.0, |r| r.p))
        })
        .collect()
}

fn status(arms: Arms, config: &InsightConfig) -> EstimateStatus {
    if arms.baseline == 0 {
        EstimateStatus::NoComparison
    } else if arms.exposed < config.min_exposed
        || arms.exposed_outcome + arms.baseline_outcome < config.min_outcomes
        || arms.exposed_outcome < config.min_exposed_outcomes
    {
        EstimateStatus::TooFew
    } else {
        EstimateStatus::Ok
    }
}

/// `shipping` and `shipping/delay`, in sorted order.
fn is_within(rollup: &str, tag: &str) -> bool {
    tag.strip_prefix(rollup).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact, topic};

    #[test]
    fn pairs_with_and_without_enough() {
        let mut facts = Fixture::new("2025-11-30");
        let mut add = |id: usize, tags: &[&str]| {
            let c = contact("chat", &format!("c{id:03}"), "2025-11-03");
            facts.conversation_tags.extend(tags.iter().map(|t| topic(&c, t)));
            facts.conversations.push(c);
        };
        for i in 0..100 {
            match i {
                0..30 => add(i, &["b/x", "a/y", "a"]),
                30..40 => add(i, &["a/y", "c/rare"]),
                40..43 => add(i, &["c/rare", "d/once"]),
                _ => add(i, &["e/other"]),
            }
        }
        let rows = facts.night(|night| tag_cooccurrence(night, &InsightConfig::default()));
        let named: Vec<_> = rows
            .iter()
            .map(|r| (r.tag.as_str(), r.other_tag.as_str(), r.num_both))
            .collect();
        assert_eq!(named, [("a", "b/x", 30), ("a/y", "b/x", 30), ("a/y", "c/rare", 10)]);
        let row = &rows[1];
        assert_eq!(
            (row.num_tag, row.num_other, row.num_all, row.status),
            (40, 30, 100, EstimateStatus::Ok)
        );
        assert!((row.lift - 2.5).abs() < 1e-12);
        assert!(row.rr_lo.unwrap() > 1.0 && row.q.unwrap() < 0.1);
    }
}
