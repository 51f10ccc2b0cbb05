use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use refrain_record::{Alarm, Facet, TagMethod};

use super::*;
use crate::fixture::{Fixture, contact, contact_at, day, order, outcome, tagged, topic};

#[test]
fn each_contact_once_under_each_prefix() {
    let mut facts = Fixture::new("2025-11-30");
    let mut c = contact("chat", "1", "2025-11-03");
    c.num_customer_messages = 3;
    for method in [TagMethod::Rule, TagMethod::Model] {
        facts
            .conversation_tags
            .push(tagged(&c, Facet::Topic, "shipping/delay", method));
    }
    facts.conversation_tags.push(topic(&c, "shipping/lost"));
    facts
        .conversation_tags
        .push(tagged(&c, Facet::Act, "act/complaint", TagMethod::Rule));
    facts.conversations.push(c);
    facts.conversations.push(contact("chat", "2", "2025-11-03"));
    let mut outbound = contact("chat", "3", "2025-11-03");
    outbound.is_contact = false;
    facts.conversation_tags.push(topic(&outbound, "shipping/delay"));
    facts.conversations.push(outbound);

    let rows = facts.night(|night| tag_daily(night, &InsightConfig::default()));
    let found: Vec<_> = rows
        .iter()
        .map(|r| (r.facet, r.tag.as_str(), r.is_rollup, r.num_conversations, r.rank))
        .collect();
    assert_eq!(
        found,
        [
            (Facet::Act, "act/complaint", false, 1, 1),
            (Facet::Topic, "all", true, 2, 0),
            (Facet::Topic, "none", false, 1, 0),
            (Facet::Topic, "shipping", true, 1, 1),
            (Facet::Topic, "shipping/delay", false, 1, 1),
            (Facet::Topic, "shipping/lost", false, 1, 2),
        ]
    );
    let rollup = &rows[3];
    assert_eq!(
        (rollup.share, rollup.num_customer_messages, rollup.num_customers),
        (0.5, 3, 1)
    );
    assert_eq!(rollup.alarm, Alarm::NotEnoughHistory);
    assert_eq!(rollup.per_100_orders, None);
}

#[test]
fn success_needs_resolution_silence_and_no_bad_rating() {
    let mut facts = Fixture::new("2025-11-30");
    for (id, end, fcr, rated) in [
        ("1", refrain_record::EndReason::Resolved, Some(true), None),
        ("2", refrain_record::EndReason::Resolved, Some(true), Some(false)),
        ("3", refrain_record::EndReason::CustomerLeft, Some(true), Some(true)),
        ("4", refrain_record::EndReason::Resolved, Some(false), Some(true)),
        ("5", refrain_record::EndReason::Resolved, None, Some(true)),
    ] {
        let mut c = contact("chat", id, "2025-11-03");
        c.end_reason = end;
        c.csat_satisfied = rated;
        let mut o = outcome(&c, Some("p"));
        o.fcr_7d = fcr;
        facts.conversation_outcomes.push(o);
        facts.conversations.push(c);
    }
    let later = contact("chat", "6", "2025-11-05");
    facts
        .repeat_links
        .push(crate::fixture::repeat(&facts.conversations[3], &later, "p", 2 * 86_400));
    facts
        .repeat_links
        .push(crate::fixture::repeat(&facts.conversations[4], &later, "p", 2 * 86_400));
    let rows = facts.night(|night| tag_daily(night, &InsightConfig::default()));
    let all = rows.iter().find(|r| r.tag.as_str() == "all").unwrap();
    assert_eq!((all.num_conversations, all.num_customers), (5, 1));
    assert_eq!((all.num_success, all.num_matured_7d, all.num_followed_7d), (1, 4, 1));
    assert_eq!((all.num_rated, all.num_satisfied, all.num_unrated), (4, 3, 1));
}

/// A steady tag, a rise of a second one and a newcomer, with orders that double with the rise.
#[test]
fn rises_alarm_by_count_and_per_order() {
    let mut facts = Fixture::new("2025-11-30");
    let first = day("2025-08-01");
    let mut id = 0;
    let mut add = |facts: &mut Fixture, t: i32, tag: &str, num: i32| {
        for _ in 0..num {
            id += 1;
            let at = first
                .plus_days(t)
                .utc_midnight()
                .plus_seconds(36_000 + i64::from(id % 1_000));
            let c = contact_at("chat", &format!("c{id:05}"), at);
            facts.conversation_tags.push(topic(&c, tag));
            facts.conversations.push(c);
        }
    };
    for t in 0..122 {
        let rise = t == 121;
        add(&mut facts, t, "a/steady", 20 + t % 3);
        add(&mut facts, t, "b/rising", if rise { 60 } else { 12 + t % 2 });
        add(&mut facts, t, "d/small", if rise { 6 } else { 4 });
        if rise {
            add(&mut facts, t, "c/new", 15);
        }
    }
    for t in -60..122 {
        for i in 0..200 {
            let at = first.plus_days(t).utc_midnight().plus_seconds(i);
            facts.orders.push(order(&format!("o{t}-{i}"), at, None));
        }
    }
    let last = first.plus_days(121);
    let alarms = |facts: &Fixture| -> BTreeMap<String, Alarm> {
        let rows = facts.night(|night| tag_daily(night, &InsightConfig::default()));
        let early = rows.iter().filter(|r| r.date < first.plus_days(30));
        assert!(
            early
                .clone()
                .all(|r| r.alarm == Alarm::NotEnoughHistory && r.expected.is_none())
        );
        assert!(
            rows.iter()
                .filter(|r| r.date < last && r.date >= first.plus_days(30))
                .all(|r| r.alarm == Alarm::None)
        );
        rows.iter()
            .filter(|r| r.date == last)
            .map(|r| (r.tag.as_str().to_owned(), r.alarm))
            .collect()
    };
    let found = alarms(&facts);
    assert_eq!(found["a/steady"], Alarm::None);
    assert_eq!(found["b/rising"], Alarm::CountAndRate);
    assert_eq!(found["c/new"], Alarm::Novelty);
    assert_eq!(found["d/small"], Alarm::None);

    // Five times the orders in the week before explain five times the contacts.
    for t in 114..122 {
        for i in 0..800 {
            let at = first.plus_days(t).utc_midnight().plus_seconds(i);
            facts.orders.push(order(&format!("p{t}-{i}"), at, None));
        }
    }
    assert_eq!(alarms(&facts)["b/rising"], Alarm::Count);
}

const TAGS: [&str; 6] = ["a", "a/x", "a/y", "a/x/z", "b/x", "c"];

proptest! {
    /// Slow and obvious: for each prefix and day, the set of contacts that carry a tag at or below it.
    #[test]
    fn counts_agree_with_the_oracle(
        contacts in proptest::collection::vec((0i32..5, proptest::collection::vec(0usize..6, 0..5), 0u8..4), 0..40)
    ) {
        let mut facts = Fixture::new("2025-11-30");
        let mut expected: BTreeMap<(String, Date), (BTreeSet<usize>, BTreeSet<String>)> = BTreeMap::new();
        for (i, (t, tags, person)) in contacts.iter().enumerate() {
            let date = day("2025-11-01").plus_days(*t);
            let c = contact("chat", &format!("{i:03}"), &date.to_string());
            let name = (*person > 0).then(|| format!("p{person}"));
            facts.conversation_outcomes.push(outcome(&c, name.as_deref()));
            let mut paths = BTreeSet::from(["all".to_owned()]);
            for tag in tags {
                facts.conversation_tags.push(topic(&c, TAGS[*tag]));
                let parts: Vec<&str> = TAGS[*tag].split('/').collect();
                paths.extend((1..=parts.len()).map(|n| parts[..n].join("/")));
            }
            if tags.is_empty() {
                paths.insert("none".to_owned());
            }
            for path in paths {
                let cell = expected.entry((path, date)).or_default();
                cell.0.insert(i);
                cell.1.insert(name.clone().unwrap_or_else(|| format!("contact {i}")));
            }
            facts.conversations.push(c);
        }
        facts.conversations.reverse();
        let rows = facts.night(|night| tag_daily(night, &InsightConfig::default()));
        let found: BTreeMap<(String, Date), (i64, i64)> = rows
            .iter()
            .map(|r| ((r.tag.as_str().to_owned(), r.date), (r.num_conversations, r.num_customers)))
            .collect();
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(k, v)| (k, (v.0.len() as i64, v.1.len() as i64))).collect();
        prop_assert_eq!(found.len(), rows.len());
        prop_assert_eq!(found, expected);
    }
}
