//! Units that are sends and campaigns: does a campaign bring contacts.

use std::collections::BTreeMap;

use refrain_record::{Date, Timestamp, tables};
use rustc_hash::FxHashMap;

use super::{Sink, UNEXPOSED, Unit};
use crate::InsightConfig;
use crate::night::{DAY_S, of_person};

/// Contacts of recipients after a send, hold-outs of the same campaign beside them.
pub(super) fn contacts_after_send(sink: &mut Sink<'_, '_>, config: &InsightConfig) {
    let shop = sink.shop;
    let window_s = config.contact_window_days * DAY_S;
    for (send, person) in &shop.sends {
        let campaign = format!("{}/{}", send.source, send.campaign_id);
        let after = first_contact(sink, send, *person, window_s);
        let unit = Unit {
            unit_id: format!("{campaign}/{}", send.send_id),
            date: send.date,
            index_at: send.sent_at,
            person: *person,
            has_outcome: after.is_some(),
            outcome_after_s: after,
            stratum: campaign.clone(),
            matured: send.sent_at.plus_seconds(window_s) <= shop.shop.as_of_end,
        };
        sink.push(&unit, &mut vec![if send.is_holdout { UNEXPOSED } else { &campaign }]);
    }
}

/// Campaigns that brought more contacts per recipient than the shop's median campaign, by type.
///
/// The campaign is the unit: a million recipients of three sales are still three sales.
pub(super) fn contacts_by_campaign(sink: &mut Sink<'_, '_>, config: &InsightConfig) {
    let shop = sink.shop;
    let window_s = config.contact_window_days * DAY_S;
    let mut reach: BTreeMap<(&str, &str), Reach> = BTreeMap::new();
    for (send, person) in shop.sends.iter().filter(|(send, _)| !send.is_holdout) {
        let cell = reach
            .entry((send.source.as_str(), send.campaign_id.as_str()))
            .or_insert(Reach {
                first: send.sent_at,
                last: send.sent_at,
                date: send.date,
                recipients: 0,
                contacted: 0,
            });
        cell.first = cell.first.min(send.sent_at);
        cell.last = cell.last.max(send.sent_at);
        cell.date = cell.date.min(send.date);
        if person.is_some() {
            cell.recipients += 1;
            cell.contacted += i64::from(first_contact(sink, send, *person, window_s).is_some());
        }
    }
    reach.retain(|_, r| r.recipients > 0);
    let is_past = |r: &Reach| r.last.plus_seconds(window_s) <= shop.shop.as_of_end;
    let mut rates: Vec<f64> = reach.values().filter(|r| is_past(r)).map(Reach::rate).collect();
    rates.sort_by(f64::total_cmp);
    let median = if rates.is_empty() {
        0.0
    } else {
        f64::midpoint(rates[(rates.len() - 1) / 2], rates[rates.len() / 2])
    };
    let rows: FxHashMap<(&str, &str), &tables::Campaign> = shop
        .campaigns
        .iter()
        .map(|c| ((c.source.as_str(), c.campaign_id.as_str()), *c))
        .collect();
    for ((source, campaign), r) in &reach {
        let row = rows.get(&(*source, *campaign));
        let unit = Unit {
            unit_id: format!("{source}/{campaign}"),
            date: r.date,
            index_at: r.first,
            person: None,
            has_outcome: r.rate() > median,
            outcome_after_s: None,
            stratum: row
                .and_then(|c| c.channel.as_ref())
                .map_or("unknown", |c| c.as_str())
                .to_owned(),
            matured: is_past(r),
        };
        let kind = row.and_then(|c| c.campaign_type.as_ref()).map(|t| t.as_str());
        sink.push(&unit, &mut kind.into_iter().collect());
    }
}

struct Reach {
    first: Timestamp,
    last: Timestamp,
    date: Date,
    recipients: i64,
    contacted: i64,
}

impl Reach {
    fn rate(&self) -> f64 {
        self.contacted as f64 / self.recipients as f64
    }
}

/// Seconds from the send to the recipient's first contact inside the window.
fn first_contact(sink: &Sink<'_, '_>, send: &tables::Send, person: Option<u32>, window_s: i64) -> Option<i64> {
    let to = send.sent_at.plus_seconds(window_s);
    let contacts = of_person(&sink.shop.contacts_by_person, person?, send.sent_at, to);
    contacts.first().map(|c| c.1.seconds_since(send.sent_at))
}
