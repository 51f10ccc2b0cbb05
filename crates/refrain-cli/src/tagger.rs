//! The tagger of a config: its taxonomy, rulebook and model, or what ships inside the binary.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use refrain_tag::model::{TagModel, TextVectors};
use refrain_tag::{Rulebook, Tagger, Taxonomy};

use crate::config::{Config, TagsSection};
use crate::shipped;
use crate::tag_vectors::{self, TagVectors};

/// Builds the tagger of a config.
///
/// # Errors
/// Names the file and what is wrong in it.
pub(crate) fn load(config: &Config) -> anyhow::Result<Tagger> {
    load_with_vectors(config).map(|(tagger, _)| tagger)
}

/// As [`load`], with the embedder of the model, for who tags many texts and makes their vectors ahead.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_with_vectors(config: &Config) -> anyhow::Result<(Tagger, Option<Arc<TagVectors>>)> {
    let vectors = embedder(config)?;
    let tagger = build(&config.tags, &config.folder, vectors.clone())?;
    Ok((tagger, vectors))
}

/// The embedder that a config names for tags.
///
/// # Errors
/// When its folder is not named, missing or damaged, and when this binary was built without embedders.
pub(crate) fn embedder(config: &Config) -> anyhow::Result<Option<Arc<TagVectors>>> {
    let tags = &config.tags;
    tag_vectors::open(tags.embedder, tags.embedder_model.as_deref(), &config.folder)
}

/// Taxonomy and rulebook of a config, without its model: what a new one is fitted beside.
///
/// # Errors
/// As [`load`].
pub(crate) fn without_model(config: &Config) -> anyhow::Result<Tagger> {
    let tags = TagsSection {
        model: None,
        ..config.tags.clone()
    };
    build(&tags, &config.folder, None)
}

/// The tagger that ships, without a model.
///
/// # Errors
/// Never for a binary whose tests passed.
pub(crate) fn shipped() -> anyhow::Result<Tagger> {
    build(&TagsSection::default(), Path::new("."), None)
}

fn build(tags: &TagsSection, folder: &Path, vectors: Option<Arc<TagVectors>>) -> anyhow::Result<Tagger> {
    let taxonomy = match &tags.taxonomy {
        Some(path) => {
            let text = read(&folder.join(path))?;
            Taxonomy::parse(&text, &path.to_string_lossy())?
        }
        None => Taxonomy::parse(shipped::TAXONOMY, "taxonomy.toml")?,
    };
    let rulebook = match &tags.rules {
        Some(patterns) => {
            let files = rule_files(patterns, folder)?;
            let files: Vec<(&str, &str)> = files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .collect();
            Rulebook::parse(&files, &taxonomy)?
        }
        None => Rulebook::parse(shipped::RULES, &taxonomy)?,
    };
    let model = match &tags.model {
        Some(path) => {
            let vectors = vectors.map(|vectors| vectors as Arc<dyn TextVectors>);
            Some(TagModel::load_with(folder.join(path), vectors)?)
        }
        None => None,
    };
    Ok(Tagger {
        taxonomy,
        rulebook,
        model,
        reads: tags.model_reads,
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn rule_files(patterns: &[String], folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for pattern in patterns {
        let full = folder.join(pattern);
        let entries =
            glob::glob(&full.to_string_lossy()).map_err(|e| anyhow!("`tags.rules` holds `{pattern}`: {e}"))?;
        let before = files.len();
        for path in entries.filter_map(Result::ok).filter(|p| p.is_file()) {
            let name = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            files.push((name, read(&path)?));
        }
        if files.len() == before {
            return Err(anyhow!(
                "no file matches `{pattern}` of `tags.rules`\nhint: `refrain init` writes a rulebook to start from"
            ));
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}
