//! Whole seasons, read back from their files the slow and obvious way.

#![allow(clippy::unwrap_used, reason = "a panic in a test is the report")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use refrain_season::{Cells, EffectSizes, Problem, SeasonConfig, SeasonSummary, write_season};
use serde_json::Value;

struct Season {
    folder: tempfile::TempDir,
    summary: SeasonSummary,
}

fn season(config: &SeasonConfig) -> Season {
    let folder = tempfile::tempdir().unwrap();
    let summary = write_season(folder.path(), config).unwrap();
    Season { folder, summary }
}

fn small(conversations: u64, seed: u64) -> SeasonConfig {
    SeasonConfig {
        conversations,
        seed,
        ..Default::default()
    }
}

fn events_only(conversations: u64) -> SeasonConfig {
    SeasonConfig {
        events_only: true,
        ..small(conversations, 3)
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    found
}

fn digest(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let hash = |path: &PathBuf| xxhash_rust::xxh3::xxh3_64(&std::fs::read(path).unwrap());
    files(folder)
        .iter()
        .map(|path| (path.strip_prefix(folder).unwrap().to_owned(), hash(path)))
        .collect()
}

fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    let mut out = String::new();
    match path.extension().and_then(|e| e.to_str()) {
        Some("zst") => zstd::Decoder::new(&bytes[..])
            .unwrap()
            .read_to_string(&mut out)
            .unwrap(),
        Some("gz") => flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut out)
            .unwrap(),
        _ => (&bytes[..]).read_to_string(&mut out).unwrap(),
    };
    out
}

impl Season {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Rows of the CSV files whose path contains `part`, as maps; rows of another width are left out.
    fn rows(&self, part: &str) -> Vec<BTreeMap<String, String>> {
        let mut rows = Vec::new();
        for path in files(self.folder.path())
            .iter()
            .filter(|p| p.to_str().unwrap().contains(part))
        {
            let text = text(path);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
            let read = reader.records().filter_map(Result::ok);
            rows.extend(read.map(|row| header.iter().cloned().zip(row.iter().map(str::to_owned)).collect()));
        }
        rows
    }

    fn lines(&self, part: &str) -> Vec<String> {
        let all = files(self.folder.path());
        let texts = all
            .iter()
            .filter(|p| p.to_str().unwrap().contains(part))
            .map(|p| text(p));
        texts
            .flat_map(|t| t.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// The chat export's conversations, bad ones left out.
    fn chats(&self) -> Vec<Value> {
        let read = self
            .lines("/chat/")
            .into_iter()
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let mut seen = BTreeSet::new();
        let id = |v: &Value| v["conversation_id"].as_str().unwrap().to_owned();
        read.filter(|v| !id(v).starts_with("bad-") && seen.insert(id(v)))
            .collect()
    }

    fn truth(&self) -> Vec<Value> {
        self.lines("truth/conversations")
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn effects(&self) -> Vec<Value> {
        serde_json::from_str(&text(&self.path("truth/effects.json"))).unwrap()
    }
}

fn seconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>()
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .as_second()
}

#[test]
fn same_seed_same_bytes() {
    let (one, two, other) = (
        season(&small(1_500, 5)),
        season(&small(1_500, 5)),
        season(&small(1_500, 6)),
    );
    assert_eq!(digest(one.folder.path()), digest(two.folder.path()));
    assert_eq!(one.summary, two.summary);
    let (one, other) = (digest(one.folder.path()), digest(other.folder.path()));
    let orders = Path::new("exports/de/orders.csv.zst");
    assert_ne!(one[orders], other[orders]);
}

#[test]
fn counts_match_the_truth() {
    let season = season(&small(3_000, 2));
    let truth = season.truth();
    assert_eq!(season.summary.conversations, 3_000);
    assert_eq!(truth.len(), 3_000);
    let by_shop = |shop: &str| truth.iter().filter(|t| t["shop"] == shop).count();
    assert_eq!(season.chats().len(), by_shop("de"));
    let desk: BTreeSet<String> = season
        .rows("/conversations/")
        .into_iter()
        .map(|r| r["Ticket"].clone())
        .filter(|id| !id.starts_with("bad-"))
        .collect();
    assert_eq!(desk.len(), by_shop("uk"));
    assert_eq!(season.rows("/orders.csv").len() as u64, season.summary.orders);
    assert_eq!(season.rows("/checkouts.csv").len() as u64, season.summary.checkouts);
    assert_eq!(season.rows("/sends.csv").len() as u64, season.summary.sends);
    assert_eq!(season.lines("truth/labels").len() as u64, season.summary.labels);
    assert_eq!(season.lines("truth/persons").len() as u64, season.summary.persons);
    let bad = season.lines("/chat/").len() - by_shop("de");
    assert!(bad > 0 && bad * 100 < by_shop("de"), "{bad}");
    let per_conversation = season.summary.orders as f64 / 3_000.0;
    assert!((6.0..10.0).contains(&per_conversation), "{per_conversation}");
}

#[test]
fn rows_refer_to_rows() {
    let season = season(&small(2_500, 9));
    let orders: BTreeSet<String> = season
        .rows("/orders.csv")
        .into_iter()
        .map(|r| r["order_id"].clone())
        .collect();
    for part in ["/checkouts.csv", "/returns.csv", "/order_lines.csv"] {
        let rows = season.rows(part);
        assert!(!rows.is_empty());
        assert!(
            rows.iter()
                .all(|r| r["order_id"].is_empty() || orders.contains(&r["order_id"])),
            "{part}"
        );
    }
    let campaigns: BTreeSet<String> = season
        .rows("/campaigns.csv")
        .into_iter()
        .map(|r| r["campaign_id"].clone())
        .collect();
    for part in ["/sends.csv", "/campaign_events.csv"] {
        assert!(
            season.rows(part).iter().all(|r| campaigns.contains(&r["campaign_id"])),
            "{part}"
        );
    }
    let truth = season.truth();
    let key = |t: &Value, field: &str| (t["shop"].to_string(), t[field].to_string());
    let by_id: BTreeMap<_, _> = truth.iter().map(|t| (key(t, "conversation_id"), t)).collect();
    assert_eq!(by_id.len(), truth.len());
    let mut repeats = 0;
    for line in &truth {
        if let Some(order) = line["order"].as_str() {
            assert!(orders.contains(order), "{order}");
        }
        if !line["repeat_of"].is_null() {
            let earlier = by_id[&key(line, "repeat_of")];
            assert_eq!(earlier["person"], line["person"]);
            assert_eq!(earlier["problem"], line["problem"]);
            assert!(seconds(earlier["at"].as_str().unwrap()) < seconds(line["at"].as_str().unwrap()));
            repeats += 1;
        }
    }
    assert!((250..700).contains(&repeats), "{repeats}");
    for chat in season.chats() {
        for field in ["follow_up_of", "merged_into"] {
            if let Some(id) = chat[field].as_str() {
                assert!(by_id.contains_key(&("\"de\"".to_owned(), format!("\"{id}\""))), "{id}");
            }
        }
    }
}

#[test]
fn words_are_whole_and_times_are_times() {
    let season = season(&small(6_000, 4));
    let mut distinct = BTreeSet::new();
    let mut check = |text: &str| {
        let broken = text.contains(['{', '}', '(', ')']) || text.trim().is_empty();
        assert!(!broken, "{text}");
        distinct.insert(text.to_owned());
    };
    for chat in season.chats() {
        for message in chat["messages"].as_array().unwrap() {
            seconds(message["created_at"].as_str().unwrap());
            let words = message["text"].as_str().unwrap();
            // The form's sender stands in brackets.
            if chat["channel"] != "web_form" {
                check(words);
            }
        }
        for event in chat["events"].as_array().unwrap() {
            seconds(event["at"].as_str().unwrap());
        }
        seconds(chat["created_at"].as_str().unwrap());
        seconds(chat["updated_at"].as_str().unwrap());
    }
    let end = season.summary.to.plus_days(1).to_string();
    for row in season.rows("/messages/") {
        check(&row["Text"].replace(['(', ')'], ""));
        let sent = &row["Sent"];
        assert!(sent.parse::<jiff::civil::DateTime>().is_ok() && *sent < end, "{sent}");
    }
    let (mut languages, mut requests) = (BTreeSet::new(), BTreeSet::new());
    let labels = season.lines("truth/labels");
    for line in &labels {
        let label: Value = serde_json::from_str(line).unwrap();
        languages.insert(label["lang"].as_str().unwrap().to_owned());
        requests.insert(label["text"].as_str().unwrap().to_owned());
        assert!(!label["tags"].as_array().unwrap().is_empty());
    }
    assert_eq!(languages, ["da", "de", "en", "nl", "zh"].map(str::to_owned).into());
    assert!(
        requests.len() * 100 > labels.len() * 93,
        "{} of {}",
        requests.len(),
        labels.len()
    );
    assert!(distinct.len() > 10_000, "{}", distinct.len());
}

#[test]
fn leaving_the_words_away_changes_nothing_else() {
    let with = season(&SeasonConfig {
        events_only: false,
        ..events_only(1_500)
    });
    let without = season(&events_only(1_500));
    for name in ["orders.csv.zst", "checkouts.csv.zst", "returns.csv", "sends.csv.zst"] {
        for shop in ["de", "uk"] {
            let path = format!("exports/{shop}/{name}");
            assert_eq!(text(&with.path(&path)), text(&without.path(&path)), "{path}");
        }
    }
    let (with_truth, without_truth) = (with.truth(), without.truth());
    for (one, two) in with_truth.iter().zip(&without_truth) {
        for field in ["conversation_id", "tags", "person", "at", "repeat_of", "bad_contact"] {
            assert_eq!(one[field], two[field]);
        }
    }
    for (one, two) in with.chats().iter().zip(&without.chats()) {
        assert_eq!(one["events"], two["events"]);
        let times = |chat: &Value| -> Vec<Value> {
            let messages = chat["messages"].as_array().unwrap();
            messages.iter().map(|m| m["created_at"].clone()).collect()
        };
        assert_eq!(times(one), times(two));
        assert!(two["messages"].as_array().unwrap().iter().all(|m| m["text"] == "…"));
        assert!(
            two["tags"]
                .as_array()
                .unwrap()
                .iter()
                .all(|t| t.as_str().unwrap().contains('/'))
        );
    }
}

/// One season for all three: it is the largest.
#[test]
fn a_large_season_holds_what_was_planted() {
    let season = season(&events_only(20_000));
    every_leaf_tag_and_incident_occurs(&season);
    planted_cart_effects_are_found_in_the_exports(&season);
    tallied_effects_are_near_the_planted(&season);
}

fn every_leaf_tag_and_incident_occurs(season: &Season) {
    let truth = season.truth();
    let mut tags: BTreeMap<&str, u32> = BTreeMap::new();
    let mut incidents: BTreeMap<&str, u32> = BTreeMap::new();
    for line in &truth {
        for tag in line["tags"].as_array().unwrap() {
            *tags.entry(tag.as_str().unwrap()).or_default() += 1;
        }
        if let Some(id) = line["incident"].as_str() {
            *incidents.entry(id).or_default() += 1;
        }
    }
    let all: BTreeSet<&str> = Problem::all().iter().map(|p| p.tag).collect();
    assert_eq!(all.len(), 56);
    for tag in all {
        assert!(tags.get(tag).copied().unwrap_or(0) >= 30, "{tag}: {:?}", tags.get(tag));
    }
    for id in ["carrier-strike", "charged-twice", "leaking-kettle", "welcome-code"] {
        assert!(incidents.get(id).copied().unwrap_or(0) >= 30, "{id}: {incidents:?}");
    }
}

/// Half-width of the 99.9 % interval of the log of a relative risk.
fn log_margin(cells: &Cells) -> f64 {
    let part = |outcome: u64, units: u64| 1.0 / outcome.max(1) as f64 - 1.0 / units.max(1) as f64;
    3.29 * (part(cells.num_exposed_outcome, cells.num_exposed) + part(cells.num_baseline_outcome, cells.num_baseline))
        .sqrt()
}

fn planted_cart_effects_are_found_in_the_exports(season: &Season) {
    let planted = EffectSizes::large().cart_abandoned;
    // Person by address; family mailboxes hold several and are left out, as any careful count would.
    let mut by_email: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in season.lines("truth/persons") {
        let person: Value = serde_json::from_str(&line).unwrap();
        by_email
            .entry(person["email"].as_str().unwrap().to_owned())
            .or_default()
            .push(person["person"].as_str().unwrap().to_owned());
    }
    let mut contacts: BTreeMap<String, Vec<(i64, Vec<String>)>> = BTreeMap::new();
    for line in season.truth() {
        let tags = line["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap().to_owned())
            .collect();
        contacts
            .entry(line["person"].as_str().unwrap().to_owned())
            .or_default()
            .push((seconds(line["at"].as_str().unwrap()), tags));
    }
    let mut cells: BTreeMap<&str, Cells> = planted.keys().map(|tag| (tag.as_str(), Cells::default())).collect();
    cells.insert("shipping/status", Cells::default());
    for checkout in season.rows("/checkouts.csv") {
        let [person] = &by_email[&checkout["email"]][..] else {
            continue;
        };
        let created = seconds(&checkout["created_at"]);
        let before = contacts
            .get(person)
            .into_iter()
            .flatten()
            .filter(|(at, _)| *at < created && created - at <= 7 * 86_400);
        let tags: BTreeSet<&str> = before.flat_map(|(_, tags)| tags.iter().map(String::as_str)).collect();
        let abandoned = u64::from(checkout["completed_at"].is_empty());
        for (tag, cell) in &mut cells {
            let exposed = u64::from(tags.contains(tag));
            cell.num_exposed += exposed;
            cell.num_exposed_outcome += exposed * abandoned;
            cell.num_baseline += 1 - exposed;
            cell.num_baseline_outcome += (1 - exposed) * abandoned;
        }
    }
    for (tag, cell) in &cells {
        let truth = planted.get(*tag).copied().unwrap_or(1.0);
        let found = cell.relative_risk().unwrap();
        assert!(cell.num_exposed >= 30, "{tag}: {cell:?}");
        assert!(
            (found / truth).ln().abs() < log_margin(cell),
            "{tag}: {found} for {truth}, {cell:?}"
        );
    }
}

fn tallied_effects_are_near_the_planted(season: &Season) {
    let mut checked = 0;
    for line in season.effects() {
        let cells: Cells = serde_json::from_value(line["observed"].clone()).unwrap();
        let Some(found) = cells.relative_risk() else {
            continue;
        };
        if line["outcome"] == "no_repeat_purchase_90d" {
            assert!(found > 1.15, "{line}");
            continue;
        }
        let planted = line["planted_rr"].as_f64().unwrap();
        let effective = planted != 1.0 && line["outcome"] != "contact";
        if effective && cells.num_exposed >= 100 && cells.num_exposed_outcome >= 10 {
            assert!((found / planted).ln().abs() < log_margin(&cells), "{line}");
            checked += 1;
        }
        if line["exposure"] == "sale" {
            assert!(found > 2.0, "{line}");
        }
    }
    assert!(checked >= 12, "{checked}");
}

#[test]
fn nothing_planted_nothing_found() {
    let none = season(&SeasonConfig {
        effects: EffectSizes::none(),
        ..events_only(8_000)
    });
    for line in none.effects() {
        let cells: Cells = serde_json::from_value(line["observed"].clone()).unwrap();
        // A contact drives others of the same person, so only the carts are free of all links.
        if line["outcome"] == "cart_abandoned" && cells.num_exposed_outcome >= 10 {
            let found = cells.relative_risk().unwrap();
            assert!(found.ln().abs() < log_margin(&cells) * 1.2, "{line}");
        }
    }
    let confounded = season(&SeasonConfig {
        effects: EffectSizes::confounded(),
        ..events_only(8_000)
    });
    let mut sum = Cells::default();
    for line in confounded
        .effects()
        .iter()
        .filter(|l| l["outcome"] == "cart_abandoned" && l["exposure"] == "website/checkout_error")
    {
        let cells: Cells = serde_json::from_value(line["observed"].clone()).unwrap();
        sum.num_exposed += cells.num_exposed;
        sum.num_exposed_outcome += cells.num_exposed_outcome;
        sum.num_baseline += cells.num_baseline;
        sum.num_baseline_outcome += cells.num_baseline_outcome;
    }
    assert!(sum.relative_risk().unwrap() > 1.3, "{sum:?}");
}
