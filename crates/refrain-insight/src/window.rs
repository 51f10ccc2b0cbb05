//! The last 28 days of a shop by issue: what ranking, automation and the FAQ queue count over.

use std::collections::BTreeMap;

use refrain_record::tables::Issue;
use refrain_record::{Date, IssueStatus};
use rustc_hash::FxHashMap;

use crate::night::{Contact, Night, ShopNight};

/// Days up to the run's date, itself included, over which issues are ranked; older texts are not read.
pub const WINDOW_DAYS: i32 = 28;

/// Stands for the issue of contacts that have none.
pub(crate) const NO_ISSUE: &str = "none";

/// One shop's contacts of the window.
pub(crate) struct Window<'n, 'a> {
    pub(crate) shop: &'n ShopNight<'a>,
    pub(crate) from: Date,
    pub(crate) to: Date,
    /// By issue id; issues without a contact in the window are not there. Contacts without issue come last, if any.
    pub(crate) groups: Vec<Group<'a>>,
    by_key: FxHashMap<(&'a str, &'a str), u32>,
    rows: FxHashMap<&'a str, &'a Issue>,
}

/// Contacts of one issue, or of none.
pub(crate) struct Group<'a> {
    /// Canonical issue, or [`NO_ISSUE`].
    pub(crate) issue: &'a str,
    /// Its row, where the table has one.
    pub(crate) row: Option<&'a Issue>,
    /// Indexes into the shop's contacts, ascending.
    pub(crate) contacts: Vec<u32>,
}

impl<'a> Group<'a> {
    /// Whether it is an issue, and no owner says otherwise.
    pub(crate) fn is_ranked(&self) -> bool {
        !self.is_none() && self.row.is_none_or(|row| row.status != IssueStatus::NotAnIssue)
    }

    pub(crate) fn is_none(&self) -> bool {
        self.issue == NO_ISSUE
    }

    pub(crate) fn family(&self) -> &'a str {
        self.row.map_or(self.issue, |row| row.issue_family_id.as_str())
    }

    pub(crate) fn top_tag(&self) -> Option<&'a str> {
        self.row?.top_tag.as_ref().map(|tag| tag.as_str())
    }
}

impl<'n, 'a> Window<'n, 'a> {
    /// The windows of all shops, by shop.
    pub(crate) fn all(night: &'n Night<'a>) -> Vec<Self> {
        night.shops.iter().map(|shop| Self::of(night, shop)).collect()
    }

    fn of(night: &'n Night<'a>, shop: &'n ShopNight<'a>) -> Self {
        let to = night.facts.as_of;
        let from = Date(to.0.saturating_sub(WINDOW_DAYS - 1));
        let rows: FxHashMap<&'a str, &'a Issue> = night
            .facts
            .issues
            .iter()
            .filter(|row| row.shop_id == *shop.shop.shop_id)
            .map(|row| (row.issue_id.as_str(), row))
            .collect();
        let mut by_issue: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut unassigned = Vec::new();
        let mut by_key = FxHashMap::default();
        for (i, contact) in shop.contacts.iter().enumerate() {
            if contact.date() < from || contact.date() > to {
                continue;
            }
            let c = contact.conversation;
            by_key.insert((c.source.as_str(), c.conversation_id.as_str()), i as u32);
            match contact.issue {
                Some(issue) => by_issue.entry(issue).or_default().push(i as u32),
                None => unassigned.push(i as u32),
            }
        }
        // The shop's issues are sorted by id, so their indexes are in the order of ids.
        let mut groups: Vec<Group<'a>> = by_issue
            .into_iter()
            .map(|(issue, contacts)| Group {
                issue: shop.issues[issue as usize],
                row: rows.get(shop.issues[issue as usize]).copied(),
                contacts,
            })
            .collect();
        if !unassigned.is_empty() {
            groups.push(Group {
                issue: NO_ISSUE,
                row: None,
                contacts: unassigned,
            });
        }
        Self {
            shop,
            from,
            to,
            groups,
            by_key,
            rows,
        }
    }

    pub(crate) fn contact(&self, index: u32) -> &'n Contact<'a> {
        &self.shop.contacts[index as usize]
    }

    /// Family of a canonical issue, in the window or not; an issue without a row is its own.
    pub(crate) fn family_of(&self, issue: &'a str) -> &'a str {
        self.rows.get(issue).map_or(issue, |row| row.issue_family_id.as_str())
    }

    /// Index of a contact of the window.
    pub(crate) fn find(&self, source: &str, conversation_id: &str) -> Option<u32> {
        self.by_key.get(&(source, conversation_id)).copied()
    }
}
