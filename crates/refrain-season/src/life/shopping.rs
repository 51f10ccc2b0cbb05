//! Campaign sends, sessions, questions before buying, checkouts.

use super::{
    CART_WINDOW_D, Cause, Checkout, Contact, DAY_S, HOUR_S, Living, REBUY_WINDOW_D, Reaction, Send, contacts::rates,
};
use crate::campaign::{HOLDOUT, TYPES};
use crate::catalogue::{Item, NUM_FASHION, NUM_ITEMS, VARIANTS};
use crate::config::IncidentKind;
use crate::problem::{Anchor, Problem, WELCOME_CODE};

/// Chance that a recorded checkout comes to nothing.
pub(crate) const ABANDON_RATE: f64 = 0.33;
/// Share of sessions whose checkout the shop system records; all with a question before are.
const RECORDED: f64 = 0.42;
/// Share of the opted-in that a campaign of reach 1 is sent to.
const AUDIENCE: f64 = 0.12;

impl Living<'_> {
    /// Own sessions and those that campaigns bring, by time; sends are made on the way.
    pub(super) fn sessions(&mut self) -> Vec<(i64, Option<usize>)> {
        let calendar = self.world.calendar;
        let count = self.rng.poisson(self.person.sessions);
        let mut sessions: Vec<(i64, Option<usize>)> =
            (0..count).map(|_| (calendar.draw(&mut self.rng), None)).collect();
        if self.person.opted_in {
            for at in 0..self.world.campaigns.len() {
                self.receive(at, &mut sessions);
            }
        }
        sessions.retain(|s| s.0 < calendar.end());
        sessions.sort_unstable();
        sessions
    }

    pub(super) fn receive(&mut self, index: usize, sessions: &mut Vec<(i64, Option<usize>)>) {
        let campaign = &self.world.campaigns[index];
        let about = &TYPES[campaign.kind];
        let reachable = campaign.channel == "email" || self.person.phone.is_some();
        if campaign.is_planned || !reachable || !self.rng.chance(AUDIENCE * about.reach) {
            return;
        }
        let at = campaign.starts_at + self.rng.int(0, 2 * HOUR_S);
        let is_holdout = self.rng.chance(HOLDOUT);
        self.life.sends.push(Send {
            campaign: index,
            at,
            is_holdout,
        });
        if is_holdout {
            return;
        }
        if self.rng.chance(0.012) {
            self.react(index, at, 1..=60, "bounced");
            return;
        }
        self.react(index, at, 1..=300, "delivered");
        let opened = if campaign.channel == "whatsapp" { 0.6 } else { 0.3 };
        if self.rng.chance(opened) {
            let opened_at = at + self.rng.exponential(5.0 * HOUR_S as f64) as i64 + 30;
            self.react(index, opened_at, 0..=0, "opened");
            if self.rng.chance(about.click / opened) {
                self.react(index, opened_at, 5..=200, "clicked");
            }
        }
        if self.rng.chance(0.003) {
            self.react(index, at, 60..=40_000, "unsubscribed");
        }
        if campaign.channel == "whatsapp" && self.rng.chance(0.02) {
            self.react(index, at, 60..=40_000, "replied");
        }
        if self.rng.chance(about.orders) {
            let order_at = at + self.rng.exponential(14.0 * HOUR_S as f64) as i64 + 300;
            sessions.push((order_at, Some(index)));
        }
        let brings = self
            .world
            .effects
            .campaign_contacts
            .get(about.name)
            .copied()
            .unwrap_or(0.0);
        if self.rng.chance(brings) {
            self.ask_about_campaign(index, at);
        }
    }

    pub(super) fn react(
        &mut self,
        campaign: usize,
        from: i64,
        wait_s: std::ops::RangeInclusive<i64>,
        kind: &'static str,
    ) {
        let at = from + self.rng.int(*wait_s.start(), *wait_s.end());
        self.life.reactions.push(Reaction { campaign, at, kind });
    }

    pub(super) fn ask_about_campaign(&mut self, index: usize, sent_at: i64) {
        let has_code = self.world.campaigns[index].code.is_some();
        let id = match (has_code, self.rng.below(10)) {
            (true, 0..=3) => "discount/code_not_working",
            (_, 0..=6) => "discount/conditions",
            (_, 7 | 8) => "product/availability",
            _ => "product/information",
        };
        // Within three days, sleep included.
        let lag = self.rng.exponential(14.0 * HOUR_S as f64).min(60.0 * HOUR_S as f64) as i64;
        let at = sent_at + 600 + lag;
        self.contact(Cause {
            campaign: Some(index),
            ..Cause::new(Problem::index(id), at)
        });
    }

    pub(super) fn session(&mut self, at: i64, campaign: Option<usize>, before: i64) {
        let put_off = self
            .life
            .contacts
            .iter()
            .any(|c| c.is_bad && c.at < at && at - c.at < REBUY_WINDOW_D * DAY_S);
        if put_off && !self.rng.chance(self.world.effects.purchase_after_bad_contact) {
            return;
        }
        let is_new = self.life.orders.is_empty();
        let asked = self.ask_before(at, before, is_new);
        let item = self.draw_item();
        if !(asked || self.rng.chance(RECORDED)) {
            self.order(at, item, campaign);
            return;
        }
        let minutes = self.rng.int(2, 25);
        let value = item.price_cents();
        if self.rng.chance(self.abandon_chance(at, is_new)) {
            let step =
                ["cart", "address", "shipping", "payment"][self.rng.weighted([0.3, 0.2, 0.25, 0.25].into_iter())];
            let updated = at + minutes * 60;
            self.life.checkouts.push(Checkout {
                created: at,
                updated,
                value_cents: value,
                order: None,
                completed: None,
                step,
            });
            if self.rng.chance(0.012) {
                let problem = self.draw_problem(Anchor::Session);
                let asked_at = updated + self.rng.int(300, 20_000);
                self.contact(Cause {
                    item: Some(item),
                    ..Cause::new(problem, asked_at)
                });
            }
            return;
        }
        let recovered = self.rng.chance(0.08);
        let done = at + minutes * 60 + if recovered { self.rng.int(5, 40) * HOUR_S } else { 0 };
        if done >= self.world.calendar.end() {
            return;
        }
        let order = self.order(done, item, campaign);
        let value_cents = self.life.orders[order].total_cents;
        self.life.checkouts.push(Checkout {
            created: at,
            updated: done,
            value_cents,
            order: Some(order),
            completed: Some(done),
            step: "completed",
        });
    }

    /// A question before the checkout, perhaps; true when there was one.
    pub(super) fn ask_before(&mut self, at: i64, before: i64, is_new: bool) -> bool {
        let confounding = self.world.effects.confounding;
        let eagerness = if is_new {
            1.0 + 3.0 * confounding
        } else {
            1.0 - 0.4 * confounding
        };
        let (fading, incident) = self.fading_code(at);
        let all: f64 = rates(Anchor::Session).sum();
        if !self.rng.chance((all + fading) * eagerness) {
            return false;
        }
        let is_welcome = self.rng.chance(fading / (all + fading));
        let problem = if is_welcome {
            Problem::index(WELCOME_CODE)
        } else {
            self.draw_problem(Anchor::Session)
        };
        let lag_s = self.lag_s(problem).clamp(300, 5 * DAY_S);
        let asked_at = (at - lag_s).max(before + 900).max(self.world.calendar.start());
        if asked_at >= at {
            return false;
        }
        self.contact(Cause {
            incident: incident.filter(|_| is_welcome),
            ..Cause::new(problem, asked_at)
        });
        true
    }

    /// Contacts per checkout about the refused code on a day, and the incident behind them.
    pub(super) fn fading_code(&self, at: i64) -> (f64, Option<usize>) {
        let date = self.world.calendar.date(at);
        for (place, incident) in &self.world.incidents {
            if let IncidentKind::FadingCode { share } = incident.kind
                && date >= incident.from
                && date <= incident.to
            {
                let days = f64::from(incident.to.days_since(incident.from).max(1));
                return (share * f64::from(incident.to.days_since(date)) / days, Some(*place));
            }
        }
        (0.0, None)
    }

    pub(super) fn abandon_chance(&self, at: i64, is_new: bool) -> f64 {
        let confounding = self.world.effects.confounding;
        let base = ABANDON_RATE
            * if is_new {
                1.0 + 0.5 * confounding
            } else {
                1.0 - 0.5 * confounding
            };
        let mut factor = 1.0;
        for tag in self.tags_between(at - CART_WINDOW_D * DAY_S, at) {
            factor *= self.world.effects.cart_abandoned.get(tag).copied().unwrap_or(1.0);
        }
        (base * factor).min(0.95)
    }

    /// Distinct tags of the contacts so far that began in `[from, to)`.
    pub(super) fn tags_between(&self, from: i64, to: i64) -> Vec<&'static str> {
        let inside = self.life.contacts.iter().filter(|c| c.at >= from && c.at < to);
        let mut tags: Vec<&str> = inside.flat_map(Contact::tags).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    pub(super) fn draw_item(&mut self) -> Item {
        let index = if self.rng.chance(0.4) {
            self.rng.below(NUM_FASHION)
        } else {
            self.rng.below(NUM_ITEMS)
        };
        Item {
            index,
            variant: self.rng.below(VARIANTS),
        }
    }
}
