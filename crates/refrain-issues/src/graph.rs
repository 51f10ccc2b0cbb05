//! Which points belong together, from their neighbour lists: shared nearest neighbours.

use crate::communities::Graph;
use crate::neighbours::Neighbour;
use rayon::prelude::*;

/// Ties each row to the rows it names and that name it, heavier the more neighbours both share.
///
/// An edge's weight is the Jaccard share of common neighbours, both ends counted among their own.
pub(crate) fn shared_neighbour_graph(lists: &[Vec<Neighbour>]) -> Graph {
    let mut circles: Vec<Vec<u32>> = Vec::with_capacity(lists.len());
    let mut incoming = vec![Vec::new(); lists.len()];
    for (list, own) in lists.iter().zip(0_u32..) {
        let mut rows: Vec<u32> = list.iter().map(|n| n.row).chain([own]).collect();
        rows.sort_unstable();
        circles.push(rows);
        for n in list {
            incoming[n.row as usize].push(own);
        }
    }
    let edges = (0..lists.len())
        .into_par_iter()
        .map(|row| edges_of(row, &circles, &incoming[row]))
        .collect();
    Graph {
        edges,
        loops: vec![0.0; lists.len()],
    }
}

fn edges_of(row: usize, circles: &[Vec<u32>], incoming: &[u32]) -> Vec<(u32, f64)> {
    let own = &circles[row];
    let mut others: Vec<u32> = own
        .iter()
        .chain(incoming)
        .copied()
        .filter(|&o| o as usize != row)
        .collect();
    others.sort_unstable();
    others.dedup();
    let tie = |other: u32| {
        let circle = &circles[other as usize];
        let shared = num_common(own, circle);
        (other, shared as f64 / (own.len() + circle.len() - shared) as f64)
    };
    others.into_iter().map(tie).filter(|e| e.1 > 0.0).collect()
}

/// Elements in both of two ascending lists.
fn num_common(a: &[u32], b: &[u32]) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shares_of_common_neighbours() {
        let list =
            |rows: &[u32]| -> Vec<Neighbour> { rows.iter().map(|&row| Neighbour { row, similarity: 1.0 }).collect() };
        let graph = shared_neighbour_graph(&[list(&[1, 2]), list(&[0, 2]), list(&[3]), list(&[])]);
        // Circles: {0,1,2}, {0,1,2}, {2,3}, {3}.
        assert_eq!(graph.edges[0], [(1, 1.0), (2, 0.25)]);
        assert_eq!(graph.edges[2], [(0, 0.25), (1, 0.25), (3, 0.5)]);
        assert_eq!(graph.edges[3], [(2, 0.5)]);
        for (row, edges) in graph.edges.iter().enumerate() {
            for &(other, weight) in edges {
                assert!(graph.edges[other as usize].contains(&(row as u32, weight)));
            }
        }
    }
}
