//! One pass over a person's contacts: who repeats whom, and what links to what.

use crate::config::Config;
use crate::event::{AsOf, Contact, PersonHistory};
use crate::evidence::{Evidence, Texts, same_issue, shared_tag};
use crate::kind::kind;
use crate::links::Linker;
use crate::outcome::{ContactOutcome, WINDOWS_DAYS, Walked, gap_days, gap_s, is_within, outcome, window_of};
use crate::phrases::says_again;
use refrain_record::tables::{LinkCampaign, LinkCart, LinkOrder, LinkReturn, RepeatLink};
use refrain_record::{Channel, ConversationId, Date, MatchReason, PersonKey, RepeatKind, ShopId, SourceId, TagPath};
use std::collections::VecDeque;

/// Recent contacts looked at for each new one. Who has more inside the longest window is no single
/// person, and the pass stays linear.
pub(crate) const MAX_LOOK_BACK: usize = 256;

const CHANNEL_DAYS: i64 = 30;

/// All rows of one person, each list sorted by its table's key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonJourney {
    /// At most one for each later contact.
    pub repeat_links: Vec<RepeatLink>,
    /// Contacts and orders.
    pub link_orders: Vec<LinkOrder>,
    /// Contacts and checkouts.
    pub link_carts: Vec<LinkCart>,
    /// Contacts and returns.
    pub link_returns: Vec<LinkReturn>,
    /// Contacts and campaigns.
    pub link_campaigns: Vec<LinkCampaign>,
    /// One for each conversation up to the run's date.
    pub contacts: Vec<ContactOutcome>,
}

/// Repeats, links and outcomes of one person.
///
/// A contact links to the closest earlier one about the same matter inside the longest window,
/// else to the closest earlier one at all inside it; of equally close ones to the older. Spam,
/// merged-away, outbound and thanks-only conversations take no part, nor do days on which the
/// identity is shared. Events after `as_of` are as if they were not there.
#[must_use]
pub fn walk_person(history: &PersonHistory<'_>, config: &Config, as_of: AsOf) -> PersonJourney {
    let contacts = contacts_until(history.contacts, as_of);
    let shared = shared_days(&contacts, config.max_contacts_per_day);
    let mut walked = vec![Walked::default(); contacts.len()];
    for (contact, walked) in contacts.iter().zip(&mut walked) {
        walked.is_shared = shared.binary_search(&contact.date).is_ok();
        walked.is_known = !walked.is_shared;
        walked.repeats_within = WINDOWS_DAYS.len();
        walked.repeated_within = WINDOWS_DAYS.len();
    }
    let linker = Linker::new(history, config, as_of);
    count_channels(&contacts, &mut walked);
    let mut journey = PersonJourney {
        repeat_links: link_repeats(history, &contacts, &mut walked, config),
        ..PersonJourney::default()
    };
    for (contact, walked) in contacts.iter().zip(&mut walked) {
        walked.orders_before = linker.orders_before(contact);
        linker.link(contact, walked.is_known, &mut journey);
    }
    let outcomes = contacts.iter().zip(&walked);
    journey.contacts = outcomes
        .map(|(contact, walked)| outcome(contact, walked, &contacts, config, as_of))
        .collect();
    journey.sort();
    journey
}

/// The same for a conversation of nobody known: all that needs identity is null, orders and
/// campaigns that it names are still linked. Of `around` only these are read.
#[must_use]
pub fn walk_unknown(contact: &Contact<'_>, around: &PersonHistory<'_>, config: &Config, as_of: AsOf) -> PersonJourney {
    let mut journey = PersonJourney::default();
    let contacts = contacts_until(std::slice::from_ref(contact), as_of);
    let around = PersonHistory {
        contacts: &contacts,
        orders: &[],
        checkouts: &[],
        sends: &[],
        ..*around
    };
    for contact in &contacts {
        Linker::new(&around, config, as_of).link(contact, false, &mut journey);
        journey
            .contacts
            .push(outcome(contact, &Walked::default(), &contacts, config, as_of));
    }
    journey.sort();
    journey
}

/// Contacts that had begun by then, in order.
fn contacts_until<'a>(contacts: &[Contact<'a>], as_of: AsOf) -> Vec<Contact<'a>> {
    let has_begun = |c: &&Contact<'_>| c.date <= as_of.date && c.started_at.is_none_or(|start| start < as_of.end);
    let mut contacts: Vec<Contact<'a>> = contacts.iter().filter(has_begun).copied().collect();
    contacts.sort_by_key(Contact::order);
    contacts
}

/// Days with more contacts than one person makes, in order.
fn shared_days(contacts: &[Contact<'_>], max_contacts_per_day: usize) -> Vec<Date> {
    let days = contacts.chunk_by(|a, b| a.date == b.date);
    let crowded = days.filter(|day| day.iter().filter(|c| c.is_contact).count() > max_contacts_per_day);
    crowded.map(|day| day[0].date).collect()
}

/// Channels in the window up to each contact, and the contact before it.
fn count_channels(contacts: &[Contact<'_>], walked: &mut [Walked]) {
    let mut counts = vec![0_u32; Channel::ALL.len()];
    let mut window: VecDeque<usize> = VecDeque::new();
    let mut last = None;
    let slot = |contact: &Contact<'_>| Channel::ALL.iter().position(|&c| c == contact.channel).unwrap_or(0);
    for (at, contact) in contacts.iter().enumerate() {
        if !walked[at].is_known {
            continue;
        }
        walked[at].previous = last;
        while let Some(&old) = window.front()
            && gap_days(&contacts[old], contact) > CHANNEL_DAYS
        {
            counts[slot(&contacts[old])] -= 1;
            window.pop_front();
        }
        if contact.is_contact {
            counts[slot(contact)] += 1;
            window.push_back(at);
            last = Some(at);
        }
        walked[at].channels_30d = counts.iter().map(|&count| i64::from(count > 0)).sum();
    }
}

fn link_repeats(
    history: &PersonHistory<'_>,
    contacts: &[Contact<'_>],
    walked: &mut [Walked],
    config: &Config,
) -> Vec<RepeatLink> {
    let longest = config.longest_repeat_days();
    let texts = Texts::new(contacts);
    let mut recent: VecDeque<usize> = VecDeque::new();
    let mut links = Vec::new();
    for (at, later) in contacts.iter().enumerate() {
        if !later.can_repeat() || !walked[at].is_known {
            continue;
        }
        while recent
            .front()
            .is_some_and(|&old| is_out_of_reach(&contacts[old], later.date, longest))
        {
            recent.pop_front();
        }
        let near = recent
            .iter()
            .copied()
            .filter(|&old| is_within(&contacts[old], later, longest));
        let pairs = pairs_of(near, at, contacts, &texts, config);
        for pair in pairs.iter().filter(|pair| pair.counts()) {
            let window = window_of(&contacts[pair.earlier], later);
            let earlier = &mut walked[pair.earlier];
            earlier.repeated_within = earlier.repeated_within.min(window);
            walked[at].repeats_within = walked[at].repeats_within.min(window);
        }
        if let Some(pair) = closest(&pairs, contacts) {
            links.push(link_row(history, &contacts[pair.earlier], later, pair));
        }
        recent.push_back(at);
        if recent.len() > MAX_LOOK_BACK {
            recent.pop_front();
        }
    }
    links
}

/// Whether no contact from `date` on can be within so many days, with or without a time.
fn is_out_of_reach(earlier: &Contact<'_>, date: Date, days: i64) -> bool {
    // A day of slack, as local days begin up to 14 hours before those of UTC.
    let last = earlier
        .settled_at()
        .map_or(earlier.date, |at| at.utc_date().plus_days(1));
    i64::from(date.days_since(last.max(earlier.date))) > days
}

/// A later contact and one before it.
#[derive(Debug, Clone, Copy)]
struct Pair {
    earlier: usize,
    evidence: Evidence,
    kind: RepeatKind,
}

impl Pair {
    fn is_same_issue(&self) -> bool {
        self.evidence.reason != MatchReason::None
    }

    /// Is a repeat: about the same matter, and no mere transfer.
    fn counts(&self) -> bool {
        self.is_same_issue() && self.kind != RepeatKind::Forwarded
    }
}

/// All pairs with recent contacts, oldest first. What the customer says of earlier contacts is
/// taken for the closest, and only where nothing else ties any.
fn pairs_of(
    recent: impl Iterator<Item = usize>,
    at: usize,
    contacts: &[Contact<'_>],
    texts: &Texts<'_, '_>,
    config: &Config,
) -> Vec<Pair> {
    let later = &contacts[at];
    let mut pairs: Vec<Pair> = recent
        .map(|old| {
            let found = same_issue(&contacts[old], later, config.text_similarity_min, || {
                texts.similarity(old, at)
            });
            let evidence = found.unwrap_or(Evidence::NONE);
            Pair {
                earlier: old,
                evidence,
                kind: kind(&contacts[old], later, evidence.reason, config),
            }
        })
        .collect();
    if !pairs.iter().any(Pair::is_same_issue)
        && let Some(&Pair { earlier, .. }) = closest(&pairs, contacts)
        && says_again(later.opening_text)
        && let Some(pair) = pairs.iter_mut().find(|pair| pair.earlier == earlier)
    {
        pair.evidence = Evidence::PHRASE;
        pair.kind = kind(&contacts[earlier], later, MatchReason::Phrase, config);
    }
    pairs
}

/// Same matter before anything else, then the latest start, then the older in order.
fn closest<'p>(pairs: &'p [Pair], contacts: &[Contact<'_>]) -> Option<&'p Pair> {
    let rank = |pair: &Pair| {
        let contact = &contacts[pair.earlier];
        (pair.is_same_issue(), contact.date, contact.started_at)
    };
    pairs.iter().rev().max_by_key(|pair| rank(pair))
}

fn link_row(history: &PersonHistory<'_>, earlier: &Contact<'_>, later: &Contact<'_>, pair: &Pair) -> RepeatLink {
    RepeatLink {
        shop_id: ShopId::from(history.shop_id),
        source: SourceId::from(later.source),
        conversation_id: ConversationId::from(later.conversation_id),
        date: later.date,
        person_key: PersonKey::from(history.person_key),
        prior_source: SourceId::from(earlier.source),
        prior_conversation_id: ConversationId::from(earlier.conversation_id),
        kind: pair.kind,
        same_issue: pair.is_same_issue(),
        match_reason: pair.evidence.reason,
        score: pair.evidence.score,
        gap_s: gap_s(earlier, later),
        tag: shared_tag(earlier, later).map(TagPath::from),
        is_cross_channel: earlier.channel != later.channel,
    }
}

impl PersonJourney {
    fn sort(&mut self) {
        self.repeat_links
            .sort_by(|a, b| (&a.source, &a.conversation_id).cmp(&(&b.source, &b.conversation_id)));
        self.contacts
            .sort_by(|a, b| (&a.source, &a.conversation_id).cmp(&(&b.source, &b.conversation_id)));
        self.link_orders.sort_by(|a, b| {
            (&a.source, &a.conversation_id, &a.order_source, &a.order_id).cmp(&(
                &b.source,
                &b.conversation_id,
                &b.order_source,
                &b.order_id,
            ))
        });
        self.link_carts.sort_by(|a, b| {
            (&a.source, &a.conversation_id, &a.checkout_source, &a.checkout_id).cmp(&(
                &b.source,
                &b.conversation_id,
                &b.checkout_source,
                &b.checkout_id,
            ))
        });
        self.link_returns.sort_by(|a, b| {
            (&a.source, &a.conversation_id, &a.return_source, &a.return_id).cmp(&(
                &b.source,
                &b.conversation_id,
                &b.return_source,
                &b.return_id,
            ))
        });
        self.link_campaigns.sort_by(|a, b| {
            (&a.source, &a.conversation_id, &a.campaign_source, &a.campaign_id).cmp(&(
                &b.source,
                &b.conversation_id,
                &b.campaign_source,
                &b.campaign_id,
            ))
        });
    }
}
