//! One conversation's night: its rows from lake and feeds united, trimmed to the date, and all that follows from them.

use refrain_record::tables::{Conversation, ConversationEvent, Message, Rating};
use refrain_record::{
    AuthorRole, Channel, ConversationEventKind as EventKind, ConversationId, Date, EndReason,
    HandoverReason, Language, ShopId, SourceId, Timestamp, Visibility,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::feeds::{Fed, FedConversation, FedMessage, Place};
use crate::night::ending::find_ending;
use crate::night::ledger::{Clock, Verdict};
use crate::night::mentions::OrderIndex;
use crate::night::response::{is_public, measure_handling, measure_responses};
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

struct Ids {
    shop_id: ShopId,
    source: SourceId,
    conversation_id: ConversationId,
}

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
    let mut out = Assembled::default();
    let fed_header = bundle.fed.and_then(united_header);
    let verdict = fed_header
        .as_ref()
        .and_then(|header| start_verdict(header, bundle.fed, context.clock));
    if let (Some(fed), Some(verdict)) = (bundle.fed, verdict) {
        set_all_aside(fed, verdict, &mut out.set_aside);
    }
    let fed = bundle.fed.filter(|_| verdict.is_none());
    let mut header = match fed_header.filter(|_| verdict.is_none()) {
        Some(header) => header,
        None => match &bundle.prior {
            Some(prior) => prior_header(prior),
            None => {
                // Events and ratings of a conversation that no source shows stand by themselves.
                if verdict.is_none() {
                    take_strays(&bundle, context, &mut out);
                }
                return out;
            }
        },
    };
    let known = fed
        .map(|fed| {
            trim_messages(
                &fed.messages,
                context.clock,
                header.started_at,
                &mut out.set_aside,
            )
        })
        .unwrap_or_default();
    let is_trimmed = known.is_trimmed;
    let was_incomplete = bundle
        .prior
        .as_ref()
        .is_some_and(|prior| prior.is_incomplete);
    let num_all = fed.map_or(0, |fed| fed.messages.len());
    trim_header(&mut header, is_trimmed, context.clock);
    out.messages = unite_messages(&ids, bundle.messages, known.messages);
    let started_at = out
        .messages
        .iter()
        .filter_map(|m| m.sent_at)
        .min()
        .or(header.started_at);
    let date = started_at
        .map(|at| context.clock.date_of(at))
        .or(header.default_date)
        .or(bundle.prior.as_ref().map(|p| p.date));
    let Some(date) = date else { return out };
    for message in &mut out.messages {
        message.date = date;
    }
    out.events = upsert(
        bundle.events,
        due_events(fed, context.clock, &mut out.set_aside),
    );
    out.ratings = upsert(
        bundle.ratings,
        due_ratings(fed, date, context.clock, &mut out.set_aside),
    );
    let num_known = i64::try_from(num_all.max(out.messages.len())).unwrap_or(i64::MAX);
    let is_incomplete = header
        .num_declared
        .map_or(was_incomplete, |declared| declared > num_known);
    out.conversation = Some(describe(
        ids,
        date,
        started_at,
        is_incomplete,
        &header,
        &out,
        bundle.prior.as_ref(),
        context,
    ));
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
fn start_verdict(
    header: &ConversationHeader,
    fed: Option<&FedConversation>,
    clock: &Clock<'_>,
) -> Option<Verdict> {
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

fn take_strays(bundle: &Bundle<'_>, context: &Context<'_>, out: &mut Assembled) {
    out.events = upsert(
        bundle.events.clone(),
        due_events(bundle.fed, context.clock, &mut out.set_aside),
    );
    let Some(fed) = bundle.fed else { return };
    let mut dated = Vec::new();
    for rating in &fed.ratings {
        match rating.row.rated_at.map(|at| context.clock.verdict(at)) {
            Some(None) => dated.push(rating.row.clone()),
            Some(Some(verdict)) => out.set_aside.push((rating.place, verdict)),
            None => out.set_aside.push((rating.place, Verdict::Orphan)),
        }
    }
    out.ratings = upsert(bundle.ratings.clone(), dated);
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
fn unite_messages(
    ids: &Ids,
    prior: Vec<Message>,
    fed: Vec<(Option<Timestamp>, &FedMessage)>,
) -> Vec<Message> {
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

#[expect(
    clippy::too_many_arguments,
    reason = "one row from all that is known of it"
)]
fn describe(
    ids: Ids,
    date: Date,
    started_at: Option<Timestamp>,
    is_incomplete: bool,
    header: &ConversationHeader,
    rows: &Assembled,
    prior: Option<&Conversation>,
    context: &Context<'_>,
) -> Conversation {
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
    let measured = header.handle_s.or(header
        .call_duration_s
        .filter(|_| header.channel == Channel::Phone));
    let (handle_s, handle_s_method) = measure_handling(messages, measured);
    let ending = find_ending(header, messages, events, context.clock.end);
    let handover = find_handover(messages, events, context.markers);
    let since_start = |at: Option<Timestamp>| {
        at.zip(started_at)
            .map(|(at, start)| at.seconds_since(start).max(0))
    };
    let latest_rating = ratings
        .iter()
        .max_by_key(|rating| (rating.rated_at, &rating.rating_id));
    let asks_supervisor = messages.iter().any(|m| {
        is_public(m, AuthorRole::Customer) && context.markers.asks_for_supervisor(&m.text)
    });
    let escalated_at = events
        .iter()
        .find(|e| e.kind == EventKind::Escalated)
        .map(|e| e.at);
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
    let order_ids = context
        .orders
        .find(ids.shop_id.as_str(), &header.order_ids, texts);
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
        num_internal_notes: self::count(
            messages
                .iter()
                .filter(|m| m.visibility == Visibility::Internal),
        ),
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
        in_business_hours: hours
            .zip(started_at)
            .map(|(hours, at)| hours.is_open_at(at)),
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
    let public =
        |m: &&Message| m.visibility == Visibility::Public && m.author_role != AuthorRole::System;
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
    let assigned: Vec<_> = events
        .iter()
        .filter(|e| e.kind == EventKind::Assigned)
        .collect();
    if transferred > 0 || !assigned.is_empty() {
        let changes = assigned.windows(2).filter(|pair| {
            (&pair[0].actor_key, &pair[0].team) != (&pair[1].actor_key, &pair[1].team)
        });
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
fn find_handover(
    messages: &[Message],
    events: &[ConversationEvent],
    markers: &Markers,
) -> Handover {
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
fn find_language(
    header: &ConversationHeader,
    messages: &[Message],
    prior: Option<&Conversation>,
) -> Option<Language> {
    if let Some(prior) =
        prior.filter(|prior| prior.content_digest == digest(header, messages, prior.language))
    {
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

/// Conversations of lake and feeds by key.
pub(crate) type Bundles<'a> = FxHashMap<(ShopId, SourceId, ConversationId), Bundle<'a>>;
