//! Vectors of requests from the embedder that the config names, each text embedded once: they are kept in the lake.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use refrain_issues::{Embedder, IssuesConfig};

use crate::failure::{ExitCode, Failure, Outcome};
#[cfg(feature = "embed")]
use crate::output::{cpu_seconds, print};

const MAGIC: [u8; 8] = *b"REFRVEC\x1a";

/// Keyed hash of a text.
type TextHash = [u8; 16];

/// An opened model.
enum Model {
    #[cfg(feature = "embed")]
    Static(refrain_embed::StaticModel),
    #[cfg(feature = "embed")]
    Transformer(refrain_embed::TransformerModel),
}

/// The embedder outside that a config names.
pub(crate) struct Vectors {
    model: Model,
    id: String,
}

impl Vectors {
    /// Opens the model of `cfg`, taken from `folder` on; `None` for `lsa`, which needs none.
    ///
    /// # Errors
    /// When it is missing or damaged, and when this binary was built without embedders.
    pub(crate) fn open(cfg: &IssuesConfig, folder: &Path) -> anyhow::Result<Option<Self>> {
        if cfg.embedder == Embedder::Lsa {
            return Ok(None);
        }
        let Some(model) = &cfg.embedder_model else {
            bail!("`issues.embedder` needs a model\nhint: name its folder in `issues.embedder_model`");
        };
        Self::open_folder(cfg.embedder, &folder.join(model)).map(Some)
    }

    /// Opens the model in a folder, which must be of the given kind.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn open_folder(embedder: Embedder, folder: &Path) -> anyhow::Result<Self> {
        open_model(embedder, folder)
    }

    /// Names the model and what decides on its vectors.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Vectors of texts, in their order.
    pub(crate) fn embed(&self, texts: &[&str]) -> Outcome<Vec<Vec<f32>>> {
        match &self.model {
            #[cfg(feature = "embed")]
            Model::Static(model) => Ok(rows(&model.embed(texts).map_err(Failure::usage)?)),
            #[cfg(feature = "embed")]
            Model::Transformer(model) => Ok(rows(&model.embed(texts).map_err(Failure::usage)?)),
            #[cfg(not(feature = "embed"))]
            _ => Ok(vec![Vec::new(); texts.len()]),
        }
    }

    /// As [`Self::embed`], but only texts that `cache` does not hold are embedded; it then holds these texts and no
    /// others, so that what is forgotten in the lake is forgotten here.
    pub(crate) fn embed_cached(&self, texts: &[&str], cache: &Path, key: &[u8; 32]) -> Outcome<Vec<Vec<f32>>> {
        let hashes: Vec<TextHash> = texts.iter().map(|text| hash(text, key)).collect();
        let mut known = read(cache, &self.id);
        let mut missing: BTreeMap<TextHash, &str> = BTreeMap::new();
        for (hash, text) in hashes.iter().zip(texts) {
            if !known.contains_key(hash) {
                missing.insert(*hash, text);
            }
        }
        let wanted: Vec<&str> = missing.values().copied().collect();
        let fresh = self.embed(&wanted)?;
        known.extend(missing.keys().copied().zip(fresh));
        let used: BTreeMap<&TextHash, &Vec<f32>> = hashes.iter().filter_map(|hash| known.get_key_value(hash)).collect();
        if !missing.is_empty() || used.len() < known.len() {
            write(cache, &self.id, &used)?;
        }
        Ok(hashes
            .iter()
            .map(|hash| known.get(hash).cloned().unwrap_or_default())
            .collect())
    }
}

#[cfg(feature = "embed")]
fn open_model(embedder: Embedder, folder: &Path) -> anyhow::Result<Vectors> {
    Ok(match embedder {
        Embedder::Transformer => {
            let model = refrain_embed::TransformerModel::open(folder)?;
            let id = format!("transformer-{}", model.id());
            Vectors {
                model: Model::Transformer(model),
                id,
            }
        }
        Embedder::Static | Embedder::Lsa => {
            let model = refrain_embed::StaticModel::open(folder)?;
            let id = format!("static-{}", model.id());
            Vectors {
                model: Model::Static(model),
                id,
            }
        }
    })
}

#[cfg(not(feature = "embed"))]
fn open_model(_: Embedder, folder: &Path) -> anyhow::Result<Vectors> {
    bail!(
        "`{}` cannot be used: this refrain was built without embedders\nhint: build it with `cargo build --release --features embed`, or name no embedder (for issues `issues.embedder = \"lsa\"`)",
        folder.display()
    )
}

#[cfg(feature = "embed")]
fn rows(matrix: &ndarray::Array2<f32>) -> Vec<Vec<f32>> {
    matrix.rows().into_iter().map(|row| row.to_vec()).collect()
}

/// Makes token vectors of a sentence-transformers folder.
#[cfg(feature = "embed")]
pub(crate) fn distill(model: &Path, out: &Path, dims: usize) -> Outcome<ExitCode> {
    let before = cpu_seconds();
    let model = refrain_embed::TransformerModel::open(model).map_err(Failure::usage)?;
    let options = refrain_embed::DistillOptions {
        dim: dims,
        ..refrain_embed::DistillOptions::default()
    };
    let made = refrain_embed::distill(&model, &options).map_err(Failure::usage)?;
    made.save(out)?;
    let spent = cpu_seconds() - before;
    print(&format!(
        "wrote token vectors of {} dimensions to {} in {spent:.1} CPU-s\nnext: in refrain.toml, `[issues]`, embedder = \"static\", embedder_model = \"{}\"\n",
        made.dim(),
        out.display(),
        out.display()
    ));
    Ok(ExitCode::Done)
}

#[cfg(not(feature = "embed"))]
pub(crate) fn distill(model: &Path, _: &Path, _: usize) -> Outcome<ExitCode> {
    open_model(Embedder::Static, model).map_err(Failure::usage)?;
    Ok(ExitCode::Failed)
}

/// Where a lake keeps the vectors of an embedder for issues.
pub(crate) fn cache_file(lake: &refrain_lake::LakeDir) -> PathBuf {
    lake.internal().join("cache").join("vectors.bin")
}

/// The same for tags, which read other texts and may have another embedder.
pub(crate) fn tag_cache_file(lake: &refrain_lake::LakeDir) -> PathBuf {
    lake.internal().join("cache").join("tag-vectors.bin")
}

fn hash(text: &str, key: &[u8; 32]) -> TextHash {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::keyed_hash(key, text.as_bytes()).as_bytes()[..16]);
    hash
}

/// What the cache holds of an embedder; nothing when it is missing, damaged or of another one, since it can always be
/// made anew.
fn read(path: &Path, id: &str) -> BTreeMap<TextHash, Vec<f32>> {
    fs::read(path)
        .ok()
        .and_then(|bytes| decode(&bytes, id))
        .unwrap_or_default()
}

fn decode(bytes: &[u8], id: &str) -> Option<BTreeMap<TextHash, Vec<f32>>> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (checksum, rest) = rest.split_first_chunk::<32>()?;
    if blake3::hash(rest) != *checksum {
        return None;
    }
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let (name, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    let (dims, rest) = rest.split_first_chunk::<8>()?;
    let dims = usize::try_from(u64::from_le_bytes(*dims)).ok()?;
    let entry = 16 + dims.checked_mul(4)?;
    if name != id.as_bytes() || rest.len() % entry != 0 {
        return None;
    }
    let vector = |bytes: &[u8]| {
        bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect()
    };
    let entries = rest.chunks_exact(entry).filter_map(|entry| {
        let (hash, bytes) = entry.split_first_chunk::<16>()?;
        Some((*hash, vector(bytes)))
    });
    Some(entries.collect())
}

fn write(path: &Path, id: &str, vectors: &BTreeMap<&TextHash, &Vec<f32>>) -> Outcome<()> {
    let dims = vectors.values().next().map_or(0, |vector| vector.len());
    let mut body = (id.len() as u64).to_le_bytes().to_vec();
    body.extend_from_slice(id.as_bytes());
    body.extend_from_slice(&(dims as u64).to_le_bytes());
    for (hash, vector) in vectors {
        if vector.len() != dims {
            return Err(anyhow!("an embedder gave vectors of {} and {dims} dimensions", vector.len()).into());
        }
        body.extend_from_slice(*hash);
        vector.iter().for_each(|v| body.extend_from_slice(&v.to_le_bytes()));
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(blake3::hash(&body).as_bytes());
    bytes.extend_from_slice(&body);
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = path.with_extension("new");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&beside, bytes))
        .and_then(|()| fs::rename(&beside, path))
        .with_context(|| format!("cannot write the cache `{}`", path.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_comes_back_and_damage_or_another_model_empties_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/vectors.bin");
        let (one, two) = ([1; 16], [2; 16]);
        let (v, w) = (vec![1.0, -2.5], vec![0.0, 3.0]);
        write(&path, "m", &BTreeMap::from([(&one, &v), (&two, &w)])).unwrap();
        assert_eq!(read(&path, "m"), BTreeMap::from([(one, v), (two, w)]));
        assert!(read(&path, "n").is_empty());
        let mut bytes = fs::read(&path).unwrap();
        for at in (0..bytes.len()).step_by(3) {
            bytes[at] ^= 1;
            assert!(decode(&bytes, "m").is_none());
            bytes[at] ^= 1;
        }
        for len in 0..bytes.len() {
            assert!(decode(&bytes[..len], "m").is_none());
        }
    }

    #[test]
    fn a_model_needs_a_folder_and_a_binary_that_can_read_it() {
        let mut cfg = IssuesConfig {
            embedder: Embedder::Static,
            ..IssuesConfig::default()
        };
        let refusal = |cfg: &IssuesConfig| Vectors::open(cfg, Path::new(".")).err().unwrap().to_string();
        assert!(refusal(&cfg).contains("issues.embedder_model"));
        cfg.embedder_model = Some("no/such/folder".into());
        assert!(refusal(&cfg).contains("hint: "));
        assert!(
            Vectors::open(&IssuesConfig::default(), Path::new("."))
                .unwrap()
                .is_none()
        );
    }
}
