//! The settings of this stage, each default written once.

use crate::ConfigError;

/// Section `[insight]`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InsightConfig {
    /// Exposed units below which an estimate is refused.
    pub min_exposed: i64,
    /// Outcomes in both arms below which it is refused.
    pub min_outcomes: i64,
    /// Exposed units with the outcome below which it is refused.
    pub min_exposed_outcomes: i64,
    /// Count expected without an effect, in the smallest of the four cells, below which it is refused.
    pub min_expected: f64,
    /// Share of units with a known person below which it is refused.
    pub min_match_rate: f64,
    /// Campaigns of a type, and of all others, below which types are listed and not tested.
    pub min_campaigns_per_type: i64,
    /// False discovery rate at which readers call an estimate found.
    pub q: f64,
    /// Days of the sensitivity grid; windows longer than an outcome's own are passed over.
    pub windows_days: Vec<i64>,
    /// Hours before a checkout's last activity in which a contact counts as exposure.
    pub cart_window_h: i64,
    /// Days after delivery in which contacts still count; returns count only after them.
    pub return_landmark_days: i64,
    /// The same in days after the order, where no delivery is known.
    pub return_landmark_undelivered_days: i64,
    /// Days after the order up to which returns count.
    pub return_window_days: i64,
    /// Days after a send in which a contact of the recipient counts.
    pub contact_window_days: i64,
    /// Days up to the run's date whose orders are looked at for what drives an issue.
    pub driver_window_days: i64,
    /// Distinct persons below which a published crosstab leaves a cell out.
    pub min_customers_published: i64,
    /// Topic tags about the shop's own terms, those below them included.
    pub policy_tags: Vec<String>,
    /// Contacts of a day below which nothing alarms, whatever was expected.
    pub alarm_min_count: i64,
    /// Contacts above the expected ones below which nothing alarms.
    pub alarm_min_excess: f64,
    /// False alarms a shop may see in a month over all tags and issues.
    pub alarm_budget_per_month: f64,
}

impl Default for InsightConfig {
    fn default() -> Self {
        Self {
            min_exposed: 20,
            min_outcomes: 5,
            min_exposed_outcomes: 3,
            min_expected: 5.0,
            min_match_rate: 0.6,
            min_campaigns_per_type: 8,
            q: 0.1,
            windows_days: vec![1, 3, 7, 14],
            cart_window_h: 24,
            return_landmark_days: 5,
            return_landmark_undelivered_days: 14,
            return_window_days: 60,
            contact_window_days: 7,
            driver_window_days: 90,
            min_customers_published: 5,
            policy_tags: vec!["discount/conditions".to_owned(), "return/policy".to_owned()],
            alarm_min_count: 10,
            alarm_min_excess: 5.0,
            alarm_budget_per_month: 2.0,
        }
    }
}

impl InsightConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// Names the first setting outside its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_share("min_match_rate", self.min_match_rate)?;
        check_share("q", self.q)?;
        for (key, value) in [
            ("min_exposed", self.min_exposed),
            ("min_outcomes", self.min_outcomes),
            ("min_exposed_outcomes", self.min_exposed_outcomes),
            ("min_campaigns_per_type", self.min_campaigns_per_type),
            ("min_customers_published", self.min_customers_published),
            ("alarm_min_count", self.alarm_min_count),
        ] {
            check_range(key, value, 1, 1_000_000, "from 1 to 1000000")?;
        }
        check_range("cart_window_h", self.cart_window_h, 1, 24 * 90, "hours from 1 to 2160")?;
        for (key, value) in [
            ("contact_window_days", self.contact_window_days),
            ("driver_window_days", self.driver_window_days),
            ("return_landmark_days", self.return_landmark_days),
            (
                "return_landmark_undelivered_days",
                self.return_landmark_undelivered_days,
            ),
            ("return_window_days", self.return_window_days),
        ]
        .into_iter()
        .chain(self.windows_days.iter().map(|days| ("windows_days", *days)))
        {
            check_range(key, value, 1, 365, "days from 1 to 365")?;
        }
        for (key, days) in [
            ("return_landmark_days", self.return_landmark_days),
            (
                "return_landmark_undelivered_days",
                self.return_landmark_undelivered_days,
            ),
        ] {
            if days >= self.return_window_days {
                return Err(ConfigError {
                    key,
                    found: days.to_string(),
                    expected: "fewer days than `return_window_days`",
                    hint: "returns are counted between the two; 5, 14 and 60 are the defaults",
                });
            }
        }
        for (key, value) in [
            ("min_expected", self.min_expected),
            ("alarm_min_excess", self.alarm_min_excess),
            ("alarm_budget_per_month", self.alarm_budget_per_month),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ConfigError {
                    key,
                    found: value.to_string(),
                    expected: "a number above 0",
                    hint: "leave it out to take the default",
                });
            }
        }
        Ok(())
    }
}

fn check_range(key: &'static str, value: i64, lo: i64, hi: i64, expected: &'static str) -> Result<(), ConfigError> {
    if (lo..=hi).contains(&value) {
        return Ok(());
    }
    Err(ConfigError {
        key,
        found: value.to_string(),
        expected,
        hint: "leave it out to take the default",
    })
}

pub(crate) fn check_share(key: &'static str, value: f64) -> Result<(), ConfigError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(ConfigError {
        key,
        found: value.to_string(),
        expected: "a share from 0 to 1",
        hint: "write 10 % as 0.1",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_hold_and_unknown_keys_are_refused() {
        InsightConfig::default().check().unwrap();
        let read: InsightConfig = serde_json::from_str(r#"{"min_exposed": 50}"#).unwrap();
        assert_eq!(
            read,
            InsightConfig {
                min_exposed: 50,
                ..InsightConfig::default()
            }
        );
        let error = serde_json::from_str::<InsightConfig>(r#"{"min_expose": 50}"#).unwrap_err();
        assert!(error.to_string().contains("min_expose"), "{error}");
    }

    #[test]
    fn ranges_are_named() {
        for (config, key) in [
            (
                InsightConfig {
                    q: 10.0,
                    ..Default::default()
                },
                "q",
            ),
            (
                InsightConfig {
                    min_match_rate: f64::NAN,
                    ..Default::default()
                },
                "min_match_rate",
            ),
            (
                InsightConfig {
                    windows_days: vec![7, 0],
                    ..Default::default()
                },
                "windows_days",
            ),
            (
                InsightConfig {
                    return_landmark_days: 60,
                    ..Default::default()
                },
                "return_landmark_days",
            ),
            (
                InsightConfig {
                    alarm_budget_per_month: 0.0,
                    ..Default::default()
                },
                "alarm_budget_per_month",
            ),
        ] {
            let error = config.check().unwrap_err();
            assert_eq!(error.key, key);
            assert!(error.to_string().contains("\nhint: "), "{error}");
        }
    }
}
