//! Which issues a bot might take over: many, long, answered alike, and known to be contained.
//!
//! A product of scores is not hours, so hours saved come from what bots did contain: the interval of
//! that share times the hours of conversations that no bot has seen yet.

use rayon::prelude::*;
use refrain_record::tables::{AutomationCandidate, IssueRanking};
use refrain_record::{Date, EstimateStatus};
use refrain_text::Similarity;
use rustc_hash::FxHashMap;

use crate::InsightConfig;
use crate::night::{Contact, Night, ShopNight};
use crate::stats::{Z95, wilson};
use crate::tally::handle_s;
use crate::texts::{Texts, by_hash};
use crate::window::{Group, Window};

/// Days up to the run's date in which conversations with a bot are evidence.
const EVIDENCE_DAYS: i32 = 90;
/// Days that must have passed after one.
const MATURE_DAYS: i32 = 7;
const MAX_ANSWERS: usize = 100;
const MIN_ANSWERS: usize = 5;

/// The table `automation_candidates`, by its key, for issues of `ranking` raised by at least
/// `min_customers_published` persons.
///
/// Shares are refused below `min_exposed` conversations with a bot, of the issue or else of its tag.
#[must_use]
pub fn automation_candidates(
    night: &Night<'_>,
    ranking: &[IssueRanking],
    config: &InsightConfig,
) -> Vec<AutomationCandidate> {
    let mut rows = Vec::new();
    for window in Window::all(night) {
        let shop_id = window.shop.shop.shop_id;
        let ranked: FxHashMap<&str, &IssueRanking> = ranking
            .iter()
            .filter(|r| r.shop_id == *shop_id && r.rank > 0 && r.num_customers >= config.min_customers_published)
            .map(|r| (r.issue_id.as_str(), r))
            .collect();
        let texts = Texts::of(night, &window);
        let evidence = Evidence::of(window.shop, night.facts.as_of);
        let mut made: Vec<AutomationCandidate> = window
            .groups
            .par_iter()
            .filter_map(|group| Some((group, *ranked.get(group.issue)?)))
            .map(|(group, ranked)| candidate(&window, group, ranked, &texts, &evidence, config))
            .collect();
        rank(&mut made);
        rows.extend(made);
    }
    rows
}

fn rank(rows: &mut [AutomationCandidate]) {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let hours = |hours: Option<f64>| hours.unwrap_or(-1.0);
    order.sort_by(|a, b| {
        let (a, b) = (&rows[*a], &rows[*b]);
        hours(b.hours_saved_lo)
            .total_cmp(&hours(a.hours_saved_lo))
            .then_with(|| hours(b.handle_h).total_cmp(&hours(a.handle_h)))
            .then_with(|| a.issue_id.cmp(&b.issue_id))
    });
    order.into_iter().zip(1..).for_each(|(i, rank)| rows[i].rank = rank);
}

/// Conversations with a bot whose end is known, and those contained, by issue and by topic.
struct Evidence {
    by_issue: FxHashMap<u32, (i64, i64)>,
    by_topic: FxHashMap<u32, (i64, i64)>,
}

impl Evidence {
    fn of(shop: &ShopNight<'_>, as_of: Date) -> Self {
        let from = Date(as_of.0.saturating_sub(EVIDENCE_DAYS - 1));
        let to = Date(as_of.0.saturating_sub(MATURE_DAYS));
        let mut evidence = Self {
            by_issue: FxHashMap::default(),
            by_topic: FxHashMap::default(),
        };
        for contact in &shop.contacts {
            if contact.date() < from || contact.date() > to {
                continue;
            }
            let Some(contained) = contained(contact) else { continue };
            let count = |cell: &mut (i64, i64)| {
                cell.0 += 1;
                cell.1 += i64::from(contained);
            };
            if let Some(issue) = contact.issue {
                count(evidence.by_issue.entry(issue).or_default());
            }
            for topic in &contact.topics {
                count(evidence.by_topic.entry(*topic).or_default());
            }
        }
        evidence
    }

    /// What it rests on, conversations and contained; why not, where there are too few.
    fn about(
        &self,
        shop: &ShopNight<'_>,
        group: &Group<'_>,
        least: i64,
    ) -> Result<(&'static str, i64, i64), (EstimateStatus, i64, i64)> {
        let issue = shop.issues.binary_search(&group.issue).ok();
        let of_issue = issue
            .and_then(|i| self.by_issue.get(&(i as u32)))
            .copied()
            .unwrap_or_default();
        if of_issue.0 >= least {
            return Ok(("issue", of_issue.0, of_issue.1));
        }
        let topic = group.top_tag().and_then(|tag| shop.topics.binary_search(&tag).ok());
        let of_tag = topic
            .and_then(|i| self.by_topic.get(&(i as u32)))
            .copied()
            .unwrap_or_default();
        if of_tag.0 >= least {
            return Ok(("tag", of_tag.0, of_tag.1));
        }
        let status = if of_issue.0 + of_tag.0 == 0 {
            EstimateStatus::NoBotEvidence
        } else {
            EstimateStatus::TooFew
        };
        let (num, contained) = if of_tag.0 > of_issue.0 { of_tag } else { of_issue };
        Err((status, num, contained))
    }
}

/// `None` without a bot, and without a person: nobody can tell whether they came back.
fn contained(contact: &Contact<'_>) -> Option<bool> {
    contact.person?;
    contact
        .outcome?
        .bot_contained
        .filter(|_| contact.conversation.bot_involved)
}

fn candidate(
    window: &Window<'_, '_>,
    group: &Group<'_>,
    ranked: &IssueRanking,
    texts: &Texts<'_>,
    evidence: &Evidence,
    config: &InsightConfig,
) -> AutomationCandidate {
    let found = evidence.about(window.shop, group, config.min_exposed);
    let contacts = group.contacts.iter().map(|c| window.contact(*c));
    let without_bot: i64 = contacts
        .filter(|c| !c.conversation.bot_involved)
        .filter_map(handle_s)
        .fold(0, i64::saturating_add);
    let without_bot = ranked.handle_h.map(|_| without_bot as f64 / 3_600.0);
    let (mut bot_evidence, mut interval, mut status) = (None, None, EstimateStatus::Ok);
    let (num_bot_matured, num_bot_contained) = match found {
        Ok((basis, num, contained)) => {
            bot_evidence = Some(basis.into());
            interval = Some(wilson(contained, num, Z95));
            (num, contained)
        }
        Err((why, num, contained)) => {
            status = why;
            (num, contained)
        }
    };
    if ranked.handle_h.is_none() {
        status = EstimateStatus::NoHandlingTime;
    }
    let saved = interval.zip(without_bot);
    let (num_answers, answer_homogeneity) = homogeneity(window, group, texts);
    AutomationCandidate {
        shop_id: ranked.shop_id.clone(),
        issue_id: ranked.issue_id.clone(),
        rank: 0,
        num_conversations_28d: ranked.num_conversations,
        handle_h: ranked.handle_h,
        handle_h_estimated_share: ranked.handle_h.and(ranked.handle_s_estimated_share),
        handle_h_without_bot: without_bot,
        num_answers,
        answer_homogeneity,
        bot_evidence,
        num_bot_matured,
        num_bot_contained,
        contained_lo: interval.map(|i| i.0),
        contained_hi: interval.map(|i| i.1),
        hours_saved_lo: saved.map(|(i, h)| i.0 * h),
        hours_saved_hi: saved.map(|(i, h)| i.1 * h),
        status,
    }
}

/// Answers compared, and the mean similarity of their pairs.
fn homogeneity(window: &Window<'_, '_>, group: &Group<'_>, texts: &Texts<'_>) -> (i64, Option<f64>) {
    let mut similarity = Similarity::new(group.row.and_then(|row| row.language));
    let profiles: Vec<_> = by_hash(window, &group.contacts)
        .into_iter()
        .filter_map(|c| texts.answer(c))
        .take(MAX_ANSWERS)
        .map(|words| similarity.profile(&words))
        .collect();
    let num = profiles.len();
    if num < MIN_ANSWERS {
        return (num as i64, None);
    }
    let mut sum = 0.0;
    for (i, one) in profiles.iter().enumerate() {
        sum += profiles[i + 1..].iter().map(|other| one.similarity(other)).sum::<f64>();
    }
    (num as i64, Some(sum / (num * (num - 1) / 2) as f64))
}

#[cfg(test)]
#[path = "automation_tests.rs"]
mod tests;
