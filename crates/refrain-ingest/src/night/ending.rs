//! How and when a conversation ended, from its events, its status and the silence up to the night.

use refrain_record::tables::{ConversationEvent, Message};
use refrain_record::{AuthorRole, ConversationEventKind as Kind, EndReason, SECOND_US, Timestamp, Visibility};

use crate::{ConversationHeader, SourceStatus};

/// Silence after which a customer who was answered last counts as gone, where the source knows open and closed.
const LEFT_AFTER_US: i64 = 7 * 86_400 * SECOND_US;
/// Silence after which a conversation of a source without any endings is over, nobody knows how.
const OVER_AFTER_US: i64 = 3 * 86_400 * SECOND_US;

/// How a conversation stands at the end of the night.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) reason: EndReason,
    /// Last message or closing event.
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) first_resolution: Option<Timestamp>,
    /// Last solved or closed event; `None` while open.
    pub(crate) full_resolution: Option<Timestamp>,
    pub(crate) num_reopens: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Pending,
    Solved,
    /// Closed: by whom, and whether it waited for the customer before.
    Closed {
        by: Option<AuthorRole>,
        was_pending: bool,
    },
}

/// The end as the messages and events up to the night tell it; both in order of time.
pub(crate) fn find_ending(
    header: &ConversationHeader,
    messages: &[Message],
    events: &[ConversationEvent],
    night_end: Timestamp,
) -> Ending {
    let mut walk = Walk::default();
    for event in events {
        walk.step(event.kind, Some(event.at), event.actor_role);
    }
    if !walk.has_closing {
        walk.close_by_header(header);
    }
    let last_public = messages.iter().rev().find(|m| m.visibility == Visibility::Public);
    let last_message_at = messages.iter().filter_map(|m| m.sent_at).max();
    let is_closed = matches!(walk.state, State::Solved | State::Closed { .. });
    let reason = if header.merged_into.is_some() || walk.is_merged {
        EndReason::Merged
    } else if header.status == Some(SourceStatus::Spam) || walk.is_spam {
        EndReason::Spam
    } else {
        match walk.state {
            State::Solved => EndReason::Resolved,
            State::Closed { by, was_pending } => closed_reason(header, messages, by, was_pending),
            State::Open | State::Pending => {
                let knows_endings = header.status.is_some() || !events.is_empty();
                open_reason(knows_endings, last_public, last_message_at, night_end)
            }
        }
    };
    Ending {
        reason,
        ended_at: last_message_at
            .max(walk.last_close.filter(|_| is_closed))
            .or(header.started_at),
        first_resolution: walk.first_solved.or(walk.first_closed),
        full_resolution: walk.last_close.filter(|_| is_closed),
        num_reopens: walk.num_reopened.max(walk.num_solved - 1).max(0),
    }
}

struct Walk {
    state: State,
    has_closing: bool,
    is_spam: bool,
    is_merged: bool,
    first_solved: Option<Timestamp>,
    first_closed: Option<Timestamp>,
    last_close: Option<Timestamp>,
    num_solved: i64,
    num_reopened: i64,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            state: State::Open,
            has_closing: false,
            is_spam: false,
            is_merged: false,
            first_solved: None,
            first_closed: None,
            last_close: None,
            num_solved: 0,
            num_reopened: 0,
        }
    }
}

impl Walk {
    fn step(&mut self, kind: Kind, at: Option<Timestamp>, by: Option<AuthorRole>) {
        match kind {
            Kind::Solved => {
                self.has_closing = true;
                self.num_solved += 1;
                self.first_solved = self.first_solved.or(at);
                self.last_close = at;
                self.state = State::Solved;
            }
            Kind::Closed => {
                self.has_closing = true;
                self.first_closed = self.first_closed.or(at);
                self.last_close = at;
                // Systems close what was solved days before; it stays solved.
                if self.state != State::Solved {
                    self.state = State::Closed {
                        by,
                        was_pending: self.state == State::Pending,
                    };
                }
            }
            Kind::Reopened => {
                self.num_reopened += 1;
                self.state = State::Open;
            }
            Kind::Opened => self.state = State::Open,
            Kind::Pending => self.state = State::Pending,
            Kind::Spam => self.is_spam = true,
            Kind::Merged => self.is_merged = true,
            Kind::Assigned | Kind::Transferred | Kind::Handover | Kind::Escalated | Kind::SurveySent => {}
        }
    }

    /// What status and end time say, for sources without closing events.
    fn close_by_header(&mut self, header: &ConversationHeader) {
        let at = header.ended_at;
        match header.status {
            Some(SourceStatus::Solved) => self.step(Kind::Solved, at, None),
            Some(SourceStatus::Closed) => self.step(Kind::Closed, at, None),
            Some(SourceStatus::TimedOut) => self.step(Kind::Closed, at, Some(AuthorRole::Bot)),
            Some(SourceStatus::Pending) => self.state = State::Pending,
            None if at.is_some() => self.step(Kind::Closed, at, None),
            Some(SourceStatus::Open | SourceStatus::Spam) | None => {}
        }
    }
}

fn closed_reason(
    header: &ConversationHeader,
    messages: &[Message],
    by: Option<AuthorRole>,
    was_pending: bool,
) -> EndReason {
    let is_answer = |m: &&Message| {
        m.visibility == Visibility::Public && matches!(m.author_role, AuthorRole::Agent | AuthorRole::Bot)
    };
    if by == Some(AuthorRole::Bot) {
        EndReason::BotTimeout
    } else if was_pending || by == Some(AuthorRole::Customer) && !messages.iter().any(|m| is_answer(&m)) {
        EndReason::CustomerLeft
    } else if messages.iter().any(|m| is_answer(&m)) || messages.is_empty() && header.handle_s.is_some() {
        EndReason::Resolved
    } else {
        EndReason::AgentClosed
    }
}

fn open_reason(
    knows_endings: bool,
    last_public: Option<&Message>,
    last_message_at: Option<Timestamp>,
    night_end: Timestamp,
) -> EndReason {
    let Some(last) = last_message_at else {
        return if knows_endings {
            EndReason::Open
        } else {
            EndReason::Unknown
        };
    };
    let quiet = night_end.0.saturating_sub(last.0);
    let answered = last_public.is_some_and(|m| matches!(m.author_role, AuthorRole::Agent | AuthorRole::Bot));
    if knows_endings {
        if answered && quiet >= LEFT_AFTER_US {
            EndReason::CustomerLeft
        } else {
            EndReason::Open
        }
    } else if quiet >= OVER_AFTER_US {
        EndReason::Unknown
    } else {
        EndReason::Open
    }
}
