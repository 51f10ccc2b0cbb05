//! From the sources of the config to feeds: which files, opened how, read in which order.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use refrain_ingest::{Feeds, Input, Markers, RawCell, SourceSpec, read_source};
use refrain_lake::{Cell, ParquetSource};

use crate::config::Config;
use crate::progress::Progress;

const BUFFER_BYTES: usize = 1 << 20;

/// Reads every source of the config. Files of a source are read in path order, sources in config order.
///
/// # Errors
/// When a source has no file, or a file lacks a column that the mapping names.
pub(crate) fn read_exports(config: &Config, progress: &Progress) -> anyhow::Result<Feeds> {
    let mut jobs = Vec::new();
    for spec in &config.sources {
        for path in files_of(config, spec)? {
            jobs.push((spec, path));
        }
    }
    let bar = progress.bytes("reading exports", jobs.iter().map(|(_, path)| size_of(path)).sum());
    // One file after the other: rows of a source may replace earlier ones; ingest parses each batch on all cores.
    let mut feeds = Feeds::default();
    for (spec, path) in &jobs {
        read_file(config, spec, path, &mut feeds)
            .with_context(|| format!("source `{}` of shop `{}`", spec.source_id(), spec.shop))?;
        bar.inc(size_of(path));
    }
    bar.finish();
    Ok(feeds)
}

/// The files of a source, in path order.
///
/// # Errors
/// When the pattern is wrong, a folder cannot be listed, or nothing matches.
pub(crate) fn files_of(config: &Config, spec: &SourceSpec) -> anyhow::Result<Vec<PathBuf>> {
    let pattern = config.path(Path::new(&spec.path));
    let pattern = pattern.to_string_lossy();
    let entries = glob::glob(&pattern).map_err(|e| {
        anyhow!(
            "`path` of source `{}` of shop `{}` is `{}`: {e}",
            spec.source_id(),
            spec.shop,
            spec.path
        )
    })?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| {
            anyhow!(
                "cannot list `{}` for source `{}` of shop `{}`: {}\nhint: let the user who runs refrain read that folder",
                e.path().display(),
                spec.source_id(),
                spec.shop,
                e.error()
            )
        })?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        unreadable_parent(&pattern, spec)?;
        return Err(anyhow!(
            "no file matches `{}` of source `{}` of shop `{}`\nhint: check `path`; it is relative to the config's folder",
            spec.path,
            spec.source_id(),
            spec.shop
        ));
    }
    files.sort();
    Ok(files)
}

/// The glob passes over folders that it may not list; say so instead of "no file".
fn unreadable_parent(pattern: &str, spec: &SourceSpec) -> anyhow::Result<()> {
    let plain: PathBuf = Path::new(pattern)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']))
        .collect();
    let folder = if plain.is_dir() {
        plain.as_path()
    } else {
        plain.parent().unwrap_or(Path::new("."))
    };
    match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Err(anyhow!(
            "cannot list `{}` for source `{}` of shop `{}`: {e}\nhint: let the user who runs refrain read that folder",
            folder.display(),
            spec.source_id(),
            spec.shop
        )),
        _ => Ok(()),
    }
}

fn size_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |m| m.len())
}

/// Rows of a Parquet file, or what is wrong with it.
type RawRows = Box<dyn Iterator<Item = Result<Vec<RawCell>, String>>>;

fn read_file(config: &Config, spec: &SourceSpec, path: &Path, feeds: &mut Feeds) -> anyhow::Result<()> {
    let Some(shop) = config.shop(&spec.shop) else {
        return Err(anyhow!("there is no shop `{}`", spec.shop));
    };
    // The name that stands in `rejects`: the same wherever the project lies.
    let name = path
        .strip_prefix(&config.folder)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned();
    if spec.kind == "parquet" {
        let (columns, mut rows): (_, RawRows) = match ParquetSource::open(path) {
            Ok(source) => {
                let columns = source.columns().to_vec();
                (
                    columns,
                    Box::new(source.map(|row| row.map(|cells| cells.into_iter().map(raw_cell).collect()))),
                )
            }
            Err(e) => (Vec::new(), Box::new(std::iter::once(Err(one_line(&e))))),
        };
        let input = Input::Rows {
            file: &name,
            columns,
            rows: &mut *rows,
        };
        return Ok(read_source(spec, shop, &config.key, input, feeds)?);
    }
    let reader: Box<dyn BufRead + Send> = match File::open(path) {
        Ok(file) => Box::new(BufReader::with_capacity(BUFFER_BYTES, file)),
        Err(e) => Box::new(BufReader::new(Broken(Some(e)))),
    };
    Ok(read_source(
        spec,
        shop,
        &config.key,
        Input::Bytes { file: &name, reader },
        feeds,
    )?)
}

/// An error and its causes on one line.
fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string().replace('\n', " ");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// A file that could not be opened, as a reader that fails: ingest makes the reject, as for any other fault.
struct Broken(Option<std::io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| std::io::Error::other("cannot be read")))
    }
}

fn raw_cell(cell: Cell) -> RawCell {
    match cell {
        Cell::Null => RawCell::Null,
        Cell::Text(v) => RawCell::Text(v),
        Cell::Int(v) => RawCell::Int(v),
        Cell::Float(v) => RawCell::Float(v),
        Cell::Bool(v) => RawCell::Bool(v),
        Cell::Time { at, is_utc: true } => RawCell::Time(at),
        Cell::Time { at, is_utc: false } => RawCell::LocalTime(at),
        Cell::List(items) => RawCell::List(items.into_iter().map(raw_cell).collect()),
        Cell::Struct(fields) => {
            RawCell::Struct(fields.into_iter().map(|(name, cell)| (name, raw_cell(cell))).collect())
        }
    }
}

/// The marker phrases of the config, or the built-in ones.
///
/// # Errors
/// When the file cannot be read or is no such TOML.
pub(crate) fn markers(config: &Config) -> anyhow::Result<Markers> {
    Ok(Markers::from_toml(&marker_text(config)?)?)
}

/// The text of the marker file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn marker_text(config: &Config) -> anyhow::Result<String> {
    match &config.tags.markers {
        Some(path) => {
            let path = config.path(path);
            std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
        }
        None => Ok(crate::shipped::MARKERS.to_owned()),
    }
}
