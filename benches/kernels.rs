//! The kernels that every conversation goes through, over the starter corpus at three sizes.
//!
//! `cargo bench`; throughput is texts a second of one thread (training uses all).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use refrain_record::AuthorRole;
use refrain_tag::model::{LabelledText, TrainConfig, read_labels, train};
use refrain_tag::{Rulebook, Taxonomy};
use refrain_text::features::{FeatureConfig, Vectorizer};
use refrain_text::{Redactor, detect_language};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data");
const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// Labelled texts of every language in turn, repeated up to `num`.
fn corpus(num: usize) -> Vec<LabelledText> {
    let mut files: Vec<_> = std::fs::read_dir(format!("{DATA}/corpus"))
        .expect("the corpus ships")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    let all: Vec<LabelledText> = files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read(path).expect("a readable file");
            read_labels(&text[..], "corpus").expect("a corpus that parses")
        })
        .collect();
    // A stride that shares no factor with usual sizes mixes languages and tags.
    (0..num).map(|i| all[i * 7919 % all.len()].clone()).collect()
}

fn rulebook() -> Rulebook {
    let read = |path: &std::path::Path| std::fs::read_to_string(path).expect("a readable file");
    let taxonomy =
        Taxonomy::parse(&read(format!("{DATA}/taxonomy.toml").as_ref()), "taxonomy.toml").expect("a taxonomy");
    let mut files: Vec<_> = std::fs::read_dir(format!("{DATA}/rules"))
        .expect("the rules ship")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    let files: Vec<(String, String)> = files
        .iter()
        .map(|path| (path.display().to_string(), read(path)))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    Rulebook::parse(&files, &taxonomy).expect("a rulebook")
}

fn kernels(criterion: &mut Criterion) {
    let rulebook = rulebook();
    let config = FeatureConfig {
        pair_window: 10,
        ..FeatureConfig::default()
    };
    let model = train(&corpus(3_000), &TrainConfig::default()).expect("a model");
    for size in SIZES {
        let examples = corpus(size);
        let texts: Vec<&str> = examples.iter().map(|e| e.text.as_str()).collect();
        let vectorizer = Vectorizer::fit(&texts, &config);
        let mut group = criterion.benchmark_group("text");
        group.throughput(Throughput::Elements(size as u64)).sample_size(10);
        group.bench_function(BenchmarkId::new("redact", size), |b| {
            b.iter(|| {
                let mut redactor = Redactor::new();
                texts.iter().for_each(|text| {
                    black_box(redactor.redact(text));
                });
            });
        });
        group.bench_function(BenchmarkId::new("language", size), |b| {
            b.iter(|| texts.iter().filter_map(|text| detect_language(text)).count());
        });
        group.bench_function(BenchmarkId::new("features", size), |b| {
            b.iter(|| texts.iter().map(|text| vectorizer.transform(text).len()).sum::<usize>());
        });
        group.finish();
        let mut group = criterion.benchmark_group("tag");
        group.throughput(Throughput::Elements(size as u64)).sample_size(10);
        group.bench_function(BenchmarkId::new("rules", size), |b| {
            let matches = |e: &LabelledText| rulebook.matches(&e.text, e.lang, AuthorRole::Customer).len();
            b.iter(|| examples.iter().map(matches).sum::<usize>());
        });
        group.bench_function(BenchmarkId::new("model", size), |b| {
            b.iter(|| texts.iter().map(|text| model.predict(text).len()).sum::<usize>());
        });
        group.finish();
    }
    let examples = corpus(1_000);
    let mut group = criterion.benchmark_group("train");
    group.throughput(Throughput::Elements(1_000)).sample_size(10);
    group.bench_function(BenchmarkId::new("linear", 1_000), |b| {
        b.iter(|| train(&examples, &TrainConfig::default()).expect("a model"));
    });
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
