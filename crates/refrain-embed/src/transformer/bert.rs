//! The forward pass of BERT over texts laid end to end, without padding.
//!
//! A row of a matrix product is summed in one order whatever the other rows are, and attention
//! stays within a text; so a text's vectors have the same bytes in any company.

use super::settings::{Activation, Sizes};
use crate::EmbedError;
use half::{bf16, f16};
use ndarray::{Array2, ArrayView2, Axis, concatenate, s};
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// Partial sums, so that a sum over a row runs in parallel within a core.
const LANES: usize = 8;

pub(super) struct Bert {
    words: Array2<f32>,
    positions: Array2<f32>,
    /// Vector of the only kind of token that single texts have.
    kind: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    heads: usize,
    activation: Activation,
}

struct Layer {
    /// Queries, keys and values side by side.
    attention: Linear,
    attention_out: Linear,
    attention_norm: Norm,
    inner: Linear,
    outer: Linear,
    outer_norm: Norm,
}

struct Linear {
    /// One row an output.
    weight: Array2<f32>,
    bias: Vec<f32>,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl Bert {
    /// Reads the safetensors bytes of `path`.
    pub(super) fn parse(path: &Path, bytes: &[u8], sizes: &Sizes) -> Result<Self, EmbedError> {
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|e| EmbedError::format(path, format!("no sound safetensors ({e})"), "a whole safetensors file"))?;
        let prefixed = tensors.tensor("bert.embeddings.word_embeddings.weight").is_ok();
        let weights = Weights {
            path,
            tensors,
            prefix: if prefixed { "bert." } else { "" },
        };
        let hidden = sizes.hidden;
        let table = |name: &str, rows| weights.matrix(&format!("embeddings.{name}_embeddings.weight"), rows, hidden);
        Ok(Self {
            words: table("word", sizes.vocabulary)?,
            positions: table("position", sizes.positions)?,
            kind: table("token_type", sizes.kinds)?.row(0).to_vec(),
            norm: weights.norm("embeddings.LayerNorm", sizes)?,
            layers: (0..sizes.layers)
                .map(|index| weights.layer(&format!("encoder.layer.{index}"), sizes))
                .collect::<Result<_, _>>()?,
            heads: sizes.heads,
            activation: sizes.activation,
        })
    }

    /// Whether each token of a text has a vector and a position.
    pub(super) fn fits(&self, ids: &[u32]) -> bool {
        ids.len() <= self.positions.nrows() && ids.iter().all(|&id| (id as usize) < self.words.nrows())
    }

    /// One row a token, texts end to end; each text `fits`.
    pub(super) fn forward(&self, texts: &[&[u32]]) -> Array2<f32> {
        let mut hidden = self.embeddings(texts);
        for layer in &self.layers {
            let mixed = layer.attention.apply(&hidden);
            let mut attended = Array2::zeros(hidden.raw_dim());
            let mut start = 0;
            for text in texts {
                let rows = start..start + text.len();
                attend(
                    mixed.slice(s![rows.clone(), ..]),
                    self.heads,
                    attended.slice_mut(s![rows.clone(), ..]),
                );
                start = rows.end;
            }
            hidden += &layer.attention_out.apply(&attended);
            layer.attention_norm.apply(&mut hidden);
            let mut inner = layer.inner.apply(&hidden);
            self.activation.apply(&mut inner);
            hidden += &layer.outer.apply(&inner);
            layer.outer_norm.apply(&mut hidden);
        }
        hidden
    }

    fn embeddings(&self, texts: &[&[u32]]) -> Array2<f32> {
        let tokens = texts.iter().flat_map(|text| text.iter().enumerate());
        let num_tokens = texts.iter().map(|text| text.len()).sum();
        let mut hidden = Array2::zeros((num_tokens, self.words.ncols()));
        for (mut row, (position, &id)) in hidden.outer_iter_mut().zip(tokens) {
            row += &self.words.row(id as usize);
            row += &self.positions.row(position);
            row.iter_mut().zip(&self.kind).for_each(|(v, kind)| *v += kind);
        }
        self.norm.apply(&mut hidden);
        hidden
    }
}

/// Attention within one text; `mixed` holds its queries, keys and values side by side.
fn attend(mixed: ArrayView2<'_, f32>, heads: usize, mut attended: ndarray::ArrayViewMut2<'_, f32>) {
    let hidden = attended.ncols();
    let size = hidden / heads;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let scale = 1.0 / (size as f32).sqrt();
    for head in 0..heads {
        let part = |from: usize| mixed.slice(s![.., from + head * size..from + (head + 1) * size]);
        let mut scores = part(0).dot(&part(hidden).t());
        for mut row in scores.outer_iter_mut() {
            row.mapv_inplace(|v| v * scale);
            if let Some(row) = row.as_slice_mut() {
                softmax(row);
            }
        }
        attended
            .slice_mut(s![.., head * size..(head + 1) * size])
            .assign(&scores.dot(&part(2 * hidden)));
    }
}

fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|v| *v = (*v - largest).exp());
    let total = sum(row, |v| v);
    row.iter_mut().for_each(|v| *v /= total);
}

/// Sum of a function over a row, in an order that depends on the length alone.
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for chunk in whole {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane += of(v);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|&v| of(v)).sum::<f32>()
}

impl Linear {
    fn apply(&self, input: &Array2<f32>) -> Array2<f32> {
        let mut output = input.dot(&self.weight.t());
        for mut row in output.outer_iter_mut() {
            row.iter_mut().zip(&self.bias).for_each(|(v, bias)| *v += bias);
        }
        output
    }
}

impl Norm {
    fn apply(&self, hidden: &mut Array2<f32>) {
        #[expect(clippy::cast_precision_loss, reason = "thousands at most")]
        let count = hidden.ncols() as f32;
        for mut row in hidden.outer_iter_mut() {
            let Some(row) = row.as_slice_mut() else { continue };
            let mean = sum(row, |v| v) / count;
            let variance = sum(row, |v| (v - mean) * (v - mean)) / count;
            let scale = 1.0 / (variance + self.eps).sqrt();
            for ((v, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *v = (*v - mean) * scale * weight + bias;
            }
        }
    }
}

impl Activation {
    fn apply(self, values: &mut Array2<f32>) {
        // One loop each, so that the compiler can take several numbers at a time.
        match self {
            Self::Gelu => values.mapv_inplace(|x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))),
            Self::GeluTanh => values.mapv_inplace(|x| {
                let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }),
            Self::Relu => values.mapv_inplace(|x| x.max(0.0)),
        }
    }
}

/// The error function within 5e-7, by the rational approximation that Eigen uses for 32 bits: the
/// exact one cost more than all matrix products of a small model.
fn erf(x: f32) -> f32 {
    const NUMERATOR: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    const DENOMINATOR: [f32; 5] = [
        -1.456_607_2e-5,
        -2.133_740_6e-4,
        -1.682_827e-3,
        -7.373_329_2e-3,
        -1.426_473_9e-2,
    ];
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let polynomial = |factors: &[f32]| factors.iter().fold(0.0_f32, |sum, factor| sum * square + factor);
    x * polynomial(&NUMERATOR) / polynomial(&DENOMINATOR)
}

/// Named tensors of a file.
struct Weights<'f> {
    path: &'f Path,
    tensors: SafeTensors<'f>,
    prefix: &'static str,
}

impl Weights<'_> {
    fn layer(&self, at: &str, sizes: &Sizes) -> Result<Layer, EmbedError> {
        let (hidden, inner) = (sizes.hidden, sizes.inner);
        let mut attention = Vec::new();
        for part in ["query", "key", "value"] {
            attention.push(self.linear(&format!("{at}.attention.self.{part}"), hidden, hidden)?);
        }
        let weights: Vec<ArrayView2<'_, f32>> = attention.iter().map(|part| part.weight.view()).collect();
        let weight = concatenate(Axis(0), &weights)
            .map_err(|e| EmbedError::format(self.path, e.to_string(), "parts of attention of one size"))?;
        let bias = attention.iter().flat_map(|part| part.bias.iter().copied()).collect();
        Ok(Layer {
            attention: Linear { weight, bias },
            attention_out: self.linear(&format!("{at}.attention.output.dense"), hidden, hidden)?,
            attention_norm: self.norm(&format!("{at}.attention.output.LayerNorm"), sizes)?,
            inner: self.linear(&format!("{at}.intermediate.dense"), hidden, inner)?,
            outer: self.linear(&format!("{at}.output.dense"), inner, hidden)?,
            outer_norm: self.norm(&format!("{at}.output.LayerNorm"), sizes)?,
        })
    }

    fn linear(&self, name: &str, from: usize, to: usize) -> Result<Linear, EmbedError> {
        Ok(Linear {
            weight: self.matrix(&format!("{name}.weight"), to, from)?,
            bias: self.numbers(&format!("{name}.bias"), &[to])?,
        })
    }

    fn norm(&self, name: &str, sizes: &Sizes) -> Result<Norm, EmbedError> {
        Ok(Norm {
            weight: self.numbers(&format!("{name}.weight"), &[sizes.hidden])?,
            bias: self.numbers(&format!("{name}.bias"), &[sizes.hidden])?,
            eps: sizes.eps,
        })
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Array2<f32>, EmbedError> {
        let numbers = self.numbers(name, &[rows, columns])?;
        Array2::from_shape_vec((rows, columns), numbers)
            .map_err(|e| EmbedError::format(self.path, format!("`{name}`: {e}"), "a matrix"))
    }

    /// Numbers of a tensor that must have the shape.
    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbedError> {
        let wrong = |found: String| {
            EmbedError::format(
                self.path,
                found,
                format!("`{name}` of shape {shape:?}, by the sizes in `config.json`"),
            )
        };
        let tensor = self
            .tensors
            .tensor(&format!("{}{name}", self.prefix))
            .map_err(|_| wrong("no such tensor".to_owned()))?;
        if tensor.shape() != shape {
            return Err(wrong(format!("shape {:?}", tensor.shape())));
        }
        let bytes = tensor.data();
        Ok(match tensor.dtype() {
            Dtype::F32 => decoded(bytes, f32::from_le_bytes),
            Dtype::F16 => decoded(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Dtype::BF16 => decoded(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            other => return Err(wrong(format!("numbers of type {other:?}"))),
        })
    }
}

fn decoded<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|&number| decode(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_is_close_to_its_series() {
        for step in -60..=60_i8 {
            let x = f64::from(step) / 10.0;
            #[expect(clippy::cast_possible_truncation, reason = "a test")]
            let found = f64::from(erf(x as f32));
            let exact = super::super::tests::erf(x);
            assert!((found - exact).abs() < 5e-7, "erf({x}) = {found}, not {exact}");
        }
    }

    #[test]
    fn a_row_of_a_product_does_not_depend_on_the_others() {
        // Wider and longer than the blocks in which the product is computed.
        let (from, to, rows) = (1100, 70, 300);
        let matrix = |seed, shape: (usize, usize)| {
            Array2::from_shape_vec(shape, crate::fixture::noise(seed, shape.0 * shape.1)).unwrap()
        };
        let linear = Linear {
            weight: matrix(1, (to, from)),
            bias: crate::fixture::noise(2, to),
        };
        let input = matrix(3, (rows, from));
        let all = linear.apply(&input);
        for size in [1, 2, 3, 7, 8, 9, 64] {
            for start in (0..rows - size).step_by(29) {
                let part = s![start..start + size, ..];
                assert_eq!(
                    linear.apply(&input.slice(part).to_owned()),
                    all.slice(part),
                    "{size} {start}"
                );
            }
        }
    }

    #[test]
    fn sums_take_every_number() {
        let row: Vec<f32> = (1..=21_u8).map(f32::from).collect();
        for length in 0..=row.len() {
            assert_eq!(sum(&row[..length], |v| v) as usize, length * (length + 1) / 2);
        }
    }
}
