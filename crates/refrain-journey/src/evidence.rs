//! Whether two contacts are about the same matter, and how sure that is.

use crate::event::Contact;
use refrain_record::MatchReason;
use refrain_text::similarity::{Profile, Similarity};
use std::cell::OnceCell;

/// Evidence for one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evidence {
    pub(crate) reason: MatchReason,
    /// 0 to 1, falling with the reason; the similarity itself for text.
    pub(crate) score: f64,
}

impl Evidence {
    const fn of(reason: MatchReason) -> Self {
        let score = match reason {
            MatchReason::SourceThread => 1.0,
            MatchReason::OrderAndTag => 0.9,
            MatchReason::Tag => 0.7,
            MatchReason::Phrase => 0.4,
            MatchReason::Text | MatchReason::None => 0.0,
        };
        Self { reason, score }
    }

    /// The customer says that it is not the first time, of whatever came last.
    pub(crate) const PHRASE: Self = Self::of(MatchReason::Phrase);
    /// Nothing but the same person.
    pub(crate) const NONE: Self = Self::of(MatchReason::None);
}

/// The strongest evidence of the pair alone: thread, order and tag, tag, then text.
///
/// `similarity` is asked last, as it costs most.
pub(crate) fn same_issue(
    earlier: &Contact<'_>,
    later: &Contact<'_>,
    similarity_min: f64,
    similarity: impl FnOnce() -> f64,
) -> Option<Evidence> {
    if is_same_thread(earlier, later) {
        return Some(Evidence::of(MatchReason::SourceThread));
    }
    if shared_tag(earlier, later).is_some() {
        let same_thing = shares(earlier.order_ids, later.order_ids) || shares(earlier.skus, later.skus);
        return Some(Evidence::of(if same_thing {
            MatchReason::OrderAndTag
        } else {
            MatchReason::Tag
        }));
    }
    let score = similarity();
    (score >= similarity_min).then_some(Evidence {
        reason: MatchReason::Text,
        score,
    })
}

/// The later contact's best topic that the earlier one has too.
pub(crate) fn shared_tag<'a>(earlier: &Contact<'_>, later: &Contact<'a>) -> Option<&'a str> {
    later.tags.iter().copied().find(|tag| earlier.tags.contains(tag))
}

/// One follows up or was merged into the other, or both the same third.
fn is_same_thread(earlier: &Contact<'_>, later: &Contact<'_>) -> bool {
    let (a, b) = (earlier, later);
    let points_at = |from: &Contact<'_>, to: &Contact<'_>| {
        from.follows_up == Some(to.conversation_id) || from.merged_into == Some(to.conversation_id)
    };
    a.source == b.source
        && (points_at(b, a) || points_at(a, b) || (a.follows_up.is_some() && a.follows_up == b.follows_up))
}

fn shares(a: &[&str], b: &[&str]) -> bool {
    a.iter().any(|id| b.contains(id))
}

/// Texts of one person's contacts, each profiled at most once and only when asked for.
pub(crate) struct Texts<'c, 'a> {
    contacts: &'c [Contact<'a>],
    profiles: Vec<OnceCell<Profile>>,
}

impl<'c, 'a> Texts<'c, 'a> {
    pub(crate) fn new(contacts: &'c [Contact<'a>]) -> Self {
        Self {
            contacts,
            profiles: vec![OnceCell::new(); contacts.len()],
        }
    }

    /// How alike the requests of two contacts are, 0 to 1; 0 without text.
    pub(crate) fn similarity(&self, one: usize, other: usize) -> f64 {
        if self.contacts[one].request_text.is_empty() || self.contacts[other].request_text.is_empty() {
            return 0.0;
        }
        self.profile(one).similarity(self.profile(other))
    }

    fn profile(&self, at: usize) -> &Profile {
        let contact = &self.contacts[at];
        self.profiles[at].get_or_init(|| Similarity::new(contact.language).profile(contact.request_text))
    }
}
