//! The same message in six languages gets the same tag, for each leaf tag of the taxonomy that ships.
//!
//! The texts were written from the taxonomy alone, by somebody who had seen neither rules nor corpus: per tag a plain
//! message and one with slips and detail.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use refrain_record::{Facet, Language};
use refrain_tag::model::{LabelledText, TrainConfig, read_labels, train};
use refrain_tag::{ModelReads, Rulebook, Tagger, Taxonomy, weigh_rules};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// All files of a folder of `data/` with their names.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(data().join(folder))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// What `refrain init` leaves: taxonomy, rules, and the model of the starter corpus.
fn shipped() -> Tagger {
    let text = fs::read_to_string(data().join("taxonomy.toml")).unwrap();
    let taxonomy = Taxonomy::parse(&text, "taxonomy.toml").unwrap();
    let rules = files("rules");
    let rules: Vec<(&str, &str)> = rules
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let rulebook = Rulebook::parse(&rules, &taxonomy).unwrap();
    let corpus: Vec<LabelledText> = files("corpus")
        .iter()
        .flat_map(|(name, text)| read_labels(text.as_bytes(), name).unwrap())
        .collect();
    let mut settings = TrainConfig::default();
    settings.features.min_df = 2;
    let model = train(&corpus, &settings).unwrap();
    let tagger = Tagger {
        taxonomy,
        rulebook,
        model: Some(model),
        reads: ModelReads::Request,
    };
    let trust = weigh_rules(&tagger, &corpus, &[]);
    Tagger {
        model: tagger.model.map(|model| model.with_rule_trust(trust).unwrap()),
        ..tagger
    }
}

const LANGUAGES: [Language; 6] = [
    Language::En,
    Language::De,
    Language::Da,
    Language::Nl,
    Language::Fr,
    Language::Zh,
];

/// Tag, and the six texts.
fn messages() -> Vec<(String, Vec<LabelledText>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/six_languages.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| {
            let row: BTreeMap<String, String> = serde_json::from_str(line).unwrap();
            let texts = LANGUAGES.iter().map(|language| LabelledText {
                text: row[language.as_str()].clone(),
                lang: Some(*language),
                ..LabelledText::default()
            });
            (row["tag"].clone(), texts.collect())
        })
        .collect()
}

fn tags_of(tagger: &Tagger, example: &LabelledText) -> Vec<String> {
    let turns = example.turns();
    let rows = tagger.tag_conversation(&example.conversation(&turns));
    rows.into_iter().map(|row| row.tag.as_str().to_owned()).collect()
}

#[test]
fn the_same_message_in_six_languages_gets_the_same_tag() {
    let tagger = shipped();
    let leaves: Vec<&str> = tagger.taxonomy.tags().iter().map(|tag| tag.path.as_str()).collect();
    let messages = messages();
    for leaf in &leaves {
        assert!(messages.iter().any(|(tag, _)| tag == leaf), "no message for {leaf}");
    }
    let missed: Vec<String> = messages
        .par_iter()
        .flat_map_iter(|(tag, texts)| {
            let misses = texts.iter().filter_map(|text| {
                let found = tags_of(&tagger, text);
                let is_topic = tagger.taxonomy.lookup(tag).is_some_and(|t| t.facet == Facet::Topic);
                (!found.contains(tag)).then(|| {
                    let shown: Vec<String> = found
                        .into_iter()
                        .filter(|t| is_topic != (t.starts_with("act/") || t.starts_with("stage/")))
                        .collect();
                    format!("{tag} {} {shown:?}: {}", text.lang.unwrap(), text.text)
                })
            });
            misses.collect::<Vec<_>>()
        })
        .collect();
    let total: usize = messages.iter().map(|(_, texts)| texts.len()).sum();
    println!("{} of {total} without the tag due", missed.len());
    assert!(missed.is_empty(), "{}\n{} of {total}", missed.join("\n"), missed.len());
}
