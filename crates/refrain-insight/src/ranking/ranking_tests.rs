use proptest::prelude::*;
use refrain_record::{Amount, HandleMethod, ReturnKind, tables};

use super::*;
use crate::fixture::{
    Fixture, checkout, contact, day, estimate, issue, link_cart, link_return, member, order, outcome, returned, topic,
};

fn rank(facts: &Fixture) -> Ranking {
    facts.night(|night| issue_ranking(night, &[], &InsightConfig::default()))
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// Two contacts of issue `late`, one of `size` in its family, one without issue.
fn shop() -> Fixture {
    let mut facts = Fixture::new("2025-11-30");
    facts.issues = vec![issue("late", "late"), issue("forsinket", "late"), issue("size", "size")];
    for (id, of, seconds) in [
        ("1", Some("late"), 3_600),
        ("2", Some("late"), 1_800),
        ("3", Some("forsinket"), 1_000),
        ("4", Some("size"), 9_000),
        ("5", None, 77),
    ] {
        let mut c = contact("chat", id, "2025-11-20");
        c.handle_s = Some(seconds);
        c.handle_s_method = HandleMethod::Measured;
        facts.conversation_tags.push(topic(&c, "shipping/delay"));
        let mut o = outcome(&c, Some(&format!("p{id}")));
        o.fcr_7d = Some(true);
        facts.conversation_outcomes.push(o);
        facts.issue_members.extend(of.map(|issue| member(&c, issue)));
        facts.conversations.push(c);
    }
    facts
}

#[test]
fn hours_rank_and_families_add_up() {
    let made = rank(&shop());
    let rows: Vec<_> = made
        .issues
        .iter()
        .map(|r| {
            (
                r.issue_id.as_str(),
                r.rank,
                r.num_conversations,
                r.cost.unwrap().to_string(),
            )
        })
        .collect();
    // 30.00 an hour: one and a half hours, two and a half, 1,000 s, and 77 s without issue.
    assert_eq!(
        rows,
        [
            ("forsinket", 3, 1, "8.3333".to_owned()),
            ("late", 2, 2, "45.00".to_owned()),
            ("none", 0, 1, "0.6417".to_owned()),
            ("size", 1, 1, "75.00".to_owned()),
        ]
    );
    let families: Vec<_> = made
        .families
        .iter()
        .map(|r| {
            (
                r.issue_family_id.as_str(),
                r.rank,
                r.num_conversations,
                r.issue_ids.clone(),
            )
        })
        .collect();
    assert_eq!(
        families,
        [
            ("late", 2, 3, vec!["late".to_owned(), "forsinket".to_owned()]),
            ("none", 0, 1, vec![]),
            ("size", 1, 1, vec!["size".to_owned()]),
        ]
    );
    assert_eq!(made.issues[1].repeat_rate_7d, Some(0.0));
    assert!(made.issues[1].trend.is_none());
    assert_eq!(made.issues[1].channels, ["email"]);
}

#[test]
fn a_family_remembers_issues_that_died_out() {
    let mut facts = shop();
    facts.issues.push(issue("laat", "late"));
    for (id, date) in [("6", "2025-10-10"), ("7", "2025-09-30")] {
        let c = contact("chat", id, date);
        facts.issue_members.push(member(&c, "laat"));
        facts.conversations.push(c);
    }
    let made = rank(&facts);
    let family = &made.families[0];
    assert_eq!(
        (family.issue_family_id.as_str(), family.num_conversations_before),
        ("late", 1)
    );
    // Three of five contacts now, the only one before.
    assert!((family.trend.unwrap() - 3.0 / 5.0).abs() < 1e-9);
    assert_eq!(family.trend_per.as_ref().map(|p| p.as_str()), Some("contact"));
    assert!(made.issues.iter().all(|r| r.issue_id.as_str() != "laat"));
}

#[test]
fn mostly_absent_time_is_refused_and_ranks_last() {
    let mut facts = shop();
    let c = facts
        .conversations
        .iter_mut()
        .find(|c| c.conversation_id.as_str() == "4");
    c.unwrap().handle_s_method = HandleMethod::Absent;
    let made = rank(&facts);
    let size = made.issues.iter().find(|r| r.issue_id.as_str() == "size").unwrap();
    assert_eq!((size.rank, size.handle_h, size.cost, size.handle_s), (3, None, None, 0));
}

#[test]
fn a_cart_is_split_and_only_strong_evidence_makes_an_excess() {
    let mut facts = shop();
    facts.issues[0].top_tag = Some("shipping/delay".into());
    let at = day("2025-11-20").utc_midnight().plus_seconds(40_000);
    let mut cart = checkout("k", at, Some("p1"), Some(true));
    cart.value = Some(amount("100"));
    let mut foreign = checkout("f", at, Some("p1"), Some(true));
    (foreign.value, foreign.currency) = (Some(amount("9")), "USD".into());
    facts.checkouts = vec![cart, foreign];
    for i in [0, 1, 3] {
        facts.link_cart.push(link_cart(&facts.conversations[i], "k", 4_000));
    }
    facts.link_cart.push(link_cart(&facts.conversations[0], "f", 4_000));
    let made = rank(&facts);
    let late = made.issues.iter().find(|r| r.issue_id.as_str() == "late").unwrap();
    assert_eq!(late.value_linked.to_string(), "66.6667");
    assert_eq!(
        (late.num_linked, late.num_linked_other_currency, late.value_excess),
        (1, 1, None)
    );

    let mut found = estimate(refrain_record::EvidenceLevel::Stratified, 2.0, 0.01);
    found.exposure = "shipping/delay".into();
    let made = facts.night(|night| issue_ranking(night, &[found.clone()], &InsightConfig::default()));
    let late = made.issues.iter().find(|r| r.issue_id.as_str() == "late").unwrap();
    assert_eq!(late.value_excess.unwrap().to_string(), "33.3334");
    assert!(late.value_excess_lo < late.value_excess && late.value_excess < late.value_excess_hi);
    let size = made.issues.iter().find(|r| r.issue_id.as_str() == "size").unwrap();
    assert_eq!(
        (size.value_linked.to_string().as_str(), size.value_excess),
        ("33.3333", None)
    );
}

#[test]
fn an_order_returned_twice_counts_once() {
    let mut facts = shop();
    let at = day("2025-11-15").utc_midnight();
    let mut o = order("o1", at, Some("p1"));
    o.total = Some(amount("80"));
    facts.orders.push(o);
    for id in ["r1", "r2"] {
        let mut row = returned(id, "o1", at.plus_seconds(800_000), ReturnKind::Return);
        row.refund = Some(amount("40"));
        row.source = "shop".into();
        facts.link_return.push(link_return(&facts.conversations[0], &row, 100));
        facts.returns.push(row);
    }
    let made = rank(&facts);
    let late = made.issues.iter().find(|r| r.issue_id.as_str() == "late").unwrap();
    assert_eq!((late.num_linked, late.value_linked), (1, amount("80")));
}

/// What the rows of a shop must add up to.
fn check_totals(facts: &Fixture, made: &Ranking) -> Result<(), TestCaseError> {
    let contacts = facts.conversations.len() as i64;
    let seconds: i64 = facts.conversations.iter().filter_map(|c| c.handle_s).sum();
    let carts: BTreeMap<&str, &tables::Checkout> =
        facts.checkouts.iter().map(|c| (c.checkout_id.as_str(), c)).collect();
    let linked: std::collections::BTreeSet<&str> = facts.link_cart.iter().map(|l| l.checkout_id.as_str()).collect();
    let value: Amount = linked
        .iter()
        .map(|id| carts[id])
        .filter(|c| c.is_abandoned == Some(true) && c.currency.as_str() == "EUR")
        .filter_map(|c| c.value)
        .sum();
    let total = (i128::from(seconds) * 300_000 + 1_800) / 3_600;
    let issues = &made.issues;
    prop_assert_eq!(issues.iter().map(|r| r.num_conversations).sum::<i64>(), contacts);
    prop_assert_eq!(issues.iter().map(|r| r.handle_s).sum::<i64>(), seconds);
    prop_assert_eq!(issues.iter().map(|r| r.value_linked).sum::<Amount>(), value);
    prop_assert_eq!(
        i128::from(issues.iter().filter_map(|r| r.cost).sum::<Amount>().0),
        total
    );
    let families = &made.families;
    prop_assert_eq!(families.iter().map(|r| r.num_conversations).sum::<i64>(), contacts);
    prop_assert_eq!(families.iter().map(|r| r.handle_s).sum::<i64>(), seconds);
    prop_assert_eq!(families.iter().map(|r| r.value_linked).sum::<Amount>(), value);
    prop_assert_eq!(
        i128::from(families.iter().filter_map(|r| r.cost).sum::<Amount>().0),
        total
    );
    let mut ranks: Vec<i64> = issues
        .iter()
        .filter(|r| r.issue_id.as_str() != NO_ISSUE)
        .map(|r| r.rank)
        .collect();
    ranks.sort_unstable();
    prop_assert!(ranks.iter().copied().eq(1..=ranks.len() as i64));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Conversations, hours, cost and linked value over all rows are the shop's.
    #[test]
    fn splits_add_up(
        contacts in proptest::collection::vec((0_u8..6, 0_i64..20_000), 1..40),
        carts in proptest::collection::vec((0_i64..1_000_000_000, any::<bool>(), any::<bool>()), 1..12),
        links in proptest::collection::vec((0_usize..40, 0_usize..12, -9_000_i64..9_000), 0..60),
    ) {
        let mut facts = Fixture::new("2025-11-30");
        facts.issues = (0..5).map(|i| issue(&format!("i{i}"), &format!("i{}", i % 3))).collect();
        for (i, (of, seconds)) in contacts.iter().enumerate() {
            let mut c = contact("chat", &format!("c{i}"), "2025-11-20");
            c.handle_s = Some(*seconds);
            c.handle_s_method = HandleMethod::Estimated;
            if *of < 5 {
                facts.issue_members.push(member(&c, &format!("i{of}")));
            }
            facts.conversations.push(c);
        }
        let at = day("2025-11-20").utc_midnight();
        for (i, (value, is_abandoned, is_own)) in carts.iter().enumerate() {
            let mut cart = checkout(&format!("k{i}"), at, None, Some(*is_abandoned));
            cart.value = Some(Amount(*value));
            cart.currency = if *is_own { "EUR" } else { "USD" }.into();
            facts.checkouts.push(cart);
        }
        for (c, k, gap_s) in links {
            let (c, k) = (c % contacts.len(), k % carts.len());
            facts.link_cart.push(link_cart(&facts.conversations[c], &format!("k{k}"), gap_s));
        }
        let made = rank(&facts);
        check_totals(&facts, &made)?;
        facts.conversations.reverse();
        facts.link_cart.reverse();
        facts.issues.reverse();
        prop_assert!(rank(&facts) == made);
    }
}
