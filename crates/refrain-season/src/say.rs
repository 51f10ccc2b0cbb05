//! Turns what a turn is about into words, in the person's language and register.

use refrain_record::{AuthorRole, Channel};

use crate::course::{Say, Turn};
use crate::facts::{Scene, facts};
use crate::grammar::{Facts, Grammar, expand};
use crate::life::Contact;
use crate::person::{Person, Register};
use crate::problem::Problem;
use crate::rng::Rng;
use crate::typo::make_slips;

/// English phrases, for people who switch.
const ENGLISH: usize = 0;

/// One conversation's voice.
pub(crate) struct Voice<'a> {
    grammar: &'a Grammar,
    english: &'a Grammar,
    person: &'a Person,
    contact: &'a Contact,
    facts: Facts,
    rng: Rng,
    /// Last public agent text, for quoting.
    answered: String,
}

impl<'a> Voice<'a> {
    pub(crate) fn new(scene: &Scene<'a>, grammars: &'a [Grammar], mut rng: Rng) -> Self {
        let grammar = &grammars[scene.person.language];
        let facts = facts(scene, grammar, &mut rng);
        let Scene { person, contact, .. } = *scene;
        Self {
            grammar,
            english: &grammars[ENGLISH],
            person,
            contact,
            facts,
            rng,
            answered: String::new(),
        }
    }

    pub(crate) fn subject(&mut self) -> String {
        let template = match self.contact.problem {
            Some(problem) => self
                .grammar
                .subject(&Problem::all()[problem], self.has_order(), &mut self.rng),
            None => "(Re: |){name}",
        };
        self.fill(template)
    }

    /// The help-centre search that a customer may have tried before.
    pub(crate) fn search(&mut self) -> String {
        let problem = self.contact.problem.map_or(&Problem::all()[0], |p| &Problem::all()[p]);
        let template = self.grammar.search(problem, &mut self.rng);
        self.fill(template).to_lowercase()
    }

    pub(crate) fn comment(&mut self, is_good: bool) -> String {
        self.list(if is_good { "comment_good" } else { "comment_bad" })
    }

    /// The words of a turn.
    pub(crate) fn speak(&mut self, turn: &Turn) -> String {
        match turn.role {
            AuthorRole::Customer => self.customer(turn.say),
            _ => self.desk(turn.say),
        }
    }

    fn customer(&mut self, say: Say) -> String {
        let list = match say {
            Say::Request => return self.request(),
            Say::Rephrase => return self.rephrase(),
            Say::Hello => "hello",
            Say::Details => "details",
            Say::Nudge => "nudge",
            Say::AskHuman => "ask_human",
            Say::Supervisor => "supervisor",
            Say::Thanks => "thank_you",
            Say::StillOpen => "still_open",
            Say::OutOfOffice => return self.list("out_of_office"),
            Say::Notice => return self.list("notice"),
            Say::ThankYou => return self.list("thanks_only"),
            Say::Spam => return self.list("spam"),
            _ => "complain",
        };
        let mut text = self.list(list);
        if list == "complain" && self.person.register == Register::Angry {
            text = self.join(text, "angry");
        }
        let text = self.shape(text);
        self.quote(text)
    }

    /// The message that says what the customer wants.
    fn request(&mut self) -> String {
        let is_mail = matches!(self.contact.channel, Channel::Email | Channel::WebForm);
        let register = self.person.register;
        let (greets, courteous) = match register {
            Register::Curt | Register::Lower => (0.25, 0.15),
            Register::Polite => (0.9, 0.8),
            Register::Chatty => (0.8, 0.6),
            Register::Angry => (0.3, 0.05),
            Register::Emoji => (0.6, 0.4),
        };
        let mut parts: Vec<String> = Vec::with_capacity(8);
        let is_chatty = register == Register::Chatty && self.rng.chance(0.7);
        if self.rng.chance(courteous * 0.35) {
            parts.push(self.list("open"));
        }
        if self.contact.again > 0 && self.rng.chance(0.7) {
            parts.push(self.list("again"));
        }
        if is_chatty && self.rng.chance(0.5) {
            parts.push(self.list("chatty"));
        }
        let main = self.contact.problem.unwrap_or(0);
        let (asked, names_order) = self.ask(main);
        parts.push(asked);
        if let Some(second) = self.contact.second {
            let also = self.list("also");
            let (second, _) = self.ask(second);
            parts.push(format!("{also}{}{second}", self.grammar.space()));
        }
        if is_chatty && self.rng.chance(0.4) {
            parts.push(self.list("chatty"));
        }
        if self.contact.order.is_some() && !names_order && self.rng.chance(if is_mail { 0.6 } else { 0.35 }) {
            parts.push(self.list("order_ref"));
        }
        let is_angry = register == Register::Angry || (self.contact.again > 0 && self.rng.chance(0.3));
        if is_angry && self.rng.chance(0.7) {
            parts.push(self.list("angry"));
        }
        if self.rng.chance(0.09) {
            parts.push(self.list("contact_ref"));
        }
        if self.rng.chance(courteous * 0.5) {
            parts.push(self.list("close"));
        }
        if self.rng.chance(courteous * 0.5) {
            parts.push(self.list("thanks"));
        }
        let body = self.shape(parts.join(self.grammar.space()));
        let greeting = if self.rng.chance(greets) {
            self.greet()
        } else {
            String::new()
        };
        self.envelope(&greeting, &body, is_mail, courteous)
    }

    fn greet(&mut self) -> String {
        let switches = self.grammar.code() != "en" && self.rng.chance(0.03);
        let grammar = if switches { self.english } else { self.grammar };
        let template = grammar.pick("greet", false, &mut self.rng);
        self.fill(template)
    }

    fn envelope(&mut self, greeting: &str, body: &str, is_mail: bool, courteous: f64) -> String {
        if !is_mail {
            return if greeting.is_empty() {
                body.to_owned()
            } else {
                format!("{greeting}{}{body}", self.grammar.space())
            };
        }
        let mut text = if greeting.is_empty() {
            body.to_owned()
        } else {
            format!("{greeting}\n\n{body}")
        };
        if self.rng.chance(0.3 + courteous * 0.6) {
            text = format!("{text}\n\n{}", self.list("sign"));
        }
        if self.contact.channel == Channel::WebForm {
            self.facts.0.insert("body", text);
            text = self.list("form");
            self.facts.0.remove("body");
        }
        text
    }

    /// A request sentence, and whether it already names the order.
    fn ask(&mut self, problem: usize) -> (String, bool) {
        let switches = self.grammar.code() != "en" && self.rng.chance(0.006);
        let grammar = if switches { self.english } else { self.grammar };
        let template = grammar.ask(&Problem::all()[problem], self.contact.order.is_some(), &mut self.rng);
        (self.fill(template), template.contains("{order}"))
    }

    fn rephrase(&mut self) -> String {
        let (text, _) = self.ask(self.contact.problem.unwrap_or(0));
        self.shape(text)
    }

    fn desk(&mut self, say: Say) -> String {
        let list = match say {
            Say::AgentAnswer => return self.answer("agent_sign"),
            Say::BotAnswer => {
                let intro = self.list("bot_answer");
                let answer = self.answer("");
                return format!("{intro}{}{answer}", self.grammar.space());
            }
            Say::BotGreet => "bot_greet",
            Say::BotFallback => "bot_fallback",
            Say::BotHandover => "bot_handover",
            Say::BotTimeout => "bot_timeout",
            Say::AgentHello => "agent_hello",
            Say::AgentAskDetails => "agent_ask",
            Say::AgentUnsure => "agent_unsure",
            Say::AgentRedirect => "agent_redirect",
            Say::AgentApology => "agent_apology",
            Say::Note => "note",
            _ => "agent_close",
        };
        let text = self.list(list);
        if say != Say::Note {
            self.answered.clone_from(&text);
        }
        text
    }

    fn answer(&mut self, sign: &str) -> String {
        let problem = self.contact.problem.map_or(&Problem::all()[0], |p| &Problem::all()[p]);
        let template = self.grammar.answer(problem, self.has_order(), &mut self.rng);
        let mut text = self.fill(template);
        if !sign.is_empty() && self.contact.channel == Channel::Email {
            let signature = self.list(sign);
            text = format!("{text}\n\n{signature}");
        }
        self.answered.clone_from(&text);
        text
    }

    /// E-mail replies often carry what they answer to.
    fn quote(&mut self, text: String) -> String {
        if self.contact.channel != Channel::Email || self.answered.is_empty() || !self.rng.chance(0.45) {
            return text;
        }
        let head = self.list("quote");
        let quoted: Vec<String> = self.answered.lines().map(|line| format!("> {line}")).collect();
        format!("{text}\n\n{head}\n{}", quoted.join("\n"))
    }

    /// Register and slips.
    fn shape(&mut self, text: String) -> String {
        let mut text = make_slips(&text, self.person.sloppiness, &mut self.rng);
        match self.person.register {
            Register::Lower => text = text.to_lowercase().trim_end_matches(['.', '。']).to_owned(),
            Register::Emoji if self.rng.chance(0.7) => text = self.join(text, "emoji"),
            _ => {}
        }
        if self.contact.channel == Channel::Phone && self.rng.chance(0.5) {
            text = as_heard(&text);
        }
        text
    }

    fn has_order(&self) -> bool {
        self.contact.order.is_some()
    }

    fn join(&mut self, text: String, list: &str) -> String {
        let more = self.list(list);
        format!("{text}{}{more}", self.grammar.space())
    }

    fn list(&mut self, list: &str) -> String {
        let template = self.grammar.pick(list, self.has_order(), &mut self.rng);
        self.fill(template)
    }

    fn fill(&mut self, template: &str) -> String {
        let mut out = String::with_capacity(template.len() + 16);
        expand(template, &self.facts, &mut self.rng, &mut out);
        // Items' names are written as inside a sentence.
        if template.starts_with("{the_") || template.starts_with("{my_") {
            return capitalised(&out);
        }
        out
    }
}

/// Speech to text leaves the marks out; those inside addresses stay, and what is only marks.
fn as_heard(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.trim_end_matches(['.', ',', '!', '?']));
    let plain = words
        .collect::<Vec<_>>()
        .join(" ")
        .replace(['。', '，', '！', '？'], "");
    if plain.trim().is_empty() {
        text.to_owned()
    } else {
        plain
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
