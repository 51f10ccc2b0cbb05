//! The vector of each token, kept in the precision of its file.

use crate::EmbedError;
use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

const LAYOUT: &str = "a tensor `embeddings` with one row a token, as Model2Vec writes it";

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precision {
    /// 64-bit floats; read only.
    F64,
    /// 32-bit floats.
    F32,
    /// 16-bit floats, as Model2Vec distils by default.
    F16,
    /// Whole numbers; one scale for all, which unit length removes.
    I8,
}

impl Precision {
    fn of(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::F64 => Some(Self::F64),
            Dtype::F32 => Some(Self::F32),
            Dtype::F16 => Some(Self::F16),
            Dtype::I8 => Some(Self::I8),
            _ => None,
        }
    }

    fn dtype(self) -> Dtype {
        match self {
            Self::F64 => Dtype::F64,
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::I8 => Dtype::I8,
        }
    }

    /// Bytes of one number.
    fn width(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 => 2,
            Self::I8 => 1,
        }
    }

    /// Name in numpy, which Model2Vec notes in its config.
    pub(crate) fn numpy_name(self) -> &'static str {
        match self {
            Self::F64 => "float64",
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::I8 => "int8",
        }
    }
}

/// One row a token, or with a mapping one row a group of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vectors {
    precision: Precision,
    /// Rows end to end, little-endian.
    bytes: Vec<u8>,
    rows: usize,
    dim: usize,
    /// Row of each token; without it a token's id is its row.
    mapping: Option<Vec<u32>>,
    /// Weight of each token.
    weights: Option<Vec<f64>>,
}

impl Vectors {
    /// Reads the safetensors bytes of `path`.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, EmbedError> {
        let wrong = |found: String, expected: &str| EmbedError::format(path, found, expected);
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|e| wrong(format!("no sound safetensors ({e})"), "a whole safetensors file"))?;
        let embeddings = tensors.tensor("embeddings").map_err(|_| EmbedError::Format {
            path: path.to_owned(),
            found: tensor_names(&tensors),
            expected: LAYOUT.to_owned(),
            hint: "the folder of a transformer is no static model: distil it, or run it as a transformer",
        })?;
        let &[rows, dim] = embeddings.shape() else {
            return Err(wrong(
                format!("`embeddings` of shape {:?}", embeddings.shape()),
                "two axes",
            ));
        };
        let precision = Precision::of(embeddings.dtype()).ok_or_else(|| {
            wrong(
                format!("`embeddings` of type {:?}", embeddings.dtype()),
                "F64, F32, F16 or I8",
            )
        })?;
        if rows == 0 || dim == 0 {
            return Err(wrong(
                format!("{rows} vectors of {dim} numbers"),
                "at least one of each",
            ));
        }
        let vectors = Self {
            precision,
            bytes: embeddings.data().to_vec(),
            rows,
            dim,
            mapping: optional(&tensors, "mapping", row_numbers).map_err(|found| wrong(found, LAYOUT))?,
            weights: optional(&tensors, "weights", numbers).map_err(|found| wrong(found, LAYOUT))?,
        };
        vectors.check().map_err(|(found, expected)| wrong(found, &expected))?;
        Ok(vectors)
    }

    /// Stores `values`, rows end to end; numbers too large for 16 bits become the largest.
    #[cfg(any(test, feature = "transformer"))]
    pub(crate) fn from_f32(values: &[f32], dim: usize, precision: Precision) -> Self {
        let largest = values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let scale = if largest > 0.0 { 127.0 / largest } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, reason = "within 127 steps by the scale")]
        let bytes = match precision {
            Precision::F64 => values.iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect(),
            Precision::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Precision::F16 => values
                .iter()
                .flat_map(|&v| f16::from_f32(v.clamp(-65504.0, 65504.0)).to_le_bytes())
                .collect(),
            Precision::I8 => values
                .iter()
                .flat_map(|v| ((v * scale).round_ties_even() as i8).to_le_bytes())
                .collect(),
        };
        Self {
            precision,
            bytes,
            rows: values.len() / dim,
            dim,
            mapping: None,
            weights: None,
        }
    }

    /// What is wrong, and what was expected.
    fn check(&self) -> Result<(), (String, String)> {
        if let Some(token) = self.mapping.iter().flatten().position(|&row| row as usize >= self.rows) {
            let found = format!("token {token} mapped past the last vector");
            return Err((found, format!("rows below {}", self.rows)));
        }
        if let Some(token) = self.weights.iter().flatten().position(|w| !w.is_finite()) {
            return Err((
                format!("no finite weight for token {token}"),
                "finite numbers".to_owned(),
            ));
        }
        let mut row = vec![0.0; self.dim];
        for index in 0..self.rows {
            row.fill(0.0);
            self.add_row(index, 1.0, &mut row);
            if row.iter().any(|v| !v.is_finite()) {
                return Err((
                    format!("no finite numbers in vector {index}"),
                    "finite numbers".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Number of token ids that have a vector and, where there are weights, a weight.
    pub(crate) fn num_ids(&self) -> usize {
        let mapped = self.mapping.as_ref().map_or(self.rows, Vec::len);
        self.weights
            .as_ref()
            .map_or(mapped, |weights| weights.len().min(mapped))
    }

    pub(crate) fn is_mapped(&self) -> bool {
        self.mapping.is_some()
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// Adds the weighted vector of a token, whose id is below `num_ids`.
    pub(crate) fn add(&self, id: u32, sum: &mut [f32]) {
        let id = id as usize;
        let row = self.mapping.as_ref().map_or(id, |rows| rows[id] as usize);
        #[expect(clippy::cast_possible_truncation, reason = "sums are f32")]
        let weight = self.weights.as_ref().map_or(1.0, |weights| weights[id] as f32);
        self.add_row(row, weight, sum);
    }

    fn add_row(&self, row: usize, weight: f32, sum: &mut [f32]) {
        let width = self.precision.width();
        let bytes = &self.bytes[row * self.dim * width..(row + 1) * self.dim * width];
        match self.precision {
            #[expect(clippy::cast_possible_truncation, reason = "sums are f32")]
            Precision::F64 => add(bytes, weight, sum, |b| f64::from_le_bytes(b) as f32),
            Precision::F32 => add(bytes, weight, sum, f32::from_le_bytes),
            Precision::F16 => add(bytes, weight, sum, |b| f16::from_le_bytes(b).to_f32()),
            Precision::I8 => add(bytes, weight, sum, |b| f32::from(i8::from_le_bytes(b))),
        }
    }

    /// Feeds all that decides a sum of vectors.
    pub(crate) fn feed(&self, hasher: &mut blake3::Hasher) {
        hasher.update(format!("{} {} {} ", self.precision.numpy_name(), self.rows, self.dim).as_bytes());
        hasher.update(&self.bytes);
        for row in self.mapping.iter().flatten() {
            hasher.update(&row.to_le_bytes());
        }
        for weight in self.weights.iter().flatten() {
            hasher.update(&weight.to_le_bytes());
        }
    }

    /// The safetensors file; the same vectors give the same bytes.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let mapping = self.mapping.as_ref().map(|rows| {
            let bytes: Vec<u8> = rows.iter().flat_map(|&row| i64::from(row).to_le_bytes()).collect();
            (rows.len(), bytes)
        });
        let weights = self.weights.as_ref().map(|weights| {
            let bytes: Vec<u8> = weights.iter().flat_map(|w| w.to_le_bytes()).collect();
            (weights.len(), bytes)
        });
        let shape = vec![self.rows, self.dim];
        let mut views = vec![(
            "embeddings",
            TensorView::new(self.precision.dtype(), shape, &self.bytes)?,
        )];
        if let Some((len, bytes)) = &mapping {
            views.push(("mapping", TensorView::new(Dtype::I64, vec![*len], bytes)?));
        }
        if let Some((len, bytes)) = &weights {
            views.push(("weights", TensorView::new(Dtype::F64, vec![*len], bytes)?));
        }
        safetensors::serialize(views, None)
    }
}

/// Adds `weight` times the numbers in `bytes`, each `N` bytes long.
fn add<const N: usize>(bytes: &[u8], weight: f32, sum: &mut [f32], decode: impl Fn([u8; N]) -> f32) {
    let (numbers, _) = bytes.as_chunks::<N>();
    for (target, &number) in sum.iter_mut().zip(numbers) {
        *target += weight * decode(number);
    }
}

/// A tensor that may be absent.
fn optional<T>(
    tensors: &SafeTensors<'_>,
    name: &str,
    decode: impl Fn(&TensorView<'_>) -> Option<Vec<T>>,
) -> Result<Option<Vec<T>>, String> {
    let Ok(view) = tensors.tensor(name) else {
        return Ok(None);
    };
    let unusable = || format!("`{name}` of type {:?}, shape {:?}", view.dtype(), view.shape());
    decode(&view).map(Some).ok_or_else(unusable)
}

fn numbers(view: &TensorView<'_>) -> Option<Vec<f64>> {
    Some(match (view.shape(), view.dtype()) {
        ([_], Dtype::F64) => decoded(view.data(), f64::from_le_bytes),
        ([_], Dtype::F32) => decoded(view.data(), |b| f64::from(f32::from_le_bytes(b))),
        ([_], Dtype::F16) => decoded(view.data(), |b| f16::from_le_bytes(b).to_f64()),
        _ => return None,
    })
}

/// Row numbers; a negative or huge one becomes a row that no table has.
fn row_numbers(view: &TensorView<'_>) -> Option<Vec<u32>> {
    Some(match (view.shape(), view.dtype()) {
        ([_], Dtype::I64) => decoded(view.data(), |b| {
            u32::try_from(i64::from_le_bytes(b)).unwrap_or(u32::MAX)
        }),
        ([_], Dtype::I32) => decoded(view.data(), |b| {
            u32::try_from(i32::from_le_bytes(b)).unwrap_or(u32::MAX)
        }),
        ([_], Dtype::U32) => decoded(view.data(), u32::from_le_bytes),
        _ => return None,
    })
}

fn decoded<const N: usize, T>(bytes: &[u8], decode: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&number| decode(number)).collect()
}

fn tensor_names(tensors: &SafeTensors<'_>) -> String {
    let mut names = tensors.names();
    names.sort_unstable();
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > shown.len() { ", ..." } else { "" };
    format!("{} tensors ({}{more})", names.len(), shown.join(", "))
}
