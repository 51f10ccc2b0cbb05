//! What the orders behind an issue have in common: a product, a carrier, a payment method, a country.
//!
//! For each issue and attribute value, recent orders with the value against those with another value
//! of the same attribute; the outcome is that a member of the issue is about the order.

use std::collections::{BTreeMap, BTreeSet};

use refrain_record::Label;
use refrain_record::tables::{IssueDriver, Order};
use rustc_hash::FxHashMap;

use crate::InsightConfig;
use crate::night::{Night, ShopNight};
use crate::stats::{Arms, Z95, benjamini_yekutieli, normal_quantile, relative_risk};

/// The table `issue_drivers`, by its key.
///
/// Rows are the values with a relative risk above 1 and an adjusted p of at most `q`, raised by at least
/// `min_customers_published` persons. Their intervals are widened to keep 95 % coverage among the
/// selected ones (Benjamini and Yekutieli 2005, J. Am. Stat. Assoc. 100:71-81).
#[must_use]
pub fn issue_drivers(night: &Night<'_>, config: &InsightConfig) -> Vec<IssueDriver> {
    let days = i32::try_from(config.driver_window_days).unwrap_or(i32::MAX);
    let from = night.facts.as_of.0.saturating_sub(days);
    night
        .shops
        .iter()
        .flat_map(|shop| shop_drivers(shop, from, config))
        .collect()
}

/// A value of an attribute.
type Trait<'a> = (&'static str, &'a str);

struct Tested<'a> {
    issue: &'a str,
    attribute: Trait<'a>,
    arms: Arms,
    num_persons: i64,
    p: f64,
}

fn shop_drivers(shop: &ShopNight<'_>, from: i32, config: &InsightConfig) -> Vec<IssueDriver> {
    let traits = order_traits(shop, from);
    let mut totals: BTreeMap<Trait<'_>, i64> = BTreeMap::new();
    // Orders for which the attribute is known at all.
    let mut known: BTreeMap<&str, i64> = BTreeMap::new();
    for of_order in traits.values() {
        of_order.iter().for_each(|t| *totals.entry(*t).or_default() += 1);
        let names: BTreeSet<&str> = of_order.iter().map(|t| t.0).collect();
        names.into_iter().for_each(|name| *known.entry(name).or_default() += 1);
    }
    let mut tested = Vec::new();
    for (issue, orders) in issue_orders(shop) {
        tested.extend(issue_tests(shop, issue, &orders, &traits, &totals, &known, config));
    }
    let p: Vec<f64> = tested.iter().map(|t| t.p).collect();
    let found: Vec<(Tested<'_>, f64)> = tested
        .into_iter()
        .zip(benjamini_yekutieli(&p))
        .filter(|(t, q)| *q <= config.q && is_raised(t.arms))
        .collect();
    let miss = 0.05 * found.len() as f64 / p.len().max(1) as f64;
    let z = normal_quantile(1.0 - miss / 2.0).max(Z95);
    let mut rows: Vec<IssueDriver> = found
        .into_iter()
        .filter(|(t, _)| t.num_persons >= config.min_customers_published)
        .map(|(t, q)| {
            let risk = relative_risk(t.arms, z);
            IssueDriver {
                shop_id: shop.shop.shop_id.clone(),
                issue_id: t.issue.into(),
                attribute: t.attribute.0.into(),
                value: t.attribute.1.into(),
                num_members: t.arms.exposed_outcome,
                num_eligible: t.arms.exposed,
                relative_risk: risk.map(|r| r.ratio),
                relative_risk_lo: risk.map(|r| r.lo),
                relative_risk_hi: risk.map(|r| r.hi),
                q: Some(q),
            }
        })
        .collect();
    rows.sort_by(|a, b| (&a.issue_id, &a.attribute, &a.value).cmp(&(&b.issue_id, &b.attribute, &b.value)));
    rows
}

/// Attribute values of each recent order, each once.
fn order_traits<'a>(shop: &ShopNight<'a>, from: i32) -> BTreeMap<u32, BTreeSet<Trait<'a>>> {
    let mut traits: BTreeMap<u32, BTreeSet<Trait<'a>>> = BTreeMap::new();
    for (i, order) in shop.orders.iter().enumerate().filter(|(_, o)| o.order.date.0 > from) {
        let order: &'a Order = order.order;
        let columns: [(&'static str, Option<&'a Label>); 4] = [
            ("carrier", order.carrier.as_ref()),
            ("country", order.country.as_ref()),
            ("discount_code", order.discount_code.as_ref()),
            ("payment_method", order.payment_method.as_ref()),
        ];
        let values = columns
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?.as_str())));
        traits.entry(i as u32).or_default().extend(values);
    }
    for (order, line) in &shop.order_lines {
        let Some(of_order) = traits.get_mut(order) else {
            continue;
        };
        of_order.extend(line.sku.as_ref().map(|sku| ("sku", sku.as_str())));
        of_order.extend(line.category.as_ref().map(|category| ("category", category.as_str())));
    }
    traits
}

/// Distinct orders that members of each issue are about.
fn issue_orders<'a>(shop: &ShopNight<'a>) -> BTreeMap<&'a str, BTreeSet<u32>> {
    let mut orders: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for contact in &shop.contacts {
        if let (Some(issue), Some(order)) = (contact.issue, contact.order) {
            orders.entry(shop.issues[issue as usize]).or_default().insert(order);
        }
    }
    orders
}

fn issue_tests<'a>(
    shop: &ShopNight<'a>,
    issue: &'a str,
    orders: &BTreeSet<u32>,
    traits: &BTreeMap<u32, BTreeSet<Trait<'a>>>,
    totals: &BTreeMap<Trait<'a>, i64>,
    known: &BTreeMap<&str, i64>,
    config: &InsightConfig,
) -> Vec<Tested<'a>> {
    let mut members: BTreeMap<Trait<'a>, (i64, BTreeSet<u32>, i64)> = BTreeMap::new();
    let mut known_members: FxHashMap<&str, i64> = FxHashMap::default();
    for order in orders {
        let Some(of_order) = traits.get(order) else {
            continue;
        };
        for attribute in of_order {
            let cell = members.entry(*attribute).or_default();
            cell.0 += 1;
            match shop.orders[*order as usize].person {
                Some(person) => {
                    cell.1.insert(person);
                }
                None => cell.2 += 1,
            }
        }
        let names: BTreeSet<&str> = of_order.iter().map(|t| t.0).collect();
        names
            .into_iter()
            .for_each(|name| *known_members.entry(name).or_default() += 1);
    }
    let test = |(attribute, (num, persons, anonymous)): (Trait<'a>, (i64, BTreeSet<u32>, i64))| {
        let eligible = totals.get(&attribute).copied().unwrap_or(0);
        let arms = Arms {
            exposed: eligible,
            exposed_outcome: num,
            baseline: known.get(attribute.0).copied().unwrap_or(0) - eligible,
            baseline_outcome: known_members.get(attribute.0).copied().unwrap_or(0) - num,
        };
        let enough = arms.exposed >= config.min_exposed
            && num >= config.min_exposed_outcomes
            && num + arms.baseline_outcome >= config.min_outcomes;
        let risk = if enough { relative_risk(arms, Z95) } else { None }?;
        Some(Tested {
            issue,
            attribute,
            arms,
            num_persons: persons.len() as i64 + anonymous,
            p: risk.p,
        })
    };
    members.into_iter().filter_map(test).collect()
}

fn is_raised(arms: Arms) -> bool {
    relative_risk(arms, Z95).is_some_and(|r| r.ratio > 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact_at, day, link_order, member, order, order_line};

    /// 400 orders, half by each carrier; one carrier's orders raise the issue ten times as often.
    fn shop() -> Fixture {
        let mut facts = Fixture::new("2025-11-30");
        for i in 0..400 {
            let at = day("2025-11-01").utc_midnight().plus_seconds(i64::from(i) * 600);
            let id = format!("o{i:03}");
            let mut o = order(&id, at, Some(&format!("p{i}")));
            let slow = i % 2 == 0;
            o.carrier = Some(if slow { "slow" } else { "swift" }.into());
            o.country = Some(if i % 4 < 2 { "DE" } else { "AT" }.into());
            facts
                .order_lines
                .push(order_line(&id, if i % 5 == 0 { "S-1" } else { "S-2" }));
            facts.orders.push(o);
            if (slow && i % 10 == 0) || i % 100 == 1 {
                let c = contact_at("chat", &format!("c{i:03}"), at.plus_seconds(3 * 86_400));
                facts.link_order.push(link_order(&c, &id, -3 * 86_400));
                facts.issue_members.push(member(&c, "late"));
                facts.conversations.push(c);
            }
        }
        facts
    }

    #[test]
    fn the_planted_carrier_is_found() {
        let rows = shop().night(|night| issue_drivers(night, &InsightConfig::default()));
        let carrier: Vec<_> = rows.iter().filter(|r| r.attribute.as_str() == "carrier").collect();
        assert_eq!(carrier.len(), 1);
        let row = carrier[0];
        assert_eq!((row.issue_id.as_str(), row.value.as_str()), ("late", "slow"));
        assert_eq!((row.num_members, row.num_eligible), (40, 200));
        assert!((row.relative_risk.unwrap() - 10.0).abs() < 1e-9);
        assert!(row.relative_risk_lo.unwrap() > 2.0 && row.q.unwrap() < 0.01);
        assert!(!rows.iter().any(|r| r.attribute.as_str() == "country"), "{rows:?}");
        // Every fifth order has S-1, and so has every order behind the planted contacts.
        assert!(rows.iter().any(|r| r.value.as_str() == "S-1"));
    }

    #[test]
    fn few_persons_and_old_orders_stay_out() {
        let mut facts = shop();
        facts
            .orders
            .iter_mut()
            .for_each(|o| o.customer_key = Some("one".into()));
        assert!(
            facts
                .night(|night| issue_drivers(night, &InsightConfig::default()))
                .is_empty()
        );
        let mut facts = shop();
        facts.as_of = day("2026-06-30");
        assert!(
            facts
                .night(|night| issue_drivers(night, &InsightConfig::default()))
                .is_empty()
        );
    }
}
