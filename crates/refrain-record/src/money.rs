//! Money as whole ten-thousandths of a currency unit; floats never hold money.

/// An amount in ten-thousandths of a currency unit (`decimal(18, 4)`); the currency stands beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i64);

impl Amount {
    /// Units per whole currency unit.
    pub const SCALE: i64 = 10_000;
    /// Largest magnitude a `decimal(18, 4)` holds.
    pub const MAX: i64 = 999_999_999_999_999_999;

    /// Reads `1234.5`, `-0.99` or `12`; further decimals are rounded half away from zero.
    ///
    /// `None` when the text is no plain decimal number or does not fit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut units = whole.checked_mul(Self::SCALE)?;
        let mut place = Self::SCALE / 10;
        for byte in fraction.bytes().take(4) {
            units = units.checked_add(i64::from(byte - b'0') * place)?;
            place /= 10;
        }
        if fraction.as_bytes().get(4).is_some_and(|b| *b >= b'5') {
            units = units.checked_add(1)?;
        }
        (units <= Self::MAX).then_some(Self(if negative { -units } else { units }))
    }

    /// The amount as a float, for means and models only.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::SCALE as f64
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let scale = Self::SCALE.unsigned_abs();
        let (whole, rest) = (units / scale, units % scale);
        if rest % 100 == 0 {
            write!(f, "{sign}{whole}.{:02}", rest / 100)
        } else {
            write!(f, "{sign}{whole}.{rest:04}")
        }
    }
}

impl std::ops::Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self(0), |a, b| a + b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for (text, units, printed) in [
            ("12", 120_000, "12.00"),
            ("-0.99", -9_900, "-0.99"),
            ("1.23456", 12_346, "1.2346"),
            (".5", 5_000, "0.50"),
            (" 7.10 ", 71_000, "7.10"),
        ] {
            let amount = Amount::parse(text).unwrap();
            assert_eq!(amount.0, units, "{text}");
            assert_eq!(amount.to_string(), printed);
        }
        for text in ["", ".", "-", "1,5", "1e3", "NaN", "12.3.4", "99999999999999999999"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
    }
}
