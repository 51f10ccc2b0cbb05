//! A shop of the config: where its days begin and end, when its desk is open, what an hour of it costs.

use jiff::civil::Date as CivilDate;
use jiff::tz::TimeZone;
use refrain_record::{Date, Label, ShopId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{OpeningHours, SourceError};

/// A `[[shop]]` section as written.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShopSpec {
    /// Short name, part of every key.
    pub id: String,
    /// IANA zone, such as `Europe/Berlin`.
    pub timezone: String,
    /// ISO 4217 code of the shop's money.
    pub currency: String,
    /// Opening hours such as `Mo-Fr 08:00-20:00; Sa 09:00-14:00`; none means no business-time columns.
    pub hours: Option<String>,
    /// Holiday calendar, such as `DE-BY`; kept for the reader, only `closed` closes a day.
    pub holidays: Option<String>,
    /// Dates on which the desk is closed.
    #[serde(default)]
    pub closed: Vec<String>,
    /// Dates of yearly peaks.
    #[serde(default)]
    pub peaks: Vec<String>,
    /// Cost of an hour of handling in shop money.
    pub hourly_cost: Option<f64>,
}

/// A shop in checked form.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Short name.
    pub id: ShopId,
    /// Zone of its days.
    pub zone: TimeZone,
    /// ISO 4217 code.
    pub currency: Label,
    /// When the desk is open; `None` when not told.
    pub hours: Option<OpeningHours>,
    /// Holiday calendar as written.
    pub holidays: Option<String>,
    /// Dates of yearly peaks, sorted.
    pub peaks: Vec<Date>,
    /// Cost of an hour of handling in shop money.
    pub hourly_cost: Option<f64>,
}

impl ShopSpec {
    /// The checked form.
    ///
    /// # Errors
    /// When the zone, currency, hours, a date or the cost is not of the expected form.
    pub fn check(&self) -> Result<Shop, SourceError> {
        let name = |field: &str| format!("`{field}` of shop `{}`", self.id);
        let invalid = |field: &str, found: &str, expected: &str| SourceError::invalid(&name(field), found, expected);
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if self.id.is_empty() || !self.id.bytes().all(plain) {
            return Err(invalid("id", &self.id, "letters, digits, `-`, `_` or `.`"));
        }
        let zone = TimeZone::get(&self.timezone)
            .map_err(|_| invalid("timezone", &self.timezone, "an IANA zone such as `Europe/Berlin`"))?;
        if self.currency.len() != 3 || !self.currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(invalid(
                "currency",
                &self.currency,
                "three capital letters such as `EUR`",
            ));
        }
        let dates = |field: &str, texts: &[String]| {
            let mut dates = texts
                .iter()
                .map(|text| text.parse::<Date>().map_err(|_| invalid(field, text, "YYYY-MM-DD")))
                .collect::<Result<Vec<Date>, _>>()?;
            dates.sort();
            dates.dedup();
            Ok::<_, SourceError>(dates)
        };
        if let Some(calendar) = self.holidays.as_deref().filter(|calendar| !is_calendar(calendar)) {
            return Err(invalid(
                "holidays",
                calendar,
                "a country or region such as `DE` or `DE-BY`",
            ));
        }
        if let Some(cost) = self.hourly_cost.filter(|cost| !cost.is_finite() || *cost < 0.0) {
            return Err(invalid("hourly_cost", &cost.to_string(), "an amount of at least 0"));
        }
        let closed = dates("closed", &self.closed)?;
        let hours = match self.hours.as_deref() {
            Some(text) => Some(
                OpeningHours::parse(text, closed, zone.clone())
                    .map_err(|expected| invalid("hours", text, &expected))?,
            ),
            None => None,
        };
        Ok(Shop {
            id: self.id.as_str().into(),
            zone,
            currency: self.currency.as_str().into(),
            hours,
            holidays: self.holidays.clone(),
            peaks: dates("peaks", &self.peaks)?,
            hourly_cost: self.hourly_cost,
        })
    }
}

fn is_calendar(text: &str) -> bool {
    let (country, region) = text.split_once('-').unwrap_or((text, "X"));
    let capital = |part: &str| part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    country.len() == 2 && (1..=3).contains(&region.len()) && capital(country) && capital(region)
}

impl Shop {
    /// The local date of an instant.
    #[must_use]
    pub fn date_of(&self, instant: Timestamp) -> Date {
        local_date(&self.zone, instant)
    }

    /// Seconds that local time is ahead of UTC at an instant; 0 beyond the years that a zone knows.
    #[must_use]
    pub fn offset_s(&self, instant: Timestamp) -> i64 {
        let at = jiff::Timestamp::from_microsecond(instant.0);
        at.map_or(0, |at| i64::from(self.zone.to_offset(at).seconds()))
    }

    /// The instant at which a local date ends.
    #[must_use]
    pub fn end_of(&self, date: Date) -> Timestamp {
        start_of_day(&self.zone, date.plus_days(1))
    }
}

/// The local date of an instant; the UTC date beyond the years that a zone knows.
pub(crate) fn local_date(zone: &TimeZone, instant: Timestamp) -> Date {
    let Ok(at) = jiff::Timestamp::from_microsecond(instant.0) else {
        return instant.utc_date();
    };
    let offset = i64::from(zone.to_offset(at).seconds());
    instant.plus_seconds(offset).utc_date()
}

/// The first instant of a local date; where a switch skips midnight, the first one after it.
pub(crate) fn start_of_day(zone: &TimeZone, date: Date) -> Timestamp {
    let (year, month, day) = date.year_month_day();
    CivilDate::new(year, month, day)
        .ok()
        .and_then(|civil| wall_clock(zone, civil.at(0, 0, 0, 0)))
        .unwrap_or_else(|| date.utc_midnight())
}

/// The instant of a local time: a skipped one moves forward by the gap, a repeated one is the first.
pub(crate) fn wall_clock(zone: &TimeZone, local: jiff::civil::DateTime) -> Option<Timestamp> {
    let instant = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(Timestamp(instant.as_microsecond()))
}

#[cfg(test)]
pub(crate) fn test_shop(hours: Option<&str>) -> Shop {
    ShopSpec {
        id: "de".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        hours: hours.map(str::to_owned),
        holidays: Some("DE-BY".to_owned()),
        closed: vec!["2025-12-25".to_owned()],
        peaks: Vec::new(),
        hourly_cost: Some(32.0),
    }
    .check()
    .unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_in_the_shops_zone() {
        let shop = test_shop(None);
        let late: Timestamp = Timestamp(jiff::Timestamp::from_second(1_764_543_600).unwrap().as_microsecond());
        assert_eq!(late.to_string(), "2025-11-30T23:00:00Z");
        assert_eq!(shop.date_of(late).to_string(), "2025-12-01");
        assert_eq!(shop.date_of(Timestamp(late.0 - 1)).to_string(), "2025-11-30");
        assert_eq!(shop.end_of("2025-11-30".parse().unwrap()), late);
        assert_eq!(shop.date_of(Timestamp(i64::MAX)), Timestamp(i64::MAX).utc_date());
    }

    #[test]
    fn wrong_settings_are_named() {
        let right = ShopSpec {
            id: "de".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
            currency: "EUR".to_owned(),
            hours: None,
            holidays: None,
            closed: Vec::new(),
            peaks: Vec::new(),
            hourly_cost: None,
        };
        let says = |spec: ShopSpec, word: &str| {
            let error = spec.check().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        says(
            ShopSpec {
                timezone: "Berlin/Mitte".to_owned(),
                ..right.clone()
            },
            "IANA",
        );
        says(
            ShopSpec {
                currency: "euro".to_owned(),
                ..right.clone()
            },
            "capital",
        );
        says(
            ShopSpec {
                hours: Some("Mo-Fr 8-20".to_owned()),
                ..right.clone()
            },
            "hours",
        );
        says(
            ShopSpec {
                closed: vec!["25.12.".to_owned()],
                ..right.clone()
            },
            "YYYY-MM-DD",
        );
        says(
            ShopSpec {
                hourly_cost: Some(f64::NAN),
                ..right.clone()
            },
            "at least 0",
        );
        says(
            ShopSpec {
                holidays: Some("Bavaria".to_owned()),
                ..right
            },
            "DE-BY",
        );
    }
}
