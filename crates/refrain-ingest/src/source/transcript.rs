//! Conversations and what stands inside them: turns, events, a rating.

use std::borrow::Cow;

use refrain_record::tables::{ConversationEvent, Rating};
use refrain_record::{
    AuthorKey, AuthorRole, Channel, ConversationEventKind, ConversationId, Feed, Label, RejectCause, Timestamp,
    Visibility,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::RawCell;
use crate::columns::{Column, Picked};
use crate::feeds::{ConversationHeader, Fed, FedMessage, FreshConversation, Place};
use crate::fields::{Bad, Fields};
use crate::identity::Customer;
use crate::scrub::Scrubber;
use crate::spec::Source;
use crate::words::{self, SourceStatus};

/// A conversation row, read and redacted.
#[derive(Debug)]
pub(crate) struct ParsedConversation {
    pub(crate) id: String,
    pub(crate) customer: Option<Customer>,
    pub(crate) fresh: FreshConversation,
}

/// Reads a conversation; `turn` is the same row seen as a message, for rows whose one text is the conversation.
pub(crate) fn parse_conversation(
    fields: &Fields<'_>,
    turn: Picked<'_>,
    content: impl FnOnce() -> Vec<u8>,
    place: Place,
) -> Result<ParsedConversation, Bad> {
    let source = fields.source;
    let id = fields.id(Column::ConversationId).map_or_else(
        || fields.key.content_id(&[b"conversation", &content()]),
        Cow::into_owned,
    );
    let mut scrubber = Scrubber::default();
    let agent = fields.id(Column::AgentId);
    let turns = read_turns(fields, turn, agent.as_deref())?;
    let is_call_log = fields.cell(Column::CallDurationS).is_some();
    let needs_messages = source.needs_messages && !is_call_log;
    if turns.is_empty() && (needs_messages || fields.cell(Column::Messages).is_some()) {
        return Err(Bad::new(RejectCause::EmptyConversation, "no message with text"));
    }
    turns.iter().for_each(|turn| scrubber.reserve(&turn.text));
    let mut header = read_header(fields, &mut scrubber)?;
    let first_time = turns.iter().filter_map(|turn| turn.sent_at).min();
    if first_time.or(header.started_at).is_none() {
        header.default_date = source.default_date;
        // A row without messages may get its times from the rows of its messages.
        if header.default_date.is_none() && !turns.is_empty() {
            return Err(Bad::new(
                RejectCause::NoTime,
                "no time in the row, and the source has no `default_date`",
            ));
        }
    }
    let inside = |feed| Place {
        feed,
        units: 0,
        ..place
    };
    let ids = message_ids(&turns);
    let messages = turns
        .into_iter()
        .zip(ids)
        .map(|(turn, message_id)| Fed {
            row: turn.into_message(message_id, source, &mut scrubber),
            place: inside(Feed::Messages),
        })
        .collect();
    let events = read_events(fields, &id)?.into_iter().map(|row| Fed {
        row,
        place: inside(Feed::ConversationEvents),
    });
    let ratings = read_header_rating(fields, &id, &mut scrubber).map(|row| Fed {
        row,
        place: inside(Feed::Ratings),
    });
    Ok(ParsedConversation {
        customer: fields.customer(),
        fresh: FreshConversation {
            header: Fed { row: header, place },
            messages,
            events: events.collect(),
            ratings: ratings.into_iter().collect(),
        },
        id,
    })
}

fn read_header(fields: &Fields<'_>, scrubber: &mut Scrubber) -> Result<ConversationHeader, Bad> {
    let mut header = ConversationHeader::new(read_channel(fields));
    header.subject = fields
        .text(Column::Subject)
        .map(|subject| scrubber.scrub_line(&subject));
    header.started_at = fields.time(Column::StartedAt)?;
    header.ended_at = fields.time(Column::EndedAt)?;
    header.updated_at = fields.time(Column::UpdatedAt)?;
    header.status = fields.id(Column::Status).and_then(|text| words::status(&text));
    if fields.flag(Column::IsSpam).ok().flatten() == Some(true) {
        header.status = Some(SourceStatus::Spam);
    }
    header.initiated_by = fields
        .id(Column::InitiatedBy)
        .and_then(|text| read_role(fields.source, &text));
    header.source_tags = names(fields.cell(Column::Tags));
    for tag in &mut header.source_tags {
        *tag = scrubber.scrub_line(tag);
    }
    header.order_ids = names(fields.cell(Column::OrderIds));
    header.order_ids.extend(names(fields.cell(Column::OrderId)));
    header.handle_s = fields.seconds(Column::HandleS);
    header.call_duration_s = fields.seconds(Column::CallDurationS);
    header.follows_up = fields.id_as(Column::FollowsUp);
    header.merged_into = fields.id_as(Column::MergedInto);
    header.survey_sent = fields.flag(Column::SurveySent).ok().flatten();
    if fields.id(Column::Rating).is_some_and(|word| word == "offered") {
        header.survey_sent = Some(true);
    }
    header.num_declared = fields.int(Column::NumMessages).ok().flatten();
    Ok(header)
}

pub(crate) fn read_channel(fields: &Fields<'_>) -> Channel {
    if let Some(channel) = fields.source.channel {
        return channel;
    }
    let cell = match fields.cell(Column::Channel) {
        Some(cell @ RawCell::Struct(_)) => cell.field("channel").or_else(|| cell.field("type")),
        cell => cell,
    };
    cell.and_then(RawCell::id)
        .map_or(Channel::Unknown, |text| words::channel(&text))
}

/// The texts of a list, of a list of structs with a name or id, or of one text that commas or semicolons part.
pub(crate) fn names(cell: Option<&RawCell>) -> Vec<String> {
    let mut names: Vec<String> = match cell {
        Some(RawCell::List(cells)) => cells
            .iter()
            .filter_map(|cell| {
                let cell = ["name", "id", "order_id"]
                    .iter()
                    .find_map(|key| cell.field(key))
                    .unwrap_or(cell);
                cell.id().map(Cow::into_owned)
            })
            .collect(),
        Some(cell) => match cell.id() {
            Some(text) => text
                .split([',', ';', '|'])
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        },
        None => Vec::new(),
    };
    names.retain(|name| name.len() <= 256);
    names.sort();
    names.dedup();
    names
}

/// A turn before redaction; it never leaves this crate.
pub(crate) struct RawTurn {
    pub(crate) id: Option<String>,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) role: AuthorRole,
    pub(crate) author_key: Option<AuthorKey>,
    pub(crate) visibility: Visibility,
    pub(crate) text: String,
}

impl RawTurn {
    pub(crate) fn into_message(self, message_id: String, source: &Source, scrubber: &mut Scrubber) -> FedMessage {
        FedMessage {
            message_id: message_id.into(),
            sent_at: self.sent_at,
            author_role: self.role,
            author_key: self.author_key,
            visibility: self.visibility,
            text: scrubber.scrub_message(source, &self.text),
        }
    }
}

fn read_turns(fields: &Fields<'_>, own: Picked<'_>, agent: Option<&str>) -> Result<Vec<RawTurn>, Bad> {
    let (source, key) = (fields.source, fields.key);
    let parsed;
    let cells: &[RawCell] = match fields.cell(Column::Messages) {
        Some(RawCell::List(cells)) => cells,
        Some(RawCell::Text(json)) if json.trim_start().starts_with('[') => {
            parsed = serde_json::from_str::<Vec<RawCell>>(json)
                .map_err(|_| Bad::invalid(Column::Messages, "a list of messages"))?;
            &parsed
        }
        Some(RawCell::Text(text)) => {
            let turn = RawTurn {
                id: None,
                sent_at: None,
                role: source.default_role,
                author_key: None,
                visibility: Visibility::Public,
                text: text.clone(),
            };
            return Ok(if text.trim().is_empty() { Vec::new() } else { vec![turn] });
        }
        Some(_) => return Err(Bad::invalid(Column::Messages, "a list of messages")),
        None => {
            let own = Fields {
                picked: own,
                source,
                key,
            };
            return Ok(match own.cell(Column::Text) {
                Some(_) => vec![read_turn(&own, agent)?]
                    .into_iter()
                    .filter(|turn| !turn.text.trim().is_empty())
                    .collect(),
                None => Vec::new(),
            });
        }
    };
    let mut turns = Vec::with_capacity(cells.len());
    for cell in cells {
        match cell {
            RawCell::Struct(values) => {
                let picked = source.turn_plan.pick(values);
                turns.push(read_turn(&Fields { picked, source, key }, agent)?);
            }
            RawCell::Text(text) => turns.push(RawTurn {
                id: None,
                sent_at: None,
                role: source.default_role,
                author_key: None,
                visibility: Visibility::Public,
                text: text.clone(),
            }),
            RawCell::Null => {}
            _ => return Err(Bad::invalid(Column::Messages, "a list of objects or texts")),
        }
    }
    // Without a single text there is nothing to read; one wordless turn among others is a picture or a sticker.
    if turns.iter().all(|turn| turn.text.trim().is_empty()) {
        turns.clear();
    }
    Ok(turns)
}

/// One turn; `agent` stands in for the author of an agent's turn that names none.
pub(crate) fn read_turn(fields: &Fields<'_>, agent: Option<&str>) -> Result<RawTurn, Bad> {
    let source = fields.source;
    let (mut role, word) = turn_role(fields)?;
    if role == AuthorRole::Agent && fields.flag(Column::IsBot).ok().flatten() == Some(true) {
        role = AuthorRole::Bot;
    }
    let author = match fields.cell(Column::AuthorId) {
        Some(cell @ RawCell::Struct(_)) => cell.field("id").or_else(|| cell.field("name")).and_then(RawCell::id),
        _ => fields.id(Column::AuthorId),
    };
    let author = author.or_else(|| agent.filter(|_| role == AuthorRole::Agent).map(Cow::Borrowed));
    Ok(RawTurn {
        id: fields.id(Column::MessageId).map(Cow::into_owned),
        sent_at: fields.time(Column::SentAt)?,
        role,
        author_key: author.map(|author| fields.key.author(&source.shop, &source.name, &author)),
        visibility: turn_visibility(fields, word.as_deref()),
        text: fields.cell(Column::Text).map(text_of).unwrap_or_default(),
    })
}

fn turn_role<'a>(fields: &Fields<'a>) -> Result<(AuthorRole, Option<Cow<'a, str>>), Bad> {
    let source = fields.source;
    let word = match fields.cell(Column::AuthorRole) {
        Some(cell @ RawCell::Struct(_)) => cell.field("role").or_else(|| cell.field("type")).and_then(RawCell::id),
        Some(cell) => cell.id(),
        None => None,
    };
    let Some(word) = word else {
        return Ok((source.default_role, None));
    };
    match read_role(source, &word) {
        Some(role) => Ok((role, Some(word))),
        None => Err(Bad::new(
            RejectCause::UnknownRole,
            "`author_role` is a role that `roles` does not name",
        )),
    }
}

/// The role of a word: the source's `roles`, then the usual words, then what `roles` says of `*`.
pub(crate) fn read_role(source: &Source, word: &str) -> Option<AuthorRole> {
    let folded = word.trim().to_lowercase();
    let named = |name: &str| {
        source
            .roles
            .iter()
            .find(|(from, _)| from == name)
            .map(|(_, role)| *role)
    };
    named(&folded)
        .or_else(|| words::role(&folded, source.assistant_role))
        .or_else(|| named("*"))
}

fn turn_visibility(fields: &Fields<'_>, role_word: Option<&str>) -> Visibility {
    let internal = fields.flag(Column::IsInternal).ok().flatten();
    let visible = fields.id(Column::Visibility).and_then(|word| {
        words::visibility(&word).or_else(|| {
            words::flag(&word).map(|public| {
                if public {
                    Visibility::Public
                } else {
                    Visibility::Internal
                }
            })
        })
    });
    match (internal, visible) {
        (Some(true), _) => Visibility::Internal,
        (_, Some(visible)) => visible,
        // What a program says to a program the customer never sees.
        _ if matches!(role_word, Some("tool" | "function" | "developer")) => Visibility::Internal,
        _ => Visibility::Public,
    }
}

/// The text of a message: a text, a list of parts, or a struct that holds it.
fn text_of(cell: &RawCell) -> String {
    match cell {
        RawCell::List(parts) => {
            let texts: Vec<String> = parts.iter().map(text_of).filter(|text| !text.is_empty()).collect();
            texts.join("\n")
        }
        RawCell::Struct(_) => ["text", "content", "body", "value"]
            .iter()
            .find_map(|key| cell.field(key))
            .map(text_of)
            .unwrap_or_default(),
        RawCell::Text(text) => text.trim().to_owned(),
        other => other.text().map(Cow::into_owned).unwrap_or_default(),
    }
}

/// An id for every turn: the source's, else one from time and author, else from the place.
///
/// A time-made id stays the same when another export begins or ends elsewhere; a repeated id gets a number.
fn message_ids(turns: &[RawTurn]) -> Vec<String> {
    let mut used: FxHashSet<String> = FxHashSet::default();
    let mut counts: FxHashMap<String, u32> = FxHashMap::default();
    turns
        .iter()
        .enumerate()
        .map(|(place, turn)| {
            let id = turn.id.clone().unwrap_or_else(|| made_message_id(turn, place));
            let count = counts.entry(id.clone()).or_insert(0);
            loop {
                *count += 1;
                let unused = if *count == 1 {
                    id.clone()
                } else {
                    format!("{id}.{count}")
                };
                if used.insert(unused.clone()) {
                    return unused;
                }
            }
        })
        .collect()
}

pub(crate) fn made_message_id(turn: &RawTurn, place: usize) -> String {
    match turn.sent_at {
        Some(sent_at) => format!("{}{}", &turn.role.as_str()[..1], sent_at.0),
        None => format!("n{place:04}"),
    }
}

fn read_events(fields: &Fields<'_>, conversation: &str) -> Result<Vec<ConversationEvent>, Bad> {
    let Some(RawCell::List(cells)) = fields.cell(Column::Events) else {
        return Ok(Vec::new());
    };
    let mut events: Vec<ConversationEvent> = Vec::with_capacity(cells.len());
    for cell in cells {
        let RawCell::Struct(values) = cell else {
            return Err(Bad::invalid(Column::Events, "a list of objects"));
        };
        let picked = fields.source.event_plan.pick(values);
        let event = read_event(
            &Fields {
                picked,
                source: fields.source,
                key: fields.key,
            },
            conversation,
        )?;
        // Kinds that mean nothing to us (a view, a typing mark) are left out; the conversation stays.
        let Some(mut event) = event else { continue };
        if !events.contains(&event) {
            let twins = events
                .iter()
                .filter(|e| (e.at, e.kind) == (event.at, event.kind))
                .count();
            if twins > 0
                && events
                    .iter()
                    .any(|e| (e.at, &e.event_id) == (event.at, &event.event_id))
            {
                event.event_id = format!("{}.{}", event.event_id, twins + 1);
            }
            events.push(event);
        }
    }
    Ok(events)
}

/// An event; `None` when its kind is none that refrain knows.
pub(crate) fn read_event(fields: &Fields<'_>, conversation: &str) -> Result<Option<ConversationEvent>, Bad> {
    let source = fields.source;
    let Some(kind) = words::event_kind(&fields.need_id(Column::Kind)?) else {
        return Ok(None);
    };
    let at = fields.need_time(Column::At)?;
    let actor = fields.id(Column::ActorId);
    Ok(Some(ConversationEvent {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        conversation_id: conversation.into(),
        at,
        event_id: fields
            .id(Column::EventId)
            .map_or_else(|| kind.as_str().to_owned(), Cow::into_owned),
        date: fields.date(at),
        kind,
        actor_role: fields.id(Column::ActorRole).and_then(|word| read_role(source, &word)),
        actor_key: actor.map(|actor| fields.key.author(&source.shop, &source.name, &actor)),
        team: fields.label(Column::Team),
        other_conversation_id: fields
            .id_as::<String>(Column::OtherConversationId)
            .filter(|_| kind == ConversationEventKind::Merged)
            .map(ConversationId::from),
    }))
}

fn read_header_rating(fields: &Fields<'_>, conversation: &str, scrubber: &mut Scrubber) -> Option<Rating> {
    let cell = fields.cell(Column::Rating)?;
    let named;
    let values = match cell {
        RawCell::Struct(values) => values,
        other => {
            named = vec![("score".to_owned(), other.clone())];
            &named
        }
    };
    let picked = fields.source.rating_plan.pick(values);
    // A word such as `unoffered` is no rating; the conversation stays.
    read_rating(
        &Fields {
            picked,
            source: fields.source,
            key: fields.key,
        },
        conversation,
        scrubber,
    )
    .ok()
}

/// A rating on the source's scale, or on its own where it names one.
pub(crate) fn read_rating(fields: &Fields<'_>, conversation: &str, scrubber: &mut Scrubber) -> Result<Rating, Bad> {
    let source = fields.source;
    let raw = fields.need_id(Column::Score)?;
    let score = match words::rating(&raw).filter(|_| raw.parse::<f64>().is_err()) {
        Some(score) => score,
        None => {
            let [worst, best] = rating_scale(fields);
            let given = fields
                .float(Column::Score)?
                .ok_or_else(|| Bad::missing(Column::Score))?;
            let score = (given - worst) / (best - worst);
            if !(0.0..=1.0).contains(&score) {
                return Err(Bad::invalid(Column::Score, "a rating inside `rating_scale`"));
            }
            score
        }
    };
    let rated_at = fields.time(Column::RatedAt)?;
    let made_id = || rated_at.map_or_else(|| "r".to_owned(), |at| format!("r{}", at.0));
    Ok(Rating {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        conversation_id: conversation.into(),
        rating_id: fields.id(Column::RatingId).map_or_else(made_id, Cow::into_owned),
        date: rated_at
            .map(|at| fields.date(at))
            .or(source.default_date)
            .unwrap_or_default(),
        rated_at,
        score,
        raw: Label(raw.into_owned()),
        // The top two of five, and their share of any other scale.
        is_satisfied: score >= 0.75 - 1e-9,
        comment: fields.text(Column::Comment).map(|text| scrubber.scrub_line(&text)),
    })
}

fn rating_scale(fields: &Fields<'_>) -> [f64; 2] {
    let number = |cell: &RawCell| {
        cell.id()
            .and_then(|text| text.parse::<f64>().ok())
            .filter(|n| n.is_finite())
    };
    let own = match fields.cell(Column::Scale) {
        Some(RawCell::List(ends)) => match ends.as_slice() {
            [worst, best] => number(worst).zip(number(best)),
            _ => None,
        },
        // `5` means one to five, `10` the promoter scale from zero.
        Some(cell) => number(cell).map(|best| (if best == 10.0 { 0.0 } else { 1.0 }, best)),
        None => None,
    };
    match own {
        Some((worst, best)) if (worst - best).abs() > f64::EPSILON => [worst, best],
        _ => fields.source.rating_scale,
    }
}
