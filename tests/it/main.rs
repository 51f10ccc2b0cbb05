//! Whole runs of the binary: faults, nights, golden tables.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod decisions;
#[cfg(feature = "embed")]
mod embed;
mod faults;
mod golden;
mod labels;
mod nights;
mod shop;
