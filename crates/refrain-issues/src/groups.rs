//! Groups among unit vectors, their number found and not given.
//!
//! Neighbour graph, communities, k-means from the communities' centres, near centres merged,
//! small groups dissolved, and what lies far from every centre left alone.

use crate::IssuesConfig;
use crate::communities::{communities, number_by_first};
use crate::dense::normalise;
use crate::fusion::Fusion;
use crate::graph::shared_neighbour_graph;
use crate::neighbours::{Neighbour, nearest_centre, nearest_neighbours};
use linfa::DatasetBase;
use linfa::ParamGuard;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use linfa_nn::distance::{Distance, L2Dist};
use ndarray::{Array2, ArrayView, ArrayView2, Axis, Dimension};

/// Sums kept side by side.
const LANES: usize = 16;
const KMEANS_ITERATIONS: u64 = 20;
/// Few points have fewer neighbours of their own kind: at most this part of all, at least `MIN_NEIGHBOURS`.
const NEIGHBOUR_SHARE: usize = 10;
const MIN_NEIGHBOURS: usize = 5;
const POINTS_A_STEP: f64 = 600.0;
const FINEST: f64 = 5.0;
const KMEANS_TOLERANCE: f32 = 1e-3;

/// Measured on night-by-night runs: more gives many twins, none lets old issues swallow new ones.
const LOOSE_SHARE: f64 = 0.05;

/// Groups of points.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    /// Unit centre of each group.
    pub(crate) centres: Array2<f32>,
    /// Group of each point; `None` when it is too far from all.
    pub(crate) labels: Vec<Option<u32>>,
}

/// Groups the rows of `points`, which are unit vectors or zero; zero rows belong nowhere.
///
/// Row i stands for `sizes[i]` conversations, and a group for at least `min_members` of them.
/// Groups are numbered by their first row.
pub(crate) fn find_groups(points: ArrayView2<'_, f32>, sizes: &[usize], cfg: &IssuesConfig) -> Groups {
    let lists = nearest_neighbours(points, neighbours_of(cfg.neighbours, points.nrows()));
    let graph = shared_neighbour_graph(&lists);
    let part = communities(&graph, cfg.resolution * finer_for(points.nrows()), cfg.seed);
    let labels: Vec<Option<u32>> = part
        .into_iter()
        .zip(points.axis_iter(Axis(0)))
        .map(|(community, row)| row.iter().any(|&v| v != 0.0).then_some(community))
        .collect();
    let mut centres = refine(points, centres_of(points, &keep_large(&labels, sizes, cfg.min_members)));
    loop {
        let nearest = nearest_centre(points, centres.view());
        let labels = belonging_to_others(points, sizes, &nearest, cfg.assign_min_similarity);
        let kept = keep_large(&labels, sizes, cfg.min_members);
        let merged = merge_near(points, &kept, cfg.merge_similarity);
        if num_groups(&merged) == centres.nrows() {
            return Groups { centres, labels };
        }
        // What a dissolved group held may belong to another; every round loses a centre, so it ends.
        centres = centres_of(points, &merged);
    }
}

/// Neighbours to ask for among so many points.
pub(crate) fn neighbours_of(wanted: usize, num_points: usize) -> usize {
    wanted.min((num_points / NEIGHBOUR_SHARE).max(MIN_NEIGHBOURS))
}

/// How much finer communities are sought among so many points.
///
/// Modularity makes one of communities that are small beside the whole (33 of 77 intents on
/// Banking77), so the resolution grows as the whole does. Finer than `FINEST`, large issues
/// shatter; below one `POINTS_A_STEP` all would be one.
fn finer_for(num_points: usize) -> f64 {
    (num_points as f64 / POINTS_A_STEP).clamp(1.0, FINEST)
}

/// The centre that each point belongs to: the nearest, when it is near enough.
pub(crate) fn belonging(nearest: &[Option<Neighbour>], min_similarity: f32) -> Vec<Option<u32>> {
    let near = |n: &Option<Neighbour>| n.filter(|n| n.similarity >= min_similarity).map(|n| n.row);
    nearest.iter().map(near).collect()
}

/// Cosine of each labelled row to the sum of all others of its group, where row i stands for `sizes[i]` alike, at
/// least one; `None` for one that is alone.
///
/// A centre that holds the row itself flatters it: five rows at right angles to each other have a cosine of 0.45 to
/// their own centre, and would pass for a group.
pub(crate) fn to_others(points: ArrayView2<'_, f32>, sizes: &[usize], labels: &[Option<u32>]) -> Vec<Option<f32>> {
    let mut sums = Array2::<f32>::zeros((num_groups(labels), points.ncols()));
    #[expect(clippy::cast_precision_loss, reason = "a weight needs no more")]
    let size_of = |at: usize| sizes.get(at).copied().unwrap_or(1).max(1) as f32;
    for (at, (label, row)) in labels.iter().zip(points.axis_iter(Axis(0))).enumerate() {
        if let Some(label) = label {
            sums.row_mut(*label as usize).scaled_add(size_of(at), &row);
        }
    }
    let of = |(label, row): (&Option<u32>, ndarray::ArrayView1<'_, f32>)| {
        let sum = sums.row((*label)? as usize);
        let (along, own) = (sum.dot(&row), row.dot(&row));
        let rest = sum.dot(&sum) - 2.0 * along + own;
        // Rounding leaves a little of a sum that was the row alone.
        (rest > own * 1e-3).then(|| (along - own) / (rest * own).sqrt())
    };
    labels.iter().zip(points.axis_iter(Axis(0))).map(of).collect()
}

/// As [`belonging`], without the rows that are not near enough to the others of their group.
pub(crate) fn belonging_to_others(
    points: ArrayView2<'_, f32>,
    sizes: &[usize],
    nearest: &[Option<Neighbour>],
    min_similarity: f32,
) -> Vec<Option<u32>> {
    let mut labels = belonging(nearest, min_similarity);
    let near = to_others(points, sizes, &labels);
    for (label, near) in labels.iter_mut().zip(near) {
        *label = label.filter(|_| near.is_some_and(|near| near >= min_similarity));
    }
    labels
}

/// The similarity that all but the loosest `LOOSE_SHARE` of a group's own reach, at least `floor`.
///
/// A new text must be as near as most members are: in a basis of few texts everything is near to
/// everything, and a fixed bound would let the first issues swallow all that is new.
pub(crate) fn reach_of(similarities: &mut [f32], floor: f32) -> f32 {
    similarities.sort_by(f32::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let loose = (similarities.len() as f64 * LOOSE_SHARE) as usize;
    similarities.get(loose).map_or(floor, |&s| s.max(floor))
}

fn num_groups(labels: &[Option<u32>]) -> usize {
    labels.iter().flatten().max().map_or(0, |&l| l as usize + 1)
}

/// Groups that stand for fewer than `min_members` dissolved, the others renumbered by first row.
fn keep_large(labels: &[Option<u32>], sizes: &[usize], min_members: usize) -> Vec<Option<u32>> {
    let mut totals = vec![0; num_groups(labels)];
    for (label, size) in labels.iter().zip(sizes) {
        if let Some(label) = label {
            totals[*label as usize] += size;
        }
    }
    renumbered(
        labels
            .iter()
            .map(|l| l.filter(|&l| totals[l as usize] >= min_members))
            .collect(),
    )
}

fn renumbered(labels: Vec<Option<u32>>) -> Vec<Option<u32>> {
    let mut numbers = number_by_first(labels.iter().flatten().copied().collect()).into_iter();
    labels
        .into_iter()
        .map(|label| label.and_then(|_| numbers.next()))
        .collect()
}

/// Sum of each group's rows.
pub(crate) fn sums_of(points: ArrayView2<'_, f32>, labels: &[Option<u32>], num_groups: usize) -> Array2<f32> {
    let mut sums = Array2::<f32>::zeros((num_groups, points.ncols()));
    for (label, row) in labels.iter().zip(points.axis_iter(Axis(0))) {
        if let Some(label) = label {
            let mut sum = sums.row_mut(*label as usize);
            sum += &row;
        }
    }
    sums
}

fn centres_of(points: ArrayView2<'_, f32>, labels: &[Option<u32>]) -> Array2<f32> {
    unit_rows(sums_of(points, labels, num_groups(labels)))
}

/// Rows scaled to length 1; zero rows stay.
pub(crate) fn unit_rows(mut rows: Array2<f32>) -> Array2<f32> {
    for mut row in rows.axis_iter_mut(Axis(0)) {
        if let Some(row) = row.as_slice_mut() {
            normalise(row);
        }
    }
    rows
}

/// linfa's k-means from the given centres; the centres as they are when it does not apply.
fn refine(points: ArrayView2<'_, f32>, centres: Array2<f32>) -> Array2<f32> {
    if centres.nrows() < 2 {
        return centres;
    }
    // Nothing is drawn: centres are given. This is how to come by a generator of the type that linfa asks for.
    let Ok(usual) = KMeans::<f32, L2Dist>::params(centres.nrows()).check() else {
        return centres;
    };
    let fitted = KMeans::params_with(centres.nrows(), usual.rng().clone(), Euclidean)
        .init_method(KMeansInit::Precomputed(centres.clone()))
        .n_runs(1)
        .max_n_iterations(KMEANS_ITERATIONS)
        .tolerance(KMEANS_TOLERANCE)
        .fit(&DatasetBase::from(points));
    fitted.map_or(centres, |model| unit_rows(model.centroids().clone()))
}

/// linfa's own measure adds one square at a time, which was three fifths of all work on 50,000 texts.
#[derive(Debug, Clone)]
struct Euclidean;

impl Distance<f32> for Euclidean {
    fn distance<D: Dimension>(&self, a: ArrayView<'_, f32, D>, b: ArrayView<'_, f32, D>) -> f32 {
        L2Dist.distance(a, b)
    }

    fn rdistance<D: Dimension>(&self, a: ArrayView<'_, f32, D>, b: ArrayView<'_, f32, D>) -> f32 {
        match (a.as_slice(), b.as_slice()) {
            (Some(a), Some(b)) => pulp::Arch::new().dispatch(SquaredDistance(a, b)),
            _ => L2Dist.rdistance(a, b),
        }
    }

    fn rdist_to_dist(&self, rdist: f32) -> f32 {
        rdist.sqrt()
    }

    fn dist_to_rdist(&self, dist: f32) -> f32 {
        dist * dist
    }
}

/// Squares summed side by side, compiled for each generation of processors; all of them sum in the same order.
struct SquaredDistance<'a>(&'a [f32], &'a [f32]);

impl pulp::NullaryFnOnce for SquaredDistance<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let (runs_a, rest_a) = self.0.as_chunks::<LANES>();
        let (runs_b, rest_b) = self.1.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for (a, b) in runs_a.iter().zip(runs_b) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += (a - b) * (a - b);
            }
        }
        let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| (a - b) * (a - b)).sum();
        sums.iter().sum::<f32>() + rest
    }
}

/// Labels with the most similar groups made one until no two reach `min_similarity`.
fn merge_near(points: ArrayView2<'_, f32>, labels: &[Option<u32>], min_similarity: f32) -> Vec<Option<u32>> {
    let num = num_groups(labels);
    let mut counts = vec![0.0; num];
    labels.iter().flatten().for_each(|&label| counts[label as usize] += 1.0);
    let mut fusion = Fusion::new(sums_of(points, labels, num), counts.clone(), counts);
    let mut stands_for: Vec<u32> = (0_u32..).take(num).collect();
    while let Some((keep, gone, _)) = fusion.most_alike(min_similarity) {
        fusion.unite(keep, gone);
        let (from, to) = (stands_for[gone], stands_for[keep]);
        stands_for.iter_mut().filter(|s| **s == from).for_each(|s| *s = to);
    }
    renumbered(labels.iter().map(|l| l.map(|l| stands_for[l as usize])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_linfa() {
        let points = Array2::from_shape_fn((2, 37), |(i, j)| crate::rng::gaussian(4, (i * 37 + j) as u64));
        for len in [1, 15, 16, 37] {
            let (a, b) = (points.slice(ndarray::s![0, ..len]), points.slice(ndarray::s![1, ..len]));
            let (fast, slow) = (Euclidean.rdistance(a, b), L2Dist.rdistance(a, b));
            assert!((fast - slow).abs() <= 1e-4 * slow, "{len}: {fast} {slow}");
            assert!((Euclidean.rdist_to_dist(fast) - Euclidean.distance(a, b)).abs() < 1e-4);
        }
        let (a, b) = (points.column(0), points.column(1));
        assert_eq!(Euclidean.rdistance(a, b), L2Dist.rdistance(a, b));
    }

    #[test]
    fn a_row_is_held_against_the_others() {
        let points = ndarray::array![[1.0_f32, 0.0], [0.6, 0.8], [0.0, 1.0], [1.0, 0.0]];
        let near = to_others(points.view(), &[1; 4], &[Some(0), Some(0), Some(1), None]);
        assert!((near[0].unwrap() - 0.6).abs() < 1e-6 && (near[1].unwrap() - 0.6).abs() < 1e-6);
        assert_eq!(near[2..], [None, None]);
        let nearest = nearest_centre(points.view(), points.select(Axis(0), &[0, 2]).view());
        let labels = belonging_to_others(points.view(), &[1; 4], &nearest, 0.5);
        assert_eq!(labels, [Some(0), Some(1), Some(1), Some(0)]);
        let twice = to_others(points.view(), &[1, 1, 2, 1], &[None, None, Some(0), None]);
        assert!((twice[2].unwrap() - 1.0).abs() < 1e-6, "what is said twice has company");
    }
    use crate::rng::gaussian;

    fn cfg() -> IssuesConfig {
        IssuesConfig {
            min_members: 3,
            ..IssuesConfig::default()
        }
    }

    fn blobs(per_blob: usize, num: usize, spread: f32) -> Array2<f32> {
        unit_rows(Array2::from_shape_fn((per_blob * num, num), |(i, j)| {
            f32::from(u8::from(i % num == j)) + spread * gaussian(4, (i * num + j) as u64)
        }))
    }

    #[test]
    fn finds_planted_groups() {
        let points = blobs(40, 6, 0.08);
        let groups = find_groups(points.view(), &[1; 240], &cfg());
        assert_eq!(groups.centres.nrows(), 6);
        for (row, label) in groups.labels.iter().enumerate() {
            assert_eq!(*label, groups.labels[row % 6]);
            assert!(label.is_some());
        }
    }

    #[test]
    fn few_points() {
        for n in 0..3 {
            let points = Array2::from_elem((n, 1), 1.0);
            assert_eq!(find_groups(points.view(), &vec![1; n], &cfg()).centres.nrows(), 0);
        }
        let heavy = find_groups(ndarray::array![[1.0]].view(), &[3], &cfg());
        assert_eq!(heavy.labels, [Some(0)]);
        let zero = find_groups(Array2::zeros((9, 2)).view(), &[1; 9], &cfg());
        assert!(zero.labels.iter().all(Option::is_none));
        let none = find_groups(Array2::zeros((9, 0)).view(), &[1; 9], &cfg());
        assert!(none.labels.iter().all(Option::is_none));
    }
}
