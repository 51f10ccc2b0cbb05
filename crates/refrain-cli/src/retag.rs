//! `run --from --to --only tag`: tags of past conversations anew, from the lake, period by period.
//!
//! Whole files are tagged, those that hold a day of the range, since a file names one version of
//! rulebook and model. Nothing else of the lake is read or written, so ten years need the memory of
//! one month.

use anyhow::anyhow;
use refrain_lake::{FileMeta, Generation, LakeLock, Snapshot};
use refrain_record::tables::{Conversation, ConversationTag, Run};
use refrain_record::{Date, Row, Stage};

use crate::config::Config;
use crate::decisions::Decisions;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use crate::report::{NightReport, Report};
use crate::{stages, tables, tagger};

/// Tags the conversations of `from` to `to`, both included, and publishes what changed.
pub(crate) fn retag(config: &Config, from: Date, to: Date, is_dry: bool, progress: &Progress) -> Outcome<Report> {
    if to < from {
        return Err(Failure::usage(anyhow!("`--to {to}` is before `--from {from}`")));
    }
    let (tagger, vectors) = tagger::load_with_vectors(config).map_err(Failure::usage)?;
    let lock = LakeLock::take(&config.lake)?;
    let lake = Snapshot::require(&config.lake)?;
    let as_of = lake.as_of()?;
    let decisions = Decisions::read(&config.lake)?;
    let meta = FileMeta {
        tagger_version: Some(tagger.version()),
    };
    let wanted = config.period.start(from)..=config.period.start(to);
    let mut periods = lake.periods::<Conversation>();
    periods.retain(|dt| wanted.contains(dt));
    if periods.is_empty() {
        return Err(Failure::usage(anyhow!(
            "the lake holds no conversation from {from} to {to}\nhint: its nights end on {as_of}"
        )));
    }
    let mut generation = Generation::begin(&config.lake, config.period, &lock)?;
    for dt in periods {
        let source = progress.timed("read lake", || tables::read_texts(&lake, dt))?;
        if let Some(vectors) = &vectors {
            let texts = stages::texts_for_model(&source, &tagger);
            progress.timed("embed", || vectors.prepare(&texts))?;
        }
        let rows = progress.timed("tag", || stages::tag(&source, &tagger, &decisions, as_of, progress));
        progress.timed("write", || generation.write_period(dt, &rows, &meta))?;
    }
    generation.keep(ConversationTag::META.name)?;
    let (num_rows, digest) = generation.table_summary(ConversationTag::META.name);
    let mut runs: Vec<Run> = lake.read()?;
    let num_rows = i64::try_from(num_rows).unwrap_or(i64::MAX);
    for run in runs.iter_mut().filter(|r| r.date == as_of && r.stage == Stage::Tag) {
        (run.num_read, run.num_kept) = (num_rows, num_rows);
        run.digest.clone_from(&digest);
    }
    tables::TableWriter::new(&mut generation, &tagger.version()).runs(&runs)?;
    let published = if is_dry {
        generation.discard()?
    } else {
        generation.publish(as_of)?
    };
    Ok(Report {
        nights: vec![NightReport {
            date: as_of,
            accounts: Vec::new(),
            published,
            top_issues: Vec::new(),
        }],
    })
}
