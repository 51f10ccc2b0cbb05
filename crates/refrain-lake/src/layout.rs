//! Where things lie in a lake, and which file a row belongs to.

use std::path::{Path, PathBuf};

use refrain_record::Date;

/// The period of one file of a dated table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Period {
    /// One file a month; `dt` is its first day.
    #[default]
    Month,
    /// One file a day.
    Day,
}

impl Period {
    /// The `dt` of a date.
    #[must_use]
    pub fn start(self, date: Date) -> Date {
        match self {
            Self::Month => date.first_of_month(),
            Self::Day => date,
        }
    }
}

/// The folder of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeDir(PathBuf);

impl LakeDir {
    /// A lake at `path`, which need not be there yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The link to the published generation.
    #[must_use]
    pub fn current(&self) -> PathBuf {
        self.0.join("current")
    }

    /// Everything that is not a table.
    #[must_use]
    pub fn internal(&self) -> PathBuf {
        self.0.join("_refrain")
    }

    /// Logs, outside the byte promise.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.internal().join("log")
    }

    pub(crate) fn generations(&self) -> PathBuf {
        self.internal().join("generations")
    }

    pub(crate) fn generation(&self, number: u64) -> PathBuf {
        self.generations().join(generation_name(number))
    }

    pub(crate) fn manifest(&self, number: u64) -> PathBuf {
        self.internal()
            .join("manifests")
            .join(format!("{}.json", generation_name(number)))
    }

    /// The state left by night `date` under `name`.
    #[must_use]
    pub fn state(&self, name: &str, date: Date) -> PathBuf {
        self.internal()
            .join("state")
            .join(date.to_string())
            .join(format!("{name}.bin"))
    }
}

pub(crate) fn generation_name(number: u64) -> String {
    format!("g{number:08}")
}

pub(crate) fn generation_number(name: &str) -> Option<u64> {
    name.strip_prefix('g')?.parse().ok()
}

/// The path of a table's file inside a generation.
pub(crate) fn table_file(table: &str, dt: Option<Date>) -> PathBuf {
    let folder = PathBuf::from(table);
    match dt {
        Some(dt) => folder.join(format!("dt={dt}")).join("part-0000.parquet"),
        None => folder.join("part-0000.parquet"),
    }
}
