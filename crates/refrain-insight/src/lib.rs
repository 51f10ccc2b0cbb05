//! Counts, scorecards, effects and the statistics under them: pure functions over record rows.
//!
//! [`Night::prepare`] joins the rows of a night once; each table is a function of it. [`run`] makes
//! all of them. Rows come out in the order of their table's key, the same for the same facts
//! whatever the order of the input and the number of threads.

mod audit;
mod automation;
mod bot;
mod channel;
mod config;
mod cooccurrence;
mod drivers;
mod effect;
mod error;
mod estimate;
mod exposure;
mod facts;
mod faq;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod fixture_rows;
mod forecast;
mod issue_daily;
mod join;
mod night;
mod pool;
mod quality;
mod ranking;
mod retention;
mod run;
mod series;
mod spikes;
pub mod stats;
mod tag_daily;
mod tally;
mod texts;
mod tradeoff;
mod window;

pub use audit::{AuditQuality, AuditReport, AuditStratum, AuditTag, AuditUnit, Share, audit};
pub use automation::automation_candidates;
pub use bot::bot_scorecard;
pub use channel::channel_scorecard;
pub use config::InsightConfig;
pub use cooccurrence::tag_cooccurrence;
pub use drivers::issue_drivers;
pub use effect::{FAMILIES, effect_units, effect_units_of};
pub use error::ConfigError;
pub use estimate::effect_estimates;
pub use facts::{ContactText, NightFacts, ShopFacts, TopicsOf};
pub use faq::faq_queue;
pub use issue_daily::issue_daily;
pub use night::Night;
pub use quality::{QualityConfig, SourceAccount, quality_checks};
pub use ranking::{Ranking, issue_ranking};
pub use retention::{HORIZONS_DAYS, retention_cohort};
pub use run::{Insight, run};
pub use spikes::tag_spikes;
pub use tag_daily::tag_daily;
pub use tradeoff::metric_tradeoff;
pub use window::WINDOW_DAYS;
