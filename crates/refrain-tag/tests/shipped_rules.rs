//! The taxonomy and rules that ship in `data/`: they parse, keep their examples and leave no topic without rules.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use refrain_record::{Facet, Language};
use refrain_tag::{Rule, Rulebook, Taxonomy};
use std::fs;
use std::path::{Path, PathBuf};

/// Languages in which every tag has a rule.
const COVERED: &[Language] = &[Language::En, Language::De, Language::Da, Language::Nl, Language::Zh];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

fn taxonomy() -> Taxonomy {
    let text = fs::read_to_string(data().join("taxonomy.toml")).unwrap();
    Taxonomy::parse(&text, "taxonomy.toml").unwrap_or_else(|error| panic!("{error}"))
}

fn rulebook(taxonomy: &Taxonomy) -> Rulebook {
    let mut files = Vec::new();
    for entry in fs::read_dir(data().join("rules")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    Rulebook::parse(&files, taxonomy).unwrap_or_else(|error| panic!("{error}"))
}

/// The topics that one text gets when its language is known.
fn topics(rulebook: &Rulebook, text: &str, language: Language) -> Vec<String> {
    let tags = rulebook
        .tag_text(text, Some(language))
        .into_iter()
        .map(|tag| tag.tag.as_str().to_owned());
    tags.filter(|tag| !tag.starts_with("act/") && !tag.starts_with("stage/"))
        .collect()
}

#[test]
fn examples_hold() {
    let failures = rulebook(&taxonomy()).check_examples();
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{} examples fail:\n{}", told.len(), told.join("\n"));
}

#[test]
fn every_tag_has_rules_in_every_covered_language() {
    let taxonomy = taxonomy();
    let rulebook = rulebook(&taxonomy);
    let mut missing = Vec::new();
    for tag in taxonomy.tags() {
        for &language in COVERED {
            let sets = |rule: &Rule| rule.tag == tag.path && !rule.is_veto && rule.languages.contains(&language);
            if !rulebook.rules().iter().any(sets) {
                missing.push(format!("{} {language}", tag.path.as_str()));
            }
        }
    }
    assert!(missing.is_empty(), "no rule for: {}", missing.join(", "));
}

#[test]
fn every_topic_has_an_owner_and_titles() {
    for tag in taxonomy().tags() {
        assert!(tag.owner.is_some(), "{}", tag.path.as_str());
        for language in COVERED.iter().chain(&[Language::Fr]) {
            assert!(tag.titles.contains_key(language), "{} {language}", tag.path.as_str());
        }
        if tag.facet != Facet::Topic {
            assert!(
                tag.mechanical_for.is_empty() && tag.stage.is_none(),
                "{}",
                tag.path.as_str()
            );
        }
    }
}

#[test]
fn every_rule_has_a_counter_example_and_two_examples() {
    let rulebook = rulebook(&taxonomy());
    let thin = rulebook
        .rules()
        .iter()
        .filter(|rule| rule.yes.len() < 2 || rule.no.is_empty());
    let thin: Vec<&str> = thin.map(|rule| rule.id.as_str()).collect();
    assert!(thin.is_empty(), "{thin:?}");
}

/// A `yes` of one topic rarely sets another topic too: the borders between neighbours hold.
#[test]
fn neighbours_stay_apart() {
    let rulebook = rulebook(&taxonomy());
    let (mut examples, mut stray) = (0_usize, Vec::new());
    for rule in rulebook
        .rules()
        .iter()
        .filter(|rule| rule.facet == Facet::Topic && !rule.is_veto)
    {
        for example in &rule.yes {
            examples += 1;
            let found = topics(&rulebook, example, rule.languages[0]);
            assert!(
                found.iter().any(|tag| tag == rule.tag.as_str()),
                "{}: {example}",
                rule.id
            );
            if found.len() > 1 {
                stray.push(format!("{}: {example} {found:?}", rule.id));
            }
        }
    }
    assert!(
        stray.len() * 50 <= examples,
        "{} of {examples}:\n{}",
        stray.len(),
        stray.join("\n")
    );
}
