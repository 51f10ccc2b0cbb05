//! The issue registry's state: what is taken survives being written, and a night over it.
//!
//! The input is the state without its version: the target puts the right one before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::on_one_thread;
use refrain_issues::{IssueDecision, IssuesConfig, Request, STATE_VERSION, State, Verb, run_night};
use refrain_record::{Date, Language};

fuzz_target!(|data: &[u8]| {
    on_one_thread();
    let _ = State::from_bytes(data);
    let mut bytes = vec![u8::try_from(STATE_VERSION).expect("a small version")];
    bytes.extend_from_slice(data);
    let Ok(state) = State::from_bytes(&bytes) else {
        return;
    };
    let written = state.to_bytes();
    let again = State::from_bytes(&written).expect("a state that was written");
    assert_eq!(again.to_bytes(), written);
    let _ = state.lineage();
    let as_of = Date(20_422);
    let requests = [
        ("1", "where is my parcel"),
        ("2", "please refund my order"),
        ("3", "the parcel is late"),
    ]
    .map(request);
    let decide = |issue: &str, verb| IssueDecision {
        shop_id: "de".into(),
        issue_id: issue.into(),
        on: as_of,
        verb,
    };
    let decisions = [
        decide("de-I000001", Verb::MergeInto("de-I000002".into())),
        decide("de-I000002", Verb::Split(vec!["desk/1".into()])),
        decide("de-I000003", Verb::NotAnIssue),
    ];
    let cfg = IssuesConfig {
        refit_on: data.first().map(|day| Date(as_of.0 - i32::from(day % 2))).into_iter().collect(),
        ..IssuesConfig::default()
    };
    if let Ok(night) = run_night(state, &requests, &[], &decisions, &cfg, as_of) {
        assert_eq!(night.members.len(), requests.len());
        let next = State::from_bytes(&night.state.to_bytes()).expect("the state of a night");
        // By bytes: damaged figures may be no numbers.
        assert_eq!(next.to_bytes(), night.state.to_bytes());
    }
});

fn request<'a>((conversation_id, text): (&'a str, &'a str)) -> Request<'a> {
    Request {
        shop_id: "de",
        source: "desk",
        conversation_id,
        date: Date(20_420),
        seq: 0,
        text,
        language: Some(Language::En),
        person_key: None,
        top_tag: None,
        vector: None,
    }
}
