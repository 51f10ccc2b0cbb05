//! Precision, recall and shares of tags from a labelled stratified sample.
//!
//! A stratum's conversations are drawn at random without replacement, so each one drawn stands for
//! `population / drawn` of its stratum. Ratios are combined ratio estimators with linearised,
//! stratified variances (Cochran, Sampling Techniques, 3rd ed., 1977, sections 5.3 and 6.11);
//! intervals are Wilson's with the sample size that such a variance is worth (Korn and Graubard,
//! Survey Methodology 24:193, 1998). A stratum that is drawn in part never counts as less varied than
//! all strata together, since a few equal draws do not show that the rest is equal. Labels that somebody chose to give are no such sample.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::stats::{Z95, wilson_effective};

/// A labelled conversation of the sample.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditUnit {
    /// Language and channel it was drawn from.
    pub stratum: (String, String),
    /// Tags a person gave it.
    pub due: BTreeSet<String>,
    /// Tags it has in the lake.
    pub set: BTreeSet<String>,
}

/// What a stratum holds beside its sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditStratum {
    /// Conversations in it.
    pub population: usize,
    /// Of those, how many have each tag in the lake.
    pub set: BTreeMap<String, usize>,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Estimate.
    pub share: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// Right among set, and set among due, over some part of the population.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditQuality {
    /// `all`, `language=de`, `channel=email`.
    pub part: String,
    /// Labelled conversations.
    pub n: usize,
    /// `None` when nothing was set in the sample.
    pub precision: Option<Share>,
    /// `None` when nothing was due in the sample.
    pub recall: Option<Share>,
}

/// How often a tag is said to occur, and how often it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditTag {
    /// Tag.
    pub tag: String,
    /// Sampled conversations that have it or should.
    pub n: usize,
    /// Share of the population that has it in the lake; known, not estimated.
    pub share_in_lake: f64,
    /// That share corrected by the sample's mean of due less set.
    pub corrected: Share,
    /// Right among set.
    pub precision: Option<Share>,
    /// Set among due.
    pub recall: Option<Share>,
}

/// What a labelled sample says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditReport {
    /// Over all tags together: everything, then by language, then by channel.
    pub quality: Vec<AuditQuality>,
    /// By tag.
    pub tags: Vec<AuditTag>,
    /// Strata without a label, which the figures say nothing about, and their share of the population.
    pub missing_strata: Vec<String>,
    /// Share of the population in those.
    pub missing_share: f64,
}

type Stratum = (String, String);

/// Figures over all tags and by tag; strata that hold no label are left out of the population and named.
#[must_use]
pub fn audit(units: &[AuditUnit], strata: &BTreeMap<Stratum, AuditStratum>) -> AuditReport {
    let mut drawn: BTreeMap<&Stratum, Vec<&AuditUnit>> = BTreeMap::new();
    for unit in units.iter().filter(|unit| strata.contains_key(&unit.stratum)) {
        drawn.entry(&unit.stratum).or_default().push(unit);
    }
    let sample = Sample { drawn, strata };
    let missing: Vec<&Stratum> = strata.keys().filter(|key| !sample.drawn.contains_key(key)).collect();
    let total: usize = strata.values().map(|s| s.population).sum();
    let missing_population: usize = missing.iter().map(|key| strata[*key].population).sum();
    let mut quality = vec![sample.quality("all".to_owned(), |_| true)];
    let parts = |of: fn(&Stratum) -> &str| -> BTreeSet<&str> { sample.drawn.keys().map(|key| of(key)).collect() };
    for language in parts(|key| &key.0) {
        quality.push(sample.quality(format!("language={language}"), |key| key.0 == language));
    }
    for channel in parts(|key| &key.1) {
        quality.push(sample.quality(format!("channel={channel}"), |key| key.1 == channel));
    }
    let tags: BTreeSet<&str> = units
        .iter()
        .flat_map(|unit| unit.due.iter().chain(&unit.set))
        .map(String::as_str)
        .collect();
    AuditReport {
        quality,
        tags: tags.into_iter().map(|tag| sample.tag(tag)).collect(),
        missing_strata: missing.iter().map(|(l, c)| format!("{l}/{c}")).collect(),
        missing_share: missing_population as f64 / total.max(1) as f64,
    }
}

/// One stratum's values.
struct Part {
    size: f64,
    n: f64,
    mean: f64,
    squares: f64,
}

struct Sample<'a> {
    drawn: BTreeMap<&'a Stratum, Vec<&'a AuditUnit>>,
    strata: &'a BTreeMap<Stratum, AuditStratum>,
}

impl Sample<'_> {
    fn quality(&self, part: String, is_in: impl Fn(&Stratum) -> bool) -> AuditQuality {
        let count = |set: &BTreeSet<String>| set.len() as f64;
        let right = |u: &AuditUnit| u.due.intersection(&u.set).count() as f64;
        AuditQuality {
            part,
            n: self
                .drawn
                .iter()
                .filter(|(key, _)| is_in(key))
                .map(|(_, units)| units.len())
                .sum(),
            precision: self.ratio(&is_in, right, |u| count(&u.set)),
            recall: self.ratio(&is_in, right, |u| count(&u.due)),
        }
    }

    fn tag(&self, tag: &str) -> AuditTag {
        let has = |set: &BTreeSet<String>| f64::from(u8::from(set.contains(tag)));
        let right = |u: &AuditUnit| has(&u.due) * has(&u.set);
        let everything = |_: &Stratum| true;
        let population: f64 = self.drawn.keys().map(|key| self.strata[*key].population as f64).sum();
        let in_lake: usize = self.drawn.keys().filter_map(|key| self.strata[*key].set.get(tag)).sum();
        let share_in_lake = in_lake as f64 / population.max(1.0);
        let (difference, variance) = self.mean(&everything, 1.0, |u| has(&u.due) - has(&u.set));
        let share = (share_in_lake + difference).clamp(0.0, 1.0);
        let half = Z95 * variance.sqrt();
        AuditTag {
            tag: tag.to_owned(),
            n: self
                .drawn
                .values()
                .flatten()
                .filter(|u| u.due.contains(tag) || u.set.contains(tag))
                .count(),
            share_in_lake,
            corrected: Share {
                share,
                lo: (share - half).max(0.0),
                hi: (share + half).min(1.0),
            },
            precision: self.ratio(&everything, right, |u| has(&u.set)),
            recall: self.ratio(&everything, right, |u| has(&u.due)),
        }
    }

    /// Weighted mean over the population, with its variance; `unseen` is the square of a deviation that
    /// is taken to lie just beyond the sample.
    fn mean(&self, is_in: &impl Fn(&Stratum) -> bool, unseen: f64, of: impl Fn(&AuditUnit) -> f64) -> (f64, f64) {
        let parts: Vec<Part> = self
            .drawn
            .iter()
            .filter(|(key, _)| is_in(key))
            .map(|(key, units)| {
                let values: Vec<f64> = units.iter().map(|u| of(u)).collect();
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                Part {
                    size: self.strata[*key].population.max(units.len()) as f64,
                    n,
                    mean,
                    squares: values.iter().map(|v| (v - mean) * (v - mean)).sum(),
                }
            })
            .collect();
        let population: f64 = parts.iter().map(|p| p.size).sum();
        if population <= 0.0 {
            return (0.0, 0.0);
        }
        let drawn: f64 = parts.iter().map(|p| p.n).sum();
        let pooled = (parts.iter().map(|p| p.squares).sum::<f64>() + unseen) / (drawn - parts.len() as f64).max(1.0);
        let variance: f64 = parts
            .iter()
            .map(|p| {
                let spread = pooled.max(p.squares / (p.n - 1.0).max(1.0));
                p.size * p.size * (1.0 - p.n / p.size) * spread / p.n
            })
            .sum();
        let total: f64 = parts.iter().map(|p| p.size * p.mean).sum();
        (total / population, variance / (population * population))
    }

    /// Weighted sum of `part` over weighted sum of `whole`, `part` at most `whole`.
    fn ratio(
        &self,
        is_in: &impl Fn(&Stratum) -> bool,
        part: impl Fn(&AuditUnit) -> f64,
        whole: impl Fn(&AuditUnit) -> f64,
    ) -> Option<Share> {
        let (whole_mean, _) = self.mean(is_in, 0.0, &whole);
        if whole_mean <= 0.0 {
            return None;
        }
        let share = self.mean(is_in, 0.0, &part).0 / whole_mean;
        let (_, variance) = self.mean(is_in, 0.0, |u| (part(u) - share * whole(u)) / whole_mean);
        let counted: f64 = self
            .drawn
            .iter()
            .filter(|(key, _)| is_in(key))
            .flat_map(|(_, units)| units)
            .map(|u| whole(u))
            .sum();
        // Nothing varied: the sample is worth what it counts.
        let worth = if variance > 0.0 {
            share * (1.0 - share) / variance
        } else {
            counted
        };
        let (lo, hi) = wilson_effective(share * worth, worth, Z95);
        Some(Share { share, lo, hi })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::wilson;

    fn set(tags: &[&str]) -> BTreeSet<String> {
        tags.iter().map(|&tag| tag.to_owned()).collect()
    }

    fn unit(language: &str, due: &[&str], found: &[&str]) -> AuditUnit {
        AuditUnit {
            stratum: (language.to_owned(), "chat".to_owned()),
            due: set(due),
            set: set(found),
        }
    }

    fn stratum(population: usize, tag: usize) -> AuditStratum {
        AuditStratum {
            population,
            set: BTreeMap::from([("a".to_owned(), tag)]),
        }
    }

    #[test]
    fn one_stratum_is_a_plain_proportion() {
        // 8 of 10 set tags are right; a huge population, so that drawing without replacement does not show.
        let units: Vec<AuditUnit> = (0..10)
            .map(|i| unit("de", if i < 8 { &["a"] } else { &[] }, &["a"]))
            .collect();
        let strata = BTreeMap::from([(("de".to_owned(), "chat".to_owned()), stratum(1_000_000, 1_000_000))]);
        let report = audit(&units, &strata);
        let precision = report.quality[0].precision.unwrap();
        assert!((precision.share - 0.8).abs() < 1e-12);
        // The linearised variance divides by n - 1, so it is worth 9 draws.
        let (lo, hi) = wilson_effective(0.8 * 9.0, 9.0, Z95);
        assert!(
            (precision.lo - lo).abs() < 1e-4 && (precision.hi - hi).abs() < 1e-4,
            "{precision:?} {lo} {hi}"
        );
        assert_eq!(report.quality[0].recall.map(|r| r.share), Some(1.0));
        let (lo, _) = wilson(8, 8, Z95);
        assert_eq!(report.quality[0].recall.map(|r| r.lo), Some(lo));
    }

    #[test]
    fn strata_count_by_their_population() {
        // German is always right, Danish never; 900 to 100.
        let mut units: Vec<AuditUnit> = (0..10).map(|_| unit("de", &["a"], &["a"])).collect();
        units.extend((0..10).map(|_| unit("da", &[], &["a"])));
        let key = |l: &str| (l.to_owned(), "chat".to_owned());
        let strata = BTreeMap::from([
            (key("de"), stratum(900, 900)),
            (key("da"), stratum(100, 100)),
            (key("nl"), stratum(1000, 0)),
        ]);
        let report = audit(&units, &strata);
        assert!((report.quality[0].precision.unwrap().share - 0.9).abs() < 1e-12);
        let tag = &report.tags[0];
        assert!((tag.share_in_lake - 1.0).abs() < 1e-12 && (tag.corrected.share - 0.9).abs() < 1e-12);
        assert_eq!(report.missing_strata, ["nl/chat"]);
        assert!((report.missing_share - 0.5).abs() < 1e-12);
        let by_language: Vec<_> = report
            .quality
            .iter()
            .map(|q| (q.part.as_str(), q.precision.map(|p| p.share)))
            .collect();
        assert_eq!(by_language[1], ("language=da", Some(0.0)));
        assert_eq!(by_language[2], ("language=de", Some(1.0)));
    }

    #[test]
    fn corrected_shares_are_unbiased_and_covered() {
        // A population of 2,000 in two strata with a tagger that errs differently in each.
        let mut random = 12_345_u64;
        let mut next = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let mut people = Vec::new();
        for i in 0..2_000 {
            let language = if i < 1_500 { "de" } else { "da" };
            let is_due = next() < 0.3;
            let is_set = next()
                < if is_due {
                    0.7
                } else if language == "da" {
                    0.3
                } else {
                    0.05
                };
            people.push(unit(
                language,
                if is_due { &["a"] } else { &[] },
                if is_set { &["a"] } else { &[] },
            ));
        }
        let truth = people.iter().filter(|u| u.due.contains("a")).count() as f64 / 2_000.0;
        let of = |language: &str| people.iter().filter(|u| u.stratum.0 == language).collect::<Vec<_>>();
        let (de, da) = (of("de"), of("da"));
        let count = |list: &[&AuditUnit]| list.iter().filter(|u| u.set.contains("a")).count();
        let key = |l: &str| (l.to_owned(), "chat".to_owned());
        let strata = BTreeMap::from([
            (key("de"), stratum(de.len(), count(&de))),
            (key("da"), stratum(da.len(), count(&da))),
        ]);
        let (mut covered, mut total) = (0, 0.0);
        for _ in 0..400 {
            let mut sample = Vec::new();
            for (list, n) in [(&de, 60), (&da, 60)] {
                let mut order: Vec<(u64, &AuditUnit)> = list.iter().map(|u| ((next() * 1e15) as u64, *u)).collect();
                order.sort_by_key(|o| o.0);
                sample.extend(order.into_iter().take(n).map(|o| o.1.clone()));
            }
            let report = audit(&sample, &strata);
            let corrected = report.tags.iter().find(|t| t.tag == "a").unwrap().corrected;
            total += corrected.share;
            covered += usize::from(corrected.lo <= truth && truth <= corrected.hi);
        }
        assert!(
            (total / 400.0 - truth).abs() < 0.006,
            "{} against {truth}",
            total / 400.0
        );
        assert!((364..=396).contains(&covered), "{covered} of 400");
    }

    #[test]
    fn nothing_labelled() {
        let report = audit(&[], &BTreeMap::new());
        assert_eq!(report.quality[0].precision, None);
        assert!(report.tags.is_empty() && report.missing_strata.is_empty());
    }
}
