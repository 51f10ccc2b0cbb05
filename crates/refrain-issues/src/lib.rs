//! Recurring issues that stay themselves from night to night.
mod cluster;
mod communities;
mod config;
mod dense;
mod error;
mod evaluate;
mod hungarian;
mod lsa;
mod neighbours;
mod rng;
mod sparse;
mod terms;

pub use config::{Embedder, IssuesConfig};
pub use error::IssuesError;
pub use evaluate::{ClusterEvaluation, evaluate};

/// tmp
#[derive(Debug, Clone)]
pub struct Tune { /// .
 pub chars: bool, /// .
 pub min_df: u32, /// .
 pub drop_first: bool, /// .
 pub alpha: f32, /// .
 pub idfp: f32, /// .
 pub maxdf: f32, /// .
 pub whole: f32, /// .
 pub charw: f32 }
/// tmp
pub fn try_cluster(texts: &[&str], cfg: &IssuesConfig, tune: &Tune) -> Vec<Option<u32>> {
    let mut distinct: Vec<&str> = texts.to_vec();
    distinct.sort_unstable(); distinct.dedup();
    let v = terms::Vectorizer::fit(&distinct, tune.chars, tune.min_df, tune.idfp, tune.maxdf);
    let w = v.transform(&distinct);
    let (mut p, sv) = lsa::fit_projection(&w, cfg.dims, cfg.seed);
    for (mut c, s) in p.columns_mut().into_iter().zip(&sv) { c *= (s / sv[0]).powf(-tune.alpha); }
    if tune.drop_first { p = p.slice_move(ndarray::s![.., 1..]).to_owned(); }
    let p = p.as_standard_layout().to_owned();
    let x = lsa::embed(&w, &p);
    let g = cluster::find_groups(x.view(), cfg);
    texts.iter().map(|t| g.labels[distinct.binary_search(t).unwrap()]).collect()
}
