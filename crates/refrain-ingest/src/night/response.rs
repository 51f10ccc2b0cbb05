//! How long customers waited and agents worked, from messages in order.

use refrain_record::tables::Message;
use refrain_record::{AuthorRole, HandleMethod, Timestamp, Visibility};

use crate::OpeningHours;

/// Longest stretch before an agent's message that counts as work: five minutes without a sign is doing something else.
const IDLE_CAP_S: i64 = 300;

/// Response times of one conversation, in seconds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Responses {
    pub(crate) first_s: Option<i64>,
    pub(crate) first_business_s: Option<i64>,
    pub(crate) first_bot_s: Option<i64>,
    pub(crate) wait_s_max: Option<i64>,
}

pub(crate) fn is_public(message: &Message, role: AuthorRole) -> bool {
    message.visibility == Visibility::Public && message.author_role == role
}

/// First answers and the longest wait.
///
/// The clock starts with the first public message of the customer and stops with the next public one of an agent (or
/// of a bot). A wait starts with the customer's first message since an agent last wrote and ends with the agent's
/// next; a bot in between does not end it, and one without an end is none.
pub(crate) fn measure_responses(messages: &[Message], is_outbound: bool, hours: Option<&OpeningHours>) -> Responses {
    let mut found = Responses::default();
    let Some(first) = messages.iter().position(|m| is_public(m, AuthorRole::Customer)) else {
        return found;
    };
    let next_by = |role| messages[first..].iter().find(|m| is_public(m, role));
    let asked_at = messages[first].sent_at;
    if let Some((asked, answered)) = asked_at.zip(next_by(AuthorRole::Bot).and_then(|m| m.sent_at)) {
        found.first_bot_s = Some(answered.seconds_since(asked).max(0));
    }
    if let Some((asked, answered)) = asked_at
        .zip(next_by(AuthorRole::Agent).and_then(|m| m.sent_at))
        .filter(|_| !is_outbound)
    {
        found.first_s = Some(answered.seconds_since(asked).max(0));
        found.first_business_s = hours.map(|hours| hours.seconds_between(asked, answered));
    }
    let mut waiting_since: Option<Timestamp> = None;
    for message in &messages[first..] {
        if is_public(message, AuthorRole::Customer) {
            waiting_since = waiting_since.or(message.sent_at);
        } else if is_public(message, AuthorRole::Agent)
            && let Some(since) = waiting_since.take()
            && let Some(answered) = message.sent_at
        {
            found.wait_s_max = found.wait_s_max.max(Some(answered.seconds_since(since).max(0)));
        }
    }
    found
}

/// Time that agents spent: as measured by the source, else estimated from their messages.
///
/// The estimate adds up, for every message or note of an agent, the time since the message before it by anyone, but
/// no more than five minutes each. An agent's message that opens the conversation adds nothing.
pub(crate) fn measure_handling(messages: &[Message], measured: Option<i64>) -> (Option<i64>, HandleMethod) {
    if measured.is_some() {
        return (measured, HandleMethod::Measured);
    }
    let mut spent = None;
    let mut before: Option<Timestamp> = None;
    for message in messages {
        if let (AuthorRole::Agent, Some(at)) = (message.author_role, message.sent_at) {
            let gap = before.map_or(0, |before| at.seconds_since(before).clamp(0, IDLE_CAP_S));
            spent = Some(spent.unwrap_or(0) + gap);
        }
        before = message.sent_at.or(before);
    }
    let method = if spent.is_some() {
        HandleMethod::Estimated
    } else {
        HandleMethod::Absent
    };
    (spent, method)
}
