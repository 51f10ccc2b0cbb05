//! Reading the published generation.

use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;
use refrain_record::{Date, Row};

use crate::generation::{Manifest, current_number};
use crate::layout::table_file;
use crate::{LakeDir, LakeError, TableFile, file};

/// One published generation, as it was when opened.
#[derive(Debug, Clone)]
pub struct Snapshot {
    lake: LakeDir,
    folder: PathBuf,
    manifest: Manifest,
}

impl Snapshot {
    /// Opens what is published; `None` when nothing is.
    ///
    /// # Errors
    /// When the lake is damaged.
    pub fn open(lake: &LakeDir) -> Result<Option<Self>, LakeError> {
        let Some(number) = current_number(lake)? else {
            return Ok(None);
        };
        let manifest = Manifest::read(&lake.manifest(number))?;
        Ok(Some(Self {
            lake: lake.clone(),
            folder: lake.generation(number),
            manifest,
        }))
    }

    /// Opens what is published.
    ///
    /// # Errors
    /// When nothing is, or the lake is damaged.
    pub fn require(lake: &LakeDir) -> Result<Self, LakeError> {
        Self::open(lake)?.ok_or_else(|| LakeError::Empty(lake.path().to_owned()))
    }

    /// The last night that was published.
    ///
    /// # Errors
    /// When the manifest holds no date.
    pub fn as_of(&self) -> Result<Date, LakeError> {
        self.manifest
            .as_of
            .parse()
            .map_err(|e: refrain_record::ParseDateError| LakeError::Damaged {
                path: self.folder.clone(),
                detail: e.to_string(),
            })
    }

    /// All rows of a table, file by file; each file in key order. Empty when it was never written.
    ///
    /// # Errors
    /// When a file is damaged or of another schema.
    pub fn read<R: Row + Send>(&self) -> Result<Vec<R>, LakeError> {
        let paths: Vec<PathBuf> = self
            .manifest
            .files
            .iter()
            .filter(|(_, entry)| entry.table == R::META.name)
            .map(|(name, _)| self.folder.join(name))
            .collect();
        let parts: Vec<Vec<R>> = paths
            .par_iter()
            .map(|path| file::read(path))
            .collect::<Result<_, _>>()?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// The `dt` of every file of a dated table, ascending.
    #[must_use]
    pub fn periods<R: Row>(&self) -> Vec<Date> {
        let prefix = format!("{}/dt=", R::META.name);
        let dates = self.manifest.files.keys().filter_map(|name| {
            let (dt, _) = name.strip_prefix(&prefix)?.split_once('/')?;
            dt.parse().ok()
        });
        dates.collect()
    }

    /// The rows of a dated table's one file, in key order; empty when there is none.
    ///
    /// # Errors
    /// When the file is damaged or of another schema.
    pub fn read_period<R: Row>(&self, dt: Date) -> Result<Vec<R>, LakeError> {
        let name = table_file(R::META.name, Some(dt)).to_string_lossy().into_owned();
        if !self.manifest.files.contains_key(&name) {
            return Ok(Vec::new());
        }
        file::read(&self.folder.join(name))
    }

    /// The files, by path inside the generation.
    pub fn files(&self) -> impl Iterator<Item = (&str, &TableFile)> {
        self.manifest.files.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// The state that night `date` left under `name`; `None` when it left none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn state(&self, name: &str, date: Date) -> Result<Option<Vec<u8>>, LakeError> {
        let path = self.lake.state(name, date);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(LakeError::io("read", path)(e)),
        }
    }
}
