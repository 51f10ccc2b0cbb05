//! Text in, text knowledge out: folding, tokens, features, language, redaction, requests, similarity.
//!
//! Everything here takes `&str` and is a pure function of it, so the result is the same on any
//! number of threads. No function panics, whatever the text.

pub mod features;
pub mod fold;
pub mod language;
mod mail;
pub mod redact;
pub mod request;
pub mod similarity;
mod stopwords;
mod tokens;

pub use fold::fold;
pub use language::{LanguageGuess, conversation_language, detect_language};
pub use mail::{html_to_text, strip_quoted_reply};
pub use redact::{RedactionCounts, RedactionKind, Redactor};
pub use request::{courtesies, find_request, is_courteous, request_core, sentences};
pub use similarity::{Similarity, fingerprint, similarity};
pub use stopwords::{is_stopword, stopwords};
pub use tokens::{Token, tokens};
