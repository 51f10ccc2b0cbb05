//! How many customers of a month's cohort bought again.

use std::collections::BTreeMap;

use refrain_record::Date;
use refrain_record::tables::RetentionCohort;

use crate::night::{DAY_S, Night};

/// Days after the first order at which cohorts are looked at.
pub const HORIZONS_DAYS: [i64; 5] = [30, 60, 90, 180, 365];

/// The table `retention_cohort`, by its key.
///
/// A cohort is the persons whose first order (no tests, not cancelled) is of that month; history
/// begins somewhere, so the earliest months also hold older customers. Cohorts that are not mature
/// are there with what is known so far.
#[must_use]
pub fn retention_cohort(night: &Night<'_>) -> Vec<RetentionCohort> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let mut cohorts: BTreeMap<Date, (i64, [i64; HORIZONS_DAYS.len()])> = BTreeMap::new();
        for orders in shop.orders_by_person.chunk_by(|a, b| a.0 == b.0) {
            let first = orders[0];
            let cohort = cohorts
                .entry(shop.orders[first.2 as usize].order.date.first_of_month())
                .or_default();
            cohort.0 += 1;
            // The next order at a later instant; one paid in two parts is one purchase.
            let again = orders.iter().find(|o| o.1 > first.1).map(|o| o.1);
            for (retained, days) in cohort.1.iter_mut().zip(HORIZONS_DAYS) {
                *retained += i64::from(again.is_some_and(|at| at <= first.1.plus_seconds(days * DAY_S)));
            }
        }
        for (month, (num_start, retained)) in cohorts {
            // 31 days after the first is in the next month, whatever the month.
            let end = month.plus_days(31).first_of_month();
            for (num_retained, days) in retained.into_iter().zip(HORIZONS_DAYS) {
                rows.push(RetentionCohort {
                    shop_id: shop.shop.shop_id.clone(),
                    date: month,
                    horizon_days: days,
                    num_start,
                    num_retained,
                    // The last customer of the month has the whole horizon behind them.
                    matured: i64::from(night.facts.as_of.days_since(end)) + 1 >= days,
                });
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, day, order};

    #[test]
    fn cohorts_of_two_months() {
        let mut facts = Fixture::new("2025-04-30");
        let mut add = |id: &str, person: &str, date: &str| {
            facts.orders.push(order(id, day(date).utc_midnight(), Some(person)));
        };
        add("1", "soon", "2025-01-31");
        add("2", "soon", "2025-02-10");
        add("3", "later", "2025-01-01");
        add("4", "later", "2025-03-20");
        add("5", "never", "2025-01-05");
        add("6", "twice_at_once", "2025-02-01");
        add("7", "twice_at_once", "2025-02-01");
        let mut cancelled = order("8", day("2025-01-09").utc_midnight(), Some("never"));
        cancelled.cancelled_at = Some(cancelled.ordered_at);
        facts.orders.push(cancelled);
        facts.orders.push(order("9", day("2025-01-09").utc_midnight(), None));
        let rows = facts.night(retention_cohort);
        let found: Vec<_> = rows
            .iter()
            .map(|r| (r.date, r.horizon_days, r.num_start, r.num_retained, r.matured))
            .collect();
        let (january, february) = (day("2025-01-01"), day("2025-02-01"));
        // January ends with the 31st; 30, 60 and 89 whole days lie between it and the end of April 30th.
        assert_eq!(
            found[..5],
            [
                (january, 30, 3, 1, true),
                (january, 60, 3, 1, true),
                (january, 90, 3, 2, false),
                (january, 180, 3, 2, false),
                (january, 365, 3, 2, false),
            ]
        );
        assert_eq!(found[5], (february, 30, 1, 0, true));
        assert_eq!(found[6], (february, 60, 1, 0, true));
        assert!(!found[7].4);
    }
}
