//! One contact at the help desk: who writes when, what happens to the ticket, how it ends. No text here.
//!
//! `say.rs` finds the words later, from another generator, so that leaving them away changes nothing else.

use refrain_record::{AuthorRole, Channel, ConversationEventKind as Kind};

use crate::calendar::Calendar;
use crate::course::{Actor, Course, Event, Rating, Say, Turn};
use crate::problem::Problem;
use crate::rng::Rng;

/// Channels, their share of contacts, median first reply in opening seconds, share that a bot greets first.
pub(crate) static CHANNELS: &[(Channel, f64, f64, f64)] = &[
    (Channel::Email, 0.35, 14_000.0, 0.0),
    (Channel::Chat, 0.29, 100.0, 0.70),
    (Channel::Whatsapp, 0.12, 1_500.0, 0.65),
    (Channel::Phone, 0.10, 70.0, 0.0),
    (Channel::WebForm, 0.08, 16_000.0, 0.0),
    (Channel::SocialDm, 0.04, 3_500.0, 0.0),
    (Channel::SocialPublic, 0.02, 5_000.0, 0.0),
];

struct Desk<'a> {
    calendar: &'a Calendar,
    rng: &'a mut Rng,
    channel: Channel,
    course: Course,
    now: i64,
    first_wait_s: i64,
    spoken_by_agent: i64,
}

/// Plays one contact through; `again` counts the earlier contacts about the same matter.
pub(crate) fn play(
    problem: &Problem,
    channel: Channel,
    at: i64,
    again: usize,
    calendar: &Calendar,
    rng: &mut Rng,
) -> Course {
    let course = Course {
        turns: Vec::with_capacity(8),
        events: Vec::with_capacity(6),
        rating: None,
        survey_sent: false,
        handle_s: None,
        solved: false,
        answered: false,
        last_at: at,
    };
    let mut desk = Desk {
        calendar,
        rng,
        channel,
        course,
        now: at,
        first_wait_s: 0,
        spoken_by_agent: 0,
    };
    desk.event(Kind::Opened, Actor::Customer);
    let &(_, _, _, bot_share) = CHANNELS.iter().find(|c| c.0 == channel).unwrap_or(&CHANNELS[0]);
    let has_bot = desk.rng.chance(bot_share);
    if has_bot && desk.rng.chance(0.2) {
        desk.turn(AuthorRole::Customer, Say::Hello);
        desk.wait(2, 4);
        desk.turn(AuthorRole::Bot, Say::BotGreet);
        desk.wait(10, 60);
    }
    desk.turn(AuthorRole::Customer, Say::Request);
    if !(has_bot && desk.bot(problem)) {
        desk.people(problem, again);
    }
    desk.finish(problem)
}

impl Desk<'_> {
    fn turn(&mut self, role: AuthorRole, say: Say) {
        self.course.turns.push(Turn {
            at: self.now,
            role,
            say,
            internal: say == Say::Note,
        });
        self.course.last_at = self.now;
        self.spoken_by_agent += i64::from(role == AuthorRole::Agent);
    }

    fn event(&mut self, kind: Kind, actor: Actor) {
        self.course.events.push(Event {
            at: self.now,
            kind,
            actor,
        });
    }

    fn wait(&mut self, low: i64, high: i64) {
        self.now += self.rng.int(low, high);
    }

    fn is_live(&self) -> bool {
        matches!(self.channel, Channel::Chat | Channel::Phone)
    }

    /// The bot's part; true when the contact ended in it.
    fn bot(&mut self, problem: &Problem) -> bool {
        self.wait(1, 3);
        if self.rng.chance(problem.bot) {
            self.turn(AuthorRole::Bot, Say::BotAnswer);
            self.course.answered = true;
            self.wait(20, 120);
            if self.rng.chance(0.72) {
                self.course.solved = true;
                if self.rng.chance(0.45) {
                    self.turn(AuthorRole::Customer, Say::Thanks);
                }
                self.wait(30, 300);
                self.event(Kind::Solved, Actor::Bot);
                return true;
            }
            if self.rng.chance(0.35) {
                return self.bot_timeout();
            }
            self.turn(AuthorRole::Customer, Say::AskHuman);
        } else {
            for _ in 0..self.rng.int(1, 2) {
                self.turn(AuthorRole::Bot, Say::BotFallback);
                self.wait(15, 90);
                match self.rng.below(10) {
                    0..=3 => self.turn(AuthorRole::Customer, Say::AskHuman),
                    4..=8 => self.turn(AuthorRole::Customer, Say::Rephrase),
                    _ => return self.bot_timeout(),
                }
                self.wait(1, 4);
            }
        }
        self.wait(1, 4);
        self.turn(AuthorRole::Bot, Say::BotHandover);
        self.event(Kind::Handover, Actor::Bot);
        false
    }

    fn bot_timeout(&mut self) -> bool {
        self.wait(600, 900);
        self.turn(AuthorRole::Bot, Say::BotTimeout);
        self.wait(1, 5);
        self.event(Kind::Closed, Actor::Bot);
        true
    }

    /// The people's part.
    fn people(&mut self, problem: &Problem, again: usize) {
        let asked_at = self.now;
        let load = self.calendar.load(asked_at);
        let &(_, _, median_s, _) = CHANNELS.iter().find(|c| c.0 == self.channel).unwrap_or(&CHANNELS[0]);
        let delay = self.rng.log_normal(median_s * (0.6 + 0.4 * load).max(0.5), 0.9) as i64;
        let reply_at = self.calendar.after_open_seconds(asked_at, delay);
        if self.lost_patience(reply_at - asked_at, load) {
            return;
        }
        self.now = reply_at;
        self.first_wait_s = reply_at - asked_at;
        self.event(Kind::Assigned, Actor::First);
        if self.rng.chance(0.08) {
            self.turn(AuthorRole::Agent, Say::Note);
            self.wait(60, 900);
            self.event(Kind::Transferred, Actor::Second);
            self.wait(300, 7200);
        }
        self.course.answered = true;
        if self.is_live() || self.rng.chance(0.1) {
            self.turn(AuthorRole::Agent, Say::AgentHello);
            self.pause();
        }
        if self.rng.chance(0.25) {
            self.turn(AuthorRole::Agent, Say::AgentAskDetails);
            self.customer_pause();
            if self.rng.chance(0.12) {
                return;
            }
            self.turn(AuthorRole::Customer, Say::Details);
            self.pause();
        }
        let solved = self.rng.chance(1.0 - problem.hard * (0.8 + 0.2 * load).min(1.6));
        if again > 0 && self.rng.chance(0.5) {
            self.turn(AuthorRole::Agent, Say::AgentApology);
            self.wait(5, 40);
        }
        if solved { self.settle() } else { self.fail(again) }
    }

    /// Whether the customer gives up (or is overlooked) before anybody answers.
    fn lost_patience(&mut self, wait_s: i64, load: f64) -> bool {
        let asked_at = self.now;
        let patience_s = match self.channel {
            Channel::Chat => 240,
            Channel::Phone => 180,
            Channel::Whatsapp | Channel::SocialDm | Channel::SocialPublic => 5 * 3600,
            _ => 40 * 3600,
        };
        if wait_s > patience_s && self.rng.chance(0.35) {
            self.now = asked_at + patience_s + self.rng.int(0, patience_s / 2);
            self.turn(AuthorRole::Customer, Say::Nudge);
        }
        if wait_s > patience_s && self.is_live() && self.rng.chance(0.3) {
            self.wait(60, 300);
            self.event(Kind::Closed, Actor::System);
            return true;
        }
        !self.is_live() && self.rng.chance(0.012 * load)
    }

    fn settle(&mut self) {
        self.turn(AuthorRole::Agent, Say::AgentAnswer);
        self.course.solved = true;
        self.customer_pause();
        if self.channel == Channel::Email && self.rng.chance(0.02) {
            self.turn(AuthorRole::Customer, Say::OutOfOffice);
        } else if self.rng.chance(if self.is_live() { 0.7 } else { 0.25 }) {
            self.turn(AuthorRole::Customer, Say::Thanks);
            if self.is_live() {
                self.wait(5, 40);
                self.turn(AuthorRole::Agent, Say::AgentClose);
            }
        }
        self.wait(20, 1800);
        if self.rng.chance(0.04) {
            self.event(Kind::Closed, Actor::First);
            return;
        }
        self.event(Kind::Solved, Actor::First);
        if self.rng.chance(0.04) {
            self.reopen();
        }
    }

    fn reopen(&mut self) {
        self.wait(6 * 3600, 60 * 3600);
        self.turn(AuthorRole::Customer, Say::StillOpen);
        self.event(Kind::Reopened, Actor::Customer);
        self.now = self.calendar.after_open_seconds(self.now, self.rng.int(600, 20_000));
        self.turn(AuthorRole::Agent, Say::AgentAnswer);
        self.wait(60, 600);
        self.event(Kind::Solved, Actor::First);
    }

    fn fail(&mut self, again: usize) {
        let redirected = self.rng.chance(0.25);
        self.turn(
            AuthorRole::Agent,
            if redirected {
                Say::AgentRedirect
            } else {
                Say::AgentUnsure
            },
        );
        self.customer_pause();
        if self.rng.chance(0.12 + 0.1 * again.min(3) as f64) {
            self.turn(AuthorRole::Customer, Say::Supervisor);
            self.event(Kind::Escalated, Actor::Supervisor);
            self.pause();
            self.turn(AuthorRole::Agent, Say::AgentApology);
        } else if self.rng.chance(0.5) {
            self.turn(AuthorRole::Customer, Say::Complain);
            if self.rng.chance(0.4) {
                self.pause();
                self.turn(AuthorRole::Agent, Say::AgentUnsure);
            }
        }
        self.wait(60, 4000);
        match self.rng.below(10) {
            // Marked solved although it is not: the premature close of the metric trap.
            0..=4 => self.event(Kind::Solved, Actor::First),
            5 | 6 => self.event(Kind::Closed, Actor::First),
            _ => self.event(Kind::Pending, Actor::First),
        }
    }

    fn pause(&mut self) {
        if self.is_live() {
            self.wait(15, 150)
        } else {
            self.now = self.calendar.after_open_seconds(self.now, self.rng.int(300, 9000))
        }
    }

    fn customer_pause(&mut self) {
        if self.is_live() {
            self.wait(10, 100)
        } else {
            self.wait(600, 30_000)
        }
    }

    fn finish(mut self, problem: &Problem) -> Course {
        let last_event = self.course.events.last().map(|e| (e.kind, e.at));
        if let Some((Kind::Solved, at)) = last_event {
            self.survey(at);
            if self.rng.chance(0.7) {
                self.now = at + 4 * 86_400;
                self.event(Kind::Closed, Actor::System);
            }
        }
        if let Some((Kind::Pending, at)) = last_event
            && self.rng.chance(0.6)
        {
            self.now = at + 5 * 86_400;
            self.event(Kind::Closed, Actor::System);
        }
        let per_turn_s = self.rng.log_normal(if self.is_live() { 110.0 } else { 260.0 }, 0.4) * (1.0 + problem.hard);
        let measured = match self.channel {
            Channel::Phone => 1.0,
            Channel::Chat => 0.7,
            _ => 0.3,
        };
        if self.spoken_by_agent > 0 && self.rng.chance(measured) {
            self.course.handle_s = Some((self.spoken_by_agent as f64 * per_turn_s) as i64 + 20);
        }
        self.course.turns.sort_by_key(|t| t.at);
        self.course
    }

    /// Who is glad or cross answers more than who does not care.
    fn survey(&mut self, solved_at: i64) {
        if !self.rng.chance(0.65) {
            return;
        }
        self.course.survey_sent = true;
        let slow = self.first_wait_s > if self.is_live() { 600 } else { 2 * 86_400 };
        let weights: [f64; 5] = match (self.course.solved, slow) {
            (true, false) => [0.02, 0.03, 0.10, 0.30, 0.55],
            (true, true) => [0.08, 0.12, 0.25, 0.33, 0.22],
            (false, _) => [0.45, 0.25, 0.17, 0.09, 0.04],
        };
        let score = self.rng.weighted(weights.into_iter());
        if self.rng.chance([0.42, 0.28, 0.12, 0.20, 0.34][score]) {
            let at = solved_at + self.rng.int(600, 50_000);
            self.course.rating = Some(Rating {
                at,
                score: score as u8 + 1,
                has_comment: self.rng.chance(0.3),
            });
        }
    }
}

/// A conversation that is no matter of a customer's: spam, a notice of absence, a mere thank-you.
pub(crate) fn play_noise(say: Say, at: i64, rng: &mut Rng) -> Course {
    let close = match say {
        Say::Spam => Kind::Spam,
        _ => Kind::Closed,
    };
    let closed_at = at + rng.int(600, 40_000);
    Course {
        turns: vec![Turn {
            at,
            role: AuthorRole::Customer,
            say,
            internal: false,
        }],
        events: vec![
            Event {
                at,
                kind: Kind::Opened,
                actor: Actor::Customer,
            },
            Event {
                at: closed_at,
                kind: close,
                actor: Actor::First,
            },
        ],
        rating: None,
        survey_sent: false,
        handle_s: None,
        solved: true,
        answered: false,
        last_at: at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SeasonConfig;

    #[test]
    fn courses_run_forward_and_end_in_every_way() {
        let config = SeasonConfig::default();
        let calendar = Calendar::new(&config, &config.shops[0]);
        let mut rng = Rng::of(&[11]);
        let (mut solved, mut bots, mut silent, mut reopened) = (0, 0, 0, 0);
        for n in 0..4000 {
            let problem = &Problem::all()[n % Problem::all().len()];
            let (channel, ..) = CHANNELS[n % CHANNELS.len()];
            let at = calendar.draw(&mut rng);
            let course = play(problem, channel, at, n % 3, &calendar, &mut rng);
            assert!(course.turns.windows(2).all(|w| w[0].at <= w[1].at));
            assert!(course.events.iter().all(|e| e.at >= at));
            assert!(course.turns.iter().any(|t| t.say == Say::Request));
            solved += usize::from(course.solved);
            bots += usize::from(course.turns.iter().any(|t| t.role == AuthorRole::Bot));
            silent += usize::from(!course.answered);
            reopened += usize::from(course.events.iter().any(|e| e.kind == Kind::Reopened));
        }
        assert!(
            solved > 2000 && bots > 500 && silent > 20 && reopened > 30,
            "{solved} {bots} {silent} {reopened}"
        );
    }
}
