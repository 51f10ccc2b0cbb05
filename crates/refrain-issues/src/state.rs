//! What one night must remember for the next: per shop the basis, the issues and their lineage.

use crate::basis::Basis;
use crate::decide::Decided;
use crate::{IssuesConfig, IssuesError};
use refrain_record::{Date, IssueId, Label, LineageEvent, ShopId, tables::IssueLineage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the bytes; another one is refused.
pub const STATE_VERSION: u32 = 4;

/// The issue registry after a night; [`State::default`] comes before the first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Night it was left by, in days since 1970.
    pub(crate) as_of: Option<i32>,
    pub(crate) shops: BTreeMap<String, ShopState>,
}

/// One shop's memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShopState {
    pub(crate) basis: Option<Basis>,
    /// Night of the last fit.
    pub(crate) fitted_on: i32,
    /// Tags in order of their dimension.
    pub(crate) tags: Vec<String>,
    /// By birth; the issue at place i has number i + 1, so numbers are never used again.
    pub(crate) issues: Vec<IssueState>,
    pub(crate) lineage: Vec<Event>,
    /// Issues that an owner took apart; no night merges them.
    pub(crate) kept_apart: BTreeSet<(usize, usize)>,
}

/// One issue's memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct IssueState {
    /// Place of the issue that stands for this one; its own unless merged.
    pub(crate) canonical: usize,
    /// Sum of the unit vectors of its texts, those of merged issues included.
    pub(crate) sum: Vec<f32>,
    /// Texts in the sum.
    pub(crate) num_texts: u32,
    /// Sum of the squared lengths that words have in their vectors.
    pub(crate) word_weight: f32,
    /// Cosine to the centre from which a text belongs to it.
    pub(crate) min_similarity: f32,
    pub(crate) first_seen: i32,
    pub(crate) last_seen: i32,
    pub(crate) born_on: i32,
    pub(crate) is_dormant: bool,
    pub(crate) name: String,
    pub(crate) terms: Vec<String>,
    /// Members when it was named.
    pub(crate) named_at: usize,
    /// Members when it was last looked at for parts.
    pub(crate) looked_at: usize,
    /// Place of the issue whose family it belongs to; its own unless it shares one.
    pub(crate) family: usize,
    /// It stands for nothing any more, but an owner made it part of another that may be little like it.
    pub(crate) keeps_centre: bool,
    pub(crate) decided: Decided,
}

impl IssueState {
    /// An issue that stands for itself, born on a night, without members yet.
    pub(crate) fn born(place: usize, on: Date, dims: usize, min_similarity: f32) -> Self {
        Self {
            canonical: place,
            sum: vec![0.0; dims],
            num_texts: 0,
            word_weight: 0.0,
            min_similarity,
            first_seen: on.0,
            last_seen: on.0,
            born_on: on.0,
            is_dormant: false,
            name: String::new(),
            terms: Vec::new(),
            named_at: 0,
            looked_at: 0,
            family: place,
            keeps_centre: false,
            decided: Decided::default(),
        }
    }
}

/// One row of the lineage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) date: i32,
    pub(crate) issue: usize,
    pub(crate) kind: EventKind,
    pub(crate) other: Option<usize>,
    pub(crate) num_members: i64,
    pub(crate) evidence: Option<f64>,
    /// Of an owner, not of the night.
    pub(crate) by_decision: bool,
}

/// What a night can do to an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum EventKind {
    Born,
    MergedInto,
    SplitFrom,
    Died,
    Revived,
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    state: T,
}

impl State {
    /// The bytes to keep; equal states give equal bytes.
    ///
    /// # Panics
    /// Never: all of the state is plain data.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let versioned = Versioned {
            version: STATE_VERSION,
            state: self,
        };
        #[expect(clippy::expect_used, reason = "writing plain data to memory cannot fail")]
        postcard::to_stdvec(&versioned).expect("plain data")
    }

    /// The state of kept bytes.
    ///
    /// # Errors
    /// When they are damaged or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IssuesError> {
        let refuse = |found: String| IssuesError::State {
            found,
            expected: STATE_VERSION,
        };
        let (version, _) = postcard::take_from_bytes::<u32>(bytes).map_err(|_| refuse("damaged".to_owned()))?;
        if version != STATE_VERSION {
            return Err(refuse(format!("of version {version}")));
        }
        match postcard::from_bytes::<Versioned<Self>>(bytes) {
            Ok(read) if read.state.shops.values().all(ShopState::is_whole) => Ok(read.state),
            _ => Err(refuse("damaged".to_owned())),
        }
    }

    /// Hex digest of [`Self::to_bytes`].
    #[must_use]
    pub fn digest(&self) -> String {
        blake3::hash(&self.to_bytes()).to_hex().to_string()
    }

    /// The night that left this state; `None` before the first.
    #[must_use]
    pub fn as_of(&self) -> Option<Date> {
        self.as_of.map(Date)
    }

    /// Lineage of all nights, sorted by its table's key.
    #[must_use]
    pub fn lineage(&self) -> Vec<IssueLineage> {
        let mut rows: Vec<IssueLineage> = self
            .shops
            .iter()
            .flat_map(|(shop, state)| state.lineage.iter().map(move |event| event.row(shop)))
            .collect();
        rows.sort_by(|a, b| {
            let key = |r: &IssueLineage| (r.shop_id.clone(), r.date, r.issue_id.clone(), r.event.as_str());
            key(a)
                .cmp(&key(b))
                .then_with(|| a.other_issue_id.cmp(&b.other_issue_id))
        });
        rows
    }
}

impl ShopState {
    /// Whether requests are held against its own centre.
    pub(crate) fn has_centre(&self, place: usize) -> bool {
        self.issues[place].canonical == place || self.issues[place].keeps_centre
    }

    /// Whether the basis stays until a refit.
    pub(crate) fn is_settled(&self, cfg: &IssuesConfig) -> bool {
        let own = self.basis.as_ref().filter(|basis| basis.is_of(cfg));
        own.is_some_and(|basis| basis.num_texts >= cfg.basis_min_texts.min(cfg.sample_max))
    }

    /// Whether lengths and places fit, so that nothing later reaches outside.
    fn is_whole(&self) -> bool {
        if !self.basis.as_ref().is_none_or(Basis::is_whole) {
            return false;
        }
        let (len, dims) = (self.issues.len(), self.basis.as_ref().map_or(0, crate::context::dims));
        let issue = |i: &IssueState| {
            let is_placed = i.canonical < len && i.family < len;
            is_placed && i.sum.len() == dims && i.sum.iter().chain([&i.word_weight]).all(|v| v.is_finite())
        };
        let event = |e: &Event| e.issue < len && e.other.is_none_or(|o| o < len);
        self.issues.iter().all(issue)
            && self
                .issues
                .iter()
                .all(|i| self.issues[i.canonical].canonical == i.canonical)
            && self.lineage.iter().all(event)
            && self.kept_apart.iter().all(|&(a, b)| a < len && b < len)
    }

    /// Places of the issues that stand for themselves, oldest first.
    pub(crate) fn canonical(&self) -> Vec<usize> {
        (0..self.issues.len())
            .filter(|&at| self.issues[at].canonical == at)
            .collect()
    }
}

impl Event {
    fn row(&self, shop: &str) -> IssueLineage {
        IssueLineage {
            shop_id: ShopId::from(shop),
            date: Date(self.date),
            issue_id: issue_id(shop, self.issue),
            event: match self.kind {
                EventKind::Born => LineageEvent::Born,
                EventKind::MergedInto => LineageEvent::MergedInto,
                EventKind::SplitFrom => LineageEvent::SplitFrom,
                EventKind::Died => LineageEvent::Died,
                EventKind::Revived => LineageEvent::Revived,
            },
            other_issue_id: self.other.map(|other| issue_id(shop, other)),
            num_members: self.num_members,
            evidence: self.evidence,
            cause: Label::from(if self.by_decision { "decision" } else { "night" }),
        }
    }
}

/// The id of the issue at a place: the shop and its number by birth.
pub(crate) fn issue_id(shop: &str, at: usize) -> IssueId {
    IssueId::from(format!("{shop}-I{:06}", at + 1))
}

/// The place of an issue's id; `None` when it is no id of this shop.
pub(crate) fn issue_place(shop: &str, id: &IssueId) -> Option<usize> {
    let number = id.as_str().strip_prefix(shop)?.strip_prefix("-I")?;
    number.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_round_trip_and_others_are_refused() {
        let state = State::default();
        let bytes = state.to_bytes();
        assert_eq!(State::from_bytes(&bytes).unwrap(), state);
        let mut newer = bytes.clone();
        newer[0] = 9;
        assert!(
            State::from_bytes(&newer)
                .unwrap_err()
                .to_string()
                .contains("of version 9")
        );
        assert!(State::from_bytes(&[]).is_err());
    }

    #[test]
    fn ids_and_places() {
        assert_eq!(issue_id("de", 0).as_str(), "de-I000001");
        assert_eq!(issue_place("de", &issue_id("de", 41)), Some(41));
        assert_eq!(issue_place("d", &issue_id("de", 41)), None);
        assert_eq!(issue_place("de", &IssueId::from("de-I000000")), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = 1;
            }
            if let Ok(state) = State::from_bytes(&bytes) {
                prop_assert!(state.lineage().len() < 200);
            }
        }
    }
}
