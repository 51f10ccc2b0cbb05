//! Many sparse rows in one block (compressed sparse rows), as linfa records.
//!
//! Invariant: in every row the columns rise strictly and stay below `num_columns`.

use linfa::dataset::Records;

/// Sparse rows of `f32`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseRows {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    num_columns: usize,
}

impl SparseRows {
    /// No rows yet, `num_columns` wide.
    #[must_use]
    pub fn new(num_columns: usize) -> Self {
        Self {
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            num_columns,
        }
    }

    /// Adds a row at the end.
    ///
    /// Entries that are zero, not finite, out of range, or do not rise in column are dropped, so
    /// that no row can break the invariant.
    pub fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        let mut next = 0u64;
        for (column, value) in row {
            let rises = u64::from(column) >= next && (column as usize) < self.num_columns;
            if rises && value != 0.0 && value.is_finite() {
                self.columns.push(column);
                self.values.push(value);
                next = u64::from(column) + 1;
            }
        }
        self.starts.push(self.columns.len());
    }

    /// Number of rows.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Number of columns.
    #[must_use]
    pub fn num_columns(&self) -> usize {
        self.num_columns
    }

    /// Columns and values of row `row`.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }
}

impl Records for SparseRows {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.num_rows()
    }

    fn nfeatures(&self) -> usize {
        self.num_columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_bad_entries_are_dropped() {
        let mut rows = SparseRows::new(4);
        rows.push([(0, 1.0), (3, 2.0)]);
        rows.push([]);
        rows.push([(2, 1.0), (1, 5.0), (2, 7.0), (3, f32::NAN), (4, 1.0)]);
        assert_eq!(rows.nsamples(), 3);
        assert_eq!(rows.row(0), (&[0, 3][..], &[1.0, 2.0][..]));
        assert_eq!(rows.row(1), (&[][..], &[][..]));
        assert_eq!(rows.row(2), (&[2][..], &[1.0][..]));
    }
}
