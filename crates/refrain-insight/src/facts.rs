//! What the caller hands over: rows of one night, borrowed, in any order.

use refrain_record::{Date, Outcome, ShopId, TagPath, Timestamp, tables};

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
}

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
    /// Whether a tag is part of an outcome rather than evidence about it.
    pub is_mechanical: &'a (dyn Fn(&TagPath, Outcome) -> bool + Sync),
    /// Seconds that a shop's clock is ahead of UTC at an instant.
    pub offset_s: &'a (dyn Fn(&ShopId, Timestamp) -> i64 + Sync),
    /// Version of taxonomy, rulebook and model that set the tags.
    pub tagger_version: &'a str,
}
