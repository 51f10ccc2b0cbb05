//! One input of one source into [`Feeds`]: rows are parsed in parallel and taken in the file's order.

mod absorb;
mod commerce;
mod parse;
mod transcript;

use std::io::BufRead;

use rayon::prelude::*;
use refrain_record::tables::Reject;
use refrain_record::{Feed, Label, RejectCause};

use crate::columns::{self, Column, Layout};
use crate::delimited::{Record, RecordReader, split_record};
use crate::fields::Bad;
use crate::lines::{Broken, Line, LineReader};
use crate::spec::{Format, Source};
use crate::{Feeds, IdentityKey, RawCell, Shop, SourceError, SourceSpec};

use absorb::Absorber;
use parse::{Parsed, Tables, parse_row};

/// Rows parsed at once: enough to share out, few enough to hold.
const BATCH_ROWS: usize = 2048;
const BATCH_BYTES: usize = 16 << 20;

/// One opened input of a source.
pub enum Input<'a> {
    /// The bytes of a file, compressed or not.
    Bytes {
        /// File, as rejects name it.
        file: &'a str,
        /// Its bytes.
        reader: Box<dyn BufRead + Send + 'a>,
    },
    /// Typed rows that the caller opened, such as those of a Parquet file.
    Rows {
        /// File, as rejects name it.
        file: &'a str,
        /// Names of the cells.
        columns: Vec<String>,
        /// The rows, or what is wrong with the file from there on.
        rows: &'a mut dyn Iterator<Item = Result<Vec<RawCell>, String>>,
    },
}

impl Input<'_> {
    const fn file(&self) -> &str {
        match self {
            Self::Bytes { file, .. } | Self::Rows { file, .. } => file,
        }
    }
}

/// Reads one input of a source into `out`: redacted, keyed, one row for each id.
///
/// Bad rows become `out.rejects`, each counted in the source's account; a file that is empty, unreadable or lacks a
/// column becomes one reject that counts no row. A file cut off in its compression keeps the rows before the cut and
/// counts one rejected row for the rest. Several inputs of a source are read one after the other into the same `out`.
///
/// # Errors
/// When the source's settings are wrong, or the file has no column for what the mapping names or the feed needs.
pub fn read_source(
    spec: &SourceSpec,
    shop: &Shop,
    key: &IdentityKey,
    input: Input<'_>,
    out: &mut Feeds,
) -> Result<(), SourceError> {
    let source = spec.compile_for(shop)?;
    let file = u32::try_from(out.files.len()).unwrap_or(u32::MAX);
    out.files.push(Label(input.file().to_owned()));
    out.account(&source.shop, &source.name, source.feed);
    out.abandon_after_s
        .insert((source.shop.clone(), source.name.clone()), source.abandon_after_s);
    let mut reading = Reading {
        absorber: Absorber::new(&source, file, out),
        source: &source,
        key,
        file,
    };
    let result = reading.read(input);
    reading.absorber.finish();
    result
}

/// A row as its format gives it.
pub(crate) enum RawRow {
    Json(Vec<u8>),
    Csv(Vec<u8>),
    Cells(Vec<RawCell>),
}

impl RawRow {
    const fn size(&self) -> usize {
        match self {
            Self::Json(bytes) | Self::Csv(bytes) => bytes.len(),
            // Only to bound a batch; typed rows come from a reader that bounds its own.
            Self::Cells(cells) => cells.len() * 64,
        }
    }
}

struct Reading<'a> {
    absorber: Absorber<'a>,
    source: &'a Source,
    key: &'a IdentityKey,
    file: u32,
}

impl Reading<'_> {
    fn read(&mut self, input: Input<'_>) -> Result<(), SourceError> {
        match (input, self.source.format) {
            (Input::Bytes { reader, .. }, Format::JsonLines) => {
                match LineReader::open(reader, self.source.encoding, self.source.max_row_bytes) {
                    Ok(lines) => self.read_json_lines(lines),
                    Err(broken) => self.broken(0, &broken),
                }
                Ok(())
            }
            (Input::Bytes { reader, file }, Format::Csv) => {
                match LineReader::open(reader, self.source.encoding, self.source.max_row_bytes) {
                    Ok(lines) => self.read_csv(file, lines),
                    Err(broken) => {
                        self.broken(0, &broken);
                        Ok(())
                    }
                }
            }
            (Input::Rows { file, columns, rows }, _) => self.read_rows(file, &columns, rows),
            (Input::Bytes { .. }, Format::Rows) => Err(SourceError::invalid(
                "the input of a `parquet` source",
                "bytes",
                "rows that the caller opened",
            )),
        }
    }

    fn read_json_lines(&mut self, mut lines: LineReader<'_>) {
        let mut batch = Batch::default();
        let mut num_rows = 0u64;
        loop {
            let mut buffer = Vec::new();
            match lines.read(&mut buffer) {
                Ok(Line::Whole) if buffer.iter().all(u8::is_ascii_whitespace) => continue,
                Ok(Line::Whole) => batch.push(lines.number, RawRow::Json(buffer)),
                Ok(Line::TooLarge) => batch.reject(
                    lines.number,
                    RejectCause::TooLarge,
                    "the line is longer than `max_row_bytes`",
                ),
                Ok(Line::End) => break,
                Err(broken) => {
                    self.take(&mut batch, None);
                    return self.broken(lines.number, &broken);
                }
            }
            num_rows += 1;
            if batch.is_full() {
                self.take(&mut batch, None);
            }
        }
        self.take(&mut batch, None);
        if num_rows == 0 {
            self.empty();
        }
    }

    fn read_csv(&mut self, file: &str, lines: LineReader<'_>) -> Result<(), SourceError> {
        let delimiter = self.source.delimiter;
        let mut records = RecordReader::new(lines, delimiter, self.source.max_row_bytes);
        let header = match records.read() {
            Ok(Record::Whole(header)) => split_record(&header, delimiter),
            Ok(Record::End) => {
                self.empty();
                return Ok(());
            }
            Ok(Record::Bad(..)) => None,
            Err(broken) => {
                self.broken(records.number, &broken);
                return Ok(());
            }
        };
        let Some(header) = header else {
            self.whole_file(RejectCause::InvalidCsv, records.number, "the header cannot be read");
            return Ok(());
        };
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let tables = self.tables(file, &header)?;
        let mut batch = Batch::default();
        let mut num_rows = 0u64;
        loop {
            match records.read() {
                Ok(Record::Whole(record)) => batch.push(records.number, RawRow::Csv(record)),
                Ok(Record::Bad(cause, detail)) => batch.reject(records.number, cause, detail),
                Ok(Record::End) => break,
                Err(broken) => {
                    self.take(&mut batch, Some(&tables));
                    self.broken(records.number, &broken);
                    return Ok(());
                }
            }
            num_rows += 1;
            if batch.is_full() {
                self.take(&mut batch, Some(&tables));
            }
        }
        self.take(&mut batch, Some(&tables));
        if num_rows == 0 {
            self.empty();
        }
        Ok(())
    }

    fn read_rows(
        &mut self,
        file: &str,
        header: &[String],
        rows: &mut dyn Iterator<Item = Result<Vec<RawCell>, String>>,
    ) -> Result<(), SourceError> {
        let mut rows = rows.peekable();
        if matches!(rows.peek(), Some(Err(_))) {
            // A file that cannot be opened has no columns to miss.
            self.whole_file(RejectCause::UnreadableFile, 0, "the file could not be read");
            return Ok(());
        }
        let tables = self.tables(file, header)?;
        let mut batch = Batch::default();
        let mut number = 0u64;
        for row in rows {
            number += 1;
            match row {
                Ok(cells) => batch.push(number, RawRow::Cells(cells)),
                Err(_) => {
                    self.take(&mut batch, Some(&tables));
                    self.broken(
                        number,
                        &Broken {
                            cause: RejectCause::UnreadableFile,
                            detail: "the file could not be read on",
                        },
                    );
                    return Ok(());
                }
            }
            if batch.is_full() {
                self.take(&mut batch, Some(&tables));
            }
        }
        self.take(&mut batch, Some(&tables));
        if number == 0 {
            self.empty();
        }
        Ok(())
    }

    /// Finds the columns of a table; one that is mapped or needed must be there.
    fn tables(&mut self, file: &str, header: &[String]) -> Result<Tables, SourceError> {
        let source = self.source;
        let layout = source.plan.layout(header);
        let turns = (source.feed == Feed::Conversations).then(|| source.turn_plan.layout(header));
        let has = |column: Column| layout.has(column) || turns.as_ref().is_some_and(|turns: &Layout| turns.has(column));
        let mapped = Column::ALL.iter().filter_map(|column| {
            let name = source.mapping.get(column.name())?;
            // Of a conversation's turns only a flat table must have the columns itself.
            let inside = source.feed == Feed::Conversations
                && !columns::is_own(source.feed, *column)
                && layout.has(Column::Messages);
            (!inside && !has(*column)).then_some((*column, name.as_str()))
        });
        let needed = columns::sets_of(source.feed)
            .iter()
            .copied()
            .flatten()
            .filter(|slot| slot.required && !has(slot.column))
            .map(|slot| (slot.column, slot.column.name()));
        if let Some((column, name)) = mapped.chain(needed).next() {
            self.whole_file(
                RejectCause::MissingColumn,
                0,
                &format!("`{name}` for `{}`", column.name()),
            );
            return Err(SourceError::MissingColumn {
                file: file.to_owned(),
                column: name.to_owned(),
                canonical: column.name().to_owned(),
                present: header.to_vec(),
            });
        }
        Ok(Tables {
            layout,
            turns,
            width: header.len(),
        })
    }

    fn take(&mut self, batch: &mut Batch, tables: Option<&Tables>) {
        let Batch { rows, .. } = std::mem::take(batch);
        let (source, key, file) = (self.source, self.key, self.file);
        let parsed: Vec<(u64, Result<Parsed, Bad>)> = rows
            .into_par_iter()
            .map(|(line, row)| {
                (
                    line,
                    row.and_then(|row| parse_row(source, key, tables, file, line, row)),
                )
            })
            .collect();
        for (line, row) in parsed {
            self.absorber.take(line, row);
        }
    }

    /// A file that cannot be read on: a cut counts the row that it cuts.
    fn broken(&mut self, line: u64, broken: &Broken) {
        if broken.cause == RejectCause::TruncatedFile {
            self.absorber.take(line, Err(Bad::new(broken.cause, broken.detail)));
        } else {
            self.whole_file(broken.cause, line, broken.detail);
        }
    }

    fn empty(&mut self) {
        self.whole_file(RejectCause::EmptyFile, 0, "the file has no row");
    }

    fn whole_file(&mut self, cause: RejectCause, line: u64, detail: &str) {
        self.absorber.reject_file(Reject {
            shop_id: self.source.shop.clone(),
            source: self.source.name.clone(),
            feed: self.source.feed,
            file: Label::default(),
            line: i64::try_from(line).unwrap_or(i64::MAX),
            cause,
            detail: detail.to_owned(),
        });
    }
}

/// Rows waiting to be parsed together.
#[derive(Default)]
struct Batch {
    rows: Vec<(u64, Result<RawRow, Bad>)>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, line: u64, row: RawRow) {
        self.bytes += row.size();
        self.rows.push((line, Ok(row)));
    }

    fn reject(&mut self, line: u64, cause: RejectCause, detail: &str) {
        self.rows.push((line, Err(Bad::new(cause, detail))));
    }

    const fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }
}

#[cfg(test)]
mod tests;
