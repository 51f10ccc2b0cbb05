//! The channel scorecard: volume, variety, velocity and satisfaction of each channel and month.

use std::collections::BTreeMap;

use refrain_record::tables::ChannelScorecard;
use refrain_record::{Channel, Date, EndReason, ShopId};

use crate::night::{Contact, Night, ShopNight};
use crate::stats::{Z95, median, newcombe_difference, percentile, wilson};
use crate::tally::Tally;

/// Below this response rate the bounds of csat are given: ratings are not missing at random.
const LOW_RESPONSE: f64 = 0.3;

/// The table `channel_scorecard`, by its key.
#[must_use]
pub fn channel_scorecard(night: &Night<'_>) -> Vec<ChannelScorecard> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let mut cells: BTreeMap<(&str, Date), Vec<&Contact<'_>>> = BTreeMap::new();
        let mut months: BTreeMap<Date, (i64, i64, i64)> = BTreeMap::new();
        for contact in &shop.contacts {
            let month = contact.date().first_of_month();
            cells
                .entry((contact.conversation.channel.as_str(), month))
                .or_default()
                .push(contact);
            let (num, rated, satisfied) = months.entry(month).or_default();
            *num += 1;
            *rated += i64::from(contact.conversation.csat_satisfied.is_some());
            *satisfied += i64::from(contact.conversation.csat_satisfied == Some(true));
        }
        let peaks = PeakIndex::new(shop, night.facts.as_of);
        for ((_, month), contacts) in &cells {
            let Some(channel) = contacts.first().map(|c| c.conversation.channel) else {
                continue;
            };
            let peak_index = peaks.of(channel, *month);
            rows.push(scorecard(shop, channel, *month, contacts, months[month], peak_index));
        }
    }
    rows
}

fn scorecard(
    shop: &ShopNight<'_>,
    channel: Channel,
    month: Date,
    contacts: &[&Contact<'_>],
    (num_month, rated_month, satisfied_month): (i64, i64, i64),
    peak_index: Option<f64>,
) -> ChannelScorecard {
    let shop_id: &ShopId = shop.shop.shop_id;
    let tally = Tally::of(contacts.iter().copied());
    let count = |test: &dyn Fn(&Contact<'_>) -> bool| contacts.iter().filter(|c| test(c)).count() as i64;
    let mut first = values(contacts, |c| c.conversation.first_response_s);
    let within = |seconds: i64| first.iter().filter(|s| **s <= seconds).count() as i64;
    let (num_frt_within_10m, num_frt_within_30m, num_frt_within_60m) = (within(600), within(1_800), within(3_600));
    let share = |test: fn(&Contact<'_>) -> Option<bool>| {
        let known: Vec<bool> = contacts.iter().filter_map(|c| test(c)).collect();
        (!known.is_empty()).then(|| known.iter().filter(|k| **k).count() as f64 / known.len() as f64)
    };
    let (num, rated, satisfied) = (tally.num, tally.num_rated, tally.num_satisfied);
    let (share_lo, share_hi) = wilson(num, num_month, Z95);
    let csat = (rated > 0).then(|| (satisfied as f64 / rated as f64, wilson(satisfied, rated, Z95)));
    let response_rate = rated as f64 / num as f64;
    let bounded = response_rate < LOW_RESPONSE;
    let rest = newcombe_difference(satisfied, rated, satisfied_month - satisfied, rated_month - rated, Z95);
    ChannelScorecard {
        shop_id: shop_id.clone(),
        channel,
        date: month,
        num_conversations: num,
        num_customers: tally.num_customers,
        share: num as f64 / num_month as f64,
        share_lo,
        share_hi,
        peak_index,
        num_answered: count(&|c| c.conversation.num_agent_messages > 0),
        num_never_answered: count(&|c| c.conversation.never_answered),
        first_response_s_p50: median(&mut first),
        first_response_s_p90: percentile(&mut first, 0.9),
        first_response_business_s_p50: median(&mut values(contacts, |c| c.conversation.first_response_business_s)),
        num_frt_within_10m,
        num_frt_within_30m,
        num_frt_within_60m,
        full_resolution_s_p50: median(&mut values(contacts, |c| c.conversation.full_resolution_s)),
        num_resolved: count(&|c| c.conversation.end_reason == EndReason::Resolved),
        num_customer_left: count(&|c| c.conversation.end_reason == EndReason::CustomerLeft),
        num_rated: rated,
        num_satisfied: satisfied,
        csat: csat.map(|c| c.0),
        csat_lo: csat.map(|c| c.1.0),
        csat_hi: csat.map(|c| c.1.1),
        response_rate,
        csat_if_unrated_bad: bounded.then(|| satisfied as f64 / num as f64),
        csat_if_unrated_good: bounded.then(|| (satisfied + num - rated) as f64 / num as f64),
        csat_diff_vs_rest: rest.map(|d| d.difference),
        csat_diff_lo: rest.map(|d| d.lo),
        csat_diff_hi: rest.map(|d| d.hi),
        num_matured_7d: tally.num_matured_7d,
        num_followed_7d: tally.num_followed_7d,
        fcr_observable_share: count(&|c| c.person.is_some()) as f64 / num as f64,
        num_out_of_hours: shop
            .shop
            .has_hours
            .then(|| count(&|c| c.conversation.in_business_hours == Some(false))),
        complaint_share: share(|c| c.act.map(|act| last_part(act) == "complaint")),
        pre_purchase_share: share(|c| c.stage.map(|stage| last_part(stage) == "pre_purchase")),
        handle_h: tally.has_handle_s.then(|| tally.handle_s as f64 / 3_600.0),
        handle_h_estimated_share: tally.estimated_share(),
        customer_messages_mean: tally.num_customer_messages as f64 / num as f64,
    }
}

fn values(contacts: &[&Contact<'_>], of: impl Fn(&Contact<'_>) -> Option<i64>) -> Vec<i64> {
    contacts.iter().filter_map(|c| of(c)).collect()
}

/// `complaint` of `act/complaint`.
fn last_part(tag: &str) -> &str {
    tag.rsplit('/').next().unwrap_or(tag)
}

/// Contacts a day in the shop's peak weeks (Monday to Sunday) over those of its other days.
///
/// Looks at the history up to a month's end only, so that a month's row does not change later.
struct PeakIndex {
    first: Option<Date>,
    as_of: Date,
    weeks: Vec<Date>,
    by_channel: BTreeMap<Channel, Vec<Date>>,
}

impl PeakIndex {
    fn new(shop: &ShopNight<'_>, as_of: Date) -> Self {
        let mut weeks: Vec<Date> = shop.shop.peaks.iter().map(|p| p.monday()).collect();
        weeks.sort_unstable();
        weeks.dedup();
        let mut by_channel: BTreeMap<Channel, Vec<Date>> = BTreeMap::new();
        for contact in &shop.contacts {
            by_channel
                .entry(contact.conversation.channel)
                .or_default()
                .push(contact.date());
        }
        Self {
            first: shop.contacts.first().map(Contact::date),
            as_of,
            weeks,
            by_channel,
        }
    }

    fn of(&self, channel: Channel, month: Date) -> Option<f64> {
        let (first, dates) = (self.first?, self.by_channel.get(&channel)?);
        // 31 days after the first is in the next month, whatever the month.
        let end = month
            .plus_days(31)
            .plus_days(1)
            .first_of_month()
            .min(self.as_of.plus_days(1));
        let known = &dates[..dates.partition_point(|d| *d < end)];
        let (mut peak_days, mut peak_contacts) = (0, 0);
        for week in &self.weeks {
            let (from, to) = ((*week).max(first), week.plus_days(7).min(end));
            if from < to {
                peak_days += i64::from(to.days_since(from));
                peak_contacts += known.partition_point(|d| *d < to) - known.partition_point(|d| *d < from);
            }
        }
        let other_days = i64::from(end.days_since(first)) - peak_days;
        let other_contacts = known.len() - peak_contacts;
        (peak_days > 0 && other_days > 0 && other_contacts > 0)
            .then(|| (peak_contacts as f64 / peak_days as f64) / (other_contacts as f64 / other_days as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact};

    #[test]
    fn a_month_of_two_channels() {
        let mut facts = Fixture::new("2025-11-30");
        for i in 0..10 {
            let mut c = contact("email", &format!("e{i}"), "2025-11-03");
            c.channel = Channel::Email;
            c.first_response_s = Some(600 * (i + 1));
            c.num_agent_messages = 1;
            c.end_reason = EndReason::Resolved;
            c.csat_satisfied = (i < 2).then_some(i == 0);
            c.in_business_hours = Some(i != 0);
            facts.conversations.push(c);
        }
        for i in 0..4 {
            let mut c = contact("chat", &format!("c{i}"), "2025-11-28");
            c.channel = Channel::Chat;
            c.csat_satisfied = Some(true);
            c.never_answered = i == 0;
            facts.conversations.push(c);
        }
        let mut spam = contact("chat", "spam", "2025-11-28");
        spam.is_contact = false;
        facts.conversations.push(spam);
        facts.peaks = vec!["2025-11-28".parse().unwrap()];

        let rows = facts.night(channel_scorecard);
        assert_eq!(
            rows.iter().map(|r| r.channel).collect::<Vec<_>>(),
            [Channel::Chat, Channel::Email]
        );
        let (chat, email) = (&rows[0], &rows[1]);
        assert_eq!(
            (email.num_conversations, email.num_rated, email.num_satisfied),
            (10, 2, 1)
        );
        assert_eq!(
            (email.first_response_s_p50, email.first_response_s_p90),
            (Some(3_000), Some(5_400))
        );
        assert_eq!(
            (
                email.num_frt_within_10m,
                email.num_frt_within_30m,
                email.num_frt_within_60m
            ),
            (1, 3, 6)
        );
        assert_eq!(
            (email.csat_if_unrated_bad, email.csat_if_unrated_good),
            (Some(0.1), Some(0.9))
        );
        assert_eq!(email.csat_diff_vs_rest, Some(-0.5));
        assert_eq!(
            (email.num_out_of_hours, email.num_resolved, email.num_answered),
            (Some(1), 10, 10)
        );
        assert_eq!((chat.num_conversations, chat.num_never_answered), (4, 1));
        assert_eq!(chat.csat_if_unrated_bad, None, "everybody answered");
        // 4 contacts in the 7 peak days, none in the 21 other days from the first contact on.
        assert_eq!(chat.peak_index, None);
        assert_eq!(email.peak_index, Some(0.0));
        assert!((chat.share - 4.0 / 14.0).abs() < 1e-12 && chat.share_lo < chat.share && chat.share < chat.share_hi);
    }
}
