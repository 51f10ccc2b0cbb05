//! Whole inputs through [`read_source`]: every kind of file, every kind of damage, and the account of both.

use std::io::Write;

use proptest::prelude::*;
use refrain_record::{AuthorRole, Channel, RejectCause, Timestamp, Visibility};

use super::*;
use crate::shop::test_shop;

fn key() -> IdentityKey {
    IdentityKey::from_bytes(b"0123456789abcdef").unwrap()
}

fn read_into(feeds: &mut Feeds, spec: &SourceSpec, file: &str, bytes: &[u8]) -> Result<(), SourceError> {
    read_source(
        spec,
        &test_shop(None),
        &key(),
        Input::Bytes {
            file,
            reader: Box::new(bytes),
        },
        feeds,
    )
}

fn read(spec: &SourceSpec, bytes: &[u8]) -> Feeds {
    let mut feeds = Feeds::default();
    read_into(&mut feeds, spec, "file", bytes).unwrap();
    assert_accounts(&feeds);
    feeds
}

/// Read = kept + duplicates + rejected, where kept is counted from the rows themselves.
fn assert_accounts(feeds: &Feeds) {
    let mut places: Vec<crate::Place> = Vec::new();
    for conversation in &feeds.conversations {
        places.extend(conversation.header.iter().map(|fed| fed.place));
        places.extend(conversation.messages.iter().map(|fed| fed.place));
        places.extend(conversation.events.iter().map(|fed| fed.place));
        places.extend(conversation.ratings.iter().map(|fed| fed.place));
    }
    macro_rules! add {
        ($($field:ident)+) => { $(places.extend(feeds.$field.iter().map(|fed| fed.place));)+ };
    }
    add!(orders order_lines checkouts returns campaigns sends campaign_events faq_entries help_searches);
    for account in feeds.accounts() {
        let kept: u64 = places
            .iter()
            .filter(|place| place.feed == account.feed)
            .map(|place| u64::from(place.units))
            .sum();
        assert_eq!(
            account.read,
            kept + account.duplicates + account.rejected,
            "{account:?}"
        );
    }
}

fn chat() -> SourceSpec {
    SourceSpec::new("de", "chat-jsonl", Feed::Conversations, "x")
}

fn csv_of(feed: Feed) -> SourceSpec {
    SourceSpec::new("de", "csv", feed, "x")
}

fn causes(feeds: &Feeds) -> Vec<(i64, RejectCause)> {
    feeds.rejects.iter().map(|reject| (reject.line, reject.cause)).collect()
}

fn at(text: &str) -> Option<Timestamp> {
    Some(Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond()))
}

#[test]
fn a_chat_with_all_it_may_carry() {
    let line = br##"{"id": 7, "customer": {"id": "c1", "email": "Ann@Example.de"}, "channel": "live_chat", "subject": "Paket an ann@example.de",
        "status": "solved", "tags": ["vip", {"name": "late"}], "order_id": "#1001", "created_at": "2025-11-03T08:00:00Z", "ended_at": 1762160400,
        "csat": {"score": 2, "scale": 5, "comment": "call me: +49 30 1234567"}, "handle_s": 90, "messages": [
        {"role": "user", "content": [{"type": "text", "text": "my mail is ann@example.de"}], "ts": 1762156800},
        {"author": {"type": "admin", "id": 4}, "body": "hello", "created_at": "2025-11-03T08:01:00Z", "public": false},
        {"role": "assistant", "text": "I am a bot", "time": "2025-11-03 09:02:00"}],
        "events": [{"type": "closed", "at": "2025-11-03T09:00:00Z", "actor_id": 4, "role": "agent"}, {"type": "viewed", "at": "2025-11-03T09:00:00Z"}]}"##;
    let one_line: Vec<u8> = line.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
    let feeds = read(&chat(), &one_line);
    assert_eq!(causes(&feeds), []);
    let conversation = &feeds.conversations[0];
    let header = &conversation.header.as_ref().unwrap().row;
    assert_eq!(conversation.conversation_id.as_str(), "7");
    assert_eq!(header.channel, Channel::Chat);
    assert_eq!(header.subject.as_deref(), Some("Paket an <EMAIL_1>"));
    assert_eq!(header.source_tags, ["late", "vip"]);
    assert_eq!(header.order_ids, ["#1001"]);
    assert_eq!(
        (header.started_at, header.ended_at),
        (at("2025-11-03T08:00:00Z"), at("2025-11-03T09:00:00Z"))
    );
    let messages: Vec<_> = conversation.messages.iter().map(|m| &m.row).collect();
    assert_eq!(messages[0].text, "my mail is <EMAIL_1>");
    let roles: Vec<_> = messages.iter().map(|m| (m.author_role, m.visibility)).collect();
    let public = Visibility::Public;
    assert_eq!(
        roles,
        [
            (AuthorRole::Customer, public),
            (AuthorRole::Agent, Visibility::Internal),
            (AuthorRole::Bot, public)
        ]
    );
    assert_eq!(messages[2].sent_at, at("2025-11-03T08:02:00Z"));
    assert!(messages[1].author_key.is_some());
    assert_eq!(conversation.events.len(), 1);
    let rating = &conversation.ratings[0].row;
    assert_eq!((rating.score, rating.is_satisfied), (0.25, false));
    assert_eq!(rating.comment.as_deref(), Some("call me: <PHONE_1>"));
    assert_eq!(feeds.identities.len(), 2);
}

#[test]
fn bad_lines_are_rejected_by_cause_and_line() {
    let text = [
        br#"{"id":1,"messages":[{"role":"user","text":"hi","ts":1762156800}]}"#.as_slice(),
        b"",
        b"not json",
        b"[1]",
        b"{\"id\": \"\xff\"}",
        br#"{"id":2,"messages":[]}"#,
        br#"{"id":3,"messages":[{"role":"wizard","text":"hi","ts":1762156800}]}"#,
        br#"{"id":4,"messages":[{"role":"user","text":"hi"}]}"#,
        br#"{"id":5,"messages":[{"role":"user","text":"hi","ts":"yesterday"}]}"#,
        br#"{"id":6,"messages":[{"role":"user","text":"hi","ts":0}]}"#,
        br#"{"id":7,"messages":[{"role":"us"#,
        br#"{"id":8,"messages":{"a":1}}"#,
    ]
    .join(&b'\n');
    let feeds = read(&chat(), &text);
    use RejectCause as Cause;
    assert_eq!(
        causes(&feeds),
        [
            (3, Cause::InvalidJson),
            (4, Cause::InvalidJson),
            (5, Cause::InvalidUtf8),
            (6, Cause::EmptyConversation),
            (7, Cause::UnknownRole),
            (8, Cause::NoTime),
            (9, Cause::InvalidTime),
            (10, Cause::AncientDate),
            (11, Cause::InvalidJson),
            (12, Cause::InvalidValue)
        ]
    );
    let account = &feeds.accounts()[0];
    assert_eq!((account.read, account.rejected, account.kept()), (11, 10, 1));
    assert!(
        feeds
            .rejects
            .iter()
            .all(|reject| !reject.detail.contains("wizard") && !reject.detail.contains("yesterday"))
    );
}

#[test]
fn wide_lines_are_rejected_alone() {
    let mut spec = chat();
    spec.max_row_bytes = Some(100);
    let line = |id: &str, filler: usize| {
        format!(
            r#"{{"id":"{id}","messages":[{{"text":"{}","ts":1762156800}}]}}"#,
            "a".repeat(filler)
        )
    };
    let text = [line("1", 1), line("2", 500), line("3", 1)].join("\n");
    let feeds = read(&spec, text.as_bytes());
    assert_eq!(causes(&feeds), [(2, RejectCause::TooLarge)]);
    assert_eq!(feeds.conversations.len(), 2);
}

#[test]
fn a_cut_file_keeps_what_came_before() {
    let text: String = (0..5000)
        .map(|n| {
            format!(
                "{{\"id\":{n},\"messages\":[{{\"text\":\"{}\",\"ts\":{}}}]}}\n",
                n * 7919 % 1009,
                1_762_156_800 + n
            )
        })
        .collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    let feeds = read(&chat(), &bytes[..bytes.len() * 2 / 3]);
    assert_eq!(feeds.rejects.len(), 1);
    let reject = &feeds.rejects[0];
    assert_eq!(reject.cause, RejectCause::TruncatedFile);
    assert_eq!(usize::try_from(reject.line).unwrap(), feeds.conversations.len() + 1);
    assert!(feeds.conversations.len() > 1000);
    let empty = read(&chat(), b"");
    assert_eq!(causes(&empty), [(0, RejectCause::EmptyFile)]);
    assert_eq!(empty.accounts()[0].read, 0);
    let cut = read(&chat(), &bytes[..1]);
    assert_eq!(cut.conversations.len(), 0);
}

#[test]
fn one_id_stays_one_conversation() {
    let line = |text: &str, updated: u32| {
        format!(
            r#"{{"id":"a","updated_at":{},"messages":[{{"id":"m","text":"{text}","ts":1762156800}}]}}"#,
            1_762_156_800 + updated
        )
    };
    let text = |feeds: &Feeds| feeds.conversations[0].messages[0].row.text.clone();
    let same = read(&chat(), [line("x", 1), line("x", 1)].join("\n").as_bytes());
    assert_eq!((same.accounts()[0].duplicates, same.conversations.len()), (1, 1));
    let newer_first = read(&chat(), [line("new", 2), line("old", 1)].join("\n").as_bytes());
    assert_eq!(
        (text(&newer_first), newer_first.accounts()[0].duplicates),
        ("new".to_owned(), 1)
    );
    let newer_last = read(&chat(), [line("old", 1), line("new", 2)].join("\n").as_bytes());
    assert_eq!(
        (text(&newer_last), newer_last.accounts()[0].duplicates),
        ("new".to_owned(), 1)
    );
    let untold = read(&chat(), line("x", 1).replace("updated_at", "nothing").as_bytes());
    assert_eq!(untold.accounts()[0].kept(), 1);
}

#[test]
fn turns_without_times_keep_their_place() {
    let mut spec = chat();
    spec.default_date = Some("2025-11-03".to_owned());
    let feeds = read(&spec, br#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null},{"role":"user","content":"a"}]}"#);
    let ids: Vec<_> = feeds.conversations[0]
        .messages
        .iter()
        .map(|m| m.row.message_id.as_str())
        .collect();
    assert_eq!(ids, ["n0000", "n0001", "n0002"]);
    assert_eq!(feeds.conversations[0].conversation_id.as_str().len(), 24);
    let header = &feeds.conversations[0].header.as_ref().unwrap().row;
    assert_eq!(
        header.default_date.map(|d| d.to_string()).as_deref(),
        Some("2025-11-03")
    );
}

#[test]
fn twin_messages_get_ids_of_their_own() {
    let feeds = read(
        &chat(),
        br#"{"id":1,"messages":[{"text":"ok","ts":1762156800},{"text":"ok","ts":1762156800},{"id":"x","text":"1","ts":1},{"id":"x"}]}"#
            .replace_bytes(b"\"ts\":1}", b"\"ts\":1762156801}")
            .as_slice(),
    );
    let mut ids: Vec<_> = feeds.conversations[0]
        .messages
        .iter()
        .map(|m| m.row.message_id.to_string())
        .collect();
    ids.dedup();
    assert_eq!(ids, ["c1762156800000000", "c1762156800000000.2", "x", "x.2"]);
}

trait ReplaceBytes {
    fn replace_bytes(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl ReplaceBytes for [u8] {
    fn replace_bytes(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(self).unwrap();
        text.replace(std::str::from_utf8(from).unwrap(), std::str::from_utf8(to).unwrap())
            .into_bytes()
    }
}

#[test]
fn messages_in_rows_group_by_conversation() {
    let mut spec = csv_of(Feed::Messages);
    spec.columns
        .insert("conversation_id".to_owned(), "Ticket No".to_owned());
    spec.roles.insert("End-user".to_owned(), "customer".to_owned());
    let text = "Ticket No,sender_type,created,body,email\r\n\
        2.0,End-user,2025-11-03 09:00:00,\"mail ann@example.de\nor bob@example.de\",ann@example.de\r\n\
        3,agent,2025-11-03 09:01:00,other,\r\n\
        2.0,agent,2025-11-03 09:05:00,sent to bob@example.de,\r\n\
        2.0,agent,2025-11-03 09:05:00,sent to bob@example.de,\r\n\
        2.0,agent,2025-11-03 09:05:00,\"a second, same minute\",\r\n\
        2.0,agent,,no time,\r\n\
        too,few\r\n\
        ,agent,2025-11-03 09:05:00,no ticket,\r\n";
    let feeds = read(&spec, text.as_bytes());
    assert_eq!(
        causes(&feeds),
        [
            (8, RejectCause::NoTime),
            (9, RejectCause::InvalidCsv),
            (10, RejectCause::MissingValue)
        ]
    );
    let account = &feeds.accounts()[0];
    assert_eq!((account.read, account.duplicates, account.rejected), (8, 1, 3));
    let conversation = &feeds.conversations[0];
    assert_eq!(conversation.conversation_id.as_str(), "2");
    let texts: Vec<_> = conversation.messages.iter().map(|m| m.row.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "mail <EMAIL_1>\nor <EMAIL_2>",
            "sent to <EMAIL_2>",
            "a second, same minute"
        ]
    );
    assert_eq!(conversation.messages[0].row.sent_at, at("2025-11-03T08:00:00Z"));
    assert!(conversation.implied.as_ref().unwrap().customer_key.is_some());
}

#[test]
fn placeholders_go_on_over_several_files() {
    let spec = csv_of(Feed::Messages);
    let mut feeds = Feeds::default();
    let row = |text: &str, time: &str| format!("conversation_id,role,ts,text\n1,user,{time},{text}\n");
    read_into(
        &mut feeds,
        &spec,
        "a",
        row("I am ann@example.de", "2025-11-03T09:00:00Z").as_bytes(),
    )
    .unwrap();
    read_into(
        &mut feeds,
        &spec,
        "b",
        row("not bob@example.de", "2025-11-04T09:00:00Z").as_bytes(),
    )
    .unwrap();
    assert_accounts(&feeds);
    let texts: Vec<_> = feeds.conversations[0]
        .messages
        .iter()
        .map(|m| m.row.text.as_str())
        .collect();
    assert_eq!(texts, ["I am <EMAIL_1>", "not <EMAIL_2>"]);
}

#[test]
fn a_row_may_be_its_own_conversation() {
    let mut spec = csv_of(Feed::Messages);
    spec.columns
        .extend([("customer_id", "author_id"), ("author_role", "inbound")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    spec.roles
        .extend([("True", "customer"), ("False", "agent")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    let text = "tweet_id,author_id,inbound,created_at,text\n1,77,True,Tue Oct 31 22:10:47 +0000 2017,hi\n2,Shop,False,2017-10-31T22:11:47Z,hello\n";
    let feeds = read(&spec, text.as_bytes());
    assert_eq!(feeds.conversations.len(), 2);
    let customers: Vec<bool> = feeds
        .conversations
        .iter()
        .map(|c| c.implied.as_ref().unwrap().customer_key.is_some())
        .collect();
    assert_eq!(customers, [true, false]);
}

#[test]
fn orders_with_a_row_for_each_line() {
    let mut spec = csv_of(Feed::Orders);
    spec.columns.extend(
        [("order_id", "Name"), ("total", "Total"), ("ordered_at", "Created at")]
            .map(|(a, b)| (a.to_owned(), b.to_owned())),
    );
    let text = "Name,Email,Created at,Total,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n\
        #1001,a@example.de,2025-10-07 09:50:26 +0200,30.00,1,Mug,10.00,m1\n\
        #1001,,,,2,Cup,10.00,c1\n\
        #1001,,,,2,Cup,10.00,c1\n\
        #1002,b@example.de,2025-10-08 09:50:26 +0200,5.00,1,Pen,5.00,p1\n\
        #1002,b@example.de,2025-10-08 09:50:26 +0200,5.00,1,Pen,5.00,p1\n\
        #1003,,,,1,Orphan line,1.00,o1\n\
        #1004,c@example.de,2025-10-08 09:50:26 +0200,abc,1,Pen,5.00,p1\n";
    let feeds = read(&spec, text.as_bytes());
    assert_eq!(
        causes(&feeds),
        [(7, RejectCause::NoTime), (8, RejectCause::InvalidValue)]
    );
    let shapes: Vec<_> = feeds
        .orders
        .iter()
        .map(|o| (o.row.order.order_id.as_str(), o.row.lines.len(), o.place.units))
        .collect();
    assert_eq!(shapes, [("#1001", 3, 3), ("#1002", 1, 1)]);
    let first = &feeds.orders[0].row;
    assert_eq!(first.order.ordered_at, at("2025-10-07T07:50:26Z").unwrap());
    assert_eq!(first.order.total.map(|t| t.to_string()).as_deref(), Some("30.00"));
    assert_eq!(first.lines[1].line_no, 2);
    assert_eq!(first.lines[1].date, first.order.date);
    assert_eq!(feeds.accounts()[0].duplicates, 1);
}

#[test]
fn orders_repeat_and_change() {
    let spec = csv_of(Feed::Orders);
    let text = "order_id;ordered_at;updated_at;total\n1;2025-10-07;2025-10-09;2,50\n2;2025-10-07;;1\n1;2025-10-07;2025-10-08;9,00\n2;2025-10-07;;3\n2;2025-10-07;;3\n";
    let mut spec = SourceSpec {
        decimal_comma: true,
        delimiter: Some(";".to_owned()),
        ..spec
    };
    let feeds = read(&spec, text.as_bytes());
    let totals: Vec<_> = feeds
        .orders
        .iter()
        .map(|o| o.row.order.total.unwrap().to_string())
        .collect();
    assert_eq!(totals, ["2.50", "3.00"]);
    assert_eq!(feeds.accounts()[0].duplicates, 3);
    // The same id under another source is another order.
    spec.name = Some("other".to_owned());
    let mut both = feeds;
    read_into(&mut both, &spec, "b", b"order_id;ordered_at;total\n1;2025-10-07;1\n").unwrap();
    assert_eq!(both.orders.len(), 3);
}

#[test]
fn missing_columns_stop_the_source() {
    let mut spec = csv_of(Feed::Orders);
    spec.columns.insert("total".to_owned(), "Totl".to_owned());
    let mut feeds = Feeds::default();
    let error = read_into(
        &mut feeds,
        &spec,
        "o.csv",
        b"order_id,ordered_at,Total\n1,2025-10-07,1\n",
    )
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("`o.csv` has no column `Totl`") && error.contains("did you mean `Total`"),
        "{error}"
    );
    assert_eq!(causes(&feeds), [(0, RejectCause::MissingColumn)]);
    assert_accounts(&feeds);
    let error = read_into(&mut feeds, &csv_of(Feed::Orders), "o.csv", b"order,total\n1,2\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("needed for `order_id`"), "{error}");
    let mut feeds = Feeds::default();
    read_into(&mut feeds, &csv_of(Feed::Orders), "o.csv", b"order_id,ordered_at\n").unwrap();
    assert_eq!(causes(&feeds), [(0, RejectCause::EmptyFile)]);
}

#[test]
fn the_other_feeds() {
    let checkouts = read(&csv_of(Feed::Checkouts), b"cart_id,customer_id,updated_at,value,abandoned\n1,c,2025-11-03T10:00:00Z,5,true\n2,c,2025-11-03T10:00:00Z,5,False\n");
    let completed: Vec<_> = checkouts
        .checkouts
        .iter()
        .map(|c| c.row.completed_at.is_some())
        .collect();
    assert_eq!(completed, [false, true]);
    let returns = read(&csv_of(Feed::Returns), b"return_id,order_id,returned_at,reason,refund,kind\n1,7,2025-11-03,late,2.5,refund\n2,7,2025-11-03,late,2.5,gift\n");
    assert_eq!(
        (returns.returns.len(), causes(&returns)),
        (1, vec![(3, RejectCause::InvalidValue)])
    );
    let campaigns = read(
        &csv_of(Feed::Campaigns),
        b"campaign_id,name,starts_at\nk,Sale,2030-01-01\n",
    );
    assert_eq!(campaigns.campaigns[0].row.name, "Sale");
    let sends = read(
        &csv_of(Feed::Sends),
        b"campaign_id,email,sent_at,holdout\nk,a@b.de,2025-11-03,1\nk,a@b.de,2025-11-03,1\n",
    );
    assert!(sends.sends[0].row.is_holdout && sends.sends.len() == 1);
    let events = read(
        &csv_of(Feed::CampaignEvents),
        b"campaign_id,email,timestamp,event\nk,a@b.de,2025-11-03,Clicked Email\n",
    );
    assert_eq!(events.campaign_events.len(), 1);
    let faq = read(
        &csv_of(Feed::FaqEntries),
        b"id,question,answer,lang\n1,Where?,Mail x@example.de,de-DE\n",
    );
    assert_eq!(faq.faq_entries[0].row.body, "Mail <EMAIL_1>");
    let searches = read(
        &csv_of(Feed::HelpSearches),
        b"at,query,results\n2025-11-03,a@b.de parcel,3\n",
    );
    assert_eq!(searches.help_searches[0].row.query, "<EMAIL_1> parcel");
    let ratings = read(
        &csv_of(Feed::Ratings),
        b"ticket_id,rating,comment\n1,4,\n1,good,\n2,9,\n3,,\n",
    );
    assert_eq!(
        causes(&ratings),
        [(4, RejectCause::InvalidValue), (5, RejectCause::MissingValue)]
    );
    let events = read(
        &csv_of(Feed::ConversationEvents),
        b"ticket_id,type,at\n1,closed,2025-11-03\n1,typing,2025-11-03\n",
    );
    assert_eq!(causes(&events), [(3, RejectCause::InvalidValue)]);
    let lines = read(
        &csv_of(Feed::OrderLines),
        b"order_id,sku,quantity\n1,a,1\n1,b,1\n2,a,1\n",
    );
    let numbers: Vec<_> = lines.order_lines.iter().map(|l| l.row.line_no).collect();
    assert_eq!(numbers, [1, 2, 1]);
}

#[test]
fn typed_rows_come_from_outside() {
    let spec = SourceSpec::new("de", "parquet", Feed::Conversations, "x");
    let turn = |text: &str, at: i64| {
        RawCell::Struct(vec![
            ("role".to_owned(), RawCell::Text("user".to_owned())),
            ("text".to_owned(), RawCell::Text(text.to_owned())),
            ("ts".to_owned(), RawCell::LocalTime(Timestamp::from_seconds(at))),
        ])
    };
    let mut rows = vec![
        Ok(vec![
            RawCell::Int(1),
            RawCell::List(vec![turn("hi", 1_762_156_800), turn("ho", 1_762_156_860)]),
        ]),
        Err("broken page".to_owned()),
    ]
    .into_iter();
    let mut feeds = Feeds::default();
    let columns = vec!["conversation_id".to_owned(), "turns".to_owned()];
    read_source(
        &spec,
        &test_shop(None),
        &key(),
        Input::Rows {
            file: "p",
            columns,
            rows: &mut rows,
        },
        &mut feeds,
    )
    .unwrap();
    assert_accounts(&feeds);
    assert_eq!(causes(&feeds), [(2, RejectCause::UnreadableFile)]);
    // Eight o'clock in Berlin's winter.
    assert_eq!(
        feeds.conversations[0].messages[0].row.sent_at,
        at("2025-11-03T07:00:00Z")
    );
}

#[test]
fn a_table_that_cannot_be_opened_is_one_reject() {
    let mut rows = std::iter::once(Err("no such page".to_owned()));
    let mut feeds = Feeds::default();
    let input = Input::Rows {
        file: "p",
        columns: Vec::new(),
        rows: &mut rows,
    };
    let spec = SourceSpec::new("de", "parquet", Feed::Orders, "x");
    read_source(&spec, &test_shop(None), &key(), input, &mut feeds).unwrap();
    assert_accounts(&feeds);
    assert_eq!(causes(&feeds), [(0, RejectCause::UnreadableFile)]);
}

#[test]
fn blank_and_headless_rows_are_kept() {
    let text = "conversation_id,role,ts,text\n1,user,2025-11-03T09:00:00Z,\n";
    let feeds = read(&csv_of(Feed::Messages), text.as_bytes());
    assert_eq!(feeds.conversations[0].messages[0].row.text, "");
    let mut feeds = Feeds::default();
    let error = read_into(&mut feeds, &csv_of(Feed::Messages), "m", b"id,role\n1,user\n");
    assert!(error.unwrap_err().to_string().contains("`text`"));
    let feeds = read(&csv_of(Feed::Conversations), b"id,channel\n1,email\n");
    assert_eq!((feeds.conversations.len(), feeds.rejects.len()), (1, 0));
    let feeds = read(&chat(), br#"{"id":1,"created_at":1762156800}"#);
    assert_eq!(causes(&feeds), [(1, RejectCause::EmptyConversation)]);
}

#[test]
fn html_and_quotes_go_where_told() {
    let mut spec = chat();
    spec.html = true;
    spec.strip_quotes = true;
    let feeds = read(
        &spec,
        br#"{"id":1,"messages":[{"ts":1762156800,"text":"<p>Thanks</p><style>x</style>"}]}"#,
    );
    assert_eq!(feeds.conversations[0].messages[0].row.text, "Thanks");
}

fn feeds_strategy() -> impl Strategy<Value = Feed> {
    prop::sample::select(Feed::ALL)
}

proptest! {
    #[test]
    fn any_bytes_keep_the_account(feed in feeds_strategy(), kind in prop::sample::select(vec!["jsonl", "csv"]), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut feeds = Feeds::default();
        let _ = read_into(&mut feeds, &SourceSpec::new("de", kind, feed, "x"), "f", &bytes);
        assert_accounts(&feeds);
    }

    /// Fragments that get further than random bytes do.
    #[test]
    fn any_fragments_keep_the_account(
        feed in feeds_strategy(),
        kind in prop::sample::select(vec!["jsonl", "csv"]),
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", "\"", ",", ":", "\n", "\"id\":", "\"messages\":[", "{\"text\":\"a\",\"ts\":1762156800}", "order_id,ordered_at,sku\n",
            "conversation_id,ts,text,kind,score\n", "1,2025-11-03,x\n", "1,2025-11-03,x,closed,5\n", "null", "1e999", "-1", "\u{fffd}", "{\"id\":1,\"messages\":[{\"text\":\"a\",\"ts\":1762156800}]}\n",
            "{\"id\":1,\"at\":1762156800,\"kind\":\"closed\",\"score\":3,\"order_id\":4,\"conversation_id\":2}\n",
        ]), 0..30),
    ) {
        let mut feeds = Feeds::default();
        let spec = SourceSpec::new("de", kind, feed, "x");
        let _ = read_into(&mut feeds, &spec, "f", parts.concat().as_bytes());
        let _ = read_into(&mut feeds, &spec, "g", parts.concat().as_bytes());
        assert_accounts(&feeds);
    }
}
