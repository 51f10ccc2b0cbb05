//! Trains on one label file, judges on another, and prints quality, CPU seconds and model size.
//!
//! `cargo run --release -p refrain-tag --example bench_labels -- TRAIN.jsonl TEST.jsonl [CONFIG.toml]`
#![allow(clippy::print_stdout, reason = "a program whose output is its point")]

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::BufReader;

use refrain_tag::model::{TagModel, TrainConfig, evaluate, read_labels, text_table, train};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [train_file, test_file, rest @ ..] = args.as_slice() else {
        return Err("usage: bench_labels TRAIN.jsonl TEST.jsonl [CONFIG.toml]".into());
    };
    let config: TrainConfig = match rest.first() {
        Some(file) => toml::from_str(&fs::read_to_string(file)?)?,
        None => TrainConfig::default(),
    };
    let examples = read_labels(BufReader::new(File::open(train_file)?), train_file)?;
    let held_out = read_labels(BufReader::new(File::open(test_file)?), test_file)?;

    let before = cpu_seconds();
    let model = train(&examples, &config)?;
    let fit_s = cpu_seconds() - before;

    let texts: Vec<&str> = held_out.iter().map(|example| example.text.as_str()).collect();
    let before = cpu_seconds();
    let mut num_predicted = 0usize;
    while cpu_seconds() - before < 1.0 {
        for text in &texts {
            black_box(model.predict(text));
        }
        num_predicted += texts.len();
    }
    let predict_s = cpu_seconds() - before;

    let bytes = model.to_bytes()?;
    let before = cpu_seconds();
    for _ in 0..20 {
        black_box(TagModel::from_bytes(&bytes)?);
    }
    let load_ms = (cpu_seconds() - before) / 20.0 * 1e3;
    let evaluation = evaluate(&model, &held_out);
    if std::env::var_os("FULL").is_some() {
        println!("{}", text_table(&evaluation));
    } else {
        println!("{}", text_table(&evaluation).split("\n\n").next().unwrap_or_default());
    }
    println!("fit {fit_s:.2} CPU-s, {} tags", model.labels().len());
    println!("predict {:.0} texts per CPU-s", num_predicted as f64 / predict_s);
    println!("model {:.2} MB, loads in {load_ms:.1} ms", bytes.len() as f64 / 1e6);
    Ok(())
}

/// User and system time of this process; 0 where the kernel does not tell.
fn cpu_seconds() -> f64 {
    // Clock ticks are 1/100 s on every Linux that Rust runs on.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|t| t.parse().ok())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}
