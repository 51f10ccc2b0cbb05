//! `audit`: a seeded stratified sample of a week to label, and what its labels say of the tags.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use refrain_insight::{AuditReport, AuditStratum, AuditUnit, Share, audit};
use refrain_lake::Snapshot;
use refrain_record::tables::{Conversation, ConversationTag, Message};
use refrain_record::{Date, Facet, Language, Row};
use serde_json::{Value, json};

use crate::args::AuditArgs;
use crate::config::Config;
use crate::failure::{ExitCode, Failure, Outcome};
use crate::output::{print, say};
use crate::stages;

const WEEK_DAYS: i32 = 7;

/// The contacts of a week with their tags.
struct Week {
    first: Date,
    source: refrain_ingest::Tables,
    tags: BTreeMap<String, BTreeSet<String>>,
}

pub(crate) fn command(args: &AuditArgs) -> Outcome<ExitCode> {
    let config = Config::load(&args.config.config, &args.config.set).map_err(Failure::usage)?;
    let lake = Snapshot::require(&config.lake)?;
    match &args.labels {
        Some(path) => judge(&config, &lake, path, args.json),
        None => draw(&config, &lake, args),
    }
}

fn draw(config: &Config, lake: &Snapshot, args: &AuditArgs) -> Outcome<ExitCode> {
    let last = match args.week_ending {
        Some(date) => date,
        None => lake.as_of()?,
    };
    let week = read_week(config, lake, last.plus_days(1 - WEEK_DAYS))?;
    let wanted = stages::requests_of(&week.source);
    let mut strata: BTreeMap<(String, String), Vec<(u64, usize)>> = BTreeMap::new();
    for (at, conversation) in week.source.conversations.iter().enumerate() {
        if !conversation.is_contact || wanted[at].is_none() {
            continue;
        }
        let rank = rank(args.seed, week.first, &id(conversation));
        strata.entry(stratum(conversation)).or_default().push((rank, at));
    }
    let mut out = String::new();
    let mut num = 0;
    for (key, members) in &mut strata {
        members.sort_unstable();
        for (_, at) in members.iter().take(args.per_stratum) {
            let conversation = &week.source.conversations[*at];
            let text = wanted[*at].map_or("", |message| week.source.messages[message].text.as_str());
            let row = json!({
                "id": id(conversation), "week": week.first.to_string(), "lang": key.0, "channel": key.1,
                "population": members.len(), "text": text, "tags": Value::Null,
            });
            out.push_str(&row.to_string());
            out.push('\n');
            num += 1;
        }
    }
    match &args.out {
        Some(path) => std::fs::write(path, out).with_context(|| format!("cannot write `{}`", path.display()))?,
        None => print(&out),
    }
    say(&format!(
        "{num} of {} contacts from {} on, up to {} of each language and channel\nhint: put the right topics in `tags` of each line, [] for none, and act/ and stage/ tags too if the file is to train a model; a line left at null counts as not labelled; then `refrain audit --labels FILE`\n",
        strata.values().map(Vec::len).sum::<usize>(),
        week.first,
        args.per_stratum,
    ));
    Ok(ExitCode::Done)
}

/// A conversation's place in its stratum's random order: the same for every sample size.
fn rank(seed: u64, week: Date, id: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(week.to_string().as_bytes());
    hasher.update(id.as_bytes());
    let mut word = [0; 8];
    word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(word)
}

fn id(c: &Conversation) -> String {
    format!("{}/{}/{}", c.shop_id, c.source, c.conversation_id)
}

fn stratum(c: &Conversation) -> (String, String) {
    let language = c.language.map_or("unknown", Language::as_str);
    (language.to_owned(), c.channel.as_str().to_owned())
}

fn read_week(config: &Config, lake: &Snapshot, first: Date) -> Outcome<Week> {
    let last = first.plus_days(WEEK_DAYS - 1);
    let range = config.period.start(first)..=config.period.start(last);
    let mut week = Week {
        first,
        source: refrain_ingest::Tables::default(),
        tags: BTreeMap::new(),
    };
    for dt in lake
        .periods::<Conversation>()
        .into_iter()
        .filter(|dt| range.contains(dt))
    {
        let is_in = |date: Date| first <= date && date <= last;
        let conversations = lake.read_period::<Conversation>(dt)?;
        week.source
            .conversations
            .extend(conversations.into_iter().filter(|c| is_in(c.date)));
        let messages = lake.read_period::<Message>(dt)?;
        week.source
            .messages
            .extend(messages.into_iter().filter(|m| is_in(m.date)));
        for tag in lake.read_period::<ConversationTag>(dt)? {
            if is_in(tag.date) && tag.facet == Facet::Topic {
                let id = format!("{}/{}/{}", tag.shop_id, tag.source, tag.conversation_id);
                week.tags.entry(id).or_default().insert(tag.tag.as_str().to_owned());
            }
        }
    }
    week.source.conversations.sort_by(Conversation::compare_keys);
    week.source.messages.sort_by(Message::compare_keys);
    Ok(week)
}

/// One labelled line of a sample.
struct Label {
    id: String,
    week: Date,
    due: BTreeSet<String>,
}

fn judge(config: &Config, lake: &Snapshot, path: &Path, as_json: bool) -> Outcome<ExitCode> {
    let (labels, unlabelled) = read_sample(path).map_err(Failure::usage)?;
    let weeks: BTreeSet<Date> = labels.iter().map(|label| label.week).collect();
    let tagger = crate::tagger::load(config).map_err(Failure::usage)?;
    let is_topic = |tag: &String| tagger.taxonomy.lookup(tag).is_none_or(|t| t.facet == Facet::Topic);
    let mut strata: BTreeMap<(String, String), AuditStratum> = BTreeMap::new();
    let mut units = Vec::new();
    let mut num_gone = 0;
    for first in weeks {
        let week = read_week(config, lake, first)?;
        let wanted = stages::requests_of(&week.source);
        let mut of_id: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (conversation, request) in week.source.conversations.iter().zip(wanted) {
            if !conversation.is_contact || request.is_none() {
                continue;
            }
            let (key, id) = (stratum(conversation), id(conversation));
            let cell = strata.entry(key.clone()).or_default();
            cell.population += 1;
            for tag in week.tags.get(&id).into_iter().flatten() {
                *cell.set.entry(tag.clone()).or_default() += 1;
            }
            of_id.insert(id, key);
        }
        for label in labels.iter().filter(|label| label.week == first) {
            let Some(key) = of_id.get(&label.id) else {
                num_gone += 1;
                continue;
            };
            units.push(AuditUnit {
                stratum: key.clone(),
                due: label.due.iter().filter(|tag| is_topic(tag)).cloned().collect(),
                set: week.tags.get(&label.id).cloned().unwrap_or_default(),
            });
        }
    }
    let report = audit(&units, &strata);
    if unlabelled + num_gone > 0 {
        say(&format!(
            "{unlabelled} lines without a label left out, {num_gone} conversations no longer in the lake\n"
        ));
    }
    if as_json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"));
    } else {
        print(&text(&report));
    }
    Ok(ExitCode::Done)
}

/// The labelled lines, and how many are not labelled yet.
fn read_sample(path: &Path) -> anyhow::Result<(Vec<Label>, usize)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let (mut labels, mut unlabelled) = (Vec::new(), 0);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |found: &str| {
            anyhow!(
                "cannot read `{}`: line {}: {found}\nhint: a line is one of `refrain audit --out`, with `tags` filled in",
                path.display(),
                at + 1
            )
        };
        let row: Value =
            serde_json::from_str(line).map_err(|e| wrong(&format!("no valid JSON at column {}", e.column())))?;
        let id = row["id"].as_str().ok_or_else(|| wrong("`id` is missing"))?;
        let week = row["week"].as_str().ok_or_else(|| wrong("`week` is missing"))?;
        let week = week
            .parse()
            .map_err(|_| wrong("`week` is no date, expected YYYY-MM-DD"))?;
        let tags = match &row["tags"] {
            Value::Null => {
                unlabelled += 1;
                continue;
            }
            Value::Array(tags) => tags,
            _ => return Err(wrong("`tags` is neither null nor a list")),
        };
        let due: Option<BTreeSet<String>> = tags.iter().map(|tag| tag.as_str().map(str::to_owned)).collect();
        labels.push(Label {
            id: id.to_owned(),
            week,
            due: due.ok_or_else(|| wrong("`tags` holds something that is no string"))?,
        });
    }
    Ok((labels, unlabelled))
}

fn text(report: &AuditReport) -> String {
    let share = |s: Option<Share>| {
        s.map_or_else(
            || format!("{:>20}", "-"),
            |s| format!("{:>6.3} [{:.3}, {:.3}]", s.share, s.lo, s.hi),
        )
    };
    let mut out = format!(
        "{:<28} {:>6} {:>20} {:>20}\n",
        "topics, all together", "n", "precision", "recall"
    );
    // Writing to a `String` cannot fail.
    for q in &report.quality {
        let _ = writeln!(
            out,
            "{:<28} {:>6} {} {}",
            q.part,
            q.n,
            share(q.precision),
            share(q.recall)
        );
    }
    let _ = writeln!(
        out,
        "\n{:<28} {:>6} {:>8} {:>20} {:>20} {:>20}",
        "topic", "n", "in lake", "corrected share", "precision", "recall"
    );
    for t in &report.tags {
        let _ = writeln!(
            out,
            "{:<28} {:>6} {:>8.4} {} {} {}",
            t.tag,
            t.n,
            t.share_in_lake,
            share(Some(t.corrected)),
            share(t.precision),
            share(t.recall)
        );
    }
    if !report.missing_strata.is_empty() {
        let _ = writeln!(
            out,
            "\nnothing labelled in {}: {:.1} % of the week's contacts, of which this says nothing",
            report.missing_strata.join(", "),
            report.missing_share * 100.0
        );
    }
    out
}
