//! Whole runs of the binary: faults, nights, golden tables, planted truth.

mod faults;
mod golden;
mod nights;
mod season;
mod shop;
