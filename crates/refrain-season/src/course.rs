//! What a contact consists of before it has words: turns, events, a rating, and how it went.

use refrain_record::{AuthorRole, ConversationEventKind as Kind};

/// What a turn says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    Hello,
    Request,
    Rephrase,
    Details,
    Nudge,
    AskHuman,
    Supervisor,
    Thanks,
    Complain,
    StillOpen,
    OutOfOffice,
    BotGreet,
    BotAnswer,
    BotFallback,
    BotHandover,
    BotTimeout,
    AgentHello,
    AgentAskDetails,
    AgentAnswer,
    AgentUnsure,
    AgentRedirect,
    AgentApology,
    AgentClose,
    Note,
    Spam,
    Notice,
    ThankYou,
}

/// One message to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) at: i64,
    pub(crate) role: AuthorRole,
    pub(crate) say: Say,
    pub(crate) internal: bool,
}

/// One status or assignment event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) at: i64,
    pub(crate) kind: Kind,
    pub(crate) actor: Actor,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Customer,
    Bot,
    First,
    Second,
    Supervisor,
    System,
}

/// A rating on 1 to 5.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rating {
    pub(crate) at: i64,
    pub(crate) score: u8,
    pub(crate) has_comment: bool,
}

/// How a contact went.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub(crate) turns: Vec<Turn>,
    pub(crate) events: Vec<Event>,
    pub(crate) rating: Option<Rating>,
    pub(crate) survey_sent: bool,
    pub(crate) handle_s: Option<i64>,
    /// The matter was settled.
    pub(crate) solved: bool,
    /// Somebody or the bot answered.
    pub(crate) answered: bool,
    pub(crate) last_at: i64,
}

impl Course {
    /// Keeps the first words only: an agent put the ticket to an open one.
    pub(crate) fn merge(&mut self) {
        self.turns.retain(|t| matches!(t.say, Say::Request | Say::Hello));
        self.last_at = self.turns.last().map_or(self.last_at, |t| t.at);
        self.events.truncate(1);
        self.events.push(Event {
            at: self.last_at + 1800,
            kind: Kind::Merged,
            actor: Actor::First,
        });
        (self.rating, self.survey_sent, self.handle_s) = (None, false, None);
        (self.solved, self.answered) = (false, false);
    }
}
