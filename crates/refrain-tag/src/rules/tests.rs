//! The rulebook as its authors meet it: semantics, mistakes, examples, figures.

use super::*;
use refrain_record::{ConversationText, Date, Turn, Visibility};

const TAXONOMY: &str = r#"
version = "1"
[[tag]]
path = "shipping/delay"
owner = "logistics"
[[tag]]
path = "return/request"
owner = "returns"
[[tag]]
path = "act/question"
facet = "act"
[[tag]]
path = "act/complaint"
facet = "act"
"#;

fn taxonomy() -> Taxonomy {
    Taxonomy::parse(TAXONOMY, "t.toml").unwrap()
}

fn book(rules: &str) -> Rulebook {
    Rulebook::parse(&[("r.toml", rules)], &taxonomy()).unwrap()
}

fn rule(body: &str) -> Rulebook {
    book(&format!("[[rule]]\nid = 'r'\ntag = 'shipping/delay'\n{body}"))
}

/// What the only rule matches in a customer's message.
fn found(body: &str, text: &str) -> Vec<String> {
    let matches = rule(body).matches(text, None, AuthorRole::Customer);
    let slice = |m: &RuleMatch| {
        text.chars()
            .skip(m.span.start as usize)
            .take((m.span.end - m.span.start) as usize)
            .collect()
    };
    matches.iter().map(slice).collect()
}

#[test]
fn phrases_match_folded_text_and_point_into_the_original() {
    let late = "any = ['nicht angekommen', 'verspätet']";
    assert_eq!(
        found(late, "🚚 NICHT\n  angekommen, VERSPA\u{308}TET!"),
        ["NICHT\n  angekommen", "VERSPA\u{308}TET"]
    );
    assert_eq!(found("any = [\"where's\"]", "Where’s it?"), ["Where’s"]);
    assert_eq!(found("any = ['包裹']", "我的包裹没到"), ["包裹"]);
    assert!(found(late, "").is_empty());
}

#[test]
fn overlapping_phrases_are_all_found() {
    assert_eq!(found("any = ['a b', 'b c', 'b']", "a b c"), ["a b", "b", "b c"]);
}

#[test]
fn all_none_and_near_hold_in_one_message() {
    let body = "any = ['late']\nall = ['parcel']\nnone = ['newsletter']";
    assert_eq!(found(body, "parcel late"), ["late"]);
    assert!(found(body, "late").is_empty());
    assert!(found(body, "parcel late newsletter").is_empty());
    assert_eq!(found("all = ['late', 'parcel']", "late parcel"), ["late", "parcel"]);
    let near = "near = [{ a = 'wait*', b = 'parcel', within = 3 }]";
    assert_eq!(found(near, "parcel: I am waiting"), ["parcel: I am waiting"]);
    assert_eq!(found(near, "waiting for my parcel"), ["waiting for my parcel"]);
    assert!(found(near, "waiting for my own parcel").is_empty());
}

#[test]
fn regexes_ignore_case_and_line_breaks() {
    assert_eq!(found(r"regex = ['\bwo\s+bleibt\b']", "Wo\nBLEIBT es"), ["Wo\nBLEIBT"]);
}

#[test]
fn language_and_role_limit_a_rule() {
    let german = rule("lang = ['de']\nany = ['paket']");
    let hits = |language| german.matches("paket", language, AuthorRole::Customer).len();
    assert_eq!(
        [hits(None), hits(Some(Language::De)), hits(Some(Language::Nl))],
        [1, 1, 0]
    );
    let agent = rule("role = 'agent'\nany = ['sorry']");
    let hits = |role| agent.matches("sorry", None, role).len();
    assert_eq!(
        [
            hits(AuthorRole::Customer),
            hits(AuthorRole::Agent),
            hits(AuthorRole::System)
        ],
        [0, 1, 0]
    );
}

#[test]
fn vetoes_and_weights_decide_a_text() {
    let book = book(
        "[[rule]]\nid = 'a'\ntag = 'shipping/delay'\nany = ['late']\nweight = 0.5\n\
         [[rule]]\nid = 'b'\ntag = 'shipping/delay'\nany = ['very late']\n\
         [[rule]]\nid = 'c'\ntag = 'shipping/delay'\nveto = true\nany = ['joke']",
    );
    let tags = book.tag_text("very late", None);
    assert_eq!((tags.len(), tags[0].rule, tags[0].score), (1, 1, 0.9));
    assert!(book.tag_text("very late joke", None).is_empty());
}

#[test]
fn mistakes_name_file_rule_and_hint() {
    let problem = |rules: &str| {
        Rulebook::parse(&[("r.toml", rules)], &taxonomy())
            .unwrap_err()
            .to_string()
    };
    let with = |body: &str| problem(&format!("[[rule]]\nid = 'r1'\n{body}"));
    let cases = [
        (
            with("tag = 'shiping/delay'\nany = ['a']"),
            "did you mean `shipping/delay`?",
        ),
        (with("tag = 'shipping/delay'\nanny = ['a']"), "did you mean `any`?"),
        (with("tag = 'shipping/delay'\nnone = ['a']"), "nothing to look for"),
        (with("tag = 'shipping/delay'\nregex = ['a(']"), "unclosed group"),
        (with("tag = 'shipping/delay'\nregex = ['a*']"), "matches the empty text"),
        (
            with("tag = 'shipping/delay'\nany = [' ']"),
            "a phrase of `any` is empty",
        ),
        (
            with("tag = 'shipping/delay'\nany = ['a']\nrole = 'agnet'"),
            "did you mean `agent`?",
        ),
        (
            with("tag = 'shipping/delay'\nany = ['a']\nmatch = 'words'"),
            "did you mean `word`?",
        ),
        (
            with("tag = 'shipping/delay'\nany = ['a']\nlang = ['xx']"),
            "`lang` is `xx`",
        ),
        (
            with("tag = 'shipping/delay'\nany = ['a']\nweight = 1.5"),
            "expected 0 to 1",
        ),
        (
            with("tag = 'shipping/delay'\nnear = [{ a = 'a', b = 'b', within = 0 }]"),
            "`within` is 0",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains("`r.toml`") && message.contains(expected), "{message}");
        assert!(message.contains("line "), "{message}");
        assert!(
            message.contains("`r1`") || message.contains("unknown field"),
            "{message}"
        );
    }
    let twice = "[[rule]]\nid = 'x'\ntag = 'shipping/delay'\nany = ['a']\n";
    let message = Rulebook::parse(&[("a.toml", twice), ("b.toml", twice)], &taxonomy())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`b.toml`") && message.contains("already taken in `a.toml`"),
        "{message}"
    );
}

#[test]
fn the_digest_knows_what_rules_do_and_nothing_else() {
    let digest = |body: &str| rule(body).digest().to_owned();
    let base = digest("any = ['a']");
    assert_eq!(base, digest("any = ['a'] # why\nyes = ['a']"));
    assert_ne!(base, digest("any = ['b']"));
    assert_ne!(base, digest("all = ['a']"));
    assert_ne!(base, digest("any = ['a']\nveto = true"));
    let (a, b) = (
        "[[rule]]\nid='a'\ntag='shipping/delay'\nany=['a']",
        "[[rule]]\nid='b'\ntag='shipping/delay'\nany=['b']",
    );
    let of = |files: &[(&str, &str)]| Rulebook::parse(files, &taxonomy()).unwrap().digest().to_owned();
    assert_eq!(of(&[("1", a), ("2", b)]), of(&[("3", b), ("4", a)]));
}

#[test]
fn examples_are_held_against_the_rules() {
    let book = book(
        "[[rule]]\nid = 'a'\ntag = 'shipping/delay'\nany = ['late']\nyes = ['so late', 'soon', 'late joke']\nno = ['fine', 'Too LATE']\n\
         [[rule]]\nid = 'b'\ntag = 'shipping/delay'\nany = ['joke']\nveto = true\nyes = ['a joke']\n\
         [[rule]]\nid = 'c'\ntag = 'return/request'\nany = ['back']",
    );
    let failures: Vec<String> = book.check_examples().iter().map(ToString::to_string).collect();
    assert_eq!(
        failures,
        [
            "`r.toml`: rule `a`: `soon` does not match, expected it to",
            "`r.toml`: rule `a`: `late joke` matches, but the veto `b` takes the tag away",
            "`r.toml`: rule `a`: `Too LATE` matches at `LATE`, expected it not to",
            "`r.toml`: rule `c`: it has no `yes` example, expected one or more",
        ]
    );
}

#[test]
fn figures_count_coverage_overlap_and_conflict() {
    let book = book(
        "[[rule]]\nid = 'ask'\ntag = 'act/question'\nany = ['why']\n\
         [[rule]]\nid = 'ask2'\ntag = 'act/question'\nany = ['why oh']\n\
         [[rule]]\nid = 'moan'\ntag = 'act/complaint'\nany = ['bad']\n\
         [[rule]]\nid = 'topic'\ntag = 'shipping/delay'\nany = ['late']",
    );
    let texts = ["why oh why", "why bad", "late", "nothing"];
    let turns: Vec<[Turn<'_>; 1]> = texts.iter().map(|text| [customer(text)]).collect();
    let stats = book.stats(turns.iter().map(|turns| (conversation(turns), None)));
    let figures: Vec<_> = stats
        .iter()
        .map(|s| (s.rule_id.as_str(), s.hits, s.coverage, s.overlap, s.conflict))
        .collect();
    assert_eq!(
        figures,
        [
            ("ask", 2, 0.5, 0.5, 0.25),
            ("ask2", 1, 0.25, 0.25, 0.0),
            ("moan", 1, 0.25, 0.25, 0.25),
            ("topic", 1, 0.25, 0.0, 0.0),
        ]
    );
    assert_eq!(book.stats([])[0].coverage, 0.0);
}

#[test]
fn hostile_messages_are_survived() {
    let body = "any = ['a*', 'a* a*']\nnear = [{ a = 'a', b = 'b', within = 5 }]\nmatch = 'compound'";
    let book = rule(body);
    for text in [
        "a".repeat(20_000),
        "a b ".repeat(5_000),
        "\u{308}".repeat(5_000),
        "\0\u{202e}\u{feff}".into(),
    ] {
        let length = text.chars().count() as u32;
        let matches = book.matches(&text, None, AuthorRole::Customer);
        assert!(
            matches
                .iter()
                .all(|m| m.span.start < m.span.end && m.span.end <= length)
        );
    }
}

fn customer(text: &str) -> Turn<'_> {
    Turn {
        seq: 0,
        role: AuthorRole::Customer,
        visibility: Visibility::Public,
        sent_at: None,
        text,
    }
}

fn conversation<'a>(turns: &'a [Turn<'a>]) -> ConversationText<'a> {
    ConversationText {
        shop_id: "s",
        source: "c",
        conversation_id: "1",
        date: Date(0),
        language: None,
        subject: None,
        turns,
        source_tags: &[],
    }
}
