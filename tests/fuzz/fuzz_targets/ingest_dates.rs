//! Instants as exports write them, with every kind of pattern and zone, and plain dates.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::{Choices, read};
use refrain_ingest::{Feeds, Input, RawCell, SourceSpec};
use refrain_record::{Date, Feed};

const PATTERNS: [Option<&str>; 6] = [
    None,
    Some("%d/%m/%Y"),
    Some("%m/%d/%Y %H:%M"),
    Some("%Y-%m-%d %H:%M %z"),
    Some("%a %b %d %H:%M:%S %z %Y"),
    Some("%s"),
];

fuzz_target!(|data: &[u8]| {
    let Some((mut choices, rest)) = Choices::split(data) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    if let Ok(date) = text.parse::<Date>() {
        assert_eq!(date.to_string().parse::<Date>().as_ref(), Ok(&date));
    }
    let mut spec = SourceSpec::new("de", "parquet", Feed::Orders, "x");
    spec.time_format = match choices.pick(&PATTERNS) {
        // The pattern itself can be the input, before a line end.
        None if choices.flag() => text.split_once('\n').map(|(pattern, _)| pattern.to_owned()),
        pattern => pattern.map(str::to_owned),
    };
    spec.timezone = choices
        .pick(&[None, Some("America/New_York"), Some("Asia/Kathmandu")])
        .map(str::to_owned);
    let value = text.split_once('\n').map_or(text, |(_, value)| value);
    let mut feeds = Feeds::default();
    let mut rows = [value, text].into_iter().enumerate().map(|(number, time)| {
        Ok(vec![
            RawCell::Int(i64::try_from(number).unwrap_or(0)),
            RawCell::Text(time.to_owned()),
        ])
    });
    let input = Input::Rows {
        file: "file",
        columns: vec!["order_id".to_owned(), "ordered_at".to_owned()],
        rows: &mut rows,
    };
    read(&spec, input, &mut feeds);
    for order in &feeds.orders {
        // A date that was read can be written and read again.
        let date = order.row.order.date;
        assert_eq!(date.to_string().parse::<Date>().as_ref(), Ok(&date));
    }
});
