//! What happens to issues after a night's assignments: merged, died, revived, named.

use crate::assign::{Night, Standing, add};
use crate::fusion::Fusion;
use crate::names::{Class, Said, name_classes};
use crate::state::{Event, EventKind, ShopState};
use refrain_record::Language;
use std::collections::{BTreeMap, BTreeSet};

/// Likeness of words alone from which two issues are one where one of them has no tag of its own: a tagger does not know
/// all that customers speak of.
pub(crate) const SAME_WORDS: f32 = 0.85;
/// Members from which on a name stays; before, it is made anew whenever they have doubled.
const NAME_SETTLES_AT: usize = 50;

/// Counts of one issue as assigned, without those of issues merged into it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally<'a> {
    /// Positions of its members among the night's requests.
    pub(crate) members: Vec<usize>,
    pub(crate) num_28d: i64,
    pub(crate) num_customers: i64,
    pub(crate) languages: BTreeMap<Language, usize>,
    pub(crate) tags: BTreeMap<&'a str, usize>,
    similarity_sum: f64,
}

/// Most frequent key, ties to the smallest.
pub(crate) fn most_frequent<K: Ord + Copy>(counts: &BTreeMap<K, usize>) -> Option<(K, usize)> {
    counts
        .iter()
        .map(|(&key, &count)| (key, count))
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Counts members by issue and notes when each was seen first and last.
pub(crate) fn tally<'a>(night: &Night<'a>, shop: &mut ShopState, standings: &[Standing]) -> Vec<Tally<'a>> {
    let mut tallies = vec![Tally::default(); shop.issues.len()];
    let mut persons: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); shop.issues.len()];
    let mut seen = vec![(i32::MAX, i32::MIN); shop.issues.len()];
    for (at, (request, standing)) in night.requests.iter().zip(standings).enumerate() {
        let Some(issue) = standing.issue else {
            continue;
        };
        let tally = &mut tallies[issue];
        tally.members.push(at);
        tally.num_28d += i64::from(night.as_of.days_since(request.date) < 28);
        tally.num_customers += i64::from(request.person_key.is_none_or(|person| persons[issue].insert(person)));
        tally.similarity_sum += standing.similarity.unwrap_or(0.0);
        if let Some(language) = request.language {
            *tally.languages.entry(language).or_insert(0) += 1;
        }
        if let Some(tag) = request.top_tag {
            *tally.tags.entry(tag).or_insert(0) += 1;
        }
        seen[issue] = (seen[issue].0.min(request.date.0), seen[issue].1.max(request.date.0));
    }
    for (issue, (first, last)) in shop.issues.iter_mut().zip(seen) {
        if first <= last {
            (issue.first_seen, issue.last_seen) = (first, last);
        }
    }
    tallies
}

/// Writes the night's events: births completed with their counts, then merges, deaths and revivals.
pub(crate) fn age(night: &Night<'_>, shop: &mut ShopState, tallies: &[Tally<'_>]) {
    for event in shop
        .lineage
        .iter_mut()
        .filter(|e| e.kind == EventKind::Born && e.date == night.as_of.0)
    {
        let tally = &tallies[event.issue];
        event.num_members = tally.members.len() as i64;
        event.evidence = (!tally.members.is_empty()).then(|| tally.similarity_sum / tally.members.len() as f64);
    }
    merge_near(night, shop, tallies);
    let mut last_seen = vec![i32::MIN; shop.issues.len()];
    let mut num_members = vec![0; shop.issues.len()];
    for (issue, tally) in shop.issues.iter().zip(tallies) {
        last_seen[issue.canonical] = last_seen[issue.canonical].max(issue.last_seen);
        num_members[issue.canonical] += tally.members.len() as i64;
    }
    for place in shop.canonical() {
        let quiet_days = i64::from(night.as_of.0) - i64::from(last_seen[place]);
        let is_quiet = quiet_days >= i64::from(night.cfg.quiet_days);
        if is_quiet == shop.issues[place].is_dormant {
            continue;
        }
        shop.issues[place].is_dormant = is_quiet;
        shop.lineage.push(Event {
            date: night.as_of.0,
            issue: place,
            kind: if is_quiet { EventKind::Died } else { EventKind::Revived },
            other: None,
            num_members: num_members[place],
            evidence: None,
            by_decision: false,
        });
    }
}

/// Younger issues join older ones that have come as near as `merge_similarity`, unless owners hold them apart.
fn merge_near(night: &Night<'_>, shop: &mut ShopState, tallies: &[Tally<'_>]) {
    let places = shop.canonical();
    let mut fusions = [Fusion::of_issues(shop, &places), Fusion::of_words(shop, &places)];
    for i in 0..places.len() {
        for j in i + 1..places.len() {
            let decided = |at: usize| shop.issues[places[at]].decided.is_no_issue;
            let pair = (places[i], places[j]);
            if decided(i) != decided(j)
                || shop.kept_apart.contains(&pair)
                || shop.kept_apart.contains(&(pair.1, pair.0))
            {
                fusions.iter_mut().for_each(|fusion| fusion.keep_apart(i, j));
            }
        }
    }
    // Where both have a tag of their own, tags tell them apart better than words do.
    let has_tag = |place: &usize| {
        let of_issue = shop
            .issues
            .iter()
            .zip(tallies)
            .filter(|(issue, _)| issue.canonical == *place);
        let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
        let mut num = 0;
        for (_, tally) in of_issue {
            num += tally.members.len();
            tally
                .tags
                .iter()
                .for_each(|(tag, count)| *tags.entry(tag).or_insert(0) += count);
        }
        most_frequent(&tags).is_some_and(|(_, count)| 2 * count > num)
    };
    for at in (0..places.len()).filter(|&at| has_tag(&places[at])) {
        fusions[1].mark_exclusive(at);
    }
    let alike = |fusions: &[Fusion; 2]| {
        let [whole, words] = fusions;
        whole
            .most_alike(night.cfg.merge_similarity)
            .or_else(|| words.most_alike(SAME_WORDS))
    };
    while let Some((keep, gone, similarity)) = alike(&fusions) {
        fusions.iter_mut().for_each(|fusion| fusion.unite(keep, gone));
        let (older, younger) = (places[keep], places[gone]);
        let own = shop.issues.iter().zip(tallies).filter(|(i, _)| i.canonical == younger);
        let num_members = own.map(|(_, tally)| tally.members.len() as i64).sum();
        unite(night, shop, older, younger, num_members, Some(f64::from(similarity)));
    }
}

/// Makes `into` stand for `gone` and all that it stood for; without evidence, by an owner's decision: then `gone` keeps
/// its centre, as the two may be little alike.
pub(crate) fn unite(
    night: &Night<'_>,
    shop: &mut ShopState,
    into: usize,
    gone: usize,
    num_members: i64,
    evidence: Option<f64>,
) {
    let absorbed = shop.issues[gone].clone();
    let by_decision = evidence.is_none();
    shop.issues[gone].keeps_centre = by_decision;
    let issue = &mut shop.issues[into];
    if !by_decision {
        add(&mut issue.sum, absorbed.sum.iter());
        issue.num_texts += absorbed.num_texts;
        issue.word_weight += absorbed.word_weight;
        issue.min_similarity = issue.min_similarity.min(absorbed.min_similarity);
    }
    issue.decided.inherit(&absorbed.decided);
    for issue in shop.issues.iter_mut().filter(|issue| issue.canonical == gone) {
        issue.canonical = into;
    }
    let moved = |place: usize| if place == gone { into } else { place };
    shop.kept_apart = shop
        .kept_apart
        .iter()
        .map(|&(a, b)| (moved(a), moved(b)))
        .filter(|(a, b)| a != b)
        .collect();
    shop.lineage.push(Event {
        date: night.as_of.0,
        issue: gone,
        kind: EventKind::MergedInto,
        other: Some(into),
        num_members,
        evidence,
        by_decision,
    });
}

/// Names issues that have none, and young ones whose members have doubled since.
pub(crate) fn name(night: &Night<'_>, shop: &mut ShopState, tallies: &[Tally<'_>]) {
    let places = shop.canonical();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); shop.issues.len()];
    for (issue, tally) in shop.issues.iter().zip(tallies) {
        members[issue.canonical].extend(&tally.members);
    }
    let is_due = |place: usize| {
        let named_at = shop.issues[place].named_at;
        named_at == 0 || (named_at < NAME_SETTLES_AT && members[place].len() >= 2 * named_at)
    };
    let due: Vec<bool> = places.iter().map(|&place| is_due(place)).collect();
    if !due.contains(&true) {
        return;
    }
    let classes: Vec<Class<'_>> = places.iter().map(|&place| class(night, &members[place])).collect();
    for ((place, is_due), name) in places.into_iter().zip(due).zip(name_classes(&classes)) {
        let issue = &mut shop.issues[place];
        if is_due && !members[place].is_empty() {
            issue.named_at = members[place].len();
            issue.terms = name.terms;
            issue.name = name.title;
        }
    }
}

fn class<'a>(night: &Night<'a>, members: &[usize]) -> Class<'a> {
    let mut languages: BTreeMap<Language, usize> = BTreeMap::new();
    for &at in members {
        if let Some(language) = night.requests[at].language {
            *languages.entry(language).or_insert(0) += 1;
        }
    }
    let language = most_frequent(&languages).map(|l| l.0);
    let said: Vec<Said<'_>> = members
        .iter()
        .map(|&at| &night.requests[at])
        .filter(|r| language.is_none() || r.language.is_none() || r.language == language)
        .map(|r| Said {
            text: r.text,
            person: r.person_key,
        })
        .collect();
    Class::new(language, &said, night.cfg.seed)
}
