//! The lake keeps what it is given, in order, and swaps whole generations.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use refrain_record::tables::{Message, Order, Reject};
use refrain_record::{Amount, AuthorRole, Date, Feed, RejectCause, Row, Timestamp, Visibility};

use super::*;

fn order(id: &str, date: i32) -> Order {
    Order {
        shop_id: "de".into(),
        source: "shop".into(),
        order_id: id.into(),
        date: Date(date),
        ordered_at: Timestamp::from_seconds(i64::from(date) * 86_400),
        updated_at: None,
        customer_key: Some("k".into()),
        total: Amount::parse("12.34"),
        shipping: None,
        discount: None,
        currency: "EUR".into(),
        discount_code: None,
        sales_channel: None,
        carrier: Some("DHL".into()),
        payment_method: None,
        country: None,
        campaign_id: None,
        shipped_at: None,
        delivered_at: None,
        cancelled_at: None,
        is_test: false,
    }
}

fn publish(lake: &LakeDir, orders: &[Order]) -> Published {
    let lock = LakeLock::take(lake).unwrap();
    let mut generation = Generation::begin(lake, Period::Month, &lock).unwrap();
    generation.write(orders, &FileMeta::default()).unwrap();
    generation.publish(Date(20_000)).unwrap()
}

fn bytes_of(folder: &Path) -> Vec<(String, blake3::Hash)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push((
                    path.to_string_lossy().into_owned(),
                    blake3::hash(&fs::read(&path).unwrap()),
                ));
            }
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn second_night_links_what_did_not_change() {
    let folder = tempfile::tempdir().unwrap();
    let lake = LakeDir::new(folder.path());
    let first = publish(&lake, &[order("2", 20_000), order("1", 19_000)]);
    assert_eq!((first.written.len(), first.linked), (2, 0));
    let before = bytes_of(&lake.current().join("orders"));
    let second = publish(&lake, &[order("1", 19_000), order("2", 20_000), order("3", 20_001)]);
    assert_eq!((second.written.len(), second.linked), (1, 1), "{:?}", second.written);
    let third = publish(&lake, &[order("2", 20_000), order("1", 19_000)]);
    assert_eq!(third.rows["orders"], 2);
    assert_eq!(bytes_of(&lake.current().join("orders")), before);
    let kept = fs::read_dir(lake.path().join("_refrain/generations")).unwrap().count();
    assert_eq!(kept, 2);
}

#[test]
fn reads_back_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let lake = LakeDir::new(folder.path());
    assert!(Snapshot::open(&lake).unwrap().is_none());
    let rows = [order("1", 19_000), order("2", 20_000)];
    publish(&lake, &rows);
    let snapshot = Snapshot::require(&lake).unwrap();
    assert_eq!(snapshot.read::<Order>().unwrap(), rows);
    assert_eq!(snapshot.read::<Message>().unwrap(), []);
    assert_eq!(snapshot.as_of().unwrap(), Date(20_000));
}

#[test]
fn unpublished_generation_is_invisible() {
    let folder = tempfile::tempdir().unwrap();
    let lake = LakeDir::new(folder.path());
    publish(&lake, &[order("1", 19_000)]);
    {
        let lock = LakeLock::take(&lake).unwrap();
        let mut generation = Generation::begin(&lake, Period::Month, &lock).unwrap();
        generation.write(&[order("9", 19_000)], &FileMeta::default()).unwrap();
    }
    assert_eq!(
        Snapshot::require(&lake).unwrap().read::<Order>().unwrap()[0]
            .order_id
            .as_str(),
        "1"
    );
    publish(&lake, &[order("2", 19_000)]);
    assert_eq!(
        Snapshot::require(&lake).unwrap().read::<Order>().unwrap()[0]
            .order_id
            .as_str(),
        "2"
    );
}

#[test]
fn one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let lake = LakeDir::new(folder.path());
    let held = LakeLock::take(&lake).unwrap();
    let refused = LakeLock::take(&lake).unwrap_err();
    assert!(
        matches!(&refused, LakeError::Locked { owner, .. } if *owner == std::process::id().to_string()),
        "{refused}"
    );
    drop(held);
    LakeLock::take(&lake).unwrap();
}

#[test]
fn two_rows_with_one_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = LakeDir::new(folder.path());
    let lock = LakeLock::take(&lake).unwrap();
    let mut generation = Generation::begin(&lake, Period::Month, &lock).unwrap();
    let error = generation
        .write(&[order("1", 1), order("1", 2)], &FileMeta::default())
        .unwrap_err();
    assert!(error.to_string().contains("two rows with the key"), "{error}");
}

#[test]
fn foreign_current_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let lake = LakeDir::new(folder.path());
    fs::create_dir(lake.current()).unwrap();
    assert!(matches!(Snapshot::open(&lake), Err(LakeError::NotALake(_))));
}

#[test]
fn files_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let lake = LakeDir::new(folder.path());
    publish(&lake, &[order("1", 19_000)]);
    let path = lake.current().join("orders/dt=2022-01-01/part-0000.parquet");
    let reader = parquet::file::serialized_reader::SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let metadata = parquet::file::reader::FileReader::metadata(&reader);
    let about: Vec<_> = metadata
        .file_metadata()
        .key_value_metadata()
        .unwrap()
        .iter()
        .map(|kv| kv.key.clone())
        .collect();
    assert!(about.contains(&"refrain.rows_digest".to_owned()), "{about:?}");
    let sorting = metadata.row_group(0).sorting_columns().unwrap();
    assert_eq!(sorting.len(), Order::META.key.len());
    let schema = arrow_schema::<Order>();
    assert!(schema.fields().iter().all(|f| f.metadata().contains_key("description")));
}

#[test]
fn schema_is_described_three_ways() {
    let markdown = describe_all(Format::Markdown);
    assert!(
        markdown.contains("| first_response_s | int64 | yes | First customer message"),
        "{markdown}"
    );
    let json: serde_json::Value = serde_json::from_str(&describe_all(Format::Json)).unwrap();
    assert_eq!(json["tables"].as_array().unwrap().len(), table_names().len());
    assert!(describe_all(Format::Odcs).contains("primaryKeyPosition: 1"));
    let error = describe_table("mesages", Format::Markdown).unwrap_err();
    assert!(error.to_string().contains("did you mean `messages`"), "{error}");
}

proptest! {
    #[test]
    fn any_text_survives(texts in prop::collection::vec(".*", 1..8), line in 0_i64..9) {
        let folder = tempfile::tempdir().unwrap();
        let lake = LakeDir::new(folder.path());
        let messages: Vec<Message> = texts.iter().enumerate().map(|(i, text)| Message {
            shop_id: "de".into(),
            source: "chat".into(),
            conversation_id: "c".into(),
            seq: i as i64,
            date: Date(20_000),
            message_id: format!("m{i}").into(),
            sent_at: (i % 2 == 0).then_some(Timestamp(i as i64 - 3)),
            author_role: AuthorRole::Customer,
            author_key: None,
            visibility: Visibility::Public,
            text: text.clone(),
        }).collect();
        let rejects = [Reject {
            shop_id: "de".into(), source: "chat".into(), feed: Feed::Messages, file: "a".into(), line,
            cause: RejectCause::InvalidUtf8, detail: texts[0].clone(),
        }];
        let lock = LakeLock::take(&lake).unwrap();
        let mut generation = Generation::begin(&lake, Period::Day, &lock).unwrap();
        generation.write(&messages, &FileMeta::default()).unwrap();
        generation.write(&rejects, &FileMeta { tagger_version: Some("v".into()) }).unwrap();
        generation.publish(Date(20_000)).unwrap();
        let snapshot = Snapshot::require(&lake).unwrap();
        prop_assert_eq!(snapshot.read::<Message>().unwrap(), messages);
        prop_assert_eq!(snapshot.read::<Reject>().unwrap(), rejects);
    }
}
