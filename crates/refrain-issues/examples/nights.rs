//! Runs nights one by one over requests whose true problem is known, and prints what the issues are worth.
//!
//! `nights [--set option=value]... [--nights N] [--first M] [--issues] FILE`, where a line of FILE is a request: `shop`, `source`, `id`,
//! `date`, `seq`, `text` (the message), `language`, `person`, `tag`, and `problem` (null for what is none). The same
//! figures as `benches/nights.py` from the issues kernel alone, in a tenth of the time: for trying things out.

#![allow(clippy::print_stdout, reason = "an example talks on stdout")]

use refrain_issues::{IssuesConfig, NightIssues, Request, State, run_night};
use refrain_record::{Date, Language, LineageEvent};
use refrain_text::request_core;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

struct Row {
    shop: String,
    source: String,
    id: String,
    date: Date,
    seq: i64,
    text: String,
    language: Option<Language>,
    person: Option<String>,
    tag: Option<String>,
    problem: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = serde_json::Map::new();
    let (mut nights, mut first, mut verbose) = (60, 0, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--nights" => nights = args.next().unwrap_or_default().parse()?,
            "--first" => first = args.next().unwrap_or_default().parse()?,
            "--issues" => verbose = true,
            "--set" => {
                let setting = args.next().unwrap_or_default();
                let (name, value) = setting.split_once('=').ok_or("expected option=value")?;
                options.insert(name.to_owned(), serde_json::from_str(value)?);
            }
            path => {
                let cfg: IssuesConfig = serde_json::from_value(options.clone().into())?;
                run(&read(path)?, &cfg, first..nights, verbose)?;
            }
        }
    }
    Ok(())
}

fn read(path: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        rows.push(Row {
            shop: text("shop").unwrap_or_default(),
            source: text("source").unwrap_or_default(),
            id: text("id").unwrap_or_default(),
            date: row["date"].as_str().unwrap_or_default().parse()?,
            seq: row["seq"].as_i64().unwrap_or(0),
            text: request_core(row["text"].as_str().unwrap_or_default()).into_owned(),
            language: row["language"].as_str().and_then(Language::parse),
            person: text("person"),
            tag: text("tag"),
            problem: text("problem"),
        });
    }
    rows.sort_by(|a, b| (&a.shop, a.date, &a.source, &a.id).cmp(&(&b.shop, b.date, &b.source, &b.id)));
    Ok(rows)
}

type Key<'a> = (&'a str, &'a str, &'a str);

/// Issue of each conversation, canonical, as one night published it.
fn published(night: &NightIssues) -> BTreeMap<Key<'_>, (&str, &str)> {
    let issues: BTreeMap<(&str, &str), (&str, &str)> = night
        .issues
        .iter()
        .map(|i| {
            (
                (i.shop_id.as_str(), i.issue_id.as_str()),
                (i.canonical_id.as_str(), i.issue_family_id.as_str()),
            )
        })
        .collect();
    let of = |m: &refrain_record::tables::IssueMember| {
        let id = m.issue_id.as_ref()?;
        issues.get(&(m.shop_id.as_str(), id.as_str())).copied()
    };
    night
        .members
        .iter()
        .filter_map(|m| {
            Some((
                (m.shop_id.as_str(), m.source.as_str(), m.conversation_id.as_str()),
                of(m)?,
            ))
        })
        .collect()
}

fn run(rows: &[Row], cfg: &IssuesConfig, nights: std::ops::Range<i32>, verbose: bool) -> Result<(), Box<dyn Error>> {
    let all: Vec<Request<'_>> = rows
        .iter()
        .map(|r| Request {
            shop_id: &r.shop,
            source: &r.source,
            conversation_id: &r.id,
            date: r.date,
            seq: r.seq,
            text: &r.text,
            language: r.language,
            person_key: r.person.as_deref(),
            top_tag: r.tag.as_deref(),
            vector: None,
        })
        .collect();
    let start = rows.iter().map(|r| r.date).min().ok_or("no rows")?;
    let (mut state, mut members) = (State::default(), Vec::new());
    let mut before: BTreeMap<(String, String, String), (String, String)> = BTreeMap::new();
    let (mut moved, mut unexplained, mut families_moved) = (0, 0, 0);
    let (mut kept_nights, mut majority_changes) = (0, 0);
    let mut majority_before: BTreeMap<String, String> = BTreeMap::new();
    let mut pooled = BTreeMap::<&str, f64>::new();
    let mut born: BTreeMap<(String, String), i32> = BTreeMap::new();
    let mut last = None;
    let began = std::time::Instant::now();
    for number in nights.clone() {
        let as_of = start.plus_days(number);
        let known: Vec<Request<'_>> = all.iter().filter(|r| r.date <= as_of).copied().collect();
        let night = run_night(state, &known, &members, &[], cfg, as_of)?;
        let now = published(&night);
        // Ids that changed, and whether the lineage of this night says why.
        let told: BTreeSet<(&str, &str)> = night
            .lineage
            .iter()
            .filter(|l| l.date == as_of && l.event != LineageEvent::Born)
            .flat_map(|l| {
                let other = l.other_issue_id.as_ref().map(|id| (l.shop_id.as_str(), id.as_str()));
                [Some((l.shop_id.as_str(), l.issue_id.as_str())), other]
            })
            .flatten()
            .collect();
        for (key, (issue, family)) in &before {
            let current = now.get(&(key.0.as_str(), key.1.as_str(), key.2.as_str()));
            if current.is_none_or(|c| c.0 != issue) {
                moved += 1;
                unexplained += i32::from(!told.contains(&(key.0.as_str(), issue.as_str())));
            } else if current.is_some_and(|c| c.1 != family) {
                families_moved += 1;
            }
        }
        let mut counts: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
        for r in rows.iter().filter(|r| r.date <= as_of) {
            if let Some(found) = now.get(&(r.shop.as_str(), r.source.as_str(), r.id.as_str())) {
                let of = counts.entry((r.shop.as_str(), found.0)).or_default();
                *of.entry(r.problem.as_deref().unwrap_or("none")).or_insert(0) += 1;
            }
        }
        for ((shop, issue), of) in &counts {
            let size: usize = of.values().sum();
            let (&top, &n) = of.iter().max_by_key(|e| (e.1, std::cmp::Reverse(e.0))).ok_or("empty")?;
            if size >= 5 {
                kept_nights += 1;
                let old = majority_before.insert((*issue).to_owned(), top.to_owned());
                let is_overtaken = |old: String| old != top && of.get(old.as_str()).copied().unwrap_or(0) < n;
                majority_changes += usize::from(old.is_some_and(is_overtaken));
            }
            if n >= 5 && 2 * n > size {
                born.entry(((*shop).to_owned(), top.to_owned())).or_insert(number);
            }
        }
        for (name, pick) in [("issue", 0), ("family", 1)] {
            let (p, r) = b_cubed(rows, as_of, &now, pick);
            *pooled
                .entry(if name == "issue" { "issue p" } else { "family p" })
                .or_insert(0.0) += p;
            *pooled
                .entry(if name == "issue" { "issue r" } else { "family r" })
                .or_insert(0.0) += r;
        }
        before = now
            .iter()
            .map(|(k, v)| {
                (
                    (k.0.to_owned(), k.1.to_owned(), k.2.to_owned()),
                    (v.0.to_owned(), v.1.to_owned()),
                )
            })
            .collect();
        if number + 1 == nights.end {
            report(rows, as_of, &night, &now, &born, start, verbose)?;
        }
        state = night.state.clone();
        members = night.members.clone();
        last = Some(night);
    }
    let n = f64::from(nights.end - nights.start);
    let mean = |name: &str| pooled.get(name).copied().unwrap_or(0.0) / n;
    println!(
        "mean of nights: issues P {:.3} R {:.3}, families P {:.3} R {:.3}; moved {moved}, unexplained {unexplained}, family changes {families_moved}; majority changes {:.2} per 100 issue-nights of {kept_nights}",
        mean("issue p"),
        mean("issue r"),
        mean("family p"),
        mean("family r"),
        100.0 * majority_changes as f64 / f64::max(kept_nights as f64, 1.0)
    );
    if let (Some(last), Ok(path)) = (&last, std::env::var("DUMP")) {
        let now = published(last);
        let mut out = String::new();
        for r in rows {
            let f = now.get(&(r.shop.as_str(), r.source.as_str(), r.id.as_str()));
            let line = serde_json::json!({"shop": r.shop, "problem": r.problem, "language": r.language.map(Language::as_str), "tag": r.tag, "date": r.date.to_string(), "text": r.text, "person": r.person, "issue": f.map(|f| f.0), "family": f.map(|f| f.1)});
            out.push_str(&line.to_string());
            out.push('\n');
        }
        std::fs::write(path, out)?;
    }
    if let Some(last) = last {
        let count = |event| last.lineage.iter().filter(|l| l.event == event).count();
        println!(
            "born {} merged {} split {} died {} revived {}; {:.1} s",
            count(LineageEvent::Born),
            count(LineageEvent::MergedInto),
            count(LineageEvent::SplitFrom),
            count(LineageEvent::Died),
            count(LineageEvent::Revived),
            began.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// B-cubed precision and recall over requests that have a problem; what has no issue stands alone.
fn b_cubed(rows: &[Row], as_of: Date, now: &BTreeMap<Key<'_>, (&str, &str)>, pick: usize) -> (f64, f64) {
    let mut cells: BTreeMap<(&str, &str, String), f64> = BTreeMap::new();
    for r in rows.iter().filter(|r| r.date <= as_of) {
        let Some(problem) = r.problem.as_deref() else { continue };
        let found = now.get(&(r.shop.as_str(), r.source.as_str(), r.id.as_str()));
        let issue = found.map_or_else(
            || format!(" {}/{}", r.source, r.id),
            |f| if pick == 0 { f.0 } else { f.1 }.to_owned(),
        );
        *cells.entry((&r.shop, problem, issue)).or_insert(0.0) += 1.0;
    }
    let (mut of_issue, mut of_class) = (BTreeMap::new(), BTreeMap::new());
    for ((shop, problem, issue), n) in &cells {
        *of_issue.entry((*shop, issue.as_str())).or_insert(0.0) += n;
        *of_class.entry((*shop, *problem)).or_insert(0.0) += n;
    }
    let total: f64 = cells.values().sum();
    let sum = |of: &dyn Fn(&(&str, &str, String)) -> f64| {
        cells.iter().map(|(k, n)| n * n / of(k)).sum::<f64>() / total.max(1.0)
    };
    (
        sum(&|k| of_issue[&(k.0, k.2.as_str())]),
        sum(&|k| of_class[&(k.0, k.1)]),
    )
}

fn report(
    rows: &[Row],
    as_of: Date,
    night: &NightIssues,
    now: &BTreeMap<Key<'_>, (&str, &str)>,
    born: &BTreeMap<(String, String), i32>,
    start: Date,
    verbose: bool,
) -> Result<(), Box<dyn Error>> {
    for (name, pick) in [("issues", 0), ("families", 1)] {
        let (p, r) = b_cubed(rows, as_of, now, pick);
        println!(
            "{name}, last night: B3 P {p:.3} R {r:.3} F1 {:.3}",
            2.0 * p * r / (p + r)
        );
    }
    let known = || rows.iter().filter(|r| r.date <= as_of);
    let is_in = |r: &&Row| now.contains_key(&(r.shop.as_str(), r.source.as_str(), r.id.as_str()));
    let real = known().filter(|r| r.problem.is_some());
    let noise = known().filter(|r| r.problem.is_none());
    println!(
        "without an issue {:.1} %, noise in an issue {:.1} %",
        100.0 - 100.0 * real.clone().filter(is_in).count() as f64 / real.count().max(1) as f64,
        100.0 * noise.clone().filter(is_in).count() as f64 / noise.count().max(1) as f64
    );
    let mut days: BTreeMap<(&str, &str), Vec<Date>> = BTreeMap::new();
    for r in known() {
        if let Some(problem) = &r.problem {
            days.entry((&r.shop, problem)).or_default().push(r.date);
        }
    }
    days.retain(|_, list| list.len() >= 5);
    let mut delays: Vec<i64> = Vec::new();
    let mut never = 0;
    for (key, list) in &mut days {
        list.sort();
        match born.get(&(key.0.to_owned(), key.1.to_owned())) {
            Some(night) => delays.push(start.plus_days(*night).days_since(list[4]).into()),
            None => never += 1,
        }
    }
    delays.sort_unstable();
    let at = |share: usize| delays.get(delays.len() * share / 100).copied().unwrap_or(-1);
    println!(
        "problems with 5 or more {}, never born {never}, days to birth median {} p90 {}",
        days.len(),
        at(50),
        at(90)
    );
    let mut counts: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for r in known() {
        if let Some(found) = now.get(&(r.shop.as_str(), r.source.as_str(), r.id.as_str())) {
            let language = r.language.map_or("?", Language::as_str);
            let name = format!("{} {language}", r.problem.as_deref().unwrap_or("none"));
            *counts.entry(found.0).or_default().entry(name).or_insert(0) += 1;
        }
    }
    let names: BTreeMap<&str, &str> = night
        .issues
        .iter()
        .map(|i| (i.issue_id.as_str(), i.name.as_str()))
        .collect();
    let (mut top_sum, mut sum, mut largest) = (0, 0, 0);
    let mut ranked: Vec<(usize, &str)> = counts.iter().map(|(issue, of)| (of.values().sum(), *issue)).collect();
    ranked.sort_by(|a, b| b.cmp(a));
    for (size, issue) in &ranked {
        let mut by_problem: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, n) in &counts[issue] {
            *by_problem.entry(name.rsplit_once(' ').map_or("", |p| p.0)).or_insert(0) += n;
        }
        top_sum += by_problem.values().max().copied().unwrap_or(0);
        sum += size;
        largest = largest.max(*size);
        if verbose && *size >= 5 {
            let mut top: Vec<(&String, &usize)> = counts[issue].iter().collect();
            top.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            let top: Vec<String> = top.iter().take(5).map(|(name, n)| format!("{name} x{n}")).collect();
            println!(
                "  {issue} x{size} [{}] {}",
                names.get(issue).copied().unwrap_or(""),
                top.join(", ")
            );
        }
    }
    println!(
        "issues {} of {} with 5 or more; majority share {:.1} %, largest {:.1} %",
        ranked.iter().filter(|r| r.0 >= 5).count(),
        ranked.len(),
        100.0 * top_sum as f64 / f64::max(sum as f64, 1.0),
        100.0 * largest as f64 / f64::max(sum as f64, 1.0)
    );
    Ok(())
}
