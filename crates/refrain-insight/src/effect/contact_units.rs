//! Units that are contacts: did the customer come back about it, buy afterwards, or never buy again.

use refrain_record::{ExposureKind, Timestamp};

use super::{Sink, Unit, custom, faults, month, orders_before};
use crate::night::{Contact, DAY_S, of_person};

const PURCHASE_WINDOW_S: i64 = 14 * DAY_S;
const LOYALTY_WINDOW_S: i64 = 90 * DAY_S;

/// Followed by a contact about the same issue within 7 days, by topic or by channel.
pub(super) fn repeated_contacts(sink: &mut Sink<'_, '_>) {
    let shop = sink.shop;
    for contact in &shop.contacts {
        let followed = contact.followed_7d;
        let mut unit = unit(sink, contact);
        unit.matured = followed.is_some();
        unit.has_outcome = followed == Some(true);
        unit.outcome_after_s = contact.followed_after_s.filter(|_| unit.has_outcome);
        if sink.kind == ExposureKind::Channel {
            // The channel is the exposure, so it cannot be held constant.
            unit.stratum = format!("{}|{}", month(contact.date()), newness(sink, contact));
            sink.push(&unit, &mut vec![contact.conversation.channel.as_str()]);
        } else {
            sink.push(&unit, &mut topics(sink, contact));
        }
    }
}

/// Bought within 14 days after the contact, by topic or by what went wrong.
pub(super) fn purchases_after(sink: &mut Sink<'_, '_>) {
    let shop = sink.shop;
    for contact in &shop.contacts {
        let mut unit = unit(sink, contact);
        let after = contact.next_order_s.filter(|s| *s <= PURCHASE_WINDOW_S);
        unit.has_outcome = after.is_some();
        unit.outcome_after_s = after;
        unit.matured = is_past(sink, contact, PURCHASE_WINDOW_S);
        let mut exposures = match sink.kind {
            ExposureKind::Tag => topics(sink, contact),
            _ => faults(contact).collect(),
        };
        sink.push(&unit, &mut exposures);
    }
}

/// No order within 90 days after the contact of somebody who had ordered before.
///
/// Contacts without a person stay as units without one: they lower the match rate, since some of them
/// were by buyers.
pub(super) fn no_repeat_purchases(sink: &mut Sink<'_, '_>) {
    let shop = sink.shop;
    for contact in &shop.contacts {
        let at = contact.at();
        if orders_before(shop, contact.person, at) == Some(0) {
            continue;
        }
        let next = contact
            .person
            .and_then(|p| of_person(&shop.orders_by_person, p, at, at.plus_seconds(LOYALTY_WINDOW_S)).first());
        let mut unit = unit(sink, contact);
        unit.has_outcome = contact.person.is_some() && next.is_none();
        unit.matured = is_past(sink, contact, LOYALTY_WINDOW_S);
        sink.push(&unit, &mut faults(contact).collect());
    }
}

fn unit(sink: &Sink<'_, '_>, contact: &Contact<'_>) -> Unit {
    let c = contact.conversation;
    Unit {
        unit_id: format!("{}/{}", c.source, c.conversation_id),
        date: c.date,
        index_at: contact.at(),
        person: contact.person,
        has_outcome: false,
        outcome_after_s: None,
        stratum: format!("{}|{}|{}", month(c.date), c.channel, newness(sink, contact)),
        matured: false,
    }
}

fn newness(sink: &Sink<'_, '_>, contact: &Contact<'_>) -> &'static str {
    let told = contact
        .outcome
        .and_then(|o| o.customer_orders_before)
        .and_then(|n| usize::try_from(n).ok());
    custom(told.or_else(|| orders_before(sink.shop, contact.person, contact.at())))
}

fn topics<'a>(sink: &Sink<'_, 'a>, contact: &Contact<'_>) -> Vec<&'a str> {
    contact.topics.iter().map(|t| sink.shop.topics[*t as usize]).collect()
}

/// The whole window lies in the past; never for a contact without a time.
fn is_past(sink: &Sink<'_, '_>, contact: &Contact<'_>, window_s: i64) -> bool {
    let end: Option<Timestamp> = contact.conversation.started_at.map(|at| at.plus_seconds(window_s));
    end.is_some_and(|end| end <= sink.shop.shop.as_of_end)
}
