//! Trained tag models: labelled texts in, a model that scores, explains, saves and judges itself.
//!
//! Both kinds end as one linear map from sparse features to a margin per tag; they differ in how
//! it is found and in how a margin becomes a score.
//!
//! ```
//! use refrain_tag::model::{LabelledText, TrainConfig, train};
//!
//! let example = |text: &str, tag: &str| LabelledText {
//!     text: text.into(), tags: vec![tag.into()], ..LabelledText::default()
//! };
//! let model = train(
//!     &[
//!         example("where is my parcel", "shipping/where"),
//!         example("my parcel has not arrived", "shipping/where"),
//!         example("i want my money back", "refund/request"),
//!         example("please refund me", "refund/request"),
//!     ],
//!     &TrainConfig::default(),
//! )?;
//! let decision = model.decision("has the parcel arrived").expect("the model knows two tags");
//! assert_eq!(decision.tag.as_str(), "shipping/where");
//! # Ok::<(), refrain_tag::model::ModelError>(())
//! ```

mod calibrate;
mod config;
mod dense;
mod error;
mod evaluate;
mod explain;
mod file;
mod labels;
mod learner;
mod lsa;
#[cfg(test)]
mod oracle;
mod predict;
mod report;
mod softmax;
mod sparse;
mod student;
mod svm;
#[cfg(test)]
mod tests;
mod train;
#[cfg(test)]
mod vector_tests;
mod weights;

pub use config::{ModelKind, MultiLabel, TrainConfig};
pub use dense::TextVectors;
pub use error::ModelError;
pub use evaluate::{Evaluation, ReliabilityBin, TagQuality, evaluate};
pub use labels::{LabelledText, read_labels};
pub use learner::{LinearSvm, LinearSvmModel};
pub use lsa::LsaBasis;
pub use predict::{Decision, Prediction, TagModel};
pub use report::text_table;
pub use sparse::SparseRows;
pub use train::{Doubt, train, train_doubting, train_with};
