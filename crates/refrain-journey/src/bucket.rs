//! Which of 64 buckets a person's events are spilled to; never part of any table's layout.

/// Number of buckets, fixed so that spill files of any run and machine fit together.
pub const NUM_BUCKETS: u8 = 64;

/// Bucket of a person, below [`NUM_BUCKETS`]; the same on every machine and in every version.
#[must_use]
pub fn bucket(person_key: &str) -> u8 {
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
    {
        (xxhash_rust::xxh3::xxh3_64(person_key.as_bytes()) % u64::from(NUM_BUCKETS)) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_stable_and_even() {
        assert_eq!(bucket(""), 0x2d06_8005_38d3_94c2_u64 as u8 % NUM_BUCKETS);
        let mut counts = [0_u32; NUM_BUCKETS as usize];
        for n in 0..6_400 {
            counts[usize::from(bucket(&format!("person-{n}")))] += 1;
        }
        assert!(counts.iter().all(|&count| (50..=160).contains(&count)), "{counts:?}");
    }
}
