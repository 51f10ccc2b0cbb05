use refrain_record::HandleMethod;

use super::*;
use crate::fixture::{Fixture, contact, issue, member, outcome};
use crate::{ContactText, issue_ranking};

const ANSWERS: [&str; 2] = [
    "You can print the label in your account",
    "You can print the label in your account, or at the shop",
];

fn candidates(facts: &Fixture, texts: &[ContactText<'_>]) -> Vec<AutomationCandidate> {
    let config = InsightConfig::default();
    facts.night_with(texts, |night| {
        let ranking = issue_ranking(night, &[], &config);
        automation_candidates(night, &ranking.issues, &config)
    })
}

/// 30 contacts with a bot in October, 24 of them contained; 10 of an hour each without one in the window.
fn shop() -> Fixture {
    let mut facts = Fixture::new("2025-11-30");
    facts.issues.push(issue("label", "label"));
    for i in 0..40 {
        let is_old = i < 30;
        let mut c = contact(
            "chat",
            &format!("c{i:02}"),
            if is_old { "2025-10-20" } else { "2025-11-20" },
        );
        c.bot_involved = is_old;
        c.handle_s = Some(3_600);
        c.handle_s_method = HandleMethod::Measured;
        let mut o = outcome(&c, Some(&format!("p{i}")));
        o.bot_contained = is_old.then_some(i < 24);
        facts.issue_members.push(member(&c, "label"));
        facts.conversation_outcomes.push(o);
        facts.conversations.push(c);
    }
    facts
}

fn texts(facts: &Fixture) -> Vec<ContactText<'_>> {
    facts
        .conversations
        .iter()
        .enumerate()
        .map(|(i, c)| ContactText {
            shop_id: "de",
            source: "chat",
            conversation_id: c.conversation_id.as_str(),
            request: "Where do I get a label?".into(),
            answers: vec!["Which order is it?", ANSWERS[i % 2]],
        })
        .collect()
}

#[test]
fn saved_hours_are_the_interval_of_what_bots_contain() {
    let facts = shop();
    let rows = candidates(&facts, &texts(&facts));
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    let (lo, hi) = wilson(24, 30, Z95);
    assert_eq!(
        (row.status, row.rank, row.num_bot_matured, row.num_bot_contained),
        (EstimateStatus::Ok, 1, 30, 24)
    );
    assert_eq!(
        (row.hours_saved_lo, row.hours_saved_hi),
        (Some(lo * 10.0), Some(hi * 10.0))
    );
    assert_eq!(row.bot_evidence.as_ref().map(|b| b.as_str()), Some("issue"));
    assert_eq!(row.num_answers, 10);
    let homogeneity = row.answer_homogeneity.unwrap();
    assert!((0.8..1.0).contains(&homogeneity), "{homogeneity}");
}

#[test]
fn no_bot_or_no_time_is_refused() {
    let mut facts = shop();
    facts.conversations.iter_mut().for_each(|c| c.bot_involved = false);
    let rows = candidates(&facts, &[]);
    assert_eq!(
        (rows[0].status, rows[0].hours_saved_lo),
        (EstimateStatus::NoBotEvidence, None)
    );
    assert_eq!((rows[0].num_answers, rows[0].answer_homogeneity), (0, None));

    let mut facts = shop();
    facts
        .conversations
        .iter_mut()
        .for_each(|c| c.handle_s_method = HandleMethod::Absent);
    let rows = candidates(&facts, &[]);
    assert_eq!(
        (rows[0].status, rows[0].hours_saved_hi),
        (EstimateStatus::NoHandlingTime, None)
    );
}

#[test]
fn few_of_the_issue_fall_back_on_its_tag() {
    let mut facts = shop();
    facts.issue_members.drain(..20);
    facts.issues[0].top_tag = Some("return/label".into());
    let rows = candidates(&facts, &[]);
    assert_eq!((rows[0].status, rows[0].num_bot_matured), (EstimateStatus::TooFew, 10));
    let tags: Vec<_> = facts
        .conversations
        .iter()
        .map(|c| crate::fixture::topic(c, "return/label"))
        .collect();
    facts.conversation_tags = tags;
    let rows = candidates(&facts, &[]);
    assert_eq!((rows[0].status, rows[0].num_bot_matured), (EstimateStatus::Ok, 30));
    assert_eq!(rows[0].bot_evidence.as_ref().map(|b| b.as_str()), Some("tag"));
}
