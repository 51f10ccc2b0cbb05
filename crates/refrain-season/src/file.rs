//! Compressed files and CSV rows. Headers carry no time, so same rows give same bytes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::SeasonError;

/// A file being written; its name's ending chooses the compression.
pub(crate) struct Out {
    path: PathBuf,
    sink: Sink,
    /// Bytes before compression.
    pub(crate) num_bytes: u64,
    pub(crate) num_rows: u64,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Out {
    pub(crate) fn create(path: PathBuf) -> Result<Self, SeasonError> {
        let sink = open(&path).map_err(|source| SeasonError::Write {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path,
            sink,
            num_bytes: 0,
            num_rows: 0,
        })
    }

    /// A CSV file with its header.
    pub(crate) fn create_csv(path: PathBuf, header: &[&str]) -> Result<Self, SeasonError> {
        let mut out = Self::create(path)?;
        out.line(&header.join(","))?;
        out.num_rows = 0;
        Ok(out)
    }

    pub(crate) fn line(&mut self, line: &str) -> Result<(), SeasonError> {
        self.num_bytes += line.len() as u64 + 1;
        self.num_rows += 1;
        let sink: &mut dyn Write = match &mut self.sink {
            Sink::Plain(sink) => sink,
            Sink::Gzip(sink) => sink,
            Sink::Zstd(sink) => sink,
        };
        let written = sink.write_all(line.as_bytes()).and_then(|()| sink.write_all(b"\n"));
        written.map_err(|source| SeasonError::Write {
            path: self.path.clone(),
            source,
        })
    }

    pub(crate) fn row(&mut self, row: &CsvRow) -> Result<(), SeasonError> {
        self.line(&row.0)
    }

    pub(crate) fn finish(self) -> Result<(), SeasonError> {
        let Self { path, sink, .. } = self;
        let buffer = match sink {
            Sink::Plain(buffer) => Ok(buffer),
            Sink::Gzip(encoder) => encoder.finish(),
            Sink::Zstd(encoder) => encoder.finish(),
        };
        let flushed = buffer.and_then(|mut buffer| buffer.flush());
        flushed.map_err(|source| SeasonError::Write { path, source })
    }
}

fn open(path: &Path) -> std::io::Result<Sink> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let buffer = BufWriter::new(File::create(path)?);
    Ok(match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => Sink::Gzip(GzEncoder::new(buffer, Compression::new(4))),
        Some("zst") => Sink::Zstd(zstd::Encoder::new(buffer, 3)?),
        _ => Sink::Plain(buffer),
    })
}

/// One CSV row in the making.
#[derive(Default)]
pub(crate) struct CsvRow(String, bool);

impl CsvRow {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(160), false)
    }

    /// Adds a field, quoted where it must be.
    pub(crate) fn add(mut self, field: &str) -> Self {
        if self.1 {
            self.0.push(',');
        }
        self.1 = true;
        if field.contains(['"', ',', '\n', '\r']) {
            self.0.push('"');
            self.0.push_str(&field.replace('"', "\"\""));
            self.0.push('"');
        } else {
            self.0.push_str(field);
        }
        self
    }

    pub(crate) fn maybe(self, field: Option<&str>) -> Self {
        self.add(field.unwrap_or(""))
    }

    /// Cents as `12.30`.
    pub(crate) fn money(self, cents: i64) -> Self {
        self.add(&format!("{}.{:02}", cents / 100, cents % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_needed() {
        let row = CsvRow::new()
            .add("")
            .add("a,b")
            .add("say \"hi\"\nthere")
            .maybe(None)
            .money(1_205);
        assert_eq!(row.0, ",\"a,b\",\"say \"\"hi\"\"\nthere\",,12.05");
    }
}
