//! Orders, carts, returns and campaigns around one contact.

use crate::config::Config;
use crate::event::{AsOf, CheckoutEvent, Contact, OrderEvent, PersonHistory, ReturnEvent, SendEvent};
use crate::walk::PersonJourney;
use refrain_record::tables::{LinkCampaign, LinkCart, LinkOrder, LinkReturn};
use refrain_record::{
    CampaignId, CheckoutId, ConversationId, EndReason, Label, LinkMethod, OrderId, ReturnId, ReturnKind, ShopId,
    SourceId, Timestamp,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

const DAY_S: i64 = 86_400;
/// Windows of `link_order`, days.
const ORDER_WINDOWS: [i64; 4] = [1, 3, 7, 14];
const SLOW_REPLY_S: i64 = DAY_S;

/// A person's events by time and by order, those after the run's date left out.
pub(crate) struct Linker<'a> {
    history: &'a PersonHistory<'a>,
    config: &'a Config,
    as_of: AsOf,
    orders: Vec<&'a OrderEvent<'a>>,
    checkouts: Vec<&'a CheckoutEvent<'a>>,
    returns: Vec<&'a ReturnEvent<'a>>,
    sends: Vec<&'a SendEvent<'a>>,
    orders_by_id: FxHashMap<&'a str, Vec<&'a OrderEvent<'a>>>,
    returns_by_order: FxHashMap<&'a str, Vec<&'a ReturnEvent<'a>>>,
}

impl<'a> Linker<'a> {
    pub(crate) fn new(history: &'a PersonHistory<'a>, config: &'a Config, as_of: AsOf) -> Self {
        let is_past = |at: Timestamp| at < as_of.end;
        let mut orders: Vec<_> = history.orders.iter().filter(|o| is_past(o.ordered_at)).collect();
        orders.sort_by_key(|o| (o.ordered_at, o.source, o.order_id));
        let mut checkouts: Vec<_> = history.checkouts.iter().filter(|c| is_past(c.updated_at)).collect();
        checkouts.sort_by_key(|c| (c.updated_at, c.source, c.checkout_id));
        let goods_back = |r: &&ReturnEvent<'_>| is_past(r.opened_at) && r.kind != ReturnKind::Cancel;
        let mut returns: Vec<_> = history.returns.iter().filter(goods_back).collect();
        returns.sort_by_key(|r| (r.opened_at, r.source, r.return_id));
        let mut sends: Vec<_> = history.sends.iter().filter(|s| is_past(s.sent_at)).collect();
        sends.sort_by_key(|s| (s.sent_at, s.source, s.campaign_id));
        let (mut orders_by_id, mut returns_by_order) = (FxHashMap::default(), FxHashMap::default());
        if history.contacts.iter().any(|contact| !contact.order_ids.is_empty()) {
            for order in history
                .orders
                .iter()
                .chain(history.named_orders)
                .filter(|o| is_past(o.ordered_at))
            {
                orders_by_id.entry(order.order_id).or_insert_with(Vec::new).push(order);
            }
            for event in &returns {
                if let Some(order_id) = event.order_id {
                    returns_by_order.entry(order_id).or_insert_with(Vec::new).push(*event);
                }
            }
        }
        Self {
            history,
            config,
            as_of,
            orders,
            checkouts,
            returns,
            sends,
            orders_by_id,
            returns_by_order,
        }
    }

    /// Orders placed before the contact began; before its day when it has no time.
    pub(crate) fn orders_before(&self, contact: &Contact<'_>) -> i64 {
        let start = contact.started_at.unwrap_or_else(|| contact.date.utc_midnight());
        i64::try_from(self.orders.partition_point(|order| order.ordered_at < start)).unwrap_or(i64::MAX)
    }

    /// Appends all links of a contact; those of its person only when that one is known.
    pub(crate) fn link(&self, contact: &Contact<'_>, is_known: bool, out: &mut PersonJourney) {
        if !contact.is_contact {
            return;
        }
        self.link_orders(contact, is_known, &mut out.link_orders);
        self.link_returns(contact, is_known, &mut out.link_returns);
        self.link_campaigns(contact, is_known, &mut out.link_campaigns);
        if is_known {
            self.link_carts(contact, &mut out.link_carts);
        }
    }

    /// Orders that the contact names, the person's last one before it and the next one after it.
    fn link_orders(&self, contact: &Contact<'_>, is_known: bool, out: &mut Vec<LinkOrder>) {
        let mut linked: BTreeMap<(&str, &str), (&OrderEvent<'_>, LinkMethod)> = BTreeMap::new();
        for order in contact
            .order_ids
            .iter()
            .filter_map(|id| self.orders_by_id.get(id))
            .flatten()
        {
            linked.insert((order.source, order.order_id), (*order, LinkMethod::OrderId));
        }
        let start = contact.started_at.filter(|_| is_known);
        let next_at = start.map(|start| self.orders.partition_point(|order| order.ordered_at <= start));
        let next = next_at.and_then(|at| self.orders.get(at)).copied();
        let last = next_at
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| self.orders.get(at))
            .copied();
        let window_s = self.config.order_window_days * DAY_S;
        for order in [last, next].into_iter().flatten() {
            if start.is_some_and(|start| order.ordered_at.seconds_since(start).abs() <= window_s) {
                linked
                    .entry((order.source, order.order_id))
                    .or_insert((order, LinkMethod::Person));
            }
        }
        for (order, method) in linked.into_values() {
            let is_next = next.is_some_and(|next| next == order);
            out.push(self.order_row(contact, order, is_known, is_next, method));
        }
    }

    fn order_row(
        &self,
        contact: &Contact<'_>,
        order: &OrderEvent<'_>,
        is_known: bool,
        is_next: bool,
        matched_by: LinkMethod,
    ) -> LinkOrder {
        let gap_s = contact.started_at.map(|start| order.ordered_at.seconds_since(start));
        let [within_1d, within_3d, within_7d, within_14d] = ORDER_WINDOWS.map(|days| {
            let gap = gap_s.filter(|_| is_known && self.has_passed(contact, days))?;
            Some(is_next && gap <= days * DAY_S)
        });
        LinkOrder {
            shop_id: ShopId::from(self.history.shop_id),
            source: SourceId::from(contact.source),
            conversation_id: ConversationId::from(contact.conversation_id),
            date: contact.date,
            order_source: SourceId::from(order.source),
            order_id: OrderId::from(order.order_id),
            gap_s,
            is_next_order: is_next,
            within_1d,
            within_3d,
            within_7d,
            within_14d,
            matured: self.has_passed(contact, ORDER_WINDOWS[3]),
            matched_by,
        }
    }

    /// Whether so many days since the contact began lie before the end of the run's date.
    fn has_passed(&self, contact: &Contact<'_>, days: i64) -> bool {
        match contact.started_at {
            Some(start) => start.plus_seconds(days * DAY_S) <= self.as_of.end,
            None => i64::from(self.as_of.date.days_since(contact.date)) >= days,
        }
    }

    /// The person's checkouts whose last activity is near the contact, on either side.
    fn link_carts(&self, contact: &Contact<'_>, out: &mut Vec<LinkCart>) {
        let Some(start) = contact.started_at else {
            return;
        };
        for checkout in around(&self.checkouts, start, self.config.cart_window_days, |c| c.updated_at) {
            let completed_at = checkout.completed_at.filter(|&at| at < self.as_of.end);
            out.push(LinkCart {
                shop_id: ShopId::from(self.history.shop_id),
                source: SourceId::from(contact.source),
                conversation_id: ConversationId::from(contact.conversation_id),
                date: contact.date,
                checkout_source: SourceId::from(checkout.source),
                checkout_id: CheckoutId::from(checkout.checkout_id),
                gap_s: checkout.updated_at.seconds_since(start),
                step: checkout.step.map(Label::from),
                is_abandoned: checkout.is_abandoned,
                recovered_after: completed_at.is_some_and(|at| at > start),
                matured: checkout.is_abandoned.is_some() || completed_at.is_some(),
            });
        }
    }

    /// Returns of orders that the contact names, and the person's near it, on either side.
    fn link_returns(&self, contact: &Contact<'_>, is_known: bool, out: &mut Vec<LinkReturn>) {
        let Some(start) = contact.started_at else {
            return;
        };
        let mut linked: BTreeMap<(&str, &str), (&ReturnEvent<'_>, LinkMethod)> = BTreeMap::new();
        if is_known {
            for event in around(&self.returns, start, self.config.return_window_days, |r| r.opened_at) {
                linked.insert((event.source, event.return_id), (event, LinkMethod::Person));
            }
        }
        for event in contact
            .order_ids
            .iter()
            .filter_map(|id| self.returns_by_order.get(id))
            .flatten()
        {
            linked.insert((event.source, event.return_id), (*event, LinkMethod::OrderId));
        }
        for (event, matched_by) in linked.into_values() {
            let gap_s = event.opened_at.seconds_since(start);
            out.push(LinkReturn {
                shop_id: ShopId::from(self.history.shop_id),
                source: SourceId::from(contact.source),
                conversation_id: ConversationId::from(contact.conversation_id),
                date: contact.date,
                return_source: SourceId::from(event.source),
                return_id: ReturnId::from(event.return_id),
                order_id: event.order_id.map(OrderId::from),
                gap_s,
                contact_before_return: start < event.opened_at,
                return_reason: event.reason.map(Label::from),
                slow_reply: self.slow_reply(contact),
                unresolved: contact.end_reason != EndReason::Resolved,
                matched_by,
            });
        }
    }

    /// Null while a first answer may still come in time, and where a bot alone answered.
    fn slow_reply(&self, contact: &Contact<'_>) -> Option<bool> {
        match contact.first_response_s {
            Some(wait) => Some(wait > SLOW_REPLY_S),
            None => (contact.never_answered && self.has_passed(contact, 1)).then_some(true),
        }
    }

    /// Campaigns sent to the person shortly before the contact, and those that its text names.
    fn link_campaigns(&self, contact: &Contact<'_>, is_known: bool, out: &mut Vec<LinkCampaign>) {
        let at = contact
            .started_at
            .unwrap_or_else(|| contact.date.plus_days(1).utc_midnight());
        let window = self.config.campaign_window_days;
        let texts = [contact.opening_text, contact.request_text];
        let mentioned = self.history.campaigns.mentions(&texts, at, window);
        // The latest send of each campaign stays, as sends come by time.
        let mut sent: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
        if let Some(start) = contact.started_at.filter(|_| is_known) {
            let near = around(&self.sends, start, window, |s| s.sent_at)
                .iter()
                .filter(|s| s.sent_at <= start);
            sent.extend(near.map(|s| ((s.source, s.campaign_id), s.sent_at)));
        }
        let num_sent = i64::try_from(sent.len()).unwrap_or(i64::MAX);
        let mut linked: BTreeMap<(&str, &str), (Option<Timestamp>, bool)> =
            sent.into_iter().map(|(key, at)| (key, (Some(at), false))).collect();
        for key in mentioned {
            linked.entry(key).or_insert((None, false)).1 = true;
        }
        for ((source, campaign_id), (sent_at, is_mentioned)) in linked {
            out.push(LinkCampaign {
                shop_id: ShopId::from(self.history.shop_id),
                source: SourceId::from(contact.source),
                conversation_id: ConversationId::from(contact.conversation_id),
                date: contact.date,
                campaign_source: SourceId::from(source),
                campaign_id: CampaignId::from(campaign_id),
                sent_at,
                gap_s: sent_at
                    .zip(contact.started_at)
                    .map(|(sent, start)| sent.seconds_since(start)),
                mentioned_in_text: is_mentioned,
                num_overlapping: num_sent + i64::from(sent_at.is_none()),
                matched_by: if is_mentioned {
                    LinkMethod::Mention
                } else {
                    LinkMethod::Person
                },
            });
        }
    }
}

/// Events, sorted by time, at most so many days before or after `at`.
fn around<'e, T>(events: &'e [&'e T], at: Timestamp, days: i64, time: impl Fn(&T) -> Timestamp) -> &'e [&'e T] {
    let from = events.partition_point(|event| time(event) < at.plus_seconds(-days * DAY_S));
    let to = events.partition_point(|event| time(event) <= at.plus_seconds(days * DAY_S));
    &events[from..to.max(from)]
}
