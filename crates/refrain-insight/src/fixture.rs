//! Small nights for the tests: one shop `de`, rows with plain defaults.

use refrain_record::tables::*;
use refrain_record::*;

pub(crate) use crate::fixture_rows::{estimate, issue, link_cart, link_return};
use crate::{ContactText, Night, NightFacts, ShopFacts};

#[derive(Default)]
pub(crate) struct Fixture {
    pub(crate) as_of: Date,
    pub(crate) shop_id: ShopId,
    pub(crate) peaks: Vec<Date>,
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) conversation_outcomes: Vec<ConversationOutcome>,
    pub(crate) conversation_tags: Vec<ConversationTag>,
    pub(crate) repeat_links: Vec<RepeatLink>,
    pub(crate) link_order: Vec<LinkOrder>,
    pub(crate) link_cart: Vec<LinkCart>,
    pub(crate) link_return: Vec<LinkReturn>,
    pub(crate) orders: Vec<Order>,
    pub(crate) order_lines: Vec<OrderLine>,
    pub(crate) checkouts: Vec<Checkout>,
    pub(crate) returns: Vec<Return>,
    pub(crate) campaigns: Vec<Campaign>,
    pub(crate) sends: Vec<refrain_record::tables::Send>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) issue_members: Vec<IssueMember>,
    pub(crate) faq_entries: Vec<FaqEntry>,
    pub(crate) help_searches: Vec<HelpSearch>,
    pub(crate) currency: Label,
}

impl Fixture {
    pub(crate) fn new(as_of: &str) -> Self {
        Self {
            as_of: day(as_of),
            shop_id: "de".into(),
            currency: "EUR".into(),
            ..Self::default()
        }
    }

    pub(crate) fn night<T>(&self, body: impl FnOnce(&Night<'_>) -> T) -> T {
        self.night_with(&[], body)
    }

    pub(crate) fn night_with<T>(&self, texts: &[ContactText<'_>], body: impl FnOnce(&Night<'_>) -> T) -> T {
        let shops = [ShopFacts {
            shop_id: &self.shop_id,
            as_of_end: self.as_of.plus_days(1).utc_midnight(),
            peaks: &self.peaks,
            has_hours: true,
            currency: &self.currency,
            hourly_cost: Some(30.0),
        }];
        let facts = NightFacts {
            texts,
            ..self.facts(&shops)
        };
        body(&Night::prepare(&facts))
    }

    pub(crate) fn facts<'a>(&'a self, shops: &'a [ShopFacts<'a>]) -> NightFacts<'a> {
        NightFacts {
            as_of: self.as_of,
            shops,
            conversations: &self.conversations,
            conversation_outcomes: &self.conversation_outcomes,
            conversation_tags: &self.conversation_tags,
            repeat_links: &self.repeat_links,
            link_order: &self.link_order,
            link_cart: &self.link_cart,
            link_return: &self.link_return,
            link_campaign: &[],
            orders: &self.orders,
            order_lines: &self.order_lines,
            checkouts: &self.checkouts,
            returns: &self.returns,
            campaigns: &self.campaigns,
            sends: &self.sends,
            identities: &[],
            issues: &self.issues,
            issue_members: &self.issue_members,
            faq_entries: &self.faq_entries,
            help_searches: &self.help_searches,
            texts: &[],
            topics_of: &|_, text, _| topics_of(text),
            owner_of: &|tag| tag.as_str().starts_with("shipping/").then(|| "logistics".into()),
            is_mechanical: &|tag, outcome| outcome == Outcome::Returned && tag.as_str().starts_with("return/"),
            offset_s: &|_, _| 0,
            tagger_version: "t1",
        }
    }
}

/// A rulebook of one word.
fn topics_of(text: &str) -> Vec<TagPath> {
    let is_late = text.to_lowercase().contains("late");
    is_late.then(|| "shipping/delay".into()).into_iter().collect()
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A customer's e-mail at 10:00 UTC, answered by nobody in particular.
pub(crate) fn contact(source: &str, id: &str, date: &str) -> Conversation {
    contact_at(source, id, day(date).utc_midnight().plus_seconds(36_000))
}

pub(crate) fn contact_at(source: &str, id: &str, at: Timestamp) -> Conversation {
    Conversation {
        shop_id: "de".into(),
        source: source.into(),
        conversation_id: id.into(),
        date: at.utc_date(),
        channel: Channel::Email,
        language: Some(Language::De),
        customer_key: None,
        subject: None,
        started_at: Some(at),
        ended_at: None,
        updated_at: None,
        initiated_by: AuthorRole::Customer,
        end_reason: EndReason::Unknown,
        last_author: None,
        num_messages: 1,
        num_customer_messages: 1,
        num_agent_messages: 0,
        num_bot_messages: 0,
        num_internal_notes: 0,
        num_agents: None,
        num_transfers: 0,
        num_reopens: 0,
        first_response_s: None,
        first_response_business_s: None,
        first_bot_response_s: None,
        wait_s_max: None,
        first_resolution_s: None,
        full_resolution_s: None,
        handle_s: None,
        handle_s_method: HandleMethod::Absent,
        call_duration_s: None,
        bot_involved: false,
        handover_at: None,
        handover_turn: None,
        handover_reason: None,
        num_bot_fallbacks: 0,
        escalation_requested: false,
        escalated_at: None,
        in_business_hours: None,
        never_answered: false,
        survey_sent: None,
        csat: None,
        csat_satisfied: None,
        order_ids: Vec::new(),
        source_tags: Vec::new(),
        follows_up: None,
        merged_into: None,
        is_contact: true,
        is_incomplete: false,
        content_digest: String::new(),
    }
}

pub(crate) fn outcome(c: &Conversation, person: Option<&str>) -> ConversationOutcome {
    ConversationOutcome {
        shop_id: c.shop_id.clone(),
        source: c.source.clone(),
        conversation_id: c.conversation_id.clone(),
        date: c.date,
        person_key: person.map(Into::into),
        tags: Vec::new(),
        top_tag: None,
        act: None,
        stage: None,
        is_repeat_1d: None,
        is_repeat_7d: None,
        is_repeat_14d: None,
        is_repeat_30d: None,
        fcr_1d: None,
        fcr_7d: None,
        fcr_14d: None,
        fcr_30d: None,
        is_one_touch: None,
        bot_contained: None,
        customer_orders_before: None,
        customer_channels_30d: None,
        prev_conversation_id: None,
        days_since_prev: None,
        issue_id: None,
        waits_for: Vec::new(),
    }
}

pub(crate) fn topic(c: &Conversation, tag: &str) -> ConversationTag {
    tagged(c, Facet::Topic, tag, TagMethod::Rule)
}

pub(crate) fn tagged(c: &Conversation, facet: Facet, tag: &str, method: TagMethod) -> ConversationTag {
    ConversationTag {
        shop_id: c.shop_id.clone(),
        source: c.source.clone(),
        conversation_id: c.conversation_id.clone(),
        date: c.date,
        tag: tag.into(),
        facet,
        method,
        score: 1.0,
        set_by: "r".into(),
        evidence_seq: None,
        evidence_start: None,
        evidence_end: None,
    }
}

pub(crate) fn order(id: &str, at: Timestamp, customer: Option<&str>) -> Order {
    Order {
        shop_id: "de".into(),
        source: "shop".into(),
        order_id: id.into(),
        date: at.utc_date(),
        ordered_at: at,
        updated_at: None,
        customer_key: customer.map(Into::into),
        total: None,
        shipping: None,
        discount: None,
        currency: "EUR".into(),
        discount_code: None,
        sales_channel: Some("web".into()),
        carrier: None,
        payment_method: None,
        country: None,
        campaign_id: None,
        shipped_at: None,
        delivered_at: None,
        cancelled_at: None,
        is_test: false,
    }
}

pub(crate) fn checkout(id: &str, at: Timestamp, customer: Option<&str>, is_abandoned: Option<bool>) -> Checkout {
    Checkout {
        shop_id: "de".into(),
        source: "shop".into(),
        checkout_id: id.into(),
        date: at.utc_date(),
        created_at: Some(at.plus_seconds(-1_800)),
        updated_at: at,
        customer_key: customer.map(Into::into),
        value: None,
        currency: "EUR".into(),
        completed_at: None,
        order_id: None,
        step: None,
        is_abandoned,
    }
}

pub(crate) fn returned(id: &str, order: &str, at: Timestamp, kind: ReturnKind) -> Return {
    Return {
        shop_id: "de".into(),
        source: "shop".into(),
        return_id: id.into(),
        date: at.utc_date(),
        opened_at: at,
        order_id: Some(order.into()),
        customer_key: None,
        kind,
        reason: None,
        sku: None,
        refund: None,
        currency: "EUR".into(),
    }
}

pub(crate) fn campaign(id: &str, kind: Option<&str>) -> Campaign {
    Campaign {
        shop_id: "de".into(),
        source: "mail".into(),
        campaign_id: id.into(),
        name: id.to_owned(),
        campaign_type: kind.map(Into::into),
        channel: Some("email".into()),
        code: None,
        url: None,
        starts_at: None,
        ends_at: None,
        is_planned: false,
        recipients: None,
    }
}

pub(crate) fn send(campaign: &str, id: &str, at: Timestamp, customer: &str, is_holdout: bool) -> tables::Send {
    tables::Send {
        shop_id: "de".into(),
        source: "mail".into(),
        campaign_id: campaign.into(),
        send_id: id.into(),
        date: at.utc_date(),
        sent_at: at,
        customer_key: Some(customer.into()),
        is_holdout,
    }
}

/// The person of `c` came back after `gap_s`.
pub(crate) fn repeat(c: &Conversation, later: &Conversation, person: &str, gap_s: i64) -> RepeatLink {
    RepeatLink {
        shop_id: c.shop_id.clone(),
        source: later.source.clone(),
        conversation_id: later.conversation_id.clone(),
        date: later.date,
        person_key: person.into(),
        prior_source: c.source.clone(),
        prior_conversation_id: c.conversation_id.clone(),
        kind: RepeatKind::FollowUp,
        same_issue: true,
        match_reason: MatchReason::Tag,
        score: 1.0,
        gap_s: Some(gap_s),
        tag: None,
        is_cross_channel: false,
    }
}

pub(crate) fn order_line(order: &str, sku: &str) -> OrderLine {
    OrderLine {
        shop_id: "de".into(),
        source: "shop".into(),
        order_id: order.into(),
        line_no: 1,
        date: Date(0),
        sku: Some(sku.into()),
        title: None,
        category: None,
        quantity: 1,
        unit_price: None,
        currency: "EUR".into(),
    }
}

/// `c` is about an order placed `-gap_s` before it, or was followed by one after `gap_s`.
pub(crate) fn link_order(c: &Conversation, order: &str, gap_s: i64) -> LinkOrder {
    LinkOrder {
        shop_id: "de".into(),
        source: c.source.clone(),
        conversation_id: c.conversation_id.clone(),
        date: c.date,
        order_source: "shop".into(),
        order_id: order.into(),
        gap_s: Some(gap_s),
        is_next_order: gap_s >= 0,
        within_1d: None,
        within_3d: None,
        within_7d: None,
        within_14d: None,
        matured: true,
        matched_by: LinkMethod::Person,
    }
}

pub(crate) fn member(c: &Conversation, issue: &str) -> IssueMember {
    IssueMember {
        shop_id: c.shop_id.clone(),
        source: c.source.clone(),
        conversation_id: c.conversation_id.clone(),
        date: c.date,
        kind: MembershipKind::Member,
        issue_id: Some(issue.into()),
        nearest_issue_id: Some(issue.into()),
        similarity: None,
        request_seq: 0,
        assigned_on: c.date,
        moved_from: Vec::new(),
    }
}
