//! What can stop the issues stage.

use refrain_record::Date;

/// Why a night of issues could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuesError {
    /// An option out of its range.
    #[error("`issues.{option}` is `{found}`, expected {expected}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        found: String,
        /// The range.
        expected: &'static str,
    },
    /// State bytes that this version cannot read.
    #[error(
        "the issue state is {found}, expected version {expected}\nhint: run with `--replay`, or start over from an empty state"
    )]
    State {
        /// What was found.
        found: String,
        /// The version this program writes.
        expected: u32,
    },
    /// The state is of a later night than the one to run.
    #[error(
        "the issue state is of {found}, expected a night before {as_of}\nhint: start from the state of the night before, or run with `--replay`"
    )]
    LaterState {
        /// Night of the state.
        found: Date,
        /// Night to run.
        as_of: Date,
    },
    /// A membership names an issue that the state does not know.
    #[error(
        "a membership names issue `{issue_id}`, expected one of the issue state\nhint: state and `issue_members` must come from the same night"
    )]
    UnknownIssue {
        /// The issue.
        issue_id: String,
    },
    /// The requests are not in the order promised.
    #[error(
        "the requests are out of order at position {position}, expected them sorted by shop, date, source and conversation, none dated after the night"
    )]
    Order {
        /// Position from 0.
        position: usize,
    },
}
