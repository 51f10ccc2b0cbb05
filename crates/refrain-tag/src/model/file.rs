//! The model file: eight bytes that say what it is, a version, a checksum, then the model: the length of the head,
//! the head, the weights, and those of a student where there is one.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use refrain_record::TagPath;
use refrain_text::features::Vectorizer;
use serde::{Deserialize, Serialize};

use super::ModelError;
use super::config::ModelKind;
use super::dense::{Attached, DenseBlock, TextVectors};
use super::predict::{Link, TagModel};
use super::weights::Weights;

const MAGIC: [u8; 8] = *b"REFRAIN\x1a";
const VERSION: u16 = 4;
/// Magic, version, checksum.
const HEAD_BYTES: usize = 8 + 2 + 32;
const DIGEST_CHARS: usize = 16;

/// Everything but the weights, which follow as plain bytes.
#[derive(Serialize, Deserialize)]
struct Head {
    kind: ModelKind,
    labels: Vec<String>,
    vectorizer: Vectorizer,
    dense: Option<DenseBlock>,
    /// Scales of the student's weights by dimension.
    student: Option<Vec<f32>>,
    link: Link,
    thresholds: Vec<f32>,
    min_gap: f32,
    is_multi_label: bool,
    scales: Vec<f32>,
    bias: Vec<f32>,
    rule_trust: BTreeMap<String, f32>,
}

/// The model as bytes, without what only guards them: the head's length, the head, the weights.
pub(super) fn encode_payload(model: &TagModel) -> Result<Vec<u8>, ModelError> {
    let head = Head {
        kind: model.kind,
        labels: model.labels.iter().map(|label| label.as_str().to_owned()).collect(),
        vectorizer: model.vectorizer.clone(),
        dense: model.dense.clone(),
        student: model.student.as_ref().map(|student| student.scales().to_vec()),
        link: model.link.clone(),
        thresholds: model.thresholds.clone(),
        min_gap: model.min_gap,
        is_multi_label: model.is_multi_label,
        scales: model.weights.scales().to_vec(),
        bias: model.weights.bias().to_vec(),
        rule_trust: model.rule_trust.clone(),
    };
    let head = postcard::to_stdvec(&head).map_err(|error| ModelError::Fit {
        kind: model.kind.as_str(),
        reason: format!("the model cannot be written: {error}"),
    })?;
    let mut payload = (head.len() as u64).to_le_bytes().to_vec();
    payload.extend_from_slice(&head);
    payload.extend_from_slice(&model.weights.bytes());
    if let Some(student) = &model.student {
        payload.extend_from_slice(&student.bytes());
    }
    Ok(payload)
}

/// The digest that names a model.
pub(super) fn short_digest(payload: &[u8]) -> String {
    blake3::hash(payload).to_hex().as_str()[..DIGEST_CHARS].to_owned()
}

impl TagModel {
    /// The bytes of the model file.
    ///
    /// # Errors
    /// Only when the model cannot be serialised, which is a fault of refrain.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let payload = encode_payload(self)?;
        let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(blake3::hash(&payload).as_bytes());
        bytes.extend_from_slice(&payload);
        Ok(bytes)
    }

    /// The model of [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`ModelError::Format`] when the bytes are no model, damaged, or of another version; [`ModelError::Vectors`]
    /// when the model reads vectors.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        open(bytes, Path::new("<bytes>"), None)
    }

    /// As [`Self::from_bytes`], for a model that reads the vectors of `embedder`; without one it may read none.
    ///
    /// # Errors
    /// As [`Self::from_bytes`]; [`ModelError::Vectors`] when the model was fitted beside another embedder, or beside
    /// none.
    pub fn from_bytes_with(bytes: &[u8], embedder: Option<Arc<dyn TextVectors>>) -> Result<Self, ModelError> {
        open(bytes, Path::new("<bytes>"), embedder)
    }

    /// Writes the model file: to a name of its own beside it first, then renamed.
    ///
    /// # Errors
    /// [`ModelError::File`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        let path = path.as_ref();
        let bytes = self.to_bytes()?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        write_synced(&temporary, &bytes)
            .and_then(|()| fs::rename(&temporary, path))
            .map_err(|source| {
                // The first error tells more than a failed clean-up would.
                let _ = fs::remove_file(&temporary);
                ModelError::File {
                    action: "write",
                    path: path.to_owned(),
                    source,
                }
            })
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`ModelError::File`] when it cannot be read, [`ModelError::Format`] when it is no model,
    /// damaged, or of another version, [`ModelError::Vectors`] when it reads vectors.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        Self::load_with(path, None)
    }

    /// As [`Self::load`], for a model that reads the vectors of `embedder`; without one it may read none.
    ///
    /// # Errors
    /// As [`Self::load`]; [`ModelError::Vectors`] when the model was fitted beside another embedder, or beside none.
    pub fn load_with(path: impl AsRef<Path>, embedder: Option<Arc<dyn TextVectors>>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| ModelError::File {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        open(&bytes, path, embedder)
    }
}

/// Decodes a model and gives it its embedder; `path` is for messages.
fn open(bytes: &[u8], path: &Path, embedder: Option<Arc<dyn TextVectors>>) -> Result<TagModel, ModelError> {
    let model = decode(bytes).map_err(|(found, hint)| ModelError::Format {
        path: path.to_owned(),
        found,
        hint,
    })?;
    let refusal = |found: String, hint| ModelError::Vectors {
        found: format!("cannot use model `{}`: {found}", path.display()),
        hint,
    };
    match (model.embedder(), &embedder) {
        (None, None) => Ok(model),
        (Some(needed), Some(given)) if needed == given.id() => Ok(TagModel {
            embedder: embedder.map(Attached),
            ..model
        }),
        (Some(needed), None) => Err(refusal(
            format!("it reads vectors of `{needed}`, and no embedder is named"),
            "name the folder it was trained with: `--static-model` or `--transformer-model`, for nights `tags.embedder` and `tags.embedder_model`",
        )),
        (Some(needed), Some(given)) => Err(refusal(
            format!("it reads vectors of `{needed}`, the embedder is `{}`", given.id()),
            "name the folder it was trained with, or train anew with this one",
        )),
        (None, Some(given)) => Err(refusal(
            format!("it reads no vectors, and `{}` is named", given.id()),
            "leave the embedder out, or train with it",
        )),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What was found and what to do.
type Refusal = (String, &'static str);

fn decode(bytes: &[u8]) -> Result<TagModel, Refusal> {
    const RETRAIN: &str = "copy the file again, or train anew with `refrain train`";
    let Some(rest) = bytes.strip_prefix(&MAGIC) else {
        return Err((
            "not a refrain tag model".into(),
            "`model` must name a file that `refrain train --model` wrote",
        ));
    };
    let Some((version, rest)) = rest.split_first_chunk::<2>() else {
        return Err(("it ends too early".into(), RETRAIN));
    };
    let version = u16::from_le_bytes(*version);
    if version > VERSION {
        return Err((
            format!("format version {version}, expected at most {VERSION}"),
            "a newer refrain wrote it: upgrade refrain, or train anew with this one",
        ));
    }
    if version != VERSION {
        return Err((
            format!("format version {version}, expected {VERSION}"),
            "an older refrain wrote it: train anew with `refrain train`",
        ));
    }
    let Some((checksum, payload)) = rest.split_first_chunk::<32>() else {
        return Err(("it ends too early".into(), RETRAIN));
    };
    if blake3::hash(payload) != *checksum {
        return Err((
            "the checksum does not match: the file is damaged or cut off".into(),
            RETRAIN,
        ));
    }
    decode_payload(payload).ok_or_else(|| {
        (
            "its parts do not fit together".into(),
            "train anew with `refrain train`",
        )
    })
}

fn decode_payload(payload: &[u8]) -> Option<TagModel> {
    let (head_len, rest) = payload.split_first_chunk::<8>()?;
    let head_len = usize::try_from(u64::from_le_bytes(*head_len)).ok()?;
    let (head, cells) = rest.split_at_checked(head_len)?;
    let head: Head = postcard::from_bytes(head).ok()?;
    let num_features = head.vectorizer.num_features();
    let num_guessed = head.student.as_ref().map_or(0, Vec::len);
    let (cells, taught) = cells.split_at_checked(cells.len().checked_sub(num_features.checked_mul(num_guessed)?)?)?;
    let student = match head.student {
        Some(scales) => Some(Weights::from_parts(scales, vec![0.0; num_guessed], taught)?),
        None => None,
    };
    let weights = Weights::from_parts(head.scales, head.bias, cells)?;
    let labels: Vec<TagPath> = head.labels.into_iter().map(TagPath::from).collect();
    let num_labels = labels.len();
    let num_filled = head.dense.as_ref().map_or(0, DenseBlock::num_columns);
    let link_fits = match &head.link {
        Link::Sigmoids(curves) => curves.len() == num_labels && weights.num_classes() == num_labels,
        Link::Softmax(_) => (num_labels..=num_labels + 1).contains(&weights.num_classes()),
    };
    let fits = num_labels > 0
        && link_fits
        && head.thresholds.len() == num_labels
        && labels.is_sorted_by(|a, b| a < b)
        && head.rule_trust.values().all(|trust| (0.0..=1.0).contains(trust))
        && head.dense.as_ref().is_none_or(DenseBlock::is_sound)
        && (student.is_none() || head.dense.is_some())
        && weights.num_columns() == num_features + num_filled;
    fits.then(|| TagModel {
        id: short_digest(payload),
        kind: head.kind,
        labels,
        vectorizer: head.vectorizer,
        dense: head.dense,
        student,
        embedder: None,
        weights,
        rule_trust: head.rule_trust,
        link: head.link,
        thresholds: head.thresholds,
        min_gap: head.min_gap,
        is_multi_label: head.is_multi_label,
    })
}
