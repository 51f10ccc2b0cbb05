//! The units of every effect: who could have had the outcome, what they were exposed to, what came.
//!
//! A unit has one row for each thing it was exposed to, or a single row `none`, so the comparison
//! group stands in the lake and the table grows with units, not with units times exposures.

mod campaign_units;
mod contact_units;
mod order_units;

use rayon::prelude::*;
use refrain_record::tables::EffectUnit;
use refrain_record::{Date, ExposureKind, Outcome, Timestamp};

use crate::InsightConfig;
use crate::night::{Contact, DAY_S, Night, ShopNight};

/// The exposure of a unit that had none.
pub(crate) const UNEXPOSED: &str = "none";
/// A person who waited longer for a first answer had a slow one.
const SLOW_S: i64 = DAY_S;

/// Every outcome with the kinds of exposure that are looked at for it, in the order of the table.
pub const FAMILIES: &[(Outcome, ExposureKind)] = &[
    (Outcome::CartAbandoned, ExposureKind::Tag),
    (Outcome::Contact, ExposureKind::Campaign),
    (Outcome::Contact, ExposureKind::CampaignType),
    (Outcome::NoRepeatPurchase90d, ExposureKind::BadContact),
    (Outcome::PurchaseAfter14d, ExposureKind::BadContact),
    (Outcome::PurchaseAfter14d, ExposureKind::Tag),
    (Outcome::Repeat7d, ExposureKind::Channel),
    (Outcome::Repeat7d, ExposureKind::Tag),
    (Outcome::Returned, ExposureKind::BadContact),
    (Outcome::Returned, ExposureKind::Tag),
];

/// The table `effect_units`, by its key.
///
/// For shops too large to hold all units at once, [`effect_units_of`] makes one family at a time.
#[must_use]
pub fn effect_units(night: &Night<'_>, config: &InsightConfig) -> Vec<EffectUnit> {
    let families: Vec<Vec<EffectUnit>> = FAMILIES
        .par_iter()
        .map(|(outcome, kind)| effect_units_of(night, config, *outcome, *kind))
        .collect();
    let mut rows: Vec<EffectUnit> = families.into_iter().flatten().collect();
    // Each family is in order already, so this merges runs.
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
    rows
}

/// The units of one family of all shops, by the table's key; none for a family that is not in [`FAMILIES`].
#[must_use]
pub fn effect_units_of(
    night: &Night<'_>,
    config: &InsightConfig,
    outcome: Outcome,
    kind: ExposureKind,
) -> Vec<EffectUnit> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let mut sink = Sink {
            shop,
            outcome,
            kind,
            rows: &mut rows,
        };
        match (outcome, kind) {
            (Outcome::CartAbandoned, ExposureKind::Tag) => order_units::abandoned_checkouts(&mut sink, config),
            (Outcome::Returned, ExposureKind::Tag | ExposureKind::BadContact) => {
                order_units::returned_orders(&mut sink, config);
            }
            (Outcome::Repeat7d, ExposureKind::Tag | ExposureKind::Channel) => {
                contact_units::repeated_contacts(&mut sink);
            }
            (Outcome::PurchaseAfter14d, ExposureKind::Tag | ExposureKind::BadContact) => {
                contact_units::purchases_after(&mut sink);
            }
            (Outcome::NoRepeatPurchase90d, ExposureKind::BadContact) => contact_units::no_repeat_purchases(&mut sink),
            (Outcome::Contact, ExposureKind::Campaign) => campaign_units::contacts_after_send(&mut sink, config),
            (Outcome::Contact, ExposureKind::CampaignType) => {
                campaign_units::contacts_by_campaign(&mut sink, config);
            }
            _ => {}
        }
    }
    rows.sort_by(|a, b| key_inside(a).cmp(&key_inside(b)));
    // Ids that occur twice in one source would break the table's key; the first row stands.
    rows.dedup_by(|a, b| key_inside(a) == key_inside(b));
    rows
}

/// The key without outcome and kind, which all rows of a family share.
fn key_inside(row: &EffectUnit) -> (&str, &str, &str) {
    (row.shop_id.as_str(), &row.unit_id, row.exposure.as_str())
}

pub(crate) fn key(row: &EffectUnit) -> (&str, &str, &str, &str, &str) {
    (
        row.shop_id.as_str(),
        row.outcome.as_str(),
        row.exposure_kind.as_str(),
        &row.unit_id,
        row.exposure.as_str(),
    )
}

/// One unit before it is spread over its exposures.
struct Unit {
    unit_id: String,
    date: Date,
    index_at: Timestamp,
    person: Option<u32>,
    has_outcome: bool,
    outcome_after_s: Option<i64>,
    stratum: String,
    matured: bool,
}

/// Where the units of one shop and family go.
struct Sink<'s, 'a> {
    shop: &'s ShopNight<'a>,
    outcome: Outcome,
    kind: ExposureKind,
    rows: &'s mut Vec<EffectUnit>,
}

impl Sink<'_, '_> {
    /// Writes `unit` once for each of `exposures` (any order, repeats allowed), or once unexposed.
    fn push(&mut self, unit: &Unit, exposures: &mut Vec<&str>) {
        exposures.sort_unstable();
        exposures.dedup();
        if exposures.is_empty() {
            exposures.push(UNEXPOSED);
        }
        for exposure in exposures.iter() {
            self.rows.push(EffectUnit {
                shop_id: self.shop.shop.shop_id.clone(),
                outcome: self.outcome,
                exposure_kind: self.kind,
                unit_id: unit.unit_id.clone(),
                exposure: (*exposure).into(),
                date: unit.date,
                index_at: unit.index_at,
                person_key: unit.person.map(|p| self.shop.persons[p as usize].into()),
                has_outcome: unit.has_outcome,
                outcome_after_s: unit.outcome_after_s,
                stratum: unit.stratum.as_str().into(),
                matured: unit.matured,
            });
        }
    }
}

/// What was wrong with a contact, in the words of the exposures.
fn faults<'n>(contact: &Contact<'_>) -> impl Iterator<Item = &'n str> + use<'n> {
    use refrain_record::EndReason::{AgentClosed, BotTimeout, CustomerLeft, Open};
    let c = contact.conversation;
    let unresolved = matches!(c.end_reason, AgentClosed | BotTimeout | CustomerLeft | Open);
    [
        (c.never_answered, "never_answered"),
        (c.first_response_s.is_some_and(|s| s > SLOW_S), "slow_24h"),
        (unresolved, "unresolved"),
    ]
    .into_iter()
    .filter_map(|(is, name)| is.then_some(name))
}

fn month(date: Date) -> String {
    let (year, month, _) = date.year_month_day();
    format!("{year:04}-{month:02}")
}

/// `new` before a first order, `returning` after one, `unknown` without identity.
fn custom(orders_before: Option<usize>) -> &'static str {
    match orders_before {
        None => "unknown",
        Some(0) => "new",
        Some(_) => "returning",
    }
}

/// Orders of `person` before `at`.
fn orders_before(shop: &ShopNight<'_>, person: Option<u32>, at: Timestamp) -> Option<usize> {
    person.map(|p| crate::night::of_person(&shop.orders_by_person, p, Timestamp(i64::MIN), at).len())
}

#[cfg(test)]
#[path = "unit_tests.rs"]
mod tests;
