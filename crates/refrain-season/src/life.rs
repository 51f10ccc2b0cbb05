//! One person's season: sessions, orders, parcels, problems, contacts, returns. The planted causes act here.

mod contacts;
mod parcel;
mod shopping;

use refrain_record::{Channel, ReturnKind};

use crate::calendar::Calendar;
use crate::campaign::Campaign;
use crate::catalogue::Item;
use crate::config::{EffectSizes, Incident};
use crate::course::Course;
use crate::person::Person;
use crate::problem::Problem;
use crate::rng::Rng;

pub(crate) const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// Days in which a contact acts on a later checkout.
pub(crate) const CART_WINDOW_D: i64 = 7;
/// Days after delivery before a return is decided; contacts until then act on it.
pub(crate) const RETURN_DECISION_D: i64 = 5;
/// Days in which a bad contact keeps from buying.
pub(crate) const REBUY_WINDOW_D: i64 = 90;

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
        let mut tags: Vec<&str> = [self.problem, self.second]
            .into_iter()
            .flatten()
            .map(|p| Problem::all()[p].tag)
            .collect();
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
    let mut living = Living {
        person,
        world,
        rng,
        life: Life::default(),
    };
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
        Self {
            problem,
            at,
            order: None,
            item: None,
            campaign: None,
            incident: None,
        }
    }
}
impl Living<'_> {
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
