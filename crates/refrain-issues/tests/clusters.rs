//! What every clustering must hold, whatever the texts.

#![allow(clippy::unwrap_used, reason = "a panic in a test is the report")]

use proptest::prelude::*;
use refrain_issues::{IssuesConfig, cluster_texts};
use std::collections::BTreeMap;

fn labels(texts: &[&str]) -> Vec<Option<u32>> {
    let found = cluster_texts(texts, None, &[], &IssuesConfig::default()).unwrap();
    assert_eq!(found.labels.len(), texts.len());
    assert_eq!(found.names.len(), found.terms.len());
    for (label, nearest) in found.labels.iter().zip(&found.nearest) {
        assert!(label.is_none() || label == nearest);
        assert!(nearest.is_none_or(|n| (n as usize) < found.names.len()));
    }
    let mut sizes = vec![0; found.names.len()];
    found.labels.iter().flatten().for_each(|&l| sizes[l as usize] += 1);
    assert!(sizes.is_sorted_by(|a, b| a >= b), "largest first: {sizes:?}");
    assert!(sizes.iter().all(|&s| s >= IssuesConfig::default().min_members));
    found.labels
}

/// Labels renumbered by first use, so that partitions can be compared.
fn partition(labels: &[Option<u32>]) -> Vec<Option<usize>> {
    let mut names = BTreeMap::new();
    labels
        .iter()
        .map(|label| {
            let next = names.len();
            label.map(|l| *names.entry(l).or_insert(next))
        })
        .collect()
}

fn corpus() -> Vec<String> {
    let things = ["parcel", "refund", "voucher", "password", "invoice"];
    let frames = [
        "where is my {}",
        "the {} is missing",
        "{} does not work",
        "help with the {} please",
        "my {} again",
    ];
    let ends = ["", " today", " since monday", ", thanks", " and nobody answers"];
    let mut texts = Vec::new();
    for thing in things {
        for frame in frames {
            for end in ends {
                texts.push(format!("{}{end}", frame.replace("{}", thing)));
            }
        }
    }
    texts
}

#[test]
fn shuffled_texts_give_the_same_partition_and_twice_the_same() {
    let texts = corpus();
    let sorted: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = labels(&sorted);
    assert_eq!(found, labels(&sorted));
    assert!(found.iter().flatten().count() > 100);
    let order: Vec<usize> = (0..texts.len()).map(|i| i * 57 % texts.len()).collect();
    let shuffled: Vec<&str> = order.iter().map(|&i| sorted[i]).collect();
    let expected: Vec<Option<u32>> = order.iter().map(|&i| found[i]).collect();
    assert_eq!(partition(&labels(&shuffled)), partition(&expected));
}

#[test]
fn small_and_odd_inputs() {
    assert!(labels(&[]).is_empty());
    assert_eq!(labels(&["one"]), [None]);
    assert_eq!(labels(&["one", "two"]), [None, None]);
    assert_eq!(labels(&["same text"; 6]), [Some(0); 6]);
    assert_eq!(labels(&[""; 6]), [None; 6]);
    let languages = [
        "Paket fehlt",
        "包裹在哪里",
        "où est mon colis",
        "где посылка",
        "🎉🎉",
        "e\u{301}",
    ];
    assert_eq!(labels(&languages).len(), 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn near_duplicates_share_a_cluster(
        texts in prop::collection::vec("\\PC{0,10}|(where|is|my|parcel|refund| ){1,6}", 0..60),
    ) {
        let loud: Vec<String> = texts.iter().map(|t| format!("{t} !")).collect();
        let both: Vec<&str> = texts.iter().chain(&loud).map(String::as_str).collect();
        let found = labels(&both);
        for (at, text) in texts.iter().enumerate() {
            if text.chars().any(char::is_alphanumeric) {
                prop_assert_eq!(found[at], found[at + texts.len()], "{:?}", text);
            }
        }
    }
}
