//! What can go wrong with a model folder.

use std::path::{Path, PathBuf};

/// An error of opening, running, distilling or saving a model.
///
/// Messages never hold the texts to embed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// A file or folder that is not there.
    #[error("cannot read `{}`: {found}, expected {expected}\nhint: {hint}", path.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
        /// What stood there instead.
        found: &'static str,
        /// What should stand there.
        expected: String,
        /// What to do.
        hint: &'static str,
    },
    /// The file could not be read or written.
    #[error("cannot {action} `{}`\nhint: check the permissions of the folder and the space on its disk", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is damaged, or belongs to another model.
    #[error("cannot read `{}`: found {found}, expected {expected}\nhint: {hint}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
        /// What a sound file has.
        expected: String,
        /// What to do.
        hint: &'static str,
    },
    /// A sound model of a kind that is not run here.
    #[error("cannot use `{}`: found {found}, expected {expected}\nhint: {hint}", path.display())]
    Unsupported {
        /// The file that says so.
        path: PathBuf,
        /// The kind it is.
        found: String,
        /// The kinds that run.
        expected: String,
        /// What to do.
        hint: &'static str,
    },
    /// The model opened but fails on a text.
    #[error("cannot embed text {row} with `{}`: {found}\nhint: the model is damaged; fetch its folder again", path.display())]
    Embed {
        /// The model's folder.
        path: PathBuf,
        /// Index of the text among those given.
        row: usize,
        /// What went wrong, without the text.
        found: String,
    },
    /// An option outside its range.
    #[error("`{key}` is `{found}`, expected {expected}\nhint: leave it out for the default")]
    Setting {
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// The range.
        expected: &'static str,
    },
}

pub(crate) const FETCH_AGAIN: &str = "fetch the whole folder of one model again; a broken download leaves such files";

impl EmbedError {
    pub(crate) fn format(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Format {
            path: path.to_owned(),
            found: found.into(),
            expected: expected.into(),
            hint: FETCH_AGAIN,
        }
    }

    #[cfg(feature = "transformer")]
    pub(crate) fn unsupported(
        path: &Path,
        found: impl Into<String>,
        expected: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self::Unsupported {
            path: path.to_owned(),
            found: found.into(),
            expected: expected.into(),
            hint,
        }
    }
}
