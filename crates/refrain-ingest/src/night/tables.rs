//! The source tables together, and how a newer set of rows goes over an older one.

use std::cmp::Ordering;

use rayon::prelude::*;
use refrain_record::tables::{
    Campaign, CampaignEvent, Checkout, Conversation, ConversationEvent, FaqEntry, HelpSearch, Identity, Message, Order,
    OrderLine, Rating, Reject, Return, Send,
};

/// Rows that have a place by their table's key.
pub(crate) trait Keyed {
    /// Order by key alone.
    fn by_key(&self, other: &Self) -> Ordering;
}

macro_rules! source_tables {
    ($($(#[doc = $doc:literal])+ $field:ident: $row:ident by $($key:ident)+;)+) => {
        /// Every source table; sorted by key in a [`crate::Night`], in any order as input.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Tables {
            $($(#[doc = $doc])+ pub $field: Vec<$row>,)+
        }

        $(impl Keyed for $row {
            fn by_key(&self, other: &Self) -> Ordering {
                Ordering::Equal$(.then_with(|| self.$key.cmp(&other.$key)))+
            }
        })+

        #[cfg(test)]
        pub(crate) const KEYS: &[(refrain_record::TableMeta, &[&str])] =
            &[$((<$row as refrain_record::Row>::META, &[$(stringify!($key)),+])),+];
    };
}

source_tables! {
    /// Conversations.
    conversations: Conversation by shop_id source conversation_id;
    /// Messages.
    messages: Message by shop_id source conversation_id seq;
    /// Conversation events.
    conversation_events: ConversationEvent by shop_id source conversation_id at event_id;
    /// Ratings.
    ratings: Rating by shop_id source conversation_id rating_id;
    /// Orders.
    orders: Order by shop_id source order_id;
    /// Order lines.
    order_lines: OrderLine by shop_id source order_id line_no;
    /// Checkouts.
    checkouts: Checkout by shop_id source checkout_id;
    /// Returns.
    returns: Return by shop_id source return_id;
    /// Campaigns.
    campaigns: Campaign by shop_id source campaign_id;
    /// Sends.
    sends: Send by shop_id source campaign_id send_id;
    /// Campaign events.
    campaign_events: CampaignEvent by shop_id source campaign_id event_id;
    /// FAQ entries.
    faq_entries: FaqEntry by shop_id source faq_id;
    /// Help-centre searches.
    help_searches: HelpSearch by shop_id source search_id;
    /// Identities.
    identities: Identity by shop_id source customer_key kind identity_hash;
}

impl Keyed for Reject {
    fn by_key(&self, other: &Self) -> Ordering {
        let place = |r: &Self| (r.line, r.cause);
        self.shop_id
            .cmp(&other.shop_id)
            .then_with(|| self.source.cmp(&other.source))
            .then_with(|| self.feed.cmp(&other.feed))
            .then_with(|| self.file.cmp(&other.file))
            .then_with(|| place(self).cmp(&place(other)))
            .then_with(|| self.detail.cmp(&other.detail))
    }
}

/// Lays `newer` over `older`, by key; of equal keys within one set the last stays. The result is sorted.
pub(crate) fn upsert<T: Keyed + std::marker::Send>(older: Vec<T>, newer: Vec<T>) -> Vec<T> {
    let mut rows = older;
    rows.extend(newer);
    // Stable, so that among equal keys the newest comes last.
    rows.par_sort_by(Keyed::by_key);
    let mut kept: Vec<T> = Vec::with_capacity(rows.len());
    for row in rows {
        match kept.last_mut() {
            Some(last) if last.by_key(&row) == Ordering::Equal => *last = row,
            _ => kept.push(row),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_by_the_tables_own_keys() {
        assert_eq!(KEYS.len(), 14);
        for (meta, key) in KEYS {
            assert_eq!(&meta.key, key, "{}", meta.name);
        }
    }
}
