//! A source of the config: what is read, as what, and how its columns, roles, times and numbers are written.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use refrain_record::{AuthorRole, Channel, Date, Feed, ShopId, SourceId};
use serde::{Deserialize, Serialize};

use crate::columns::{self, Plan};
use crate::instant::TimeFormat;
use crate::words;
use crate::{Shop, SourceError};

/// Kinds of file.
const KINDS: [&str; 4] = ["chat-jsonl", "jsonl", "csv", "parquet"];
const ENCODINGS: [&str; 3] = ["utf-8", "utf-16", "windows-1252"];
/// Hours of quiet after which an unfinished checkout counts as abandoned: one hour, after which the usual first
/// reminder mail goes out.
pub(crate) const DEFAULT_ABANDON_AFTER_H: f64 = 1.0;
const DEFAULT_MAX_ROW_BYTES: u64 = 16 << 20;

/// A `[[source]]` section as written.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// Shop that it belongs to.
    pub shop: String,
    /// Name, unique for its shop and feed; default the kind.
    #[serde(default)]
    pub name: Option<String>,
    /// `chat-jsonl`, `jsonl`, `csv` or `parquet`.
    pub kind: String,
    /// What it feeds; default `conversations`.
    #[serde(default = "default_feeds")]
    pub feeds: String,
    /// Glob of its files, relative to the config's folder.
    pub path: String,
    /// Canonical column to source column; `a.b` reaches into structs.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// Role as the source writes it to `customer`, `agent`, `bot` or `system`; case does not matter.
    #[serde(default)]
    pub roles: BTreeMap<String, String>,
    /// Role of messages that name none; without it such a message is the customer's.
    #[serde(default)]
    pub default_role: Option<String>,
    /// What `assistant` means: `bot` (default) or `agent`.
    #[serde(default)]
    pub assistant_role: Option<String>,
    /// Channel of all its conversations, over what its rows say.
    #[serde(default)]
    pub channel: Option<String>,
    /// IANA zone of times without offset; default the shop's.
    #[serde(default)]
    pub timezone: Option<String>,
    /// strptime pattern of all times.
    #[serde(default)]
    pub time_format: Option<String>,
    /// Date of conversations without any time; without it they are rejected.
    #[serde(default)]
    pub default_date: Option<String>,
    /// Column separator of CSV, one ASCII character; default a comma.
    #[serde(default)]
    pub delimiter: Option<String>,
    /// `utf-8` (default), `utf-16` or `windows-1252`; a byte-order mark wins.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Numbers are written `1.234,56`.
    #[serde(default)]
    pub decimal_comma: bool,
    /// Worst and best rating; default 1 and 5.
    #[serde(default)]
    pub rating_scale: Option<[f64; 2]>,
    /// Message texts are HTML.
    #[serde(default)]
    pub html: bool,
    /// Message texts quote what they answer, as mails do; the quote is cut off.
    #[serde(default)]
    pub strip_quotes: bool,
    /// Customer ids mean nothing outside this source; default they are the shop's own and join with other sources.
    #[serde(default)]
    pub own_customer_ids: bool,
    /// Hours of quiet after which an unfinished checkout counts as abandoned; default 1.
    #[serde(default)]
    pub abandon_after_h: Option<f64>,
    /// Longest row taken, in bytes; default 16 MiB.
    #[serde(default)]
    pub max_row_bytes: Option<u64>,
}

fn default_feeds() -> String {
    Feed::Conversations.as_str().to_owned()
}

/// How the rows of a source are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object per line.
    JsonLines,
    /// Delimited text with a header.
    Csv,
    /// Typed rows that another crate opens.
    Rows,
}

/// Encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
    Windows1252,
}

/// A source in checked form.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) shop: ShopId,
    pub(crate) name: SourceId,
    pub(crate) feed: Feed,
    pub(crate) format: Format,
    /// A conversation without messages is an error, not a row whose messages come apart.
    pub(crate) needs_messages: bool,
    pub(crate) mapping: BTreeMap<String, String>,
    pub(crate) plan: Plan,
    pub(crate) turn_plan: Plan,
    pub(crate) event_plan: Plan,
    pub(crate) rating_plan: Plan,
    pub(crate) customer_plan: Plan,
    pub(crate) roles: Vec<(String, AuthorRole)>,
    pub(crate) default_role: AuthorRole,
    pub(crate) assistant_role: AuthorRole,
    pub(crate) channel: Option<Channel>,
    pub(crate) times: TimeFormat,
    pub(crate) shop_zone: TimeZone,
    pub(crate) currency: refrain_record::Label,
    pub(crate) default_date: Option<Date>,
    pub(crate) delimiter: u8,
    pub(crate) encoding: Encoding,
    pub(crate) decimal_comma: bool,
    pub(crate) rating_scale: [f64; 2],
    pub(crate) html: bool,
    pub(crate) strip_quotes: bool,
    pub(crate) own_customer_ids: bool,
    pub(crate) abandon_after_s: i64,
    pub(crate) max_row_bytes: u64,
}

impl SourceSpec {
    /// A source of a kind and path with all else at its default.
    #[must_use]
    pub fn new(shop: &str, kind: &str, feeds: Feed, path: &str) -> Self {
        Self {
            shop: shop.to_owned(),
            name: None,
            kind: kind.to_owned(),
            feeds: feeds.as_str().to_owned(),
            path: path.to_owned(),
            columns: BTreeMap::new(),
            roles: BTreeMap::new(),
            default_role: None,
            assistant_role: None,
            channel: None,
            timezone: None,
            time_format: None,
            default_date: None,
            delimiter: None,
            encoding: None,
            decimal_comma: false,
            rating_scale: None,
            html: false,
            strip_quotes: false,
            own_customer_ids: false,
            abandon_after_h: None,
            max_row_bytes: None,
        }
    }

    /// Checks all that can be told without reading a file.
    ///
    /// # Errors
    /// Names the first setting that is wrong, what was found and what was expected.
    pub fn check(&self) -> Result<(), SourceError> {
        self.compile(TimeZone::UTC, "EUR".into()).map(|_| ())
    }

    /// The source's id inside its shop.
    #[must_use]
    pub fn source_id(&self) -> SourceId {
        self.name.as_deref().unwrap_or(&self.kind).into()
    }

    /// What it feeds.
    ///
    /// # Errors
    /// When `feeds` is no known feed.
    pub fn feed(&self) -> Result<Feed, SourceError> {
        Feed::parse(&self.feeds).ok_or_else(|| {
            SourceError::unknown(
                &self.setting("feeds"),
                &self.feeds,
                Feed::ALL.iter().map(|f| f.as_str()),
            )
        })
    }

    pub(crate) fn compile_for(&self, shop: &Shop) -> Result<Source, SourceError> {
        self.compile(shop.zone.clone(), shop.currency.clone())
    }

    fn compile(&self, shop_zone: TimeZone, currency: refrain_record::Label) -> Result<Source, SourceError> {
        let format = match self.kind.as_str() {
            "chat-jsonl" | "jsonl" => Format::JsonLines,
            "csv" => Format::Csv,
            "parquet" => Format::Rows,
            other => return Err(SourceError::unknown(&self.setting("kind"), other, KINDS)),
        };
        let feed = self.feed()?;
        let known = columns::known_names(feed);
        if let Some(name) = self.columns.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(SourceError::unknown(&self.setting("columns"), name, known));
        }
        if let Some((canonical, _)) = self.columns.iter().find(|(_, source)| source.trim().is_empty()) {
            return Err(self.invalid(&format!("columns.{canonical}"), "", "the name of a column"));
        }
        Ok(Source {
            shop: self.shop.as_str().into(),
            name: self.source_id(),
            feed,
            format,
            needs_messages: self.kind == "chat-jsonl",
            mapping: self.columns.clone(),
            plan: Plan::new(columns::sets_of(feed), &self.columns),
            turn_plan: Plan::new(columns::TURN_SETS, &self.columns),
            event_plan: Plan::new(columns::EVENT_SETS, &BTreeMap::new()),
            rating_plan: Plan::new(columns::RATING_SETS, &BTreeMap::new()),
            customer_plan: Plan::new(&[columns::CUSTOMER_STRUCT], &BTreeMap::new()),
            roles: self.check_roles()?,
            default_role: self.role("default_role", self.default_role.as_deref(), AuthorRole::Customer)?,
            assistant_role: self.role("assistant_role", self.assistant_role.as_deref(), AuthorRole::Bot)?,
            channel: self.check_channel()?,
            times: self.check_times(&shop_zone)?,
            shop_zone,
            currency,
            default_date: self.check_default_date()?,
            delimiter: self.check_delimiter()?,
            encoding: self.check_encoding()?,
            decimal_comma: self.decimal_comma,
            rating_scale: self.check_scale()?,
            html: self.html,
            strip_quotes: self.strip_quotes,
            own_customer_ids: self.own_customer_ids,
            abandon_after_s: self.check_abandon()?,
            max_row_bytes: self.max_row_bytes.unwrap_or(DEFAULT_MAX_ROW_BYTES).max(1),
        })
    }

    fn setting(&self, name: &str) -> String {
        format!("`{name}` of source `{}` of shop `{}`:", self.source_id(), self.shop)
    }

    fn invalid(&self, name: &str, found: &str, expected: &str) -> SourceError {
        let what = format!("`{name}` of source `{}` of shop `{}`", self.source_id(), self.shop);
        SourceError::invalid(&what, found, expected)
    }

    fn role(&self, name: &str, text: Option<&str>, default: AuthorRole) -> Result<AuthorRole, SourceError> {
        let Some(text) = text else { return Ok(default) };
        AuthorRole::parse(text)
            .ok_or_else(|| SourceError::unknown(&self.setting(name), text, AuthorRole::ALL.iter().map(|r| r.as_str())))
    }

    fn check_roles(&self) -> Result<Vec<(String, AuthorRole)>, SourceError> {
        self.roles
            .iter()
            .map(|(from, to)| {
                Ok((
                    from.trim().to_lowercase(),
                    self.role("roles", Some(to), AuthorRole::Customer)?,
                ))
            })
            .collect()
    }

    fn check_channel(&self) -> Result<Option<Channel>, SourceError> {
        let Some(text) = self.channel.as_deref() else {
            return Ok(None);
        };
        match words::channel(text) {
            Channel::Other if text != "other" => Err(SourceError::unknown(
                &self.setting("channel"),
                text,
                Channel::ALL.iter().map(|c| c.as_str()),
            )),
            channel => Ok(Some(channel)),
        }
    }

    fn check_times(&self, shop_zone: &TimeZone) -> Result<TimeFormat, SourceError> {
        let zone = match self.timezone.as_deref() {
            Some(name) => TimeZone::get(name)
                .map_err(|_| self.invalid("timezone", name, "an IANA zone such as `Europe/Berlin`"))?,
            None => shop_zone.clone(),
        };
        if let Some(pattern) = self.time_format.as_deref().filter(|pattern| !pattern.contains('%')) {
            return Err(self.invalid("time_format", pattern, "a strptime pattern such as `%d/%m/%Y %H:%M`"));
        }
        Ok(TimeFormat {
            zone,
            pattern: self.time_format.clone(),
        })
    }

    fn check_default_date(&self) -> Result<Option<Date>, SourceError> {
        let Some(text) = self.default_date.as_deref() else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| self.invalid("default_date", text, "YYYY-MM-DD"))
    }

    fn check_delimiter(&self) -> Result<u8, SourceError> {
        match self.delimiter.as_deref().map(str::as_bytes) {
            None => Ok(b','),
            Some(b"tab" | b"\\t") => Ok(b'\t'),
            Some([byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
            Some(_) => {
                let found = self.delimiter.as_deref().unwrap_or_default();
                Err(self.invalid(
                    "delimiter",
                    found,
                    "one ASCII character that is no quote or line end, or `tab`",
                ))
            }
        }
    }

    fn check_encoding(&self) -> Result<Encoding, SourceError> {
        let Some(name) = self.encoding.as_deref() else {
            return Ok(Encoding::Utf8);
        };
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Encoding::Utf8),
            "utf-16" | "utf16" => Ok(Encoding::Utf16),
            "windows-1252" | "cp1252" | "latin-1" | "iso-8859-1" => Ok(Encoding::Windows1252),
            _ => Err(SourceError::unknown(&self.setting("encoding"), name, ENCODINGS)),
        }
    }

    fn check_scale(&self) -> Result<[f64; 2], SourceError> {
        let scale = self.rating_scale.unwrap_or([1.0, 5.0]);
        if scale.iter().all(|end| end.is_finite()) && (scale[0] - scale[1]).abs() > f64::EPSILON {
            return Ok(scale);
        }
        Err(self.invalid(
            "rating_scale",
            &format!("{scale:?}"),
            "worst and best rating, two different numbers",
        ))
    }

    fn check_abandon(&self) -> Result<i64, SourceError> {
        let hours = self.abandon_after_h.unwrap_or(DEFAULT_ABANDON_AFTER_H);
        if !(0.0..=8_760.0).contains(&hours) {
            return Err(self.invalid("abandon_after_h", &hours.to_string(), "hours from 0 to 8760"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 8760 hours")]
        Ok((hours * 3600.0).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(change: impl FnOnce(&mut SourceSpec), words: &[&str]) {
        let mut spec = SourceSpec::new("de", "csv", Feed::Orders, "orders.csv");
        change(&mut spec);
        let error = spec.check().unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn wrong_settings_are_named_with_the_nearest() {
        says(|s| s.kind = "cvs".to_owned(), &["kind", "did you mean `csv`"]);
        says(|s| s.feeds = "order".to_owned(), &["feeds", "did you mean `orders`"]);
        says(
            |s| drop(s.columns.insert("order_di".to_owned(), "x".to_owned())),
            &["order_di", "did you mean `order_id`"],
        );
        says(
            |s| drop(s.columns.insert("order_id".to_owned(), " ".to_owned())),
            &["columns.order_id"],
        );
        says(
            |s| drop(s.roles.insert("x".to_owned(), "client".to_owned())),
            &["roles", "customer"],
        );
        says(|s| s.channel = Some("fax".to_owned()), &["channel", "email"]);
        says(|s| s.timezone = Some("Mars".to_owned()), &["timezone", "IANA"]);
        says(|s| s.time_format = Some("DD/MM".to_owned()), &["strptime"]);
        says(|s| s.default_date = Some("today".to_owned()), &["YYYY-MM-DD"]);
        says(|s| s.delimiter = Some("||".to_owned()), &["delimiter"]);
        says(
            |s| s.encoding = Some("ebcdic".to_owned()),
            &["encoding", "windows-1252"],
        );
        says(|s| s.rating_scale = Some([3.0, 3.0]), &["rating_scale"]);
        says(|s| s.abandon_after_h = Some(-1.0), &["abandon_after_h"]);
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = "shop = \"de\"\nkind = \"csv\"\npath = \"a.csv\"\nfeed = \"orders\"";
        assert!(toml::from_str::<SourceSpec>(text).is_err());
        let spec: SourceSpec = toml::from_str("shop = \"de\"\nkind = \"csv\"\npath = \"a.csv\"").unwrap();
        assert_eq!(spec, SourceSpec::new("de", "csv", Feed::Conversations, "a.csv"));
        assert!(spec.check().is_ok());
    }
}
