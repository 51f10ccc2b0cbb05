//! Rulebook and classifiers: one conversation to its tags, with evidence and score.
//!
//! ```
//! use refrain_tag::{Rulebook, Taxonomy};
//! let taxonomy = Taxonomy::parse(
//!     "version = '1'\n[[tag]]\npath = 'shipping/delay'\nowner = 'logistics'",
//!     "taxonomy.toml",
//! )?;
//! let rules = "[[rule]]\nid = 'late'\ntag = 'shipping/delay'\nany = ['still waiting']";
//! let rulebook = Rulebook::parse(&[("rules.toml", rules)], &taxonomy)?;
//! let tags = rulebook.tag_text("I'm STILL\nwaiting!", None);
//! assert_eq!(tags[0].tag.as_str(), "shipping/delay");
//! assert_eq!((tags[0].span.start, tags[0].span.end), (4, 17));
//! # Ok::<(), refrain_tag::TagError>(())
//! ```

mod error;
pub mod model;
mod rules;
mod tagger;
mod taxonomy;
mod variants;
mod weak;

#[cfg(test)]
mod conformance;

pub use error::{Hint, TagError};
pub use rules::{
    ExampleFailure, ExampleProblem, PhraseKind, PhraseMatch, Rule, RuleMatch, RuleRole, RuleStats, Rulebook, Span,
    TextTag,
};
pub use tagger::{Explained, HumanTags, ModelReads, SET_BY_TAXONOMY, Tagger, Verdict};
pub use taxonomy::{Tag, Taxonomy};
pub use variants::{Confusion, VariantQuality, evaluate_tagger, variants_table};
pub use weak::{Votes, weak_labels, weigh_rules};
