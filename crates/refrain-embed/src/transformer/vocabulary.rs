//! A `tokenizer.json` for folders that have only the older `vocab.txt`.

use crate::EmbedError;
use crate::folder::Folder;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) const VOCABULARY_FILE: &str = "vocab.txt";
const TOKENIZER_CONFIG_FILE: &str = "tokenizer_config.json";

#[derive(Deserialize)]
struct Lettering {
    #[serde(default = "yes")]
    do_lower_case: bool,
    #[serde(default = "yes")]
    tokenize_chinese_chars: bool,
    strip_accents: Option<bool>,
}

fn yes() -> bool {
    true
}

/// The BERT tokenizer of a `vocab.txt`: one token a line, its id the line's number from 0.
pub(super) fn tokenizer_of_vocabulary(folder: &Folder, vocabulary: &[u8]) -> Result<Vec<u8>, EmbedError> {
    let path = folder.file(VOCABULARY_FILE);
    let text = std::str::from_utf8(vocabulary)
        .map_err(|e| EmbedError::format(&path, format!("no UTF-8 ({e})"), "one token a line"))?;
    let mut ids = Map::new();
    for (id, token) in text.lines().enumerate() {
        ids.insert(token.to_owned(), json!(id));
    }
    let special = |token: &str| {
        ids.get(token)
            .cloned()
            .ok_or_else(|| EmbedError::format(&path, format!("no token `{token}`"), "the vocabulary of a BERT model"))
    };
    let (start, end) = (special("[CLS]")?, special("[SEP]")?);
    let mut added = Vec::new();
    for token in ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] {
        added.push(json!({
            "id": special(token)?, "content": token, "special": true,
            "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        }));
    }
    let lettering = match folder.read_optional(TOKENIZER_CONFIG_FILE)? {
        Some(bytes) => bytes,
        None => b"{}".to_vec(),
    };
    let lettering: Lettering = folder.json(TOKENIZER_CONFIG_FILE, &lettering, "a JSON object")?;
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "lowercase": lettering.do_lower_case,
            "handle_chinese_chars": lettering.tokenize_chinese_chars, "strip_accents": lettering.strip_accents,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", end], "cls": ["[CLS]", start]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": Value::Object(ids),
        },
    });
    Ok(tokenizer.to_string().into_bytes())
}
