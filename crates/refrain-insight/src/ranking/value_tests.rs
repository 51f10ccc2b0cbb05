use proptest::prelude::*;

use super::*;
use crate::fixture::estimate;

proptest! {
    #[test]
    fn shares_add_up_and_hardly_differ(value in 0..Amount::MAX, num in 1_usize..40) {
        let parts: Vec<i64> = shares(Amount(value), num).map(|a| a.0).collect();
        prop_assert_eq!(parts.iter().sum::<i64>(), value);
        prop_assert!(parts[0] - parts[num - 1] <= 1 && parts.is_sorted_by(|a, b| a >= b));
    }
}

#[test]
fn the_worked_input() {
    let parts: Vec<String> = shares(Amount(10_000), 3).map(|a| a.to_string()).collect();
    assert_eq!(parts, ["0.3334", "0.3333", "0.3333"]);
}

#[test]
fn only_strong_found_and_raised_estimates_attribute() {
    let share = |level, ratio, q| {
        let rows = [estimate(level, ratio, q)];
        let found = Attribution::of("de", &rows, 0.1);
        found.by_tag.get(&(Outcome::CartAbandoned, "payment/failed")).copied()
    };
    let given = share(EvidenceLevel::Stratified, 2.0, 0.01).unwrap();
    assert_eq!((given.share, given.lo, given.hi), (0.5, 0.375, 0.75));
    assert!(share(EvidenceLevel::Comparison, 2.0, 0.01).is_none());
    assert!(share(EvidenceLevel::Stratified, 2.0, 0.2).is_none());
    assert!(share(EvidenceLevel::HoldOut, 0.5, 0.01).is_none());
    assert!(
        Attribution::of("uk", &[estimate(EvidenceLevel::HoldOut, 2.0, 0.01)], 0.1)
            .by_tag
            .is_empty()
    );
}

#[test]
fn of_several_rungs_the_highest_counts() {
    let rows = [
        estimate(EvidenceLevel::HoldOut, 4.0, 0.01),
        estimate(EvidenceLevel::Stratified, 2.0, 0.01),
    ];
    let found = Attribution::of("de", &rows, 0.1);
    let held = found.by_tag[&(Outcome::CartAbandoned, "payment/failed")];
    assert_eq!((held.share, held.level), (0.75, EvidenceLevel::HoldOut));
}
