//! Issues that have become several: the smaller parts come out of them as issues of their own.
//!
//! What was founded on few texts takes in whatever is near, and a year later one id stands for two problems. So an
//! issue is looked at again whenever its members have doubled: grouped on their own, parts that are less alike than
//! issues may be come out, with a row in the lineage that says from where. The largest part keeps the id.

use crate::assign::{Night, Standing, count};
use crate::context;
use crate::distinct::{collapse, sample};
use crate::groups::{find_groups, reach_of, sums_of, to_others, unit_rows};
use crate::neighbours::nearest_centre;
use crate::request::Request;
use crate::state::{Event, EventKind, IssueState, ShopState};
use ndarray::{Array2, Axis};
use std::cmp::Reverse;

/// Members that an issue needs to be looked at, in units of the members that an issue needs to be born.
const MIN_BIRTHS: usize = 4;
/// Texts of an issue that are grouped; the others follow the nearest part.
const GROUPED_FROM: usize = 2_000;
/// Part of the members that another issue must hold to come out.
const MIN_SHARE: f64 = 0.15;

/// Splits every issue that has grown enough to be looked at and falls into parts.
pub(crate) fn split_grown(night: &Night<'_>, shop: &mut ShopState, standings: &mut [Option<Standing>]) {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); shop.issues.len()];
    for (at, standing) in standings.iter().enumerate() {
        if let Some(issue) = standing.and_then(|s| s.issue) {
            members[shop.issues[issue].canonical].push(at);
        }
    }
    for place in shop.canonical() {
        let own = &members[place];
        let looked_at = shop.issues[place].looked_at.max(MIN_BIRTHS * night.cfg.min_members / 2);
        if own.len() >= 2 * looked_at {
            shop.issues[place].looked_at = own.len();
            split(night, shop, place, own, standings);
        }
    }
}

fn split(night: &Night<'_>, shop: &mut ShopState, place: usize, own: &[usize], standings: &mut [Option<Standing>]) {
    let Some(basis) = &shop.basis else { return };
    let texts: Vec<&str> = own.iter().map(|&at| night.requests[at].text).collect();
    let distinct = collapse(&texts);
    let of: Vec<&Request<'_>> = distinct
        .positions
        .iter()
        .map(|list| &night.requests[own[list[0]]])
        .collect();
    let points = context::embed(basis, &shop.tags, &distinct.texts, &of);
    let sizes: Vec<usize> = distinct.positions.iter().map(Vec::len).collect();

    let chosen = sample(&distinct.texts, GROUPED_FROM, night.cfg.seed);
    let chosen_sizes: Vec<usize> = chosen.iter().map(|&at| sizes[at]).collect();
    let groups = find_groups(points.select(Axis(0), &chosen).view(), &chosen_sizes, night.split_cfg);
    if groups.centres.nrows() < 2 {
        renew_reach(night, &mut shop.issues[place], &points, &sizes);
        return;
    }
    // What is near to no part stays; so does what is too little to come out.
    let nearest = nearest_centre(points.view(), groups.centres.view());
    let labels: Vec<Option<u32>> = nearest.iter().map(|n| n.map(|n| n.row)).collect();
    let mut weights = vec![0; groups.centres.nrows()];
    for (label, size) in labels.iter().zip(&sizes) {
        if let Some(label) = label {
            weights[*label as usize] += size;
        }
    }
    let enough = |weight: usize| weight >= night.cfg.min_members && weight as f64 >= MIN_SHARE * own.len() as f64;
    let mut order: Vec<usize> = (0..weights.len()).filter(|&group| enough(weights[group])).collect();
    order.sort_by_key(|&group| (Reverse(weights[group]), group));
    if order.len() < 2 {
        renew_reach(night, &mut shop.issues[place], &points, &sizes);
        return;
    }
    // The part of each group: 0 stays.
    let mut part_of = vec![0_u32; weights.len()];
    for (&group, part) in order.iter().zip(0_u32..) {
        part_of[group] = part;
    }
    let parts: Vec<Option<u32>> = labels
        .iter()
        .map(|l| Some(l.map_or(0, |l| part_of[l as usize])))
        .collect();
    let sums = sums_of(points.view(), &parts, order.len());
    let centres = unit_rows(sums.clone());
    let mut reaches = vec![Vec::new(); order.len()];
    for (part, near) in parts.iter().zip(to_others(points.view(), &sizes, &parts)) {
        if let (Some(part), Some(near)) = (part, near) {
            reaches[*part as usize].push(near);
        }
    }
    let first = shop.issues.len();
    for part in 1..order.len() {
        let similarity = centres.row(part).dot(&centres.row(0));
        let num_members = weights[order[part]];
        come_out(night, shop, place, num_members, similarity);
    }
    for (part, (sum, mut near)) in sums.axis_iter(Axis(0)).zip(reaches).enumerate() {
        let issue = &mut shop.issues[if part == 0 { place } else { first + part - 1 }];
        issue.sum = sum.to_vec();
        issue.num_texts = count(parts.iter().flatten().filter(|&&p| p as usize == part).count());
        issue.min_similarity = reach_of(&mut near, night.cfg.assign_min_similarity);
        issue.named_at = 0;
    }
    for (part, positions) in parts.iter().zip(&distinct.positions) {
        let Some(part) = part.filter(|&part| part > 0) else {
            continue;
        };
        let target = first + part as usize - 1;
        for &at in positions {
            // The night and the likeness of the first assignment stay: a replay knows by them where it was.
            if let Some(standing) = &mut standings[own[at]] {
                standing.issue = Some(target);
                standing.nearest = Some(target);
            }
        }
    }
}

/// Few founders are near each other by chance, and a reach taken from them shuts out what belongs.
fn renew_reach(night: &Night<'_>, issue: &mut IssueState, points: &Array2<f32>, sizes: &[usize]) {
    let one = vec![Some(0); sizes.len()];
    let mut near: Vec<f32> = to_others(points.view(), sizes, &one).into_iter().flatten().collect();
    issue.min_similarity = reach_of(&mut near, night.cfg.assign_min_similarity);
}

fn come_out(night: &Night<'_>, shop: &mut ShopState, from: usize, num_members: usize, similarity: f32) {
    let place = shop.issues.len();
    shop.issues.push(IssueState {
        looked_at: num_members,
        ..IssueState::born(place, night.as_of, 0, night.cfg.assign_min_similarity)
    });
    shop.lineage.push(Event {
        date: night.as_of.0,
        issue: place,
        kind: EventKind::SplitFrom,
        other: Some(from),
        num_members: num_members as i64,
        evidence: Some(f64::from(similarity)),
    });
}
