//! Which rows a night takes, which it leaves for later, and the account of both.

use std::collections::BTreeMap;

use refrain_record::tables::Reject;
use refrain_record::{Date, Feed, RejectCause, ShopId, SourceId, Timestamp};
use rustc_hash::FxHashMap;

use crate::feeds::{Fed, Place};
use crate::night::{NightAccount, NightSettings};
use crate::{Feeds, OpeningHours, Shop};

/// What a night does with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Later,
    Future,
    Orphan,
    /// Neither it nor its messages have a time.
    Undated,
}

/// A shop's view of the night.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock<'a> {
    shop: Option<&'a Shop>,
    as_of: Date,
    latest: Date,
    /// First instant after the night.
    pub(crate) end: Timestamp,
    /// First instant too far in the future.
    too_far: Timestamp,
}

impl<'a> Clock<'a> {
    fn new(shop: Option<&'a Shop>, settings: &NightSettings) -> Self {
        let latest = settings.as_of.plus_days(settings.max_future_days.max(0));
        let end_of = |date: Date| shop.map_or_else(|| date.plus_days(1).utc_midnight(), |shop| shop.end_of(date));
        Self {
            shop,
            as_of: settings.as_of,
            latest,
            end: end_of(settings.as_of),
            too_far: end_of(latest),
        }
    }

    pub(crate) fn date_of(&self, at: Timestamp) -> Date {
        self.shop.map_or_else(|| at.utc_date(), |shop| shop.date_of(at))
    }

    pub(crate) fn hours(&self) -> Option<&'a OpeningHours> {
        self.shop.and_then(|shop| shop.hours.as_ref())
    }

    /// `None` when an instant lies in the night or before.
    pub(crate) fn verdict(&self, at: Timestamp) -> Option<Verdict> {
        if at < self.end {
            None
        } else if at < self.too_far {
            Some(Verdict::Later)
        } else {
            Some(Verdict::Future)
        }
    }

    pub(crate) fn verdict_of_date(&self, date: Date) -> Option<Verdict> {
        if date <= self.as_of {
            None
        } else if date <= self.latest {
            Some(Verdict::Later)
        } else {
            Some(Verdict::Future)
        }
    }

    /// What was known at the end of the night.
    pub(crate) fn known(&self, at: Option<Timestamp>) -> Option<Timestamp> {
        at.filter(|at| *at < self.end)
    }
}

/// The clocks of all shops.
pub(crate) struct Clocks<'a> {
    by_shop: FxHashMap<&'a str, Clock<'a>>,
    /// For a shop that the config no longer names: its days are UTC days.
    other: Clock<'a>,
}

impl<'a> Clocks<'a> {
    pub(crate) fn new(shops: &'a [Shop], settings: &NightSettings) -> Self {
        let by_shop = shops
            .iter()
            .map(|shop| (shop.id.as_str(), Clock::new(Some(shop), settings)))
            .collect();
        Self {
            by_shop,
            other: Clock::new(None, settings),
        }
    }

    pub(crate) fn of(&self, shop: &ShopId) -> &Clock<'a> {
        self.by_shop.get(shop.as_str()).unwrap_or(&self.other)
    }
}

/// Accounts and rejects as the night goes through the feeds.
pub(crate) struct Ledger<'a> {
    feeds: &'a Feeds,
    accounts: BTreeMap<(ShopId, SourceId, Feed), NightAccount>,
    rejects: Vec<Reject>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(feeds: &'a Feeds) -> Self {
        let accounts = feeds.accounts().into_iter().map(|account| {
            let night = NightAccount {
                kept: account.kept(),
                shop: account.shop.clone(),
                source: account.source.clone(),
                feed: account.feed,
                read: account.read,
                duplicates: account.duplicates,
                rejected: account.rejected,
                later: 0,
            };
            ((account.shop, account.source, account.feed), night)
        });
        Self {
            feeds,
            accounts: accounts.collect(),
            rejects: feeds.rejects.clone(),
        }
    }

    /// Notes that a row is not taken; what came inside another row goes with it.
    pub(crate) fn set_aside(&mut self, shop: &ShopId, source: &SourceId, place: Place, verdict: Verdict) {
        if place.units == 0 {
            return;
        }
        if let Some(account) = self.accounts.get_mut(&(shop.clone(), source.clone(), place.feed)) {
            let units = u64::from(place.units);
            account.kept = account.kept.saturating_sub(units);
            match verdict {
                Verdict::Later => account.later += units,
                Verdict::Future | Verdict::Orphan | Verdict::Undated => account.rejected += units,
            }
        }
        let (cause, detail) = match verdict {
            Verdict::Later => return,
            Verdict::Future => (RejectCause::FutureDate, "its time lies too far after the run's date"),
            Verdict::Undated => (
                RejectCause::NoTime,
                "no time in the row or its messages, and the source has no `default_date`",
            ),
            Verdict::Orphan => (RejectCause::Orphan, "what it refers to is in no source"),
        };
        self.rejects.push(Reject {
            shop_id: shop.clone(),
            source: source.clone(),
            feed: place.feed,
            file: self.feeds.files.get(place.file as usize).cloned().unwrap_or_default(),
            line: i64::try_from(place.line).unwrap_or(i64::MAX),
            cause,
            detail: detail.to_owned(),
        });
    }

    /// The rows of the night, in the feed's order.
    pub(crate) fn due<'r, T>(
        &mut self,
        clocks: &Clocks<'_>,
        rows: &'r [Fed<T>],
        owner: impl Fn(&T) -> (&ShopId, &SourceId),
        time: impl Fn(&T) -> Option<Timestamp>,
    ) -> Vec<&'r Fed<T>> {
        let mut due = Vec::with_capacity(rows.len());
        for fed in rows {
            let (shop, source) = owner(&fed.row);
            match time(&fed.row).and_then(|at| clocks.of(shop).verdict(at)) {
                None => due.push(fed),
                Some(verdict) => self.set_aside(shop, source, fed.place, verdict),
            }
        }
        due
    }

    pub(crate) fn close(self) -> (Vec<NightAccount>, Vec<Reject>) {
        (self.accounts.into_values().collect(), self.rejects)
    }
}
