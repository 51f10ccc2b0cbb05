//! The night's rows joined once: per shop, contacts in order with their tags, person and follow-up.

use refrain_record::tables::{Campaign, Checkout, Conversation, ConversationOutcome, Order, Return, Send};
use refrain_record::{Date, Facet, LinkMethod, MatchReason, MembershipKind, RepeatKind, ShopId, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{NightFacts, ShopFacts};

pub(crate) const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;

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
    /// Seconds to the person's next order, from `link_order`.
    pub(crate) next_order_s: Option<i64>,
}

impl Contact<'_> {
    pub(crate) fn date(&self) -> Date {
        self.conversation.date
    }

    /// Time of the contact; midnight UTC of its date when the source has none.
    pub(crate) fn at(&self) -> Timestamp {
        self.conversation.started_at.unwrap_or_else(|| self.date().utc_midnight())
    }

    /// Follows an earlier contact about the same issue within 7 days.
    pub(crate) fn is_repeat_7d(&self) -> bool {
        self.outcome.is_some_and(|o| o.is_repeat_7d == Some(true))
    }
}

type Key<'a> = (&'a str, &'a str);

impl<'a> Night<'a> {
    /// Joins the rows; linear but for the sorts.
    #[must_use]
    pub fn prepare(facts: &'a NightFacts<'a>) -> Self {
        let mut shops: Vec<ShopFacts<'a>> = facts.shops.to_vec();
        shops.sort_by(|a, b| a.shop_id.cmp(b.shop_id));
        shops.dedup_by(|a, b| a.shop_id == b.shop_id);
        let split = Split { index: shops.iter().enumerate().map(|(i, s)| (s.shop_id.as_str(), i)).collect() };
        let conversations = split.rows(facts.conversations, |r| &r.shop_id);
        let outcomes = split.rows(facts.conversation_outcomes, |r| &r.shop_id);
        let tags = split.rows(facts.conversation_tags, |r| &r.shop_id);
        let links = split.rows(facts.repeat_links, |r| &r.shop_id);
        let link_order = split.rows(facts.link_order, |r| &r.shop_id);
        let orders = split.rows(facts.orders, |r| &r.shop_id);
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
                join.finish(shops[i], &conversations[i], &orders[i], &checkouts[i], &returns[i], &campaigns[i], &sends[i])
            })
            .collect();
        Self { facts, shops }
    }
}

struct Split<'a> {
    index: FxHashMap<&'a str, usize>,
}

impl Split<'_> {
    fn rows<'r, R>(&self, rows: &'r [R], shop: impl Fn(&R) -> &ShopId) -> Vec<Vec<&'r R>> {
        let mut split = vec![Vec::new(); self.index.len()];
        for row in rows {
            if let Some(i) = self.index.get(shop(row).as_str()) {
                split[*i].push(row);
            }
        }
        split
    }
}

/// One shop's contacts while the other tables are joined to them.
struct Join<'a> {
    contacts: Vec<Contact<'a>>,
    by_key: FxHashMap<Key<'a>, u32>,
    topics: Vec<&'a str>,
    issues: Vec<&'a str>,
    persons: Vec<&'a str>,
    person_index: FxHashMap<&'a str, u32>,
    customer_person: FxHashMap<&'a str, &'a str>,
}

impl<'a> Join<'a> {
    fn new(mut conversations: Vec<&'a Conversation>) -> Self {
        conversations.retain(|c| c.is_contact);
        conversations.sort_by(|a, b| {
            (a.date, &a.source, &a.conversation_id).cmp(&(b.date, &b.source, &b.conversation_id))
        });
        conversations.dedup_by(|a, b| (&a.source, &a.conversation_id) == (&b.source, &b.conversation_id));
        let contacts: Vec<Contact<'a>> = conversations
            .into_iter()
            .map(|conversation| Contact {
                conversation,
                outcome: None,
                topics: Vec::new(),
                act: None,
                stage: None,
                person: None,
                issue: None,
                followed_7d: None,
                followed_after_s: None,
                order_lag_days: None,
                next_order_s: None,
            })
            .collect();
        let by_key = contacts
            .iter()
            .enumerate()
            .map(|(i, c)| ((c.conversation.source.as_str(), c.conversation.conversation_id.as_str()), i as u32))
            .collect();
        Self {
            contacts,
            by_key,
            topics: Vec::new(),
            issues: Vec::new(),
            persons: Vec::new(),
            person_index: FxHashMap::default(),
            customer_person: FxHashMap::default(),
        }
    }

    fn contact(&self, source: &'a str, id: &'a str) -> Option<usize> {
        self.by_key.get(&(source, id)).map(|i| *i as usize)
    }

    fn outcomes(&mut self, rows: &[&'a ConversationOutcome]) {
        for row in rows {
            if let Some(i) = self.contact(row.source.as_str(), row.conversation_id.as_str()) {
                self.contacts[i].outcome = Some(row);
            }
        }
    }

    fn tags(&mut self, rows: &[&'a refrain_record::tables::ConversationTag]) {
        let topic = |r: &&&'a refrain_record::tables::ConversationTag| r.facet == Facet::Topic;
        let distinct: FxHashSet<&str> = rows.iter().filter(topic).map(|r| r.tag.as_str()).collect();
        self.topics = distinct.into_iter().collect();
        self.topics.sort_unstable();
        let index: FxHashMap<&str, u32> = self.topics.iter().enumerate().map(|(i, t)| (*t, i as u32)).collect();
        // Single-choice facets: the outcome's choice, else the best score, ties to the tag that sorts first.
        let mut best: FxHashMap<(usize, Facet), (f64, &'a str)> = FxHashMap::default();
        for row in rows {
            let Some(i) = self.contact(row.source.as_str(), row.conversation_id.as_str()) else { continue };
            if row.facet == Facet::Topic {
                self.contacts[i].topics.push(index[row.tag.as_str()]);
                continue;
            }
            let candidate = (row.score, row.tag.as_str());
            let held = best.entry((i, row.facet)).or_insert(candidate);
            if candidate.0.total_cmp(&held.0).then_with(|| held.1.cmp(candidate.1)).is_gt() {
                *held = candidate;
            }
        }
        for (i, contact) in self.contacts.iter_mut().enumerate() {
            contact.topics.sort_unstable();
            contact.topics.dedup();
            let pick = |facet| best.get(&(i, facet)).map(|b| b.1);
            let chosen = contact.outcome;
            contact.act = chosen.and_then(|o| o.act.as_ref()).map(|t| t.as_str()).or_else(|| pick(Facet::Act));
            contact.stage = chosen.and_then(|o| o.stage.as_ref()).map(|t| t.as_str()).or_else(|| pick(Facet::Stage));
        }
    }

    fn issues(
        &mut self,
        issues: &[&'a refrain_record::tables::Issue],
        members: &[&'a refrain_record::tables::IssueMember],
    ) {
        let canonical: FxHashMap<&str, &'a str> =
            issues.iter().map(|r| (r.issue_id.as_str(), r.canonical_id.as_str())).collect();
        let resolve = |id: &'a str| {
            let mut now = id;
            // A chain longer than this can only be a circle; any fixed place in it will do.
            for _ in 0..64 {
                match canonical.get(now) {
                    Some(next) if *next != now => now = next,
                    _ => break,
                }
            }
            now
        };
        let mut assigned: Vec<(usize, &'a str)> = Vec::new();
        for row in members.iter().filter(|r| r.kind == MembershipKind::Member) {
            let (Some(issue), Some(i)) =
                (&row.issue_id, self.contact(row.source.as_str(), row.conversation_id.as_str()))
            else {
                continue;
            };
            assigned.push((i, resolve(issue.as_str())));
        }
        self.issues = assigned.iter().map(|a| a.1).collect();
        self.issues.sort_unstable();
        self.issues.dedup();
        for (i, issue) in assigned {
            self.contacts[i].issue = self.issues.binary_search(&issue).ok().map(|x| x as u32);
        }
    }

    fn follow_ups(&mut self, links: &[&'a refrain_record::tables::RepeatLink]) {
        for link in links {
            // A transfer is the same contact going on, not a second one.
            if !link.same_issue || link.kind == RepeatKind::Forwarded || link.match_reason == MatchReason::None {
                continue;
            }
            let Some(i) = self.contact(link.prior_source.as_str(), link.prior_conversation_id.as_str()) else {
                continue;
            };
            let contact = &mut self.contacts[i];
            let days = i64::from(link.date.days_since(contact.date()));
            let gap_s = link.gap_s.unwrap_or(days * DAY_S);
            if (0..=WEEK_S).contains(&gap_s) {
                contact.followed_after_s = Some(contact.followed_after_s.map_or(gap_s, |g| g.min(gap_s)));
            }
        }
        for contact in &mut self.contacts {
            // `fcr_7d` is null until the next 7 days are known and when the person is not.
            contact.followed_7d = contact.outcome.and_then(|o| o.fcr_7d).map(|_| contact.followed_after_s.is_some());
        }
    }

    fn order_links(&mut self, links: &[&'a refrain_record::tables::LinkOrder]) {
        // An order named in the text beats the person's latest; then the nearest order counts.
        let mut about: FxHashMap<usize, (bool, i64)> = FxHashMap::default();
        for link in links {
            let Some(gap_s) = link.gap_s else { continue };
            let Some(i) = self.contact(link.source.as_str(), link.conversation_id.as_str()) else { continue };
            if link.is_next_order && gap_s >= 0 {
                let held = &mut self.contacts[i].next_order_s;
                *held = Some(held.map_or(gap_s, |g| g.min(gap_s)));
            } else if gap_s <= 0 {
                let found = (link.matched_by == LinkMethod::OrderId, gap_s);
                let held = about.entry(i).or_insert(found);
                *held = (*held).max(found);
            }
        }
        for (i, (_, gap_s)) in about {
            self.contacts[i].order_lag_days = u8::try_from(gap_s.saturating_neg() / DAY_S).ok();
        }
    }

    fn persons(&mut self, identities: &[&'a refrain_record::tables::Identity]) {
        for row in identities {
            let person = row.person_key.as_str();
            let held = self.customer_person.entry(row.customer_key.as_str()).or_insert(person);
            *held = (*held).min(person);
        }
        for i in 0..self.contacts.len() {
            let contact = &self.contacts[i];
            let person = match contact.outcome {
                Some(outcome) => outcome.person_key.as_ref().map(|p| p.as_str()),
                None => contact.conversation.customer_key.as_ref().map(|c| self.person_of(c.as_str())),
            };
            self.contacts[i].person = person.map(|p| self.intern(p));
        }
    }

    fn person_of(&self, customer: &'a str) -> &'a str {
        self.customer_person.get(customer).copied().unwrap_or(customer)
    }

    fn intern(&mut self, person: &'a str) -> u32 {
        *self.person_index.entry(person).or_insert_with(|| {
            self.persons.push(person);
            (self.persons.len() - 1) as u32
        })
    }

    fn customer(&mut self, key: Option<&'a refrain_record::CustomerKey>) -> Option<u32> {
        key.map(|key| {
            let person = self.person_of(key.as_str());
            self.intern(person)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one argument a table, called once")]
    fn finish(
        mut self,
        shop: ShopFacts<'a>,
        conversations: &[&'a Conversation],
        orders: &[&'a Order],
        checkouts: &[&'a Checkout],
        returns: &[&'a Return],
        campaigns: &[&'a Campaign],
        sends: &[&'a Send],
    ) -> ShopNight<'a> {
        let mut countable: Vec<&'a Order> = orders.iter().copied().filter(|o| !o.is_test).collect();
        countable.sort_by(|a, b| (a.ordered_at, &a.source, &a.order_id).cmp(&(b.ordered_at, &b.source, &b.order_id)));
        let orders: Vec<ShopOrder<'a>> = countable
            .into_iter()
            .map(|order| ShopOrder { order, person: self.customer(order.customer_key.as_ref()) })
            .collect();
        let mut checkouts: Vec<_> =
            checkouts.iter().map(|&c| (c, self.customer(c.customer_key.as_ref()))).collect();
        checkouts.sort_by(|a, b| (&a.0.source, &a.0.checkout_id).cmp(&(&b.0.source, &b.0.checkout_id)));
        let mut sends: Vec<_> = sends.iter().map(|&s| (s, self.customer(s.customer_key.as_ref()))).collect();
        sends.sort_by(|a, b| {
            (&a.0.source, &a.0.campaign_id, &a.0.send_id).cmp(&(&b.0.source, &b.0.campaign_id, &b.0.send_id))
        });
        let mut returns = returns.to_vec();
        returns.sort_by(|a, b| (a.opened_at, &a.source, &a.return_id).cmp(&(b.opened_at, &b.source, &b.return_id)));
        let mut campaigns = campaigns.to_vec();
        campaigns.sort_by(|a, b| (&a.source, &a.campaign_id).cmp(&(&b.source, &b.campaign_id)));

        let mut contacts_by_person: Vec<_> = self
            .contacts
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((c.person?, c.conversation.started_at?, i as u32)))
            .collect();
        contacts_by_person.sort_unstable();
        let mut orders_by_person: Vec<_> = orders
            .iter()
            .enumerate()
            .filter(|(_, o)| o.order.cancelled_at.is_none())
            .filter_map(|(i, o)| Some((o.person?, o.order.ordered_at, i as u32)))
            .collect();
        orders_by_person.sort_unstable();
        ShopNight {
            shop,
            contacts: self.contacts,
            persons: self.persons,
            topics: self.topics,
            issues: self.issues,
            orders,
            checkouts,
            returns,
            campaigns,
            sends,
            contacts_by_person,
            orders_by_person,
            conversations: conversations.to_vec(),
        }
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
