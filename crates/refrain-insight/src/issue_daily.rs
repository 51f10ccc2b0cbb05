//! Contacts by recurring issue and day. Issues merged since count under the one that stands for them.
//!
//! A new issue takes in the conversations of the 28 days up to its birth, each under its own date. The
//! series starts with them: the days before say nothing, so an old problem that was recognised only now
//! is no novelty.

use rayon::prelude::*;
use refrain_record::Date;
use refrain_record::tables::IssueDaily;

use crate::InsightConfig;
use crate::night::{Contact, Night, ShopNight};
use crate::series::{Axis, Budget, Series};
use crate::tally::Tally;

/// Days up to an issue's birth whose conversations become its members, the birth's own included.
const BACKCAST_DAYS: i32 = 28;

/// The table `issue_daily`, by its key; days without a member have no row.
#[must_use]
pub fn issue_daily(night: &Night<'_>, config: &InsightConfig) -> Vec<IssueDaily> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let Some(axis) = Axis::new(shop, night.facts.as_of) else {
            continue;
        };
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); shop.issues.len()];
        for (i, contact) in shop.contacts.iter().enumerate() {
            if let Some(issue) = contact.issue {
                members[issue as usize].push(i as u32);
            }
        }
        let starts = starts(night, shop);
        let series: Vec<Series<'_>> = members
            .par_iter()
            .zip(&starts)
            .map(|(contacts, starts)| Series::new(&axis, contacts).covered_from(&axis, starts))
            .collect();
        let budget = Budget::of(&axis, series.iter(), config);
        let made: Vec<Vec<IssueDaily>> = series
            .par_iter()
            .zip(&shop.issues)
            .map(|(series, issue)| issue_rows(shop, &axis, issue, series, &budget, config))
            .collect();
        rows.extend(made.into_iter().flatten());
    }
    // Shops, issues and days are each in order already.
    rows
}

/// For each issue the first days on which members were looked for: the issue's own and those of the
/// issues merged into it.
fn starts(night: &Night<'_>, shop: &ShopNight<'_>) -> Vec<Vec<Date>> {
    let mut starts = vec![Vec::new(); shop.issues.len()];
    for row in night.facts.issues.iter().filter(|r| r.shop_id == *shop.shop.shop_id) {
        if let Ok(place) = shop.issues.binary_search(&row.canonical_id.as_str()) {
            starts[place].push(row.born_on.plus_days(1 - BACKCAST_DAYS));
        }
    }
    starts
}

fn issue_rows(
    shop: &ShopNight<'_>,
    axis: &Axis<'_>,
    issue: &str,
    series: &Series<'_>,
    budget: &Budget,
    config: &InsightConfig,
) -> Vec<IssueDaily> {
    let contact = |i: &u32| -> &Contact<'_> { &shop.contacts[*i as usize] };
    series
        .contacts
        .chunk_by(|a, b| contact(a).date() == contact(b).date())
        .filter_map(|day| {
            let date = contact(day.first()?).date();
            let t = axis.day(date)?;
            let tally = Tally::of(day.iter().map(contact));
            let verdict = axis.judge(series, t, budget.on(t, config), config);
            Some(IssueDaily {
                shop_id: shop.shop.shop_id.clone(),
                issue_id: issue.into(),
                date,
                num_conversations: tally.num,
                num_customers: tally.num_customers,
                num_repeat_7d: tally.num_repeat_7d,
                handle_s: tally.handle_s,
                handle_s_estimated_share: tally.estimated_share(),
                expected: verdict.expected,
                expected_lo: verdict.lo,
                expected_hi: verdict.hi,
                per_100_orders: axis.per_100_orders(date, tally.num),
                alarm: verdict.alarm,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, contact, day, member, outcome};
    use crate::fixture_rows;
    use refrain_record::tables::{Issue, IssueMember};
    use refrain_record::{Alarm, HandleMethod, MembershipKind};

    fn issue(id: &str, canonical: &str) -> Issue {
        Issue {
            canonical_id: canonical.into(),
            first_seen: day("2025-11-01"),
            last_seen: day("2025-11-01"),
            born_on: day("2025-11-01"),
            ..fixture_rows::issue(id, id)
        }
    }

    #[test]
    fn merged_issues_count_as_one() {
        let mut facts = Fixture::new("2025-11-30");
        facts.issues = vec![
            issue("i1", "i2"),
            issue("i2", "i3"),
            issue("i3", "i3"),
            issue("x", "y"),
            issue("y", "x"),
        ];
        for (id, assigned, kind) in [
            ("1", Some("i1"), MembershipKind::Member),
            ("2", Some("i3"), MembershipKind::Member),
            ("3", None, MembershipKind::NearestOnly),
            ("4", Some("unlisted"), MembershipKind::Member),
            ("5", Some("x"), MembershipKind::Member),
        ] {
            let mut c = contact("chat", id, "2025-11-03");
            c.handle_s = Some(100);
            c.handle_s_method = if id == "1" {
                HandleMethod::Estimated
            } else {
                HandleMethod::Measured
            };
            facts.issue_members.push(IssueMember {
                shop_id: "de".into(),
                source: c.source.clone(),
                conversation_id: c.conversation_id.clone(),
                date: c.date,
                kind,
                issue_id: assigned.map(Into::into),
                nearest_issue_id: Some("i1".into()),
                similarity: None,
                request_seq: 0,
                assigned_on: c.date,
                moved_from: Vec::new(),
            });
            let mut o = outcome(&c, Some("p"));
            o.is_repeat_7d = Some(id == "2");
            facts.conversation_outcomes.push(o);
            facts.conversations.push(c);
        }
        let rows = facts.night(|night| issue_daily(night, &InsightConfig::default()));
        let found: Vec<_> = rows
            .iter()
            .map(|r| (r.issue_id.as_str(), r.num_conversations))
            .collect();
        assert_eq!((found.len(), found[0], found[1]), (3, ("i3", 2), ("unlisted", 1)));
        let row = &rows[0];
        assert_eq!((row.num_customers, row.num_repeat_7d, row.handle_s), (1, 1, 200));
        assert_eq!(
            (row.handle_s_estimated_share, row.alarm),
            (Some(0.5), Alarm::NotEnoughHistory)
        );
    }

    /// Born today with 12 contacts a day for four weeks: old, only found late. Born today with 15 a day
    /// since the day before yesterday: new.
    #[test]
    fn a_birth_is_a_novelty_only_when_the_problem_is_new() {
        let mut facts = Fixture::new("2025-11-30");
        let mut add = |issue: Option<&str>, t: i32, n: i32| {
            for i in 0..n {
                let date = facts.as_of.plus_days(-t).to_string();
                let c = contact("chat", &format!("{}-{t}-{i}", issue.unwrap_or("none")), &date);
                facts.issue_members.extend(issue.map(|issue| member(&c, issue)));
                facts.conversations.push(c);
            }
        };
        for t in 0..90 {
            add(None, t, 40);
        }
        for t in 0..28 {
            add(Some("old"), t, 12);
        }
        for t in 0..3 {
            add(Some("new"), t, 15);
        }
        facts.issues = vec![issue("new", "new"), issue("old", "old")];
        facts.issues.iter_mut().for_each(|i| i.born_on = facts.as_of);
        let rows = facts.night(|night| issue_daily(night, &InsightConfig::default()));
        let told = |id: &str| -> Vec<Alarm> {
            let of = rows.iter().filter(|r| r.issue_id.as_str() == id);
            of.map(|r| r.alarm).filter(|a| *a != Alarm::NotEnoughHistory).collect()
        };
        assert!(
            told("old").len() >= 10 && told("old").iter().all(|a| *a == Alarm::None),
            "{:?}",
            told("old")
        );
        assert!(told("new").contains(&Alarm::Novelty), "{:?}", told("new"));
    }
}
