use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use refrain_record::{Channel, HandleMethod, ReturnKind, Row, Timestamp, Value};

use super::*;
use crate::fixture::{
    Fixture, campaign, checkout, contact_at, day, issue, link_cart, member, order, outcome, repeat, returned, send,
    topic,
};
use crate::{QualityConfig, quality_checks};

const DAY: i64 = 86_400;

/// A shop at random: `n` contacts over 120 days, an order for each third, everything tied to 40 persons.
fn shop(seed: u64, n: i64) -> Fixture {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pick = move |below: u64| (rng.next_u64() % below) as i64;
    let start = day("2025-08-01").utc_midnight();
    let mut facts = Fixture::new("2025-11-28");
    facts.peaks = vec![day("2025-11-28")];
    let tags = ["a/x", "a/y", "b/z", "return/request", "c"];
    for i in 0..n {
        let person = format!("p{}", pick(40));
        let at = start.plus_seconds(pick(120 * DAY as u64));
        let mut c = contact_at("chat", &format!("c{i:05}"), at);
        c.channel = [Channel::Email, Channel::Chat, Channel::Phone][pick(3) as usize];
        c.bot_involved = pick(2) == 0;
        c.handle_s = Some(60 * pick(60));
        c.handle_s_method = HandleMethod::Estimated;
        c.csat_satisfied = [None, Some(true), Some(false)][pick(3) as usize];
        for _ in 0..pick(3) {
            facts.conversation_tags.push(topic(&c, tags[pick(5) as usize]));
        }
        let mut o = outcome(&c, (pick(5) > 0).then_some(person.as_str()));
        o.fcr_7d = o.person_key.is_some().then_some(pick(2) == 0);
        facts.conversation_outcomes.push(o);
        if i % 3 == 0 {
            let at = start.plus_seconds(pick(100 * DAY as u64));
            facts.orders.push(order(&format!("o{i:05}"), at, Some(&person)));
            if pick(3) == 0 {
                let at = at.plus_seconds(pick(70 * DAY as u64));
                facts
                    .returns
                    .push(returned(&format!("r{i}"), &format!("o{i:05}"), at, ReturnKind::Return));
            }
            facts
                .checkouts
                .push(checkout(&format!("k{i:05}"), at, Some(&person), Some(pick(2) == 0)));
            let name = format!("m{}", pick(4));
            facts
                .sends
                .push(send(&name, &format!("s{i}"), at, &person, pick(3) == 0));
        }
        if pick(4) > 0 {
            facts.issue_members.push(member(&c, &format!("i{}", pick(6))));
        }
        facts
            .link_cart
            .push(link_cart(&c, &format!("k{:05}", i / 6 * 3), pick(1_000) - 500));
        if let Some(prior) = facts.conversations.last() {
            facts
                .repeat_links
                .push(repeat(prior, &c, &person, pick(10 * DAY as u64)));
        }
        facts.conversations.push(c);
    }
    facts.issues = (0..6)
        .map(|i| issue(&format!("i{i}"), &format!("i{}", i / 2)))
        .collect();
    facts.campaigns = (0..4).map(|i| campaign(&format!("m{i}"), Some("sale"))).collect();
    facts
}

fn tables(facts: &Fixture) -> Insight {
    facts.night(|night| run(night.facts, &InsightConfig::default()))
}

fn check_keys<R: Row>(rows: &[R]) {
    let columns = R::columns();
    let places: Vec<usize> = R::META
        .key
        .iter()
        .map(|key| columns.iter().position(|c| c.name == *key).unwrap())
        .collect();
    let key = |row: &R| -> Vec<String> {
        let mut cells = Vec::new();
        row.values(&mut cells);
        assert!(
            cells.iter().all(|c| !matches!(c, Value::Float(x) if !x.is_finite())),
            "{}",
            R::META.name
        );
        let text = |place: &usize| match cells[*place] {
            Value::Text(text) => text.to_owned(),
            Value::Int(n) => format!("{:020}", i128::from(n) + (1 << 64)),
            Value::Date(date) => format!("{:012}", i64::from(date.0) + (1 << 32)),
            other => format!("{other:?}"),
        };
        places.iter().map(text).collect()
    };
    let keys: Vec<_> = rows.iter().map(key).collect();
    assert!(!keys.is_empty(), "{}", R::META.name);
    assert!(keys.is_sorted_by(|a, b| a < b), "{} is not in key order", R::META.name);
}

#[test]
fn keys_are_unique_and_in_order_and_floats_finite() {
    let made = tables(&shop(1, 1_500));
    check_keys(&made.tag_daily);
    check_keys(&made.tag_cooccurrence);
    check_keys(&made.channel_scorecard);
    check_keys(&made.bot_scorecard);
    check_keys(&made.effect_units);
    check_keys(&made.effect_estimates);
    check_keys(&made.retention_cohort);
    check_keys(&made.metric_tradeoff);
    check_keys(&made.issue_ranking);
    check_keys(&made.issue_family_ranking);
    check_keys(&made.automation_candidates);
    check_keys(&made.faq_queue);
    let checks = shop(1, 50).night(|night| quality_checks(night, &[], &QualityConfig::default()));
    check_keys(&checks);
}

#[test]
fn threads_and_order_of_input_do_not_matter() {
    let facts = shop(2, 900);
    let expected = tables(&facts);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(one.install(|| tables(&facts)) == expected);
    let mut turned = facts;
    turned.conversations.reverse();
    turned.conversation_tags.reverse();
    turned.conversation_outcomes.reverse();
    turned.repeat_links.reverse();
    turned.orders.reverse();
    turned.returns.reverse();
    turned.checkouts.reverse();
    turned.sends.reverse();
    turned.issues.reverse();
    turned.issue_members.reverse();
    turned.link_cart.reverse();
    assert!(tables(&turned) == expected);
}

#[test]
fn families_alone_give_the_same_estimates() {
    let facts = shop(3, 600);
    facts.night(|night| {
        let config = InsightConfig::default();
        let whole = run(night.facts, &config);
        let mut apart: Vec<EffectEstimate> = crate::FAMILIES
            .iter()
            .flat_map(|(outcome, kind)| {
                let units = crate::effect_units_of(night, &config, *outcome, *kind);
                effect_estimates(&units, night.facts.is_mechanical, &config)
            })
            .collect();
        apart.sort_by_key(|r| (r.outcome.as_str(), r.exposure_kind.as_str()));
        assert!(apart == whole.effect_estimates);
    });
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(tables(&Fixture::new("2025-11-28")), Insight::default());
    let no_shops = Fixture::new("2025-11-28");
    assert_eq!(run(&no_shops.facts(&[]), &InsightConfig::default()), Insight::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Odd tags, dates and times never panic.
    #[test]
    fn hostile_rows_are_survived(
        rows in proptest::collection::vec((".{0,12}", any::<i32>(), any::<i64>(), any::<i64>()), 1..12)
    ) {
        let mut facts = Fixture::new("2025-11-28");
        for (i, (text, days, time, big)) in rows.iter().enumerate() {
            let at = Timestamp(time % (1 << 60));
            let mut c = contact_at("chat", &format!("{text}{i}"), at);
            c.date = day("2025-11-01").plus_days(days % 4_000);
            c.first_response_s = Some(*big);
            c.handle_s = Some(*big);
            c.handle_s_method = HandleMethod::Measured;
            c.order_ids = vec![text.clone()];
            facts.conversation_tags.push(topic(&c, text));
            facts.conversation_outcomes.push(outcome(&c, Some(text)));
            facts.orders.push(order(text, at, Some(text)));
            facts.checkouts.push(checkout(text, at, Some(text), Some(true)));
            facts.returns.push(returned(text, text, at, ReturnKind::Return));
            facts.sends.push(send(text, text, at, text, false));
            facts.conversations.push(c);
        }
        let made = tables(&facts);
        prop_assert!(!made.tag_daily.is_empty());
    }
}
