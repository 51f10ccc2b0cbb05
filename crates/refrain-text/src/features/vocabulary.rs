//! A set of 64-bit hashes as dense columns, in hash order.
//!
//! The sorted hashes are the table: uniform hashes make the leading bits tell the place, so a
//! lookup reads one bucket start and, on average, one hash. Nothing but the hashes is stored.

/// Hashes in ascending order; the position is the column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vocabulary {
    hashes: Vec<u64>,
    /// First position whose hash has at least these leading bits.
    starts: Vec<u32>,
    shift: u32,
}

impl Vocabulary {
    /// `hashes` must ascend without repeats.
    pub(super) fn new(hashes: Vec<u64>) -> Self {
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
        Self { hashes, starts, shift }
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
        (first..end).find(|&column| self.hashes[column as usize] == hash)
    }

    /// Differences between neighbours, which take fewer bytes than the hashes.
    pub(super) fn deltas(&self) -> Vec<u64> {
        let mut last = 0;
        self.hashes
            .iter()
            .map(|&hash| hash - std::mem::replace(&mut last, hash))
            .collect()
    }

    /// The vocabulary of [`Self::deltas`]; `None` when they do not ascend.
    pub(super) fn from_deltas(deltas: &[u64]) -> Option<Self> {
        let mut hash = 0_u64;
        let mut hashes = Vec::with_capacity(deltas.len());
        for (i, &delta) in deltas.iter().enumerate() {
            hash = hash.checked_add(delta).filter(|_| i == 0 || delta > 0)?;
            hashes.push(hash);
        }
        u32::try_from(hashes.len()).ok()?;
        Some(Self::new(hashes))
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
            let vocabulary = Vocabulary::new(sorted.clone());
            for probe in sorted.iter().chain(&probes).chain(&[0, 7, u64::MAX]) {
                let expected = sorted.binary_search(probe).ok().map(|i| i as u32);
                prop_assert_eq!(vocabulary.column(*probe), expected);
            }
            prop_assert_eq!(Vocabulary::from_deltas(&vocabulary.deltas()), Some(vocabulary));
        }
    }

    #[test]
    fn refuses_what_does_not_ascend() {
        assert_eq!(Vocabulary::from_deltas(&[3, 0]), None);
        assert_eq!(Vocabulary::from_deltas(&[u64::MAX, 1]), None);
        assert_eq!(Vocabulary::default().column(0), None);
    }
}
