//! What a conversation's united rows say: who wrote, how it was handed over, what a tagger will read.

use refrain_record::tables::{Conversation, ConversationEvent, Message};
use refrain_record::{
    AuthorRole, Channel, ConversationEventKind as EventKind, ConversationId, Date, EndReason, HandoverReason, Language,
    ShopId, SourceId, Timestamp, Visibility,
};
use rustc_hash::FxHashSet;

use crate::night::conversation::{Assembled, Context};
use crate::night::ending::find_ending;
use crate::night::response::{is_public, measure_handling, measure_responses};
use crate::{ConversationHeader, Markers};

/// The key of a conversation.
pub(crate) struct Ids {
    pub(crate) shop_id: ShopId,
    pub(crate) source: SourceId,
    pub(crate) conversation_id: ConversationId,
}

/// What is known before the rows are looked at.
pub(crate) struct Start {
    pub(crate) date: Date,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) is_incomplete: bool,
}

/// The conversation's row: a function of the header, the rows and the night alone.
pub(crate) fn describe(
    ids: Ids,
    start: Start,
    header: &ConversationHeader,
    rows: &Assembled,
    prior: Option<&Conversation>,
    context: &Context<'_>,
) -> Conversation {
    let Start {
        date,
        started_at,
        is_incomplete,
    } = start;
    let Assembled {
        messages,
        events,
        ratings,
        ..
    } = rows;
    let count = |role| count(messages.iter().filter(|m| is_public(m, role)));
    let num_customer_messages = count(AuthorRole::Customer);
    let initiated_by = header
        .initiated_by
        .unwrap_or_else(|| find_initiator(header.channel, messages));
    let is_outbound = initiated_by == AuthorRole::Agent;
    let hours = context.clock.hours();
    let responses = measure_responses(messages, is_outbound, hours);
    let measured = header
        .handle_s
        .or(header.call_duration_s.filter(|_| header.channel == Channel::Phone));
    let (handle_s, handle_s_method) = measure_handling(messages, measured);
    let ending = find_ending(header, messages, events, context.clock.end);
    let handover = find_handover(messages, events, context.markers);
    let since_start = |at: Option<Timestamp>| at.zip(started_at).map(|(at, start)| at.seconds_since(start).max(0));
    let latest_rating = ratings.iter().max_by_key(|rating| (rating.rated_at, &rating.rating_id));
    let asks_supervisor = messages
        .iter()
        .any(|m| is_public(m, AuthorRole::Customer) && context.markers.asks_for_supervisor(&m.text));
    let escalated_at = events.iter().find(|e| e.kind == EventKind::Escalated).map(|e| e.at);
    let language = find_language(header, messages, prior);
    let merged_by_event = events
        .iter()
        .rev()
        .find(|e| e.kind == EventKind::Merged)
        .and_then(|e| e.other_conversation_id.clone());
    let texts = header
        .subject
        .as_deref()
        .into_iter()
        .chain(messages.iter().map(|m| m.text.as_str()));
    let order_ids = context.orders.find(ids.shop_id.as_str(), &header.order_ids, texts);
    let (num_agent_messages, num_bot_messages) = (count(AuthorRole::Agent), count(AuthorRole::Bot));
    let is_merged = ending.reason == EndReason::Merged;
    Conversation {
        date,
        channel: header.channel,
        customer_key: header.customer_key.clone(),
        subject: header.subject.clone(),
        started_at,
        ended_at: ending.ended_at,
        updated_at: header.updated_at,
        initiated_by,
        end_reason: ending.reason,
        last_author: messages
            .iter()
            .rev()
            .find(|m| m.visibility == Visibility::Public)
            .map(|m| m.author_role),
        num_messages: i64::try_from(messages.len()).unwrap_or(i64::MAX),
        num_customer_messages,
        num_agent_messages,
        num_bot_messages,
        num_internal_notes: self::count(messages.iter().filter(|m| m.visibility == Visibility::Internal)),
        num_agents: count_agents(messages),
        num_transfers: count_transfers(messages, events),
        num_reopens: ending.num_reopens,
        first_response_s: responses.first_s,
        first_response_business_s: responses.first_business_s,
        first_bot_response_s: responses.first_bot_s,
        wait_s_max: responses.wait_s_max,
        first_resolution_s: since_start(ending.first_resolution),
        full_resolution_s: since_start(ending.full_resolution),
        handle_s,
        handle_s_method,
        call_duration_s: header.call_duration_s,
        bot_involved: messages.iter().any(|m| m.author_role == AuthorRole::Bot),
        handover_at: handover.at,
        handover_turn: handover.turn,
        handover_reason: handover.reason,
        num_bot_fallbacks: self::count(messages.iter().filter(|m| is_fallback(m, context.markers))),
        escalation_requested: escalated_at.is_some() || asks_supervisor,
        escalated_at,
        in_business_hours: hours.zip(started_at).map(|(hours, at)| hours.is_open_at(at)),
        never_answered: num_agent_messages == 0 && num_bot_messages == 0,
        survey_sent: if events.iter().any(|e| e.kind == EventKind::SurveySent) {
            Some(true)
        } else {
            header.survey_sent
        },
        csat: latest_rating.map(|rating| rating.score),
        csat_satisfied: latest_rating.map(|rating| rating.is_satisfied),
        order_ids,
        follows_up: header.follows_up.clone(),
        merged_into: header.merged_into.clone().or(merged_by_event),
        // A call log without a transcript is a contact all the same.
        is_contact: !is_outbound
            && !is_merged
            && ending.reason != EndReason::Spam
            && (num_customer_messages > 0 || messages.is_empty()),
        is_incomplete,
        content_digest: digest(header, messages, language),
        language,
        source_tags: header.source_tags.clone(),
        shop_id: ids.shop_id,
        source: ids.source,
        conversation_id: ids.conversation_id,
    }
}

fn count<T>(rows: impl Iterator<Item = T>) -> i64 {
    i64::try_from(rows.count()).unwrap_or(i64::MAX)
}

/// The author of the first public message; in chats and calls an agent's first word is a greeting, not a campaign.
fn find_initiator(channel: Channel, messages: &[Message]) -> AuthorRole {
    let public = |m: &&Message| m.visibility == Visibility::Public && m.author_role != AuthorRole::System;
    let Some(first) = messages.iter().find(public) else {
        return if messages.is_empty() {
            AuthorRole::Customer
        } else {
            AuthorRole::System
        };
    };
    let greets = matches!(channel, Channel::Chat | Channel::Phone | Channel::Unknown);
    let customer_follows = messages.iter().any(|m| is_public(m, AuthorRole::Customer));
    if first.author_role == AuthorRole::Agent && greets && customer_follows {
        AuthorRole::Customer
    } else {
        first.author_role
    }
}

/// Distinct agents who wrote publicly; `None` when some message of theirs names no author.
fn count_agents(messages: &[Message]) -> Option<i64> {
    let mut agents = FxHashSet::default();
    for message in messages.iter().filter(|m| is_public(m, AuthorRole::Agent)) {
        agents.insert(message.author_key.as_ref()?);
    }
    i64::try_from(agents.len()).ok()
}

/// Transfer events, else changes among assignments, else changes of the writing agent.
fn count_transfers(messages: &[Message], events: &[ConversationEvent]) -> i64 {
    let transferred = count(events.iter().filter(|e| e.kind == EventKind::Transferred));
    let assigned: Vec<_> = events.iter().filter(|e| e.kind == EventKind::Assigned).collect();
    if transferred > 0 || !assigned.is_empty() {
        let changes = assigned
            .windows(2)
            .filter(|pair| (&pair[0].actor_key, &pair[0].team) != (&pair[1].actor_key, &pair[1].team));
        return transferred.max(count(changes));
    }
    let agents: Vec<_> = messages
        .iter()
        .filter(|m| is_public(m, AuthorRole::Agent))
        .filter_map(|m| m.author_key.as_ref())
        .collect();
    count(agents.windows(2).filter(|pair| pair[0] != pair[1]))
}

fn is_fallback(message: &Message, markers: &Markers) -> bool {
    is_public(message, AuthorRole::Bot) && markers.is_bot_fallback(&message.text)
}

#[derive(Debug, Default, PartialEq)]
struct Handover {
    at: Option<Timestamp>,
    turn: Option<i64>,
    reason: Option<HandoverReason>,
}

/// The first public agent message after a bot's, or the source's own event.
fn find_handover(messages: &[Message], events: &[ConversationEvent], markers: &Markers) -> Handover {
    let event = events.iter().find(|e| e.kind == EventKind::Handover);
    let bot = messages.iter().position(|m| is_public(m, AuthorRole::Bot));
    let agent = bot.and_then(|bot| {
        messages[bot..]
            .iter()
            .position(|m| is_public(m, AuthorRole::Agent))
            .map(|at| bot + at)
    });
    if event.is_none() && agent.is_none() {
        return Handover::default();
    }
    let before = match (agent, event) {
        (Some(agent), _) => &messages[..agent],
        (None, Some(event)) => {
            let end = messages
                .iter()
                .position(|m| m.sent_at.is_some_and(|at| at > event.at))
                .unwrap_or(messages.len());
            &messages[..end]
        }
        (None, None) => messages,
    };
    let routed = event.is_some()
        || events
            .iter()
            .any(|e| matches!(e.kind, EventKind::Assigned | EventKind::Transferred));
    let reason = if before
        .iter()
        .any(|m| is_public(m, AuthorRole::Customer) && markers.asks_for_human(&m.text))
    {
        HandoverReason::CustomerAsked
    } else if before.iter().any(|m| is_fallback(m, markers)) {
        HandoverReason::BotFallback
    } else if routed {
        HandoverReason::Routing
    } else {
        HandoverReason::Unknown
    };
    Handover {
        at: event
            .map(|e| e.at)
            .or_else(|| agent.and_then(|agent| messages[agent].sent_at)),
        turn: agent.map(|agent| messages[agent].seq),
        reason: Some(reason),
    }
}

/// The customer's language; taken from the lake's row where the content is the same, since finding it is the
/// dearest step of a night.
fn find_language(header: &ConversationHeader, messages: &[Message], prior: Option<&Conversation>) -> Option<Language> {
    if let Some(prior) = prior.filter(|prior| prior.content_digest == digest(header, messages, prior.language)) {
        return prior.language;
    }
    let texts: Vec<&str> = messages
        .iter()
        .filter(|m| is_public(m, AuthorRole::Customer))
        .map(|m| m.text.as_str())
        .collect();
    refrain_text::conversation_language(&texts)
}

/// Digest of what a tagger reads: language, subject, the source's tags, and every message's role, visibility and text.
fn digest(header: &ConversationHeader, messages: &[Message], language: Option<Language>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(language.map_or("", Language::as_str));
    add(header.subject.as_deref().unwrap_or_default());
    add(&header.source_tags.len().to_string());
    header.source_tags.iter().for_each(|tag| add(tag));
    for message in messages {
        add(message.author_role.as_str());
        add(message.visibility.as_str());
        add(&message.text);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}
