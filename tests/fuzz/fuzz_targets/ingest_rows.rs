//! Typed rows, such as Parquet gives: any cell in any column of any feed.
#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use refrain_fuzz::{check_night, read};
use refrain_ingest::{Feeds, Input, RawCell, SourceSpec};
use refrain_record::{Feed, Timestamp};

/// Columns that many feeds need; the fuzzer picks among them so as not to spell them.
const NAMES: [&str; 28] = [
    "id",
    "conversation_id",
    "order_id",
    "ordered_at",
    "return_id",
    "opened_at",
    "checkout_id",
    "updated_at",
    "score",
    "messages",
    "text",
    "sent_at",
    "author_role",
    "customer",
    "email",
    "at",
    "kind",
    "total",
    "currency",
    "tags",
    "events",
    "rating",
    "campaign_id",
    "faq_id",
    "title",
    "query",
    "line_no",
    "quantity",
];

fuzz_target!(|data: &[u8]| {
    let _ = run(&mut Unstructured::new(data));
});

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let mut spec = SourceSpec::new("de", "parquet", *input.choose(Feed::ALL)?, "x");
    if input.arbitrary()? {
        spec.default_date = Some("2025-11-03".to_owned());
    }
    let num_columns = input.int_in_range(1..=8)?;
    let columns = (0..num_columns)
        .map(|_| Ok((*input.choose(&NAMES)?).to_owned()))
        .collect::<Result<Vec<_>>>()?;
    let mut rows = Vec::new();
    while !input.is_empty() && rows.len() < 20 {
        // One row in some is too short or too long.
        let width = if input.ratio(1, 20)? {
            input.int_in_range(0..=9)?
        } else {
            num_columns
        };
        let cells = (0..width).map(|_| cell(input, 0)).collect::<Result<Vec<_>>>()?;
        rows.push(if input.ratio(1, 50)? {
            Err("broken".to_owned())
        } else {
            Ok(cells)
        });
    }
    let mut feeds = Feeds::default();
    let input = Input::Rows {
        file: "file",
        columns,
        rows: &mut rows.into_iter(),
    };
    read(&spec, input, &mut feeds);
    check_night(&feeds);
    Ok(())
}

fn cell(input: &mut Unstructured<'_>, depth: usize) -> Result<RawCell> {
    let last = if depth < 4 { 10 } else { 8 };
    Ok(match input.int_in_range(0..=last)? {
        0 => RawCell::Null,
        1 => RawCell::Text(input.arbitrary()?),
        2 => RawCell::Int(input.arbitrary()?),
        3 => RawCell::Int(input.int_in_range(1_762_000_000..=1_764_600_000)?),
        4 => RawCell::Float(input.arbitrary()?),
        5 => RawCell::Bool(input.arbitrary()?),
        6 => RawCell::Time(Timestamp(input.arbitrary()?)),
        7 => RawCell::LocalTime(Timestamp(input.arbitrary()?)),
        8 => {
            RawCell::Text((*input.choose(&["customer", "agent", "2025-11-03 10:00", "4,5", "<p>x", "EUR"])?).to_owned())
        }
        9 => {
            let length = input.int_in_range(0..=3)?;
            RawCell::List((0..length).map(|_| cell(input, depth + 1)).collect::<Result<_>>()?)
        }
        _ => {
            let length = input.int_in_range(0..=4)?;
            let named = |_| Ok(((*input.choose(&NAMES)?).to_owned(), cell(input, depth + 1)?));
            RawCell::Struct((0..length).map(named).collect::<Result<_>>()?)
        }
    })
}
