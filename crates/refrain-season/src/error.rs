//! What can stop a season from being written.

use std::path::PathBuf;

/// Why a season could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SeasonError {
    /// A setting out of range.
    #[error("season setting `{setting}` is {found}, expected {expected}\nhint: {hint}")]
    Config {
        /// Name of the setting.
        setting: &'static str,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: &'static str,
        /// What to do about it.
        hint: &'static str,
    },
    /// A file or folder that could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The built-in phrases are broken: our bug, not the caller's.
    #[error("internal: phrase file `{file}`: {reason}")]
    Grammar {
        /// Embedded file.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
