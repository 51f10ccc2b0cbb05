//! Past conversations of a lake, drawn by seed, for training.

use std::collections::BTreeSet;

use anyhow::anyhow;
use refrain_lake::Snapshot;
use refrain_record::tables::{Conversation, ConversationTag, Message};
use refrain_record::{Date, Facet, Row};
use refrain_tag::model::LabelledText;
use refrain_tag::{Tagger, Votes};
use rustc_hash::FxHashMap;

use crate::config::Config;
use crate::decisions::Decisions;
use crate::failure::{Failure, Outcome};
use crate::stages::requests_of;
use crate::tables;
use crate::texts::{conversation_key, conversation_text, message_ranges, turns};

/// A conversation with its messages.
pub(crate) struct Past {
    conversation: Conversation,
    messages: Vec<Message>,
}

impl Past {
    /// What a tagger says of it.
    pub(crate) fn votes(&self, tagger: &Tagger) -> Option<Votes> {
        let turns = turns(&self.messages);
        tagger.votes(&conversation_text(&self.conversation, &turns))
    }
}

/// At most `limit` contacts, in order of key; none with a message that is one of the `known` texts.
///
/// Which ones depends on keys and seed only. Reads one period after the other, so memory holds one and the sample.
pub(crate) fn read(config: &Config, limit: usize, seed: u64, known: &BTreeSet<String>) -> Outcome<Vec<Past>> {
    let lake = Snapshot::require(&config.lake)?;
    let mut drawn: Vec<(u64, Past)> = Vec::new();
    for dt in lake.periods::<Conversation>() {
        let source = tables::read_texts(&lake, dt)?;
        let ranges = message_ranges(&source);
        for (conversation, range) in source.conversations.into_iter().zip(ranges) {
            let messages = &source.messages[range];
            if conversation.is_contact && !messages.iter().any(|m| known.contains(m.text.trim())) {
                let rank = rank(seed, &conversation);
                let messages = messages.to_vec();
                drawn.push((rank, Past { conversation, messages }));
            }
        }
        drawn.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| a.1.conversation.compare_keys(&b.1.conversation))
        });
        drawn.truncate(limit);
    }
    if drawn.is_empty() {
        return Err(Failure::usage(anyhow!(
            "the lake holds no unlabelled contact\nhint: `refrain run` first, or train without `--history`"
        )));
    }
    let mut past: Vec<Past> = drawn.into_iter().map(|(_, past)| past).collect();
    past.sort_by(|a, b| a.conversation.compare_keys(&b.conversation));
    Ok(past)
}

/// The requests that people decided on, as labelled texts; the act and stage that a person left open are those that
/// the lake has.
pub(crate) fn decided(config: &Config) -> Outcome<Vec<LabelledText>> {
    let decisions = Decisions::read(&config.lake)?;
    let Some(lake) = Snapshot::open(&config.lake)?.filter(|_| !decisions.is_empty()) else {
        return Ok(Vec::new());
    };
    let mut examples = Vec::new();
    for dt in lake.periods::<Conversation>() {
        let source = tables::read_texts(&lake, dt)?;
        let tags = lake.read_period::<ConversationTag>(dt)?;
        let mut choices: FxHashMap<_, Vec<&ConversationTag>> = FxHashMap::default();
        for tag in tags.iter().filter(|tag| tag.facet != Facet::Topic) {
            let key = (tag.shop_id.as_str(), tag.source.as_str(), tag.conversation_id.as_str());
            choices.entry(key).or_default().push(tag);
        }
        for (at, request) in requests_of(&source).into_iter().enumerate() {
            let conversation = &source.conversations[at];
            let key = conversation_key(conversation);
            let (Some(request), Some(human)) = (request, decisions.of(key, Date(i32::MAX))) else {
                continue;
            };
            let mut all = human.tags.clone();
            // Facets of single choice have their name as the first step of every path.
            let is_open = |facet: Facet| {
                let first = format!("{}/", facet.as_str());
                !human.tags.iter().any(|tag| tag.as_str().starts_with(&first))
            };
            let choices = choices.get(&key).into_iter().flatten();
            all.extend(choices.filter(|tag| is_open(tag.facet)).map(|tag| tag.tag.clone()));
            all.sort_unstable();
            all.dedup();
            examples.push(LabelledText {
                text: source.messages[request].text.clone(),
                tags: all,
                lang: conversation.language,
                id: Some(format!("{}/{}/{}", key.0, key.1, key.2)),
                ..LabelledText::default()
            });
        }
    }
    Ok(examples)
}

fn rank(seed: u64, c: &Conversation) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    for part in [c.shop_id.as_str(), c.source.as_str(), c.conversation_id.as_str()] {
        hasher
            .update(&(part.len() as u64).to_le_bytes())
            .update(part.as_bytes());
    }
    let mut word = [0; 8];
    word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(word)
}
