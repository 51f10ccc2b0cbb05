//! Recurring issues that stay themselves from night to night.
//!
//! In: every conversation's request up to a night, the memberships and the state of the night
//! before. Out: issues, memberships, lineage, and the state for the next night. Texts become
//! vectors by latent semantic analysis of the shop's own words; groups are communities of a shared
//! nearest-neighbour graph, refined by k-means; new requests join the nearest issue, and what finds
//! none may found one. Same arguments, same bytes, on any number of threads.
//!
//! ```
//! use refrain_issues::{IssuesConfig, cluster_texts, evaluate};
//! let texts = ["where is my parcel", "Where is my parcel?", "refund please", "Refund, please!"];
//! let cfg = IssuesConfig { min_members: 2, ..IssuesConfig::default() };
//! let found = cluster_texts(&texts, None, &[], &cfg)?;
//! let agreement = evaluate(&["late", "late", "refund", "refund"], &found.labels);
//! assert_eq!((agreement.k_found, agreement.acc), (2, 1.0));
//! # Ok::<(), refrain_issues::IssuesError>(())
//! ```

mod assign;
mod basis;
mod cluster;
mod communities;
mod config;
mod context;
mod decide;
mod dense;
mod distinct;
mod error;
mod evaluate;
mod filler;
mod fusion;
mod graph;
mod groups;
mod hungarian;
mod lifecycle;
mod lsa;
mod names;
mod neighbours;
mod night;
mod request;
mod rng;
mod sparse;
mod split;
mod state;

pub use cluster::{Clustering, cluster_texts};
pub use config::{Embedder, IssuesConfig};
pub use decide::{IssueDecision, Verb};
pub use error::IssuesError;
pub use evaluate::{ClusterEvaluation, NoiseEvaluation, evaluate, evaluate_with_noise};
pub use names::{Class, Name, Said, name_classes};
pub use night::run_night;
pub use request::{NightIssues, Request};
pub use split::members_before;
pub use state::{STATE_VERSION, State};
