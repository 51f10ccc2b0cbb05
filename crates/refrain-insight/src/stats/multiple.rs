//! Adjusted p values: what share of the findings so far would be false.

/// Benjamini-Hochberg adjusted p values, in the order given.
///
/// `q[i]` is the smallest false discovery rate at which test `i` is found; NaN counts as 1.
/// Valid for independent or positively dependent tests.
/// Source: Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57:289-300.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, 1.0)
}

/// Benjamini-Yekutieli adjusted p values, valid under any dependence: for shares and single choices.
///
/// Source: Benjamini and Yekutieli 2001, Ann. Stat. 29:1165-1188.
#[must_use]
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    step_up(p, (1..=p.len()).map(|i| 1.0 / i as f64).sum())
}

fn step_up(p: &[f64], penalty: f64) -> Vec<f64> {
    let clean = |i: usize| {
        if p[i].is_nan() { 1.0 } else { p[i].clamp(0.0, 1.0) }
    };
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| clean(i).total_cmp(&clean(j)).then(i.cmp(&j)));
    let mut adjusted = vec![1.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (rank, &i) in order.iter().enumerate().rev() {
        smallest = smallest.min(clean(i) * p.len() as f64 * penalty / (rank + 1) as f64);
        adjusted[i] = smallest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The 15 p values of section 3.2 of Benjamini and Hochberg 1995.
    const PRINTED: [f64; 15] = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0,
    ];

    #[test]
    fn four_findings_as_printed() {
        let found = |q: Vec<f64>| q.iter().filter(|q| **q <= 0.05).count();
        assert_eq!(found(benjamini_hochberg(&PRINTED)), 4);
        // Any-dependence costs one finding: 3 * 0.05 / (15 * 3.318) = 0.0030 >= 0.0019, then 0.0040 < 0.0095.
        assert_eq!(found(benjamini_yekutieli(&PRINTED)), 3);
        let q = benjamini_hochberg(&PRINTED);
        assert_eq!(format!("{:.4} {:.4} {:.4}", q[0], q[2], q[3]), "0.0015 0.0095 0.0356");
    }

    #[test]
    fn edges() {
        assert!(benjamini_hochberg(&[]).is_empty());
        assert_eq!(benjamini_hochberg(&[f64::NAN, 0.01]), vec![1.0, 0.02]);
    }

    /// Slow and obvious: the smallest level at which the step-up procedure rejects each test.
    fn oracle(p: &[f64]) -> Vec<f64> {
        let m = p.len() as f64;
        let rank = |x: f64| p.iter().filter(|y| **y <= x).count() as f64;
        p.iter()
            .map(|&own| {
                p.iter()
                    .filter(|y| **y >= own)
                    .map(|&y| y * m / rank(y))
                    .fold(1.0, f64::min)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle(p in proptest::collection::vec(0.0f64..=1.0, 0..40)) {
            let fast = benjamini_hochberg(&p);
            for (x, y) in fast.iter().zip(oracle(&p)) {
                prop_assert!((x - y).abs() < 1e-12);
            }
            for ((p, q), by) in p.iter().zip(&fast).zip(benjamini_yekutieli(&p)) {
                prop_assert!(*p <= q + 1e-12 && *q <= by + 1e-12 && by <= 1.0);
            }
        }
    }
}
