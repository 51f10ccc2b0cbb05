//! Writes one conversation: the helpdesk's record, the search before it, the truth, perhaps a labelled text.

use refrain_record::Channel;

use super::ShopSeason;
use crate::SeasonError;
use crate::course::Say;
use crate::facts::Scene;
use crate::help::{Search, faq_id};
use crate::life::{Contact, Life};
use crate::manifest::desk_source;
use crate::person::Person;
use crate::problem::Problem;
use crate::rng::Rng;
use crate::say::Voice;
use crate::ticket::{Customer, Ticket};
use crate::truth::{ConversationTruth, TruthFiles, person_id};

/// Share of conversations whose request becomes a labelled text, in percent.
const LABELLED_PERCENT: u64 = 10;
/// Share of contacts that searched the help centre before.
const SEARCHED: f64 = 0.3;
/// Share of tickets about an order that the helpdesk itself ties to it.
const TIED_TO_ORDER: f64 = 0.25;
/// Share of tickets that an agent labelled.
const LABELLED_BY_HAND: f64 = 0.35;

/// Text of every message of a season of events only: something, as a message without text is none.
const WORDLESS: &str = "…";

/// One contact and where it stands.
pub(super) struct Place<'a> {
    pub(super) person: &'a Person,
    pub(super) life: &'a Life,
    pub(super) contact: &'a Contact,
    /// Among the person's contacts.
    pub(super) number: u64,
    /// Number of the person's first conversation in the shop.
    pub(super) first: u64,
    /// Number of the person's first order in the shop.
    pub(super) first_order: u64,
}

impl Place<'_> {
    fn earlier_id(&self) -> Option<String> {
        self.contact.repeat_of.map(|at| conversation_id(self.first + at as u64))
    }
}

impl ShopSeason<'_> {
    pub(super) fn write_contact(&mut self, place: &Place<'_>, truth: &mut TruthFiles) -> Result<(), SeasonError> {
        let seed = [self.config.seed, self.index as u64, place.person.index, place.number];
        let rng = |purpose| Rng::of(&[seed[0], seed[1], seed[2], seed[3], purpose]);
        let order_id = place
            .contact
            .order
            .map(|at| self.files.order_id(place.first_order + at as u64));
        let (mut events, words) = (rng(3), rng(4));
        let mut ticket = self.ticket(place, order_id.as_deref(), &mut events);
        let searches = place.contact.problem.is_some() && events.chance(SEARCHED);
        let query = self.speak(place, order_id.as_deref(), &mut ticket, words);
        if searches {
            self.write_search(place, &query, &mut events)?;
        }
        self.desk.write(&ticket, &self.calendar)?;
        self.write_truth(place, order_id.as_deref(), &ticket, truth)
    }

    /// The record without its words.
    fn ticket<'c>(&self, place: &Place<'c>, order_id: Option<&str>, rng: &mut Rng) -> Ticket<'c> {
        let contact = place.contact;
        let customer = Customer::draw(place.person, contact, rng);
        let mut ticket = Ticket::new(conversation_id(place.first + place.number), contact, customer, rng);
        ticket.follow_up_of = place.earlier_id().filter(|_| contact.is_follow_up);
        ticket.merged_into = place.earlier_id().filter(|_| contact.is_merged);
        ticket.order_id = order_id.map(str::to_owned).filter(|_| rng.chance(TIED_TO_ORDER));
        ticket.labels = self.labels(contact, rng);
        ticket
    }

    /// The helpdesk's own labels: coarse and patchy; the truth in a season of events only.
    fn labels(&self, contact: &Contact, rng: &mut Rng) -> Vec<String> {
        let by_hand = rng.chance(LABELLED_BY_HAND);
        let Some(problem) = contact.problem.map(|p| &Problem::all()[p]) else {
            return Vec::new();
        };
        if self.config.events_only {
            return contact.tags().iter().map(|t| (*t).to_owned()).collect();
        }
        if by_hand {
            vec![format!("topic_{}", problem.group())]
        } else {
            Vec::new()
        }
    }

    /// Puts the words in, unless they are left away; returns what the customer would search for.
    fn speak(&self, place: &Place<'_>, order_id: Option<&str>, ticket: &mut Ticket<'_>, words: Rng) -> String {
        let contact = place.contact;
        if self.config.events_only {
            ticket.texts = vec![WORDLESS.to_owned(); contact.course.turns.len()];
            return WORDLESS.to_owned();
        }
        let (_, month, day) = self.calendar.date(contact.at - 3 * 86_400).year_month_day();
        let scene = Scene {
            person: place.person,
            contact,
            order: order_id.zip(contact.order.map(|at| &place.life.orders[at])),
            code: contact.campaign.and_then(|at| self.campaigns[at].code.as_deref()),
            currency: &self.shop.currency,
            agent: ticket.agent_name(),
            date: (month, day),
        };
        let mut voice = Voice::new(&scene, self.grammars, words);
        let has_subject = matches!(contact.channel, Channel::Email | Channel::WebForm);
        ticket.subject = has_subject.then(|| voice.subject());
        ticket.texts = contact.course.turns.iter().map(|turn| voice.speak(turn)).collect();
        ticket.comment = contact
            .course
            .rating
            .filter(|r| r.has_comment)
            .map(|r| voice.comment(r.score >= 4));
        voice.search()
    }

    fn write_search(&mut self, place: &Place<'_>, query: &str, rng: &mut Rng) -> Result<(), SeasonError> {
        let Place { person, contact, .. } = *place;
        let Some(problem) = contact.problem.map(|p| &Problem::all()[p]) else {
            return Ok(());
        };
        let grammar = &self.grammars[person.language];
        // The help centre is in the shop's main language.
        let is_main = self.languages.iter().any(|l| l.0 == person.language && l.1 >= 0.5);
        let has_entry = is_main && grammar.faq().contains_key(problem.tag);
        let num_results = if has_entry { rng.below(6) } else { rng.below(3) };
        let entry = faq_id(problem.tag);
        let search = Search {
            at: (contact.at - rng.int(60, 3_000)).max(self.calendar.start()),
            email: person.shop_id.as_ref().map(|_| person.email.as_str()),
            query,
            num_results,
            clicked: (has_entry && num_results > 0 && rng.chance(0.4)).then_some(entry.as_str()),
            language: grammar.code(),
        };
        self.files.write_search(&search, &self.calendar)
    }

    fn write_truth(
        &self,
        place: &Place<'_>,
        order: Option<&str>,
        ticket: &Ticket<'_>,
        truth: &mut TruthFiles,
    ) -> Result<(), SeasonError> {
        let contact = place.contact;
        let problem = contact.problem.map(|p| &Problem::all()[p]);
        let (person, earlier) = (person_id(&self.shop.id, place.person.index), place.earlier_id());
        let line = ConversationTruth {
            shop: &self.shop.id,
            source: desk_source(self.shop),
            conversation_id: &ticket.id,
            problem: problem.map_or_else(|| noise(contact), |p| p.id),
            tags: contact.tags(),
            act: act(contact, &ticket.texts),
            stage: problem.map_or("", Problem::stage),
            language: self.grammars[place.person.language].code(),
            person: &person,
            at: self.calendar.rfc3339(contact.at),
            order,
            campaign: contact.campaign.map(|at| self.campaigns[at].id.as_str()),
            incident: contact.incident.map(|at| self.config.incidents[at].id.as_str()),
            repeat_of: earlier.as_deref(),
            bad_contact: contact.is_bad,
        };
        truth.conversations.line(&serde_json::json!(line).to_string())?;
        self.write_label(ticket, &line, truth)
    }

    fn write_label(
        &self,
        ticket: &Ticket<'_>,
        line: &ConversationTruth<'_>,
        truth: &mut TruthFiles,
    ) -> Result<(), SeasonError> {
        let mut hash = Rng::of(&[self.config.seed, self.index as u64, self.conversations, 5]);
        let is_chosen = hash.next() % 100 < LABELLED_PERCENT && !line.tags.is_empty() && !self.config.events_only;
        let Some(text) = request(ticket.contact, &ticket.texts).filter(|_| is_chosen) else {
            return Ok(());
        };
        let label = serde_json::json!({
            "text": text,
            "tags": line.tags,
            "lang": line.language,
            "id": format!("{}/{}/{}", line.shop, line.source, line.conversation_id),
            "problem": line.problem,
            "act": line.act,
            "stage": line.stage,
        });
        truth.labels.line(&label.to_string())
    }
}

/// The message that says what the customer wants.
fn request<'a>(contact: &Contact, texts: &'a [String]) -> Option<&'a String> {
    let at = contact.course.turns.iter().position(|t| t.say == Say::Request)?;
    texts.get(at)
}

fn conversation_id(number: u64) -> String {
    format!("c{}", 100_001 + number)
}

/// What the customer does; where words are left away, nothing for problems that are asked and complained about alike.
fn act(contact: &Contact, texts: &[String]) -> &'static str {
    let Some(problem) = contact.problem.map(|p| &Problem::all()[p]) else {
        return if noise(contact) == "thanks" { "act/praise" } else { "" };
    };
    match (problem.act, request(contact, texts)) {
        _ if contact.again > 0 => "act/complaint",
        (Some(act), _) => act,
        (None, Some(text)) if text == WORDLESS => "",
        (None, Some(text)) if text.contains(['?', '？']) => "act/question",
        (None, Some(_)) => "act/complaint",
        (None, None) => "",
    }
}

fn noise(contact: &Contact) -> &'static str {
    match contact.course.turns.first().map(|t| t.say) {
        Some(Say::Spam) => "spam",
        Some(Say::Notice) => "notice",
        _ => "thanks",
    }
}
