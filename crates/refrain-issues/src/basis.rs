//! How texts become vectors: the shop's own terms, or vectors that requests bring along.

use crate::IssuesConfig;
use crate::dense::normalise;
use crate::lsa;
use ndarray::{Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

/// A fitted embedding; texts of different bases cannot be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Basis {
    /// Latent semantic analysis of the shop's own texts.
    Lsa(Box<lsa::Basis>),
    /// Vectors of a model outside, centred on the shop's mean: what all its texts share tells
    /// nothing apart, and cosines of two unlike texts come to lie near 0 as those of LSA do.
    Given {
        /// Names the model.
        embedder: String,
        mean: Vec<f32>,
        num_texts: usize,
    },
}

impl Basis {
    /// Fits on distinct texts and, where the config names an embedder outside, on their vectors; pass both sorted by
    /// text. A text without a vector counts as one that says nothing.
    pub(crate) fn fit(texts: &[&str], vectors: &[Option<&[f32]>], cfg: &IssuesConfig) -> Self {
        let Some(embedder) = &cfg.vectors_of else {
            return Self::Lsa(Box::new(lsa::Basis::fit(texts, cfg)));
        };
        let dims = vectors.iter().flatten().map(|v| v.len()).max().unwrap_or(0);
        let mut mean = vec![0.0; dims];
        let mut num = 0.0_f32;
        for vector in vectors.iter().flatten().filter(|v| v.len() == dims) {
            mean.iter_mut().zip(*vector).for_each(|(sum, v)| *sum += v);
            num += 1.0;
        }
        mean.iter_mut().for_each(|sum| *sum /= num.max(1.0));
        Self::Given {
            embedder: embedder.clone(),
            mean,
            num_texts: texts.len(),
        }
    }

    /// Distinct texts it was fitted on.
    pub(crate) fn num_texts(&self) -> usize {
        match self {
            Self::Lsa(basis) => basis.num_texts,
            Self::Given { num_texts, .. } => *num_texts,
        }
    }

    /// Whether its vectors come from where the config says.
    pub(crate) fn is_of(&self, cfg: &IssuesConfig) -> bool {
        match self {
            Self::Lsa(_) => cfg.vectors_of.is_none(),
            Self::Given { embedder, .. } => cfg.vectors_of.as_ref() == Some(embedder),
        }
    }

    /// Length of a vector.
    pub(crate) fn dims(&self) -> usize {
        match self {
            Self::Lsa(basis) => basis.dims(),
            Self::Given { mean, .. } => mean.len(),
        }
    }

    /// Whether the parts belong together; false for damaged bytes.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Lsa(basis) => basis.is_whole(),
            Self::Given { mean, .. } => mean.iter().all(|v| v.is_finite()),
        }
    }

    /// Unit vectors of texts, one row each; a zero row for a text without known terms, or without a vector of the
    /// right length.
    pub(crate) fn embed(&self, texts: &[&str], vectors: &[Option<&[f32]>]) -> Array2<f32> {
        let mean = match self {
            Self::Lsa(basis) => return basis.embed(texts),
            Self::Given { mean, .. } => mean,
        };
        let mut points = Array2::zeros((texts.len(), mean.len()));
        for (mut row, vector) in points.axis_iter_mut(Axis(0)).zip(vectors) {
            let usable = vector.filter(|v| v.len() == mean.len() && v.iter().any(|x| *x != 0.0));
            if let Some(vector) = usable.filter(|v| v.iter().all(|x| x.is_finite())) {
                row.assign(&ArrayView1::from(vector));
                row -= &ArrayView1::from(mean);
                if let Some(row) = row.as_slice_mut() {
                    normalise(row);
                }
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_vectors_are_centred_and_odd_ones_say_nothing() {
        let cfg = IssuesConfig {
            vectors_of: Some("m".into()),
            ..IssuesConfig::default()
        };
        let (a, b, short, bad) = ([3.0, 1.0], [1.0, 1.0], [1.0], [f32::NAN, 1.0]);
        let vectors: [Option<&[f32]>; 5] = [Some(&a), Some(&b), None, Some(&short), Some(&bad)];
        let basis = Basis::fit(&["a", "b"], &vectors[..2], &cfg);
        assert_eq!((basis.dims(), basis.num_texts()), (2, 2));
        let points = basis.embed(&["a", "b", "c", "d", "e"], &vectors);
        assert_eq!(points.row(0).to_vec(), [1.0, 0.0]);
        assert_eq!(points.row(1).to_vec(), [-1.0, 0.0]);
        assert!(points.slice(ndarray::s![2.., ..]).iter().all(|v| *v == 0.0));
        assert!(basis.is_of(&cfg) && basis.is_whole());
        assert!(!basis.is_of(&IssuesConfig::default()));
    }
}
