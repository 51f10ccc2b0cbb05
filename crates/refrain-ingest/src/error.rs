//! What stops a source or a config; a bad row is no error but a reject.

use std::path::PathBuf;

/// Why a source cannot be read at all, or a config section is wrong.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A name that is none of the known ones.
    #[error("{what} `{found}` is unknown, expected one of: {}{}", expected.join(", "), hint(found, expected))]
    UnknownName {
        /// What the name stands for.
        what: String,
        /// The name found.
        found: String,
        /// The known names.
        expected: Vec<String>,
    },
    /// A setting of the wrong form.
    #[error("{what} is `{found}`, expected {expected}")]
    InvalidSetting {
        /// The setting.
        what: String,
        /// The value found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The mapping names a column that the file lacks, or a needed column is found under no known name.
    #[error("`{file}` has no column `{column}`, needed for `{canonical}`; it has: {}{}", present.join(", "), hint(column, present))]
    MissingColumn {
        /// File.
        file: String,
        /// Column looked for.
        column: String,
        /// Canonical column that it feeds.
        canonical: String,
        /// Columns of the file.
        present: Vec<String>,
    },
    /// A file of the config that cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The identity key is too short to be secret.
    #[error(
        "the identity key has {found} bytes, expected at least 16\nhint: write 32 random bytes, for example with `openssl rand -hex 32`"
    )]
    ShortKey {
        /// Bytes found.
        found: usize,
    },
    /// Marker phrases that are no TOML of the expected form.
    #[error("marker phrases cannot be read")]
    Markers(#[source] Box<toml::de::Error>),
}

impl SourceError {
    pub(crate) fn invalid(what: &str, found: &str, expected: &str) -> Self {
        Self::InvalidSetting {
            what: what.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }

    pub(crate) fn unknown<T: AsRef<str>>(what: &str, found: &str, expected: impl IntoIterator<Item = T>) -> Self {
        Self::UnknownName {
            what: what.to_owned(),
            found: found.to_owned(),
            expected: expected.into_iter().map(|name| name.as_ref().to_owned()).collect(),
        }
    }
}

/// The nearest known name, as a hint line; nothing when none is near.
fn hint(found: &str, known: &[String]) -> String {
    let folded = found.to_lowercase();
    let best = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), name))
        .min();
    match best {
        Some((distance, name)) if distance <= found.chars().count() / 3 + 1 => {
            format!("\nhint: did you mean `{name}`?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest() {
        let error = SourceError::unknown("kind", "cvs", ["csv", "parquet"]);
        assert_eq!(
            error.to_string(),
            "kind `cvs` is unknown, expected one of: csv, parquet\nhint: did you mean `csv`?"
        );
        assert!(
            !SourceError::unknown("kind", "zendesk", ["csv"])
                .to_string()
                .contains("hint")
        );
    }
}
