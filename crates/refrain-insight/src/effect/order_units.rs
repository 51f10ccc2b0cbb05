//! Units that are orders and checkouts: was the order returned, the cart abandoned.

use refrain_record::{ExposureKind, ReturnKind, Timestamp};
use rustc_hash::FxHashMap;

use super::{Sink, Unit, custom, faults, month, orders_before};
use crate::InsightConfig;
use crate::night::{Contact, DAY_S, ShopNight, ShopOrder, of_person};

/// Abandoned checkouts by the topics of the person's contacts shortly before.
///
/// Exposed by a contact within `cart_window_h` before the last activity (or the completion): the same
/// length for every cart, since a cart that lives longer would otherwise catch more contacts; and
/// before the outcome is known, since a question about an abandoned cart is no cause of it.
pub(super) fn abandoned_checkouts(sink: &mut Sink<'_, '_>, config: &InsightConfig) {
    let shop = sink.shop;
    for (checkout, person) in &shop.checkouts {
        let end = checkout
            .completed_at
            .map_or(checkout.updated_at, |at| at.min(checkout.updated_at));
        let from = end.plus_seconds(-config.cart_window_h * 3_600);
        let contacts = person.map_or(&[][..], |p| of_person(&shop.contacts_by_person, p, from, end));
        let mut exposures: Vec<&str> = contacts
            .iter()
            .flat_map(|c| topics(shop, &shop.contacts[c.2 as usize]))
            .collect();
        let unit = Unit {
            unit_id: format!("{}/{}", checkout.source, checkout.checkout_id),
            date: checkout.date,
            index_at: end,
            person: *person,
            has_outcome: checkout.is_abandoned == Some(true),
            outcome_after_s: None,
            stratum: format!(
                "{}|{}",
                month(checkout.date),
                custom(orders_before(shop, *person, from))
            ),
            matured: checkout.is_abandoned.is_some(),
        };
        sink.push(&unit, &mut exposures);
    }
}

/// Returned orders by the contacts about them, as a landmark design.
///
/// Only contacts between order and landmark expose, only returns opened between landmark and the end
/// of the window count, and orders returned before the landmark are in neither group: so no order
/// counts as exposed merely because it lived long enough to be asked about. The landmark lies a few
/// days after delivery, before most customers decide; counted from the order it would shut out the
/// returns of whoever got the parcel soon.
pub(super) fn returned_orders(sink: &mut Sink<'_, '_>, config: &InsightConfig) {
    let shop = sink.shop;
    let returns = first_returns(shop);
    let mentions = mentions(shop);
    let window_s = config.return_window_days * DAY_S;
    for (i, ShopOrder { order, person }) in shop.orders.iter().enumerate() {
        let end = order.ordered_at.plus_seconds(window_s);
        let landmark = match order.delivered_at.filter(|at| *at >= order.ordered_at) {
            Some(delivered) => delivered.plus_seconds(config.return_landmark_days * DAY_S).min(end),
            None => order
                .ordered_at
                .plus_seconds(config.return_landmark_undelivered_days * DAY_S),
        };
        let opened = returns.get(&(i as u32)).copied();
        if order.cancelled_at.is_some() || opened.is_some_and(|at| at < landmark) {
            continue;
        }
        let mut exposures: Vec<&str> = Vec::new();
        for contact in contacts_about(shop, i, order.ordered_at, landmark, &mentions) {
            match sink.kind {
                ExposureKind::Tag => exposures.extend(topics(shop, contact)),
                _ => exposures.extend(faults(contact)),
            }
        }
        let in_window = opened.filter(|at| *at < end);
        let channel = order.sales_channel.as_ref().map_or("unknown", |c| c.as_str());
        let before = custom(orders_before(shop, *person, order.ordered_at));
        let unit = Unit {
            unit_id: format!("{}/{}", order.source, order.order_id),
            date: order.date,
            index_at: landmark,
            person: *person,
            has_outcome: in_window.is_some(),
            outcome_after_s: in_window.map(|at| at.seconds_since(landmark)),
            stratum: format!("{}|{channel}|{before}", month(order.date)),
            matured: end <= shop.shop.as_of_end,
        };
        sink.push(&unit, &mut exposures);
    }
}

fn topics<'a>(shop: &ShopNight<'a>, contact: &Contact<'_>) -> Vec<&'a str> {
    contact.topics.iter().map(|t| shop.topics[*t as usize]).collect()
}

/// First return of goods of each order, by index; refunds alone and cancellations are none.
///
/// An order id stands for the order of the return's own source, or where that has none, of any.
fn first_returns(shop: &ShopNight<'_>) -> FxHashMap<u32, Timestamp> {
    let orders = orders_by_id(shop);
    let mut first = FxHashMap::default();
    // Returns are in time order, so the first one stays.
    for row in shop.returns.iter().filter(|r| r.kind == ReturnKind::Return) {
        let Some(candidates) = row.order_id.as_ref().and_then(|id| orders.get(id.as_str())) else {
            continue;
        };
        let own = candidates
            .iter()
            .find(|i| shop.orders[**i as usize].order.source == row.source);
        if let Some(order) = own.or(candidates.first()) {
            first.entry(*order).or_insert(row.opened_at);
        }
    }
    first
}

/// Orders by id, those of several sources by source.
fn orders_by_id<'a>(shop: &ShopNight<'a>) -> FxHashMap<&'a str, Vec<u32>> {
    let mut orders: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
    for (i, order) in shop.orders.iter().enumerate() {
        orders.entry(order.order.order_id.as_str()).or_default().push(i as u32);
    }
    for candidates in orders.values_mut() {
        candidates.sort_by_key(|i| &shop.orders[*i as usize].order.source);
    }
    orders
}

/// Contacts by the order ids they mention.
fn mentions<'a>(shop: &ShopNight<'a>) -> FxHashMap<&'a str, Vec<u32>> {
    let mut mentions: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
    for (i, contact) in shop.contacts.iter().enumerate() {
        for id in &contact.conversation.order_ids {
            mentions.entry(id.as_str()).or_default().push(i as u32);
        }
    }
    mentions
}

/// Contacts about an order from `from` up to `to`: those that name it, and those of its person that
/// name no other.
fn contacts_about<'s, 'a>(
    shop: &'s ShopNight<'a>,
    order: usize,
    from: Timestamp,
    to: Timestamp,
    mentions: &'s FxHashMap<&'a str, Vec<u32>>,
) -> impl Iterator<Item = &'s Contact<'a>> {
    let ShopOrder { order, person } = &shop.orders[order];
    let own = person.map_or(&[][..], |p| of_person(&shop.contacts_by_person, p, from, to));
    let own = own
        .iter()
        .map(|c| &shop.contacts[c.2 as usize])
        .filter(|c| c.conversation.order_ids.is_empty());
    let named = mentions.get(order.order_id.as_str()).map_or(&[][..], |list| list);
    let named = named
        .iter()
        .map(|i| &shop.contacts[*i as usize])
        .filter(move |c| c.conversation.started_at.is_some_and(|at| from <= at && at < to));
    own.chain(named)
}
