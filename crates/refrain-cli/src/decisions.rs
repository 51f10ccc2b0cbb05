//! What people decided, `_refrain/decisions.jsonl`: appended to, never rewritten, and above every rule and model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use refrain_issues::{IssueDecision, Verb};
use refrain_lake::{LakeDir, LakeLock, Snapshot};
use refrain_record::tables::{Conversation, Issue};
use refrain_record::{Date, TagPath};
use refrain_tag::{HumanTags, Taxonomy};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::failure::{ExitCode, Failure, Outcome};
use crate::output::{plain, print, say};
use crate::tagger;

const MAX_NAME_CHARS: usize = 500;
const SHAPE: &str = r#"a line looks like {"id": "shop/source/conversation", "tags": ["a/b"], "by": "ann", "on": "2026-11-25"} or {"issue": "de-I000012", "rename": "Kettle leaks"}; for issues there are also "merge_into": "de-I000003", "split": ["source/conversation"], "answered": "https://...", "owner": "team", and "do": "not_an_issue" or "reopen""#;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Issue(IssueLine),
    Refit(RefitLine),
    Tags(TagLine),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TagLine {
    /// `shop/source/conversation`.
    id: String,
    /// All topics, and act or stage where named; null while nobody has decided.
    tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<String>,
}

/// Words are to be learnt anew on that day's night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefitLine {
    refit: Refit,
    by: Option<String>,
    on: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Refit {
    Issues,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueLine {
    issue: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rename: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merge_into: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// `not_an_issue` or `reopen`.
    #[serde(default, rename = "do", skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<String>,
}

impl IssueLine {
    /// What is decided, when the line says one thing that can be.
    fn verb(&self) -> anyhow::Result<Verb> {
        let said = |text: &str| {
            let text = text.trim();
            let is_fit =
                !text.is_empty() && text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(char::is_control);
            is_fit.then(|| text.to_owned())
        };
        let fit = |text: &Option<String>, what: &str| match text {
            None => Ok(None),
            Some(text) => said(text).map(Some).ok_or_else(|| {
                anyhow!("`{what}` is no text of 1 to {MAX_NAME_CHARS} characters on one line\nhint: {SHAPE}")
            }),
        };
        let url = fit(&self.answered, "answered")?;
        if url
            .as_ref()
            .is_some_and(|url| !(url.starts_with("https://") || url.starts_with("http://")))
        {
            return Err(anyhow!(
                "`answered` is no address, expected one that begins with https://\nhint: {SHAPE}"
            ));
        }
        let action = match self.action.as_deref() {
            None => None,
            Some("not_an_issue") => Some(Verb::NotAnIssue),
            Some("reopen") => Some(Verb::Reopen),
            Some(_) => return Err(anyhow!("`do` is neither `not_an_issue` nor `reopen`\nhint: {SHAPE}")),
        };
        if self.split.as_ref().is_some_and(Vec::is_empty) {
            return Err(anyhow!("`split` names no conversation\nhint: {SHAPE}"));
        }
        let verbs = [
            fit(&self.rename, "rename")?.map(Verb::Rename),
            fit(&self.merge_into, "merge_into")?.map(Verb::MergeInto),
            self.split.clone().map(Verb::Split),
            url.map(Verb::Answered),
            fit(&self.owner, "owner")?.map(Verb::Owner),
            action,
        ];
        let mut verbs = verbs.into_iter().flatten();
        match (verbs.next(), verbs.next()) {
            (Some(verb), None) => Ok(verb),
            _ => Err(anyhow!("a line about an issue says one thing\nhint: {SHAPE}")),
        }
    }
}

/// Decisions on tags, by conversation, the later one of a conversation holds, of one day the one further down; and
/// decisions on issues, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    by_id: BTreeMap<String, Vec<(Date, HumanTags)>>,
    pub(crate) on_issues: Vec<IssueDecision>,
    /// Days on which a new basis was asked for.
    pub(crate) refit_on: Vec<Date>,
}

impl Decisions {
    /// Reads the log of a lake; none when there is no log.
    pub(crate) fn read(lake: &LakeDir) -> Outcome<Self> {
        let mut decisions = Self::default();
        for (line, number) in read_lines(&log(lake))?.into_iter().zip(1..) {
            let damaged = |what: &str| {
                anyhow!(
                    "`{}` line {number} has no {what}\nhint: the log is written by `refrain decisions import`, restore it",
                    log(lake).display()
                )
            };
            let on = line
                .on()
                .and_then(|on| on.parse().ok())
                .ok_or_else(|| damaged("date"))?;
            match line {
                Line::Tags(line) => decisions.by_id.entry(line.id).or_default().push((
                    on,
                    HumanTags {
                        tags: line.tags.unwrap_or_default().into_iter().map(TagPath::from).collect(),
                        by: line.by.unwrap_or_default().as_str().into(),
                    },
                )),
                Line::Refit(_) => decisions.refit_on.push(on),
                Line::Issue(line) => decisions.on_issues.push(IssueDecision {
                    shop_id: shop_of(&line.issue).ok_or_else(|| damaged("issue"))?.to_owned(),
                    verb: line.verb().map_err(|_| damaged("decision"))?,
                    issue_id: line.issue.into(),
                    on,
                }),
            }
        }
        decisions.on_issues.sort_by_key(|decision| decision.on);
        for list in decisions.by_id.values_mut() {
            list.sort_by_key(|(on, _)| *on);
        }
        Ok(decisions)
    }

    /// What holds for a conversation at the end of `as_of`.
    pub(crate) fn of(&self, (shop, source, id): (&str, &str, &str), as_of: Date) -> Option<&HumanTags> {
        if self.by_id.is_empty() {
            return None;
        }
        let list = self.by_id.get(&format!("{shop}/{source}/{id}"))?;
        list.iter().rev().find(|(on, _)| *on <= as_of).map(|(_, tags)| tags)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

impl Line {
    fn on(&self) -> Option<&str> {
        match self {
            Self::Tags(line) => line.on.as_deref(),
            Self::Issue(line) => line.on.as_deref(),
            Self::Refit(line) => line.on.as_deref(),
        }
    }
}

/// The shop in the id of an issue.
fn shop_of(issue: &str) -> Option<&str> {
    let (shop, number) = issue.rsplit_once("-I")?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (is_number && !shop.is_empty()).then_some(shop)
}

fn log(lake: &LakeDir) -> PathBuf {
    lake.internal().join("decisions.jsonl")
}

/// Blank lines are passed over.
fn read_lines(path: &Path) -> Outcome<Vec<Line>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(anyhow!("cannot read `{}`: {error}", path.display()).into()),
    };
    parse(&text, path).map_err(Failure::from)
}

fn parse(text: &str, path: &Path) -> anyhow::Result<Vec<Line>> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| {
            // The error of serde never quotes the line's text, only its place.
            serde_json::from_str(line).map_err(|e| {
                anyhow!(
                    "`{}` line {number}, column {}: no decision\nhint: {SHAPE}",
                    path.display(),
                    e.column()
                )
            })
        })
        .collect()
}

/// Appends the decisions of a file that are not in the log yet; lines whose `tags` are null are passed over.
pub(crate) fn import(config: &Config, file: &Path, by: Option<&str>) -> Outcome<ExitCode> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read decisions `{}`", file.display()))
        .map_err(Failure::usage)?;
    let taxonomy = tagger::without_model(config).map_err(Failure::usage)?.taxonomy;
    let lines = parse(&text, file).map_err(Failure::usage)?;
    let today = today();
    let mut wanted = Vec::new();
    for (line, number) in lines.into_iter().zip(1..) {
        let place = || format!("`{}` decision {number}", file.display());
        let checked = match line {
            Line::Tags(line) if line.tags.is_none() => continue,
            Line::Tags(line) => check(line, &taxonomy, by, &today).map(Line::Tags),
            Line::Issue(line) => check_issue(line, by, &today).map(Line::Issue),
            Line::Refit(line) => check_refit(line, by, &today).map(Line::Refit),
        };
        wanted.push(checked.map_err(|e| Failure::usage(e.context(place())))?);
    }
    let _lock = LakeLock::take(&config.lake)?;
    let path = log(&config.lake);
    let mut lines = read_lines(&path)?;
    let before = lines.len();
    for line in wanted {
        // The same decision again, on whatever day, says nothing new.
        let last = lines.iter().rev().find(|held| held.is_about(&line));
        if !last.is_some_and(|held| held.says(&line)) {
            lines.push(line);
        }
    }
    write(&path, &lines)?;
    let mut known = BTreeSet::new();
    if let Some(lake) = Snapshot::open(&config.lake)? {
        let conversations = lake.read::<Conversation>()?;
        known.extend(
            conversations
                .iter()
                .map(|c| format!("{}/{}/{}", c.shop_id, c.source, c.conversation_id)),
        );
        known.extend(lake.read::<Issue>()?.iter().map(|i| i.issue_id.as_str().to_owned()));
    }
    let added = &lines[before..];
    let mut text = format!("{} decisions added, {} in the log\n", added.len(), lines.len());
    let strange: Vec<&str> = added
        .iter()
        .flat_map(Line::names)
        .filter(|id| !known.contains(*id))
        .collect();
    if let Some(first) = strange.first() {
        let _ = writeln!(
            text,
            "{} of them are of conversations or issues that the lake does not hold (yet), among them {}",
            strange.len(),
            plain(first, 80)
        );
    }
    text.push_str("hint: the next `refrain run` follows them, and `refrain train --config` learns from them\n");
    say(&text);
    Ok(ExitCode::Done)
}

impl Line {
    /// Whether both are about the same thing, so that the later one replaces the earlier.
    fn is_about(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tags(a), Self::Tags(b)) => a.id == b.id,
            (Self::Issue(a), Self::Issue(b)) => a.issue == b.issue && a.kind() == b.kind(),
            (Self::Refit(a), Self::Refit(b)) => a.on == b.on,
            _ => false,
        }
    }

    fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tags(a), Self::Tags(b)) => a.tags == b.tags,
            (Self::Issue(a), Self::Issue(b)) => a.verb().ok() == b.verb().ok(),
            (Self::Refit(_), Self::Refit(_)) => true,
            _ => false,
        }
    }

    /// The conversation or the issues that it names.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Tags(line) => vec![&line.id],
            Self::Refit(_) => Vec::new(),
            Self::Issue(line) => [Some(line.issue.as_str()), line.merge_into.as_deref()]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

impl IssueLine {
    /// Decisions of one kind replace each other: `not_an_issue`, `answered` and `reopen` are one.
    fn kind(&self) -> u8 {
        match self.verb() {
            Ok(Verb::Rename(_)) => 0,
            Ok(Verb::MergeInto(_)) => 1,
            Ok(Verb::Split(_)) => 2,
            Ok(Verb::Owner(_)) => 3,
            Ok(Verb::NotAnIssue | Verb::Answered(_) | Verb::Reopen) | Err(_) => 4,
        }
    }
}

fn check_issue(line: IssueLine, by: Option<&str>, today: &str) -> anyhow::Result<IssueLine> {
    let shop = shop_of(&line.issue).ok_or_else(|| anyhow!("`issue` is no id of an issue\nhint: {SHAPE}"))?;
    if let Verb::MergeInto(other) = line.verb()?
        && (shop_of(&other) != Some(shop) || other == line.issue)
    {
        return Err(anyhow!(
            "`merge_into` is no other issue of the shop\nhint: issues of two shops stay apart"
        ));
    }
    let on = day(line.on.as_deref(), today)?;
    let by = person(line.by.as_deref(), by)?;
    Ok(IssueLine {
        by: Some(by),
        on: Some(on),
        ..line
    })
}

fn check_refit(line: RefitLine, by: Option<&str>, today: &str) -> anyhow::Result<RefitLine> {
    Ok(RefitLine {
        by: Some(person(line.by.as_deref(), by)?),
        on: Some(day(line.on.as_deref(), today)?),
        ..line
    })
}

/// Asks for a new basis of issues from today's night on.
pub(crate) fn refit(config: &Config, by: Option<&str>) -> Outcome<ExitCode> {
    let line = RefitLine {
        refit: Refit::Issues,
        by: by.map(str::to_owned),
        on: None,
    };
    let line = Line::Refit(check_refit(line, None, &today()).map_err(Failure::usage)?);
    let _lock = LakeLock::take(&config.lake)?;
    let path = log(&config.lake);
    let mut lines = read_lines(&path)?;
    if !lines.iter().any(|held| held.is_about(&line)) {
        lines.push(line);
    }
    write(&path, &lines)?;
    say("the night of today fits a new basis; issues keep their ids and members\n");
    Ok(ExitCode::Done)
}

fn day(on: Option<&str>, today: &str) -> anyhow::Result<String> {
    let on = on.unwrap_or(today);
    if on.parse::<Date>().is_err() {
        return Err(anyhow!(
            "`on` is no date, expected YYYY-MM-DD\nhint: leave it out for today"
        ));
    }
    Ok(on.to_owned())
}

fn person(line: Option<&str>, by: Option<&str>) -> anyhow::Result<String> {
    let named = line.or(by).filter(|by| !by.trim().is_empty());
    named
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("nobody is named\nhint: `by` in the line, or `--by NAME`"))
}

fn check(line: TagLine, taxonomy: &Taxonomy, by: Option<&str>, today: &str) -> anyhow::Result<TagLine> {
    if line.id.splitn(3, '/').filter(|part| !part.is_empty()).count() < 3 {
        return Err(anyhow!("`id` is no shop/source/conversation\nhint: {SHAPE}"));
    }
    let on = day(line.on.as_deref(), today)?;
    let by = person(line.by.as_deref(), by)?;
    let mut tags = line.tags.unwrap_or_default();
    tags.sort();
    tags.dedup();
    if let Some(tag) = tags.iter().find(|tag| taxonomy.lookup(tag).is_none()) {
        return Err(anyhow!(
            "the taxonomy has no tag `{}`\nhint: its tags stand in the file that `tags.taxonomy` names",
            plain(tag, 60)
        ));
    }
    Ok(TagLine {
        id: line.id,
        tags: Some(tags),
        by: Some(by),
        on: Some(on),
    })
}

/// Prints the log.
pub(crate) fn export(config: &Config) -> Outcome<ExitCode> {
    let mut out = String::new();
    for line in read_lines(&log(&config.lake))? {
        out.push_str(&serde_json::to_string(&line)?);
        out.push('\n');
    }
    print(&out);
    Ok(ExitCode::Done)
}

/// Writes to a file beside it first, so that a crash leaves the old log.
fn write(path: &Path, lines: &[Line]) -> Outcome<()> {
    let mut out = String::new();
    for line in lines {
        out.push_str(&serde_json::to_string(line)?);
        out.push('\n');
    }
    let beside = path.with_extension("jsonl.new");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    fs::write(&beside, out)
        .and_then(|()| fs::File::open(&beside)?.sync_all())
        .and_then(|()| fs::rename(&beside, path))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

fn today() -> String {
    jiff::Zoned::now().date().to_string()
}
