//! Speed of the rule engine over lines of text: `keywords kw|re RULES TEXTS`, one rule and one text a line.
//!
//! Every match is found with its span and word boundaries, as `tag_text` needs it; beside it the bare automaton,
//! which only counts hits in lower-cased text. Prints one JSON object; times are CPU seconds of one thread.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for people")]

use std::fmt::Write;
use std::time::Instant;

use refrain_record::AuthorRole;
use refrain_tag::{Rulebook, Taxonomy};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, rules, texts] = args.as_slice() else {
        panic!("usage: keywords kw|re RULES TEXTS");
    };
    let rules = std::fs::read_to_string(rules).unwrap();
    let texts = std::fs::read_to_string(texts).unwrap();
    let lines: Vec<&str> = texts.lines().collect();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let megabytes = texts.len() as f64 / 1e6;

    let taxonomy = Taxonomy::parse("version = '1'\n[[tag]]\npath = 'a/b'\nowner = 'o'", "t").unwrap();
    let key = if kind == "re" { "regex" } else { "any" };
    let mut book = String::new();
    for (at, rule) in rules.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let quoted = toml::Value::String(rule.to_owned());
        let _ = writeln!(book, "[[rule]]\nid = 'r{at}'\ntag = 'a/b'\n{key} = [{quoted}]");
    }
    let begun = Instant::now();
    let rulebook = Rulebook::parse(&[("rules.toml", &book)], &taxonomy).unwrap();
    let build_s = begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    let mut num_matches = 0;
    for line in &lines {
        num_matches += rulebook.matches(line, None, AuthorRole::Customer).len();
    }
    let spent = begun.elapsed().as_secs_f64();
    println!(
        "{{\"build_s\": {build_s:.3}, \"matches\": {num_matches}, \"mb_per_s\": {:.1}}}",
        megabytes / spent
    );
    if kind == "kw" {
        let phrases: Vec<String> = rules.lines().map(str::to_lowercase).collect();
        let automaton = aho_corasick::AhoCorasick::new(&phrases).unwrap();
        let begun = Instant::now();
        let mut num_hits = 0;
        for line in &lines {
            num_hits += automaton.find_iter(&line.to_lowercase()).count();
        }
        let spent = begun.elapsed().as_secs_f64();
        println!("{{\"bare_hits\": {num_hits}, \"mb_per_s\": {:.1}}}", megabytes / spent);
    }
}
