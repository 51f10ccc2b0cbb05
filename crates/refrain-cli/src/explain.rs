//! `explain`: one conversation, its tags with their evidence, and why it is or is not a repeat.

use std::fmt::Write;

use anyhow::anyhow;
use refrain_lake::Snapshot;
use refrain_record::tables::{
    Conversation, ConversationOutcome, ConversationTag, Issue, IssueMember, Message, RepeatLink,
};
use refrain_record::{AuthorRole, TagMethod, Visibility};
use refrain_tag::{Explained, Tagger, Verdict};
use serde_json::json;

use crate::args::ConfigArgs;
use crate::config::Config;
use crate::decisions::Decisions;
use crate::failure::{ExitCode, Failure, Outcome};
use crate::output::{plain, print};
use crate::tagger;
use crate::texts::{conversation_key, conversation_text, turns};

/// Words that explain one decision of a model.
const NUM_FEATURES: usize = 5;

/// What the lake holds of one conversation.
struct Found {
    conversation: Conversation,
    messages: Vec<Message>,
    outcome: Option<ConversationOutcome>,
    repeat: Option<RepeatLink>,
    member: Option<IssueMember>,
    issue: Option<Issue>,
    tags: Vec<ConversationTag>,
}

pub(crate) fn command(config: &ConfigArgs, wanted: &str, as_json: bool) -> Outcome<ExitCode> {
    let config = Config::load(&config.config, &config.set).map_err(Failure::usage)?;
    let tagger = tagger::load(&config).map_err(Failure::usage)?;
    let found = find(&Snapshot::require(&config.lake)?, wanted)?;
    let turns = turns(&found.messages);
    let as_of = Snapshot::require(&config.lake)?.as_of()?;
    let decisions = Decisions::read(&config.lake)?;
    let decided = decisions.of(conversation_key(&found.conversation), as_of);
    let explained = tagger.explain_decided(&conversation_text(&found.conversation, &turns), decided);
    if as_json {
        let reasons: Vec<_> = explained
            .iter()
            .map(|e| {
                json!({
                    "tag": e.tag.as_str(), "facet": e.facet.as_str(), "method": e.method.as_str(), "score": e.score,
                    "set_by": e.set_by.as_str(), "seq": e.seq, "start": e.span.map(|s| s.start), "end": e.span.map(|s| s.end),
                    "is_set": e.verdict == Verdict::Set, "verdict": verdict(e.verdict),
                    "carried_by": carried_by(&tagger, e, &found.messages),
                })
            })
            .collect();
        let whole = json!({
            "shop_id": found.conversation.shop_id.as_str(), "source": found.conversation.source.as_str(),
            "conversation_id": found.conversation.conversation_id.as_str(), "reasons": reasons,
            "tags_in_lake": found.tags.iter().map(|t| t.tag.as_str()).collect::<Vec<_>>(),
            "repeat": repeat_text(&found), "issue": found.issue.as_ref().map(|i| i.issue_id.as_str()),
        });
        print(&(serde_json::to_string_pretty(&whole)? + "\n"));
        return Ok(ExitCode::Done);
    }
    let mut out = String::new();
    head(&mut out, &found);
    out.push_str("\ntags\n");
    for e in &explained {
        let mark = if e.verdict == Verdict::Set { '+' } else { '-' };
        let _ = write!(
            out,
            "  {mark} {:<28} {:.2}  {} {}",
            e.tag.as_str(),
            e.score,
            e.method,
            e.set_by
        );
        if let Some(seq) = e.seq {
            let _ = write!(out, ", message {seq}");
            if let Some(words) = e.span.and_then(|s| quote(&found.messages, seq, s.start, s.end)) {
                let _ = write!(out, ": \"{words}\"");
            }
        }
        if e.verdict != Verdict::Set {
            let _ = write!(out, "  ({})", verdict(e.verdict));
        }
        out.push('\n');
        let carried = carried_by(&tagger, e, &found.messages);
        if !carried.is_empty() {
            let words: Vec<String> = carried
                .iter()
                .map(|(word, pull)| format!("{} {pull:+.2}", plain(word, 40)))
                .collect();
            let _ = writeln!(out, "      carried by {}", words.join(", "));
        }
    }
    if explained.is_empty() {
        out.push_str("  none: no rule matched and no model had an opinion\n");
    }
    let _ = writeln!(out, "\nrepeat\n  {}", repeat_text(&found));
    issue_text(&mut out, &found);
    print(&out);
    Ok(ExitCode::Done)
}

fn find(lake: &Snapshot, wanted: &str) -> Outcome<Found> {
    let parts: Vec<&str> = wanted.splitn(3, '/').collect();
    let is_wanted = |shop: &str, source: &str, id: &str| match parts.as_slice() {
        [s, o, i] => (shop, source, id) == (*s, *o, *i) || id == wanted,
        _ => id == wanted,
    };
    let mut matches: Vec<Conversation> = lake
        .read::<Conversation>()?
        .into_iter()
        .filter(|c| is_wanted(c.shop_id.as_str(), c.source.as_str(), c.conversation_id.as_str()))
        .collect();
    if matches.len() > 1 {
        let ids: Vec<String> = matches
            .iter()
            .map(|c| format!("{}/{}/{}", c.shop_id, c.source, c.conversation_id))
            .collect();
        return Err(Failure::usage(anyhow!(
            "`{wanted}` is in several places: {}\nhint: give shop/source/id",
            ids.join(", ")
        )));
    }
    let Some(conversation) = matches.pop() else {
        return Err(Failure::usage(anyhow!(
            "there is no conversation `{wanted}` in the lake\nhint: give its id as the source has it, or shop/source/id"
        )));
    };
    let id = (
        conversation.shop_id.clone(),
        conversation.source.clone(),
        conversation.conversation_id.clone(),
    );
    macro_rules! of_conversation {
        ($row:ty) => {
            lake.read::<$row>()?
                .into_iter()
                .filter(|r| (&r.shop_id, &r.source, &r.conversation_id) == (&id.0, &id.1, &id.2))
        };
    }
    let mut messages: Vec<Message> = of_conversation!(Message).collect();
    messages.sort_by_key(|m| m.seq);
    let member: Option<IssueMember> = of_conversation!(IssueMember).next();
    let issue_id = member
        .as_ref()
        .and_then(|m| m.issue_id.clone().or_else(|| m.nearest_issue_id.clone()));
    let issue = match issue_id {
        Some(issue) => lake
            .read::<Issue>()?
            .into_iter()
            .find(|i| i.shop_id == id.0 && i.issue_id == issue),
        None => None,
    };
    Ok(Found {
        messages,
        outcome: of_conversation!(ConversationOutcome).next(),
        repeat: of_conversation!(RepeatLink).next(),
        tags: of_conversation!(ConversationTag).collect(),
        member,
        issue,
        conversation,
    })
}

fn head(out: &mut String, found: &Found) {
    let c = &found.conversation;
    let _ = writeln!(
        out,
        "{}/{}/{}  {}  {}  {}  {}",
        c.shop_id,
        c.source,
        c.conversation_id,
        c.date,
        c.channel,
        c.language.map_or("language unknown", refrain_record::Language::as_str),
        c.end_reason
    );
    for m in &found.messages {
        let role = match (m.author_role, m.visibility) {
            (AuthorRole::Agent, Visibility::Internal) => "note",
            (role, _) => role.as_str(),
        };
        let _ = writeln!(out, "  {:>3} {role:<9} {}", m.seq, plain(&m.text, 200));
    }
}

fn quote(messages: &[Message], seq: i64, start: impl TryInto<usize>, end: impl TryInto<usize>) -> Option<String> {
    let (start, end) = (start.try_into().ok()?, end.try_into().ok()?);
    let message = messages.iter().find(|m| m.seq == seq)?;
    let words: String = message.text.chars().skip(start).take(end.checked_sub(start)?).collect();
    Some(plain(&words, 80))
}

/// The words that pulled the model most towards a tag, with what each added to its margin.
fn carried_by(tagger: &Tagger, explained: &Explained, messages: &[Message]) -> Vec<(String, f32)> {
    let message = explained.seq.and_then(|seq| messages.iter().find(|m| m.seq == seq));
    match (&tagger.model, message) {
        (Some(model), Some(message)) if explained.method == TagMethod::Model => {
            model.top_features(&message.text, &explained.tag, NUM_FEATURES)
        }
        _ => Vec::new(),
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Set => "set",
        Verdict::Weaker => "another rule of the same tag weighs more, or the guess is too weak beside other topics",
        Verdict::OtherChoice => "the facet takes one tag, another is stronger",
        Verdict::Vetoed => "a veto rule holds in the same message",
        Verdict::NotInTaxonomy => "the taxonomy does not know this tag",
        Verdict::Overruled => "a person decided otherwise",
    }
}

fn repeat_text(found: &Found) -> String {
    if let Some(link) = &found.repeat {
        let gap = link
            .gap_s
            .map_or("an unknown time".to_owned(), |s| format!("{:.1} days", hours(s) / 24.0));
        let same = if link.same_issue {
            "about the same matter"
        } else {
            "about something else"
        };
        return format!(
            "{} of {}/{} after {gap}, {same}: {} (score {:.2})",
            link.kind, link.prior_source, link.prior_conversation_id, link.match_reason, link.score
        );
    }
    match &found.outcome {
        None => "not known: the journey stage has not run".to_owned(),
        Some(o) if o.person_key.is_none() => "not known: the source names no customer".to_owned(),
        Some(o) => match (&o.prev_conversation_id, o.days_since_prev) {
            (Some(prev), Some(days)) => {
                format!("no: the previous contact {prev} was {days} days before, beyond the longest window")
            }
            _ => "no: the first contact of this person".to_owned(),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "days for people")]
fn hours(seconds: i64) -> f64 {
    seconds as f64 / 3600.0
}

fn issue_text(out: &mut String, found: &Found) {
    let (Some(member), Some(issue)) = (&found.member, &found.issue) else {
        out.push_str("\nissue\n  none\n");
        return;
    };
    let how = if member.issue_id.is_some() {
        "member of"
    } else {
        "no member; nearest is"
    };
    let similarity = member
        .similarity
        .map_or(String::new(), |s| format!(", similarity {s:.2}"));
    let _ = writeln!(
        out,
        "\nissue\n  {how} {} \"{}\"{similarity}",
        issue.issue_id,
        plain(&issue.name, 80)
    );
}
