//! Opening hours of a desk and the open seconds between two instants.
//!
//! `Mo-Fr 08:00-20:00; Sa 09:00-14:00,15:00-17:00`: days, then one or more spans; a span that ends at or before its
//! start runs past midnight and belongs to the day on which it starts. Spans are wall-clock times, so a day on which
//! the clock changes is open for what its clock shows.

use jiff::civil;
use jiff::tz::TimeZone;
use refrain_record::{Date, Timestamp};

use crate::shop::{local_date, wall_clock};

const DAYS: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];
const DAY_MINUTES: u16 = 24 * 60;
const EXPECTED: &str = "days and spans such as `Mo-Fr 08:00-20:00; Sa 09:00-14:00`";

/// When a desk is open, in its own zone.
#[derive(Debug, Clone)]
pub struct OpeningHours {
    /// Spans of each weekday from Monday, as minutes after midnight; an end beyond 24:00 lies on the next day.
    week: [Vec<(u16, u16)>; 7],
    closed: Vec<Date>,
    zone: TimeZone,
}

impl OpeningHours {
    /// Reads the text form; `closed` are days without any span.
    ///
    /// # Errors
    /// What was expected, when the text is of another form.
    pub fn parse(text: &str, mut closed: Vec<Date>, zone: TimeZone) -> Result<Self, String> {
        let mut week: [Vec<(u16, u16)>; 7] = Default::default();
        for rule in text.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
            let (days, spans) = rule.split_once(char::is_whitespace).ok_or(EXPECTED)?;
            let spans = spans
                .split(',')
                .map(parse_span)
                .collect::<Option<Vec<_>>>()
                .ok_or(EXPECTED)?;
            for day in parse_days(days).ok_or(EXPECTED)? {
                week[day].extend_from_slice(&spans);
            }
        }
        if week.iter().all(Vec::is_empty) {
            return Err(EXPECTED.to_owned());
        }
        for spans in &mut week {
            spans.sort_unstable();
            if spans.windows(2).any(|pair| pair[1].0 < pair[0].1) {
                return Err("spans of one day that do not overlap".to_owned());
            }
        }
        let overlaps_next_day = (0..7).any(|day| {
            let end = week[day].last().map_or(0, |span| span.1);
            let next = week[(day + 1) % 7].first().map_or(u16::MAX, |span| span.0);
            end > DAY_MINUTES && end - DAY_MINUTES > next
        });
        if overlaps_next_day {
            return Err("spans past midnight that do not overlap the next day's".to_owned());
        }
        closed.sort_unstable();
        Ok(Self { week, closed, zone })
    }

    /// Open seconds from `start` to `end`; 0 when `end` is not after `start`.
    #[must_use]
    pub fn seconds_between(&self, start: Timestamp, end: Timestamp) -> i64 {
        if end <= start {
            return 0;
        }
        // A span past midnight may have begun the day before.
        let first = local_date(&self.zone, start).plus_days(-1);
        let last = local_date(&self.zone, end);
        let mut open_us = 0i64;
        // An end in the hour that summer time skips moves behind the next span's start; no second counts twice.
        let mut counted = start;
        let mut date = first;
        while date <= last {
            for (opens, closes) in self.spans_on(date) {
                let overlap = closes.min(end).0.saturating_sub(opens.max(counted).0);
                open_us += overlap.max(0);
                counted = counted.max(closes);
            }
            date = date.plus_days(1);
        }
        open_us / refrain_record::SECOND_US
    }

    /// Whether the desk is open at an instant; the end of a span is closed.
    #[must_use]
    pub fn is_open_at(&self, at: Timestamp) -> bool {
        let today = local_date(&self.zone, at);
        [today.plus_days(-1), today]
            .into_iter()
            .any(|date| self.spans_on(date).any(|(opens, closes)| opens <= at && at < closes))
    }

    fn spans_on(&self, date: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let spans = if self.closed.binary_search(&date).is_ok() {
            &[][..]
        } else {
            &self.week[usize::from(date.weekday())][..]
        };
        spans
            .iter()
            .filter_map(move |(from, to)| Some((self.instant(date, *from)?, self.instant(date, *to)?)))
    }

    fn instant(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let date = date.plus_days(i32::from(minute / DAY_MINUTES));
        let minute = minute % DAY_MINUTES;
        let (year, month, day) = date.year_month_day();
        let hour = i8::try_from(minute / 60).ok()?;
        let minute = i8::try_from(minute % 60).ok()?;
        let local = civil::Date::new(year, month, day).ok()?.at(hour, minute, 0, 0);
        wall_clock(&self.zone, local)
    }
}

/// `Mo-Fr`, `Sa`, `Mo,We,Fr`, `Sa-Mo`: weekdays from Monday 0.
fn parse_days(text: &str) -> Option<Vec<usize>> {
    let day = |name: &str| DAYS.iter().position(|day| name.trim().eq_ignore_ascii_case(day));
    let mut days = Vec::new();
    for part in text.split(',') {
        let Some((from, to)) = part.split_once('-') else {
            days.push(day(part)?);
            continue;
        };
        let (from, to) = (day(from)?, day(to)?);
        let length = (to + 7 - from) % 7;
        days.extend((from..=from + length).map(|day| day % 7));
    }
    Some(days)
}

/// `08:00-20:00` as minutes; an end at or before the start lies on the next day.
fn parse_span(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (parse_minute(from)?, parse_minute(to)?);
    (from < DAY_MINUTES).then_some((from, if to <= from { to + DAY_MINUTES } else { to }))
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    if hour.len() > 2 || minute.len() != 2 || !text.trim().bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= DAY_MINUTES).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(text: &str) -> OpeningHours {
        let closed = vec!["2025-12-25".parse().unwrap()];
        OpeningHours::parse(text, closed, TimeZone::get("Europe/Berlin").unwrap()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    fn check(text: &str, start: &str, end: &str, seconds: i64) {
        assert_eq!(
            hours(text).seconds_between(at(start), at(end)),
            seconds,
            "{text} {start} {end}"
        );
    }

    #[test]
    fn counts_open_seconds() {
        let office = "Mo-Fr 08:00-20:00; Sa 09:00-14:00";
        // Wednesday morning, inside one day.
        check(office, "2025-11-05T08:00:00+01:00", "2025-11-05T09:30:00+01:00", 5400);
        // Friday 19:00 to Monday 09:00: one hour, Saturday's five, one hour.
        check(
            office,
            "2025-11-07T19:00:00+01:00",
            "2025-11-10T09:00:00+01:00",
            7 * 3600,
        );
        // Wholly closed.
        check(office, "2025-11-09T08:00:00+01:00", "2025-11-09T20:00:00+01:00", 0);
        check(office, "2025-11-05T09:00:00+01:00", "2025-11-05T08:00:00+01:00", 0);
        // 25 December 2025, a Thursday, is closed.
        check(
            office,
            "2025-12-24T19:00:00+01:00",
            "2025-12-26T09:00:00+01:00",
            2 * 3600,
        );
    }

    #[test]
    fn clock_changes_count_what_passes() {
        // Spring forward on 2025-03-30 02:00: the night from 00:00 to 06:00 has five hours.
        check(
            "Su 00:00-06:00",
            "2025-03-29T12:00:00Z",
            "2025-03-30T12:00:00Z",
            5 * 3600,
        );
        // Fall back on 2025-10-26 03:00: it has seven.
        check(
            "Su 00:00-06:00",
            "2025-10-25T12:00:00Z",
            "2025-10-26T12:00:00Z",
            7 * 3600,
        );
        // Opening at eight by the wall clock on both sides of the switch.
        check("Mo-Su 08:00-20:00", "2025-10-25T18:00:00Z", "2025-10-26T07:00:00Z", 0);
        check("Mo-Su 08:00-20:00", "2025-10-25T05:59:59Z", "2025-10-25T06:00:01Z", 1);
        check(
            "Mo-Su 00:00-24:00",
            "2025-10-25T00:00:00Z",
            "2025-10-28T00:00:00Z",
            3 * 86_400,
        );
    }

    #[test]
    fn nights_belong_to_their_first_day() {
        check(
            "Fr 22:00-02:00",
            "2025-11-07T12:00:00Z",
            "2025-11-08T12:00:00Z",
            4 * 3600,
        );
        assert!(hours("Fr 22:00-02:00").is_open_at(at("2025-11-08T00:30:00+01:00")));
        assert!(!hours("Fr 22:00-02:00").is_open_at(at("2025-11-08T02:00:00+01:00")));
        // The Thursday before is closed, so its night is too.
        check("Th 22:00-02:00", "2025-12-25T12:00:00Z", "2025-12-26T12:00:00Z", 0);
    }

    #[test]
    fn spans_that_meet_in_a_skipped_hour_count_once() {
        // Both 02:15 and 03:00 of that Sunday are behind 02:00, when clocks go forward to 03:00.
        let text = "Mo-Su 03:00-02:15";
        check(text, "2025-03-30T01:00:00Z", "2025-03-30T01:20:00Z", 1200);
        check(text, "2025-03-29T12:00:00Z", "2025-03-30T12:00:00Z", 86_400);
        assert!(hours(text).is_open_at(at("2025-03-30T01:00:00Z")));
    }

    #[test]
    fn wrong_forms_are_refused() {
        let zone = TimeZone::UTC;
        for text in [
            "",
            ";",
            "Mo",
            "Mo 8-20",
            "Xx 08:00-09:00",
            "Mo 08:00-25:00",
            "Mo 08:60-09:00",
            "Mo 08:00-10:00,09:00-11:00",
        ] {
            assert!(OpeningHours::parse(text, Vec::new(), zone.clone()).is_err(), "{text}");
        }
        assert!(OpeningHours::parse("sa-mo 09:00-10:00", Vec::new(), zone).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read(text in "\\PC{0,40}") {
            let _ = OpeningHours::parse(&text, Vec::new(), TimeZone::UTC);
        }

        #[test]
        fn agrees_with_counting_minutes(start in 0i64..20_000, length in 0i64..6_000) {
            // Minutes around the autumn switch of 2025, counted one by one.
            let hours = hours("Mo-Fr 08:00-20:00; Sa 09:00-14:00; Su 22:00-03:00");
            let base = at("2025-10-20T00:00:00Z");
            let minute = |m: i64| base.plus_seconds(m * 60);
            let slow: i64 = (start..start + length).filter(|m| hours.is_open_at(minute(*m))).count() as i64 * 60;
            prop_assert_eq!(hours.seconds_between(minute(start), minute(start + length)), slow);
        }
    }
}
