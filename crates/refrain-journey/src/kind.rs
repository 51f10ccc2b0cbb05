//! How a later contact relates to the earlier one.

use crate::config::Config;
use crate::event::Contact;
use crate::outcome::{gap_days, gap_s};
use refrain_record::{EndReason, MatchReason, RepeatKind};

const DAY_S: i64 = 86_400;

/// The kind of a pair; the first that fits of: redirected, forwarded, reopen, redial,
/// cross-channel, follow-up.
pub(crate) fn kind(earlier: &Contact<'_>, later: &Contact<'_>, reason: MatchReason, config: &Config) -> RepeatKind {
    if earlier.is_redirected && reason != MatchReason::None {
        return RepeatKind::Redirected;
    }
    if is_forwarded(earlier, later, config) {
        return RepeatKind::Forwarded;
    }
    if reason == MatchReason::SourceThread && is_reopened_by(earlier, later) {
        return RepeatKind::Reopen;
    }
    let is_waiting = is_open_at_start(earlier, later) || is_unanswered_at_start(earlier, later);
    let gap = gap_s(earlier, later).unwrap_or_else(|| gap_days(earlier, later).saturating_mul(DAY_S));
    match (is_waiting, earlier.channel == later.channel) {
        (true, true) if gap <= config.redial_max_s => RepeatKind::Redial,
        (true, false) => RepeatKind::CrossChannel,
        _ => RepeatKind::FollowUp,
    }
}

/// A transfer ended the earlier one and the later one took up from there.
fn is_forwarded(earlier: &Contact<'_>, later: &Contact<'_>, config: &Config) -> bool {
    let (Some(end), Some(start)) = (earlier.ended_at, later.started_at) else {
        return false;
    };
    earlier.num_transfers > 0 && end <= start && start <= end.plus_seconds(config.forwarded_max_s)
}

/// The source opened the earlier one again when the later one came in.
fn is_reopened_by(earlier: &Contact<'_>, later: &Contact<'_>) -> bool {
    let Some(start) = later.started_at else {
        return false;
    };
    earlier
        .reopened_at
        .iter()
        .any(|&at| start <= at && at <= start.plus_seconds(DAY_S))
}

fn is_open_at_start(earlier: &Contact<'_>, later: &Contact<'_>) -> bool {
    match (earlier.settled_at(), later.started_at) {
        _ if earlier.end_reason == EndReason::Open => true,
        (Some(settled), Some(start)) => start < settled,
        _ => false,
    }
}

fn is_unanswered_at_start(earlier: &Contact<'_>, later: &Contact<'_>) -> bool {
    let answered_at = earlier
        .started_at
        .zip(earlier.first_response_s)
        .map(|(at, wait)| at.plus_seconds(wait));
    match (answered_at, later.started_at) {
        _ if earlier.never_answered => true,
        (Some(answered), Some(start)) => start < answered,
        _ => false,
    }
}
