//! Small models made on the spot, and damage to their files.

use crate::EmbedError;
use std::fs;
use std::path::Path;

/// Tokens of the small models, with the pieces of any ASCII word.
pub(crate) fn vocabulary() -> Vec<String> {
    let mut tokens: Vec<String> = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        .map(str::to_owned)
        .into();
    for word in ["where", "is", "my", "parcel", "refund", "please", "money", "back", "ü"] {
        tokens.push(word.to_owned());
    }
    for letter in 'a'..='z' {
        tokens.push(letter.to_string());
        tokens.push(format!("##{letter}"));
    }
    tokens
}

/// A `tokenizer.json` over `tokens`, numbered in order.
pub(crate) fn tokenizer_json(tokens: &[String], post_processor: &serde_json::Value) -> String {
    let vocabulary: serde_json::Map<_, _> = tokens
        .iter()
        .enumerate()
        .map(|(id, token)| (token.clone(), id.into()))
        .collect();
    let added: Vec<_> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].contains(&token.as_str()))
        .map(|(id, token)| {
            serde_json::json!({"id": id, "content": token, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false})
        })
        .collect();
    serde_json::json!({
        "version": "1.0", "truncation": null,
        "padding": {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": false, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": post_processor, "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
    .to_string()
}

/// Numbers between -1 and 1 that look random and never change.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((bits ^ (bits >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Cuts `file`, flips its bits and removes it. What opens all the same is another model by its id;
/// what does not says which file, what was found, and what to do.
pub(crate) fn check_damage(dir: &Path, file: &str, sound_id: &str, open: impl Fn(&Path) -> Result<String, EmbedError>) {
    let path = dir.join(file);
    let sound = fs::read(&path).unwrap();
    let step = (sound.len() / 60).max(1);
    for length in (0..sound.len()).step_by(step) {
        fs::write(&path, &sound[..length]).unwrap();
        check_message(&open(dir).unwrap_err(), file);
    }
    let mut bytes = sound.clone();
    for at in (0..sound.len().min(300)).chain((300..sound.len()).step_by(step)) {
        for bit in [0, 4, 7] {
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            match open(dir) {
                Ok(id) => assert_ne!(id, sound_id, "bit {bit} of byte {at} of {file}"),
                // A flipped size in one file may first show in another.
                Err(error) => check_message(&error, ""),
            }
            bytes[at] ^= 1 << bit;
        }
    }
    fs::remove_file(&path).unwrap();
    check_message(&open(dir).unwrap_err(), file);
    fs::write(&path, &sound).unwrap();
    assert_eq!(open(dir).unwrap(), sound_id);
}

/// A first line that names the file and what was expected, then a hint.
pub(crate) fn check_message(error: &EmbedError, file: &str) {
    let message = error.to_string();
    let (first, hint) = message.split_once('\n').expect("two lines");
    assert!(first.contains(file), "`{file}` is not in: {message}");
    assert!(
        first.contains("expected ") || matches!(error, EmbedError::Embed { .. }),
        "{message}"
    );
    assert!(hint.starts_with("hint: "), "{message}");
}
