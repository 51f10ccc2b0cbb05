//! Whole runs of the binary: faults, nights, golden tables.

mod faults;
mod golden;
mod nights;
mod shop;
