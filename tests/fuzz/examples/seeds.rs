//! Writes the binary seeds anew, after a change of a format: `cargo run --example seeds` in this folder.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;

use refrain_issues::{IssuesConfig, Request, State, run_night};
use refrain_record::{Date, Language};
use refrain_tag::model::{LabelledText, ModelKind, TrainConfig, train};

/// Bytes of a model file before its payload.
const MODEL_HEAD: usize = 8 + 2 + 32;

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        fs::create_dir_all(seeds.join(target))?;
        fs::write(seeds.join(target).join(name), bytes)
    };
    for kind in [ModelKind::Linear, ModelKind::LsaLogistic] {
        let bytes = model(kind)?;
        write("tag_model", kind.as_str(), &bytes[MODEL_HEAD..])?;
    }
    for (name, nights) in [("first_night", 1), ("two_nights", 2)] {
        // Behind the version.
        write("issues_state", name, &state(nights)?.to_bytes()[1..])?;
    }
    write("issues_state", "empty", &State::default().to_bytes()[1..])?;

    let chat = b"{\"id\":1,\"messages\":[{\"text\":\"hi\",\"ts\":1762156800}]}\n{\"id\":2}\n";
    let mut gzip = flate2::write::GzEncoder::new(b"\x00\x00".to_vec(), flate2::Compression::best());
    gzip.write_all(chat)?;
    write("ingest_packed", "chat_gz", &gzip.finish()?)?;
    let mut zstd = b"\x00\x00".to_vec();
    zstd.extend(zstd::bulk::compress(chat, 3)?);
    write("ingest_packed", "chat_zst", &zstd)?;
    Ok(())
}

fn model(kind: ModelKind) -> Result<Vec<u8>, Box<dyn Error>> {
    let example = |text: &str, tag: &str| LabelledText {
        text: text.to_owned(),
        tags: vec![tag.into()],
        ..LabelledText::default()
    };
    let mut config = TrainConfig {
        kind,
        lsa_rank: 2,
        ..TrainConfig::default()
    };
    // Few features make small seeds.
    config.features.char_ngrams = (0, 0);
    config.features.word_ngrams = (1, 1);
    let examples = [
        example("where is my parcel", "shipping"),
        example("my parcel is late", "shipping"),
        example("i want my money back", "refund"),
        example("please refund me", "refund"),
    ];
    Ok(train(&examples, &config)?.to_bytes()?)
}

fn state(nights: i32) -> Result<State, Box<dyn Error>> {
    let words = ["parcel", "refund", "invoice"];
    let texts: Vec<String> = (0..18)
        .map(|n| format!("{} {} late", words[n % 3], words[n % 2]))
        .collect();
    let ids: Vec<String> = (0..18).map(|n| format!("{n:02}")).collect();
    let requests: Vec<Request<'_>> = texts
        .iter()
        .zip(&ids)
        .map(|(text, id)| Request {
            shop_id: "de",
            source: "desk",
            conversation_id: id,
            date: Date(20_400),
            seq: 0,
            text,
            language: Some(Language::En),
            person_key: None,
            top_tag: Some("a/b"),
            vector: None,
        })
        .collect();
    let config = IssuesConfig {
        dims: 2,
        min_members: 2,
        first_fit_texts: 1,
        ..IssuesConfig::default()
    };
    let (mut state, mut members) = (State::default(), Vec::new());
    for night in 0..nights {
        let done = run_night(state, &requests, &members, &config, Date(20_400 + night))?;
        (state, members) = (done.state, done.members);
    }
    Ok(state)
}
