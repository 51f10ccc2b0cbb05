//! Fits the vocabulary and inverse document frequencies, then turns texts into vectors.
//!
//! Weights follow scikit-learn's `TfidfTransformer` (`smooth_idf=True`, `norm="l2"`):
//! `idf = ln((1 + n) / (1 + df)) + 1`, `tf = 1 + ln(count)` when sublinear, vectors of length 1.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::gram::{Block, GramBuffer, Remembered, hash_gram};
use super::vocabulary::Vocabulary;
use super::{BlockWeighting, FeatureConfig, SparseVec};

/// Texts counted together by one thread while fitting.
const FIT_CHUNK: usize = 2048;

/// A stored vectorizer that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "stored features are damaged, expected ascending hashes and one weight and name for each\nhint: train the model again"
)]
pub struct InvalidVectorizer;

/// A fitted vocabulary with its weights; columns are words, then characters, then pairs, each by ascending idf and hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Vectorizer {
    config: FeatureConfig,
    words: Vocabulary,
    chars: Vocabulary,
    pairs: Vocabulary,
    idf: Vec<f32>,
    names: Option<Vec<String>>,
    serial: Serial,
}

/// Tells fitted vectorizers apart within one process; of no meaning for what they are.
#[derive(Debug, Clone, Copy)]
struct Serial(u64);

impl Serial {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl PartialEq for Serial {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Buffers of one thread, and what it remembers of the vectorizer it used last.
#[derive(Default)]
struct Scratch {
    grams: GramBuffer,
    columns: Vec<u32>,
    remembered: Remembered<u32>,
    owner: u64,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

type Counts = FxHashMap<(Block, u64), Count>;

/// Documents that hold a feature, and the last one counted.
#[derive(Clone, Copy)]
struct Count {
    documents: u32,
    last: usize,
}

impl Vectorizer {
    /// Learns the features of `texts`; the order of texts and the number of threads do not matter.
    #[must_use]
    pub fn fit<S: AsRef<str> + Sync>(texts: &[S], config: &FeatureConfig) -> Self {
        let document_counts = texts
            .par_chunks(FIT_CHUNK)
            .map(|chunk| {
                let (mut buffer, mut counts, mut seen) = (GramBuffer::default(), Counts::default(), Vec::new());
                let mut remembered = Remembered::default();
                for (place, text) in chunk.iter().enumerate() {
                    let feature = |block, hash| Some((block, hash));
                    buffer.list_features(text.as_ref(), config, &mut remembered, feature, &mut seen);
                    count_once(&mut seen, place, &mut counts);
                }
                counts
            })
            .reduce(Counts::default, merge_counts);
        let mut fitted = Self::from_counts(document_counts, texts.len(), config);
        if config.keep_names {
            fitted.names = Some(fitted.collect_names(texts));
        }
        fitted
    }

    /// Learns features that the caller cut and hashed itself, each document a list of hashes
    /// (see [`hash_gram`]); use with [`Self::transform_hashes`]. Names are never kept.
    #[must_use]
    pub fn fit_hashes<D: AsRef<[u64]>>(documents: impl IntoIterator<Item = D>, config: &FeatureConfig) -> Self {
        let (mut counts, mut seen, mut num_documents) = (Counts::default(), Vec::new(), 0);
        for document in documents {
            seen.extend(document.as_ref().iter().map(|&hash| (Block::Word, hash)));
            count_once(&mut seen, num_documents, &mut counts);
            num_documents += 1;
        }
        Self::from_counts(counts, num_documents, config)
    }

    fn from_counts(counts: Counts, num_documents: usize, config: &FeatureConfig) -> Self {
        let least = |block| match block {
            Block::Pair => config.min_df.max(config.pair_min_df),
            Block::Word | Block::Char => config.min_df,
        };
        let mut kept: Vec<((Block, u64), u32)> = counts
            .into_iter()
            .map(|(feature, count)| (feature, count.documents))
            .filter(|((block, _), df)| *df >= least(*block))
            .collect();
        // Columns are u32; a vocabulary beyond that is cut to its most frequent part.
        let limit = config.max_features.unwrap_or(usize::MAX).min(u32::MAX as usize);
        if kept.len() > limit {
            kept.par_sort_unstable_by_key(|&(feature, df)| (std::cmp::Reverse(df), feature));
            kept.truncate(limit);
        }
        kept.par_sort_unstable_by_key(|&(feature, _)| feature);
        let end_of = |last| kept.partition_point(|((block, _), _)| *block <= last);
        let (num_words, num_no_pairs) = (end_of(Block::Word), end_of(Block::Char));
        let hashes = |part: &[((Block, u64), u32)]| part.iter().map(|((_, hash), _)| *hash).collect();
        let numerator = 1.0 + num_documents as f64;
        let idf: Vec<f32> = kept
            .iter()
            .map(|(_, df)| ((numerator / (1.0 + f64::from(*df))).ln() + 1.0) as f32)
            .collect();
        let words = Vocabulary::new(hashes(&kept[..num_words]), &idf[..num_words]);
        let chars = Vocabulary::new(hashes(&kept[num_words..num_no_pairs]), &idf[num_words..num_no_pairs]);
        let pairs = Vocabulary::new(hashes(&kept[num_no_pairs..]), &idf[num_no_pairs..]);
        Self {
            config: config.clone(),
            idf: by_column([&words, &chars, &pairs], &idf),
            words,
            chars,
            pairs,
            names: None,
            serial: Serial::next(),
        }
    }

    fn collect_names<S: AsRef<str>>(&self, texts: &[S]) -> Vec<String> {
        let mut names = vec![String::new(); self.num_features()];
        let (mut buffer, mut known_words) = (GramBuffer::default(), FxHashSet::default());
        for text in texts {
            buffer.each_new_gram(text.as_ref(), &self.config, &mut known_words, |block, gram| {
                if let Some(column) = self.column_of_hash(block, hash_gram(block, gram)) {
                    let name = &mut names[column as usize];
                    if name.is_empty() {
                        gram.clone_into(name);
                    }
                }
            });
        }
        names
    }

    /// The settings it was fitted with.
    #[must_use]
    pub fn config(&self) -> &FeatureConfig {
        &self.config
    }

    /// Number of columns.
    #[must_use]
    pub fn num_features(&self) -> usize {
        self.idf.len()
    }

    /// Inverse document frequency of each column.
    #[must_use]
    pub fn idf(&self) -> &[f32] {
        &self.idf
    }

    /// Text of a column; `None` beyond the end or without [`FeatureConfig::keep_names`].
    /// Character n-grams keep the spaces of their word's edges.
    #[must_use]
    pub fn feature_name(&self, column: u32) -> Option<&str> {
        self.names.as_ref()?.get(column as usize).map(String::as_str)
    }

    /// Kind of a column; `None` beyond the end.
    #[must_use]
    pub fn feature_block(&self, column: u32) -> Option<Block> {
        let column = column as usize;
        (column < self.num_features()).then(|| {
            if column < self.words.len() {
                Block::Word
            } else if column < self.words.len() + self.chars.len() {
                Block::Char
            } else {
                Block::Pair
            }
        })
    }

    /// Column of an n-gram in its folded form; `None` when it is no feature.
    #[must_use]
    pub fn column(&self, block: Block, gram: &str) -> Option<u32> {
        self.column_of_hash(block, hash_gram(block, gram))
    }

    #[inline]
    fn column_of_hash(&self, block: Block, hash: u64) -> Option<u32> {
        match block {
            Block::Word => self.words.column(hash),
            Block::Char => self.chars.column(hash).map(|column| column + self.words.len() as u32),
            Block::Pair => {
                let before = (self.words.len() + self.chars.len()) as u32;
                self.pairs.column(hash).map(|column| column + before)
            }
        }
    }

    /// The vector of a text, of length 1; empty when it holds no known feature.
    #[must_use]
    pub fn transform(&self, text: &str) -> SparseVec {
        SCRATCH.with_borrow_mut(|scratch| {
            if scratch.owner != self.serial.0 {
                scratch.remembered = Remembered::default();
                scratch.owner = self.serial.0;
            }
            let Scratch {
                grams,
                columns,
                remembered,
                ..
            } = scratch;
            columns.clear();
            let feature = |block, hash| self.column_of_hash(block, hash);
            grams.list_features(text, &self.config, remembered, feature, columns);
            self.weigh(columns)
        })
    }

    /// The vectors of many texts in their order, on all threads of the current pool.
    #[must_use]
    pub fn transform_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<SparseVec> {
        texts
            .par_iter()
            .with_min_len(64)
            .map(|text| self.transform(text.as_ref()))
            .collect()
    }

    /// The vector of a document given as hashes; see [`Self::fit_hashes`].
    #[must_use]
    pub fn transform_hashes(&self, hashes: &[u64]) -> SparseVec {
        let mut columns: Vec<u32> = hashes.iter().filter_map(|&hash| self.words.column(hash)).collect();
        self.weigh(&mut columns)
    }

    /// Counts the columns of one text and weighs them.
    fn weigh(&self, columns: &mut [u32]) -> SparseVec {
        columns.sort_unstable();
        let mut vector = SparseVec {
            indices: Vec::with_capacity(columns.len()),
            values: Vec::with_capacity(columns.len()),
        };
        for run in columns.chunk_by(|a, b| a == b) {
            let count = run.len() as f32;
            let tf = if self.config.sublinear_tf && run.len() > 1 {
                1.0 + count.ln()
            } else {
                count
            };
            vector.indices.push(run[0]);
            vector.values.push(tf * self.idf[run[0] as usize]);
        }
        if self.config.blocks == BlockWeighting::Equal {
            let end_of = |columns: usize| vector.indices.partition_point(|&column| (column as usize) < columns);
            let num_words = end_of(self.words.len());
            let num_no_pairs = end_of(self.words.len() + self.chars.len());
            let (rest, pairs) = vector.values.split_at_mut(num_no_pairs);
            let (words, chars) = rest.split_at_mut(num_words);
            normalize(words);
            normalize(chars);
            normalize(pairs);
            let share = self.config.pair_percent as f32 / 100.0;
            pairs.iter_mut().for_each(|value| *value *= share);
        }
        normalize(&mut vector.values);
        vector
    }
}

/// Counts what `seen` holds once for the document numbered `document`, and empties it.
fn count_once(seen: &mut Vec<(Block, u64)>, document: usize, counts: &mut Counts) {
    for feature in seen.drain(..) {
        let count = counts.entry(feature).or_insert(Count {
            documents: 0,
            last: usize::MAX,
        });
        if count.last != document {
            count.documents += 1;
            count.last = document;
        }
    }
}

/// Sums are whole numbers, so the order of merging cannot show.
fn merge_counts(a: Counts, b: Counts) -> Counts {
    let (mut large, small) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    for (feature, count) in small {
        large
            .entry(feature)
            .and_modify(|sum| sum.documents += count.documents)
            .or_insert(count);
    }
    large
}

/// Values in order of hash, block by block, as values by column.
fn by_column(blocks: [&Vocabulary; 3], values: &[f32]) -> Vec<f32> {
    let mut sorted = vec![0.0; values.len()];
    let mut first = 0;
    for block in blocks {
        for (place, &column) in block.columns().iter().enumerate() {
            sorted[first + column as usize] = values[first + place];
        }
        first += block.len();
    }
    sorted
}

/// The other way round.
fn by_hash(blocks: [&Vocabulary; 3], values: &[f32]) -> Vec<f32> {
    let mut first = 0;
    let mut sorted = Vec::with_capacity(values.len());
    for block in blocks {
        sorted.extend(block.columns().iter().map(|&column| values[first + column as usize]));
        first += block.len();
    }
    sorted
}

fn normalize(values: &mut [f32]) {
    // Eight sums, so that the adds do not wait for each other; their order is fixed.
    let mut sums = [0.0f32; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, v)| *sum += v * v);
    }
    sums.iter_mut().zip(rest).for_each(|(sum, v)| *sum += v * v);
    let norm = sums.iter().sum::<f32>().sqrt();
    if norm > 0.0 {
        values.iter_mut().for_each(|v| *v /= norm);
    }
}

/// What is written: hashes as differences, idf in order of hash, names by column; lookups and columns rebuilt on reading.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    config: FeatureConfig,
    word_deltas: Vec<u64>,
    char_deltas: Vec<u64>,
    pair_deltas: Vec<u64>,
    idf: Vec<f32>,
    names: Option<Vec<String>>,
}

impl From<Vectorizer> for Stored {
    fn from(v: Vectorizer) -> Self {
        Self {
            word_deltas: v.words.deltas(),
            char_deltas: v.chars.deltas(),
            pair_deltas: v.pairs.deltas(),
            config: v.config,
            idf: by_hash([&v.words, &v.chars, &v.pairs], &v.idf),
            names: v.names,
        }
    }
}

impl TryFrom<Stored> for Vectorizer {
    type Error = InvalidVectorizer;

    fn try_from(stored: Stored) -> Result<Self, InvalidVectorizer> {
        let (num_words, num_chars) = (stored.word_deltas.len(), stored.char_deltas.len());
        let num_features = num_words + num_chars + stored.pair_deltas.len();
        let names_fit = stored.names.as_ref().is_none_or(|names| names.len() == num_features);
        let weights_fit = stored.idf.len() == num_features && stored.idf.iter().all(|w| w.is_finite());
        if !names_fit || !weights_fit || u32::try_from(num_features).is_err() {
            return Err(InvalidVectorizer);
        }
        let (word_idf, rest) = stored.idf.split_at(num_words);
        let (char_idf, pair_idf) = rest.split_at(num_chars);
        let words = Vocabulary::from_deltas(&stored.word_deltas, word_idf).ok_or(InvalidVectorizer)?;
        let chars = Vocabulary::from_deltas(&stored.char_deltas, char_idf).ok_or(InvalidVectorizer)?;
        let pairs = Vocabulary::from_deltas(&stored.pair_deltas, pair_idf).ok_or(InvalidVectorizer)?;
        Ok(Self {
            config: stored.config,
            idf: by_column([&words, &chars, &pairs], &stored.idf),
            words,
            chars,
            pairs,
            names: stored.names,
            serial: Serial::next(),
        })
    }
}
