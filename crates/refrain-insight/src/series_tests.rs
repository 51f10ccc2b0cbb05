use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use refrain_record::Alarm;
use refrain_record::tables::TagDaily;

use crate::fixture::{Fixture, contact_at, day, link_order, order, topic};
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
/// not more per order. Later the rate itself doubles.
#[test]
fn a_peak_in_orders_is_no_alarm_per_order() {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(11));
    let mut facts = Fixture::new("2025-11-30");
    let (first, last) = (day("2025-05-01"), facts.as_of);
    let (peak, worse) = (day("2025-10-01"), day("2025-11-20"));
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
            if dice.uniform() < rate && asked.utc_date() <= last {
                let c = contact_at("chat", &format!("c{num:06}"), asked);
                facts.conversation_tags.push(topic(&c, "shipping/delay"));
                facts
                    .link_order
                    .push(link_order(&c, &id, asked.seconds_since(at).saturating_neg()));
                facts.conversations.push(c);
            }
        }
    }
    let rows = rows(&facts);
    let of = |tag: &str| rows.iter().filter(|r| r.tag.as_str() == tag).collect::<Vec<_>>();
    let series = of("shipping/delay");
    let by_rate = |r: &&&TagDaily| matches!(r.alarm, Alarm::Rate | Alarm::CountAndRate);
    let wrong: Vec<_> = series
        .iter()
        .filter(|r| r.date < worse)
        .filter(by_rate)
        .map(|r| r.date)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let by_count = series.iter().filter(|r| r.date >= peak && r.date < peak.plus_days(12));
    assert!(
        by_count.filter(|r| r.alarm == Alarm::Count).count() >= 3,
        "the rise itself must be seen"
    );
    let found: Vec<_> = series
        .iter()
        .filter(|r| r.date >= worse)
        .filter(by_rate)
        .map(|r| r.date)
        .collect();
    assert!(found.len() >= 2, "{found:?}");
}
