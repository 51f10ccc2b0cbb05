//! One conversation's night: its rows from lake and feeds united, trimmed to the date, and all that follows from them.

use refrain_record::tables::{Conversation, ConversationEvent, Message, Rating};
use refrain_record::{ConversationId, Date, EndReason, ShopId, SourceId, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::feeds::{Fed, FedConversation, FedMessage, Place};
use crate::night::describe::{Ids, Start, describe};
use crate::night::ledger::{Clock, Verdict};
use crate::night::mentions::OrderIndex;
use crate::night::tables::upsert;
use crate::{ConversationHeader, Markers, SourceStatus};

/// What lake and feeds hold of one conversation.
#[derive(Default)]
pub(crate) struct Bundle<'a> {
    pub(crate) prior: Option<Conversation>,
    pub(crate) messages: Vec<Message>,
    pub(crate) events: Vec<ConversationEvent>,
    pub(crate) ratings: Vec<Rating>,
    pub(crate) fed: Option<&'a FedConversation>,
}

/// What the night knows beside the conversation.
pub(crate) struct Context<'a> {
    pub(crate) clock: &'a Clock<'a>,
    pub(crate) orders: &'a OrderIndex<'a>,
    pub(crate) markers: &'a Markers,
}

/// A conversation's rows of the night, and the feed rows that are none of it.
#[derive(Default)]
pub(crate) struct Assembled {
    pub(crate) conversation: Option<Conversation>,
    pub(crate) messages: Vec<Message>,
    pub(crate) events: Vec<ConversationEvent>,
    pub(crate) ratings: Vec<Rating>,
    pub(crate) set_aside: Vec<(Place, Verdict)>,
}

/// Unites what lake and feeds hold of one conversation, as of the night.
pub(crate) fn assemble_conversation(
    key: (ShopId, SourceId, ConversationId),
    bundle: Bundle<'_>,
    context: &Context<'_>,
) -> Assembled {
    let ids = Ids {
        shop_id: key.0,
        source: key.1,
        conversation_id: key.2,
    };
    let Bundle {
        prior,
        messages,
        events,
        ratings,
        fed,
    } = bundle;
    let clock = context.clock;
    let mut out = Assembled::default();
    let fed_header = fed.and_then(united_header);
    let verdict = fed_header.as_ref().and_then(|header| start_verdict(header, fed, clock));
    if let (Some(fed), Some(verdict)) = (fed, verdict) {
        set_all_aside(fed, verdict, &mut out.set_aside);
    }
    let fed = fed.filter(|_| verdict.is_none());
    let header = fed_header
        .filter(|_| verdict.is_none())
        .or_else(|| prior.as_ref().map(prior_header));
    let Some(mut header) = header else {
        take_strays(events, ratings, fed, clock, &mut out);
        return out;
    };
    let known = fed.map_or_else(Known::default, |fed| {
        trim_messages(&fed.messages, clock, header.started_at, &mut out.set_aside)
    });
    trim_header(&mut header, known.is_trimmed, clock);
    out.messages = unite_messages(&ids, messages, known.messages);
    let first = out.messages.iter().filter_map(|m| m.sent_at).min();
    let started_at = first.or(header.started_at);
    let date = started_at
        .map(|at| clock.date_of(at))
        .or(header.default_date)
        .or(prior.as_ref().map(|prior| prior.date));
    let Some(date) = date else {
        // Only a header row can be without any date.
        let header = fed.and_then(|fed| fed.header.as_ref());
        out.set_aside
            .extend(header.map(|header| (header.place, Verdict::Undated)));
        take_strays(events, ratings, fed, clock, &mut out);
        return out;
    };
    for message in &mut out.messages {
        message.date = date;
    }
    out.events = upsert(events, due_events(fed, clock, &mut out.set_aside));
    out.ratings = upsert(ratings, due_ratings(fed, date, clock, &mut out.set_aside));
    let num_known = out.messages.len().max(fed.map_or(0, |fed| fed.messages.len()));
    let is_incomplete = match header.num_declared {
        Some(declared) => declared > i64::try_from(num_known).unwrap_or(i64::MAX),
        None => prior.as_ref().is_some_and(|prior| prior.is_incomplete),
    };
    let start = Start {
        date,
        started_at,
        is_incomplete,
    };
    out.conversation = Some(describe(ids, start, &header, &out, prior.as_ref(), context));
    out
}

/// The header row, with what only the message rows tell.
fn united_header(fed: &FedConversation) -> Option<ConversationHeader> {
    match (&fed.header, &fed.implied) {
        (Some(header), Some(implied)) => {
            let mut united = header.row.clone();
            united.fill_from(implied);
            Some(united)
        }
        (Some(header), None) => Some(header.row.clone()),
        (None, implied) => implied.clone(),
    }
}

/// What the lake's row still tells of the header that made it.
fn prior_header(prior: &Conversation) -> ConversationHeader {
    let closed = matches!(
        prior.end_reason,
        EndReason::Resolved | EndReason::AgentClosed | EndReason::BotTimeout
    );
    ConversationHeader {
        channel: prior.channel,
        customer_key: prior.customer_key.clone(),
        subject: prior.subject.clone(),
        started_at: prior.started_at,
        ended_at: prior.ended_at.filter(|_| closed),
        updated_at: prior.updated_at,
        status: match prior.end_reason {
            EndReason::Resolved => Some(SourceStatus::Solved),
            EndReason::AgentClosed => Some(SourceStatus::Closed),
            EndReason::BotTimeout => Some(SourceStatus::TimedOut),
            EndReason::Spam => Some(SourceStatus::Spam),
            EndReason::Open | EndReason::CustomerLeft => Some(SourceStatus::Open),
            EndReason::Merged | EndReason::Unknown => None,
        },
        initiated_by: Some(prior.initiated_by),
        source_tags: prior.source_tags.clone(),
        order_ids: prior.order_ids.clone(),
        handle_s: prior
            .handle_s
            .filter(|_| prior.handle_s_method == refrain_record::HandleMethod::Measured),
        call_duration_s: prior.call_duration_s,
        follows_up: prior.follows_up.clone(),
        merged_into: prior.merged_into.clone(),
        survey_sent: prior.survey_sent,
        num_declared: None,
        default_date: Some(prior.date),
    }
}

/// What is wrong with the conversation's start for this night.
fn start_verdict(header: &ConversationHeader, fed: Option<&FedConversation>, clock: &Clock<'_>) -> Option<Verdict> {
    let first = fed.and_then(|fed| fed.messages.iter().filter_map(|m| m.row.sent_at).min());
    match (first.or(header.started_at), header.default_date) {
        (Some(at), _) => clock.verdict(at),
        (None, Some(date)) => clock.verdict_of_date(date),
        (None, None) => None,
    }
}

fn set_all_aside(fed: &FedConversation, verdict: Verdict, out: &mut Vec<(Place, Verdict)>) {
    out.extend(fed.header.iter().map(|header| (header.place, verdict)));
    out.extend(fed.messages.iter().map(|message| (message.place, verdict)));
    out.extend(fed.events.iter().map(|event| (event.place, verdict)));
    out.extend(fed.ratings.iter().map(|rating| (rating.place, verdict)));
}

/// Events and ratings of a conversation that no source shows stand by themselves.
fn take_strays(
    events: Vec<ConversationEvent>,
    ratings: Vec<Rating>,
    fed: Option<&FedConversation>,
    clock: &Clock<'_>,
    out: &mut Assembled,
) {
    out.events = upsert(events, due_events(fed, clock, &mut out.set_aside));
    let mut dated = Vec::new();
    for rating in fed.iter().flat_map(|fed| &fed.ratings) {
        match rating.row.rated_at.map(|at| clock.verdict(at)) {
            Some(None) => dated.push(rating.row.clone()),
            Some(Some(verdict)) => out.set_aside.push((rating.place, verdict)),
            None => out.set_aside.push((rating.place, Verdict::Orphan)),
        }
    }
    out.ratings = upsert(ratings, dated);
}

#[derive(Default)]
struct Known<'a> {
    /// In order of time and then of the source, each with the time that gives it its place.
    messages: Vec<(Option<Timestamp>, &'a FedMessage)>,
    is_trimmed: bool,
}

/// Messages up to the night; one without a time keeps its place behind the one before it.
fn trim_messages<'a>(
    fed: &'a [Fed<FedMessage>],
    clock: &Clock<'_>,
    started_at: Option<Timestamp>,
    set_aside: &mut Vec<(Place, Verdict)>,
) -> Known<'a> {
    let mut place = fed.iter().find_map(|m| m.row.sent_at).or(started_at);
    let mut known = Known::default();
    for message in fed {
        place = message.row.sent_at.or(place);
        match place.and_then(|at| clock.verdict(at)) {
            None => known.messages.push((place, &message.row)),
            Some(_) => {
                known.is_trimmed = true;
                set_aside.push((message.place, Verdict::Later));
            }
        }
    }
    known.messages.sort_by_key(|(place, _)| *place);
    known
}

/// Forgets what the source learned after the night.
fn trim_header(header: &mut ConversationHeader, is_trimmed: bool, clock: &Clock<'_>) {
    let is_past = |at: Option<Timestamp>| at.is_none_or(|at| at < clock.end);
    let state_is_known = match header.ended_at {
        Some(_) => is_past(header.ended_at),
        None => is_past(header.updated_at) && !is_trimmed,
    };
    if !state_is_known && header.status != Some(SourceStatus::Spam) {
        header.status = None;
    }
    if is_trimmed || !is_past(header.ended_at) {
        header.handle_s = None;
        header.call_duration_s = None;
    }
    header.ended_at = clock.known(header.ended_at);
    header.updated_at = clock.known(header.updated_at);
}

/// The feed's messages win by id; what only the lake has keeps its place by time.
fn unite_messages(ids: &Ids, prior: Vec<Message>, fed: Vec<(Option<Timestamp>, &FedMessage)>) -> Vec<Message> {
    let fresh: FxHashSet<&str> = fed.iter().map(|(_, m)| m.message_id.as_str()).collect();
    let mut placed: Vec<(Option<Timestamp>, Message)> = Vec::with_capacity(prior.len() + fed.len());
    let mut prior = prior;
    prior.sort_by_key(|m| m.seq);
    let mut place = prior.iter().find_map(|m| m.sent_at);
    for message in prior {
        place = message.sent_at.or(place);
        if !fresh.contains(message.message_id.as_str()) {
            placed.push((place, message));
        }
    }
    placed.extend(fed.into_iter().map(|(place, message)| {
        let row = Message {
            shop_id: ids.shop_id.clone(),
            source: ids.source.clone(),
            conversation_id: ids.conversation_id.clone(),
            seq: 0,
            date: Date::default(),
            message_id: message.message_id.clone(),
            sent_at: message.sent_at,
            author_role: message.author_role,
            author_key: message.author_key.clone(),
            visibility: message.visibility,
            text: message.text.clone(),
        };
        (place, row)
    }));
    placed.sort_by_key(|(place, _)| *place);
    let mut messages: Vec<Message> = placed.into_iter().map(|(_, message)| message).collect();
    for (seq, message) in (0..).zip(&mut messages) {
        message.seq = seq;
    }
    messages
}

fn due_events(
    fed: Option<&FedConversation>,
    clock: &Clock<'_>,
    set_aside: &mut Vec<(Place, Verdict)>,
) -> Vec<ConversationEvent> {
    let mut due = Vec::new();
    for event in fed.iter().flat_map(|fed| &fed.events) {
        match clock.verdict(event.row.at) {
            None => due.push(event.row.clone()),
            Some(verdict) => set_aside.push((event.place, verdict)),
        }
    }
    due
}

fn due_ratings(
    fed: Option<&FedConversation>,
    date: Date,
    clock: &Clock<'_>,
    set_aside: &mut Vec<(Place, Verdict)>,
) -> Vec<Rating> {
    let mut due = Vec::new();
    for rating in fed.iter().flat_map(|fed| &fed.ratings) {
        match rating.row.rated_at.and_then(|at| clock.verdict(at)) {
            None => {
                let date = rating.row.rated_at.map_or(date, |at| clock.date_of(at));
                due.push(Rating {
                    date,
                    ..rating.row.clone()
                });
            }
            Some(verdict) => set_aside.push((rating.place, verdict)),
        }
    }
    due
}

/// Conversations of lake and feeds by key.
pub(crate) type Bundles<'a> = FxHashMap<(ShopId, SourceId, ConversationId), Bundle<'a>>;
