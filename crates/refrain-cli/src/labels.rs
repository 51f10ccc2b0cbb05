//! `train`, `eval` and `issues eval`: everything that reads labelled JSONL.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rayon::prelude::*;
use refrain_issues::IssuesConfig;
use refrain_record::Language;
use refrain_tag::model::{
    Doubt, LabelledText, TagModel, TextVectors, TrainConfig, evaluate, read_labels, text_table, train_doubting,
    train_with,
};
use refrain_tag::{Tagger, Votes, weak_labels, weigh_rules};
use refrain_text::detect_language;
use serde_json::json;

use crate::args::{EvalArgs, TrainArgs};
use crate::config::Config;
use crate::failure::{ExitCode, Failure, Outcome};
use crate::history::Past;
use crate::output::{cpu_seconds, plain, print};
use crate::tag_vectors::TagVectors;
use crate::vectors::Vectors;
use crate::{history, shipped, tagger};

/// Shorter times say more of the clock than of the model.
const MIN_TIMED_CPU_S: f64 = 0.5;

pub(crate) fn read(path: &Path) -> Outcome<Vec<LabelledText>> {
    let file = File::open(path)
        .with_context(|| format!("cannot open labels `{}`", path.display()))
        .map_err(Failure::usage)?;
    Ok(read_labels(BufReader::new(file), &path.to_string_lossy())?)
}

/// The labelled texts that ship.
pub(crate) fn starter() -> Outcome<Vec<LabelledText>> {
    let mut examples = Vec::new();
    for (name, text) in shipped::CORPUS {
        examples.extend(read_labels(text.as_bytes(), name)?);
    }
    Ok(examples)
}

/// What to learn from, a text's tags from the first of: people's decisions in the lake, the shop's labels, the
/// starter corpus where asked for or where there is nothing else.
fn examples_of(args: &TrainArgs, config: Option<&Config>) -> Outcome<Vec<LabelledText>> {
    let mut examples = match config {
        Some(config) => history::decided(config)?,
        None => Vec::new(),
    };
    let mut labels = Vec::new();
    for path in &args.labels {
        labels.extend(read(path)?);
    }
    add_unknown(&mut examples, labels);
    if args.starter || args.labels.is_empty() {
        add_unknown(&mut examples, starter()?);
    }
    Ok(examples)
}

fn add_unknown(examples: &mut Vec<LabelledText>, more: Vec<LabelledText>) {
    let known: BTreeSet<String> = examples.iter().map(|e| e.text.trim().to_owned()).collect();
    examples.extend(more.into_iter().filter(|e| !known.contains(e.text.trim())));
}

/// Fits a model, and measures it on what was kept back.
pub(crate) fn train_command(args: &TrainArgs) -> Outcome<ExitCode> {
    let mut settings = match &args.settings {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read `{}`", path.display()))
                .map_err(Failure::usage)?;
            toml::from_str::<TrainConfig>(&text)
                .with_context(|| format!("settings `{}`", path.display()))
                .map_err(Failure::usage)?
        }
        None => TrainConfig::default(),
    };
    settings.seed = args.seed.unwrap_or(settings.seed);
    settings.distil |= args.distil;
    let config = match &args.config {
        Some(path) => Some(Config::load(path, &[]).map_err(Failure::usage)?),
        None => None,
    };
    let examples = examples_of(args, config.as_ref())?;
    let (kept, held) = split(examples, args.hold_out.unwrap_or(0.0), settings.seed).map_err(Failure::usage)?;
    if let Some(path) = &args.held_out {
        write_labels(path, &held)?;
    }
    let (tagger, history) = match &config {
        None => (tagger::shipped()?, Vec::new()),
        Some(config) => {
            let known = kept.iter().chain(&held).map(|e| e.text.trim().to_owned()).collect();
            let history = if args.history {
                history::read(config, args.history_rows, settings.seed, &known)?
            } else {
                Vec::new()
            };
            (tagger::without_model(config).map_err(Failure::usage)?, history)
        }
    };
    let vectors = match (args.embedder.open().map_err(Failure::usage)?, &config) {
        (None, Some(config)) => tagger::embedder(config).map_err(Failure::usage)?,
        (named, _) => named,
    };
    if settings.distil && vectors.is_none() {
        return Err(Failure::usage(anyhow::anyhow!(
            "`--distil` has no embedder to learn from\nhint: name one with `--transformer-model` or `--static-model`"
        )));
    }
    let embed_s = prepare(vectors.as_ref(), kept.iter().chain(&held))?;
    let before = cpu_seconds();
    let Fitted {
        model,
        doubts,
        num_weak,
        num_rules,
    } = fit(&kept, &settings, tagger, &history, vectors)?;
    let fit_s = cpu_seconds() - before;
    model.save(&args.model)?;
    if let Some(path) = &args.doubts {
        let mut lines = String::new();
        for doubt in &doubts {
            lines.push_str(&serde_json::to_string(doubt)?);
            lines.push('\n');
        }
        fs::write(path, lines).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let bytes = fs::metadata(&args.model).map_or(0, |m| m.len());
    let mut report = json!({
        "model": model.id(), "kind": model.kind().as_str(), "labels": model.labels().len(), "examples": kept.len(),
        "fit_cpu_s": fit_s, "embed_cpu_s": embed_s, "embedder": model.embedder(), "teacher": model.teacher(), "model_bytes": bytes, "doubtful_labels": doubts.len(),
        "history": history.len(), "weak_examples": num_weak, "weighed_rules": num_rules,
    });
    let mut text = format!(
        "fitted {} on {} examples with {} labels in {fit_s:.2} CPU-s, {bytes} bytes\n",
        model.id(),
        kept.len(),
        model.labels().len()
    );
    if args.history {
        text.push_str(&format!(
            "{num_weak} more examples from {} unlabelled conversations, {num_rules} rules weighed\n",
            history.len()
        ));
    }
    if !held.is_empty() {
        let (evaluation, rate) = timed_evaluation(&model, &held);
        text.push_str(&format!(
            "on {} examples kept back, {rate:.0} texts per CPU-s:\n{}",
            held.len(),
            text_table(&evaluation)
        ));
        report["held_out"] = serde_json::to_value(&evaluation)?;
        report["texts_per_cpu_s"] = json!(rate);
    }
    print(&if args.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        text
    });
    Ok(ExitCode::Done)
}

/// What came out of fitting.
pub(crate) struct Fitted {
    pub(crate) model: TagModel,
    doubts: Vec<Doubt>,
    num_weak: usize,
    num_rules: usize,
}

/// Fits a model on labelled texts; with a shop's history a second time, on what rules and the first model say of it.
pub(crate) fn fit(
    examples: &[LabelledText],
    settings: &TrainConfig,
    tagger: Tagger,
    history: &[Past],
    vectors: Option<Arc<TagVectors>>,
) -> Outcome<Fitted> {
    let vectors = vectors.map(|vectors| vectors as Arc<dyn TextVectors>);
    let (first, doubts) = train_doubting(examples, settings, vectors.as_ref())?;
    let tagger = Tagger {
        model: Some(first),
        ..tagger
    };
    let votes: Vec<Votes> = history.par_iter().filter_map(|past| past.votes(&tagger)).collect();
    let trust = weigh_rules(&tagger, examples, &votes);
    let weak = weak_labels(&votes, &trust);
    let num_weak = weak.len();
    let model = match tagger.model {
        Some(first) if weak.is_empty() => first,
        _ => train_with(&[examples, &weak].concat(), settings, vectors.as_ref())?,
    };
    let num_rules = trust.len();
    Ok(Fitted {
        model: model.with_rule_trust(trust)?,
        doubts,
        num_weak,
        num_rules,
    })
}

/// Measures a model, or a whole tagger.
pub(crate) fn eval_command(args: &EvalArgs) -> Outcome<ExitCode> {
    let examples = read(&args.labels)?;
    let (Some(path), None) = (&args.model, &args.config) else {
        return eval_tagger(args, &examples);
    };
    let vectors = args.embedder.open().map_err(Failure::usage)?;
    let model = TagModel::load_with(path, vectors.clone().map(|vectors| vectors as Arc<dyn TextVectors>))?;
    let embed_s = prepare(vectors.as_ref(), &examples)?;
    let (evaluation, rate) = timed_evaluation(&model, &examples);
    if args.json {
        let mut report = serde_json::to_value(&evaluation)?;
        report["texts_per_cpu_s"] = json!(rate);
        report["embed_cpu_s"] = json!(embed_s);
        print(&(serde_json::to_string_pretty(&report)? + "\n"));
    } else {
        let embedding = match vectors {
            Some(_) => format!(", and {embed_s:.2} CPU-s to embed {} of them", examples.len()),
            None => String::new(),
        };
        print(&format!(
            "{}\n{rate:.0} texts per CPU-s{embedding}\n",
            text_table(&evaluation)
        ));
    }
    Ok(ExitCode::Done)
}

/// Makes the vectors of all examples ahead; CPU seconds that it took.
fn prepare<'e>(
    vectors: Option<&Arc<TagVectors>>,
    examples: impl IntoIterator<Item = &'e LabelledText>,
) -> Outcome<f64> {
    let before = cpu_seconds();
    if let Some(vectors) = vectors {
        let texts: Vec<&str> = examples.into_iter().map(|example| example.text.as_str()).collect();
        vectors.prepare(&texts)?;
    }
    Ok(cpu_seconds() - before)
}

/// Rulebook alone, model alone and both, over labelled texts taken as a customer's only message.
fn eval_tagger(args: &EvalArgs, examples: &[LabelledText]) -> Outcome<ExitCode> {
    let path = args.config.as_deref().unwrap_or(Path::new(crate::config::DEFAULT_FILE));
    let config = Config::load(path, &[]).map_err(Failure::usage)?;
    if args.embedder.choice().is_some() {
        return Err(Failure::usage(anyhow::anyhow!(
            "the config names the embedder of its model\nhint: set `tags.embedder` and `tags.embedder_model`"
        )));
    }
    let (tagger, vectors) = tagger::load_with_vectors(&config).map_err(Failure::usage)?;
    prepare(vectors.as_ref(), examples)?;
    let variants = refrain_tag::evaluate_tagger(&tagger, examples)?;
    if args.json {
        print(&(serde_json::to_string_pretty(&variants)? + "\n"));
    } else {
        print(&refrain_tag::variants_table(&variants, |text| plain(text, 90)));
    }
    Ok(ExitCode::Done)
}

/// Clusters labelled texts and compares.
pub(crate) fn issues_eval(labels: &Path, cfg: IssuesConfig, as_json: bool) -> Outcome<ExitCode> {
    let examples: Vec<LabelledText> = read(labels)?.into_iter().filter(|e| !e.tags.is_empty()).collect();
    let texts: Vec<&str> = examples.iter().map(|e| e.text.as_str()).collect();
    let truth: Vec<&str> = examples.iter().map(|e| e.tags[0].as_str()).collect();
    let embedder = Vectors::open(&cfg, Path::new(".")).map_err(Failure::usage)?;
    let before = cpu_seconds();
    let vectors = match &embedder {
        Some(embedder) => embedder.embed(&texts)?,
        None => Vec::new(),
    };
    let embed_s = cpu_seconds() - before;
    let cfg = IssuesConfig {
        vectors_of: embedder.map(|embedder| embedder.id().to_owned()),
        ..cfg
    };
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    let before = cpu_seconds();
    let clustering = refrain_issues::cluster_texts(&texts, majority_language(&examples), &vectors, &cfg)?;
    let spent = cpu_seconds() - before;
    let evaluation = refrain_issues::evaluate(&truth, &clustering.labels);
    let mut report = serde_json::to_value(&evaluation)?;
    report["cpu_s"] = json!(spent);
    report["embed_cpu_s"] = json!(embed_s);
    if as_json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"));
    } else {
        let lines: Vec<String> = report
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| match value.as_f64() {
                Some(v) if !value.is_u64() => format!("{name:<20} {v:.4}\n"),
                _ => format!("{name:<20} {value}\n"),
            })
            .collect();
        print(&lines.concat());
    }
    Ok(ExitCode::Done)
}

/// The language that most texts name, or are found to be in; ties by name.
fn majority_language(examples: &[LabelledText]) -> Option<Language> {
    let mut counts: BTreeMap<Language, u64> = BTreeMap::new();
    for example in examples {
        let found = example
            .lang
            .or_else(|| detect_language(&example.text).map(|guess| guess.language));
        if let Some(language) = found {
            *counts.entry(language).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .max_by_key(|(language, n)| (*n, std::cmp::Reverse(*language)))
        .map(|(language, _)| language)
}

/// Measures a model, and its texts per CPU second over at least half a second of tagging.
fn timed_evaluation(model: &TagModel, examples: &[LabelledText]) -> (refrain_tag::model::Evaluation, f64) {
    let texts: Vec<&str> = examples.iter().map(|e| e.text.as_str()).collect();
    let before = cpu_seconds();
    let (mut num_tagged, mut spent) = (0, 0.0);
    while spent < MIN_TIMED_CPU_S && !texts.is_empty() {
        let _ = model.predict_all(&texts);
        num_tagged += texts.len();
        spent = cpu_seconds() - before;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = num_tagged as f64 / spent.max(1e-9);
    (evaluate(model, examples), rate)
}

/// Splits by the hash of family (else text) and seed, so that what is said alike is always on the same side.
fn split(examples: Vec<LabelledText>, share: f64, seed: u64) -> anyhow::Result<(Vec<LabelledText>, Vec<LabelledText>)> {
    if !(0.0..1.0).contains(&share) {
        bail!("`--hold-out {share}` is out of range, expected 0 up to but not including 1\nhint: a fifth is 0.2");
    }
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
    let is_held = |example: &LabelledText| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(example.group().as_bytes());
        let mut word = [0; 8];
        word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        (u64::from_le_bytes(word) as f64) < share * u64::MAX as f64
    };
    let (held, kept) = examples.into_iter().partition(is_held);
    Ok((kept, held))
}

fn write_labels(path: &Path, examples: &[LabelledText]) -> Outcome<()> {
    let mut out = String::new();
    for example in examples {
        let tags: Vec<&str> = example.tags.iter().map(|t| t.as_str()).collect();
        let mut row = json!({"text": example.text, "tags": tags});
        if let Some(lang) = example.lang {
            row["lang"] = json!(lang.as_str());
        }
        if let Some(id) = &example.id {
            row["id"] = json!(id);
        }
        if let Some(family) = &example.family {
            row["family"] = json!(family);
        }
        out.push_str(&row.to_string());
        out.push('\n');
    }
    let mut file = File::create(path).with_context(|| format!("cannot create `{}`", path.display()))?;
    Ok(file
        .write_all(out.as_bytes())
        .with_context(|| format!("cannot write `{}`", path.display()))?)
}
