//! What the caller hands over: rows of one night, borrowed, in any order.

use std::borrow::Cow;

use refrain_record::{Date, Label, Language, Outcome, ShopId, TagPath, Timestamp, tables};

/// One shop of the night.
#[derive(Debug, Clone, Copy)]
pub struct ShopFacts<'a> {
    /// Shop.
    pub shop_id: &'a ShopId,
    /// End of the local day `as_of`: what lies before is known, what lies after has not happened.
    pub as_of_end: Timestamp,
    /// Peak days of the shop's calendar.
    pub peaks: &'a [Date],
    /// The shop has opening hours.
    pub has_hours: bool,
    /// The shop's currency.
    pub currency: &'a Label,
    /// Cost of an hour of handling in that currency.
    pub hourly_cost: Option<f64>,
}

/// What was said in a contact, redacted.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactText<'a> {
    /// Shop.
    pub shop_id: &'a str,
    /// Source inside the shop.
    pub source: &'a str,
    /// Conversation.
    pub conversation_id: &'a str,
    /// What the customer wants.
    pub request: Cow<'a, str>,
    /// Public messages by agents after it, in order.
    pub answers: Vec<&'a str>,
}

/// Topic tags of a shop's text in a language, where that is known.
pub type TopicsOf<'a> = dyn Fn(&ShopId, &str, Option<Language>) -> Vec<TagPath> + Sync + 'a;

/// All rows of a night. Rows of shops that `shops` does not list are passed over.
///
/// Rows dated after `as_of` must not be there; joins are by key, so order does not matter.
#[derive(Clone, Copy)]
pub struct NightFacts<'a> {
    /// The run's date.
    pub as_of: Date,
    /// Shops.
    pub shops: &'a [ShopFacts<'a>],
    /// Table `conversations`.
    pub conversations: &'a [tables::Conversation],
    /// Table `conversation_outcomes`.
    pub conversation_outcomes: &'a [tables::ConversationOutcome],
    /// Table `conversation_tags`.
    pub conversation_tags: &'a [tables::ConversationTag],
    /// Table `repeat_links`.
    pub repeat_links: &'a [tables::RepeatLink],
    /// Table `link_order`.
    pub link_order: &'a [tables::LinkOrder],
    /// Table `link_cart`.
    pub link_cart: &'a [tables::LinkCart],
    /// Table `link_return`.
    pub link_return: &'a [tables::LinkReturn],
    /// Table `link_campaign`.
    pub link_campaign: &'a [tables::LinkCampaign],
    /// Table `orders`.
    pub orders: &'a [tables::Order],
    /// Table `order_lines`.
    pub order_lines: &'a [tables::OrderLine],
    /// Table `checkouts`.
    pub checkouts: &'a [tables::Checkout],
    /// Table `returns`.
    pub returns: &'a [tables::Return],
    /// Table `campaigns`.
    pub campaigns: &'a [tables::Campaign],
    /// Table `sends`.
    pub sends: &'a [tables::Send],
    /// Table `identities`.
    pub identities: &'a [tables::Identity],
    /// Table `issues`.
    pub issues: &'a [tables::Issue],
    /// Table `issue_members`.
    pub issue_members: &'a [tables::IssueMember],
    /// Table `faq_entries`.
    pub faq_entries: &'a [tables::FaqEntry],
    /// Table `help_searches`.
    pub help_searches: &'a [tables::HelpSearch],
    /// Texts of contacts; those of the last 28 days are read.
    pub texts: &'a [ContactText<'a>],
    /// Topic tags of a text that is no conversation: a help-centre entry, a search.
    pub topics_of: &'a TopicsOf<'a>,
    /// Team that owns a tag.
    pub owner_of: &'a (dyn Fn(&TagPath) -> Option<Label> + Sync),
    /// Whether a tag is part of an outcome rather than evidence about it.
    pub is_mechanical: &'a (dyn Fn(&TagPath, Outcome) -> bool + Sync),
    /// Seconds that a shop's clock is ahead of UTC at an instant.
    pub offset_s: &'a (dyn Fn(&ShopId, Timestamp) -> i64 + Sync),
    /// Version of taxonomy, rulebook and model that set the tags.
    pub tagger_version: &'a str,
}
