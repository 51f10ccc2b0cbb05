//! Whether an issue grows: its rate in the window against that of the 28 days before.

use refrain_record::Date;

use crate::night::Contact;
use crate::stats::{Z95, median};
use crate::window::{WINDOW_DAYS, Window};

/// A ratio of two rates with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    pub(super) ratio: f64,
    pub(super) lo: f64,
    pub(super) hi: f64,
}

/// What contacts are counted against in both spans; `None` when the history does not reach back far enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exposure {
    now: f64,
    before: f64,
    pub(super) per: &'static str,
}

/// First day of the 28 before the window.
pub(super) fn before_from(window: &Window<'_, '_>) -> Date {
    Date(window.from.0.saturating_sub(WINDOW_DAYS))
}

impl Exposure {
    /// Orders where the shop has some in both spans, else contacts.
    ///
    /// Contacts follow orders, so orders are counted the median lag earlier: over the peak, equal
    /// spans would read a rise after it and a fall before.
    pub(super) fn of(window: &Window<'_, '_>) -> Option<Self> {
        let first = window.shop.contacts.first()?.date();
        let before = before_from(window);
        if first > before {
            return None;
        }
        let recent = window.shop.contacts.iter().filter(|c| c.date() >= before);
        let mut lags: Vec<i64> = recent.filter_map(|c| c.order_lag_days.map(i64::from)).collect();
        let lag = median(&mut lags).and_then(|days| i32::try_from(days).ok()).unwrap_or(0);
        let (mut now, mut earlier) = (0, 0);
        for order in &window.shop.orders {
            let date = Date(order.order.date.0.saturating_add(lag));
            now += i64::from(date >= window.from && date <= window.to);
            earlier += i64::from(date >= before && date < window.from);
        }
        if now > 0 && earlier > 0 {
            return Some(Self {
                now: now as f64,
                before: earlier as f64,
                per: "order",
            });
        }
        let (mut now, mut earlier) = (0, 0);
        for contact in &window.shop.contacts {
            let date = contact.date();
            now += i64::from(date >= window.from && date <= window.to);
            earlier += i64::from(date >= before && date < window.from);
        }
        (now > 0 && earlier > 0).then_some(Self {
            now: now as f64,
            before: earlier as f64,
            per: "contact",
        })
    }

    /// The trend of contacts in the window against those before.
    ///
    /// Counts are compound Poisson by person, so the variance of a log count is the sum over persons
    /// of squared counts over the count squared. With an empty span half a contact is added to both.
    pub(super) fn trend<'c, 'a: 'c>(
        self,
        now: impl Iterator<Item = &'c Contact<'a>>,
        before: impl Iterator<Item = &'c Contact<'a>>,
    ) -> Option<Trend> {
        let (now, before) = (Count::of(now), Count::of(before));
        if now.num + before.num == 0.0 {
            return None;
        }
        let (now, before) = if now.num == 0.0 || before.num == 0.0 {
            (now.with_half(), before.with_half())
        } else {
            (now, before)
        };
        let log = (now.num / self.now).ln() - (before.num / self.before).ln();
        let se = (now.squares / now.num.powi(2) + before.squares / before.num.powi(2)).sqrt();
        Some(Trend {
            ratio: log.exp(),
            lo: (log - Z95 * se).exp(),
            hi: (log + Z95 * se).exp(),
        })
    }
}

/// Contacts, and the sum over persons of their contacts squared.
#[derive(Debug, Clone, Copy)]
struct Count {
    num: f64,
    squares: f64,
}

impl Count {
    fn of<'c, 'a: 'c>(contacts: impl Iterator<Item = &'c Contact<'a>>) -> Self {
        let (mut persons, mut squares) = (Vec::new(), 0.0);
        let mut num = 0.0;
        for contact in contacts {
            num += 1.0;
            match contact.person {
                Some(person) => persons.push(person),
                None => squares += 1.0,
            }
        }
        persons.sort_unstable();
        squares += persons
            .chunk_by(|a, b| a == b)
            .map(|run| (run.len() as f64).powi(2))
            .sum::<f64>();
        Self { num, squares }
    }

    fn with_half(self) -> Self {
        Self {
            num: self.num + 0.5,
            squares: self.squares + 0.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact, contact_at, day, order, outcome};

    #[test]
    fn doubled_per_order() {
        // 20 contacts of 20 persons before, 40 now, on as many orders: ratio 2, log se sqrt(1/20 + 1/40).
        let mut facts = Fixture::new("2025-11-30");
        facts.conversations.push(contact("chat", "old", "2025-09-01"));
        for i in 0..60 {
            let at = day(if i < 20 { "2025-10-10" } else { "2025-11-10" }).utc_midnight();
            let c = contact_at("chat", &format!("c{i}"), at);
            facts.conversation_outcomes.push(outcome(&c, Some(&format!("p{i}"))));
            facts.conversations.push(c);
            facts
                .orders
                .push(order(&format!("a{i}"), day("2025-10-10").utc_midnight(), None));
            facts
                .orders
                .push(order(&format!("b{i}"), day("2025-11-10").utc_midnight(), None));
        }
        facts.night(|night| {
            let window = &Window::all(night)[0];
            let exposure = Exposure::of(window).unwrap();
            assert_eq!((exposure.now, exposure.before, exposure.per), (60.0, 60.0, "order"));
            let all = &window.shop.contacts;
            let trend = exposure
                .trend(
                    all.iter().filter(|c| c.date() >= window.from),
                    all.iter()
                        .filter(|c| c.date() >= before_from(window) && c.date() < window.from),
                )
                .unwrap();
            assert!((trend.ratio - 2.0).abs() < 1e-12);
            let se = (1.0_f64 / 20.0 + 1.0 / 40.0).sqrt();
            assert!((trend.hi / trend.ratio - (Z95 * se).exp()).abs() < 1e-12);
        });
    }

    #[test]
    fn a_short_history_has_no_exposure_and_nothing_no_trend() {
        let mut facts = Fixture::new("2025-11-30");
        facts.conversations.push(contact("chat", "c", "2025-11-29"));
        facts.night(|night| assert_eq!(Exposure::of(&Window::all(night)[0]), None));
        facts.conversations.push(contact("chat", "old", "2025-10-06"));
        facts.night(|night| {
            let exposure = Exposure::of(&Window::all(night)[0]).unwrap();
            assert_eq!(exposure.per, "contact");
            assert_eq!(exposure.trend([].into_iter(), [].into_iter()), None);
            let window = &Window::all(night)[0];
            let one = exposure.trend([window.contact(1)].into_iter(), [].into_iter()).unwrap();
            assert!((one.ratio - 3.0).abs() < 1e-9 && one.lo < 1.0 && one.hi.is_finite());
        });
    }
}
