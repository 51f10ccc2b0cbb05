//! Texts to token ids by a `tokenizer.json`.

use crate::EmbedError;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer;

pub(crate) const TOKENIZER_FILE: &str = "tokenizer.json";
const EXPECTED: &str = "a tokenizer in the format of the `tokenizers` library";

/// A tokenizer that neither cuts nor pads.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    /// The file as it was, to be saved unchanged.
    pub(crate) json: Vec<u8>,
    /// The token that stands for unknown text.
    unknown: Option<u32>,
    path: PathBuf,
}

impl Tokens {
    /// Reads the bytes of `path`.
    pub(crate) fn parse(path: &Path, json: Vec<u8>) -> Result<Self, EmbedError> {
        let wrong = |found: String| EmbedError::format(path, found, EXPECTED);
        let value: Value = serde_json::from_slice(&json).map_err(|e| wrong(format!("no usable JSON ({e})")))?;
        check_template(&value["post_processor"]).map_err(wrong)?;
        let mut tokenizer = guarded(|| Tokenizer::from_bytes(&json)).map_err(wrong)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| wrong(format!("{e}")))?;
        let unknown = unknown_token(&value["model"], &tokenizer).map_err(wrong)?;
        let tokens = Self {
            tokenizer,
            json,
            unknown,
            path: path.to_owned(),
        };
        if tokens.lengths().is_empty() {
            return Err(EmbedError::format(path, "no tokens", "a vocabulary"));
        }
        Ok(tokens)
    }

    /// Number of ids to provide for: the largest, plus one.
    pub(crate) fn num_ids(&self) -> usize {
        let largest = self.tokenizer.get_vocab(true).into_values().max();
        largest.map_or(0, |id| id as usize + 1)
    }

    /// Number of distinct tokens.
    pub(crate) fn num_tokens(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// Lengths of the tokens in Unicode scalars, shortest first.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        let vocabulary = self.tokenizer.get_vocab(true);
        let mut lengths: Vec<usize> = vocabulary.keys().map(|token| token.chars().count()).collect();
        lengths.sort_unstable();
        lengths
    }

    /// Ids of a text without special tokens, at most `max_tokens`, of which unknown ones are dropped.
    pub(crate) fn known_ids(&self, text: &str, max_tokens: Option<usize>) -> Result<Vec<u32>, String> {
        let encoding = guarded(|| self.tokenizer.encode_fast(text, false))?;
        let ids = encoding.get_ids();
        let kept = &ids[..ids.len().min(max_tokens.unwrap_or(usize::MAX))];
        Ok(kept.iter().copied().filter(|&id| Some(id) != self.unknown).collect())
    }

    /// The file the tokenizer came from.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A text with the model's special tokens around it.
    #[cfg(feature = "transformer")]
    pub(crate) fn encode(&self, text: &str) -> Result<tokenizers::Encoding, String> {
        guarded(|| self.tokenizer.encode(text, true))
    }
}

/// What the library says, be it an error or, over a damaged file, a panic.
fn guarded<T>(run: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err("a file that the tokenizer library stumbles over".to_owned()),
    }
}

/// Whether a template defines the special tokens it puts around a text: the library panics otherwise.
fn check_template(processor: &Value) -> Result<(), String> {
    for part in processor["processors"].as_array().into_iter().flatten() {
        check_template(part)?;
    }
    let defined = &processor["special_tokens"];
    for piece in ["single", "pair"]
        .iter()
        .flat_map(|form| processor[form].as_array())
        .flatten()
    {
        let token = piece["SpecialToken"]["id"].as_str();
        if let Some(token) = token.filter(|token| defined[token].is_null()) {
            return Err(format!("a template with `{token}`, which it does not define"));
        }
    }
    Ok(())
}

/// The id of the unknown token; an error where the model names one that it lacks.
fn unknown_token(model: &Value, tokenizer: &Tokenizer) -> Result<Option<u32>, String> {
    if let Some(id) = model["unk_id"].as_u64() {
        return Ok(u32::try_from(id).ok());
    }
    let Some(token) = model["unk_token"].as_str() else {
        return Ok(None);
    };
    match tokenizer.token_to_id(token) {
        Some(id) => Ok(Some(id)),
        None => Err(format!("no token `{token}` though unknown text becomes it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{check_message, tokenizer_json, vocabulary};
    use serde_json::json;

    #[test]
    fn a_template_defines_its_special_tokens() {
        let around = |defined: &str| {
            let piece = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
            let template = json!({
                "type": "TemplateProcessing", "pair": [],
                "single": [piece("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}],
                "special_tokens": {defined: {"id": defined, "ids": [3], "tokens": [defined]}},
            });
            let nested = json!({"type": "Sequence", "processors": [template]});
            Tokens::parse(
                Path::new("tokenizer.json"),
                tokenizer_json(&vocabulary(), &nested).into_bytes(),
            )
        };
        assert_eq!(around("[CLS]").unwrap().known_ids("my", None).unwrap().len(), 1);
        check_message(&around("[SEP]").err().expect("an error"), "tokenizer.json");
    }

    #[test]
    fn panics_become_errors() {
        assert!(guarded::<()>(|| panic!("as the library does")).is_err());
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
