use refrain_record::tables::{FaqEntry, HelpSearch};
use refrain_record::{Language, MembershipKind, Timestamp};

use super::*;
use crate::fixture::{Fixture, contact, day, issue, member, outcome};
use crate::{ContactText, issue_ranking};

const GERMAN: [&str; 6] = [
    "Wo bleibt mein Paket?",
    "Mein Paket ist noch nicht da, wo bleibt es?",
    "Das Paket sollte gestern kommen",
    "Paket noch immer nicht angekommen, bitte um Auskunft",
    "Warum kommt mein Paket nicht",
    "Wo bleibt mein Paket???",
];
const DANISH: [&str; 2] = ["Hvor er min pakke?", "Pakken er ikke kommet endnu"];

fn entry(id: &str, title: &str, language: Language) -> FaqEntry {
    FaqEntry {
        shop_id: "de".into(),
        source: "help".into(),
        faq_id: id.into(),
        title: title.to_owned(),
        body: String::new(),
        url: Some(format!("/help/{id}")),
        language: Some(language),
        owner: None,
        published_at: None,
        updated_at: None,
    }
}

fn search(id: usize, query: &str, num_results: i64, clicked: Option<&str>) -> HelpSearch {
    HelpSearch {
        shop_id: "de".into(),
        source: "help".into(),
        search_id: id.to_string(),
        date: day("2025-11-20"),
        at: Timestamp(0),
        customer_key: None,
        query: query.to_owned(),
        num_results: Some(num_results),
        clicked_faq_id: clicked.map(Into::into),
        language: Some(Language::De),
    }
}

/// Six Germans and two Danes miss their parcels.
fn shop() -> Fixture {
    let mut facts = Fixture::new("2025-11-30");
    facts.issues = vec![issue("late", "late"), issue("sent", "late")];
    facts.issues[0].top_tag = Some("shipping/delay".into());
    facts.issues[1].language = Some(Language::Da);
    for i in 0..8 {
        let mut c = contact("chat", &format!("c{i}"), "2025-11-20");
        c.num_bot_fallbacks = i64::from(i == 3);
        facts
            .issue_members
            .push(member(&c, if i < 6 { "late" } else { "sent" }));
        facts.conversation_outcomes.push(outcome(&c, Some(&format!("p{i}"))));
        facts.conversations.push(c);
    }
    facts
}

fn queue(facts: &Fixture) -> Vec<FaqQueueItem> {
    let said = GERMAN.iter().chain(&DANISH);
    let texts: Vec<ContactText<'_>> = facts
        .conversations
        .iter()
        .zip(said)
        .map(|(c, text)| ContactText {
            shop_id: "de",
            source: "chat",
            conversation_id: c.conversation_id.as_str(),
            request: (*text).into(),
            answers: Vec::new(),
        })
        .collect();
    let config = InsightConfig::default();
    facts.night_with(&texts, |night| {
        faq_queue(night, &issue_ranking(night, &[], &config).issues, &config)
    })
}

#[test]
fn variants_differ_and_come_from_several_persons_and_languages() {
    let rows = queue(&shop());
    assert_eq!(rows.len(), 1, "two Danes are too few");
    let row = &rows[0];
    assert_eq!(
        (row.issue_id.as_str(), row.rank, row.kind),
        ("late", 1, FaqQueueKind::NewAnswer)
    );
    assert_eq!(row.question_variants.len(), 5);
    let danish = row
        .question_variants
        .iter()
        .filter(|v| *v == "chat/c6" || *v == "chat/c7");
    assert_eq!(danish.count(), 1);
    // The first and the last say the same.
    let same = row
        .question_variants
        .iter()
        .filter(|v| *v == "chat/c0" || *v == "chat/c5");
    assert_eq!(same.count(), 1);
    assert_eq!(row.suggested_owner.as_ref().map(|o| o.as_str()), Some("logistics"));
    assert_eq!((row.num_bot_unanswered, row.faq_similarity), (1, None));

    let mut facts = shop();
    facts.conversation_outcomes.iter_mut().for_each(|o| o.person_key = None);
    facts.conversation_outcomes.drain(..5);
    facts.issues[0].owner = Some("chief".into());
    let row = &queue(&facts)[0];
    assert_eq!(row.suggested_owner.as_ref().map(|o| o.as_str()), Some("chief"));
}

#[test]
fn the_entry_is_found_by_text_tag_clicks_and_decision() {
    let found = |facts: &Fixture| {
        let row = queue(facts).remove(0);
        let by = row.faq_matched_by.map(|by| by.as_str().to_owned());
        (row.kind, row.faq_id.map(|id| id.as_str().to_owned()), by)
    };
    let some = |kind, id: &str, by: &str| (kind, Some(id.to_owned()), Some(by.to_owned()));
    let mut facts = shop();
    facts.faq_entries = vec![
        entry("pay", "Wie kann ich bezahlen?", Language::De),
        entry("da", "Wo bleibt mein Paket?", Language::Da),
    ];
    assert_eq!(found(&facts), (FaqQueueKind::NewAnswer, None, None));
    facts
        .faq_entries
        .push(entry("where", "Wo bleibt mein Paket?", Language::De));
    assert_eq!(found(&facts), some(FaqQueueKind::ExistingNotFound, "where", "text"));
    facts.faq_entries.push(entry("late_da", "Late", Language::Da));
    assert_eq!(found(&facts), some(FaqQueueKind::ExistingNotFound, "where", "text"));
    let where_is_it = facts.faq_entries.remove(2);
    assert_eq!(
        found(&facts),
        some(FaqQueueKind::NewAnswer, "late_da", "other_language")
    );
    facts.faq_entries.push(where_is_it);
    facts.faq_entries.push(entry("tag", "Paket late", Language::De));
    assert_eq!(found(&facts), some(FaqQueueKind::ExistingNotFound, "tag", "tag"));
    facts.help_searches = (0..3).map(|i| search(i, "late parcel", 2, Some("pay"))).collect();
    assert_eq!(found(&facts), some(FaqQueueKind::ExistingNotFound, "pay", "clicks"));
    facts.issues[0].faq_url = Some("/help/where".to_owned());
    assert_eq!(found(&facts), some(FaqQueueKind::ExistingNotFound, "where", "decision"));
    facts.issues[0].top_tag = Some("return/policy".into());
    assert_eq!(found(&facts).0, FaqQueueKind::UnclearPolicy);
}

#[test]
fn searches_count_by_how_they_end() {
    let mut facts = shop();
    facts.help_searches = vec![
        search(0, "late", 0, None),
        search(1, "late", 0, None),
        search(2, "so late", 4, None),
        search(3, "late", 4, Some("x")),
        search(4, "gutschein", 0, None),
    ];
    facts.help_searches.push(HelpSearch {
        date: day("2025-10-01"),
        ..search(5, "late", 0, None)
    });
    let row = &queue(&facts)[0];
    assert_eq!(
        (row.num_searches, row.num_searches_no_result, row.num_searches_no_click),
        (4, 2, 1)
    );
}

#[test]
fn closed_issues_and_empty_texts_stay_out() {
    let mut facts = shop();
    facts.issues[0].status = IssueStatus::Merged;
    assert!(queue(&facts).is_empty());
    let mut facts = shop();
    facts
        .issue_members
        .iter_mut()
        .for_each(|m| m.kind = MembershipKind::NearestOnly);
    assert!(queue(&facts).is_empty());
    let facts = shop();
    let config = InsightConfig::default();
    let rows = facts.night(|night| faq_queue(night, &issue_ranking(night, &[], &config).issues, &config));
    assert_eq!((rows.len(), rows[0].question_variants.len()), (1, 0));
}
