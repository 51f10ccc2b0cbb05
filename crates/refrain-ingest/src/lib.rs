//! Source exports to refrain's records: read, redact, key, account, and assemble a night's tables.
//!
//! [`read_source`] takes one file of one source into [`Feeds`]; [`assemble_night`] unites what the feeds say with what
//! the lake already holds, as of a date.

mod cell;
mod columns;
mod delimited;
mod error;
mod feeds;
mod fields;
mod hours;
mod identity;
mod instant;
mod lines;
mod markers;
mod night;
mod scrub;
mod shop;
mod source;
mod spec;
mod words;

pub use cell::RawCell;
pub use error::SourceError;
pub use feeds::{
    ConversationHeader, Fed, FedConversation, FedMessage, Feeds, IdentitySeen, OrderWithLines, Place, SeenOn,
    SourceAccount,
};
pub use hours::OpeningHours;
pub use identity::IdentityKey;
pub use markers::Markers;
pub use night::{Night, NightAccount, NightSettings, Tables, assemble_night};
pub use shop::{Shop, ShopSpec};
pub use source::{Input, read_source};
pub use spec::SourceSpec;
pub use words::SourceStatus;
