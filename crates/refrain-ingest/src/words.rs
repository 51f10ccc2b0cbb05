//! The words in which exports write roles, channels, statuses and kinds, to refrain's own.

use refrain_record::{AuthorRole, CampaignEventKind, Channel, ConversationEventKind, Language, ReturnKind, Visibility};

/// What a conversation's status says of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceStatus {
    /// Not ended.
    Open,
    /// Waits for the customer.
    Pending,
    /// Marked solved.
    Solved,
    /// Closed, solved or not.
    Closed,
    /// Spam.
    Spam,
    /// Ended by a bot after silence.
    TimedOut,
}

/// Lower case with `-`, `_` and blanks as one blank.
fn fold(text: &str) -> String {
    let words: Vec<String> = text
        .split(['-', '_', ' ', '/', '.'])
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

/// The role of a usual word; `assistant` is for the source to say.
pub(crate) fn role(text: &str, assistant: AuthorRole) -> Option<AuthorRole> {
    Some(match fold(text).as_str() {
        "customer" | "user" | "end user" | "enduser" | "visitor" | "consumer" | "client" | "lead" | "contact"
        | "requester" | "human" | "buyer" | "shopper" | "guest" | "inbound" => AuthorRole::Customer,
        "agent" | "operator" | "admin" | "staff" | "support" | "team" | "employee" | "teammate" | "advisor"
        | "representative" | "helpdesk" | "help desk" | "supporter" | "seller" | "outbound" => AuthorRole::Agent,
        "bot" | "chatbot" | "virtual assistant" | "ai" | "automation" | "auto reply" | "answerbot" => AuthorRole::Bot,
        "system" | "tool" | "event" | "function" | "developer" | "trigger" => AuthorRole::System,
        "assistant" => assistant,
        _ => return None,
    })
}

/// The channel of a usual word; `Other` for a word that is none of them.
pub(crate) fn channel(text: &str) -> Channel {
    match fold(text).as_str() {
        "chat" | "live chat" | "livechat" | "messaging" | "native messaging" | "widget" | "web widget" | "webchat"
        | "web chat" | "in app" | "app" => Channel::Chat,
        "email" | "e mail" | "mail" => Channel::Email,
        "phone" | "voice" | "call" | "telephone" | "aircall" => Channel::Phone,
        "whatsapp" | "wa" => Channel::Whatsapp,
        "sms" | "text" | "text message" => Channel::Sms,
        "social public" | "twitter" | "x" | "facebook" | "facebook post" | "facebook comment" | "instagram comment"
        | "tweet" | "social" => Channel::SocialPublic,
        "social dm"
        | "twitter dm"
        | "twitter direct message"
        | "facebook messenger"
        | "messenger"
        | "instagram dm"
        | "instagram direct message"
        | "dm"
        | "telegram"
        | "wechat" => Channel::SocialDm,
        "web form" | "webform" | "contact form" | "form" | "web" | "helpcenter" | "help center" | "portal" => {
            Channel::WebForm
        }
        "marketplace" | "amazon" | "ebay" | "etsy" => Channel::Marketplace,
        "unknown" => Channel::Unknown,
        _ => Channel::Other,
    }
}

pub(crate) fn status(text: &str) -> Option<SourceStatus> {
    Some(match fold(text).as_str() {
        "open" | "new" | "active" | "in progress" | "reopened" | "unassigned" | "assigned" => SourceStatus::Open,
        "pending" | "hold" | "on hold" | "snoozed" | "waiting" | "waiting on customer" => SourceStatus::Pending,
        "solved" | "resolved" | "done" | "completed" => SourceStatus::Solved,
        "closed" | "ended" | "archived" | "deleted" | "finished" => SourceStatus::Closed,
        "spam" | "suspended" => SourceStatus::Spam,
        "bot timeout" | "timeout" | "timed out" | "abandoned" | "expired" => SourceStatus::TimedOut,
        _ => return None,
    })
}

pub(crate) fn event_kind(text: &str) -> Option<ConversationEventKind> {
    use ConversationEventKind as Kind;
    Some(match fold(text).as_str() {
        "opened" | "open" | "created" | "new" | "started" => Kind::Opened,
        "assigned" | "assignment" | "assign" => Kind::Assigned,
        "transferred" | "transfer" | "reassigned" | "forwarded" | "group changed" => Kind::Transferred,
        "handover" | "hand over" | "handoff" | "bot handover" | "bot handoff" | "agent requested" => Kind::Handover,
        "escalated" | "escalation" | "escalate" => Kind::Escalated,
        "pending" | "snoozed" | "hold" | "on hold" | "waiting" => Kind::Pending,
        "solved" | "resolved" | "solve" | "resolve" => Kind::Solved,
        "closed" | "close" | "ended" | "end" => Kind::Closed,
        "reopened" | "reopen" | "re opened" => Kind::Reopened,
        "merged" | "merge" => Kind::Merged,
        "spam" | "marked spam" => Kind::Spam,
        "survey sent" | "survey" | "csat sent" | "survey offered" => Kind::SurveySent,
        _ => return None,
    })
}

pub(crate) fn campaign_event_kind(text: &str) -> Option<CampaignEventKind> {
    use CampaignEventKind as Kind;
    let folded = fold(text);
    let word = folded.split(' ').next().unwrap_or_default();
    Some(match word {
        "delivered" | "received" | "delivery" => Kind::Delivered,
        "opened" | "open" => Kind::Opened,
        "clicked" | "click" => Kind::Clicked,
        "replied" | "reply" => Kind::Replied,
        "ordered" | "order" | "placed" | "converted" | "purchase" => Kind::Ordered,
        "bounced" | "bounce" | "dropped" => Kind::Bounced,
        "unsubscribed" | "unsubscribe" => Kind::Unsubscribed,
        _ => return None,
    })
}

pub(crate) fn return_kind(text: &str) -> Option<ReturnKind> {
    Some(match fold(text).as_str() {
        "return" | "returned" | "retoure" | "exchange" => ReturnKind::Return,
        "refund only" | "refund" | "no restock" => ReturnKind::RefundOnly,
        "cancel" | "cancelled" | "canceled" | "cancellation" | "storno" => ReturnKind::Cancel,
        _ => return None,
    })
}

/// Satisfaction words on a scale from 0 to 1.
pub(crate) fn rating(text: &str) -> Option<f64> {
    Some(match fold(text).as_str() {
        "good" | "positive" | "satisfied" | "happy" | "thumbs up" | "yes" | "true" | "up" => 1.0,
        "neutral" | "okay" | "ok" => 0.5,
        "bad" | "negative" | "dissatisfied" | "unsatisfied" | "unhappy" | "thumbs down" | "no" | "false" | "down" => {
            0.0
        }
        _ => return None,
    })
}

pub(crate) fn flag(text: &str) -> Option<bool> {
    Some(match fold(text).as_str() {
        "true" | "t" | "1" | "yes" | "y" | "ja" | "oui" | "wahr" | "1 0" => true,
        "false" | "f" | "0" | "no" | "n" | "nein" | "non" | "falsch" | "0 0" => false,
        _ => return None,
    })
}

/// Visibility words; a flag means what its column's name says.
pub(crate) fn visibility(text: &str) -> Option<Visibility> {
    Some(match fold(text).as_str() {
        "public" | "external" | "comment" => Visibility::Public,
        "internal" | "private" | "note" | "internal note" => Visibility::Internal,
        _ => return None,
    })
}

/// The language of a tag such as `de` or `de-AT`.
pub(crate) fn language(text: &str) -> Option<Language> {
    let code = text.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    match code.as_str() {
        "no" | "nn" => Some(Language::Nb),
        code => Language::parse(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words_are_known() {
        for own in AuthorRole::ALL {
            assert_eq!(role(own.as_str(), AuthorRole::Bot), Some(*own));
        }
        for own in Channel::ALL {
            assert_eq!(channel(own.as_str()), *own);
        }
        for own in ConversationEventKind::ALL {
            assert_eq!(event_kind(own.as_str()), Some(*own));
        }
        for own in CampaignEventKind::ALL {
            assert_eq!(campaign_event_kind(own.as_str()), Some(*own));
        }
        for own in ReturnKind::ALL {
            assert_eq!(return_kind(own.as_str()), Some(*own));
        }
        for own in Visibility::ALL {
            assert_eq!(visibility(own.as_str()), Some(*own));
        }
        for own in Language::ALL {
            assert_eq!(language(own.as_str()), Some(*own));
        }
    }

    #[test]
    fn usual_words_are_known() {
        assert_eq!(role("End-User", AuthorRole::Bot), Some(AuthorRole::Customer));
        assert_eq!(role("assistant", AuthorRole::Agent), Some(AuthorRole::Agent));
        assert_eq!(role("wizard", AuthorRole::Bot), None);
        assert_eq!(campaign_event_kind("Opened Email"), Some(CampaignEventKind::Opened));
        assert_eq!(language("de-AT"), Some(Language::De));
        assert_eq!(language("xx"), None);
    }
}
