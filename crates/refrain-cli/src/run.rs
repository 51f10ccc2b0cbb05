//! `run` and the single stages: which nights, in which order, under which gates; then publish.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use refrain_ingest::{Feeds, Markers, NightAccount, NightSettings, assemble_night};
use refrain_insight::SourceAccount;
use refrain_issues::{State, members_before};
use refrain_lake::{Generation, LakeError, LakeLock, Published, Snapshot};
use refrain_record::tables::{ConversationTag, QualityCheck, Run};
use refrain_record::{CheckStatus, Date, Row, Stage};
use refrain_tag::Tagger;

use crate::args::{ConfigArgs, NightArgs, OnlyStage};
use crate::config::Config;
use crate::decisions::Decisions;
use crate::exports::{marker_text, markers, read_exports};
use crate::failure::{ExitCode, Failure, Outcome};
use crate::journey;
use crate::output::say;
use crate::phrases::Phrases;
use crate::progress::Progress;
use crate::report::{NightReport, Report};
use crate::retag::retag;
use crate::stages::{self, Before, InsightInput};
use crate::tables::{self, IssueTables, Night, TableWriter};
use crate::tag_vectors::TagVectors;
use crate::tagger;
use crate::vectors::{Vectors, tag_cache_file};

const ISSUE_STATE: &str = "issues";

/// Which stages to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stages {
    /// The whole night.
    All,
    /// One stage, reading its inputs from the lake.
    One(Stage),
}

impl Stages {
    fn has(self, stage: Stage) -> bool {
        self == Self::All || self == Self::One(stage)
    }
}

impl OnlyStage {
    fn stage(self) -> Stage {
        match self {
            Self::Tag => Stage::Tag,
            Self::Journey => Stage::Journey,
            Self::Issues => Stage::Issues,
            Self::Insight => Stage::Insight,
        }
    }
}

/// How a run talks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

/// Runs the stages over the nights asked for and publishes each night.
pub(crate) fn command(stages: Stages, config: &ConfigArgs, night: &NightArgs, voice: Voice) -> Outcome<ExitCode> {
    let config = Config::load(&config.config, &config.set).map_err(Failure::usage)?;
    let progress = Progress::new(voice.quiet);
    let report = match (night.only, night.from, night.to) {
        (Some(_), ..) if stages != Stages::All => {
            return Err(Failure::usage(anyhow!(
                "`--only` goes with `run`, and this command is one stage already\nhint: leave it away, or say `refrain run --only ...`"
            )));
        }
        (Some(OnlyStage::Tag), Some(from), Some(to)) => retag(&config, from, to, night.dry_run, &progress)?,
        (Some(only), ..) => nights(Stages::One(only.stage()), &config, night, &progress)?,
        (None, ..) => nights(stages, &config, night, &progress)?,
    };
    report.show(voice, night.json, &progress)?;
    let is_tagged_anew = night.only == Some(OnlyStage::Tag) && !night.dry_run;
    if is_tagged_anew && !voice.quiet && report.wrote(ConversationTag::META.name) {
        say(
            "tags changed; repeats, issues and counts still stand on the old ones\nhint: run `refrain journey`, `refrain issues` and `refrain insight`, or the next night\n",
        );
    }
    let changed = report.nights.iter().any(|n| !n.published.written.is_empty());
    if night.skip_code && !changed {
        return Ok(ExitCode::Skipped);
    }
    Ok(ExitCode::Done)
}

/// Everything that stays the same over the nights of one call.
struct Session<'a> {
    stages: Stages,
    config: &'a Config,
    progress: &'a Progress,
    tagger: Tagger,
    tag_vectors: Option<Arc<TagVectors>>,
    decisions: Decisions,
    vectors: Option<Vectors>,
    markers: Markers,
    phrases: Phrases,
    feeds: Feeds,
    lock: LakeLock,
    is_dry: bool,
}

/// Runs and publishes the nights, oldest first.
pub(crate) fn nights(stages: Stages, config: &Config, args: &NightArgs, progress: &Progress) -> Outcome<Report> {
    let (tagger, tag_vectors) = tagger::load_with_vectors(config).map_err(Failure::usage)?;
    let markers = markers(config).map_err(Failure::usage)?;
    let phrases = Phrases::parse(&marker_text(config).map_err(Failure::usage)?).map_err(Failure::usage)?;
    let lock = LakeLock::take(&config.lake)?;
    let published = Snapshot::open(&config.lake)?;
    let last = published.as_ref().map(Snapshot::as_of).transpose()?;
    let dates = dates(stages, config, args, last)?;
    let feeds = if stages.has(Stage::Ingest) {
        progress
            .timed("read", || read_exports(config, progress))
            .map_err(source_failure)?
    } else {
        Feeds::default()
    };
    let session = Session {
        stages,
        config,
        progress,
        tagger,
        tag_vectors,
        decisions: Decisions::read(&config.lake)?,
        vectors: Vectors::open(&config.issues, &config.folder).map_err(Failure::usage)?,
        markers,
        phrases,
        feeds,
        lock,
        is_dry: args.dry_run,
    };
    // Nights that are run again must not lose rows dated after them that are only in the lake.
    let all_rows = match (&published, last) {
        (Some(lake), Some(last)) if stages.has(Stage::Ingest) && dates[0] <= last => Some(tables::read_source(lake)?),
        _ => None,
    };
    let mut report = Report::default();
    let mut before: Option<Night> = None;
    for date in dates {
        let prior = match (before.take(), Snapshot::open(&config.lake)?) {
            (Some(night), _) => night,
            (None, Some(lake)) => progress.timed("read lake", || read_night(stages, &lake))?,
            (None, None) => Night::default(),
        };
        let prior = match &all_rows {
            Some(rows) => Night {
                source: tables::up_to(rows, &config.shops, date),
                ..prior
            },
            None => prior,
        };
        let (night, shown) = session.night(prior, date)?;
        report.nights.push(shown);
        before = Some(night);
    }
    Ok(report)
}

/// A wrong mapping or a missing file is the user's to mend: exit code 2.
fn source_failure(error: anyhow::Error) -> Failure {
    Failure::usage(error)
}

/// The nights to run: the ones asked for, and with `--replay` those published after them.
fn dates(stages: Stages, config: &Config, args: &NightArgs, last: Option<Date>) -> Outcome<Vec<Date>> {
    let first = args.from.or(args.date);
    let first = match (first, stages, last) {
        (Some(date), _, _) => date,
        (None, Stages::One(stage), Some(last)) if stage != Stage::Ingest => last,
        _ => config.yesterday(),
    };
    let mut end = args.to.unwrap_or(first);
    if end < first {
        return Err(Failure::usage(anyhow!("`--to {end}` is before `--from {first}`")));
    }
    if let Stages::One(stage) = stages
        && stage != Stage::Ingest
        && last != Some(end)
    {
        let found = last.map_or("nothing".to_owned(), |d| d.to_string());
        return Err(Failure::usage(anyhow!(
            "the lake stands at {found}, but stage `{stage}` was asked for {end}\nhint: run `refrain ingest --date {end}` first, or leave the date away"
        )));
    }
    if let Some(last) = last.filter(|last| end < *last) {
        if !args.replay {
            return Err(Failure::usage(anyhow!(
                "night {first} lies before {last}, the last one published\nhint: add --replay to run {first} to {last} again"
            )));
        }
        end = last;
    }
    Ok((first.0..=end.0).map(Date).collect())
}

/// What a run needs of the lake when it starts.
fn read_night(stages: Stages, lake: &Snapshot) -> Result<Night, LakeError> {
    let mut night = Night {
        source: tables::read_source(lake)?,
        runs: lake.read()?,
        ..Night::default()
    };
    night.issues.members = lake.read()?;
    if stages != Stages::All {
        night.rejects = lake.read()?;
        night.tags = lake.read()?;
        night.links = tables::read_links(lake)?;
        night.outcomes = lake.read()?;
        night.issues.issues = lake.read()?;
        night.issues.lineage = lake.read()?;
    }
    Ok(night)
}

impl Session<'_> {
    /// One night: stages in order, gates, publication.
    fn night(&self, prior: Night, date: Date) -> Outcome<(Night, NightReport)> {
        let mut night = prior;
        let mut accounts = Vec::new();
        if self.stages.has(Stage::Ingest) {
            accounts = self.ingest(&mut night, date)?;
        }
        if self.stages.has(Stage::Tag) {
            if let Some(vectors) = &self.tag_vectors {
                let texts = stages::texts_for_model(&night.source, &self.tagger);
                let cache = tag_cache_file(&self.config.lake);
                let key = self.config.key.of_texts();
                self.progress
                    .timed("embed", || vectors.prepare_cached(&texts, &cache, key))?;
            }
            night.tags = self.progress.timed("tag", || {
                stages::tag(&night.source, &self.tagger, &self.decisions, date, self.progress)
            });
        }
        if self.stages.has(Stage::Journey) {
            let found = self.progress.timed("journey", || {
                journey::run(
                    self.config,
                    &self.phrases,
                    &night.source,
                    &night.tags,
                    date,
                    self.progress,
                )
            })?;
            night.links = found.links;
            night.outcomes = found.outcomes;
            stages::join_issues(&mut night.outcomes, &night.issues);
        }
        let mut state = None;
        if self.stages.has(Stage::Issues) {
            let left = self.progress.timed("issues", || self.issues(&mut night, date))?;
            state = Some(left);
        }
        if self.stages.has(Stage::Insight) {
            self.progress
                .timed("insight", || self.insight(&mut night, &accounts, date));
            gate(&night.checks)?;
        }
        let published = self
            .progress
            .timed("write", || self.publish(&mut night, &accounts, state.as_ref(), date))?;
        let shown = NightReport {
            date,
            accounts,
            published,
            top_issues: crate::report::top_issues(&night),
        };
        Ok((night, shown))
    }

    fn ingest(&self, night: &mut Night, date: Date) -> Outcome<Vec<NightAccount>> {
        let settings = NightSettings {
            as_of: date,
            max_future_days: self.config.max_future_days,
            max_customers_per_identity: self.config.max_customers_per_identity,
            markers: self.markers.clone(),
        };
        let prior = std::mem::take(&mut night.source);
        let done = self.progress.timed("assemble", || {
            assemble_night(prior, &self.feeds, &self.config.shops, &settings)
        });
        night.source = done.tables;
        night.rejects = done.rejects;
        for account in &done.accounts {
            reject_gate(account, self.config.quality.max_reject_share, &night.rejects)?;
        }
        Ok(done.accounts)
    }

    /// Runs the issues stage from the state of the night before; returns the state that it leaves.
    fn issues(&self, night: &mut Night, date: Date) -> Outcome<State> {
        let state = match self.state_before(date)? {
            Some(bytes) => State::from_bytes(&bytes)?,
            None => State::default(),
        };
        let prior = members_before(std::mem::take(&mut night.issues.members), &night.issues.lineage, date);
        let people = night
            .outcomes
            .iter()
            .map(|o| {
                let key = (o.shop_id.as_str(), o.source.as_str(), o.conversation_id.as_str());
                (key, o.person_key.as_ref().map(refrain_record::PersonKey::as_str))
            })
            .collect();
        let (state, found): (State, IssueTables) = stages::issues(
            self.config,
            &night.source,
            &night.tags,
            &people,
            Before {
                state,
                members: &prior,
                decisions: &self.decisions,
                as_of: date,
            },
            self.vectors.as_ref(),
        )?;
        drop(people);
        night.issues = found;
        stages::join_issues(&mut night.outcomes, &night.issues);
        Ok(state)
    }

    /// The state left by the last night before `date`.
    fn state_before(&self, date: Date) -> Outcome<Option<Vec<u8>>> {
        let folder = self.config.lake.internal().join("state");
        let Ok(entries) = fs::read_dir(&folder) else {
            return Ok(None);
        };
        let last = entries
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_string_lossy().parse::<Date>().ok())
            .filter(|d| *d < date && self.config.lake.state(ISSUE_STATE, *d).is_file())
            .max();
        let Some(last) = last else { return Ok(None) };
        let path = self.config.lake.state(ISSUE_STATE, last);
        Ok(Some(
            fs::read(&path).with_context(|| format!("cannot read state `{}`", path.display()))?,
        ))
    }

    fn insight(&self, night: &mut Night, accounts: &[NightAccount], date: Date) {
        let input = InsightInput {
            source: &night.source,
            tags: &night.tags,
            outcomes: &night.outcomes,
            links: &night.links,
            issues: &night.issues,
        };
        let accounts = source_accounts(accounts, &night.runs, date);
        let (insight, checks) = stages::insight(self.config, &input, &self.tagger, &accounts, date);
        night.insight = insight;
        night.checks = checks;
    }

    fn publish(
        &self,
        night: &mut Night,
        accounts: &[NightAccount],
        state: Option<&State>,
        date: Date,
    ) -> Outcome<Published> {
        let mut generation = Generation::begin(&self.config.lake, self.config.period, &self.lock)?;
        let mut writer = TableWriter::new(&mut generation, &self.tagger.version());
        if self.stages.has(Stage::Ingest) {
            writer.source(&night.source, &night.rejects)?;
        }
        if self.stages.has(Stage::Tag) {
            writer.tags(&night.tags)?;
        }
        if self.stages.has(Stage::Journey) {
            writer.links(&night.links)?;
        }
        if self.stages.has(Stage::Journey) || self.stages.has(Stage::Issues) {
            writer.outcomes(&night.outcomes)?;
        }
        if let Some(state) = state {
            writer.issues(&night.issues)?;
            if !self.is_dry {
                writer.state(ISSUE_STATE, date, &state.to_bytes())?;
            }
        }
        if self.stages.has(Stage::Insight) {
            writer.insight(&night.insight, &night.checks)?;
        }
        let fresh = self.runs(&writer, accounts, date);
        night.runs.retain(|run| run.date != date || !self.stages.has(run.stage));
        night.runs.extend(fresh);
        writer.runs(&night.runs)?;
        if self.is_dry {
            return Ok(generation.discard()?);
        }
        Ok(generation.publish(date)?)
    }

    /// The night's rows of `runs`: one a source, one a table of every stage that ran.
    fn runs(&self, writer: &TableWriter<'_>, accounts: &[NightAccount], date: Date) -> Vec<Run> {
        let mut runs: Vec<Run> = accounts
            .iter()
            .map(|a| Run {
                date,
                stage: Stage::Ingest,
                shop_id: a.shop.clone(),
                subject: format!("{}:{}", a.source, a.feed).into(),
                num_read: signed(a.read),
                num_kept: signed(a.kept),
                num_duplicates: signed(a.duplicates),
                num_rejected: signed(a.rejected),
                num_later: signed(a.later),
                digest: writer.written(a.feed.as_str()).1,
            })
            .collect();
        for (stage, tables) in STAGE_TABLES.iter().filter(|(stage, _)| self.stages.has(*stage)) {
            for table in *tables {
                let (rows, digest) = writer.written(table);
                runs.push(Run {
                    date,
                    stage: *stage,
                    shop_id: "all".into(),
                    subject: (*table).into(),
                    num_read: signed(rows),
                    num_kept: signed(rows),
                    num_duplicates: 0,
                    num_rejected: 0,
                    num_later: 0,
                    digest,
                });
            }
        }
        runs
    }
}

/// What ingest counted: just now, or in the stage run before.
fn source_accounts(accounts: &[NightAccount], runs: &[Run], date: Date) -> Vec<SourceAccount> {
    if !accounts.is_empty() {
        let of = |a: &NightAccount| SourceAccount {
            shop_id: a.shop.clone(),
            source: a.source.clone(),
            num_read: signed(a.read),
            num_duplicates: signed(a.duplicates),
            num_rejected: signed(a.rejected),
        };
        return accounts.iter().map(of).collect();
    }
    let ingested = runs.iter().filter(|r| r.date == date && r.stage == Stage::Ingest);
    ingested
        .filter_map(|r| {
            let (source, _) = r.subject.as_str().rsplit_once(':')?;
            Some(SourceAccount {
                shop_id: r.shop_id.clone(),
                source: source.into(),
                num_read: r.num_read,
                num_duplicates: r.num_duplicates,
                num_rejected: r.num_rejected,
            })
        })
        .collect()
}

const STAGE_TABLES: &[(Stage, &[&str])] = &[
    (Stage::Tag, &["conversation_tags"]),
    (
        Stage::Journey,
        &[
            "repeat_links",
            "link_order",
            "link_cart",
            "link_return",
            "link_campaign",
        ],
    ),
    // Outcomes are whole only when the issue stands in them.
    (
        Stage::Issues,
        &["issues", "issue_members", "issue_lineage", "conversation_outcomes"],
    ),
    (
        Stage::Insight,
        &[
            "tag_daily",
            "issue_daily",
            "tag_spikes",
            "tag_cooccurrence",
            "channel_scorecard",
            "bot_scorecard",
            "effect_units",
            "effect_estimates",
            "retention_cohort",
            "metric_tradeoff",
            "issue_drivers",
            "issue_ranking",
            "issue_family_ranking",
            "automation_candidates",
            "faq_queue",
        ],
    ),
];

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Fails when a source has too many rejects, naming the causes and the first places.
fn reject_gate(account: &NightAccount, max_share: f64, rejects: &[refrain_record::tables::Reject]) -> Outcome<()> {
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
    let share = account.rejected as f64 / (account.read.max(1)) as f64;
    if share <= max_share || account.rejected == 0 {
        return Ok(());
    }
    let mut causes: BTreeMap<&str, u64> = BTreeMap::new();
    let of_source: Vec<_> = rejects
        .iter()
        .filter(|r| r.shop_id == account.shop && r.source == account.source && r.feed == account.feed)
        .collect();
    of_source
        .iter()
        .for_each(|r| *causes.entry(r.cause.as_str()).or_default() += 1);
    let causes: Vec<String> = causes.iter().map(|(cause, n)| format!("{cause} {n}")).collect();
    let places: Vec<String> = of_source
        .iter()
        .take(3)
        .map(|r| format!("{} line {}: {}", r.file, r.line, r.detail))
        .collect();
    Err(Failure::with(
        ExitCode::Rejects,
        format!(
            "source `{}` ({}) of shop `{}`: {} of {} rows rejected ({:.2} %), more than `max_reject_share` = {max_share}: {}; first: {}\nhint: mend the rows, or raise `quality.max_reject_share`; nothing was published",
            account.source,
            account.feed,
            account.shop,
            account.rejected,
            account.read,
            share * 100.0,
            causes.join(", "),
            places.join("; "),
        ),
    ))
}

fn gate(checks: &[QualityCheck]) -> Outcome<()> {
    let failed: Vec<String> = checks
        .iter()
        .filter(|c| c.status == CheckStatus::Fail)
        .map(|c| {
            format!(
                "{} of {}/{} is {:.4}: {}",
                c.check, c.shop_id, c.source, c.figure, c.hint
            )
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::with(
        ExitCode::Gate,
        format!("quality checks failed, nothing was published: {}", failed.join("; ")),
    ))
}
