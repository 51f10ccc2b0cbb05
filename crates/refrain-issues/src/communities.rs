//! Communities of a weighted graph by the Leiden method (Traag, Waltman, van Eck 2019), greedy.
//!
//! Nodes are visited in a seeded order, ties go to the lower community, weights are summed in
//! edge order: one graph and seed give one partition.

use crate::rng::hash;
use std::collections::VecDeque;

const MAX_LEVELS: usize = 30;

/// An undirected graph; every edge stands in the list of both ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    /// For each node its neighbours and the edges' weights, neighbours rising, no node twice.
    pub(crate) edges: Vec<Vec<(u32, f64)>>,
    /// Weight inside each node, counted once in its degree for both ends.
    pub(crate) loops: Vec<f64>,
}

impl Graph {
    fn len(&self) -> usize {
        self.edges.len()
    }

    fn degrees(&self) -> Vec<f64> {
        let outer = self.edges.iter().map(|list| list.iter().map(|e| e.1).sum::<f64>());
        outer.zip(&self.loops).map(|(sum, own)| sum + own).collect()
    }
}

/// The community of each node, numbered from 0 by lowest node.
///
/// Maximises modularity at `resolution`; higher gives more and smaller communities. A node
/// without edges is a community of its own.
pub(crate) fn communities(graph: &Graph, resolution: f64, seed: u64) -> Vec<u32> {
    let mut membership: Vec<u32> = (0..id(graph.len())).collect();
    let mut level = graph.clone();
    let mut start: Vec<u32> = membership.clone();
    for depth in 0..MAX_LEVELS {
        let coarse = move_nodes(&level, start, resolution, hash(seed, depth as u64));
        let fine = refine(&level, &coarse, resolution);
        let num_fine = count(&fine);
        if num_fine == level.len() {
            // Nothing can be gathered any further: the moved partition is the answer.
            return number_by_first(membership.iter().map(|&node| coarse[node as usize]).collect());
        }
        for node in &mut membership {
            *node = fine[*node as usize];
        }
        start = vec![0; num_fine];
        for (node, &part) in fine.iter().enumerate() {
            start[part as usize] = coarse[node];
        }
        start = number_by_first(start);
        level = aggregate(&level, &fine, num_fine);
    }
    number_by_first(membership.iter().map(|&node| start[node as usize]).collect())
}

/// Weights from one node to the communities around it, reusable without clearing all.
struct Ties {
    weight: Vec<f64>,
    touched: Vec<u32>,
}

impl Ties {
    fn new(len: usize) -> Self {
        Self {
            weight: vec![-1.0; len],
            touched: Vec::new(),
        }
    }

    fn gather(&mut self, edges: &[(u32, f64)], part: &[u32]) {
        for &community in &self.touched {
            self.weight[community as usize] = -1.0;
        }
        self.touched.clear();
        for &(other, weight) in edges {
            let community = part[other as usize];
            let total = &mut self.weight[community as usize];
            if *total < 0.0 {
                *total = 0.0;
                self.touched.push(community);
            }
            *total += weight;
        }
    }

    fn to(&self, community: u32) -> f64 {
        self.weight[community as usize].max(0.0)
    }
}

/// Moves nodes to the neighbouring community with the largest gain until none gains.
fn move_nodes(graph: &Graph, mut part: Vec<u32>, resolution: f64, seed: u64) -> Vec<u32> {
    let degrees = graph.degrees();
    let total: f64 = degrees.iter().sum();
    if total <= 0.0 {
        return part;
    }
    let mut volume = vec![0.0; graph.len()];
    for (node, &community) in part.iter().enumerate() {
        volume[community as usize] += degrees[node];
    }
    let mut ties = Ties::new(graph.len());
    let mut queue = visiting_order(graph.len(), seed);
    let mut queued = vec![true; graph.len()];
    // Each move raises modularity, so this ends; the cap guards against rounding in circles.
    let mut budget = graph.len().saturating_mul(100);
    while let Some(node) = queue.pop_front() {
        queued[node as usize] = false;
        budget = budget.saturating_sub(1);
        let (own, degree) = (part[node as usize], degrees[node as usize]);
        volume[own as usize] -= degree;
        ties.gather(&graph.edges[node as usize], &part);
        let gain = |c: u32| ties.to(c) - resolution * degree * volume[c as usize] / total;
        let mut best = (own, gain(own));
        for &community in &ties.touched {
            let value = gain(community);
            let margin = 1e-12 * total;
            if value > best.1 + margin || (value >= best.1 - margin && community < best.0 && best.0 != own) {
                best = (community, value);
            }
        }
        volume[best.0 as usize] += degree;
        if best.0 == own || budget == 0 {
            continue;
        }
        part[node as usize] = best.0;
        for &(other, _) in &graph.edges[node as usize] {
            if part[other as usize] != best.0 && !queued[other as usize] {
                queued[other as usize] = true;
                queue.push_back(other);
            }
        }
    }
    part
}

fn visiting_order(len: usize, seed: u64) -> VecDeque<u32> {
    let mut order: Vec<u32> = (0..id(len)).collect();
    order.sort_by_cached_key(|&node| (hash(seed, u64::from(node)), node));
    order.into()
}

/// Splits each community into well-connected parts: single nodes join a part of their community
/// when that gains and both hang well enough together with the rest of it.
fn refine(graph: &Graph, coarse: &[u32], resolution: f64) -> Vec<u32> {
    let degrees = graph.degrees();
    let total: f64 = degrees.iter().sum();
    let mut part: Vec<u32> = (0..id(graph.len())).collect();
    if total <= 0.0 {
        return part;
    }
    let mut coarse_volume = vec![0.0; graph.len()];
    for (node, &community) in coarse.iter().enumerate() {
        coarse_volume[community as usize] += degrees[node];
    }
    let inside: Vec<Vec<(u32, f64)>> = (0..graph.len())
        .map(|node| {
            let same = |e: &&(u32, f64)| coarse[e.0 as usize] == coarse[node];
            graph.edges[node].iter().filter(same).copied().collect()
        })
        .collect();
    let mut volume = degrees.clone();
    // Weight from a part to the rest of its community.
    let mut outer: Vec<f64> = inside.iter().map(|list| list.iter().map(|e| e.1).sum()).collect();
    let mut is_single = vec![true; graph.len()];
    let mut ties = Ties::new(graph.len());
    for node in 0..graph.len() {
        let whole = coarse_volume[coarse[node] as usize];
        let well_connected = |w: f64, v: f64| w >= resolution * v * (whole - v) / total;
        if !is_single[node] || !well_connected(outer[node], degrees[node]) {
            continue;
        }
        ties.gather(&inside[node], &part);
        let mut best: Option<(u32, f64)> = None;
        for &candidate in &ties.touched {
            let at = candidate as usize;
            if !well_connected(outer[at], volume[at]) {
                continue;
            }
            let gain = ties.to(candidate) - resolution * degrees[node] * volume[at] / total;
            if gain > 0.0 && best.is_none_or(|b| gain > b.1 || (gain >= b.1 && candidate < b.0)) {
                best = Some((candidate, gain));
            }
        }
        let Some((target, _)) = best else { continue };
        let at = target as usize;
        outer[at] = outer[at] + outer[node] - 2.0 * ties.to(target);
        volume[at] += degrees[node];
        part[node] = target;
        is_single[at] = false;
        is_single[node] = false;
    }
    number_by_first(part)
}

/// The graph whose nodes are the parts.
fn aggregate(graph: &Graph, part: &[u32], num_parts: usize) -> Graph {
    let mut members = vec![Vec::new(); num_parts];
    for (node, &p) in part.iter().enumerate() {
        members[p as usize].push(node);
    }
    let mut ties = Ties::new(num_parts);
    let mut edges = Vec::with_capacity(num_parts);
    let mut loops = Vec::with_capacity(num_parts);
    for (own, nodes) in members.iter().enumerate() {
        let all: Vec<(u32, f64)> = nodes.iter().flat_map(|&n| graph.edges[n].iter().copied()).collect();
        ties.gather(&all, part);
        let inner: f64 = nodes.iter().map(|&n| graph.loops[n]).sum();
        loops.push(inner + ties.to(id(own)));
        let mut list: Vec<(u32, f64)> = ties
            .touched
            .iter()
            .filter(|&&p| p != id(own))
            .map(|&p| (p, ties.to(p)))
            .collect();
        list.sort_unstable_by_key(|e| e.0);
        edges.push(list);
    }
    Graph { edges, loops }
}

fn count(part: &[u32]) -> usize {
    part.iter().max().map_or(0, |&p| p as usize + 1)
}

/// Renumbers parts from 0 in the order in which they first occur.
pub(crate) fn number_by_first(mut part: Vec<u32>) -> Vec<u32> {
    let mut names = vec![u32::MAX; count(&part)];
    let mut next = 0;
    for p in &mut part {
        let name = &mut names[*p as usize];
        if *name == u32::MAX {
            *name = next;
            next += 1;
        }
        *p = *name;
    }
    part
}

#[expect(clippy::cast_possible_truncation, reason = "rows are sampled below 2^32")]
fn id(index: usize) -> u32 {
    index as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(len: usize, pairs: &[(u32, u32, f64)]) -> Graph {
        let mut edges = vec![std::collections::BTreeMap::new(); len];
        for &(a, b, w) in pairs {
            if a != b {
                *edges[a as usize].entry(b).or_insert(0.0) += w;
                *edges[b as usize].entry(a).or_insert(0.0) += w;
            }
        }
        Graph {
            edges: edges.into_iter().map(|m| m.into_iter().collect()).collect(),
            loops: vec![0.0; len],
        }
    }

    fn modularity(graph: &Graph, part: &[u32]) -> f64 {
        let degrees = graph.degrees();
        let total: f64 = degrees.iter().sum();
        let mut sum = 0.0;
        for a in 0..graph.len() {
            for &(b, w) in &graph.edges[a] {
                sum += if part[a] == part[b as usize] { w } else { 0.0 };
            }
            for b in 0..graph.len() {
                sum -= if part[a] == part[b] {
                    degrees[a] * degrees[b] / total
                } else {
                    0.0
                };
            }
        }
        sum / total
    }

    #[test]
    fn two_cliques_on_a_bridge() {
        let mut pairs = vec![(3, 4, 0.1)];
        for base in [0, 4] {
            for a in 0..4 {
                for b in 0..a {
                    pairs.push((base + a, base + b, 1.0));
                }
            }
        }
        let part = communities(&graph(9, &pairs), 1.0, 1);
        assert_eq!(part, [0, 0, 0, 0, 1, 1, 1, 1, 2]);
    }

    #[test]
    fn empty_and_edgeless() {
        assert!(communities(&graph(0, &[]), 1.0, 1).is_empty());
        assert_eq!(communities(&graph(3, &[]), 1.0, 1), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn nearly_the_best_partition_of_small_graphs(
            pairs in prop::collection::vec((0_u32..6, 0_u32..6, 0.1_f64..2.0), 1..16),
        ) {
            let graph = graph(6, &pairs);
            prop_assume!(graph.degrees().iter().sum::<f64>() > 0.0);
            let found = modularity(&graph, &communities(&graph, 1.0, 5));
            let mut best = f64::NEG_INFINITY;
            for code in 0..6_u32.pow(6) {
                let part: Vec<u32> = (0..6).map(|i| code / 6_u32.pow(i) % 6).collect();
                best = best.max(modularity(&graph, &part));
            }
            prop_assert!(found <= best + 1e-9);
            prop_assert!(found >= best - 0.12, "{found} {best}");
        }

        #[test]
        fn communities_are_connected(
            pairs in prop::collection::vec((0_u32..20, 0_u32..20, 0.1_f64..2.0), 1..60),
        ) {
            let graph = graph(20, &pairs);
            let part = communities(&graph, 1.0, 9);
            for community in 0..count(&part) as u32 {
                let nodes: Vec<usize> = (0..20).filter(|&n| part[n] == community).collect();
                let mut seen = vec![nodes[0]];
                let mut at = 0;
                while at < seen.len() {
                    for &(other, _) in &graph.edges[seen[at]] {
                        if part[other as usize] == community && !seen.contains(&(other as usize)) {
                            seen.push(other as usize);
                        }
                    }
                    at += 1;
                }
                prop_assert_eq!(seen.len(), nodes.len());
            }
        }
    }
}
