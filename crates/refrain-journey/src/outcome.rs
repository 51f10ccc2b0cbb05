//! What repeats and events say of one contact, and when each figure is ripe.

use crate::config::Config;
use crate::event::{AsOf, Contact};
use refrain_record::{ConversationId, Date, EndReason, SourceId, Timestamp};

/// Windows that have columns, in the order of the arrays here.
pub const WINDOWS_DAYS: [i64; 4] = [1, 7, 14, 30];

const FCR_COLUMNS: [&str; 4] = ["fcr_1d", "fcr_7d", "fcr_14d", "fcr_30d"];
const DAY_S: i64 = 86_400;
/// Window after which nobody coming back means that the bot, or the answer, did it.
const SAME_ISSUE_DAYS: i64 = 7;

/// Columns of `conversation_outcomes` that journey fills.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactOutcome {
    /// Source.
    pub source: SourceId,
    /// Conversation.
    pub conversation_id: ConversationId,
    /// Local date.
    pub date: Date,
    /// The day has more contacts of this person than one person makes; all that needs identity is null.
    pub is_shared_identity: bool,
    /// Follows a contact about the same issue within 1, 7, 14, 30 days.
    pub is_repeat: [Option<bool>; 4],
    /// Resolved with no such contact after it within 1, 7, 14, 30 days.
    pub fcr: [Option<bool>; 4],
    /// Somebody came back about it within 7 days, whatever its ending; null until that has passed.
    pub followed_same_issue_7d: Option<bool>,
    /// Solved after exactly one public agent message; null where endings are unknown.
    pub is_one_touch: Option<bool>,
    /// A bot took part, nobody took over, the customer did not leave, and nobody came back within 7 days.
    pub bot_contained: Option<bool>,
    /// Orders before it.
    pub customer_orders_before: Option<i64>,
    /// Channels of the person in the 30 days up to it.
    pub customer_channels_30d: Option<i64>,
    /// Previous contact.
    pub prev_conversation_id: Option<ConversationId>,
    /// Whole days since then.
    pub days_since_prev: Option<i64>,
    /// Columns that still wait for time to pass, in the table's order.
    pub waits_for: Vec<&'static str>,
}

/// What the walk knows of a contact besides itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walked {
    /// The person can be told from others.
    pub(crate) is_known: bool,
    pub(crate) is_shared: bool,
    /// Smallest window, as index, in which it repeats an earlier contact; 4 for none.
    pub(crate) repeats_within: usize,
    /// Smallest window, as index, in which a later contact repeats it; 4 for none.
    pub(crate) repeated_within: usize,
    pub(crate) orders_before: i64,
    pub(crate) channels_30d: i64,
    /// Index of the previous contact.
    pub(crate) previous: Option<usize>,
}

/// Whether `later` begins within so many days after `earlier` was settled, or before that.
///
/// Where one has no time, whole days between the dates count.
pub(crate) fn is_within(earlier: &Contact<'_>, later: &Contact<'_>, days: i64) -> bool {
    match (earlier.settled_at(), later.started_at) {
        (Some(settled), Some(start)) => start <= settled.plus_seconds(days * DAY_S),
        _ => i64::from(later.date.days_since(earlier.date)) <= days,
    }
}

/// The smallest configured window, as index into [`WINDOWS_DAYS`], that holds both; 4 for none.
pub(crate) fn window_of(earlier: &Contact<'_>, later: &Contact<'_>) -> usize {
    WINDOWS_DAYS
        .iter()
        .position(|&days| is_within(earlier, later, days))
        .unwrap_or(WINDOWS_DAYS.len())
}

/// Seconds from start to start.
pub(crate) fn gap_s(earlier: &Contact<'_>, later: &Contact<'_>) -> Option<i64> {
    Some(later.started_at?.seconds_since(earlier.started_at?))
}

/// Whole days from start to start.
pub(crate) fn gap_days(earlier: &Contact<'_>, later: &Contact<'_>) -> i64 {
    let by_date = || i64::from(later.date.days_since(earlier.date));
    gap_s(earlier, later).map_or_else(by_date, |gap| gap.div_euclid(DAY_S))
}

/// Whether so many days after the contact's end lie before the end of the run's date.
fn is_ripe(contact: &Contact<'_>, days: i64, as_of: AsOf) -> bool {
    match contact.ended_at.max(contact.settled_at()) {
        Some(end) => end.plus_seconds(days * DAY_S) <= as_of.end,
        None => i64::from(as_of.date.days_since(contact.date)) >= days,
    }
}

pub(crate) fn outcome(
    contact: &Contact<'_>,
    walked: &Walked,
    all: &[Contact<'_>],
    config: &Config,
    as_of: AsOf,
) -> ContactOutcome {
    let is_tracked = walked.is_known && contact.is_contact;
    let mut waits_for = Vec::new();
    let (mut is_repeat, mut fcr) = ([None; 4], [None; 4]);
    for (at, days) in WINDOWS_DAYS.into_iter().enumerate() {
        if !is_tracked || !config.repeat_windows_days.contains(&days) {
            continue;
        }
        is_repeat[at] = Some(walked.repeats_within <= at);
        if !contact.can_repeat() {
            continue;
        }
        if is_ripe(contact, days, as_of) {
            fcr[at] = first_contact_resolution(contact, walked.repeated_within <= at, days, as_of);
        } else {
            waits_for.push(FCR_COLUMNS[at]);
        }
    }
    let was_repeated = walked.repeated_within <= 1;
    let is_followed = is_tracked && contact.can_repeat() && is_ripe(contact, SAME_ISSUE_DAYS, as_of);
    let bot_contained = match bot_alone(contact) {
        false => Some(false),
        true if !is_tracked || !contact.can_repeat() => None,
        true if is_followed && contact.end_reason != EndReason::Open => Some(!was_repeated),
        true => {
            waits_for.push("bot_contained");
            None
        }
    };
    let previous = walked.previous.filter(|_| is_tracked).map(|at| &all[at]);
    ContactOutcome {
        source: SourceId::from(contact.source),
        conversation_id: ConversationId::from(contact.conversation_id),
        date: contact.date,
        is_shared_identity: walked.is_shared,
        is_repeat,
        fcr,
        followed_same_issue_7d: is_followed.then_some(was_repeated),
        is_one_touch: is_one_touch(contact),
        bot_contained,
        customer_orders_before: walked.is_known.then_some(walked.orders_before),
        customer_channels_30d: walked.is_known.then_some(walked.channels_30d),
        prev_conversation_id: previous.map(|p| ConversationId::from(p.conversation_id)),
        days_since_prev: previous.map(|p| gap_days(p, contact)),
        waits_for,
    }
}

/// Only a solved ending can be true; where endings are unknown, only a repeat says anything.
fn first_contact_resolution(contact: &Contact<'_>, is_repeated: bool, days: i64, as_of: AsOf) -> Option<bool> {
    if is_repeated || contact.is_redirected || is_reopened_within(contact, days, as_of) {
        return Some(false);
    }
    match contact.end_reason {
        EndReason::Resolved => Some(true),
        EndReason::Unknown | EndReason::Merged | EndReason::Spam => None,
        EndReason::CustomerLeft | EndReason::AgentClosed | EndReason::BotTimeout | EndReason::Open => Some(false),
    }
}

/// Opened again within so many days of being settled first; without times, ever.
fn is_reopened_within(contact: &Contact<'_>, days: i64, as_of: AsOf) -> bool {
    let (Some(settled), false) = (contact.first_resolved_at, contact.reopened_at.is_empty()) else {
        return contact.num_reopens > 0;
    };
    let limit = settled.plus_seconds(days * DAY_S);
    contact
        .reopened_at
        .iter()
        .any(|&at: &Timestamp| at <= limit && at < as_of.end)
}

/// A bot took part, nobody took over, and the customer did not give up.
fn bot_alone(contact: &Contact<'_>) -> bool {
    let gave_up = contact.end_reason == EndReason::CustomerLeft;
    contact.bot_involved && !contact.has_handover && contact.num_agent_messages == 0 && !gave_up
}

fn is_one_touch(contact: &Contact<'_>) -> Option<bool> {
    let is_solved = contact.end_reason == EndReason::Resolved;
    (contact.is_contact && contact.end_reason != EndReason::Unknown)
        .then_some(is_solved && contact.num_agent_messages == 1 && contact.num_reopens == 0)
}
