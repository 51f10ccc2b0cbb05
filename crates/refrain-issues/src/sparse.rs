//! Products of a sparse matrix with dense ones, parallel over the rows of the result.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use refrain_text::features::SparseVec;

/// Compressed sparse rows.
#[derive(Debug, Clone)]
pub(crate) struct Sparse {
    /// Where each row begins in `columns`; one longer than the number of rows.
    pub(crate) starts: Vec<usize>,
    /// Column of each entry.
    pub(crate) columns: Vec<u32>,
    /// Value of each entry.
    pub(crate) values: Vec<f32>,
    /// Columns of the matrix.
    pub(crate) num_columns: usize,
}

impl Sparse {
    /// The rows as they are; columns at or beyond `num_columns` are left out.
    pub(crate) fn new(rows: &[SparseVec], num_columns: usize) -> Self {
        let mut matrix = Self {
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            num_columns,
        };
        for row in rows {
            for (column, value) in row.iter().filter(|e| (e.0 as usize) < num_columns) {
                matrix.columns.push(column);
                matrix.values.push(value);
            }
            matrix.starts.push(matrix.columns.len());
        }
        matrix
    }

    pub(crate) fn num_rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The entries of a row.
    pub(crate) fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Rows become columns; entries of a row stay in order of the old rows.
    pub(crate) fn transposed(&self) -> Self {
        let mut starts = vec![0; self.num_columns + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for i in 0..self.num_columns {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut columns = vec![0; self.columns.len()];
        let mut values = vec![0.0; self.values.len()];
        for row in 0..self.num_rows() {
            let (cells, weights) = self.row(row);
            for (&column, &weight) in cells.iter().zip(weights) {
                let place = next[column as usize];
                next[column as usize] += 1;
                #[expect(clippy::cast_possible_truncation, reason = "rows are sampled below 2^32")]
                let row = row as u32;
                columns[place] = row;
                values[place] = weight;
            }
        }
        Self {
            starts,
            columns,
            values,
            num_columns: self.num_rows(),
        }
    }

    /// `self` times a dense matrix with one row for each column of `self`.
    pub(crate) fn times(&self, dense: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut out = Array2::<f32>::zeros((self.num_rows(), dense.ncols()));
        out.axis_iter_mut(Axis(0))
            .into_par_iter()
            .enumerate()
            .for_each(|(row, mut target)| {
                let (cells, weights) = self.row(row);
                for (&column, &weight) in cells.iter().zip(weights) {
                    target.scaled_add(weight, &dense.row(column as usize));
                }
            });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_equal_the_dense_ones() {
        let sparse = Sparse {
            starts: vec![0, 2, 2, 3],
            columns: vec![0, 3, 1],
            values: vec![1.0, 2.0, -1.0],
            num_columns: 4,
        };
        let dense = Array2::from_shape_fn((4, 2), |(i, j)| (i * 2 + j) as f32);
        let expected = ndarray::array![[12.0, 15.0], [0.0, 0.0], [-2.0, -3.0]];
        assert_eq!(sparse.times(dense.view()), expected);
        let back = sparse.transposed().transposed();
        assert_eq!(
            (back.starts, back.columns, back.values),
            (sparse.starts, sparse.columns, sparse.values)
        );
    }
}
