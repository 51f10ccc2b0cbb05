//! The section `[issues]` of the config.

use crate::IssuesError;
use refrain_record::Date;
use serde::{Deserialize, Serialize};

/// How texts become vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Embedder {
    /// Randomised SVD of the shop's own TF-IDF terms; ships, needs nothing.
    #[default]
    Lsa,
    /// Token vectors of a folder in Model2Vec's layout.
    Static,
    /// A sentence-transformers folder, run on the CPU.
    Transformer,
}

/// Options of the issues stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuesConfig {
    /// How texts become vectors.
    pub embedder: Embedder,
    /// Folder of the model, for `static` and `transformer`.
    pub embedder_model: Option<String>,
    /// Names the embedder whose vectors the requests bring, set by who makes them; `None` for `lsa`.
    #[serde(skip)]
    pub vectors_of: Option<String>,
    /// Days on which an owner asked for a new basis, `refrain issues refit`; set by who runs the night.
    #[serde(skip)]
    pub refit_on: Vec<Date>,
    /// Dimensions of a text's vector; fewer when the texts have less to say.
    pub dims: usize,
    /// Neighbours that each text is tied to in the graph.
    pub neighbours: usize,
    /// Resolution of the communities, raised with the number of texts; higher gives more and
    /// smaller issues.
    pub resolution: f64,
    /// Distinct texts that an issue needs to be born.
    pub min_members: usize,
    /// Least cosine to the issue's centre for a conversation to belong to it; an issue whose
    /// founders are closer asks for more.
    pub assign_min_similarity: f32,
    /// Cosine between two centres from which the issues are one.
    pub merge_similarity: f32,
    /// Days without members after which an issue is dormant.
    pub quiet_days: u32,
    /// Days back over which unassigned conversations may form a new issue.
    pub window_days: u32,
    /// Distinct texts used for fitting and clustering; the rest is only assigned.
    pub sample_max: usize,
    /// Requests from which on a new shop gets issues; founded on few, they would stay coarse.
    pub first_fit_texts: usize,
    /// Days of requests from which on a new shop gets issues however few they are.
    pub first_fit_days: u32,
    /// Distinct texts from which on the basis stays until a refit; a basis fitted on fewer is
    /// fitted again whenever their number has doubled.
    pub basis_min_texts: usize,
    /// Seed of everything drawn at random.
    pub seed: u64,
}

impl Default for IssuesConfig {
    fn default() -> Self {
        Self {
            embedder: Embedder::Lsa,
            embedder_model: None,
            vectors_of: None,
            refit_on: Vec::new(),
            dims: 128,
            neighbours: 20,
            resolution: 1.0,
            min_members: 5,
            assign_min_similarity: 0.35,
            merge_similarity: 0.65,
            quiet_days: 60,
            window_days: 28,
            sample_max: 50_000,
            first_fit_texts: 300,
            first_fit_days: 7,
            basis_min_texts: 2_000,
            seed: 20_251_122,
        }
    }
}

/// How much more alike two groups must be to be one by a model's vectors than by words, and how much finer communities
/// are sought: vectors of like matters lie closer. Banking77's sample .53 to .66 accuracy, DSTC11 .65 to .67.
const VECTORS_MERGE: f32 = 0.15;
const VECTORS_FINER: f64 = 2.0;

impl IssuesConfig {
    /// The options, which speak of the shop's own words, for the embedder that is set.
    pub(crate) fn for_embedder(&self) -> Self {
        if self.vectors_of.is_none() {
            return self.clone();
        }
        Self {
            merge_similarity: (self.merge_similarity + VECTORS_MERGE).min(1.0),
            resolution: self.resolution * VECTORS_FINER,
            ..self.clone()
        }
    }

    /// Checks that the figures make sense together.
    ///
    /// # Errors
    /// Names the first option out of its range.
    pub fn check(&self) -> Result<(), IssuesError> {
        let fail = |option, found: String, expected| {
            Err(IssuesError::Option {
                option,
                found,
                expected,
            })
        };
        if !(2..=1024).contains(&self.dims) {
            return fail("dims", self.dims.to_string(), "2 to 1024");
        }
        if !(1..=200).contains(&self.neighbours) {
            return fail("neighbours", self.neighbours.to_string(), "1 to 200");
        }
        if !(self.resolution > 0.0 && self.resolution <= 1000.0) {
            return fail("resolution", self.resolution.to_string(), "above 0, at most 1000");
        }
        if self.min_members < 2 {
            return fail("min_members", self.min_members.to_string(), "2 or more");
        }
        for (option, value) in [
            ("assign_min_similarity", self.assign_min_similarity),
            ("merge_similarity", self.merge_similarity),
        ] {
            if !(value > 0.0 && value <= 1.0) {
                return fail(option, value.to_string(), "above 0, at most 1");
            }
        }
        if self.merge_similarity < self.assign_min_similarity {
            let found = self.merge_similarity.to_string();
            return fail("merge_similarity", found, "at least `assign_min_similarity`");
        }
        if !(100..=200_000).contains(&self.sample_max) {
            return fail("sample_max", self.sample_max.to_string(), "100 to 200000");
        }
        if self.window_days == 0 || self.window_days > 3_650 {
            return fail("window_days", self.window_days.to_string(), "1 to 3650");
        }
        if self.quiet_days == 0 || self.quiet_days > 3_650 {
            return fail("quiet_days", self.quiet_days.to_string(), "1 to 3650");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_holds_and_nonsense_does_not() {
        assert!(IssuesConfig::default().check().is_ok());
        let changed = |change: fn(&mut IssuesConfig)| {
            let mut cfg = IssuesConfig::default();
            change(&mut cfg);
            cfg.check().unwrap_err().to_string()
        };
        assert!(changed(|c| c.dims = 0).contains("`issues.dims` is `0`"));
        assert!(changed(|c| c.assign_min_similarity = f32::NAN).contains("assign_min_similarity"));
        assert!(changed(|c| c.merge_similarity = 0.1).contains("`issues.merge_similarity` is `0.1`"));
        assert!(changed(|c| c.resolution = 0.0).contains("resolution"));
    }
}
