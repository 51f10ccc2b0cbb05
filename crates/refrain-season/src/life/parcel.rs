//! From the order over the parcel to its return, with the problems on the way.

use refrain_record::ReturnKind;

use super::{Cause, DAY_S, HOUR_S, Living, Order, RETURN_DECISION_D, Returned, contacts::rates};
use crate::catalogue::{CARRIERS, Item, PAYMENTS, REASONS, RETURN_RATE};
use crate::config::IncidentKind;
use crate::problem::{Anchor, LEAKING, Problem};

/// Share of a strike's late orders whose buyers write, beside the usual.
const STRIKE_CONTACTS: f64 = 0.25;

impl Living<'_> {
    /// Places an order and lives through what follows; its index.
    pub(super) fn order(&mut self, at: i64, first: Item, campaign: Option<usize>) -> usize {
        let mut items = vec![(first, 1 + i64::from(self.rng.chance(0.08)))];
        while items.len() < 5 && self.rng.chance(0.3) {
            let item = self.draw_item();
            if items.iter().all(|i| i.0 != item) {
                items.push((item, 1));
            }
        }
        let goods: i64 = items.iter().map(|(item, count)| item.price_cents() * count).sum();
        let has_code = campaign.is_some_and(|c| self.world.campaigns[c].code.is_some());
        let discount_cents = if has_code { goods / 10 } else { 0 };
        let shipping_cents = if goods >= 8_000 { 0 } else { 495 };
        let order = self.life.orders.len();
        self.life.orders.push(Order {
            at,
            items,
            carrier: self.rng.weighted(CARRIERS.iter().map(|c| c.1)),
            payment: self.rng.weighted(PAYMENTS.iter().map(|c| c.1)),
            campaign,
            shipping_cents,
            discount_cents,
            total_cents: goods + shipping_cents - discount_cents,
            shipped: None,
            delivered: None,
            cancelled: None,
            is_test: self.rng.chance(0.001),
        });
        if let Some(campaign) = campaign {
            self.react(campaign, at, 0..=0, "ordered");
        }
        self.follow(order);
        order
    }

    /// From the order to its return.
    pub(super) fn follow(&mut self, order: usize) {
        let at = self.life.orders[order].at;
        self.problems(Anchor::Ordered, order, at, i64::MAX);
        self.charged_twice(order, at);
        self.problems(Anchor::Anytime, order, at + DAY_S, i64::MAX);
        let asked = self
            .life
            .contacts
            .iter()
            .find(|c| c.order == Some(order) && c.course.solved && c.tags().first() == Some(&"order/cancel"));
        let asked_at = asked.map(|c| c.course.last_at);
        if asked_at.is_some() || self.rng.chance(0.012) {
            let cancelled = asked_at.unwrap_or(at + self.rng.int(600, 10 * HOUR_S));
            self.cancel(order, cancelled);
            return;
        }
        if let Some(delivered) = self.ship(order) {
            self.problems(Anchor::Delivered, order, delivered, i64::MAX);
            self.leaking(order, delivered);
            if self.life.orders[order].items.iter().any(|i| i.0.is_fashion()) {
                self.problems(Anchor::Worn, order, delivered, delivered + 4 * DAY_S);
            }
            self.maybe_return(order, delivered);
        }
    }

    pub(super) fn cancel(&mut self, order: usize, at: i64) {
        let total = self.life.orders[order].total_cents;
        self.life.orders[order].cancelled = Some(at);
        self.life.returns.push(Returned {
            opened: at,
            order,
            kind: ReturnKind::Cancel,
            reason: "cancelled",
            item: None,
            refund_cents: total,
        });
        self.problems(Anchor::Returned, order, at, i64::MAX);
    }

    /// Sends the parcel; when it arrived, if it did.
    pub(super) fn ship(&mut self, order: usize) -> Option<i64> {
        let calendar = self.world.calendar;
        let Order { at, carrier, .. } = self.life.orders[order];
        let shipped = calendar.after_open_seconds(at, self.rng.int(HOUR_S, 14 * HOUR_S));
        let (name, _, median_days) = CARRIERS[carrier];
        let mut days = self.rng.log_normal(median_days, 0.35);
        if self.rng.chance(0.055) {
            days += self.rng.between(3.0, 9.0);
        }
        let date = calendar.date(shipped);
        let strike = self.incident(date, |kind| {
            matches!(kind, IncidentKind::CarrierStrike { carrier } if carrier == name).then_some(1.0)
        });
        if strike.is_some() {
            days += self.rng.between(5.0, 9.0);
        }
        let promised = shipped + 4 * DAY_S;
        let arrives = shipped + (days * DAY_S as f64) as i64;
        let is_lost = self.rng.chance(0.004);
        self.life.orders[order].shipped = Some(shipped);
        if is_lost {
            self.problems(Anchor::Lost, order, promised + 2 * DAY_S, i64::MAX);
            return None;
        }
        self.life.orders[order].delivered = Some(arrives);
        self.problems(Anchor::Shipped, order, shipped, arrives);
        if arrives > promised {
            self.problems(Anchor::Late, order, promised, arrives);
            if let Some((place, _)) = strike
                && self.rng.chance(STRIKE_CONTACTS)
            {
                let at = promised + self.rng.int(0, (arrives - promised).min(3 * DAY_S));
                self.about_order(Problem::index("shipping/delay"), order, at, Some(place));
            }
        }
        Some(arrives)
    }

    /// The incident of a day that `share` finds a share in.
    pub(super) fn incident(
        &self,
        date: refrain_record::Date,
        share: impl Fn(&IncidentKind) -> Option<f64>,
    ) -> Option<(usize, f64)> {
        let on_day = self
            .world
            .incidents
            .iter()
            .filter(|(_, i)| date >= i.from && date <= i.to);
        on_day.filter_map(|(place, i)| Some((*place, share(&i.kind)?))).next()
    }

    pub(super) fn charged_twice(&mut self, order: usize, at: i64) {
        let hit = self.incident(self.world.calendar.date(at), |kind| match kind {
            IncidentKind::ChargedTwice { share } => Some(*share),
            _ => None,
        });
        if let Some((place, share)) = hit
            && self.rng.chance(share)
        {
            let asked_at = at + self.rng.exponential(18.0 * HOUR_S as f64) as i64 + 900;
            self.about_order(Problem::index("payment/charged_twice"), order, asked_at, Some(place));
        }
    }

    pub(super) fn leaking(&mut self, order: usize, delivered: i64) {
        let date = self.world.calendar.date(delivered);
        for at in 0..self.life.orders[order].items.len() {
            let item = self.life.orders[order].items[at].0;
            let hit = self.incident(date, |kind| match kind {
                IncidentKind::LeakingProduct { sku, share } if *sku == item.sku() => Some(*share),
                _ => None,
            });
            if let Some((place, share)) = hit
                && self.rng.chance(share)
            {
                let problem = Problem::index(LEAKING);
                let asked_at = delivered + self.lag_s(problem);
                self.contact(Cause {
                    order: Some(order),
                    item: Some(item),
                    incident: Some(place),
                    ..Cause::new(problem, asked_at)
                });
            }
        }
    }

    /// Draws the problems of an anchor; a contact falls between `from` and `until`.
    pub(super) fn problems(&mut self, anchor: Anchor, order: usize, from: i64, until: i64) {
        let all: f64 = rates(anchor).sum();
        if !self.rng.chance(all) {
            return;
        }
        let problem = self.draw_problem(anchor);
        let mut at = from + self.lag_s(problem);
        if at >= until {
            at = from + self.rng.int(0, (until - from).max(0));
        }
        self.about_order(problem, order, at, None);
    }

    pub(super) fn about_order(&mut self, problem: usize, order: usize, at: i64, incident: Option<usize>) {
        let items = &self.life.orders[order].items;
        let worn = items.iter().map(|i| i.0).find(|i| i.is_fashion());
        let item = if Problem::all()[problem].anchor == Anchor::Worn {
            worn
        } else {
            items.first().map(|i| i.0)
        };
        self.contact(Cause {
            order: Some(order),
            item,
            incident,
            ..Cause::new(problem, at)
        });
    }

    pub(super) fn maybe_return(&mut self, order: usize, delivered: i64) {
        let ordered = self.life.orders[order].at;
        let decided = delivered + RETURN_DECISION_D * DAY_S;
        let mut chance = RETURN_RATE;
        for tag in self.tags_between(ordered, decided) {
            chance *= self.world.effects.returned.get(tag).copied().unwrap_or(1.0);
        }
        let settled = self
            .life
            .contacts
            .iter()
            .any(|c| c.order == Some(order) && c.course.solved && c.problem.is_some_and(is_compensated));
        if self.rng.chance(chance.min(0.9)) {
            let opened = decided + self.rng.log_normal(4.0 * DAY_S as f64, 0.7) as i64;
            let (item, count) = self.life.orders[order].items[0];
            let of_size = |r: &(&str, f64)| r.0.starts_with("too_") && !item.is_fashion();
            let reason = REASONS[self
                .rng
                .weighted(REASONS.iter().map(|r| if of_size(r) { 0.0 } else { r.1 }))]
            .0;
            let refund_cents = item.price_cents() * count;
            self.life.returns.push(Returned {
                opened,
                order,
                kind: ReturnKind::Return,
                reason,
                item: Some(item),
                refund_cents,
            });
            if self.rng.chance(rates(Anchor::BeforeReturn).sum()) {
                let problem = self.draw_problem(Anchor::BeforeReturn);
                let at = (opened - self.lag_s(problem)).max(decided);
                self.about_order(problem, order, at, None);
            }
            self.problems(Anchor::Returned, order, opened + DAY_S, i64::MAX);
        } else if settled && self.rng.chance(0.5) {
            let refund_cents = self.life.orders[order].total_cents / 2;
            let opened = decided + self.rng.int(0, 3 * DAY_S);
            self.life.returns.push(Returned {
                opened,
                order,
                kind: ReturnKind::RefundOnly,
                reason: "goodwill",
                item: None,
                refund_cents,
            });
        }
    }
}

/// Solved contacts about these may end in money back without a return.
fn is_compensated(problem: usize) -> bool {
    matches!(
        Problem::all()[problem].tag,
        "product/damaged" | "order/missing_item" | "shipping/lost" | "refund/request" | "product/quality"
    )
}
