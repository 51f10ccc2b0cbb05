//! The issue registry's state: what is taken survives being written, and a night over it.
//!
//! The input is the state without its version: the target puts the right one before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::on_one_thread;
use refrain_issues::{IssuesConfig, Request, STATE_VERSION, State, refit, run_night};
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
    let cfg = IssuesConfig::default();
    if let Ok(night) = run_night(state.clone(), &requests, &[], &cfg, as_of) {
        assert_eq!(night.members.len(), requests.len());
        let next = State::from_bytes(&night.state.to_bytes()).expect("the state of a night");
        // By bytes: damaged figures may be no numbers.
        assert_eq!(next.to_bytes(), night.state.to_bytes());
    }
    let _ = refit(state, &requests, &[], &cfg);
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
