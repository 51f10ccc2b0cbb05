//! How well a clustering agrees with labels: accuracy, NMI, ARI, purity.

use crate::hungarian::best_assignment;
use serde::Serialize;
use std::collections::BTreeMap;

/// Agreement of found clusters with true labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterEvaluation {
    /// Texts.
    pub n: usize,
    /// Distinct labels.
    pub k_true: usize,
    /// Clusters found; unclustered texts are none.
    pub k_found: usize,
    /// Share of texts whose cluster is matched to their label by the best one-to-one matching;
    /// an unclustered text counts as wrong.
    pub acc: f64,
    /// Mutual information over the arithmetic mean of the entropies; each unclustered text is a
    /// cluster of its own.
    pub nmi: f64,
    /// Adjusted Rand index; each unclustered text is a cluster of its own.
    pub ari: f64,
    /// Share of clustered texts that carry the most frequent label of their cluster.
    pub purity: f64,
    /// Share of texts without a cluster.
    pub unclustered_share: f64,
}

/// Compares `found`, one cluster or none a text, with the labels of the same texts.
///
/// Texts beyond the shorter of the two are ignored. Nothing to compare gives zeros, and perfect
/// agreement of one single cluster with one single label gives 1 throughout, as in scikit-learn.
#[must_use]
pub fn evaluate<L: Ord>(labels_true: &[L], found: &[Option<u32>]) -> ClusterEvaluation {
    let table = Table::new(labels_true, found);
    let clustered: u64 = table.columns.iter().sum();
    ClusterEvaluation {
        n: table.n,
        k_true: table.rows.len(),
        k_found: table.columns.len(),
        acc: ratio(table.matched(), table.n as u64),
        nmi: table.nmi(),
        ari: table.ari(),
        purity: ratio(table.majority(), clustered),
        unclustered_share: ratio(table.n as u64 - clustered, table.n as u64),
    }
}

/// Agreement when the texts without a cluster count as one more cluster, the noise.
///
/// How papers on issue discovery count: a cluster of its own for each such text, as in
/// [`ClusterEvaluation`], rewards the NMI of whoever leaves much unclustered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoiseEvaluation {
    /// Share of texts matched by the best one-to-one matching of clusters and labels.
    pub acc: f64,
    /// Mutual information over the arithmetic mean of the entropies.
    pub nmi: f64,
    /// Adjusted Rand index.
    pub ari: f64,
    /// Harmonic mean of B-cubed precision and recall.
    pub bcubed_f1: f64,
    /// Share of the unclustered texts that carry the label of noise; absent without such.
    pub noise_precision: Option<f64>,
    /// Share of the texts with the label of noise that are unclustered; absent without such.
    pub noise_recall: Option<f64>,
}

/// Compares like [`evaluate`], with all unclustered texts as one cluster and `noise` as the label
/// of what belongs nowhere.
#[must_use]
pub fn evaluate_with_noise<L: Ord>(labels_true: &[L], found: &[Option<u32>], noise: Option<&L>) -> NoiseEvaluation {
    let rest = found.iter().flatten().max().map_or(0, |&last| last.saturating_add(1));
    let filled: Vec<Option<u32>> = found.iter().map(|f| Some(f.unwrap_or(rest))).collect();
    let table = Table::new(labels_true, &filled);
    let (precision, recall) = table.bcubed();
    let count = |is_counted: fn(bool, bool) -> bool| {
        let pairs = labels_true.iter().zip(found);
        pairs
            .filter(|(l, f)| is_counted(Some(*l) == noise, f.is_none()))
            .count() as u64
    };
    let both = count(|is_noise, is_alone| is_noise && is_alone);
    let share = |whole: u64| (noise.is_some() && whole > 0).then(|| ratio(both, whole));
    NoiseEvaluation {
        acc: ratio(table.matched(), table.n as u64),
        nmi: table.nmi(),
        ari: table.ari(),
        bcubed_f1: if precision + recall > 0.0 {
            2.0 * precision * recall / (precision + recall)
        } else {
            0.0
        },
        noise_precision: share(count(|_, is_alone| is_alone)),
        noise_recall: share(count(|is_noise, _| is_noise)),
    }
}

/// Contingency of labels (rows) and clusters (columns); unclustered texts only count in rows.
struct Table {
    n: usize,
    rows: Vec<u64>,
    columns: Vec<u64>,
    cells: BTreeMap<(usize, usize), u64>,
    num_alone: u64,
}

impl Table {
    fn new<L: Ord>(labels: &[L], found: &[Option<u32>]) -> Self {
        let n = labels.len().min(found.len());
        let mut label_ids: BTreeMap<&L, usize> = BTreeMap::new();
        let mut cluster_ids: BTreeMap<u32, usize> = BTreeMap::new();
        let mut table = Self {
            n,
            rows: Vec::new(),
            columns: Vec::new(),
            cells: BTreeMap::new(),
            num_alone: 0,
        };
        for (label, cluster) in labels.iter().zip(found) {
            let next = label_ids.len();
            let row = *label_ids.entry(label).or_insert(next);
            table.rows.resize(label_ids.len(), 0);
            table.rows[row] += 1;
            let Some(cluster) = cluster else {
                table.num_alone += 1;
                continue;
            };
            let next = cluster_ids.len();
            let column = *cluster_ids.entry(*cluster).or_insert(next);
            table.columns.resize(cluster_ids.len(), 0);
            table.columns[column] += 1;
            *table.cells.entry((row, column)).or_insert(0) += 1;
        }
        table
    }

    fn matched(&self) -> u64 {
        let count = |row: usize, column: usize| {
            self.cells
                .get(&(row, column))
                .map_or(0, |&c| i64::try_from(c).unwrap_or(i64::MAX))
        };
        let (r, c) = (self.rows.len(), self.columns.len());
        let total: i64 = if r <= c {
            best_assignment(r, c, count)
                .iter()
                .enumerate()
                .map(|(i, &j)| count(i, j))
                .sum()
        } else {
            best_assignment(c, r, |i, j| count(j, i))
                .iter()
                .enumerate()
                .map(|(i, &j)| count(j, i))
                .sum()
        };
        total.unsigned_abs()
    }

    fn majority(&self) -> u64 {
        let mut best = vec![0; self.columns.len()];
        for (&(_, column), &count) in &self.cells {
            best[column] = count.max(best[column]);
        }
        best.iter().sum()
    }

    fn nmi(&self) -> f64 {
        if self.n == 0 {
            return 0.0;
        }
        let n = self.n as f64;
        let entropy = |counts: &[u64], alone: u64| {
            let part = |count: u64| count as f64 / n * (count as f64 / n).ln();
            -(counts.iter().map(|&c| part(c)).sum::<f64>() + alone as f64 * part(1))
        };
        let label_entropy = entropy(&self.rows, 0);
        let cluster_entropy = entropy(&self.columns, self.num_alone);
        // H(label | cluster); texts alone are certain and add nothing.
        let conditional: f64 = self
            .cells
            .iter()
            .map(|(&(_, column), &count)| -(count as f64 / n) * (count as f64 / self.columns[column] as f64).ln())
            .sum();
        let mean = f64::midpoint(label_entropy, cluster_entropy);
        if mean <= 1e-15 {
            return 1.0;
        }
        ((label_entropy - conditional) / mean).clamp(0.0, 1.0)
    }

    /// Mean over texts of the share of its cluster with its label, and of its label in its cluster.
    fn bcubed(&self) -> (f64, f64) {
        let (mut precision, mut recall) = (0.0, 0.0);
        for (&(row, column), &count) in &self.cells {
            let pairs = count as f64 * count as f64;
            precision += pairs / self.columns[column] as f64;
            recall += pairs / self.rows[row] as f64;
        }
        let n = self.n.max(1) as f64;
        (precision / n, recall / n)
    }

    fn ari(&self) -> f64 {
        if self.n == 0 {
            return 0.0;
        }
        let pairs = |count: u64| count as f64 * (count as f64 - 1.0) / 2.0;
        let both: f64 = self.cells.values().map(|&c| pairs(c)).sum();
        let by_label: f64 = self.rows.iter().map(|&c| pairs(c)).sum();
        let by_cluster: f64 = self.columns.iter().map(|&c| pairs(c)).sum();
        let all = pairs(self.n as u64);
        let expected = if all > 0.0 { by_label * by_cluster / all } else { 0.0 };
        let spread = f64::midpoint(by_label, by_cluster) - expected;
        if spread.abs() <= f64::EPSILON * all {
            1.0
        } else {
            (both - expected) / spread
        }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn worked_by_hand() {
        // Labels a a b b, clusters 0 0 1 2: I = ln 2, H(label) = ln 2, H(cluster) = 1.5 ln 2.
        let result = evaluate(&["a", "a", "b", "b"], &[Some(0), Some(0), Some(1), Some(2)]);
        close(result.nmi, 0.8);
        // Pairs: both 1, labels 2, clusters 1, all 6: (1 - 1/3) / (1.5 - 1/3).
        close(result.ari, 4.0 / 7.0);
        close(result.acc, 0.75);
        close(result.purity, 1.0);
        assert_eq!((result.k_true, result.k_found), (2, 3));
    }

    #[test]
    fn unclustered_texts_stand_alone() {
        let alone = evaluate(&["a", "a", "b", "b"], &[Some(0), Some(0), Some(1), None]);
        let apart = evaluate(&["a", "a", "b", "b"], &[Some(0), Some(0), Some(1), Some(2)]);
        close(alone.nmi, apart.nmi);
        close(alone.ari, apart.ari);
        close(alone.acc, 0.75);
        close(alone.unclustered_share, 0.25);
        assert_eq!(alone.k_found, 2);
    }

    #[test]
    fn noise_is_one_cluster() {
        let labels = ["a", "a", "b", "b", "oos", "oos"];
        let found = [Some(0), Some(0), Some(1), None, None, Some(1)];
        let noise = evaluate_with_noise(&labels, &found, Some(&"oos"));
        let filled: Vec<Option<u32>> = found.iter().map(|f| f.or(Some(2))).collect();
        let plain = evaluate(&labels, &filled);
        close(noise.nmi, plain.nmi);
        close(noise.ari, plain.ari);
        close(noise.acc, 4.0 / 6.0);
        // Of six texts two have all of their cluster and label, four half of each.
        close(noise.bcubed_f1, 4.0 / 6.0);
        assert_eq!((noise.noise_precision, noise.noise_recall), (Some(0.5), Some(0.5)));
        let without = evaluate_with_noise(&labels, &found, None);
        assert_eq!((without.noise_precision, without.noise_recall), (None, None));
        assert_eq!(evaluate_with_noise::<&str>(&[], &[], None).bcubed_f1, 0.0);
    }

    #[test]
    fn edges() {
        let none = evaluate::<&str>(&[], &[]);
        close(none.acc + none.nmi + none.ari + none.purity, 0.0);
        let one = evaluate(&["a"], &[Some(3)]);
        close(one.acc + one.nmi + one.ari + one.purity, 4.0);
        let mixed = evaluate(&["a", "b"], &[Some(3), Some(3)]);
        close(mixed.nmi, 0.0);
        close(mixed.ari, 0.0);
    }

    proptest! {
        #[test]
        fn names_of_clusters_do_not_matter(pairs in prop::collection::vec((0_u8..4, 0_u32..4), 1..40)) {
            let labels: Vec<u8> = pairs.iter().map(|p| p.0).collect();
            let found: Vec<Option<u32>> = pairs.iter().map(|p| Some(p.1)).collect();
            let renamed: Vec<Option<u32>> = pairs.iter().map(|p| Some(9 - p.1)).collect();
            let (a, b) = (evaluate(&labels, &found), evaluate(&labels, &renamed));
            prop_assert!((a.nmi - b.nmi).abs() < 1e-12 && (a.ari - b.ari).abs() < 1e-12);
            prop_assert_eq!(a.acc, b.acc);
            prop_assert!((0.0..=1.0).contains(&a.nmi) && a.ari <= 1.0 + 1e-12);
            let perfect = evaluate(&labels, &labels.iter().map(|&l| Some(u32::from(l))).collect::<Vec<_>>());
            prop_assert!((perfect.nmi + perfect.ari + perfect.acc - 3.0).abs() < 1e-9);
        }
    }
}
