//! The journey by example: kinds, endings, identity, and what ripens when.

use super::*;
use refrain_record::{Channel, Date, EndReason, LinkMethod, MatchReason, RepeatKind, Timestamp};

pub(crate) const HOUR: i64 = 3_600;

pub(crate) fn hours(hours: i64) -> Timestamp {
    Timestamp::from_seconds(hours * HOUR)
}

/// Half an hour of mail about a late parcel, solved.
pub(crate) fn mail(id: &str, hour: i64) -> Contact<'_> {
    Contact {
        date: hours(hour).utc_date(),
        started_at: Some(hours(hour)),
        ended_at: Some(hours(hour).plus_seconds(1_800)),
        channel: Channel::Email,
        end_reason: EndReason::Resolved,
        tags: &["shipping/delay"],
        num_agent_messages: 1,
        first_response_s: Some(600),
        ..Contact::new("mail", id)
    }
}

fn walk(contacts: &[Contact<'_>], as_of: i32) -> PersonJourney {
    let campaigns = CampaignIndex::default();
    let history = PersonHistory {
        contacts,
        ..PersonHistory::new("de", "p", &campaigns)
    };
    walk_person(&history, &Config::default(), AsOf::utc(Date(as_of)))
}

/// Kind and reason of the link between two contacts.
fn pair(earlier: Contact<'_>, later: Contact<'_>) -> (RepeatKind, MatchReason) {
    let link = &walk(&[earlier, later], 100).repeat_links[0];
    (link.kind, link.match_reason)
}

#[test]
fn kinds_follow_their_definitions() {
    use MatchReason::{None, SourceThread, Tag};
    use RepeatKind::{CrossChannel, FollowUp, Forwarded, Redial, Redirected, Reopen};
    let a = mail("a", 0);
    let open = Contact {
        end_reason: EndReason::Open,
        ..a
    };
    let chat = |hour| Contact {
        channel: Channel::Chat,
        ..mail("b", hour)
    };
    let passed_on = Contact {
        num_transfers: 1,
        ended_at: Some(hours(1)),
        ..a
    };
    assert_eq!(pair(a, mail("b", 5)), (FollowUp, Tag));
    assert_eq!(pair(open, mail("b", 5)), (Redial, Tag));
    assert_eq!(pair(open, mail("b", 25)), (FollowUp, Tag), "too late for a redial");
    assert_eq!(pair(open, chat(50)), (CrossChannel, Tag));
    assert_eq!(
        pair(
            Contact {
                first_response_s: Some(6 * HOUR),
                ..a
            },
            mail("b", 5)
        ),
        (Redial, Tag),
        "not answered yet"
    );
    assert_eq!(pair(passed_on, chat(1)), (Forwarded, Tag));
    assert_eq!(
        pair(
            Contact {
                is_redirected: true,
                ..passed_on
            },
            chat(1)
        ),
        (Redirected, Tag)
    );
    let reopened = [hours(6)];
    let thread = Contact {
        tags: &[],
        follows_up: Some("a"),
        ..mail("b", 5)
    };
    assert_eq!(
        pair(
            Contact {
                reopened_at: &reopened,
                num_reopens: 1,
                ..a
            },
            thread
        ),
        (Reopen, SourceThread)
    );
    assert_eq!(
        pair(
            a,
            Contact {
                tags: &["account/login"],
                ..mail("b", 5)
            }
        ),
        (FollowUp, None)
    );
}

#[test]
fn evidence_goes_from_strong_to_weak() {
    let bare = |id, hour| Contact {
        tags: &[],
        ..mail(id, hour)
    };
    let reason = |a, b| pair(a, b).1;
    let order = |c| Contact {
        order_ids: &["o1"],
        ..c
    };
    assert_eq!(
        reason(order(mail("a", 0)), order(mail("b", 5))),
        MatchReason::OrderAndTag
    );
    assert_eq!(
        reason(order(bare("a", 0)), order(bare("b", 5))),
        MatchReason::None,
        "an order alone is no matter"
    );
    let text = |c, request_text| Contact { request_text, ..c };
    let (one, two) = (
        "where is my parcel with the shoes",
        "Where is my parcel with the shoes??",
    );
    assert_eq!(
        reason(text(bare("a", 0), one), text(bare("b", 5), two)),
        MatchReason::Text
    );
    let again = Contact {
        opening_text: "Ich warte schon wieder",
        ..bare("b", 5)
    };
    assert_eq!(reason(bare("a", 0), again), MatchReason::Phrase);
}

#[test]
fn the_closest_same_matter_wins_over_anything_closer() {
    let other = Contact {
        tags: &["account/login"],
        ..mail("b", 30)
    };
    let links = walk(&[mail("a", 0), other, mail("c", 40)], 100).repeat_links;
    let found: Vec<_> = links
        .iter()
        .map(|l| {
            (
                l.conversation_id.as_str(),
                l.prior_conversation_id.as_str(),
                l.same_issue,
            )
        })
        .collect();
    assert_eq!(found, [("b", "a", false), ("c", "a", true)]);
    assert_eq!(links[1].gap_s, Some(40 * HOUR));
    assert_eq!(links[1].tag.as_ref().unwrap().as_str(), "shipping/delay");
}

#[test]
fn first_contact_figures_wait_for_their_windows() {
    let contacts = [mail("a", 0)];
    let at = |as_of| walk(&contacts, as_of).contacts[0].clone();
    assert_eq!(at(0).fcr, [None; 4]);
    assert_eq!(at(0).waits_for, ["fcr_1d", "fcr_7d", "fcr_14d", "fcr_30d"]);
    assert_eq!(at(1).fcr, [Some(true), None, None, None]);
    assert_eq!(at(30).fcr, [Some(true); 4]);
    assert!(at(30).waits_for.is_empty());
    assert_eq!(at(30).is_one_touch, Some(true));
}

#[test]
fn only_solved_and_final_endings_count() {
    let fcr = |contact| walk(&[contact], 100).contacts[0].fcr[1];
    let ending = |end_reason| Contact {
        end_reason,
        ..mail("a", 0)
    };
    assert_eq!(fcr(ending(EndReason::Resolved)), Some(true));
    assert_eq!(fcr(ending(EndReason::CustomerLeft)), Some(false));
    assert_eq!(fcr(ending(EndReason::AgentClosed)), Some(false));
    assert_eq!(fcr(ending(EndReason::Open)), Some(false));
    assert_eq!(fcr(ending(EndReason::Unknown)), None, "nobody knows");
    assert_eq!(
        fcr(Contact {
            is_redirected: true,
            ..mail("a", 0)
        }),
        Some(false)
    );
    let reopened = [hours(24 * 5)];
    let back = Contact {
        first_resolved_at: Some(hours(1)),
        num_reopens: 1,
        reopened_at: &reopened,
        ended_at: Some(hours(130)),
        ..mail("a", 0)
    };
    assert_eq!(
        walk(&[back], 100).contacts[0].fcr,
        [Some(true), Some(false), Some(false), Some(false)]
    );
}

#[test]
fn a_transfer_is_no_repeat() {
    let passed_on = Contact {
        num_transfers: 1,
        ended_at: Some(hours(1)),
        ..mail("a", 0)
    };
    let journey = walk(&[passed_on, mail("b", 1)], 100);
    assert_eq!(journey.repeat_links[0].kind, RepeatKind::Forwarded);
    assert_eq!(
        (journey.contacts[0].fcr[0], journey.contacts[1].is_repeat[0]),
        (Some(true), Some(false))
    );
}

#[test]
fn spam_and_thanks_take_no_part() {
    let contacts = [
        mail("a", 0),
        Contact {
            is_contact: false,
            ..mail("b", 2)
        },
        Contact {
            is_thanks_only: true,
            ..mail("c", 3)
        },
    ];
    let journey = walk(&contacts, 100);
    assert!(journey.repeat_links.is_empty());
    assert_eq!(journey.contacts[0].fcr[3], Some(true));
    assert_eq!(
        (journey.contacts[1].fcr[3], journey.contacts[1].is_repeat[3]),
        (None, None)
    );
    assert_eq!(journey.contacts[2].prev_conversation_id.as_ref().unwrap().as_str(), "a");
}

#[test]
fn bots_contain_when_nobody_comes_back() {
    let bot = Contact {
        bot_involved: true,
        num_agent_messages: 0,
        first_response_s: None,
        ..mail("a", 0)
    };
    let contained = |contacts: &[Contact<'_>], as_of| walk(contacts, as_of).contacts[0].bot_contained;
    assert_eq!(contained(&[bot], 6), None);
    assert_eq!(contained(&[bot], 8), Some(true));
    assert_eq!(
        contained(
            &[
                bot,
                Contact {
                    channel: Channel::Phone,
                    ..mail("b", 50)
                }
            ],
            8
        ),
        Some(false)
    );
    assert_eq!(
        contained(
            &[Contact {
                has_handover: true,
                ..bot
            }],
            0
        ),
        Some(false)
    );
    assert_eq!(contained(&[mail("a", 0)], 0), Some(false), "no bot, nothing contained");
}

#[test]
fn without_times_dates_decide() {
    let dated = |id, day| Contact {
        date: Date(day),
        started_at: None,
        ended_at: None,
        ..mail(id, 0)
    };
    let journey = walk(&[dated("b", 8), dated("a", 0)], 20);
    assert_eq!(
        (journey.repeat_links[0].gap_s, journey.contacts[1].days_since_prev),
        (None, Some(8))
    );
    assert_eq!(
        journey.contacts[1].is_repeat,
        [Some(false), Some(false), Some(true), Some(true)]
    );
    assert_eq!(journey.contacts[0].fcr, [Some(true), Some(true), Some(false), None]);
}

#[test]
fn a_contact_without_time_hides_nothing_from_the_next() {
    let untimed = Contact {
        started_at: None,
        ended_at: None,
        tags: &[],
        ..mail("b", 24 * 31)
    };
    let earlier = Contact {
        first_resolved_at: Some(hours(24)),
        ..mail("a", 0)
    };
    let links = walk(&[earlier, untimed, mail("c", 24 * 31)], 100).repeat_links;
    let link = links.iter().find(|link| link.conversation_id.as_str() == "c").unwrap();
    assert_eq!(link.prior_conversation_id.as_str(), "a");
}

#[test]
fn shared_and_unknown_identities_yield_nulls() {
    let ids: Vec<String> = (0..21).map(|n| format!("c{n:02}")).collect();
    let crowd: Vec<_> = ids.iter().map(|id| mail(id, 1)).chain([mail("z", 24)]).collect();
    let journey = walk(&crowd, 100);
    assert!(journey.repeat_links.is_empty());
    let (first, last) = (&journey.contacts[0], &journey.contacts[21]);
    assert!(first.is_shared_identity && first.fcr == [None; 4] && first.customer_orders_before.is_none());
    assert!(!last.is_shared_identity && last.fcr == [Some(true); 4]);

    let campaigns = CampaignIndex::default();
    let orders = [OrderEvent {
        source: "shop",
        order_id: "o1",
        ordered_at: hours(-5),
    }];
    let around = PersonHistory {
        named_orders: &orders,
        ..PersonHistory::new("de", "", &campaigns)
    };
    let named = Contact {
        order_ids: &["o1"],
        ..mail("a", 0)
    };
    let journey = walk_unknown(&named, &around, &Config::default(), AsOf::utc(Date(100)));
    let outcome = &journey.contacts[0];
    assert_eq!(
        (outcome.is_repeat, outcome.fcr, outcome.customer_channels_30d),
        ([None; 4], [None; 4], None)
    );
    assert_eq!(outcome.is_one_touch, Some(true));
    let link = &journey.link_orders[0];
    assert_eq!(
        (link.matched_by, link.gap_s, link.within_14d),
        (LinkMethod::OrderId, Some(-5 * HOUR), None)
    );
}

#[test]
fn channels_and_previous_contacts_are_counted() {
    let phone = Contact {
        channel: Channel::Phone,
        ..mail("b", 24 * 10)
    };
    let contacts = [mail("a", 0), phone, mail("c", 24 * 45)];
    let rows = walk(&contacts, 100).contacts;
    assert_eq!(
        rows.iter().map(|r| r.customer_channels_30d).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(1)]
    );
    assert_eq!(rows[2].days_since_prev, Some(35));
}

#[test]
fn a_crowded_history_stays_bounded() {
    let ids: Vec<String> = (0..2_000).map(|n| format!("{n:05}")).collect();
    let contacts: Vec<_> = ids.iter().enumerate().map(|(n, id)| mail(id, n as i64 * 2)).collect();
    assert_eq!(walk(&contacts, 1_000).repeat_links.len(), 1_999);
    assert_eq!(walk(&[], 0), PersonJourney::default());
}
