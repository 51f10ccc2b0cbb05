//! What owners decide about issues: it always wins, holds from its day on, and rewrites nothing.

use crate::assign::{Night, Standing};
use crate::lifecycle::unite;
use crate::split::{Parts, members_of};
use crate::state::{ShopState, issue_place};
use refrain_record::{Date, IssueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One decision about an issue; of an issue merged since, it is about the one that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueDecision {
    /// Shop.
    pub shop_id: String,
    /// Issue.
    pub issue_id: IssueId,
    /// Day from whose night on it holds.
    pub on: Date,
    /// What is decided.
    pub verb: Verb,
}

/// What an owner can decide about an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It is called so.
    Rename(String),
    /// It is the same problem as another issue, which stands for both from now on and is never split by a night.
    MergeInto(String),
    /// These conversations, as `source/conversation_id`, and the members more like them than like the rest are another
    /// problem; no night merges the two again.
    Split(Vec<String>),
    /// It is none, such as thanks or an automatic reply; members still join it, and it is shown to nobody.
    NotAnIssue,
    /// An FAQ entry at this address answers it.
    Answered(String),
    /// The team that owns it.
    Owner(String),
    /// It is an open issue again: no longer `not_an_issue` or `answered`.
    Reopen,
}

/// What holds for an issue by decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decided {
    pub(crate) name: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) faq_url: Option<String>,
    pub(crate) is_no_issue: bool,
    /// It is one problem, whatever its members look like.
    pub(crate) is_whole: bool,
}

impl Decided {
    /// What an issue takes over from one that joins it, where it has nothing of its own.
    pub(crate) fn inherit(&mut self, other: &Self) {
        let or = |own: &mut Option<String>, theirs: &Option<String>| {
            if own.is_none() {
                own.clone_from(theirs);
            }
        };
        or(&mut self.name, &other.name);
        or(&mut self.owner, &other.owner);
        or(&mut self.faq_url, &other.faq_url);
    }
}

/// Follows a shop's decisions in their order; gives the number of those that name what the shop does not have.
pub(crate) fn follow(
    night: &Night<'_>,
    shop: &mut ShopState,
    shop_id: &str,
    standings: &mut [Option<Standing>],
    decisions: &[&IssueDecision],
) -> usize {
    let mut num_strange = 0;
    for decision in decisions {
        let place = |id: &IssueId, shop: &ShopState| {
            let known = issue_place(shop_id, id).filter(|&place| place < shop.issues.len());
            known.map(|place| shop.issues[place].canonical)
        };
        let Some(at) = place(&decision.issue_id, shop) else {
            num_strange += 1;
            continue;
        };
        let decided = &mut shop.issues[at].decided;
        match &decision.verb {
            Verb::Rename(name) => decided.name = Some(name.clone()),
            Verb::Owner(owner) => decided.owner = Some(owner.clone()),
            Verb::Answered(url) => {
                decided.faq_url = Some(url.clone());
                decided.is_no_issue = false;
            }
            Verb::NotAnIssue => decided.is_no_issue = true,
            Verb::Reopen => {
                decided.is_no_issue = false;
                decided.faq_url = None;
            }
            Verb::MergeInto(other) => match place(&IssueId::from(other.as_str()), shop) {
                Some(into) => merge(night, shop, at, into, standings),
                None => num_strange += 1,
            },
            Verb::Split(members) => num_strange += usize::from(!split(night, shop, at, members, standings)),
        }
    }
    num_strange
}

fn merge(night: &Night<'_>, shop: &mut ShopState, gone: usize, into: usize, standings: &[Option<Standing>]) {
    if gone == into {
        return;
    }
    let num_members = members_of(shop, standings)[gone].len();
    shop.kept_apart
        .retain(|&(a, b)| !((a, b) == (gone, into) || (a, b) == (into, gone)));
    unite(night, shop, into, gone, num_members as i64, None);
    shop.issues[into].decided.is_whole = true;
}

fn split(
    night: &Night<'_>,
    shop: &mut ShopState,
    from: usize,
    named: &[String],
    standings: &mut [Option<Standing>],
) -> bool {
    let own = &members_of(shop, standings)[from];
    let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    let is_named = |at: usize| {
        let request = &night.requests[at];
        named.contains(format!("{}/{}", request.source, request.conversation_id).as_str())
    };
    let Some(parts) = Parts::around(night, shop, own, &is_named) else {
        return false;
    };
    shop.issues[from].decided.is_whole = false;
    // What was made part of it is parted anew.
    for issue in shop.issues.iter_mut().filter(|issue| issue.canonical == from) {
        issue.keeps_centre = false;
    }
    let first = shop.issues.len();
    parts.come_out(night, shop, from, own, standings, true);
    shop.kept_apart.insert((from, first));
    true
}
