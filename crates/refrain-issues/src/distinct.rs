//! Texts that say the same in nearly the same words, collapsed: counted, never lost.

use refrain_text::fingerprint;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Distinct texts, sorted, with the positions of all texts that they stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Distinct<'a> {
    /// The text that sorts first among its like; ascending.
    pub(crate) texts: Vec<&'a str>,
    /// Positions in the input, ascending, for each text.
    pub(crate) positions: Vec<Vec<usize>>,
}

/// Collapses near-duplicates; the order of the input only shows in the positions.
pub(crate) fn collapse<'a>(texts: &[&'a str]) -> Distinct<'a> {
    use rayon::prelude::*;
    let prints: Vec<u64> = texts.par_iter().map(|text| fingerprint(text)).collect();
    let mut groups: BTreeMap<u64, (&'a str, Vec<usize>)> = BTreeMap::new();
    for (position, (text, print)) in texts.iter().zip(prints).enumerate() {
        let group = groups.entry(print).or_insert_with(|| (text, Vec::new()));
        group.0 = group.0.min(text);
        group.1.push(position);
    }
    let mut sorted: Vec<(&str, Vec<usize>)> = groups.into_values().collect();
    sorted.sort_unstable();
    let (texts, positions) = sorted.into_iter().unzip();
    Distinct { texts, positions }
}

/// Ascending positions of at most `max` texts, chosen by hash: the same text is chosen whatever stands around it.
pub(crate) fn sample(texts: &[&str], max: usize, seed: u64) -> Vec<usize> {
    let mut chosen: Vec<usize> = (0..texts.len()).collect();
    if texts.len() > max {
        chosen.sort_by_cached_key(|&at| (xxh3_64_with_seed(texts[at].as_bytes(), seed), at));
        chosen.truncate(max);
        chosen.sort_unstable();
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_texts_collapse_and_nothing_is_lost() {
        let found = collapse(&["Where is it?", "help", "where  is it", "WHERE IS IT!"]);
        assert_eq!(found.texts, ["WHERE IS IT!", "help"]);
        assert_eq!(found.positions, [vec![0, 2, 3], vec![1]]);
        assert_eq!(collapse(&[]), Distinct::default());
    }

    #[test]
    fn a_sample_does_not_depend_on_its_company() {
        let texts = ["a", "b", "c", "d", "e"];
        let chosen = sample(&texts, 2, 1);
        assert_eq!(chosen.len(), 2);
        let picked: Vec<&str> = chosen.iter().map(|&i| texts[i]).collect();
        assert_eq!(sample(&picked, 2, 1).len(), 2);
        let without: Vec<&str> = texts
            .iter()
            .copied()
            .filter(|t| picked.contains(t) || *t == "e")
            .collect();
        let again: Vec<&str> = sample(&without, 2, 1).iter().map(|&i| without[i]).collect();
        assert_eq!(again, picked);
    }
}
