//! What the small files of a sentence-transformers folder say, checked before any weight is read.

use crate::EmbedError;
use crate::folder::Folder;
use serde::Deserialize;
use serde_json::Value;

pub(super) const CONFIG_FILE: &str = "config.json";
const MODULES_FILE: &str = "modules.json";
const SEQUENCE_FILE: &str = "sentence_bert_config.json";
const CHOOSE_BERT: &str = "choose a BERT model with mean or cls pooling, such as `all-MiniLM-L6-v2` \
    or `paraphrase-multilingual-MiniLM-L12-v2`";

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    Mean,
    /// The vector of the first token.
    First,
}

/// What is applied between the two halves of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    Gelu,
    /// The approximation by a hyperbolic tangent.
    GeluTanh,
    Relu,
}

/// Sizes of a BERT model, none of them 0.
pub(super) struct Sizes {
    pub(super) vocabulary: usize,
    pub(super) hidden: usize,
    pub(super) layers: usize,
    /// Divides `hidden`.
    pub(super) heads: usize,
    pub(super) inner: usize,
    pub(super) positions: usize,
    pub(super) kinds: usize,
    pub(super) eps: f32,
    pub(super) activation: Activation,
}

pub(super) struct Settings {
    pub(super) sizes: Sizes,
    pub(super) pooling: Pooling,
    pub(super) normalize: bool,
    /// Tokens of a text, special ones included; later ones are cut.
    pub(super) max_tokens: usize,
    pub(super) lower_case: bool,
    /// The files read, for the digest.
    pub(super) files: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
struct Bert {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    #[serde(default = "default_eps")]
    layer_norm_eps: f32,
    position_embedding_type: Option<String>,
}

fn default_eps() -> f32 {
    1e-12
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    path: String,
}

#[derive(Deserialize, Default)]
struct Sequence {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

impl Settings {
    pub(super) fn read(folder: &Folder) -> Result<Self, EmbedError> {
        let config = folder.read(CONFIG_FILE, "the config of a BERT model")?;
        let modules = folder.read(MODULES_FILE, "the list of modules of a sentence-transformers model")?;
        let sequence = folder.read_optional(SEQUENCE_FILE)?;

        let sizes = sizes(folder, &config)?;
        let listed: Vec<Module> = folder.json(MODULES_FILE, &modules, "a list of modules, each with type and path")?;
        let (pooling_dir, normalize) = order(folder, &listed)?;
        let pooling_file = format!("{pooling_dir}/config.json");
        let pooling_bytes = folder.read(&pooling_file, "the config of the pooling module")?;
        let pooling = pooling(folder, &pooling_file, &pooling_bytes)?;
        let lengths: Sequence = match &sequence {
            Some(bytes) => folder.json(SEQUENCE_FILE, bytes, "a JSON object")?,
            None => Sequence::default(),
        };
        let max_tokens = lengths
            .max_seq_length
            .map_or(sizes.positions, |n| n.min(sizes.positions));
        Ok(Self {
            sizes,
            pooling,
            normalize,
            max_tokens,
            lower_case: lengths.do_lower_case,
            files: vec![config, modules, pooling_bytes, sequence.unwrap_or_default()],
        })
    }
}

fn sizes(folder: &Folder, bytes: &[u8]) -> Result<Sizes, EmbedError> {
    let path = folder.file(CONFIG_FILE);
    let unsupported = |found: String, expected: &str| EmbedError::unsupported(&path, found, expected, CHOOSE_BERT);
    let value: Value = folder.json(CONFIG_FILE, bytes, "a JSON object")?;
    match value["model_type"].as_str() {
        Some("bert") => {}
        Some("model2vec") => {
            return Err(EmbedError::unsupported(
                &path,
                "model type `model2vec`",
                "`bert`",
                "these are token vectors already: open the folder as a static model",
            ));
        }
        _ => return Err(unsupported(format!("model type `{}`", value["model_type"]), "`bert`")),
    }
    let found: Bert = folder.json(CONFIG_FILE, bytes, "the sizes of a BERT model")?;
    let positions = found.position_embedding_type.as_deref().unwrap_or("absolute");
    if positions != "absolute" {
        return Err(unsupported(format!("`{positions}` positions"), "`absolute`"));
    }
    let activation = match found.hidden_act.as_str() {
        "gelu" => Activation::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
        "relu" => Activation::Relu,
        other => {
            return Err(unsupported(
                format!("activation `{other}`"),
                "`gelu`, `gelu_new` or `relu`",
            ));
        }
    };
    let (hidden, heads) = (found.hidden_size, found.num_attention_heads);
    let sizes = [
        found.vocab_size,
        hidden,
        found.num_hidden_layers,
        heads,
        found.intermediate_size,
        found.max_position_embeddings,
        found.type_vocab_size,
    ];
    if sizes.contains(&0) || hidden % heads != 0 {
        return Err(EmbedError::format(
            &path,
            format!("sizes {sizes:?}"),
            "none of them 0, and a hidden size that the number of heads divides",
        ));
    }
    Ok(Sizes {
        vocabulary: found.vocab_size,
        hidden,
        layers: found.num_hidden_layers,
        heads,
        inner: found.intermediate_size,
        positions: found.max_position_embeddings,
        kinds: found.type_vocab_size,
        eps: found.layer_norm_eps,
        activation,
    })
}

/// The folder of the pooling module, and whether vectors are scaled to unit length.
fn order(folder: &Folder, modules: &[Module]) -> Result<(String, bool), EmbedError> {
    // The part before the last dot moved between versions of sentence-transformers.
    let kinds: Vec<&str> = modules
        .iter()
        .map(|m| m.kind.rsplit('.').next().unwrap_or_default())
        .collect();
    let normalize = match kinds.as_slice() {
        ["Transformer", "Pooling"] => false,
        ["Transformer", "Pooling", "Normalize"] => true,
        _ => {
            return Err(EmbedError::unsupported(
                &folder.file(MODULES_FILE),
                format!("modules {kinds:?}"),
                "Transformer, Pooling and at most Normalize",
                CHOOSE_BERT,
            ));
        }
    };
    let inside = |path: &str| path.is_empty() || path == ".";
    if !inside(&modules[0].path) {
        return Err(EmbedError::unsupported(
            &folder.file(MODULES_FILE),
            format!("the transformer under `{}`", modules[0].path),
            "the transformer in the folder itself",
            "move the files of that folder up, and set its `path` to an empty text",
        ));
    }
    Ok((modules[1].path.clone(), normalize))
}

/// Both forms: one key with a name, and the older flag for each mode.
fn pooling(folder: &Folder, name: &str, bytes: &[u8]) -> Result<Pooling, EmbedError> {
    let config: Value = folder.json(name, bytes, "a JSON object")?;
    let modes: Vec<&str> = match &config["pooling_mode"] {
        Value::String(mode) => vec![mode],
        Value::Array(modes) => modes.iter().filter_map(Value::as_str).collect(),
        _ => config
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, on)| on.as_bool() == Some(true))
            .filter_map(|(key, _)| key.strip_prefix("pooling_mode_"))
            .collect(),
    };
    match modes.as_slice() {
        ["mean" | "mean_tokens"] => Ok(Pooling::Mean),
        ["cls" | "cls_token"] => Ok(Pooling::First),
        _ => Err(EmbedError::unsupported(
            &folder.file(name),
            format!("pooling modes {modes:?}"),
            "one of `mean` and `cls`",
            CHOOSE_BERT,
        )),
    }
}
