//! What rulebook, model and both together are worth on labelled texts, and what they mix up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use rayon::prelude::*;
use refrain_record::{Facet, TagPath};
use serde::Serialize;

use crate::TagError;
use crate::model::LabelledText;
use crate::rules::Rulebook;
use crate::tagger::{Tagger, Verdict};

/// Pairs of tags that a confusion list names at most.
const MAX_CONFUSIONS: usize = 25;
/// Characters of an example text in a confusion list.
const EXAMPLE_CHARS: usize = 90;

/// One way of tagging, measured on topics; shares from 0 to 1, `None` where nothing could be counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantQuality {
    /// `rules`, `model` or `both`.
    pub variant: &'static str,
    /// Texts.
    pub n: usize,
    /// Right topics among those set.
    pub precision: Option<f64>,
    /// Topics set among those due.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub micro_f1: Option<f64>,
    /// Mean F1 of the topics that are due or set somewhere.
    pub macro_f1: Option<f64>,
    /// Texts without a topic that get none.
    pub none_right: Option<f64>,
    /// Texts with an act whose act is right.
    pub act_right: Option<f64>,
    /// Texts with a stage whose stage is right.
    pub stage_right: Option<f64>,
    /// Micro F1 of topics by the language that the labels name.
    pub micro_f1_by_language: BTreeMap<String, f64>,
    /// What was due and what was set in its place, most frequent first, ties by tag.
    pub confusions: Vec<Confusion>,
}

/// A topic that was due and missing, and one that was set without being due.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// Due; `None` when no topic was.
    pub due: Option<String>,
    /// Set; `None` when nothing wrong was.
    pub set: Option<String>,
    /// Texts.
    pub n: usize,
    /// The first of them, cut short; as it was written, so escape it before it is shown.
    pub example: String,
}

/// Topics due and topics set.
type DueAndSet<'a> = (&'a [&'a str], &'a [&'a str]);

/// The tags of one labelled text.
struct Tagged<'a> {
    example: &'a LabelledText,
    due: BTreeSet<&'a str>,
    set: BTreeSet<TagPath>,
}

/// Tags each text as a customer's only message; model and both are left out without a model.
///
/// # Errors
/// Never: an empty rulebook always parses.
pub fn evaluate_tagger(tagger: &Tagger, examples: &[LabelledText]) -> Result<Vec<VariantQuality>, TagError> {
    let no_rules = Rulebook::parse(&[], &tagger.taxonomy)?;
    let mut ways = vec![("rules", &tagger.rulebook, false)];
    if tagger.model.is_some() {
        ways.extend([("model", &no_rules, true), ("both", &tagger.rulebook, true)]);
    }
    Ok(ways
        .into_iter()
        .map(|(variant, rulebook, with_model)| measure(variant, tagger, rulebook, with_model, examples))
        .collect())
}

fn measure(
    variant: &'static str,
    tagger: &Tagger,
    rulebook: &Rulebook,
    with_model: bool,
    examples: &[LabelledText],
) -> VariantQuality {
    let facet = |tag: &str| tagger.taxonomy.lookup(tag).map_or(Facet::Topic, |t| t.facet);
    let tagged: Vec<Tagged<'_>> = examples
        .par_iter()
        .map(|example| Tagged {
            example,
            due: example.tags.iter().map(TagPath::as_str).collect(),
            set: set_tags(tagger, rulebook, with_model, example),
        })
        .collect();
    let of = |facet_wanted: Facet| {
        tagged
            .iter()
            .map(|t| {
                let due: Vec<&str> = t.due.iter().copied().filter(|tag| facet(tag) == facet_wanted).collect();
                let set: Vec<&str> = t
                    .set
                    .iter()
                    .map(TagPath::as_str)
                    .filter(|tag| facet(tag) == facet_wanted)
                    .collect();
                (t.example, due, set)
            })
            .collect::<Vec<_>>()
    };
    let topics = of(Facet::Topic);
    let total = count(topics.iter().map(|(_, due, set)| (due.as_slice(), set.as_slice())));
    let mut languages: BTreeMap<String, Vec<DueAndSet<'_>>> = BTreeMap::new();
    for (example, due, set) in &topics {
        if let Some(language) = example.lang {
            languages
                .entry(language.as_str().to_owned())
                .or_default()
                .push((due, set));
        }
    }
    let single = |wanted: Facet| {
        let rows = of(wanted);
        let due: Vec<_> = rows.iter().filter(|(_, due, _)| !due.is_empty()).collect();
        share(due.iter().filter(|(_, due, set)| due == set).count(), due.len())
    };
    let untagged: Vec<_> = topics.iter().filter(|(_, due, _)| due.is_empty()).collect();
    VariantQuality {
        variant,
        n: tagged.len(),
        precision: share(total.right, total.set),
        recall: share(total.right, total.due),
        micro_f1: total.f1(),
        macro_f1: macro_f1(&topics),
        none_right: share(
            untagged.iter().filter(|(_, _, set)| set.is_empty()).count(),
            untagged.len(),
        ),
        act_right: single(Facet::Act),
        stage_right: single(Facet::Stage),
        micro_f1_by_language: languages
            .into_iter()
            .filter_map(|(language, rows)| Some((language, count(rows.into_iter()).f1()?)))
            .collect(),
        confusions: confusions(&topics),
    }
}

fn set_tags(tagger: &Tagger, rulebook: &Rulebook, with_model: bool, example: &LabelledText) -> BTreeSet<TagPath> {
    let turns = example.turns();
    let conversation = example.conversation(&turns);
    let explained = tagger.explain_with(rulebook, with_model, &conversation);
    explained
        .into_iter()
        .filter(|e| e.verdict == Verdict::Set)
        .map(|e| e.tag)
        .collect()
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    right: usize,
    set: usize,
    due: usize,
}

impl Counts {
    fn f1(self) -> Option<f64> {
        share(2 * self.right, self.set + self.due)
    }
}

fn count<'a>(rows: impl Iterator<Item = (&'a [&'a str], &'a [&'a str])>) -> Counts {
    rows.fold(Counts::default(), |sum, (due, set)| Counts {
        right: sum.right + due.iter().filter(|tag| set.contains(tag)).count(),
        set: sum.set + set.len(),
        due: sum.due + due.len(),
    })
}

type Row<'a> = (&'a LabelledText, Vec<&'a str>, Vec<&'a str>);

fn macro_f1(rows: &[Row<'_>]) -> Option<f64> {
    let mut tags: BTreeMap<&str, Counts> = BTreeMap::new();
    for (_, due, set) in rows {
        for tag in due {
            let counts = tags.entry(tag).or_default();
            counts.due += 1;
            counts.right += usize::from(set.contains(tag));
        }
        for tag in set {
            tags.entry(tag).or_default().set += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of tags")]
    let num_tags = tags.len() as f64;
    let total: f64 = tags.values().filter_map(|counts| counts.f1()).sum();
    (num_tags > 0.0).then(|| total / num_tags)
}

fn confusions(rows: &[Row<'_>]) -> Vec<Confusion> {
    // By due and set topic: texts, and the first of them.
    type Pair<'a> = (Option<&'a str>, Option<&'a str>);
    let mut pairs: BTreeMap<Pair<'_>, (usize, &str)> = BTreeMap::new();
    for (example, due, set) in rows {
        let missed: Vec<&str> = due.iter().copied().filter(|tag| !set.contains(tag)).collect();
        let wrong: Vec<&str> = set.iter().copied().filter(|tag| !due.contains(tag)).collect();
        let mut add = |due, set| {
            let pair = pairs.entry((due, set)).or_insert((0, &example.text));
            pair.0 += 1;
        };
        match (missed.as_slice(), wrong.as_slice()) {
            (missed, []) => missed.iter().for_each(|tag| add(Some(tag), None)),
            ([], wrong) => wrong.iter().for_each(|tag| add(None, Some(tag))),
            (missed, wrong) => missed
                .iter()
                .for_each(|due| wrong.iter().for_each(|set| add(Some(due), Some(set)))),
        }
    }
    let mut list: Vec<_> = pairs.into_iter().collect();
    list.sort_by_key(|(_, (n, _))| std::cmp::Reverse(*n));
    list.truncate(MAX_CONFUSIONS);
    let owned = |tag: Option<&str>| tag.map(str::to_owned);
    list.into_iter()
        .map(|((due, set), (n, text))| Confusion {
            due: owned(due),
            set: owned(set),
            n,
            example: text.chars().take(EXAMPLE_CHARS).collect(),
        })
        .collect()
}

fn share(part: usize, whole: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of texts stay far below 2^53")]
    let share = (whole > 0).then(|| part as f64 / whole as f64);
    share
}

/// The variants as aligned lines, and what the last of them mixes up; `escape` makes an example fit to be shown.
#[must_use]
pub fn variants_table(variants: &[VariantQuality], escape: impl Fn(&str) -> String) -> String {
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let mut out = format!(
        "{:<8} {:>7} {:>9} {:>7} {:>8} {:>8} {:>10} {:>9} {:>11}  micro F1 by language\n",
        "topics", "texts", "precision", "recall", "micro F1", "macro F1", "none right", "act right", "stage right"
    );
    // Writing to a `String` cannot fail.
    for v in variants {
        let languages: Vec<String> = v
            .micro_f1_by_language
            .iter()
            .map(|(l, f1)| format!("{l} {f1:.3}"))
            .collect();
        let _ = writeln!(
            out,
            "{:<8} {:>7} {:>9} {:>7} {:>8} {:>8} {:>10} {:>9} {:>11}  {}",
            v.variant,
            v.n,
            figure(v.precision),
            figure(v.recall),
            figure(v.micro_f1),
            figure(v.macro_f1),
            figure(v.none_right),
            figure(v.act_right),
            figure(v.stage_right),
            languages.join(", ")
        );
    }
    if let Some(last) = variants.last() {
        let _ = writeln!(out, "\nwhat `{}` mixes up (due -> set in its place)", last.variant);
        for c in &last.confusions {
            let name = |tag: &Option<String>| tag.clone().unwrap_or_else(|| "nothing".to_owned());
            let _ = writeln!(
                out,
                "{:>5}  {:<28} -> {:<28} {}",
                c.n,
                name(&c.due),
                name(&c.set),
                escape(&c.example)
            );
        }
    }
    out
}
