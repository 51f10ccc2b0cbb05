//! Writes a season: shop by shop, person by person.

use std::path::Path;

use refrain_record::Date;

use crate::SeasonError;
use crate::calendar::Calendar;
use crate::campaign::{Campaign, plan_campaigns};
use crate::config::{SeasonConfig, ShopConfig};
use crate::course::Say;
use crate::file::Out;
use crate::grammar::{Grammar, language_index, load};
use crate::helpdesk::HelpdeskFiles;
use crate::life::{Contact, Life, World, live};
use crate::manifest::{DEMO_KEY, config_text, desk_source};
use crate::person::Person;
use crate::problem::Problem;
use crate::rng::Rng;
use crate::say::{Scene, Voice};
use crate::shop::{Search, ShopCounts, ShopFiles, faq_id};
use crate::ticket::{Customer, Ticket};
use crate::truth::{ConversationTruth, Tally, TruthFiles, incidents, person_id, person_line};

/// Share of conversations whose request becomes a labelled text, in percent.
const LABELLED_PERCENT: u64 = 10;

/// What was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct SeasonSummary {
    /// Conversations over all shops.
    pub conversations: u64,
    /// Persons.
    pub persons: u64,
    /// Orders.
    pub orders: u64,
    /// Order lines.
    pub order_lines: u64,
    /// Checkouts.
    pub checkouts: u64,
    /// Returns, refunds and cancellations.
    pub returns: u64,
    /// Campaign sends, hold-outs included.
    pub sends: u64,
    /// Reactions to campaigns.
    pub campaign_events: u64,
    /// Help-centre searches.
    pub help_searches: u64,
    /// Labelled texts.
    pub labels: u64,
    /// Bytes of all rows before compression.
    pub uncompressed_bytes: u64,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// Writes a season into the folder `out`: exports, config, key and truth.
///
/// Files of an earlier season in the same folder are replaced; others stay. The same settings and
/// seed give the same bytes. `conversations` is met exactly, the other sizes follow from it.
///
/// # Errors
/// On settings out of range and on files that cannot be written.
pub fn write_season(out: &Path, config: &SeasonConfig) -> Result<SeasonSummary, SeasonError> {
    config.check()?;
    let grammars = load()?;
    let mut truth = TruthFiles::create(&out.join("truth"))?;
    let mut summary = SeasonSummary {
        from: config.start,
        to: config.end().plus_days(-1),
        ..Default::default()
    };
    let mut effects = Vec::new();
    let shares: f64 = config.shops.iter().map(|s| s.share).sum();
    let mut left = config.conversations;
    for (index, shop) in config.shops.iter().enumerate() {
        let is_last = index + 1 == config.shops.len();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        let quota = if is_last {
            left
        } else {
            ((config.conversations as f64 * shop.share / shares) as u64).min(left)
        };
        left -= quota;
        let written = ShopSeason::new(out, config, index, shop, &grammars)?.run(
            quota,
            &mut truth,
            &mut summary,
        )?;
        effects.extend(written.effects(&shop.id, config));
    }
    summary.labels = truth.labels.num_rows;
    summary.uncompressed_bytes += truth.finish()?;
    write_text(
        out,
        "truth/effects.json",
        &serde_json::Value::Array(effects).to_string(),
    )?;
    write_text(
        out,
        "truth/incidents.json",
        &serde_json::Value::Array(incidents(config)).to_string(),
    )?;
    write_text(out, "refrain.toml", config_text(config).trim_end())?;
    write_text(out, "secrets/identity.key", DEMO_KEY)?;
    Ok(summary)
}

fn write_text(out: &Path, name: &str, text: &str) -> Result<(), SeasonError> {
    let mut file = Out::create(out.join(name))?;
    file.line(text)?;
    file.finish()
}

struct ShopSeason<'a> {
    config: &'a SeasonConfig,
    index: usize,
    shop: &'a ShopConfig,
    grammars: &'a [Grammar],
    languages: Vec<(usize, f64)>,
    folder: std::path::PathBuf,
    calendar: Calendar,
    campaigns: Vec<Campaign>,
    files: ShopFiles,
    desk: HelpdeskFiles,
    tally: Tally,
    conversations: u64,
}

impl<'a> ShopSeason<'a> {
    fn new(
        out: &Path,
        config: &'a SeasonConfig,
        index: usize,
        shop: &'a ShopConfig,
        grammars: &'a [Grammar],
    ) -> Result<Self, SeasonError> {
        let folder = out.join("exports").join(&shop.id);
        let calendar = Calendar::new(config, shop);
        let campaigns = plan_campaigns(config.seed, index, &calendar);
        let languages = shop
            .languages
            .iter()
            .filter_map(|(code, weight)| Some((language_index(code)?, *weight)));
        Ok(Self {
            config,
            index,
            shop,
            grammars,
            languages: languages.collect(),
            files: ShopFiles::create(&folder, shop, campaigns.len())?,
            desk: HelpdeskFiles::create(&folder, shop.helpdesk, config.seed, index)?,
            folder,
            calendar,
            campaigns,
            tally: Tally::default(),
            conversations: 0,
        })
    }

    fn run(
        mut self,
        quota: u64,
        truth: &mut TruthFiles,
        summary: &mut SeasonSummary,
    ) -> Result<Tally, SeasonError> {
        let mut persons = 0;
        while self.conversations < quota {
            let person = Person::draw(
                self.config.seed,
                self.index,
                persons,
                &self.languages,
                self.grammars,
            );
            let world = World {
                seed: self.config.seed,
                shop: self.index,
                calendar: &self.calendar,
                campaigns: &self.campaigns,
                effects: &self.config.effects,
                incidents: self
                    .config
                    .incidents
                    .iter()
                    .enumerate()
                    .filter(|(_, i)| i.shop == self.shop.id)
                    .collect(),
            };
            let mut life = live(&person, &world);
            let room = usize::try_from(quota - self.conversations).unwrap_or(usize::MAX);
            life.contacts.truncate(room);
            self.write_person(&person, &life, truth)?;
            persons += 1;
        }
        summary.conversations += self.conversations;
        summary.persons += persons;
        let grammar = self
            .languages
            .iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(0, |l| l.0);
        let counts = self.files.finish(
            &self.folder,
            &self.campaigns,
            &self.grammars[grammar],
            &self.calendar,
        )?;
        summary.uncompressed_bytes += counts.num_bytes + self.desk.finish()?;
        add_counts(summary, &counts);
        Ok(self.tally)
    }

    fn write_person(
        &mut self,
        person: &Person,
        life: &Life,
        truth: &mut TruthFiles,
    ) -> Result<(), SeasonError> {
        self.tally.add(life, &self.campaigns, &self.calendar);
        truth.persons.line(&person_line(&self.shop.id, person))?;
        let first_order = self.files.next_order();
        let first = self.conversations;
        for (number, contact) in life.contacts.iter().enumerate() {
            self.write_contact(
                person,
                life,
                contact,
                number as u64,
                first,
                first_order,
                truth,
            )?;
            self.conversations += 1;
        }
        self.files
            .write(person, life, &self.campaigns, &self.calendar)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the places of one contact, each of its own kind"
    )]
    fn write_contact(
        &mut self,
        person: &Person,
        life: &Life,
        contact: &Contact,
        number: u64,
        first: u64,
        first_order: u64,
        truth: &mut TruthFiles,
    ) -> Result<(), SeasonError> {
        let place = [self.config.seed, self.index as u64, person.index, number];
        let mut rng = Rng::of(&[place[0], place[1], place[2], place[3], 3]);
        let words = Rng::of(&[place[0], place[1], place[2], place[3], 4]);
        let customer = Customer::draw(person, contact, &mut rng);
        let mut ticket = Ticket::new(conversation_id(first + number), contact, customer, &mut rng);
        let earlier = contact
            .repeat_of
            .map(|at| conversation_id(first + at as u64));
        ticket.follow_up_of = earlier.clone().filter(|_| contact.is_follow_up);
        ticket.merged_into = earlier.clone().filter(|_| contact.is_merged);
        let order_id = contact
            .order
            .map(|at| self.files.order_id(first_order + at as u64));
        ticket.order_id = order_id.clone().filter(|_| rng.chance(0.25));
        ticket.labels = self.labels(contact, &mut rng);
        let is_search = contact.problem.is_some() && rng.chance(0.3);
        let code = contact
            .campaign
            .and_then(|at| self.campaigns[at].code.as_deref());
        let (_, month, day) = self.calendar.date(contact.at - 3 * 86_400).year_month_day();
        let scene = Scene {
            person,
            contact,
            order: order_id
                .as_deref()
                .zip(contact.order.map(|at| &life.orders[at])),
            code,
            currency: &self.shop.currency,
            agent: ticket.agent_name(),
            date: (month, day),
        };
        let mut voice = Voice::new(&scene, self.grammars, words);
        if !self.config.events_only {
            let has_subject = matches!(
                contact.channel,
                refrain_record::Channel::Email | refrain_record::Channel::WebForm
            );
            ticket.subject = has_subject.then(|| voice.subject());
            ticket.texts = contact
                .course
                .turns
                .iter()
                .map(|turn| voice.speak(turn))
                .collect();
            ticket.comment = contact
                .course
                .rating
                .filter(|r| r.has_comment)
                .map(|r| voice.comment(r.score >= 4));
        }
        if is_search {
            let query = if self.config.events_only {
                String::new()
            } else {
                voice.search()
            };
            self.write_search(person, contact, &query, &mut rng)?;
        }
        self.desk.write(&ticket, &self.calendar)?;
        let problem = contact.problem.map(|p| &Problem::all()[p]);
        let person_name = person_id(&self.shop.id, person.index);
        let line = ConversationTruth {
            shop: &self.shop.id,
            source: desk_source(self.shop),
            conversation_id: &ticket.id,
            problem: problem.map_or_else(|| noise(contact), |p| p.id),
            tags: contact.tags(),
            act: act(contact, &ticket.texts),
            stage: problem.map_or("", Problem::stage),
            language: self.grammars[person.language].code(),
            person: &person_name,
            at: self.calendar.rfc3339(contact.at),
            order: order_id.as_deref(),
            campaign: contact.campaign.map(|at| self.campaigns[at].id.as_str()),
            incident: contact
                .incident
                .map(|at| self.config.incidents[at].id.as_str()),
            repeat_of: earlier.as_deref(),
            bad_contact: contact.is_bad,
        };
        truth
            .conversations
            .line(&serde_json::json!(line).to_string())?;
        self.write_label(&ticket, &line, truth)
    }

    /// The helpdesk's own labels: coarse and set by one agent in three; the truth in a season of events only.
    fn labels(&self, contact: &Contact, rng: &mut Rng) -> Vec<String> {
        let by_hand = rng.chance(0.35);
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

    fn write_search(
        &mut self,
        person: &Person,
        contact: &Contact,
        query: &str,
        rng: &mut Rng,
    ) -> Result<(), SeasonError> {
        let Some(problem) = contact.problem.map(|p| &Problem::all()[p]) else {
            return Ok(());
        };
        let grammar = &self.grammars[person.language];
        let main = self
            .languages
            .iter()
            .any(|l| l.0 == person.language && l.1 >= 0.5);
        let has_entry = main && grammar.faq().contains_key(problem.tag);
        let num_results = if has_entry {
            rng.below(6)
        } else {
            rng.below(3)
        };
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

    fn write_label(
        &self,
        ticket: &Ticket<'_>,
        line: &ConversationTruth<'_>,
        truth: &mut TruthFiles,
    ) -> Result<(), SeasonError> {
        let chosen = Rng::of(&[self.config.seed, self.index as u64, self.conversations, 5]).next()
            % 100
            < LABELLED_PERCENT;
        let turns = &ticket.contact.course.turns;
        let text = turns
            .iter()
            .zip(&ticket.texts)
            .find(|(turn, _)| turn.say == Say::Request)
            .map(|(_, text)| text);
        let Some(text) = text.filter(|_| chosen && !line.tags.is_empty()) else {
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

fn conversation_id(number: u64) -> String {
    format!("c{}", 100_001 + number)
}

/// What the customer does; where words are left away, nothing for problems that are asked and complained about alike.
fn act(contact: &Contact, texts: &[String]) -> &'static str {
    let Some(problem) = contact.problem.map(|p| &Problem::all()[p]) else {
        return if noise(contact) == "thanks" { "act/praise" } else { "" };
    };
    let says = contact.course.turns.iter().position(|t| t.say == Say::Request).and_then(|at| texts.get(at));
    match (problem.act, says) {
        _ if contact.again > 0 => "act/complaint",
        (Some(act), _) => act,
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

fn add_counts(summary: &mut SeasonSummary, counts: &ShopCounts) {
    summary.orders += counts.orders;
    summary.order_lines += counts.order_lines;
    summary.checkouts += counts.checkouts;
    summary.returns += counts.returns;
    summary.sends += counts.sends;
    summary.campaign_events += counts.campaign_events;
    summary.help_searches += counts.help_searches;
}
