//! Units of one comparison, counted by arm, stratum and person.

use refrain_record::ExposureKind;
use refrain_record::tables::EffectUnit;
use rustc_hash::FxHashMap;

use crate::effect::UNEXPOSED;
use crate::night::DAY_S;
use crate::stats::Arms;

/// The units that may be compared with each other, with their exposures.
pub(crate) struct Pool<'u> {
    units: Vec<Member>,
    /// Exposure and unit, by exposure; exposures without a countable unit stay with none.
    exposures: Vec<(&'u str, Vec<u32>)>,
    num_strata: usize,
    strata: Vec<(i64, i64)>,
    /// Units and outcomes of each person.
    persons: Vec<(f64, f64)>,
    /// Sums over persons of outcomes squared, outcomes times units, units squared.
    squares: (f64, f64, f64),
    has_persons: bool,
}

#[derive(Clone, Copy)]
struct Member {
    person: u32,
    stratum: u32,
    has_outcome: bool,
}

/// One exposure and its countable units.
pub(crate) struct Exposed<'p> {
    pub(crate) name: &'p str,
    units: &'p [u32],
}

impl<'u> Pool<'u> {
    /// The pools of a family sorted by unit: one for all, or for campaigns one each, since a
    /// hold-out tells about its own campaign only.
    ///
    /// `window_days` narrows the outcome to fewer days than the units have.
    pub(crate) fn split(family: &[&'u EffectUnit], kind: ExposureKind, window_days: Option<i64>) -> Vec<Self> {
        let mut builders: std::collections::BTreeMap<&'u str, Builder<'u>> = std::collections::BTreeMap::new();
        for rows in family.chunk_by(|a, b| a.unit_id == b.unit_id) {
            let Some(first) = rows.first() else { continue };
            let pool = if kind == ExposureKind::Campaign {
                first.stratum.as_str()
            } else {
                ""
            };
            builders.entry(pool).or_default().add(rows, kind, window_days);
        }
        builders.into_values().map(Builder::finish).collect()
    }

    /// All exposures but "none", by name.
    pub(crate) fn exposures(&self) -> impl Iterator<Item = Exposed<'_>> {
        self.exposures.iter().map(|(name, units)| Exposed { name, units })
    }

    /// Distinct persons among the countable units; 0 where units have none.
    pub(crate) fn num_persons(&self) -> i64 {
        if self.has_persons { self.persons.len() as i64 } else { 0 }
    }

    pub(crate) fn arms(&self, exposed: &Exposed<'_>) -> Arms {
        let exposed_outcome = exposed
            .units
            .iter()
            .filter(|u| self.units[**u as usize].has_outcome)
            .count() as i64;
        let num_exposed = exposed.units.len() as i64;
        let outcomes: i64 = self.strata.iter().map(|s| s.1).sum();
        Arms {
            exposed: num_exposed,
            exposed_outcome,
            baseline: self.units.len() as i64 - num_exposed,
            baseline_outcome: outcomes - exposed_outcome,
        }
    }

    /// The arms of each stratum, in the order of their first units.
    pub(crate) fn strata(&self, exposed: &Exposed<'_>) -> Vec<Arms> {
        let mut strata: Vec<Arms> = (0..self.num_strata)
            .map(|s| Arms {
                exposed: 0,
                exposed_outcome: 0,
                baseline: self.strata[s].0,
                baseline_outcome: self.strata[s].1,
            })
            .collect();
        for unit in exposed.units.iter().map(|u| self.units[*u as usize]) {
            let stratum = &mut strata[unit.stratum as usize];
            let outcome = i64::from(unit.has_outcome);
            stratum.exposed += 1;
            stratum.exposed_outcome += outcome;
            stratum.baseline -= 1;
            stratum.baseline_outcome -= outcome;
        }
        strata
    }

    /// How much wider the log ratio's variance is because persons have several units; at least 1.
    ///
    /// Sandwich: the influence of a unit is `(y - p1) / (n1 p1)` when exposed and
    /// `-(y - p0) / (n0 p0)` otherwise, summed by person and squared.
    pub(crate) fn design_effect(&self, exposed: &Exposed<'_>, arms: Arms) -> f64 {
        let (n1, a) = (arms.exposed as f64, arms.exposed_outcome as f64);
        let (n0, c) = (arms.baseline as f64, arms.baseline_outcome as f64);
        let plain = 1.0 / a - 1.0 / n1 + 1.0 / c - 1.0 / n0;
        if !self.has_persons || a == 0.0 || c == 0.0 || !plain.is_finite() || plain <= 0.0 {
            return 1.0;
        }
        let (p1, p0) = (a / n1, c / n0);
        // Persons without an exposed unit, by way of all persons less those with one.
        let (yy, yn, nn) = self.squares;
        let mut unexposed = yy - 2.0 * p0 * yn + p0 * p0 * nn;
        let mut mixed = 0.0;
        for (person, units, outcomes) in self.exposed_persons(exposed) {
            let (all_units, all_outcomes) = self.persons[person as usize];
            unexposed -= (all_outcomes - p0 * all_units).powi(2);
            let inside = (outcomes - p1 * units) / a;
            let outside = (all_outcomes - outcomes - p0 * (all_units - units)) / c;
            mixed += (inside - outside).powi(2);
        }
        ((unexposed.max(0.0) / (c * c) + mixed) / plain).max(1.0)
    }

    /// Person, exposed units and outcomes among them, by person.
    fn exposed_persons(&self, exposed: &Exposed<'_>) -> Vec<(u32, f64, f64)> {
        let mut list: Vec<(u32, f64, f64)> = exposed
            .units
            .iter()
            .map(|u| self.units[*u as usize])
            .map(|m| (m.person, 1.0, f64::from(u8::from(m.has_outcome))))
            .collect();
        list.sort_unstable_by_key(|m| m.0);
        list.dedup_by(|next, held| {
            let same = next.0 == held.0;
            if same {
                held.1 += next.1;
                held.2 += next.2;
            }
            same
        });
        list
    }
}

#[derive(Default)]
struct Builder<'u> {
    units: Vec<Member>,
    exposures: std::collections::BTreeMap<&'u str, Vec<u32>>,
    strata: FxHashMap<&'u str, u32>,
    persons: FxHashMap<&'u str, u32>,
    num_anonymous: u32,
}

impl<'u> Builder<'u> {
    fn add(&mut self, rows: &[&'u EffectUnit], kind: ExposureKind, window_days: Option<i64>) {
        let exposures = rows.iter().map(|r| r.exposure.as_str()).filter(|e| *e != UNEXPOSED);
        let first = rows[0];
        let countable = first.matured && (first.person_key.is_some() || kind == ExposureKind::CampaignType);
        if !countable {
            for exposure in exposures {
                self.exposures.entry(exposure).or_default();
            }
            return;
        }
        let next = self.persons.len() as u32;
        let person = match &first.person_key {
            Some(key) => *self.persons.entry(key.as_str()).or_insert(next),
            None => {
                self.num_anonymous += 1;
                self.num_anonymous - 1
            }
        };
        let next = self.strata.len() as u32;
        let stratum = *self.strata.entry(first.stratum.as_str()).or_insert(next);
        let in_time = match (window_days, first.outcome_after_s) {
            (Some(days), Some(after)) => after <= days * DAY_S,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let index = self.units.len() as u32;
        self.units.push(Member {
            person,
            stratum,
            has_outcome: first.has_outcome && in_time,
        });
        for exposure in exposures {
            self.exposures.entry(exposure).or_default().push(index);
        }
    }

    fn finish(self) -> Pool<'u> {
        let has_persons = self.num_anonymous == 0;
        let num_persons = if has_persons { self.persons.len() } else { 0 };
        let mut persons = vec![(0.0, 0.0); num_persons];
        let mut strata = vec![(0, 0); self.strata.len()];
        for unit in &self.units {
            let stratum: &mut (i64, i64) = &mut strata[unit.stratum as usize];
            stratum.0 += 1;
            stratum.1 += i64::from(unit.has_outcome);
            if has_persons {
                let person: &mut (f64, f64) = &mut persons[unit.person as usize];
                person.0 += 1.0;
                person.1 += f64::from(u8::from(unit.has_outcome));
            }
        }
        // Whole numbers below 2^53: the sums are exact in any order.
        let squares = persons.iter().fold((0.0, 0.0, 0.0), |sum, (n, y)| {
            (sum.0 + y * y, sum.1 + y * n, sum.2 + n * n)
        });
        Pool {
            units: self.units,
            exposures: self.exposures.into_iter().collect(),
            num_strata: self.strata.len(),
            strata,
            persons,
            squares,
            has_persons,
        }
    }
}
