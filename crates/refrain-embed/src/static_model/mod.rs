//! Token vectors averaged over a text, in the file layout of Model2Vec.
//!
//! A text is cut to `max_length` tokens, unknown tokens are dropped, the vectors of the rest are
//! averaged and, where the config says `normalize`, scaled to unit length. A text without known
//! tokens is a zero row.

#[cfg(test)]
mod tests;

use crate::EmbedError;
use crate::folder::{Folder, write_all};
use crate::tokens::{TOKENIZER_FILE, Tokens};
use crate::unit::scale_to_unit_length;
use crate::vectors::{Precision, Vectors};
use ndarray::Array2;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::path::Path;

const VECTORS_FILE: &str = "model.safetensors";
const CONFIG_FILE: &str = "config.json";
const MODULES_FILE: &str = "modules.json";
/// Model2Vec's own default where the config says nothing.
const DEFAULT_MAX_LENGTH: u64 = 512;
/// Raised when the same files would give other vectors, so that caches notice.
const VERSION: u8 = 1;

/// A table of token vectors with its tokenizer.
///
/// ```no_run
/// use refrain_embed::StaticModel;
/// let model = StaticModel::open("models/shop-static".as_ref())?;
/// let points = model.embed(&["where is my parcel", "refund please"])?;
/// assert_eq!(points.dim(), (2, model.dim()));
/// # Ok::<(), refrain_embed::EmbedError>(())
/// ```
pub struct StaticModel {
    tokens: Tokens,
    vectors: Vectors,
    /// The config as it was, with keys this crate knows nothing of.
    config: Map<String, Value>,
    normalize: bool,
    max_tokens: Option<usize>,
    /// Scalars of a text that are looked at.
    max_scalars: Option<usize>,
    id: String,
}

impl StaticModel {
    /// Opens a folder with `model.safetensors`, `tokenizer.json` and `config.json`.
    ///
    /// # Errors
    /// When a file is missing, damaged, or does not fit the others.
    pub fn open(dir: &Path) -> Result<Self, EmbedError> {
        let folder = Folder::open(dir, "a Model2Vec folder")?;
        let config = folder.read(CONFIG_FILE, "the config of a Model2Vec model")?;
        let vectors = folder.read(VECTORS_FILE, "token vectors")?;
        let tokens = folder.read(TOKENIZER_FILE, "the tokenizer that belongs to the vectors")?;
        let config = folder.json(CONFIG_FILE, &config, "a JSON object")?;
        let vectors = Vectors::parse(&folder.file(VECTORS_FILE), &vectors)?;
        let tokens = Tokens::parse(&folder.file(TOKENIZER_FILE), tokens)?;
        Self::new(&folder.file(CONFIG_FILE), config, tokens, vectors)
    }

    /// Puts the parts together; `config_path` is named in errors.
    pub(crate) fn new(
        config_path: &Path,
        config: Map<String, Value>,
        tokens: Tokens,
        vectors: Vectors,
    ) -> Result<Self, EmbedError> {
        let wrong = |key: &str, expected: &str| {
            EmbedError::format(config_path, format!("`{key}` is `{}`", config[key]), expected)
        };
        let normalize = match config.get("normalize") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| wrong("normalize", "true or false"))?,
        };
        let max_tokens = match config.get("max_length") {
            None => Some(DEFAULT_MAX_LENGTH),
            Some(Value::Null) => None,
            Some(value) => Some(
                value
                    .as_u64()
                    .filter(|&n| n > 0)
                    .ok_or_else(|| wrong("max_length", "a number of tokens, or null"))?,
            ),
        };
        let max_tokens = max_tokens.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        check_fit(&tokens, &vectors)?;
        let id = digest(&tokens, &vectors, normalize, max_tokens);
        let max_scalars = max_tokens.map(|n| n.saturating_mul(median(&tokens.lengths())));
        Ok(Self {
            tokens,
            vectors,
            config,
            normalize,
            max_tokens,
            max_scalars,
            id,
        })
    }

    /// Length of a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.vectors.dim()
    }

    /// How the numbers are stored.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.vectors.precision()
    }

    /// Digest of all that decides a vector: equal ids, equal vectors.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// One row a text, in order; a text without known tokens is a zero row.
    ///
    /// A row depends on its text alone.
    ///
    /// # Errors
    /// When the tokenizer fails on a text.
    pub fn embed(&self, texts: &[&str]) -> Result<Array2<f32>, EmbedError> {
        let mut points = Array2::zeros((texts.len(), self.dim()));
        let rows = points.as_slice_mut().unwrap_or_default();
        let failures: Vec<Option<String>> = rows
            .par_chunks_mut(self.dim())
            .zip(texts)
            .map(|(row, text)| self.embed_text(text, row).err())
            .collect();
        match failures.into_iter().enumerate().find_map(|(row, f)| Some((row, f?))) {
            None => Ok(points),
            Some((row, found)) => Err(EmbedError::Embed {
                path: self.tokens.path().to_owned(),
                row,
                found,
            }),
        }
    }

    fn embed_text(&self, text: &str, mean: &mut [f32]) -> Result<(), String> {
        let ids = self.tokens.known_ids(self.beginning(text), self.max_tokens)?;
        for &id in &ids {
            self.vectors.add(id, mean);
        }
        if !ids.is_empty() {
            #[expect(clippy::cast_precision_loss, reason = "at most thousands of tokens")]
            let count = ids.len() as f32;
            mean.iter_mut().for_each(|v| *v /= count);
        }
        if self.normalize {
            scale_to_unit_length(mean);
        }
        Ok(())
    }

    /// What of a text is tokenized: long ones are cut first, at a length that usually exceeds
    /// `max_length` tokens, as Model2Vec does.
    fn beginning<'t>(&self, text: &'t str) -> &'t str {
        let end = self.max_scalars.and_then(|n| text.char_indices().nth(n));
        end.map_or(text, |(end, _)| &text[..end])
    }

    /// Writes a folder that `open`, and Model2Vec's `StaticModel.from_pretrained`, read.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), EmbedError> {
        let vectors = self
            .vectors
            .to_bytes()
            .map_err(|e| EmbedError::format(&dir.join(VECTORS_FILE), e.to_string(), "vectors of a sound model"))?;
        let mut config = self.config.clone();
        config.insert("embedding_dtype".to_owned(), json!(self.precision().numpy_name()));
        if self.vectors.is_mapped() {
            config.insert("vocabulary_quantization".to_owned(), json!(self.vectors.rows()));
        }
        let mut modules = vec![json!({
            "idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding",
        })];
        if self.normalize {
            modules.push(json!({
                "idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize",
            }));
        }
        write_all(
            dir,
            &[
                (VECTORS_FILE, &vectors),
                (TOKENIZER_FILE, &self.tokens.json),
                (CONFIG_FILE, format!("{:#}\n", Value::Object(config)).as_bytes()),
                (MODULES_FILE, format!("{:#}\n", Value::Array(modules)).as_bytes()),
            ],
        )
    }
}

/// Every token needs a vector, and without a mapping every vector a token.
fn check_fit(tokens: &Tokens, vectors: &Vectors) -> Result<(), EmbedError> {
    let (num_ids, num_vectors) = (tokens.num_ids(), vectors.num_ids());
    let fits = if vectors.is_mapped() {
        num_ids <= num_vectors
    } else {
        num_ids == num_vectors && tokens.num_tokens() == num_vectors
    };
    if fits {
        return Ok(());
    }
    Err(EmbedError::format(
        tokens.path(),
        format!("{} tokens with ids below {num_ids}", tokens.num_tokens()),
        format!("{num_vectors}, one for each vector of `{VECTORS_FILE}`"),
    ))
}

/// The middle length, rounded down between two; lengths are sorted and not empty.
fn median(lengths: &[usize]) -> usize {
    let upper = lengths.len() / 2;
    if lengths.len() % 2 == 1 {
        lengths[upper]
    } else {
        usize::midpoint(lengths[upper - 1], lengths[upper])
    }
}

fn digest(tokens: &Tokens, vectors: &Vectors, normalize: bool, max_tokens: Option<usize>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[VERSION, u8::from(normalize)]);
    hasher.update(format!("{max_tokens:?} {} ", tokens.json.len()).as_bytes());
    hasher.update(&tokens.json);
    vectors.feed(&mut hasher);
    format!("static-{}", &hasher.finalize().to_hex()[..32])
}
