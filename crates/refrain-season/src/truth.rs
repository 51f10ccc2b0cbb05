//! What is really so: the tags, persons and repeats of every conversation, and what each planted cause did.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::SeasonError;
use crate::calendar::Calendar;
use crate::campaign::{Campaign, TYPES};
use crate::config::{IncidentKind, SeasonConfig};
use crate::file::Out;
use crate::life::{CART_WINDOW_D, DAY_S, Life, REBUY_WINDOW_D, RETURN_DECISION_D};
use crate::person::Person;
use crate::problem::{LEAKING, Problem, WELCOME_CODE};

/// Days after a send in which its contacts come.
pub(crate) const CAMPAIGN_WINDOW_D: i64 = 7;

/// The truth files.
pub(crate) struct TruthFiles {
    pub(crate) conversations: Out,
    pub(crate) labels: Out,
    pub(crate) persons: Out,
}

impl TruthFiles {
    pub(crate) fn create(folder: &Path) -> Result<Self, SeasonError> {
        Ok(Self {
            conversations: Out::create(folder.join("conversations.jsonl.zst"))?,
            labels: Out::create(folder.join("labels.jsonl"))?,
            persons: Out::create(folder.join("persons.jsonl.zst"))?,
        })
    }

    /// Closes the files; bytes before compression.
    pub(crate) fn finish(self) -> Result<u64, SeasonError> {
        let mut num_bytes = 0;
        for out in [self.conversations, self.labels, self.persons] {
            num_bytes += out.num_bytes;
            out.finish()?;
        }
        Ok(num_bytes)
    }
}

/// A line of `truth/conversations.jsonl.zst`.
#[derive(Debug, Serialize)]
pub(crate) struct ConversationTruth<'a> {
    pub(crate) shop: &'a str,
    pub(crate) source: &'a str,
    pub(crate) conversation_id: &'a str,
    /// Problem, or `spam`, `notice`, `thanks` for what is none.
    pub(crate) problem: &'a str,
    pub(crate) tags: Vec<&'static str>,
    pub(crate) act: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) language: &'a str,
    pub(crate) person: &'a str,
    pub(crate) at: String,
    pub(crate) order: Option<&'a str>,
    pub(crate) campaign: Option<&'a str>,
    pub(crate) incident: Option<&'a str>,
    pub(crate) repeat_of: Option<&'a str>,
    pub(crate) bad_contact: bool,
}

/// Id of a person in the truth files.
pub(crate) fn person_id(shop: &str, index: u64) -> String {
    format!("{shop}-p{index}")
}

/// A line of `truth/persons.jsonl.zst`.
pub(crate) fn person_line(shop: &str, person: &Person) -> String {
    let row = json!({
        "shop": shop,
        "person": person_id(shop, person.index),
        "customer_id": person.shop_id,
        "email": person.email,
        "other_email": person.other_email,
        "phone": person.phone,
        "phone_in_shop": person.phone_in_shop,
        "desk_id": person.desk_id,
    });
    row.to_string()
}

/// Counts of one comparison.
#[derive(Debug, Default, Clone, Copy, Serialize, serde::Deserialize, PartialEq, Eq)]
pub struct Cells {
    /// Exposed units.
    pub num_exposed: u64,
    /// With the outcome among them.
    pub num_exposed_outcome: u64,
    /// Unexposed units.
    pub num_baseline: u64,
    /// With the outcome among them.
    pub num_baseline_outcome: u64,
}

impl Cells {
    /// Share among the exposed over share among the others; `None` when a share has no units or the baseline is 0.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn relative_risk(&self) -> Option<f64> {
        if self.num_exposed == 0 || self.num_baseline_outcome == 0 {
            return None;
        }
        let exposed = self.num_exposed_outcome as f64 / self.num_exposed as f64;
        Some(exposed / (self.num_baseline_outcome as f64 / self.num_baseline as f64))
    }

    fn add(&mut self, exposed: bool, outcome: bool) {
        let (units, outcomes) = if exposed {
            (&mut self.num_exposed, &mut self.num_exposed_outcome)
        } else {
            (&mut self.num_baseline, &mut self.num_baseline_outcome)
        };
        *units += 1;
        *outcomes += u64::from(outcome);
    }
}

/// Direct counts over a shop's season, persons known.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    carts: Exposures,
    returns: Exposures,
    campaigns: BTreeMap<&'static str, Cells>,
    rebuy: Cells,
}

/// By tag: exposed units and outcomes, against all units.
#[derive(Debug, Default)]
struct Exposures {
    units: u64,
    outcomes: u64,
    by_tag: BTreeMap<&'static str, (u64, u64)>,
}

impl Exposures {
    fn add(&mut self, tags: &[&'static str], outcome: bool) {
        self.units += 1;
        self.outcomes += u64::from(outcome);
        for tag in tags {
            let cell = self.by_tag.entry(tag).or_default();
            cell.0 += 1;
            cell.1 += u64::from(outcome);
        }
    }

    fn cells(&self, tag: &str) -> Cells {
        let (units, outcomes) = self.by_tag.get(tag).copied().unwrap_or_default();
        Cells {
            num_exposed: units,
            num_exposed_outcome: outcomes,
            num_baseline: self.units - units,
            num_baseline_outcome: self.outcomes - outcomes,
        }
    }
}

impl Tally {
    /// Counts one person's season.
    pub(crate) fn add(&mut self, life: &Life, campaigns: &[Campaign], calendar: &Calendar) {
        let tags = |from: i64, to: i64| {
            let mut tags: Vec<&str> = life
                .contacts
                .iter()
                .filter(|c| c.at >= from && c.at < to)
                .flat_map(|c| c.tags())
                .collect();
            tags.sort_unstable();
            tags.dedup();
            tags
        };
        for checkout in &life.checkouts {
            self.carts.add(
                &tags(checkout.created - CART_WINDOW_D * DAY_S, checkout.created),
                checkout.order.is_none(),
            );
        }
        for (at, order) in life.orders.iter().enumerate() {
            // Orders whose return window is not over at the season's end count for nothing.
            let Some(delivered) = order.delivered.filter(|d| d + 35 * DAY_S < calendar.end()) else {
                continue;
            };
            let returned = life
                .returns
                .iter()
                .any(|r| r.order == at && r.kind == refrain_record::ReturnKind::Return);
            self.returns
                .add(&tags(order.at, delivered + RETURN_DECISION_D * DAY_S), returned);
        }
        for send in &life.sends {
            let contacted = life
                .contacts
                .iter()
                .any(|c| c.problem.is_some() && c.at > send.at && c.at <= send.at + CAMPAIGN_WINDOW_D * DAY_S);
            let kind = TYPES[campaigns[send.campaign].kind].name;
            self.campaigns.entry(kind).or_default().add(!send.is_holdout, contacted);
        }
        for contact in life.contacts.iter().filter(|c| c.problem.is_some()) {
            let until = contact.at + REBUY_WINDOW_D * DAY_S;
            if until < calendar.end() {
                let bought = life.orders.iter().any(|o| o.at > contact.at && o.at <= until);
                self.rebuy.add(contact.is_bad, !bought);
            }
        }
    }

    /// The lines of `truth/effects.json` for a shop.
    pub(crate) fn effects(&self, shop: &str, config: &SeasonConfig) -> Vec<serde_json::Value> {
        let mut lines = Vec::new();
        let mut push = |outcome: &str,
                        kind: &str,
                        exposure: &str,
                        window_days: i64,
                        planted: f64,
                        planted_rd: Option<f64>,
                        cells: Cells,
                        unit: &str| {
            let sign = if planted > 1.0 { 1 } else { -i32::from(planted < 1.0) };
            lines.push(json!({
                "shop": shop, "outcome": outcome, "exposure_kind": kind, "exposure": exposure, "window_days": window_days,
                "planted_rr": planted, "planted_rd": planted_rd, "sign": sign, "unit": unit, "observed": cells, "observed_rr": cells.relative_risk(),
            }));
        };
        let mut tags: Vec<&str> = Problem::all().iter().map(|p| p.tag).collect();
        tags.sort_unstable();
        tags.dedup();
        for tag in &tags {
            let planted = config.effects.cart_abandoned.get(*tag).copied().unwrap_or(1.0);
            let unit = "checkout; exposed by a contact with the tag in the days before it was created";
            push(
                "cart_abandoned",
                "tag",
                tag,
                CART_WINDOW_D,
                planted,
                None,
                self.carts.cells(tag),
                unit,
            );
        }
        for tag in &tags {
            let planted = config.effects.returned.get(*tag).copied().unwrap_or(1.0);
            let unit = "delivered order; exposed by a contact with the tag between the order and five days after delivery; mature 35 days after delivery";
            push(
                "returned",
                "tag",
                tag,
                RETURN_DECISION_D,
                planted,
                None,
                self.returns.cells(tag),
                unit,
            );
        }
        for about in TYPES {
            let cells = self.campaigns.get(about.name).copied().unwrap_or_default();
            let extra = config.effects.campaign_contacts.get(about.name).copied().unwrap_or(0.0);
            let base = rate(cells.num_baseline_outcome, cells.num_baseline);
            let planted = if base > 0.0 { 1.0 + extra / base } else { 1.0 };
            push(
                "contact",
                "campaign_type",
                about.name,
                CAMPAIGN_WINDOW_D,
                planted,
                Some(extra),
                cells,
                "send; compared with the hold-out; planted_rr is 1 + extra contacts / hold-out rate",
            );
        }
        let factor = config.effects.purchase_after_bad_contact;
        let mut line = json!({
            "shop": shop, "outcome": "no_repeat_purchase_90d", "exposure_kind": "bad_contact", "exposure": "unresolved",
            "window_days": REBUY_WINDOW_D, "planted_factor_on_shopping": factor, "sign": i32::from(factor < 1.0),
            "unit": "contact; a bad one was not settled; mature 90 days later", "observed": self.rebuy,
        });
        line["observed_rr"] = json!(self.rebuy.relative_risk());
        lines.push(line);
        lines
    }
}

fn rate(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The lines of `truth/incidents.json`.
pub(crate) fn incidents(config: &SeasonConfig) -> Vec<serde_json::Value> {
    let lines = config.incidents.iter().map(|incident| {
        let (shape, problem, attribute) = match &incident.kind {
            IncidentKind::CarrierStrike { carrier } => ("spike", "shipping/delay", json!({ "carrier": carrier })),
            IncidentKind::ChargedTwice { .. } => ("spike", "payment/charged_twice", json!({})),
            IncidentKind::LeakingProduct { sku, .. } => ("new", LEAKING, json!({ "sku": sku })),
            IncidentKind::FadingCode { .. } => ("fading", WELCOME_CODE, json!({ "discount_code": "WELCOME10" })),
        };
        let tag = problem.split('#').next().unwrap_or(problem);
        json!({
            "id": incident.id, "shop": incident.shop, "shape": shape, "tag": tag, "problem": problem, "attribute": attribute,
            "from": incident.from.to_string(), "to": incident.to.to_string(),
            "about": "days of the cause (shipping, order or delivery); contacts follow with the problem's lag",
        })
    });
    lines.collect()
}
