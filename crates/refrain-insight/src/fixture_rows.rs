//! More rows with plain defaults: issues, links to carts and returns, estimates.

use refrain_record::tables::*;
use refrain_record::*;

use crate::fixture::day;

/// An active issue of its own, in German.
pub(crate) fn issue(id: &str, family: &str) -> Issue {
    Issue {
        shop_id: "de".into(),
        issue_id: id.into(),
        canonical_id: id.into(),
        issue_family_id: family.into(),
        name: String::new(),
        status: IssueStatus::Active,
        language: Some(Language::De),
        terms: Vec::new(),
        example_ids: Vec::new(),
        top_tag: None,
        top_tag_share: None,
        owner: None,
        faq_url: None,
        first_seen: day("2025-09-01"),
        last_seen: day("2025-11-01"),
        born_on: day("2025-09-01"),
        num_conversations: 0,
        num_customers: 0,
        num_conversations_28d: 0,
    }
}

/// The person of `c` had the checkout, last active `gap_s` after it.
pub(crate) fn link_cart(c: &Conversation, checkout: &str, gap_s: i64) -> LinkCart {
    LinkCart {
        shop_id: c.shop_id.clone(),
        source: c.source.clone(),
        conversation_id: c.conversation_id.clone(),
        date: c.date,
        checkout_source: "shop".into(),
        checkout_id: checkout.into(),
        gap_s,
        step: None,
        is_abandoned: Some(true),
        recovered_after: false,
        matured: true,
    }
}

/// `row` was opened `gap_s` after `c`.
pub(crate) fn link_return(c: &Conversation, row: &Return, gap_s: i64) -> LinkReturn {
    LinkReturn {
        shop_id: c.shop_id.clone(),
        source: c.source.clone(),
        conversation_id: c.conversation_id.clone(),
        date: c.date,
        return_source: row.source.clone(),
        return_id: row.return_id.clone(),
        order_id: row.order_id.clone(),
        gap_s,
        contact_before_return: gap_s > 0,
        return_reason: None,
        slow_reply: None,
        unresolved: false,
        matched_by: LinkMethod::Person,
    }
}

/// An estimate for carts after `payment/failed`, found at `q`.
pub(crate) fn estimate(level: EvidenceLevel, ratio: f64, q: f64) -> EffectEstimate {
    EffectEstimate {
        shop_id: "de".into(),
        outcome: Outcome::CartAbandoned,
        exposure_kind: ExposureKind::Tag,
        exposure: "payment/failed".into(),
        evidence_level: level,
        window_days: 1,
        status: EstimateStatus::Ok,
        num_exposed: 100,
        num_exposed_outcome: 50,
        num_baseline: 100,
        num_baseline_outcome: 25,
        num_persons: 200,
        rate_exposed: None,
        rate_exposed_lo: None,
        rate_exposed_hi: None,
        rate_baseline: None,
        rate_baseline_lo: None,
        rate_baseline_hi: None,
        risk_difference: None,
        risk_difference_lo: None,
        risk_difference_hi: None,
        relative_risk: Some(ratio),
        relative_risk_lo: Some(ratio / 1.25),
        relative_risk_hi: Some(ratio * 2.0),
        p: Some(q),
        q: Some(q),
        family: "f".into(),
        num_family: 1,
        match_rate: 1.0,
        simpson_flag: None,
    }
}
