//! Which issue a search of the help centre is about, and how the searches of an issue end.

use std::collections::BTreeMap;

use refrain_record::Language;
use refrain_record::tables::HelpSearch;
use refrain_text::Similarity;
use refrain_text::similarity::Profile;

use super::variants::{Typical, language};
use crate::night::Night;
use crate::window::Window;

/// Likeness to a typical request from which a search without a tag is about the issue.
const MATCH: f64 = 0.45;

/// Searches about one issue.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Searches<'a> {
    pub(super) num: i64,
    pub(super) num_no_result: i64,
    pub(super) num_no_click: i64,
    clicks: BTreeMap<&'a str, i64>,
}

impl<'a> Searches<'a> {
    fn add(&mut self, search: &'a HelpSearch) {
        self.num += 1;
        match &search.clicked_faq_id {
            Some(entry) => *self.clicks.entry(entry.as_str()).or_default() += 1,
            None if search.num_results == Some(0) => self.num_no_result += 1,
            None if search.num_results.is_some() => self.num_no_click += 1,
            None => {}
        }
    }

    /// The entry opened most often, ties to the first id.
    pub(super) fn most_clicked(&self) -> Option<(&'a str, i64)> {
        let best = self.clicks.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        best.map(|(entry, clicks)| (*entry, *clicks))
    }
}

/// The window's searches by group; those that fit no issue count nowhere.
///
/// A search that carries a tag goes to an issue of its language with this top tag, else to the one whose
/// typical requests are most like it; ties to the issue with more contacts, then the first id.
pub(super) fn search_counts<'a>(night: &Night<'a>, window: &Window<'_, 'a>, typical: &[Typical]) -> Vec<Searches<'a>> {
    let shop_id = window.shop.shop.shop_id;
    let mut queries: BTreeMap<(&str, Option<Language>), Vec<&'a HelpSearch>> = BTreeMap::new();
    let in_window = |s: &&HelpSearch| s.shop_id == *shop_id && s.date >= window.from && s.date <= window.to;
    for search in night.facts.help_searches.iter().filter(in_window) {
        queries
            .entry((search.query.as_str(), search.language))
            .or_default()
            .push(search);
    }
    let mut counts = vec![Searches::default(); window.groups.len()];
    for ((query, code), searches) in queries {
        let topics = (night.facts.topics_of)(shop_id, query, code);
        let profile = Similarity::new(code).profile(query);
        let fits = |g: &usize| {
            let group = &window.groups[*g];
            let own = language(group);
            !group.is_none() && (code.is_none() || own.is_none() || code == own)
        };
        let has_tag = |g: &usize| {
            let tag = window.groups[*g].top_tag();
            tag.is_some_and(|tag| topics.iter().any(|t| t.as_str() == tag))
        };
        let all: Vec<usize> = (0..window.groups.len()).filter(fits).collect();
        let tagged: Vec<usize> = all.iter().copied().filter(has_tag).collect();
        let found = if tagged.is_empty() {
            nearest(window, &all, typical, &profile).filter(|(_, alike)| *alike >= MATCH)
        } else {
            nearest(window, &tagged, typical, &profile)
        };
        if let Some((g, _)) = found {
            searches.iter().for_each(|search| counts[g].add(search));
        }
    }
    counts
}

fn nearest(window: &Window<'_, '_>, groups: &[usize], typical: &[Typical], query: &Profile) -> Option<(usize, f64)> {
    let alike = |g: usize| {
        let requests = typical[g].requests.iter();
        requests.map(|r| r.profile.similarity(query)).fold(0.0, f64::max)
    };
    let scored = groups.iter().map(|g| (*g, alike(*g)));
    scored.reduce(|held, next| {
        let size = |g: usize| window.groups[g].contacts.len();
        let order = next.1.total_cmp(&held.1).then(size(next.0).cmp(&size(held.0)));
        if order.is_gt() { next } else { held }
    })
}
