use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use refrain_record::{Date, Timestamp};

use super::*;

fn unit(id: &str, exposure: &str, person: Option<&str>, stratum: &str, has_outcome: bool) -> EffectUnit {
    EffectUnit {
        shop_id: "de".into(),
        outcome: Outcome::Returned,
        exposure_kind: ExposureKind::Tag,
        unit_id: id.to_owned(),
        exposure: exposure.into(),
        date: Date(0),
        index_at: Timestamp(0),
        person_key: person.map(Into::into),
        has_outcome,
        outcome_after_s: None,
        stratum: stratum.into(),
        matured: true,
    }
}

fn estimates(units: &[EffectUnit]) -> Vec<EffectEstimate> {
    effect_estimates(
        units,
        &|tag, _| tag.as_str().starts_with("return/"),
        &InsightConfig::default(),
    )
}

fn find<'r>(rows: &'r [EffectEstimate], exposure: &str, level: EvidenceLevel) -> &'r EffectEstimate {
    rows.iter()
        .find(|r| r.exposure.as_str() == exposure && r.evidence_level == level)
        .unwrap()
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// `n` units, 30 % exposed, baseline risk 10 %, exposed risk `ratio` times that.
fn planted(seed: u64, n: usize, ratio: f64) -> Vec<EffectUnit> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|i| {
            let exposed = uniform(&mut rng) < 0.3;
            let outcome = uniform(&mut rng) < if exposed { 0.1 * ratio } else { 0.1 };
            let stratum = if uniform(&mut rng) < 0.5 { "s1" } else { "s2" };
            let exposure = if exposed { "size/unclear" } else { "none" };
            unit(&format!("u{i:05}"), exposure, Some(&format!("p{i}")), stratum, outcome)
        })
        .collect()
}

#[test]
fn planted_effects_come_back() {
    let mut covered = [0, 0];
    let rounds = 100;
    for seed in 0..rounds {
        for (slot, ratio) in [(0, 2.0), (1, 1.0)] {
            let rows = estimates(&planted(seed, 5_000, ratio));
            let row = find(&rows, "size/unclear", EvidenceLevel::Comparison);
            assert_eq!(row.status, EstimateStatus::Ok);
            let (lo, hi) = (row.relative_risk_lo.unwrap(), row.relative_risk_hi.unwrap());
            covered[slot] += u32::from(lo <= ratio && ratio <= hi);
            if slot == 0 {
                assert!(
                    lo > 1.0 && row.q.unwrap() < 0.01 && row.risk_difference_lo.unwrap() > 0.0,
                    "seed {seed}"
                );
                let mh = find(&rows, "size/unclear", EvidenceLevel::Stratified);
                assert!((mh.relative_risk.unwrap() / row.relative_risk.unwrap() - 1.0).abs() < 0.05);
                assert_eq!(row.simpson_flag, Some(false));
            }
        }
    }
    // 95 nominal; 3 standard deviations of a binomial of 100 are 6.5.
    assert!(covered.iter().all(|c| *c >= 88), "{covered:?}");
}

/// Units of a person share their fate: the plain interval misses the truth far too often.
#[test]
fn repeated_persons_widen_the_interval() {
    let (mut covered, mut plain_covered) = (0, 0);
    let rounds = 200;
    for seed in 0..rounds {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut units = Vec::new();
        for person in 0..400 {
            let exposed = uniform(&mut rng) < 0.4;
            let prone = uniform(&mut rng) < 0.2;
            for k in 0..5 {
                let exposure = if exposed { "x/y" } else { "none" };
                let outcome = prone && uniform(&mut rng) < 0.9;
                units.push(unit(
                    &format!("u{person:04}{k}"),
                    exposure,
                    Some(&format!("p{person}")),
                    "s",
                    outcome,
                ));
            }
        }
        let rows = estimates(&units);
        let row = find(&rows, "x/y", EvidenceLevel::Comparison);
        assert_eq!(row.num_persons, 400);
        covered += u32::from(row.relative_risk_lo.unwrap() <= 1.0 && 1.0 <= row.relative_risk_hi.unwrap());
        let plain = relative_risk(
            Arms {
                exposed: row.num_exposed,
                exposed_outcome: row.num_exposed_outcome,
                baseline: row.num_baseline,
                baseline_outcome: row.num_baseline_outcome,
            },
            Z95,
        )
        .unwrap();
        plain_covered += u32::from(plain.lo <= 1.0 && 1.0 <= plain.hi);
    }
    assert!(covered >= 180, "{covered} of {rounds}");
    assert!(
        plain_covered < 160,
        "{plain_covered} of {rounds}: the test would prove nothing"
    );
}

#[test]
fn reversal_is_flagged() {
    let mut units = Vec::new();
    let mut add = |stratum: &str, exposure: &str, num: usize, outcomes: usize| {
        for i in 0..num {
            let id = format!("{stratum}{exposure}{i:04}");
            units.push(unit(&id, exposure, Some(&id), stratum, i < outcomes));
        }
    };
    // The kidney stone table of Charig et al. 1986, BMJ 292:879: better in both strata, worse pooled.
    add("small", "open", 87, 81);
    add("small", "none", 270, 234);
    add("large", "open", 263, 192);
    add("large", "none", 80, 55);
    let rows = estimates(&units);
    let crude = find(&rows, "open", EvidenceLevel::Comparison);
    let pooled = find(&rows, "open", EvidenceLevel::Stratified);
    assert!(crude.relative_risk.unwrap() < 1.0 && pooled.relative_risk.unwrap() > 1.0);
    assert_eq!((crude.simpson_flag, pooled.simpson_flag), (Some(true), Some(true)));
}

#[test]
fn refusals_keep_the_figures() {
    let many = |prefix: &str, exposure: &str, num: usize, outcomes: usize| -> Vec<EffectUnit> {
        (0..num)
            .map(|i| {
                unit(
                    &format!("{prefix}{i:04}"),
                    exposure,
                    Some(&format!("{prefix}{i}")),
                    "s",
                    i < outcomes,
                )
            })
            .collect()
    };
    let base = many("b", "none", 100, 20);
    let with = |units: Vec<EffectUnit>| estimates(&[base.clone(), units].concat());

    let rows = with(many("e", "x", 19, 10));
    let row = find(&rows, "x", EvidenceLevel::Comparison);
    assert_eq!(
        (row.status, row.num_exposed, row.num_baseline),
        (EstimateStatus::TooFew, 19, 100)
    );
    assert!(row.rate_exposed.is_some() && row.relative_risk.is_none() && row.p.is_none() && row.q.is_none());
    assert_eq!(row.num_family, 0);

    let rows = with(many("e", "return/request", 60, 50));
    let row = find(&rows, "return/request", EvidenceLevel::Comparison);
    assert_eq!((row.status, row.num_exposed_outcome), (EstimateStatus::Mechanical, 50));
    assert!(rows.iter().all(|r| r.relative_risk.is_none()));

    let mut unripe = many("e", "x", 60, 50);
    unripe.iter_mut().for_each(|u| u.matured = false);
    let rows = with(unripe);
    assert_eq!(
        find(&rows, "x", EvidenceLevel::Comparison).status,
        EstimateStatus::NotMatured
    );

    let mut nameless = many("e", "x", 160, 50);
    nameless[50..].iter_mut().for_each(|u| u.person_key = None);
    let rows = with(nameless);
    let row = find(&rows, "x", EvidenceLevel::Comparison);
    assert_eq!((row.status, row.num_exposed), (EstimateStatus::LowMatchRate, 50));
    assert!((row.match_rate - 150.0 / 260.0).abs() < 1e-12);

    let rows = estimates(&many("e", "x", 60, 30));
    assert_eq!(
        find(&rows, "x", EvidenceLevel::Comparison).status,
        EstimateStatus::NoComparison
    );
}

#[test]
fn holdouts_are_compared_inside_their_campaign() {
    let mut units = Vec::new();
    let mut add = |campaign: &str, exposure: &str, num: usize, outcomes: usize| {
        for i in 0..num {
            let id = format!("{campaign}/{exposure}{i:04}");
            let mut u = unit(&id, exposure, Some(&id), campaign, i < outcomes);
            (u.outcome, u.exposure_kind) = (Outcome::Contact, ExposureKind::Campaign);
            u.outcome_after_s = u.has_outcome.then_some(2 * 86_400);
            units.push(u);
        }
    };
    add("m/a", "m/a", 200, 40);
    add("m/a", "none", 100, 10);
    add("m/b", "m/b", 200, 20);
    let rows = estimates(&units);
    let own = |r: &&EffectEstimate| r.exposure.as_str() == "m/a" && r.window_days == 7;
    let a = rows.iter().find(own).unwrap();
    assert_eq!(
        (a.evidence_level, a.num_baseline, a.num_baseline_outcome),
        (EvidenceLevel::HoldOut, 100, 10)
    );
    assert!((a.relative_risk.unwrap() - 2.0).abs() < 1e-12);
    // Contacts came after two days: the grid sees none in one day, all in three.
    let grid: Vec<_> = rows
        .iter()
        .filter(|r| r.exposure.as_str() == "m/a")
        .map(|r| (r.window_days, r.num_exposed_outcome))
        .collect();
    assert_eq!(grid, [(1, 0), (3, 40), (7, 40)]);
    let b = rows
        .iter()
        .find(|r| r.exposure.as_str() == "m/b" && r.window_days == 7)
        .unwrap();
    assert_eq!((b.status, b.num_baseline), (EstimateStatus::NoComparison, 0));
}

proptest! {
    /// Slow and obvious: arms by looking at each unit, the sandwich by looking at each person.
    #[test]
    fn arms_and_design_effect_agree_with_the_oracle(
        drawn in proptest::collection::vec((0u8..8, 0u8..3, any::<bool>(), proptest::collection::btree_set(0u8..3, 0..3)), 1..60)
    ) {
        let mut units = Vec::new();
        for (i, (person, stratum, outcome, exposures)) in drawn.iter().enumerate() {
            let names: Vec<String> = match exposures.len() {
                0 => vec!["none".to_owned()],
                _ => exposures.iter().map(|e| format!("e{e}")).collect(),
            };
            for name in names {
                units.push(unit(&format!("u{i:02}"), &name, Some(&format!("p{person}")), &format!("s{stratum}"), *outcome));
            }
        }
        let family: Vec<&EffectUnit> = units.iter().collect();
        let pools = Pool::split(&family, ExposureKind::Tag, None);
        prop_assert_eq!(pools.len(), 1);
        for exposed in pools[0].exposures() {
            let is_exposed = |set: &std::collections::BTreeSet<u8>| set.iter().any(|e| format!("e{e}") == exposed.name);
            let count = |arm: bool, with: bool| {
                drawn.iter().filter(|d| is_exposed(&d.3) == arm && (!with || d.2)).count() as i64
            };
            let arms = pools[0].arms(&exposed);
            prop_assert_eq!(arms, Arms {
                exposed: count(true, false),
                exposed_outcome: count(true, true),
                baseline: count(false, false),
                baseline_outcome: count(false, true),
            });
            let strata = pools[0].strata(&exposed);
            prop_assert_eq!(strata.iter().map(|s| s.exposed + s.baseline).sum::<i64>(), drawn.len() as i64);
            prop_assert_eq!(strata.iter().map(|s| s.exposed_outcome).sum::<i64>(), arms.exposed_outcome);
            prop_assert!(strata.iter().all(|s| s.baseline >= s.baseline_outcome && s.baseline_outcome >= 0));

            let deff = pools[0].design_effect(&exposed, arms);
            let (n1, a) = (arms.exposed as f64, arms.exposed_outcome as f64);
            let (n0, c) = (arms.baseline as f64, arms.baseline_outcome as f64);
            let plain = 1.0 / a - 1.0 / n1 + 1.0 / c - 1.0 / n0;
            if a > 0.0 && c > 0.0 && plain > 1e-9 {
                let sandwich: f64 = (0..8u8)
                    .map(|p| {
                        let own = drawn.iter().filter(|d| d.0 == p);
                        let sum: f64 = own
                            .map(|d| {
                                let y = f64::from(u8::from(d.2));
                                if is_exposed(&d.3) { (y - a / n1) / a } else { -(y - c / n0) / c }
                            })
                            .sum();
                        sum * sum
                    })
                    .sum();
                prop_assert!((deff - (sandwich / plain).max(1.0)).abs() < 1e-6, "{deff} {}", sandwich / plain);
            } else {
                prop_assert_eq!(deff, 1.0);
            }
        }
    }

    #[test]
    fn order_of_units_does_not_matter(seed in 0u64..20) {
        let units = planted(seed, 300, 3.0);
        let mut turned = units.clone();
        turned.reverse();
        prop_assert_eq!(estimates(&units), estimates(&turned));
    }
}
