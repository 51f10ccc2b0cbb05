//! `rules test` and `rules stats`.

use std::fmt::Write;
use std::path::Path;

use refrain_lake::Snapshot;
use refrain_tag::model::LabelledText;
use serde_json::json;

use crate::args::ConfigArgs;
use crate::config::{Config, DEFAULT_FILE};
use crate::failure::{ExitCode, Failure, Outcome};
use crate::output::print;
use crate::texts::{conversation_text, message_ranges, turns};
use crate::{labels, tables, tagger};

/// Checks the examples of every rule: of the config's rulebook, or of the one that ships.
pub(crate) fn test(config: Option<&Path>) -> Outcome<ExitCode> {
    let default = Path::new(DEFAULT_FILE);
    let tagger = match config.or_else(|| default.is_file().then_some(default)) {
        Some(path) => tagger::load(&Config::load(path, &[]).map_err(Failure::usage)?).map_err(Failure::usage)?,
        None => tagger::shipped()?,
    };
    let failures = tagger.rulebook.check_examples();
    let rules = tagger.rulebook.rules().len();
    if failures.is_empty() {
        print(&format!("{rules} rules: every example holds\n"));
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    for failure in &failures {
        let _ = writeln!(text, "{failure}");
    }
    print(&text);
    Err(Failure::with(
        ExitCode::Failed,
        format!("{} examples of {rules} rules do not hold", failures.len()),
    ))
}

/// Coverage, overlap and conflict of every rule over the lake, or over labelled texts; there precision too.
pub(crate) fn stats(config: &ConfigArgs, labels: Option<&Path>, as_json: bool) -> Outcome<ExitCode> {
    let config = Config::load(&config.config, &config.set).map_err(Failure::usage)?;
    let tagger = tagger::load(&config).map_err(Failure::usage)?;
    let stats = match labels {
        Some(path) => {
            let examples = labels::read(path)?;
            let all_turns: Vec<_> = examples.iter().map(LabelledText::turns).collect();
            let rows = examples.iter().zip(&all_turns);
            tagger
                .rulebook
                .stats(rows.map(|(e, t)| (e.conversation(t), Some(e.tags.as_slice()))))
        }
        None => {
            let source = tables::read_source(&Snapshot::require(&config.lake)?)?;
            let all_turns: Vec<_> = message_ranges(&source)
                .into_iter()
                .map(|range| turns(&source.messages[range]))
                .collect();
            let conversations = source.conversations.iter().zip(&all_turns);
            tagger
                .rulebook
                .stats(conversations.map(|(c, t)| (conversation_text(c, t), None)))
        }
    };
    if as_json {
        let rows: Vec<_> = stats
            .iter()
            .map(|s| json!({"rule": s.rule_id, "tag": s.tag.as_str(), "hits": s.hits, "coverage": s.coverage, "overlap": s.overlap, "conflict": s.conflict, "labelled_hits": s.labelled_hits, "precision": s.precision}))
            .collect();
        print(&(serde_json::to_string_pretty(&rows)? + "\n"));
        return Ok(ExitCode::Done);
    }
    let mut text = format!(
        "{:<44} {:<28} {:>8} {:>9} {:>9} {:>9} {:>9}\n",
        "rule", "tag", "hits", "coverage", "overlap", "conflict", "precision"
    );
    for s in &stats {
        let precision = s.precision.map_or_else(|| "-".to_owned(), |p| format!("{p:.4}"));
        let _ = writeln!(
            text,
            "{:<44} {:<28} {:>8} {:>9.4} {:>9.4} {:>9.4} {precision:>9}",
            s.rule_id,
            s.tag.as_str(),
            s.hits,
            s.coverage,
            s.overlap,
            s.conflict,
        );
    }
    print(&text);
    Ok(ExitCode::Done)
}
