//! What owners decide holds from its night on, and a night run again is the same.

#![allow(clippy::unwrap_used, reason = "a panic in a test is the report")]

use refrain_issues::{IssueDecision, IssuesConfig, NightIssues, Request, State, Verb, members_before, run_night};
use refrain_record::tables::Issue;
use refrain_record::{Date, IssueStatus, Language, LineageEvent};
use std::collections::BTreeMap;

const START: i32 = 20_000;
const DAYS: i32 = 16;

/// Four problems; what leaks is said of kettles and, from day 6 on, of hoses too.
const PROBLEMS: [&[&str]; 5] = [
    &[
        "the parcel has not arrived",
        "where is my parcel",
        "parcel still on its way",
        "no parcel here yet",
        "parcel is late",
    ],
    &[
        "refund has not been paid",
        "waiting for my refund",
        "no refund on my account",
        "refund is missing",
        "where is the refund",
    ],
    &[
        "login fails with my password",
        "password reset does not work",
        "cannot login",
        "login is locked",
        "password wrong at login",
    ],
    &[
        "the kettle leaks water",
        "my kettle leaks at the seam",
        "kettle leaks on the table",
        "leaks: the kettle",
        "water leaks from the kettle",
    ],
    &[
        "the garden hose leaks water",
        "my hose leaks at the tap",
        "hose leaks in the garden",
        "leaks: the hose",
        "water leaks from the hose",
    ],
];
const ENDS: [&str; 7] = [
    "since monday",
    "again",
    "please help",
    "what now",
    "as of today",
    "for days",
    "help",
];

struct Said {
    date: Date,
    id: String,
    text: String,
}

fn season() -> Vec<Said> {
    let mut said = Vec::new();
    for day in 0..DAYS {
        for (number, texts) in PROBLEMS
            .iter()
            .enumerate()
            .filter(|(number, _)| *number < 4 || day >= 6)
        {
            for turn in 0..5_usize {
                said.push(Said {
                    date: Date(START + day),
                    id: format!("{number}-{day:02}-{turn}"),
                    text: format!(
                        "{} {}",
                        texts[(day as usize + turn) % 5],
                        ENDS[(day as usize * 3 + turn) % 7]
                    ),
                });
            }
        }
    }
    said
}

fn requests(said: &[Said]) -> Vec<Request<'_>> {
    let mut list: Vec<Request<'_>> = said
        .iter()
        .map(|s| Request {
            shop_id: "de",
            source: "chat",
            conversation_id: &s.id,
            date: s.date,
            seq: 0,
            text: &s.text,
            language: Some(Language::En),
            person_key: None,
            top_tag: None,
            vector: None,
        })
        .collect();
    list.sort_by(|a, b| (a.date, a.conversation_id).cmp(&(b.date, b.conversation_id)));
    list
}

fn cfg() -> IssuesConfig {
    IssuesConfig {
        first_fit_texts: 60,
        ..IssuesConfig::default()
    }
}

/// All nights, each from what the one before left.
fn nights(said: &[Said], decisions: &[IssueDecision]) -> Vec<NightIssues> {
    let all = requests(said);
    let mut nights: Vec<NightIssues> = Vec::new();
    for day in 0..DAYS {
        let as_of = Date(START + day);
        let known: Vec<Request<'_>> = all.iter().filter(|r| r.date <= as_of).copied().collect();
        let (state, members) = nights
            .last()
            .map_or((State::default(), Vec::new()), |n| (n.state.clone(), n.members.clone()));
        nights.push(run_night(state, &known, &members, decisions, &cfg(), as_of).unwrap());
    }
    nights
}

/// The issue that stands for most conversations of a problem.
fn issue_of(night: &NightIssues, problem: usize) -> &Issue {
    let canonical: BTreeMap<_, _> = night.issues.iter().map(|i| (&i.issue_id, &i.canonical_id)).collect();
    let mut counts = BTreeMap::new();
    for member in night
        .members
        .iter()
        .filter(|m| m.conversation_id.as_str().starts_with(&format!("{problem}-")))
    {
        if let Some(id) = &member.issue_id {
            *counts.entry(canonical[id]).or_insert(0) += 1;
        }
    }
    let id = counts.into_iter().max_by_key(|entry| entry.1).unwrap().0;
    night.issues.iter().find(|i| i.issue_id == *id).unwrap()
}

fn decision(day: i32, issue: &Issue, verb: Verb) -> IssueDecision {
    IssueDecision {
        shop_id: "de".into(),
        issue_id: issue.issue_id.clone(),
        on: Date(START + day),
        verb,
    }
}

fn by_id<'a>(night: &'a NightIssues, issue: &Issue) -> &'a Issue {
    night.issues.iter().find(|i| i.issue_id == issue.issue_id).unwrap()
}

#[test]
fn names_owners_and_verdicts_stay() {
    let said = season();
    let plain = nights(&said, &[]);
    let before = &plain[9];
    let (parcel, refund, login) = (issue_of(before, 0), issue_of(before, 1), issue_of(before, 2));
    let decisions = [
        decision(10, parcel, Verb::Rename("Paket kommt nicht".into())),
        decision(10, parcel, Verb::Owner("logistics".into())),
        decision(10, refund, Verb::Answered("https://faq.example/refund".into())),
        decision(10, login, Verb::NotAnIssue),
        decision(13, login, Verb::Reopen),
        decision(40, refund, Verb::Rename("later".into())),
        IssueDecision {
            issue_id: "de-I009999".into(),
            ..decision(11, login, Verb::NotAnIssue)
        },
    ];
    let decided = nights(&said, &decisions);
    assert_eq!(decided[9], plain[9], "not before their day");
    assert_eq!(
        (decided[10].num_strange_decisions, decided[11].num_strange_decisions),
        (0, 1)
    );
    let last = decided.last().unwrap();
    assert_eq!(by_id(last, parcel).name, "Paket kommt nicht");
    assert_eq!(by_id(last, parcel).owner.as_ref().unwrap().as_str(), "logistics");
    assert_eq!(by_id(last, refund).status, IssueStatus::Answered);
    assert_eq!(
        by_id(last, refund).faq_url.as_deref(),
        Some("https://faq.example/refund")
    );
    assert_eq!(by_id(&decided[12], login).status, IssueStatus::NotAnIssue);
    assert!(
        by_id(&decided[12], login).num_conversations > by_id(&decided[9], login).num_conversations,
        "they still join"
    );
    assert_eq!(by_id(last, login).status, IssueStatus::Active);
}

#[test]
fn what_owners_merge_stays_one() {
    let said = season();
    let before = &nights(&said, &[])[9];
    let (parcel, refund) = (issue_of(before, 0), issue_of(before, 1));
    // Into the younger one, which no night would do.
    let (older, younger) = if parcel.issue_id < refund.issue_id {
        (parcel, refund)
    } else {
        (refund, parcel)
    };
    let merge = Verb::MergeInto(younger.issue_id.as_str().to_owned());
    let last = nights(&said, &[decision(10, older, merge)]).pop().unwrap();
    assert_eq!(by_id(&last, older).canonical_id, younger.issue_id);
    assert_eq!(by_id(&last, older).status, IssueStatus::Merged);
    let event = last.lineage.iter().find(|l| l.cause.as_str() == "decision").unwrap();
    assert_eq!(
        (event.event, &event.issue_id, event.date),
        (LineageEvent::MergedInto, &older.issue_id, Date(START + 10))
    );
    let is_split = |l: &&refrain_record::tables::IssueLineage| {
        l.event == LineageEvent::SplitFrom
            && l.other_issue_id.as_ref() == Some(&younger.issue_id)
            && l.date >= Date(START + 10)
    };
    assert_eq!(
        last.lineage.iter().filter(is_split).count(),
        0,
        "no night takes apart what an owner made one"
    );
    assert_eq!(
        by_id(&last, older).num_conversations,
        older.num_conversations,
        "new ones join the one that stands for both"
    );
    assert!(by_id(&last, younger).num_conversations > younger.num_conversations);
}

#[test]
fn what_owners_split_stays_apart() {
    let said = season();
    let before = &nights(&said, &[])[11];
    let leak = issue_of(before, 3);
    // Two issues are made one, so that there is something to take apart.
    let hose = issue_of(before, 4);
    let mut decisions = Vec::new();
    if hose.issue_id != leak.issue_id {
        decisions.push(decision(12, hose, Verb::MergeInto(leak.issue_id.as_str().to_owned())));
    }
    let named = ["4-09-0", "4-09-1", "4-10-2", "4-10-3"].map(|id| format!("chat/{id}"));
    decisions.push(decision(13, leak, Verb::Split(named.to_vec())));
    let all = nights(&said, &decisions);
    let (split, last) = (&all[13], all.last().unwrap());
    let event = split
        .lineage
        .iter()
        .find(|l| l.event == LineageEvent::SplitFrom && l.cause.as_str() == "decision")
        .unwrap();
    assert_eq!(
        (event.other_issue_id.as_ref(), event.evidence),
        (Some(&leak.issue_id), None)
    );
    for id in ["4-09-0", "4-09-1"] {
        let member = split.members.iter().find(|m| m.conversation_id.as_str() == id).unwrap();
        assert_eq!(member.issue_id.as_ref(), Some(&event.issue_id));
        assert!(!member.moved_from.is_empty());
    }
    assert_eq!(
        issue_of(last, 4).issue_id,
        event.issue_id,
        "those like them went along, and new ones follow"
    );
    assert_eq!(issue_of(last, 3).issue_id, leak.issue_id);
    assert!(event.num_members > 10, "{}", event.num_members);
}

#[test]
fn a_night_run_again_is_the_same() {
    let said = season();
    let before = &nights(&said, &[])[9];
    let (leak, parcel, refund) = (issue_of(before, 3), issue_of(before, 0), issue_of(before, 1));
    let decisions = [
        decision(10, refund, Verb::MergeInto(parcel.issue_id.as_str().to_owned())),
        decision(11, leak, Verb::Split(vec!["chat/3-08-0".into(), "chat/3-08-1".into()])),
        decision(
            13,
            parcel,
            Verb::Split(vec!["chat/1-08-0".into(), "chat/1-08-1".into(), "chat/1-09-0".into()]),
        ),
        decision(
            14,
            parcel,
            Verb::Split(vec!["chat/0-08-0".into(), "chat/0-08-1".into()]),
        ),
    ];
    let all = nights(&said, &decisions);
    let last = all.last().unwrap();
    assert!(last.members.iter().any(|m| !m.moved_from.is_empty()));
    let requests = requests(&said);
    for day in 8..DAYS {
        let as_of = Date(START + day);
        let known: Vec<Request<'_>> = requests.iter().filter(|r| r.date <= as_of).copied().collect();
        let members = members_before(last.members.clone(), &last.lineage, as_of);
        let state = all[day as usize - 1].state.clone();
        let again = run_night(state, &known, &members, &decisions, &cfg(), as_of).unwrap();
        assert!(again == all[day as usize], "night {day}");
    }
}
