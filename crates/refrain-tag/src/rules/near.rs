//! Which hits of two phrases stand near each other, counted in tokens.

use super::engine::Hit;
use super::fold::{is_unspaced, is_word};
use std::ops::Range;

/// For each `a` the closest `b` beside it within so many tokens, as bytes that cover both; ties go
/// to the earlier. Both lists hold one phrase each, by place.
pub(super) fn each_pair(a: &[Hit], b: &[Hit], within: u32, tokens: &[u32], mut pair: impl FnMut(Range<usize>)) {
    // Counts tokens that begin at or before the byte.
    let token_at = |byte: u32| tokens.partition_point(|&start| start <= byte);
    let distance = |left: &Hit, right: &Hit| token_at(right.start).saturating_sub(token_at(left.end.saturating_sub(1)));
    for hit in a {
        // Hits of one phrase rise by start and by end alike.
        let before = b
            .partition_point(|other| other.end <= hit.start)
            .checked_sub(1)
            .map(|at| &b[at]);
        let after = b.get(b.partition_point(|other| other.start < hit.end));
        let left = before.map(|other| (distance(other, hit), other.start, hit.end));
        let right = after.map(|other| (distance(hit, other), hit.start, other.end));
        if let Some((distance, start, end)) = left.into_iter().chain(right).min()
            && distance <= within as usize
        {
            pair(start as usize..end as usize);
        }
    }
}

/// Appends the byte at which each token begins: words, and each character of unspaced scripts.
pub(super) fn list_tokens(text: &str, tokens: &mut Vec<u32>) {
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        let unspaced = is_unspaced(c);
        let word = is_word(c) && !unspaced;
        if unspaced || (word && !in_word) {
            tokens.push(at as u32);
        }
        in_word = word;
    }
}
