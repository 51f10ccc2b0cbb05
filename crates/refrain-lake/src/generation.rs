//! A night's generation: written beside the published one, then swapped in whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use fs4::FileExt;
use rayon::prelude::*;
use refrain_record::{Date, Partition, Row};
use serde::{Deserialize, Serialize};

use crate::file::{self, FileMeta};
use crate::layout::{generation_name, generation_number, table_file};
use crate::{LakeDir, LakeError, Period, SCHEMA_VERSION, views};

/// How many published generations stay on disk.
const GENERATIONS_KEPT: usize = 2;

/// One file of a generation, as its manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    /// Table.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Digest of rows, schema and file metadata.
    pub digest: String,
}

/// A generation's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) schema_version: String,
    pub(crate) as_of: String,
    /// By path inside the generation.
    pub(crate) files: BTreeMap<String, TableFile>,
    /// Digest of each state file, by `name`.
    #[serde(default)]
    pub(crate) states: BTreeMap<String, String>,
}

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self, LakeError> {
        let text = fs::read_to_string(path).map_err(LakeError::io("read", path))?;
        serde_json::from_str(&text).map_err(|e| LakeError::Damaged {
            path: path.to_owned(),
            detail: e.to_string(),
        })
    }
}

/// The right to write a lake; freed when dropped or when its process dies.
#[derive(Debug)]
pub struct LakeLock {
    _file: fs::File,
}

impl LakeLock {
    /// Takes the lock of a lake, making its folders.
    ///
    /// # Errors
    /// When another process holds it, or the folder cannot be written.
    pub fn take(lake: &LakeDir) -> Result<Self, LakeError> {
        let internal = lake.internal();
        fs::create_dir_all(&internal).map_err(LakeError::io("create folder", &internal))?;
        let path = internal.join("lock");
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(LakeError::io("open", &path))?;
        if FileExt::try_lock(&file).is_err() {
            let mut owner = String::new();
            let _ = file.read_to_string(&mut owner);
            let owner = if owner.trim().is_empty() {
                "unknown".to_owned()
            } else {
                owner.trim().to_owned()
            };
            return Err(LakeError::Locked {
                path: lake.path().to_owned(),
                owner,
            });
        }
        let write = |file: &mut fs::File| -> std::io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(LakeError::io("write", &path))?;
        Ok(Self { _file: file })
    }
}

/// What a publication changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Files written anew, as paths inside the generation.
    pub written: Vec<String>,
    /// Files linked from the generation before.
    pub linked: usize,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
}

/// The next generation of a lake while it is written. Dropped unpublished, it leaves no trace that
/// a reader sees; the next run clears what lies there.
pub struct Generation {
    lake: LakeDir,
    period: Period,
    number: u64,
    previous: Option<(u64, Manifest)>,
    files: BTreeMap<String, TableFile>,
    states: BTreeMap<String, String>,
    written: Vec<String>,
    tables: Vec<&'static str>,
    /// Files of the generation before that are written anew or gone.
    replaced: BTreeSet<String>,
}

impl Generation {
    /// Begins the generation after the published one. Needs the lake's lock.
    ///
    /// # Errors
    /// When the lake is damaged or cannot be written.
    pub fn begin(lake: &LakeDir, period: Period, _lock: &LakeLock) -> Result<Self, LakeError> {
        let previous = match current_number(lake)? {
            Some(number) => Some((number, Manifest::read(&lake.manifest(number))?)),
            None => None,
        };
        let number = previous.as_ref().map_or(0, |(n, _)| *n) + 1;
        let folder = lake.generation(number);
        // A run that died before publishing may have left this folder; nothing links to it.
        remove_folder(&folder)?;
        fs::create_dir_all(&folder).map_err(LakeError::io("create folder", &folder))?;
        Ok(Self {
            lake: lake.clone(),
            period,
            number,
            previous,
            files: BTreeMap::new(),
            states: BTreeMap::new(),
            written: Vec::new(),
            tables: Vec::new(),
            replaced: BTreeSet::new(),
        })
    }

    /// Writes all rows of a table. Files whose rows did not change are linked from the generation before.
    ///
    /// Rows may come in any order; files are sorted by the table's key. A dated table without rows has
    /// no files; an undated one always has its file.
    ///
    /// # Errors
    /// When two rows have one key, or a file cannot be written.
    pub fn write<R: Row + Sync>(&mut self, rows: &[R], meta: &FileMeta) -> Result<(), LakeError> {
        self.tables.push(R::META.name);
        let parts = split::<R>(rows, self.period)?;
        let done: Vec<(String, TableFile, bool)> = parts
            .into_par_iter()
            .map(|(dt, rows)| self.write_part(dt, &rows, meta))
            .collect::<Result<_, LakeError>>()?;
        done.into_iter().for_each(|part| self.note(part));
        Ok(())
    }

    /// Writes one file of a dated table; its other files stay those of the generation before.
    ///
    /// `rows` are all rows of the period that begins on `dt`; without rows the file goes.
    ///
    /// # Errors
    /// As [`Self::write`]; and when a row belongs to another file.
    pub fn write_period<R: Row + Sync>(&mut self, dt: Date, rows: &[R], meta: &FileMeta) -> Result<(), LakeError> {
        self.replaced
            .insert(table_file(R::META.name, Some(dt)).to_string_lossy().into_owned());
        for (found, rows) in split::<R>(rows, self.period)? {
            if found != Some(dt) {
                return Err(LakeError::Damaged {
                    path: self
                        .lake
                        .generation(self.number)
                        .join(table_file(R::META.name, Some(dt))),
                    detail: format!(
                        "a row of {} in the file of {dt}",
                        found.map_or("no date".to_owned(), |d| d.to_string())
                    ),
                });
            }
            let part = self.write_part(found, &rows, meta)?;
            self.note(part);
        }
        Ok(())
    }

    /// Writes a file, or links it where the generation before has the same; says which.
    fn write_part<R: Row>(
        &self,
        dt: Option<Date>,
        rows: &[&R],
        meta: &FileMeta,
    ) -> Result<(String, TableFile, bool), LakeError> {
        let relative = table_file(R::META.name, dt);
        let name = relative.to_string_lossy().into_owned();
        let path = self.lake.generation(self.number).join(&relative);
        make_parent(&path)?;
        let entry = TableFile {
            table: R::META.name.to_owned(),
            rows: rows.len() as u64,
            digest: file::digest(rows, meta),
        };
        let same = self
            .previous
            .as_ref()
            .filter(|(_, manifest)| manifest.files.get(&name) == Some(&entry));
        let linked = match same {
            Some((number, _)) => fs::hard_link(self.lake.generation(*number).join(&relative), &path).is_ok(),
            None => false,
        };
        if !linked {
            file::write(&path, rows, &entry.digest, meta)?;
        }
        Ok((name, entry, linked))
    }

    fn note(&mut self, (name, entry, linked): (String, TableFile, bool)) {
        if !linked {
            self.written.push(name.clone());
        }
        self.files.insert(name, entry);
    }

    /// Takes a table over from the generation before, file by file.
    ///
    /// # Errors
    /// When a file cannot be linked.
    pub fn keep(&mut self, table: &str) -> Result<(), LakeError> {
        let Some((number, manifest)) = &self.previous else {
            return Ok(());
        };
        let (from, to) = (self.lake.generation(*number), self.lake.generation(self.number));
        let kept = manifest.files.iter().filter(|(_, entry)| entry.table == table);
        let is_done = |name: &String| self.replaced.contains(name) || self.files.contains_key(name);
        let kept: Vec<_> = kept.filter(|(name, _)| !is_done(name)).collect();
        for (name, entry) in kept {
            let path = to.join(name);
            make_parent(&path)?;
            fs::hard_link(from.join(name), &path).map_err(LakeError::io("link", &path))?;
            self.files.insert(name.clone(), entry.clone());
        }
        Ok(())
    }

    /// Keeps `bytes` as the state that night `date` leaves under `name`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_state(&mut self, name: &str, date: Date, bytes: &[u8]) -> Result<(), LakeError> {
        let path = self.lake.state(name, date);
        make_parent(&path)?;
        write_synced(&path, bytes)?;
        self.states
            .insert(format!("{date}/{name}"), blake3::hash(bytes).to_hex()[..32].to_owned());
        Ok(())
    }

    /// Publishes: every table of the generation before that was not written is taken over, the
    /// manifest is written, and the link is swapped.
    ///
    /// # Errors
    /// When anything cannot be written; the lake then still shows the generation before.
    pub fn publish(mut self, as_of: Date) -> Result<Published, LakeError> {
        self.keep_unwritten()?;
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION.to_owned(),
            as_of: as_of.to_string(),
            files: self.files.clone(),
            states: self.states.clone(),
        };
        let path = self.lake.manifest(self.number);
        make_parent(&path)?;
        let text = serde_json::to_string_pretty(&manifest).map_err(|e| LakeError::Damaged {
            path: path.clone(),
            detail: e.to_string(),
        })?;
        write_synced(&path, text.as_bytes())?;
        write_synced(&self.lake.path().join("views.sql"), self.views().as_bytes())?;
        sync_tree(&self.lake.generation(self.number))?;
        swap_link(&self.lake, self.number)?;
        self.drop_old()?;
        Ok(self.summary())
    }

    /// Removes what was written, publishing nothing; says what publishing would have changed.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn discard(self) -> Result<Published, LakeError> {
        remove_folder(&self.lake.generation(self.number))?;
        Ok(self.summary())
    }

    fn keep_unwritten(&mut self) -> Result<(), LakeError> {
        let Some((_, manifest)) = &self.previous else {
            return Ok(());
        };
        let mut tables: Vec<String> = manifest.files.values().map(|entry| entry.table.clone()).collect();
        tables.sort();
        tables.dedup();
        tables.retain(|table| !self.tables.contains(&table.as_str()));
        for table in &tables {
            self.keep(table)?;
        }
        Ok(())
    }

    fn views(&self) -> String {
        let filled: BTreeSet<&str> = self.files.values().map(|entry| entry.table.as_str()).collect();
        views::views_sql(&filled)
    }

    /// Rows of a table so far, and the digest of its files.
    #[must_use]
    pub fn table_summary(&self, table: &str) -> (u64, String) {
        let mut hasher = blake3::Hasher::new();
        let mut rows = 0;
        for (name, entry) in self.files.iter().filter(|(_, entry)| entry.table == table) {
            rows += entry.rows;
            hasher.update(name.as_bytes()).update(entry.digest.as_bytes());
        }
        (rows, hasher.finalize().to_hex()[..32].to_owned())
    }

    fn summary(self) -> Published {
        let tables: BTreeSet<&String> = self.files.values().map(|entry| &entry.table).collect();
        let rows = tables
            .into_iter()
            .map(|table| (table.clone(), self.table_summary(table).0))
            .collect();
        Published {
            linked: self.files.len() - self.written.len(),
            rows,
            written: self.written,
        }
    }

    fn drop_old(&self) -> Result<(), LakeError> {
        let folder = self.lake.generations();
        let entries = fs::read_dir(&folder).map_err(LakeError::io("list", &folder))?;
        let mut numbers: Vec<u64> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| generation_number(&entry.file_name().to_string_lossy()))
            .filter(|number| *number <= self.number)
            .collect();
        numbers.sort_unstable();
        let keep_from = numbers.len().saturating_sub(GENERATIONS_KEPT);
        for number in &numbers[..keep_from] {
            remove_folder(&self.lake.generation(*number))?;
            let _ = fs::remove_file(self.lake.manifest(*number));
        }
        Ok(())
    }
}

/// Rows by the `dt` of their file.
type Parts<'a, R> = Vec<(Option<Date>, Vec<&'a R>)>;

/// The rows of each file of a table, in key order.
pub(crate) fn split<R: Row>(rows: &[R], period: Period) -> Result<Parts<'_, R>, LakeError> {
    let rows = file::sorted(rows)?;
    if R::META.partition == Partition::Whole {
        return Ok(vec![(None, rows)]);
    }
    let mut parts: BTreeMap<Option<Date>, Vec<&R>> = BTreeMap::new();
    for row in rows {
        parts
            .entry(row.file_date().map(|date| period.start(date)))
            .or_default()
            .push(row);
    }
    Ok(parts.into_iter().collect())
}

/// Number of the published generation; `None` when nothing was published yet.
pub(crate) fn current_number(lake: &LakeDir) -> Result<Option<u64>, LakeError> {
    let link = lake.current();
    match fs::read_link(&link) {
        Ok(target) => {
            let name = target
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            generation_number(&name).map(Some).ok_or(LakeError::NotALake(link))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(LakeError::NotALake(link)),
    }
}

fn swap_link(lake: &LakeDir, number: u64) -> Result<(), LakeError> {
    let fresh = lake.path().join(".current.new");
    let _ = fs::remove_file(&fresh);
    let target = PathBuf::from("_refrain")
        .join("generations")
        .join(generation_name(number));
    std::os::unix::fs::symlink(target, &fresh).map_err(LakeError::io("link", &fresh))?;
    let link = lake.current();
    fs::rename(&fresh, &link).map_err(LakeError::io("swap", &link))?;
    sync_folder(lake.path())
}

fn make_parent(path: &Path) -> Result<(), LakeError> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(LakeError::io("create folder", folder)),
        None => Ok(()),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
    let fresh = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(LakeError::io("write", path))
}

fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    fs::File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(LakeError::io("sync", folder))
}

fn sync_tree(folder: &Path) -> Result<(), LakeError> {
    let entries = fs::read_dir(folder).map_err(LakeError::io("list", folder))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(folder)
}

fn remove_folder(folder: &Path) -> Result<(), LakeError> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(LakeError::io("remove", folder)(e)),
        _ => Ok(()),
    }
}
