//! How customers word an issue: typical requests that differ from each other.

use std::collections::BTreeMap;

use refrain_record::Language;
use refrain_text::similarity::Profile;
use rustc_hash::FxHashSet;

use crate::texts::{Sampled, Texts, sample};
use crate::window::{Group, Window};

/// Requests of an issue that are compared.
const MAX_SAMPLED: usize = 60;
/// Typical ones are at least this many, where there are so many.
const MIN_TYPICAL: usize = 8;
const MAX_VARIANTS: usize = 5;
/// Of these in other languages.
const MAX_OTHER_LANGUAGES: usize = 2;
/// Requests more alike than this are one variant.
const SAME: f64 = 0.8;

/// The requests nearest to all others, most typical first.
pub(super) struct Typical {
    pub(super) requests: Vec<Sampled>,
}

impl Typical {
    /// The half of the sampled requests that is most like the rest: an odd one out is no variant.
    pub(super) fn of(window: &Window<'_, '_>, group: &Group<'_>, texts: &Texts<'_>) -> Self {
        if group.is_none() {
            return Self { requests: Vec::new() };
        }
        let language = language(group);
        let mut sampled = sample(window, &group.contacts, language, MAX_SAMPLED, |c| texts.request(c));
        let mut likeness: Vec<f64> = vec![0.0; sampled.len()];
        for i in 0..sampled.len() {
            for j in i + 1..sampled.len() {
                let alike = sampled[i].profile.similarity(&sampled[j].profile);
                likeness[i] += alike;
                likeness[j] += alike;
            }
        }
        let mut order: Vec<usize> = (0..sampled.len()).collect();
        order.sort_by(|a, b| likeness[*b].total_cmp(&likeness[*a]).then(a.cmp(b)));
        order.truncate(MIN_TYPICAL.max(sampled.len().div_ceil(2)));
        let mut place = vec![usize::MAX; sampled.len()];
        order.iter().enumerate().for_each(|(at, i)| place[*i] = at);
        let mut requests: Vec<(usize, Sampled)> = place.into_iter().zip(sampled.drain(..)).collect();
        requests.retain(|(at, _)| *at != usize::MAX);
        requests.sort_by_key(|(at, _)| *at);
        Self {
            requests: requests.into_iter().map(|(_, request)| request).collect(),
        }
    }

    /// Mean over the typical requests of `likeness`; `None` without any.
    pub(super) fn mean(&self, likeness: impl Fn(&Profile) -> f64) -> Option<f64> {
        let sum: f64 = self.requests.iter().map(|r| likeness(&r.profile)).sum();
        (!self.requests.is_empty()).then(|| sum / self.requests.len() as f64)
    }
}

/// Language of the issue, where it has one.
pub(super) fn language(group: &Group<'_>) -> Option<Language> {
    group.row.and_then(|row| row.language)
}

/// Keys of at most [`MAX_VARIANTS`] contacts of group `g` and of its family in other languages, one a person.
///
/// The most typical request comes first; each next one is the one least like all chosen so far (greedy
/// max-min), until none is left that says it differently. Then the most typical one of each other
/// language of the family, languages with most contacts first.
pub(super) fn question_variants(window: &Window<'_, '_>, g: usize, typical: &[Typical]) -> Vec<String> {
    let others = other_languages(window, g);
    let own = MAX_VARIANTS - others.len().min(MAX_OTHER_LANGUAGES);
    let mut chosen: Vec<&Sampled> = Vec::new();
    let mut persons: FxHashSet<u32> = FxHashSet::default();
    while chosen.len() < own {
        let left = typical[g].requests.iter().filter(|r| {
            r.person.is_none_or(|p| !persons.contains(&p)) && chosen.iter().all(|c| c.contact != r.contact)
        });
        let nearest = |r: &Sampled| {
            chosen
                .iter()
                .map(|c| c.profile.similarity(&r.profile))
                .fold(0.0, f64::max)
        };
        // Ties to the more typical one, which comes first.
        let next = left
            .map(|r| (nearest(r), r))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(alike, _)| *alike < SAME);
        let Some((_, next)) = next else { break };
        persons.extend(next.person);
        chosen.push(next);
    }
    for other in others.into_iter().take(MAX_OTHER_LANGUAGES) {
        let found = typical[other]
            .requests
            .iter()
            .find(|r| r.person.is_none_or(|p| !persons.contains(&p)));
        if let Some(found) = found {
            persons.extend(found.person);
            chosen.push(found);
        }
    }
    chosen
        .into_iter()
        .map(|r| {
            let c = window.contact(r.contact).conversation;
            format!("{}/{}", c.source, c.conversation_id)
        })
        .collect()
}

/// The largest group of each other language in the family of group `g`, largest first, ties by language.
fn other_languages(window: &Window<'_, '_>, g: usize) -> Vec<usize> {
    let own = &window.groups[g];
    let mut largest: BTreeMap<Language, usize> = BTreeMap::new();
    for (other, group) in window.groups.iter().enumerate() {
        let Some(code) = language(group).filter(|l| Some(*l) != language(own)) else {
            continue;
        };
        if group.family() != own.family() {
            continue;
        }
        let held = largest.entry(code).or_insert(other);
        if group.contacts.len() > window.groups[*held].contacts.len() {
            *held = other;
        }
    }
    let mut groups: Vec<usize> = largest.into_values().collect();
    groups.sort_by_key(|g| std::cmp::Reverse(window.groups[*g].contacts.len()));
    groups
}
