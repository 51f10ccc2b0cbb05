use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use refrain_record::tables::TagDaily;
use refrain_record::{Alarm, Date};

use crate::fixture::{Fixture, campaign, contact_at, day, link_order, order, send, topic};
use crate::{InsightConfig, tag_daily};

const DAY: i64 = 86_400;

struct Dice(ChaCha8Rng);

impl Dice {
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Poisson by counting exponential gaps.
    fn poisson(&mut self, mean: f64) -> i64 {
        let (mut sum, mut count) = (0.0, -1);
        while sum <= mean {
            sum -= (1.0 - self.uniform()).ln();
            count += 1;
        }
        count
    }
}

fn rows(facts: &Fixture) -> Vec<TagDaily> {
    facts.night(|night| tag_daily(night, &InsightConfig::default()))
}

/// 30 tags without any event, quiet Sundays, days that vary 1.5 times as much as chance.
#[test]
fn false_alarms_stay_within_the_months_budget() {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(5));
    let mut facts = Fixture::new("2025-11-30");
    let (first, days) = (day("2025-06-01"), 182);
    let mut id = 0;
    for t in 0..days {
        let date = first.plus_days(t);
        let weekday = if date.weekday() == 6 { 0.3 } else { 1.1 };
        for tag in 0..30 {
            // Doubled singles have twice the variance of the mean they add.
            let mean = (1.0 + f64::from(tag)) * weekday;
            let num = dice.poisson(mean * 0.5) + 2 * dice.poisson(mean * 0.25);
            for _ in 0..num {
                id += 1;
                let c = contact_at("chat", &format!("c{id:06}"), date.utc_midnight().plus_seconds(id % DAY));
                facts.conversation_tags.push(topic(&c, &format!("t{tag:02}")));
                facts.conversations.push(c);
            }
        }
    }
    let rows = rows(&facts);
    let judged: Vec<_> = rows.iter().filter(|r| r.expected.is_some()).collect();
    assert!(judged.len() > 4_000, "{}", judged.len());
    let alarms = judged.iter().filter(|r| r.alarm != Alarm::None).count();
    let months = f64::from(days - 30) / 30.0;
    assert!(alarms as f64 <= 2.0 * months, "{alarms} alarms in {months} months");
    let inside = judged.iter().filter(|r| {
        let n = r.num_conversations as f64;
        r.expected_lo.is_some_and(|lo| lo <= n) && r.expected_hi.is_some_and(|hi| n <= hi)
    });
    let covered = inside.count() as f64 / judged.len() as f64;
    assert!(covered > 0.93, "{covered}");
}

/// Orders triple for five days and contacts follow 2 to 6 days later at the same rate: more contacts,
/// not more per order. Later the rate of one of the two tags doubles.
fn peak_of_orders(seed: u64, is_announced: bool) -> (Fixture, Date, Date) {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
    let mut facts = Fixture::new("2025-11-30");
    let (first, last) = (day("2025-05-01"), facts.as_of);
    let (peak, worse) = (day("2025-10-01"), day("2025-11-20"));
    if is_announced {
        facts.peaks = vec![peak];
    }
    let mut num = 0;
    for t in 0..=last.days_since(first) {
        let date = first.plus_days(t);
        let in_peak = (0..5).contains(&date.days_since(peak));
        for _ in 0..dice.poisson(if in_peak { 600.0 } else { 200.0 }) {
            num += 1;
            let at = date.utc_midnight().plus_seconds(num % DAY);
            let id = format!("o{num:06}");
            facts.orders.push(order(&id, at, None));
            let lag = 2 + dice.0.next_u64() % 5;
            let asked = at.plus_seconds(lag as i64 * DAY);
            let rate = if asked.utc_date() >= worse { 0.3 } else { 0.15 };
            let tag = match dice.uniform() {
                u if u < rate => "shipping/delay",
                u if u > 0.85 => "order/invoice",
                _ => continue,
            };
            if asked.utc_date() <= last {
                let c = contact_at("chat", &format!("c{num:06}"), asked);
                facts.conversation_tags.push(topic(&c, tag));
                facts
                    .link_order
                    .push(link_order(&c, &id, asked.seconds_since(at).saturating_neg()));
                facts.conversations.push(c);
            }
        }
    }
    (facts, peak, worse)
}

fn alarms<'r>(rows: &'r [TagDaily], tag: &'r str) -> impl Iterator<Item = (Date, Alarm)> + 'r {
    let told = rows
        .iter()
        .filter(|r| !matches!(r.alarm, Alarm::None | Alarm::NotEnoughHistory));
    told.filter(move |r| r.tag.as_str() == tag).map(|r| (r.date, r.alarm))
}

#[test]
fn a_peak_in_orders_is_told_once_and_not_per_order() {
    let (facts, peak, worse) = peak_of_orders(11, false);
    let rows = rows(&facts);
    let by_rate = |a: &(Date, Alarm)| matches!(a.1, Alarm::Rate | Alarm::CountAndRate);
    for tag in ["all", "shipping/delay", "order/invoice"] {
        let wrong: Vec<_> = alarms(&rows, tag).filter(|a| a.0 < worse).filter(by_rate).collect();
        assert!(wrong.is_empty(), "{tag}: {wrong:?}");
    }
    let rise = alarms(&rows, "all").filter(|a| a.0 >= peak && a.0 < peak.plus_days(12));
    assert!(rise.count() >= 3, "the rise itself must be seen");
    let parts = alarms(&rows, "shipping/delay").filter(|a| a.0 < worse).count();
    assert!(parts <= 1, "a tag that rises with all others keeps still: {parts}");
    let found = alarms(&rows, "shipping/delay")
        .filter(|a| a.0 >= worse)
        .filter(by_rate)
        .count();
    assert!(found >= 1, "{found}");
}

#[test]
fn a_peak_of_the_calendar_is_no_alarm() {
    for seed in [11, 12, 13] {
        let (facts, peak, worse) = peak_of_orders(seed, true);
        let around = peak.plus_days(-7)..peak.plus_days(42);
        let rows = rows(&facts);
        for tag in ["all", "shipping", "shipping/delay", "order/invoice"] {
            let wrong: Vec<_> = alarms(&rows, tag).filter(|a| around.contains(&a.0)).collect();
            assert!(wrong.is_empty(), "{seed} {tag}: {wrong:?}");
        }
        assert!(alarms(&rows, "shipping/delay").any(|a| a.0 >= worse), "{seed}");
    }
}

/// 20 and 6 contacts a day; `extra` adds to the second tag.
fn two_tags(seed: u64, days: i32, extra: impl Fn(i32) -> f64) -> (Fixture, Date) {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
    let mut facts = Fixture::new("2025-11-30");
    let first = facts.as_of.plus_days(1 - days);
    let mut id = 0;
    for t in 0..days {
        for (tag, mean) in [("a/steady", 20.0), ("b/other", 6.0 + extra(t))] {
            for _ in 0..dice.poisson(mean) {
                id += 1;
                let at = first.plus_days(t).utc_midnight().plus_seconds(id % DAY);
                let c = contact_at("chat", &format!("c{id:06}"), at);
                facts.conversation_tags.push(topic(&c, tag));
                facts.conversations.push(c);
            }
        }
    }
    (facts, first)
}

/// A newsletter every ten days to 500 people brings 50 contacts in four days; the fourth to 1,000 brings 100.
#[test]
fn campaigns_explain_the_contacts_they_bring() {
    let waves: Vec<(i32, i32)> = (0..6).map(|k| (45 + 10 * k, if k < 3 { 500 } else { 1_000 })).collect();
    let brought = |t: i32| -> f64 {
        let of = |(s, n): &(i32, i32)| match t - s {
            0 => 0.05 * f64::from(*n),
            1 => 0.025 * f64::from(*n),
            2 => 0.015 * f64::from(*n),
            3 => 0.01 * f64::from(*n),
            _ => 0.0,
        };
        waves.iter().map(of).sum()
    };
    let (mut facts, first) = two_tags(3, 120, brought);
    let unexplained = rows(&facts);
    let second = first.plus_days(waves[1].0);
    assert!(alarms(&unexplained, "b/other").filter(|a| a.0 >= second).count() >= 3);
    facts.campaigns = vec![campaign("n", Some("newsletter"))];
    for (t, n) in &waves {
        for i in 0..*n {
            let at = first.plus_days(*t).utc_midnight();
            facts
                .sends
                .push(send("n", &format!("{t}-{i}"), at, &format!("p{i}"), false));
        }
    }
    let explained = rows(&facts);
    let wrong: Vec<_> = alarms(&explained, "b/other").filter(|a| a.0 >= second).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(
        alarms(&explained, "b/other").count() > 0,
        "the first of its kind is unknown"
    );
}

/// Six a day become eleven: no day is out of the ordinary, the week is.
#[test]
fn a_small_rise_is_seen_by_the_week() {
    let (facts, first) = two_tags(8, 100, |t| if t >= 85 { 6.0 } else { 0.0 });
    let rows = rows(&facts);
    let found: Vec<_> = alarms(&rows, "b/other").collect();
    assert!(!found.is_empty(), "never seen");
    assert!(found.iter().all(|a| a.0 > first.plus_days(85)), "{found:?}");
    assert!(found.len() <= 4, "told anew every day: {found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// What a night says of a day stands: later contacts, orders and sends do not change it.
    #[test]
    fn later_days_change_no_verdict(
        days in proptest::collection::vec((0u8..30, 0u8..9, 0u8..40, 0u8..12), 50..80),
        cut in 1i32..20,
    ) {
        let mut facts = Fixture::new("2025-11-30");
        let first = facts.as_of.plus_days(1 - days.len() as i32);
        facts.campaigns = vec![campaign("n", Some("newsletter"))];
        facts.peaks = vec![facts.as_of.plus_days(-20)];
        for (t, (a, b, orders, sends)) in days.iter().enumerate() {
            let at = first.plus_days(t as i32).utc_midnight();
            for (tag, n) in [("a/x", *a), ("a/y", *b)] {
                for i in 0..n {
                    let c = contact_at("chat", &format!("{tag}{t}-{i}"), at.plus_seconds(i64::from(i) * 1_800));
                    facts.conversation_tags.push(topic(&c, tag));
                    facts.conversations.push(c);
                }
            }
            facts.orders.extend((0..*orders).map(|i| order(&format!("{t}-{i}"), at, None)));
            if t % 9 == 0 {
                facts.sends.extend((0..*sends).map(|i| send("n", &format!("{t}-{i}"), at, "p", false)));
            }
        }
        let whole = rows(&facts);
        facts.as_of = facts.as_of.plus_days(-cut);
        let as_of = facts.as_of;
        facts.conversations.retain(|c| c.date <= as_of);
        facts.orders.retain(|o| o.date <= as_of);
        facts.sends.retain(|s| s.date <= as_of);
        let told = |rows: Vec<TagDaily>| -> Vec<_> {
            rows.into_iter().filter(|r| r.date <= as_of).map(|r| (r.tag, r.date, r.expected, r.expected_hi, r.alarm)).collect()
        };
        prop_assert_eq!(told(whole), told(rows(&facts)));
    }
}
