//! All rows that the sources give, one for each id, with what the night needs to account for them.

use std::collections::BTreeMap;

use refrain_record::tables::{
    Campaign, CampaignEvent, Checkout, ConversationEvent, FaqEntry, HelpSearch, Order, OrderLine, Rating, Reject,
    Return, Send,
};
use refrain_record::{
    AuthorKey, AuthorRole, Channel, ConversationId, CustomerKey, Date, Feed, IdentityKind, Label, MessageId, ShopId,
    SourceId, Timestamp, Visibility,
};
use rustc_hash::FxHashMap;

use crate::identity::Customer;
use crate::scrub::Scrubber;
use crate::words::SourceStatus;

/// Where a row stood, for the reject it may still become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What the source feeds.
    pub feed: Feed,
    /// Place in [`Feeds::files`].
    pub file: u32,
    /// Line or row, from 1.
    pub line: u64,
    /// Source rows that it stands for; 0 for what came inside another row.
    pub units: u32,
}

/// A row with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Fed<T> {
    /// The row; its date is provisional where it depends on another row.
    pub row: T,
    /// Where it stood.
    pub place: Place,
}

/// What a source says of a conversation itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationHeader {
    /// Channel.
    pub channel: Channel,
    /// Customer.
    pub customer_key: Option<CustomerKey>,
    /// Redacted subject.
    pub subject: Option<String>,
    /// Start as the source tells it.
    pub started_at: Option<Timestamp>,
    /// End as the source tells it.
    pub ended_at: Option<Timestamp>,
    /// Latest change.
    pub updated_at: Option<Timestamp>,
    /// Latest status.
    pub status: Option<SourceStatus>,
    /// Who began it, where the source says so.
    pub initiated_by: Option<AuthorRole>,
    /// Tags that the source system had set.
    pub source_tags: Vec<String>,
    /// Orders that the source names, whether they exist or not.
    pub order_ids: Vec<String>,
    /// Handling time that the source measured.
    pub handle_s: Option<i64>,
    /// Call length that the source measured.
    pub call_duration_s: Option<i64>,
    /// Earlier conversation that it follows up.
    pub follows_up: Option<ConversationId>,
    /// Conversation that it was merged into.
    pub merged_into: Option<ConversationId>,
    /// Whether a survey was sent, where the source says so.
    pub survey_sent: Option<bool>,
    /// Messages that the source announces.
    pub num_declared: Option<i64>,
    /// Date for want of any time.
    pub default_date: Option<Date>,
}

impl ConversationHeader {
    pub(crate) const fn new(channel: Channel) -> Self {
        Self {
            channel,
            customer_key: None,
            subject: None,
            started_at: None,
            ended_at: None,
            updated_at: None,
            status: None,
            initiated_by: None,
            source_tags: Vec::new(),
            order_ids: Vec::new(),
            handle_s: None,
            call_duration_s: None,
            follows_up: None,
            merged_into: None,
            survey_sent: None,
            num_declared: None,
            default_date: None,
        }
    }

    /// Takes from `other` what is missing here.
    pub(crate) fn fill_from(&mut self, other: &Self) {
        if self.channel == Channel::Unknown {
            self.channel = other.channel;
        }
        macro_rules! fill {
            ($($field:ident)+) => {$(
                if self.$field.is_none() {
                    self.$field.clone_from(&other.$field);
                }
            )+};
        }
        fill!(customer_key subject started_at ended_at updated_at status initiated_by handle_s call_duration_s);
        fill!(follows_up merged_into survey_sent num_declared default_date);
        for (own, more) in [
            (&mut self.source_tags, &other.source_tags),
            (&mut self.order_ids, &other.order_ids),
        ] {
            for text in more {
                if !own.contains(text) {
                    own.push(text.clone());
                }
            }
        }
    }
}

/// A message, redacted.
#[derive(Debug, Clone, PartialEq)]
pub struct FedMessage {
    /// Id inside the conversation.
    pub message_id: MessageId,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// Who wrote it.
    pub author_role: AuthorRole,
    /// Keyed author.
    pub author_key: Option<AuthorKey>,
    /// Whether the customer could read it.
    pub visibility: Visibility,
    /// Redacted text.
    pub text: String,
}

/// All that the sources say of one conversation.
#[derive(Debug)]
pub struct FedConversation {
    /// Shop.
    pub shop_id: ShopId,
    /// Source.
    pub source: SourceId,
    /// Id inside the source.
    pub conversation_id: ConversationId,
    /// From a row of its own.
    pub header: Option<Fed<ConversationHeader>>,
    /// From rows of its messages.
    pub implied: Option<ConversationHeader>,
    /// Messages in the source's order.
    pub messages: Vec<Fed<FedMessage>>,
    /// Events in the source's order.
    pub events: Vec<Fed<ConversationEvent>>,
    /// Ratings in the source's order.
    pub ratings: Vec<Fed<Rating>>,
    /// Place of each message id; built once a second row brings messages.
    message_places: FxHashMap<MessageId, usize>,
    event_places: FxHashMap<(Timestamp, String), usize>,
    rating_places: FxHashMap<String, usize>,
    scrubber: Option<Scrubber>,
}

impl FedConversation {
    fn new(shop_id: ShopId, source: SourceId, conversation_id: ConversationId) -> Self {
        Self {
            shop_id,
            source,
            conversation_id,
            header: None,
            implied: None,
            messages: Vec::new(),
            events: Vec::new(),
            ratings: Vec::new(),
            message_places: FxHashMap::default(),
            event_places: FxHashMap::default(),
            rating_places: FxHashMap::default(),
            scrubber: None,
        }
    }

    /// Adds a message or replaces the one of the same id; returns the units that fall away.
    pub(crate) fn put_message(&mut self, fed: Fed<FedMessage>) -> u32 {
        self.place_messages();
        put(
            &mut self.messages,
            &mut self.message_places,
            fed.row.message_id.clone(),
            fed,
            |_| None,
        )
    }

    /// Adds a message from a row of its own; returns the units that fall away and the place of what is new.
    ///
    /// A made id that another message holds gets a number, unless the two are equal or lie in different files.
    pub(crate) fn put_raw_message(&mut self, mut fed: Fed<FedMessage>, own_id: bool) -> (u32, Option<usize>) {
        self.place_messages();
        let made = fed.row.message_id.clone();
        for twin in 2.. {
            let Some(place) = self.message_places.get(&fed.row.message_id).copied() else {
                break;
            };
            let held = &self.messages[place];
            if held.row == fed.row {
                return (fed.place.units, None);
            }
            if own_id || held.place.file != fed.place.file {
                let units = std::mem::replace(&mut self.messages[place], fed).place.units;
                return (units, Some(place));
            }
            // Past any real minute's messages the place tells twins apart, or this loop would grow with their square.
            let mark = if twin < 100 { twin } else { self.messages.len() + 100 };
            fed.row.message_id = format!("{made}.{mark}").into();
        }
        let place = self.messages.len();
        self.message_places.insert(fed.row.message_id.clone(), place);
        self.messages.push(fed);
        (0, Some(place))
    }

    fn place_messages(&mut self) {
        if self.message_places.is_empty() {
            for (place, message) in self.messages.iter().enumerate() {
                self.message_places
                    .entry(message.row.message_id.clone())
                    .or_insert(place);
            }
        }
    }

    /// The placeholders used so far, so that another input goes on with them.
    pub(crate) fn take_scrubber(&mut self) -> Scrubber {
        self.scrubber.take().unwrap_or_default()
    }

    pub(crate) fn keep_scrubber(&mut self, scrubber: Scrubber) {
        self.scrubber = Some(scrubber);
    }

    pub(crate) fn put_event(&mut self, fed: Fed<ConversationEvent>) -> u32 {
        let key = (fed.row.at, fed.row.event_id.clone());
        put(&mut self.events, &mut self.event_places, key, fed, |_| None)
    }

    pub(crate) fn put_rating(&mut self, fed: Fed<Rating>) -> u32 {
        put(
            &mut self.ratings,
            &mut self.rating_places,
            fed.row.rating_id.clone(),
            fed,
            |_| None,
        )
    }
}

/// An order with the lines that its own rows carry.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderWithLines {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
}

/// A customer key seen with an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentitySeen {
    /// Shop.
    pub shop_id: ShopId,
    /// Source.
    pub source: SourceId,
    /// Customer.
    pub customer_key: CustomerKey,
    /// Kind.
    pub kind: IdentityKind,
    /// Keyed HMAC of the identity.
    pub identity_hash: String,
}

/// When an identity was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenOn {
    /// Earliest date among rows with a time.
    pub first: Option<Date>,
    /// Also seen in a row without time.
    pub undated: bool,
}

/// Rows of one feed of one source: `read = kept + duplicates + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceAccount {
    /// Shop.
    pub shop: ShopId,
    /// Source.
    pub source: SourceId,
    /// Feed.
    pub feed: Feed,
    /// Rows read; a whole file that is empty, unreadable or lacks a column counts none.
    pub read: u64,
    /// Rows that repeat one already read, or that a later row replaces.
    pub duplicates: u64,
    /// Rows rejected.
    pub rejected: u64,
}

impl SourceAccount {
    /// Rows that stand in [`Feeds`].
    #[must_use]
    pub const fn kept(&self) -> u64 {
        self.read.saturating_sub(self.duplicates).saturating_sub(self.rejected)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Table {
    Conversation,
    Order,
    OrderLine,
    Checkout,
    Return,
    Campaign,
    Send,
    CampaignEvent,
    FaqEntry,
    HelpSearch,
}

/// All rows of all sources read so far, redacted and keyed; the order is that of reading.
#[derive(Default)]
pub struct Feeds {
    /// Conversations.
    pub conversations: Vec<FedConversation>,
    /// Orders.
    pub orders: Vec<Fed<OrderWithLines>>,
    /// Order lines that come apart from their orders; their date is still to come.
    pub order_lines: Vec<Fed<OrderLine>>,
    /// Checkouts.
    pub checkouts: Vec<Fed<Checkout>>,
    /// Returns.
    pub returns: Vec<Fed<Return>>,
    /// Campaigns.
    pub campaigns: Vec<Fed<Campaign>>,
    /// Sends.
    pub sends: Vec<Fed<Send>>,
    /// Campaign events.
    pub campaign_events: Vec<Fed<CampaignEvent>>,
    /// FAQ entries.
    pub faq_entries: Vec<Fed<FaqEntry>>,
    /// Help-centre searches.
    pub help_searches: Vec<Fed<HelpSearch>>,
    /// Customer keys with their identities.
    pub identities: FxHashMap<IdentitySeen, SeenOn>,
    /// Rows not taken.
    pub rejects: Vec<Reject>,
    /// Files read, in order.
    pub files: Vec<Label>,
    pub(crate) abandon_after_s: BTreeMap<(ShopId, SourceId), i64>,
    accounts: BTreeMap<(ShopId, SourceId, Feed), SourceAccount>,
    places: FxHashMap<(Table, u32, Box<str>), usize>,
    sources: Vec<(ShopId, SourceId)>,
}

impl Feeds {
    /// One account for each feed of each source, by shop, source and feed.
    #[must_use]
    pub fn accounts(&self) -> Vec<SourceAccount> {
        self.accounts.values().cloned().collect()
    }

    pub(crate) fn account(&mut self, shop: &ShopId, source: &SourceId, feed: Feed) -> &mut SourceAccount {
        self.accounts
            .entry((shop.clone(), source.clone(), feed))
            .or_insert_with(|| SourceAccount {
                shop: shop.clone(),
                source: source.clone(),
                feed,
                read: 0,
                duplicates: 0,
                rejected: 0,
            })
    }

    /// A short number for a source, the same for all its feeds.
    pub(crate) fn source_number(&mut self, shop: &ShopId, source: &SourceId) -> u32 {
        let found = self
            .sources
            .iter()
            .position(|(s, n)| s == shop && n == source)
            .unwrap_or_else(|| {
                self.sources.push((shop.clone(), source.clone()));
                self.sources.len() - 1
            });
        u32::try_from(found).unwrap_or(u32::MAX)
    }

    pub(crate) fn see(&mut self, shop: &ShopId, source: &SourceId, customer: &Customer, date: Option<Date>) {
        for (kind, hash) in &customer.identities {
            let seen = IdentitySeen {
                shop_id: shop.clone(),
                source: source.clone(),
                customer_key: customer.key.clone(),
                kind: *kind,
                identity_hash: hash.clone(),
            };
            let on = self.identities.entry(seen).or_insert(SeenOn {
                first: None,
                undated: false,
            });
            on.undated |= date.is_none();
            on.first = match (on.first, date) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }

    /// The conversation of an id, made when it is new.
    pub(crate) fn conversation(&mut self, number: u32, id: &str) -> usize {
        let place = self.conversations.len();
        let found = *self
            .places
            .entry((Table::Conversation, number, id.into()))
            .or_insert(place);
        if found == place {
            let (shop, source) = self.sources.get(number as usize).cloned().unwrap_or_default();
            self.conversations.push(FedConversation::new(shop, source, id.into()));
        }
        found
    }

    /// Takes a conversation's own row with all that it carries; returns the units that fall away.
    pub(crate) fn put_conversation(&mut self, number: u32, id: &str, fresh: FreshConversation) -> u32 {
        let place = self.conversation(number, id);
        let old = &mut self.conversations[place];
        let Some(held) = &old.header else {
            old.take_fresh(fresh);
            return 0;
        };
        let keeps_old = matches!(
            (held.row.updated_at, fresh.header.row.updated_at),
            (Some(held), Some(new)) if held > new
        );
        if keeps_old {
            let lost = fresh.header.place.units;
            old.keep_missing(fresh);
            return lost;
        }
        let lost = held.place.units;
        old.take_fresh(fresh);
        lost
    }
}

impl FedConversation {
    /// The fresh row wins; what only the held one has stays, so that a partial export loses nothing.
    fn take_fresh(&mut self, fresh: FreshConversation) {
        self.header = Some(fresh.header);
        if self.messages.is_empty() {
            self.messages = fresh.messages;
        } else {
            for message in fresh.messages {
                self.put_message(message);
            }
        }
        for event in fresh.events {
            self.put_event(event);
        }
        for rating in fresh.ratings {
            self.put_rating(rating);
        }
    }

    /// The held row wins; what only the fresh one has is added.
    fn keep_missing(&mut self, fresh: FreshConversation) {
        self.place_messages();
        for message in fresh.messages {
            if !self.message_places.contains_key(&message.row.message_id) {
                self.put_message(message);
            }
        }
        for event in fresh.events {
            if !self
                .event_places
                .contains_key(&(event.row.at, event.row.event_id.clone()))
            {
                self.put_event(event);
            }
        }
        for rating in fresh.ratings {
            if !self.rating_places.contains_key(&rating.row.rating_id) {
                self.put_rating(rating);
            }
        }
    }
}

/// A conversation row just read.
#[derive(Debug)]
pub(crate) struct FreshConversation {
    pub(crate) header: Fed<ConversationHeader>,
    pub(crate) messages: Vec<Fed<FedMessage>>,
    pub(crate) events: Vec<Fed<ConversationEvent>>,
    pub(crate) ratings: Vec<Fed<Rating>>,
}

/// Adds a row, or decides which of two with one key stays: the newer by `updated_at`, else the one read later.
///
/// Returns the units that fall away.
fn put<K: std::hash::Hash + Eq, T: PartialEq>(
    rows: &mut Vec<Fed<T>>,
    places: &mut FxHashMap<K, usize>,
    key: K,
    fed: Fed<T>,
    updated_at: impl Fn(&T) -> Option<Timestamp>,
) -> u32 {
    let place = *places.entry(key).or_insert(rows.len());
    let Some(held) = rows.get_mut(place) else {
        rows.push(fed);
        return 0;
    };
    let keeps_old = held.row == fed.row
        || matches!((updated_at(&held.row), updated_at(&fed.row)), (Some(old), Some(new)) if old > new);
    if keeps_old {
        return fed.place.units;
    }
    std::mem::replace(held, fed).place.units
}

macro_rules! put_rows {
    ($($function:ident $table:ident $field:ident $row:ty, |$r:ident| $key:expr, $updated:expr;)+) => {
        impl Feeds {$(
            /// Returns the units that fall away.
            pub(crate) fn $function(&mut self, number: u32, fed: Fed<$row>) -> u32 {
                let $r = &fed.row;
                let key = (Table::$table, number, $key.into());
                put(&mut self.$field, &mut self.places, key, fed, $updated)
            }
        )+}
    };
}

put_rows! {
    put_order Order orders OrderWithLines, |r| r.order.order_id.as_str(), |r| r.order.updated_at;
    put_order_line OrderLine order_lines OrderLine, |r| format!("{}\u{1f}{}", r.order_id, r.line_no), |_| None;
    put_checkout Checkout checkouts Checkout, |r| r.checkout_id.as_str(), |r| Some(r.updated_at);
    put_return Return returns Return, |r| r.return_id.as_str(), |_| None;
    put_campaign Campaign campaigns Campaign, |r| r.campaign_id.as_str(), |_| None;
    put_send Send sends Send, |r| format!("{}\u{1f}{}", r.campaign_id, r.send_id), |_| None;
    put_campaign_event CampaignEvent campaign_events CampaignEvent, |r| format!("{}\u{1f}{}", r.campaign_id, r.event_id), |_| None;
    put_faq_entry FaqEntry faq_entries FaqEntry, |r| r.faq_id.as_str(), |r| r.updated_at;
    put_help_search HelpSearch help_searches HelpSearch, |r| r.search_id.as_str(), |_| None;
}
