//! Compressed files: as they come, packed by the target, and packed then damaged.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::{Choices, read_bytes};
use refrain_ingest::{Feeds, SourceSpec};
use refrain_record::Feed;

fuzz_target!(|data: &[u8]| {
    let Some((mut choices, bytes)) = Choices::split(data) else {
        return;
    };
    let spec = match choices.flag() {
        false => SourceSpec::new("de", "chat-jsonl", Feed::Conversations, "x"),
        true => SourceSpec::new("de", "csv", Feed::Orders, "x"),
    };
    let packing = choices.pick(&["none", "gzip", "zstd"]);
    let damage = choices.pick(&["none", "cut", "flip", "twice"]);
    let mut packed = match packing {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        "zstd" => zstd::bulk::compress(bytes, 1).expect("memory takes all"),
        _ => bytes.to_vec(),
    };
    // The first byte of the text says where.
    let at = packed.len() * usize::from(bytes.first().copied().unwrap_or(0)) / 256;
    match damage {
        "cut" => packed.truncate(at),
        "flip" => packed.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x55),
        "twice" => packed.extend_from_within(..),
        _ => {}
    }
    let mut feeds = Feeds::default();
    read_bytes(&spec, &packed, &mut feeds);
    if packing != "none" && damage == "none" {
        let mut plain = Feeds::default();
        // What is packed twice stays packed once.
        if !bytes.starts_with(&[0x1f, 0x8b]) && !bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            read_bytes(&spec, bytes, &mut plain);
            assert_eq!(feeds.accounts(), plain.accounts(), "packing changes what is read");
        }
    }
});
