//! Settings of the journey stage, each default written once.

use crate::outcome::WINDOWS_DAYS;
use serde::{Deserialize, Serialize};

/// Section `[journey]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Repeat windows in days, rising; those of 1, 7, 14 and 30 left out leave their columns null.
    pub repeat_windows_days: Vec<i64>,
    /// Text similarity from which two contacts are about the same matter, 0 to 1.
    pub text_similarity_min: f64,
    /// Longest gap of a redial, seconds from start to start.
    pub redial_max_s: i64,
    /// Longest gap of a forwarded contact, seconds from the end of the one to the start of the other.
    pub forwarded_max_s: i64,
    /// Days before and after a contact in which the person's carts are linked to it.
    pub cart_window_days: i64,
    /// Days before and after a contact in which the person's orders are linked to it.
    pub order_window_days: i64,
    /// Days before and after a contact in which the person's returns are linked to it.
    pub return_window_days: i64,
    /// Days after a campaign's send in which contacts are linked to it.
    pub campaign_window_days: i64,
    /// Contacts of one person on one day beyond which that day's are taken for a shared identity.
    pub max_contacts_per_day: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            repeat_windows_days: WINDOWS_DAYS.to_vec(),
            text_similarity_min: 0.6,
            redial_max_s: 86_400,
            forwarded_max_s: 900,
            cart_window_days: 7,
            order_window_days: 30,
            return_window_days: 60,
            campaign_window_days: 7,
            max_contacts_per_day: 20,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Windows without a column, or out of order.
    #[error("`repeat_windows_days` is {0:?}, expected one or more of 1, 7, 14, 30 in rising order")]
    Windows(Vec<i64>),
    /// A share outside 0 to 1.
    #[error("`{key}` is {found}, expected above 0 and at most 1")]
    Share {
        /// Key.
        key: &'static str,
        /// Value.
        found: f64,
    },
    /// A number outside its range.
    #[error("`{key}` is {found}, expected {min} to {max}")]
    Range {
        /// Key.
        key: &'static str,
        /// Value.
        found: i64,
        /// Least.
        min: i64,
        /// Most.
        max: i64,
    },
}

impl Config {
    /// Whether all settings can be used.
    ///
    /// # Errors
    /// At the first that cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        let windows = &self.repeat_windows_days;
        let is_rising = windows.windows(2).all(|pair| pair[0] < pair[1]);
        if windows.is_empty() || !is_rising || windows.iter().any(|days| !WINDOWS_DAYS.contains(days)) {
            return Err(ConfigError::Windows(windows.clone()));
        }
        let similarity = self.text_similarity_min;
        if !(similarity > 0.0 && similarity <= 1.0) {
            return Err(ConfigError::Share {
                key: "text_similarity_min",
                found: similarity,
            });
        }
        let daily = i64::try_from(self.max_contacts_per_day).unwrap_or(i64::MAX);
        for (key, found, min, max) in [
            ("redial_max_s", self.redial_max_s, 0, 30 * 86_400),
            ("forwarded_max_s", self.forwarded_max_s, 0, 86_400),
            ("cart_window_days", self.cart_window_days, 0, 90),
            ("order_window_days", self.order_window_days, 14, 365),
            ("return_window_days", self.return_window_days, 0, 365),
            ("campaign_window_days", self.campaign_window_days, 0, 90),
            ("max_contacts_per_day", daily, 1, 1_000),
        ] {
            if !(min..=max).contains(&found) {
                return Err(ConfigError::Range { key, found, min, max });
            }
        }
        Ok(())
    }

    /// The longest repeat window; what no repeat or first-contact figure looks beyond.
    #[must_use]
    pub fn longest_repeat_days(&self) -> i64 {
        self.repeat_windows_days.iter().copied().max().unwrap_or(0)
    }

    /// Days for which an earlier night's rows may still change: the longest window of any column.
    #[must_use]
    pub fn look_back_days(&self) -> i64 {
        let linked = [self.cart_window_days, self.order_window_days, self.return_window_days];
        linked.into_iter().fold(self.longest_repeat_days().max(14), i64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_hold_and_mistakes_are_named() {
        assert_eq!(Config::default().check(), Ok(()));
        assert_eq!(Config::default().look_back_days(), 60);
        let problem = |config: Config| config.check().unwrap_err().to_string();
        let base = Config::default();
        assert!(
            problem(Config {
                repeat_windows_days: vec![7, 1],
                ..base.clone()
            })
            .contains("rising")
        );
        assert!(
            problem(Config {
                repeat_windows_days: vec![10],
                ..base.clone()
            })
            .contains("[10]")
        );
        assert!(
            problem(Config {
                text_similarity_min: f64::NAN,
                ..base.clone()
            })
            .contains("text_similarity_min")
        );
        assert!(
            problem(Config {
                max_contacts_per_day: 0,
                ..base
            })
            .contains("1 to 1000")
        );
    }
}
