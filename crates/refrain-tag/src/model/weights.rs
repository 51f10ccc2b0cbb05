//! Linear weights of all classes in one byte each, laid out so that a text reads few lines.
//!
//! A column's weights for all classes stand side by side. Byte times the class's scale gives the
//! weight; that rounding moves a margin by about 0.005, far less than margins differ.

use ndarray::ArrayView2;
use rayon::prelude::*;

/// Classes are padded to this, so that the inner loop has a fixed length.
const LANES: usize = 16;

/// Weights of `num_columns` columns and a bias for each class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    num_classes: usize,
    stride: usize,
    scales: Vec<f32>,
    bias: Vec<f32>,
    cells: Vec<i8>,
}

impl Weights {
    /// Rounds weights given as column x class; `bias` by class.
    pub(super) fn new(weights: ArrayView2<'_, f32>, bias: Vec<f32>) -> Self {
        let num_classes = weights.ncols();
        let stride = num_classes.next_multiple_of(LANES);
        let scales: Vec<f32> = weights
            .columns()
            .into_iter()
            .map(|column| column.iter().fold(0.0f32, |top, w| top.max(w.abs())) / 127.0)
            .collect();
        let mut cells = vec![0i8; weights.nrows() * stride];
        for (row, line) in weights.rows().into_iter().zip(cells.chunks_exact_mut(stride.max(1))) {
            for ((weight, scale), cell) in row.iter().zip(&scales).zip(line) {
                // A cast saturates, and takes what is no number for 0.
                *cell = (weight / scale).round() as i8;
            }
        }
        Self {
            num_classes,
            stride,
            scales,
            bias,
            cells,
        }
    }

    /// Rounds weights given by class, each by column with the bias last.
    pub(super) fn of_classes(classes: &[Vec<f32>]) -> Self {
        let num_classes = classes.len();
        let stride = num_classes.next_multiple_of(LANES);
        let num_columns = classes.first().map_or(0, |class| class.len() - 1);
        let parts: Vec<(&[f32], f32)> = classes
            .iter()
            .map(|class| (&class[..num_columns], class[num_columns]))
            .collect();
        let top = |weights: &[f32]| weights.iter().fold(0.0f32, |top, w| top.max(w.abs()));
        let scales: Vec<f32> = parts.par_iter().map(|(weights, _)| top(weights) / 127.0).collect();
        let mut cells = vec![0i8; num_columns * stride];
        // A stretch of columns at a time, so that what all classes write to stays in the cache.
        let stretch = 256 * stride.max(1);
        cells.par_chunks_mut(stretch).enumerate().for_each(|(place, cells)| {
            for (class, ((weights, _), scale)) in parts.iter().zip(&scales).enumerate() {
                let weights = &weights[place * 256..];
                for (line, weight) in cells.chunks_exact_mut(stride).zip(weights) {
                    // A cast saturates, and takes what is no number for 0.
                    line[class] = (weight / scale).round() as i8;
                }
            }
        });
        Self {
            num_classes,
            stride,
            scales,
            bias: parts.iter().map(|(_, bias)| *bias).collect(),
            cells,
        }
    }

    /// The weights of [`Self::scales`], [`Self::bias`] and [`Self::bytes`]; `None` when their
    /// sizes do not fit together.
    pub(super) fn from_parts(scales: Vec<f32>, bias: Vec<f32>, bytes: &[u8]) -> Option<Self> {
        let num_classes = scales.len();
        let finite = scales.iter().chain(&bias).all(|value| value.is_finite());
        if num_classes == 0 || bias.len() != num_classes || !bytes.len().is_multiple_of(num_classes) || !finite {
            return None;
        }
        let stride = num_classes.next_multiple_of(LANES);
        let mut cells = vec![0i8; bytes.len() / num_classes * stride];
        for (from, to) in bytes.chunks_exact(num_classes).zip(cells.chunks_exact_mut(stride)) {
            for (byte, cell) in from.iter().zip(to) {
                *cell = byte.cast_signed();
            }
        }
        Some(Self {
            num_classes,
            stride,
            scales,
            bias,
            cells,
        })
    }

    pub(super) fn num_classes(&self) -> usize {
        self.num_classes
    }

    pub(super) fn num_columns(&self) -> usize {
        self.cells.len() / self.stride.max(1)
    }

    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }

    pub(super) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// All cells as bytes, column by column, without padding.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.cells
            .chunks_exact(self.stride.max(1))
            .flat_map(|line| line[..self.num_classes].iter().map(|cell| cell.cast_unsigned()))
            .collect()
    }

    /// Weight of a column for a class; 0 beyond either end.
    pub(super) fn weight(&self, column: u32, class: usize) -> f32 {
        if class >= self.num_classes {
            return 0.0;
        }
        let cell = self
            .cells
            .get(column as usize * self.stride + class)
            .copied()
            .unwrap_or(0);
        f32::from(cell) * self.scales[class]
    }

    /// Margin of every class for the given columns and values; columns beyond the end count as
    /// zero. Sums run in column order, class by class, so the result does not depend on anything
    /// else; how many classes the processor takes at once cannot show.
    pub(super) fn margins(&self, columns: &[u32], values: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0f32; self.stride];
        pulp::Arch::new().dispatch(AddColumns {
            weights: self,
            columns,
            values,
            sums: &mut sums,
        });
        sums.truncate(self.num_classes);
        for ((sum, scale), bias) in sums.iter_mut().zip(&self.scales).zip(&self.bias) {
            *sum = *sum * scale + bias;
        }
        sums
    }
}

/// The inner loop of [`Weights::margins`], compiled for each generation of processors.
struct AddColumns<'a> {
    weights: &'a Weights,
    columns: &'a [u32],
    values: &'a [f32],
    sums: &'a mut [f32],
}

impl pulp::NullaryFnOnce for AddColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut first = 0;
        while first + 4 * LANES <= self.weights.stride {
            add_block::<{ 4 * LANES }>(self.weights, self.columns, self.values, first, self.sums);
            first += 4 * LANES;
        }
        while first < self.weights.stride {
            add_block::<LANES>(self.weights, self.columns, self.values, first, self.sums);
            first += LANES;
        }
    }
}

/// Sums `N` neighbouring classes; few enough to stay in registers.
#[inline(always)]
fn add_block<const N: usize>(weights: &Weights, columns: &[u32], values: &[f32], first: usize, sums: &mut [f32]) {
    let mut block = [0.0f32; N];
    for (&column, &value) in columns.iter().zip(values) {
        let start = column as usize * weights.stride + first;
        let Some(cells) = weights.cells.get(start..).and_then(|rest| rest.first_chunk::<N>()) else {
            continue;
        };
        for (sum, &cell) in block.iter_mut().zip(cells) {
            *sum += value * f32::from(cell);
        }
    }
    sums[first..first + N].copy_from_slice(&block);
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn margins_are_near_the_exact_ones(
            num_classes in 1usize..70,
            values in prop::collection::vec(-2.0f32..2.0, 1..12),
        ) {
            let exact = Array2::from_shape_fn((values.len(), num_classes), |(column, class)| {
                ((column * 31 + class * 17) % 23) as f32 / 11.0 - 1.0
            });
            let bias: Vec<f32> = (0..num_classes).map(|class| class as f32 / 10.0).collect();
            let weights = Weights::new(exact.view(), bias.clone());
            let columns: Vec<u32> = (0..values.len() as u32).collect();
            let margins = weights.margins(&columns, &values);
            prop_assert_eq!(margins.len(), num_classes);
            let total: f32 = values.iter().map(|v| v.abs()).sum();
            for (class, margin) in margins.iter().enumerate() {
                let oracle: f32 = bias[class]
                    + (0..values.len()).map(|j| values[j] * exact[(j, class)]).sum::<f32>();
                // Half a step of 1/127 of the largest weight (1) for each value.
                prop_assert!((margin - oracle).abs() <= total * 0.5 / 127.0 + 1e-4);
            }
            let classes: Vec<Vec<f32>> = exact
                .columns()
                .into_iter()
                .zip(&bias)
                .map(|(column, bias)| column.iter().copied().chain([*bias]).collect())
                .collect();
            prop_assert_eq!(&Weights::of_classes(&classes), &weights);
            let again = Weights::from_parts(
                weights.scales().to_vec(), weights.bias().to_vec(), &weights.bytes());
            prop_assert_eq!(again, Some(weights));
        }
    }

    #[test]
    fn unknown_columns_carry_no_weight() {
        let weights = Weights::new(Array2::ones((1, 3)).view(), vec![0.0; 3]);
        assert_eq!(weights.margins(&[1, u32::MAX], &[1.0, 1.0]), [0.0; 3]);
        assert!((weights.margins(&[0], &[2.0])[2] - 2.0).abs() < 1e-5);
        assert_eq!(Weights::from_parts(vec![1.0], vec![], &[]), None);
    }
}
