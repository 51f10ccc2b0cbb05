//! A model's folder: reads its files with errors that name them, writes them whole or not at all.

use crate::EmbedError;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const WHOLE_FOLDER: &str = "give the folder that holds all files of one model; nothing is downloaded at run time";

/// An existing folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn open(path: &Path, expected: &str) -> Result<Self, EmbedError> {
        if path.is_dir() {
            return Ok(Self { path: path.to_owned() });
        }
        Err(EmbedError::Missing {
            path: path.to_owned(),
            found: if path.exists() { "no folder" } else { "nothing there" },
            expected: expected.to_owned(),
            hint: WHOLE_FOLDER,
        })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Bytes of a file that must be there; `expected` says what it holds.
    pub(crate) fn read(&self, name: &str, expected: &str) -> Result<Vec<u8>, EmbedError> {
        let missing = || EmbedError::Missing {
            path: self.file(name),
            found: "no such file",
            expected: expected.to_owned(),
            hint: WHOLE_FOLDER,
        };
        self.read_optional(name)?.ok_or_else(missing)
    }

    /// Bytes of a file that may be absent.
    pub(crate) fn read_optional(&self, name: &str) -> Result<Option<Vec<u8>>, EmbedError> {
        match fs::read(self.file(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(EmbedError::File {
                action: "read",
                path: self.file(name),
                source,
            }),
        }
    }

    /// Decodes the bytes of the JSON file `name`.
    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str, bytes: &[u8], expected: &str) -> Result<T, EmbedError> {
        serde_json::from_slice(bytes)
            .map_err(|e| EmbedError::format(&self.file(name), format!("no usable JSON ({e})"), expected))
    }
}

/// Writes files into a folder made where needed; each appears complete.
pub(crate) fn write_all(dir: &Path, files: &[(&str, &[u8])]) -> Result<(), EmbedError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| EmbedError::File {
            action: "write",
            path,
            source,
        }
    };
    fs::create_dir_all(dir).map_err(failed(dir))?;
    for (name, bytes) in files {
        let path = dir.join(name);
        let temporary = dir.join(format!("{name}.tmp"));
        fs::write(&temporary, bytes)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(failed(&path))?;
    }
    Ok(())
}
