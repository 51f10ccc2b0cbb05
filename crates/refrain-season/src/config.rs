//! What a season looks like from outside: size, seed, shops, and the truth planted in it.

use std::collections::BTreeMap;

use refrain_record::Date;
use serde::{Deserialize, Serialize};

use crate::SeasonError;
use crate::preset::day;
use crate::problem::Problem;

/// Settings of a season; `Default` is the demo's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeasonConfig {
    /// Conversations over all shops, spam and merged ones included; met exactly.
    pub conversations: u64,
    /// Seed; same settings and seed give the same bytes.
    pub seed: u64,
    /// First day.
    #[serde(with = "date_text")]
    pub start: Date,
    /// Calendar months from the month of `start` on.
    pub months: u32,
    /// Leave the words away: every message is `…`, there are no labelled texts, and the helpdesk's tags are the true
    /// ones; every other row and every time stays the same.
    pub events_only: bool,
    /// The shops.
    pub shops: Vec<ShopConfig>,
    /// Planted effects.
    pub effects: EffectSizes,
    /// Planted incidents.
    pub incidents: Vec<Incident>,
}

/// One shop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopConfig {
    /// Id: letters and digits, also its folder.
    pub id: String,
    /// IANA zone.
    pub timezone: String,
    /// Currency code.
    pub currency: String,
    /// Share of the season's conversations; shares are scaled to sum to 1.
    pub share: f64,
    /// Customers' languages (`en`, `de`, `da`, `nl`, `zh`) and their weights.
    pub languages: BTreeMap<String, f64>,
    /// Opening and closing hour for Monday to Friday, then for Saturday.
    pub hours: [[u8; 2]; 2],
    /// Holiday calendar named in the config file.
    pub holidays: String,
    /// Black Fridays.
    #[serde(with = "dates_text")]
    pub peaks: Vec<Date>,
    /// Cost of an agent hour.
    pub hourly_cost: f64,
    /// How its helpdesk exports.
    pub helpdesk: Helpdesk,
}

/// Shape of a helpdesk's export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Helpdesk {
    /// One JSON object per conversation.
    ChatJsonl,
    /// Tables of conversations, messages, events and ratings with column names of their own.
    Csv,
}

/// Planted effects: what truly changes what. A relative risk of 1 plants nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffectSizes {
    /// By tag: factor on abandoning a checkout begun within 7 days after such a contact.
    pub cart_abandoned: BTreeMap<String, f64>,
    /// By tag: factor on returning an order when such a contact came between the order and 5 days after delivery.
    pub returned: BTreeMap<String, f64>,
    /// Factor on buying in the 90 days after a contact that went badly.
    pub purchase_after_bad_contact: f64,
    /// By campaign type: share of recipients who contact the shop within 3 days because of it.
    pub campaign_contacts: BTreeMap<String, f64>,
    /// How much more people without an earlier order both ask before buying and abandon; 0 plants none.
    pub confounding: f64,
}

/// An incident: a problem that is out of the ordinary for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Name.
    pub id: String,
    /// Shop it happens in.
    pub shop: String,
    /// What happens.
    pub kind: IncidentKind,
    /// First day.
    #[serde(with = "date_text")]
    pub from: Date,
    /// Last day.
    #[serde(with = "date_text")]
    pub to: Date,
}

/// Kinds of incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// Parcels of one carrier shipped in these days lie for a week more.
    CarrierStrike {
        /// Carrier, as in `orders.carrier`.
        carrier: String,
    },
    /// Orders of these days are charged twice with this probability.
    ChargedTwice {
        /// Share of the orders.
        share: f64,
    },
    /// Units of one SKU delivered in these days leak with this probability: a problem never seen before.
    LeakingProduct {
        /// SKU, as in `order_lines.sku`.
        sku: String,
        /// Share of the buyers who write.
        share: f64,
    },
    /// The welcome code is refused; fades linearly to nothing on the last day.
    FadingCode {
        /// Contacts per checkout on the first day.
        share: f64,
    },
}

impl Default for SeasonConfig {
    fn default() -> Self {
        Self {
            conversations: 20_000,
            seed: 1,
            start: day(2025, 10, 1),
            months: 14,
            events_only: false,
            shops: vec![ShopConfig::german(), ShopConfig::british()],
            effects: EffectSizes::default(),
            incidents: Incident::usual(),
        }
    }
}

impl SeasonConfig {
    /// The day after the last one.
    #[must_use]
    pub fn end(&self) -> Date {
        let mut first = self.start.first_of_month();
        for _ in 0..self.months {
            first = first.plus_days(31).first_of_month();
        }
        first
    }

    /// Checks ranges and names.
    ///
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<(), SeasonError> {
        let fail = |setting, found: String, expected, hint| {
            Err(SeasonError::Config {
                setting,
                found,
                expected,
                hint,
            })
        };
        if !(1..=60).contains(&self.months) {
            return fail("months", self.months.to_string(), "1 to 60", "14 covers two peaks");
        }
        if self.shops.is_empty() || self.shops.iter().any(|s| !(s.share.is_finite() && s.share > 0.0)) {
            return fail(
                "shops",
                format!("{} shops", self.shops.len()),
                "one or more, each with a share above 0",
                "leave it out for the two usual shops",
            );
        }
        for shop in &self.shops {
            if shop.id.is_empty() || !shop.id.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return fail(
                    "shops.id",
                    format!("`{}`", shop.id),
                    "letters and digits",
                    "it becomes a folder name",
                );
            }
            if jiff::tz::TimeZone::get(&shop.timezone).is_err() {
                return fail(
                    "shops.timezone",
                    format!("`{}`", shop.timezone),
                    "an IANA zone",
                    "for example Europe/Berlin",
                );
            }
            if shop.languages.is_empty()
                || shop
                    .languages
                    .keys()
                    .any(|l| crate::grammar::language_index(l).is_none())
            {
                return fail(
                    "shops.languages",
                    format!("{:?}", shop.languages.keys()),
                    "en, de, da, nl or zh",
                    "only these have phrases",
                );
            }
            if shop.hours.iter().any(|[open, close]| open > close || *close > 24) {
                return fail(
                    "shops.hours",
                    format!("{:?}", shop.hours),
                    "opening before closing, up to 24",
                    "two pairs: weekdays, Saturday",
                );
            }
        }
        let factors = self
            .effects
            .cart_abandoned
            .values()
            .chain(self.effects.returned.values());
        if factors.clone().any(|f| !(0.0..=3.0).contains(f)) {
            return fail(
                "effects",
                "a factor out of range".to_owned(),
                "0 to 3",
                "base rates are near 0.3, so larger ones would pass 1",
            );
        }
        let tags = self.effects.cart_abandoned.keys().chain(self.effects.returned.keys());
        for tag in tags {
            if !Problem::all().iter().any(|p| p.tag == tag) {
                return fail("effects", format!("`{tag}`"), "a leaf tag", "see `Problem::all`");
            }
        }
        Ok(())
    }
}

mod date_text {
    use refrain_record::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(date: &Date, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(date)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Date, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}

mod dates_text {
    use refrain_record::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(dates: &[Date], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(dates.iter().map(Date::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Date>, D::Error> {
        Vec::<String>::deserialize(input)?
            .iter()
            .map(|d| d.parse().map_err(D::Error::custom))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_round_trips_and_ends_with_november() {
        let config = SeasonConfig::default();
        assert!(config.check().is_ok());
        assert_eq!(config.end().to_string(), "2026-12-01");
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<SeasonConfig>(&json).unwrap(), config);
        assert_eq!(serde_json::from_str::<SeasonConfig>("{}").unwrap(), config);
    }

    #[test]
    fn bad_settings_are_named() {
        let check = |config: SeasonConfig, setting: &str| {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(setting) && error.contains("\nhint: "), "{error}");
        };
        check(
            SeasonConfig {
                months: 0,
                ..Default::default()
            },
            "months",
        );
        check(
            SeasonConfig {
                shops: vec![],
                ..Default::default()
            },
            "shops",
        );
        let mut config = SeasonConfig::default();
        config.shops[0].timezone = "Mars/Olympus".to_owned();
        check(config, "timezone");
        let mut config = SeasonConfig::default();
        config.effects.returned.insert("no/tag".to_owned(), 2.0);
        check(config, "no/tag");
    }
}
