//! The tokenizer of a distilled model: only tokens that a text can hold, numbered from 0.

use crate::EmbedError;
use crate::tokens::Tokens;
use serde_json::{Map, Value, json};

pub(super) struct Slim {
    pub(super) json: Vec<u8>,
    /// The token of each new id in the old tokenizer.
    pub(super) old_ids: Vec<u32>,
}

/// Drops placeholders (`[unused12]`) and special tokens but the unknown and the padding one, and
/// with them the special tokens put around a text.
pub(super) fn slim_tokenizer(tokens: &Tokens) -> Result<Slim, EmbedError> {
    let wrong = |found: &str| EmbedError::format(tokens.path(), found, "a vocabulary of tokens with their ids");
    let mut tokenizer: Value = serde_json::from_slice(&tokens.json).map_err(|e| wrong(&e.to_string()))?;
    let vocabulary = vocabulary(&tokenizer["model"]["vocab"]).ok_or_else(|| wrong("none"))?;
    let kind = tokenizer["model"]["type"].as_str().unwrap_or("WordPiece").to_owned();
    if !["WordPiece", "Unigram"].contains(&kind.as_str()) {
        return Err(EmbedError::unsupported(
            tokens.path(),
            format!("a tokenizer of type `{kind}`"),
            "`WordPiece` or `Unigram`",
            "distil a BERT model",
        ));
    }
    let unknown = unknown_token(&tokenizer["model"], &vocabulary);
    let special = |token: &str| {
        let added = tokenizer["added_tokens"].as_array();
        added.is_some_and(|added| added.iter().any(|a| a["content"] == *token))
    };
    let needed = |token: &str| Some(token) == unknown.as_deref() || tokenizer["padding"]["pad_token"] == *token;
    let kept: Vec<(u32, String, Value)> = vocabulary
        .into_iter()
        .filter(|(_, token, _)| needed(token) || !(special(token) || is_placeholder(token)))
        .collect();
    if kept.is_empty() {
        return Err(wrong("no token of text"));
    }
    let new_id = |token: &str| kept.iter().position(|(_, t, _)| t == token);

    let mut added = tokenizer["added_tokens"].as_array().cloned().unwrap_or_default();
    added.retain_mut(|entry| {
        let id = entry["content"].as_str().filter(|token| needed(token)).and_then(new_id);
        entry["id"] = json!(id);
        id.is_some()
    });
    let unknown_id = unknown.as_deref().and_then(new_id);
    tokenizer["added_tokens"] = Value::Array(added);
    for part in ["post_processor", "truncation", "padding"] {
        tokenizer[part] = Value::Null;
    }
    if kind == "Unigram" {
        tokenizer["model"]["unk_id"] = json!(unknown_id);
        tokenizer["model"]["vocab"] = kept.iter().map(|(_, token, score)| json!([token, score])).collect();
    } else {
        let ids = kept
            .iter()
            .enumerate()
            .map(|(id, (_, token, _))| (token.clone(), json!(id)));
        tokenizer["model"]["vocab"] = Value::Object(ids.collect::<Map<_, _>>());
    }
    Ok(Slim {
        json: tokenizer.to_string().into_bytes(),
        old_ids: kept.into_iter().map(|(id, _, _)| id).collect(),
    })
}

/// Id, token and score (of `Unigram`) by id: an object of ids, or a list of tokens with scores.
fn vocabulary(vocabulary: &Value) -> Option<Vec<(u32, String, Value)>> {
    let mut found = match vocabulary {
        Value::Object(ids) => ids
            .iter()
            .map(|(token, id)| Some((u32::try_from(id.as_u64()?).ok()?, token.clone(), Value::Null)))
            .collect::<Option<Vec<_>>>()?,
        Value::Array(scores) => (0..)
            .zip(scores)
            .map(|(id, entry)| Some((id, entry[0].as_str()?.to_owned(), entry[1].clone())))
            .collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    found.sort_by_key(|&(id, _, _)| id);
    Some(found)
}

fn unknown_token(model: &Value, vocabulary: &[(u32, String, Value)]) -> Option<String> {
    if let Some(token) = model["unk_token"].as_str() {
        return Some(token.to_owned());
    }
    let id = model["unk_id"].as_u64()?;
    let (_, token, _) = vocabulary.iter().find(|(i, _, _)| u64::from(*i) == id)?;
    Some(token.clone())
}

/// Whether a token begins like `[unused12]`.
fn is_placeholder(token: &str) -> bool {
    let number = token.strip_prefix("[unused").and_then(|rest| rest.split_once(']'));
    number.is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}
