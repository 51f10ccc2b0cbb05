//! What can be wrong with the settings; the kernels themselves cannot fail.

/// A setting outside its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{key}` is {found}, expected {expected}\nhint: {hint}")]
pub struct ConfigError {
    /// The setting.
    pub key: &'static str,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
    /// What to do.
    pub hint: &'static str,
}
