//! Commands that read labelled texts: train, eval, rules stats, audit.

use std::path::Path;

use serde_json::Value;

use crate::shop::{CHAT, HEAD, Shop, chat_line, refrain, text};

fn json(shop: &Shop, args: &[&str]) -> Value {
    let done = shop.run(args);
    assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Four ways of asking for a parcel and for money back, each way twice.
fn labels() -> String {
    let mut lines = String::new();
    let tags = [
        (
            "shipping/status",
            [
                "where is my parcel",
                "has it been shipped",
                "parcel status please",
                "when does the parcel come",
            ],
        ),
        (
            "refund/status",
            [
                "where is my refund",
                "money is not back yet",
                "refund status please",
                "when do i get my money",
            ],
        ),
    ];
    for (tag, ways) in tags {
        for (family, way) in ways.iter().enumerate() {
            for copy in ["", " thank you"] {
                let line = serde_json::json!({
                    "text": format!("{way}{copy}"), "tags": [tag], "lang": "en", "family": format!("{tag}-{family}"),
                });
                lines.push_str(&format!("{line}\n"));
            }
        }
    }
    lines
}

#[test]
fn a_family_is_held_out_whole() {
    let shop = Shop::new(HEAD);
    shop.write("labels.jsonl", labels());
    let path = |name: &str| shop.path(name).to_string_lossy().into_owned();
    let (labels, model, held) = (path("labels.jsonl"), path("m"), path("held.jsonl"));
    let report = json(
        &shop,
        &[
            "train",
            "--labels",
            &labels,
            "--model",
            &model,
            "--hold-out",
            "0.4",
            "--held-out",
            &held,
            "--json",
        ],
    );
    let held = std::fs::read_to_string(shop.path("held.jsonl")).unwrap();
    let families: Vec<Value> = held.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!families.is_empty() && families.len() < 16);
    assert_eq!(report["examples"].as_u64().unwrap() as usize + families.len(), 16);
    for family in &families {
        let same = families
            .iter()
            .filter(|other| other["family"] == family["family"])
            .count();
        assert_eq!(same, 2, "both copies of {family} are held out");
    }
}

#[test]
fn the_starter_model_tags_and_is_measured_three_ways() {
    let folder = tempfile::tempdir().unwrap();
    let shop_folder = folder.path().join("shop");
    let dir = shop_folder.to_string_lossy().into_owned();
    let done = refrain(Path::new("none"), &["init", &dir]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let labels_file = shop_folder.join("labels.jsonl");
    std::fs::write(&labels_file, labels()).unwrap();
    let config = shop_folder.join("refrain.toml").to_string_lossy().into_owned();
    let labels_file = labels_file.to_string_lossy().into_owned();
    let done = refrain(
        Path::new("none"),
        &["eval", "--config", &config, "--labels", &labels_file, "--json"],
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
    let variants: Value = serde_json::from_slice(&done.stdout).unwrap();
    let names: Vec<&str> = variants
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["variant"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["rules", "model", "both"]);
    assert!(variants.as_array().unwrap().iter().all(|v| v["n"] == 16));
    let done = refrain(
        &shop_folder.join("refrain.toml"),
        &["rules", "stats", "--labels", &labels_file, "--json"],
    );
    let stats: Vec<Value> = serde_json::from_slice(&done.stdout).unwrap();
    let fired: Vec<&Value> = stats.iter().filter(|s| s["labelled_hits"].as_u64() > Some(0)).collect();
    assert!(!fired.is_empty());
    assert!(
        fired
            .iter()
            .all(|s| (0.0..=1.0).contains(&s["precision"].as_f64().unwrap()))
    );
}

#[test]
fn an_audit_draws_the_same_sample_and_reads_it_back() {
    let shop = Shop::new(&format!("{HEAD}{CHAT}"));
    let lines: String = (0..40)
        .map(|i| {
            let said = if i % 2 == 0 {
                "Wo ist mein Paket?"
            } else {
                "Ich habe eine ganz andere Sache auf dem Herzen."
            };
            chat_line(&format!("c{i}"), "2026-03-27T09:00:00+01:00", &format!("k{i}"), said)
        })
        .collect();
    shop.write("chat.jsonl", lines);
    shop.night("2026-03-31");
    let draw = |seed: &str| {
        let done = shop.run(&["audit", "--per-stratum", "12", "--seed", seed]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let sample = draw("1");
    assert_eq!(sample, draw("1"));
    assert_ne!(sample, draw("2"));
    let rows: Vec<Value> = sample.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 12);
    assert!(rows.iter().all(|row| row["tags"].is_null() && row["population"] == 40));

    // Every parcel question is one; a quarter of the sample stays without a label.
    let labelled: String = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut row = row.clone();
            let is_parcel = row["text"].as_str().unwrap().contains("Paket");
            row["tags"] = match (at % 4, is_parcel) {
                (3, _) => Value::Null,
                (_, true) => serde_json::json!(["shipping/status"]),
                (_, false) => serde_json::json!([]),
            };
            format!("{row}\n")
        })
        .collect();
    shop.write("labelled.jsonl", labelled);
    let file = shop.path("labelled.jsonl").to_string_lossy().into_owned();
    let report = json(&shop, &["audit", "--labels", &file, "--json"]);
    assert_eq!(report["quality"][0]["n"], 9);
    assert_eq!(report["quality"][0]["recall"]["share"], 1.0);
    let tag = report["tags"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["tag"] == "shipping/status")
        .unwrap();
    let (lo, hi) = (
        tag["corrected"]["lo"].as_f64().unwrap(),
        tag["corrected"]["hi"].as_f64().unwrap(),
    );
    assert!(lo <= 0.5 && 0.5 <= hi, "{tag}");

    shop.write("bad.jsonl", "{\"id\": \"a\"}\n");
    let file = shop.path("bad.jsonl").to_string_lossy().into_owned();
    let done = shop.run(&["audit", "--labels", &file]);
    assert_eq!(done.status.code(), Some(2));
    assert!(
        text(&done.stderr).contains("line 1: `week` is missing"),
        "{}",
        text(&done.stderr)
    );
}

#[test]
fn decisions_outrank_rules_and_teach_the_next_model() {
    let shop = Shop::new(&format!("{HEAD}{CHAT}"));
    let lines: String = (0..30)
        .map(|i| {
            let said = if i % 2 == 0 {
                format!("Wo ist mein Paket {i}?")
            } else {
                format!("Mein Quokka {i} hat Schnupfen.")
            };
            chat_line(&format!("c{i}"), "2026-03-27T09:00:00+01:00", &format!("k{i}"), &said)
        })
        .collect();
    shop.write("chat.jsonl", lines);
    shop.night("2026-03-30");
    let sample = text(
        &shop
            .run(&["audit", "--per-stratum", "30", "--week-ending", "2026-03-30"])
            .stdout,
    );
    let decided: String = sample
        .lines()
        .map(|line| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            // The rules say shipping/status of the parcels; the person says that c0 is none of these.
            if row["text"].as_str().unwrap().contains("Quokka") {
                row["tags"] = serde_json::json!(["product/defective"]);
            } else if row["id"].as_str().unwrap().ends_with("/c0") {
                row["tags"] = serde_json::json!([]);
            }
            format!("{row}\n")
        })
        .collect();
    shop.write("decided.jsonl", decided);
    let file = shop.path("decided.jsonl").to_string_lossy().into_owned();
    let import = |by: &[&str]| shop.run(&[&["decisions", "import", file.as_str()], by].concat());
    let done = import(&[]);
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("nobody is named"), "{}", text(&done.stderr));
    let done = import(&["--by", "ann"]);
    assert!(
        text(&done.stderr).contains("16 decisions added"),
        "{}",
        text(&done.stderr)
    );
    assert!(text(&import(&["--by", "ann"]).stderr).contains("0 decisions added"));
    let log = text(&shop.run(&["decisions", "export"]).stdout);
    assert_eq!(log.lines().count(), 16);

    // `on` is the day of the import, so the nights that know of the decisions lie behind it.
    let night = "2200-01-01";
    shop.night(night);
    let reasons = |id: &str| {
        json(&shop, &["explain", id, "--json"])["reasons"]
            .as_array()
            .unwrap()
            .clone()
    };
    let topics = |id: &str| -> Vec<(String, String)> {
        let set = reasons(id)
            .into_iter()
            .filter(|r| r["is_set"] == true && r["facet"] == "topic");
        let both = |r: Value| (r["tag"].as_str().unwrap().into(), r["method"].as_str().unwrap().into());
        set.map(both).collect()
    };
    assert_eq!(topics("c0"), []);
    assert!(
        reasons("c0")
            .iter()
            .any(|r| r["verdict"] == "a person decided otherwise")
    );
    assert_eq!(topics("c1"), [("product/defective".into(), "human".into())]);
    assert_eq!(topics("c2"), [("shipping/status".into(), "rule".into())]);

    // Fifteen decisions and a starter that has never heard of quokkas.
    let config = shop.path("refrain.toml").to_string_lossy().into_owned();
    let model = shop.path("m").to_string_lossy().into_owned();
    let report = json(
        &shop,
        &["train", "--config", &config, "--history", "--model", &model, "--json"],
    );
    assert_eq!(report["history"], 14, "what people decided on is no history: {report}");
    assert!(report["weighed_rules"].as_u64().unwrap() > 100);
    shop.write(
        "new.jsonl",
        "{\"text\": \"Mein Quokka hat Schnupfen\", \"tags\": [\"product/defective\"]}\n",
    );
    let file = shop.path("new.jsonl").to_string_lossy().into_owned();
    let report = json(&shop, &["eval", "--model", &model, "--labels", &file, "--json"]);
    assert_eq!(report["accuracy"], 1.0, "{report}");

    shop.write(
        "bad.jsonl",
        "{\"id\": \"de/chat/c1\", \"tags\": [\"shiping/status\"], \"by\": \"ann\"}\n",
    );
    let file = shop.path("bad.jsonl").to_string_lossy().into_owned();
    let done = shop.run(&["decisions", "import", &file]);
    assert_eq!(done.status.code(), Some(2));
    assert!(
        text(&done.stderr).contains("no tag `shiping/status`"),
        "{}",
        text(&done.stderr)
    );
}
