//! Conformance of both kinds: odd input, order, seeds, threads, files, several tags.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use ndarray::{Array1, Array2};
use proptest::prelude::*;
use refrain_record::TagPath;

use super::*;

const KINDS: [ModelKind; 2] = [ModelKind::Linear, ModelKind::LsaLogistic];

const SHIPPING: [&str; 6] = [
    "where is my parcel",
    "my parcel has not arrived yet",
    "the courier never came with the parcel",
    "tracking says delivered but no parcel",
    "Paket ist immer noch nicht da, wo bleibt es?",
    "when will the delivery come",
];
const REFUND: [&str; 6] = [
    "i want my money back",
    "please refund me",
    "the refund is still missing on my card",
    "how long does a refund take",
    "Ich möchte mein Geld zurück",
    "give me back what i paid",
];
const NOTHING: [&str; 6] = [
    "hello",
    "thanks a lot",
    "nice weather today",
    "你好",
    "good morning to you",
    "have a nice weekend",
];

fn example(text: &str, tags: &[&str]) -> LabelledText {
    LabelledText {
        text: text.into(),
        tags: tags.iter().map(|&tag| TagPath::from(tag)).collect(),
        ..LabelledText::default()
    }
}

fn shop() -> Vec<LabelledText> {
    let shipping = SHIPPING.iter().map(|text| example(text, &["shipping/where"]));
    let refund = REFUND.iter().map(|text| example(text, &["refund/request"]));
    shipping
        .chain(refund)
        .chain(NOTHING.iter().map(|text| example(text, &[])))
        .collect()
}

fn config(kind: ModelKind) -> TrainConfig {
    TrainConfig {
        kind,
        lsa_rank: 16,
        folds: 3,
        ..TrainConfig::default()
    }
}

#[test]
fn tells_the_tags_of_new_texts() {
    for kind in KINDS {
        let model = train(&shop(), &config(kind)).unwrap();
        let best = |text: &str| model.decision(text).unwrap().tag;
        assert_eq!(best("has the parcel arrived"), "shipping/where".into(), "{kind:?}");
        assert_eq!(best("refund please, my money"), "refund/request".into(), "{kind:?}");
        let evaluation = evaluate(&model, &shop());
        assert!(evaluation.accuracy.unwrap() > 0.9, "{evaluation:?}");
        assert!(evaluation.out_of_scope_auroc.unwrap() > 0.9, "{evaluation:?}");
        let table = text_table(&evaluation);
        assert!(
            table.contains("shipping/where") && table.contains("accuracy"),
            "{table}"
        );
    }
}

#[test]
fn odd_examples_and_texts_never_panic() {
    let copy = example("same text", &["a"]);
    let sets: Vec<Vec<LabelledText>> = vec![
        vec![example("only one", &["a"])],
        vec![example("one", &["a"]), example("two", &["b"])],
        vec![copy.clone(), copy.clone(), copy, example("same text", &["b"])],
        vec![example("", &["a"]), example(" \n", &["b"]), example("x", &["c", "c"])],
        vec![example("?!", &["a"]), example("\u{200b}\u{301}", &["b"])],
        vec![example("a text", &[]), example("b text", &["b"])],
        vec![example("both", &["a", "b"]), example("both again", &["a", "b"])],
        vec![example(&"long ".repeat(20_000), &["a"]), example("订单 在哪里", &["b"])],
    ];
    for kind in KINDS {
        for set in &sets {
            let model = train(set, &config(kind)).unwrap();
            for text in [
                "",
                "?!",
                "x",
                "same text",
                "订单",
                "\u{0}\u{10ffff}",
                &"z".repeat(99_999),
            ] {
                let decision = model.decision(text).unwrap();
                assert!((0.0..=1.0).contains(&decision.score), "{decision:?}");
                for prediction in model.predict(text) {
                    assert!((0.0..=1.0).contains(&prediction.score));
                    assert!(model.top_features(text, &prediction.tag, 3).len() <= 3);
                }
            }
            assert!(model.predict("").is_empty());
            assert_eq!(evaluate(&model, set).n, set.len());
            assert_eq!(evaluate(&model, &[]).accuracy, None);
        }
    }
}

#[test]
fn nothing_to_learn_is_an_error_with_a_hint() {
    for set in [vec![], vec![example("text", &[])], vec![example(" ", &["a"])]] {
        let error = train(&set, &TrainConfig::default()).unwrap_err().to_string();
        assert!(error.contains("\nhint: "), "{error}");
    }
    for bad in [f32::NAN, 0.0, -1.0, f32::INFINITY] {
        let error = train(
            &shop(),
            &TrainConfig {
                c: bad,
                ..TrainConfig::default()
            },
        )
        .unwrap_err();
        assert!(error.to_string().starts_with("`c` is "), "{error}");
    }
}

#[test]
fn the_same_bytes_on_any_thread_count_and_another_id_for_another_seed_or_text() {
    let bytes_with = |threads: usize, config: &TrainConfig| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train(&shop(), config).unwrap().to_bytes().unwrap())
    };
    for kind in KINDS {
        assert!(bytes_with(1, &config(kind)) == bytes_with(4, &config(kind)), "{kind:?}");
    }
    let first = train(&shop(), &TrainConfig::default()).unwrap();
    let other = train(&shop()[1..], &TrainConfig::default()).unwrap();
    assert_ne!(first.id(), other.id());
}

#[test]
fn a_saved_model_is_the_same_model() {
    let dir = std::env::temp_dir().join(format!("refrain-tag-model-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for kind in KINDS {
        let path = dir.join(format!("{}.refrain", kind.as_str()));
        let model = train(&shop(), &config(kind)).unwrap();
        model.save(&path).unwrap();
        let loaded = TagModel::load(&path).unwrap();
        assert_eq!(loaded, model);
        assert_eq!(loaded.id(), model.id());
        assert_eq!(loaded.predict("where is it"), model.predict("where is it"));
    }
    assert_eq!(
        std::fs::read_dir(&dir).unwrap().count(),
        2,
        "no temporary file may stay"
    );
    let missing = TagModel::load(dir.join("missing")).unwrap_err();
    assert!(matches!(missing, ModelError::File { action: "read", .. }), "{missing}");
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn other_files_are_refused_with_what_to_do() {
    let bytes = train(&shop(), &TrainConfig::default()).unwrap().to_bytes().unwrap();
    let refusal = |bytes: &[u8]| TagModel::from_bytes(bytes).unwrap_err().to_string();
    assert!(refusal(b"PAR1 something else").contains("not a refrain tag model"));
    let mut newer = bytes.clone();
    newer[8] = 200;
    assert!(refusal(&newer).contains("upgrade refrain"), "{}", refusal(&newer));
    assert!(refusal(&bytes[..bytes.len() - 1]).contains("damaged"));
    assert!(refusal(&bytes[..9]).contains("too early"));
    assert!(refusal(&[]).contains("\nhint: "));
}

#[test]
fn several_tags_where_several_apply() {
    let mut examples = shop();
    for (shipping, refund) in SHIPPING.iter().zip(REFUND) {
        let both = format!("{shipping} and {refund}");
        examples.push(example(&both, &["shipping/where", "refund/request"]));
    }
    for kind in KINDS {
        let model = train(&examples, &config(kind)).unwrap();
        assert!(model.is_multi_label());
        let mut tags: Vec<TagPath> = model
            .predict("where is my parcel, please refund my money")
            .into_iter()
            .map(|prediction| prediction.tag)
            .collect();
        tags.sort();
        assert_eq!(tags, ["refund/request".into(), "shipping/where".into()], "{kind:?}");
        let single = TrainConfig {
            multi_label: MultiLabel::No,
            ..config(kind)
        };
        let single = train(&examples, &single).unwrap();
        assert!(single.predict("where is my parcel, please refund my money").len() <= 1);
    }
}

#[test]
fn predictions_come_best_first_and_alike_from_all_ways() {
    let config = TrainConfig {
        multi_label: MultiLabel::Yes,
        min_score: 0.0,
        ..TrainConfig::default()
    };
    let model = train(&shop(), &config).unwrap();
    let texts: Vec<&str> = SHIPPING.iter().chain(&REFUND).chain(&NOTHING).copied().collect();
    for (text, predictions) in texts.iter().zip(model.predict_all(&texts)) {
        assert_eq!(model.predict(text), predictions);
        assert!(predictions.is_sorted_by(|a, b| a.score >= b.score));
        if let Some(first) = predictions.first() {
            assert_eq!(Some(&first.tag), model.decision(text).map(|d| d.tag).as_ref());
        }
    }
}

#[test]
fn explanations_name_the_words_that_count() {
    let model = train(&shop(), &TrainConfig::default()).unwrap();
    let top = model.top_features("Hello, where is my PARCEL?", &"shipping/where".into(), 3);
    assert!(top.iter().any(|(word, _)| word == "parcel"), "{top:?}");
    assert!(top.len() <= 3 && top.is_sorted_by(|a, b| a.1 >= b.1), "{top:?}");
    assert!(model.top_features("parcel", &"unknown".into(), 3).is_empty());
}

#[test]
fn the_learner_composes_with_linfa() {
    let mut rows = SparseRows::new(3);
    rows.push([(0, 1.0)]);
    rows.push([(1, 1.0)]);
    rows.push([(2, 1.0)]);
    let targets = Array2::from_shape_fn((3, 3), |(row, class)| row == class);
    let data = DatasetBase::new(rows.clone(), targets);
    let model = LinearSvm::default().fit(&data).unwrap();
    let best: Array1<usize> = model.predict(&data);
    assert_eq!(best.to_vec(), [0, 1, 2]);
    let margins: Array2<f32> = model.predict(&data);
    assert!(margins[(1, 1)] > margins[(1, 0)]);
    let short = DatasetBase::new(rows, Array2::from_elem((2, 3), true));
    assert!(matches!(LinearSvm::default().fit(&short), Err(ModelError::Linfa(_))));
}

#[test]
fn unknown_config_keys_are_refused() {
    assert!(toml::from_str::<TrainConfig>("c = 2.0\nkind = \"lsa_logistic\"").is_ok());
    assert!(toml::from_str::<TrainConfig>("cc = 2.0").is_err());
    let text = toml::to_string(&TrainConfig::default()).unwrap();
    assert_eq!(toml::from_str::<TrainConfig>(&text).unwrap(), TrainConfig::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_are_refused_and_never_panic(
        place in any::<prop::sample::Index>(),
        flip in 1u8..=255,
        keep in any::<prop::sample::Index>(),
    ) {
        static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            train(&shop(), &TrainConfig::default()).unwrap().to_bytes().unwrap()
        });
        let mut bytes = BYTES.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        prop_assert!(TagModel::from_bytes(&bytes).is_err());
        prop_assert!(TagModel::from_bytes(&BYTES[..keep.index(BYTES.len())]).is_err());
        // With a checksum that matches, what is inside must still not bring the reader down.
        let head = 8 + 2 + 32;
        if place >= head {
            let checksum = blake3::hash(&bytes[head..]);
            bytes[10..head].copy_from_slice(checksum.as_bytes());
            if let Ok(model) = TagModel::from_bytes(&bytes) {
                for text in ["where is my parcel", ""] {
                    let _ = model.judge(text);
                    let _ = model.top_features(text, &"shipping/where".into(), 3);
                }
            }
        }
    }

    #[test]
    fn hostile_label_lines_never_panic(line in any::<Vec<u8>>(), text in any::<String>()) {
        let _ = read_labels(line.as_slice(), "labels");
        let json = format!("{{\"text\":{},\"tag\":\"a\"}}", serde_json::to_string(&text).unwrap());
        let read = read_labels(json.as_bytes(), "labels").unwrap();
        prop_assert_eq!(&read[0].text, &text);
    }
}

#[test]
fn a_wrong_label_comes_first_among_the_doubts() {
    let mut examples = Vec::new();
    for i in 0..40 {
        examples.push(example(&format!("where is my parcel number {i}"), &["shipping/status"]));
        examples.push(example(
            &format!("please refund the money of case {i}"),
            &["refund/request"],
        ));
    }
    examples.push(example("where is my parcel number 77", &["refund/request"]));
    let (model, doubts) = train_doubting(&examples, &TrainConfig::default(), None).unwrap();
    assert_eq!(model.id(), train(&examples, &TrainConfig::default()).unwrap().id());
    assert_eq!(doubts[0].text, "where is my parcel number 77");
    assert_eq!(doubts[0].suggested, "shipping/status");
    assert!(doubts[0].suggested_score > doubts[0].given_score);
}
