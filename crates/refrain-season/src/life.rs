//! One person's season: sessions, orders, parcels, problems, contacts, returns. The planted causes act here.

use refrain_record::{Channel, ReturnKind};

use crate::calendar::Calendar;
use crate::campaign::{Campaign, HOLDOUT, TYPES};
use crate::catalogue::{CARRIERS, Item, NUM_FASHION, NUM_ITEMS, PAYMENTS, REASONS, RETURN_RATE, VARIANTS};
use crate::config::{EffectSizes, Incident, IncidentKind};
use crate::desk::{CHANNELS, Course, Say, play, play_noise};
use crate::person::Person;
use crate::problem::{Anchor, COMPANIONS, LEAKING, Problem, RATE_SCALE, WELCOME_CODE};
use crate::rng::Rng;

pub(crate) const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// Chance that a recorded checkout comes to nothing.
pub(crate) const ABANDON_RATE: f64 = 0.33;
/// Share of sessions whose checkout the shop system records; all with a question before are.
const RECORDED: f64 = 0.42;
/// Days in which a contact acts on a later checkout.
pub(crate) const CART_WINDOW_D: i64 = 7;
/// Days after delivery before a return is decided; contacts until then act on it.
pub(crate) const RETURN_DECISION_D: i64 = 5;
/// Days in which a bad contact keeps from buying.
pub(crate) const REBUY_WINDOW_D: i64 = 90;
/// Chance of another contact about the same matter: solved, answered but not solved, never answered.
pub(crate) const REPEAT_RATE: [f64; 3] = [0.05, 0.48, 0.62];
/// Share of a strike's late orders whose buyers write, beside the usual.
const STRIKE_CONTACTS: f64 = 0.25;
/// Share of the opted-in that a campaign of reach 1 is sent to.
const AUDIENCE: f64 = 0.12;

/// A shop's world: all that its persons share.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) seed: u64,
    pub(crate) shop: usize,
    pub(crate) calendar: &'a Calendar,
    pub(crate) campaigns: &'a [Campaign],
    pub(crate) effects: &'a EffectSizes,
    /// This shop's, with their place in the config.
    pub(crate) incidents: Vec<(usize, &'a Incident)>,
}

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) at: i64,
    pub(crate) items: Vec<(Item, i64)>,
    pub(crate) carrier: usize,
    pub(crate) payment: usize,
    pub(crate) campaign: Option<usize>,
    pub(crate) shipping_cents: i64,
    pub(crate) discount_cents: i64,
    pub(crate) total_cents: i64,
    pub(crate) shipped: Option<i64>,
    pub(crate) delivered: Option<i64>,
    pub(crate) cancelled: Option<i64>,
    pub(crate) is_test: bool,
}

#[derive(Debug)]
pub(crate) struct Checkout {
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) value_cents: i64,
    pub(crate) order: Option<usize>,
    pub(crate) completed: Option<i64>,
    pub(crate) step: &'static str,
}

#[derive(Debug)]
pub(crate) struct Returned {
    pub(crate) opened: i64,
    pub(crate) order: usize,
    pub(crate) kind: ReturnKind,
    pub(crate) reason: &'static str,
    pub(crate) item: Option<Item>,
    pub(crate) refund_cents: i64,
}

#[derive(Debug)]
pub(crate) struct Send {
    pub(crate) campaign: usize,
    pub(crate) at: i64,
    pub(crate) is_holdout: bool,
}

#[derive(Debug)]
pub(crate) struct Reaction {
    pub(crate) campaign: usize,
    pub(crate) at: i64,
    pub(crate) kind: &'static str,
}

/// A contact with the desk.
#[derive(Debug)]
pub(crate) struct Contact {
    pub(crate) at: i64,
    /// `None` for spam and other noise.
    pub(crate) problem: Option<usize>,
    pub(crate) second: Option<usize>,
    pub(crate) order: Option<usize>,
    pub(crate) item: Item,
    pub(crate) campaign: Option<usize>,
    pub(crate) channel: Channel,
    pub(crate) repeat_of: Option<usize>,
    /// Earlier contacts about the same matter.
    pub(crate) again: usize,
    /// The source links it to `repeat_of`.
    pub(crate) is_follow_up: bool,
    /// Merged into `repeat_of`.
    pub(crate) is_merged: bool,
    pub(crate) is_bad: bool,
    /// Place of the incident that caused it.
    pub(crate) incident: Option<usize>,
    pub(crate) course: Course,
}

impl Contact {
    /// Leaf tags, main one first.
    pub(crate) fn tags(&self) -> Vec<&'static str> {
        let mut tags: Vec<&str> = [self.problem, self.second].into_iter().flatten().map(|p| Problem::all()[p].tag).collect();
        tags.dedup();
        tags
    }
}

/// Everything one person did, each list by time.
#[derive(Debug, Default)]
pub(crate) struct Life {
    pub(crate) orders: Vec<Order>,
    pub(crate) checkouts: Vec<Checkout>,
    pub(crate) returns: Vec<Returned>,
    pub(crate) sends: Vec<Send>,
    pub(crate) reactions: Vec<Reaction>,
    pub(crate) contacts: Vec<Contact>,
}

/// Lives one person's season.
pub(crate) fn live(person: &Person, world: &World<'_>) -> Life {
    let rng = Rng::of(&[world.seed, world.shop as u64, person.index, 2]);
    let mut living = Living { person, world, rng, life: Life::default() };
    let sessions = living.sessions();
    let mut before = i64::MIN / 2;
    for (at, campaign) in sessions {
        living.session(at, campaign, before);
        before = at;
    }
    living.noise();
    living.sort();
    living.life
}

struct Living<'a> {
    person: &'a Person,
    world: &'a World<'a>,
    rng: Rng,
    life: Life,
}

/// Where a new contact comes from.
#[derive(Clone, Copy)]
struct Cause {
    problem: usize,
    at: i64,
    order: Option<usize>,
    item: Option<Item>,
    campaign: Option<usize>,
    incident: Option<usize>,
}

impl Cause {
    fn new(problem: usize, at: i64) -> Self {
        Self { problem, at, order: None, item: None, campaign: None, incident: None }
    }
}

impl Living<'_> {
    /// Own sessions and those that campaigns bring, by time; sends are made on the way.
    fn sessions(&mut self) -> Vec<(i64, Option<usize>)> {
        let calendar = self.world.calendar;
        let count = self.rng.poisson(self.person.sessions);
        let mut sessions: Vec<(i64, Option<usize>)> = (0..count).map(|_| (calendar.draw(&mut self.rng), None)).collect();
        if self.person.opted_in {
            for at in 0..self.world.campaigns.len() {
                self.receive(at, &mut sessions);
            }
        }
        sessions.retain(|s| s.0 < calendar.end());
        sessions.sort_unstable();
        sessions
    }

    fn receive(&mut self, index: usize, sessions: &mut Vec<(i64, Option<usize>)>) {
        let campaign = &self.world.campaigns[index];
        let about = &TYPES[campaign.kind];
        let reachable = campaign.channel == "email" || self.person.phone.is_some();
        if campaign.is_planned || !reachable || !self.rng.chance(AUDIENCE * about.reach) {
            return;
        }
        let at = campaign.starts_at + self.rng.int(0, 2 * HOUR_S);
        let is_holdout = self.rng.chance(HOLDOUT);
        self.life.sends.push(Send { campaign: index, at, is_holdout });
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
        let brings = self.world.effects.campaign_contacts.get(about.name).copied().unwrap_or(0.0);
        if self.rng.chance(brings) {
            self.ask_about_campaign(index, at);
        }
    }

    fn react(&mut self, campaign: usize, from: i64, wait_s: std::ops::RangeInclusive<i64>, kind: &'static str) {
        let at = from + self.rng.int(*wait_s.start(), *wait_s.end());
        self.life.reactions.push(Reaction { campaign, at, kind });
    }

    fn ask_about_campaign(&mut self, index: usize, sent_at: i64) {
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
        self.contact(Cause { campaign: Some(index), ..Cause::new(Problem::index(id), at) });
    }

    fn session(&mut self, at: i64, campaign: Option<usize>, before: i64) {
        let put_off = self.life.contacts.iter().any(|c| c.is_bad && c.at < at && at - c.at < REBUY_WINDOW_D * DAY_S);
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
            let step = ["cart", "address", "shipping", "payment"][self.rng.weighted([0.3, 0.2, 0.25, 0.25].into_iter())];
            let updated = at + minutes * 60;
            self.life.checkouts.push(Checkout { created: at, updated, value_cents: value, order: None, completed: None, step });
            if self.rng.chance(0.012) {
                let problem = self.draw_problem(Anchor::Session);
                let asked_at = updated + self.rng.int(300, 20_000);
                self.contact(Cause { item: Some(item), ..Cause::new(problem, asked_at) });
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
        self.life.checkouts.push(Checkout { created: at, updated: done, value_cents, order: Some(order), completed: Some(done), step: "completed" });
    }

    /// A question before the checkout, perhaps; true when there was one.
    fn ask_before(&mut self, at: i64, before: i64, is_new: bool) -> bool {
        let confounding = self.world.effects.confounding;
        let eagerness = if is_new { 1.0 + 3.0 * confounding } else { 1.0 - 0.4 * confounding };
        let (fading, incident) = self.fading_code(at);
        let all: f64 = rates(Anchor::Session).sum();
        if !self.rng.chance((all + fading) * eagerness) {
            return false;
        }
        let is_welcome = self.rng.chance(fading / (all + fading));
        let problem = if is_welcome { Problem::index(WELCOME_CODE) } else { self.draw_problem(Anchor::Session) };
        let lag_s = self.lag_s(problem).clamp(300, 5 * DAY_S);
        let asked_at = (at - lag_s).max(before + 900).max(self.world.calendar.start());
        if asked_at >= at {
            return false;
        }
        self.contact(Cause { incident: incident.filter(|_| is_welcome), ..Cause::new(problem, asked_at) });
        true
    }

    /// Contacts per checkout about the refused code on a day, and the incident behind them.
    fn fading_code(&self, at: i64) -> (f64, Option<usize>) {
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

    fn abandon_chance(&self, at: i64, is_new: bool) -> f64 {
        let confounding = self.world.effects.confounding;
        let base = ABANDON_RATE * if is_new { 1.0 + 0.5 * confounding } else { 1.0 - 0.5 * confounding };
        let mut factor = 1.0;
        for tag in self.tags_between(at - CART_WINDOW_D * DAY_S, at) {
            factor *= self.world.effects.cart_abandoned.get(tag).copied().unwrap_or(1.0);
        }
        (base * factor).min(0.95)
    }

    /// Distinct tags of the contacts so far that began in `[from, to)`.
    fn tags_between(&self, from: i64, to: i64) -> Vec<&'static str> {
        let inside = self.life.contacts.iter().filter(|c| c.at >= from && c.at < to);
        let mut tags: Vec<&str> = inside.flat_map(Contact::tags).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    fn draw_item(&mut self) -> Item {
        let index = if self.rng.chance(0.4) { self.rng.below(NUM_FASHION) } else { self.rng.below(NUM_ITEMS) };
        Item { index, variant: self.rng.below(VARIANTS) }
    }

    /// Places an order and lives through what follows; its index.
    fn order(&mut self, at: i64, first: Item, campaign: Option<usize>) -> usize {
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
    fn follow(&mut self, order: usize) {
        let at = self.life.orders[order].at;
        self.problems(Anchor::Ordered, order, at, i64::MAX);
        self.charged_twice(order, at);
        self.problems(Anchor::Anytime, order, at + DAY_S, i64::MAX);
        let asked = self.life.contacts.iter().find(|c| c.order == Some(order) && c.course.solved && c.tags().first() == Some(&"order/cancel"));
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

    fn cancel(&mut self, order: usize, at: i64) {
        let total = self.life.orders[order].total_cents;
        self.life.orders[order].cancelled = Some(at);
        self.life.returns.push(Returned { opened: at, order, kind: ReturnKind::Cancel, reason: "cancelled", item: None, refund_cents: total });
        self.problems(Anchor::Returned, order, at, i64::MAX);
    }

    /// Sends the parcel; when it arrived, if it did.
    fn ship(&mut self, order: usize) -> Option<i64> {
        let calendar = self.world.calendar;
        let Order { at, carrier, .. } = self.life.orders[order];
        let shipped = calendar.after_open_seconds(at, self.rng.int(HOUR_S, 14 * HOUR_S));
        let (name, _, median_days) = CARRIERS[carrier];
        let mut days = self.rng.log_normal(median_days, 0.35);
        if self.rng.chance(0.055) {
            days += self.rng.between(3.0, 9.0);
        }
        let date = calendar.date(shipped);
        let strike = self.incident(date, |kind| matches!(kind, IncidentKind::CarrierStrike { carrier } if carrier == name).then_some(1.0));
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
    fn incident(&self, date: refrain_record::Date, share: impl Fn(&IncidentKind) -> Option<f64>) -> Option<(usize, f64)> {
        let on_day = self.world.incidents.iter().filter(|(_, i)| date >= i.from && date <= i.to);
        on_day.filter_map(|(place, i)| Some((*place, share(&i.kind)?))).next()
    }

    fn charged_twice(&mut self, order: usize, at: i64) {
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

    fn leaking(&mut self, order: usize, delivered: i64) {
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
                self.contact(Cause { order: Some(order), item: Some(item), incident: Some(place), ..Cause::new(problem, asked_at) });
            }
        }
    }

    /// Draws the problems of an anchor; a contact falls between `from` and `until`.
    fn problems(&mut self, anchor: Anchor, order: usize, from: i64, until: i64) {
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

    fn about_order(&mut self, problem: usize, order: usize, at: i64, incident: Option<usize>) {
        let items = &self.life.orders[order].items;
        let worn = items.iter().map(|i| i.0).find(|i| i.is_fashion());
        let item = if Problem::all()[problem].anchor == Anchor::Worn { worn } else { items.first().map(|i| i.0) };
        self.contact(Cause { order: Some(order), item, incident, ..Cause::new(problem, at) });
    }

    fn maybe_return(&mut self, order: usize, delivered: i64) {
        let ordered = self.life.orders[order].at;
        let decided = delivered + RETURN_DECISION_D * DAY_S;
        let mut chance = RETURN_RATE;
        for tag in self.tags_between(ordered, decided) {
            chance *= self.world.effects.returned.get(tag).copied().unwrap_or(1.0);
        }
        let settled = self.life.contacts.iter().any(|c| c.order == Some(order) && c.course.solved && c.problem.is_some_and(is_compensated));
        if self.rng.chance(chance.min(0.9)) {
            let opened = decided + self.rng.log_normal(4.0 * DAY_S as f64, 0.7) as i64;
            let (item, count) = self.life.orders[order].items[0];
            let of_size = |r: &(&str, f64)| r.0.starts_with("too_") && !item.is_fashion();
            let reason = REASONS[self.rng.weighted(REASONS.iter().map(|r| if of_size(r) { 0.0 } else { r.1 }))].0;
            let refund_cents = item.price_cents() * count;
            self.life.returns.push(Returned { opened, order, kind: ReturnKind::Return, reason, item: Some(item), refund_cents });
            if self.rng.chance(rates(Anchor::BeforeReturn).sum()) {
                let problem = self.draw_problem(Anchor::BeforeReturn);
                let at = (opened - self.lag_s(problem)).max(decided);
                self.about_order(problem, order, at, None);
            }
            self.problems(Anchor::Returned, order, opened + DAY_S, i64::MAX);
        } else if settled && self.rng.chance(0.5) {
            let refund_cents = self.life.orders[order].total_cents / 2;
            let opened = decided + self.rng.int(0, 3 * DAY_S);
            self.life.returns.push(Returned { opened, order, kind: ReturnKind::RefundOnly, reason: "goodwill", item: None, refund_cents });
        }
    }

    fn lag_s(&mut self, problem: usize) -> i64 {
        (self.rng.log_normal(Problem::all()[problem].lag_h, 0.8) * HOUR_S as f64) as i64
    }

    fn draw_problem(&mut self, anchor: Anchor) -> usize {
        self.rng.weighted(Problem::all().iter().map(|p| if p.anchor == anchor { p.rate } else { 0.0 }))
    }

    /// A contact and those that follow from it.
    fn contact(&mut self, cause: Cause) {
        let channel = self.draw_channel();
        let second = self.companion(cause.problem);
        let item = cause.item.unwrap_or_else(|| self.draw_item());
        let (mut at, mut channel, mut repeat_of) = (cause.at, channel, None);
        let (mut is_follow_up, mut is_merged) = (false, false);
        for again in 0..5 {
            at = self.moment(at, channel);
            if at >= self.world.calendar.end() {
                return;
            }
            let problem = &Problem::all()[cause.problem];
            let mut course = play(problem, channel, at, again, self.world.calendar, &mut self.rng);
            if is_merged {
                course.merge();
            }
            let rate = REPEAT_RATE[if course.solved { 0 } else { 1 + usize::from(!course.answered) }];
            let (answered, last_at, is_bad) = (course.answered, course.last_at, !course.solved);
            let this = self.life.contacts.len();
            self.life.contacts.push(Contact {
                at,
                problem: Some(cause.problem),
                second: if again == 0 { second } else { None },
                order: cause.order,
                item,
                campaign: cause.campaign,
                channel,
                repeat_of,
                again,
                is_follow_up,
                is_merged,
                is_bad,
                incident: cause.incident,
                course,
            });
            if is_merged || !self.rng.chance(rate) {
                return;
            }
            let switched = self.rng.chance(0.4);
            let next_channel = if switched { self.draw_channel() } else { channel };
            let impatient = !answered && self.rng.chance(0.6);
            at = if impatient {
                at + self.rng.int(2 * HOUR_S, 22 * HOUR_S)
            } else {
                last_at.max(at) + DAY_S + (self.rng.exponential(4.5 * DAY_S as f64) as i64).min(28 * DAY_S)
            };
            is_merged = impatient && self.rng.chance(0.3);
            is_follow_up = !is_merged && next_channel == channel && self.rng.chance(0.25);
            channel = next_channel;
            repeat_of = Some(this);
        }
    }

    /// People write when awake and call when somebody answers.
    fn moment(&mut self, at: i64, channel: Channel) -> i64 {
        let at = self.world.calendar.awake(at, &mut self.rng);
        let late = matches!(channel, Channel::Phone) || (channel == Channel::Chat && self.rng.chance(0.7));
        if late && !self.world.calendar.is_open(at) {
            let seconds = self.rng.int(60, 4 * HOUR_S);
            self.world.calendar.after_open_seconds(at, seconds)
        } else {
            at
        }
    }

    fn draw_channel(&mut self) -> Channel {
        loop {
            let channel = CHANNELS[self.rng.weighted(CHANNELS.iter().map(|c| c.1))].0;
            let by_phone = matches!(channel, Channel::Phone | Channel::Whatsapp);
            if !by_phone || self.person.phone.is_some() {
                return channel;
            }
        }
    }

    fn companion(&mut self, problem: usize) -> Option<usize> {
        let id = Problem::all()[problem].id;
        let (_, other, _) = COMPANIONS.iter().filter(|c| c.0 == id).find(|c| self.rng.chance(c.2))?;
        Some(Problem::index(other))
    }

    /// Spam, notices and thank-yous: a few in a hundred conversations.
    fn noise(&mut self) {
        for (say, rate) in [(Say::Spam, 0.0045), (Say::Notice, 0.0030), (Say::ThankYou, 0.0045)] {
            if self.rng.chance(rate) && (say != Say::ThankYou || !self.life.orders.is_empty()) {
                let at = self.world.calendar.draw(&mut self.rng);
                let course = play_noise(say, at, &mut self.rng);
                let item = self.draw_item();
                self.life.contacts.push(Contact {
                    at,
                    problem: None,
                    second: None,
                    order: None,
                    item,
                    campaign: None,
                    channel: Channel::Email,
                    repeat_of: None,
                    again: 0,
                    is_follow_up: false,
                    is_merged: false,
                    is_bad: false,
                    incident: None,
                    course,
                });
            }
        }
    }

    /// Cuts at the season's end and puts each list in order of time.
    fn sort(&mut self) {
        let (start, end) = (self.world.calendar.start(), self.world.calendar.end());
        let life = &mut self.life;
        let mut by_time: Vec<usize> = (0..life.contacts.len()).collect();
        by_time.sort_by_key(|&at| (life.contacts[at].at, at));
        let mut place = vec![0; by_time.len()];
        for (new, &old) in by_time.iter().enumerate() {
            place[old] = new;
        }
        for contact in &mut life.contacts {
            contact.repeat_of = contact.repeat_of.map(|old| place[old]);
            contact.course.turns.retain(|t| t.at < end);
            contact.course.events.retain(|e| e.at < end);
            contact.course.rating = contact.course.rating.filter(|r| r.at < end);
        }
        let mut contacts: Vec<(usize, Contact)> = life.contacts.drain(..).enumerate().collect();
        contacts.sort_by_key(|(old, _)| place[*old]);
        life.contacts = contacts.into_iter().map(|(_, c)| c).filter(|c| c.at >= start).collect();
        life.returns.retain(|r| r.opened < end);
        life.returns.sort_by_key(|r| r.opened);
        life.reactions.retain(|r| r.at < end);
        life.reactions.sort_by_key(|r| r.at);
        life.sends.sort_by_key(|s| s.at);
        for order in &mut life.orders {
            order.shipped = order.shipped.filter(|&at| at < end);
            order.delivered = order.delivered.filter(|&at| at < end);
        }
    }
}

/// Solved contacts about these may end in money back without a return.
fn is_compensated(problem: usize) -> bool {
    matches!(Problem::all()[problem].tag, "product/damaged" | "order/missing_item" | "shipping/lost" | "refund/request" | "product/quality")
}

fn rates(anchor: Anchor) -> impl Iterator<Item = f64> {
    Problem::all().iter().filter(move |p| p.anchor == anchor).map(|p| p.rate * RATE_SCALE)
}
