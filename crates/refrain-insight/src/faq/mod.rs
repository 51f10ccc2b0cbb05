//! What the FAQ owner should look at: the dearest open issues, what each asks for, and how customers word it.

mod entries;
mod searches;
mod variants;

use rayon::prelude::*;
use refrain_record::tables::{FaqQueueItem, IssueRanking};
use refrain_record::{FaqQueueKind, IssueStatus, Label, TagPath};
use rustc_hash::FxHashMap;

use crate::InsightConfig;
use crate::night::Night;
use crate::texts::Texts;
use crate::window::{Group, Window};
use entries::{Entries, Match};
use searches::{Searches, search_counts};
use variants::{Typical, question_variants};

/// The table `faq_queue`, by its key, for open issues of `ranking` raised by at least
/// `min_customers_published` persons.
///
/// Without texts in the facts there are no question variants, and entries match by tag and clicks alone.
#[must_use]
pub fn faq_queue(night: &Night<'_>, ranking: &[IssueRanking], config: &InsightConfig) -> Vec<FaqQueueItem> {
    let mut rows = Vec::new();
    for window in Window::all(night) {
        let texts = Texts::of(night, &window);
        let typical: Vec<Typical> = window
            .groups
            .par_iter()
            .map(|group| Typical::of(&window, group, &texts))
            .collect();
        let desk = Desk {
            night,
            window: &window,
            entries: Entries::of(night, &window),
            searches: search_counts(night, &window, &typical),
            typical,
            config,
        };
        rows.extend(desk.queue(ranking));
    }
    rows
}

/// All that a shop's rows are made of.
struct Desk<'w, 'n, 'a> {
    night: &'w Night<'a>,
    window: &'w Window<'n, 'a>,
    entries: Entries<'a>,
    /// By group.
    typical: Vec<Typical>,
    /// By group.
    searches: Vec<Searches<'a>>,
    config: &'w InsightConfig,
}

impl<'a> Desk<'_, '_, 'a> {
    fn queue(&self, ranking: &[IssueRanking]) -> Vec<FaqQueueItem> {
        let places: FxHashMap<&str, usize> = self
            .window
            .groups
            .iter()
            .enumerate()
            .filter(|(_, group)| is_open(group))
            .map(|(g, group)| (group.issue, g))
            .collect();
        let shop_id = self.window.shop.shop.shop_id;
        let mut ranked: Vec<(&IssueRanking, usize)> = ranking
            .iter()
            .filter(|r| r.shop_id == *shop_id && r.rank > 0 && r.num_customers >= self.config.min_customers_published)
            .filter_map(|r| Some((r, *places.get(r.issue_id.as_str())?)))
            .collect();
        ranked.sort_by_key(|(row, _)| row.rank);
        let mut rows: Vec<FaqQueueItem> = ranked
            .par_iter()
            .enumerate()
            .map(|(place, (ranked, g))| self.item(ranked, *g, place as i64 + 1))
            .collect();
        rows.sort_by(|a, b| a.issue_id.cmp(&b.issue_id));
        rows
    }

    fn item(&self, ranked: &IssueRanking, g: usize, rank: i64) -> FaqQueueItem {
        let group = &self.window.groups[g];
        let searches = &self.searches[g];
        let (found, faq_similarity) = self.entries.best(group, &self.typical[g], searches);
        let unanswered = |c: &&u32| self.window.contact(**c).conversation.num_bot_fallbacks > 0;
        FaqQueueItem {
            shop_id: ranked.shop_id.clone(),
            issue_id: ranked.issue_id.clone(),
            issue_family_id: ranked.issue_family_id.clone(),
            rank,
            kind: self.kind(group, found.as_ref()),
            num_conversations_28d: ranked.num_conversations,
            currency: ranked.currency.clone(),
            cost: ranked.cost,
            suggested_owner: self.owner(group, found.as_ref()),
            question_variants: question_variants(self.window, g, &self.typical),
            faq_source: found.as_ref().and_then(|m| Some(m.entry?.source.clone())),
            faq_id: found.as_ref().and_then(|m| Some(m.entry?.faq_id.clone())),
            faq_similarity,
            faq_matched_by: found.as_ref().map(|m| m.by.into()),
            num_searches: searches.num,
            num_searches_no_result: searches.num_no_result,
            num_searches_no_click: searches.num_no_click,
            num_bot_unanswered: group.contacts.iter().filter(unanswered).count() as i64,
        }
    }

    fn kind(&self, group: &Group<'a>, found: Option<&Match<'a>>) -> FaqQueueKind {
        let is_policy = |tag: &str| {
            self.config.policy_tags.iter().any(|policy| {
                let rest = tag.strip_prefix(policy.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        if group.top_tag().is_some_and(is_policy) {
            FaqQueueKind::UnclearPolicy
        } else if found.is_some_and(Match::is_readable) {
            FaqQueueKind::ExistingNotFound
        } else {
            FaqQueueKind::NewAnswer
        }
    }

    fn owner(&self, group: &Group<'a>, found: Option<&Match<'a>>) -> Option<Label> {
        let decided = group.row.and_then(|row| row.owner.clone());
        let of_tag = || {
            group
                .top_tag()
                .and_then(|tag| (self.night.facts.owner_of)(&TagPath::from(tag)))
        };
        let of_entry = || found.and_then(|m| m.entry?.owner.clone());
        decided.or_else(of_tag).or_else(of_entry)
    }
}

/// Whether an issue still asks for something; one without a row is not known well enough to say.
fn is_open(group: &Group<'_>) -> bool {
    group.row.is_some_and(|row| match row.status {
        IssueStatus::Active | IssueStatus::Dormant => true,
        IssueStatus::Merged | IssueStatus::Answered | IssueStatus::NotAnIssue => false,
    })
}

#[cfg(test)]
#[path = "faq_tests.rs"]
mod tests;
