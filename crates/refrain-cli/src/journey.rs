//! The journey stage: persons with their events, bucket by bucket on all cores; outcomes of every conversation.

use std::ops::Range;

use rayon::prelude::*;
use refrain_ingest::Tables as SourceTables;
use refrain_journey::{
    AsOf, CampaignIndex, CampaignRef, CheckoutEvent, Contact, ContactOutcome, NUM_BUCKETS, OrderEvent, PersonHistory,
    PersonJourney, ReturnEvent, SendEvent, bucket, walk_person, walk_unknown,
};
use refrain_record::tables::{Conversation, ConversationOutcome, ConversationTag, Message};
use refrain_record::{AuthorRole, ConversationEventKind, CustomerKey, Date, Facet, PersonKey, Timestamp, Visibility};
use refrain_text::find_request;
use rustc_hash::FxHashMap;

use crate::config::Config;
use crate::phrases::Phrases;
use crate::progress::Progress;
use crate::stages::TopicTags;
use crate::tables::Links;
use crate::texts::{conversation_key, message_ranges, turns};

/// Longest opening kept per contact, in messages: what comes later answers somebody.
const MAX_OPENING_MESSAGES: usize = 5;

/// What the stage leaves.
pub(crate) struct Found {
    pub(crate) links: Links,
    pub(crate) outcomes: Vec<ConversationOutcome>,
}

/// Walks every person of every shop.
///
/// # Errors
/// When a shop has more campaigns than can be looked for.
pub(crate) fn run(
    config: &Config,
    phrases: &Phrases,
    source: &SourceTables,
    tags: &[ConversationTag],
    as_of: Date,
    progress: &Progress,
) -> anyhow::Result<Found> {
    let topics = TopicTags::new(tags);
    let people = people(source);
    let texts = contact_texts(source, phrases, &topics);
    let bar = progress.rows("walking persons", source.conversations.len() as u64);
    let mut found = Found {
        links: Links::default(),
        outcomes: Vec::with_capacity(source.conversations.len()),
    };
    for shop in &config.shops {
        let id = shop.id.as_str();
        let at = AsOf {
            date: as_of,
            end: shop.end_of(as_of),
        };
        let campaigns = campaigns(source, id)?;
        let world = World::new(source, &people, &texts, id);
        let buckets: Vec<Vec<(Option<&str>, PersonJourney)>> = (0..NUM_BUCKETS)
            .into_par_iter()
            .map(|number| {
                let walked = world.walk(number, &campaigns, config, at);
                bar.inc(walked.iter().map(|(_, j)| j.contacts.len() as u64).sum());
                walked
            })
            .collect();
        for (person, journey) in buckets.into_iter().flatten() {
            found.take(id, person, journey, &topics);
        }
    }
    bar.finish();
    found
        .outcomes
        .sort_by(|a, b| (&a.shop_id, &a.source, &a.conversation_id).cmp(&(&b.shop_id, &b.source, &b.conversation_id)));
    Ok(found)
}

/// Person of every customer key.
fn people(source: &SourceTables) -> FxHashMap<&CustomerKey, &PersonKey> {
    source
        .identities
        .iter()
        .map(|row| (&row.customer_key, &row.person_key))
        .collect()
}

/// What the texts of a conversation say, by its place in the table.
struct ContactText<'a> {
    request: &'a str,
    opening: String,
    is_redirected: bool,
    is_thanks_only: bool,
    tags: Vec<&'a str>,
    order_ids: Vec<&'a str>,
    first_resolved_at: Option<Timestamp>,
    reopened_at: Vec<Timestamp>,
}

fn contact_texts<'a>(source: &'a SourceTables, phrases: &Phrases, topics: &TopicTags<'a>) -> Vec<ContactText<'a>> {
    let ranges = message_ranges(source);
    let events = event_ranges(source);
    source
        .conversations
        .par_iter()
        .zip(ranges)
        .zip(events)
        .map(|((conversation, range), events)| contact_text(source, conversation, range, events, phrases, topics))
        .collect()
}

fn contact_text<'a>(
    source: &'a SourceTables,
    conversation: &'a Conversation,
    range: Range<usize>,
    events: Range<usize>,
    phrases: &Phrases,
    topics: &TopicTags<'a>,
) -> ContactText<'a> {
    let messages = &source.messages[range];
    let request = find_request(&turns(messages)).map_or("", |index| messages[index].text.as_str());
    let events = &source.conversation_events[events];
    let times = |kinds: &[ConversationEventKind]| -> Vec<Timestamp> {
        events
            .iter()
            .filter(|e| kinds.contains(&e.kind))
            .map(|e| e.at)
            .collect()
    };
    ContactText {
        request,
        opening: opening(messages),
        is_redirected: phrases.is_redirected(messages),
        is_thanks_only: phrases.is_thanks_only(messages),
        tags: topics.topics(conversation_key(conversation)),
        order_ids: conversation.order_ids.iter().map(String::as_str).collect(),
        first_resolved_at: times(&[ConversationEventKind::Solved, ConversationEventKind::Closed])
            .into_iter()
            .min(),
        reopened_at: times(&[ConversationEventKind::Reopened]),
    }
}

/// What the customer wrote before anybody answered.
fn opening(messages: &[Message]) -> String {
    let public = messages.iter().filter(|m| m.visibility == Visibility::Public);
    let texts: Vec<&str> = public
        .skip_while(|m| m.author_role != AuthorRole::Customer)
        .take_while(|m| m.author_role != AuthorRole::Agent)
        .filter(|m| m.author_role == AuthorRole::Customer)
        .take(MAX_OPENING_MESSAGES)
        .map(|m| m.text.as_str())
        .collect();
    texts.join("\n")
}

/// For each conversation the range of its events; both tables are in key order.
fn event_ranges(source: &SourceTables) -> Vec<Range<usize>> {
    let events = &source.conversation_events;
    let mut next = 0;
    let mut ranges = Vec::with_capacity(source.conversations.len());
    for conversation in &source.conversations {
        let key = conversation_key(conversation);
        let of = |i: usize| {
            events
                .get(i)
                .map(|e| (e.shop_id.as_str(), e.source.as_str(), e.conversation_id.as_str()))
        };
        // Events of a conversation that never came are passed over.
        while of(next).is_some_and(|k| k < key) {
            next += 1;
        }
        let start = next;
        while of(next) == Some(key) {
            next += 1;
        }
        ranges.push(start..next);
    }
    ranges
}

fn campaigns(source: &SourceTables, shop: &str) -> anyhow::Result<CampaignIndex> {
    let refs: Vec<CampaignRef<'_>> = source
        .campaigns
        .iter()
        .filter(|c| c.shop_id.as_str() == shop)
        .map(|c| CampaignRef {
            source: c.source.as_str(),
            campaign_id: c.campaign_id.as_str(),
            name: &c.name,
            code: c.code.as_ref().map(refrain_record::Label::as_str),
            url: c.url.as_deref(),
            starts_at: c.starts_at,
            ends_at: c.ends_at,
        })
        .collect();
    Ok(CampaignIndex::build(&refs)?)
}

/// One person's events.
#[derive(Default)]
struct Events<'a> {
    contacts: Vec<Contact<'a>>,
    orders: Vec<OrderEvent<'a>>,
    checkouts: Vec<CheckoutEvent<'a>>,
    returns: Vec<ReturnEvent<'a>>,
    sends: Vec<SendEvent<'a>>,
}

/// One shop's events by bucket and person; the orders and returns that contacts may name.
struct World<'a> {
    shop: &'a str,
    buckets: Vec<Vec<(&'a str, Events<'a>)>>,
    unknown: Vec<Contact<'a>>,
    orders: FxHashMap<&'a str, Vec<OrderEvent<'a>>>,
    returns: FxHashMap<&'a str, Vec<ReturnEvent<'a>>>,
}

impl<'a> World<'a> {
    fn new(
        source: &'a SourceTables,
        people: &FxHashMap<&'a CustomerKey, &'a PersonKey>,
        texts: &'a [ContactText<'a>],
        shop: &'a str,
    ) -> Self {
        let person = |key: &Option<CustomerKey>| key.as_ref().and_then(|k| people.get(k)).map(|p| p.as_str());
        let mut persons: FxHashMap<&'a str, Events<'a>> = FxHashMap::default();
        let mut world = Self {
            shop,
            buckets: Vec::new(),
            unknown: Vec::new(),
            orders: FxHashMap::default(),
            returns: FxHashMap::default(),
        };
        for (conversation, text) in source
            .conversations
            .iter()
            .zip(texts)
            .filter(|(c, _)| c.shop_id.as_str() == shop)
        {
            let contact = contact(conversation, text);
            match person(&conversation.customer_key) {
                Some(person) => persons.entry(person).or_default().contacts.push(contact),
                None => world.unknown.push(contact),
            }
        }
        for row in source
            .orders
            .iter()
            .filter(|o| o.shop_id.as_str() == shop && !o.is_test)
        {
            let event = OrderEvent {
                source: row.source.as_str(),
                order_id: row.order_id.as_str(),
                ordered_at: row.ordered_at,
            };
            world.orders.entry(event.order_id).or_default().push(event);
            if let Some(person) = person(&row.customer_key) {
                persons.entry(person).or_default().orders.push(event);
            }
        }
        for row in source.returns.iter().filter(|r| r.shop_id.as_str() == shop) {
            let event = ReturnEvent {
                source: row.source.as_str(),
                return_id: row.return_id.as_str(),
                order_id: row.order_id.as_ref().map(refrain_record::OrderId::as_str),
                opened_at: row.opened_at,
                kind: row.kind,
                reason: row.reason.as_ref().map(refrain_record::Label::as_str),
            };
            if let Some(order) = event.order_id {
                world.returns.entry(order).or_default().push(event);
            }
            if let Some(person) = person(&row.customer_key) {
                persons.entry(person).or_default().returns.push(event);
            }
        }
        for row in source.checkouts.iter().filter(|c| c.shop_id.as_str() == shop) {
            if let Some(person) = person(&row.customer_key) {
                persons.entry(person).or_default().checkouts.push(CheckoutEvent {
                    source: row.source.as_str(),
                    checkout_id: row.checkout_id.as_str(),
                    updated_at: row.updated_at,
                    completed_at: row.completed_at,
                    step: row.step.as_ref().map(refrain_record::Label::as_str),
                    is_abandoned: row.is_abandoned,
                });
            }
        }
        for row in source
            .sends
            .iter()
            .filter(|s| s.shop_id.as_str() == shop && !s.is_holdout)
        {
            if let Some(person) = person(&row.customer_key) {
                persons.entry(person).or_default().sends.push(SendEvent {
                    source: row.source.as_str(),
                    campaign_id: row.campaign_id.as_str(),
                    sent_at: row.sent_at,
                });
            }
        }
        world.spread(persons);
        world
    }

    /// Persons into buckets, in order of their key.
    fn spread(&mut self, persons: FxHashMap<&'a str, Events<'a>>) {
        self.buckets = (0..NUM_BUCKETS).map(|_| Vec::new()).collect();
        let mut persons: Vec<_> = persons
            .into_iter()
            .filter(|(_, events)| !events.contacts.is_empty())
            .collect();
        persons.sort_by_key(|(key, _)| *key);
        for (key, events) in persons {
            self.buckets[usize::from(bucket(key))].push((key, events));
        }
    }

    fn walk(
        &self,
        number: u8,
        campaigns: &CampaignIndex,
        config: &Config,
        at: AsOf,
    ) -> Vec<(Option<&'a str>, PersonJourney)> {
        let mut walked = Vec::new();
        for (key, events) in &self.buckets[usize::from(number)] {
            let (orders, mut returns) = self.named(&events.contacts);
            let named: Vec<OrderEvent<'_>> = orders.into_iter().filter(|o| !events.orders.contains(o)).collect();
            returns.retain(|r| !events.returns.contains(r));
            returns.extend(&events.returns);
            let history = PersonHistory {
                contacts: &events.contacts,
                orders: &events.orders,
                named_orders: &named,
                checkouts: &events.checkouts,
                returns: &returns,
                sends: &events.sends,
                ..PersonHistory::new(self.shop, key, campaigns)
            };
            walked.push((Some(*key), walk_person(&history, &config.journey, at)));
        }
        // Contacts of nobody known go with the last bucket.
        if number + 1 == NUM_BUCKETS {
            for contact in &self.unknown {
                let (orders, returns) = self.named(std::slice::from_ref(contact));
                let around = PersonHistory {
                    named_orders: &orders,
                    returns: &returns,
                    ..PersonHistory::new(self.shop, "", campaigns)
                };
                walked.push((None, walk_unknown(contact, &around, &config.journey, at)));
            }
        }
        walked
    }

    /// Orders that the contacts name, and the returns of those orders, each once.
    fn named(&self, contacts: &[Contact<'a>]) -> (Vec<OrderEvent<'a>>, Vec<ReturnEvent<'a>>) {
        let mut ids: Vec<&str> = contacts.iter().flat_map(|c| c.order_ids.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let orders = ids
            .iter()
            .filter_map(|id| self.orders.get(id))
            .flatten()
            .copied()
            .collect();
        let returns = ids
            .iter()
            .filter_map(|id| self.returns.get(id))
            .flatten()
            .copied()
            .collect();
        (orders, returns)
    }
}

fn contact<'a>(c: &'a Conversation, text: &'a ContactText<'a>) -> Contact<'a> {
    Contact {
        date: c.date,
        started_at: c.started_at,
        first_resolved_at: text.first_resolved_at,
        ended_at: c.ended_at,
        channel: c.channel,
        end_reason: c.end_reason,
        is_contact: c.is_contact,
        is_thanks_only: text.is_thanks_only,
        num_reopens: c.num_reopens,
        reopened_at: &text.reopened_at,
        tags: &text.tags,
        order_ids: &text.order_ids,
        request_text: text.request,
        opening_text: &text.opening,
        is_redirected: text.is_redirected,
        num_transfers: c.num_transfers,
        num_agent_messages: c.num_agent_messages,
        bot_involved: c.bot_involved,
        has_handover: c.handover_at.is_some() || c.handover_turn.is_some() || c.handover_reason.is_some(),
        follows_up: c.follows_up.as_ref().map(refrain_record::ConversationId::as_str),
        merged_into: c.merged_into.as_ref().map(refrain_record::ConversationId::as_str),
        first_response_s: c.first_response_s,
        never_answered: c.never_answered,
        ..Contact::new(c.source.as_str(), c.conversation_id.as_str())
    }
}

impl Found {
    fn take(&mut self, shop: &str, person: Option<&str>, journey: PersonJourney, topics: &TopicTags<'_>) {
        self.links.repeat_links.extend(journey.repeat_links);
        self.links.link_order.extend(journey.link_orders);
        self.links.link_cart.extend(journey.link_carts);
        self.links.link_return.extend(journey.link_returns);
        self.links.link_campaign.extend(journey.link_campaigns);
        self.outcomes.extend(
            journey
                .contacts
                .into_iter()
                .map(|contact| outcome(shop, person, contact, topics)),
        );
    }
}

fn outcome(shop: &str, person: Option<&str>, c: ContactOutcome, topics: &TopicTags<'_>) -> ConversationOutcome {
    let key = (shop, c.source.as_str(), c.conversation_id.as_str());
    let tags: Vec<String> = topics.topics(key).into_iter().map(str::to_owned).collect();
    let single = |facet| topics.single(key, facet).cloned();
    ConversationOutcome {
        shop_id: shop.into(),
        date: c.date,
        person_key: person.map(Into::into),
        top_tag: tags.first().map(|tag| tag.as_str().into()),
        act: single(Facet::Act),
        stage: single(Facet::Stage),
        is_repeat_1d: c.is_repeat[0],
        is_repeat_7d: c.is_repeat[1],
        is_repeat_14d: c.is_repeat[2],
        is_repeat_30d: c.is_repeat[3],
        fcr_1d: c.fcr[0],
        fcr_7d: c.fcr[1],
        fcr_14d: c.fcr[2],
        fcr_30d: c.fcr[3],
        is_one_touch: c.is_one_touch,
        bot_contained: c.bot_contained,
        customer_orders_before: c.customer_orders_before,
        customer_channels_30d: c.customer_channels_30d,
        prev_conversation_id: c.prev_conversation_id,
        days_since_prev: c.days_since_prev,
        issue_id: None,
        waits_for: c.waits_for.into_iter().map(str::to_owned).collect(),
        source: c.source,
        conversation_id: c.conversation_id,
        tags,
    }
}
