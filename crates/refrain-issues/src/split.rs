//! Issues that have become several: the smaller parts come out of them as issues of their own.
//!
//! What was founded on few texts takes in whatever is near, and a year later one id stands for two problems. So an
//! issue is looked at again whenever its members have doubled: grouped on their own, parts that are less alike than
//! issues may be come out, with a row in the lineage that says from where. The largest part keeps the id.

use crate::assign::{Night, Standing, count};
use crate::context;
use crate::distinct::{Distinct, collapse, sample};
use crate::fusion::Fusion;
use crate::groups::{find_groups, reach_of, sums_of, to_others, unit_rows};
use crate::lifecycle::SAME_WORDS;
use crate::neighbours::nearest_centre;
use crate::request::Request;
use crate::state::{Event, EventKind, IssueState, ShopState};
use ndarray::{Array2, Axis, s};
use refrain_record::Date;
use refrain_record::tables::{IssueLineage, IssueMember};
use refrain_record::{IssueId, LineageEvent};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Members that an issue needs to be looked at, in units of the members that an issue needs to be born.
const MIN_BIRTHS: usize = 4;
/// Texts of an issue that are grouped; the others follow the nearest part.
const GROUPED_FROM: usize = 2_000;
/// How much less alike in words than two issues that merge parts must be.
const WORD_MARGIN: f32 = 0.1;
/// Part of the members that another issue must hold to come out.
const MIN_SHARE: f64 = 0.15;

/// Memberships as they were before `night`: those assigned on it or later left out, those that a split on it or later
/// has moved put back.
///
/// `lineage` is that of the night which left `members`, so that a night can be run again as if for the first time.
#[must_use]
pub fn members_before(members: Vec<IssueMember>, lineage: &[IssueLineage], night: Date) -> Vec<IssueMember> {
    let splits: BTreeMap<(&str, &str), Date> = lineage
        .iter()
        .filter(|row| row.event == LineageEvent::SplitFrom)
        .map(|row| ((row.shop_id.as_str(), row.issue_id.as_str()), row.date))
        .collect();
    let put_back = |mut member: IssueMember| {
        let is_moved = |member: &IssueMember| {
            let id = member.issue_id.as_ref().map_or("", IssueId::as_str);
            splits
                .get(&(member.shop_id.as_str(), id))
                .is_some_and(|&date| date >= night)
        };
        while is_moved(&member) {
            let Some(from) = member.moved_from.pop() else { break };
            member.issue_id = Some(IssueId::from(from));
            member.nearest_issue_id.clone_from(&member.issue_id);
        }
        member
    };
    members
        .into_iter()
        .filter(|member| member.assigned_on < night)
        .map(put_back)
        .collect()
}

/// Members of each issue that stands for itself, as positions among the night's requests.
pub(crate) fn members_of(shop: &ShopState, standings: &[Option<Standing>]) -> Vec<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); shop.issues.len()];
    for (at, standing) in standings.iter().enumerate() {
        if let Some(issue) = standing.as_ref().and_then(|s| s.issue) {
            members[shop.issues[issue].canonical].push(at);
        }
    }
    members
}

/// Splits every issue that has grown enough to be looked at and falls into parts.
pub(crate) fn split_grown(night: &Night<'_>, shop: &mut ShopState, standings: &mut [Option<Standing>]) {
    let members = members_of(shop, standings);
    for place in shop.canonical() {
        let own = &members[place];
        let looked_at = shop.issues[place].looked_at.max(MIN_BIRTHS * night.cfg.min_members / 2);
        if own.len() < 2 * looked_at {
            continue;
        }
        shop.issues[place].looked_at = own.len();
        let Some(parts) = Parts::found(night, shop, own) else {
            continue;
        };
        if parts.num > 1 && !shop.issues[place].decided.is_whole {
            parts.come_out(night, shop, place, own, standings, false);
        } else {
            parts.renew_reach(night, &mut shop.issues[place]);
        }
    }
}

/// The members of one issue by their distinct texts, and the part that each text is in; 0 stays.
pub(crate) struct Parts<'a> {
    texts: Distinct<'a>,
    points: Array2<f32>,
    sizes: Vec<usize>,
    labels: Vec<Option<u32>>,
    num: usize,
}

impl<'a> Parts<'a> {
    /// All in one part; `None` without a basis.
    fn whole(night: &Night<'a>, shop: &ShopState, own: &[usize]) -> Option<Self> {
        let basis = shop.basis.as_ref()?;
        let texts: Vec<&str> = own.iter().map(|&at| night.requests[at].text).collect();
        let texts = collapse(&texts);
        let of: Vec<&Request<'_>> = texts
            .positions
            .iter()
            .map(|list| &night.requests[own[list[0]]])
            .collect();
        Some(Self {
            points: context::embed(basis, &shop.tags, &texts.texts, &of),
            sizes: texts.positions.iter().map(Vec::len).collect(),
            labels: vec![Some(0); texts.texts.len()],
            num: 1,
            texts,
        })
    }

    /// The parts that the members fall into, the largest first.
    fn found(night: &Night<'a>, shop: &ShopState, own: &[usize]) -> Option<Self> {
        let mut parts = Self::whole(night, shop, own)?;
        let chosen = sample(&parts.texts.texts, GROUPED_FROM, night.cfg.seed);
        let sizes: Vec<usize> = chosen.iter().map(|&at| parts.sizes[at]).collect();
        let groups = find_groups(parts.points.select(Axis(0), &chosen).view(), &sizes, night.split_cfg);
        let nearest = nearest_centre(parts.points.view(), groups.centres.view());
        let labels: Vec<Option<u32>> = nearest.iter().map(|n| n.map(|n| n.row)).collect();
        let labels = parts.same_words_united(shop, labels, groups.centres.nrows());
        let mut weights = vec![0; groups.centres.nrows()];
        for (label, size) in labels.iter().zip(&parts.sizes) {
            if let Some(label) = label {
                weights[*label as usize] += size;
            }
        }
        let enough = |weight: usize| weight >= night.cfg.min_members && weight as f64 >= MIN_SHARE * own.len() as f64;
        let mut order: Vec<usize> = (0..weights.len()).filter(|&group| enough(weights[group])).collect();
        order.sort_by_key(|&group| (Reverse(weights[group]), group));
        // What is near to no part stays; so does what is too little to come out.
        let mut part_of = vec![0_u32; weights.len()];
        for (&group, part) in order.iter().zip(0_u32..) {
            part_of[group] = part;
        }
        parts.num = order.len().max(1);
        parts.labels = labels
            .iter()
            .map(|label| Some(label.map_or(0, |label| part_of[label as usize])))
            .collect();
        Some(parts)
    }

    /// Labels with the groups made one whose words are nearly alike: only their tags differ, and a night would merge
    /// them again.
    fn same_words_united(&self, shop: &ShopState, labels: Vec<Option<u32>>, num: usize) -> Vec<Option<u32>> {
        let Some(basis) = &shop.basis else { return labels };
        let words = self.points.slice(s![.., ..basis.dims()]);
        let (mut counts, mut weights) = (vec![0.0; num], vec![0.0; num]);
        for (label, row) in labels.iter().zip(self.points.rows()) {
            if let Some(label) = label {
                counts[*label as usize] += 1.0;
                weights[*label as usize] += context::word_weight(basis, row);
            }
        }
        let mut fusion = Fusion::new(sums_of(words, &labels, num), counts, weights);
        let mut stands_for: Vec<u32> = (0_u32..).take(num).collect();
        while let Some((keep, gone, _)) = fusion.most_alike(SAME_WORDS - WORD_MARGIN) {
            fusion.unite(keep, gone);
            let (from, to) = (stands_for[gone], stands_for[keep]);
            stands_for.iter_mut().filter(|s| **s == from).for_each(|s| *s = to);
        }
        labels.into_iter().map(|l| l.map(|l| stands_for[l as usize])).collect()
    }

    /// Two parts: the named members with all that are more like them than like the rest, and the rest. `None` without
    /// a basis, or when either part would be empty.
    pub(crate) fn around(
        night: &Night<'a>,
        shop: &ShopState,
        own: &[usize],
        is_named: &dyn Fn(usize) -> bool,
    ) -> Option<Self> {
        let mut parts = Self::whole(night, shop, own)?;
        let named: Vec<bool> = parts
            .texts
            .positions
            .iter()
            .map(|list| list.iter().any(|&i| is_named(own[i])))
            .collect();
        parts.labels = named.iter().map(|&named| Some(u32::from(named))).collect();
        let centres = unit_rows(sums_of(parts.points.view(), &parts.labels, 2));
        for ((label, named), point) in parts.labels.iter_mut().zip(&named).zip(parts.points.axis_iter(Axis(0))) {
            if !named && point.dot(&centres.row(1)) > point.dot(&centres.row(0)) {
                *label = Some(1);
            }
        }
        parts.num = 2;
        let is_told = named.contains(&true) && parts.labels.contains(&Some(0));
        is_told.then_some(parts)
    }

    /// Makes an issue of every part but the first, and tells in the lineage where it came from.
    pub(crate) fn come_out(
        &self,
        night: &Night<'_>,
        shop: &mut ShopState,
        from: usize,
        own: &[usize],
        standings: &mut [Option<Standing>],
        by_decision: bool,
    ) {
        let sums = sums_of(self.points.view(), &self.labels, self.num);
        let centres = unit_rows(sums.clone());
        let mut reaches = vec![Vec::new(); self.num];
        for (part, near) in self
            .labels
            .iter()
            .zip(to_others(self.points.view(), &self.sizes, &self.labels))
        {
            if let (Some(part), Some(near)) = (part, near) {
                reaches[*part as usize].push(near);
            }
        }
        let mut word_weights = vec![0.0; self.num];
        for (part, row) in self.labels.iter().zip(self.points.rows()) {
            if let (Some(part), Some(basis)) = (part, &shop.basis) {
                word_weights[*part as usize] += context::word_weight(basis, row);
            }
        }
        let first = shop.issues.len();
        for ((part, sum), mut near) in sums.axis_iter(Axis(0)).enumerate().zip(reaches) {
            let in_part = || {
                self.labels
                    .iter()
                    .zip(&self.sizes)
                    .filter(|(l, _)| **l == Some(count(part)))
            };
            if part > 0 {
                let num_members = in_part().map(|(_, size)| size).sum();
                shop.issues.push(IssueState {
                    looked_at: num_members,
                    ..IssueState::born(first + part - 1, night.as_of, 0, night.cfg.assign_min_similarity)
                });
                shop.lineage.push(Event {
                    date: night.as_of.0,
                    issue: first + part - 1,
                    kind: EventKind::SplitFrom,
                    other: Some(from),
                    num_members: num_members as i64,
                    evidence: (!by_decision).then(|| f64::from(centres.row(part).dot(&centres.row(0)))),
                    by_decision,
                });
            }
            let issue = &mut shop.issues[if part == 0 { from } else { first + part - 1 }];
            issue.sum = sum.to_vec();
            issue.num_texts = count(in_part().count());
            issue.word_weight = word_weights[part];
            issue.min_similarity = reach_of(&mut near, night.cfg.assign_min_similarity);
            issue.named_at = 0;
        }
        for (part, positions) in self.labels.iter().zip(&self.texts.positions) {
            let Some(part) = part.filter(|&part| part > 0) else {
                continue;
            };
            let target = first + part as usize - 1;
            for &at in positions {
                // The night and the likeness of the first assignment stay.
                if let Some(standing) = &mut standings[own[at]] {
                    standing.moved_from.extend(standing.issue);
                    standing.issue = Some(target);
                    standing.nearest = Some(target);
                }
            }
        }
    }

    /// Few founders are near each other by chance, and a reach taken from them shuts out what belongs.
    fn renew_reach(&self, night: &Night<'_>, issue: &mut IssueState) {
        let one = vec![Some(0); self.sizes.len()];
        let mut near: Vec<f32> = to_others(self.points.view(), &self.sizes, &one)
            .into_iter()
            .flatten()
            .collect();
        issue.min_similarity = reach_of(&mut near, night.cfg.assign_min_similarity);
    }
}
