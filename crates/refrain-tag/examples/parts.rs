//! Which part of a conversation tells what it is about: `parts TRAIN.jsonl DEV.jsonl ...`, in pairs.
//!
//! Reads MultiDoGO's layout, where customer turns carry intents; those of housekeeping are left out, and a
//! conversation is about all others. A model is fitted on each way of cutting a text out of a conversation.
#![allow(clippy::print_stdout, reason = "a program whose output is its point")]

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use refrain_record::{AuthorRole, TagPath, Turn, Visibility};
use refrain_tag::model::{LabelledText, TrainConfig, evaluate, train};
use refrain_text::{find_request, request_core};
use serde_json::Value;

/// Intents that say nothing of what a conversation is about.
const HOUSEKEEPING: &[&str] = &[
    "contentonly",
    "confirmation",
    "rejection",
    "openinggreeting",
    "closinggreeting",
    "thankyou",
    "outofdomain",
];

struct Said {
    texts: Vec<String>,
    topics_of: Vec<BTreeSet<String>>,
}

fn read(path: &str) -> Result<Vec<Said>, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let mut all = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line)?;
        let turns = row["turns"].as_array().cloned().unwrap_or_default();
        let topics = |turn: &Value| {
            let intents = turn["intents"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            intents
                .filter(|i| !HOUSEKEEPING.contains(i))
                .map(str::to_owned)
                .collect()
        };
        all.push(Said {
            texts: turns
                .iter()
                .map(|t| t["text"].as_str().unwrap_or("").to_owned())
                .collect(),
            topics_of: turns.iter().map(topics).collect(),
        });
    }
    Ok(all)
}

fn request(said: &Said) -> usize {
    let turns: Vec<Turn<'_>> = (0..)
        .zip(&said.texts)
        .map(|(seq, text)| Turn {
            seq,
            role: AuthorRole::Customer,
            visibility: Visibility::Public,
            sent_at: None,
            text,
        })
        .collect();
    find_request(&turns).unwrap_or(0)
}

type Cut = fn(&Said) -> String;

const CUTS: &[(&str, Cut)] = &[
    ("first turn", |said| said.texts.first().cloned().unwrap_or_default()),
    ("request", |said| {
        said.texts.get(request(said)).cloned().unwrap_or_default()
    }),
    ("its core", |said| {
        said.texts
            .get(request(said))
            .map(|text| request_core(text).into_owned())
            .unwrap_or_default()
    }),
    ("request and next", |said| {
        let at = request(said);
        said.texts
            .iter()
            .skip(at)
            .take(2)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }),
    ("first three turns", |said| {
        said.texts.iter().take(3).cloned().collect::<Vec<_>>().join("\n")
    }),
    ("all but the request", |said| {
        let at = request(said);
        let rest = said.texts.iter().enumerate().filter(|(place, _)| *place != at);
        rest.map(|(_, text)| text.clone()).collect::<Vec<_>>().join("\n")
    }),
    ("all turns", |said| said.texts.join("\n")),
];

fn labelled(all: &[Said], cut: Cut) -> Vec<LabelledText> {
    all.iter()
        .map(|said| LabelledText {
            text: cut(said),
            tags: said
                .topics_of
                .iter()
                .flatten()
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(TagPath::from)
                .collect(),
            ..LabelledText::default()
        })
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    for pair in args.chunks_exact(2) {
        let (fitted, held) = (read(&pair[0])?, read(&pair[1])?);
        println!("{} -> {} conversations of {}", fitted.len(), held.len(), pair[1]);
        for (name, cut) in CUTS {
            let model = train(&labelled(&fitted, *cut), &TrainConfig::default())?;
            let judged = evaluate(&model, &labelled(&held, *cut));
            println!(
                "  {name:<20} micro F1 {:.4}  macro F1 {:.4}",
                judged.micro_f1.unwrap_or(0.0),
                judged.macro_f1.unwrap_or(0.0)
            );
        }
        // Each turn on its own, the conversation is about what any of them says.
        let turns: Vec<LabelledText> = fitted
            .iter()
            .flat_map(|said| {
                said.texts
                    .iter()
                    .zip(&said.topics_of)
                    .map(|(text, topics)| LabelledText {
                        text: text.clone(),
                        tags: topics.iter().cloned().map(TagPath::from).collect(),
                        ..LabelledText::default()
                    })
            })
            .collect();
        let model = train(&turns, &TrainConfig::default())?;
        let (mut right, mut set, mut due) = (0, 0, 0);
        for said in &held {
            let wanted: BTreeSet<String> = said.topics_of.iter().flatten().cloned().collect();
            let predicted = said.texts.iter().flat_map(|text| model.predict(text));
            let found: BTreeSet<String> = predicted.map(|p| p.tag.as_str().to_owned()).collect();
            right += found.intersection(&wanted).count();
            set += found.len();
            due += wanted.len();
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of a measurement")]
        let f1 = 2.0 * right as f64 / (set + due).max(1) as f64;
        println!("  {:<20} micro F1 {f1:.4}  (labels by turn)", "every turn, united");
    }
    Ok(())
}
