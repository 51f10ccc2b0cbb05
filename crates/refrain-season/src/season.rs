//! Writes a season: shop by shop, person by person.

mod conversation;

use std::path::Path;

use refrain_record::Date;

use crate::SeasonError;
use crate::calendar::Calendar;
use crate::campaign::{Campaign, plan_campaigns};
use crate::config::{SeasonConfig, ShopConfig};
use crate::file::Out;
use crate::grammar::{Grammar, language_index, load};
use crate::helpdesk::HelpdeskFiles;
use crate::life::{Life, World, live};
use crate::manifest::{DEMO_KEY, config_text};
use crate::person::Person;
use crate::shop::{ShopCounts, ShopFiles};
use crate::truth::{Tally, TruthFiles, incidents, person_line};

use self::conversation::Place;

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
        let written = ShopSeason::new(out, config, index, shop, &grammars)?.run(quota, &mut truth, &mut summary)?;
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

    fn run(mut self, quota: u64, truth: &mut TruthFiles, summary: &mut SeasonSummary) -> Result<Tally, SeasonError> {
        let mut persons = 0;
        while self.conversations < quota {
            let person = Person::draw(self.config.seed, self.index, persons, &self.languages, self.grammars);
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
        let counts = self
            .files
            .finish(&self.folder, &self.campaigns, &self.grammars[grammar], &self.calendar)?;
        summary.uncompressed_bytes += counts.num_bytes + self.desk.finish()?;
        add_counts(summary, &counts);
        Ok(self.tally)
    }

    fn write_person(&mut self, person: &Person, life: &Life, truth: &mut TruthFiles) -> Result<(), SeasonError> {
        self.tally.add(life, &self.campaigns, &self.calendar);
        truth.persons.line(&person_line(&self.shop.id, person))?;
        let first_order = self.files.next_order();
        let first = self.conversations;
        for (number, contact) in life.contacts.iter().enumerate() {
            let place = Place {
                person,
                life,
                contact,
                number: number as u64,
                first,
                first_order,
            };
            self.write_contact(&place, truth)?;
            self.conversations += 1;
        }
        self.files.write(person, life, &self.campaigns, &self.calendar)
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
