//! How the rows of one shop are joined into contacts: by key, whatever the order of the input.

use refrain_record::tables::{
    Campaign, Checkout, Conversation, ConversationOutcome, ConversationTag, Identity, Issue, IssueMember, LinkOrder,
    Order, OrderLine, RepeatLink, Return, Send,
};
use refrain_record::{CustomerKey, Facet, LinkMethod, MatchReason, MembershipKind, RepeatKind, ShopId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ShopFacts;
use crate::night::{Contact, DAY_S, ShopNight, ShopOrder};

const WEEK_S: i64 = 7 * DAY_S;

type Key<'a> = (&'a str, &'a str);
/// Named in the text, seconds from contact back to order, source and id.
type About<'a> = (bool, i64, Key<'a>);

/// Rows by shop.
pub(crate) struct Split<'a> {
    pub(crate) index: FxHashMap<&'a str, usize>,
}

impl Split<'_> {
    pub(crate) fn rows<'r, R>(&self, rows: &'r [R], shop: impl Fn(&R) -> &ShopId) -> Vec<Vec<&'r R>> {
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
pub(crate) struct Join<'a> {
    contacts: Vec<Contact<'a>>,
    by_key: FxHashMap<Key<'a>, u32>,
    topics: Vec<&'a str>,
    issues: Vec<&'a str>,
    persons: Vec<&'a str>,
    person_index: FxHashMap<&'a str, u32>,
    customer_person: FxHashMap<&'a str, &'a str>,
    /// Contacts with the order they are about.
    about: Vec<(usize, Key<'a>)>,
}

impl<'a> Join<'a> {
    pub(crate) fn new(mut conversations: Vec<&'a Conversation>) -> Self {
        conversations.retain(|c| c.is_contact);
        conversations
            .sort_by(|a, b| (a.date, &a.source, &a.conversation_id).cmp(&(b.date, &b.source, &b.conversation_id)));
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
                order: None,
                next_order_s: None,
            })
            .collect();
        let by_key = contacts
            .iter()
            .enumerate()
            .map(|(i, c)| {
                (
                    (c.conversation.source.as_str(), c.conversation.conversation_id.as_str()),
                    i as u32,
                )
            })
            .collect();
        Self {
            contacts,
            by_key,
            topics: Vec::new(),
            issues: Vec::new(),
            persons: Vec::new(),
            person_index: FxHashMap::default(),
            customer_person: FxHashMap::default(),
            about: Vec::new(),
        }
    }

    fn contact(&self, source: &'a str, id: &'a str) -> Option<usize> {
        self.by_key.get(&(source, id)).map(|i| *i as usize)
    }

    pub(crate) fn outcomes(&mut self, rows: &[&'a ConversationOutcome]) {
        for row in rows {
            if let Some(i) = self.contact(row.source.as_str(), row.conversation_id.as_str()) {
                self.contacts[i].outcome = Some(row);
            }
        }
    }

    pub(crate) fn tags(&mut self, rows: &[&'a ConversationTag]) {
        let topic = |r: &&&'a ConversationTag| r.facet == Facet::Topic;
        let distinct: FxHashSet<&str> = rows.iter().filter(topic).map(|r| r.tag.as_str()).collect();
        self.topics = distinct.into_iter().collect();
        self.topics.sort_unstable();
        let index: FxHashMap<&str, u32> = self.topics.iter().enumerate().map(|(i, t)| (*t, i as u32)).collect();
        // Single-choice facets: the outcome's choice, else the best score, ties to the tag that sorts first.
        let mut best: FxHashMap<(usize, Facet), (f64, &'a str)> = FxHashMap::default();
        for row in rows {
            let Some(i) = self.contact(row.source.as_str(), row.conversation_id.as_str()) else {
                continue;
            };
            if row.facet == Facet::Topic {
                self.contacts[i].topics.push(index[row.tag.as_str()]);
                continue;
            }
            let candidate = (row.score, row.tag.as_str());
            let held = best.entry((i, row.facet)).or_insert(candidate);
            if candidate
                .0
                .total_cmp(&held.0)
                .then_with(|| held.1.cmp(candidate.1))
                .is_gt()
            {
                *held = candidate;
            }
        }
        for (i, contact) in self.contacts.iter_mut().enumerate() {
            contact.topics.sort_unstable();
            contact.topics.dedup();
            let pick = |facet| best.get(&(i, facet)).map(|b| b.1);
            let chosen = contact.outcome;
            contact.act = chosen
                .and_then(|o| o.act.as_ref())
                .map(|t| t.as_str())
                .or_else(|| pick(Facet::Act));
            contact.stage = chosen
                .and_then(|o| o.stage.as_ref())
                .map(|t| t.as_str())
                .or_else(|| pick(Facet::Stage));
        }
    }

    pub(crate) fn issues(&mut self, issues: &[&'a Issue], members: &[&'a IssueMember]) {
        let canonical: FxHashMap<&str, &'a str> = issues
            .iter()
            .map(|r| (r.issue_id.as_str(), r.canonical_id.as_str()))
            .collect();
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
            let (Some(issue), Some(i)) = (
                &row.issue_id,
                self.contact(row.source.as_str(), row.conversation_id.as_str()),
            ) else {
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

    pub(crate) fn follow_ups(&mut self, links: &[&'a RepeatLink]) {
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
            contact.followed_7d = contact
                .outcome
                .and_then(|o| o.fcr_7d)
                .map(|_| contact.followed_after_s.is_some());
        }
    }

    pub(crate) fn order_links(&mut self, links: &[&'a LinkOrder]) {
        // An order named in the text beats the person's latest; then the nearest order counts.
        let mut about: FxHashMap<usize, About<'a>> = FxHashMap::default();
        for link in links {
            let Some(gap_s) = link.gap_s else { continue };
            let Some(i) = self.contact(link.source.as_str(), link.conversation_id.as_str()) else {
                continue;
            };
            if link.is_next_order && gap_s >= 0 {
                let held = &mut self.contacts[i].next_order_s;
                *held = Some(held.map_or(gap_s, |g| g.min(gap_s)));
            } else if gap_s <= 0 {
                let is_named = link.matched_by == LinkMethod::OrderId;
                let found = (is_named, gap_s, (link.order_source.as_str(), link.order_id.as_str()));
                let held = about.entry(i).or_insert(found);
                *held = (*held).max(found);
            }
        }
        for (i, (_, gap_s, order)) in about {
            self.contacts[i].order_lag_days = u8::try_from(gap_s.saturating_neg() / DAY_S).ok();
            self.about.push((i, order));
        }
    }

    pub(crate) fn persons(&mut self, identities: &[&'a Identity]) {
        for row in identities {
            let person = row.person_key.as_str();
            let held = self.customer_person.entry(row.customer_key.as_str()).or_insert(person);
            *held = (*held).min(person);
        }
        for i in 0..self.contacts.len() {
            let contact = &self.contacts[i];
            let person = match contact.outcome {
                Some(outcome) => outcome.person_key.as_ref().map(|p| p.as_str()),
                None => contact
                    .conversation
                    .customer_key
                    .as_ref()
                    .map(|c| self.person_of(c.as_str())),
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

    fn customer(&mut self, key: Option<&'a CustomerKey>) -> Option<u32> {
        key.map(|key| {
            let person = self.person_of(key.as_str());
            self.intern(person)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one argument a table, called once")]
    pub(crate) fn finish(
        mut self,
        shop: ShopFacts<'a>,
        conversations: &[&'a Conversation],
        orders: &[&'a Order],
        lines: &[&'a OrderLine],
        checkouts: &[&'a Checkout],
        returns: &[&'a Return],
        campaigns: &[&'a Campaign],
        sends: &[&'a Send],
    ) -> ShopNight<'a> {
        let mut countable: Vec<&'a Order> = orders.iter().copied().filter(|o| !o.is_test).collect();
        countable.sort_by(|a, b| (a.ordered_at, &a.source, &a.order_id).cmp(&(b.ordered_at, &b.source, &b.order_id)));
        let orders: Vec<ShopOrder<'a>> = countable
            .into_iter()
            .map(|order| ShopOrder {
                order,
                person: self.customer(order.customer_key.as_ref()),
            })
            .collect();
        let mut checkouts: Vec<_> = checkouts
            .iter()
            .map(|&c| (c, self.customer(c.customer_key.as_ref())))
            .collect();
        checkouts.sort_by(|a, b| (&a.0.source, &a.0.checkout_id).cmp(&(&b.0.source, &b.0.checkout_id)));
        let mut sends: Vec<_> = sends
            .iter()
            .map(|&s| (s, self.customer(s.customer_key.as_ref())))
            .collect();
        sends.sort_by(|a, b| {
            (&a.0.source, &a.0.campaign_id, &a.0.send_id).cmp(&(&b.0.source, &b.0.campaign_id, &b.0.send_id))
        });
        let mut returns = returns.to_vec();
        returns.sort_by(|a, b| (a.opened_at, &a.source, &a.return_id).cmp(&(b.opened_at, &b.source, &b.return_id)));
        let mut campaigns = campaigns.to_vec();
        campaigns.sort_by(|a, b| (&a.source, &a.campaign_id).cmp(&(&b.source, &b.campaign_id)));

        let order_index: FxHashMap<Key<'_>, u32> = orders
            .iter()
            .enumerate()
            .map(|(i, o)| ((o.order.source.as_str(), o.order.order_id.as_str()), i as u32))
            .collect();
        let order_lines = lines
            .iter()
            .filter_map(|l| Some((*order_index.get(&(l.source.as_str(), l.order_id.as_str()))?, *l)))
            .collect();
        for (i, order) in &self.about {
            self.contacts[*i].order = order_index.get(order).copied();
        }
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
            order_lines,
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
