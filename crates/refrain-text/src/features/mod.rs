//! Sparse TF-IDF features over word and character n-grams and word pairs; what classifiers and LSA read.
//!
//! ```
//! use refrain_text::features::{FeatureConfig, Vectorizer};
//! let texts = ["where is my parcel", "refund my order", "where is the refund"];
//! let vectorizer = Vectorizer::fit(&texts, &FeatureConfig::default());
//! let a = vectorizer.transform("where is my parcel");
//! assert!((a.norm() - 1.0).abs() < 1e-6);
//! assert!(a.dot(&vectorizer.transform("my parcel")) > a.dot(&vectorizer.transform("refund")));
//! ```

mod config;
mod gram;
#[cfg(test)]
mod oracle;
mod sparse;
mod vectorizer;
mod vocabulary;

pub use config::{BlockWeighting, FeatureConfig};
pub(crate) use gram::GramBuffer;
pub use gram::{Block, PAIR_JOINT, hash_gram};
pub use sparse::SparseVec;
pub use vectorizer::{InvalidVectorizer, Vectorizer};
