//! Models that read vectors: what they add, and that none is read without its embedder.

use std::sync::Arc;

use proptest::prelude::*;
use refrain_record::TagPath;

use super::*;

/// Points texts about money one way and all others another way.
#[derive(Debug)]
struct Meaning(&'static str);

impl TextVectors for Meaning {
    fn id(&self) -> &str {
        self.0
    }

    fn vector(&self, text: &str) -> Option<Vec<f32>> {
        let is_money = ["refund", "money", "Geld", "reimburse"]
            .iter()
            .any(|word| text.contains(word));
        let side = if is_money { 1.0 } else { -1.0 };
        let length = text.len() as f32 / 100.0;
        (!text.contains("unreadable")).then(|| vec![side, 0.1 * length, 0.2])
    }
}

fn embedder(id: &'static str) -> Arc<dyn TextVectors> {
    Arc::new(Meaning(id))
}

fn shop() -> Vec<LabelledText> {
    let example = |text: String, tag: &str| LabelledText {
        text,
        tags: vec![TagPath::from(tag)],
        ..LabelledText::default()
    };
    let parcel = |n: u32| example(format!("where is parcel {n}"), "shipping/where");
    let money = |n: u32| example(format!("refund of case {n}, my money"), "refund/request");
    (0..12).flat_map(|n| [parcel(n), money(n)]).collect()
}

fn fitted(num_waves: u32) -> TagModel {
    let config = TrainConfig {
        vector_waves: num_waves,
        ..TrainConfig::default()
    };
    train_with(&shop(), &config, Some(&embedder("meaning-1"))).unwrap()
}

#[test]
fn a_word_that_only_the_embedder_knows_tells_the_tag() {
    let text = "will someone reimburse";
    for num_waves in [0, 64] {
        let best = fitted(num_waves).decision(text).unwrap();
        assert_eq!(best.tag, "refund/request".into());
        let blind = train(&shop(), &TrainConfig::default()).unwrap().decision(text).unwrap();
        assert!(best.gap > blind.gap || best.tag != blind.tag);
    }
}

#[test]
fn files_come_back_with_their_embedder_and_not_without() {
    for num_waves in [0, 64] {
        let model = fitted(num_waves);
        let bytes = model.to_bytes().unwrap();
        let again = TagModel::from_bytes_with(&bytes, Some(embedder("meaning-1"))).unwrap();
        assert_eq!(again, model);
        assert_eq!(again.embedder(), Some("meaning-1"));
        for example in shop() {
            assert_eq!(again.judge(&example.text), model.judge(&example.text));
        }
        for given in [None, Some(embedder("meaning-2"))] {
            let refusal = TagModel::from_bytes_with(&bytes, given).unwrap_err();
            assert!(matches!(refusal, ModelError::Vectors { .. }));
            let text = refusal.to_string();
            assert!(text.contains("`meaning-1`") && text.contains("\nhint: "), "{text}");
        }
    }
    let plain = train(&shop(), &TrainConfig::default()).unwrap();
    assert_eq!(plain.embedder(), None);
    let refusal = TagModel::from_bytes_with(&plain.to_bytes().unwrap(), Some(embedder("meaning-1"))).unwrap_err();
    assert!(refusal.to_string().contains("reads no vectors"), "{refusal}");
}

#[test]
fn a_distilled_model_needs_no_embedder() {
    let config = TrainConfig {
        distil: true,
        vector_waves: 64,
        ..TrainConfig::default()
    };
    let model = train_with(&shop(), &config, Some(&embedder("meaning-1"))).unwrap();
    assert_eq!((model.embedder(), model.teacher()), (None, Some("meaning-1")));
    let bytes = model.to_bytes().unwrap();
    let again = TagModel::from_bytes(&bytes).unwrap();
    assert_eq!(again, model);
    assert_eq!(
        again.decision("where is my parcel").unwrap().tag,
        "shipping/where".into()
    );
    assert_eq!(again.judge("refund please"), model.judge("refund please"));
    assert!(TagModel::from_bytes_with(&bytes, Some(embedder("meaning-1"))).is_err());
}

#[test]
fn the_same_bytes_on_any_thread_count() {
    let bytes_with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fitted(64).to_bytes().unwrap())
    };
    assert!(bytes_with(1) == bytes_with(4));
}

#[test]
fn a_text_without_a_vector_is_an_error_in_training_and_no_tag_afterwards() {
    let model = fitted(64);
    assert_eq!(model.judge("unreadable refund of my money"), (None, Vec::new()));
    let mut examples = shop();
    examples[0].text = "unreadable".into();
    let error = train_with(&examples, &TrainConfig::default(), Some(&embedder("meaning-1"))).unwrap_err();
    assert!(matches!(error, ModelError::Vectors { .. }), "{error}");
    let logistic = TrainConfig {
        kind: ModelKind::LsaLogistic,
        ..TrainConfig::default()
    };
    let error = train_with(&shop(), &logistic, Some(&embedder("meaning-1"))).unwrap_err();
    assert!(error.to_string().contains("lsa_logistic"), "{error}");
}

proptest! {
    #[test]
    fn damage_inside_never_brings_the_reader_down(place in any::<prop::sample::Index>(), flip in 1u8..=255) {
        static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            let config = TrainConfig { distil: true, vector_waves: 8, ..TrainConfig::default() };
            train_with(&shop(), &config, Some(&embedder("meaning-1"))).unwrap().to_bytes().unwrap()
        });
        let mut bytes = BYTES.clone();
        let head = 8 + 2 + 32;
        let place = head + place.index(bytes.len() - head);
        bytes[place] ^= flip;
        let checksum = blake3::hash(&bytes[head..]);
        bytes[10..head].copy_from_slice(checksum.as_bytes());
        if let Ok(model) = TagModel::from_bytes(&bytes) {
            let _ = model.judge("where is my parcel");
            let _ = model.judge("");
        }
    }
}
