//! Folders made on the spot: known averages, round trips, and every kind of damage.

use super::*;
use crate::fixture::{check_damage, check_message, noise, tokenizer_json, vocabulary};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::fs;
use std::sync::Arc;

const DIM: usize = 5;

fn token(text: &str) -> usize {
    vocabulary().iter().position(|t| t == text).unwrap()
}

fn values() -> Vec<f32> {
    noise(1, vocabulary().len() * DIM)
}

/// A folder with a sound model.
fn folder(precision: Precision, config: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let vectors = Vectors::from_f32(&values(), DIM, precision).to_bytes().unwrap();
    fs::write(dir.path().join(VECTORS_FILE), vectors).unwrap();
    let tokenizer = tokenizer_json(&vocabulary(), &Value::Null);
    fs::write(dir.path().join(TOKENIZER_FILE), tokenizer).unwrap();
    fs::write(dir.path().join(CONFIG_FILE), config).unwrap();
    dir
}

fn mean(texts: &[&str]) -> Vec<f32> {
    let values = values();
    (0..DIM)
        .map(|d| texts.iter().map(|t| values[token(t) * DIM + d]).sum::<f32>() / texts.len() as f32)
        .collect()
}

fn check_close(found: &[f32], expected: &[f32], tolerance: f32) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance, "{found:?} {expected:?}");
    }
}

#[test]
fn a_text_is_the_mean_of_its_known_tokens() {
    let dir = folder(Precision::F32, r#"{"normalize": false}"#);
    let model = StaticModel::open(dir.path()).unwrap();
    let points = model
        .embed(&["my parcel", "My 漢 PARCEL", "", "漢 漢", "parcel"])
        .unwrap();
    let expected = mean(&["my", "parcel"]);
    check_close(points.row(0).as_slice().unwrap(), &expected, 1e-6);
    check_close(points.row(1).as_slice().unwrap(), &expected, 1e-6);
    assert!(points.row(2).iter().chain(points.row(3)).all(|&v| v == 0.0));
    check_close(points.row(4).as_slice().unwrap(), &mean(&["parcel"]), 0.0);
    assert_eq!(model.embed(&[]).unwrap().dim(), (0, DIM));
}

#[test]
fn precisions_agree_at_unit_length() {
    let texts = ["where is my parcel", "refund please", "xyz"];
    let exact = StaticModel::open(folder(Precision::F64, r#"{"normalize": true}"#).path()).unwrap();
    let exact = exact.embed(&texts).unwrap();
    for (precision, tolerance) in [(Precision::F32, 1e-6), (Precision::F16, 1e-3), (Precision::I8, 1e-2)] {
        let model = StaticModel::open(folder(precision, r#"{"normalize": true}"#).path()).unwrap();
        let points = model.embed(&texts).unwrap();
        assert_eq!(model.precision(), precision);
        check_close(points.as_slice().unwrap(), exact.as_slice().unwrap(), tolerance);
        for row in points.outer_iter() {
            assert!((row.dot(&row) - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn long_texts_are_cut_after_max_length_tokens() {
    let dir = folder(Precision::F32, r#"{"normalize": false, "max_length": 2}"#);
    let points = StaticModel::open(dir.path())
        .unwrap()
        .embed(&["a b c d", "a b", "漢 b"])
        .unwrap();
    assert_eq!(points.row(0), points.row(1));
    check_close(points.row(2).as_slice().unwrap(), &mean(&["b"]), 0.0);
    let dir = folder(Precision::F32, r#"{"max_length": null}"#);
    let long = "my ".repeat(600) + &"parcel ".repeat(600);
    let points = StaticModel::open(dir.path()).unwrap().embed(&[&long]).unwrap();
    check_close(points.row(0).as_slice().unwrap(), &mean(&["my", "parcel"]), 1e-4);
}

#[test]
fn a_saved_model_is_the_same_model() {
    for precision in [Precision::F64, Precision::F32, Precision::F16, Precision::I8] {
        let dir = folder(
            precision,
            r#"{"normalize": true, "max_length": 64, "language": ["de"]}"#,
        );
        let model = StaticModel::open(dir.path()).unwrap();
        let copy = tempfile::tempdir().unwrap();
        let out = copy.path().join("deeper/model");
        model.save(&out).unwrap();
        let again = StaticModel::open(&out).unwrap();
        assert_eq!(again.id(), model.id());
        let texts = ["where is my parcel", "refund"];
        assert_eq!(again.embed(&texts).unwrap(), model.embed(&texts).unwrap());
        let config: Value = serde_json::from_slice(&fs::read(out.join(CONFIG_FILE)).unwrap()).unwrap();
        assert_eq!(config["language"][0], "de");
        assert_eq!(config["embedding_dtype"], precision.numpy_name());
        assert_eq!(fs::read_dir(&out).unwrap().count(), 4, "no temporary files stay");
    }
}

#[test]
fn ids_tell_models_apart() {
    let open = |precision, config: &str| StaticModel::open(folder(precision, config).path()).unwrap();
    let ids = [
        open(Precision::F32, "{}"),
        open(Precision::F16, "{}"),
        open(Precision::F32, r#"{"normalize": true}"#),
        open(Precision::F32, r#"{"max_length": 9}"#),
    ]
    .map(|m| m.id);
    for (i, id) in ids.iter().enumerate() {
        assert!(!ids[..i].contains(id), "{ids:?}");
    }
    assert_eq!(open(Precision::F32, r#"{"language": "de"}"#).id, ids[0]);
}

#[test]
fn threads_and_company_change_nothing() {
    let dir = folder(Precision::F16, r#"{"normalize": true}"#);
    let model = Arc::new(StaticModel::open(dir.path()).unwrap());
    let texts: Vec<String> = (0..200)
        .map(|i| format!("where is parcel {i} {}", "my ".repeat(i % 7)))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| model.embed(&texts).unwrap())
    };
    let all = with(1);
    assert_eq!(all, with(4));
    for (row, text) in texts.iter().enumerate().step_by(17) {
        assert_eq!(model.embed(&[text]).unwrap().row(0), all.row(row));
    }
}

/// The three tensors of a model with a mapping, as vocabulary quantization writes it.
fn mapped(mapping: &[i64], weights: &[f64]) -> Vec<u8> {
    let rows: Vec<u8> = [1.0_f32, 0.0, 0.0, 2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let mapping_bytes: Vec<u8> = mapping.iter().flat_map(|v| v.to_le_bytes()).collect();
    let weight_bytes: Vec<u8> = weights.iter().flat_map(|v| v.to_le_bytes()).collect();
    let views = [
        ("embeddings", TensorView::new(Dtype::F32, vec![2, 2], &rows).unwrap()),
        (
            "mapping",
            TensorView::new(Dtype::I64, vec![mapping.len()], &mapping_bytes).unwrap(),
        ),
        (
            "weights",
            TensorView::new(Dtype::F64, vec![weights.len()], &weight_bytes).unwrap(),
        ),
    ];
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn a_mapping_shares_vectors_and_weights_tell_tokens_apart() {
    let dir = folder(Precision::F32, "{}");
    let tokens = vocabulary().len();
    let mut mapping = vec![0_i64; tokens];
    let mut weights = vec![1.0; tokens];
    (mapping[token("parcel")], weights[token("parcel")]) = (1, 0.5);
    weights[token("my")] = 4.0;
    let path = dir.path().join(VECTORS_FILE);
    fs::write(&path, mapped(&mapping, &weights)).unwrap();
    let model = StaticModel::open(dir.path()).unwrap();
    check_close(
        model.embed(&["my parcel"]).unwrap().as_slice().unwrap(),
        &[2.0, 0.5],
        0.0,
    );
    let copy = tempfile::tempdir().unwrap();
    model.save(copy.path()).unwrap();
    assert_eq!(StaticModel::open(copy.path()).unwrap().id(), model.id());

    let error = |mapping: &[i64], weights: &[f64]| {
        fs::write(&path, mapped(mapping, weights)).unwrap();
        StaticModel::open(dir.path()).err().expect("an error")
    };
    check_message(&error(&mapping[1..], &weights), TOKENIZER_FILE);
    check_message(&error(&mapping, &weights[1..]), TOKENIZER_FILE);
    for outside in [-1, 2, i64::MAX] {
        mapping[3] = outside;
        check_message(&error(&mapping, &weights), VECTORS_FILE);
    }
    mapping[3] = 0;
    weights[3] = f64::NAN;
    check_message(&error(&mapping, &weights), VECTORS_FILE);
}

#[test]
fn damaged_files_are_errors() {
    let dir = folder(Precision::F16, r#"{"normalize": true, "max_length": 64}"#);
    let id = StaticModel::open(dir.path()).unwrap().id;
    for file in [VECTORS_FILE, TOKENIZER_FILE, CONFIG_FILE] {
        check_damage(dir.path(), file, &id, |dir| {
            let model = StaticModel::open(dir)?;
            model.embed(&["where is my parcel ü 漢", ""])?;
            Ok(model.id)
        });
    }
}

#[test]
fn wrong_contents_name_the_file() {
    let check = |file: &str, bytes: &[u8]| {
        let dir = folder(Precision::F32, "{}");
        fs::write(dir.path().join(file), bytes).unwrap();
        let error = StaticModel::open(dir.path()).err().expect("an error");
        check_message(&error, file);
    };
    let vectors = |values: &[f32], dim| Vectors::from_f32(values, dim, Precision::F32).to_bytes().unwrap();
    let mut nan = values();
    nan[7] = f32::NAN;
    check(VECTORS_FILE, &vectors(&nan, DIM));
    check(VECTORS_FILE, &vectors(&[], DIM));
    let other = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
    check(
        VECTORS_FILE,
        &safetensors::serialize([("weight", &other)], None).unwrap(),
    );
    check(
        VECTORS_FILE,
        &safetensors::serialize([("embeddings", &other)], None).unwrap(),
    );
    let whole = TensorView::new(Dtype::I64, vec![1, 1], &[0; 8]).unwrap();
    check(
        VECTORS_FILE,
        &safetensors::serialize([("embeddings", &whole)], None).unwrap(),
    );
    check(
        TOKENIZER_FILE,
        tokenizer_json(&vocabulary()[..20], &Value::Null).as_bytes(),
    );
    let without_unknown: Vec<String> = vocabulary().iter().map(|t| t.replace("[UNK]", "[?]")).collect();
    check(
        TOKENIZER_FILE,
        tokenizer_json(&without_unknown, &Value::Null).as_bytes(),
    );
    check(TOKENIZER_FILE, b"{}");
    check(CONFIG_FILE, b"[]");
    check(CONFIG_FILE, br#"{"normalize": "yes"}"#);
    check(CONFIG_FILE, br#"{"max_length": 0}"#);
    check(CONFIG_FILE, br#"{"max_length": -4}"#);
}

#[test]
fn wrong_folders_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let open = |path: &Path| StaticModel::open(path).err().expect("an error");
    check_message(&open(&dir.path().join("absent")), "absent");
    check_message(&open(dir.path()), CONFIG_FILE);
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    check_message(&open(&file), "file");
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let dir = folder(Precision::F32, "{}");
    let model = StaticModel::open(dir.path()).unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(
        model.save(&file),
        Err(EmbedError::File { action: "write", .. })
    ));
}

#[test]
fn the_median_rounds_down() {
    assert_eq!(median(&[3]), 3);
    assert_eq!(median(&[1, 2, 9]), 2);
    assert_eq!(median(&[1, 2, 3, 9]), 2);
}
