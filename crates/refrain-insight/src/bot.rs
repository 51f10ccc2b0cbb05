//! The bot scorecard: handovers, fallbacks and containment by source, topic and month.

use std::collections::BTreeMap;

use refrain_record::tables::BotScorecard;
use refrain_record::{Date, EndReason, HandoverReason};

use crate::night::{Contact, Night, ShopNight};
use crate::stats::{Z95, median, wilson};
use crate::tally::is_handed_over;

const ALL: &str = "all";

/// The table `bot_scorecard`, by its key: contacts in which a bot wrote, under each topic as set and `all`.
#[must_use]
pub fn bot_scorecard(night: &Night<'_>) -> Vec<BotScorecard> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let mut cells: BTreeMap<(&str, &str, Date), Vec<&Contact<'_>>> = BTreeMap::new();
        for contact in shop.contacts.iter().filter(|c| c.conversation.bot_involved) {
            let month = contact.date().first_of_month();
            let topics = contact
                .topics
                .iter()
                .map(|t| shop.topics[*t as usize])
                .filter(|t| *t != ALL);
            for tag in topics.chain([ALL]) {
                cells
                    .entry((contact.conversation.source.as_str(), tag, month))
                    .or_default()
                    .push(contact);
            }
        }
        rows.extend(
            cells
                .into_iter()
                .map(|((source, tag, month), contacts)| scorecard(shop, source, tag, month, &contacts)),
        );
    }
    rows
}

fn scorecard(shop: &ShopNight<'_>, source: &str, tag: &str, month: Date, contacts: &[&Contact<'_>]) -> BotScorecard {
    let count = |test: &dyn Fn(&Contact<'_>) -> bool| contacts.iter().filter(|c| test(c)).count() as i64;
    let num = contacts.len() as i64;
    let num_handover = count(&|c| is_handed_over(c));
    let num_fallback = count(&|c| c.conversation.num_bot_fallbacks > 0);
    let contained = |c: &Contact<'_>| c.outcome.and_then(|o| o.bot_contained);
    let num_matured_7d = count(&|c| contained(c).is_some());
    let num_contained = count(&|c| contained(c) == Some(true));
    let (handover_lo, handover_hi) = wilson(num_handover, num, Z95);
    let interval = (num_matured_7d > 0).then(|| wilson(num_contained, num_matured_7d, Z95));
    let mut turns: Vec<i64> = contacts.iter().filter_map(|c| c.conversation.handover_turn).collect();
    BotScorecard {
        shop_id: shop.shop.shop_id.clone(),
        source: source.into(),
        tag: tag.into(),
        date: month,
        num_conversations: num,
        num_handover,
        handover_rate: num_handover as f64 / num as f64,
        handover_lo,
        handover_hi,
        handover_turn_p50: median(&mut turns),
        num_customer_asked: count(&|c| c.conversation.handover_reason == Some(HandoverReason::CustomerAsked)),
        num_fallback,
        fallback_rate: num_fallback as f64 / num as f64,
        num_customer_left: count(&|c| c.conversation.end_reason == EndReason::CustomerLeft),
        num_bot_timeout: count(&|c| c.conversation.end_reason == EndReason::BotTimeout),
        num_matured_7d,
        num_contained,
        contained_rate: (num_matured_7d > 0).then(|| num_contained as f64 / num_matured_7d as f64),
        contained_lo: interval.map(|i| i.0),
        contained_hi: interval.map(|i| i.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact, outcome, topic};

    #[test]
    fn handovers_and_containment() {
        let mut facts = Fixture::new("2025-11-30");
        for i in 0..6 {
            let mut c = contact("chat", &format!("c{i}"), "2025-11-03");
            c.bot_involved = i < 5;
            c.handover_turn = (i < 2).then_some(3 + i);
            c.handover_reason = (i == 0).then_some(HandoverReason::CustomerAsked);
            c.num_bot_fallbacks = i64::from(i == 1);
            let mut o = outcome(&c, None);
            o.bot_contained = (i < 4).then_some(i == 3);
            facts.conversation_tags.push(topic(&c, "shipping/delay"));
            facts.conversations.push(c);
            facts.conversation_outcomes.push(o);
        }
        let rows = facts.night(bot_scorecard);
        assert_eq!(
            rows.iter().map(|r| r.tag.as_str()).collect::<Vec<_>>(),
            ["all", "shipping/delay"]
        );
        for row in &rows {
            assert_eq!((row.num_conversations, row.num_handover, row.num_fallback), (5, 2, 1));
            assert_eq!(
                (row.num_matured_7d, row.num_contained, row.contained_rate),
                (4, 1, Some(0.25))
            );
            assert_eq!((row.handover_turn_p50, row.num_customer_asked), (Some(3), 1));
        }
    }
}
