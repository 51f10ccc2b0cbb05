//! Instants and dates as integers; zones and parsing of source formats live in ingest.

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// Microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the epoch as an instant.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND_US))
    }

    /// Whole seconds from `earlier` to `self`, negative when `self` comes first; truncates toward zero.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / SECOND_US
    }

    /// The instant `seconds` later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND_US)))
    }

    /// The UTC date.
    #[must_use]
    pub const fn utc_date(self) -> Date {
        // i64 microseconds span under 2^28 days, so the number fits.
        Date(self.0.div_euclid(DAY_US) as i32)
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with microseconds only where there are any.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

/// Days since 1970-01-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

/// A text that is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date, expected YYYY-MM-DD")]
pub struct ParseDateError(String);

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

impl Date {
    /// The date `days` later.
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Whole days from `earlier` to `self`.
    #[must_use]
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    /// Midnight UTC at which the date begins.
    #[must_use]
    pub const fn utc_midnight(self) -> Timestamp {
        Timestamp(self.0 as i64 * DAY_US)
    }

    /// Year, month (1-12) and day (1-31).
    #[must_use]
    pub fn year_month_day(self) -> (i16, i8, i8) {
        let civil = self.civil();
        (civil.year(), civil.month(), civil.day())
    }

    /// Monday 0 to Sunday 6.
    #[must_use]
    pub const fn weekday(self) -> u8 {
        (self.0 + 3).rem_euclid(7) as u8
    }

    /// The first day of the date's month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        let (_, _, day) = self.year_month_day();
        self.plus_days(1 - i32::from(day))
    }

    /// The Monday of the date's week.
    #[must_use]
    pub fn monday(self) -> Self {
        self.plus_days(-i32::from(self.weekday()))
    }

    /// The date of a year, month and day; `None` when there is no such day.
    #[must_use]
    pub fn from_ymd(year: i16, month: i8, day: i8) -> Option<Self> {
        jiff::civil::Date::new(year, month, day).ok().map(Self::from_civil)
    }

    fn civil(self) -> jiff::civil::Date {
        // Dates outside jiff's years -9999..=9999 clamp; ingest rejects them long before.
        EPOCH
            .checked_add(jiff::Span::new().days(self.0.clamp(-4_371_587, 2_932_896)))
            .unwrap_or(EPOCH)
    }

    fn from_civil(date: jiff::civil::Date) -> Self {
        let days = date.since((jiff::Unit::Day, EPOCH)).map_or(0, |span| span.get_days());
        Self(days)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.year_month_day();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl std::str::FromStr for Date {
    type Err = ParseDateError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || ParseDateError(text.to_owned());
        if text.len() != 10 {
            return Err(fail());
        }
        text.parse::<jiff::civil::Date>()
            .map(Self::from_civil)
            .map_err(|_| fail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        for days in [-1, 0, 1, 20_000, 20_779, -719_000] {
            let date = Date(days);
            assert_eq!(date.to_string().parse::<Date>().unwrap(), date);
        }
        let date: Date = "2026-11-22".parse().unwrap();
        assert_eq!(date.weekday(), 6);
        assert_eq!(date.monday().to_string(), "2026-11-16");
        assert_eq!(date.first_of_month().to_string(), "2026-11-01");
        assert!("2026-02-30".parse::<Date>().is_err());
        assert!("22.11.2026".parse::<Date>().is_err());
    }

    #[test]
    fn instants() {
        let before = Timestamp(-1);
        assert_eq!(before.utc_date(), Date(-1));
        assert_eq!(Date(1).utc_midnight().plus_seconds(-1).utc_date(), Date(0));
        assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00Z");
    }
}
