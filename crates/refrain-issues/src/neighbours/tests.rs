use super::*;
use crate::{dense::normalise, rng::gaussian};
use ndarray::Array2;

fn slow(points: &Array2<f32>, k: usize) -> Vec<Vec<u32>> {
    (0..points.nrows())
        .map(|i| {
            let mut all: Vec<(f32, u32)> = (0..points.nrows())
                .filter(|&j| j != i)
                .map(|j| (points.row(i).dot(&points.row(j)), j as u32))
                .filter(|&(s, _)| s > MIN_SIMILARITY)
                .collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            all.into_iter().take(k).map(|(_, j)| j).collect()
        })
        .collect()
}

fn rows_of(lists: &[Vec<Neighbour>]) -> Vec<Vec<u32>> {
    lists.iter().map(|list| list.iter().map(|n| n.row).collect()).collect()
}

fn unit(mut points: Array2<f32>) -> Array2<f32> {
    for mut row in points.rows_mut() {
        normalise(row.as_slice_mut().unwrap());
    }
    points
}

/// Rows around `num_kinds` directions.
fn clustered(num: usize, num_kinds: usize, dims: usize) -> Array2<f32> {
    unit(Array2::from_shape_fn((num, dims), |(i, j)| {
        gaussian(1, (i % num_kinds * dims + j) as u64) + 0.7 * gaussian(2, (i * dims + j) as u64)
    }))
}

#[test]
fn equals_the_slow_search() {
    for num in [0, 1, 5, 600, 1300] {
        let points = unit(Array2::from_shape_fn((num, 8), |(i, j)| {
            gaussian(3, (i * 8 + j) as u64)
        }));
        for k in [0, 1, 7] {
            assert_eq!(rows_of(&nearest_neighbours(points.view(), k)), slow(&points, k));
        }
    }
}

#[test]
fn cells_that_are_all_seen_are_exact() {
    let points = clustered(1500, 11, 12);
    for cells in [1, 9, 40] {
        let plan = Plan { cells, probes: cells };
        assert_eq!(rows_of(&cells::search(points.view(), 6, plan)), slow(&points, 6));
    }
}

#[test]
fn cells_find_most_neighbours_on_any_number_of_threads() {
    let points = clustered(4000, 60, 16);
    let plan = Plan { cells: 63, probes: 12 };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (cells::search(points.view(), 20, plan), exact::search(points.view(), 20)))
    };
    let (lists, all) = on(1);
    assert_eq!(on(3), (lists.clone(), all.clone()));
    let (lists, all) = (rows_of(&lists), rows_of(&all));
    let is_found = |(list, all): (&Vec<u32>, &Vec<u32>)| all.iter().filter(|row| list.contains(row)).count();
    let found: usize = lists.iter().zip(&all).map(is_found).sum();
    let recall = found as f64 / all.iter().map(Vec::len).sum::<usize>() as f64;
    assert!(recall >= 0.95, "{recall}");
}

#[test]
fn ties_go_to_the_lower_row_and_zeros_have_none() {
    let points = ndarray::array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [f32::NAN, 1.0]];
    let plan = Plan { cells: 2, probes: 2 };
    for lists in [
        nearest_neighbours(points.view(), 1),
        cells::search(points.view(), 1, plan),
    ] {
        assert_eq!(rows_of(&lists), [vec![1], vec![0], vec![0], vec![], vec![]]);
    }
    let centres = Array2::zeros((0, 2));
    assert!(
        nearest_centre(points.view(), centres.view())
            .iter()
            .all(Option::is_none)
    );
    assert!(cells::search(centres.view(), 3, plan).is_empty());
}

#[test]
fn ties_across_blocks_go_to_the_lower_row() {
    let points = Array2::from_shape_fn((1200, 2), |(_, j)| f32::from(u8::from(j == 0)));
    let plan = Plan { cells: 3, probes: 3 };
    for lists in [exact::search(points.view(), 3), cells::search(points.view(), 3, plan)] {
        assert_eq!(rows_of(&lists[..2]), [[1, 2, 3], [0, 2, 3]]);
        assert_eq!(rows_of(&lists[1199..]), [[0, 1, 2]]);
    }
}
