//! The night's rows joined once: per shop, contacts in order with their tags, person and follow-up.

use refrain_record::tables::{Campaign, Checkout, Conversation, ConversationOutcome, Order, OrderLine, Return, Send};
use refrain_record::{Date, Timestamp};

use crate::join::{Join, Split};
use crate::{NightFacts, ShopFacts};

pub(crate) const DAY_S: i64 = 86_400;

/// Facts joined and sorted; every table of this stage is made from it.
pub struct Night<'a> {
    pub(crate) facts: &'a NightFacts<'a>,
    /// By shop id.
    pub(crate) shops: Vec<ShopNight<'a>>,
}

/// One shop's rows. Persons, topics and issues are indexes into the sorted lists here.
pub(crate) struct ShopNight<'a> {
    pub(crate) shop: ShopFacts<'a>,
    /// Contacts by date, source and id.
    pub(crate) contacts: Vec<Contact<'a>>,
    pub(crate) persons: Vec<&'a str>,
    pub(crate) topics: Vec<&'a str>,
    pub(crate) issues: Vec<&'a str>,
    /// Countable orders (no tests) by time, source and id.
    pub(crate) orders: Vec<ShopOrder<'a>>,
    /// Lines with their order's index in `orders`.
    pub(crate) order_lines: Vec<(u32, &'a OrderLine)>,
    pub(crate) checkouts: Vec<(&'a Checkout, Option<u32>)>,
    pub(crate) returns: Vec<&'a Return>,
    pub(crate) campaigns: Vec<&'a Campaign>,
    pub(crate) sends: Vec<(&'a Send, Option<u32>)>,
    /// Contacts with person and time: person, time, index in `contacts`.
    pub(crate) contacts_by_person: Vec<(u32, Timestamp, u32)>,
    /// Countable orders with person that were not cancelled: person, time, index in `orders`.
    pub(crate) orders_by_person: Vec<(u32, Timestamp, u32)>,
    /// Sources by conversations of any kind, and those that were not contacts.
    pub(crate) conversations: Vec<&'a Conversation>,
}

pub(crate) struct ShopOrder<'a> {
    pub(crate) order: &'a Order,
    pub(crate) person: Option<u32>,
}

pub(crate) struct Contact<'a> {
    pub(crate) conversation: &'a Conversation,
    pub(crate) outcome: Option<&'a ConversationOutcome>,
    /// Topic tags as set, sorted, each once however many methods set it.
    pub(crate) topics: Vec<u32>,
    pub(crate) act: Option<&'a str>,
    pub(crate) stage: Option<&'a str>,
    pub(crate) person: Option<u32>,
    /// Canonical issue it is a member of.
    pub(crate) issue: Option<u32>,
    /// Whether another contact about the same issue followed within 7 days; `None` until known.
    pub(crate) followed_7d: Option<bool>,
    /// Seconds to that contact.
    pub(crate) followed_after_s: Option<i64>,
    /// Whole days since the order it is about.
    pub(crate) order_lag_days: Option<u8>,
    /// That order, index in `orders`, unless it is a test order.
    pub(crate) order: Option<u32>,
    /// Seconds to the person's next order, from `link_order`.
    pub(crate) next_order_s: Option<i64>,
}

impl Contact<'_> {
    pub(crate) fn date(&self) -> Date {
        self.conversation.date
    }

    /// Time of the contact; midnight UTC of its date when the source has none.
    pub(crate) fn at(&self) -> Timestamp {
        self.conversation
            .started_at
            .unwrap_or_else(|| self.date().utc_midnight())
    }

    /// Follows an earlier contact about the same issue within 7 days.
    pub(crate) fn is_repeat_7d(&self) -> bool {
        self.outcome.is_some_and(|o| o.is_repeat_7d == Some(true))
    }
}

impl<'a> Night<'a> {
    /// Joins the rows; linear but for the sorts.
    #[must_use]
    pub fn prepare(facts: &'a NightFacts<'a>) -> Self {
        let mut shops: Vec<ShopFacts<'a>> = facts.shops.to_vec();
        shops.sort_by(|a, b| a.shop_id.cmp(b.shop_id));
        shops.dedup_by(|a, b| a.shop_id == b.shop_id);
        let split = Split {
            index: shops.iter().enumerate().map(|(i, s)| (s.shop_id.as_str(), i)).collect(),
        };
        let conversations = split.rows(facts.conversations, |r| &r.shop_id);
        let outcomes = split.rows(facts.conversation_outcomes, |r| &r.shop_id);
        let tags = split.rows(facts.conversation_tags, |r| &r.shop_id);
        let links = split.rows(facts.repeat_links, |r| &r.shop_id);
        let link_order = split.rows(facts.link_order, |r| &r.shop_id);
        let orders = split.rows(facts.orders, |r| &r.shop_id);
        let lines = split.rows(facts.order_lines, |r| &r.shop_id);
        let checkouts = split.rows(facts.checkouts, |r| &r.shop_id);
        let returns = split.rows(facts.returns, |r| &r.shop_id);
        let campaigns = split.rows(facts.campaigns, |r| &r.shop_id);
        let sends = split.rows(facts.sends, |r| &r.shop_id);
        let identities = split.rows(facts.identities, |r| &r.shop_id);
        let issues = split.rows(facts.issues, |r| &r.shop_id);
        let members = split.rows(facts.issue_members, |r| &r.shop_id);

        let shops = (0..shops.len())
            .map(|i| {
                let mut join = Join::new(conversations[i].clone());
                join.outcomes(&outcomes[i]);
                join.tags(&tags[i]);
                join.issues(&issues[i], &members[i]);
                join.follow_ups(&links[i]);
                join.order_links(&link_order[i]);
                join.persons(&identities[i]);
                join.finish(
                    shops[i],
                    &conversations[i],
                    &orders[i],
                    &lines[i],
                    &checkouts[i],
                    &returns[i],
                    &campaigns[i],
                    &sends[i],
                )
            })
            .collect();
        Self { facts, shops }
    }
}

/// Entries of one person from `from` up to and without `to` in a list sorted by person and time.
pub(crate) fn of_person(
    sorted: &[(u32, Timestamp, u32)],
    person: u32,
    from: Timestamp,
    to: Timestamp,
) -> &[(u32, Timestamp, u32)] {
    let start = sorted.partition_point(|e| (e.0, e.1) < (person, from));
    let end = sorted.partition_point(|e| (e.0, e.1) < (person, to));
    &sorted[start..end.max(start)]
}
