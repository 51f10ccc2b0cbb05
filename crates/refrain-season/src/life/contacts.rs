//! Contacts and what follows from them: on which channel, when, and whether the person comes back.

use refrain_record::Channel;

use super::{Cause, Contact, DAY_S, HOUR_S, Living};
use crate::course::Say;
use crate::desk::{CHANNELS, play, play_noise};
use crate::problem::{Anchor, COMPANIONS, Problem, RATE_SCALE};

/// Chance of another contact about the same matter: solved, answered but not solved, never answered.
pub(crate) const REPEAT_RATE: [f64; 3] = [0.05, 0.48, 0.62];

impl Living<'_> {
    pub(super) fn lag_s(&mut self, problem: usize) -> i64 {
        (self.rng.log_normal(Problem::all()[problem].lag_h, 0.8) * HOUR_S as f64) as i64
    }

    pub(super) fn draw_problem(&mut self, anchor: Anchor) -> usize {
        self.rng.weighted(
            Problem::all()
                .iter()
                .map(|p| if p.anchor == anchor { p.rate } else { 0.0 }),
        )
    }

    /// A contact and those that follow from it.
    pub(super) fn contact(&mut self, cause: Cause) {
        let channel = self.draw_channel();
        let second = self.companion(cause.problem);
        let item = cause.item.unwrap_or_else(|| self.draw_item());
        let (mut at, mut channel, mut repeat_of) = (cause.at, channel, None);
        let (mut is_follow_up, mut is_merged) = (false, false);
        for again in 0..5 {
            at = self.moment(at, channel);
            if at >= self.world.calendar.end() {
                return;
            }
            let problem = &Problem::all()[cause.problem];
            let mut course = play(problem, channel, at, again, self.world.calendar, &mut self.rng);
            if is_merged {
                course.merge();
            }
            let rate = REPEAT_RATE[if course.solved {
                0
            } else {
                1 + usize::from(!course.answered)
            }];
            let (answered, last_at, is_bad) = (course.answered, course.last_at, !course.solved);
            let this = self.life.contacts.len();
            self.life.contacts.push(Contact {
                at,
                problem: Some(cause.problem),
                second: if again == 0 { second } else { None },
                order: cause.order,
                item,
                campaign: cause.campaign,
                channel,
                repeat_of,
                again,
                is_follow_up,
                is_merged,
                is_bad,
                incident: cause.incident,
                course,
            });
            if is_merged || !self.rng.chance(rate) {
                return;
            }
            let switched = self.rng.chance(0.4);
            let next_channel = if switched { self.draw_channel() } else { channel };
            let impatient = !answered && self.rng.chance(0.6);
            at = if impatient {
                at + self.rng.int(2 * HOUR_S, 22 * HOUR_S)
            } else {
                last_at.max(at) + DAY_S + (self.rng.exponential(4.5 * DAY_S as f64) as i64).min(28 * DAY_S)
            };
            is_merged = impatient && self.rng.chance(0.3);
            is_follow_up = !is_merged && next_channel == channel && self.rng.chance(0.25);
            channel = next_channel;
            repeat_of = Some(this);
        }
    }

    /// People write when awake and call when somebody answers.
    pub(super) fn moment(&mut self, at: i64, channel: Channel) -> i64 {
        let at = self.world.calendar.awake(at, &mut self.rng);
        let late = matches!(channel, Channel::Phone) || (channel == Channel::Chat && self.rng.chance(0.7));
        if late && !self.world.calendar.is_open(at) {
            let seconds = self.rng.int(60, 4 * HOUR_S);
            self.world.calendar.after_open_seconds(at, seconds)
        } else {
            at
        }
    }

    pub(super) fn draw_channel(&mut self) -> Channel {
        loop {
            let channel = CHANNELS[self.rng.weighted(CHANNELS.iter().map(|c| c.1))].0;
            let by_phone = matches!(channel, Channel::Phone | Channel::Whatsapp);
            if !by_phone || self.person.phone.is_some() {
                return channel;
            }
        }
    }

    pub(super) fn companion(&mut self, problem: usize) -> Option<usize> {
        let id = Problem::all()[problem].id;
        let (_, other, _) = COMPANIONS.iter().filter(|c| c.0 == id).find(|c| self.rng.chance(c.2))?;
        Some(Problem::index(other))
    }

    /// Spam, notices and thank-yous: a few in a hundred conversations.
    pub(super) fn noise(&mut self) {
        for (say, rate) in [(Say::Spam, 0.0045), (Say::Notice, 0.0030), (Say::ThankYou, 0.0045)] {
            if self.rng.chance(rate) && (say != Say::ThankYou || !self.life.orders.is_empty()) {
                let at = self.world.calendar.draw(&mut self.rng);
                let course = play_noise(say, at, &mut self.rng);
                let item = self.draw_item();
                self.life.contacts.push(Contact {
                    at,
                    problem: None,
                    second: None,
                    order: None,
                    item,
                    campaign: None,
                    channel: Channel::Email,
                    repeat_of: None,
                    again: 0,
                    is_follow_up: false,
                    is_merged: false,
                    is_bad: false,
                    incident: None,
                    course,
                });
            }
        }
    }
}

/// Rates of the problems of an anchor.
pub(super) fn rates(anchor: Anchor) -> impl Iterator<Item = f64> {
    Problem::all()
        .iter()
        .filter(move |p| p.anchor == anchor)
        .map(|p| p.rate * RATE_SCALE)
}
