//! Counts, scorecards, effects and the statistics under them: pure functions over record rows.
pub mod stats;
