//! Bad input is data: a clear error or a reject with cause, file and line; never a panic, never silence.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use refrain_lake::{LakeDir, Snapshot};
use refrain_record::tables::{Conversation, Order, Reject};
use refrain_record::{RejectCause, ShopId};

use crate::shop::{CHAT, HEAD, ORDERS, Shop, chat_line, text};

const NIGHT: &str = "2026-03-31";
/// Rejects in these small exports are a large share; the gate has a test of its own.
const LENIENT: &str = "\n[quality]\nmax_reject_share = 0.9\n";

fn config(sources: &[&str]) -> String {
    format!("{HEAD}{}{LENIENT}", sources.concat())
}

fn good_lines(num: usize) -> String {
    (0..num)
        .map(|i| {
            chat_line(
                &format!("c{i}"),
                "2026-03-10T09:00:00+01:00",
                &format!("k{i}"),
                "Wo ist mein Paket?",
            )
        })
        .collect()
}

fn rejects(shop: &Shop) -> Vec<Reject> {
    let lake = LakeDir::new(shop.path("lake"));
    Snapshot::require(&lake).unwrap().read().unwrap()
}

fn conversations(shop: &Shop) -> Vec<Conversation> {
    Snapshot::require(&LakeDir::new(shop.path("lake")))
        .unwrap()
        .read()
        .unwrap()
}

#[track_caller]
fn has_reject(shop: &Shop, cause: RejectCause, file: &str, line: i64) {
    let all = rejects(shop);
    let found = all
        .iter()
        .any(|r| r.cause == cause && r.file.as_str().contains(file) && r.line == line);
    assert!(found, "no {cause} at {file}:{line} among {all:?}");
}

#[track_caller]
fn accounting(summary: &serde_json::Value, feed: &str, read: u64, kept: u64, duplicates: u64, rejected: u64) {
    let sources = summary["nights"][0]["sources"].as_array().unwrap();
    let found = sources
        .iter()
        .find(|s| s["feed"] == feed)
        .unwrap_or_else(|| panic!("no {feed} in {sources:?}"));
    let figures = ["read", "kept", "duplicates", "rejected", "later"].map(|key| found[key].as_u64().unwrap());
    assert_eq!(figures, [read, kept, duplicates, rejected, 0], "{found}");
}

#[test]
fn truncated_gz_keeps_what_came_before() {
    let shop = Shop::new(&config(&[CHAT]));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(good_lines(50).as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    shop.write("chat.jsonl.gz", &whole[..whole.len() / 2]);
    shop.night(NIGHT);
    let kept = conversations(&shop).len();
    assert!((10..50).contains(&kept), "{kept}");
    let cut = rejects(&shop)
        .into_iter()
        .find(|r| r.cause == RejectCause::TruncatedFile)
        .unwrap();
    assert!(cut.line > 10, "{cut:?}");
}

#[test]
fn invalid_utf8_costs_one_line() {
    let shop = Shop::new(&config(&[CHAT]));
    let mut bytes = good_lines(2).into_bytes();
    bytes.extend_from_slice(b"{\"conversation_id\": \"x\xff\"}\n");
    bytes.extend_from_slice(good_lines(3).lines().last().unwrap().as_bytes());
    shop.write("chat.jsonl", bytes);
    let summary = shop.night(NIGHT);
    accounting(&summary, "conversations", 4, 3, 0, 1);
    has_reject(&shop, RejectCause::InvalidUtf8, "chat.jsonl", 3);
}

#[test]
fn a_line_that_is_no_json() {
    let shop = Shop::new(&config(&[CHAT]));
    shop.write("chat.jsonl", format!("{}not json\n", good_lines(2)));
    let summary = shop.night(NIGHT);
    accounting(&summary, "conversations", 3, 2, 0, 1);
    has_reject(&shop, RejectCause::InvalidJson, "chat.jsonl", 3);
    assert!(
        rejects(&shop).iter().all(|r| !r.detail.contains("not json")),
        "content in a reject"
    );
}

#[test]
fn a_missing_column_names_the_nearest() {
    let mapped = ORDERS.replace("path", "columns = { order_id = \"Order\" }\npath");
    let shop = Shop::new(&config(&[&mapped]));
    shop.write("orders.csv", "Order No,ordered_at,total\n1,2026-03-01T10:00:00Z,9.90\n");
    shop.fails(NIGHT, 2, &["orders.csv", "`Order`", "order_id", "Order No"]);
}

#[test]
fn a_future_date_waits_or_is_rejected() {
    let shop = Shop::new(&config(&[ORDERS]));
    shop.write(
        "orders.csv",
        "order_id,ordered_at,total,email\n\
         1,2026-03-01T10:00:00Z,9.90,a@example.com\n\
         2,2026-04-02T10:00:00Z,9.90,a@example.com\n\
         3,2099-01-01T10:00:00Z,9.90,a@example.com\n",
    );
    let summary = shop.night(NIGHT);
    let source = &summary["nights"][0]["sources"][0];
    assert_eq!(
        (
            source["kept"].as_u64(),
            source["later"].as_u64(),
            source["rejected"].as_u64()
        ),
        (Some(1), Some(1), Some(1)),
        "{source}"
    );
    has_reject(&shop, RejectCause::FutureDate, "orders.csv", 4);
}

#[test]
fn no_time_at_all() {
    let timeless =
        "{\"conversation_id\": \"c1\", \"messages\": [{\"role\": \"user\", \"content\": \"Wo ist mein Paket?\"}]}\n";
    let shop = Shop::new(&config(&[CHAT]));
    shop.write("chat.jsonl", timeless.to_owned() + &good_lines(1).replace("c0", "c9"));
    shop.night(NIGHT);
    has_reject(&shop, RejectCause::NoTime, "chat.jsonl", 1);

    let dated = CHAT.replace("path", "default_date = \"2026-03-15\"\npath");
    let shop = Shop::new(&config(&[&dated]));
    shop.write("chat.jsonl", timeless);
    shop.night(NIGHT);
    let found = conversations(&shop);
    assert_eq!(found[0].date.to_string(), "2026-03-15");
    assert_eq!(
        (found[0].started_at, found[0].first_response_s),
        (None, None),
        "unknown is null, never zero"
    );
}

#[test]
fn a_duplicate_id_is_counted_once() {
    let shop = Shop::new(&config(&[CHAT]));
    shop.write("chat.jsonl", good_lines(3) + &good_lines(1));
    let summary = shop.night(NIGHT);
    accounting(&summary, "conversations", 4, 3, 1, 0);
}

#[test]
fn one_order_id_in_two_shops_is_two_orders() {
    let second = "[[shop]]\nid = \"uk\"\ntimezone = \"Europe/London\"\ncurrency = \"GBP\"\n";
    let theirs = ORDERS.replace("\"de\"", "\"uk\"").replace("orders.csv*", "uk.csv");
    let shop = Shop::new(&format!("{second}{}", config(&[ORDERS, &theirs])));
    let row = "order_id,ordered_at,total,email\n1001,2026-03-01T10:00:00Z,9.90,a@example.com\n";
    shop.write("orders.csv", row).write("uk.csv", row);
    shop.night(NIGHT);
    let orders: Vec<Order> = Snapshot::require(&LakeDir::new(shop.path("lake")))
        .unwrap()
        .read()
        .unwrap();
    let mut found: Vec<(ShopId, String, String)> = orders
        .iter()
        .map(|o| (o.shop_id.clone(), o.currency.to_string(), o.order_id.to_string()))
        .collect();
    found.sort();
    let expected = [("de", "EUR"), ("uk", "GBP")].map(|(s, c)| (s.into(), c.to_owned(), "1001".to_owned()));
    assert_eq!(found, expected);
    assert_ne!(orders[0].customer_key, orders[1].customer_key, "persons are per shop");
}

#[test]
fn an_empty_file_is_said_and_no_error() {
    let shop = Shop::new(&config(&[CHAT, ORDERS]));
    shop.write("chat.jsonl", good_lines(1)).write("orders.csv", "");
    shop.night(NIGHT);
    has_reject(&shop, RejectCause::EmptyFile, "orders.csv", 0);
}

#[test]
fn an_unreadable_folder_is_named() {
    let source = CHAT.replace("chat.jsonl*", "closed/*.jsonl");
    let shop = Shop::new(&config(&[&source]));
    let closed = shop.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("a.jsonl"), good_lines(1)).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(shop.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    // Root reads everything, so root runs the binary as nobody.
    let binary = shop.path("refrain");
    fs::copy(env!("CARGO_BIN_EXE_refrain"), &binary).unwrap();
    let mut command = Command::new(&binary);
    command
        .args(["run", "--date", NIGHT, "--config"])
        .arg(shop.path("refrain.toml"));
    let is_root = fs::metadata("/proc/self")
        .map(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
        .unwrap_or(false);
    if is_root {
        command.uid(65_534).gid(65_534);
    }
    let done = command.output().unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(
        said.contains("cannot list") && said.contains("closed") && said.contains("hint: "),
        "{said}"
    );
}

#[test]
fn no_file_is_an_error() {
    let shop = Shop::new(&config(&[CHAT]));
    shop.fails(
        NIGHT,
        2,
        &["no file matches `chat.jsonl*`", "source `chat` of shop `de`", "hint: "],
    );
}

#[test]
fn an_unknown_config_key_names_the_nearest() {
    let shop = Shop::new(&format!("{HEAD}{CHAT}\n[quality]\nmax_reject_shares = 0.1\n"));
    shop.write("chat.jsonl", good_lines(1));
    shop.fails(NIGHT, 2, &["max_reject_shares", "did you mean `max_reject_share`"]);
}

#[test]
fn too_many_rejects_publish_nothing() {
    let shop = Shop::new(&format!("{HEAD}{CHAT}"));
    shop.write("chat.jsonl", good_lines(9) + "not json\n");
    shop.fails(
        NIGHT,
        4,
        &[
            "1 of 10 rows rejected",
            "invalid_json 1",
            "chat.jsonl line 10",
            "max_reject_share",
        ],
    );
}

#[test]
fn secrets_and_addresses_never_reach_the_lake() {
    let shop = Shop::new(&config(&[CHAT]));
    let said = "Schreibt mir an erika.muster@example.org oder 0170 1234567, IBAN DE89 3704 0044 0532 0130 00, Karte 4111 1111 1111 1111";
    shop.write(
        "chat.jsonl",
        chat_line("c1", "2026-03-10T09:00:00+01:00", "erika", said),
    );
    shop.night(NIGHT);
    let lake = Snapshot::require(&LakeDir::new(shop.path("lake"))).unwrap();
    let messages: Vec<refrain_record::tables::Message> = lake.read().unwrap();
    let written = &messages[0].text;
    for secret in ["erika.muster", "1234567", "3704", "4111"] {
        assert!(!written.contains(secret), "{written}");
    }
    for placeholder in ["<EMAIL_1>", "<PHONE_1>", "<IBAN_1>", "<CARD_1>"] {
        assert!(written.contains(placeholder), "{written}");
    }
    let found: Vec<Conversation> = lake.read().unwrap();
    assert!(!format!("{found:?}").contains("erika"), "the customer's id is hashed");
}
