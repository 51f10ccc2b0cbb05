//! A file's bytes as lines of UTF-8: decompression, encodings, and lines that are too long to hold.
//!
//! Line numbers are the file's own, from 1, whatever is skipped or rejected before.

use std::io::{self, BufRead, BufReader, Read};

use refrain_record::RejectCause;

use crate::spec::Encoding;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BOM: &[u8] = b"\xef\xbb\xbf";
const BUFFER: usize = 256 << 10;

type Bytes<'a> = Box<dyn BufRead + Send + 'a>;

/// Why reading stops before the end of a file.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) cause: RejectCause,
    pub(crate) detail: &'static str,
}

impl Broken {
    fn from_error(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self {
                cause: RejectCause::TruncatedFile,
                detail: "the file ends in the middle of its compression",
            },
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self {
                cause: RejectCause::UnreadableFile,
                detail: "the file's compression is damaged",
            },
            _ => Self {
                cause: RejectCause::UnreadableFile,
                detail: "the file could not be read on",
            },
        }
    }
}

/// One line, or what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// The buffer holds it, without its line end.
    Whole,
    /// Longer than allowed; skipped.
    TooLarge,
    /// No more lines.
    End,
}

/// Reads lines of at most a given length.
pub(crate) struct LineReader<'a> {
    bytes: Bytes<'a>,
    max_bytes: u64,
    /// Number of the line that was read last.
    pub(crate) number: u64,
}

impl<'a> LineReader<'a> {
    /// Unpacks gzip and zstd by their magic and decodes to UTF-8.
    pub(crate) fn open(reader: Bytes<'a>, encoding: Encoding, max_bytes: u64) -> Result<Self, Broken> {
        let bytes = unpack(reader)
            .and_then(|plain| decode(plain, encoding))
            .map_err(|e| Broken::from_error(&e))?;
        Ok(Self {
            bytes,
            max_bytes,
            number: 0,
        })
    }

    /// Reads the next line into `buffer`, over what it held.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Line, Broken> {
        buffer.clear();
        let limit = self.max_bytes.saturating_add(2);
        let mut limited = Read::take(&mut self.bytes, limit);
        let result = limited.read_until(b'\n', buffer);
        if let Err(error) = result {
            self.number += 1;
            return Err(Broken::from_error(&error));
        }
        if buffer.is_empty() {
            return Ok(Line::End);
        }
        self.number += 1;
        if buffer.last() == Some(&b'\n') {
            buffer.pop();
            if buffer.last() == Some(&b'\r') {
                buffer.pop();
            }
        } else if buffer.len() as u64 == limit {
            self.bytes.skip_until(b'\n').map_err(|e| Broken::from_error(&e))?;
            return Ok(Line::TooLarge);
        }
        if self.number == 1 && buffer.starts_with(BOM) {
            buffer.drain(..BOM.len());
        }
        Ok(if buffer.len() as u64 > self.max_bytes {
            Line::TooLarge
        } else {
            Line::Whole
        })
    }
}

/// Fills the reader's buffer until it holds `length` bytes or the file ends; a prefix to sniff at.
fn prefix<'a>(mut reader: Bytes<'a>, length: usize) -> io::Result<(Vec<u8>, Bytes<'a>)> {
    let mut head = Vec::with_capacity(length);
    Read::take(&mut reader, length as u64).read_to_end(&mut head)?;
    let whole = io::Cursor::new(head.clone()).chain(reader);
    Ok((head, Box::new(BufReader::with_capacity(BUFFER, whole))))
}

fn unpack(reader: Bytes<'_>) -> io::Result<Bytes<'_>> {
    let (head, whole) = prefix(reader, 4)?;
    Ok(if head.starts_with(&GZIP) {
        Box::new(BufReader::with_capacity(
            BUFFER,
            flate2::bufread::MultiGzDecoder::new(whole),
        ))
    } else if head == ZSTD {
        Box::new(BufReader::with_capacity(
            BUFFER,
            zstd::stream::read::Decoder::with_buffer(whole)?,
        ))
    } else {
        whole
    })
}

fn decode(reader: Bytes<'_>, encoding: Encoding) -> io::Result<Bytes<'_>> {
    let (head, whole) = prefix(reader, 3)?;
    let step = match (head.as_slice(), encoding) {
        ([0xff, 0xfe, ..], _) => Step::Utf16 { big_endian: false },
        ([0xfe, 0xff, ..], _) => Step::Utf16 { big_endian: true },
        ([0xef, 0xbb, 0xbf], _) | (_, Encoding::Utf8) => return Ok(whole),
        (_, Encoding::Utf16) => Step::Utf16 { big_endian: false },
        (_, Encoding::Windows1252) => Step::Windows1252,
    };
    let transcoder = Transcoder {
        bytes: whole,
        step,
        ready: Vec::new(),
        at: 0,
        high: None,
    };
    Ok(Box::new(BufReader::with_capacity(BUFFER, transcoder)))
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Utf16 { big_endian: bool },
    Windows1252,
}

/// Turns another encoding into UTF-8; what is no character becomes the byte 0xFF, so that its line is refused.
struct Transcoder<'a> {
    bytes: Bytes<'a>,
    step: Step,
    ready: Vec<u8>,
    at: usize,
    high: Option<u16>,
}

impl Read for Transcoder<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            self.ready.clear();
            self.at = 0;
            if !self.fill()? {
                break;
            }
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl Transcoder<'_> {
    /// Decodes some more; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = Vec::with_capacity(8192);
        Read::take(&mut self.bytes, 8192).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            if self.high.take().is_some() {
                self.ready.push(0xff);
                return Ok(true);
            }
            return Ok(false);
        }
        match self.step {
            Step::Windows1252 => chunk
                .iter()
                .for_each(|byte| push_char(&mut self.ready, windows_1252(*byte))),
            Step::Utf16 { big_endian } => {
                for pair in chunk.chunks(2) {
                    let Ok(pair) = <[u8; 2]>::try_from(pair) else {
                        self.ready.push(0xff);
                        continue;
                    };
                    self.push_unit(if big_endian {
                        u16::from_be_bytes(pair)
                    } else {
                        u16::from_le_bytes(pair)
                    });
                }
            }
        }
        Ok(true)
    }

    fn push_unit(&mut self, unit: u16) {
        let first = self.high.take();
        if (0xd800..0xdc00).contains(&unit) {
            if first.is_some() {
                self.ready.push(0xff);
            }
            self.high = Some(unit);
            return;
        }
        let units = first.into_iter().chain([unit]);
        for decoded in char::decode_utf16(units) {
            match decoded {
                Ok(c) => push_char(&mut self.ready, c),
                Err(_) => self.ready.push(0xff),
            }
        }
    }
}

fn push_char(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The upper half of the C1 range as Windows fills it; five bytes stay controls, as the WHATWG has it.
fn windows_1252(byte: u8) -> char {
    const C1: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => C1[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    type Numbered = (u64, Line, Vec<u8>);

    fn read_all(bytes: &[u8], encoding: Encoding, max: u64) -> (Vec<Numbered>, Option<RejectCause>) {
        let mut lines = Vec::new();
        let mut reader = match LineReader::open(Box::new(bytes), encoding, max) {
            Ok(reader) => reader,
            Err(broken) => return (lines, Some(broken.cause)),
        };
        let mut buffer = Vec::new();
        loop {
            match reader.read(&mut buffer) {
                Ok(Line::End) => return (lines, None),
                Ok(line) => lines.push((reader.number, line, buffer.clone())),
                Err(broken) => return (lines, Some(broken.cause)),
            }
        }
    }

    fn texts(bytes: &[u8], encoding: Encoding) -> Vec<String> {
        let (lines, broken) = read_all(bytes, encoding, 1000);
        assert!(broken.is_none());
        lines
            .into_iter()
            .map(|(_, _, text)| String::from_utf8(text).unwrap())
            .collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn unpacks_what_it_sniffs() {
        let plain = b"a\nb\r\nc";
        let expected = ["a", "b", "c"];
        assert_eq!(texts(plain, Encoding::Utf8), expected);
        assert_eq!(texts(&gzip(plain), Encoding::Utf8), expected);
        assert_eq!(
            texts(&zstd::encode_all(&plain[..], 3).unwrap(), Encoding::Utf8),
            expected
        );
        let twice = [gzip(b"a\n"), gzip(b"b\nc")].concat();
        assert_eq!(texts(&twice, Encoding::Utf8), expected);
        assert!(texts(b"", Encoding::Utf8).is_empty());
    }

    #[test]
    fn decodes() {
        assert_eq!(texts(b"\xef\xbb\xbfid\n1", Encoding::Windows1252), ["id", "1"]);
        assert_eq!(texts(b"caf\xe9 \x80", Encoding::Windows1252), ["café €"]);
        let utf16 = |text: &str| {
            [
                vec![0xff, 0xfe],
                text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            ]
            .concat()
        };
        assert_eq!(texts(&utf16("größe\n😀"), Encoding::Utf8), ["größe", "😀"]);
        let big: Vec<u8> = [
            vec![0xfe, 0xff],
            "é\n".encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ]
        .concat();
        assert_eq!(texts(&big, Encoding::Utf16), ["é"]);
        let (lines, _) = read_all(&[0xff, 0xfe, 0x00, 0xd8, b'\n', 0, b'x', 0], Encoding::Utf16, 10);
        assert!(std::str::from_utf8(&lines[0].2).is_err());
        assert_eq!(lines[1].2, b"x");
    }

    #[test]
    fn long_lines_are_skipped_whole() {
        let (lines, _) = read_all(b"1234\n12345\n123456789\n1", Encoding::Utf8, 4);
        let kinds: Vec<_> = lines.iter().map(|(number, line, _)| (*number, *line)).collect();
        assert_eq!(
            kinds,
            [
                (1, Line::Whole),
                (2, Line::TooLarge),
                (3, Line::TooLarge),
                (4, Line::Whole)
            ]
        );
    }

    #[test]
    fn a_cut_file_gives_what_came_before() {
        let text: String = (0..20_000).map(|n| format!("line {n} {}\n", n * 7919 % 1000)).collect();
        let whole = gzip(text.as_bytes());
        let (lines, broken) = read_all(&whole[..whole.len() / 2], Encoding::Utf8, 1000);
        assert_eq!(broken, Some(RejectCause::TruncatedFile));
        assert!(lines.len() > 100);
        assert_eq!(lines[99].2, format!("line 99 {}", 99 * 7919 % 1000).as_bytes());
        let cut = zstd::encode_all(text.as_bytes(), 3).unwrap();
        assert_eq!(
            read_all(&cut[..cut.len() / 2], Encoding::Utf8, 1000).1,
            Some(RejectCause::TruncatedFile)
        );
    }
}
