//! The statistics under counts, scorecards and effects: closed forms, no sampling, no I/O.
//!
//! Counts are `i64` as in the tables; negative ones count as zero. No function returns NaN.

mod count;
mod multiple;
mod order;
mod proportion;
mod risk;

pub(crate) use count::normal_quantile;
pub use count::{count_interval, count_upper_tail};
pub use multiple::{benjamini_hochberg, benjamini_yekutieli};
pub use order::{median, percentile};
pub(crate) use proportion::newcombe_effective;
pub(crate) use proportion::wilson_effective;
pub use proportion::{Difference, Z95, newcombe_difference, wilson};
pub use risk::{Arms, MantelHaenszel, RelativeRisk, mantel_haenszel, relative_risk, two_proportion_p, two_sided_p};
