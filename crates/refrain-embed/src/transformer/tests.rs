//! A tiny random BERT written by the test: agreement with plain loops, company, and damage.

use super::*;
use crate::fixture::{check_damage, check_message, noise, tokenizer_json, vocabulary};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

const HIDDEN: usize = 8;
const HEADS: usize = 2;
const INNER: usize = 12;
const LAYERS: usize = 2;
const POSITIONS: usize = 16;
const EPS: f64 = 1e-12;
const POOLING_FILE: &str = "1_Pooling/config.json";

type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Names and shapes of the tensors of a BERT model.
fn shapes() -> Vec<(String, Vec<usize>)> {
    let mut shapes = Vec::new();
    let linear = |name: String, from, to| {
        [
            (format!("{name}.weight"), vec![to, from]),
            (format!("{name}.bias"), vec![to]),
        ]
    };
    let norm = |name: String| ["weight", "bias"].map(|part| (format!("{name}.LayerNorm.{part}"), vec![HIDDEN]));
    for layer in 0..LAYERS {
        let at = format!("encoder.layer.{layer}");
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            shapes.extend(linear(format!("{at}.attention.{part}"), HIDDEN, HIDDEN));
        }
        shapes.extend(linear(format!("{at}.intermediate.dense"), HIDDEN, INNER));
        shapes.extend(linear(format!("{at}.output.dense"), INNER, HIDDEN));
        shapes.extend(norm(format!("{at}.attention.output")));
        shapes.extend(norm(format!("{at}.output")));
    }
    for (table, rows) in [("word", vocabulary().len()), ("position", POSITIONS), ("token_type", 2)] {
        shapes.push((format!("embeddings.{table}_embeddings.weight"), vec![rows, HIDDEN]));
    }
    shapes.extend(norm("embeddings".to_owned()));
    shapes
}

fn weights() -> Weights {
    (1..)
        .zip(shapes())
        .map(|(seed, (name, shape))| {
            let mut values = noise(seed, shape.iter().product());
            if name.ends_with("LayerNorm.weight") {
                values.iter_mut().for_each(|v| *v = 1.0 + 0.1 * *v);
            }
            (name, (shape, values))
        })
        .collect()
}

fn config() -> Value {
    json!({"model_type": "bert", "architectures": ["BertModel"], "vocab_size": vocabulary().len(),
        "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "intermediate_size": INNER, "hidden_act": "gelu", "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2, "layer_norm_eps": EPS})
}

fn modules(normalize: bool) -> Value {
    let module = |kind: &str, path: &str| json!({"type": format!("sentence_transformers.models.{kind}"), "path": path});
    let mut modules = vec![module("Transformer", ""), module("Pooling", "1_Pooling")];
    if normalize {
        modules.push(module("Normalize", "2_Normalize"));
    }
    Value::Array(modules)
}

/// A folder with a sound model of mean pooling.
pub(crate) fn folder(normalize: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
    fs::create_dir(dir.path().join("1_Pooling")).unwrap();
    write("config.json", config().to_string());
    write("modules.json", modules(normalize).to_string());
    write(
        POOLING_FILE,
        json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}).to_string(),
    );
    write("sentence_bert_config.json", json!({"max_seq_length": 12}).to_string());
    let id = |token: &str| vocabulary().iter().position(|t| t == token);
    let around = json!({"type": "BertProcessing", "sep": ["[SEP]", id("[SEP]")], "cls": ["[CLS]", id("[CLS]")]});
    write(TOKENIZER_FILE, tokenizer_json(&vocabulary(), &around));
    let weights = weights();
    let bytes: BTreeMap<&String, Vec<u8>> = weights
        .iter()
        .map(|(name, (_, values))| (name, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = weights
        .iter()
        .map(|(name, (shape, _))| (name, TensorView::new(Dtype::F32, shape.clone(), &bytes[name]).unwrap()));
    fs::write(
        dir.path().join(WEIGHTS_FILE),
        safetensors::serialize(views, None).unwrap(),
    )
    .unwrap();
    dir
}

fn open(dir: &tempfile::TempDir) -> TransformerModel {
    TransformerModel::open(dir.path()).unwrap()
}

/// BERT in plain loops over one text: the vectors of its tokens.
fn plain_bert(ids: &[u32]) -> Vec<Vec<f64>> {
    let weights = weights();
    let get = |name: &str| weights[name].1.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
    let linear = |name: &str, x: &[f64]| -> Vec<f64> {
        let (w, b) = (get(&format!("{name}.weight")), get(&format!("{name}.bias")));
        let sum = |(row, bias): (&[f64], &f64)| bias + row.iter().zip(x).map(|(a, b)| a * b).sum::<f64>();
        w.chunks(x.len()).zip(&b).map(sum).collect()
    };
    let layer_norm = |name: &str, x: &[f64]| -> Vec<f64> {
        let (w, b) = (get(&format!("{name}.weight")), get(&format!("{name}.bias")));
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
        (0..x.len())
            .map(|i| (x[i] - mean) / (variance + EPS).sqrt() * w[i] + b[i])
            .collect()
    };
    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
    let row = |table: &str, i: usize| {
        get(&format!("embeddings.{table}_embeddings.weight"))[i * HIDDEN..(i + 1) * HIDDEN].to_vec()
    };
    let mut x: Vec<Vec<f64>> = (0..ids.len())
        .map(|i| {
            let sum = add(
                &add(&row("word", ids[i] as usize), &row("position", i)),
                &row("token_type", 0),
            );
            layer_norm("embeddings.LayerNorm", &sum)
        })
        .collect();
    let size = HIDDEN / HEADS;
    for layer in 0..LAYERS {
        let at = format!("encoder.layer.{layer}");
        let part = |name: &str| -> Vec<Vec<f64>> {
            x.iter()
                .map(|v| linear(&format!("{at}.attention.self.{name}"), v))
                .collect()
        };
        let (query, key, value) = (part("query"), part("key"), part("value"));
        let mut attended = vec![vec![0.0; HIDDEN]; x.len()];
        for (i, head) in (0..x.len()).flat_map(|i| (0..HEADS).map(move |h| (i, h))) {
            let span = head * size..(head + 1) * size;
            let scores: Vec<f64> = key
                .iter()
                .map(|k| {
                    query[i][span.clone()]
                        .iter()
                        .zip(&k[span.clone()])
                        .map(|(a, b)| a * b)
                        .sum::<f64>()
                })
                .map(|dot| (dot / (size as f64).sqrt()).exp())
                .collect();
            let total: f64 = scores.iter().sum();
            for d in span {
                attended[i][d] = scores.iter().zip(&value).map(|(s, v)| s / total * v[d]).sum();
            }
        }
        x = (0..x.len())
            .map(|i| {
                let out = linear(&format!("{at}.attention.output.dense"), &attended[i]);
                let middle = layer_norm(&format!("{at}.attention.output.LayerNorm"), &add(&out, &x[i]));
                let inner = linear(&format!("{at}.intermediate.dense"), &middle);
                let inner: Vec<f64> = inner
                    .iter()
                    .map(|&v| v * 0.5 * (1.0 + erf(v / 2.0_f64.sqrt())))
                    .collect();
                let out = linear(&format!("{at}.output.dense"), &inner);
                layer_norm(&format!("{at}.output.LayerNorm"), &add(&out, &middle))
            })
            .collect();
    }
    x
}

/// The error function by its series, for small numbers, and 1 beyond.
pub(crate) fn erf(x: f64) -> f64 {
    if x.abs() > 4.5 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn ids_of(words: &[&str]) -> Vec<u32> {
    let id = |word: &&str| u32::try_from(vocabulary().iter().position(|t| t == word).unwrap()).unwrap();
    words.iter().map(id).collect()
}

fn check_close(found: &[f32], expected: &[f64]) {
    for (a, b) in found.iter().zip(expected) {
        assert!((f64::from(*a) - b).abs() < 1e-5, "{found:?} {expected:?}");
    }
}

#[test]
fn plain_loops_give_the_same_vectors() {
    let tokens = plain_bert(&ids_of(&["[CLS]", "where", "is", "my", "parcel", "[SEP]"]));
    let mean: Vec<f64> = (0..HIDDEN)
        .map(|d| tokens.iter().map(|t| t[d]).sum::<f64>() / tokens.len() as f64)
        .collect();
    let dir = folder(false);
    let points = open(&dir).embed(&["refund", " Where is MY parcel ", ""]).unwrap();
    check_close(points.row(1).as_slice().unwrap(), &mean);

    let length = mean.iter().map(|v| v * v).sum::<f64>().sqrt();
    let unit: Vec<f64> = mean.iter().map(|v| v / length).collect();
    let points = open(&folder(true)).embed(&["where is my parcel"]).unwrap();
    check_close(points.row(0).as_slice().unwrap(), &unit);

    fs::write(dir.path().join(POOLING_FILE), r#"{"pooling_mode": "cls"}"#).unwrap();
    let points = open(&dir).embed(&["where is my parcel"]).unwrap();
    check_close(points.row(0).as_slice().unwrap(), &tokens[0]);
}

#[test]
fn long_texts_are_cut_before_the_closing_token() {
    let model = open(&folder(false));
    assert_eq!(model.ids(&"my ".repeat(50)).unwrap().len(), 12);
    assert_eq!(model.ids(&"my ".repeat(50)).unwrap()[10..], ids_of(&["my", "[SEP]"]));
    let ten = "my ".repeat(10);
    assert_eq!(
        model.embed(&[&ten]).unwrap(),
        model.embed(&[&(ten.clone() + "parcel")]).unwrap()
    );
}

#[test]
fn a_row_depends_on_its_text_alone() {
    let model = open(&folder(true));
    let texts: Vec<String> = (0..150)
        .map(|i| ["where ", "is ", "my ", "parcel ", "refund "][i % 5].repeat(i % 13) + &"xyz"[..i % 4])
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let with = |threads, texts: &[&str]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| model.embed(texts).unwrap())
    };
    let all = with(1, &texts);
    assert_eq!(all, with(5, &texts));
    let reversed: Vec<&str> = texts.iter().rev().copied().collect();
    let reversed = with(2, &reversed);
    for (row, text) in texts.iter().enumerate() {
        assert_eq!(all.row(row), reversed.row(texts.len() - 1 - row));
        assert_eq!(all.row(row), model.embed(&[text]).unwrap().row(0), "{text}");
    }
    assert_eq!(model.embed(&[]).unwrap().dim(), (0, HIDDEN));
}

#[test]
fn a_vocabulary_file_serves_as_tokenizer() {
    let dir = folder(true);
    let texts = ["where is my parcel", "Refund, please! ü 漢"];
    let with_json = open(&dir);
    fs::remove_file(dir.path().join(TOKENIZER_FILE)).unwrap();
    fs::write(dir.path().join(VOCABULARY_FILE), vocabulary().join("\n") + "\n").unwrap();
    fs::write(dir.path().join("tokenizer_config.json"), r#"{"strip_accents": false}"#).unwrap();
    assert_eq!(open(&dir).embed(&texts).unwrap(), with_json.embed(&texts).unwrap());
    let without = vocabulary().join("\n").replace("[SEP]", "[?]");
    fs::write(dir.path().join(VOCABULARY_FILE), without).unwrap();
    check_message(&TransformerModel::open(dir.path()).err().unwrap(), VOCABULARY_FILE);
}

#[test]
fn damaged_files_are_errors() {
    let dir = folder(true);
    let id = open(&dir).id;
    for file in [
        "config.json",
        "modules.json",
        POOLING_FILE,
        TOKENIZER_FILE,
        WEIGHTS_FILE,
    ] {
        check_damage(dir.path(), file, &id, |dir| {
            let model = TransformerModel::open(dir)?;
            model.embed(&["where is my parcel ü 漢", ""])?;
            Ok(model.id)
        });
    }
}

#[test]
fn other_kinds_of_model_are_refused_by_name() {
    let check = |file: &str, key: &str, value: Value, named: &str| {
        let dir = folder(true);
        let path = dir.path().join(file);
        let mut content: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        content[key] = value;
        fs::write(&path, content.to_string()).unwrap();
        let error = TransformerModel::open(dir.path()).err().expect("an error");
        check_message(&error, file);
        assert!(error.to_string().contains(named), "{error}");
    };
    check(
        "config.json",
        "model_type",
        json!("roberta"),
        "`\"roberta\"`, expected `bert`",
    );
    check("config.json", "model_type", json!("model2vec"), "as a static model");
    check("config.json", "hidden_act", json!("silu"), "`silu`");
    check(
        "config.json",
        "position_embedding_type",
        json!("relative_key"),
        "`relative_key`",
    );
    check("config.json", "num_attention_heads", json!(0), "sizes");
    check("config.json", "num_attention_heads", json!(3), "sizes");
    check("config.json", "hidden_size", json!(-8), "config.json");
    check(POOLING_FILE, "pooling_mode_max_tokens", json!(true), "max_tokens");
    check(
        "sentence_bert_config.json",
        "max_seq_length",
        json!("long"),
        "sentence_bert_config.json",
    );

    let dir = folder(true);
    let mut with_dense = modules(true);
    with_dense[2]["type"] = json!("sentence_transformers.models.Dense");
    fs::write(dir.path().join("modules.json"), with_dense.to_string()).unwrap();
    let error = TransformerModel::open(dir.path()).err().expect("an error");
    check_message(&error, "modules.json");
    assert!(matches!(error, EmbedError::Unsupported { .. }));
}

#[test]
fn a_transformer_is_no_static_model() {
    let error = crate::StaticModel::open(folder(true).path()).err().expect("an error");
    check_message(&error, WEIGHTS_FILE);
    assert!(
        error.to_string().contains("hint: the folder of a transformer"),
        "{error}"
    );
}

#[test]
fn sizes_that_disagree_are_errors() {
    let check = |key: &str, value: usize, file: &str| {
        let dir = folder(true);
        let mut content = config();
        content[key] = json!(value);
        fs::write(dir.path().join("config.json"), content.to_string()).unwrap();
        check_message(&TransformerModel::open(dir.path()).err().expect("an error"), file);
    };
    check("vocab_size", 20, TOKENIZER_FILE);
    check("vocab_size", 2000, WEIGHTS_FILE);
    check("hidden_size", 16, WEIGHTS_FILE);
    check("num_hidden_layers", 3, WEIGHTS_FILE);
    check("max_position_embeddings", 99, WEIGHTS_FILE);
    let absent = Path::new("absent-folder");
    check_message(
        &TransformerModel::open(absent).err().expect("an error"),
        "absent-folder",
    );
}
