//! Clusters labelled texts and prints how well the clusters agree with the labels.
//!
//! `cluster_labels [--set option=value]... FILE...`, where a file is JSONL with `text` (or
//! `utterance`) and `tag` (or `intent`, `doc_id`), or CSV whose columns have such names. A line
//! with `turns` is read as the customer's first turn. `--names` prints the clusters' names;
//! `--nights N` spreads the texts over N nights, runs one after the other and measures the issues;
//! `--first M` begins with night M, which then sees all before it as history.

#![allow(clippy::print_stdout, reason = "an example talks on stdout")]

use refrain_issues::{Clustering, IssuesConfig, Request, State, cluster_texts, evaluate, run_night};
use refrain_record::{Date, Language, LineageEvent};
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;

const TEXT_NAMES: [&str; 2] = ["text", "utterance"];
const LABEL_NAMES: [&str; 6] = ["tag", "label", "intent", "doc_id", "main_intent", "category"];

type Pairs = Vec<(String, String)>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = serde_json::Map::new();
    let mut print_names = false;
    let (mut nights, mut first) = (0, 0);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--names" => print_names = true,
            "--nights" => nights = args.next().unwrap_or_default().parse()?,
            "--first" => first = args.next().unwrap_or_default().parse()?,
            "--set" => {
                let setting = args.next().unwrap_or_default();
                let (name, value) = setting.split_once('=').ok_or("expected option=value")?;
                options.insert(name.to_owned(), serde_json::from_str(value)?);
            }
            path => {
                let cfg: IssuesConfig = serde_json::from_value(options.clone().into())?;
                measure(path, &cfg, print_names, first..nights)?;
            }
        }
    }
    Ok(())
}

fn measure(path: &str, cfg: &IssuesConfig, print_names: bool, nights: Range<usize>) -> Result<(), Box<dyn Error>> {
    let pairs = if path.ends_with(".csv") {
        read_csv(path)?
    } else {
        read_jsonl(path)?
    };
    let texts: Vec<&str> = pairs.iter().map(|p| p.0.as_str()).collect();
    let labels: Vec<&str> = pairs.iter().map(|p| p.1.as_str()).collect();
    let clustering = match nights.end {
        0 => cluster_texts(&texts, Some(Language::En), &[], cfg)?,
        _ => run_nights(&texts, cfg, nights)?,
    };
    let r = evaluate(&labels, &clustering.labels);
    println!(
        "n {:6}  k {:3} of {:3}  acc {:.3}  nmi {:.3}  ari {:.3}  purity {:.3}  unclustered {:.3}  {path}",
        r.n, r.k_found, r.k_true, r.acc, r.nmi, r.ari, r.purity, r.unclustered_share
    );
    if print_names {
        for (name, terms) in clustering.names.iter().zip(&clustering.terms) {
            println!("    {name}  [{}]", terms.join(", "));
        }
    }
    Ok(())
}

/// Canonical issues after as many nights, as a clustering.
fn run_nights(
    texts: &[&str],
    cfg: &IssuesConfig,
    Range {
        start: first,
        end: nights,
    }: Range<usize>,
) -> Result<Clustering, Box<dyn Error>> {
    let ids: Vec<String> = (0..texts.len()).map(|i| format!("{i:07}")).collect();
    let day = |i: usize| Date(i32::try_from(i * 7919 % nights).unwrap_or(0));
    let mut all: Vec<Request<'_>> = (0..texts.len())
        .map(|i| Request {
            shop_id: "shop",
            source: "file",
            conversation_id: &ids[i],
            date: day(i),
            seq: 0,
            text: texts[i],
            language: Some(Language::En),
            person_key: None,
            top_tag: None,
            vector: None,
        })
        .collect();
    all.sort_by_key(|r| (r.date, r.conversation_id));
    let (mut state, mut members, mut last) = (State::default(), Vec::new(), None);
    for night in first..nights {
        let as_of = Date(i32::try_from(night)?);
        let known = all.partition_point(|r| r.date <= as_of);
        let done = run_night(state, &all[..known], &members, &[], cfg, as_of)?;
        state = done.state.clone();
        members = done.members.clone();
        last = Some(done);
    }
    let Some(last) = last else {
        return Ok(Clustering::default());
    };
    let canonical: BTreeMap<_, _> = last.issues.iter().map(|i| (&i.issue_id, &i.canonical_id)).collect();
    let numbers: BTreeMap<_, u32> = last.issues.iter().map(|i| &i.issue_id).zip(0..).collect();
    let mut clustering = Clustering {
        labels: vec![None; texts.len()],
        ..Clustering::default()
    };
    for member in &last.members {
        let place: usize = member.conversation_id.as_str().parse()?;
        clustering.labels[place] = member.issue_id.as_ref().map(|id| numbers[canonical[id]]);
    }
    for issue in last.issues.iter().filter(|i| i.issue_id == i.canonical_id) {
        clustering.names.push(format!(
            "{} {} x{}",
            issue.issue_id, issue.name, issue.num_conversations
        ));
        clustering.terms.push(issue.terms.clone());
    }
    let count = |event| last.lineage.iter().filter(|l| l.event == event).count();
    let bytes = last.state.to_bytes().len();
    println!(
        "nights {nights}: born {}, merged {}, state {bytes} bytes",
        count(LineageEvent::Born),
        count(LineageEvent::MergedInto)
    );
    Ok(clustering)
}

fn read_csv(path: &str) -> Result<Pairs, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let headers = reader.headers()?.clone();
    let place = |names: &[&str]| names.iter().find_map(|name| headers.iter().position(|h| h == *name));
    let text = place(&TEXT_NAMES).ok_or("no text column")?;
    let label = place(&LABEL_NAMES).ok_or("no label column")?;
    let rows = reader
        .records()
        .map(|row| row.map(|row| (row[text].to_owned(), row[label].to_owned())));
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read_jsonl(path: &str) -> Result<Pairs, Box<dyn Error>> {
    let mut pairs = Pairs::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let first_turn = row["turns"]
            .as_array()
            .and_then(|turns| turns.iter().find(|t| t["role"] == "customer"));
        let source = first_turn.unwrap_or(&row);
        let text = TEXT_NAMES.iter().find_map(|name| source[name].as_str());
        let label = LABEL_NAMES.iter().find_map(|name| row[name].as_str());
        if let (Some(text), Some(label)) = (text, label) {
            pairs.push((text.to_owned(), label.to_owned()));
        }
    }
    Ok(pairs)
}
