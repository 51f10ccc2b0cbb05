use proptest::prelude::*;
use refrain_record::tables::Conversation;
use refrain_record::{EndReason, ReturnKind};

use super::*;
use crate::fixture::{Fixture, campaign, checkout, contact_at, day, order, outcome, repeat, returned, send, topic};

const DAY: i64 = 86_400;

fn start() -> Timestamp {
    day("2025-06-01").utc_midnight()
}

fn at(days: f64) -> Timestamp {
    start().plus_seconds((days * DAY as f64) as i64)
}

/// A contact of `person` after so many days, with tags.
fn add(facts: &mut Fixture, id: &str, days: f64, person: Option<&str>, tags: &[&str]) -> Conversation {
    let c = contact_at("chat", id, at(days));
    facts.conversation_tags.extend(tags.iter().map(|t| topic(&c, t)));
    facts.conversation_outcomes.push(outcome(&c, person));
    facts.conversations.push(c.clone());
    c
}

fn units(facts: &Fixture, outcome: Outcome, kind: ExposureKind) -> Vec<EffectUnit> {
    facts.night(|night| effect_units_of(night, &InsightConfig::default(), outcome, kind))
}

fn exposures(rows: &[EffectUnit]) -> Vec<(&str, &str, bool)> {
    rows.iter()
        .map(|r| (r.unit_id.as_str(), r.exposure.as_str(), r.has_outcome))
        .collect()
}

#[test]
fn a_known_delivery_moves_the_landmark() {
    let mut facts = Fixture::new("2025-11-30");
    for (id, delivered) in [("soon", 2.0), ("never_before", -1.0)] {
        let mut o = order(id, at(0.0), Some(id));
        o.delivered_at = Some(at(delivered));
        facts.orders.push(o);
    }
    // Five days after delivery lie on day 7: the contact of day 6 exposes, the return of day 8 counts.
    add(&mut facts, "c1", 6.0, Some("soon"), &["size/unclear"]);
    facts.returns.push(returned("r1", "soon", at(8.0), ReturnKind::Return));
    let rows = units(&facts, Outcome::Returned, ExposureKind::Tag);
    let landmarks: Vec<_> = rows.iter().map(|r| (r.unit_id.as_str(), r.index_at)).collect();
    // A delivery before the order is a wrong clock, so it counts as unknown.
    assert_eq!(landmarks, [("shop/never_before", at(14.0)), ("shop/soon", at(7.0))]);
    assert_eq!((rows[1].exposure.as_str(), rows[1].has_outcome), ("size/unclear", true));
}

#[test]
fn returns_are_counted_after_the_landmark_only() {
    let mut facts = Fixture::new("2025-11-30");
    for id in ["asked", "early", "late", "quiet", "cancelled", "other"] {
        let mut o = order(id, at(0.0), Some(id));
        o.cancelled_at = (id == "cancelled").then(|| at(1.0));
        facts.orders.push(o);
    }
    facts.orders.push(order("fresh", at(170.0), Some("fresh")));
    add(
        &mut facts,
        "c1",
        3.0,
        Some("asked"),
        &["size/unclear", "shipping/delay"],
    );
    facts
        .returns
        .push(returned("r1", "asked", at(20.0), ReturnKind::Return));
    // Returned before the landmark: in neither group, whenever asked.
    add(&mut facts, "c2", 2.0, Some("early"), &["size/unclear"]);
    facts
        .returns
        .push(returned("r2", "early", at(10.0), ReturnKind::Return));
    // Asked after the landmark: not exposed. Returned after the window: no outcome.
    add(&mut facts, "c3", 15.0, Some("late"), &["size/unclear"]);
    facts.returns.push(returned("r3", "late", at(61.0), ReturnKind::Return));
    facts
        .returns
        .push(returned("r4", "quiet", at(20.0), ReturnKind::RefundOnly));
    // The contact of this person names another order.
    let mut c = contact_at("chat", "c4", at(4.0));
    c.order_ids = vec!["asked".to_owned()];
    facts.conversation_tags.push(topic(&c, "colour/other"));
    facts.conversation_outcomes.push(outcome(&c, Some("other")));
    facts.conversations.push(c);

    let rows = units(&facts, Outcome::Returned, ExposureKind::Tag);
    assert_eq!(
        exposures(&rows),
        [
            ("shop/asked", "colour/other", true),
            ("shop/asked", "shipping/delay", true),
            ("shop/asked", "size/unclear", true),
            ("shop/fresh", "none", false),
            ("shop/late", "none", false),
            ("shop/other", "none", false),
            ("shop/quiet", "none", false),
        ]
    );
    assert!(rows.iter().all(|r| r.matured != (r.unit_id == "shop/fresh")));
    assert_eq!(rows[0].index_at, at(14.0));
    assert_eq!(rows[0].outcome_after_s, Some(6 * DAY));
    assert_eq!(rows[0].stratum.as_str(), "2025-06|web|new");
}

#[test]
fn carts_are_exposed_only_before_the_end_is_known() {
    let mut facts = Fixture::new("2025-11-30");
    for (id, customer, abandoned) in [
        ("a", Some("pa"), Some(true)),
        ("b", Some("pb"), Some(true)),
        ("c", None, Some(false)),
        ("d", Some("pd"), None),
    ] {
        facts.checkouts.push(checkout(id, at(10.0), customer, abandoned));
    }
    add(&mut facts, "before", 9.5, Some("pa"), &["payment/failed"]);
    add(&mut facts, "days_before", 8.0, Some("pd"), &["payment/failed"]);
    add(&mut facts, "after", 10.01, Some("pb"), &["payment/failed"]);
    let rows = units(&facts, Outcome::CartAbandoned, ExposureKind::Tag);
    assert_eq!(
        exposures(&rows),
        [
            ("shop/a", "payment/failed", true),
            ("shop/b", "none", true),
            ("shop/c", "none", false),
            ("shop/d", "none", false),
        ]
    );
    assert_eq!(
        rows.iter().map(|r| r.matured).collect::<Vec<_>>(),
        [true, true, true, false]
    );
    assert_eq!(rows[2].person_key, None, "kept for the match rate");
}

#[test]
fn contacts_that_were_followed() {
    let mut facts = Fixture::new("2025-11-30");
    let first = add(&mut facts, "1", 0.0, Some("p"), &["a/x", "b/y"]);
    let second = add(&mut facts, "2", 2.0, Some("p"), &[]);
    add(&mut facts, "3", 5.0, None, &["a/x"]);
    facts.conversation_outcomes[0].fcr_7d = Some(false);
    facts.conversation_outcomes[1].fcr_7d = Some(true);
    facts.repeat_links.push(repeat(&first, &second, "p", 2 * DAY));
    let rows = units(&facts, Outcome::Repeat7d, ExposureKind::Tag);
    assert_eq!(
        exposures(&rows),
        [
            ("chat/1", "a/x", true),
            ("chat/1", "b/y", true),
            ("chat/2", "none", false),
            ("chat/3", "a/x", false)
        ]
    );
    assert_eq!(
        rows.iter().map(|r| r.matured).collect::<Vec<_>>(),
        [true, true, true, false]
    );
    let rows = units(&facts, Outcome::Repeat7d, ExposureKind::Channel);
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter()
            .all(|r| r.exposure.as_str() == "email" && !r.stratum.as_str().contains("email"))
    );
}

#[test]
fn purchases_and_their_absence() {
    let mut facts = Fixture::new("2025-11-30");
    facts.orders.push(order("o1", at(-5.0), Some("p")));
    facts.orders.push(order("o2", at(-5.0), Some("q")));
    facts.orders.push(order("o3", at(30.0), Some("q")));
    add(&mut facts, "1", 0.0, Some("p"), &[]);
    add(&mut facts, "2", 0.0, Some("q"), &["a/x"]);
    add(&mut facts, "3", 0.0, Some("never_bought"), &[]);
    facts.conversations[0].end_reason = EndReason::CustomerLeft;
    facts.conversations[0].first_response_s = Some(2 * DAY);
    let link = |id: &str, gap_s: i64| refrain_record::tables::LinkOrder {
        shop_id: "de".into(),
        source: "chat".into(),
        conversation_id: id.into(),
        date: start().utc_date(),
        order_source: "shop".into(),
        order_id: "x".into(),
        gap_s: Some(gap_s),
        is_next_order: gap_s >= 0,
        within_1d: None,
        within_3d: None,
        within_7d: None,
        within_14d: None,
        matured: true,
        matched_by: refrain_record::LinkMethod::Person,
    };
    facts.link_order = vec![link("1", 3 * DAY), link("1", -5 * DAY), link("2", 30 * DAY)];
    let rows = units(&facts, Outcome::PurchaseAfter14d, ExposureKind::BadContact);
    assert_eq!(
        exposures(&rows),
        [
            ("chat/1", "slow_24h", true),
            ("chat/1", "unresolved", true),
            ("chat/2", "none", false),
            ("chat/3", "none", false)
        ]
    );
    let rows = units(&facts, Outcome::NoRepeatPurchase90d, ExposureKind::BadContact);
    assert_eq!(
        exposures(&rows),
        [
            ("chat/1", "slow_24h", true),
            ("chat/1", "unresolved", true),
            ("chat/2", "none", false)
        ]
    );
}

#[test]
fn sends_holdouts_and_campaigns() {
    let mut facts = Fixture::new("2025-11-30");
    facts.campaigns = vec![campaign("loud", Some("sale")), campaign("calm", None)];
    for (c, id, holdout) in [("loud", "a", false), ("loud", "b", true), ("calm", "c", false)] {
        facts.sends.push(send(c, id, at(1.0), id, holdout));
    }
    add(&mut facts, "1", 2.0, Some("a"), &[]);
    add(&mut facts, "2", 0.5, Some("c"), &[]);
    let rows = units(&facts, Outcome::Contact, ExposureKind::Campaign);
    assert_eq!(
        exposures(&rows),
        [
            ("mail/calm/c", "mail/calm", false),
            ("mail/loud/a", "mail/loud", true),
            ("mail/loud/b", "none", false)
        ]
    );
    assert!(rows.iter().all(|r| r.unit_id.starts_with(r.stratum.as_str())));
    let rows = units(&facts, Outcome::Contact, ExposureKind::CampaignType);
    assert_eq!(
        exposures(&rows),
        [("mail/calm", "none", false), ("mail/loud", "sale", true)]
    );
}

type Drawn = (Vec<(u8, u8)>, Vec<(u8, u8, u8)>, Vec<(u8, u8)>);

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        proptest::collection::vec((0u8..3, 0u8..30), 0..6),
        proptest::collection::vec((0u8..3, 0u8..60, 0u8..3), 0..12),
        proptest::collection::vec((0u8..6, 0u8..90), 0..6),
    )
}

proptest! {
    /// Slow and obvious: every order against every contact and every return.
    #[test]
    fn order_units_agree_with_the_oracle((orders, contacts, returns) in drawn()) {
        let mut facts = Fixture::new("2025-11-30");
        for (i, (person, days)) in orders.iter().enumerate() {
            facts.orders.push(order(&format!("o{i}"), at(f64::from(*days)), Some(&format!("p{person}"))));
        }
        for (i, (person, days, tag)) in contacts.iter().enumerate() {
            add(&mut facts, &format!("c{i:02}"), f64::from(*days), Some(&format!("p{person}")), &[&format!("t{tag}")]);
        }
        for (i, (order, days)) in returns.iter().enumerate() {
            facts.returns.push(returned(&format!("r{i}"), &format!("o{order}"), at(f64::from(*days)), ReturnKind::Return));
        }
        let mut expected = Vec::new();
        for (i, (person, ordered)) in orders.iter().enumerate() {
            let since = |days: u8| i64::from(days) - i64::from(*ordered);
            let first = returns.iter().filter(|r| usize::from(r.0) == i).map(|r| since(r.1)).min();
            if first.is_some_and(|days| days < 14) {
                continue;
            }
            let mut tags: Vec<String> = contacts
                .iter()
                .filter(|c| c.0 == *person && (0..14).contains(&since(c.1)))
                .map(|c| format!("t{}", c.2))
                .collect();
            tags.sort();
            tags.dedup();
            if tags.is_empty() {
                tags.push("none".to_owned());
            }
            expected.extend(tags.into_iter().map(|t| (format!("shop/o{i}"), t, first.is_some_and(|d| d < 60))));
        }
        expected.sort();
        let rows = units(&facts, Outcome::Returned, ExposureKind::Tag);
        let found: Vec<_> =
            rows.iter().map(|r| (r.unit_id.clone(), r.exposure.as_str().to_owned(), r.has_outcome)).collect();
        prop_assert_eq!(found, expected);
    }
}
