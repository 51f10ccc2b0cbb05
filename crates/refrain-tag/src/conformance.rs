//! What every tagger must hold to, with the rule tagger put to it, and how rows are chosen.

use crate::model::{LabelledText, TrainConfig, train};
use crate::{Rulebook, SET_BY_TAXONOMY, Tagger, Taxonomy, Verdict};
use proptest::prelude::*;
use refrain_record::tables::ConversationTag;
use refrain_record::{AuthorRole, ConversationText, Date, Facet, Language, TagMethod, Turn, Visibility};

const TAXONOMY: &str = r#"
version = "1"
[[tag]]
path = "shipping/delay"
owner = "logistics"
stage = "after_sales"
source_tags = ["wismo"]
[[tag]]
path = "presales/stock_alert"
owner = "marketing"
stage = "pre_purchase"
[[tag]]
path = "act/question"
facet = "act"
[[tag]]
path = "act/complaint"
facet = "act"
[[tag]]
path = "stage/after_sales"
facet = "stage"
[[tag]]
path = "stage/pre_purchase"
facet = "stage"
"#;

const RULES: &str = r#"
[[rule]]
id = "delay"
tag = "shipping/delay"
any = ["late", "zu spät", "没到"]
yes = ["late"]
[[rule]]
id = "delay-strong"
tag = "shipping/delay"
any = ["very late"]
weight = 0.95
[[rule]]
id = "delay-joke"
tag = "shipping/delay"
any = ["late night"]
veto = true
[[rule]]
id = "stock"
tag = "presales/stock_alert"
any = ["in stock"]
weight = 0.8
[[rule]]
id = "ask"
tag = "act/question"
regex = ['\?']
weight = 0.5
[[rule]]
id = "moan"
tag = "act/complaint"
any = ["bad"]
weight = 0.5
[[rule]]
id = "before"
tag = "stage/pre_purchase"
any = ["before i buy"]
"#;

fn tagger() -> Tagger {
    let taxonomy = Taxonomy::parse(TAXONOMY, "t.toml").unwrap();
    let rulebook = Rulebook::parse(&[("r.toml", RULES)], &taxonomy).unwrap();
    Tagger {
        taxonomy,
        rulebook,
        model: None,
        reads: crate::ModelReads::Request,
    }
}

fn turn(seq: i64, role: AuthorRole, text: &str) -> Turn<'_> {
    Turn {
        seq,
        role,
        visibility: Visibility::Public,
        sent_at: None,
        text,
    }
}

fn conversation<'a>(id: &'a str, turns: &'a [Turn<'a>]) -> ConversationText<'a> {
    ConversationText {
        shop_id: "de",
        source: "chat",
        conversation_id: id,
        date: Date(20_000),
        language: None,
        subject: None,
        turns,
        source_tags: &[],
    }
}

/// Checks any tagger, given as a function from conversation to rows.
fn check_tagger(tag: impl Fn(&ConversationText<'_>) -> Vec<ConversationTag>) {
    use AuthorRole::{Agent, Customer};
    assert!(
        tag(&conversation("empty", &[])).is_empty(),
        "nothing said, nothing tagged"
    );
    let texts: [&[Turn<'_>]; 5] = [
        &[turn(0, Customer, "it is LATE, very  late?")],
        &[
            turn(0, Customer, "Viel zu spa\u{308}t 😡, zu SPÄT"),
            turn(1, Agent, "late? bad"),
        ],
        &[turn(0, Customer, "我的包裹还没到，很 bad")],
        &[
            turn(3, Customer, ""),
            turn(4, Customer, "late\u{0}\u{202e}late\nlate ?"),
        ],
        &[
            turn(0, Agent, "hello"),
            turn(1, Customer, "is it in stock before I buy? bad late night"),
        ],
    ];
    let ids = ["a", "b", "c", "d", "e"];
    let all: Vec<_> = ids
        .iter()
        .zip(texts)
        .map(|(id, turns)| conversation(id, turns))
        .collect();
    let rows: Vec<_> = all.iter().map(&tag).collect();
    let mut backwards: Vec<_> = all.iter().rev().map(&tag).collect();
    backwards.reverse();
    assert_eq!(rows, backwards, "rows depend on their conversation alone");
    for (conversation, rows) in all.iter().zip(&rows) {
        check_rows(conversation, rows);
    }
}

/// Key order, one row a key, single choices, scores in range, spans inside their messages.
fn check_rows(conversation: &ConversationText<'_>, rows: &[ConversationTag]) {
    let key = |row: &ConversationTag| (row.facet.as_str(), row.tag.clone(), row.method.as_str());
    assert!(
        rows.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])),
        "sorted by key"
    );
    for facet in [Facet::Act, Facet::Stage] {
        assert!(
            rows.iter().filter(|row| row.facet == facet).count() <= 1,
            "single choice"
        );
    }
    for row in rows {
        assert!((0.0..=1.0).contains(&row.score));
        assert_eq!(row.conversation_id.as_str(), conversation.conversation_id);
        let text = row
            .evidence_seq
            .map(|seq| conversation.turns.iter().find(|turn| turn.seq == seq).unwrap().text);
        match (row.evidence_start, row.evidence_end) {
            (Some(start), Some(end)) => {
                let length = text.expect("a span has a message").chars().count() as i64;
                assert!(0 <= start && start < end && end <= length);
            }
            both => assert_eq!(both, (None, None)),
        }
    }
}

#[test]
fn rules_conform() {
    let tagger = tagger();
    check_tagger(|conversation| tagger.tag_conversation(conversation));
}

#[test]
fn a_model_beside_rules_conforms() {
    let example = |text: &str, tag: &str| LabelledText {
        text: text.into(),
        tags: vec![tag.into()],
        ..LabelledText::default()
    };
    let examples: Vec<_> = ["it is late", "very late", "zu spät", "late again", "没到"]
        .iter()
        .map(|text| example(text, "shipping/delay"))
        .chain(
            ["in stock", "is it in stock", "stock when", "back in stock"]
                .iter()
                .map(|text| example(text, "presales/stock_alert")),
        )
        .collect();
    let model = train(&examples, &TrainConfig::default()).unwrap();
    let with_model = Tagger {
        model: Some(model),
        ..tagger()
    };
    assert_ne!(with_model.version(), tagger().version());
    check_tagger(|conversation| with_model.tag_conversation(conversation));
}

/// `tag method set_by seq start..end` of each row.
fn rows(conversation: &ConversationText<'_>) -> Vec<String> {
    let print = |row: &ConversationTag| {
        let number = |n: Option<i64>| n.map_or("-".to_owned(), |n| n.to_string());
        let [seq, start, end] = [row.evidence_seq, row.evidence_start, row.evidence_end].map(number);
        format!("{} {} {} {seq} {start}..{end}", row.tag, row.method, row.set_by)
    };
    tagger().tag_conversation(conversation).iter().map(print).collect()
}

#[test]
fn the_heaviest_rule_gives_its_earliest_match() {
    let turns = [
        turn(0, AuthorRole::Customer, "late"),
        turn(2, AuthorRole::Customer, "so very late, very late"),
    ];
    assert_eq!(
        rows(&conversation("1", &turns)),
        [
            "stage/after_sales rule taxonomy 2 3..12",
            "shipping/delay rule delay-strong 2 3..12",
        ]
    );
}

#[test]
fn a_veto_takes_the_tag_from_its_message_alone() {
    let turns = [
        turn(0, AuthorRole::Customer, "late night snack"),
        turn(1, AuthorRole::Customer, "zu spät"),
    ];
    assert_eq!(rows(&conversation("1", &turns[..1])), Vec::<String>::new());
    assert_eq!(rows(&conversation("1", &turns))[1], "shipping/delay rule delay 1 0..7");
}

#[test]
fn single_choices_go_to_the_strongest_then_the_earliest() {
    let turns = [turn(0, AuthorRole::Customer, "bad? in stock before I buy, late")];
    assert_eq!(
        rows(&conversation("1", &turns)),
        [
            "act/complaint rule moan 0 0..3",
            "stage/pre_purchase rule before 0 14..26",
            "presales/stock_alert rule stock 0 5..13",
            "shipping/delay rule delay 0 28..32",
        ]
    );
}

#[test]
fn the_subject_line_and_the_source_count() {
    let turns = [
        turn(0, AuthorRole::Bot, "hi"),
        turn(1, AuthorRole::Customer, "see above"),
    ];
    let tags = ["Wismo".to_owned(), "vip".to_owned()];
    let conversation = ConversationText {
        subject: Some("LATE"),
        source_tags: &tags,
        ..conversation("1", &turns)
    };
    assert_eq!(
        rows(&conversation),
        [
            "stage/after_sales rule taxonomy - -..-",
            "shipping/delay rule delay 1 -..-",
            "shipping/delay source chat - -..-",
        ]
    );
}

#[test]
fn notes_agents_and_other_languages_are_not_read() {
    let note = Turn {
        visibility: Visibility::Internal,
        ..turn(0, AuthorRole::Customer, "late")
    };
    assert!(rows(&conversation("1", &[note])).is_empty());
    assert!(rows(&conversation("1", &[turn(0, AuthorRole::Agent, "late")])).is_empty());
}

#[test]
fn explanations_show_what_lost_and_why() {
    let turns = [
        turn(0, AuthorRole::Customer, "very late, bad?"),
        turn(1, AuthorRole::Customer, "late night"),
    ];
    let explained = tagger().explain(&conversation("1", &turns));
    let fates: Vec<_> = explained.iter().map(|e| (e.set_by.as_str(), e.verdict)).collect();
    assert_eq!(
        fates,
        [
            ("moan", Verdict::Set),
            ("ask", Verdict::OtherChoice),
            (SET_BY_TAXONOMY, Verdict::Set),
            ("delay-strong", Verdict::Set),
            ("delay", Verdict::Weaker),
        ]
    );
    assert!(explained.iter().all(|e| e.method == TagMethod::Rule));
}

#[test]
fn the_version_follows_rules_and_taxonomy() {
    let base = tagger().version();
    assert_eq!(base.len(), 12);
    assert_eq!(base, tagger().version());
    let mut other = tagger();
    other.taxonomy = Taxonomy::parse(&TAXONOMY.replace("\"1\"", "\"2\""), "t.toml").unwrap();
    assert_ne!(base, other.version());
}

proptest! {
    #[test]
    fn rows_hold_for_any_text(
        texts in prop::collection::vec("(late|very late|bad|\\?|zu spät|没到|in stock|[ \\n]|\\PC){0,12}", 0..4),
        subject in prop::option::of("(late|bad| ){0,3}"),
        language in prop::sample::select(vec![None, Some(Language::De), Some(Language::Zh)]),
    ) {
        let tagger = tagger();
        let turns: Vec<_> = texts.iter().enumerate().map(|(at, text)| turn(at as i64, AuthorRole::Customer, text)).collect();
        let first = ConversationText { subject: subject.as_deref(), language, ..conversation("p", &turns) };
        let rows = tagger.tag_conversation(&first);
        check_rows(&first, &rows);
        prop_assert_eq!(&rows, &tagger.tag_conversation(&first));
        let mut shuffled = turns.clone();
        shuffled.reverse();
        prop_assert_eq!(rows, tagger.tag_conversation(&ConversationText { turns: &shuffled, ..first }));
    }
}
