//! How a command fails: what to print, and with which exit code.

use std::fmt;

/// Exit codes of refrain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// The call or the config is wrong.
    Usage = 2,
    /// A quality gate failed; nothing was published.
    Gate = 3,
    /// Too many rejects; nothing was published.
    Rejects = 4,
    /// Nothing new, only with `--skip-code`.
    Skipped = 99,
}

/// An error with its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: ExitCode,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: ExitCode::Usage,
            error: error.into(),
        }
    }

    pub(crate) fn with(code: ExitCode, message: String) -> Self {
        Self {
            code,
            error: anyhow::Error::msg(message),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            code: ExitCode::Failed,
            error: error.into(),
        }
    }
}

impl fmt::Display for Failure {
    /// `error: what: why`, each cause once, with hints on lines of their own at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said: Vec<String> = Vec::new();
        let mut hints: Vec<String> = Vec::new();
        for cause in self.error.chain() {
            let text = cause.to_string();
            let (what, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
            let what = what.trim().to_owned();
            if !said.iter().any(|s| s.contains(&what)) {
                said.push(what);
            }
            if !hint.is_empty() && !hints.iter().any(|h| h == hint) {
                hints.push(hint.trim().to_owned());
            }
        }
        write!(f, "error: {}", said.join(": "))?;
        for hint in hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

pub(crate) type Outcome<T> = Result<T, Failure>;

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn causes_are_said_once_and_hints_last() {
        let inner = anyhow::anyhow!("line 3: no JSON\nhint: convert it");
        let failure: Failure = Err::<(), _>(inner).context("cannot read `a`").unwrap_err().into();
        assert_eq!(
            failure.to_string(),
            "error: cannot read `a`: line 3: no JSON\nhint: convert it"
        );
    }
}
