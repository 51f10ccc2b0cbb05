//! The slow, obvious solver of the separator's problem, and the tests that the fast one agrees.

use proptest::prelude::*;

use super::dense::DenseRows;
use super::sparse::SparseRows;
use super::svm::{Problem, Separator, Stop};

const TIGHT: Stop = Stop {
    tolerance: 1e-4,
    max_sweeps: 20_000,
};

fn rows_of(dense: &[Vec<f32>]) -> SparseRows {
    let mut rows = SparseRows::new(dense.first().map_or(0, Vec::len));
    for row in dense {
        rows.push(row.iter().enumerate().map(|(column, &value)| (column as u32, value)));
    }
    rows
}

fn all(dense: &[Vec<f32>]) -> Vec<u32> {
    (0..dense.len() as u32).collect()
}

/// The objective, straight from its definition; `w` ends with the bias.
fn objective(dense: &[Vec<f32>], positive: &[bool], c: f64, w: &[f64]) -> f64 {
    let loss: f64 = dense
        .iter()
        .zip(positive)
        .map(|(row, &positive)| slack(row, positive, w).powi(2))
        .sum();
    0.5 * w.iter().map(|v| v * v).sum::<f64>() + c * loss
}

fn slack(row: &[f32], positive: bool, w: &[f64]) -> f64 {
    let sign = if positive { 1.0 } else { -1.0 };
    let margin: f64 = row.iter().zip(w).map(|(&x, w)| f64::from(x) * w).sum::<f64>() + w.last().copied().unwrap_or(0.0);
    (1.0 - sign * margin).max(0.0)
}

/// Oracle: plain gradient descent with a step below the inverse curvature.
fn descend(dense: &[Vec<f32>], positive: &[bool], c: f64) -> Vec<f64> {
    let width = dense[0].len() + 1;
    let squares: f64 = dense.iter().flatten().map(|&x| f64::from(x).powi(2)).sum::<f64>() + dense.len() as f64;
    let step = 1.0 / (1.0 + 2.0 * c * squares);
    let mut w = vec![0.0; width];
    for _ in 0..50_000 {
        let mut gradient = w.clone();
        for (row, &positive) in dense.iter().zip(positive) {
            let sign = if positive { 1.0 } else { -1.0 };
            let pull = 2.0 * c * sign * slack(row, positive, &w);
            for (g, &x) in gradient.iter_mut().zip(row) {
                *g -= pull * f64::from(x);
            }
            gradient[width - 1] -= pull;
        }
        w.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= step * g);
        if gradient.iter().all(|g| g.abs() < 1e-9) {
            break;
        }
    }
    w
}

#[test]
fn margins_of_a_group_are_those_of_each() {
    let dense: Vec<Vec<f32>> = (0..7)
        .map(|row| (0..9).map(|column| (row * column % 5) as f32 - 1.0).collect())
        .collect();
    let rows = rows_of(&dense);
    let blank = DenseRows::default();
    let problem = Problem::new(&rows, &blank, 1.0, &[]);
    // Every other row belongs to the class, so that each separator leans on some.
    let classes: Vec<Vec<bool>> = (0..3)
        .map(|class| (0..7).map(|row| row % 3 == class).collect())
        .collect();
    let separators: Vec<Separator> = classes
        .iter()
        .map(|positive| {
            let mut separator = problem.blank();
            problem.solve(positive, &mut separator, &all(&dense)[..5], 1, TIGHT);
            separator
        })
        .collect();
    let group: Vec<&Separator> = separators.iter().collect();
    // Rows 5 and 6 hold nothing in place, so their margin is whole.
    for (row, margins) in [5, 6].into_iter().zip(problem.group_margins(&group, &[5, 6])) {
        for (class, positive) in classes.iter().enumerate() {
            let weights = problem.weights(positive, &separators[class]);
            let whole: f32 = dense[row].iter().chain([&1.0]).zip(&weights).map(|(x, w)| x * w).sum();
            assert!((margins[class] - whole).abs() < 1e-4);
        }
    }
}

fn small_problem() -> impl Strategy<Value = (Vec<Vec<f32>>, Vec<bool>)> {
    (1usize..5, 1usize..9).prop_flat_map(|(width, num_rows)| {
        let cell = prop_oneof![Just(0.0f32), -1.0f32..1.0];
        (
            prop::collection::vec(prop::collection::vec(cell, width), num_rows),
            prop::collection::vec(any::<bool>(), num_rows),
        )
    })
}

/// The last columns of the rows as a dense block.
fn split_of(dense: &[Vec<f32>], num_sparse: usize) -> (SparseRows, DenseRows) {
    let sparse: Vec<Vec<f32>> = dense.iter().map(|row| row[..num_sparse].to_vec()).collect();
    let mut rest = DenseRows::new(dense[0].len() - num_sparse);
    dense.iter().for_each(|row| rest.push(&row[num_sparse..]));
    (rows_of(&sparse), rest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_dense_block_is_as_columns_written_out(
        (dense, positive) in small_problem(),
        num_sparse in 0usize..5,
        seed in any::<u64>(),
    ) {
        let num_sparse = num_sparse.min(dense[0].len());
        let (sparse, rest) = split_of(&dense, num_sparse);
        let problem = Problem::new(&sparse, &rest, 1.0, &[]);
        let mut solved = problem.blank();
        problem.solve(&positive, &mut solved, &all(&dense), seed, TIGHT);
        let ours = problem.weights(&positive, &solved);
        let oracle = descend(&dense, &positive, 1.0);
        prop_assert_eq!(ours.len(), oracle.len());
        for (a, b) in ours.iter().zip(&oracle) {
            prop_assert!((f64::from(*a) - b).abs() < 5e-3, "{ours:?} against {oracle:?}");
        }
        // Rows that hold nothing in place have their whole margin.
        let rows = all(&dense);
        let (kept, outside) = rows.split_at(dense.len() / 2);
        let mut half = problem.blank();
        problem.solve(&positive, &mut half, kept, seed, TIGHT);
        let weights = problem.weights(&positive, &half);
        for (&row, line) in outside.iter().zip(problem.group_margins(&[&half], outside)) {
            let whole: f32 = dense[row as usize].iter().chain([&1.0]).zip(&weights).map(|(x, w)| x * w).sum();
            prop_assert!((line[0] - whole).abs() < 1e-3, "{} for {whole}", line[0]);
        }
    }

    #[test]
    fn reaches_the_minimum_that_gradient_descent_finds(
        (dense, positive) in small_problem(),
        c in prop_oneof![Just(0.1f32), Just(1.0), Just(5.0)],
        seed in any::<u64>(),
    ) {
        let rows = rows_of(&dense);
        let blank = DenseRows::default();
        let problem = Problem::new(&rows, &blank, c, &[]);
        let mut solved = problem.blank();
        problem.solve(&positive, &mut solved, &all(&dense), seed, TIGHT);
        let ours: Vec<f64> = problem.weights(&positive, &solved).iter().map(|&w| f64::from(w)).collect();
        let oracle = descend(&dense, &positive, f64::from(c));
        for (a, b) in ours.iter().zip(&oracle) {
            prop_assert!((a - b).abs() < 5e-3, "{ours:?} against {oracle:?}");
        }
        let reached = objective(&dense, &positive, f64::from(c), &ours);
        let least = objective(&dense, &positive, f64::from(c), &oracle);
        prop_assert!(reached <= least + 1e-3 * (1.0 + least));
    }

    #[test]
    fn a_refit_equals_a_fit_without_the_rows(
        (dense, positive) in small_problem(),
        held_out in 0usize..9,
        seed in any::<u64>(),
    ) {
        let rows = rows_of(&dense);
        let blank = DenseRows::default();
        let problem = Problem::new(&rows, &blank, 1.0, &[]);
        let mut part = problem.blank();
        problem.solve(&positive, &mut part, &all(&dense), seed, TIGHT);
        let held_out = held_out % dense.len();
        let mut kept = all(&dense);
        kept.remove(held_out);
        problem.forget(&positive, &mut part, held_out);
        problem.solve(&positive, &mut part, &kept, seed, TIGHT);
        let refit = problem.weights(&positive, &part);
        let (mut rest, mut rest_positive) = (dense.clone(), positive.clone());
        rest.remove(held_out);
        rest_positive.remove(held_out);
        if !rest.is_empty() {
            let oracle = descend(&rest, &rest_positive, 1.0);
            for (a, b) in refit.iter().zip(&oracle) {
                prop_assert!((f64::from(*a) - b).abs() < 5e-3, "{refit:?} against {oracle:?}");
            }
        }
    }
}
