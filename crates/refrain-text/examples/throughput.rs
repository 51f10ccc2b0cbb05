//! Texts a CPU second on one thread: `throughput FILE.jsonl ...`, lines with `text` or `turns`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool")]

use refrain_text::features::{FeatureConfig, Vectorizer};
use refrain_text::{Redactor, Similarity, detect_language, fingerprint, fold, tokens};

/// Nanoseconds this thread has run; other programs' load does not count.
fn cpu_ns() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

fn measure<T>(name: &str, texts: &[String], mut each: impl FnMut(&str) -> T) {
    let started = cpu_ns();
    for text in texts {
        std::hint::black_box(each(text));
    }
    let seconds = (cpu_ns() - started) / 1e9;
    println!("{name:<12} {:>9.0} texts a CPU second", texts.len() as f64 / seconds);
}

fn main() {
    let mut texts: Vec<String> = Vec::new();
    for path in std::env::args().skip(1) {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let own = row["text"].as_str().into_iter();
            let turns = row["turns"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|turn| turn["text"].as_str());
            texts.extend(own.chain(turns).map(str::to_owned));
        }
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} texts of {} bytes", texts.len(), bytes / texts.len().max(1));

    let started = cpu_ns();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()
        .unwrap();
    let config = FeatureConfig {
        min_df: 2,
        ..FeatureConfig::default()
    };
    let vectorizer = pool.install(|| Vectorizer::fit(&texts, &config));
    println!(
        "fit          {:>9.0} texts a CPU second, {} features",
        texts.len() as f64 / ((cpu_ns() - started) / 1e9),
        vectorizer.num_features()
    );
    let started = cpu_ns();
    std::hint::black_box(pool.install(|| vectorizer.transform_all(&texts)));
    println!(
        "transform    {:>9.0} texts a CPU second",
        texts.len() as f64 / ((cpu_ns() - started) / 1e9)
    );

    measure("redact", &texts, |text| Redactor::new().redact(text));
    measure("language", &texts, detect_language);
    measure("fold", &texts, |text| fold(text).len());
    measure("tokens", &texts, |text| tokens(text).len());
    measure("fingerprint", &texts, fingerprint);
    let mut similarity = Similarity::new(None);
    measure("profile", &texts, |text| similarity.profile(text));
}
