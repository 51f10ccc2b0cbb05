//! Records of delimited text as RFC 4180 has them, over lines that keep the file's own numbers.
//!
//! A quote that never closes would swallow the rest of the file: then only its first line is refused and reading goes
//! on with the next. A quote inside an unquoted field is an ordinary character.

use std::collections::VecDeque;

use refrain_record::RejectCause;

use crate::lines::{Broken, Line, LineReader};

/// One record, or what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// The bytes of a record, line ends inside quotes included.
    Whole(Vec<u8>),
    /// A record that cannot be read.
    Bad(RejectCause, &'static str),
    /// No more records.
    End,
}

/// Joins lines to records.
pub(crate) struct RecordReader<'a> {
    lines: LineReader<'a>,
    /// Lines read ahead of an unclosed quote, with their numbers.
    ahead: VecDeque<(u64, Vec<u8>)>,
    delimiter: u8,
    max_bytes: u64,
    /// Number of the first line of the record that was read last.
    pub(crate) number: u64,
}

impl<'a> RecordReader<'a> {
    pub(crate) const fn new(lines: LineReader<'a>, delimiter: u8, max_bytes: u64) -> Self {
        Self {
            lines,
            ahead: VecDeque::new(),
            delimiter,
            max_bytes,
            number: 0,
        }
    }

    /// The next record; blank lines are none.
    pub(crate) fn read(&mut self) -> Result<Record, Broken> {
        loop {
            match self.next_line()? {
                Line::End => return Ok(Record::End),
                Line::TooLarge => {
                    return Ok(Record::Bad(
                        RejectCause::TooLarge,
                        "the line is longer than `max_row_bytes`",
                    ));
                }
                Line::Whole => {}
            }
            let Some((number, first)) = self.ahead.pop_front() else {
                return Ok(Record::End);
            };
            self.number = number;
            if first.iter().all(u8::is_ascii_whitespace) && !first.contains(&self.delimiter) {
                continue;
            }
            return self.join(first);
        }
    }

    /// Puts the next line at the front of `ahead`, unless it is there already.
    fn next_line(&mut self) -> Result<Line, Broken> {
        if !self.ahead.is_empty() {
            return Ok(Line::Whole);
        }
        let line = self.read_ahead()?;
        if line == Line::TooLarge {
            self.number = self.lines.number;
        }
        Ok(line)
    }

    fn read_ahead(&mut self) -> Result<Line, Broken> {
        let mut buffer = Vec::new();
        let line = self
            .lines
            .read(&mut buffer)
            .inspect_err(|_| self.number = self.lines.number)?;
        if line == Line::Whole {
            self.ahead.push_back((self.lines.number, buffer));
        }
        Ok(line)
    }

    fn join(&mut self, first: Vec<u8>) -> Result<Record, Broken> {
        let mut state = State::FieldStart;
        state.scan(&first, self.delimiter);
        if state != State::Quoted {
            return Ok(Record::Whole(first));
        }
        let mut record = first;
        let mut taken = 0;
        while state == State::Quoted {
            let more = taken < self.ahead.len() || matches!(self.read_ahead()?, Line::Whole);
            let next = self.ahead.get(taken).filter(|_| more);
            let Some((_, line)) = next.filter(|(_, line)| (record.len() + line.len()) as u64 <= self.max_bytes) else {
                return Ok(Record::Bad(RejectCause::InvalidCsv, "a quote is not closed"));
            };
            record.push(b'\n');
            record.extend_from_slice(line);
            state.scan(line, self.delimiter);
            taken += 1;
        }
        self.ahead.drain(..taken);
        Ok(Record::Whole(record))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first of two.
    QuoteInQuoted,
}

impl State {
    fn scan(&mut self, line: &[u8], delimiter: u8) {
        if *self == Self::FieldStart && !line.contains(&b'"') {
            return;
        }
        for byte in line {
            *self = self.after(*byte, delimiter);
        }
    }

    const fn after(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::FieldStart, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::QuoteInQuoted,
            (Self::Quoted, _) | (Self::QuoteInQuoted, b'"') => Self::Quoted,
            (_, byte) if byte == delimiter => Self::FieldStart,
            _ => Self::Plain,
        }
    }
}

/// Splits a record into its fields; `None` when it is no UTF-8.
pub(crate) fn split_record(record: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let text = std::str::from_utf8(record).ok()?;
    let mut fields = Vec::new();
    let mut field = Vec::new();
    let mut state = State::FieldStart;
    for byte in text.bytes() {
        let next = state.after(byte, delimiter);
        match (state, next) {
            // The quotes around a field, and the first of two inside it, are not content.
            (State::FieldStart, State::Quoted) | (State::Quoted, State::QuoteInQuoted) => {}
            (_, State::FieldStart) => fields.push(take_field(&mut field)),
            _ => field.push(byte),
        }
        state = next;
    }
    fields.push(take_field(&mut field));
    Some(fields)
}

/// Delimiter and quote are ASCII, so cutting there leaves UTF-8.
fn take_field(field: &mut Vec<u8>) -> String {
    String::from_utf8(std::mem::take(field)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Encoding;
    use proptest::prelude::*;

    fn records(text: &[u8], delimiter: u8, max: u64) -> Vec<(u64, Result<Vec<String>, RejectCause>)> {
        let lines = LineReader::open(Box::new(text), Encoding::Utf8, max).unwrap();
        let mut reader = RecordReader::new(lines, delimiter, max);
        let mut all = Vec::new();
        loop {
            match reader.read().unwrap() {
                Record::End => return all,
                Record::Whole(record) => {
                    all.push((
                        reader.number,
                        split_record(&record, delimiter).ok_or(RejectCause::InvalidUtf8),
                    ));
                }
                Record::Bad(cause, _) => all.push((reader.number, Err(cause))),
            }
        }
    }

    fn strings(fields: &[&str]) -> Result<Vec<String>, RejectCause> {
        Ok(fields.iter().map(|f| (*f).to_owned()).collect())
    }

    #[test]
    fn quotes_line_ends_and_numbers() {
        let text = b"a,b\r\n\"x\n\"\"y\"\"\",2\n\n  \nz,\"3\"\n,";
        assert_eq!(
            records(text, b',', 100),
            [
                (1, strings(&["a", "b"])),
                (2, strings(&["x\n\"y\"", "2"])),
                (6, strings(&["z", "3"])),
                (7, strings(&["", ""]))
            ]
        );
        assert_eq!(
            records(b"it\"s;5\" tv", b';', 100),
            [(1, strings(&["it\"s", "5\" tv"]))]
        );
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        let text = b"1,\"open\n2,b\n3,\"c\nd\"\n4,e";
        // The quote of line 1 closes at line 3's first, so the record ends there; the rest recovers.
        let all = records(text, b',', 100);
        assert_eq!(all.last(), Some(&(5, strings(&["4", "e"]))));
        let all = records(b"1,a\n2,\"open\n3,c\n4,d", b',', 100);
        let bad = Err(RejectCause::InvalidCsv);
        assert_eq!(
            all,
            [
                (1, strings(&["1", "a"])),
                (2, bad.clone()),
                (3, strings(&["3", "c"])),
                (4, strings(&["4", "d"]))
            ]
        );
        let all = records(b"\"open\n3,ccccccc\n4,d", b',', 10);
        assert_eq!(
            all,
            [(1, bad), (2, strings(&["3", "ccccccc"])), (3, strings(&["4", "d"]))]
        );
    }

    #[test]
    fn wide_lines_are_refused() {
        let all = records(b"1,a\n2,bbbbbbbbbbbbbb\n3,c", b',', 8);
        assert_eq!(
            all,
            [
                (1, strings(&["1", "a"])),
                (2, Err(RejectCause::TooLarge)),
                (3, strings(&["3", "c"]))
            ]
        );
    }

    proptest! {
        /// The `csv` crate writes, we read.
        #[test]
        fn reads_what_csv_writes(rows in prop::collection::vec(prop::collection::vec("[a-zé\",\n \u{4e2d}]{0,6}", 2), 1..8)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let read: Vec<_> = records(&text, b',', 10_000).into_iter().map(|(_, row)| row.unwrap()).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), any::<u8>()], 0..200)) {
            let all = records(&bytes, b',', 50);
            let numbers: Vec<u64> = all.iter().map(|(number, _)| *number).collect();
            prop_assert!(numbers.is_sorted());
            prop_assert!(numbers.last().copied().unwrap_or(0) <= bytes.iter().filter(|b| **b == b'\n').count() as u64 + 1);
        }
    }
}
