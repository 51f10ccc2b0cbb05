//! Order value linked to contacts, and the part of it above the comparison group.
//!
//! Each abandoned cart and returned order is split evenly over the window's contacts that it is
//! linked to, in whole ten-thousandths, the first ones taking what is left over: 1.0000 over three
//! contacts is 0.3334, 0.3333, 0.3333. So sums over any grouping of contacts are exact.

use std::collections::BTreeMap;

use refrain_record::tables::{EffectEstimate, Order, Return};
use refrain_record::{Amount, EstimateStatus, EvidenceLevel, ExposureKind, Outcome, ReturnKind};
use rustc_hash::FxHashMap;

use crate::InsightConfig;
use crate::night::Night;
use crate::window::{Group, Window};

/// An abandoned cart or a returned order.
pub(super) struct Linked<'a> {
    outcome: Outcome,
    currency: &'a str,
    value: Amount,
    /// Contacts, ascending, each once; whether it came before the outcome and so may have led to it.
    contacts: Vec<(u32, bool)>,
}

/// All that is linked to contacts of the window, whatever the currency.
pub(super) fn linked<'a>(night: &Night<'a>, window: &Window<'_, 'a>, config: &InsightConfig) -> Vec<Linked<'a>> {
    let mut all = abandoned_carts(night, window, config);
    all.extend(returned_orders(night, window));
    for item in &mut all {
        item.contacts.sort_unstable();
        item.contacts.dedup_by(|next, held| {
            let same = next.0 == held.0;
            held.1 |= same && next.1;
            same
        });
    }
    all
}

fn abandoned_carts<'a>(night: &Night<'a>, window: &Window<'_, 'a>, config: &InsightConfig) -> Vec<Linked<'a>> {
    let shop_id = window.shop.shop.shop_id;
    let mut contacts: FxHashMap<(&str, &str), Vec<(u32, bool)>> = FxHashMap::default();
    for link in night.facts.link_cart.iter().filter(|l| l.shop_id == *shop_id) {
        if let Some(i) = window.find(link.source.as_str(), link.conversation_id.as_str()) {
            // The exposure of the estimates: a contact shortly before the cart's last activity.
            let leads = (1..=config.cart_window_h.saturating_mul(3_600)).contains(&link.gap_s);
            contacts
                .entry((link.checkout_source.as_str(), link.checkout_id.as_str()))
                .or_default()
                .push((i, leads));
        }
    }
    let mut carts = Vec::new();
    for (checkout, _) in &window.shop.checkouts {
        let found = contacts.remove(&(checkout.source.as_str(), checkout.checkout_id.as_str()));
        let (Some(contacts), Some(true), Some(value)) = (found, checkout.is_abandoned, checkout.value) else {
            continue;
        };
        carts.push(Linked {
            outcome: Outcome::CartAbandoned,
            currency: checkout.currency.as_str(),
            value: positive(value),
            contacts,
        });
    }
    carts
}

/// Orders of which goods came back, each once; a return whose order is not known counts with its refund.
fn returned_orders<'a>(night: &Night<'a>, window: &Window<'_, 'a>) -> Vec<Linked<'a>> {
    let shop_id = window.shop.shop.shop_id;
    let returns: FxHashMap<(&str, &str), &'a Return> = window
        .shop
        .returns
        .iter()
        .map(|r| ((r.source.as_str(), r.return_id.as_str()), *r))
        .collect();
    let orders = orders_by_id(window);
    // Keyed by source and id of the order, or of the return without one.
    let mut found: BTreeMap<(bool, &str, &str), Linked<'a>> = BTreeMap::new();
    for link in night.facts.link_return.iter().filter(|l| l.shop_id == *shop_id) {
        let Some(i) = window.find(link.source.as_str(), link.conversation_id.as_str()) else {
            continue;
        };
        let key = (link.return_source.as_str(), link.return_id.as_str());
        let Some(row) = returns.get(&key).filter(|r| r.kind == ReturnKind::Return) else {
            continue;
        };
        let order = row.order_id.as_ref().and_then(|id| {
            let candidates = orders.get(id.as_str())?;
            let own = candidates.iter().find(|o| o.source == row.source);
            own.or(candidates.first()).copied()
        });
        let (key, currency, value) = match order.and_then(|o| Some((o, o.total?))) {
            Some((o, total)) => ((true, o.source.as_str(), o.order_id.as_str()), &o.currency, total),
            None => match row.refund {
                Some(refund) => ((false, key.0, key.1), &row.currency, refund),
                None => continue,
            },
        };
        let item = found.entry(key).or_insert_with(|| Linked {
            outcome: Outcome::Returned,
            currency: currency.as_str(),
            value: positive(value),
            contacts: Vec::new(),
        });
        item.contacts.push((i, link.contact_before_return));
    }
    found.into_values().collect()
}

fn orders_by_id<'a>(window: &Window<'_, 'a>) -> FxHashMap<&'a str, Vec<&'a Order>> {
    let mut orders: FxHashMap<&str, Vec<&'a Order>> = FxHashMap::default();
    for order in &window.shop.orders {
        orders
            .entry(order.order.order_id.as_str())
            .or_default()
            .push(order.order);
    }
    for candidates in orders.values_mut() {
        candidates.sort_by_key(|o| &o.source);
    }
    orders
}

/// A value below zero is a correction and links nothing.
fn positive(value: Amount) -> Amount {
    value.max(Amount(0))
}

/// Money and counts of one issue.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Value {
    pub(super) num_linked: i64,
    pub(super) num_other_currency: i64,
    pub(super) linked: Amount,
    pub(super) excess: Option<Excess>,
}

/// The part above the comparison group, with its range and the weakest rung used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Excess {
    pub(super) value: Amount,
    pub(super) lo: Amount,
    pub(super) hi: Amount,
    pub(super) level: EvidenceLevel,
}

impl Excess {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            lo: self.lo + other.lo,
            hi: self.hi + other.hi,
            level: self.level.min(other.level),
        }
    }
}

/// Share of the outcomes among the exposed that the comparison group would not have had.
#[derive(Debug, Clone, Copy)]
struct Attributable {
    share: f64,
    lo: f64,
    hi: f64,
    level: EvidenceLevel,
}

/// What estimates of evidence level 2 or more say, by outcome and tag.
pub(super) struct Attribution<'e> {
    by_tag: FxHashMap<(Outcome, &'e str), Attributable>,
}

impl<'e> Attribution<'e> {
    /// From a shop's estimates: given, found at `q`, raised, over the longest window; of several rungs the highest.
    pub(super) fn of(shop_id: &str, estimates: &'e [EffectEstimate], q: f64) -> Self {
        let mut chosen: FxHashMap<(Outcome, &str), (&EffectEstimate, Attributable)> = FxHashMap::default();
        for row in estimates.iter().filter(|r| r.shop_id.as_str() == shop_id) {
            let is_strong = row.exposure_kind == ExposureKind::Tag
                && row.status == EstimateStatus::Ok
                && row.evidence_level >= EvidenceLevel::Stratified
                && row.q.is_some_and(|found| found <= q);
            let ratios = (row.relative_risk, row.relative_risk_lo, row.relative_risk_hi);
            let (true, (Some(ratio), Some(lo), Some(hi))) = (is_strong, ratios) else {
                continue;
            };
            if ratio <= 1.0 {
                continue;
            }
            let share = |ratio: f64| (1.0 - 1.0 / ratio.max(1.0)).clamp(0.0, 1.0);
            let found = Attributable {
                share: share(ratio),
                lo: share(lo),
                hi: share(hi),
                level: row.evidence_level,
            };
            let held = chosen
                .entry((row.outcome, row.exposure.as_str()))
                .or_insert((row, found));
            if (row.window_days, row.evidence_level) > (held.0.window_days, held.0.evidence_level) {
                *held = (row, found);
            }
        }
        Self {
            by_tag: chosen.into_iter().map(|(key, (_, found))| (key, found)).collect(),
        }
    }
}

/// The value of each group, in their order.
pub(super) fn split(window: &Window<'_, '_>, items: &[Linked<'_>], attribution: &Attribution<'_>) -> Vec<Value> {
    let mut group_of: FxHashMap<u32, usize> = FxHashMap::default();
    for (g, group) in window.groups.iter().enumerate() {
        group_of.extend(group.contacts.iter().map(|c| (*c, g)));
    }
    let mut values: Vec<Value> = window
        .groups
        .iter()
        .map(|group| Value {
            excess: none_yet(group, attribution),
            ..Value::default()
        })
        .collect();
    for item in items {
        let is_own = item.currency == window.shop.shop.currency.as_str();
        let mut groups: Vec<usize> = Vec::new();
        for (share, (contact, leads)) in shares(item.value, item.contacts.len()).zip(&item.contacts) {
            let Some(&g) = group_of.get(contact) else { continue };
            groups.push(g);
            if !is_own {
                continue;
            }
            let value = &mut values[g];
            value.linked = value.linked + share;
            let tag = window.groups[g].top_tag().filter(|tag| {
                let topics = &window.contact(*contact).topics;
                topics.iter().any(|t| window.shop.topics[*t as usize] == *tag)
            });
            let found = tag.and_then(|tag| attribution.by_tag.get(&(item.outcome, tag)));
            if let (true, Some(found), Some(excess)) = (*leads, found, &mut value.excess) {
                excess.value = excess.value + part(share, found.share);
                excess.lo = excess.lo + part(share, found.lo);
                excess.hi = excess.hi + part(share, found.hi);
            }
        }
        groups.sort_unstable();
        groups.dedup();
        for g in groups {
            values[g].num_linked += i64::from(is_own);
            values[g].num_other_currency += i64::from(!is_own);
        }
    }
    values
}

/// Zero where an estimate speaks for the top tag; `None` where none does.
fn none_yet(group: &Group<'_>, attribution: &Attribution<'_>) -> Option<Excess> {
    let tag = group.top_tag()?;
    let levels = [Outcome::CartAbandoned, Outcome::Returned]
        .into_iter()
        .filter_map(|outcome| Some(attribution.by_tag.get(&(outcome, tag))?.level));
    levels.min().map(|level| Excess {
        value: Amount(0),
        lo: Amount(0),
        hi: Amount(0),
        level,
    })
}

/// `value` in `num` parts that differ by at most one ten-thousandth, larger ones first.
fn shares(value: Amount, num: usize) -> impl Iterator<Item = Amount> {
    let parts = i64::try_from(num).unwrap_or(i64::MAX).max(1);
    let (each, rest) = (value.0 / parts, value.0 % parts);
    (0..parts).map(move |i| Amount(each + i64::from(i < rest)))
}

fn part(share: Amount, of: f64) -> Amount {
    Amount(((share.0 as f64) * of).round() as i64)
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
