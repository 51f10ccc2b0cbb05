//! Tickets in the two shapes helpdesks export: one JSON object each, or tables with names of their own.
//!
//! Every shape carries a few bad rows (`BAD_PER_1000`) beside the good ones, never instead of them.

use std::path::{Path, PathBuf};

use refrain_record::ConversationEventKind as Kind;
use serde_json::{Value, json};

use crate::SeasonError;
use crate::calendar::Calendar;
use crate::config::Helpdesk;
use crate::file::{CsvRow, Out};
use crate::rng::Rng;
use crate::ticket::Ticket;

/// Bad rows per thousand good ones.
const BAD_PER_1000: f64 = 2.0;

/// The helpdesk files of one shop.
pub(crate) struct HelpdeskFiles {
    folder: PathBuf,
    months: Vec<Option<Month>>,
    /// Only of a helpdesk of tables.
    tables: Option<Tables>,
    rng: Rng,
    num_bytes: u64,
}

struct Tables {
    events: Out,
    ratings: Out,
}

struct Month {
    main: Out,
    messages: Option<Out>,
}

impl HelpdeskFiles {
    pub(crate) fn create(folder: &Path, helpdesk: Helpdesk, seed: u64, shop: usize) -> Result<Self, SeasonError> {
        let tables = match helpdesk {
            Helpdesk::ChatJsonl => None,
            Helpdesk::Csv => Some(Tables {
                events: Out::create_csv(
                    folder.join("conversation_events.csv.gz"),
                    &["Ticket", "When", "What", "Who", "Role", "Group", "Other ticket"],
                )?,
                ratings: Out::create_csv(
                    folder.join("ratings.csv.gz"),
                    &["Ticket", "Stars", "Rated at", "Remark"],
                )?,
            }),
        };
        let rng = Rng::of(&[seed, shop as u64, 0xBAD]);
        Ok(Self {
            folder: folder.to_owned(),
            months: Vec::new(),
            tables,
            rng,
            num_bytes: 0,
        })
    }

    pub(crate) fn write(&mut self, ticket: &Ticket<'_>, calendar: &Calendar) -> Result<(), SeasonError> {
        let bad = self.rng.chance(BAD_PER_1000 / 1000.0).then(|| self.rng.below(4));
        match &mut self.tables {
            None => {
                let month = month(&mut self.months, &self.folder, Helpdesk::ChatJsonl, ticket, calendar)?;
                write_json(&mut month.main, ticket, calendar, bad)
            }
            Some(tables) => {
                let month = month(&mut self.months, &self.folder, Helpdesk::Csv, ticket, calendar)?;
                write_tables(month, ticket, calendar, bad)?;
                write_events(tables, ticket, calendar)
            }
        }
    }

    /// Closes the files; bytes before compression.
    pub(crate) fn finish(mut self) -> Result<u64, SeasonError> {
        let mut outs: Vec<Out> = Vec::new();
        for month in self.months.into_iter().flatten() {
            outs.push(month.main);
            outs.extend(month.messages);
        }
        if let Some(tables) = self.tables {
            outs.extend([tables.events, tables.ratings]);
        }
        for out in outs {
            self.num_bytes += out.num_bytes;
            out.finish()?;
        }
        Ok(self.num_bytes)
    }
}

const TICKET_COLUMNS: [&str; 16] = [
    "Ticket",
    "Via",
    "Requester",
    "Requester e-mail",
    "Requester phone",
    "Subject",
    "State",
    "Created",
    "Updated",
    "Closed",
    "Labels",
    "Order",
    "Follow-up of",
    "Merged into",
    "Survey sent",
    "Work seconds",
];

/// The files of a ticket's month, opened when first needed.
fn month<'a>(
    months: &'a mut Vec<Option<Month>>,
    folder: &Path,
    helpdesk: Helpdesk,
    ticket: &Ticket<'_>,
    calendar: &Calendar,
) -> Result<&'a mut Month, SeasonError> {
    let at = calendar.month(ticket.contact.at);
    if months.len() <= at {
        months.resize_with(at + 1, || None);
    }
    let slot = &mut months[at];
    if let Some(month) = slot {
        return Ok(month);
    }
    let date = calendar.date(ticket.contact.at).to_string();
    let name = date.get(..7).unwrap_or(&date);
    let opened = match helpdesk {
        Helpdesk::ChatJsonl => Month {
            main: Out::create(folder.join(format!("chat/{name}.jsonl.zst")))?,
            messages: None,
        },
        Helpdesk::Csv => Month {
            main: Out::create_csv(folder.join(format!("conversations/{name}.csv.gz")), &TICKET_COLUMNS)?,
            messages: Some(Out::create_csv(
                folder.join(format!("messages/{name}.csv.gz")),
                &["Ticket", "Comment", "Sent", "From", "Author", "Private", "Text"],
            )?),
        },
    };
    Ok(slot.insert(opened))
}

fn write_json(out: &mut Out, ticket: &Ticket<'_>, calendar: &Calendar, bad: Option<usize>) -> Result<(), SeasonError> {
    let record = record(ticket, calendar);
    let line = record.to_string();
    out.line(&line)?;
    match bad {
        // Cut in the middle, as by a full disk; at a character's border, so that it stays UTF-8.
        Some(0) => out.line(&line.chars().take(line.chars().count() / 2).collect::<String>()),
        Some(1) => out.line(&line),
        Some(kind) => out.line(&spoilt(record, kind).to_string()),
        None => Ok(()),
    }
}

/// A row of its own without times, or with a clock far ahead.
fn spoilt(mut record: Value, kind: usize) -> Value {
    record["conversation_id"] = format!("bad-{}", record["conversation_id"].as_str().unwrap_or("")).into();
    let time: Value = if kind == 2 {
        Value::Null
    } else {
        "2039-01-01T00:00:00Z".into()
    };
    for key in ["created_at", "updated_at", "closed_at"] {
        record[key] = time.clone();
    }
    for list in ["messages", "events"] {
        for row in record[list].as_array_mut().into_iter().flatten() {
            row[if list == "messages" { "created_at" } else { "at" }] = time.clone();
        }
    }
    record["events"] = json!([]);
    record["rating"] = Value::Null;
    record
}

fn record(ticket: &Ticket<'_>, calendar: &Calendar) -> Value {
    let contact = ticket.contact;
    let messages = contact
        .course
        .turns
        .iter()
        .zip(&ticket.texts)
        .enumerate()
        .map(|(at, (turn, text))| {
            json!({
                "id": format!("m{}", at + 1),
                "created_at": calendar.rfc3339(turn.at),
                "role": turn.role.as_str(),
                "author_id": ticket.author(turn),
                "text": text,
                "visibility": if turn.internal { "internal" } else { "public" },
            })
        });
    let events = contact.course.events.iter().map(|event| {
        json!({
            "at": calendar.rfc3339(event.at),
            "kind": event.kind.as_str(),
            "actor_role": Ticket::actor_role(event),
            "actor_id": ticket.actor(event),
            "team": ticket.team(event),
            "other_conversation_id": ticket.merge_target(event),
        })
    });
    let messages: Vec<Value> = messages.collect();
    let events: Vec<Value> = events.collect();
    let mut record = json!({
        "conversation_id": ticket.id,
        "channel": contact.channel.as_str(),
        "customer": { "id": ticket.customer.id, "email": ticket.customer.email, "phone": ticket.customer.phone },
        "status": ticket.status,
        "created_at": calendar.rfc3339(contact.at),
        "updated_at": calendar.rfc3339(ticket.updated_at),
        "closed_at": ticket.closed_at.map(|at| calendar.rfc3339(at)),
        "tags": ticket.labels,
        "messages": messages,
        "events": events,
        "survey_sent": contact.course.survey_sent,
    });
    let optional = [
        ("subject", ticket.subject.clone().map(Value::from)),
        ("order_id", ticket.order_id.clone().map(Value::from)),
        ("follow_up_of", ticket.follow_up_of.clone().map(Value::from)),
        ("merged_into", ticket.merged_into.clone().map(Value::from)),
        ("handle_s", contact.course.handle_s.map(Value::from)),
        (
            "rating",
            contact.course.rating.map(
                |r| json!({ "score": r.score, "scale": 5, "at": calendar.rfc3339(r.at), "comment": ticket.comment }),
            ),
        ),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            record[key] = value;
        }
    }
    record
}

fn write_tables(
    month: &mut Month,
    ticket: &Ticket<'_>,
    calendar: &Calendar,
    bad: Option<usize>,
) -> Result<(), SeasonError> {
    month.main.row(&ticket_row(
        ticket,
        &ticket.id,
        &calendar.local_text(ticket.contact.at),
        calendar,
    ))?;
    let bad_id = format!("bad-{}", ticket.id);
    match bad {
        Some(0) => month.main.line(&format!("{bad_id},one field and no more"))?,
        Some(1) => month.main.row(&ticket_row(
            ticket,
            &ticket.id,
            &calendar.local_text(ticket.contact.at),
            calendar,
        ))?,
        Some(2) => month.main.row(&ticket_row(ticket, &bad_id, "", calendar))?,
        Some(_) => month
            .main
            .row(&ticket_row(ticket, &bad_id, "2039-01-01 00:00:00", calendar))?,
        None => {}
    }
    let Some(messages) = &mut month.messages else {
        return Ok(());
    };
    for (number, (turn, text)) in (1..).zip(ticket.contact.course.turns.iter().zip(&ticket.texts)) {
        let from = match turn.role {
            refrain_record::AuthorRole::Customer => "End-user",
            refrain_record::AuthorRole::Agent => "Agent",
            refrain_record::AuthorRole::Bot => "Bot",
            refrain_record::AuthorRole::System => "System",
        };
        let row = CsvRow::new()
            .add(&ticket.id)
            .add(&i32::to_string(&number))
            .add(&calendar.local_text(turn.at))
            .add(from);
        messages.row(
            &row.add(&ticket.author(turn))
                .add(if turn.internal { "internal" } else { "public" })
                .add(text),
        )?;
    }
    Ok(())
}

fn ticket_row(ticket: &Ticket<'_>, id: &str, created: &str, calendar: &Calendar) -> CsvRow {
    let Ticket { contact, customer, .. } = ticket;
    let row = CsvRow::new()
        .add(id)
        .add(contact.channel.as_str())
        .maybe(customer.id.as_deref())
        .maybe(customer.email.as_deref());
    let row = row
        .maybe(customer.phone.as_deref())
        .maybe(ticket.subject.as_deref())
        .add(ticket.status)
        .add(created);
    // A row without its first time is meant to have none at all.
    let time = |at: Option<i64>| at.filter(|_| !created.is_empty()).map(|at| calendar.local_text(at));
    let row = row
        .maybe(time(Some(ticket.updated_at)).as_deref())
        .maybe(time(ticket.closed_at).as_deref());
    let row = row
        .add(&ticket.labels.join(";"))
        .maybe(ticket.order_id.as_deref())
        .maybe(ticket.follow_up_of.as_deref());
    let row = row
        .maybe(ticket.merged_into.as_deref())
        .add(if contact.course.survey_sent { "true" } else { "false" });
    row.maybe(contact.course.handle_s.map(|s| s.to_string()).as_deref())
}

fn write_events(tables: &mut Tables, ticket: &Ticket<'_>, calendar: &Calendar) -> Result<(), SeasonError> {
    for event in ticket.contact.course.events.iter().filter(|e| e.kind != Kind::Opened) {
        let row = CsvRow::new()
            .add(&ticket.id)
            .add(&calendar.local_text(event.at))
            .add(event.kind.as_str());
        tables.events.row(
            &row.maybe(ticket.actor(event).as_deref())
                .add(Ticket::actor_role(event))
                .maybe(ticket.team(event))
                .maybe(ticket.merge_target(event)),
        )?;
    }
    if let Some(rating) = ticket.contact.course.rating {
        let row = CsvRow::new()
            .add(&ticket.id)
            .add(&rating.score.to_string())
            .add(&calendar.local_text(rating.at));
        tables.ratings.row(&row.maybe(ticket.comment.as_deref()))?;
    }
    Ok(())
}
