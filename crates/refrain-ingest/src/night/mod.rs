//! A night's source tables: what the lake held the night before, united with what the feeds say up to a date.
//!
//! The feeds win over the lake row by row, nothing is deleted because an export left it out, and every derived column
//! is a function of the united rows and the date alone: thirty nights one by one and one direct run give equal tables.

mod assemble;
mod conversation;
mod describe;
mod ending;
mod ledger;
mod mentions;
mod people;
mod response;
mod tables;

use refrain_record::tables::Reject;
use refrain_record::{Date, Feed, ShopId, SourceId};

pub use assemble::assemble_night;
pub use tables::Tables;

use crate::Markers;

/// What a night needs to know beside its rows.
#[derive(Debug, Clone)]
pub struct NightSettings {
    /// The only "now": rows count up to the end of this date in their shop's zone.
    pub as_of: Date,
    /// A row dated more than this many days after `as_of` is a mistake and rejected.
    pub max_future_days: i32,
    /// An identity with more customer keys than this joins nobody.
    pub max_customers_per_identity: usize,
    /// Marker phrases.
    pub markers: Markers,
}

impl NightSettings {
    /// The defaults for a date: 400 days of future, 5 customers for one identity, no phrases.
    #[must_use]
    pub fn new(as_of: Date) -> Self {
        Self {
            as_of,
            max_future_days: 400,
            max_customers_per_identity: 5,
            markers: Markers::default(),
        }
    }
}

/// Rows of one feed of one source in one night: `read = kept + duplicates + rejected + later`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NightAccount {
    /// Shop.
    pub shop: ShopId,
    /// Source.
    pub source: SourceId,
    /// Feed.
    pub feed: Feed,
    /// Rows read.
    pub read: u64,
    /// Rows that stand in the night's tables.
    pub kept: u64,
    /// Rows that repeat one already read, or that a later row replaces.
    pub duplicates: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Rows dated after the night, left for their own.
    pub later: u64,
}

/// A night's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Night {
    /// All source tables, each sorted by its key.
    pub tables: Tables,
    /// One account for each feed of each source, by shop, source and feed.
    pub accounts: Vec<NightAccount>,
    /// Rows not taken, sorted by their key.
    pub rejects: Vec<Reject>,
}

#[cfg(test)]
mod tests;
