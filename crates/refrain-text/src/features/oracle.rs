//! The slow, obvious vectorizer, and the tests that the fast one agrees with it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::gram::Block;
use super::{BlockWeighting, FeatureConfig, Vectorizer};

/// A folded text as words, each with whether it is a run of Han.
fn words(text: &str) -> Vec<(String, bool)> {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let mut words: Vec<(String, bool)> = Vec::new();
    let mut open = false;
    for c in text.to_lowercase().replace('ß', "ss").chars() {
        if !c.is_alphanumeric() {
            open = false;
            continue;
        }
        match words.last_mut() {
            Some((word, han)) if open && *han == is_han(c) => word.push(c),
            _ => words.push((c.to_string(), is_han(c))),
        }
        open = true;
    }
    words
}

fn chars_of(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.windows(size).map(|w| w.iter().collect()).collect()
}

fn grams(text: &str, config: &FeatureConfig) -> BTreeMap<(Block, String), f64> {
    let mut counts = BTreeMap::new();
    let mut add = |block, gram: String| *counts.entry((block, gram)).or_insert(0.0) += 1.0;
    let words = words(text);
    for size in config.word_ngrams.0.max(1)..=config.word_ngrams.1 {
        for window in words.windows(size).filter(|w| w.iter().all(|(_, han)| !han)) {
            add(
                Block::Word,
                window.iter().map(|w| w.0.as_str()).collect::<Vec<_>>().join(" "),
            );
        }
    }
    if let Some((first, false)) = words.first().filter(|_| config.first_word) {
        add(Block::Word, format!(" {first}"));
    }
    for (place, (a, han)) in words.iter().enumerate() {
        for (b, other_han) in words.iter().skip(place + 1).take(config.pair_window) {
            if a != b && !han && !other_han {
                add(Block::Pair, format!("{}+{}", a.min(b), a.max(b)));
            }
        }
    }
    for (word, han) in &words {
        if *han {
            let block = if config.word_ngrams.1 > 0 {
                Block::Word
            } else {
                Block::Char
            };
            (1..=3)
                .flat_map(|size| chars_of(word, size))
                .for_each(|gram| add(block, gram));
            continue;
        }
        let padded = format!(" {word} ");
        let length = padded.chars().count();
        for size in config.char_ngrams.0.max(1)..=config.char_ngrams.1 {
            if size >= length {
                add(Block::Char, padded.clone());
                break;
            }
            chars_of(&padded, size)
                .into_iter()
                .for_each(|gram| add(Block::Char, gram));
        }
    }
    counts
}

fn unit(values: &mut BTreeMap<(Block, String), f64>, of: impl Fn(Block) -> bool) {
    let norm = values
        .iter()
        .filter(|(k, _)| of(k.0))
        .map(|(_, v)| v * v)
        .sum::<f64>()
        .sqrt();
    values.iter_mut().filter(|(k, _)| of(k.0)).for_each(|(_, v)| *v /= norm);
}

/// Weight of each known n-gram of `text` after fitting on `texts`.
fn oracle(texts: &[String], text: &str, config: &FeatureConfig) -> BTreeMap<(Block, String), f64> {
    let documents: Vec<_> = texts.iter().map(|t| grams(t, config)).collect();
    let df = |gram: &(Block, String)| documents.iter().filter(|d| d.contains_key(gram)).count();
    let mut weights = BTreeMap::new();
    for (gram, count) in grams(text, config) {
        let df = df(&gram);
        let least = if gram.0 == Block::Pair {
            config.min_df.max(config.pair_min_df)
        } else {
            config.min_df
        };
        if df > 0 && df >= least as usize {
            let tf = if config.sublinear_tf {
                1.0 + f64::ln(count)
            } else {
                count
            };
            let idf = ((1.0 + texts.len() as f64) / (1.0 + df as f64)).ln() + 1.0;
            weights.insert(gram, tf * idf);
        }
    }
    if config.blocks == BlockWeighting::Equal {
        unit(&mut weights, |block| block == Block::Word);
        unit(&mut weights, |block| block == Block::Char);
        unit(&mut weights, |block| block == Block::Pair);
        let share = f64::from(config.pair_percent) / 100.0;
        weights
            .iter_mut()
            .filter(|(gram, _)| gram.0 == Block::Pair)
            .for_each(|(_, v)| *v *= share);
    }
    unit(&mut weights, |_| true);
    weights
}

fn text() -> impl Strategy<Value = String> {
    "([aAbcßÄ]{1,6}|[订单号在]{1,4}|[12]{1,3}|[ ,.!'\n]){0,14}"
}

fn config() -> impl Strategy<Value = FeatureConfig> {
    (
        0..2_usize,
        0..3_usize,
        0..4_usize,
        0..5_usize,
        (0..3_u32, 0..3_u32),
        0..4_usize,
        (any::<bool>(), any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(w0, w1, c0, c1, (min_df, pair_min_df), pair_window, (sublinear_tf, equal, first_word))| FeatureConfig {
                word_ngrams: (w0, w1),
                first_word,
                char_ngrams: (c0, c1),
                pair_window,
                pair_percent: 70,
                min_df,
                pair_min_df,
                sublinear_tf,
                blocks: if equal {
                    BlockWeighting::Equal
                } else {
                    BlockWeighting::Joint
                },
                keep_names: true,
                max_features: None,
            },
        )
}

proptest! {
    #[test]
    fn agrees_with_the_oracle(texts in prop::collection::vec(text(), 0..6), probe in text(), config in config()) {
        let vectorizer = Vectorizer::fit(&texts, &config);
        let found = vectorizer.transform(&probe);
        let expected = oracle(&texts, &probe, &config);
        prop_assert_eq!(found.len(), expected.len());
        prop_assert!(found.indices.is_sorted_by(|a, b| a < b));
        for (column, value) in found.iter() {
            let (Some(block), Some(name)) = (vectorizer.feature_block(column), vectorizer.feature_name(column)) else {
                return Err(TestCaseError::fail("a column without a name"));
            };
            let expected = expected.get(&(block, name.to_owned())).copied().unwrap_or(f64::NAN);
            prop_assert!((f64::from(value) - expected).abs() < 1e-5, "{name:?}: {value} against {expected}");
        }
    }

    #[test]
    fn any_text_in_any_order(texts in prop::collection::vec("\\PC{0,40}", 0..8)) {
        let config = FeatureConfig::default();
        let forward = Vectorizer::fit(&texts, &config);
        let backward = Vectorizer::fit(&texts.iter().rev().collect::<Vec<_>>(), &config);
        prop_assert_eq!(&forward, &backward);
        let vectors = forward.transform_all(&texts);
        for (text, vector) in texts.iter().zip(&vectors) {
            prop_assert_eq!(&forward.transform(text), vector);
            prop_assert!(vector.is_empty() || (vector.norm() - 1.0).abs() < 1e-4);
        }
    }
}

#[test]
fn keeps_the_most_frequent_features() {
    let config = FeatureConfig {
        max_features: Some(2),
        keep_names: true,
        ..FeatureConfig::words_only()
    };
    let vectorizer = Vectorizer::fit(&["my order", "my parcel order", "late order"], &config);
    let names: BTreeSet<_> = (0..2).filter_map(|column| vectorizer.feature_name(column)).collect();
    assert_eq!(names, BTreeSet::from(["my", "order"]));
    assert_eq!(vectorizer.feature_name(2), None);
}

#[test]
fn hashed_documents_match_words() {
    let config = FeatureConfig::words_only();
    let texts = ["where is it", "it is late", "refund"];
    let hash = |text: &str| {
        text.split(' ')
            .map(|w| super::hash_gram(Block::Word, w))
            .collect::<Vec<_>>()
    };
    let by_hash = Vectorizer::fit_hashes(texts.iter().map(|t| hash(t)), &config);
    assert_eq!(by_hash, Vectorizer::fit(&texts, &config));
    assert_eq!(
        by_hash.transform_hashes(&hash("is it late")),
        by_hash.transform("is it late")
    );
}

#[test]
fn thread_count_does_not_show() {
    let texts: Vec<String> = (0..5000)
        .map(|i| format!("order {} of {} is late", i % 97, i % 31))
        .collect();
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            let vectorizer = Vectorizer::fit(
                &texts,
                &FeatureConfig {
                    min_df: 2,
                    ..FeatureConfig::default()
                },
            );
            let vectors = vectorizer.transform_all(&texts);
            (vectorizer, vectors)
        })
    };
    assert_eq!(fit(1), fit(3));
}

#[test]
fn survives_storage() {
    let config = FeatureConfig {
        keep_names: true,
        ..FeatureConfig::default()
    };
    let vectorizer = Vectorizer::fit(&["where is my parcel", "订单在哪里"], &config);
    let bytes = postcard::to_allocvec(&vectorizer).expect("plain data");
    assert_eq!(postcard::from_bytes::<Vectorizer>(&bytes), Ok(vectorizer));
    assert!(postcard::from_bytes::<Vectorizer>(&bytes[..bytes.len() / 2]).is_err());
}
