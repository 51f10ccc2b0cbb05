//! What is known of a request beside its words: language and topic tag, as further dimensions.
//!
//! Two short requests about one problem often share no word at all, and words of one language are
//! nearer to each other than to the same problem in another. So a text's unit vector is scaled to
//! `WORDS`, its language and its tag add blocks of their own length, and the whole is a unit vector
//! again: the cosine of two requests is a weighted mean of how alike words, tag and language are.

use crate::IssuesConfig;
use crate::basis::{Basis, Utterance};
use crate::request::Request;
use crate::rng::gaussian;
use ndarray::{Array2, ArrayView1, s};
use refrain_record::Language;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

/// Weights of the squared lengths; measured on the simulated season, see ARCHITECTURE.md.
const WORDS: f32 = 0.40;
const TAG: f32 = 0.45;
const LANGUAGE: f32 = 0.15;
/// Share of a tag's weight that belonging asks for, since a tag may be wrong or missing. 0.5 took in a fifth more of
/// what belongs nowhere, for a precision seven points lower.
const BELONGING_TAG: f32 = 0.65;
/// How much less alike in words two issues of one tag may be to be merged, where every request has a tag.
const MERGE_TAGGED: f32 = 0.15;
/// How much less alike in words than two issues that merge the parts of one must be to come out of it, or a night would
/// undo the night before.
const SPLIT_MARGIN: f32 = 0.2;
/// How much finer where every request has a tag.
const FINER: f32 = 2.0;
/// Tags that have a dimension of their own; those beyond share random directions.
///
/// With random directions for all, the nearest of 56 tags had a cosine of 0.3 and were glued into one issue.
const TAG_DIMS: usize = 128;
const LANGUAGE_DIMS: usize = Language::ALL.len();

/// The thresholds of a config, which speak of words alone, as cosines of vectors with context.
///
/// What the context of two like requests adds depends on how many requests have a tag. Two of one
/// tag and language need about the configured likeness of words to be merged; to belong, the tag counts
/// less, as it may be wrong or missing.
pub(crate) fn in_context(cfg: &IssuesConfig, requests: &[Request<'_>]) -> IssuesConfig {
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
    let tagged = requests.iter().filter(|r| r.top_tag.is_some()).count() as f32 / requests.len().max(1) as f32;
    let total = WORDS + (LANGUAGE + TAG) * tagged;
    let raised = |similarity: f32, of_tag: f32| (WORDS * similarity + (LANGUAGE + TAG * of_tag) * tagged) / total;
    IssuesConfig {
        assign_min_similarity: raised(cfg.assign_min_similarity, BELONGING_TAG),
        merge_similarity: raised(
            (cfg.merge_similarity - MERGE_TAGGED * tagged).max(cfg.assign_min_similarity),
            1.0,
        ),
        // Requests of one tag are all near each other, so communities need a finer eye.
        resolution: cfg.resolution * f64::from(1.0 + FINER * tagged),
        ..cfg.clone()
    }
}

/// As [`in_context`], for the parts of one issue: as much less alike as `SPLIT_MARGIN` says.
pub(crate) fn in_context_for_splits(cfg: &IssuesConfig, requests: &[Request<'_>]) -> IssuesConfig {
    let apart = IssuesConfig {
        merge_similarity: cfg.merge_similarity - SPLIT_MARGIN,
        ..cfg.clone()
    };
    in_context(&apart, requests)
}

/// Length of a vector with context.
pub(crate) fn dims(basis: &Basis) -> usize {
    basis.dims() + TAG_DIMS + LANGUAGE_DIMS
}

/// Gives tags that have none yet a dimension, in order of name; a tag keeps its own for ever.
pub(crate) fn add_tags(tags: &mut Vec<String>, requests: &[Request<'_>]) {
    let met: BTreeSet<&str> = requests.iter().filter_map(|request| request.top_tag).collect();
    let new: Vec<&str> = met
        .into_iter()
        .filter(|tag| !tags.iter().any(|known| known == tag))
        .collect();
    tags.extend(new.into_iter().map(str::to_owned));
}

/// Unit vectors of requests' texts with their context, one row each; a text without known terms is
/// a zero row, so that context alone makes nothing belong anywhere.
pub(crate) fn embed(basis: &Basis, tags: &[String], texts: &[&str], of: &[&Request<'_>]) -> Array2<f32> {
    let said: Vec<Utterance<'_>> = texts
        .iter()
        .zip(of)
        .map(|(text, request)| said(text, request))
        .collect();
    let words = basis.embed(&said);
    let start = basis.dims();
    let mut points = Array2::zeros((texts.len(), dims(basis)));
    for ((mut row, words), request) in points.rows_mut().into_iter().zip(words.rows()).zip(of) {
        if words.iter().all(|v| *v == 0.0) {
            continue;
        }
        let mut total = WORDS;
        row.slice_mut(s![..start]).assign(&words.mapv(|v| v * WORDS.sqrt()));
        if let Some(tag) = request.top_tag {
            total += TAG;
            match tags
                .iter()
                .position(|known| known == tag)
                .filter(|place| *place < TAG_DIMS)
            {
                Some(place) => row[start + place] = TAG.sqrt(),
                None => row
                    .slice_mut(s![start..start + TAG_DIMS])
                    .iter_mut()
                    .zip(direction(tag))
                    .for_each(|(slot, value)| *slot = value * TAG.sqrt()),
            }
        }
        // Without a tag words alone must hold a request to others: the untagged of a language would be one issue.
        let told = request.language.filter(|_| request.top_tag.is_some());
        if let Some(place) = told.and_then(|l| Language::ALL.iter().position(|other| *other == l)) {
            total += LANGUAGE;
            row[start + TAG_DIMS + place] = LANGUAGE.sqrt();
        }
        row.mapv_inplace(|v| v / total.sqrt());
    }
    points
}

/// Squared length that words have in a vector with context.
pub(crate) fn word_weight(basis: &Basis, row: ArrayView1<'_, f32>) -> f32 {
    row.iter().take(basis.dims()).map(|v| v * v).sum()
}

/// What a request's words are embedded from.
pub(crate) fn said<'a>(text: &'a str, request: &Request<'a>) -> Utterance<'a> {
    Utterance {
        text,
        language: request.language,
        vector: request.vector,
    }
}

/// A unit vector that stands for a tag, drawn by its name.
fn direction(tag: &str) -> Vec<f32> {
    let seed = xxh3_64(tag.as_bytes());
    let mut values: Vec<f32> = (0..TAG_DIMS as u64).map(|dim| gaussian(seed, dim)).collect();
    crate::dense::normalise(&mut values);
    values
}
