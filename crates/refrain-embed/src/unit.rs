//! Vectors of unit length.

/// Scales to unit length; a zero vector stays zero.
pub(crate) fn scale_to_unit_length(vector: &mut [f32]) {
    let squares: f64 = vector.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    let norm = squares.sqrt();
    if norm > 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "at most 1 in size")]
        vector.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
    }
}
