//! Estimates from `effect_units` alone, so that anyone who can read the table can redo them.
//!
//! For exposure E the exposed are the units with a row for E, the baseline all other units of the
//! family; only matured units with a known person count. Persons with several units are no
//! independent evidence: variances are multiplied by a design effect, the sandwich variance of the
//! log ratio summed by person over the plain one, where that exceeds 1. Without repeated persons
//! the two are equal and the intervals are the published closed forms.

use rayon::prelude::*;
use refrain_record::tables::{EffectEstimate, EffectUnit};
use refrain_record::{EstimateStatus, EvidenceLevel, ExposureKind, Outcome, ShopId, TagPath};

use crate::InsightConfig;
use crate::effect::key;
use crate::pool::{Exposed, Pool};
use crate::stats::{
    Arms, Z95, benjamini_hochberg, benjamini_yekutieli, mantel_haenszel, newcombe_effective, relative_risk, wilson,
};

/// Relative gap between crude and stratified ratios that is worth a look at the strata.
const SIMPSON_GAP: f64 = 0.2;
/// A change of sign this small is noise around 1.
const SIMPSON_NOISE: f64 = 0.05;

/// The table `effect_estimates`, by its key, from whole families of units in any order.
#[must_use]
pub fn effect_estimates(
    units: &[EffectUnit],
    is_mechanical: &(dyn Fn(&TagPath, Outcome) -> bool + Sync),
    config: &InsightConfig,
) -> Vec<EffectEstimate> {
    let mut sorted: Vec<&EffectUnit> = units.iter().collect();
    if !sorted.is_sorted_by(|a, b| key(a) <= key(b)) {
        sorted.sort_by(|a, b| key(a).cmp(&key(b)));
    }
    let families: Vec<&[&EffectUnit]> = sorted
        .chunk_by(|a, b| (&a.shop_id, a.outcome, a.exposure_kind) == (&b.shop_id, b.outcome, b.exposure_kind))
        .collect();
    let made: Vec<Vec<EffectEstimate>> = families
        .par_iter()
        .map(|family| family_estimates(family, is_mechanical, config))
        .collect();
    made.into_iter().flatten().collect()
}

fn family_estimates(
    family: &[&EffectUnit],
    is_mechanical: &(dyn Fn(&TagPath, Outcome) -> bool + Sync),
    config: &InsightConfig,
) -> Vec<EffectEstimate> {
    let Some(first) = family.first() else {
        return Vec::new();
    };
    let scope = Scope {
        shop_id: &first.shop_id,
        outcome: first.outcome,
        kind: first.exposure_kind,
        match_rate: match_rate(family, first.exposure_kind),
        config,
    };
    let mut rows = scope.rows(family, is_mechanical);
    rows.sort_by(|a, b| estimate_key(a).cmp(&estimate_key(b)));
    adjust(&mut rows, first.exposure_kind);
    rows
}

fn estimate_key(row: &EffectEstimate) -> (&str, &str, i64) {
    (row.exposure.as_str(), row.evidence_level.as_str(), row.window_days)
}

/// Units with a person over all units of the family.
fn match_rate(family: &[&EffectUnit], kind: ExposureKind) -> f64 {
    if kind == ExposureKind::CampaignType {
        return 1.0;
    }
    let (mut known, mut all) = (0, 0);
    for unit in family.chunk_by(|a, b| a.unit_id == b.unit_id) {
        all += 1;
        known += i64::from(unit[0].person_key.is_some());
    }
    known as f64 / f64::from(all.max(1))
}

/// What all estimates of a family share.
struct Scope<'s> {
    shop_id: &'s ShopId,
    outcome: Outcome,
    kind: ExposureKind,
    match_rate: f64,
    config: &'s InsightConfig,
}

/// Figures of one rung, before they become a row.
#[derive(Default)]
struct Figures {
    arms: Arms,
    ratio: Option<(f64, f64, f64, f64)>,
    difference: Option<(f64, f64, f64)>,
}

impl Scope<'_> {
    fn rows(
        &self,
        family: &[&EffectUnit],
        is_mechanical: &(dyn Fn(&TagPath, Outcome) -> bool + Sync),
    ) -> Vec<EffectEstimate> {
        let mut rows = Vec::new();
        for window_days in self.windows() {
            for pool in Pool::split(family, self.kind, (window_days != self.window()).then_some(window_days)) {
                for exposed in pool.exposures() {
                    let mechanical =
                        self.kind == ExposureKind::Tag && is_mechanical(&exposed.name.into(), self.outcome);
                    self.estimate(&pool, &exposed, window_days, mechanical, &mut rows);
                }
            }
        }
        rows
    }

    /// Days in which the outcome counts.
    fn window(&self) -> i64 {
        match self.outcome {
            Outcome::CartAbandoned => (self.config.cart_window_h / 24).max(1),
            Outcome::Returned => self.config.return_window_days,
            Outcome::Repeat7d => 7,
            Outcome::PurchaseAfter14d => 14,
            Outcome::Contact => self.config.contact_window_days,
            Outcome::NoRepeatPurchase90d => 90,
        }
    }

    /// That window, and the shorter ones of the sensitivity grid where outcomes have a time.
    fn windows(&self) -> Vec<i64> {
        let own = self.window();
        let has_grid = matches!(
            (self.outcome, self.kind),
            (Outcome::Repeat7d | Outcome::PurchaseAfter14d, _) | (Outcome::Contact, ExposureKind::Campaign)
        );
        let mut windows = vec![own];
        if has_grid {
            windows.extend(self.config.windows_days.iter().copied().filter(|w| *w < own));
        }
        windows.sort_unstable();
        windows.dedup();
        windows
    }

    fn estimate(
        &self,
        pool: &Pool<'_>,
        exposed: &Exposed<'_>,
        window_days: i64,
        mechanical: bool,
        rows: &mut Vec<EffectEstimate>,
    ) {
        let arms = pool.arms(exposed);
        let design_effect = pool.design_effect(exposed, arms);
        let mut status = self.status(arms, mechanical);
        let crude = if status == EstimateStatus::Ok {
            relative_risk(arms, Z95)
        } else {
            None
        };
        if crude.is_none() && status == EstimateStatus::Ok {
            status = EstimateStatus::TooFew;
        }
        let crude = crude.map(|r| r.widened(design_effect, Z95));
        let difference = crude.and_then(|_| {
            let (n1, a, n0, c) = (arms.exposed, arms.exposed_outcome, arms.baseline, arms.baseline_outcome);
            newcombe_effective(a, n1, c, n0, design_effect, Z95)
        });
        let level = match self.kind {
            ExposureKind::Campaign if arms.baseline > 0 => EvidenceLevel::HoldOut,
            _ => EvidenceLevel::Comparison,
        };
        let figures = Figures {
            arms,
            ratio: crude.map(|r| (r.ratio, r.lo, r.hi, r.p)),
            difference: difference.map(|d| (d.difference, d.lo, d.hi)),
        };
        let mut row = self.row(pool, exposed.name, level, window_days, status, &figures);
        if status == EstimateStatus::Ok && !matches!(self.kind, ExposureKind::Campaign | ExposureKind::CampaignType) {
            let flag = self.stratified(pool, exposed, window_days, design_effect, row.relative_risk, rows);
            row.simpson_flag = flag;
        }
        rows.push(row);
    }

    /// Adds the stratified row when at least two strata hold both arms; says whether it disagrees.
    ///
    /// Takes over the crude design effect: persons repeat across strata as much as inside them.
    fn stratified(
        &self,
        pool: &Pool<'_>,
        exposed: &Exposed<'_>,
        window_days: i64,
        design_effect: f64,
        crude: Option<f64>,
        rows: &mut Vec<EffectEstimate>,
    ) -> Option<bool> {
        let mut strata = pool.strata(exposed);
        strata.retain(|s| s.exposed > 0 && s.baseline > 0);
        if strata.len() < 2 {
            return None;
        }
        let arms = strata.iter().fold(Arms::default(), |sum, s| Arms {
            exposed: sum.exposed + s.exposed,
            exposed_outcome: sum.exposed_outcome + s.exposed_outcome,
            baseline: sum.baseline + s.baseline,
            baseline_outcome: sum.baseline_outcome + s.baseline_outcome,
        });
        let mut status = self.status(arms, false);
        let pooled = if status == EstimateStatus::Ok {
            mantel_haenszel(&strata, Z95)
        } else {
            None
        };
        if pooled.is_none() && status == EstimateStatus::Ok {
            status = EstimateStatus::TooFew;
        }
        let ratio = pooled.map(|m| m.relative_risk.widened(design_effect, Z95));
        let difference = pooled.map(|m| {
            let half = Z95 * m.risk_difference_se * design_effect.max(1.0).sqrt();
            (
                m.risk_difference,
                (m.risk_difference - half).max(-1.0),
                (m.risk_difference + half).min(1.0),
            )
        });
        let figures = Figures {
            arms,
            ratio: ratio.map(|r| (r.ratio, r.lo, r.hi, r.p)),
            difference,
        };
        let mut row = self.row(
            pool,
            exposed.name,
            EvidenceLevel::Stratified,
            window_days,
            status,
            &figures,
        );
        let flag = crude
            .zip(ratio.map(|r| r.ratio))
            .map(|(crude, pooled)| disagree(crude, pooled));
        row.simpson_flag = flag;
        rows.push(row);
        flag
    }

    fn status(&self, arms: Arms, mechanical: bool) -> EstimateStatus {
        let config = self.config;
        let too_few = if self.kind == ExposureKind::CampaignType {
            arms.exposed.min(arms.baseline) < config.min_campaigns_per_type
        } else {
            arms.exposed < config.min_exposed
                || arms.exposed_outcome + arms.baseline_outcome < config.min_outcomes
                || arms.exposed_outcome < config.min_exposed_outcomes
                || smallest_expected(arms) < config.min_expected
        };
        if mechanical {
            EstimateStatus::Mechanical
        } else if self.match_rate < config.min_match_rate {
            EstimateStatus::LowMatchRate
        } else if arms.exposed == 0 {
            EstimateStatus::NotMatured
        } else if arms.baseline == 0 {
            EstimateStatus::NoComparison
        } else if too_few {
            EstimateStatus::TooFew
        } else {
            EstimateStatus::Ok
        }
    }

    fn row(
        &self,
        pool: &Pool<'_>,
        exposure: &str,
        evidence_level: EvidenceLevel,
        window_days: i64,
        status: EstimateStatus,
        figures: &Figures,
    ) -> EffectEstimate {
        let arms = figures.arms;
        let rate = |k: i64, n: i64| (n > 0).then(|| (k as f64 / n as f64, wilson(k, n, Z95)));
        let exposed = rate(arms.exposed_outcome, arms.exposed);
        let baseline = rate(arms.baseline_outcome, arms.baseline);
        EffectEstimate {
            shop_id: self.shop_id.clone(),
            outcome: self.outcome,
            exposure_kind: self.kind,
            exposure: exposure.into(),
            evidence_level,
            window_days,
            status,
            num_exposed: arms.exposed,
            num_exposed_outcome: arms.exposed_outcome,
            num_baseline: arms.baseline,
            num_baseline_outcome: arms.baseline_outcome,
            num_persons: pool.num_persons(),
            rate_exposed: exposed.map(|r| r.0),
            rate_exposed_lo: exposed.map(|r| r.1.0),
            rate_exposed_hi: exposed.map(|r| r.1.1),
            rate_baseline: baseline.map(|r| r.0),
            rate_baseline_lo: baseline.map(|r| r.1.0),
            rate_baseline_hi: baseline.map(|r| r.1.1),
            risk_difference: figures.difference.map(|d| d.0),
            risk_difference_lo: figures.difference.map(|d| d.1),
            risk_difference_hi: figures.difference.map(|d| d.2),
            relative_risk: figures.ratio.map(|r| r.0),
            relative_risk_lo: figures.ratio.map(|r| r.1),
            relative_risk_hi: figures.ratio.map(|r| r.2),
            p: figures.ratio.map(|r| r.3),
            q: None,
            family: format!("{}/{}/{evidence_level}/{window_days}d", self.outcome, self.kind).into(),
            num_family: 0,
            match_rate: self.match_rate,
            simpson_flag: None,
        }
    }
}

/// Smallest count expected in a cell if exposure did nothing (Cochran, Biometrics 10:417, 1954).
///
/// Depends on the margins alone, so refusing by it favours neither direction of an effect.
fn smallest_expected(arms: Arms) -> f64 {
    let total = (arms.exposed + arms.baseline).max(1) as f64;
    let outcomes = arms.exposed_outcome + arms.baseline_outcome;
    let others = arms.exposed + arms.baseline - outcomes;
    arms.exposed.min(arms.baseline) as f64 * outcomes.min(others) as f64 / total
}

/// Pooled and crude ratio lie on different sides of 1, or differ by more than 20 %.
fn disagree(crude: f64, pooled: f64) -> bool {
    let gap = (crude / pooled).ln().abs();
    let turned = (crude - 1.0) * (pooled - 1.0) < 0.0;
    gap > (1.0 + SIMPSON_GAP).ln() || (turned && gap > (1.0 + SIMPSON_NOISE).ln())
}

/// Adjusts p inside each family: outcome, kind of exposure, rung and window.
fn adjust(rows: &mut [EffectEstimate], kind: ExposureKind) {
    let mut families: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        families.entry(row.family.as_str().to_owned()).or_default().push(i);
    }
    for members in families.values() {
        let tested: Vec<(usize, f64)> = members.iter().filter_map(|i| Some((*i, rows[*i].p?))).collect();
        let p: Vec<f64> = tested.iter().map(|t| t.1).collect();
        let q = if kind == ExposureKind::Channel {
            benjamini_yekutieli(&p)
        } else {
            benjamini_hochberg(&p)
        };
        for i in members {
            rows[*i].num_family = tested.len() as i64;
        }
        for ((i, _), q) in tested.iter().zip(q) {
            rows[*i].q = Some(q);
        }
    }
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
