//! A BERT model of sentence-transformers, run on the CPU.
//!
//! A row has the same bytes whatever was embedded beside it, in any order, on any number of threads
//! of one kind of processor.

mod bert;
mod settings;
#[cfg(test)]
pub(crate) mod tests;
mod vocabulary;

use crate::EmbedError;
use crate::folder::Folder;
use crate::tokens::{TOKENIZER_FILE, Tokens};
use crate::unit::scale_to_unit_length;
use bert::Bert;
use ndarray::Array2;
use rayon::prelude::*;
use settings::{Pooling, Settings};
use std::path::{Path, PathBuf};
use vocabulary::{VOCABULARY_FILE, tokenizer_of_vocabulary};

const WEIGHTS_FILE: &str = "model.safetensors";
/// Tokens of a batch, unless one text has more: enough to read the weights seldom, few enough for
/// the caches and for all cores to have a batch.
const BATCH_TOKENS: usize = 256;
/// Raised when the same files would give other vectors, so that caches notice.
const VERSION: u8 = 1;

/// A sentence-transformers model.
///
/// ```no_run
/// use refrain_embed::TransformerModel;
/// let model = TransformerModel::open("models/all-MiniLM-L6-v2".as_ref())?;
/// let points = model.embed(&["where is my parcel", "refund please"])?;
/// assert_eq!(points.dim(), (2, model.dim()));
/// # Ok::<(), refrain_embed::EmbedError>(())
/// ```
pub struct TransformerModel {
    bert: Bert,
    tokens: Tokens,
    pooling: Pooling,
    normalize: bool,
    lower_case: bool,
    max_tokens: usize,
    dim: usize,
    path: PathBuf,
    id: String,
}

impl TransformerModel {
    /// Opens a folder with `config.json`, `model.safetensors`, `modules.json`, the pooling config
    /// it names, and `tokenizer.json` or `vocab.txt`.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the model is of a kind that is not run here.
    pub fn open(dir: &Path) -> Result<Self, EmbedError> {
        let folder = Folder::open(dir, "a sentence-transformers folder")?;
        let settings = Settings::read(&folder)?;
        let tokens = tokens(&folder, &settings)?;
        let weights = folder.read(WEIGHTS_FILE, "the weights of the model")?;
        let id = digest(&settings, &tokens, &weights);
        let bert = Bert::parse(&folder.file(WEIGHTS_FILE), &weights, &settings.sizes)?;
        Ok(Self {
            bert,
            tokens,
            pooling: settings.pooling,
            normalize: settings.normalize,
            lower_case: settings.lower_case,
            max_tokens: settings.max_tokens,
            dim: settings.sizes.hidden,
            path: dir.to_owned(),
            id,
        })
    }

    /// Length of a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Digest of all files that decide a vector: equal ids, equal vectors on like processors.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// One row a text, in order.
    ///
    /// A row depends on its text alone, to the last bit.
    ///
    /// # Errors
    /// When the tokenizer fails on a text, or a damaged model yields no numbers.
    pub fn embed(&self, texts: &[&str]) -> Result<Array2<f32>, EmbedError> {
        let sequences: Result<Vec<Vec<u32>>, EmbedError> = texts
            .par_iter()
            .enumerate()
            .map(|(row, text)| self.ids(text).map_err(|found| self.failure(row, found)))
            .collect();
        let mut points = self.run(&sequences?, self.pooling)?;
        if self.normalize {
            for mut row in points.outer_iter_mut() {
                row.as_slice_mut().into_iter().for_each(scale_to_unit_length);
            }
        }
        Ok(points)
    }

    /// Mean vectors of sequences of token ids, special ones included, without scaling.
    pub(crate) fn means(&self, sequences: &[Vec<u32>]) -> Result<Array2<f32>, EmbedError> {
        self.run(sequences, Pooling::Mean)
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = if self.lower_case {
            self.tokens.encode(&text.trim().to_lowercase())
        } else {
            self.tokens.encode(text.trim())
        };
        Ok(cut(&encoding?, self.max_tokens))
    }

    fn run(&self, sequences: &[Vec<u32>], pooling: Pooling) -> Result<Array2<f32>, EmbedError> {
        if let Some(row) = sequences.iter().position(|ids| !self.bert.fits(ids)) {
            return Err(self.failure(row, "a token without a vector or position".to_owned()));
        }
        let mut points = Array2::zeros((sequences.len(), self.dim));
        let mut rest = points.as_slice_mut().unwrap_or_default();
        let mut batches = Vec::new();
        for texts in batches_of(sequences) {
            let (rows, after) = rest.split_at_mut(texts.len() * self.dim);
            batches.push((texts, rows));
            rest = after;
        }
        batches
            .into_par_iter()
            .for_each(|(texts, rows)| self.run_batch(texts, pooling, rows));
        match points.outer_iter().position(|row| row.iter().any(|v| !v.is_finite())) {
            None => Ok(points),
            Some(row) => Err(self.failure(row, "no finite numbers".to_owned())),
        }
    }

    /// Fills one row a text.
    fn run_batch(&self, texts: &[Vec<u32>], pooling: Pooling, rows: &mut [f32]) {
        let ids: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        let vectors = self.bert.forward(&ids).into_raw_vec_and_offset().0;
        let mut rest = vectors.as_slice();
        for (text, row) in texts.iter().zip(rows.chunks_exact_mut(self.dim)) {
            let (vectors, after) = rest.split_at(text.len() * self.dim);
            pool(vectors, pooling, row);
            rest = after;
        }
    }

    fn failure(&self, row: usize, found: String) -> EmbedError {
        EmbedError::Embed {
            path: self.path.clone(),
            row,
            found,
        }
    }
}

/// Consecutive texts with at most `BATCH_TOKENS` tokens together, or one text.
fn batches_of(mut texts: &[Vec<u32>]) -> Vec<&[Vec<u32>]> {
    let mut batches = Vec::new();
    while !texts.is_empty() {
        let mut tokens = 0;
        let fitting = texts.iter().take_while(|text| {
            tokens += text.len();
            tokens <= BATCH_TOKENS
        });
        let (batch, rest) = texts.split_at(fitting.count().max(1));
        batches.push(batch);
        texts = rest;
    }
    batches
}

/// One vector of the vectors of a text's tokens, end to end; zero without tokens.
fn pool(vectors: &[f32], pooling: Pooling, pooled: &mut [f32]) {
    let tokens = vectors.chunks_exact(pooled.len());
    let taken = match pooling {
        Pooling::First => 1,
        Pooling::Mean => tokens.len(),
    };
    for token in tokens.take(taken) {
        pooled.iter_mut().zip(token).for_each(|(sum, v)| *sum += v);
    }
    #[expect(clippy::cast_precision_loss, reason = "at most thousands of tokens")]
    let count = taken.max(1) as f32;
    pooled.iter_mut().for_each(|v| *v /= count);
}

/// At most `max_tokens` ids, cut at the end of the text but before its closing special tokens.
fn cut(encoding: &tokenizers::Encoding, max_tokens: usize) -> Vec<u32> {
    let ids = encoding.get_ids();
    let special = encoding.get_special_tokens_mask();
    let closing = special.iter().rev().take_while(|&&s| s == 1).count();
    if ids.len() <= max_tokens || closing >= max_tokens {
        return ids[..ids.len().min(max_tokens)].to_vec();
    }
    [&ids[..max_tokens - closing], &ids[ids.len() - closing..]].concat()
}

/// The tokenizer, each of whose ids has a vector.
fn tokens(folder: &Folder, settings: &Settings) -> Result<Tokens, EmbedError> {
    let tokens = match (
        folder.read_optional(TOKENIZER_FILE)?,
        folder.read_optional(VOCABULARY_FILE)?,
    ) {
        (Some(json), _) => Tokens::parse(&folder.file(TOKENIZER_FILE), json)?,
        (None, Some(vocabulary)) => Tokens::parse(
            &folder.file(VOCABULARY_FILE),
            tokenizer_of_vocabulary(folder, &vocabulary)?,
        )?,
        (None, None) => Tokens::parse(
            &folder.file(TOKENIZER_FILE),
            folder.read(TOKENIZER_FILE, "a tokenizer, or else `vocab.txt`")?,
        )?,
    };
    if tokens.num_ids() > settings.sizes.vocabulary {
        return Err(EmbedError::format(
            tokens.path(),
            format!("token ids up to {}", tokens.num_ids() - 1),
            format!(
                "ids below {}, the `vocab_size` of `{}`",
                settings.sizes.vocabulary,
                settings::CONFIG_FILE
            ),
        ));
    }
    Ok(tokens)
}

fn digest(settings: &Settings, tokens: &Tokens, weights: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[VERSION, u8::from(settings.normalize)]);
    for file in settings.files.iter().chain([&tokens.json]) {
        hasher.update(format!("{} ", file.len()).as_bytes());
        hasher.update(file);
    }
    hasher.update(weights);
    format!("transformer-{}", &hasher.finalize().to_hex()[..32])
}
