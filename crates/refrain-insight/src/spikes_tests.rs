use proptest::prelude::*;
use refrain_record::Date;

use crate::fixture::{Fixture, contact_at, day, topic};
use crate::{InsightConfig, tag_spikes};
use refrain_record::tables::TagSpike;

const HOUR: i64 = 3_600;

/// 60 days of five contacts an hour from 8 to 20, one of them about checkout, and `burst` more of one tag after 14:00
/// of the last day.
fn shop(burst: i64) -> Fixture {
    let mut facts = Fixture::new("2025-11-28");
    let mut add = |date: Date, second: i64, id: String, tag: &str| {
        let c = contact_at("chat", &id, date.utc_midnight().plus_seconds(second));
        facts.conversation_tags.push(topic(&c, tag));
        facts.conversations.push(c);
    };
    let last = day("2025-11-28");
    for t in 0..60 {
        let date = last.plus_days(-t);
        for hour in 8..20 {
            add(date, hour * HOUR + 60, format!("a{t}-{hour}"), "website/checkout_error");
            for i in 0..4 {
                add(date, hour * HOUR + 90, format!("b{t}-{hour}-{i}"), "order/invoice");
            }
        }
    }
    for i in 0..burst {
        add(last, 14 * HOUR + 120 * i, format!("x{i:03}"), "website/checkout_error");
    }
    facts
}

fn spikes(facts: &Fixture) -> Vec<TagSpike> {
    facts.night(|night| tag_spikes(night, &InsightConfig::default()))
}

#[test]
fn an_hour_is_told_with_what_was_expected() {
    assert_eq!(spikes(&shop(0)), []);
    let rows = spikes(&shop(20));
    let found: Vec<_> = rows
        .iter()
        .map(|r| (r.tag.as_str(), r.num_conversations, r.num_so_far))
        .collect();
    assert_eq!(
        found,
        [("all", 25, 55), ("website", 21, 27), ("website/checkout_error", 21, 27)]
    );
    for row in &rows {
        assert_eq!(row.hour_at.to_string(), "2025-11-28T14:00:00Z");
        assert!((0.5..6.0).contains(&row.expected) && row.expected_hi < 13.0, "{row:?}");
    }
}

#[test]
fn the_hour_is_the_shops_own() {
    let facts = shop(20);
    let shops = [crate::ShopFacts {
        shop_id: &facts.shop_id,
        as_of_end: facts.as_of.plus_days(1).utc_midnight(),
        peaks: &[],
        has_hours: true,
        currency: &facts.currency,
        hourly_cost: None,
    }];
    let mut rows = facts.facts(&shops);
    // Half an hour ahead: 14:30 to 15:30 of local time hold the second half of the burst and more.
    rows.offset_s = &|_, _| HOUR / 2;
    let found = tag_spikes(&crate::Night::prepare(&rows), &InsightConfig::default());
    assert!(
        found.iter().all(|r| r.hour_at.to_string().contains(":30:00")),
        "{found:?}"
    );
    assert_eq!(found.iter().map(|r| r.num_conversations).max(), Some(20));
}

#[test]
fn a_burst_of_everything_is_the_shops_alone() {
    let mut facts = shop(0);
    for i in 0..60 {
        let at = facts.as_of.utc_midnight().plus_seconds(10 * HOUR + i * 50);
        let c = contact_at("chat", &format!("y{i:03}"), at);
        let tag = if i % 5 > 0 {
            "order/invoice"
        } else {
            "website/checkout_error"
        };
        facts.conversation_tags.push(topic(&c, tag));
        facts.conversations.push(c);
    }
    let tags: Vec<_> = spikes(&facts).into_iter().map(|r| r.tag).collect();
    assert_eq!(tags, ["all".into()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Rows are hours with enough contacts above what was expected, whatever the order of the input.
    #[test]
    fn rows_keep_their_promise(bursts in proptest::collection::vec((0i32..20, 0i64..24, 0i64..40), 0..6)) {
        let mut facts = shop(0);
        for (k, (t, hour, n)) in bursts.iter().enumerate() {
            for i in 0..*n {
                let at = facts.as_of.plus_days(-t).utc_midnight().plus_seconds(hour * HOUR + i);
                let c = contact_at("chat", &format!("z{k}-{i}"), at);
                facts.conversation_tags.push(topic(&c, "order/invoice"));
                facts.conversations.push(c);
            }
        }
        let rows = spikes(&facts);
        for row in &rows {
            prop_assert!(row.num_conversations >= 10 && row.num_conversations as f64 >= row.expected + 5.0);
            prop_assert!(row.num_customers <= row.num_conversations && row.num_conversations <= row.num_so_far);
            prop_assert!(row.expected.is_finite() && row.expected_hi.is_finite());
        }
        prop_assert!(rows.is_sorted_by(|a, b| (&a.tag, a.hour_at) < (&b.tag, b.hour_at)));
        facts.conversations.reverse();
        facts.conversation_tags.reverse();
        prop_assert!(spikes(&facts) == rows);
    }
}
