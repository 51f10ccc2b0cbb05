//! One night of the issues stage: members stay, new requests join or found issues, rows come out.

use crate::assign::{Night, Standing};
use crate::context::{in_context, in_context_for_splits};
use crate::decide::{IssueDecision, follow};
use crate::lifecycle::{Tally, age, most_frequent, name, tally};
use crate::request::{NightIssues, Request, check_order};
use crate::state::{IssueState, ShopState, State, issue_id, issue_place};
use crate::{IssuesConfig, IssuesError, filler};
use rayon::prelude::*;
use refrain_record::tables::{Issue, IssueMember};
use refrain_record::{Date, IssueId, IssueStatus, Label, Language, MembershipKind, ShopId, TagPath};
use refrain_text::fingerprint;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

const NUM_EXAMPLES: usize = 5;
/// Longest title taken from a text.
const MAX_TITLE_CHARS: usize = 60;
/// Share of members with its top tag from which an issue takes part in a family.
const FAMILY_MIN_TAG_SHARE: f64 = 0.5;
/// Share below which it leaves.
const FAMILY_STAY_TAG_SHARE: f64 = 0.35;

type Key<'a> = (&'a str, &'a str, &'a str);
type Prior<'a> = FxHashMap<Key<'a>, &'a IssueMember>;

/// Runs the night `as_of`.
///
/// `requests` are all requests dated up to `as_of`, sorted by shop, date, source and conversation;
/// `prior_members` the rows that the night of `state` left, and `decisions` all of the owners', oldest first: those
/// later than `state` and not later than `as_of` are followed before anything else. A membership once given changes
/// by a split alone, which the lineage tells; a conversation without issue may still found or join one while it lies
/// in the window. Requests without text get no row, and rows of conversations that are gone are dropped.
///
/// The result depends on nothing but the arguments, whatever the number of threads.
///
/// # Errors
/// When an option is out of range, `requests` are out of order, `state` is not of an earlier
/// night, or a prior membership names an issue that `state` does not know.
pub fn run_night(
    mut state: State,
    requests: &[Request<'_>],
    prior_members: &[IssueMember],
    decisions: &[IssueDecision],
    cfg: &IssuesConfig,
    as_of: Date,
) -> Result<NightIssues, IssuesError> {
    cfg.check()?;
    let cfg = &cfg.for_embedder();
    check_order(requests, as_of)?;
    if let Some(found) = state.as_of().filter(|&night| night >= as_of) {
        return Err(IssuesError::LaterState { found, as_of });
    }
    let prior = index(prior_members);
    let said: Vec<Request<'_>> = requests.iter().filter(|r| r.has_text()).copied().collect();
    let mut by_shop: BTreeMap<String, &[Request<'_>]> = state.shops.keys().map(|s| (s.clone(), &[][..])).collect();
    by_shop.extend(
        said.chunk_by(|a, b| a.shop_id == b.shop_id)
            .map(|list| (list[0].shop_id.to_owned(), list)),
    );

    let (mut issues, mut members, mut num_strange) = (Vec::new(), Vec::new(), 0);
    for (shop_id, requests) in by_shop {
        let mut shop = state.shops.remove(&shop_id).unwrap_or_default();
        let matters = matters(requests, cfg);
        let requests = &with_texts(requests, &matters);
        let night = Night {
            requests,
            cfg: &in_context(cfg, requests),
            split_cfg: &in_context_for_splits(cfg, requests),
            as_of,
        };
        let mut before = prior_standings(&shop_id, &shop, requests, &prior)?;
        let new: Vec<&IssueDecision> = decisions
            .iter()
            .filter(|d| d.shop_id == shop_id && d.on <= as_of && state.as_of.is_none_or(|night| d.on.0 > night))
            .collect();
        num_strange += follow(&night, &mut shop, &shop_id, &mut before, &new);
        let standings = night.settle(&mut shop, before);
        let tallies = tally(&night, &mut shop, &standings);
        age(&night, &mut shop, &tallies);
        name(&night, &mut shop, &tallies);
        renew_families(&mut shop, &tallies);
        issues.extend(issue_rows(&night, &shop, &shop_id, &tallies, &standings));
        members.extend(requests.iter().zip(&standings).map(|(r, s)| member_row(r, s)));
        state.shops.insert(shop_id, shop);
    }
    state.as_of = Some(as_of.0);
    issues.sort_by(|a, b| (&a.shop_id, &a.issue_id).cmp(&(&b.shop_id, &b.issue_id)));
    members.sort_by(|a: &IssueMember, b| {
        (&a.shop_id, &a.source, &a.conversation_id).cmp(&(&b.shop_id, &b.source, &b.conversation_id))
    });
    let lineage = state.lineage();
    Ok(NightIssues {
        state,
        issues,
        members,
        lineage,
        num_strange_decisions: num_strange,
    })
}

/// What each request says beside fillers; all of it where vectors of a model outside were made from all of it.
fn matters<'a>(requests: &[Request<'a>], cfg: &IssuesConfig) -> Vec<Cow<'a, str>> {
    let fillers = match cfg.vectors_of {
        Some(_) => BTreeSet::new(),
        None => filler::learn(requests),
    };
    requests
        .par_iter()
        .map(|request| filler::without(request.text, &fillers))
        .collect()
}

fn with_texts<'a>(requests: &[Request<'a>], texts: &'a [Cow<'_, str>]) -> Vec<Request<'a>> {
    requests
        .iter()
        .zip(texts)
        .map(|(request, text)| Request { text, ..*request })
        .collect()
}

fn index(members: &[IssueMember]) -> Prior<'_> {
    members
        .iter()
        .map(|m| ((m.shop_id.as_str(), m.source.as_str(), m.conversation_id.as_str()), m))
        .collect()
}

fn prior_standings(
    shop_id: &str,
    shop: &ShopState,
    requests: &[Request<'_>],
    prior: &Prior<'_>,
) -> Result<Vec<Option<Standing>>, IssuesError> {
    let place = |id: &Option<IssueId>| -> Result<Option<usize>, IssuesError> {
        let Some(id) = id else { return Ok(None) };
        let known = issue_place(shop_id, id).filter(|&place| place < shop.issues.len());
        known.map(Some).ok_or_else(|| IssuesError::UnknownIssue {
            issue_id: id.as_str().to_owned(),
        })
    };
    let moved_from = |row: &IssueMember| -> Result<Vec<usize>, IssuesError> {
        let places = row.moved_from.iter().map(|id| place(&Some(IssueId::from(id.as_str()))));
        Ok(places.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    };
    let standing = |request: &Request<'_>| {
        let Some(row) = prior.get(&(shop_id, request.source, request.conversation_id)) else {
            return Ok(None);
        };
        Ok(Some(Standing {
            issue: place(&row.issue_id)?,
            nearest: place(&row.nearest_issue_id)?,
            similarity: row.similarity,
            assigned_on: row.assigned_on,
            moved_from: moved_from(row)?,
        }))
    };
    requests.iter().map(standing).collect()
}

fn member_row(request: &Request<'_>, standing: &Standing) -> IssueMember {
    let id = |place: Option<usize>| place.map(|place| issue_id(request.shop_id, place));
    IssueMember {
        shop_id: request.shop_id.into(),
        source: request.source.into(),
        conversation_id: request.conversation_id.into(),
        date: request.date,
        kind: if standing.issue.is_some() {
            MembershipKind::Member
        } else {
            MembershipKind::NearestOnly
        },
        issue_id: id(standing.issue),
        nearest_issue_id: id(standing.nearest),
        similarity: standing.similarity,
        request_seq: request.seq,
        assigned_on: standing.assigned_on,
        moved_from: standing
            .moved_from
            .iter()
            .map(|&place| issue_id(request.shop_id, place).as_str().to_owned())
            .collect(),
    }
}

fn issue_rows(
    night: &Night<'_>,
    shop: &ShopState,
    shop_id: &str,
    tallies: &[Tally<'_>],
    standings: &[Standing],
) -> Vec<Issue> {
    let row = |(place, tally): (usize, &Tally<'_>)| {
        let issue = &shop.issues[place];
        let tag = most_frequent(&tally.tags);
        Issue {
            shop_id: ShopId::from(shop_id),
            issue_id: issue_id(shop_id, place),
            canonical_id: issue_id(shop_id, issue.canonical),
            issue_family_id: issue_id(shop_id, shop.issues[issue.canonical].family),
            name: issue
                .decided
                .name
                .clone()
                .unwrap_or_else(|| title(night, tally, &issue.name)),
            status: status(issue, place),
            language: most_frequent(&tally.languages).map(|l| l.0),
            terms: issue.terms.clone(),
            example_ids: examples(night, tally, standings),
            top_tag: tag.map(|t| TagPath::from(t.0)),
            top_tag_share: tag.map(|t| t.1 as f64 / tally.members.len() as f64),
            owner: issue.decided.owner.as_deref().map(Label::from),
            faq_url: issue.decided.faq_url.clone(),
            first_seen: Date(issue.first_seen),
            last_seen: Date(issue.last_seen),
            born_on: Date(issue.born_on),
            num_conversations: tally.members.len() as i64,
            num_customers: tally.num_customers,
            num_conversations_28d: tally.num_28d,
        }
    };
    tallies.iter().enumerate().map(row).collect()
}

/// What the owner decided outranks what the days show.
fn status(issue: &IssueState, place: usize) -> IssueStatus {
    if issue.canonical != place {
        IssueStatus::Merged
    } else if issue.decided.is_no_issue {
        IssueStatus::NotAnIssue
    } else if issue.decided.faq_url.is_some() {
        IssueStatus::Answered
    } else if issue.is_dormant {
        IssueStatus::Dormant
    } else {
        IssueStatus::Active
    }
}

/// The issue's name; where its texts hold no phrase of their own, its shortest text, ties to the first.
fn title(night: &Night<'_>, tally: &Tally<'_>, name: &str) -> String {
    if !name.is_empty() {
        return name.to_owned();
    }
    let texts = tally.members.iter().map(|&at| night.requests[at].text.trim());
    let shortest = texts
        .min_by_key(|text| (text.chars().count(), *text))
        .unwrap_or("no members");
    shortest.chars().take(MAX_TITLE_CHARS).collect()
}

/// Members nearest to the centre that say it in different words, ties by id.
fn examples(night: &Night<'_>, tally: &Tally<'_>, standings: &[Standing]) -> Vec<String> {
    let mut ranked: Vec<(f64, &str, &str, &str)> = tally
        .members
        .iter()
        .map(|&at| {
            let request = &night.requests[at];
            (
                standings[at].similarity.unwrap_or(0.0),
                request.source,
                request.conversation_id,
                request.text,
            )
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let mut seen = BTreeSet::new();
    ranked
        .into_iter()
        .filter(|entry| seen.insert(fingerprint(entry.3)))
        .map(|(_, source, conversation, _)| format!("{source}/{conversation}"))
        .take(NUM_EXAMPLES)
        .collect()
}

/// Ties issues of several languages into families by the tag that most of their members carry.
///
/// An issue takes part from `FAMILY_MIN_TAG_SHARE` on and leaves below `FAMILY_STAY_TAG_SHARE`, so that one member more
/// or less changes nothing. The family's id is that of the oldest issue that took part, for as long as anything does;
/// issues of one language alone make none, and whoever makes none is a family of its own.
fn renew_families(shop: &mut ShopState, tallies: &[Tally<'_>]) {
    let mut by_tag = BTreeMap::<&str, Vec<(usize, Language)>>::new();
    for place in shop.canonical() {
        let tally = &tallies[place];
        let (Some((tag, count)), Some((language, _))) = (most_frequent(&tally.tags), most_frequent(&tally.languages))
        else {
            continue;
        };
        let is_in = shop.issues[place].family != place;
        let least = if is_in {
            FAMILY_STAY_TAG_SHARE
        } else {
            FAMILY_MIN_TAG_SHARE
        };
        if count as f64 >= least * tally.members.len() as f64 {
            by_tag.entry(tag).or_default().push((place, language));
        }
    }
    let mut families: Vec<usize> = (0..shop.issues.len()).collect();
    for list in by_tag
        .values()
        .filter(|list| list.iter().any(|entry| entry.1 != list[0].1))
    {
        // An id in use stays, even when an older issue joins.
        let used = list.iter().map(|entry| shop.issues[entry.0].family);
        let of_list = |family: &usize| list.iter().any(|entry| entry.0 == *family);
        let shared = list
            .iter()
            .filter(|entry| shop.issues[entry.0].family != entry.0)
            .count();
        let id = if shared > 0 { used.filter(of_list).min() } else { None };
        let id = id.unwrap_or(list[0].0);
        for entry in list {
            families[entry.0] = id;
        }
    }
    for (issue, family) in shop.issues.iter_mut().zip(families) {
        issue.family = family;
    }
}
