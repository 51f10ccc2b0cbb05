//! Measures titles: how often they hold the words of the right label.
//!
//! `titles [--clusters] [--show] FILE...`, where a file is JSONL with `text`, `tag`, and where known
//! `lang`, `person` and `title` (the label as the customers' language has it). By default the true
//! classes are named, which measures the naming alone; with `--clusters` the texts are clustered
//! first and each label is held against the cluster that shares most of its texts (one to one).

#![allow(clippy::print_stdout, reason = "an example talks on stdout")]

use refrain_issues::{Class, IssuesConfig, Said, cluster_texts, name_classes};
use refrain_record::Language;
use refrain_text::{fold, is_stopword, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// What a title should not spend its few words on, in any language; kept apart from the lists that make the titles.
const COURTESIES: &str = "
    hi hello hey hii dear please pls thanks thank thx regards sincerely sorry greetings help advance assist kindly
    hallo danke bitte grüsse gruss tag moin voraus hilfe liebe freundlichen geehrte
    hej tak hilsen venlig forhånd goddag kære hjælp
    hoi bedankt alvast groet groeten groetjes alstublieft graag dank beste geachte help
    bonjour merci cordialement svp plaît salutations avance bonsoir
    您好 你好 谢谢 请问 在吗 麻烦 多谢";

struct Row {
    text: String,
    tag: String,
    language: Option<Language>,
    person: Option<String>,
    title: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut by_clusters, mut show) = (false, false);
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--clusters" => by_clusters = true,
            "--show" => show = true,
            path => measure(path, by_clusters, show)?,
        }
    }
    Ok(())
}

fn measure(path: &str, by_clusters: bool, show: bool) -> Result<(), Box<dyn Error>> {
    let rows = read(path)?;
    let labels: BTreeSet<&str> = rows.iter().map(|r| r.tag.as_str()).collect();
    let titles = if by_clusters {
        titles_of_clusters(&rows, &labels)?
    } else {
        titles_of_labels(&rows, &labels)
    };
    let mut total = Total::default();
    for (label, title) in labels.iter().zip(&titles) {
        let Some(row) = rows.iter().find(|r| r.tag == *label) else {
            continue;
        };
        let language = row.language.unwrap_or(Language::En);
        let wanted = label_words(label, row.title.as_deref(), language);
        let hits = hits(&wanted, title);
        total.add(hits, wanted.len(), title);
        if show {
            println!(
                "  {hits}/{} {:44} {title}",
                wanted.len(),
                row.title.as_deref().unwrap_or(label)
            );
        }
    }
    println!("{}  {path}", total.line());
    Ok(())
}

#[derive(Default)]
struct Total {
    labels: usize,
    some: usize,
    all: usize,
    recall: f64,
    words: usize,
    courteous: usize,
    empty: usize,
}

impl Total {
    fn add(&mut self, hits: usize, wanted: usize, title: &str) {
        self.labels += 1;
        self.some += usize::from(hits > 0);
        self.all += usize::from(wanted > 0 && hits == wanted);
        self.recall += hits as f64 / wanted.max(1) as f64;
        self.words += num_words(title);
        self.courteous += usize::from(is_courteous(title));
        self.empty += usize::from(title.is_empty());
    }

    fn line(&self) -> String {
        let share = |count: usize| count as f64 / self.labels.max(1) as f64;
        format!(
            "labels {:3}  some {:.3}  all {:.3}  words hit {:.3}  length {:.2}  courteous {:.3}  empty {:.3}",
            self.labels,
            share(self.some),
            share(self.all),
            self.recall / self.labels.max(1) as f64,
            share(self.words),
            share(self.courteous),
            share(self.empty)
        )
    }
}

fn titles_of_labels(rows: &[Row], labels: &BTreeSet<&str>) -> Vec<String> {
    let class = |label: &&str| {
        let own: Vec<&Row> = rows.iter().filter(|r| r.tag == *label).collect();
        let said: Vec<Said<'_>> = own.iter().map(|r| said(r)).collect();
        Class::new(own.first().and_then(|r| r.language), &said, 0)
    };
    let classes: Vec<Class<'_>> = labels.iter().map(class).collect();
    name_classes(&classes).into_iter().map(|name| name.title).collect()
}

fn said(row: &Row) -> Said<'_> {
    Said {
        text: &row.text,
        person: row.person.as_deref(),
    }
}

/// Each label takes the cluster with which it shares most texts among those not yet taken, best pairs first.
fn titles_of_clusters(rows: &[Row], labels: &BTreeSet<&str>) -> Result<Vec<String>, Box<dyn Error>> {
    let texts: Vec<&str> = rows.iter().map(|r| r.text.as_str()).collect();
    let language = rows.first().and_then(|r| r.language);
    let found = cluster_texts(&texts, language, &[], &IssuesConfig::default())?;
    let mut shared: BTreeMap<(&str, u32), usize> = BTreeMap::new();
    for (row, cluster) in rows.iter().zip(&found.labels) {
        if let Some(cluster) = cluster {
            *shared.entry((&row.tag, *cluster)).or_insert(0) += 1;
        }
    }
    let mut pairs: Vec<(usize, &str, u32)> = shared.into_iter().map(|((l, c), n)| (n, l, c)).collect();
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut taken, mut of_label) = (BTreeSet::new(), BTreeMap::new());
    for (_, label, cluster) in pairs {
        if !of_label.contains_key(label) && taken.insert(cluster) {
            of_label.insert(label, cluster);
        }
    }
    let title = |label: &&str| {
        of_label
            .get(label)
            .map_or_else(String::new, |&c| found.names[c as usize].clone())
    };
    Ok(labels.iter().map(title).collect())
}

/// Content words of a label; Han in pairs of neighbours.
fn label_words(label: &str, title: Option<&str>, language: Language) -> Vec<String> {
    let text = title.map_or_else(|| label.replace(['_', '/', '-', ':'], " "), str::to_owned);
    let folded = fold(&text);
    let mut words = if language == Language::Zh && title.is_some() {
        pairs_of_han(&folded)
    } else {
        let language = if title.is_some() { language } else { Language::En };
        let content = tokens(&folded).into_iter().map(|t| t.text);
        content
            .filter(|word| !is_stopword(language, word))
            .map(stem)
            .collect::<Vec<_>>()
    };
    words.sort();
    words.dedup();
    words
}

fn pairs_of_han(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    chars.windows(2).map(|pair| pair.iter().collect()).collect()
}

/// How many of the words the title holds.
fn hits(wanted: &[String], title: &str) -> usize {
    let folded = fold(title);
    let held: BTreeSet<String> = tokens(&folded).iter().map(|t| stem(t.text)).collect();
    let han: BTreeSet<String> = pairs_of_han(&folded).into_iter().collect();
    wanted
        .iter()
        .filter(|word| held.contains(*word) || han.contains(*word))
        .count()
}

/// Cuts plurals and the endings of English verbs.
fn stem(word: &str) -> String {
    let cut = ["ing", "ies", "ed", "es", "s", "e", "y"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|rest| rest.chars().count() >= 3));
    cut.unwrap_or(word).to_owned()
}

/// Words of a title; two Han are one.
fn num_words(title: &str) -> usize {
    let is_han = |word: &str| word.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c));
    let words = tokens(title);
    let num_han = words.iter().filter(|t| is_han(t.text)).count();
    words.len() - num_han + num_han.div_ceil(2)
}

fn is_courteous(title: &str) -> bool {
    let folded = fold(title);
    let held: BTreeSet<&str> = tokens(&folded).iter().map(|t| t.text).collect();
    COURTESIES.split_whitespace().any(|word| {
        held.contains(word)
            || (!word.is_ascii()
                && num_words(word) < 3
                && word.chars().all(|c| c > '\u{3400}')
                && folded.contains(word))
    })
}

fn read(path: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let row = |line: &str| -> Result<Row, Box<dyn Error>> {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| row[name].as_str().map(str::to_owned);
        Ok(Row {
            text: field("text").ok_or("no text")?,
            tag: field("tag").ok_or("no tag")?,
            language: row["lang"].as_str().and_then(Language::parse),
            person: field("person"),
            title: field("title"),
        })
    };
    std::fs::read_to_string(path)?.lines().map(row).collect()
}
