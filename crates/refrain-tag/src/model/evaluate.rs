//! How good a model is on labelled texts it has not seen.

use std::collections::BTreeMap;

use rayon::prelude::*;
use refrain_record::TagPath;
use serde::Serialize;

use super::labels::LabelledText;
use super::predict::{Decision, Prediction, TagModel};

/// Equal-width bins of the reliability table.
const NUM_BINS: usize = 15;

/// Quality figures. Shares are from 0 to 1, and `None` where nothing could be counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Id of the model.
    pub model: String,
    /// Number of texts.
    pub n: usize,
    /// Texts with at least one tag.
    pub num_tagged: usize,
    /// Whether the model may set several tags.
    pub multi_label: bool,
    /// Tagged texts whose best tag is right, with abstention off.
    pub accuracy: Option<f64>,
    /// F1 over all tags together. A single-label model is judged by its best tags on tagged texts
    /// with abstention off, as for `accuracy`; a multi-label model by the tags it sets on all texts.
    pub micro_f1: Option<f64>,
    /// Mean F1 of the tags that occur, predicted as for `micro_f1`.
    pub macro_f1: Option<f64>,
    /// Of the texts that get a tag, those whose best tag is right; texts without tags count as wrong.
    pub accuracy_with_abstention: Option<f64>,
    /// F1 over all tags together, by the tags that are set, on all texts.
    pub micro_f1_with_abstention: Option<f64>,
    /// Mean F1 of the tags that occur, by the tags that are set, on all texts.
    pub macro_f1_with_abstention: Option<f64>,
    /// Texts that get exactly the tags they should, none included.
    pub exact_match: Option<f64>,
    /// Tagged texts that get no tag.
    pub abstained_share: Option<f64>,
    /// Texts without tags that get none.
    pub out_of_scope_abstained_share: Option<f64>,
    /// How well the best score tells tagged texts from texts without tags: area under the ROC curve.
    pub out_of_scope_auroc: Option<f64>,
    /// Expected calibration error of the best tag's score, over all texts.
    pub ece: Option<f64>,
    /// Score against share right, by bins of the best tag's score; empty bins are left out.
    pub reliability: Vec<ReliabilityBin>,
    /// Per tag by the tags that are set, on all texts; sorted by tag.
    pub per_tag: Vec<TagQuality>,
}

/// One bin of the reliability table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Lower end of the bin.
    pub from: f64,
    /// Upper end of the bin.
    pub to: f64,
    /// Texts whose best score lies in it.
    pub n: usize,
    /// Their mean score.
    pub mean_score: f64,
    /// Share whose best tag is right.
    pub share_right: f64,
}

/// Quality of one tag.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TagQuality {
    /// The tag.
    pub tag: String,
    /// Right among set; `None` when it was never set.
    pub precision: Option<f64>,
    /// Set among due; `None` when it was never due.
    pub recall: Option<f64>,
    /// Harmonic mean of both; 0 when nothing was right.
    pub f1: f64,
    /// Texts that should have it.
    pub support: usize,
    /// Texts that got it.
    pub num_set: usize,
}

/// What the model says about one example.
struct Verdict<'a> {
    example: &'a LabelledText,
    best: Option<Decision>,
    set: Vec<Prediction>,
}

impl Verdict<'_> {
    fn is_right(&self) -> bool {
        self.best
            .as_ref()
            .is_some_and(|best| self.example.tags.contains(&best.tag))
    }

    fn best_score(&self) -> f64 {
        self.best.as_ref().map_or(0.0, |best| f64::from(best.score))
    }
}

/// Judges a model on labelled texts, on all threads of the current pool.
#[must_use]
pub fn evaluate(model: &TagModel, examples: &[LabelledText]) -> Evaluation {
    let verdicts: Vec<Verdict<'_>> = examples
        .par_iter()
        .with_min_len(64)
        .map(|example| {
            let (best, set) = model.judge(&example.text);
            Verdict { example, best, set }
        })
        .collect();
    let (tagged, untagged): (Vec<&Verdict<'_>>, Vec<&Verdict<'_>>) =
        verdicts.iter().partition(|verdict| !verdict.example.tags.is_empty());
    let answered: Vec<&Verdict<'_>> = verdicts.iter().filter(|v| !v.set.is_empty()).collect();

    let with_abstention = Tally::count(verdicts.iter().map(|verdict| {
        (
            verdict.example,
            verdict.set.iter().map(|prediction| &prediction.tag).collect(),
        )
    }));
    let forced = if model.is_multi_label() {
        with_abstention.clone()
    } else {
        Tally::count(
            tagged
                .iter()
                .map(|verdict| (verdict.example, verdict.best.iter().map(|best| &best.tag).collect())),
        )
    };
    let reliability = reliability(&verdicts);
    let weighted_gap = |bin: &ReliabilityBin| bin.n as f64 * (bin.mean_score - bin.share_right).abs();
    Evaluation {
        model: model.id().to_owned(),
        n: verdicts.len(),
        num_tagged: tagged.len(),
        multi_label: model.is_multi_label(),
        accuracy: share(&tagged, |v| v.is_right()),
        micro_f1: forced.micro_f1(),
        macro_f1: forced.macro_f1(),
        accuracy_with_abstention: share(&answered, |v| v.is_right()),
        micro_f1_with_abstention: with_abstention.micro_f1(),
        macro_f1_with_abstention: with_abstention.macro_f1(),
        exact_match: share(&verdicts.iter().collect::<Vec<_>>(), is_exact),
        abstained_share: share(&tagged, |v| v.set.is_empty()),
        out_of_scope_abstained_share: share(&untagged, |v| v.set.is_empty()),
        out_of_scope_auroc: auroc(
            tagged.iter().map(|v| v.best_score()),
            untagged.iter().map(|v| v.best_score()),
        ),
        ece: (!verdicts.is_empty()).then(|| reliability.iter().map(weighted_gap).sum::<f64>() / verdicts.len() as f64),
        reliability,
        per_tag: with_abstention.per_tag(),
    }
}

fn is_exact(verdict: &Verdict<'_>) -> bool {
    let mut set: Vec<&TagPath> = verdict.set.iter().map(|prediction| &prediction.tag).collect();
    let mut due: Vec<&TagPath> = verdict.example.tags.iter().collect();
    set.sort_unstable();
    due.sort_unstable();
    due.dedup();
    set == due
}

fn share(verdicts: &[&Verdict<'_>], is: impl Fn(&Verdict<'_>) -> bool) -> Option<f64> {
    let hits = verdicts.iter().filter(|verdict| is(verdict)).count();
    (!verdicts.is_empty()).then(|| hits as f64 / verdicts.len() as f64)
}

fn reliability(verdicts: &[Verdict<'_>]) -> Vec<ReliabilityBin> {
    let mut sums = [(0usize, 0.0f64, 0usize); NUM_BINS];
    for verdict in verdicts {
        let score = verdict.best_score();
        // A score of 1 belongs to the last bin.
        let bin = ((score * NUM_BINS as f64) as usize).min(NUM_BINS - 1);
        sums[bin].0 += 1;
        sums[bin].1 += score;
        sums[bin].2 += usize::from(verdict.is_right());
    }
    let width = 1.0 / NUM_BINS as f64;
    let bins = sums.iter().enumerate().filter(|(_, (n, ..))| *n > 0);
    bins.map(|(bin, &(n, total, right))| ReliabilityBin {
        from: bin as f64 * width,
        to: (bin + 1) as f64 * width,
        n,
        mean_score: total / n as f64,
        share_right: right as f64 / n as f64,
    })
    .collect()
}

/// Chance that a random `high` lies above a random `low`, ties counting half.
fn auroc(high: impl Iterator<Item = f64>, low: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<(f64, bool)> = high
        .map(|score| (score, true))
        .chain(low.map(|score| (score, false)))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let num_high = all.iter().filter(|(_, is_high)| *is_high).count();
    let num_low = all.len() - num_high;
    let (mut wins, mut low_so_far) = (0.0, 0usize);
    for ties in all.chunk_by(|a, b| a.0 == b.0) {
        let high_here = ties.iter().filter(|(_, is_high)| *is_high).count();
        let low_here = ties.len() - high_here;
        wins += high_here as f64 * (low_so_far as f64 + 0.5 * low_here as f64);
        low_so_far += low_here;
    }
    (num_high > 0 && num_low > 0).then(|| wins / (num_high as f64 * num_low as f64))
}

/// Right, set and due counts by tag.
#[derive(Debug, Clone, Default)]
struct Tally {
    counts: BTreeMap<TagPath, TagCount>,
}

#[derive(Debug, Clone, Copy, Default)]
struct TagCount {
    right: usize,
    set: usize,
    due: usize,
}

impl TagCount {
    fn f1(self) -> f64 {
        if self.right == 0 {
            0.0
        } else {
            2.0 * self.right as f64 / (self.set + self.due) as f64
        }
    }
}

impl Tally {
    fn count<'a>(rows: impl Iterator<Item = (&'a LabelledText, Vec<&'a TagPath>)>) -> Self {
        let mut tally = Self::default();
        for (example, set) in rows {
            let mut due: Vec<&TagPath> = example.tags.iter().collect();
            due.sort_unstable();
            due.dedup();
            for tag in &due {
                tally.counts.entry((*tag).clone()).or_default().due += 1;
            }
            for tag in set {
                let count = tally.counts.entry(tag.clone()).or_default();
                count.set += 1;
                count.right += usize::from(due.contains(&tag));
            }
        }
        tally
    }

    fn micro_f1(&self) -> Option<f64> {
        let mut total = TagCount::default();
        for count in self.counts.values() {
            total.right += count.right;
            total.set += count.set;
            total.due += count.due;
        }
        (total.due > 0).then(|| total.f1())
    }

    /// Over tags that are due somewhere or wrongly set, as scikit-learn does.
    fn macro_f1(&self) -> Option<f64> {
        let num_due: usize = self.counts.values().map(|count| count.due).sum();
        let total: f64 = self.counts.values().map(|count| count.f1()).sum();
        (num_due > 0).then(|| total / self.counts.len() as f64)
    }

    fn per_tag(&self) -> Vec<TagQuality> {
        let ratio = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        self.counts
            .iter()
            .map(|(tag, count)| TagQuality {
                tag: tag.as_str().to_owned(),
                precision: ratio(count.right, count.set),
                recall: ratio(count.right, count.due),
                f1: count.f1(),
                support: count.due,
                num_set: count.set,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auroc_counts_ties_half() {
        let of = |high: &[f64], low: &[f64]| auroc(high.iter().copied(), low.iter().copied());
        assert_eq!(of(&[0.9, 0.8], &[0.1]), Some(1.0));
        assert_eq!(of(&[0.5], &[0.5]), Some(0.5));
        assert_eq!(of(&[0.2, 0.9], &[0.5]), Some(0.5));
        assert_eq!(of(&[], &[0.5]), None);
    }

    #[test]
    fn f1_figures_match_a_count_by_hand() {
        let text = |tags: &[&str]| LabelledText {
            tags: tags.iter().map(|&tag| TagPath::from(tag)).collect(),
            ..LabelledText::default()
        };
        let (a, b) = (TagPath::from("a"), TagPath::from("b"));
        let rows = [text(&["a"]), text(&["a", "b"]), text(&[])];
        let sets: [Vec<&TagPath>; 3] = [vec![&a], vec![&a], vec![&b]];
        let tally = Tally::count(rows.iter().zip(sets));
        // a: 2 right, 2 set, 2 due. b: 0 right, 1 set, 1 due.
        assert_eq!(tally.macro_f1(), Some(0.5));
        assert_eq!(tally.micro_f1(), Some(4.0 / 6.0));
        let per_tag = tally.per_tag();
        assert_eq!((per_tag[0].precision, per_tag[0].recall), (Some(1.0), Some(1.0)));
        assert_eq!((per_tag[1].precision, per_tag[1].recall), (Some(0.0), Some(0.0)));
    }
}
