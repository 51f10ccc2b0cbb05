//! How texts become vectors: the shop's own terms, or vectors that requests bring along.

use crate::IssuesConfig;
use crate::dense::normalise;
use crate::lsa;
use ndarray::{Array2, ArrayView1, Axis};
use refrain_record::Language;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Texts that the mean of all weighs against a language's own.
const MEAN_PRIOR: f32 = 20.0;

/// What a text is embedded from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Utterance<'a> {
    pub(crate) text: &'a str,
    pub(crate) language: Option<Language>,
    /// Vector of the model outside, where there is one.
    pub(crate) vector: Option<&'a [f32]>,
}

/// A fitted embedding; texts of different bases cannot be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Basis {
    source: Source,
    offsets: Offsets,
    /// Distinct texts it was fitted on.
    pub(crate) num_texts: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Source {
    /// Latent semantic analysis of the shop's own texts.
    Lsa(Box<lsa::Basis>),
    /// Vectors of a model outside.
    Given {
        /// Names the model.
        embedder: String,
        dims: usize,
    },
}

/// What is taken out of each vector, since it tells nothing apart.
///
/// A language that few speak lies in a few directions of the shop's space, and any two of its texts would pass for
/// alike; so its mean is moved onto that of all. What all languages share is taken out of a model's vectors alone:
/// with the shop's own terms it left more texts alone and lost accuracy on every labelled set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Offsets {
    by_language: BTreeMap<String, Vec<f32>>,
    /// Of a text without a language, or of one not met.
    other: Vec<f32>,
}

impl Basis {
    /// Fits on distinct texts and, where the config names an embedder outside, on their vectors; pass them sorted by
    /// text. A text without a vector counts as one that says nothing.
    pub(crate) fn fit(said: &[Utterance<'_>], cfg: &IssuesConfig) -> Self {
        let source = match &cfg.vectors_of {
            None => {
                let texts: Vec<&str> = said.iter().map(|s| s.text).collect();
                Source::Lsa(Box::new(lsa::Basis::fit(&texts, cfg)))
            }
            Some(embedder) => Source::Given {
                embedder: embedder.clone(),
                dims: said
                    .iter()
                    .filter_map(|s| s.vector)
                    .map(<[f32]>::len)
                    .max()
                    .unwrap_or(0),
            },
        };
        let offsets = Offsets::of(&source.embed(said), said, matches!(source, Source::Lsa(_)));
        Self {
            source,
            offsets,
            num_texts: said.len(),
        }
    }

    /// Whether its vectors come from where the config says.
    pub(crate) fn is_of(&self, cfg: &IssuesConfig) -> bool {
        match &self.source {
            Source::Lsa(_) => cfg.vectors_of.is_none(),
            Source::Given { embedder, .. } => cfg.vectors_of.as_ref() == Some(embedder),
        }
    }

    #[cfg(test)]
    pub(crate) fn of_lsa(basis: lsa::Basis) -> Self {
        Self {
            source: Source::Lsa(Box::new(basis)),
            offsets: Offsets::default(),
            num_texts: 0,
        }
    }

    /// Whether a folded word means anything to it; a model outside knows its own.
    pub(crate) fn knows(&self, word: &str) -> bool {
        match &self.source {
            Source::Lsa(basis) => basis.knows(word),
            Source::Given { .. } => true,
        }
    }

    /// Length of a vector.
    pub(crate) fn dims(&self) -> usize {
        self.source.dims()
    }

    /// Whether the parts belong together; false for damaged bytes.
    pub(crate) fn is_whole(&self) -> bool {
        let is_source_whole = match &self.source {
            Source::Lsa(basis) => basis.is_whole(),
            Source::Given { .. } => true,
        };
        let mut offsets = self.offsets.by_language.values().chain([&self.offsets.other]);
        is_source_whole && offsets.all(|mean| mean.len() == self.dims() && mean.iter().all(|v| v.is_finite()))
    }

    /// Unit vectors of texts, one row each; a zero row for a text without known terms, or without a vector of the
    /// right length.
    pub(crate) fn embed(&self, said: &[Utterance<'_>]) -> Array2<f32> {
        let mut points = self.source.embed(said);
        for (mut row, said) in points.axis_iter_mut(Axis(0)).zip(said) {
            if row.iter().any(|v| *v != 0.0) {
                row -= &ArrayView1::from(self.offsets.of_language(said.language));
                if let Some(row) = row.as_slice_mut() {
                    normalise(row);
                }
            }
        }
        points
    }
}

impl Source {
    fn dims(&self) -> usize {
        match self {
            Self::Lsa(basis) => basis.dims(),
            Self::Given { dims, .. } => *dims,
        }
    }

    fn embed(&self, said: &[Utterance<'_>]) -> Array2<f32> {
        let dims = match self {
            Self::Lsa(basis) => {
                let texts: Vec<&str> = said.iter().map(|s| s.text).collect();
                return basis.embed(&texts);
            }
            Self::Given { dims, .. } => *dims,
        };
        let mut points = Array2::zeros((said.len(), dims));
        for (mut row, said) in points.axis_iter_mut(Axis(0)).zip(said) {
            let usable = said.vector.filter(|v| v.len() == dims && v.iter().any(|x| *x != 0.0));
            if let Some(vector) = usable.filter(|v| v.iter().all(|x| x.is_finite())) {
                row.assign(&ArrayView1::from(vector));
            }
        }
        points
    }
}

impl Offsets {
    /// A language's mean is drawn toward that of all by `MEAN_PRIOR` texts.
    fn of(points: &Array2<f32>, said: &[Utterance<'_>], keeps_common: bool) -> Self {
        let mut sums: BTreeMap<Option<Language>, (Vec<f32>, f32)> = BTreeMap::new();
        for (row, said) in points.axis_iter(Axis(0)).zip(said) {
            if row.iter().any(|v| *v != 0.0) {
                let (sum, num) = sums
                    .entry(said.language)
                    .or_insert_with(|| (vec![0.0; points.ncols()], 0.0));
                sum.iter_mut().zip(row).for_each(|(total, v)| *total += v);
                *num += 1.0;
            }
        }
        let num: f32 = sums.values().map(|(_, num)| num).sum();
        let mut all = vec![0.0; points.ncols()];
        for (sum, _) in sums.values() {
            all.iter_mut()
                .zip(sum)
                .for_each(|(total, v)| *total += v / num.max(1.0));
        }
        let kept = if keeps_common {
            all.clone()
        } else {
            vec![0.0; all.len()]
        };
        let by_language = sums.into_iter().filter_map(|(language, (sum, num))| {
            let drawn = sum.iter().zip(&all).zip(&kept);
            let offset = drawn.map(|((sum, all), kept)| (sum + MEAN_PRIOR * all) / (num + MEAN_PRIOR) - kept);
            Some((language?.as_str().to_owned(), offset.collect()))
        });
        Self {
            by_language: by_language.collect(),
            other: all.iter().zip(&kept).map(|(all, kept)| all - kept).collect(),
        }
    }

    fn of_language(&self, language: Option<Language>) -> &[f32] {
        language
            .and_then(|l| self.by_language.get(l.as_str()))
            .unwrap_or(&self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<'a>(text: &'a str, vector: Option<&'a [f32]>) -> Utterance<'a> {
        Utterance {
            text,
            language: None,
            vector,
        }
    }

    #[test]
    fn given_vectors_are_centred_and_odd_ones_say_nothing() {
        let cfg = IssuesConfig {
            vectors_of: Some("m".into()),
            ..IssuesConfig::default()
        };
        let all = [
            said("a", Some(&[3.0, 1.0])),
            said("b", Some(&[1.0, 1.0])),
            said("c", None),
            said("d", Some(&[1.0])),
            said("e", Some(&[f32::NAN, 1.0])),
        ];
        let basis = Basis::fit(&all[..2], &cfg);
        assert_eq!((basis.dims(), basis.num_texts), (2, 2));
        let points = basis.embed(&all);
        assert_eq!(points.row(0).to_vec(), [1.0, 0.0]);
        assert_eq!(points.row(1).to_vec(), [-1.0, 0.0]);
        assert!(points.slice(ndarray::s![2.., ..]).iter().all(|v| *v == 0.0));
        assert!(basis.is_of(&cfg) && basis.is_whole());
        assert!(!basis.is_of(&IssuesConfig::default()));
    }

    #[test]
    fn what_a_language_shares_is_taken_out_of_it() {
        let cfg = IssuesConfig {
            vectors_of: Some("m".into()),
            ..IssuesConfig::default()
        };
        let texts: Vec<String> = (0..200).map(|i| i.to_string()).collect();
        let vectors: Vec<[f32; 3]> = (0..200)
            .map(|i| {
                if i % 4 == 0 {
                    [8.0, f32::from(u8::from(i % 8 == 0)), 0.0]
                } else {
                    [0.0, 0.0, 1.0]
                }
            })
            .collect();
        let all: Vec<Utterance<'_>> = texts
            .iter()
            .zip(&vectors)
            .enumerate()
            .map(|(i, (text, vector))| Utterance {
                text,
                language: Some(if i % 4 == 0 { Language::Da } else { Language::De }),
                vector: Some(vector),
            })
            .collect();
        let points = Basis::fit(&all, &cfg).embed(&all);
        let alike = points.row(0).dot(&points.row(4));
        assert!(alike < 0.9, "two Danish texts that differ: {alike}");
    }
}
