//! A contact as a helpdesk's record: ids, identities as that channel knows them, status, words.

use refrain_record::{AuthorRole, Channel, ConversationEventKind as Kind};

use crate::course::{Actor, Event, Turn};
use crate::help::owner;
use crate::life::Contact;
use crate::person::Person;
use crate::problem::Problem;
use crate::rng::Rng;

/// What both shapes of export are written from.
pub(crate) struct Ticket<'a> {
    pub(crate) id: String,
    pub(crate) contact: &'a Contact,
    pub(crate) customer: Customer,
    pub(crate) subject: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) updated_at: i64,
    pub(crate) closed_at: Option<i64>,
    /// What the helpdesk's own (coarse, patchy) labels say; the truth in a season of events only.
    pub(crate) labels: Vec<String>,
    /// Order that the helpdesk knows it belongs to.
    pub(crate) order_id: Option<String>,
    pub(crate) follow_up_of: Option<String>,
    pub(crate) merged_into: Option<String>,
    /// One text per turn.
    pub(crate) texts: Vec<String>,
    pub(crate) comment: Option<String>,
    first_agent: u64,
    second_agent: u64,
}

/// The customer as this channel knows them.
#[derive(Debug, Default)]
pub(crate) struct Customer {
    pub(crate) id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
}

impl Customer {
    pub(crate) fn draw(person: &Person, contact: &Contact, rng: &mut Rng) -> Self {
        let id = |suffix: u64| Some(format!("{}-{suffix}", person.desk_id));
        let email = || {
            let email = person
                .other_email
                .as_ref()
                .filter(|_| person.index.is_multiple_of(2))
                .unwrap_or(&person.email);
            if person.index.is_multiple_of(9) {
                capitalised(email)
            } else {
                email.clone()
            }
        };
        if contact.problem.is_none() {
            let stranger = format!("offer{}@bulk.example", rng.int(1, 99_999));
            return Self {
                email: Some(if rng.chance(0.5) { email() } else { stranger }),
                ..Self::default()
            };
        }
        match contact.channel {
            Channel::Chat if rng.chance(0.14) => Self::default(),
            Channel::Chat | Channel::Email | Channel::WebForm => Self {
                id: id(0),
                email: Some(email()),
                phone: None,
            },
            Channel::Phone | Channel::Whatsapp => Self {
                id: id(1),
                email: None,
                phone: person.phone.clone(),
            },
            // Networks give a handle of their own, and now and then the address behind it.
            _ => Self {
                id: id(2),
                email: rng.chance(0.4).then(email),
                phone: None,
            },
        }
    }
}

impl<'a> Ticket<'a> {
    pub(crate) fn new(id: String, contact: &'a Contact, customer: Customer, rng: &mut Rng) -> Self {
        let events = &contact.course.events;
        let last = |kinds: &[Kind]| events.iter().filter(|e| kinds.contains(&e.kind)).map(|e| e.at).max();
        let closed_at = last(&[Kind::Closed, Kind::Merged, Kind::Spam]);
        let status = match events.last().map(|e| e.kind) {
            Some(Kind::Solved) => "solved",
            Some(Kind::Closed | Kind::Merged) => "closed",
            Some(Kind::Spam) => "spam",
            _ => "open",
        };
        let times = events
            .iter()
            .map(|e| e.at)
            .chain(contact.course.turns.iter().map(|t| t.at));
        let updated_at = times
            .chain(contact.course.rating.map(|r| r.at))
            .max()
            .unwrap_or(contact.at);
        let first_agent = rng.int(1, 18) as u64;
        Self {
            id,
            contact,
            customer,
            subject: None,
            status,
            updated_at,
            closed_at,
            labels: Vec::new(),
            order_id: None,
            follow_up_of: None,
            merged_into: None,
            texts: Vec::new(),
            comment: None,
            first_agent,
            second_agent: 19 + first_agent % 6,
        }
    }

    pub(crate) fn author(&self, turn: &Turn) -> String {
        match turn.role {
            AuthorRole::Agent => {
                let moved = self
                    .contact
                    .course
                    .events
                    .iter()
                    .any(|e| e.kind == Kind::Transferred && e.at <= turn.at);
                format!("a{:02}", if moved { self.second_agent } else { self.first_agent })
            }
            AuthorRole::Bot => "bot-1".to_owned(),
            _ => self.customer.id.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn actor(&self, event: &Event) -> Option<String> {
        match event.actor {
            Actor::First => Some(format!("a{:02}", self.first_agent)),
            Actor::Second => Some(format!("a{:02}", self.second_agent)),
            Actor::Supervisor => Some("s01".to_owned()),
            Actor::Bot => Some("bot-1".to_owned()),
            Actor::Customer | Actor::System => None,
        }
    }

    /// Role of who did it.
    pub(crate) fn actor_role(event: &Event) -> &'static str {
        let role = match event.actor {
            Actor::First | Actor::Second | Actor::Supervisor => AuthorRole::Agent,
            Actor::Bot => AuthorRole::Bot,
            Actor::Customer => AuthorRole::Customer,
            Actor::System => AuthorRole::System,
        };
        role.as_str()
    }

    /// Team of an assignment.
    pub(crate) fn team(&self, event: &Event) -> Option<&'static str> {
        let problem = &Problem::all()[self.contact.problem?];
        match event.kind {
            Kind::Assigned | Kind::Handover => Some("service"),
            Kind::Transferred => Some(owner(problem)),
            Kind::Escalated => Some("supervisors"),
            _ => None,
        }
    }

    /// Ticket that a merge goes into.
    pub(crate) fn merge_target(&self, event: &Event) -> Option<&str> {
        self.merged_into.as_deref().filter(|_| event.kind == Kind::Merged)
    }

    /// First agent's name for greetings and signatures.
    pub(crate) fn agent_name(&self) -> &'static str {
        const NAMES: [&str; 12] = [
            "Alex", "Kim", "Robin", "Sasha", "Mika", "Toni", "Jona", "Luca", "Charlie", "Noa", "Sam", "Andrea",
        ];
        NAMES[self.first_agent as usize % NAMES.len()]
    }
}

fn capitalised(email: &str) -> String {
    let mut letters = email.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
