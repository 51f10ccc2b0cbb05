//! Nights over feeds that are read from text: derived columns, and one by one against all at once.

use proptest::prelude::*;
use refrain_record::tables::{Conversation, Message};
use refrain_record::{
    AuthorRole, Date, EndReason, Feed, HandleMethod, HandoverReason, Language, RejectCause, Timestamp,
};

use super::*;
use crate::markers::TEST_MARKERS;
use crate::shop::test_shop;
use crate::{Feeds, IdentityKey, Input, Shop, SourceSpec, Tables, read_source};

const HOURS: &str = "Mo-Fr 08:00-20:00";

fn shop() -> Shop {
    test_shop(Some(HOURS))
}

fn read_into(feeds: &mut Feeds, spec: &SourceSpec, text: &str) {
    let key = IdentityKey::from_bytes(b"0123456789abcdef").unwrap();
    let input = Input::Bytes {
        file: "f",
        reader: Box::new(text.as_bytes()),
    };
    read_source(spec, &shop(), &key, input, feeds).unwrap();
}

fn source(kind: &str, feed: Feed) -> SourceSpec {
    SourceSpec {
        name: Some("desk".to_owned()),
        ..SourceSpec::new("de", kind, feed, "x")
    }
}

fn settings(date: &str) -> NightSettings {
    NightSettings {
        markers: Markers::from_toml(TEST_MARKERS).unwrap(),
        ..NightSettings::new(date.parse().unwrap())
    }
}

fn night_of(feeds: &Feeds, date: &str) -> Night {
    let night = assemble_night(Tables::default(), feeds, &[shop()], &settings(date));
    assert_night(&night);
    night
}

/// Accounts add up, tables are sorted with each key once, children have parents' dates.
fn assert_night(night: &Night) {
    for account in &night.accounts {
        assert_eq!(
            account.read,
            account.kept + account.duplicates + account.rejected + account.later,
            "{account:?}"
        );
    }
    fn assert_sorted<T: tables::Keyed + std::fmt::Debug>(rows: &[T]) {
        for pair in rows.windows(2) {
            assert!(pair[0].by_key(&pair[1]).is_lt(), "{pair:?}");
        }
    }
    let t = &night.tables;
    assert_sorted(&t.conversations);
    assert_sorted(&t.messages);
    assert_sorted(&t.conversation_events);
    assert_sorted(&t.ratings);
    assert_sorted(&t.orders);
    assert_sorted(&t.order_lines);
    assert_sorted(&t.checkouts);
    assert_sorted(&t.identities);
}

/// A conversation of turns `(role, minute, text)` on Monday, 3 November 2025, from 09:00 in Berlin.
fn conversation_of(header: &str, turns: &[(&str, i64, &str)], date: &str) -> (Conversation, Vec<Message>) {
    let turns: Vec<String> = turns
        .iter()
        .map(|(role, minute, text)| {
            let ts = 1_762_156_800 + minute * 60;
            format!(r#"{{"role":"{role}","text":"{text}","ts":{ts},"author_id":"{role}"}}"#)
        })
        .collect();
    let mut feeds = Feeds::default();
    let line = format!(r#"{{"id":"a",{header}"messages":[{}]}}"#, turns.join(","));
    read_into(&mut feeds, &source("chat-jsonl", Feed::Conversations), &line);
    assert_eq!(feeds.rejects, []);
    let mut tables = night_of(&feeds, date).tables;
    (tables.conversations.remove(0), tables.messages)
}

#[test]
fn responses_and_handling() {
    let (row, _) = conversation_of(
        "",
        &[
            ("user", 0, "where is it"),
            ("bot", 1, "hi"),
            ("user", 2, "hello?"),
            ("agent", 12, "hi"),
            ("user", 15, "ok"),
            ("agent", 16, "bye"),
        ],
        "2025-11-03",
    );
    assert_eq!(row.first_response_s, Some(720));
    assert_eq!(row.first_response_business_s, Some(720));
    assert_eq!(row.first_bot_response_s, Some(60));
    assert_eq!(row.wait_s_max, Some(720));
    // Ten minutes before the first answer count as five, one before the second as one.
    assert_eq!(
        (row.handle_s, row.handle_s_method),
        (Some(360), HandleMethod::Estimated)
    );
    assert_eq!(
        (row.handover_turn, row.handover_reason),
        (Some(3), Some(HandoverReason::Unknown))
    );
    assert_eq!(
        (row.num_customer_messages, row.num_agent_messages, row.num_bot_messages),
        (3, 2, 1)
    );
    assert_eq!(row.num_agents, Some(1));
    assert_eq!(row.in_business_hours, Some(true));
    assert!(row.is_contact && !row.never_answered);
}

#[test]
fn business_seconds_skip_the_night() {
    // Asked on Friday at 19:30, answered on Monday at 08:10.
    let friday = 4 * 24 * 60 + 630;
    let (row, _) = conversation_of(
        "",
        &[("user", friday, "hi"), ("agent", friday + 3640, "hello")],
        "2025-11-30",
    );
    assert_eq!(row.first_response_s, Some(3640 * 60));
    assert_eq!(row.first_response_business_s, Some(40 * 60));
}

#[test]
fn endings() {
    let user = ("user", 0, "hi");
    let agent = ("agent", 1, "hello");
    let ended = |header: &str, turns: &[(&str, i64, &str)], date: &str| {
        let (row, _) = conversation_of(header, turns, date);
        (row.end_reason, row.first_resolution_s)
    };
    let day = "2025-11-03";
    assert_eq!(ended("", &[user, agent], day), (EndReason::Open, None));
    assert_eq!(ended("", &[user, agent], "2025-11-30"), (EndReason::Unknown, None));
    assert_eq!(
        ended(r#""status":"open","#, &[user, agent], "2025-11-30"),
        (EndReason::CustomerLeft, None)
    );
    assert_eq!(
        ended(r#""status":"open","#, &[user], "2025-11-30"),
        (EndReason::Open, None)
    );
    let ended_at = r#""ended_at":1762160400,"#;
    assert_eq!(ended(ended_at, &[user, agent], day), (EndReason::Resolved, Some(3600)));
    assert_eq!(ended(ended_at, &[user], day), (EndReason::AgentClosed, Some(3600)));
    assert_eq!(ended(r#""spam":true,"#, &[user], day).0, EndReason::Spam);
    assert_eq!(ended(r#""merged_into":"b","#, &[user], day).0, EndReason::Merged);
    let events = |kinds: &[(&str, i64)]| {
        let all: Vec<_> = kinds
            .iter()
            .map(|(k, m)| format!(r#"{{"kind":"{k}","at":{}}}"#, 1_762_156_800 + m * 60))
            .collect();
        format!(r#""events":[{}],"#, all.join(","))
    };
    let (row, _) = conversation_of(
        &events(&[("solved", 5), ("reopened", 6), ("solved", 9)]),
        &[user, agent],
        day,
    );
    assert_eq!((row.end_reason, row.num_reopens), (EndReason::Resolved, 1));
    assert_eq!((row.first_resolution_s, row.full_resolution_s), (Some(300), Some(540)));
    let (row, _) = conversation_of(&events(&[("solved", 5), ("reopened", 6)]), &[user, agent], day);
    assert_eq!((row.end_reason, row.full_resolution_s), (EndReason::Open, None));
    let (row, _) = conversation_of(&events(&[("pending", 5), ("closed", 60)]), &[user, agent], day);
    assert_eq!(row.end_reason, EndReason::CustomerLeft);
}

#[test]
fn what_is_said_counts() {
    let (row, _) = conversation_of(
        "",
        &[
            ("user", 0, "speak to a human"),
            ("bot", 1, "I didn't understand"),
            ("agent", 2, "hi"),
            ("user", 3, "den Vorgesetzten bitte"),
        ],
        "2025-11-03",
    );
    assert_eq!(
        (row.num_bot_fallbacks, row.handover_reason),
        (1, Some(HandoverReason::CustomerAsked))
    );
    assert!(row.escalation_requested && row.escalated_at.is_none());
    let (outbound, _) = conversation_of(
        r#""channel":"email","#,
        &[("agent", 0, "Sale!"), ("user", 1, "no")],
        "2025-11-03",
    );
    assert_eq!(
        (outbound.initiated_by, outbound.is_contact, outbound.first_response_s),
        (AuthorRole::Agent, false, None)
    );
    let (greeted, _) = conversation_of(
        r#""channel":"chat","#,
        &[("agent", 0, "Hello!"), ("user", 1, "hi")],
        "2025-11-03",
    );
    assert_eq!((greeted.initiated_by, greeted.is_contact), (AuthorRole::Customer, true));
    let german = "Ich habe mein Paket noch nicht bekommen und warte seit zwei Wochen darauf";
    let (row, _) = conversation_of("", &[("user", 0, german)], "2025-11-03");
    assert_eq!(row.language, Some(Language::De));
    assert!(row.never_answered);
}

#[test]
fn the_night_ends_in_the_shops_zone_and_trims() {
    // 22:59 UTC is the last minute of the third in Berlin.
    let line = |id: &str, time: &str| {
        format!(
            r#"{{"id":"{id}","ended_at":"2025-11-06T10:00:00Z","messages":[{{"text":"a","ts":"{time}"}},{{"text":"b","ts":"2025-11-05T10:00:00Z"}},{{"text":"c"}}]}}"#
        )
    };
    let text = [
        line("in", "2025-11-03T22:59:59Z"),
        line("out", "2025-11-03T23:00:00Z"),
        line("far", "2027-11-03T23:00:00Z").replace("2025-11-05", "2027-11-05"),
    ]
    .join("\n");
    let mut feeds = Feeds::default();
    read_into(&mut feeds, &source("chat-jsonl", Feed::Conversations), &text);
    let night = night_of(&feeds, "2025-11-03");
    assert_eq!(night.tables.conversations.len(), 1);
    let row = &night.tables.conversations[0];
    assert_eq!(
        (row.num_messages, row.end_reason, row.date.to_string().as_str()),
        (1, EndReason::Open, "2025-11-03")
    );
    assert_eq!(
        (
            night.accounts[0].kept,
            night.accounts[0].later,
            night.accounts[0].rejected
        ),
        (1, 1, 1)
    );
    assert_eq!(night.rejects[0].cause, RejectCause::FutureDate);
    // The turn without a time stays behind the one before it.
    let later = night_of(&feeds, "2025-11-06");
    let texts: Vec<_> = later.tables.messages.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(texts, ["a", "b", "c", "a", "b", "c"]);
    assert_eq!(
        later.tables.conversations[0].full_resolution_s,
        Some(2 * 86_400 + 11 * 3600 + 1)
    );
}

#[test]
fn what_an_export_leaves_out_stays() {
    let chat = source("chat-jsonl", Feed::Conversations);
    let mut monday = Feeds::default();
    read_into(
        &mut monday,
        &chat,
        r#"{"id":"a","status":"solved","ended_at":"2025-11-03T10:00:00Z","csat":5,"messages":[{"text":"one","ts":"2025-11-03T09:00:00Z"},{"role":"agent","text":"two","ts":"2025-11-03T09:05:00Z"}]}
{"id":"b","status":"solved","ended_at":"2025-11-03T10:00:00Z","messages":[{"text":"kept","ts":"2025-11-03T09:00:00Z"}]}"#,
    );
    read_into(
        &mut monday,
        &source("csv", Feed::Orders),
        "order_id,ordered_at\n1001,2025-11-03\n",
    );
    let first = night_of(&monday, "2025-11-03");
    let mut tuesday = Feeds::default();
    read_into(
        &mut tuesday,
        &chat,
        r#"{"id":"a","messages":[{"text":"three, order #1001","ts":"2025-11-04T09:00:00Z"}]}"#,
    );
    let second = assemble_night(first.tables.clone(), &tuesday, &[shop()], &settings("2025-11-04"));
    assert_night(&second);
    let texts: Vec<_> = second
        .tables
        .messages
        .iter()
        .map(|m| (m.seq, m.text.as_str()))
        .collect();
    assert_eq!(texts, [(0, "one"), (1, "two"), (2, "three, order #1001"), (0, "kept")]);
    let rows = &second.tables.conversations;
    assert_eq!(
        (rows[0].num_messages, rows[0].csat, rows[0].order_ids.as_slice()),
        (3, Some(1.0), ["1001".to_owned()].as_slice())
    );
    assert_eq!(rows[1], first.tables.conversations[1]);
    assert_eq!(second.tables.orders.len(), 1);
}

#[test]
fn rows_that_refer_to_nothing() {
    let mut feeds = Feeds::default();
    read_into(
        &mut feeds,
        &source("csv", Feed::Orders),
        "order_id,ordered_at,email\n1,2025-11-03,a@b.de\n2,2025-11-05,a@b.de\n",
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::OrderLines),
        "order_id,sku\n1,x\n2,x\n3,x\n",
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::Ratings),
        "conversation_id,score\n9,5\n",
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::Returns),
        "return_id,order_id,opened_at\n1,1,2025-11-03\n",
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::Checkouts),
        "checkout_id,updated_at,completed_at\n1,2025-11-03,\n2,2025-11-03T22:30:00Z,\n3,2025-11-03,2025-11-04\n4,2025-11-03,2025-11-03\n",
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::Campaigns),
        "campaign_id,starts_at\na,2025-11-03\nb,2026-11-03\n",
    );
    let night = night_of(&feeds, "2025-11-03");
    let lines = night.accounts.iter().find(|a| a.feed == Feed::OrderLines).unwrap();
    assert_eq!((lines.kept, lines.later, lines.rejected), (1, 1, 1));
    let orphans: Vec<_> = night.rejects.iter().map(|r| (r.feed, r.cause)).collect();
    assert_eq!(
        orphans,
        [
            (Feed::Ratings, RejectCause::Orphan),
            (Feed::OrderLines, RejectCause::Orphan)
        ]
    );
    assert_eq!(night.tables.order_lines[0].date, night.tables.orders[0].date);
    assert_eq!(
        night.tables.returns[0].customer_key,
        night.tables.orders[0].customer_key
    );
    assert!(night.tables.returns[0].customer_key.is_some());
    let abandoned: Vec<_> = night.tables.checkouts.iter().map(|c| c.is_abandoned).collect();
    assert_eq!(abandoned, [Some(true), None, Some(true), Some(false)]);
    let planned: Vec<_> = night.tables.campaigns.iter().map(|c| c.is_planned).collect();
    assert_eq!(planned, [false, true]);
}

#[test]
fn a_header_without_any_time_waits_for_its_messages() {
    let mut feeds = Feeds::default();
    let header = source("csv", Feed::Conversations);
    read_into(&mut feeds, &header, "id,channel\n1,email\n2,email\n");
    let messages = source("csv", Feed::Messages);
    read_into(
        &mut feeds,
        &messages,
        "ticket_id,ts,text\n1,2025-11-03T09:00:00Z,help\n",
    );
    let night = night_of(&feeds, "2025-11-03");
    assert_eq!(night.tables.conversations.len(), 1);
    assert_eq!(night.tables.conversations[0].channel.as_str(), "email");
    let causes: Vec<_> = night.rejects.iter().map(|r| (r.line, r.cause)).collect();
    assert_eq!(causes, [(3, RejectCause::NoTime)]);
}

#[test]
fn people_meet_across_sources() {
    let mut feeds = Feeds::default();
    let chat = SourceSpec {
        name: Some("chat".to_owned()),
        ..source("chat-jsonl", Feed::Conversations)
    };
    read_into(
        &mut feeds,
        &chat,
        r#"{"id":"a","email":"A@b.de","messages":[{"text":"one","ts":"2025-11-03T09:00:00Z"}]}"#,
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::Orders),
        "order_id,ordered_at,customer_id,email\n1,2025-11-03,7,a@b.de\n2,2025-11-09,8,a@b.de\n",
    );
    let night = night_of(&feeds, "2025-11-03");
    let identities = &night.tables.identities;
    assert_eq!(identities.len(), 3);
    let keys: std::collections::BTreeSet<_> = identities.iter().map(|i| i.customer_key.as_str()).collect();
    assert_eq!(keys.len(), 2);
    assert!(
        identities
            .iter()
            .all(|i| i.person_key.as_str() == *keys.first().unwrap())
    );
    assert_eq!(night_of(&feeds, "2025-11-09").tables.identities.len(), 5);
}

#[test]
fn headers_and_messages_may_come_apart() {
    let mut feeds = Feeds::default();
    read_into(
        &mut feeds,
        &source("csv", Feed::Messages),
        "ticket_id,role,ts,text\n1,user,2025-11-03T09:00:00Z,help\n2,user,2025-11-04T09:00:00Z,help\n",
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::Conversations),
        "ticket_id,channel,created_at,messages_count,subject\n1,email,2025-11-03T08:00:00Z,2,Lost\n3,phone,2025-11-03T08:00:00Z,,\n",
    );
    read_into(
        &mut feeds,
        &source("csv", Feed::ConversationEvents),
        "ticket_id,kind,at\n1,solved,2025-11-03T10:00:00Z\n1,reopened,2025-11-05\n",
    );
    let night = night_of(&feeds, "2025-11-03");
    let rows: Vec<_> = night
        .tables
        .conversations
        .iter()
        .map(|c| {
            (
                c.conversation_id.as_str(),
                c.channel.as_str(),
                c.num_messages,
                c.is_incomplete,
            )
        })
        .collect();
    assert_eq!(rows, [("1", "email", 1, true), ("3", "phone", 0, false)]);
    assert_eq!(night.tables.conversations[0].end_reason, EndReason::Resolved);
    assert!(night.tables.conversations[1].is_contact);
    let later: u64 = night.accounts.iter().map(|a| a.later).sum();
    assert_eq!(later, 2);
}

#[derive(Debug, Clone)]
struct Day {
    conversation: u8,
    day: i64,
    role: usize,
    text: usize,
    closes: bool,
    customer: u8,
}

fn days() -> impl Strategy<Value = Vec<Day>> {
    let day = (0u8..5, 0i64..7, 0usize..3, 0usize..4, any::<bool>(), 0u8..4).prop_map(
        |(conversation, day, role, text, closes, customer)| Day {
            conversation,
            day,
            role,
            text,
            closes,
            customer,
        },
    );
    prop::collection::vec(day, 0..25)
}

fn feeds_of(days: &[Day]) -> Feeds {
    const TEXTS: [&str; 4] = [
        "where is order #1001",
        "mail ann@example.de",
        "speak to a human",
        "danke",
    ];
    const ROLES: [&str; 3] = ["user", "agent", "bot"];
    let (mut messages, mut events, mut orders, mut ratings, mut checkouts) = (
        "conversation_id,role,ts,text,email\n".to_owned(),
        "conversation_id,kind,at\n".to_owned(),
        "order_id,ordered_at,customer_id,email,shipped_at,sku\n".to_owned(),
        "conversation_id,score,rated_at\n".to_owned(),
        "checkout_id,updated_at,completed_at\n".to_owned(),
    );
    for (n, d) in days.iter().enumerate() {
        let at = Timestamp::from_seconds(1_762_156_800 + d.day * 86_400 + n as i64 * 60);
        let next = at.plus_seconds(86_400);
        messages += &format!(
            "{},{},{at},{},c{}@example.de\n",
            d.conversation, ROLES[d.role], TEXTS[d.text], d.customer
        );
        if d.closes {
            events += &format!(
                "{},{},{at}\n",
                d.conversation,
                if n % 3 == 0 { "reopened" } else { "solved" }
            );
            ratings += &format!("{},{},{at}\n", d.conversation, 1 + n % 5);
        }
        orders += &format!(
            "{},{at},{},c{}@example.de,{next},s\n",
            1000 + d.text,
            d.customer,
            d.customer
        );
        checkouts += &format!("{n},{at},{}\n", if d.closes { next.to_string() } else { String::new() });
    }
    let mut feeds = Feeds::default();
    read_into(&mut feeds, &source("csv", Feed::Messages), &messages);
    read_into(&mut feeds, &source("csv", Feed::ConversationEvents), &events);
    read_into(&mut feeds, &source("csv", Feed::Orders), &orders);
    read_into(&mut feeds, &source("csv", Feed::Ratings), &ratings);
    read_into(&mut feeds, &source("csv", Feed::Checkouts), &checkouts);
    feeds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_by_one_equals_all_at_once(days in days(), first in 0i32..7) {
        let feeds = feeds_of(&days);
        let monday: Date = "2025-11-03".parse().unwrap();
        let mut tables = Tables::default();
        for day in first..8 {
            let night = assemble_night(tables, &feeds, &[shop()], &settings(&monday.plus_days(day).to_string()));
            assert_night(&night);
            tables = night.tables;
        }
        let direct = night_of(&feeds, &monday.plus_days(7).to_string());
        prop_assert_eq!(tables, direct.tables);
    }

    #[test]
    fn running_a_night_again_changes_nothing(days in days()) {
        let feeds = feeds_of(&days);
        let once = night_of(&feeds, "2025-11-06");
        let twice = assemble_night(once.tables.clone(), &feeds, &[shop()], &settings("2025-11-06"));
        prop_assert_eq!(&once.tables, &twice.tables);
        let without = assemble_night(once.tables.clone(), &Feeds::default(), &[shop()], &settings("2025-11-06"));
        prop_assert_eq!(once.tables, without.tables);
    }
}
