//! Vectors of texts as tag models read them: those of many texts made ahead and at once, any other when it is asked for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use clap::Args;
use refrain_issues::Embedder;
use refrain_tag::model::TextVectors;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::failure::Outcome;
use crate::vectors::Vectors;

/// Where an embedder's model is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EmbedderArgs {
    /// Token vectors in Model2Vec's layout, such as `refrain embed distill` writes.
    #[arg(long, value_name = "DIR", conflicts_with = "transformer_model")]
    pub(crate) static_model: Option<PathBuf>,
    /// A sentence-transformers folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) transformer_model: Option<PathBuf>,
}

impl EmbedderArgs {
    /// Kind and folder; `None` when neither is named.
    pub(crate) fn choice(&self) -> Option<(Embedder, &Path)> {
        match (&self.static_model, &self.transformer_model) {
            (Some(folder), _) => Some((Embedder::Static, folder)),
            (None, Some(folder)) => Some((Embedder::Transformer, folder)),
            (None, None) => None,
        }
    }

    /// Opens the model that is named.
    ///
    /// # Errors
    /// When it is missing or damaged, and when this binary was built without embedders.
    pub(crate) fn open(&self) -> anyhow::Result<Option<Arc<TagVectors>>> {
        let opened = self.choice().map(|(kind, folder)| Vectors::open_folder(kind, folder));
        Ok(opened.transpose()?.map(TagVectors::new))
    }
}

/// The setting `tags.embedder`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TagEmbedder {
    /// The model reads no vectors.
    #[default]
    None,
    /// Token vectors of a folder in Model2Vec's layout.
    Static,
    /// A sentence-transformers folder.
    Transformer,
}

/// Short name of a text.
type TextHash = [u8; 16];

/// An embedder, and the vectors made ahead.
pub(crate) struct TagVectors {
    vectors: Vectors,
    ahead: RwLock<FxHashMap<TextHash, Vec<f32>>>,
}

impl fmt::Debug for TagVectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TagVectors").field(&self.vectors.id()).finish()
    }
}

impl TagVectors {
    pub(crate) fn new(vectors: Vectors) -> Arc<Self> {
        Arc::new(Self {
            vectors,
            ahead: RwLock::default(),
        })
    }

    /// Makes the vectors of these texts, all at once.
    ///
    /// # Errors
    /// When the model fails on one of them.
    pub(crate) fn prepare(&self, texts: &[&str]) -> Outcome<()> {
        let distinct = distinct(texts);
        let made = self.vectors.embed(&distinct)?;
        self.keep(&distinct, made);
        Ok(())
    }

    /// As [`Self::prepare`], with those that `cache` holds taken from there; what was made ahead earlier is forgotten.
    ///
    /// # Errors
    /// When the model fails on a text, or the cache cannot be written.
    pub(crate) fn prepare_cached(&self, texts: &[&str], cache: &Path, key: &[u8; 32]) -> Outcome<()> {
        let distinct = distinct(texts);
        let made = self.vectors.embed_cached(&distinct, cache, key)?;
        self.ahead.write().unwrap_or_else(|e| e.into_inner()).clear();
        self.keep(&distinct, made);
        Ok(())
    }

    fn keep(&self, texts: &[&str], made: Vec<Vec<f32>>) {
        let mut ahead = self.ahead.write().unwrap_or_else(|e| e.into_inner());
        ahead.extend(texts.iter().map(|text| hash(text)).zip(made));
    }
}

impl TextVectors for TagVectors {
    fn id(&self) -> &str {
        self.vectors.id()
    }

    fn vector(&self, text: &str) -> Option<Vec<f32>> {
        let known = {
            let ahead = self.ahead.read().unwrap_or_else(|e| e.into_inner());
            ahead.get(&hash(text)).cloned()
        };
        if known.is_some() {
            return known;
        }
        // Training on a shop's history asks for a text again and again.
        let made = self.vectors.embed(&[text]).ok()?.pop()?;
        self.keep(&[text], vec![made.clone()]);
        Some(made)
    }
}

fn distinct<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let mut distinct = texts.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

fn hash(text: &str) -> TextHash {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
    short
}

/// The embedder of `[tags]`, its folder taken from `folder` on.
///
/// # Errors
/// When the folder is not named, missing or damaged, and when this binary was built without embedders.
pub(crate) fn open(kind: TagEmbedder, model: Option<&Path>, folder: &Path) -> anyhow::Result<Option<Arc<TagVectors>>> {
    let kind = match kind {
        TagEmbedder::None => return Ok(None),
        TagEmbedder::Static => Embedder::Static,
        TagEmbedder::Transformer => Embedder::Transformer,
    };
    let Some(model) = model else {
        anyhow::bail!("`tags.embedder` needs a model\nhint: name its folder in `tags.embedder_model`");
    };
    Ok(Some(TagVectors::new(Vectors::open_folder(kind, &folder.join(model))?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedder_needs_a_folder_and_a_binary_that_can_read_it() {
        let refusal = |kind, model: Option<&str>| {
            let opened = open(kind, model.map(Path::new), Path::new("."));
            opened.unwrap_err().to_string()
        };
        assert!(open(TagEmbedder::None, None, Path::new(".")).unwrap().is_none());
        for kind in [TagEmbedder::Static, TagEmbedder::Transformer] {
            assert!(refusal(kind, None).contains("`tags.embedder_model`"));
            assert!(refusal(kind, Some("no/such/folder")).contains("\nhint: "));
        }
        let named = EmbedderArgs {
            static_model: Some("no/such/folder".into()),
            ..EmbedderArgs::default()
        };
        assert!(named.open().unwrap_err().to_string().contains("\nhint: "));
        assert!(EmbedderArgs::default().open().unwrap().is_none());
    }
}
