//! Conversations as JSON lines, under all options that touch them, then a night over them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::{Choices, check_night, read_bytes};
use refrain_ingest::{Feeds, SourceSpec};
use refrain_record::Feed;
use refrain_text::Redactor;

fuzz_target!(|data: &[u8]| {
    let Some((mut choices, bytes)) = Choices::split(data) else {
        return;
    };
    let mut spec = SourceSpec::new("de", choices.pick(&["chat-jsonl", "jsonl"]), Feed::Conversations, "x");
    spec.default_date = choices.pick(&[None, Some("2025-11-03")]).map(str::to_owned);
    spec.html = choices.flag();
    spec.strip_quotes = choices.flag();
    spec.encoding = choices
        .pick(&[None, Some("windows-1252"), Some("utf-16")])
        .map(str::to_owned);
    spec.max_row_bytes = choices.pick(&[None, Some(64)]);
    if choices.flag() {
        spec.roles.insert("wizard".to_owned(), "agent".to_owned());
        spec.columns.insert("text".to_owned(), "message.body".to_owned());
    }
    let twice = choices.flag();
    let mut feeds = Feeds::default();
    read_bytes(&spec, bytes, &mut feeds);
    for conversation in &feeds.conversations {
        for message in &conversation.messages {
            let text = &message.row.text;
            assert_eq!(Redactor::new().redact(text), *text, "a message is not wholly redacted");
        }
    }
    check_night(&feeds);
    if twice {
        let kept = feeds.accounts()[0].kept();
        read_bytes(&spec, bytes, &mut feeds);
        assert_eq!(feeds.accounts()[0].kept(), kept, "reading a file twice adds rows");
    }
});
