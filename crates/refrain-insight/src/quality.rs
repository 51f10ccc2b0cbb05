//! Checks of a night: can the figures be trusted, and what to do when not.
//!
//! Shares look at the last `window_days` days, so that an old accident does not warn for ever and a
//! new one is not drowned in history.

use std::collections::{BTreeMap, BTreeSet};

use refrain_record::tables::{Conversation, QualityCheck};
use refrain_record::{CheckStatus, Date, ShopId, SourceId};

use crate::ConfigError;
use crate::config::check_share;
use crate::night::{Contact, Night, ShopNight};

const ALL: &str = "all";

/// Section `[quality]`: the bounds.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualityConfig {
    /// Days looked back on for shares.
    pub window_days: i64,
    /// Highest share of rows rejected by a source; above it the run fails.
    pub max_reject_share: f64,
    /// Highest share of rows that repeat one already read.
    pub max_duplicate_share: f64,
    /// Lowest share of contacts with a topic tag.
    pub min_tag_coverage: f64,
    /// Highest share of contacts whose topics, if any, are all catch-alls (`.../other`).
    pub max_other_share: f64,
    /// Lowest share of contacts with a person, by channel.
    pub min_identity_match_rate: f64,
    /// Highest share of contacts without a known language.
    pub max_unknown_language_share: f64,
    /// Highest share of conversations with messages missing.
    pub max_incomplete_share: f64,
    /// Highest share of contacts that nobody answered.
    pub max_never_answered_share: f64,
    /// Most days between a source's last row and the run's date.
    pub max_age_days: i64,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            window_days: 28,
            max_reject_share: 0.01,
            max_duplicate_share: 0.2,
            min_tag_coverage: 0.7,
            max_other_share: 0.4,
            min_identity_match_rate: 0.6,
            max_unknown_language_share: 0.2,
            max_incomplete_share: 0.02,
            max_never_answered_share: 0.1,
            max_age_days: 2,
        }
    }
}

impl QualityConfig {
    /// Checks every bound against its range.
    ///
    /// # Errors
    /// Names the first bound outside its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, share) in [
            ("max_reject_share", self.max_reject_share),
            ("max_duplicate_share", self.max_duplicate_share),
            ("min_tag_coverage", self.min_tag_coverage),
            ("max_other_share", self.max_other_share),
            ("min_identity_match_rate", self.min_identity_match_rate),
            ("max_unknown_language_share", self.max_unknown_language_share),
            ("max_incomplete_share", self.max_incomplete_share),
            ("max_never_answered_share", self.max_never_answered_share),
        ] {
            check_share(key, share)?;
        }
        for (key, days) in [("window_days", self.window_days), ("max_age_days", self.max_age_days)] {
            if !(1..=36_500).contains(&days) {
                return Err(ConfigError {
                    key,
                    found: days.to_string(),
                    expected: "days from 1 to 36500",
                    hint: "leave it out to take the default",
                });
            }
        }
        Ok(())
    }
}

/// What ingest read of one feed of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAccount {
    /// Shop.
    pub shop_id: ShopId,
    /// Source.
    pub source: SourceId,
    /// Rows read.
    pub num_read: i64,
    /// Rows that repeat one already read.
    pub num_duplicates: i64,
    /// Rows rejected.
    pub num_rejected: i64,
}

/// The table `quality_checks`, by its key. Accounts of several feeds of a source are added up; checks
/// without anything to look at have no row.
#[must_use]
pub fn quality_checks(night: &Night<'_>, accounts: &[SourceAccount], config: &QualityConfig) -> Vec<QualityCheck> {
    let mut rows = Vec::new();
    check_accounts(accounts, config, &mut rows);
    let as_of = night.facts.as_of;
    for shop in &night.shops {
        check_freshness(shop, as_of, config, &mut rows);
        let days = i32::try_from(config.window_days).unwrap_or(i32::MAX);
        let from = Date(as_of.0.saturating_sub(days));
        let contacts: Vec<&Contact<'_>> = shop.contacts.iter().filter(|c| c.date() > from).collect();
        let conversations: Vec<&Conversation> = shop.conversations.iter().copied().filter(|c| c.date > from).collect();
        let sources: BTreeSet<&str> = contacts.iter().map(|c| c.conversation.source.as_str()).collect();
        for source in sources.into_iter().chain([ALL]) {
            let own = |s: &SourceId| source == ALL || s.as_str() == source;
            let contacts: Vec<_> = contacts
                .iter()
                .copied()
                .filter(|c| own(&c.conversation.source))
                .collect();
            let conversations: Vec<_> = conversations.iter().copied().filter(|c| own(&c.source)).collect();
            Checker {
                shop,
                source,
                config,
                rows: &mut rows,
            }
            .shares(&contacts, &conversations);
        }
    }
    rows.sort_by(|a, b| (&a.shop_id, &a.source, &a.check).cmp(&(&b.shop_id, &b.source, &b.check)));
    rows
}

/// A figure's bound and what lies beyond it.
enum Bound {
    Lowest(f64),
    Highest(f64),
    /// Beyond it the run fails.
    Hard(f64),
}

fn check_row(shop: &ShopId, source: &str, check: &str, figure: f64, bound: &Bound, hint: &str) -> QualityCheck {
    let (lo, hi, beyond) = match bound {
        Bound::Lowest(lo) => (Some(*lo), None, CheckStatus::Warn),
        Bound::Highest(hi) => (None, Some(*hi), CheckStatus::Warn),
        Bound::Hard(hi) => (None, Some(*hi), CheckStatus::Fail),
    };
    let is_outside = lo.is_some_and(|lo| figure < lo) || hi.is_some_and(|hi| figure > hi);
    QualityCheck {
        shop_id: shop.clone(),
        source: source.into(),
        check: check.into(),
        figure,
        bound_lo: lo,
        bound_hi: hi,
        status: if is_outside { beyond } else { CheckStatus::Ok },
        hint: hint.to_owned(),
    }
}

fn check_accounts(accounts: &[SourceAccount], config: &QualityConfig, rows: &mut Vec<QualityCheck>) {
    let mut sums: BTreeMap<(&ShopId, &SourceId), (i64, i64, i64)> = BTreeMap::new();
    for account in accounts {
        let sum = sums.entry((&account.shop_id, &account.source)).or_default();
        sum.0 += account.num_read;
        sum.1 += account.num_duplicates;
        sum.2 += account.num_rejected;
    }
    for ((shop, source), (read, duplicates, rejected)) in sums {
        // A file can be rejected whole without a row read; that is a share of 1, not of 0.
        let share = |part: i64| part as f64 / read.max(part).max(1) as f64;
        let source = source.as_str();
        rows.push(check_row(
            shop,
            source,
            "reject_share",
            share(rejected),
            &Bound::Hard(config.max_reject_share),
            "look at the causes in `rejects`; mend the export, or raise `quality.max_reject_share`",
        ));
        rows.push(check_row(
            shop,
            source,
            "duplicate_share",
            share(duplicates),
            &Bound::Highest(config.max_duplicate_share),
            "exports overlap; harmless but slow unless the overlap grows",
        ));
    }
}

fn check_freshness(shop: &ShopNight<'_>, as_of: Date, config: &QualityConfig, rows: &mut Vec<QualityCheck>) {
    let mut last: BTreeMap<&str, Date> = BTreeMap::new();
    let dated = shop
        .conversations
        .iter()
        .map(|c| (c.source.as_str(), c.date))
        .chain(shop.orders.iter().map(|o| (o.order.source.as_str(), o.order.date)))
        .chain(shop.checkouts.iter().map(|c| (c.0.source.as_str(), c.0.date)));
    for (source, date) in dated {
        let held = last.entry(source).or_insert(date);
        *held = (*held).max(date);
    }
    for (source, date) in last {
        rows.push(check_row(
            shop.shop.shop_id,
            source,
            "freshness_days",
            f64::from(as_of.days_since(date)),
            &Bound::Highest(config.max_age_days as f64),
            "the source has no recent rows; check that its export still runs",
        ));
    }
}

struct Checker<'c, 'a> {
    shop: &'c ShopNight<'a>,
    source: &'c str,
    config: &'c QualityConfig,
    rows: &'c mut Vec<QualityCheck>,
}

impl Checker<'_, '_> {
    fn shares(&mut self, contacts: &[&Contact<'_>], conversations: &[&Conversation]) {
        let c = self.config;
        let topics = &self.shop.topics;
        let is_catch_all = |t: &u32| {
            let tag = topics[*t as usize];
            tag == "other" || tag.ends_with("/other")
        };
        self.share(
            "tag_coverage",
            contacts,
            |c| !c.topics.is_empty(),
            &Bound::Lowest(c.min_tag_coverage),
            "many contacts have no topic; `refrain rules stats` shows what the rules miss",
        );
        self.share(
            "other_share",
            contacts,
            |c| c.topics.iter().all(is_catch_all),
            &Bound::Highest(c.max_other_share),
            "many contacts fall under no topic or `other`; look at the new issues for missing tags",
        );
        self.share(
            "unknown_language_share",
            contacts,
            |c| c.conversation.language.is_none(),
            &Bound::Highest(c.max_unknown_language_share),
            "many texts are too short or in a language that is not known; rules and model see them less",
        );
        self.share(
            "never_answered_share",
            contacts,
            |c| c.conversation.never_answered,
            &Bound::Highest(c.max_never_answered_share),
            "many contacts have no answer; if the desk did answer, the export lacks its messages",
        );
        self.share(
            "incomplete_share",
            conversations,
            |c| c.is_incomplete,
            &Bound::Highest(c.max_incomplete_share),
            "threads are cut; export them in full or in pages",
        );
        let channels: BTreeSet<&str> = contacts.iter().map(|c| c.conversation.channel.as_str()).collect();
        for channel in channels {
            let own: Vec<_> = contacts
                .iter()
                .copied()
                .filter(|c| c.conversation.channel.as_str() == channel)
                .collect();
            self.share(
                &format!("identity_match_rate/{channel}"),
                &own,
                |c| c.person.is_some(),
                &Bound::Lowest(c.min_identity_match_rate),
                "repeats and effects cannot be seen without identity; map e-mail, phone or customer id",
            );
        }
    }

    fn share<T>(&mut self, check: &str, of: &[T], test: impl Fn(&T) -> bool, bound: &Bound, hint: &str) {
        if of.is_empty() {
            return;
        }
        let figure = of.iter().filter(|x| test(x)).count() as f64 / of.len() as f64;
        self.rows.push(check_row(
            self.shop.shop.shop_id,
            self.source,
            check,
            figure,
            bound,
            hint,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact, outcome, topic};

    fn account(num_read: i64, num_duplicates: i64, num_rejected: i64) -> SourceAccount {
        SourceAccount {
            shop_id: "de".into(),
            source: "chat".into(),
            num_read,
            num_duplicates,
            num_rejected,
        }
    }

    #[test]
    fn figures_bounds_and_states() {
        let mut facts = Fixture::new("2025-11-30");
        for i in 0..10 {
            let mut c = contact("chat", &format!("c{i}"), "2025-11-20");
            c.never_answered = i < 2;
            c.is_incomplete = i == 0;
            c.language = (i != 3).then_some(refrain_record::Language::De);
            facts.conversation_outcomes.push(outcome(&c, (i < 5).then_some("p")));
            match i {
                0..6 => facts.conversation_tags.push(topic(&c, "a/x")),
                6..8 => facts.conversation_tags.push(topic(&c, "a/other")),
                _ => {}
            }
            facts.conversations.push(c);
        }
        // Long before the window.
        facts.conversations.push(contact("chat", "old", "2025-01-01"));
        let accounts = [account(90, 50, 0), account(10, 0, 2)];
        let rows = facts.night(|night| quality_checks(night, &accounts, &QualityConfig::default()));
        let found: BTreeMap<String, (f64, CheckStatus)> = rows
            .iter()
            .filter(|r| r.source.as_str() == "chat")
            .map(|r| (r.check.as_str().to_owned(), (r.figure, r.status)))
            .collect();
        let expected = [
            ("duplicate_share", 0.5, CheckStatus::Warn),
            ("freshness_days", 10.0, CheckStatus::Warn),
            ("identity_match_rate/email", 0.5, CheckStatus::Warn),
            ("incomplete_share", 0.1, CheckStatus::Warn),
            ("never_answered_share", 0.2, CheckStatus::Warn),
            ("other_share", 0.4, CheckStatus::Ok),
            ("reject_share", 0.02, CheckStatus::Fail),
            ("tag_coverage", 0.8, CheckStatus::Ok),
            ("unknown_language_share", 0.1, CheckStatus::Ok),
        ];
        assert_eq!(
            found,
            expected.into_iter().map(|(k, f, s)| (k.to_owned(), (f, s))).collect()
        );
        assert!(rows.iter().any(|r| r.source.as_str() == "all") && rows.iter().all(|r| !r.hint.is_empty()));
        let whole_file = quality_only(&[account(0, 0, 1)]);
        assert_eq!((whole_file[1].figure, whole_file[1].status), (1.0, CheckStatus::Fail));
    }

    fn quality_only(accounts: &[SourceAccount]) -> Vec<QualityCheck> {
        Fixture::new("2025-11-30").night(|night| quality_checks(night, accounts, &QualityConfig::default()))
    }

    #[test]
    fn bounds_are_checked() {
        QualityConfig::default().check().unwrap();
        let error = QualityConfig {
            max_reject_share: 1.5,
            ..Default::default()
        }
        .check()
        .unwrap_err();
        assert_eq!(error.key, "max_reject_share");
    }
}
