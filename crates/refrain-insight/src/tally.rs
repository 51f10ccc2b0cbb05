//! Sums over some contacts of a day, shared by the tables that count by day.

use refrain_record::{EndReason, HandleMethod};

use crate::night::Contact;
use crate::stats::median;

/// Figures over a set of contacts, each counted once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) num: i64,
    pub(crate) num_customers: i64,
    pub(crate) num_customer_messages: i64,
    pub(crate) num_rated: i64,
    pub(crate) num_satisfied: i64,
    pub(crate) num_repeat_7d: i64,
    pub(crate) num_matured_7d: i64,
    pub(crate) num_followed_7d: i64,
    pub(crate) handle_s_p50: Option<i64>,
    pub(crate) handle_s: i64,
    pub(crate) handle_s_estimated: i64,
    /// Some contact has a handling time.
    pub(crate) has_handle_s: bool,
    pub(crate) num_bot: i64,
    pub(crate) num_handover: i64,
    pub(crate) num_success: i64,
}

impl Tally {
    pub(crate) fn of<'c, 'a: 'c>(contacts: impl Iterator<Item = &'c Contact<'a>>) -> Self {
        let mut tally = Self::default();
        let mut persons = Vec::new();
        let mut handle = Vec::new();
        for contact in contacts {
            tally.add(contact, &mut handle);
            match contact.person {
                Some(person) => persons.push(person),
                None => tally.num_customers += 1,
            }
        }
        persons.sort_unstable();
        persons.dedup();
        tally.num_customers += persons.len() as i64;
        tally.has_handle_s = !handle.is_empty();
        tally.handle_s_p50 = median(&mut handle);
        tally
    }

    fn add(&mut self, contact: &Contact<'_>, handle: &mut Vec<i64>) {
        let c = contact.conversation;
        self.num += 1;
        self.num_customer_messages += c.num_customer_messages;
        if let Some(satisfied) = is_satisfied(contact) {
            self.num_rated += 1;
            self.num_satisfied += i64::from(satisfied);
        }
        self.num_repeat_7d += i64::from(contact.is_repeat_7d());
        if let Some(followed) = contact.followed_7d {
            self.num_matured_7d += 1;
            self.num_followed_7d += i64::from(followed);
        }
        if let Some(seconds) = handle_s(contact) {
            self.handle_s = self.handle_s.saturating_add(seconds);
            if c.handle_s_method == HandleMethod::Estimated {
                self.handle_s_estimated = self.handle_s_estimated.saturating_add(seconds);
            }
            handle.push(seconds);
        }
        self.num_bot += i64::from(c.bot_involved);
        self.num_handover += i64::from(c.bot_involved && is_handed_over(contact));
        self.num_success += i64::from(is_success(contact));
    }

    /// Estimated over all handling time; `None` when there is none.
    pub(crate) fn estimated_share(&self) -> Option<f64> {
        (self.handle_s > 0).then(|| self.handle_s_estimated as f64 / self.handle_s as f64)
    }
}

/// Whether a rated contact satisfied; `None` when unrated.
pub(crate) fn is_satisfied(contact: &Contact<'_>) -> Option<bool> {
    contact.conversation.csat_satisfied
}

/// Handling time unless absent.
pub(crate) fn handle_s(contact: &Contact<'_>) -> Option<i64> {
    let c = contact.conversation;
    if c.handle_s_method == HandleMethod::Absent {
        None
    } else {
        c.handle_s.map(|s| s.max(0))
    }
}

/// A bot's part passed to a person.
pub(crate) fn is_handed_over(contact: &Contact<'_>) -> bool {
    contact.conversation.handover_at.is_some() || contact.conversation.handover_turn.is_some()
}

/// Resolved, known not to be followed within 7 days, and not rated badly.
pub(crate) fn is_success(contact: &Contact<'_>) -> bool {
    contact.conversation.end_reason == EndReason::Resolved
        && contact.outcome.is_some_and(|o| o.fcr_7d == Some(true))
        && is_satisfied(contact) != Some(false)
}
