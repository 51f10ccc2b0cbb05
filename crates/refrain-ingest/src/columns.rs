//! The canonical columns, which feed takes which, and the names under which exports usually carry them.
//!
//! A mapping of the config wins over all usual names of that column; among usual names the canonical one wins, then
//! the earlier one of the list. `customer.id` reaches into structs.

use std::collections::BTreeMap;

use refrain_record::Feed;
use rustc_hash::FxHashMap;

use crate::RawCell;

macro_rules! columns {
    ($($variant:ident = $name:literal,)+) => {
        /// A canonical column.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Column { $($variant,)+ }

        impl Column {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

columns! {
    ActorId = "actor_id",
    ActorRole = "actor_role",
    AgentId = "agent_id",
    At = "at",
    AuthorId = "author_id",
    AuthorRole = "author_role",
    Body = "body",
    CallDurationS = "call_duration_s",
    CampaignId = "campaign_id",
    CampaignType = "campaign_type",
    CancelledAt = "cancelled_at",
    Carrier = "carrier",
    Category = "category",
    Channel = "channel",
    CheckoutId = "checkout_id",
    ClickedFaqId = "clicked_faq_id",
    Code = "code",
    Comment = "comment",
    CompletedAt = "completed_at",
    ConversationId = "conversation_id",
    Country = "country",
    CreatedAt = "created_at",
    Currency = "currency",
    Customer = "customer",
    CustomerId = "customer_id",
    DeliveredAt = "delivered_at",
    Discount = "discount",
    DiscountCode = "discount_code",
    Email = "email",
    EndedAt = "ended_at",
    EndsAt = "ends_at",
    EventId = "event_id",
    Events = "events",
    FaqId = "faq_id",
    FollowsUp = "follows_up",
    HandleS = "handle_s",
    Handle = "handle",
    InitiatedBy = "initiated_by",
    IsAbandoned = "is_abandoned",
    IsBot = "is_bot",
    IsHoldout = "is_holdout",
    IsInternal = "is_internal",
    IsSpam = "is_spam",
    IsTest = "is_test",
    Kind = "kind",
    Language = "language",
    LineNo = "line_no",
    MergedInto = "merged_into",
    MessageId = "message_id",
    Messages = "messages",
    Name = "name",
    NumMessages = "num_messages",
    NumResults = "num_results",
    OpenedAt = "opened_at",
    OrderId = "order_id",
    OrderIds = "order_ids",
    OrderedAt = "ordered_at",
    OtherConversationId = "other_conversation_id",
    Owner = "owner",
    PaymentMethod = "payment_method",
    Phone = "phone",
    PublishedAt = "published_at",
    Quantity = "quantity",
    Query = "query",
    RatedAt = "rated_at",
    Rating = "rating",
    RatingId = "rating_id",
    Reason = "reason",
    Recipients = "recipients",
    Refund = "refund",
    ReturnId = "return_id",
    SalesChannel = "sales_channel",
    Scale = "scale",
    Score = "score",
    SearchId = "search_id",
    SendId = "send_id",
    SentAt = "sent_at",
    ShippedAt = "shipped_at",
    Shipping = "shipping",
    Sku = "sku",
    StartedAt = "started_at",
    StartsAt = "starts_at",
    Status = "status",
    Step = "step",
    Subject = "subject",
    SurveySent = "survey_sent",
    Tags = "tags",
    Team = "team",
    Text = "text",
    Title = "title",
    Total = "total",
    UnitPrice = "unit_price",
    UpdatedAt = "updated_at",
    Url = "url",
    Value = "value",
    Visibility = "visibility",
}

/// A column that a feed takes.
pub(crate) struct Slot {
    pub(crate) column: Column,
    /// A table of rows without it is no such feed.
    pub(crate) required: bool,
    /// Usual names beside the canonical one.
    names: &'static [&'static str],
}

macro_rules! slots {
    ($(#[doc = $doc:literal])? $vis:vis $set:ident: $($column:ident $([$need:ident])? = [$($name:literal),*];)+) => {
        $(#[doc = $doc])?
        $vis const $set: &[Slot] = &[$(Slot {
            column: Column::$column,
            required: slots!(@need $($need)?),
            names: &[$($name),*],
        },)+];
    };
    (@need) => { false };
    (@need needed) => { true };
}

slots! {
    /// Who the customer is, in every feed that names one.
    CUSTOMER:
    Customer = ["requester", "user", "visitor", "contact"];
    CustomerId = ["customer_no", "customer_number", "user_id", "requester_id", "visitor_id", "contact_id"];
    Email = ["customer_email", "e_mail", "email_address", "user_email", "requester_email"];
    Phone = ["customer_phone", "phone_number", "telephone", "mobile"];
    Handle = ["customer_handle", "username", "screen_name"];
}
slots! {
    /// The fields of a struct that stands for a customer.
    pub(crate) CUSTOMER_STRUCT:
    CustomerId = ["id", "user_id"];
    Email = ["email_address"];
    Phone = ["phone_number", "telephone"];
    Handle = ["username", "screen_name"];
}
slots! { CONVERSATIONS:
    ConversationId = ["id", "ticket_id", "thread_id", "chat_id", "dialogue_id", "session_id", "call_id"];
    Channel = ["via", "source_channel"];
    Subject = ["topic"];
    Status = ["state"];
    Tags = ["source_tags", "labels"];
    OrderId = ["order_number", "order_no", "order"];
    OrderIds = ["orders"];
    StartedAt = ["created_at", "opened_at", "created", "start_time"];
    EndedAt = ["closed_at", "solved_at", "resolved_at", "end_time"];
    UpdatedAt = ["last_updated", "updated", "modified_at"];
    Rating = ["csat", "satisfaction_rating", "satisfaction"];
    FollowsUp = ["follow_up_of", "followup_of", "via_followup_source_id"];
    MergedInto = ["merged_into_id", "merged_to"];
    SurveySent = ["survey_offered"];
    HandleS = ["handle_time_s", "handling_time_s", "handle_seconds"];
    CallDurationS = ["call_duration", "duration_s"];
    NumMessages = ["messages_count", "message_count"];
    AgentId = ["assignee_id", "operator_id"];
    InitiatedBy = ["direction", "initiator"];
    IsSpam = ["spam"];
    Messages = ["turns", "conversation", "dialogue", "dialog", "transcript", "utterances"];
    Events = ["history"];
}
slots! {
    /// A message, as a row of its own or inside a conversation.
    MESSAGES:
    MessageId = ["id", "turn_id"];
    SentAt = ["created_at", "ts", "timestamp", "time", "date", "created", "datetime"];
    AuthorRole = ["role", "author_type", "sender_type", "from", "sender", "author", "speaker"];
    AuthorId = ["sender_id", "agent_id", "author", "name", "sender_name"];
    IsBot = ["bot", "from_bot"];
    Visibility = ["public", "is_public"];
    IsInternal = ["internal", "private", "is_private"];
    Text = ["content", "body", "message", "utterance", "plain_body", "body_text"];
}
slots! {
    /// What only a message in a row of its own carries beside the message: its conversation.
    MESSAGE_ROW:
    ConversationId = ["ticket_id", "thread_id", "chat_id", "dialogue_id", "session_id"];
    Channel = [];
    Subject = [];
    Tags = ["source_tags"];
    OrderId = ["order_number"];
    Text [needed] = [];
}
slots! {
    /// An event inside a conversation.
    EVENTS:
    EventId = ["id"];
    At [needed] = ["created_at", "ts", "timestamp", "time"];
    Kind [needed] = ["type", "event", "event_type", "status"];
    ActorRole = ["role", "author_role"];
    ActorId = ["author_id", "agent_id", "assignee_id", "actor"];
    Team = ["group", "queue", "department"];
    OtherConversationId = ["other_id", "merged_into", "target_id"];
}
slots! { EVENT_ROW:
    ConversationId [needed] = ["ticket_id", "thread_id", "chat_id"];
}
slots! {
    /// A rating inside a conversation.
    RATINGS:
    RatingId = ["id"];
    Score [needed] = ["rating", "value", "stars", "csat"];
    RatedAt = ["at", "created_at", "timestamp"];
    Comment = ["remark", "feedback"];
    Scale = [];
}
slots! { RATING_ROW:
    ConversationId [needed] = ["ticket_id", "thread_id", "chat_id"];
}
slots! { ORDERS:
    OrderId [needed] = ["order_number", "order_no"];
    OrderedAt [needed] = ["created_at", "order_date", "placed_at"];
    UpdatedAt = [];
    Total = ["total_price", "order_total"];
    Shipping = ["shipping_cost", "total_shipping"];
    Discount = ["discount_amount", "total_discounts"];
    Currency = [];
    DiscountCode = ["coupon", "coupon_code", "voucher"];
    SalesChannel = ["source_name"];
    Carrier = ["shipping_carrier"];
    PaymentMethod = ["payment_gateway"];
    Country = ["shipping_country", "country_code"];
    CampaignId = [];
    ShippedAt = ["fulfilled_at"];
    DeliveredAt = [];
    CancelledAt = ["canceled_at"];
    IsTest = ["test"];
}
slots! {
    /// A line, in a row of its own or of its order's.
    LINES:
    LineNo = ["line", "line_number", "position"];
    Sku = ["lineitem_sku", "stock_code", "product_id"];
    Title = ["lineitem_name", "product", "product_name", "product_title"];
    Category = ["product_category", "product_type"];
    Quantity = ["lineitem_quantity", "qty"];
    UnitPrice = ["lineitem_price", "price"];
}
slots! { LINE_ROW:
    OrderId [needed] = ["order_number", "order_no"];
    Currency = [];
}
slots! { CHECKOUTS:
    CheckoutId [needed] = ["cart_id", "checkout_token", "basket_id"];
    CreatedAt = ["started_at"];
    UpdatedAt [needed] = ["last_activity_at"];
    Value = ["total", "total_price", "cart_value"];
    Currency = [];
    CompletedAt = ["recovered_at"];
    OrderId = [];
    Step = ["checkout_step", "last_step"];
    IsAbandoned = ["abandoned"];
}
slots! { RETURNS:
    ReturnId [needed] = ["refund_id", "rma", "rma_id"];
    OpenedAt [needed] = ["returned_at", "created_at", "requested_at"];
    OrderId = ["order_number", "order_no"];
    Kind = ["type", "return_type"];
    Reason = ["return_reason"];
    Sku = ["product_id"];
    Refund = ["refund_amount", "amount"];
    Currency = [];
}
slots! { CAMPAIGNS:
    CampaignId [needed] = [];
    Name = ["title", "campaign_name"];
    CampaignType = ["type", "campaign_kind"];
    Channel = [];
    Code = ["coupon", "discount_code", "voucher"];
    Url = ["landing_page", "link"];
    StartsAt = ["start_at", "send_time", "sent_at", "starts", "start_date"];
    EndsAt = ["end_at", "ends", "end_date"];
    Recipients = ["num_recipients", "audience_size"];
}
slots! { SENDS:
    CampaignId [needed] = [];
    SendId = ["message_id"];
    SentAt [needed] = ["at", "timestamp", "created_at", "send_time"];
    IsHoldout = ["holdout", "is_control", "control"];
}
slots! { CAMPAIGN_EVENTS:
    CampaignId [needed] = [];
    EventId = [];
    At [needed] = ["timestamp", "created_at", "datetime", "time"];
    Kind [needed] = ["event", "type", "event_type", "metric"];
}
slots! { FAQ_ENTRIES:
    FaqId [needed] = ["id", "article_id"];
    Title [needed] = ["question"];
    Body = ["answer", "content", "text"];
    Url = ["link", "html_url"];
    Language = ["lang", "locale"];
    Owner = ["team"];
    PublishedAt = ["created_at"];
    UpdatedAt = [];
}
slots! { HELP_SEARCHES:
    SearchId = [];
    At [needed] = ["timestamp", "created_at", "searched_at", "time"];
    Query [needed] = ["search_term", "search", "term"];
    NumResults = ["results", "result_count"];
    ClickedFaqId = ["clicked_article_id", "clicked_id"];
    Language = ["lang", "locale"];
}

/// The columns of one row of a feed.
pub(crate) fn sets_of(feed: Feed) -> &'static [&'static [Slot]] {
    match feed {
        Feed::Conversations => &[CONVERSATIONS, CUSTOMER],
        Feed::Messages => &[MESSAGES, MESSAGE_ROW, CUSTOMER],
        Feed::ConversationEvents => &[EVENTS, EVENT_ROW],
        Feed::Ratings => &[RATINGS, RATING_ROW],
        Feed::Orders => &[ORDERS, LINES, CUSTOMER],
        Feed::OrderLines => &[LINES, LINE_ROW],
        Feed::Checkouts => &[CHECKOUTS, CUSTOMER],
        Feed::Returns => &[RETURNS, CUSTOMER],
        Feed::Campaigns => &[CAMPAIGNS],
        Feed::Sends => &[SENDS, CUSTOMER],
        Feed::CampaignEvents => &[CAMPAIGN_EVENTS, CUSTOMER],
        Feed::FaqEntries => &[FAQ_ENTRIES],
        Feed::HelpSearches => &[HELP_SEARCHES, CUSTOMER],
    }
}

/// The columns of what a conversation carries inside.
pub(crate) const TURN_SETS: &[&[Slot]] = &[MESSAGES];
pub(crate) const EVENT_SETS: &[&[Slot]] = &[EVENTS];
pub(crate) const RATING_SETS: &[&[Slot]] = &[RATINGS];

/// Whether a feed's own rows, apart from what they carry inside, take a column.
pub(crate) fn is_own(feed: Feed, column: Column) -> bool {
    sets_of(feed)
        .iter()
        .copied()
        .flatten()
        .any(|slot| slot.column == column)
}

/// Names that a mapping for `feed` may use, sorted.
pub(crate) fn known_names(feed: Feed) -> Vec<&'static str> {
    let mut sets = sets_of(feed).to_vec();
    if feed == Feed::Conversations {
        sets.extend_from_slice(TURN_SETS);
    }
    let mut names: Vec<_> = sets.into_iter().flatten().map(|slot| slot.column.name()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The cells of one row by canonical column.
pub(crate) struct Picked<'a> {
    cells: [Option<&'a RawCell>; Column::ALL.len()],
    ranks: [u8; Column::ALL.len()],
}

impl<'a> Picked<'a> {
    const fn new() -> Self {
        Self {
            cells: [None; Column::ALL.len()],
            ranks: [u8::MAX; Column::ALL.len()],
        }
    }

    /// The cell of a column; `None` when it is missing or null.
    pub(crate) fn get(&self, column: Column) -> Option<&'a RawCell> {
        self.cells[column as usize].filter(|cell| !cell.is_null())
    }

    fn offer(&mut self, column: Column, rank: u8, cell: &'a RawCell) {
        let place = column as usize;
        // The better name wins, and of the same name the last value; a null never hides a value.
        if !cell.is_null() && rank <= self.ranks[place] {
            self.cells[place] = Some(cell);
            self.ranks[place] = rank;
        }
    }
}

/// Where to find canonical columns in the rows of one source.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Source names to what they may stand for, with the rank of the name.
    names: FxHashMap<Box<str>, Vec<(Column, u8)>>,
    paths: Vec<(Column, Vec<Box<str>>)>,
}

impl Plan {
    pub(crate) fn new(sets: &[&[Slot]], mapping: &BTreeMap<String, String>) -> Self {
        let mut plan = Self {
            names: FxHashMap::default(),
            paths: Vec::new(),
        };
        let mut seen = Vec::new();
        for slot in sets.iter().copied().flatten() {
            if seen.contains(&slot.column) {
                continue;
            }
            seen.push(slot.column);
            if let Some(source) = mapping.get(slot.column.name()) {
                plan.add(source, slot.column, 0);
                if source.contains('.') {
                    plan.paths
                        .push((slot.column, source.split('.').map(Box::from).collect()));
                }
                continue;
            }
            for (rank, name) in (1..).zip(std::iter::once(slot.column.name()).chain(slot.names.iter().copied())) {
                plan.add(name, slot.column, rank);
            }
        }
        plan
    }

    fn add(&mut self, name: &str, column: Column, rank: u8) {
        self.names.entry(name.into()).or_default().push((column, rank));
    }

    fn find(&self, name: &str) -> &[(Column, u8)] {
        if let Some(found) = self.names.get(name) {
            return found;
        }
        if name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        {
            return &[];
        }
        self.names.get(snake_case(name).as_str()).map_or(&[], Vec::as_slice)
    }

    /// The cells of a row whose values carry their names.
    pub(crate) fn pick<'a>(&self, fields: &'a [(String, RawCell)]) -> Picked<'a> {
        let mut picked = Picked::new();
        for (name, cell) in fields {
            for (column, rank) in self.find(name) {
                picked.offer(*column, *rank, cell);
            }
        }
        for (column, path) in &self.paths {
            let Some((first, rest)) = path.split_first() else {
                continue;
            };
            let field = fields.iter().rev().find(|(name, _)| **name == **first);
            if let Some(cell) = field.and_then(|(_, cell)| cell.at(rest)) {
                picked.offer(*column, 0, cell);
            }
        }
        picked
    }

    /// The columns of a table by position.
    pub(crate) fn layout(&self, header: &[String]) -> Layout {
        let mut columns: Vec<(usize, Column, u8, Vec<Box<str>>)> = Vec::new();
        for (place, name) in header.iter().enumerate() {
            columns.extend(
                self.find(name)
                    .iter()
                    .map(|(column, rank)| (place, *column, *rank, Vec::new())),
            );
        }
        for (column, path) in &self.paths {
            let place = path
                .first()
                .and_then(|first| header.iter().position(|name| **name == **first));
            if let Some(place) = place {
                columns.push((place, *column, 0, path[1..].to_vec()));
            }
        }
        Layout { columns }
    }
}

/// The columns of a table by position.
#[derive(Debug)]
pub(crate) struct Layout {
    columns: Vec<(usize, Column, u8, Vec<Box<str>>)>,
}

impl Layout {
    pub(crate) fn pick<'a>(&self, row: &'a [RawCell]) -> Picked<'a> {
        let mut picked = Picked::new();
        for (place, column, rank, path) in &self.columns {
            if let Some(cell) = row.get(*place).and_then(|cell| cell.at(path)) {
                picked.offer(*column, *rank, cell);
            }
        }
        picked
    }

    pub(crate) fn has(&self, column: Column) -> bool {
        self.columns.iter().any(|(_, found, _, _)| *found == column)
    }
}

/// `createdAt`, `Created at` and `Lineitem sku` as `created_at` and `lineitem_sku`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for c in name.trim().chars() {
        if c.is_alphanumeric() {
            if c.is_uppercase() && after_lower {
                snake.push('_');
            }
            snake.extend(c.to_lowercase());
            after_lower = c.is_lowercase() || c.is_ascii_digit();
        } else {
            if !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
            after_lower = false;
        }
    }
    snake.truncate(snake.trim_end_matches('_').len());
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> RawCell {
        RawCell::Text(value.to_owned())
    }

    #[test]
    fn names_fold() {
        for (name, snake) in [
            ("createdAt", "created_at"),
            ("Created at", "created_at"),
            ("Lineitem sku", "lineitem_sku"),
            (" ID ", "id"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn a_mapping_wins_and_shuts_out_usual_names() {
        let mapping = BTreeMap::from([("customer_id".to_owned(), "author_id".to_owned())]);
        let plan = Plan::new(sets_of(Feed::Messages), &mapping);
        let fields = [
            ("user_id".to_owned(), text("no")),
            ("author_id".to_owned(), text("yes")),
            ("createdAt".to_owned(), text("t")),
        ];
        let picked = plan.pick(&fields);
        assert_eq!(picked.get(Column::CustomerId), Some(&text("yes")));
        assert_eq!(picked.get(Column::AuthorId), Some(&text("yes")));
        assert_eq!(picked.get(Column::SentAt), Some(&text("t")));
    }

    #[test]
    fn better_names_win_and_nulls_do_not_hide() {
        let plan = Plan::new(sets_of(Feed::Conversations), &BTreeMap::new());
        let fields = [
            ("started_at".to_owned(), RawCell::Null),
            ("created_at".to_owned(), text("b")),
            ("conversation_id".to_owned(), text("best")),
            ("id".to_owned(), text("other")),
        ];
        let picked = plan.pick(&fields);
        assert_eq!(picked.get(Column::StartedAt), Some(&text("b")));
        assert_eq!(picked.get(Column::ConversationId), Some(&text("best")));
    }

    #[test]
    fn paths_reach_into_structs() {
        let mapping = BTreeMap::from([("customer_id".to_owned(), "meta.who".to_owned())]);
        let plan = Plan::new(sets_of(Feed::Orders), &mapping);
        let who = RawCell::Struct(vec![("who".to_owned(), text("c1"))]);
        let picked = plan
            .pick(&[("meta".to_owned(), who.clone())][..])
            .get(Column::CustomerId)
            .cloned();
        assert_eq!(picked, Some(text("c1")));
        let layout = plan.layout(&["x".to_owned(), "meta".to_owned()]);
        assert_eq!(
            layout.pick(&[RawCell::Null, who]).get(Column::CustomerId),
            Some(&text("c1"))
        );
    }
}
