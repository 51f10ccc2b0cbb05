//! Links by example: orders, carts, returns and campaigns around one mail.

use super::tests::{HOUR, hours, mail};
use super::*;
use refrain_record::{Date, LinkMethod, ReturnKind};

#[test]
fn orders_link_by_name_and_by_closeness() {
    let campaigns = CampaignIndex::default();
    let order = |order_id, hour| OrderEvent {
        source: "shop",
        order_id,
        ordered_at: hours(hour),
    };
    let orders = [
        order("old", -2_000),
        order("last", -40),
        order("next", 60),
        order("later", 90),
    ];
    let contacts = [Contact {
        order_ids: &["old"],
        ..mail("a", 0)
    }];
    let history = PersonHistory {
        contacts: &contacts,
        orders: &orders,
        ..PersonHistory::new("de", "p", &campaigns)
    };
    let journey = walk_person(&history, &Config::default(), AsOf::utc(Date(5)));
    assert_eq!(journey.contacts[0].customer_orders_before, Some(2));
    let rows: Vec<_> = journey
        .link_orders
        .iter()
        .map(|l| {
            (
                l.order_id.as_str(),
                l.is_next_order,
                l.within_1d,
                l.within_3d,
                l.within_7d,
                l.matched_by,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("last", false, Some(false), Some(false), None, LinkMethod::Person),
            ("next", true, Some(false), Some(true), None, LinkMethod::Person),
            ("old", false, Some(false), Some(false), None, LinkMethod::OrderId),
        ]
    );
    assert!(!journey.link_orders[0].matured);
}

#[test]
fn carts_and_returns_keep_the_sign_of_time() {
    let campaigns = CampaignIndex::default();
    let cart = |checkout_id, hour, completed: Option<i64>| CheckoutEvent {
        source: "shop",
        checkout_id,
        updated_at: hours(hour),
        completed_at: completed.map(hours),
        step: Some("payment"),
        is_abandoned: completed.is_none().then_some(true),
    };
    let carts = [
        cart("before", -3, Some(2)),
        cart("after", 4, None),
        cart("far", 500, None),
    ];
    let back = |return_id, hour, kind| ReturnEvent {
        source: "shop",
        return_id,
        order_id: None,
        opened_at: hours(hour),
        kind,
        reason: None,
    };
    let returns = [
        back("r1", 48, ReturnKind::Return),
        back("r2", -48, ReturnKind::RefundOnly),
        back("x", 1, ReturnKind::Cancel),
    ];
    let contacts = [Contact {
        never_answered: true,
        first_response_s: None,
        ..mail("a", 0)
    }];
    let history = PersonHistory {
        contacts: &contacts,
        checkouts: &carts,
        returns: &returns,
        ..PersonHistory::new("de", "p", &campaigns)
    };
    let journey = walk_person(&history, &Config::default(), AsOf::utc(Date(50)));
    let carts: Vec<_> = journey
        .link_carts
        .iter()
        .map(|l| {
            (
                l.checkout_id.as_str(),
                l.gap_s / HOUR,
                l.recovered_after,
                l.is_abandoned,
            )
        })
        .collect();
    assert_eq!(carts, [("after", 4, false, Some(true)), ("before", -3, true, None)]);
    let returns: Vec<_> = journey
        .link_returns
        .iter()
        .map(|l| {
            (
                l.return_id.as_str(),
                l.gap_s / HOUR,
                l.contact_before_return,
                l.slow_reply,
            )
        })
        .collect();
    assert_eq!(returns, [("r1", 48, true, Some(true)), ("r2", -48, false, Some(true))]);
}

#[test]
fn campaigns_link_by_send_and_by_mention() {
    let reference = |campaign_id, code| CampaignRef {
        source: "m",
        campaign_id,
        name: "x",
        code: Some(code),
        url: None,
        starts_at: None,
        ends_at: None,
    };
    let campaigns = CampaignIndex::build(&[reference("c1", "BLACK25"), reference("c3", "SPRING5")]).unwrap();
    let send = |campaign_id, hour| SendEvent {
        source: "m",
        campaign_id,
        sent_at: hours(hour),
    };
    let sends = [
        send("c1", -30),
        send("c1", -20),
        send("c2", -10),
        send("c2", 10),
        send("c4", -999),
    ];
    let contacts = [Contact {
        opening_text: "BLACK25 and spring5 fail",
        ..mail("a", 0)
    }];
    let history = PersonHistory {
        contacts: &contacts,
        sends: &sends,
        ..PersonHistory::new("de", "p", &campaigns)
    };
    let journey = walk_person(&history, &Config::default(), AsOf::utc(Date(50)));
    let rows: Vec<_> = journey
        .link_campaigns
        .iter()
        .map(|l| {
            (
                l.campaign_id.as_str(),
                l.gap_s.map(|g| g / HOUR),
                l.mentioned_in_text,
                l.num_overlapping,
                l.matched_by,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("c1", Some(-20), true, 2, LinkMethod::Mention),
            ("c2", Some(-10), false, 2, LinkMethod::Person),
            ("c3", None, true, 3, LinkMethod::Mention),
        ]
    );
}
