//! Clusters groups of labelled sets with one setting and prints one line a set and one mean a group.
//!
//! `grid [--set option=value]... [--noise TAG] [--means] [--digest] [--vectors] GROUP...`, where a group is JSONL
//! files with `text` and `tag`, joined by commas. Texts of the tag `oos` (or TAG) belong nowhere.
//! `--vectors` clusters the vectors in `x.f32` beside `x.jsonl` (`refrain-embed`'s example makes them).
//! `--digest` adds one of labels and similarities, to compare runs on different numbers of threads.
//! `s` are seconds and `cpu` CPU-seconds of the clustering alone; `mb` is the most memory that the process held so far,
//! where the system tells.

#![allow(clippy::print_stdout, reason = "an example talks on stdout")]

use refrain_issues::{IssuesConfig, cluster_texts, evaluate, evaluate_with_noise};
use refrain_record::Language;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

const NAMES: [&str; 13] = [
    "acc",
    "nmi",
    "ari",
    "noise-acc",
    "noise-nmi",
    "b3",
    "k",
    "alone",
    "noise-p",
    "noise-r",
    "s",
    "cpu",
    "mb",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = serde_json::Map::new();
    let (mut noise, mut means_only, mut digest, mut with_vectors) = ("oos".to_owned(), false, false, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--noise" => noise = args.next().unwrap_or_default(),
            "--digest" => digest = true,
            "--means" => means_only = true,
            "--vectors" => with_vectors = true,
            "--set" => {
                let setting = args.next().unwrap_or_default();
                let (name, value) = setting.split_once('=').ok_or("expected option=value")?;
                options.insert(name.to_owned(), serde_json::from_str(value)?);
            }
            group => {
                let mut cfg: IssuesConfig = serde_json::from_value(options.clone().into())?;
                cfg.vectors_of = with_vectors.then(|| "the files beside".to_owned());
                let mut rows = Vec::new();
                for path in group.split(',') {
                    let row = measure(path, &cfg, &noise, digest)?;
                    if !means_only {
                        print(path, &row);
                    }
                    rows.push(row);
                }
                if rows.len() > 1 || means_only {
                    let mean = std::array::from_fn(|i| rows.iter().map(|r| r[i]).sum::<f64>() / rows.len() as f64);
                    print(&format!("mean of {} from {group:.40}", rows.len()), &mean);
                }
            }
        }
    }
    Ok(())
}

fn print(name: &str, row: &[f64; NAMES.len()]) {
    let cells: Vec<String> = NAMES.iter().zip(row).map(|(n, v)| format!("{n} {v:.3}")).collect();
    println!("{}  {name}", cells.join("  "));
}

/// The vectors of `x.jsonl` stand in `x.f32`, in its order, as little-endian 32-bit floats.
fn read_vectors(path: &str, num_texts: usize) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let bytes = std::fs::read(std::path::Path::new(path).with_extension("f32"))?;
    let values: Vec<f32> = bytes.as_chunks().0.iter().map(|v| f32::from_le_bytes(*v)).collect();
    Ok(values
        .chunks(values.len() / num_texts.max(1))
        .map(<[f32]>::to_vec)
        .collect())
}

fn measure(path: &str, cfg: &IssuesConfig, noise: &str, digest: bool) -> Result<[f64; NAMES.len()], Box<dyn Error>> {
    let (mut texts, mut tags) = (Vec::new(), Vec::new());
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        texts.push(row["text"].as_str().ok_or("no text")?.to_owned());
        tags.push(row["tag"].as_str().ok_or("no tag")?.to_owned());
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = match cfg.vectors_of {
        Some(_) => read_vectors(path, texts.len())?,
        None => Vec::new(),
    };
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let found = cluster_texts(&texts, Some(Language::En), &vectors, cfg)?;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    if digest {
        let mut hasher = DefaultHasher::new();
        found.labels.hash(&mut hasher);
        let bits = |s: &Option<f32>| s.map(f32::to_bits);
        found
            .similarities
            .iter()
            .map(bits)
            .collect::<Vec<_>>()
            .hash(&mut hasher);
        println!("{:016x}  {path}", hasher.finish());
    }
    let own = evaluate(&tags, &found.labels);
    let one = evaluate_with_noise(&tags, &found.labels, Some(&noise.to_owned()));
    Ok([
        own.acc,
        own.nmi,
        own.ari,
        one.acc,
        one.nmi,
        one.bcubed_f1,
        own.k_found as f64,
        own.unclustered_share,
        one.noise_precision.unwrap_or(0.0),
        one.noise_recall.unwrap_or(0.0),
        seconds,
        cpu,
        peak_megabytes(),
    ])
}

/// User and system time of the process so far, from its ticks of a hundredth second; 0 where they are not told.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
