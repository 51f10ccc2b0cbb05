//! One small shop through the whole night, compared as printed tables in `tests/golden/`.
//!
//! `REFRAIN_BLESS=1 cargo test golden` writes them anew; read the difference before committing it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use refrain_lake::{LakeDir, Snapshot};
use refrain_record::tables::{
    ConversationOutcome, ConversationTag, Identity, LinkCart, LinkOrder, LinkReturn, Message, RepeatLink,
};
use refrain_record::{Row, Value};

use crate::shop::{CHAT, HEAD, ORDERS, Shop};

const FEEDS: &str = r#"
[[source]]
shop = "de"
name = "shop"
kind = "csv"
feeds = "returns"
path = "returns.csv"

[[source]]
shop = "de"
name = "shop"
kind = "csv"
feeds = "checkouts"
path = "checkouts.csv"
"#;

/// A late parcel asked about twice, a question before buying, a return, and a bot that did not know.
const CONVERSATIONS: &str = r#"{"conversation_id":"c1","channel":"email","customer":{"id":"k1","email":"anna@example.com"},"status":"solved","closed_at":"2026-03-02T10:00:00+01:00","messages":[{"id":"1","created_at":"2026-03-02T09:00:00+01:00","role":"customer","text":"Guten Tag, mein Paket ist noch nicht angekommen. Bestellung 1001, meine Mail ist anna@example.com."},{"id":"2","created_at":"2026-03-02T09:40:00+01:00","role":"agent","author_id":"a1","text":"Wir fragen beim Versand nach."}]}
{"conversation_id":"c2","channel":"chat","customer":{"id":"k1"},"status":"solved","closed_at":"2026-03-05T12:30:00+01:00","messages":[{"id":"1","created_at":"2026-03-05T12:00:00+01:00","role":"customer","text":"Wie schon geschrieben: mein Paket ist immer noch nicht angekommen, Bestellung 1001!"},{"id":"2","created_at":"2026-03-05T12:01:00+01:00","role":"bot","text":"Das habe ich leider nicht verstanden."},{"id":"3","created_at":"2026-03-05T12:05:00+01:00","role":"agent","author_id":"a2","text":"Es ist heute in Zustellung."}]}
{"conversation_id":"c3","channel":"chat","customer":{"id":"k2","email":"bo@example.com"},"status":"solved","closed_at":"2026-03-06T18:10:00+01:00","messages":[{"id":"1","created_at":"2026-03-06T18:00:00+01:00","role":"customer","text":"Hvad koster fragten til Danmark?"},{"id":"2","created_at":"2026-03-06T18:02:00+01:00","role":"agent","author_id":"a1","text":"4,90 EUR."}]}
{"conversation_id":"c4","channel":"email","customer":{"id":"k3"},"status":"open","messages":[{"id":"1","created_at":"2026-03-07T22:00:00+01:00","role":"customer","text":"Ich möchte die Schuhe aus Bestellung 1002 zurückgeben, sie sind zu klein."}]}
"#;

fn cell(value: Value<'_>) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Text(text) => text.replace('\n', "\\n"),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => format!("{v:.3}"),
        Value::Bool(v) => v.to_string(),
        Value::Time(v) => v.to_string(),
        Value::Date(v) => v.to_string(),
        Value::Money(v) => v.to_string(),
        Value::TextList(list) => list.join(","),
        Value::TextVec(list) => list.join(","),
    }
}

/// A table as text: a line of columns, then a line a row; keys that follow from the secret key are shortened.
fn print<R: Row + Send>(lake: &Snapshot, out: &mut String) {
    let rows: Vec<R> = lake.read().unwrap();
    let names: Vec<&str> = R::columns().iter().map(|c| c.name).collect();
    let _ = writeln!(out, "## {}\n{}", R::META.name, names.join(" | "));
    for row in &rows {
        let mut cells = Vec::new();
        row.values(&mut cells);
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        let _ = writeln!(out, "{}", cells.join(" | "));
    }
    out.push('\n');
}

#[test]
fn a_small_shop() {
    let shop = Shop::new(&format!("{HEAD}{CHAT}{ORDERS}{FEEDS}"));
    shop.write("chat.jsonl", CONVERSATIONS)
        .write(
            "orders.csv",
            "order_id,ordered_at,total,currency,customer_id,email\n\
             1001,2026-02-25T10:00:00+01:00,49.90,EUR,k1,anna@example.com\n\
             1002,2026-03-01T10:00:00+01:00,80.00,EUR,k3,\n\
             1003,2026-03-08T10:00:00+01:00,30.00,EUR,k2,bo@example.com\n",
        )
        .write("returns.csv", "return_id,order_id,opened_at,reason,refund,currency\nr1,1002,2026-03-09T10:00:00+01:00,too small,80.00,EUR\n")
        .write(
            "checkouts.csv",
            "checkout_id,created_at,updated_at,customer_id,value,currency,step\n\
             b1,2026-03-06T18:20:00+01:00,2026-03-06T18:30:00+01:00,k2,30.00,EUR,shipping\n",
        );
    shop.night("2026-04-30");
    let lake = Snapshot::require(&LakeDir::new(shop.path("lake"))).unwrap();
    let mut printed = String::new();
    print::<Message>(&lake, &mut printed);
    print::<ConversationTag>(&lake, &mut printed);
    print::<RepeatLink>(&lake, &mut printed);
    print::<LinkOrder>(&lake, &mut printed);
    print::<LinkCart>(&lake, &mut printed);
    print::<LinkReturn>(&lake, &mut printed);
    print::<ConversationOutcome>(&lake, &mut printed);
    print::<Identity>(&lake, &mut printed);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/small_shop.txt");
    if std::env::var_os("REFRAIN_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &printed).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert!(printed == golden, "tables differ from {}:\n{printed}", path.display());
}
