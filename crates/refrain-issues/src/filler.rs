//! Sentences that go with any matter: `could you look into this`, `I am writing about an order`.
//!
//! No list knows them all, a shop's own texts do: such a sentence stands beside requests of many tags. Two requests
//! that share nothing else are then held alike by it, most of all in a language that few speak.

use crate::request::Request;
use refrain_text::{fingerprint, sentences};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Tagged requests that must hold a sentence before it is judged.
const MIN_REQUESTS: usize = 8;
/// A sentence whose most frequent tag has less than this share of its requests goes with any matter.
const MAX_TAG_SHARE: f64 = 0.4;
/// Longer sentences are nobody's formula.
const MAX_CHARS: usize = 120;

/// Hashes of the sentences that say nothing about the matter.
pub(crate) fn learn(requests: &[Request<'_>]) -> BTreeSet<u64> {
    let mut tags: BTreeMap<u64, BTreeMap<&str, usize>> = BTreeMap::new();
    for request in requests {
        let Some(tag) = request.top_tag else { continue };
        let own: BTreeSet<u64> = sentences(request.text)
            .into_iter()
            .filter(|sentence| sentence.chars().count() <= MAX_CHARS)
            .map(fingerprint)
            .collect();
        for sentence in own {
            *tags.entry(sentence).or_default().entry(tag).or_insert(0) += 1;
        }
    }
    let goes_with_any = |counts: &BTreeMap<&str, usize>| {
        let num: usize = counts.values().sum();
        let most = counts.values().copied().max().unwrap_or(0);
        num >= MIN_REQUESTS && (most as f64) < MAX_TAG_SHARE * num as f64
    };
    tags.retain(|_, counts| goes_with_any(counts));
    tags.into_keys().collect()
}

/// The text without such sentences; empty when it holds nothing else.
pub(crate) fn without<'a>(text: &'a str, fillers: &BTreeSet<u64>) -> Cow<'a, str> {
    if fillers.is_empty() {
        return Cow::Borrowed(text);
    }
    let all = sentences(text);
    let kept: Vec<&str> = all
        .iter()
        .copied()
        .filter(|s| !fillers.contains(&fingerprint(s)))
        .collect();
    if kept.len() == all.len() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(kept.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use refrain_record::Date;

    fn request<'a>(text: &'a str, tag: &'a str) -> Request<'a> {
        Request {
            shop_id: "de",
            source: "chat",
            conversation_id: "1",
            date: Date(1),
            seq: 0,
            text,
            language: None,
            person_key: None,
            top_tag: Some(tag),
            vector: None,
        }
    }

    #[test]
    fn what_goes_with_any_tag_is_filler_and_what_has_one_is_not() {
        let texts: Vec<String> = (1..49)
            .map(|i| format!("Where is it, {}? Can you look into this?", "a".repeat(i)))
            .collect();
        let tags = ["a/a", "b/b", "c/c", "d/d"];
        let mut requests: Vec<Request<'_>> = texts
            .iter()
            .zip(tags.iter().cycle())
            .map(|(t, tag)| request(t, tag))
            .collect();
        requests.extend((0..9).map(|_| request("The lamp is broken. Can you look into this?", "a/a")));
        let fillers = learn(&requests);
        assert_eq!(fillers, [fingerprint("can you look into this")].into());
        assert_eq!(
            without("The lamp broke. Can you look into this?", &fillers),
            "The lamp broke."
        );
        assert_eq!(without("Can you look into THIS!", &fillers), "");
        assert_eq!(without("No such thing", &fillers), "No such thing");
        assert!(learn(&requests[..7]).is_empty());
    }
}
