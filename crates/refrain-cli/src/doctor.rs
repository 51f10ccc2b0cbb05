//! `doctor`: config, inputs and lake checked; nothing written.

use std::fmt::Write;

use refrain_lake::Snapshot;
use serde_json::json;

use crate::args::ConfigArgs;
use crate::config::Config;
use crate::exports::{files_of, markers};
use crate::failure::{ExitCode, Failure, Outcome};
use crate::output::print;
use crate::tagger;
use crate::vectors::Vectors;

/// One finding.
struct Finding {
    subject: String,
    is_ok: bool,
    says: String,
}

/// Checks everything that can be checked without a run. Exit code 2 when something would stop a run.
pub(crate) fn command(args: &ConfigArgs, as_json: bool) -> Outcome<ExitCode> {
    let config = Config::load(&args.config, &args.set).map_err(Failure::usage)?;
    let mut findings = vec![Finding {
        subject: format!("config {}", args.config.display()),
        is_ok: true,
        says: format!(
            "{} shops, {} sources, digest {}",
            config.shops.len(),
            config.sources.len(),
            config.digest
        ),
    }];
    findings.push(check_tags(&config));
    findings.extend(check_embedder(&config));
    let mut add = |subject: String, result: anyhow::Result<String>| {
        let (is_ok, says) = match result {
            Ok(says) => (true, says),
            Err(e) => (false, Failure::usage(e).to_string()),
        };
        findings.push(Finding { subject, is_ok, says });
    };
    add("markers".to_owned(), markers(&config).map(|_| "readable".to_owned()));
    for spec in &config.sources {
        let subject = format!("source {}/{} ({})", spec.shop, spec.source_id(), spec.feeds);
        add(
            subject,
            files_of(&config, spec).map(|files| {
                let bytes: u64 = files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum();
                format!("{} files, {bytes} bytes", files.len())
            }),
        );
    }
    let feeds: Vec<&str> = config.sources.iter().map(|s| s.feeds.as_str()).collect();
    for (feed, unlocks) in UNLOCKS {
        let says = if feeds.contains(feed) {
            format!("has {feed}: {unlocks}")
        } else {
            format!("no {feed}, so not: {unlocks}")
        };
        findings.push(Finding {
            subject: "questions".to_owned(),
            is_ok: true,
            says,
        });
    }
    findings.push(check_lake(&config));
    let is_ok = findings.iter().all(|f| f.is_ok);
    if as_json {
        let rows: Vec<_> = findings
            .iter()
            .map(|f| json!({"subject": f.subject, "ok": f.is_ok, "says": f.says}))
            .collect();
        print(&(serde_json::to_string_pretty(&rows)? + "\n"));
    } else {
        let mut out = String::new();
        for f in &findings {
            let mark = if f.is_ok { "ok  " } else { "FAIL" };
            let _ = writeln!(out, "{mark} {}: {}", f.subject, f.says.replace('\n', "\n     "));
        }
        print(&out);
    }
    Ok(if is_ok { ExitCode::Done } else { ExitCode::Usage })
}

/// What each kind of input is needed for.
const UNLOCKS: &[(&str, &str)] = &[
    (
        "orders",
        "contacts per 100 orders, purchases after a contact, repeat buyers",
    ),
    ("checkouts", "contacts before a lost cart"),
    ("returns", "contacts before a return"),
    ("campaigns", "campaigns mentioned in contacts"),
    ("sends", "contacts that a campaign brings, against its hold-out"),
    (
        "ratings",
        "satisfaction by tag, channel and bot (unless conversations carry ratings)",
    ),
    (
        "conversation_events",
        "resolution times, reopenings, transfers (unless conversations carry events)",
    ),
    ("faq_entries", "which issue has an answer already"),
    ("help_searches", "what customers searched before they wrote"),
];

fn check_tags(config: &Config) -> Finding {
    let subject = "tags".to_owned();
    match tagger::load(config) {
        Ok(tagger) => {
            let failures = tagger.rulebook.check_examples();
            let model = tagger
                .model
                .as_ref()
                .map_or("no model".to_owned(), |m| format!("model {}", m.id()));
            let says = format!(
                "{} tags, {} rules, {model}, version {}, {} examples that do not hold",
                tagger.taxonomy.tags().len(),
                tagger.rulebook.rules().len(),
                tagger.version(),
                failures.len()
            );
            Finding {
                subject,
                is_ok: failures.is_empty(),
                says,
            }
        }
        Err(e) => Finding {
            subject,
            is_ok: false,
            says: Failure::usage(e).to_string(),
        },
    }
}

/// Nothing to say of LSA, which needs nothing.
fn check_embedder(config: &Config) -> Option<Finding> {
    let subject = "embedder".to_owned();
    match Vectors::open(&config.issues, &config.folder) {
        Ok(None) => None,
        Ok(Some(vectors)) => Some(Finding {
            subject,
            is_ok: true,
            says: vectors.id().to_owned(),
        }),
        Err(e) => Some(Finding {
            subject,
            is_ok: false,
            says: Failure::usage(e).to_string(),
        }),
    }
}

fn check_lake(config: &Config) -> Finding {
    let subject = format!("lake {}", config.lake.path().display());
    let says = || -> Result<String, refrain_lake::LakeError> {
        let Some(lake) = Snapshot::open(&config.lake)? else {
            return Ok("empty, the first run makes it".to_owned());
        };
        let (files, rows) = lake
            .files()
            .fold((0, 0), |(files, rows), (_, f)| (files + 1, rows + f.rows));
        Ok(format!("published up to {}, {files} files, {rows} rows", lake.as_of()?))
    };
    match says() {
        Ok(says) => Finding {
            subject,
            is_ok: true,
            says,
        },
        Err(e) => Finding {
            subject,
            is_ok: false,
            says: e.to_string(),
        },
    }
}
