//! Which issue each of a shop's requests belongs to, and which issues are born of the rest.

use crate::IssuesConfig;
use crate::basis::{Basis, Utterance};
use crate::context;
use crate::dense::normalise;
use crate::distinct::{Distinct, collapse, sample};
use crate::groups::{Groups, belonging, belonging_to_others, find_groups, reach_of, sums_of, to_others, unit_rows};
use crate::neighbours::{Neighbour, nearest_centre};
use crate::request::Request;
use crate::split::split_grown;
use crate::state::{Event, EventKind, IssueState, ShopState};
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use refrain_record::Date;
use refrain_text::{fold, tokens};
use std::collections::{BTreeMap, BTreeSet};

/// Days between two fits for the sake of new words.
const MIN_DAYS_BETWEEN_FITS: i32 = 7;
const MIN_WORD_CHARS: usize = 4;

/// Where one request stands; places are those of [`ShopState::issues`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    /// Issue as assigned.
    pub(crate) issue: Option<usize>,
    pub(crate) nearest: Option<usize>,
    pub(crate) similarity: Option<f64>,
    pub(crate) assigned_on: Date,
    /// Issues that splits moved it out of, oldest first.
    pub(crate) moved_from: Vec<usize>,
}

/// One night of one shop.
pub(crate) struct Night<'a> {
    /// Requests with text.
    pub(crate) requests: &'a [Request<'a>],
    pub(crate) cfg: &'a IssuesConfig,
    /// The same for the parts of one issue.
    pub(crate) split_cfg: &'a IssuesConfig,
    pub(crate) as_of: Date,
}

/// Distinct texts that look for an issue.
struct Pool<'a> {
    texts: Vec<&'a str>,
    /// Positions in the night's requests.
    positions: Vec<Vec<usize>>,
    /// Conversations of each text that may found an issue.
    sizes: Vec<usize>,
    points: Array2<f32>,
    /// Found so far.
    found: Vec<Found>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Found {
    issue: Option<usize>,
    nearest: Option<(usize, f32)>,
}

impl<'a> Night<'a> {
    /// Settles every request that `prior` leaves open: members stay what they are.
    pub(crate) fn settle(&self, shop: &mut ShopState, prior: Vec<Option<Standing>>) -> Vec<Standing> {
        context::add_tags(&mut shop.tags, self.requests);
        self.renew_basis(shop, &prior);
        let is_first = shop.issues.is_empty();
        let is_fresh = |at: usize| is_first || self.is_in_window(at);
        let open: Vec<usize> = (0..prior.len())
            .filter(|&at| prior[at].as_ref().is_none_or(|p| p.issue.is_none() && is_fresh(at)))
            .collect();
        let mut pool = self.pool(shop, &open, is_fresh);
        join_existing(&mut pool, shop);
        self.found_new(&mut pool, shop);
        let mut standings: Vec<Option<Standing>> = prior;
        for (positions, found) in pool.positions.iter().zip(&pool.found) {
            for &at in positions {
                standings[at] = Some(self.standing(*found));
            }
        }
        split_grown(self, shop, &mut standings);
        // Every request is either settled before or in the pool.
        standings.into_iter().flatten().collect()
    }

    fn is_in_window(&self, at: usize) -> bool {
        i64::from(self.as_of.days_since(self.requests[at].date)) < i64::from(self.cfg.window_days)
    }

    /// Looks at what is open alone, never at what an earlier night said of it: a replayed night
    /// knows the former and not the latter.
    fn standing(&self, found: Found) -> Standing {
        Standing {
            issue: found.issue,
            nearest: found.nearest.map(|n| n.0),
            similarity: found.nearest.map(|n| f64::from(n.1.clamp(-1.0, 1.0))),
            assigned_on: self.as_of,
            moved_from: Vec::new(),
        }
    }

    fn pool(&self, shop: &ShopState, open: &[usize], is_fresh: impl Fn(usize) -> bool) -> Pool<'a> {
        let texts: Vec<&str> = open.iter().map(|&at| self.requests[at].text).collect();
        let distinct = collapse(&texts);
        let positions: Vec<Vec<usize>> = distinct
            .positions
            .iter()
            .map(|list| list.iter().map(|&i| open[i]).collect())
            .collect();
        Pool {
            points: shop.basis.as_ref().map_or_else(
                || Array2::zeros((distinct.texts.len(), 0)),
                |basis| {
                    let of: Vec<&Request<'_>> = positions.iter().map(|list| &self.requests[list[0]]).collect();
                    context::embed(basis, &shop.tags, &distinct.texts, &of)
                },
            ),
            sizes: positions
                .iter()
                .map(|list| list.iter().filter(|&&at| is_fresh(at)).count())
                .collect(),
            found: vec![Found::default(); distinct.texts.len()],
            texts: distinct.texts,
            positions,
        }
    }

    /// Fits the basis when there is none, when it rests on few texts and their number has grown by half, when several
    /// speak of what it has no word for, or when an owner asked.
    fn renew_basis(&self, shop: &mut ShopState, prior: &[Option<Standing>]) {
        if !self.has_begun() {
            return;
        }
        // Another embedder: everything moves into its vectors at once, ids and members stay.
        let own = shop.basis.as_ref().filter(|basis| basis.is_of(self.cfg));
        let fitted_on = own.map_or(0, |basis| basis.num_texts);
        let texts: Vec<&str> = self.requests.iter().map(|r| r.text).collect();
        let asked = self
            .cfg
            .refit_on
            .iter()
            .any(|&on| on <= self.as_of && on.0 > shop.fitted_on);
        let is_due = if asked && own.is_some() {
            true
        } else if shop.is_settled(self.cfg) {
            self.as_of.0 - shop.fitted_on >= MIN_DAYS_BETWEEN_FITS
                && own.is_some_and(|basis| self.has_new_words(basis, prior))
        } else {
            texts.len() >= fitted_on + fitted_on / 2
        };
        if !is_due {
            return;
        }
        let distinct = collapse(&texts);
        if asked || shop.is_settled(self.cfg) || distinct.texts.len() >= (fitted_on + fitted_on / 2).max(1) {
            self.fit_basis(shop, prior, &distinct);
        }
    }

    /// Whether a word that the basis does not know stands in as many distinct open texts as an issue needs.
    fn has_new_words(&self, basis: &Basis, prior: &[Option<Standing>]) -> bool {
        let is_open = |at: usize| prior[at].as_ref().is_none_or(|p| p.issue.is_none()) && self.is_in_window(at);
        let texts: Vec<&str> = (0..prior.len())
            .filter(|&at| is_open(at))
            .map(|at| self.requests[at].text)
            .collect();
        let unknown: Vec<BTreeSet<String>> = collapse(&texts)
            .texts
            .par_iter()
            .map(|text| unknown_words(basis, text))
            .collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for word in unknown.iter().flatten() {
            *counts.entry(word).or_insert(0) += 1;
        }
        counts.values().any(|&count| count >= self.cfg.min_members)
    }

    /// Whether there is enough to begin with: issues founded on a handful of texts stay coarse for ever.
    fn has_begun(&self) -> bool {
        let days = self
            .requests
            .first()
            .map_or(0, |r| i64::from(self.as_of.0) - i64::from(r.date.0));
        self.requests.len() >= self.cfg.first_fit_texts || days >= i64::from(self.cfg.first_fit_days)
    }

    /// Fits a basis on distinct texts and moves every issue's centre into it by its members' texts.
    ///
    /// An issue whose members are all gone keeps a zero centre, which nothing is near to.
    pub(crate) fn fit_basis(&self, shop: &mut ShopState, standings: &[Option<Standing>], distinct: &Distinct<'_>) {
        let chosen = sample(&distinct.texts, self.cfg.sample_max, self.cfg.seed);
        let said: Vec<Utterance<'_>> = chosen
            .iter()
            .map(|&at| context::said(distinct.texts[at], &self.requests[distinct.positions[at][0]]))
            .collect();
        let basis = Basis::fit(&said, self.cfg);
        let mut members: Vec<Vec<&Request<'_>>> = vec![Vec::new(); shop.issues.len()];
        for (request, standing) in self.requests.iter().zip(standings) {
            if let Some(issue) = standing.as_ref().and_then(|s| s.issue) {
                let own = if shop.has_centre(issue) {
                    issue
                } else {
                    shop.issues[issue].canonical
                };
                members[own].push(request);
            }
        }
        let tags = &shop.tags;
        for (issue, members) in shop.issues.iter_mut().zip(members) {
            let texts: Vec<&str> = members.iter().map(|r| r.text).collect();
            let distinct = collapse(&texts);
            let of: Vec<&Request<'_>> = distinct.positions.iter().map(|list| members[list[0]]).collect();
            let points = context::embed(&basis, tags, &distinct.texts, &of);
            issue.sum = points.sum_axis(Axis(0)).to_vec();
            issue.num_texts = count(points.nrows());
            issue.word_weight = points
                .rows()
                .into_iter()
                .map(|row| context::word_weight(&basis, row))
                .sum();
            let mut centre = issue.sum.clone();
            normalise(&mut centre);
            let centre = ndarray::ArrayView1::from(&centre);
            let mut own: Vec<f32> = points.rows().into_iter().map(|row| row.dot(&centre)).collect();
            issue.min_similarity = reach_of(&mut own, self.cfg.assign_min_similarity);
        }
        shop.basis = Some(basis);
        shop.fitted_on = self.as_of.0;
    }

    /// Clusters what found no issue; groups large enough are born, the largest first.
    fn found_new(&self, pool: &mut Pool<'_>, shop: &mut ShopState) {
        let loose: Vec<usize> = (0..pool.texts.len())
            .filter(|&at| pool.found[at].issue.is_none() && pool.sizes[at] > 0)
            .collect();
        let texts: Vec<&str> = loose.iter().map(|&at| pool.texts[at]).collect();
        let chosen: Vec<usize> = sample(&texts, self.cfg.sample_max, self.cfg.seed)
            .into_iter()
            .map(|i| loose[i])
            .collect();
        let sizes: Vec<usize> = chosen.iter().map(|&at| pool.sizes[at]).collect();
        if sizes.iter().sum::<usize>() < self.cfg.min_members || pool.points.ncols() == 0 {
            return;
        }
        let num_before = shop.issues.len();
        let points = pool.points.select(Axis(0), &chosen);
        let groups = find_groups(points.view(), &sizes, self.cfg);
        let (places, references) = self.births(shop, &groups, &sizes);
        let nearest = nearest_centre(pool.points.view(), groups.centres.view());
        let labels = belonging_to_others(
            pool.points.view(),
            &pool.sizes,
            &nearest,
            self.cfg.assign_min_similarity,
        );
        let mut joined: Vec<Option<u32>> = vec![None; pool.texts.len()];
        for at in 0..pool.texts.len() {
            let found = &mut pool.found[at];
            let Some(near) = nearest[at].filter(|n| found.issue.is_none() && n.similarity > 0.0) else {
                continue;
            };
            let group = near.row as usize;
            let similarity = pool.points.row(at).dot(&references.row(group));
            if labels[at].is_some() || found.nearest.is_none_or(|n| similarity > n.1) {
                found.nearest = Some((shop.issues[places[group]].canonical, similarity));
            }
            if labels[at].is_some() {
                found.issue = Some(shop.issues[places[group]].canonical);
                joined[at] = labels[at];
            }
        }
        let mut own = vec![Vec::new(); places.len()];
        for (group, near) in joined.iter().zip(to_others(pool.points.view(), &pool.sizes, &joined)) {
            if let (Some(group), Some(near)) = (group, near) {
                own[*group as usize].push(near);
            }
        }
        let sums = sums_of(pool.points.view(), &joined, places.len());
        let mut word_weights = vec![0.0; places.len()];
        for (group, row) in joined.iter().zip(pool.points.rows()) {
            if let (Some(group), Some(basis)) = (group, &shop.basis) {
                word_weights[*group as usize] += context::word_weight(basis, row);
            }
        }
        for (group, ((sum, &place), mut own)) in sums.axis_iter(Axis(0)).zip(&places).zip(own).enumerate() {
            let issue = &mut shop.issues[place];
            add(&mut issue.sum, sum.iter());
            issue.num_texts += count(own.len());
            issue.word_weight += word_weights[group];
            if place >= num_before {
                issue.min_similarity = reach_of(&mut own, self.cfg.assign_min_similarity);
            }
        }
    }

    /// The place and centre of each group: an existing issue's when it is as near as a merge asks,
    /// else a new one's.
    fn births(&self, shop: &mut ShopState, groups: &Groups, sizes: &[usize]) -> (Vec<usize>, Array2<f32>) {
        let (existing, existing_centres) = all_centres(shop);
        let nearest = nearest_centre(groups.centres.view(), existing_centres.view());
        let near = belonging(&nearest, self.cfg.merge_similarity);
        let mut weights = vec![0; groups.centres.nrows()];
        for (label, size) in groups.labels.iter().zip(sizes) {
            if let Some(label) = label {
                weights[*label as usize] += size;
            }
        }
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|&group| (std::cmp::Reverse(weights[group]), group));
        let mut places = vec![0; weights.len()];
        let mut references = groups.centres.clone();
        for group in order {
            if let Some(row) = near[group] {
                places[group] = existing[row as usize];
                references.row_mut(group).assign(&existing_centres.row(row as usize));
            } else {
                places[group] = shop.issues.len();
                self.bear(shop, references.ncols());
            }
        }
        (places, references)
    }

    fn bear(&self, shop: &mut ShopState, dims: usize) {
        let place = shop.issues.len();
        shop.issues.push(IssueState::born(
            place,
            self.as_of,
            dims,
            self.cfg.assign_min_similarity,
        ));
        shop.lineage.push(Event {
            date: self.as_of.0,
            issue: place,
            kind: EventKind::Born,
            other: None,
            num_members: 0,
            evidence: None,
            by_decision: false,
        });
    }
}

/// Folded words without digits that no term stands for.
fn unknown_words(basis: &Basis, text: &str) -> BTreeSet<String> {
    let words = tokens(text)
        .into_iter()
        .filter(|token| token.text.chars().all(char::is_alphabetic));
    words
        .map(|token| fold(token.text).into_owned())
        .filter(|word| word.chars().count() >= MIN_WORD_CHARS && !basis.knows(word))
        .collect()
}

/// Gives each text the nearest issue that stands for itself, when it is near enough.
fn join_existing(pool: &mut Pool<'_>, shop: &mut ShopState) {
    let (places, centres) = all_centres(shop);
    let nearest = nearest_centre(pool.points.view(), centres.view());
    let reaches = |n: &Neighbour| n.similarity >= shop.issues[places[n.row as usize]].min_similarity;
    let labels: Vec<Option<u32>> = nearest.iter().map(|n| n.filter(reaches).map(|n| n.row)).collect();
    let stands_for = |row: u32| shop.issues[places[row as usize]].canonical;
    for ((found, near), label) in pool.found.iter_mut().zip(&nearest).zip(&labels) {
        found.nearest = near
            .filter(|n| n.similarity > 0.0)
            .map(|n| (stands_for(n.row), n.similarity));
        found.issue = label.map(stands_for);
    }
    let sums = sums_of(pool.points.view(), &labels, places.len());
    for (sum, &place) in sums.axis_iter(Axis(0)).zip(&places) {
        add(&mut shop.issues[place].sum, sum.iter());
    }
    for (label, row) in labels.iter().zip(pool.points.rows()) {
        if let (Some(label), Some(basis)) = (label, &shop.basis) {
            let issue = &mut shop.issues[places[*label as usize]];
            issue.num_texts += 1;
            issue.word_weight += context::word_weight(basis, row);
        }
    }
}

/// Places and unit centres of all issues that have one, oldest first: those that stand for themselves, and those that
/// an owner made part of another, however little they are alike.
fn all_centres(shop: &ShopState) -> (Vec<usize>, Array2<f32>) {
    let places: Vec<usize> = (0..shop.issues.len()).filter(|&place| shop.has_centre(place)).collect();
    let dims = shop.basis.as_ref().map_or(0, context::dims);
    let sums = Array2::from_shape_fn((places.len(), dims), |(row, dim)| shop.issues[places[row]].sum[dim]);
    (places, unit_rows(sums))
}

pub(crate) fn count(num: usize) -> u32 {
    u32::try_from(num).unwrap_or(u32::MAX)
}

pub(crate) fn add<'v>(sum: &mut [f32], other: impl Iterator<Item = &'v f32>) {
    for (total, value) in sum.iter_mut().zip(other) {
        *total += value;
    }
}
