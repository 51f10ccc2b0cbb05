//! The night itself: table by table, orders first, since conversations and returns refer to them.

use rayon::prelude::*;
use refrain_record::tables::{Campaign, Checkout, Order, OrderLine, Reject, Return};
use refrain_record::{CustomerKey, Date, ShopId, SourceId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Shop;
use crate::feeds::{Feeds, Place};
use crate::night::conversation::{Assembled, Bundles, Context, assemble_conversation};
use crate::night::ledger::{Clocks, Ledger, Verdict};
use crate::night::mentions::OrderIndex;
use crate::night::people::resolve_people;
use crate::night::tables::{Keyed, Tables, upsert};
use crate::night::{Night, NightSettings};
use crate::spec::DEFAULT_ABANDON_AFTER_H;

/// All source tables as of `settings.as_of`.
///
/// Rows dated up to that day in their shop's zone are kept, later ones counted as `later`, those beyond
/// `max_future_days` rejected; planned campaigns and rows without a date are kept. A feed's row replaces the lake's
/// of the same key, messages are united by id, and a row that no export shows any more stays. The result is sorted
/// and does not depend on the order of `prior`, on the number of threads, or on how many nights led to it.
#[must_use]
pub fn assemble_night(prior: Tables, feeds: &Feeds, shops: &[Shop], settings: &NightSettings) -> Night {
    let clocks = Clocks::new(shops, settings);
    let mut ledger = Ledger::new(feeds);
    let (orders, own_lines) = due_orders(feeds, &clocks, &mut ledger);
    let orders = upsert(prior.orders, orders);
    let own_lines = upsert(prior.order_lines, own_lines);
    let order_lines = upsert(own_lines, due_lines(feeds, &orders, &mut ledger));
    macro_rules! upsert_due {
        ($field:ident, $time:expr, $row:expr) => {{
            let due = ledger.due(&clocks, &feeds.$field, |r| (&r.shop_id, &r.source), $time);
            upsert(prior.$field, due.into_iter().map(|fed| $row(fed.row.clone())).collect())
        }};
    }
    let checkouts = upsert_due!(checkouts, |r: &Checkout| Some(r.updated_at), |row| row);
    let returns = upsert_due!(returns, |r: &Return| Some(r.opened_at), |row| row);
    let campaigns = upsert_due!(campaigns, |_: &Campaign| None, |row| row);
    let sends = upsert_due!(sends, |r| Some(r.sent_at), |row| row);
    let campaign_events = upsert_due!(campaign_events, |r| Some(r.at), |row| row);
    let faq_entries = upsert_due!(faq_entries, |r| r.published_at, |row| row);
    let help_searches = upsert_due!(help_searches, |r| Some(r.at), |row| row);
    let identities = resolve_people(prior.identities, feeds, &clocks, settings.max_customers_per_identity);

    let mut bundles: Bundles<'_> = FxHashMap::default();
    let key = |s: &ShopId, n: &SourceId, c: &refrain_record::ConversationId| (s.clone(), n.clone(), c.clone());
    for row in prior.conversations {
        let bundle = bundles
            .entry(key(&row.shop_id, &row.source, &row.conversation_id))
            .or_default();
        bundle.prior = Some(row);
    }
    for row in prior.messages {
        bundles
            .entry(key(&row.shop_id, &row.source, &row.conversation_id))
            .or_default()
            .messages
            .push(row);
    }
    for row in prior.conversation_events {
        bundles
            .entry(key(&row.shop_id, &row.source, &row.conversation_id))
            .or_default()
            .events
            .push(row);
    }
    for row in prior.ratings {
        bundles
            .entry(key(&row.shop_id, &row.source, &row.conversation_id))
            .or_default()
            .ratings
            .push(row);
    }
    for fed in &feeds.conversations {
        bundles
            .entry(key(&fed.shop_id, &fed.source, &fed.conversation_id))
            .or_default()
            .fed = Some(fed);
    }
    let mut tables = Tables {
        order_lines,
        checkouts,
        returns,
        campaigns,
        sends,
        campaign_events,
        faq_entries,
        help_searches,
        identities,
        ..Tables::default()
    };
    add_conversations(&mut tables, bundles, &orders, &clocks, settings, &mut ledger);
    tables.orders = orders;
    finish_checkouts(&mut tables.checkouts, feeds, &clocks);
    finish_campaigns(&mut tables.campaigns, &clocks);
    finish_returns(&mut tables.returns, &tables.orders);
    finish_orders(&mut tables.orders, &clocks);
    let (accounts, mut rejects) = ledger.close();
    rejects.sort_by(Reject::by_key);
    Night {
        tables,
        accounts,
        rejects,
    }
}

fn due_orders(feeds: &Feeds, clocks: &Clocks<'_>, ledger: &mut Ledger<'_>) -> (Vec<Order>, Vec<OrderLine>) {
    let due = ledger.due(
        clocks,
        &feeds.orders,
        |r| (&r.order.shop_id, &r.order.source),
        |r| Some(r.order.ordered_at),
    );
    let lines = due.iter().flat_map(|fed| fed.row.lines.iter().cloned()).collect();
    (due.into_iter().map(|fed| fed.row.order.clone()).collect(), lines)
}

/// Lines that come apart from their orders, under their order's date; the same source's order comes first.
fn due_lines(feeds: &Feeds, orders: &[Order], ledger: &mut Ledger<'_>) -> Vec<OrderLine> {
    if feeds.order_lines.is_empty() {
        return Vec::new();
    }
    let mut dates: FxHashMap<(&str, &str), Vec<(&str, Date)>> = FxHashMap::default();
    for order in orders {
        dates
            .entry((order.shop_id.as_str(), order.order_id.as_str()))
            .or_default()
            .push((order.source.as_str(), order.date));
    }
    let fed: FxHashSet<(&str, &str)> = feeds
        .orders
        .iter()
        .map(|fed| (fed.row.order.shop_id.as_str(), fed.row.order.order_id.as_str()))
        .collect();
    let mut lines = Vec::with_capacity(feeds.order_lines.len());
    for line in &feeds.order_lines {
        let row = &line.row;
        let order = (row.shop_id.as_str(), row.order_id.as_str());
        let found = dates.get(&order).and_then(|dates| {
            dates
                .iter()
                .find(|(source, _)| *source == row.source.as_str())
                .or_else(|| dates.first())
        });
        match found {
            Some((_, date)) => lines.push(OrderLine {
                date: *date,
                ..row.clone()
            }),
            None => {
                let verdict = if fed.contains(&order) {
                    Verdict::Later
                } else {
                    Verdict::Orphan
                };
                ledger.set_aside(&row.shop_id, &row.source, line.place, verdict);
            }
        }
    }
    lines
}

fn add_conversations(
    tables: &mut Tables,
    bundles: Bundles<'_>,
    orders: &[Order],
    clocks: &Clocks<'_>,
    settings: &NightSettings,
    ledger: &mut Ledger<'_>,
) {
    let index = OrderIndex::new(orders);
    let mut bundles: Vec<_> = bundles.into_iter().collect();
    bundles.par_sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let assembled: Vec<(ShopId, SourceId, Assembled)> = bundles
        .into_par_iter()
        .map(|(key, bundle)| {
            let context = Context {
                clock: clocks.of(&key.0),
                orders: &index,
                markers: &settings.markers,
            };
            let (shop, source) = (key.0.clone(), key.1.clone());
            (shop, source, assemble_conversation(key, bundle, &context))
        })
        .collect();
    // Keys and the rows inside each are in order, so the tables are.
    for (shop, source, rows) in assembled {
        set_aside_each(ledger, &shop, &source, rows.set_aside);
        tables.conversations.extend(rows.conversation);
        tables.messages.extend(rows.messages);
        tables.conversation_events.extend(rows.events);
        tables.ratings.extend(rows.ratings);
    }
}

fn set_aside_each(ledger: &mut Ledger<'_>, shop: &ShopId, source: &SourceId, rows: Vec<(Place, Verdict)>) {
    for (place, verdict) in rows {
        ledger.set_aside(shop, source, place, verdict);
    }
}

/// Whether each checkout is abandoned as of the night, and nothing of what came after it.
fn finish_checkouts(checkouts: &mut [Checkout], feeds: &Feeds, clocks: &Clocks<'_>) {
    #[expect(clippy::cast_possible_truncation, reason = "a constant of few hours")]
    let default_s = (DEFAULT_ABANDON_AFTER_H * 3600.0) as i64;
    for row in checkouts {
        let clock = clocks.of(&row.shop_id);
        let delay = feeds
            .abandon_after_s
            .get(&(row.shop_id.clone(), row.source.clone()))
            .copied()
            .unwrap_or(default_s);
        if row.completed_at.is_some() && clock.known(row.completed_at).is_none() {
            row.completed_at = None;
            row.order_id = None;
        }
        row.is_abandoned = if row.completed_at.is_some() {
            Some(false)
        } else {
            (row.updated_at.plus_seconds(delay) <= clock.end).then_some(true)
        };
    }
}

fn finish_campaigns(campaigns: &mut [Campaign], clocks: &Clocks<'_>) {
    for row in campaigns {
        row.is_planned = row.starts_at.is_some_and(|at| at >= clocks.of(&row.shop_id).end);
    }
}

/// A return that names no customer is its order's customer's; the same source's order comes first.
fn finish_returns(returns: &mut [Return], orders: &[Order]) {
    if returns
        .iter()
        .all(|row| row.customer_key.is_some() || row.order_id.is_none())
    {
        return;
    }
    let mut customers: FxHashMap<(&str, &str), Vec<(&str, &CustomerKey)>> = FxHashMap::default();
    for order in orders {
        if let Some(customer) = &order.customer_key {
            customers
                .entry((order.shop_id.as_str(), order.order_id.as_str()))
                .or_default()
                .push((order.source.as_str(), customer));
        }
    }
    for row in returns.iter_mut().filter(|row| row.customer_key.is_none()) {
        let Some(order_id) = &row.order_id else {
            continue;
        };
        let found = customers
            .get(&(row.shop_id.as_str(), order_id.as_str()))
            .and_then(|found| {
                found
                    .iter()
                    .find(|(source, _)| *source == row.source.as_str())
                    .or_else(|| found.first())
            });
        row.customer_key = found.map(|(_, customer)| (*customer).clone());
    }
}

/// Forgets what happened to an order after the night.
fn finish_orders(orders: &mut [Order], clocks: &Clocks<'_>) {
    for row in orders {
        let clock = clocks.of(&row.shop_id);
        for at in [
            &mut row.updated_at,
            &mut row.shipped_at,
            &mut row.delivered_at,
            &mut row.cancelled_at,
        ] {
            *at = clock.known(*at);
        }
    }
}
