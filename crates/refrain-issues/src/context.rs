//! What is known of a request beside its words: language and topic tag, as further dimensions.
//!
//! Two short requests about one problem often share no word at all, and words of one language are
//! nearer to each other than to the same problem in another. So a text's unit vector is scaled to
//! `WORDS`, its language and its tag add blocks of their own length, and the whole is a unit vector
//! again: the cosine of two requests is a weighted mean of how alike words, tag and language are.

use crate::IssuesConfig;
use crate::basis::Basis;
use crate::request::Request;
use crate::rng::gaussian;
use ndarray::{Array2, s};
use refrain_record::Language;
use xxhash_rust::xxh3::xxh3_64;

/// Weights of the squared lengths; measured on the simulated season, see ARCHITECTURE.md.
const WORDS: f32 = 0.40;
const TAG: f32 = 0.45;
const LANGUAGE: f32 = 0.15;
/// How much finer where every request has a tag.
const FINER: f32 = 2.0;
/// Dimensions in which tags are nearly at right angles to each other, whatever tags there are.
const TAG_DIMS: usize = 64;
const LANGUAGE_DIMS: usize = Language::ALL.len();

/// The thresholds of a config, which speak of words alone, as cosines of vectors with context.
///
/// What the context of two like requests adds depends on how many requests have a tag. Two of one
/// tag and language need the configured likeness of words to be merged; to belong, the tag counts
/// half, as it may be wrong or missing.
pub(crate) fn in_context(cfg: &IssuesConfig, requests: &[Request<'_>]) -> IssuesConfig {
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
    let tagged = requests.iter().filter(|r| r.top_tag.is_some()).count() as f32 / requests.len().max(1) as f32;
    let total = WORDS + LANGUAGE + TAG * tagged;
    let raised = |similarity: f32, of_tag: f32| (WORDS * similarity + LANGUAGE + TAG * tagged * of_tag) / total;
    IssuesConfig {
        assign_min_similarity: raised(cfg.assign_min_similarity, 0.5),
        merge_similarity: raised(cfg.merge_similarity, 1.0),
        // Requests of one tag are all near each other, so communities need a finer eye.
        resolution: cfg.resolution * f64::from(1.0 + FINER * tagged),
        ..cfg.clone()
    }
}

/// Length of a vector with context.
pub(crate) fn dims(basis: &Basis) -> usize {
    basis.dims() + TAG_DIMS + LANGUAGE_DIMS
}

/// Unit vectors of requests' texts with their context, one row each; a text without known terms is
/// a zero row, so that context alone makes nothing belong anywhere.
pub(crate) fn embed(basis: &Basis, texts: &[&str], of: &[&Request<'_>]) -> Array2<f32> {
    let vectors: Vec<Option<&[f32]>> = of.iter().map(|request| request.vector).collect();
    let words = basis.embed(texts, &vectors);
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
            for (slot, value) in row
                .slice_mut(s![start..start + TAG_DIMS])
                .iter_mut()
                .zip(direction(tag))
            {
                *slot = value * TAG.sqrt();
            }
        }
        if let Some(place) = request
            .language
            .and_then(|l| Language::ALL.iter().position(|other| *other == l))
        {
            total += LANGUAGE;
            row[start + TAG_DIMS + place] = LANGUAGE.sqrt();
        }
        row.mapv_inplace(|v| v / total.sqrt());
    }
    points
}

/// A unit vector that stands for a tag, drawn by its name.
fn direction(tag: &str) -> Vec<f32> {
    let seed = xxh3_64(tag.as_bytes());
    let mut values: Vec<f32> = (0..TAG_DIMS as u64).map(|dim| gaussian(seed, dim)).collect();
    crate::dense::normalise(&mut values);
    values
}
