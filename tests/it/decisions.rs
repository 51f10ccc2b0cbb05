//! Decisions on issues: taken in, followed by the next night, refused where they make no sense.

use refrain_lake::{LakeDir, Snapshot};
use refrain_record::tables::{Issue, IssueLineage};
use refrain_record::{IssueStatus, LineageEvent};

use crate::shop::{CHAT, HEAD, Shop, chat_line, text};

/// Sixty customers with one of three matters.
fn desk() -> Shop {
    let shop = Shop::new(&format!("{HEAD}{CHAT}"));
    let matters = [
        [
            "Wo ist mein Paket",
            "Mein Paket ist noch nicht da",
            "Paket kommt nicht an",
        ],
        [
            "Der Wasserkocher leckt",
            "Mein Wasserkocher tropft am Boden",
            "Wasserkocher ist undicht",
        ],
        [
            "Ich kann mich nicht anmelden",
            "Passwort wird beim Anmelden abgelehnt",
            "Anmelden geht nicht",
        ],
    ];
    let ends = [
        "seit Montag",
        "schon wieder",
        "seit gestern",
        "und nun",
        "trotz allem",
        "heute",
        "immer noch",
    ];
    let lines: String = (0..60)
        .map(|i| {
            let said = format!("{}, {}.", matters[i % 3][i / 3 % 3], ends[i % 7]);
            chat_line(&format!("c{i}"), "2026-03-27T09:00:00+01:00", &format!("k{i}"), &said)
        })
        .collect();
    shop.write("chat.jsonl", lines);
    shop
}

fn rows(shop: &Shop) -> (Vec<Issue>, Vec<IssueLineage>) {
    let lake = Snapshot::open(&LakeDir::new(shop.path("lake"))).unwrap().unwrap();
    (lake.read::<Issue>().unwrap(), lake.read::<IssueLineage>().unwrap())
}

#[test]
fn owners_decisions_are_followed_from_the_next_night_on() {
    let shop = desk();
    // A week after the first contact a small shop gets its issues.
    shop.night("2026-04-10");
    let (issues, _) = rows(&shop);
    let ids: Vec<&str> = issues.iter().map(|i| i.issue_id.as_str()).collect();
    assert!(ids.len() >= 3, "{ids:?}");
    let lines = [
        format!(r#"{{"issue": "{}", "rename": "Paket =cmd| kommt nicht"}}"#, ids[0]),
        format!(r#"{{"issue": "{}", "do": "not_an_issue", "by": "bea"}}"#, ids[0]),
        format!(r#"{{"issue": "{}", "merge_into": "{}"}}"#, ids[1], ids[2]),
        format!(
            r#"{{"issue": "{}", "answered": "https://help.example/kettle"}}"#,
            ids[2]
        ),
        format!(r#"{{"issue": "{}", "owner": "product"}}"#, ids[2]),
    ];
    shop.write("decided.jsonl", lines.join("\n"));
    let file = shop.path("decided.jsonl").to_string_lossy().into_owned();
    let import = || text(&shop.run(&["decisions", "import", &file, "--by", "ann"]).stderr);
    let said = import();
    assert!(said.contains("5 decisions added"), "{said}");
    assert!(import().contains("0 decisions added"));
    let log = text(&shop.run(&["decisions", "export"]).stdout);
    assert!(log.contains(r#""by":"bea""#) && log.lines().count() == 5, "{log}");

    // The day of the import lies behind this night.
    shop.night("2200-01-01");
    let (issues, lineage) = rows(&shop);
    let issue = |id: &str| issues.iter().find(|i| i.issue_id.as_str() == id).unwrap();
    assert_eq!(issue(ids[0]).name, "Paket =cmd| kommt nicht");
    assert_eq!(issue(ids[0]).status, IssueStatus::NotAnIssue);
    assert_eq!(issue(ids[1]).canonical_id.as_str(), ids[2]);
    assert_eq!(issue(ids[2]).status, IssueStatus::Answered);
    assert_eq!(issue(ids[2]).faq_url.as_deref(), Some("https://help.example/kettle"));
    assert_eq!(issue(ids[2]).owner.as_ref().unwrap().as_str(), "product");
    let decided: Vec<_> = lineage.iter().filter(|l| l.cause.as_str() == "decision").collect();
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0].event, LineageEvent::MergedInto);

    let asked = text(&shop.run(&["issues", "refit", "--by", "ann"]).stderr);
    assert!(asked.contains("keep their ids"), "{asked}");
    assert!(text(&shop.run(&["decisions", "export"]).stdout).contains(r#""refit":"issues""#));
    shop.night("2200-01-02");
}

#[test]
fn decisions_that_make_no_sense_are_refused() {
    let shop = desk();
    shop.night("2026-04-10");
    for (line, words) in [
        (r#"{"issue": "main", "rename": "x"}"#, "no id of an issue"),
        (r#"{"issue": "de-I000001"}"#, "says one thing"),
        (
            r#"{"issue": "de-I000001", "rename": "x", "owner": "y"}"#,
            "says one thing",
        ),
        (r#"{"issue": "de-I000001", "rename": "two\nlines"}"#, "on one line"),
        (
            r#"{"issue": "de-I000001", "merge_into": "uk-I000001"}"#,
            "no other issue of the shop",
        ),
        (
            r#"{"issue": "de-I000001", "merge_into": "de-I000001"}"#,
            "no other issue of the shop",
        ),
        (
            r#"{"issue": "de-I000001", "answered": "javascript:alert(1)"}"#,
            "no address",
        ),
        (r#"{"issue": "de-I000001", "do": "burn"}"#, "neither"),
        (r#"{"issue": "de-I000001", "split": []}"#, "names no conversation"),
        (r#"{"issue": "de-I000001", "renamed": "x"}"#, "no decision"),
        (r#"{"issue": "de-I000001", "rename": "x", "on": "soon"}"#, "no date"),
    ] {
        shop.write("bad.jsonl", line);
        let file = shop.path("bad.jsonl").to_string_lossy().into_owned();
        let done = shop.run(&["decisions", "import", &file, "--by", "ann"]);
        let said = text(&done.stderr);
        assert!(
            done.status.code() == Some(2) && said.contains(words) && said.contains("hint: "),
            "{line}: {said}"
        );
    }
    // What the lake does not hold is kept: it may come.
    shop.write("later.jsonl", r#"{"issue": "de-I000777", "rename": "x"}"#);
    let file = shop.path("later.jsonl").to_string_lossy().into_owned();
    let said = text(&shop.run(&["decisions", "import", &file, "--by", "ann"]).stderr);
    assert!(said.contains("does not hold (yet), among them de-I000777"), "{said}");
}
