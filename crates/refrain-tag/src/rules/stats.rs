//! How often rules fire, fire together and contradict each other, as labelling-function analysis counts it.

use super::Rulebook;
use crate::tagger::rule_messages;
use refrain_record::{ConversationText, Facet, TagPath};
use std::collections::BTreeSet;

/// One rule over a set of conversations; shares are of all conversations, 0 when there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStats {
    /// Rule.
    pub rule_id: String,
    /// Tag it sets, or forbids.
    pub tag: TagPath,
    /// Conversations in which it matches.
    pub hits: u64,
    /// Share in which it matches.
    pub coverage: f64,
    /// Share in which it and another rule of the same facet match.
    pub overlap: f64,
    /// Share in which it and another rule of the same facet disagree: another tag, or the same
    /// tag once set and once forbidden. Topics are no single choice, so there a high share is no mistake as such.
    pub conflict: f64,
    /// Labelled conversations in which it matches.
    pub labelled_hits: u64,
    /// Of those, the share that should have its tag (for a veto: should not); `None` without any.
    pub precision: Option<f64>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    hits: u64,
    overlaps: u64,
    conflicts: u64,
    labelled: u64,
    right: u64,
}

impl Rulebook {
    /// Figures of every rule, by id, over conversations with the tags they should have, where known.
    #[must_use]
    pub fn stats<'a>(
        &self,
        conversations: impl IntoIterator<Item = (ConversationText<'a>, Option<&'a [TagPath]>)>,
    ) -> Vec<RuleStats> {
        let mut counts = vec![Counts::default(); self.rules.len()];
        let mut total = 0_u64;
        for (conversation, due) in conversations {
            total += 1;
            let mut fired = BTreeSet::new();
            for message in rule_messages(&conversation) {
                let matches = self.matches(message.text, conversation.language, message.role);
                fired.extend(matches.iter().map(|found| found.rule));
            }
            for &rule in &fired {
                let others = || fired.iter().copied().filter(move |&other| other != rule);
                counts[rule].hits += 1;
                if let Some(due) = due {
                    counts[rule].labelled += 1;
                    let is_due = due.contains(&self.rules[rule].tag);
                    counts[rule].right += u64::from(is_due != self.rules[rule].is_veto);
                }
                counts[rule].overlaps += u64::from(others().any(|other| self.facet_of(other) == self.facet_of(rule)));
                counts[rule].conflicts += u64::from(others().any(|other| self.disagree(rule, other)));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of conversations stay far below 2^53")]
        let share = |count: u64| {
            if total == 0 { 0.0 } else { count as f64 / total as f64 }
        };
        let rows = self.rules.iter().zip(&counts).map(|(rule, counts)| RuleStats {
            rule_id: rule.id.clone(),
            tag: rule.tag.clone(),
            hits: counts.hits,
            coverage: share(counts.hits),
            overlap: share(counts.overlaps),
            conflict: share(counts.conflicts),
            labelled_hits: counts.labelled,
            #[expect(clippy::cast_precision_loss, reason = "counts of conversations stay far below 2^53")]
            precision: (counts.labelled > 0).then(|| counts.right as f64 / counts.labelled as f64),
        });
        rows.collect()
    }

    fn facet_of(&self, rule: usize) -> Facet {
        self.rules[rule].facet
    }

    fn disagree(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.rules[one], &self.rules[other]);
        let same_tag = one.tag == other.tag;
        match (one.is_veto, other.is_veto) {
            (false, false) => one.facet == other.facet && !same_tag,
            (true, true) => false,
            _ => same_tag,
        }
    }
}
