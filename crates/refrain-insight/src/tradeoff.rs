//! Is short handling time good service? Satisfaction and repeats by decile of handling time.
//!
//! Deciles are taken inside tag and channel: over all contacts, hard questions take long and satisfy
//! less, and the picture would be one of questions, not of haste.

use std::collections::BTreeMap;

use refrain_record::Channel;
use refrain_record::tables::MetricTradeoff;

use crate::InsightConfig;
use crate::night::{Contact, Night, ShopNight};
use crate::tally::{Tally, handle_s};

const ALL: &str = "all";
const DECILES: usize = 10;

/// The table `metric_tradeoff`, by its key, over contacts with a handling time.
///
/// Cells of fewer than `min_customers_published` persons are left out.
#[must_use]
pub fn metric_tradeoff(night: &Night<'_>, config: &InsightConfig) -> Vec<MetricTradeoff> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let mut cells: BTreeMap<(&str, &str), Vec<(i64, &Contact<'_>)>> = BTreeMap::new();
        for contact in &shop.contacts {
            let Some(seconds) = handle_s(contact) else {
                continue;
            };
            let topics = contact
                .topics
                .iter()
                .map(|t| shop.topics[*t as usize])
                .filter(|t| *t != ALL);
            for tag in topics.chain([ALL]) {
                cells
                    .entry((tag, contact.conversation.channel.as_str()))
                    .or_default()
                    .push((seconds, contact));
            }
        }
        for ((tag, _), mut contacts) in cells {
            contacts.sort_by_key(|c| c.0);
            let Some(channel) = contacts.first().map(|c| c.1.conversation.channel) else {
                continue;
            };
            rows.extend(
                deciles(&contacts)
                    .iter()
                    .enumerate()
                    .filter_map(|(i, decile)| decile_row(shop, tag, channel, i as i64 + 1, decile, config)),
            );
        }
    }
    rows
}

/// Contacts by decile; equal times stay together in the lower one.
fn deciles<'c, 'a>(sorted: &[(i64, &'c Contact<'a>)]) -> [Vec<&'c Contact<'a>>; DECILES] {
    let mut deciles: [Vec<&Contact<'_>>; DECILES] = Default::default();
    let mut shorter = 0;
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        deciles[shorter * DECILES / sorted.len()].extend(equal.iter().map(|e| e.1));
        shorter += equal.len();
    }
    deciles
}

fn decile_row(
    shop: &ShopNight<'_>,
    tag: &str,
    channel: Channel,
    decile: i64,
    contacts: &[&Contact<'_>],
    config: &InsightConfig,
) -> Option<MetricTradeoff> {
    let tally = Tally::of(contacts.iter().copied());
    if tally.num_customers < config.min_customers_published {
        return None;
    }
    let over = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
    let reopened = contacts.iter().filter(|c| c.conversation.num_reopens > 0).count() as i64;
    Some(MetricTradeoff {
        shop_id: shop.shop.shop_id.clone(),
        tag: tag.into(),
        channel,
        decile,
        num_conversations: tally.num,
        csat: over(tally.num_satisfied, tally.num_rated),
        repeat_7d: over(tally.num_followed_7d, tally.num_matured_7d),
        reopen_rate: over(reopened, tally.num),
        handle_h_per_satisfied: over(tally.handle_s, tally.num_satisfied).map(|s| s / 3_600.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact, topic};
    use refrain_record::HandleMethod;

    #[test]
    fn haste_shows_in_the_first_decile() {
        let mut facts = Fixture::new("2025-11-30");
        for i in 0..100i64 {
            let mut c = contact("chat", &format!("c{i:03}"), "2025-11-03");
            c.handle_s = Some(360 * (i + 1));
            c.handle_s_method = HandleMethod::Measured;
            c.csat_satisfied = Some(i >= 8);
            c.num_reopens = i64::from(i < 5);
            if i < 4 {
                facts.conversation_tags.push(topic(&c, "rare/tag"));
            }
            facts.conversations.push(c);
        }
        let mut absent = contact("chat", "none", "2025-11-03");
        absent.handle_s = Some(1);
        facts.conversations.push(absent);
        let rows = facts.night(|night| metric_tradeoff(night, &InsightConfig::default()));
        assert_eq!(
            rows.iter().map(|r| (r.tag.as_str(), r.decile)).collect::<Vec<_>>(),
            (1..=10).map(|d| ("all", d)).collect::<Vec<_>>()
        );
        let first = &rows[0];
        assert_eq!(
            (first.num_conversations, first.csat, first.reopen_rate),
            (10, Some(0.2), Some(0.5))
        );
        // 0.1 h * (1 + ... + 10) over two satisfied.
        assert!((first.handle_h_per_satisfied.unwrap() - 2.75).abs() < 1e-12);
        assert_eq!((rows[9].csat, rows[9].repeat_7d), (Some(1.0), None));
    }

    #[test]
    fn equal_times_share_a_decile() {
        let mut facts = Fixture::new("2025-11-30");
        for i in 0..30 {
            let mut c = contact("chat", &format!("c{i:03}"), "2025-11-03");
            c.handle_s = Some(if i < 20 { 60 } else { 600 });
            c.handle_s_method = HandleMethod::Measured;
            facts.conversations.push(c);
        }
        let rows = facts.night(|night| metric_tradeoff(night, &InsightConfig::default()));
        assert_eq!(
            rows.iter().map(|r| (r.decile, r.num_conversations)).collect::<Vec<_>>(),
            [(1, 20), (7, 10)]
        );
    }
}
