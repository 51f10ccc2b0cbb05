//! Same input, same bytes: night by night or in one call, on one thread or eight, run once or again.

use std::fs;
use std::path::Path;

use crate::shop::{assert_same_lake, digests, refrain, text};

const CONVERSATIONS: &str = "1500";

fn season(folder: &Path) {
    let out = folder.to_string_lossy();
    let done = refrain(
        Path::new("none"),
        &["season", "--out", &out, "--conversations", CONVERSATIONS, "--seed", "5"],
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
}

fn run(season: &Path, lake: &Path, args: &[&str]) {
    let lake = format!("lake.path={}", lake.display());
    let mut all = vec!["run", "--set", &lake];
    all.extend(args);
    let done = refrain(&season.join("refrain.toml"), &all);
    assert!(done.status.success(), "{}", text(&done.stderr));
}

#[test]
fn thirty_nights_one_by_one_or_in_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("season");
    season(&exports);
    let (single, range) = (folder.path().join("single"), folder.path().join("range"));
    let first: refrain_record::Date = "2026-11-01".parse().unwrap();
    for day in 0..30 {
        run(&exports, &single, &["--date", &first.plus_days(day).to_string()]);
    }
    run(&exports, &range, &["--from", "2026-11-01", "--to", "2026-11-30"]);
    assert_same_lake(&single, &range);

    // The last night again changes nothing, and an earlier one is refused without --replay.
    let before = digests(&single);
    run(&exports, &single, &["--date", "2026-11-30"]);
    assert_eq!(digests(&single), before);
    let lake = format!("lake.path={}", single.display());
    let refused = refrain(
        &exports.join("refrain.toml"),
        &["run", "--set", &lake, "--date", "2026-11-20"],
    );
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("add --replay"),
        "{}",
        text(&refused.stderr)
    );
    run(&exports, &single, &["--date", "2026-11-28", "--replay"]);
    assert_same_lake(&single, &range);
}

#[test]
fn threads_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("season");
    season(&exports);
    let lakes = ["1", "2", "8"].map(|threads| {
        let lake = folder.path().join(threads);
        run(
            &exports,
            &lake,
            &["--threads", threads, "--from", "2026-11-29", "--to", "2026-11-30"],
        );
        lake
    });
    assert_same_lake(&lakes[0], &lakes[1]);
    assert_same_lake(&lakes[0], &lakes[2]);
}

#[test]
fn stages_alone_leave_what_the_whole_night_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("season");
    season(&exports);
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    run(&exports, &whole, &["--date", "2026-11-30"]);
    for stage in ["ingest", "tag", "journey", "issues", "insight"] {
        let lake = format!("lake.path={}", parts.display());
        let done = refrain(
            &exports.join("refrain.toml"),
            &[stage, "--set", &lake, "--date", "2026-11-30"],
        );
        assert!(done.status.success(), "{stage}: {}", text(&done.stderr));
    }
    assert_same_lake(&whole, &parts);
}

#[test]
fn past_conversations_are_tagged_anew_from_the_lake_alone() {
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("season");
    season(&exports);
    let lake = folder.path().join("lake");
    run(&exports, &lake, &["--date", "2026-11-30"]);
    let before = digests(&lake);
    // Without the exports: only the lake is read.
    fs::remove_dir_all(exports.join("exports")).unwrap();
    let range = ["--only", "tag", "--from", "2026-03-10", "--to", "2026-04-02"];
    run(&exports, &lake, &range);
    assert_eq!(digests(&lake), before, "the same rulebook changes nothing");

    let rules = exports.join("rules/shipping.toml");
    let rulebook = fs::read_to_string(&rules).unwrap();
    let more = "\n[[rule]]\nid = \"every-message\"\ntag = \"shipping/status\"\nregex = [\".\"]\n";
    fs::write(&rules, rulebook + more).unwrap();
    run(&exports, &lake, &range);
    let after = digests(&lake);
    let changed: Vec<&String> = after
        .iter()
        .filter(|(name, digest)| before.get(*name) != Some(digest))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        changed,
        [
            "conversation_tags/dt=2026-03-01/part-0000.parquet",
            "conversation_tags/dt=2026-04-01/part-0000.parquet",
            "runs/dt=2026-11-01/part-0000.parquet"
        ]
    );
    assert_eq!(after.len(), before.len(), "no file is lost");

    let refused = refrain(&exports.join("refrain.toml"), &["insight", "--only", "tag"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("`--only` goes with `run`"),
        "{}",
        text(&refused.stderr)
    );
}
