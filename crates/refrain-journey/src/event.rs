//! What journey reads: a person's contacts and commerce events, borrowed from the rows of the lake.

use crate::campaigns::CampaignIndex;
use refrain_record::{Channel, Date, EndReason, Language, ReturnKind, Timestamp};

/// The run's date: its day and the last instant of that day in the shop's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Day.
    pub date: Date,
    /// First instant after that day.
    pub end: Timestamp,
}

impl AsOf {
    /// The end of a day in UTC, for shops there and for tests.
    #[must_use]
    pub const fn utc(date: Date) -> Self {
        Self {
            date,
            end: date.plus_days(1).utc_midnight(),
        }
    }
}

/// A conversation, of which all that counts as a contact takes part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact<'a> {
    /// Source.
    pub source: &'a str,
    /// Id inside the source.
    pub conversation_id: &'a str,
    /// Local date of the first message.
    pub date: Date,
    /// First message; `None` without times.
    pub started_at: Option<Timestamp>,
    /// First solved or closed event; `None` when there was none.
    pub first_resolved_at: Option<Timestamp>,
    /// Last message or closing event.
    pub ended_at: Option<Timestamp>,
    /// Channel.
    pub channel: Channel,
    /// Main language, when known; its stop words do not count as likeness.
    pub language: Option<Language>,
    /// How it ended.
    pub end_reason: EndReason,
    /// Counts as a customer contact.
    pub is_contact: bool,
    /// The customer only says thanks; it neither repeats nor is repeated.
    pub is_thanks_only: bool,
    /// Times it was opened again.
    pub num_reopens: i64,
    /// When, as far as known.
    pub reopened_at: &'a [Timestamp],
    /// Leaf topic tags, best first.
    pub tags: &'a [&'a str],
    /// Orders it names.
    pub order_ids: &'a [&'a str],
    /// Stock-keeping units it names.
    pub skus: &'a [&'a str],
    /// The message that says what the customer wants.
    pub request_text: &'a str,
    /// All that the customer wrote before the first answer.
    pub opening_text: &'a str,
    /// An agent told the customer to go elsewhere.
    pub is_redirected: bool,
    /// Times it was passed on.
    pub num_transfers: i64,
    /// Public messages by agents.
    pub num_agent_messages: i64,
    /// A bot wrote in it.
    pub bot_involved: bool,
    /// A person took over from the bot, or was asked for.
    pub has_handover: bool,
    /// Conversation of the same source that it follows up.
    pub follows_up: Option<&'a str>,
    /// Conversation of the same source that it was merged into.
    pub merged_into: Option<&'a str>,
    /// First customer message to first agent message.
    pub first_response_s: Option<i64>,
    /// No agent or bot ever answered.
    pub never_answered: bool,
}

impl<'a> Contact<'a> {
    /// A contact of which nothing is known but its id.
    #[must_use]
    pub const fn new(source: &'a str, conversation_id: &'a str) -> Self {
        Self {
            source,
            conversation_id,
            date: Date(0),
            started_at: None,
            first_resolved_at: None,
            ended_at: None,
            channel: Channel::Unknown,
            language: None,
            end_reason: EndReason::Unknown,
            is_contact: true,
            is_thanks_only: false,
            num_reopens: 0,
            reopened_at: &[],
            tags: &[],
            order_ids: &[],
            skus: &[],
            request_text: "",
            opening_text: "",
            is_redirected: false,
            num_transfers: 0,
            num_agent_messages: 0,
            bot_involved: false,
            has_handover: false,
            follows_up: None,
            merged_into: None,
            first_response_s: None,
            never_answered: false,
        }
    }

    /// Order of a person's contacts: date, then time where known, then id.
    pub(crate) fn order(&self) -> (Date, Option<Timestamp>, &'a str, &'a str) {
        (self.date, self.started_at, self.source, self.conversation_id)
    }

    /// When the matter seemed settled: solved first, else ended, else begun.
    pub(crate) fn settled_at(&self) -> Option<Timestamp> {
        self.first_resolved_at.or(self.ended_at).or(self.started_at)
    }

    /// Takes part in repeats, on either side.
    pub(crate) fn can_repeat(&self) -> bool {
        self.is_contact && !self.is_thanks_only
    }
}

/// An order. Test orders are left out by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderEvent<'a> {
    /// Source.
    pub source: &'a str,
    /// Order.
    pub order_id: &'a str,
    /// When it was placed.
    pub ordered_at: Timestamp,
}

/// A checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckoutEvent<'a> {
    /// Source.
    pub source: &'a str,
    /// Checkout.
    pub checkout_id: &'a str,
    /// Last activity.
    pub updated_at: Timestamp,
    /// When it became an order.
    pub completed_at: Option<Timestamp>,
    /// Step it stands at.
    pub step: Option<&'a str>,
    /// Abandoned as of the run's date; `None` until that can be said.
    pub is_abandoned: Option<bool>,
}

/// A return, refund or cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnEvent<'a> {
    /// Source.
    pub source: &'a str,
    /// Return.
    pub return_id: &'a str,
    /// Order.
    pub order_id: Option<&'a str>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Cancellations are passed over.
    pub kind: ReturnKind,
    /// Reason.
    pub reason: Option<&'a str>,
}

/// A campaign's send to the person. Hold-outs are left out by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendEvent<'a> {
    /// Source.
    pub source: &'a str,
    /// Campaign.
    pub campaign_id: &'a str,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// All events of one person of one shop; any order, though sorted slices cost least.
#[derive(Debug, Clone, Copy)]
pub struct PersonHistory<'a> {
    /// Shop.
    pub shop_id: &'a str,
    /// Person.
    pub person_key: &'a str,
    /// Conversations.
    pub contacts: &'a [Contact<'a>],
    /// The person's orders, from the very first on.
    pub orders: &'a [OrderEvent<'a>],
    /// Orders of others, or of nobody known, that the contacts name.
    pub named_orders: &'a [OrderEvent<'a>],
    /// The person's checkouts.
    pub checkouts: &'a [CheckoutEvent<'a>],
    /// The person's returns and those of the orders named.
    pub returns: &'a [ReturnEvent<'a>],
    /// Campaigns sent to the person.
    pub sends: &'a [SendEvent<'a>],
    /// The shop's campaigns, to find their mention.
    pub campaigns: &'a CampaignIndex,
}

impl<'a> PersonHistory<'a> {
    /// A person without events.
    #[must_use]
    pub const fn new(shop_id: &'a str, person_key: &'a str, campaigns: &'a CampaignIndex) -> Self {
        Self {
            shop_id,
            person_key,
            contacts: &[],
            orders: &[],
            named_orders: &[],
            checkouts: &[],
            returns: &[],
            sends: &[],
            campaigns,
        }
    }
}
