//! The Parquet lake: the only crate that knows Arrow and Parquet.
//!
//! A [`Snapshot`] reads the published generation; a [`Generation`] writes the next one beside it,
//! hard-links what did not change, and publishes by swapping one link. Readers that know nothing
//! of refrain see either the old night or the new one.

mod batch;
mod contract;
mod error;
mod file;
mod generation;
mod layout;
mod schema;
mod snapshot;
mod source;
mod views;

pub use contract::{Format, describe_all, describe_table, table_names};
pub use error::LakeError;
pub use file::{FileMeta, SCHEMA_VERSION};
pub use generation::{Generation, LakeLock, Published, TableFile};
pub use layout::{LakeDir, Period};
pub use schema::arrow_schema;
pub use snapshot::Snapshot;
pub use source::{Cell, ParquetSource};

#[cfg(test)]
mod tests;
