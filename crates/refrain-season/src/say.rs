//! Turns what a turn is about into words, in the person's language and register.

use refrain_record::{AuthorRole, Channel};

use crate::catalogue::CARRIERS;
use crate::desk::{Say, Turn};
use crate::grammar::{Facts, Grammar, expand};
use crate::life::{Contact, Order};
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

/// What the words may speak of.
pub(crate) struct Scene<'a> {
    pub(crate) person: &'a Person,
    pub(crate) contact: &'a Contact,
    pub(crate) order: Option<(&'a str, &'a Order)>,
    pub(crate) code: Option<&'a str>,
    pub(crate) currency: &'a str,
    pub(crate) agent: &'a str,
    /// Day and month of an earlier event.
    pub(crate) date: (i8, i8),
}

impl<'a> Voice<'a> {
    pub(crate) fn new(scene: &Scene<'a>, grammars: &'a [Grammar], mut rng: Rng) -> Self {
        let grammar = &grammars[scene.person.language];
        let facts = facts(scene, grammar, &mut rng);
        let Scene { person, contact, .. } = *scene;
        Self { grammar, english: &grammars[ENGLISH], person, contact, facts, rng, answered: String::new() }
    }

    pub(crate) fn subject(&mut self) -> String {
        let template = match self.contact.problem {
            Some(problem) => self.grammar.subject(&Problem::all()[problem], &mut self.rng),
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
        let greeting = if self.rng.chance(greets) { self.greet() } else { String::new() };
        self.envelope(&greeting, &body, is_mail, courteous)
    }

    fn greet(&mut self) -> String {
        let switches = self.grammar.code() != "en" && self.rng.chance(0.03);
        let grammar = if switches { self.english } else { self.grammar };
        let template = grammar.pick("greet", &mut self.rng);
        self.fill(template)
    }

    fn envelope(&mut self, greeting: &str, body: &str, is_mail: bool, courteous: f64) -> String {
        if !is_mail {
            return if greeting.is_empty() { body.to_owned() } else { format!("{greeting}{}{body}", self.grammar.space()) };
        }
        let mut text = if greeting.is_empty() { body.to_owned() } else { format!("{greeting}\n\n{body}") };
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
        let template = grammar.ask(&Problem::all()[problem], &mut self.rng);
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
        let template = self.grammar.answer(problem, &mut self.rng);
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
            // Speech to text leaves the marks out.
            text.retain(|c| !matches!(c, '.' | ',' | '!' | '?' | '。' | '，' | '！' | '？'));
        }
        text
    }

    fn join(&mut self, text: String, list: &str) -> String {
        let more = self.list(list);
        format!("{text}{}{more}", self.grammar.space())
    }

    fn list(&mut self, list: &str) -> String {
        let template = self.grammar.pick(list, &mut self.rng);
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

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn facts(scene: &Scene<'_>, grammar: &Grammar, rng: &mut Rng) -> Facts {
    let mut facts = Facts::default();
    grammar.name_item(scene.contact.item.index, &mut facts);
    let total = scene.order.map_or_else(|| scene.contact.item.price_cents(), |(_, order)| order.total_cents);
    let carrier = scene.order.map_or_else(|| rng.below(CARRIERS.len()), |(_, order)| order.carrier);
    let mut put = |slot, text: String| facts.0.insert(slot, text);
    put("order", scene.order.map_or_else(String::new, |(id, _)| order_text(id, rng)));
    put("days", rng.int(3, 12).to_string());
    put("count", rng.int(2, 4).to_string());
    put("amount", amount(total, scene.currency, grammar.code(), rng));
    put("city", scene.person.city.clone());
    put("name", scene.person.name.clone());
    put("code", scene.code.map_or_else(|| format!("SAVE{}", rng.int(10, 30)), str::to_owned));
    put("carrier", CARRIERS[carrier].0.to_owned());
    put("size", grammar.pick("size", rng).to_owned());
    put("colour", grammar.pick("colour", rng).to_owned());
    put("email", scene.person.email.clone());
    put("phone", scene.person.phone.clone().unwrap_or_else(|| "07700 900461".to_owned()));
    put("iban", iban(scene.currency, rng));
    put("date", date(scene.date, grammar.code()));
    put("agent", scene.agent.to_owned());
    put("tracking", format!("{:012}", rng.next() % 1_000_000_000_000));
    facts
}

/// As people copy it: mostly whole, at times with a hash sign or in small letters.
fn order_text(id: &str, rng: &mut Rng) -> String {
    match rng.below(10) {
        0 => format!("#{id}"),
        1 => id.to_lowercase(),
        _ => id.to_owned(),
    }
}

fn amount(cents: i64, currency: &str, language: &str, rng: &mut Rng) -> String {
    let (whole, rest) = (cents / 100, cents % 100);
    match (currency, language) {
        ("GBP", "zh") => format!("{whole}.{rest:02}英镑"),
        ("GBP", _) => format!("£{whole}.{rest:02}"),
        (_, "nl") => format!("€ {whole},{rest:02}"),
        (_, "en") => format!("€{whole}.{rest:02}"),
        (_, "zh") => format!("{whole}.{rest:02}欧元"),
        _ if rng.chance(0.4) => format!("{whole},{rest:02} Euro"),
        _ => format!("{whole},{rest:02} €"),
    }
}

fn date((month, day): (i8, i8), language: &str) -> String {
    match language {
        "zh" => format!("{month}月{day}日"),
        "en" => format!("{day}/{month}"),
        "nl" => format!("{day}-{month}"),
        _ => format!("{day}.{month}."),
    }
}

/// A made-up account number whose check digits are right, so that a checker takes it for one.
fn iban(currency: &str, rng: &mut Rng) -> String {
    let number = rng.next();
    let (country, letters, bank) = if currency == "GBP" {
        ("GB", "1611", format!("TEST000000{:08}", number % 100_000_000))
    } else {
        ("DE", "1314", format!("00000000{:010}", number % 10_000_000_000))
    };
    let digits = format!("{}{letters}00", bank.replace("TEST", "29142829"));
    let remainder = digits.bytes().fold(0_u32, |sum, digit| (sum * 10 + u32::from(digit - b'0')) % 97);
    format!("{country}{:02} {bank}", 98 - remainder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_check() {
        let mut rng = Rng::of(&[5]);
        for currency in ["EUR", "GBP"] {
            let text = iban(currency, &mut rng).replace(' ', "");
            let (head, tail) = text.split_at(4);
            let mut digits = String::new();
            for letter in tail.chars().chain(head.chars()) {
                match letter.to_digit(36) {
                    Some(value) => digits.push_str(&value.to_string()),
                    None => unreachable!(),
                }
            }
            let remainder = digits.bytes().fold(0_u32, |sum, digit| (sum * 10 + u32::from(digit - b'0')) % 97);
            assert_eq!(remainder, 1, "{text}");
        }
    }

    #[test]
    fn forms_of_amount_and_date() {
        let mut rng = Rng::of(&[5]);
        assert_eq!(amount(4990, "GBP", "en", &mut rng), "£49.90");
        assert_eq!(date((3, 9), "zh"), "3月9日");
    }
}
