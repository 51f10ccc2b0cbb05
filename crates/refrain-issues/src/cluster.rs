//! One set of texts clustered on its own: what `refrain issues eval` measures.

use crate::basis::{Basis, Utterance};
use crate::distinct::{collapse, sample};
use crate::groups::{belonging_to_others, find_groups};
use crate::names::{Class, Said, name_classes};
use crate::neighbours::{Neighbour, nearest_centre};
use crate::{IssuesConfig, IssuesError};
use refrain_record::Language;

/// Clusters of texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clustering {
    /// Cluster of each text; `None` when it is like none of them. Numbered from 0, largest first.
    pub labels: Vec<Option<u32>>,
    /// Nearest cluster of each text, its own included; `None` when there is none.
    pub nearest: Vec<Option<u32>>,
    /// Cosine of each text to the nearest cluster's centre.
    pub similarities: Vec<Option<f32>>,
    /// Title of each cluster, from its texts; empty when they hold no words.
    pub names: Vec<String>,
    /// At most ten distinctive terms of each cluster, best first.
    pub terms: Vec<Vec<String>>,
}

/// Clusters texts as a first night would; their order does not matter.
///
/// `language` serves the names' stop words. Near-duplicates share a cluster and count in its size. `vectors` has one
/// for each text where [`IssuesConfig::vectors_of`] names an embedder, and is empty otherwise.
///
/// # Errors
/// When an option of `cfg` is out of its range.
pub fn cluster_texts(
    texts: &[&str],
    language: Option<Language>,
    vectors: &[&[f32]],
    cfg: &IssuesConfig,
) -> Result<Clustering, IssuesError> {
    cfg.check()?;
    let cfg = &cfg.for_embedder();
    let distinct = collapse(texts);
    let chosen = sample(&distinct.texts, cfg.sample_max, cfg.seed);
    let sizes: Vec<usize> = chosen.iter().map(|&at| distinct.positions[at].len()).collect();
    let said: Vec<Utterance<'_>> = (0..distinct.texts.len())
        .map(|at| Utterance {
            text: distinct.texts[at],
            language,
            vector: vectors.get(distinct.positions[at][0]).copied(),
        })
        .collect();
    let sampled: Vec<Utterance<'_>> = chosen.iter().map(|&at| said[at]).collect();
    let basis = Basis::fit(&sampled, cfg);
    let groups = find_groups(basis.embed(&sampled).view(), &sizes, cfg);
    let points = basis.embed(&said);
    let nearest = nearest_centre(points.view(), groups.centres.view());
    let all_sizes: Vec<usize> = distinct.positions.iter().map(Vec::len).collect();
    let labels = belonging_to_others(points.view(), &all_sizes, &nearest, cfg.assign_min_similarity);
    let order = largest_first(&labels, &distinct.positions, groups.centres.nrows());

    let mut clustering = Clustering {
        labels: vec![None; texts.len()],
        nearest: vec![None; texts.len()],
        similarities: vec![None; texts.len()],
        ..Clustering::default()
    };
    let mut said: Vec<Vec<Said<'_>>> = vec![Vec::new(); groups.centres.nrows()];
    for (at, positions) in distinct.positions.iter().enumerate() {
        let label = labels[at].map(|l| order[l as usize]);
        if let Some(said) = label.and_then(|l| said.get_mut(l as usize)) {
            said.extend(positions.iter().map(|&position| Said {
                text: texts[position],
                person: None,
            }));
        }
        for &position in positions {
            clustering.labels[position] = label;
            clustering.nearest[position] = nearest[at].map(|n: Neighbour| order[n.row as usize]);
            clustering.similarities[position] = nearest[at].map(|n| n.similarity);
        }
    }
    let classes: Vec<Class<'_>> = said.iter().map(|said| Class::new(language, said, cfg.seed)).collect();
    for name in name_classes(&classes) {
        clustering.names.push(name.title);
        clustering.terms.push(name.terms);
    }
    Ok(clustering)
}

/// New number of each group: by the number of texts it holds, ties to the lower old number.
fn largest_first(labels: &[Option<u32>], positions: &[Vec<usize>], num: usize) -> Vec<u32> {
    let mut sizes = vec![0; num];
    for (label, positions) in labels.iter().zip(positions) {
        if let Some(label) = label {
            sizes[*label as usize] += positions.len();
        }
    }
    let mut ranked: Vec<usize> = (0..num).collect();
    ranked.sort_by_key(|&group| (std::cmp::Reverse(sizes[group]), group));
    let mut order = vec![0; num];
    for (group, rank) in ranked.into_iter().zip(0_u32..) {
        order[group] = rank;
    }
    order
}
