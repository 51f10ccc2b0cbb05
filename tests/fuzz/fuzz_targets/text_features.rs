//! Features fitted on some lines, then the vectors of all: sorted columns inside the vocabulary, of length 1.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_fuzz::{Choices, on_one_thread};
use refrain_text::features::{BlockWeighting, FeatureConfig, Vectorizer};

fuzz_target!(|data: &[u8]| {
    on_one_thread();
    let Some((mut choices, rest)) = Choices::split(data) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let config = FeatureConfig {
        word_ngrams: choices.pick(&[(1, 2), (0, 0), (1, 1), (2, 3)]),
        first_word: choices.flag(),
        char_ngrams: choices.pick(&[(3, 5), (0, 0), (1, 2), (5, 5)]),
        blocks: choices.pick(&[BlockWeighting::Joint, BlockWeighting::Equal]),
        pair_window: choices.pick(&[0, 1, 7]),
        pair_percent: choices.pick(&[0, 80]),
        min_df: choices.pick(&[1, 2]),
        pair_min_df: choices.pick(&[1, 2]),
        max_features: choices.pick(&[None, Some(0), Some(7)]),
        sublinear_tf: choices.flag(),
        keep_names: choices.flag(),
    };
    let lines: Vec<&str> = text.lines().collect();
    let vectorizer = Vectorizer::fit(&lines[..lines.len().div_ceil(2)], &config);
    let vectors = vectorizer.transform_all(&lines);
    for (line, vector) in lines.iter().zip(&vectors) {
        assert!(vector.indices.is_sorted_by(|a, b| a < b));
        assert!(
            vector
                .indices
                .last()
                .is_none_or(|last| (*last as usize) < vectorizer.num_features())
        );
        assert_eq!(vector.indices.len(), vector.values.len());
        assert!(
            vector.is_empty() || vector.values.iter().all(|v| *v == 0.0) || (vector.norm() - 1.0).abs() < 1e-3,
            "{}",
            vector.norm()
        );
        assert_eq!(*vector, vectorizer.transform(line));
        for (column, _) in vector.iter().filter(|_| config.keep_names) {
            assert!(vectorizer.feature_name(column).is_some_and(|name| !name.is_empty()));
        }
    }
});
