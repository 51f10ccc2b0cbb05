//! What can go wrong with labels, training and model files.

use std::path::PathBuf;

/// An error of labels, training or a model file.
///
/// Messages never hold conversation text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A line of a label file that cannot be used.
    #[error("cannot read labels `{file}`: line {line}: {found}\nhint: {hint}")]
    Label {
        /// Name of the label file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What stood there, without the text.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// The label file could not be read.
    #[error("cannot read labels `{file}`: line {line}")]
    LabelIo {
        /// Name of the label file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The cause.
        source: std::io::Error,
    },
    /// Nothing to learn from.
    #[error("cannot train on {rows} labelled texts: {found}\nhint: {hint}")]
    NothingToLearn {
        /// Number of examples given.
        rows: usize,
        /// What is missing.
        found: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A setting outside its range.
    #[error("`{key}` is `{found}`, expected {expected}\nhint: see the section `[train]` of the config")]
    Setting {
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// The range.
        expected: &'static str,
    },
    /// The learner failed.
    #[error("cannot fit the `{kind}` model: {reason}\nhint: try `kind = \"linear\"`, or more examples per tag")]
    Fit {
        /// The model kind.
        kind: &'static str,
        /// What the learner said.
        reason: String,
    },
    /// The vectors of texts are not there, or not those that the model was fitted beside.
    #[error("{found}\nhint: {hint}")]
    Vectors {
        /// What is missing or differs.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// linfa refused the data.
    #[error("the learner refused the data")]
    Linfa(#[from] linfa::Error),
    /// The model file could not be read or written.
    #[error("cannot {action} model `{}`", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is no usable model.
    #[error("cannot read model `{}`: {found}\nhint: {hint}", path.display())]
    Format {
        /// The file; empty when the bytes did not come from a file.
        path: PathBuf,
        /// What is wrong.
        found: String,
        /// What to do.
        hint: &'static str,
    },
}
