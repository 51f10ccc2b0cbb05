//! A conversation as the text kernels see it: borrowed, in order, nothing else.

use crate::{AuthorRole, Date, Language, Timestamp, Visibility};

/// One message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn<'a> {
    /// Position in the conversation, from 0; equals `messages.seq`.
    pub seq: i64,
    /// Who wrote it.
    pub role: AuthorRole,
    /// Whether the customer could read it.
    pub visibility: Visibility,
    /// When; `None` when the source has no times.
    pub sent_at: Option<Timestamp>,
    /// Redacted text.
    pub text: &'a str,
}

/// A conversation's text, oldest turn first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConversationText<'a> {
    /// Shop.
    pub shop_id: &'a str,
    /// Source.
    pub source: &'a str,
    /// Id inside the source.
    pub conversation_id: &'a str,
    /// Date of the first message in the shop's zone.
    pub date: Date,
    /// Main language of the customer, when known.
    pub language: Option<Language>,
    /// Redacted subject line, when there is one.
    pub subject: Option<&'a str>,
    /// All turns.
    pub turns: &'a [Turn<'a>],
    /// Tags that the source system had set.
    pub source_tags: &'a [String],
}
