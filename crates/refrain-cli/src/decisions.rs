//! What people decided, `_refrain/decisions.jsonl`: appended to, never rewritten, and above every rule and model.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use refrain_lake::{LakeDir, LakeLock, Snapshot};
use refrain_record::tables::Conversation;
use refrain_record::{Date, TagPath};
use refrain_tag::{HumanTags, Taxonomy};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::failure::{ExitCode, Failure, Outcome};
use crate::output::{plain, print, say};
use crate::tagger;

const SHAPE: &str =
    r#"a line looks like {"id": "shop/source/conversation", "tags": ["a/b"], "by": "ann", "on": "2026-11-25"}"#;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    /// `shop/source/conversation`.
    id: String,
    /// All topics, and act or stage where named; null while nobody has decided.
    tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<String>,
}

/// Decisions on tags, by conversation; the later one of a conversation holds, of one day the one further down.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    by_id: BTreeMap<String, Vec<(Date, HumanTags)>>,
}

impl Decisions {
    /// Reads the log of a lake; none when there is no log.
    pub(crate) fn read(lake: &LakeDir) -> Outcome<Self> {
        let mut decisions = Self::default();
        for (line, number) in read_lines(&log(lake))?.into_iter().zip(1..) {
            let on = line.on.as_deref().and_then(|on| on.parse().ok()).ok_or_else(|| {
                anyhow!("`{}` line {number} has no date\nhint: the log is written by `refrain decisions import`, restore it", log(lake).display())
            })?;
            decisions.by_id.entry(line.id).or_default().push((
                on,
                HumanTags {
                    tags: line.tags.unwrap_or_default().into_iter().map(TagPath::from).collect(),
                    by: line.by.unwrap_or_default().as_str().into(),
                },
            ));
        }
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
        if line.tags.is_none() {
            continue;
        }
        wanted.push(check(line, &taxonomy, by, &today).map_err(|e| Failure::usage(e.context(place())))?);
    }
    let _lock = LakeLock::take(&config.lake)?;
    let path = log(&config.lake);
    let mut lines = read_lines(&path)?;
    let before = lines.len();
    let mut held: BTreeMap<String, Option<Vec<String>>> =
        lines.iter().map(|line| (line.id.clone(), line.tags.clone())).collect();
    for line in wanted {
        // The same decision again, on whatever day, says nothing new.
        if held.get(&line.id) != Some(&line.tags) {
            held.insert(line.id.clone(), line.tags.clone());
            lines.push(line);
        }
    }
    write(&path, &lines)?;
    let known: std::collections::BTreeSet<String> = match Snapshot::open(&config.lake)? {
        Some(lake) => lake
            .read::<Conversation>()?
            .iter()
            .map(|c| format!("{}/{}/{}", c.shop_id, c.source, c.conversation_id))
            .collect(),
        None => std::collections::BTreeSet::new(),
    };
    let added = &lines[before..];
    let mut text = format!("{} decisions added, {} in the log\n", added.len(), lines.len());
    let strange: Vec<&Line> = added.iter().filter(|line| !known.contains(&line.id)).collect();
    if let Some(first) = strange.first() {
        let _ = writeln!(
            text,
            "{} of them are of conversations that the lake does not hold (yet), among them {}",
            strange.len(),
            plain(&first.id, 80)
        );
    }
    text.push_str("hint: the next `refrain run` follows them, and `refrain train --config` learns from them\n");
    say(&text);
    Ok(ExitCode::Done)
}

fn check(line: Line, taxonomy: &Taxonomy, by: Option<&str>, today: &str) -> anyhow::Result<Line> {
    if line.id.splitn(3, '/').filter(|part| !part.is_empty()).count() < 3 {
        return Err(anyhow!("`id` is no shop/source/conversation\nhint: {SHAPE}"));
    }
    let on = line.on.unwrap_or_else(|| today.to_owned());
    if on.parse::<Date>().is_err() {
        return Err(anyhow!(
            "`on` is no date, expected YYYY-MM-DD\nhint: leave it out for today"
        ));
    }
    let by = line
        .by
        .or_else(|| by.map(str::to_owned))
        .filter(|by| !by.trim().is_empty());
    let by = by.ok_or_else(|| anyhow!("nobody is named\nhint: `by` in the line, or `--by NAME`"))?;
    let mut tags = line.tags.unwrap_or_default();
    tags.sort();
    tags.dedup();
    if let Some(tag) = tags.iter().find(|tag| taxonomy.lookup(tag).is_none()) {
        return Err(anyhow!(
            "the taxonomy has no tag `{}`\nhint: its tags stand in the file that `tags.taxonomy` names",
            plain(tag, 60)
        ));
    }
    Ok(Line {
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
