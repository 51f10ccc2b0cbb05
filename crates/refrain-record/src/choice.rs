//! Choices as enums; the text form is what stands in the files.

use crate::{Field, Kind, Value};

macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $vdoc:literal])+ $variant:ident = $text:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $vdoc])+ $variant,)+
        }

        impl $name {
            /// All values, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value of a text form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Field for $name {
            const KIND: Kind = Kind::Label;
            fn value(&self) -> Value<'_> {
                Value::Text(self.as_str())
            }
            fn from_value(value: Value<'_>) -> Result<Self, &'static str> {
                match value {
                    Value::Text(text) => Self::parse(text).ok_or(concat!("one of: ", $($text, " ",)+)),
                    _ => Err("a name"),
                }
            }
        }
    )+};
}

choices! {
    /// Who wrote a message.
    AuthorRole {
        /// The customer.
        Customer = "customer",
        /// A person of the shop.
        Agent = "agent",
        /// An automated assistant or auto-reply.
        Bot = "bot",
        /// The system: status lines, notices.
        System = "system",
    }
    /// Whether the customer could read a message.
    Visibility {
        /// Seen by the customer.
        Public = "public",
        /// A note among agents.
        Internal = "internal",
    }
    /// Where a conversation took place.
    Channel {
        /// Live chat on the shop's site or app.
        Chat = "chat",
        /// E-mail.
        Email = "email",
        /// Phone call or voice.
        Phone = "phone",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Text message.
        Sms = "sms",
        /// Public post or mention on a social network.
        SocialPublic = "social_public",
        /// Private message on a social network.
        SocialDm = "social_dm",
        /// Contact form.
        WebForm = "web_form",
        /// Marketplace messaging.
        Marketplace = "marketplace",
        /// Something else.
        Other = "other",
        /// The source does not say.
        Unknown = "unknown",
    }
    /// ISO 639-1 code of a language that refrain detects.
    Language {
        /// English.
        En = "en",
        /// German.
        De = "de",
        /// Danish.
        Da = "da",
        /// Dutch.
        Nl = "nl",
        /// French.
        Fr = "fr",
        /// Chinese.
        Zh = "zh",
        /// Spanish.
        Es = "es",
        /// Italian.
        It = "it",
        /// Swedish.
        Sv = "sv",
        /// Norwegian (Bokmål).
        Nb = "nb",
        /// Polish.
        Pl = "pl",
        /// Portuguese.
        Pt = "pt",
    }
    /// How a conversation ended, as of the run's date.
    EndReason {
        /// Marked solved, or closed after an agent or bot answered.
        Resolved = "resolved",
        /// The customer stopped answering before a solution.
        CustomerLeft = "customer_left",
        /// Closed by an agent without a solved mark.
        AgentClosed = "agent_closed",
        /// Closed by a bot after silence.
        BotTimeout = "bot_timeout",
        /// Merged into another conversation.
        Merged = "merged",
        /// Spam.
        Spam = "spam",
        /// Still open.
        Open = "open",
        /// The source has no close events and no times to tell.
        Unknown = "unknown",
    }
    /// How `handle_s` was obtained.
    HandleMethod {
        /// The source measured it.
        Measured = "measured",
        /// Estimated from agent activity with an idle cap.
        Estimated = "estimated",
        /// Nothing to go by.
        Absent = "absent",
    }
    /// Why a bot handed over.
    HandoverReason {
        /// The customer asked for a person.
        CustomerAsked = "customer_asked",
        /// The bot did not understand.
        BotFallback = "bot_fallback",
        /// A rule or the source's routing.
        Routing = "routing",
        /// Not told by the source.
        Unknown = "unknown",
    }
    /// What happened to a conversation.
    ConversationEventKind {
        /// Opened.
        Opened = "opened",
        /// Assigned to an agent or team.
        Assigned = "assigned",
        /// Passed from one agent or team to another.
        Transferred = "transferred",
        /// Handed from a bot to a person.
        Handover = "handover",
        /// A supervisor was asked for or joined.
        Escalated = "escalated",
        /// Marked pending on the customer.
        Pending = "pending",
        /// Marked solved.
        Solved = "solved",
        /// Closed.
        Closed = "closed",
        /// Opened again after it was solved or closed.
        Reopened = "reopened",
        /// Merged into another conversation.
        Merged = "merged",
        /// Marked as spam.
        Spam = "spam",
        /// A survey was sent.
        SurveySent = "survey_sent",
    }
    /// What a customer did with a campaign.
    CampaignEventKind {
        /// Delivered.
        Delivered = "delivered",
        /// Opened; inflated by mail prefetch, never compared.
        Opened = "opened",
        /// Clicked.
        Clicked = "clicked",
        /// Replied.
        Replied = "replied",
        /// Ordered through it.
        Ordered = "ordered",
        /// Bounced.
        Bounced = "bounced",
        /// Unsubscribed.
        Unsubscribed = "unsubscribed",
    }
    /// What a row of `returns` is.
    ReturnKind {
        /// Goods came back.
        Return = "return",
        /// Money back, goods kept.
        RefundOnly = "refund_only",
        /// Cancelled before shipping: not a return.
        Cancel = "cancel",
    }
    /// Kind of an identity value; the value itself is never stored.
    IdentityKind {
        /// The source's own customer id.
        SourceId = "source_id",
        /// E-mail address.
        Email = "email",
        /// Phone number.
        Phone = "phone",
        /// Handle on a network.
        Handle = "handle",
    }
    /// The group a tag belongs to.
    Facet {
        /// What it is about.
        Topic = "topic",
        /// What the customer does: question, complaint, request, ... Single choice.
        Act = "act",
        /// Before or after the purchase. Single choice.
        Stage = "stage",
    }
    /// What set a tag.
    TagMethod {
        /// A rule of the rulebook.
        Rule = "rule",
        /// A trained model.
        Model = "model",
        /// A person.
        Human = "human",
        /// The source system.
        Source = "source",
    }
    /// How a later contact relates to the earlier one.
    RepeatKind {
        /// Same channel, the earlier one still open or unanswered, within 24 hours.
        Redial = "redial",
        /// Another channel while the earlier one is open.
        CrossChannel = "cross_channel",
        /// The earlier one was closed.
        FollowUp = "follow_up",
        /// The same conversation, opened again.
        Reopen = "reopen",
        /// Starts within 15 minutes after the earlier one ended by a transfer.
        Forwarded = "forwarded",
        /// An agent told the customer to go elsewhere.
        Redirected = "redirected",
    }
    /// The strongest evidence that two contacts are about the same matter.
    MatchReason {
        /// The source links them: same thread, follow-up id or merge.
        SourceThread = "source_thread",
        /// Same order or SKU and the same leaf tag.
        OrderAndTag = "order_and_tag",
        /// Same leaf tag inside the window.
        Tag = "tag",
        /// Texts are alike.
        Text = "text",
        /// The customer says so.
        Phrase = "phrase",
        /// No evidence: a contact of the same person about something else.
        None = "none",
    }
    /// How a contact was tied to a commerce event.
    LinkMethod {
        /// The order id stands in the conversation.
        OrderId = "order_id",
        /// Same person.
        Person = "person",
        /// The campaign's code, URL or name stands in the conversation.
        Mention = "mention",
    }
    /// State of an issue.
    IssueStatus {
        /// Has recent members.
        Active = "active",
        /// No new members for the quiet period.
        Dormant = "dormant",
        /// Merged into `canonical_id`.
        Merged = "merged",
        /// The owner named an FAQ entry that answers it.
        Answered = "answered",
        /// The owner says that it is none, such as thanks or an automatic reply.
        NotAnIssue = "not_an_issue",
    }
    /// Where the membership of a conversation came from.
    MembershipKind {
        /// Belongs to the issue.
        Member = "member",
        /// Belongs to no issue; the nearest one is named.
        NearestOnly = "nearest_only",
    }
    /// What happened to an issue.
    LineageEvent {
        /// First seen.
        Born = "born",
        /// Became part of another.
        MergedInto = "merged_into",
        /// Came out of another.
        SplitFrom = "split_from",
        /// No members for the quiet period.
        Died = "died",
        /// Members again after the quiet period.
        Revived = "revived",
    }
    /// Whether a count is out of the ordinary.
    Alarm {
        /// As expected.
        None = "none",
        /// More contacts than expected.
        Count = "count",
        /// More contacts per order than expected.
        Rate = "rate",
        /// Both.
        CountAndRate = "count_and_rate",
        /// New, with enough contacts to matter.
        Novelty = "novelty",
        /// Too little history to say.
        NotEnoughHistory = "not_enough_history",
    }
    /// Whether an estimate could be given.
    EstimateStatus {
        /// Given.
        Ok = "ok",
        /// Too few units or outcomes.
        TooFew = "too_few",
        /// Too few events could be tied to a person.
        LowMatchRate = "low_match_rate",
        /// No unit has its whole outcome window in the past.
        NotMatured = "not_matured",
        /// The exposure is part of the outcome.
        Mechanical = "mechanical",
        /// There is no comparison group.
        NoComparison = "no_comparison",
        /// No conversation with a bot to learn from.
        NoBotEvidence = "no_bot_evidence",
        /// Most handling time is absent.
        NoHandlingTime = "no_handling_time",
    }
    /// The rung of evidence of an estimate.
    EvidenceLevel {
        /// Raw counts, no claim.
        CoOccurrence = "0_co_occurrence",
        /// Rate against a comparison group.
        Comparison = "1_comparison",
        /// Stratified.
        Stratified = "2_stratified",
        /// The same persons before and after.
        SelfControlled = "3_self_controlled",
        /// Difference in differences.
        DiffInDiff = "4_diff_in_diff",
        /// Hold-out group.
        HoldOut = "5_hold_out",
    }
    /// What an effect is about.
    Outcome {
        /// A checkout was abandoned.
        CartAbandoned = "cart_abandoned",
        /// An order was returned.
        Returned = "returned",
        /// The customer contacted again about the same issue within 7 days.
        Repeat7d = "repeat_7d",
        /// The customer bought within 14 days.
        PurchaseAfter14d = "purchase_after_14d",
        /// The customer contacted the shop.
        Contact = "contact",
        /// The customer did not buy again within 90 days.
        NoRepeatPurchase90d = "no_repeat_purchase_90d",
    }
    /// What a unit was exposed to.
    ExposureKind {
        /// A contact with a tag.
        Tag = "tag",
        /// A contact on a channel.
        Channel = "channel",
        /// A send of a campaign.
        Campaign = "campaign",
        /// A send of a campaign type.
        CampaignType = "campaign_type",
        /// A contact that went badly.
        BadContact = "bad_contact",
    }
    /// What a recurring question asks of the FAQ owner.
    FaqQueueKind {
        /// No entry answers it.
        NewAnswer = "new_answer",
        /// It is about the shop's terms, by its tag: say them where they are met, or change them.
        UnclearPolicy = "unclear_policy",
        /// An entry of its language answers it, and customers write all the same.
        ExistingNotFound = "existing_not_found",
    }
    /// State of a check.
    CheckStatus {
        /// Inside its bound.
        Ok = "ok",
        /// Outside its bound; published.
        Warn = "warn",
        /// Outside its bound; the run stops.
        Fail = "fail",
    }
    /// What a source feeds.
    Feed {
        /// Conversations with their messages.
        Conversations = "conversations",
        /// Single messages.
        Messages = "messages",
        /// Status and assignment events.
        ConversationEvents = "conversation_events",
        /// Ratings.
        Ratings = "ratings",
        /// Orders, with or without lines.
        Orders = "orders",
        /// Order lines.
        OrderLines = "order_lines",
        /// Checkouts (carts).
        Checkouts = "checkouts",
        /// Returns and refunds.
        Returns = "returns",
        /// Campaigns.
        Campaigns = "campaigns",
        /// Campaign sends.
        Sends = "sends",
        /// Campaign events.
        CampaignEvents = "campaign_events",
        /// FAQ entries.
        FaqEntries = "faq_entries",
        /// Help-centre searches.
        HelpSearches = "help_searches",
    }
    /// Why a row was not taken.
    RejectCause {
        /// The file ends in the middle of its compression.
        TruncatedFile = "truncated_file",
        /// Bytes that are no UTF-8.
        InvalidUtf8 = "invalid_utf8",
        /// A line that is no JSON.
        InvalidJson = "invalid_json",
        /// A line that is no CSV row of the header's width.
        InvalidCsv = "invalid_csv",
        /// The file could not be opened or read.
        UnreadableFile = "unreadable_file",
        /// A column that the mapping or feed needs is not there.
        MissingColumn = "missing_column",
        /// A value that the feed needs is empty.
        MissingValue = "missing_value",
        /// A value of the wrong form.
        InvalidValue = "invalid_value",
        /// A time that is none.
        InvalidTime = "invalid_time",
        /// No time, and the source has no `default_date`.
        NoTime = "no_time",
        /// A time far after the run's date.
        FutureDate = "future_date",
        /// A time before 1990.
        AncientDate = "ancient_date",
        /// The conversation has no message with text.
        EmptyConversation = "empty_conversation",
        /// The same id with other content and no newer `updated_at`.
        ConflictingDuplicate = "conflicting_duplicate",
        /// A role that the mapping does not know.
        UnknownRole = "unknown_role",
        /// A row that refers to something that is not there.
        Orphan = "orphan",
        /// A row longer than `max_row_bytes`.
        TooLarge = "too_large",
        /// A file without a single row.
        EmptyFile = "empty_file",
    }
    /// The stages of a run.
    Stage {
        /// Read exports.
        Ingest = "ingest",
        /// Tag conversations.
        Tag = "tag",
        /// Repeats and links.
        Journey = "journey",
        /// Recurring issues.
        Issues = "issues",
        /// Counts, scorecards, effects.
        Insight = "insight",
    }
}
