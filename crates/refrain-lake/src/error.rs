//! What can go wrong with a lake, split by what the caller would do about it.

use std::path::PathBuf;

/// An error of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A Parquet file could not be decoded or encoded.
    #[error("cannot {action} `{}`", path.display())]
    Parquet {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: parquet::errors::ParquetError,
    },
    /// A file of the lake has another shape than its table.
    #[error("`{}` does not fit table `{table}`: {detail}\nhint: it was written by another version or another tool; re-run with a new `lake.path`, or restore the file", path.display())]
    Shape {
        /// Where.
        path: PathBuf,
        /// Table.
        table: &'static str,
        /// Column and what was found.
        detail: String,
    },
    /// Two rows of a table have one key.
    #[error(
        "table `{table}` would hold two rows with the key {key}\nhint: this is a fault of refrain, not of your data; please report it"
    )]
    DuplicateKey {
        /// Table.
        table: &'static str,
        /// Key cells, without conversation text.
        key: String,
    },
    /// Another run holds the lake.
    #[error("lake `{}` is in use by another run (process {owner})\nhint: wait for it to end; the lock frees itself when its owner dies", path.display())]
    Locked {
        /// Lake.
        path: PathBuf,
        /// Process id that the owner left.
        owner: String,
    },
    /// The lake was never published.
    #[error("`{}` holds no published lake\nhint: run `refrain run` first, or check `lake.path`", .0.display())]
    Empty(PathBuf),
    /// The folder holds something else.
    #[error("`{}` is there but is not refrain's link to a generation\nhint: point `lake.path` at an empty folder", .0.display())]
    NotALake(PathBuf),
    /// A manifest or state file is damaged.
    #[error("`{}` is damaged: {detail}\nhint: restore it from a backup, or start a new lake", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// No such table.
    #[error("there is no table `{name}`{}\nhint: `refrain schema` lists all tables", nearest.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default())]
    UnknownTable {
        /// Name asked for.
        name: String,
        /// Nearest known name.
        nearest: Option<String>,
    },
}

impl LakeError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn parquet(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        let path = path.into();
        move |source| Self::Parquet { action, path, source }
    }
}
