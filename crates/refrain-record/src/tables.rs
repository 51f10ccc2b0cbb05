//! Every table of the lake, one struct each. A field's doc comment is its column's documentation.
//!
//! Times are UTC; `date` is the local date in the shop's zone; `_s` columns are whole seconds;
//! money columns share the row's `currency`. Keys start with the shop, nothing sums across currencies.

use crate::row::tables;
#[allow(clippy::wildcard_imports, reason = "the vocabulary of the columns")]
use crate::*;

tables! {
    /// One row per conversation: what the source says of it and what follows from its messages and events alone.
    Conversation = "conversations", key [shop_id, source, conversation_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Id inside the source; made from the row's content where the source has none.
        conversation_id: ConversationId,
        /// Local date of the first message.
        date: Date,
        /// Channel.
        channel: Channel,
        /// Main language of the customer's public messages; null when too short to tell.
        language: Option<Language>,
        /// Keyed HMAC of the customer; null when the source names none.
        customer_key: Option<CustomerKey>,
        /// Redacted subject line.
        subject: Option<String>,
        /// Time of the first message; null when the source has no times.
        started_at: Option<Timestamp>,
        /// Time of the last message or closing event known at the run's date.
        ended_at: Option<Timestamp>,
        /// Latest change according to the source.
        updated_at: Option<Timestamp>,
        /// Who began it: `customer`, `agent` (outbound), `bot` or `system`.
        initiated_by: AuthorRole,
        /// How it ended.
        end_reason: EndReason,
        /// Author of the last public message.
        last_author: Option<AuthorRole>,
        /// Messages of any kind.
        num_messages: i64,
        /// Public messages by the customer.
        num_customer_messages: i64,
        /// Public messages by agents.
        num_agent_messages: i64,
        /// Public messages by bots.
        num_bot_messages: i64,
        /// Messages that only agents see.
        num_internal_notes: i64,
        /// Distinct agents who wrote publicly; null when the source does not tell agents apart.
        num_agents: Option<i64>,
        /// Times it was passed from one agent or team to another.
        num_transfers: i64,
        /// Times it was opened again after being solved or closed.
        num_reopens: i64,
        /// First customer message to first public agent message, calendar seconds; null when never answered by a person, outbound, or without times.
        first_response_s: Option<i64>,
        /// The same inside the shop's opening hours; null also when the shop has none.
        first_response_business_s: Option<i64>,
        /// First customer message to first public bot message.
        first_bot_response_s: Option<i64>,
        /// Longest wait of the customer for a person after a message of theirs.
        wait_s_max: Option<i64>,
        /// First message to first solved or closed event.
        first_resolution_s: Option<i64>,
        /// First message to last solved or closed event; null while open.
        full_resolution_s: Option<i64>,
        /// Time an agent spent on it.
        handle_s: Option<i64>,
        /// How `handle_s` was obtained.
        handle_s_method: HandleMethod,
        /// Length of the call as the source measured it.
        call_duration_s: Option<i64>,
        /// A bot wrote in it.
        bot_involved: bool,
        /// When a bot's part passed to a person; null when it never did.
        handover_at: Option<Timestamp>,
        /// `messages.seq` of the first agent message after the bot's part.
        handover_turn: Option<i64>,
        /// Why it passed.
        handover_reason: Option<HandoverReason>,
        /// Bot messages that say it did not understand.
        num_bot_fallbacks: i64,
        /// The customer asked for a supervisor, or an event says so.
        escalation_requested: bool,
        /// When a supervisor joined.
        escalated_at: Option<Timestamp>,
        /// Whether the first message came inside opening hours; null without hours or times.
        in_business_hours: Option<bool>,
        /// No agent or bot ever answered publicly.
        never_answered: bool,
        /// A satisfaction survey was sent; null when the source does not say.
        survey_sent: Option<bool>,
        /// Latest rating on a scale from 0 (worst) to 1 (best); null when unrated.
        csat: Option<f64>,
        /// Whether that rating counts as satisfied (top two of five, or `good`).
        csat_satisfied: Option<bool>,
        /// Order ids that the source names or the messages mention and that exist in the shop.
        order_ids: Vec<String>,
        /// Tags that the source system had set.
        source_tags: Vec<String>,
        /// Earlier conversation of the same source that this one follows up.
        follows_up: Option<ConversationId>,
        /// Conversation that this one was merged into.
        merged_into: Option<ConversationId>,
        /// Counts as a customer contact: not spam, not merged away, not outbound, not automatic.
        is_contact: bool,
        /// Some messages are missing: the source cut the thread or announced more than it sent.
        is_incomplete: bool,
        /// Digest of all that a tagger reads, for telling what changed.
        content_digest: String,
    }

    /// One row per message, in the order of the conversation.
    Message = "messages", key [shop_id, source, conversation_id, seq], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Conversation.
        conversation_id: ConversationId,
        /// Position in the conversation, from 0, by time and then by the source's order.
        seq: i64,
        /// Local date of the conversation's first message.
        date: Date,
        /// Id inside the conversation; made from its place where the source has none.
        message_id: MessageId,
        /// When it was sent; null when the source has no times.
        sent_at: Option<Timestamp>,
        /// Who wrote it.
        author_role: AuthorRole,
        /// Keyed HMAC of the author.
        author_key: Option<AuthorKey>,
        /// Whether the customer could read it.
        visibility: Visibility,
        /// Redacted text.
        text: String,
    }

    /// One row per status or assignment event of a conversation.
    ConversationEvent = "conversation_events", key [shop_id, source, conversation_id, at, event_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Conversation.
        conversation_id: ConversationId,
        /// When.
        at: Timestamp,
        /// Id inside the conversation; made from kind and place where the source has none.
        event_id: String,
        /// Local date of the event.
        date: Date,
        /// What happened.
        kind: ConversationEventKind,
        /// Role of who did it.
        actor_role: Option<AuthorRole>,
        /// Keyed HMAC of who did it, or to whom it was assigned.
        actor_key: Option<AuthorKey>,
        /// Team it was assigned to.
        team: Option<Label>,
        /// Other conversation of a merge.
        other_conversation_id: Option<ConversationId>,
    }

    /// One row per rating.
    Rating = "ratings", key [shop_id, source, conversation_id, rating_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Rated conversation.
        conversation_id: ConversationId,
        /// Id inside the source; made from conversation and time where the source has none.
        rating_id: String,
        /// Local date of the rating, or of the conversation when it has no time.
        date: Date,
        /// When it was given.
        rated_at: Option<Timestamp>,
        /// From 0 (worst) to 1 (best).
        score: f64,
        /// The rating as the source writes it.
        raw: Label,
        /// Counts as satisfied.
        is_satisfied: bool,
        /// Redacted comment.
        comment: Option<String>,
    }

    /// One row per order.
    Order = "orders", key [shop_id, source, order_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Order.
        order_id: OrderId,
        /// Local date of the order.
        date: Date,
        /// When it was placed.
        ordered_at: Timestamp,
        /// Latest change according to the source.
        updated_at: Option<Timestamp>,
        /// Keyed HMAC of the customer.
        customer_key: Option<CustomerKey>,
        /// Total in shop money.
        total: Option<Amount>,
        /// Shipping in shop money.
        shipping: Option<Amount>,
        /// Discount in shop money.
        discount: Option<Amount>,
        /// Currency of the row.
        currency: Label,
        /// Discount code.
        discount_code: Option<Label>,
        /// Sales channel.
        sales_channel: Option<Label>,
        /// Carrier.
        carrier: Option<Label>,
        /// Payment method.
        payment_method: Option<Label>,
        /// Destination country.
        country: Option<Label>,
        /// Campaign that the source credits.
        campaign_id: Option<CampaignId>,
        /// When it was shipped.
        shipped_at: Option<Timestamp>,
        /// When it was delivered.
        delivered_at: Option<Timestamp>,
        /// When it was cancelled.
        cancelled_at: Option<Timestamp>,
        /// A test order; kept, never counted.
        is_test: bool,
    }

    /// One row per order line.
    OrderLine = "order_lines", key [shop_id, source, order_id, line_no], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Order.
        order_id: OrderId,
        /// Line, from 1.
        line_no: i64,
        /// Local date of the order.
        date: Date,
        /// Stock-keeping unit.
        sku: Option<Sku>,
        /// Product name as the source writes it.
        title: Option<String>,
        /// Product category.
        category: Option<Label>,
        /// Units; negative for corrections.
        quantity: i64,
        /// Price of one unit in shop money.
        unit_price: Option<Amount>,
        /// Currency of the row.
        currency: Label,
    }

    /// One row per checkout (cart), recovered ones included.
    Checkout = "checkouts", key [shop_id, source, checkout_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Checkout.
        checkout_id: CheckoutId,
        /// Local date of its last activity.
        date: Date,
        /// When it began.
        created_at: Option<Timestamp>,
        /// Last activity.
        updated_at: Timestamp,
        /// Keyed HMAC of the customer.
        customer_key: Option<CustomerKey>,
        /// Value in shop money.
        value: Option<Amount>,
        /// Currency of the row.
        currency: Label,
        /// When it became an order; null while it has not.
        completed_at: Option<Timestamp>,
        /// Order it became.
        order_id: Option<OrderId>,
        /// Last step reached: cart, address, shipping, payment, ...
        step: Option<Label>,
        /// Abandoned as of the run's date: not completed and quiet for `abandon_after_h` hours; null until that much time has passed.
        is_abandoned: Option<bool>,
    }

    /// One row per return, refund or cancellation.
    Return = "returns", key [shop_id, source, return_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Return.
        return_id: ReturnId,
        /// Local date on which it was opened.
        date: Date,
        /// When it was opened.
        opened_at: Timestamp,
        /// Order.
        order_id: Option<OrderId>,
        /// Keyed HMAC of the customer; from the order where the return names none.
        customer_key: Option<CustomerKey>,
        /// What it is; a cancellation is no return.
        kind: ReturnKind,
        /// Reason as the source writes it.
        reason: Option<Label>,
        /// Stock-keeping unit, when the source returns by line.
        sku: Option<Sku>,
        /// Refund in shop money.
        refund: Option<Amount>,
        /// Currency of the row.
        currency: Label,
    }

    /// One row per campaign, planned ones included.
    Campaign = "campaigns", key [shop_id, source, campaign_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Campaign.
        campaign_id: CampaignId,
        /// Name.
        name: String,
        /// Type: sale, launch, reactivation, newsletter, ...
        campaign_type: Option<Label>,
        /// Channel it is sent on.
        channel: Option<Label>,
        /// Discount code it carries.
        code: Option<Label>,
        /// Landing page.
        url: Option<String>,
        /// First send or start.
        starts_at: Option<Timestamp>,
        /// End.
        ends_at: Option<Timestamp>,
        /// Starts after the run's date.
        is_planned: bool,
        /// Recipients planned or reported by the source.
        recipients: Option<i64>,
    }

    /// One row per campaign send to one recipient, hold-outs included.
    Send = "sends", key [shop_id, source, campaign_id, send_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Campaign.
        campaign_id: CampaignId,
        /// Id inside the campaign; made from the recipient where the source has none.
        send_id: String,
        /// Local date of the send.
        date: Date,
        /// When it was sent, or would have been to a hold-out.
        sent_at: Timestamp,
        /// Keyed HMAC of the recipient.
        customer_key: Option<CustomerKey>,
        /// In the control group that got nothing.
        is_holdout: bool,
    }

    /// One row per reaction to a campaign.
    CampaignEvent = "campaign_events", key [shop_id, source, campaign_id, event_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Campaign.
        campaign_id: CampaignId,
        /// Id inside the campaign; made from recipient, kind and time where the source has none.
        event_id: String,
        /// Local date.
        date: Date,
        /// When.
        at: Timestamp,
        /// Keyed HMAC of the recipient.
        customer_key: Option<CustomerKey>,
        /// What happened.
        kind: CampaignEventKind,
    }

    /// One row per FAQ or help-centre entry.
    FaqEntry = "faq_entries", key [shop_id, source, faq_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Entry.
        faq_id: FaqId,
        /// Title or question.
        title: String,
        /// Body, redacted like conversation text.
        body: String,
        /// Address.
        url: Option<String>,
        /// Language.
        language: Option<Language>,
        /// Owning team.
        owner: Option<Label>,
        /// First published.
        published_at: Option<Timestamp>,
        /// Last changed.
        updated_at: Option<Timestamp>,
    }

    /// One row per help-centre search.
    HelpSearch = "help_searches", key [shop_id, source, search_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Id inside the source; made from the row's content where the source has none.
        search_id: String,
        /// Local date.
        date: Date,
        /// When.
        at: Timestamp,
        /// Keyed HMAC of the visitor, when known.
        customer_key: Option<CustomerKey>,
        /// Redacted query.
        query: String,
        /// Results shown.
        num_results: Option<i64>,
        /// Entry that was opened.
        clicked_faq_id: Option<FaqId>,
        /// Language.
        language: Option<Language>,
    }

    /// One row per customer key and identity: how keys of several sources become one person.
    Identity = "identities", key [shop_id, source, customer_key, kind, identity_hash], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Source that knows the customer by this identity.
        source: SourceId,
        /// Customer.
        customer_key: CustomerKey,
        /// Kind of identity.
        kind: IdentityKind,
        /// Keyed HMAC of the normalised identity.
        identity_hash: String,
        /// Person: smallest customer key among those joined by shared identities.
        person_key: PersonKey,
        /// The identity has too many customers to be one person's; it joins nothing.
        is_shared: bool,
        /// First local date it was seen; null when its rows have no time.
        first_seen: Option<Date>,
    }

    /// One row per conversation and tag.
    ConversationTag = "conversation_tags", key [shop_id, source, conversation_id, facet, tag, method], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Conversation.
        conversation_id: ConversationId,
        /// Local date of the conversation.
        date: Date,
        /// Tag path; roll-ups are its prefixes.
        tag: TagPath,
        /// Group of the tag.
        facet: Facet,
        /// What set it; a tag set by rule and model has two rows.
        method: TagMethod,
        /// Calibrated probability for a model; for a rule the trust that a model learned in it, else its weight; 1 for people
        /// and sources.
        score: f64,
        /// Rule, model, person or source that set it.
        set_by: Label,
        /// `messages.seq` of the evidence; null when the whole conversation is.
        evidence_seq: Option<i64>,
        /// First Unicode scalar of the evidence in the redacted message.
        evidence_start: Option<i64>,
        /// One past the last Unicode scalar of the evidence.
        evidence_end: Option<i64>,
    }

    /// One row per conversation: what the stages found out, some of it only after a while.
    ConversationOutcome = "conversation_outcomes", key [shop_id, source, conversation_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Conversation.
        conversation_id: ConversationId,
        /// Local date of the conversation.
        date: Date,
        /// Person; null without identity.
        person_key: Option<PersonKey>,
        /// Topic tags, best first.
        tags: Vec<String>,
        /// Best topic tag.
        top_tag: Option<TagPath>,
        /// Act facet.
        act: Option<TagPath>,
        /// Stage facet.
        stage: Option<TagPath>,
        /// Follows an earlier contact about the same issue within 1 day; null without trackable identity.
        is_repeat_1d: Option<bool>,
        /// The same within 7 days.
        is_repeat_7d: Option<bool>,
        /// The same within 14 days.
        is_repeat_14d: Option<bool>,
        /// The same within 30 days.
        is_repeat_30d: Option<bool>,
        /// Resolved with no further contact about the same issue within 1 day; null until mature, or without trackable identity.
        fcr_1d: Option<bool>,
        /// The same within 7 days.
        fcr_7d: Option<bool>,
        /// The same within 14 days.
        fcr_14d: Option<bool>,
        /// The same within 30 days.
        fcr_30d: Option<bool>,
        /// Solved after exactly one public agent message.
        is_one_touch: Option<bool>,
        /// A bot took part, nobody had to take over, and nobody came back about it within 7 days; null until mature.
        bot_contained: Option<bool>,
        /// Orders of the person before the contact; null without identity.
        customer_orders_before: Option<i64>,
        /// Channels the person used in the 30 days up to the contact.
        customer_channels_30d: Option<i64>,
        /// Previous contact of the person.
        prev_conversation_id: Option<ConversationId>,
        /// Whole days since that contact.
        days_since_prev: Option<i64>,
        /// Issue it belongs to.
        issue_id: Option<IssueId>,
        /// Names of columns that still wait for time to pass.
        waits_for: Vec<String>,
    }

    /// One row per later contact of a person that follows an earlier one within the longest window.
    RepeatLink = "repeat_links", key [shop_id, source, conversation_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source of the later contact.
        source: SourceId,
        /// Later contact.
        conversation_id: ConversationId,
        /// Local date of the later contact.
        date: Date,
        /// Person.
        person_key: PersonKey,
        /// Source of the earlier contact.
        prior_source: SourceId,
        /// Earlier contact.
        prior_conversation_id: ConversationId,
        /// How it relates.
        kind: RepeatKind,
        /// Whether both are about the same matter.
        same_issue: bool,
        /// Strongest evidence for that.
        match_reason: MatchReason,
        /// Strength of the evidence from 0 to 1; the text similarity for `text`.
        score: f64,
        /// Start of the earlier to start of the later, seconds; null without times.
        gap_s: Option<i64>,
        /// Topic tag that both share.
        tag: Option<TagPath>,
        /// The two are on different channels.
        is_cross_channel: bool,
    }

    /// One row per contact and order: the orders mentioned, the last before and the first after.
    LinkOrder = "link_order", key [shop_id, source, conversation_id, order_source, order_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source of the contact.
        source: SourceId,
        /// Contact.
        conversation_id: ConversationId,
        /// Local date of the contact.
        date: Date,
        /// Source of the order.
        order_source: SourceId,
        /// Order.
        order_id: OrderId,
        /// Order time minus contact time, seconds: negative when the order came first.
        gap_s: Option<i64>,
        /// The person's first order after the contact.
        is_next_order: bool,
        /// That order within 1 day; null until a day has passed.
        within_1d: Option<bool>,
        /// Within 3 days.
        within_3d: Option<bool>,
        /// Within 7 days.
        within_7d: Option<bool>,
        /// Within 14 days.
        within_14d: Option<bool>,
        /// The longest window lies in the past.
        matured: bool,
        /// How it was tied.
        matched_by: LinkMethod,
    }

    /// One row per contact and checkout of the same person within the window.
    LinkCart = "link_cart", key [shop_id, source, conversation_id, checkout_source, checkout_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source of the contact.
        source: SourceId,
        /// Contact.
        conversation_id: ConversationId,
        /// Local date of the contact.
        date: Date,
        /// Source of the checkout.
        checkout_source: SourceId,
        /// Checkout.
        checkout_id: CheckoutId,
        /// Last activity of the checkout minus contact time, seconds: negative when the cart came first.
        gap_s: i64,
        /// Step at which the checkout stands.
        step: Option<Label>,
        /// Abandoned as of the run's date; null until that can be said.
        is_abandoned: Option<bool>,
        /// Became an order after the contact.
        recovered_after: bool,
        /// The abandonment delay lies in the past.
        matured: bool,
    }

    /// One row per contact and return that it may precede or follow.
    LinkReturn = "link_return", key [shop_id, source, conversation_id, return_source, return_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source of the contact.
        source: SourceId,
        /// Contact.
        conversation_id: ConversationId,
        /// Local date of the contact.
        date: Date,
        /// Source of the return.
        return_source: SourceId,
        /// Return.
        return_id: ReturnId,
        /// Order returned.
        order_id: Option<OrderId>,
        /// Return opened minus contact time, seconds: positive when the contact came first.
        gap_s: i64,
        /// The contact came before the return was opened.
        contact_before_return: bool,
        /// Reason of the return.
        return_reason: Option<Label>,
        /// Nobody answered the contact within a day, or ever.
        slow_reply: Option<bool>,
        /// The contact did not end resolved.
        unresolved: bool,
        /// How it was tied.
        matched_by: LinkMethod,
    }

    /// One row per contact and campaign that reached the person before it, or that the text mentions.
    LinkCampaign = "link_campaign", key [shop_id, source, conversation_id, campaign_source, campaign_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source of the contact.
        source: SourceId,
        /// Contact.
        conversation_id: ConversationId,
        /// Local date of the contact.
        date: Date,
        /// Source of the campaign.
        campaign_source: SourceId,
        /// Campaign.
        campaign_id: CampaignId,
        /// When it was sent to the person; null when only mentioned.
        sent_at: Option<Timestamp>,
        /// Send time minus contact time, seconds: negative, as the send comes first.
        gap_s: Option<i64>,
        /// Code, URL or name stands in the customer's text.
        mentioned_in_text: bool,
        /// Campaigns that reached the person in the same window, this one included.
        num_overlapping: i64,
        /// How it was tied.
        matched_by: LinkMethod,
    }

    /// One row per recurring issue, living or not.
    Issue = "issues", key [shop_id, issue_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Issue; never reused.
        issue_id: IssueId,
        /// The issue that stands for it after merges; itself otherwise.
        canonical_id: IssueId,
        /// The same problem in several languages.
        issue_family_id: IssueId,
        /// Readable title made of distinctive phrases, or the owner's.
        name: String,
        /// State.
        status: IssueStatus,
        /// Language of most members.
        language: Option<Language>,
        /// Distinctive terms, best first.
        terms: Vec<String>,
        /// Members that show it best, as `source/conversation_id`.
        example_ids: Vec<String>,
        /// Most frequent topic tag of its members.
        top_tag: Option<TagPath>,
        /// Share of members that carry that tag.
        top_tag_share: Option<f64>,
        /// Owning team, from the tag or the owner's decision.
        owner: Option<Label>,
        /// FAQ address that answers it.
        faq_url: Option<String>,
        /// Date of the first member.
        first_seen: Date,
        /// Date of the last member.
        last_seen: Date,
        /// Night on which it was born.
        born_on: Date,
        /// Members so far.
        num_conversations: i64,
        /// Distinct persons among them; conversations without identity count one each.
        num_customers: i64,
        /// Members in the 28 days up to the run's date.
        num_conversations_28d: i64,
    }

    /// One row per conversation with a request: its issue, or the nearest one.
    IssueMember = "issue_members", key [shop_id, source, conversation_id], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Conversation.
        conversation_id: ConversationId,
        /// Local date of the conversation.
        date: Date,
        /// Member, or nearest only.
        kind: MembershipKind,
        /// Issue as assigned, or as moved by a split; null when it belongs to none.
        issue_id: Option<IssueId>,
        /// Nearest issue, the assigned one included; null before the first issue is born.
        nearest_issue_id: Option<IssueId>,
        /// Cosine similarity to the nearest issue's centre when it was assigned.
        similarity: Option<f64>,
        /// `messages.seq` of the message that states the request.
        request_seq: i64,
        /// Night on which it was first assigned; without an issue, the last night that looked for one.
        assigned_on: Date,
        /// Issues that splits moved it out of, oldest first; empty for most. `issue_lineage` says when.
        moved_from: Vec<String>,
    }

    /// One row per thing that happened to an issue.
    IssueLineage = "issue_lineage", key [shop_id, date, issue_id, event, other_issue_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Night.
        date: Date,
        /// Issue.
        issue_id: IssueId,
        /// What happened.
        event: LineageEvent,
        /// The other issue of a merge or split.
        other_issue_id: Option<IssueId>,
        /// Members on which the event rests.
        num_members: i64,
        /// Share or similarity on which it rests.
        evidence: Option<f64>,
        /// `night` for the clustering, `decision` for an owner.
        cause: Label,
    }

    /// One row per issue and day with members, and alarm days without.
    IssueDaily = "issue_daily", key [shop_id, issue_id, date], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Canonical issue.
        issue_id: IssueId,
        /// Local date.
        date: Date,
        /// Conversations.
        num_conversations: i64,
        /// Distinct persons; conversations without identity count one each.
        num_customers: i64,
        /// Contacts that follow an earlier one about the same issue within 7 days.
        num_repeat_7d: i64,
        /// Handling time, measured and estimated, split evenly when a conversation has several issues.
        handle_s: i64,
        /// Share of `handle_s` that is estimated; null when there is none.
        handle_s_estimated_share: Option<f64>,
        /// Expected conversations from the 28 days before, by weekday and campaigns sent; around a peak of the shop's
        /// calendar by the orders before; null with too little history.
        expected: Option<f64>,
        /// Lower end of the 95 % prediction interval.
        expected_lo: Option<f64>,
        /// Upper end.
        expected_hi: Option<f64>,
        /// Conversations per 100 orders of the shop on that day; null without orders.
        per_100_orders: Option<f64>,
        /// Whether the day, or the week that ends on it, is out of the ordinary.
        alarm: Alarm,
    }

    /// One row per tag and day: a leaf, a roll-up, an act, a stage, or `all` for the shop's total.
    TagDaily = "tag_daily", key [shop_id, facet, tag, date], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Group of the tag.
        facet: Facet,
        /// Tag path or prefix; `all` counts every contact once, `none` those without a topic.
        tag: TagPath,
        /// Local date.
        date: Date,
        /// The tag has tags below it; a conversation counts once however many of them it carries.
        is_rollup: bool,
        /// Conversations.
        num_conversations: i64,
        /// Distinct persons; conversations without identity count one each.
        num_customers: i64,
        /// Public customer messages in them.
        num_customer_messages: i64,
        /// Share of all contacts of the day.
        share: f64,
        /// Lower end of the 95 % Wilson interval of `share`.
        share_lo: f64,
        /// Upper end.
        share_hi: f64,
        /// Rank of the day among leaves (or among roll-ups); ties by tag; 0 for `all` and `none`.
        rank: i64,
        /// Rated conversations.
        num_rated: i64,
        /// Satisfied among them.
        num_satisfied: i64,
        /// Lower end of the 95 % Wilson interval of satisfied over rated; null when none is rated.
        satisfied_lo: Option<f64>,
        /// Upper end.
        satisfied_hi: Option<f64>,
        /// Conversations without a rating.
        num_unrated: i64,
        /// Contacts that follow an earlier one about the same issue within 7 days, looking back.
        num_repeat_7d: i64,
        /// Contacts whose next 7 days are known.
        num_matured_7d: i64,
        /// Of those, how many were followed by another about the same issue.
        num_followed_7d: i64,
        /// Median handling time; null when absent.
        handle_s_p50: Option<i64>,
        /// Handling time in sum.
        handle_s: i64,
        /// Share of `handle_s` that is estimated; null when there is none.
        handle_s_estimated_share: Option<f64>,
        /// Conversations in which a bot took part.
        num_bot: i64,
        /// Of those, how many passed to a person.
        num_handover: i64,
        /// Resolved, not followed by another about the same issue within 7 days, not rated badly; matured ones only.
        num_success: i64,
        /// Contacts per 100 orders of the shop on that day; null without orders.
        per_100_orders: Option<f64>,
        /// Expected conversations from the 28 days before, by weekday and campaigns sent; around a peak of the shop's
        /// calendar by the orders before; null with too little history.
        expected: Option<f64>,
        /// Lower end of the 95 % prediction interval.
        expected_lo: Option<f64>,
        /// Upper end.
        expected_hi: Option<f64>,
        /// Whether the day, or the week that ends on it, is out of the ordinary.
        alarm: Alarm,
        /// Version of taxonomy, rulebook and model that tagged the whole series: a night with another tags and counts
        /// all of it anew.
        tagger_version: Label,
    }

    /// One row per tag and hour with far more contacts than its day and hour of the week would bring; all other hours
    /// have none.
    TagSpike = "tag_spikes", key [shop_id, tag, hour_at], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Topic or prefix; `all` counts every contact once.
        tag: TagPath,
        /// Local date.
        date: Date,
        /// Start of the hour.
        hour_at: Timestamp,
        /// Conversations that began in it.
        num_conversations: i64,
        /// Expected conversations: those of the day times the hour's usual share of its weekday.
        expected: f64,
        /// Upper end of the 95 % prediction interval.
        expected_hi: f64,
        /// Distinct persons; conversations without identity count one each.
        num_customers: i64,
        /// Conversations of the tag on that day up to the end of the hour.
        num_so_far: i64,
    }

    /// One row per pair of topic tags that share conversations, over the whole history.
    TagCooccurrence = "tag_cooccurrence", key [shop_id, tag, other_tag], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Tag that sorts first.
        tag: TagPath,
        /// The other tag.
        other_tag: TagPath,
        /// Contacts with both.
        num_both: i64,
        /// Contacts with `tag`.
        num_tag: i64,
        /// Contacts with `other_tag`.
        num_other: i64,
        /// All contacts.
        num_all: i64,
        /// `num_both * num_all / (num_tag * num_other)`.
        lift: f64,
        /// Lower end of the 95 % interval of the relative risk of `other_tag` given `tag`; null when refused.
        rr_lo: Option<f64>,
        /// Upper end.
        rr_hi: Option<f64>,
        /// Benjamini-Hochberg adjusted p over the shop's pairs; null when refused.
        q: Option<f64>,
        /// Whether it could be estimated.
        status: EstimateStatus,
    }

    /// One row per channel and month; `period` is its first day.
    ChannelScorecard = "channel_scorecard", key [shop_id, channel, date], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Channel.
        channel: Channel,
        /// First day of the month.
        date: Date,
        /// Contacts (the V of volume).
        num_conversations: i64,
        /// Distinct persons; conversations without identity count one each.
        num_customers: i64,
        /// Share of the month's contacts.
        share: f64,
        /// Lower end of its 95 % Wilson interval.
        share_lo: f64,
        /// Upper end.
        share_hi: f64,
        /// Daily volume in the shop's peak weeks over the rest of its history; null without peaks.
        peak_index: Option<f64>,
        /// Contacts answered by a person.
        num_answered: i64,
        /// Contacts never answered by anybody.
        num_never_answered: i64,
        /// Median first response of a person; null when none.
        first_response_s_p50: Option<i64>,
        /// 90th percentile.
        first_response_s_p90: Option<i64>,
        /// Median inside opening hours.
        first_response_business_s_p50: Option<i64>,
        /// Contacts answered within 10 minutes.
        num_frt_within_10m: i64,
        /// Within 30 minutes.
        num_frt_within_30m: i64,
        /// Within 60 minutes.
        num_frt_within_60m: i64,
        /// Median time to full resolution (the V of velocity).
        full_resolution_s_p50: Option<i64>,
        /// Contacts ended resolved.
        num_resolved: i64,
        /// Contacts the customer left.
        num_customer_left: i64,
        /// Rated contacts.
        num_rated: i64,
        /// Satisfied among them.
        num_satisfied: i64,
        /// Satisfied over rated; null when none is rated.
        csat: Option<f64>,
        /// Lower end of its 95 % Wilson interval.
        csat_lo: Option<f64>,
        /// Upper end.
        csat_hi: Option<f64>,
        /// Rated over all contacts.
        response_rate: f64,
        /// `csat` if every unrated contact were dissatisfied; given when under 30 % responded.
        csat_if_unrated_bad: Option<f64>,
        /// `csat` if every unrated contact were satisfied; given when under 30 % responded.
        csat_if_unrated_good: Option<f64>,
        /// `csat` minus that of all other channels.
        csat_diff_vs_rest: Option<f64>,
        /// Lower end of its 95 % Newcombe interval.
        csat_diff_lo: Option<f64>,
        /// Upper end.
        csat_diff_hi: Option<f64>,
        /// Contacts whose next 7 days are known and whose person is known.
        num_matured_7d: i64,
        /// Of those, followed by another about the same issue.
        num_followed_7d: i64,
        /// Contacts with trackable identity over all: how much of FCR can be seen.
        fcr_observable_share: f64,
        /// Contacts outside opening hours; null without hours.
        num_out_of_hours: Option<i64>,
        /// Share of complaints (the V of variety).
        complaint_share: Option<f64>,
        /// Share before the purchase.
        pre_purchase_share: Option<f64>,
        /// Handling time in hours.
        handle_h: Option<f64>,
        /// Share of it that is estimated.
        handle_h_estimated_share: Option<f64>,
        /// Customer messages per contact.
        customer_messages_mean: f64,
    }

    /// One row per source, topic tag and month over conversations with a bot; tag `all` is the total.
    BotScorecard = "bot_scorecard", key [shop_id, source, tag, date], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// Topic tag, or `all`.
        tag: TagPath,
        /// First day of the month.
        date: Date,
        /// Conversations with a bot.
        num_conversations: i64,
        /// Of those, passed to a person.
        num_handover: i64,
        /// Share passed.
        handover_rate: f64,
        /// Lower end of its 95 % Wilson interval.
        handover_lo: f64,
        /// Upper end.
        handover_hi: f64,
        /// Median turn at which it passed.
        handover_turn_p50: Option<i64>,
        /// Passed because the customer asked.
        num_customer_asked: i64,
        /// Conversations in which the bot did not understand at least once.
        num_fallback: i64,
        /// Share of those.
        fallback_rate: f64,
        /// Ended by the customer leaving.
        num_customer_left: i64,
        /// Ended by the bot's time-out.
        num_bot_timeout: i64,
        /// Contained conversations whose next 7 days are known.
        num_matured_7d: i64,
        /// Contained: no handover and no contact about the same issue within 7 days on any channel.
        num_contained: i64,
        /// Contained over matured; null when none is.
        contained_rate: Option<f64>,
        /// Lower end of its 95 % Wilson interval.
        contained_lo: Option<f64>,
        /// Upper end.
        contained_hi: Option<f64>,
    }

    /// One row per eligible unit and exposure, `none` for the unexposed: the comparison group of every estimate.
    ///
    /// The units of an estimate for exposure E are all rows of its outcome and exposure kind, once per unit;
    /// exposed are those with a row for E. A `campaign` is compared inside its own stratum only (its hold-outs);
    /// a unit of `campaign_type` is a campaign, its outcome a contact rate above the median of the shop's campaigns.
    EffectUnit = "effect_units", key [shop_id, outcome, exposure_kind, unit_id, exposure], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Outcome.
        outcome: Outcome,
        /// Kind of exposure.
        exposure_kind: ExposureKind,
        /// Unit, as `source/id` of an order, checkout, conversation or send.
        unit_id: String,
        /// What it was exposed to; `none` when to nothing of this kind.
        exposure: Label,
        /// Local date of the index time.
        date: Date,
        /// From when on the outcome counts.
        index_at: Timestamp,
        /// Person; null without identity.
        person_key: Option<PersonKey>,
        /// Whether the outcome came.
        has_outcome: bool,
        /// Index time to outcome, seconds; null without outcome, and for outcomes without a time of their own.
        outcome_after_s: Option<i64>,
        /// Stratum for adjusted estimates: month, channel, new or returning; the campaign for exposures to campaigns.
        stratum: Label,
        /// The whole outcome window lies in the past.
        matured: bool,
    }

    /// One row per estimate: exposed against baseline, or why it is refused.
    EffectEstimate = "effect_estimates", key [shop_id, outcome, exposure_kind, exposure, evidence_level, window_days], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Outcome.
        outcome: Outcome,
        /// Kind of exposure.
        exposure_kind: ExposureKind,
        /// Exposure.
        exposure: Label,
        /// Rung of evidence.
        evidence_level: EvidenceLevel,
        /// Days between exposure and outcome that count.
        window_days: i64,
        /// Whether it could be given.
        status: EstimateStatus,
        /// Exposed, matured units.
        num_exposed: i64,
        /// With the outcome among them.
        num_exposed_outcome: i64,
        /// Unexposed, matured units.
        num_baseline: i64,
        /// With the outcome among them.
        num_baseline_outcome: i64,
        /// Distinct persons among all units.
        num_persons: i64,
        /// Share with the outcome among the exposed.
        rate_exposed: Option<f64>,
        /// Lower end of its 95 % Wilson interval.
        rate_exposed_lo: Option<f64>,
        /// Upper end.
        rate_exposed_hi: Option<f64>,
        /// Share with the outcome among the unexposed.
        rate_baseline: Option<f64>,
        /// Lower end of its 95 % Wilson interval.
        rate_baseline_lo: Option<f64>,
        /// Upper end.
        rate_baseline_hi: Option<f64>,
        /// Risk difference, exposed minus baseline.
        risk_difference: Option<f64>,
        /// Lower end of its 95 % Newcombe interval (of Greenland and Robins when stratified), widened where persons repeat.
        risk_difference_lo: Option<f64>,
        /// Upper end.
        risk_difference_hi: Option<f64>,
        /// Relative risk, exposed over baseline.
        relative_risk: Option<f64>,
        /// Lower end of its 95 % Katz log interval (of Greenland and Robins when stratified), widened where persons repeat.
        relative_risk_lo: Option<f64>,
        /// Upper end.
        relative_risk_hi: Option<f64>,
        /// Two-sided p of the relative risk.
        p: Option<f64>,
        /// Benjamini-Hochberg adjusted p inside the family; Benjamini-Yekutieli for channels, which exclude each other.
        q: Option<f64>,
        /// Family of the adjustment.
        family: Label,
        /// Estimates in the family.
        num_family: i64,
        /// Units with a known person over all units; 1 where the unit is a campaign.
        match_rate: f64,
        /// Crude and stratified estimates differ in sign or by more than 20 %.
        simpson_flag: Option<bool>,
    }

    /// One row per step of the purchase journey and week. Not written yet.
    JourneyStep = "journey_steps", key [shop_id, step, date], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Step: cart, address, shipping, payment, delivered, kept.
        step: Label,
        /// First day of the week.
        date: Date,
        /// Customers who entered.
        num_entered: i64,
        /// Customers lost there.
        num_lost: i64,
        /// Usual share lost.
        usual_rate: Option<f64>,
        /// Lower end of its 95 % interval.
        usual_rate_lo: Option<f64>,
        /// Upper end.
        usual_rate_hi: Option<f64>,
    }

    /// One row per cohort month and horizon: of those whose first order known lies in the month, how many bought again.
    RetentionCohort = "retention_cohort", key [shop_id, date, horizon_days], Dated {
        /// Shop.
        shop_id: ShopId,
        /// First day of the cohort's month.
        date: Date,
        /// Days after the first order.
        horizon_days: i64,
        /// Customers who began.
        num_start: i64,
        /// Customers who bought again within the horizon.
        num_retained: i64,
        /// The horizon lies in the past for all of them.
        matured: bool,
    }

    /// One row per tag: its share in the peak against off-peak and last year. Not written yet.
    YoyShift = "yoy_shift", key [shop_id, tag, date], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Topic tag.
        tag: TagPath,
        /// The peak's date.
        date: Date,
        /// Share off-peak.
        share_offpeak: Option<f64>,
        /// Share in the peak.
        share_peak: Option<f64>,
        /// Log of their ratio.
        log_ratio: Option<f64>,
        /// Lower end of its 95 % interval.
        log_ratio_lo: Option<f64>,
        /// Upper end.
        log_ratio_hi: Option<f64>,
        /// Adjusted p over tags (Benjamini-Yekutieli).
        q: Option<f64>,
        /// Conversations expected in the next peak.
        expected: Option<f64>,
        /// Lower end.
        expected_lo: Option<f64>,
        /// Upper end.
        expected_hi: Option<f64>,
    }

    /// One row per day with campaigns, past and planned. Not written yet.
    CampaignLoad = "campaign_load", key [shop_id, date], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Local date.
        date: Date,
        /// Campaigns live.
        num_live: i64,
        /// Recipients.
        recipients: i64,
        /// Expected contacts.
        expected_contacts: Option<f64>,
        /// Lower end.
        expected_contacts_lo: Option<f64>,
        /// Upper end.
        expected_contacts_hi: Option<f64>,
        /// Expected handling hours.
        expected_handle_h: Option<f64>,
        /// More campaigns than the desk can carry.
        collision_flag: bool,
    }

    /// One row per canonical issue with contacts in the 28 days up to the run's date, and `none` for contacts without an issue.
    ///
    /// A contact has one issue, so conversations, `handle_s` and cost over all rows of a shop are the shop's; where rows
    /// have no cost, theirs is the remainder. The value of a cart or order is split evenly over the contacts it is linked
    /// to, so `value_linked` sums to all that is linked.
    IssueRanking = "issue_ranking", key [shop_id, issue_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Canonical issue; `none` for contacts that belong to no issue.
        issue_id: IssueId,
        /// The same problem in several languages; `none` for `none`. Ranked in `issue_family_ranking`.
        issue_family_id: IssueId,
        /// Place by handling hours, and so by cost, from 1; issues without `handle_h` come last, by conversations; by conversations alone where most handling time of the shop is absent; ties by id; 0 for `none`.
        rank: i64,
        /// First day of the window of 28 days.
        window_from: Date,
        /// Last day of it: the run's date.
        window_to: Date,
        /// Contacts in the window.
        num_conversations: i64,
        /// Distinct persons; conversations without identity count one each.
        num_customers: i64,
        /// Contacts whose next 7 days are known and whose person is known.
        num_matured_7d: i64,
        /// Of those, followed by another about the same issue.
        num_followed_7d: i64,
        /// Followed over matured; null until some are mature.
        repeat_rate_7d: Option<f64>,
        /// Lower end of its 95 % Wilson interval.
        repeat_rate_7d_lo: Option<f64>,
        /// Upper end.
        repeat_rate_7d_hi: Option<f64>,
        /// Handling time, measured and estimated, of the contacts that have one.
        handle_s: i64,
        /// Share of contacts that have a handling time.
        handle_known_share: f64,
        /// Share of `handle_s` that is estimated; null when there is none.
        handle_s_estimated_share: Option<f64>,
        /// `handle_s` in hours; null when more than half of the contacts have no handling time.
        handle_h: Option<f64>,
        /// Currency of the money columns: the shop's.
        currency: Label,
        /// `handle_s` times the shop's hourly cost, rounded so that rows add up; null without hourly cost or `handle_h`.
        cost: Option<Amount>,
        /// Abandoned carts and returned orders linked to its contacts; one linked to several issues counts in each.
        num_linked: i64,
        /// Their value, split evenly over the contacts each is linked to: a mere link, no claim of a cause.
        value_linked: Amount,
        /// The part of it above the comparison group: value times (1 - 1 / relative risk) of the issue's top tag, for contacts that came first (Miettinen 1974, Am. J. Epidemiol. 99:325-332); null unless an estimate of evidence level 2 or more found a raised risk.
        value_excess: Option<Amount>,
        /// The same with the lower end of the relative risk.
        value_excess_lo: Option<Amount>,
        /// With the upper end.
        value_excess_hi: Option<Amount>,
        /// Weakest rung of evidence among the estimates used.
        value_excess_level: Option<EvidenceLevel>,
        /// Linked carts and orders in another currency; they are in no money column.
        num_linked_other_currency: i64,
        /// Contacts in the 28 days before the window.
        num_conversations_before: i64,
        /// Rate of contacts in the window over that of the 28 days before; null when the history is shorter, or was not searched for an issue born in the window.
        trend: Option<f64>,
        /// Lower end of its 95 % log interval, variance by person.
        trend_lo: Option<f64>,
        /// Upper end.
        trend_hi: Option<f64>,
        /// What the rates are per: `order`, placed the shop's median lag of contacts earlier, or `contact` in a shop without orders; null without `trend`.
        trend_per: Option<Label>,
        /// Languages of its contacts, most frequent first.
        languages: Vec<String>,
        /// Channels of its contacts, most frequent first.
        channels: Vec<String>,
    }

    /// One row per family of issues, the same problem in several languages, over the window of `issue_ranking`, and `none`.
    ///
    /// A contact counts once in its family, so rows of a shop add up as those of `issue_ranking` do.
    IssueFamilyRanking = "issue_family_ranking", key [shop_id, issue_family_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Family; `none` for contacts that belong to no issue.
        issue_family_id: IssueId,
        /// Place, as in `issue_ranking`.
        rank: i64,
        /// Its canonical issues with contacts in the window, most contacts first.
        issue_ids: Vec<String>,
        /// Contacts in the window.
        num_conversations: i64,
        /// Distinct persons over all its issues; conversations without identity count one each.
        num_customers: i64,
        /// Contacts whose next 7 days are known and whose person is known.
        num_matured_7d: i64,
        /// Of those, followed by another about the same issue.
        num_followed_7d: i64,
        /// Followed over matured; null until some are mature.
        repeat_rate_7d: Option<f64>,
        /// Lower end of its 95 % Wilson interval.
        repeat_rate_7d_lo: Option<f64>,
        /// Upper end.
        repeat_rate_7d_hi: Option<f64>,
        /// Handling time, measured and estimated, of the contacts that have one.
        handle_s: i64,
        /// Share of contacts that have a handling time.
        handle_known_share: f64,
        /// Share of `handle_s` that is estimated; null when there is none.
        handle_s_estimated_share: Option<f64>,
        /// `handle_s` in hours; null when more than half of the contacts have no handling time.
        handle_h: Option<f64>,
        /// Currency of the money columns: the shop's.
        currency: Label,
        /// Sum over its issues; null without hourly cost or `handle_h`.
        cost: Option<Amount>,
        /// Sum of `value_linked` over its issues.
        value_linked: Amount,
        /// Sum of `value_excess` over the issues that have one; null when none has.
        value_excess: Option<Amount>,
        /// Sum of the lower ends.
        value_excess_lo: Option<Amount>,
        /// Sum of the upper ends.
        value_excess_hi: Option<Amount>,
        /// Weakest rung of evidence among the estimates used.
        value_excess_level: Option<EvidenceLevel>,
        /// Contacts in the 28 days before the window.
        num_conversations_before: i64,
        /// As in `issue_ranking`; null when that of one of its issues is.
        trend: Option<f64>,
        /// Lower end of its 95 % log interval, variance by person.
        trend_lo: Option<f64>,
        /// Upper end.
        trend_hi: Option<f64>,
        /// What the rates are per, as in `issue_ranking`.
        trend_per: Option<Label>,
        /// Languages of its contacts, most frequent first.
        languages: Vec<String>,
        /// Channels of its contacts, most frequent first.
        channels: Vec<String>,
    }

    /// One row per issue that might be automated: its volume, how alike its answers are, and what a bot is known to contain.
    AutomationCandidate = "automation_candidates", key [shop_id, issue_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Canonical issue raised by at least `min_customers_published` persons in the window.
        issue_id: IssueId,
        /// Place by `hours_saved_lo`, then refused ones by hours, from 1; ties by id.
        rank: i64,
        /// Conversations in 28 days.
        num_conversations_28d: i64,
        /// Handling hours in 28 days; null when mostly absent.
        handle_h: Option<f64>,
        /// Share of them that is estimated.
        handle_h_estimated_share: Option<f64>,
        /// Handling hours of the conversations in which no bot took part: what a bot could still save.
        handle_h_without_bot: Option<f64>,
        /// Agents' first answers that were compared, one a conversation, at most 100, chosen by hash; greetings, holding messages and questions back are no answers.
        num_answers: i64,
        /// Mean similarity of pairs of them, from 0 to 1, without words said under a quarter of the issues; null with fewer than 5.
        answer_homogeneity: Option<f64>,
        /// What the share contained was counted over: `issue`, or `tag`, in any language, where the issue has too few conversations with a bot; null when refused for lack of them.
        bot_evidence: Option<Label>,
        /// Conversations of the last 90 days with a bot and a known person whose next 7 days are known.
        num_bot_matured: i64,
        /// Of those contained: no handover and no contact about the same issue within 7 days on any channel.
        num_bot_contained: i64,
        /// Lower end of the 95 % Wilson interval of contained over matured.
        contained_lo: Option<f64>,
        /// Upper end.
        contained_hi: Option<f64>,
        /// Hours saved in 28 days, lower end: `contained_lo` times `handle_h_without_bot`.
        hours_saved_lo: Option<f64>,
        /// Upper end.
        hours_saved_hi: Option<f64>,
        /// Whether it could be estimated.
        status: EstimateStatus,
    }

    /// One row per tag, channel and decile of handling time, over the whole history; cells of few customers are left out.
    MetricTradeoff = "metric_tradeoff", key [shop_id, tag, channel, decile], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Topic tag, or `all`.
        tag: TagPath,
        /// Channel.
        channel: Channel,
        /// Decile of handling time inside tag and channel, 1 is shortest; equal times share a decile.
        decile: i64,
        /// Contacts.
        num_conversations: i64,
        /// Satisfied over rated.
        csat: Option<f64>,
        /// Followed by another within 7 days over matured.
        repeat_7d: Option<f64>,
        /// Reopened share.
        reopen_rate: Option<f64>,
        /// Handling hours per satisfied contact.
        handle_h_per_satisfied: Option<f64>,
    }

    /// One row per open issue that the FAQ owner should look at, over the window of `issue_ranking`.
    FaqQueueItem = "faq_queue", key [shop_id, issue_id], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Canonical issue raised by at least `min_customers_published` persons in the window.
        issue_id: IssueId,
        /// The same problem in several languages.
        issue_family_id: IssueId,
        /// Place in the queue in the order of `issue_ranking`, from 1.
        rank: i64,
        /// What is asked of the owner.
        kind: FaqQueueKind,
        /// Conversations in 28 days.
        num_conversations_28d: i64,
        /// Currency of `cost`: the shop's.
        currency: Label,
        /// Cost of handling in 28 days, from `issue_ranking`.
        cost: Option<Amount>,
        /// Team: the issue's own owner, else that of its top tag, else that of the matching entry.
        suggested_owner: Option<Label>,
        /// Requests that differ most among the typical ones, as `source/conversation_id`: the most typical first, one a person, at most 5, up to 2 of them in other languages of the family.
        question_variants: Vec<String>,
        /// Source of the existing entry that matches best.
        faq_source: Option<SourceId>,
        /// That entry; null when none matches.
        faq_id: Option<FaqId>,
        /// Mean text similarity of typical requests to the nearest entry of the issue's language, matching or not; null without entries or texts.
        faq_similarity: Option<f64>,
        /// What the match rests on: `decision` (the issue's own address), `clicks` (of searches), `tag` (the entry carries the issue's top tag), `text`, or `other_language` (only an entry to translate carries the tag); null without a match.
        faq_matched_by: Option<Label>,
        /// Help-centre searches in 28 days about it; each counts for one issue.
        num_searches: i64,
        /// Of those, without a result.
        num_searches_no_result: i64,
        /// With a result, but none was opened.
        num_searches_no_click: i64,
        /// Conversations in which the bot did not understand at least once.
        num_bot_unanswered: i64,
    }

    /// One row per issue and attribute value that is over-represented among the recent orders its members are about.
    IssueDriver = "issue_drivers", key [shop_id, issue_id, attribute, value], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Issue.
        issue_id: IssueId,
        /// Attribute: sku, category, carrier, payment_method, country, discount_code.
        attribute: Label,
        /// Value.
        value: Label,
        /// Orders of members with it.
        num_members: i64,
        /// Eligible orders with it.
        num_eligible: i64,
        /// Relative risk of an order to raise the issue, with the value against without.
        relative_risk: Option<f64>,
        /// Lower end of its 95 % interval, widened because only found rows are shown.
        relative_risk_lo: Option<f64>,
        /// Upper end.
        relative_risk_hi: Option<f64>,
        /// Adjusted p (Benjamini-Yekutieli) over all issues and values of the shop.
        q: Option<f64>,
    }

    /// One row per day and component of the change in volume. Not written yet.
    ChangeLedgerEntry = "change_ledger", key [shop_id, date, component], Dated {
        /// Shop.
        shop_id: ShopId,
        /// Local date.
        date: Date,
        /// Orders, campaigns, repeats, mix or rate.
        component: Label,
        /// Conversations that it adds or takes.
        change: f64,
    }

    /// One row per bad row, with its place and never its content.
    Reject = "rejects", key [shop_id, source, feed, file, line, cause, detail], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Source inside the shop.
        source: SourceId,
        /// What the source feeds.
        feed: Feed,
        /// File, relative to the config's folder.
        file: Label,
        /// Line (or row of a Parquet file), from 1; 0 for the whole file.
        line: i64,
        /// Cause.
        cause: RejectCause,
        /// What was found and expected: names of columns, never content.
        detail: String,
    }

    /// One row per check of a run.
    QualityCheck = "quality_checks", key [shop_id, source, check], Whole {
        /// Shop.
        shop_id: ShopId,
        /// Source, or `all`.
        source: SourceId,
        /// Check.
        check: Label,
        /// Figure found.
        figure: f64,
        /// Lowest figure allowed.
        bound_lo: Option<f64>,
        /// Highest figure allowed.
        bound_hi: Option<f64>,
        /// State.
        status: CheckStatus,
        /// What to do about it.
        hint: String,
    }

    /// One row per night, stage and source (or table): counts and digests; durations are in the log, not here.
    Run = "runs", key [date, stage, shop_id, subject], Dated {
        /// Night.
        date: Date,
        /// Stage.
        stage: Stage,
        /// Shop.
        shop_id: ShopId,
        /// `source:feed` for ingest, the table for the other stages.
        subject: Label,
        /// Rows read.
        num_read: i64,
        /// Rows kept, or rows of the table.
        num_kept: i64,
        /// Rows that repeat one already read.
        num_duplicates: i64,
        /// Rows rejected.
        num_rejected: i64,
        /// Rows dated after the night, left for their own.
        num_later: i64,
        /// Digest of the rows kept.
        digest: String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn check_table<R: Row>(names: &mut BTreeSet<&'static str>) {
        let columns = R::columns();
        assert!(names.insert(R::META.name), "{} twice", R::META.name);
        assert!(!R::META.doc.trim().is_empty());
        for key in R::META.key {
            assert!(columns.iter().any(|c| c.name == *key), "{}: key {key}", R::META.name);
        }
        let dates = columns
            .iter()
            .filter(|c| c.name == "date" && c.kind == Kind::Date && !c.nullable);
        if R::META.partition == Partition::Dated {
            assert_eq!(dates.count(), 1, "{}", R::META.name);
        }
        let distinct: BTreeSet<_> = columns.iter().map(|c| c.name).collect();
        assert_eq!(distinct.len(), columns.len(), "{}", R::META.name);
        assert!(columns.iter().all(|c| c.doc.ends_with('.')), "{}", R::META.name);
    }

    #[test]
    fn tables_are_well_formed() {
        let mut names = BTreeSet::new();
        macro_rules! each {
            ($row:ident) => {
                check_table::<$row>(&mut names);
            };
        }
        for_each_table!(each);
        assert!(names.len() >= 40, "{}", names.len());
    }

    #[test]
    fn row_round_trips() {
        let row = Reject {
            shop_id: "de".into(),
            source: "chat".into(),
            feed: Feed::Conversations,
            file: "a.jsonl".into(),
            line: 7,
            cause: RejectCause::InvalidJson,
            detail: "expected a value".to_owned(),
        };
        let mut cells = Vec::new();
        row.values(&mut cells);
        assert_eq!(Reject::from_values(&cells).unwrap(), row);
        cells[2] = Value::Text("nonsense");
        let error = Reject::from_values(&cells).unwrap_err();
        assert_eq!(error.column, "feed");
        assert!(error.to_string().contains("`nonsense`"), "{error}");
    }
}
