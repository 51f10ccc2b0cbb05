//! What the stage reads and gives back.

use crate::{IssuesError, State};
use refrain_record::tables::{Issue, IssueLineage, IssueMember};
use refrain_record::{Date, Language};

/// What a customer wants in one conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request<'a> {
    /// Shop.
    pub shop_id: &'a str,
    /// Source inside the shop.
    pub source: &'a str,
    /// Conversation.
    pub conversation_id: &'a str,
    /// Local date of the conversation.
    pub date: Date,
    /// `messages.seq` of the message that states the request.
    pub seq: i64,
    /// Redacted text of the request; empty when the customer only greets.
    pub text: &'a str,
    /// Language, when known.
    pub language: Option<Language>,
    /// Person behind the conversation, when known.
    pub person_key: Option<&'a str>,
    /// Main topic tag of the conversation.
    pub top_tag: Option<&'a str>,
    /// Vector of the text from the embedder of [`IssuesConfig::vectors_of`](crate::IssuesConfig::vectors_of).
    pub vector: Option<&'a [f32]>,
}

impl<'a> Request<'a> {
    fn order(&self) -> (&'a str, Date, &'a str, &'a str) {
        (self.shop_id, self.date, self.source, self.conversation_id)
    }

    /// Whether it says anything.
    pub(crate) fn has_text(&self) -> bool {
        !self.text.trim().is_empty()
    }
}

/// Checks that requests are strictly sorted and none lies after the night.
pub(crate) fn check_order(requests: &[Request<'_>], as_of: Date) -> Result<(), IssuesError> {
    let out_of_order = requests
        .windows(2)
        .position(|pair| pair[0].order() >= pair[1].order())
        .map(|at| at + 1);
    let later = requests.iter().position(|r| r.date > as_of);
    match out_of_order.or(later) {
        Some(position) => Err(IssuesError::Order { position }),
        None => Ok(()),
    }
}

/// What a night leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct NightIssues {
    /// For the next night.
    pub state: State,
    /// All issues ever, merged ones too, sorted by key.
    pub issues: Vec<Issue>,
    /// One row a request with text, sorted by key.
    pub members: Vec<IssueMember>,
    /// All nights' lineage, sorted by key.
    pub lineage: Vec<IssueLineage>,
    /// Decisions of this night that name an issue or conversation which the shop does not have; they were passed over.
    pub num_strange_decisions: usize,
}
