//! Delimited tables of every feed, with and without a mapping, then a night over them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::{Choices, check_night, read_bytes};
use refrain_ingest::{Feeds, SourceSpec};
use refrain_record::Feed;

/// Mapped names for each feed that has some here: canonical column, then the file's.
const MAPPINGS: [(Feed, &[(&str, &str)]); 4] = [
    (
        Feed::Orders,
        &[("order_id", "nr"), ("ordered_at", "when"), ("total", "sum")],
    ),
    (
        Feed::Returns,
        &[("return_id", "nr"), ("opened_at", "when"), ("order_id", "order")],
    ),
    (Feed::Checkouts, &[("checkout_id", "nr"), ("updated_at", "when")]),
    (Feed::Ratings, &[("conversation_id", "nr"), ("score", "stars")]),
];

fuzz_target!(|data: &[u8]| {
    let Some((mut choices, bytes)) = Choices::split(data) else {
        return;
    };
    let feed = choices.pick(Feed::ALL);
    let mut spec = SourceSpec::new("de", "csv", feed, "x");
    spec.delimiter = choices.pick(&[None, Some(";"), Some("\t")]).map(str::to_owned);
    spec.decimal_comma = choices.flag();
    spec.time_format = choices.pick(&[None, Some("%d.%m.%Y %H:%M")]).map(str::to_owned);
    spec.encoding = choices
        .pick(&[None, Some("windows-1252"), Some("utf-16")])
        .map(str::to_owned);
    spec.max_row_bytes = choices.pick(&[None, Some(64)]);
    let mapped = choices.flag();
    for (_, columns) in MAPPINGS.iter().filter(|(of, _)| mapped && *of == feed) {
        let owned = columns
            .iter()
            .map(|(column, name)| ((*column).to_owned(), (*name).to_owned()));
        spec.columns.extend(owned);
    }
    let mut feeds = Feeds::default();
    read_bytes(&spec, bytes, &mut feeds);
    check_night(&feeds);
});
