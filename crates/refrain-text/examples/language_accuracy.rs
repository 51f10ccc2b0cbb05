//! Accuracy of language detection on labelled lines: `language_accuracy LANG=FILE.jsonl ...`,
//! each line an object with `text`, or with `turns` of them. Prints right, none and wrong by file.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool")]

use std::collections::BTreeMap;
use std::time::Instant;

fn main() {
    let (mut num_texts, mut seconds) = (0, 0.0);
    for argument in std::env::args().skip(1) {
        let (language, path) = argument.split_once('=').unwrap();
        let lines = std::fs::read_to_string(path).unwrap();
        let mut texts: Vec<String> = Vec::new();
        for line in lines.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let own = row["text"].as_str().into_iter();
            let turns = row["turns"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|turn| turn["text"].as_str());
            texts.extend(own.chain(turns).map(str::to_owned));
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let started = Instant::now();
        let guesses: Vec<_> = texts.iter().map(|text| refrain_text::detect_language(text)).collect();
        seconds += started.elapsed().as_secs_f64();
        num_texts += texts.len();
        for (guess, text) in guesses.iter().zip(&texts) {
            let found = guess.map_or("none", |guess| guess.language.as_str());
            *counts.entry(found.to_owned()).or_default() += 1;
            if std::env::var_os("SHOW").is_some() && found != language && found != "none" {
                println!("  {found}: {text}");
            }
        }
        let right = counts.remove(language).unwrap_or(0);
        let none = counts.remove("none").unwrap_or(0);
        let share = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
        println!(
            "{language} {path}: {} texts, right {:.1} %, of those answered {:.1} %, none {none}, wrong {counts:?}",
            texts.len(),
            share(right, texts.len()),
            share(right, texts.len() - none)
        );
    }
    println!("{:.0} texts a second", f64::from(num_texts as u32) / seconds);
}
