//! One person's events in time order to repeat contacts and links with orders, carts, returns and campaigns.
//!
//! Pure: slices in, rows out, no clock but `as_of`. Persons are independent of each other, so any
//! number of them can be walked at once; [`bucket`] spreads them over 64 spill files or tasks.
//!
//! ```
//! use refrain_journey::{AsOf, CampaignIndex, Config, Contact, PersonHistory, walk_person};
//! use refrain_record::{Date, EndReason, RepeatKind, Timestamp};
//!
//! let at = |id, hours: i64| Contact {
//!     date: Date(0),
//!     started_at: Some(Timestamp::from_seconds(hours * 3600)),
//!     ended_at: Some(Timestamp::from_seconds(hours * 3600 + 600)),
//!     end_reason: EndReason::Resolved,
//!     tags: &["shipping/delay"],
//!     ..Contact::new("mail", id)
//! };
//! let contacts = [at("a", 9), at("b", 15)];
//! let campaigns = CampaignIndex::default();
//! let history = PersonHistory { contacts: &contacts, ..PersonHistory::new("de", "p1", &campaigns) };
//! let journey = walk_person(&history, &Config::default(), AsOf::utc(Date(40)));
//! assert_eq!(journey.repeat_links[0].prior_conversation_id.as_str(), "a");
//! assert_eq!(journey.repeat_links[0].kind, RepeatKind::FollowUp);
//! assert_eq!(journey.contacts[0].fcr, [Some(false); 4]);
//! assert_eq!(journey.contacts[1].is_repeat, [Some(true); 4]);
//! ```

mod bucket;
mod campaigns;
mod config;
mod event;
mod evidence;
mod kind;
mod links;
mod outcome;
mod phrases;
mod walk;

#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use bucket::{NUM_BUCKETS, bucket};
pub use campaigns::{CampaignIndex, CampaignRef, TooManyCampaigns};
pub use config::{Config, ConfigError};
pub use event::{AsOf, CheckoutEvent, Contact, OrderEvent, PersonHistory, ReturnEvent, SendEvent};
pub use outcome::{ContactOutcome, WINDOWS_DAYS};
pub use phrases::says_again;
pub use walk::{PersonJourney, walk_person, walk_unknown};
