//! Marker phrases of a TOML file, then a night that looks for them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::{SHOP, read_bytes};
use refrain_ingest::{Feeds, Markers, NightSettings, SourceSpec, Tables, assemble_night};
use refrain_record::{Date, Feed};

const CHAT: &[u8] = "{\"id\":1,\"messages\":[\
    {\"role\":\"assistant\",\"text\":\"Sorry, I did not understand. 对不起\",\"ts\":1762156800},\
    {\"role\":\"user\",\"text\":\"A HUMAN please, ẞ İ ﬀ\",\"ts\":1762156801}]}"
    .as_bytes();

fuzz_target!(|text: &str| {
    let Ok(markers) = Markers::from_toml(text) else {
        return;
    };
    let mut feeds = Feeds::default();
    let spec = SourceSpec::new("de", "chat-jsonl", Feed::Conversations, "x");
    read_bytes(&spec, CHAT, &mut feeds);
    let settings = NightSettings {
        markers,
        ..NightSettings::new(Date(20_422))
    };
    let night = assemble_night(Tables::default(), &feeds, std::slice::from_ref(&*SHOP), &settings);
    assert_eq!(night.tables.conversations.len(), 1);
});
