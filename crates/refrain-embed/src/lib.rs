//! Dense text embeddings from a folder on disk, beside the ones fitted on the shop's own texts.
//!
//! In: a folder, and texts. Out: one vector a text. [`StaticModel`] averages token vectors in the
//! layout of Model2Vec: thousands of texts a second. With the feature `transformer`,
//! `TransformerModel` runs a sentence-transformers folder on the CPU, and `distill` makes a
//! `StaticModel` of it. Same folder and texts, same bytes, on any number of threads; nothing is
//! ever downloaded.

#[cfg(feature = "transformer")]
mod distill;
mod error;
#[cfg(test)]
mod fixture;
mod folder;
mod static_model;
mod tokens;
#[cfg(feature = "transformer")]
mod transformer;
mod unit;
mod vectors;

#[cfg(feature = "transformer")]
pub use distill::{DistillOptions, distill};
pub use error::EmbedError;
pub use static_model::StaticModel;
#[cfg(feature = "transformer")]
pub use transformer::TransformerModel;
pub use vectors::Precision;
