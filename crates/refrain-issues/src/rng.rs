//! Random numbers addressed by counter: `gaussian(seed, row, column)` is the same on any thread.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A well-mixed 64-bit value for a counter.
pub(crate) fn hash(seed: u64, counter: u64) -> u64 {
    xxh3_64_with_seed(&counter.to_le_bytes(), seed)
}

/// A uniform number in `(0, 1]`.
fn uniform(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let high = (bits >> 11) as f64;
    (high + 1.0) / 9_007_199_254_740_992.0
}

/// A standard normal number by Box-Muller.
pub(crate) fn gaussian(seed: u64, counter: u64) -> f32 {
    let radius = (-2.0 * uniform(hash(seed, counter.wrapping_mul(2))).ln()).sqrt();
    let angle = std::f64::consts::TAU * uniform(hash(seed, counter.wrapping_mul(2).wrapping_add(1)));
    #[expect(clippy::cast_possible_truncation, reason = "f32 is what the matrices hold")]
    let value = (radius * angle.cos()) as f32;
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_normal() {
        let n = 20_000_u64;
        let values: Vec<f64> = (0..n).map(|i| f64::from(gaussian(7, i))).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        assert_eq!(gaussian(7, 3).to_bits(), gaussian(7, 3).to_bits());
        assert_ne!(gaussian(7, 3).to_bits(), gaussian(8, 3).to_bits());
    }
}
