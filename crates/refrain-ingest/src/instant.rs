//! Times as exports write them, to instants.
//!
//! Read without being told: RFC 3339, ISO with a blank or `T` and with or without zone, `31.12.2025 23:59`, RFC 2822,
//! `Tue Oct 31 22:10:47 +0000 2017`, and Unix seconds, milli-, micro- or nanoseconds by their size. A time without
//! zone is wall-clock time of the source's zone: one that the switch to summer time skips moves forward by the gap,
//! one that the switch back repeats is the first of the two.

use jiff::civil;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use refrain_record::{SECOND_US, Timestamp};

use crate::cell::RawCell;
use crate::shop::wall_clock;

/// 1990-01-01 00:00 UTC: a time before it is a mistake, such as a zero epoch.
const EARLIEST: Timestamp = Timestamp::from_seconds(631_152_000);
/// 9999-01-01 00:00 UTC: beyond it zones end.
const LATEST: Timestamp = Timestamp::from_seconds(253_370_764_800);

/// What is wrong with a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeProblem {
    /// No known form.
    Invalid,
    /// Before 1990.
    Ancient,
}

/// How a source writes times.
#[derive(Debug, Clone)]
pub(crate) struct TimeFormat {
    pub(crate) zone: TimeZone,
    pub(crate) pattern: Option<String>,
}

impl TimeFormat {
    /// The instant of a cell; `None` when it holds nothing.
    pub(crate) fn read(&self, cell: &RawCell) -> Result<Option<Timestamp>, TimeProblem> {
        let instant = match cell {
            RawCell::Time(instant) => *instant,
            RawCell::LocalTime(local) => self.local(*local).ok_or(TimeProblem::Invalid)?,
            RawCell::Int(number) => unix(*number),
            RawCell::Float(number) if number.is_nan() => return Ok(None),
            RawCell::Float(number) if number.is_infinite() => return Err(TimeProblem::Invalid),
            RawCell::Float(number) => unix_float(*number),
            RawCell::Bool(_) | RawCell::List(_) | RawCell::Struct(_) => {
                return Err(TimeProblem::Invalid);
            }
            RawCell::Null | RawCell::Text(_) => {
                let Some(text) = cell.id() else {
                    return Ok(None);
                };
                self.parse(&text).ok_or(TimeProblem::Invalid)?
            }
        };
        if instant < EARLIEST {
            return Err(TimeProblem::Ancient);
        }
        if instant >= LATEST {
            Err(TimeProblem::Invalid)
        } else {
            Ok(Some(instant))
        }
    }

    fn parse(&self, text: &str) -> Option<Timestamp> {
        // No form is longer; a long text would only cost time.
        if text.len() > 64 {
            return None;
        }
        if let Some(pattern) = &self.pattern {
            return self.parse_pattern(pattern, text);
        }
        self.parse_iso(text)
            .or_else(|| parse_unix(text))
            .or_else(|| self.parse_dotted(text))
            .or_else(|| parse_named(text))
    }

    fn parse_pattern(&self, pattern: &str, text: &str) -> Option<Timestamp> {
        let broken = strtime::parse(pattern, text).ok()?;
        if let Ok(instant) = broken.to_timestamp() {
            return Some(Timestamp(instant.as_microsecond()));
        }
        let local = broken
            .to_datetime()
            .or_else(|_| broken.to_date().map(civil::Date::into))
            .ok()?;
        wall_clock(&self.zone, local)
    }

    /// `2025-11-03`, then optionally ` 09:05`, `:07`, `.123`, ` UTC`, `Z`, `+0200`, `+02:00` or `+02`.
    fn parse_iso(&self, text: &str) -> Option<Timestamp> {
        let bytes = text.as_bytes();
        let (year, month, day) = if bytes.len() == 8 {
            (number(bytes, 0, 4)?, number(bytes, 4, 2)?, number(bytes, 6, 2)?)
        } else {
            if *bytes.get(4)? != b'-' || *bytes.get(7)? != b'-' {
                return None;
            }
            (number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?)
        };
        let date = civil_date(year, month, day)?;
        if bytes.len() == 8 || bytes.len() == 10 {
            return wall_clock(&self.zone, date.at(0, 0, 0, 0));
        }
        if !matches!(bytes[10], b'T' | b't' | b' ') {
            return None;
        }
        let (time, rest) = parse_clock(text.get(11..)?)?;
        self.place(date, time, rest)
    }

    /// `31.12.2025`, then optionally ` 23:59:58`.
    fn parse_dotted(&self, text: &str) -> Option<Timestamp> {
        let (date, rest) = text.split_once([' ', ',']).unwrap_or((text, ""));
        let mut parts = date.split('.');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || year.len() != 4 {
            return None;
        }
        let date = civil_date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
        let rest = rest.trim_start();
        if rest.is_empty() {
            return wall_clock(&self.zone, date.at(0, 0, 0, 0));
        }
        let (time, rest) = parse_clock(rest)?;
        self.place(date, time, rest)
    }

    fn place(&self, date: civil::Date, time: civil::Time, zone: &str) -> Option<Timestamp> {
        let local = date.to_datetime(time);
        match zone.trim() {
            "" => wall_clock(&self.zone, local),
            "Z" | "z" | "UTC" | "GMT" => wall_clock(&TimeZone::UTC, local),
            offset => {
                let utc = wall_clock(&TimeZone::UTC, local)?;
                Some(utc.plus_seconds(-parse_offset(offset)?))
            }
        }
    }

    fn local(&self, local: Timestamp) -> Option<Timestamp> {
        let civil = TimeZone::UTC.to_datetime(jiff::Timestamp::from_microsecond(local.0).ok()?);
        wall_clock(&self.zone, civil)
    }
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<i32> {
    let digits = bytes.get(at..at + length)?;
    digits
        .iter()
        .try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i32::from(b - b'0')))
}

fn civil_date(year: i32, month: i32, day: i32) -> Option<civil::Date> {
    civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()
}

/// Hours and minutes, then optional seconds and fraction; and what follows them.
fn parse_clock(text: &str) -> Option<(civil::Time, &str)> {
    let bytes = text.as_bytes();
    if *bytes.get(2)? != b':' {
        return None;
    }
    let (hour, minute) = (number(bytes, 0, 2)?, number(bytes, 3, 2)?);
    let mut at = 5;
    let (mut second, mut nanos) = (0, 0);
    if bytes.get(at) == Some(&b':') {
        second = number(bytes, at + 1, 2)?;
        at += 3;
        if matches!(bytes.get(at), Some(b'.' | b',')) {
            let fraction = &bytes[at + 1..];
            let length = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            let digits = fraction[..length].iter().chain(std::iter::repeat(&b'0')).take(9);
            nanos = digits.fold(0, |sum, b| sum * 10 + i32::from(b - b'0'));
            at += 1 + length;
        }
    }
    // A leap second is taken as the second before it, as Unix time does.
    let second = second.min(59);
    let time = civil::Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        nanos,
    )
    .ok()?;
    Some((time, text.get(at..)?))
}

/// Seconds east of UTC of `+02:00`, `+0200` or `+02`.
fn parse_offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: Vec<u8> = text.bytes().skip(1).filter(|b| *b != b':').collect();
    let hours = number(&digits, 0, 2)?;
    let minutes = if digits.len() == 2 { 0 } else { number(&digits, 2, 2)? };
    (matches!(digits.len(), 2 | 4) && hours <= 18 && minutes < 60)
        .then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// Nine digits or more, with an optional fraction: a Unix time.
fn parse_unix(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.len() < 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    if fraction.is_empty() {
        whole.parse().ok().map(unix)
    } else {
        text.parse().ok().map(unix_float)
    }
}

fn unix(number: i64) -> Timestamp {
    match number.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_seconds(number),
        100_000_000_000..100_000_000_000_000 => Timestamp(number.saturating_mul(1000)),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp(number),
        _ => Timestamp(number.div_euclid(1000)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "saturates; far times are refused later"
)]
fn unix_float(number: f64) -> Timestamp {
    if number.abs() < 1e11 {
        Timestamp((number * SECOND_US as f64).round() as i64)
    } else {
        unix(number as i64)
    }
}

/// `Tue Oct 31 22:10:47 +0000 2017` and RFC 2822.
fn parse_named(text: &str) -> Option<Timestamp> {
    if !text.as_bytes().first()?.is_ascii_alphanumeric() {
        return None;
    }
    let instant = strtime::parse("%a %b %d %H:%M:%S %z %Y", text)
        .and_then(|broken| broken.to_timestamp())
        .or_else(|_| rfc2822::DateTimeParser::new().parse_timestamp(text))
        .ok()?;
    Some(Timestamp(instant.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn berlin(pattern: Option<&str>) -> TimeFormat {
        TimeFormat {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            pattern: pattern.map(str::to_owned),
        }
    }

    fn check(text: &str, expected: &str) {
        let read = berlin(None).read(&RawCell::Text(text.to_owned()));
        assert_eq!(
            read.map(|time| time.map(|time| time.to_string())),
            Ok(Some(expected.to_owned())),
            "{text}"
        );
    }

    #[test]
    fn reads_what_exports_write() {
        check("2025-11-03T09:05:07Z", "2025-11-03T09:05:07Z");
        check("2025-11-03T09:05:07.123456789+02:00", "2025-11-03T07:05:07.123456Z");
        check("2025-10-07 09:50:26 +0200", "2025-10-07T07:50:26Z");
        check("2025-10-07 09:50:26-08", "2025-10-07T17:50:26Z");
        check("2025-10-07 09:50:26 UTC", "2025-10-07T09:50:26Z");
        check("2025-11-03 09:05", "2025-11-03T08:05:00Z");
        check("2025-11-03", "2025-11-02T23:00:00Z");
        check("20251103", "2025-11-02T23:00:00Z");
        check("31.12.2025 23:59", "2025-12-31T22:59:00Z");
        check("Tue Oct 31 22:10:47 +0000 2017", "2017-10-31T22:10:47Z");
        check("Tue, 31 Oct 2017 22:10:47 +0100", "2017-10-31T21:10:47Z");
        check("1509487847", "2017-10-31T22:10:47Z");
        check("1509487847.0", "2017-10-31T22:10:47Z");
        check("1509487847000", "2017-10-31T22:10:47Z");
        check("1509487847.5", "2017-10-31T22:10:47.5Z");
    }

    #[test]
    fn switches_of_the_clock() {
        // 02:30 is skipped on 2025-03-30 and comes twice on 2025-10-26.
        check("2025-03-30 02:30:00", "2025-03-30T01:30:00Z");
        check("2025-10-26 02:30:00", "2025-10-26T00:30:00Z");
        let local = RawCell::LocalTime(Timestamp::from_seconds(1_761_445_800));
        assert_eq!(
            berlin(None).read(&local).unwrap().unwrap().to_string(),
            "2025-10-26T00:30:00Z"
        );
    }

    #[test]
    fn refuses_the_rest() {
        let read = |text: &str| berlin(None).read(&RawCell::Text(text.to_owned()));
        for text in [
            "yesterday",
            "2025-13-01",
            "2025-02-30 10:00",
            "12/31/2025",
            "2025-11-03T25:00",
            "123",
            "2025-11-03X09:05",
        ] {
            assert_eq!(read(text), Err(TimeProblem::Invalid), "{text}");
        }
        for text in ["1899-12-30", "1970-01-01T00:00:00Z", "000000000"] {
            assert_eq!(read(text), Err(TimeProblem::Ancient), "{text}");
        }
        for text in ["", "  ", "NaT", "None"] {
            assert_eq!(read(text), Ok(None), "{text}");
        }
        assert_eq!(berlin(None).read(&RawCell::Bool(true)), Err(TimeProblem::Invalid));
        assert_eq!(berlin(None).read(&RawCell::Int(0)), Err(TimeProblem::Ancient));
        assert_eq!(
            berlin(None).read(&RawCell::Float(f64::INFINITY)),
            Err(TimeProblem::Invalid)
        );
    }

    #[test]
    fn follows_a_pattern() {
        let read = |pattern: &str, text: &str| {
            berlin(Some(pattern))
                .read(&RawCell::Text(text.to_owned()))
                .map(|time| time.map(|time| time.to_string()))
        };
        assert_eq!(
            read("%m/%d/%Y %H:%M", "12/31/2025 23:59"),
            Ok(Some("2025-12-31T22:59:00Z".to_owned()))
        );
        assert_eq!(
            read("%d/%m/%Y", "31/12/2025"),
            Ok(Some("2025-12-30T23:00:00Z".to_owned()))
        );
        assert_eq!(
            read("%Y-%m-%d %H:%M %z", "2025-12-31 23:59 +0000"),
            Ok(Some("2025-12-31T23:59:00Z".to_owned()))
        );
        assert_eq!(read("%d/%m/%Y", "2025-12-31"), Err(TimeProblem::Invalid));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_in_range(text in "\\PC{0,40}") {
            if let Ok(Some(time)) = berlin(None).read(&RawCell::Text(text)) {
                prop_assert!(EARLIEST <= time && time < LATEST);
            }
        }

        #[test]
        fn rfc_3339_agrees_with_jiff(seconds in 631_152_000i64..4_102_444_800, offset in -64_800i32..64_800) {
            let instant = jiff::Timestamp::from_second(seconds).unwrap();
            let offset = jiff::tz::Offset::from_seconds(offset / 60 * 60).unwrap();
            let text = instant.display_with_offset(offset).to_string();
            let read = berlin(None).read(&RawCell::Text(text)).unwrap().unwrap();
            prop_assert_eq!(read, Timestamp::from_seconds(seconds));
        }
    }
}
