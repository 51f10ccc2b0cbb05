//! Contacts by recurring issue and day. Issues merged since count under the one that stands for them.

use rayon::prelude::*;
use refrain_record::tables::IssueDaily;

use crate::InsightConfig;
use crate::night::{Contact, Night, ShopNight};
use crate::series::{Axis, Series};
use crate::tally::Tally;

/// The table `issue_daily`, by its key; days without a member have no row.
#[must_use]
pub fn issue_daily(night: &Night<'_>, config: &InsightConfig) -> Vec<IssueDaily> {
    let mut rows = Vec::new();
    for shop in &night.shops {
        let Some(axis) = Axis::new(shop, night.facts.as_of) else { continue };
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); shop.issues.len()];
        for (i, contact) in shop.contacts.iter().enumerate() {
            if let Some(issue) = contact.issue {
                members[issue as usize].push(i as u32);
            }
        }
        let mut live = vec![0; axis.len()];
        for contacts in &members {
            Series::new(&axis, contacts).mark_live(&mut live, config.alarm_min_count);
        }
        let made: Vec<Vec<IssueDaily>> = members
            .par_iter()
            .zip(&shop.issues)
            .map(|(contacts, issue)| issue_rows(shop, &axis, issue, contacts, &live, config))
            .collect();
        rows.extend(made.into_iter().flatten());
    }
    // Shops, issues and days are each in order already.
    rows
}

fn issue_rows(
    shop: &ShopNight<'_>,
    axis: &Axis<'_>,
    issue: &str,
    contacts: &[u32],
    live: &[i64],
    config: &InsightConfig,
) -> Vec<IssueDaily> {
    let series = Series::new(axis, contacts);
    let contact = |i: &u32| -> &Contact<'_> { &shop.contacts[*i as usize] };
    contacts
        .chunk_by(|a, b| contact(a).date() == contact(b).date())
        .filter_map(|day| {
            let date = contact(day.first()?).date();
            let t = axis.day(date)?;
            let tally = Tally::of(day.iter().map(contact));
            let verdict = axis.judge(&series, t, Axis::alpha(live[t], config), config);
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
