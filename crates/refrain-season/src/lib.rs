//! A simulated shop season with planted truth: exports as shops have them, and beside them what is really so.
//!
//! Persons are lived through one after another, so memory does not grow with the season. Every person and every
//! text draws from a generator of its own: same settings and seed, same bytes.
//!
//! ```no_run
//! let config = refrain_season::SeasonConfig { conversations: 2_000, seed: 7, ..Default::default() };
//! let summary = refrain_season::write_season(std::path::Path::new("season"), &config)?;
//! assert_eq!(summary.conversations, 2_000);
//! # Ok::<(), refrain_season::SeasonError>(())
//! ```

mod calendar;
mod campaign;
mod catalogue;
mod config;
mod course;
mod desk;
mod error;
mod facts;
mod file;
mod grammar;
mod help;
mod helpdesk;
mod life;
mod manifest;
mod person;
mod preset;
mod problem;
mod rng;
mod say;
mod season;
mod shop;
mod ticket;
mod truth;
mod typo;

pub use config::{EffectSizes, Helpdesk, Incident, IncidentKind, SeasonConfig, ShopConfig};
pub use error::SeasonError;
pub use problem::Problem;
pub use season::{SeasonSummary, write_season};
pub use truth::Cells;
