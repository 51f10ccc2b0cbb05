//! Language, tokens, the request of a conversation and likeness of texts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_record::{AuthorRole, Turn, Visibility};
use refrain_text::request::request_score;
use refrain_text::{
    conversation_language, detect_language, find_request, fingerprint, fold, request_core, similarity, tokens,
};

fuzz_target!(|text: &str| {
    if let Some(guess) = detect_language(text) {
        assert!(guess.confidence > 0.0 && guess.confidence <= 1.0, "{guess:?}");
    }
    let mut end = 0;
    for token in tokens(text) {
        assert!(token.start >= end && token.end > token.start);
        assert_eq!(text.get(token.start..token.end), Some(token.text));
        end = token.end;
    }
    let folded = fold(text);
    assert_eq!(fold(&folded), folded, "folding twice differs");

    let lines: Vec<&str> = text.lines().collect();
    let _ = conversation_language(&lines);
    let turns: Vec<Turn<'_>> = lines
        .iter()
        .enumerate()
        .map(|(place, line)| turn(place, line))
        .collect();
    let wanted = |turn: &Turn<'_>| turn.role == AuthorRole::Customer && turn.visibility == Visibility::Public;
    let found = find_request(&turns);
    assert_eq!(found.is_some(), turns.iter().any(wanted));
    assert!(found.is_none_or(|place| wanted(&turns[place])));
    assert!(request_score(text).is_finite());
    assert!(request_core(text).len() <= text.len());

    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let alike = similarity(first, rest);
    assert!(
        (0.0..=1.0).contains(&alike) && alike == similarity(rest, first),
        "{alike}"
    );
    assert_eq!(fingerprint(first), fingerprint(first));
});

/// The first letter of a line says whose it is.
fn turn(place: usize, text: &str) -> Turn<'_> {
    let (role, visibility) = match text.as_bytes().first() {
        Some(b'A') => (AuthorRole::Agent, Visibility::Public),
        Some(b'B') => (AuthorRole::Bot, Visibility::Public),
        Some(b'N') => (AuthorRole::Customer, Visibility::Internal),
        _ => (AuthorRole::Customer, Visibility::Public),
    };
    Turn {
        seq: i64::try_from(place).unwrap_or(i64::MAX),
        role,
        visibility,
        sent_at: None,
        text,
    }
}
