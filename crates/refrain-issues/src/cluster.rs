//! Groups of texts that say the same, their number found and not given.
//!
//! Neighbour graph, communities, k-means from the communities' centres, near centres merged,
//! small groups dissolved, and what lies far from every centre left alone.

use crate::communities::{Graph, communities, number_by_first};
use crate::dense::normalise;
use crate::neighbours::{Neighbour, nearest_centre, nearest_neighbours};
use crate::IssuesConfig;
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array2, ArrayView2, Axis};

const KMEANS_ITERATIONS: u64 = 20;
const KMEANS_TOLERANCE: f32 = 1e-4;

/// Groups among unit vectors.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    /// Unit centre of each group.
    pub(crate) centres: Array2<f32>,
    /// Group of each point; `None` when it is too far from all.
    pub(crate) labels: Vec<Option<u32>>,
    /// Nearest group of each point; `None` when there is none.
    pub(crate) nearest: Vec<Option<Neighbour>>,
}

/// Groups the rows of `points`, which are unit vectors or zero; zero rows belong nowhere.
///
/// Groups are numbered by their first row. At least `min_members` rows form a group.
pub(crate) fn find_groups(points: ArrayView2<'_, f32>, cfg: &IssuesConfig) -> Groups {
    let lists = nearest_neighbours(points, cfg.neighbours);
    let graph = shared_neighbour_graph(&lists);
    let part: Vec<Option<u32>> = communities(&graph, cfg.resolution, cfg.seed)
        .into_iter()
        .zip(&lists)
        .map(|(p, list)| (!list.is_empty()).then_some(p))
        .collect();
    let mut centres = centres_of(points, &keep_large(&part, cfg.min_members));
    centres = refine_centres(points, centres);
    loop {
        let (labels, nearest) = assign(points, &centres, cfg.assign_min_similarity);
        let kept = keep_large(&labels, cfg.min_members);
        if kept.iter().filter(|l| l.is_some()).count() < labels.iter().filter(|l| l.is_some()).count()
            || kept_count(&kept) < centres.nrows()
        {
            // A dissolved group's rows may belong to another; every round loses a centre.
            centres = centres_of(points, &kept);
            continue;
        }
        match merge_nearest(points, &labels, &centres, cfg.merge_similarity) {
            Some(merged) => centres = centres_of(points, &merged),
            None => return Groups { centres, labels, nearest },
        }
    }
}

fn kept_count(labels: &[Option<u32>]) -> usize {
    labels.iter().flatten().max().map_or(0, |&l| l as usize + 1)
}

type Assigned = (Vec<Option<u32>>, Vec<Option<Neighbour>>);

fn assign(points: ArrayView2<'_, f32>, centres: &Array2<f32>, min_similarity: f32) -> Assigned {
    let nearest = nearest_centre(points, centres.view());
    let labels = nearest.iter().map(|n| n.filter(|n| n.similarity >= min_similarity).map(|n| n.row)).collect();
    (labels, nearest)
}

/// Rows tied to their neighbours, heavier the more neighbours both share.
///
/// An edge's weight is the Jaccard share of common neighbours, both ends counted among their own.
fn shared_neighbour_graph(lists: &[Vec<Neighbour>]) -> Graph {
    use rayon::prelude::*;
    let sorted: Vec<Vec<u32>> = lists
        .iter()
        .zip(0_u32..)
        .map(|(list, own)| {
            let mut rows: Vec<u32> = list.iter().map(|n| n.row).chain([own]).collect();
            rows.sort_unstable();
            rows
        })
        .collect();
    let mut incoming = vec![Vec::new(); lists.len()];
    for (list, own) in lists.iter().zip(0_u32..) {
        for n in list {
            incoming[n.row as usize].push(own);
        }
    }
    let edges = (0..lists.len())
        .into_par_iter()
        .map(|i| {
            let mut others: Vec<u32> = lists[i].iter().map(|n| n.row).chain(incoming[i].iter().copied()).collect();
            others.sort_unstable();
            others.dedup();
            others
                .into_iter()
                .filter_map(|j| {
                    let shared = common(&sorted[i], &sorted[j as usize]);
                    let all = sorted[i].len() + sorted[j as usize].len() - shared;
                    (shared > 0).then(|| (j, shared as f64 / all as f64))
                })
                .collect()
        })
        .collect();
    Graph {
        edges,
        loops: vec![0.0; lists.len()],
    }
}

/// Elements in both of two rising lists.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                count += 1;
                i += 1;
                j += 1;
            }
        }
    }
    count
}

/// Groups with fewer rows than `min_members` dissolved, the others renumbered by first row.
fn keep_large(labels: &[Option<u32>], min_members: usize) -> Vec<Option<u32>> {
    let mut sizes = vec![0; kept_count(labels)];
    for &label in labels.iter().flatten() {
        sizes[label as usize] += 1;
    }
    let large: Vec<Option<u32>> = labels.iter().map(|l| l.filter(|&l| sizes[l as usize] >= min_members)).collect();
    let numbers = number_by_first(large.iter().flatten().copied().collect());
    let mut numbers = numbers.into_iter();
    large.into_iter().map(|l| l.and_then(|_| numbers.next())).collect()
}

/// Unit mean of each group's rows.
fn centres_of(points: ArrayView2<'_, f32>, labels: &[Option<u32>]) -> Array2<f32> {
    let mut centres = Array2::<f32>::zeros((kept_count(labels), points.ncols()));
    for (label, row) in labels.iter().zip(points.axis_iter(Axis(0))) {
        if let Some(label) = label {
            let mut centre = centres.row_mut(*label as usize);
            centre += &row;
        }
    }
    unit_rows(centres)
}

fn unit_rows(mut centres: Array2<f32>) -> Array2<f32> {
    for mut row in centres.axis_iter_mut(Axis(0)) {
        if let Some(row) = row.as_slice_mut() {
            normalise(row);
        }
    }
    centres
}

/// linfa's k-means from the given centres; the centres as they are when it does not apply.
fn refine_centres(points: ArrayView2<'_, f32>, centres: Array2<f32>) -> Array2<f32> {
    if centres.nrows() < 2 {
        return centres;
    }
    let dataset = DatasetBase::from(points);
    let fitted = KMeans::params(centres.nrows())
        .init_method(KMeansInit::Precomputed(centres.clone()))
        .n_runs(1)
        .max_n_iterations(KMEANS_ITERATIONS)
        .tolerance(KMEANS_TOLERANCE)
        .fit(&dataset);
    match fitted {
        Ok(model) => unit_rows(model.centroids().clone()),
        Err(_) => centres,
    }
}

/// Labels with the two most similar groups made one when their centres reach `min_similarity`.
fn merge_nearest(
    points: ArrayView2<'_, f32>,
    labels: &[Option<u32>],
    centres: &Array2<f32>,
    min_similarity: f32,
) -> Option<Vec<Option<u32>>> {
    let _ = points;
    let products = centres.dot(&centres.t());
    let mut best: Option<(u32, u32, f32)> = None;
    for i in 0..centres.nrows() {
        for j in i + 1..centres.nrows() {
            let similarity = products[[i, j]];
            if similarity >= min_similarity && best.is_none_or(|b| similarity > b.2) {
                #[expect(clippy::cast_possible_truncation, reason = "rows are sampled below 2^32")]
                let pair = (i as u32, j as u32, similarity);
                best = Some(pair);
            }
        }
    }
    let (keep, gone, _) = best?;
    let merged: Vec<Option<u32>> = labels.iter().map(|&l| if l == Some(gone) { Some(keep) } else { l }).collect();
    Some(keep_large(&merged, 1))
}
