//! A slow repeat finder that looks at every pair, to check the one pass against.

use super::*;
use proptest::prelude::*;
use refrain_record::{Channel, Date, EndReason, MatchReason, RepeatKind, Timestamp};

/// What the oracle says of one later contact: prior id, same issue, reason, kind.
type Found = (String, bool, MatchReason, RepeatKind);

/// A contact as the generator makes it, in hours and indexes.
#[derive(Debug, Clone)]
struct Spec {
    hour: Option<i64>,
    day: i32,
    length_h: i64,
    resolved_after_h: Option<i64>,
    channel: usize,
    end: usize,
    tags: Vec<usize>,
    order: Option<usize>,
    text: usize,
    again: bool,
    flags: u8,
    follows: Option<usize>,
    answer_h: Option<i64>,
    reopened_after_h: Option<i64>,
}

const CHANNELS: [Channel; 3] = [Channel::Chat, Channel::Email, Channel::Phone];
const ENDS: [EndReason; 4] = [
    EndReason::Resolved,
    EndReason::CustomerLeft,
    EndReason::Open,
    EndReason::Unknown,
];
const TAGS: [&str; 3] = ["shipping/delay", "return/label", "payment/failed"];
const TEXTS: [&str; 4] = [
    "",
    "where is my parcel with the shoes",
    "where is the parcel with my shoes?",
    "login fails",
];
const IDS: [&str; 8] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];

fn a_spec() -> impl Strategy<Value = Spec> {
    let times = (
        prop::option::weighted(0.85, 0..24_i64),
        0..45_i32,
        0..60_i64,
        prop::option::of(0..30_i64),
    );
    let says = (
        prop::collection::vec(0..3_usize, 0..3),
        prop::option::of(0..2_usize),
        0..4_usize,
        prop::bool::weighted(0.2),
    );
    let rest = (
        0..3_usize,
        0..4_usize,
        any::<u8>(),
        prop::option::weighted(0.15, 0..8_usize),
        prop::option::of(0..40_i64),
        prop::option::weighted(0.2, 0..90_i64),
    );
    (times, says, rest).prop_map(
        |(
            (hour, day, length_h, resolved),
            (tags, order, text, again),
            (channel, end, flags, follows, answer_h, reopened),
        )| Spec {
            hour,
            day,
            length_h,
            resolved_after_h: resolved,
            channel,
            end,
            tags,
            order,
            text,
            again,
            flags,
            follows,
            answer_h,
            reopened_after_h: reopened,
        },
    )
}

/// Owned lists that the borrowed contacts point into.
struct Store {
    tags: Vec<Vec<&'static str>>,
    reopened: Vec<Vec<Timestamp>>,
    specs: Vec<Spec>,
}

impl Store {
    fn new(specs: Vec<Spec>) -> Self {
        let start = |s: &Spec| s.hour.map(|hour| Date(s.day).utc_midnight().plus_seconds(hour * 3600));
        Self {
            tags: specs
                .iter()
                .map(|s| s.tags.iter().map(|&t| TAGS[t]).collect())
                .collect(),
            reopened: specs
                .iter()
                .map(|s| {
                    start(s)
                        .zip(s.reopened_after_h)
                        .map(|(at, h)| at.plus_seconds(h * 3600))
                        .into_iter()
                        .collect()
                })
                .collect(),
            specs,
        }
    }

    fn contacts(&self) -> Vec<Contact<'_>> {
        const ORDERS: [&[&str]; 2] = [&["o1"], &["o2"]];
        let make = |(at, s): (usize, &Spec)| {
            let started_at = s.hour.map(|hour| Date(s.day).utc_midnight().plus_seconds(hour * 3600));
            let after = |hours: i64| started_at.map(|start| start.plus_seconds(hours * 3600));
            let flag = |bit: u8| s.flags >> bit & 1 == 1;
            Contact {
                date: Date(s.day),
                started_at,
                first_resolved_at: s.resolved_after_h.and_then(after),
                ended_at: after(s.length_h),
                channel: CHANNELS[s.channel],
                end_reason: ENDS[s.end],
                is_contact: !(flag(0) && flag(1) && flag(2)),
                is_thanks_only: flag(0) && !flag(1) && flag(3),
                is_redirected: flag(4) && flag(5),
                num_transfers: i64::from(flag(6)),
                never_answered: flag(7) && flag(1),
                bot_involved: flag(2),
                tags: &self.tags[at],
                reopened_at: &self.reopened[at],
                num_reopens: self.reopened[at].len() as i64,
                order_ids: s.order.map_or(&[], |o| ORDERS[o]),
                request_text: TEXTS[s.text],
                opening_text: if s.again { "still no reply" } else { "" },
                follows_up: s.follows.filter(|&f| f != at).map(|f| IDS[f]),
                first_response_s: s.answer_h.map(|h| h * 3600),
                ..Contact::new("s", IDS[at])
            }
        };
        self.specs.iter().enumerate().map(make).collect()
    }
}

fn days_apart_hold(e: &Contact<'_>, l: &Contact<'_>, days: i64) -> bool {
    let settled = e.first_resolved_at.or(e.ended_at).or(e.started_at);
    match (settled, l.started_at) {
        (Some(a), Some(b)) => b.0 - a.0 <= days * 86_400_000_000,
        _ => i64::from(l.date.0 - e.date.0) <= days,
    }
}

fn pair_reason(e: &Contact<'_>, l: &Contact<'_>, config: &Config) -> MatchReason {
    let thread = l.follows_up == Some(e.conversation_id)
        || e.follows_up == Some(l.conversation_id)
        || (l.follows_up.is_some() && l.follows_up == e.follows_up);
    let tag = l.tags.iter().any(|t| e.tags.contains(t));
    let order = l.order_ids.iter().any(|o| e.order_ids.contains(o));
    let alike = refrain_text::similarity(e.request_text, l.request_text) >= config.text_similarity_min;
    match () {
        () if thread => MatchReason::SourceThread,
        () if tag && order => MatchReason::OrderAndTag,
        () if tag => MatchReason::Tag,
        () if alike => MatchReason::Text,
        () => MatchReason::None,
    }
}

fn pair_kind(e: &Contact<'_>, l: &Contact<'_>, reason: MatchReason) -> RepeatKind {
    let hours = |a: Timestamp, b: Timestamp| (b.0 - a.0) as f64 / 3.6e9;
    let timed = e.started_at.zip(l.started_at);
    if e.is_redirected && reason != MatchReason::None {
        return RepeatKind::Redirected;
    }
    if let Some((_, start)) = timed
        && e.num_transfers > 0
        && (0.0..=0.25).contains(&hours(e.ended_at.unwrap(), start))
    {
        return RepeatKind::Forwarded;
    }
    if let Some((_, start)) = timed
        && reason == MatchReason::SourceThread
        && e.reopened_at.iter().any(|&at| (0.0..=24.0).contains(&hours(start, at)))
    {
        return RepeatKind::Reopen;
    }
    let settled = e.first_resolved_at.or(e.ended_at);
    let open = e.end_reason == EndReason::Open || timed.is_some_and(|(_, start)| start < settled.unwrap());
    let answered = e
        .first_response_s
        .zip(timed)
        .is_none_or(|(wait, (from, start))| hours(from, start) >= wait as f64 / 3600.0);
    let waiting = open || e.never_answered || !answered;
    let soon = timed.map_or(l.date.0 - e.date.0 <= 1, |(from, start)| hours(from, start) <= 24.0);
    match (waiting, e.channel == l.channel) {
        (true, false) => RepeatKind::CrossChannel,
        (true, true) if soon => RepeatKind::Redial,
        _ => RepeatKind::FollowUp,
    }
}

fn takes_part(c: &Contact<'_>) -> bool {
    c.is_contact && !c.is_thanks_only
}

fn oracle(contacts: &[Contact<'_>], later: &Contact<'_>, config: &Config) -> Option<Found> {
    let key = |c: &Contact<'_>| (c.date, c.started_at, c.conversation_id.to_owned());
    let mut near: Vec<&Contact<'_>> = contacts
        .iter()
        .filter(|e| key(e) < key(later) && takes_part(e) && days_apart_hold(e, later, 30))
        .collect();
    // Closest first; of equal starts the older id first.
    near.sort_by(|a, b| (b.date, b.started_at, a.conversation_id).cmp(&(a.date, a.started_at, b.conversation_id)));
    let same = near.iter().find(|e| pair_reason(e, later, config) != MatchReason::None);
    let (earlier, reason) = match same {
        Some(e) => (e, pair_reason(e, later, config)),
        None if later.opening_text.is_empty() => (near.first()?, MatchReason::None),
        None => (near.first()?, MatchReason::Phrase),
    };
    Some((
        earlier.conversation_id.to_owned(),
        reason != MatchReason::None,
        reason,
        pair_kind(earlier, later, reason),
    ))
}

fn walk(contacts: &[Contact<'_>], as_of: i32) -> PersonJourney {
    let campaigns = CampaignIndex::default();
    let history = PersonHistory {
        contacts,
        ..PersonHistory::new("de", "p", &campaigns)
    };
    walk_person(&history, &Config::default(), AsOf::utc(Date(as_of)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn one_pass_finds_what_all_pairs_show(specs in prop::collection::vec(a_spec(), 0..8)) {
        let store = Store::new(specs);
        let contacts = store.contacts();
        let journey = walk(&contacts, 100);
        for later in contacts.iter() {
            let expected = takes_part(later).then(|| oracle(&contacts, later, &Config::default())).flatten();
            let link = journey.repeat_links.iter().find(|l| l.conversation_id.as_str() == later.conversation_id);
            let found = link.map(|l| (l.prior_conversation_id.to_string(), l.same_issue, l.match_reason, l.kind));
            prop_assert_eq!(found, expected, "{}", later.conversation_id);
        }
    }

    #[test]
    fn first_contact_figures_follow_from_all_pairs(specs in prop::collection::vec(a_spec(), 0..8)) {
        let store = Store::new(specs);
        let contacts = store.contacts();
        let journey = walk(&contacts, 200);
        let key = |c: &Contact<'_>| (c.date, c.started_at, c.conversation_id.to_owned());
        for (at, days) in [1, 7, 14, 30].into_iter().enumerate() {
            for contact in contacts.iter().filter(|c| takes_part(c)) {
                let row = journey.contacts.iter().find(|o| o.conversation_id.as_str() == contact.conversation_id).unwrap();
                let links = |e: &Contact<'_>, l: &Contact<'_>| {
                    let reason = match pair_reason(e, l, &Config::default()) {
                        MatchReason::None => match oracle(&contacts, l, &Config::default()) {
                            Some((id, _, MatchReason::Phrase, _)) if id == e.conversation_id => MatchReason::Phrase,
                            _ => MatchReason::None,
                        },
                        reason => reason,
                    };
                    takes_part(e) && takes_part(l) && key(e) < key(l) && days_apart_hold(e, l, days)
                        && reason != MatchReason::None && pair_kind(e, l, reason) != RepeatKind::Forwarded
                };
                prop_assert_eq!(row.is_repeat[at], Some(contacts.iter().any(|e| links(e, contact))));
                if contacts.iter().any(|l| links(contact, l)) || contact.is_redirected {
                    prop_assert_eq!(row.fcr[at], Some(false));
                } else if contact.end_reason == EndReason::Resolved && contact.reopened_at.is_empty() {
                    prop_assert_eq!(row.fcr[at], Some(true));
                } else {
                    prop_assert_ne!(row.fcr[at], Some(true).filter(|_| contact.end_reason != EndReason::Resolved));
                }
            }
        }
    }

    #[test]
    fn links_point_back_once_and_order_does_not_matter(specs in prop::collection::vec(a_spec(), 0..8), as_of in 0..60_i32) {
        let store = Store::new(specs);
        let mut contacts = store.contacts();
        let journey = walk(&contacts, as_of);
        let start = |id: &str| contacts.iter().find(|c| c.conversation_id == id).map(|c| (c.date, c.started_at)).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for link in &journey.repeat_links {
            prop_assert!(seen.insert(link.conversation_id.clone()));
            prop_assert_ne!(&link.conversation_id, &link.prior_conversation_id);
            prop_assert!(start(link.prior_conversation_id.as_str()) <= start(link.conversation_id.as_str()));
            prop_assert!(link.date <= Date(as_of) && (0.0..=1.0).contains(&link.score));
        }
        contacts.reverse();
        prop_assert_eq!(walk(&contacts, as_of), journey);
    }

    #[test]
    fn what_is_ripe_stays_ripe_and_unchanged(specs in prop::collection::vec(a_spec(), 0..8), as_of in 0..60_i32, more in 0..60_i32) {
        let store = Store::new(specs);
        let contacts = store.contacts();
        let (early, late) = (walk(&contacts, as_of), walk(&contacts, as_of + more));
        for row in &early.contacts {
            let same = |o: &&ContactOutcome| o.conversation_id == row.conversation_id;
            let next = late.contacts.iter().find(same).unwrap();
            prop_assert_eq!(row.is_repeat, next.is_repeat);
            prop_assert_eq!(&row.prev_conversation_id, &next.prev_conversation_id);
            prop_assert!(next.waits_for.iter().all(|column| row.waits_for.contains(column)));
            for at in 0..4 {
                prop_assert!(row.fcr[at].is_none() || row.fcr[at] == next.fcr[at]);
            }
        }
    }
}
