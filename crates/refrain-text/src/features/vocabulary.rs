//! A set of 64-bit hashes as dense columns, the most frequent first.
//!
//! The sorted hashes are the table: uniform hashes make the leading bits tell the place, so a
//! lookup reads one bucket start and, on average, one hash. Columns go by frequency, so that what
//! is looked up per column (idf, weights) lies close together for nearly every text.

/// Hashes in ascending order, each with its column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vocabulary {
    hashes: Vec<u64>,
    columns: Vec<u32>,
    /// First position whose hash has at least these leading bits.
    starts: Vec<u32>,
    shift: u32,
}

impl Vocabulary {
    /// `hashes` must ascend without repeats; columns go by ascending `idf`, ties by hash.
    pub(super) fn new(hashes: Vec<u64>, idf: &[f32]) -> Self {
        let mut by_idf: Vec<u32> = (0..hashes.len() as u32).collect();
        by_idf.sort_by(|&a, &b| idf[a as usize].total_cmp(&idf[b as usize]));
        let mut columns = vec![0; hashes.len()];
        for (column, &place) in (0..).zip(&by_idf) {
            columns[place as usize] = column;
        }
        let bits = (hashes.len().max(2) as u64).next_power_of_two().ilog2();
        let shift = 64 - bits;
        let mut starts = vec![0; (1 << bits) + 1];
        for hash in &hashes {
            starts[(hash >> shift) as usize + 1] += 1;
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        Self {
            hashes,
            columns,
            starts,
            shift,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    #[inline]
    pub(super) fn column(&self, hash: u64) -> Option<u32> {
        if self.starts.is_empty() {
            return None;
        }
        let bucket = (hash >> self.shift) as usize;
        let (first, end) = (self.starts[bucket], self.starts[bucket + 1]);
        let place = (first..end).find(|&place| self.hashes[place as usize] == hash)?;
        Some(self.columns[place as usize])
    }

    /// The columns in order of hash.
    pub(super) fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// Differences between neighbours, which take fewer bytes than the hashes.
    pub(super) fn deltas(&self) -> Vec<u64> {
        let mut last = 0;
        self.hashes
            .iter()
            .map(|&hash| hash - std::mem::replace(&mut last, hash))
            .collect()
    }

    /// The vocabulary of [`Self::deltas`] with the idf of each hash; `None` when they do not ascend
    /// or fit together.
    pub(super) fn from_deltas(deltas: &[u64], idf: &[f32]) -> Option<Self> {
        let mut hash = 0_u64;
        let mut hashes = Vec::with_capacity(deltas.len());
        for (i, &delta) in deltas.iter().enumerate() {
            hash = hash.checked_add(delta).filter(|_| i == 0 || delta > 0)?;
            hashes.push(hash);
        }
        u32::try_from(hashes.len()).ok()?;
        (hashes.len() == idf.len()).then(|| Self::new(hashes, idf))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn finds_what_a_search_finds(
            mut hashes in prop::collection::btree_set(any::<u64>(), 0..200),
            low in prop::collection::btree_set(0_u64..300, 0..50),
            probes in prop::collection::vec(any::<u64>(), 20),
        ) {
            hashes.extend(low);
            let sorted: Vec<u64> = BTreeSet::into_iter(hashes).collect();
            let idf: Vec<f32> = sorted.iter().map(|hash| (hash % 5) as f32).collect();
            let mut by_idf = sorted.clone();
            by_idf.sort_by_key(|hash| (hash % 5, *hash));
            let vocabulary = Vocabulary::new(sorted.clone(), &idf);
            for probe in sorted.iter().chain(&probes).chain(&[0, 7, u64::MAX]) {
                let expected = by_idf.iter().position(|hash| hash == probe).map(|i| i as u32);
                prop_assert_eq!(vocabulary.column(*probe), expected);
            }
            prop_assert_eq!(Vocabulary::from_deltas(&vocabulary.deltas(), &idf), Some(vocabulary));
        }
    }

    #[test]
    fn refuses_what_does_not_ascend() {
        assert_eq!(Vocabulary::from_deltas(&[3, 0], &[1.0, 1.0]), None);
        assert_eq!(Vocabulary::from_deltas(&[u64::MAX, 1], &[1.0, 1.0]), None);
        assert_eq!(Vocabulary::from_deltas(&[3], &[]), None);
        assert_eq!(Vocabulary::default().column(0), None);
    }
}
