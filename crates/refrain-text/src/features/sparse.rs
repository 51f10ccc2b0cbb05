//! A sparse vector: sorted columns with their values.

use serde::{Deserialize, Serialize};

/// Non-zero values by column; `indices` ascend without repeats and `values` has the same length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SparseVec {
    /// Columns, ascending, unique.
    pub indices: Vec<u32>,
    /// Value of each column.
    pub values: Vec<f32>,
}

impl SparseVec {
    /// Number of non-zero values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no value at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Columns with their values, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        self.indices.iter().copied().zip(self.values.iter().copied())
    }

    /// Inner product, summed in column order.
    #[must_use]
    pub fn dot(&self, other: &Self) -> f32 {
        let (mut i, mut j, mut sum) = (0, 0, 0.0);
        while let (Some(&a), Some(&b)) = (self.indices.get(i), other.indices.get(j)) {
            match a.cmp(&b) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    sum += self.values[i] * other.values[j];
                    i += 1;
                    j += 1;
                }
            }
        }
        sum
    }

    /// Inner product with a dense vector; columns beyond its end count as zero.
    #[must_use]
    pub fn dot_dense(&self, dense: &[f32]) -> f32 {
        self.iter()
            .map(|(column, value)| value * dense.get(column as usize).copied().unwrap_or(0.0))
            .sum()
    }

    /// Euclidean length.
    #[must_use]
    pub fn norm(&self) -> f32 {
        self.values.iter().map(|v| v * v).sum::<f32>().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_meets_only_shared_columns() {
        let a = SparseVec {
            indices: vec![1, 3, 9],
            values: vec![1.0, 2.0, 3.0],
        };
        let b = SparseVec {
            indices: vec![0, 3, 9, 12],
            values: vec![5.0, 7.0, 1.0, 4.0],
        };
        assert_eq!(a.dot(&b), 17.0);
        assert_eq!(b.dot(&a), 17.0);
        assert_eq!(a.dot_dense(&[0.0, 2.0, 0.0, 1.0]), 4.0);
        assert_eq!(a.dot(&SparseVec::default()), 0.0);
    }
}
