//! Issues from vectors of a model folder: the night embeds each text once, keeps its vectors, and survives a change.

use std::fs;
use std::path::Path;

use crate::shop::{CHAT, HEAD, Shop, chat_line, text};

/// Words of three problems; each problem has a direction of its own.
const WORDS: &[(&str, [f32; 3])] = &[
    ("[UNK]", [0.0, 0.0, 0.0]),
    ("paket", [1.0, 0.0, 0.0]),
    ("lieferung", [0.9, 0.1, 0.0]),
    ("verspätet", [0.8, 0.0, 0.1]),
    ("geld", [0.0, 1.0, 0.0]),
    ("erstattung", [0.1, 0.9, 0.0]),
    ("konto", [0.0, 0.0, 1.0]),
    ("passwort", [0.0, 0.1, 0.9]),
];

/// A folder in Model2Vec's layout.
fn write_model(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let vocabulary: serde_json::Map<String, serde_json::Value> = (0..)
        .zip(WORDS)
        .map(|(at, (word, _))| ((*word).to_owned(), serde_json::json!(at)))
        .collect();
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
        "decoder": null, "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    });
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    fs::write(folder.join("config.json"), r#"{"normalize": true}"#).unwrap();
    let data: Vec<u8> = WORDS
        .iter()
        .flat_map(|(_, v)| v.iter().flat_map(|x| x.to_le_bytes()))
        .collect();
    let header = serde_json::json!({
        "embeddings": {"dtype": "F32", "shape": [WORDS.len(), 3], "data_offsets": [0, data.len()]},
    })
    .to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&data);
    fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

fn chats(days: std::ops::Range<u32>) -> String {
    let said = [
        [
            "Paket ist verspätet",
            "Lieferung kommt nicht, Paket weg",
            "Wo ist die Lieferung",
        ],
        [
            "Wo bleibt mein Geld",
            "Erstattung fehlt noch",
            "Geld und Erstattung bitte",
        ],
        ["Konto gesperrt", "Passwort geht nicht", "Konto und Passwort verloren"],
    ];
    let mut lines = String::new();
    for day in days {
        for (problem, ways) in said.iter().enumerate() {
            for (way, words) in ways.iter().enumerate() {
                for copy in 0..3 {
                    let id = format!("c{day}-{problem}-{way}-{copy}");
                    let at = format!("2026-03-{day:02}T09:00:00+01:00");
                    lines.push_str(&chat_line(
                        &id,
                        &at,
                        &format!("k{id}"),
                        &format!("{words} {day} {copy}"),
                    ));
                }
            }
        }
    }
    lines
}

#[test]
fn a_static_model_founds_issues_and_its_vectors_are_kept() {
    let settings = "[issues]\nembedder = \"static\"\nembedder_model = \"words\"\n";
    let shop = Shop::new(&format!("{HEAD}{CHAT}{settings}"));
    write_model(&shop.path("words"));
    shop.write("chat.jsonl", chats(1..15));
    shop.night("2026-03-12");
    let done = shop.run(&["doctor"]);
    assert!(
        text(&done.stdout).contains("embedder: static-"),
        "{}",
        text(&done.stdout)
    );
    let cache = shop.path("lake/_refrain/cache/vectors.bin");
    let before = fs::metadata(&cache).unwrap().len();
    shop.night("2026-03-13");
    assert!(fs::metadata(&cache).unwrap().len() > before, "a night adds its texts");
    let read = fs::read(&cache).unwrap();
    fs::write(&cache, &read[..read.len() / 2]).unwrap();
    shop.night("2026-03-14");
    assert!(
        fs::metadata(&cache).unwrap().len() > read.len() as u64,
        "a damaged cache is made anew"
    );
    let words = b"Lieferung";
    assert!(
        !fs::read(&cache).unwrap().windows(words.len()).any(|w| w == words),
        "no text in the cache"
    );

    fs::remove_dir_all(shop.path("words")).unwrap();
    let done = shop.run(&["run", "--date", "2026-03-15"]);
    assert_eq!(done.status.code(), Some(2));
    let said = text(&done.stderr);
    assert!(said.contains("words") && said.contains("hint: "), "{said}");
}
