//! Distilling the tiny BERT of the transformer's tests.

use super::*;
use crate::fixture::check_message;
use crate::transformer::tests::folder;
use std::path::Path;

fn model() -> (tempfile::TempDir, TransformerModel) {
    let dir = folder(true);
    let model = TransformerModel::open(dir.path()).unwrap();
    (dir, model)
}

#[test]
fn a_distilled_model_survives_its_folder() {
    let (_dir, transformer) = model();
    let options = DistillOptions {
        dim: 6,
        ..DistillOptions::default()
    };
    let distilled = distill(&transformer, &options).unwrap();
    assert_eq!((distilled.dim(), distilled.precision()), (6, Precision::F16));
    assert_eq!(distilled.id(), distill(&transformer, &options).unwrap().id());
    let out = tempfile::tempdir().unwrap();
    distilled.save(out.path()).unwrap();
    let opened = StaticModel::open(out.path()).unwrap();
    assert_eq!(opened.id(), distilled.id());
    let texts = ["where is my parcel", "PARCEL my is where", "refund", "漢", "[unused0]"];
    let points = opened.embed(&texts).unwrap();
    assert_eq!(points, distilled.embed(&texts).unwrap());
    assert!(
        (points.row(0).dot(&points.row(1)) - 1.0).abs() < 1e-5,
        "order does not matter"
    );
    assert!(points.row(3).iter().all(|&v| v == 0.0), "unknown tokens are dropped");
}

#[test]
fn only_tokens_of_text_are_kept() {
    let (_dir, transformer) = model();
    let slim = slim_tokenizer(transformer.tokens()).unwrap();
    assert_eq!(slim.old_ids[..3], [0, 2, 6], "[PAD] and [UNK], then words");
    let json: Value = serde_json::from_slice(&slim.json).unwrap();
    assert_eq!(json["model"]["vocab"]["where"], 2);
    assert_eq!(json["added_tokens"][1]["id"], 1);
    assert_eq!(json["added_tokens"].as_array().unwrap().len(), 2);
    assert!(json["post_processor"].is_null() && json["padding"].is_null());
}

#[test]
fn unigram_vocabularies_are_lists() {
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null,
        "post_processor": null, "decoder": null,
        "added_tokens": [
            {"id": 0, "content": "<s>", "special": true, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false},
            {"id": 1, "content": "<unk>", "special": true, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false}],
        "model": {"type": "Unigram", "unk_id": 1, "byte_fallback": false,
            "vocab": [["<s>", 0.0], ["<unk>", 0.0], ["ab", -1.0], ["a", -2.0], ["b", -2.5]]},
    });
    let tokens = Tokens::parse(Path::new("tokenizer.json"), tokenizer.to_string().into_bytes()).unwrap();
    let slim = slim_tokenizer(&tokens).unwrap();
    assert_eq!(slim.old_ids, [1, 2, 3, 4]);
    let tokens = Tokens::parse(Path::new("tokenizer.json"), slim.json).unwrap();
    assert_eq!(
        tokens.known_ids("aab?", None).unwrap(),
        [2, 1],
        "`a`, `ab`, and `?` dropped"
    );

    let mut pairs = tokenizer;
    pairs["model"] = json!({"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []});
    pairs["added_tokens"] = json!([]);
    let tokens = Tokens::parse(Path::new("tokenizer.json"), pairs.to_string().into_bytes()).unwrap();
    check_message(&slim_tokenizer(&tokens).err().unwrap(), "tokenizer.json");
}

#[test]
fn frequent_tokens_weigh_less() {
    let mut points = Array2::ones((4, 2));
    weigh_by_rank(&mut points, 0.1);
    let total = 1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0 + 1.0 / 5.0;
    let expected = 0.1 / (0.1 + 0.5 / total);
    assert!((points[[0, 1]] - expected as f32).abs() < 1e-6);
    assert!(points.column(0).windows(2).into_iter().all(|w| w[0] < w[1]));
}

#[test]
fn options_outside_their_range_are_named() {
    let (_dir, transformer) = model();
    for options in [
        DistillOptions {
            dim: 0,
            ..DistillOptions::default()
        },
        DistillOptions {
            sif_coefficient: Some(f64::NAN),
            ..DistillOptions::default()
        },
        DistillOptions {
            sif_coefficient: Some(1.0),
            ..DistillOptions::default()
        },
    ] {
        check_message(&distill(&transformer, &options).err().unwrap(), "` is `");
    }
}

#[test]
fn no_more_numbers_than_the_transformer_has() {
    let (_dir, transformer) = model();
    let distilled = distill(&transformer, &DistillOptions::default()).unwrap();
    assert_eq!(distilled.dim(), transformer.dim());
}
