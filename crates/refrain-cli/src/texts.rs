//! Conversations with their messages side by side, for the kernels that read text.

use std::ops::Range;

use rayon::prelude::*;
use refrain_ingest::Tables as SourceTables;
use refrain_insight::ContactText;
use refrain_record::tables::{Conversation, Message};
use refrain_record::{AuthorRole, ConversationText, Date, Turn, Visibility};
use refrain_text::{find_request, request_core};

/// For each conversation of the source tables, in their order, the range of its messages.
///
/// Both tables must be sorted by key, as ingest leaves them.
pub(crate) fn message_ranges(source: &SourceTables) -> Vec<Range<usize>> {
    let messages = &source.messages;
    let mut next = 0;
    source
        .conversations
        .iter()
        .map(|conversation| {
            let start = next;
            while messages
                .get(next)
                .is_some_and(|m| key(m) == conversation_key(conversation))
            {
                next += 1;
            }
            start..next
        })
        .collect()
}

fn key(m: &Message) -> (&str, &str, &str) {
    (m.shop_id.as_str(), m.source.as_str(), m.conversation_id.as_str())
}

/// Key of a conversation as borrowed text.
pub(crate) fn conversation_key(c: &Conversation) -> (&str, &str, &str) {
    (c.shop_id.as_str(), c.source.as_str(), c.conversation_id.as_str())
}

/// The messages as turns.
pub(crate) fn turns(messages: &[Message]) -> Vec<Turn<'_>> {
    messages
        .iter()
        .map(|m| Turn {
            seq: m.seq,
            role: m.author_role,
            visibility: m.visibility,
            sent_at: m.sent_at,
            text: &m.text,
        })
        .collect()
}

/// A conversation as text kernels see it.
pub(crate) fn conversation_text<'a>(c: &'a Conversation, turns: &'a [Turn<'a>]) -> ConversationText<'a> {
    ConversationText {
        shop_id: c.shop_id.as_str(),
        source: c.source.as_str(),
        conversation_id: c.conversation_id.as_str(),
        date: c.date,
        language: c.language,
        subject: c.subject.as_deref(),
        turns,
        source_tags: &c.source_tags,
    }
}

/// What was asked and answered in the contacts from `from` to `to`, in the order of the table.
pub(crate) fn contact_texts(source: &SourceTables, from: Date, to: Date) -> Vec<ContactText<'_>> {
    source
        .conversations
        .par_iter()
        .zip(message_ranges(source))
        .filter(|(c, _)| c.is_contact && c.date >= from && c.date <= to)
        .filter_map(|(c, range)| contact_text(c, &source.messages[range]))
        .collect()
}

fn contact_text<'a>(c: &'a Conversation, messages: &'a [Message]) -> Option<ContactText<'a>> {
    let asked = find_request(&turns(messages))?;
    let is_answer = |m: &&Message| m.author_role == AuthorRole::Agent && m.visibility == Visibility::Public;
    Some(ContactText {
        shop_id: c.shop_id.as_str(),
        source: c.source.as_str(),
        conversation_id: c.conversation_id.as_str(),
        request: request_core(&messages[asked].text),
        answers: messages[asked..]
            .iter()
            .filter(is_answer)
            .map(|m| m.text.as_str())
            .collect(),
    })
}
