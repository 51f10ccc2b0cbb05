//! Each stage over the tables of a night: rows in, kernel on all cores, rows out in key order.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rayon::prelude::*;
use refrain_ingest::Tables as SourceTables;
use refrain_insight::{Insight, Night, NightFacts, ShopFacts, SourceAccount, WINDOW_DAYS, quality_checks};
use refrain_issues::{IssuesConfig, Request, State};
use refrain_record::tables::{ConversationOutcome, ConversationTag, IssueMember, QualityCheck};
use refrain_record::{
    AuthorRole, ConversationText, Date, Facet, IssueId, Language, Outcome, ShopId, TagPath, Timestamp, Turn, Visibility,
};
use refrain_tag::{ModelReads, Tagger};
use refrain_text::{find_request, request_core};
use rustc_hash::FxHashMap;

use crate::config::Config;
use crate::decisions::Decisions;
use crate::output::say;
use crate::progress::Progress;
use crate::tables::{IssueTables, Links};
use crate::texts::{contact_texts, conversation_key, conversation_text, message_ranges, turns};
use crate::vectors::{Vectors, cache_file};

/// Tags every conversation.
pub(crate) fn tag(
    source: &SourceTables,
    tagger: &Tagger,
    decisions: &Decisions,
    as_of: Date,
    progress: &Progress,
) -> Vec<ConversationTag> {
    let ranges = message_ranges(source);
    let bar = progress.rows("tagging", source.conversations.len() as u64);
    let parts: Vec<Vec<ConversationTag>> = source
        .conversations
        .par_iter()
        .zip(ranges)
        .map(|(conversation, range)| {
            let turns = turns(&source.messages[range]);
            let decided = decisions.of(conversation_key(conversation), as_of);
            let rows = tagger.tag_decided(&conversation_text(conversation, &turns), decided);
            bar.inc(1);
            rows
        })
        .collect();
    bar.finish();
    parts.into_iter().flatten().collect()
}

/// The topic tags of each conversation, best first, each once; empty for one without topic.
pub(crate) struct TopicTags<'a> {
    by_conversation: FxHashMap<(&'a str, &'a str, &'a str), Vec<&'a ConversationTag>>,
}

impl<'a> TopicTags<'a> {
    pub(crate) fn new(tags: &'a [ConversationTag]) -> Self {
        let mut by_conversation: FxHashMap<_, Vec<&ConversationTag>> = FxHashMap::default();
        for tag in tags {
            let key = (tag.shop_id.as_str(), tag.source.as_str(), tag.conversation_id.as_str());
            by_conversation.entry(key).or_default().push(tag);
        }
        for tags in by_conversation.values_mut() {
            tags.sort_by(|a, b| {
                b.score
                    .total_cmp(&a.score)
                    .then_with(|| (&a.tag, a.method).cmp(&(&b.tag, b.method)))
            });
        }
        Self { by_conversation }
    }

    /// Topic tags of a conversation, best first.
    pub(crate) fn topics(&self, key: (&str, &str, &str)) -> Vec<&'a str> {
        let mut topics: Vec<&str> = Vec::new();
        for tag in self.of(key).filter(|t| t.facet == Facet::Topic) {
            if !topics.contains(&tag.tag.as_str()) {
                topics.push(tag.tag.as_str());
            }
        }
        topics
    }

    /// The tag of a single-choice facet.
    pub(crate) fn single(&self, key: (&str, &str, &str), facet: Facet) -> Option<&'a TagPath> {
        self.of(key).find(|t| t.facet == facet).map(|t| &t.tag)
    }

    fn of(&self, key: (&str, &str, &str)) -> impl Iterator<Item = &'a ConversationTag> + use<'a> {
        // The lifetime of the lookup key is shorter than the map's, so it is found by value.
        let found: Vec<&'a ConversationTag> = self.by_conversation.get(&key).cloned().unwrap_or_default();
        found.into_iter()
    }
}

/// What the customer wants in each contact: `(conversation index, message index, text)`.
pub(crate) fn requests_of(source: &SourceTables) -> Vec<Option<usize>> {
    let ranges = message_ranges(source);
    source
        .conversations
        .par_iter()
        .zip(ranges)
        .map(|(_, range)| {
            let turns = turns(&source.messages[range.clone()]);
            find_request(&turns).map(|index| range.start + index)
        })
        .collect()
}

/// The texts that the tagger's model will most likely read.
pub(crate) fn texts_for_model<'s>(source: &'s SourceTables, tagger: &Tagger) -> Vec<&'s str> {
    let text = |at: usize| source.messages[at].text.as_str();
    match tagger.reads {
        ModelReads::Request => requests_of(source).into_iter().flatten().map(text).collect(),
        ModelReads::EveryMessage => (0..source.messages.len())
            .filter(|&at| source.messages[at].author_role == AuthorRole::Customer)
            .map(text)
            .collect(),
    }
}

/// Where the last night left the issues, and which night it is.
pub(crate) struct Before<'a> {
    pub(crate) state: State,
    pub(crate) members: &'a [IssueMember],
    pub(crate) decisions: &'a Decisions,
    pub(crate) as_of: Date,
}

/// Assigns requests to issues and finds new ones.
///
/// # Errors
/// When the state does not fit this version or config.
pub(crate) fn issues(
    config: &Config,
    source: &SourceTables,
    tags: &[ConversationTag],
    outcomes_of: &FxHashMap<(&str, &str, &str), Option<&str>>,
    before: Before<'_>,
    vectors: Option<&Vectors>,
) -> crate::failure::Outcome<(State, IssueTables)> {
    let topics = TopicTags::new(tags);
    let wanted = requests_of(source);
    let tops: Vec<Option<&str>> = source
        .conversations
        .iter()
        .map(|c| topics.topics(conversation_key(c)).first().copied())
        .collect();
    let cores: Vec<Cow<'_, str>> = wanted
        .par_iter()
        .map(|index| index.map_or(Cow::Borrowed(""), |index| request_core(&source.messages[index].text)))
        .collect();
    let mut requests: Vec<Request<'_>> = Vec::new();
    let rows = source.conversations.iter().zip(wanted).zip(&tops).zip(&cores);
    for (((conversation, message), top_tag), core) in rows {
        let Some(message) = message
            .map(|index| &source.messages[index])
            .filter(|_| conversation.is_contact)
        else {
            continue;
        };
        let key = conversation_key(conversation);
        requests.push(Request {
            shop_id: key.0,
            source: key.1,
            conversation_id: key.2,
            date: conversation.date,
            seq: message.seq,
            text: core,
            language: conversation.language,
            person_key: outcomes_of.get(&key).copied().flatten(),
            top_tag: *top_tag,
            vector: None,
        });
    }
    requests.sort_by_key(|r| (r.shop_id, r.date, r.source, r.conversation_id));
    let distinct: Vec<&str> = requests
        .iter()
        .map(|r| r.text)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let embedded = match vectors {
        Some(vectors) => vectors.embed_cached(&distinct, &cache_file(&config.lake), config.key.of_texts())?,
        None => Vec::new(),
    };
    for request in &mut requests {
        let place = distinct.binary_search(&request.text).ok();
        request.vector = place.and_then(|place| embedded.get(place)).map(Vec::as_slice);
    }
    let settings = IssuesConfig {
        vectors_of: vectors.map(|vectors| vectors.id().to_owned()),
        refit_on: before.decisions.refit_on.clone(),
        ..config.issues.clone()
    };
    let night = refrain_issues::run_night(
        before.state,
        &requests,
        before.members,
        &before.decisions.on_issues,
        &settings,
        before.as_of,
    )?;
    if night.num_strange_decisions > 0 {
        say(&format!(
            "warning: {} decisions name an issue or conversations that the shop does not have; they were passed over\n",
            night.num_strange_decisions
        ));
    }
    Ok((
        night.state,
        IssueTables {
            issues: night.issues,
            members: night.members,
            lineage: night.lineage,
        },
    ))
}

/// Puts the issue of each conversation into its outcome.
pub(crate) fn join_issues(outcomes: &mut [ConversationOutcome], issues: &IssueTables) {
    let canonical: FxHashMap<(&str, &str), &IssueId> = issues
        .issues
        .iter()
        .map(|i| ((i.shop_id.as_str(), i.issue_id.as_str()), &i.canonical_id))
        .collect();
    let of: FxHashMap<(&str, &str, &str), &IssueId> = issues
        .members
        .iter()
        .filter_map(|m| {
            let id = m.issue_id.as_ref()?;
            let id = canonical.get(&(m.shop_id.as_str(), id.as_str())).copied().unwrap_or(id);
            Some(((m.shop_id.as_str(), m.source.as_str(), m.conversation_id.as_str()), id))
        })
        .collect();
    for outcome in outcomes {
        let key = (
            outcome.shop_id.as_str(),
            outcome.source.as_str(),
            outcome.conversation_id.as_str(),
        );
        outcome.issue_id = of.get(&key).map(|id| (*id).clone());
    }
}

/// Everything that is counted and estimated.
pub(crate) struct InsightInput<'a> {
    pub(crate) source: &'a SourceTables,
    pub(crate) tags: &'a [ConversationTag],
    pub(crate) outcomes: &'a [ConversationOutcome],
    pub(crate) links: &'a Links,
    pub(crate) issues: &'a IssueTables,
}

/// Runs `work` on the facts of a night.
fn with_facts<T>(
    config: &Config,
    input: &InsightInput<'_>,
    tagger: &Tagger,
    as_of: Date,
    work: impl FnOnce(&NightFacts<'_>) -> T,
) -> T {
    let shops: Vec<ShopFacts<'_>> = config
        .shops
        .iter()
        .map(|shop| ShopFacts {
            shop_id: &shop.id,
            as_of_end: shop.end_of(as_of),
            peaks: &shop.peaks,
            has_hours: shop.hours.is_some(),
            currency: &shop.currency,
            hourly_cost: shop.hourly_cost,
        })
        .collect();
    let is_mechanical = |tag: &TagPath, outcome: Outcome| {
        tagger
            .taxonomy
            .lookup(tag.as_str())
            .is_some_and(|t| t.mechanical_for.contains(&outcome))
    };
    let offset_s = |id: &ShopId, at: Timestamp| {
        let shop = config.shops.iter().find(|shop| shop.id == *id);
        shop.map_or(0, |shop| shop.offset_s(at))
    };
    let owner_of = |tag: &TagPath| tagger.taxonomy.lookup(tag.as_str()).and_then(|t| t.owner.clone());
    let topics_of = |shop: &ShopId, text: &str, language: Option<Language>| topics(tagger, shop, text, language);
    let version = tagger.version();
    let source = input.source;
    let texts = contact_texts(source, as_of.plus_days(1 - WINDOW_DAYS), as_of);
    let facts = NightFacts {
        as_of,
        shops: &shops,
        conversations: &source.conversations,
        conversation_outcomes: input.outcomes,
        conversation_tags: input.tags,
        repeat_links: &input.links.repeat_links,
        link_order: &input.links.link_order,
        link_cart: &input.links.link_cart,
        link_return: &input.links.link_return,
        link_campaign: &input.links.link_campaign,
        orders: &source.orders,
        order_lines: &source.order_lines,
        checkouts: &source.checkouts,
        returns: &source.returns,
        campaigns: &source.campaigns,
        sends: &source.sends,
        identities: &source.identities,
        issues: &input.issues.issues,
        issue_members: &input.issues.members,
        faq_entries: &source.faq_entries,
        help_searches: &source.help_searches,
        texts: &texts,
        topics_of: &topics_of,
        owner_of: &owner_of,
        is_mechanical: &is_mechanical,
        offset_s: &offset_s,
        tagger_version: &version,
    };
    work(&facts)
}

/// The topics that the tagger finds in a text as if a customer had written it.
fn topics(tagger: &Tagger, shop: &ShopId, text: &str, language: Option<Language>) -> Vec<TagPath> {
    let turn = Turn {
        seq: 0,
        role: AuthorRole::Customer,
        visibility: Visibility::Public,
        sent_at: None,
        text,
    };
    let said = ConversationText {
        shop_id: shop.as_str(),
        source: "",
        conversation_id: "",
        date: Date::default(),
        language,
        subject: None,
        turns: &[turn],
        source_tags: &[],
    };
    let rows = tagger.tag_decided(&said, None).into_iter();
    rows.filter(|row| row.facet == Facet::Topic)
        .map(|row| row.tag)
        .collect()
}

/// Counts, scores and estimates, and checks whether they can be trusted.
pub(crate) fn insight(
    config: &Config,
    input: &InsightInput<'_>,
    tagger: &Tagger,
    accounts: &[SourceAccount],
    as_of: Date,
) -> (Insight, Vec<QualityCheck>) {
    with_facts(config, input, tagger, as_of, |facts| {
        let checks = quality_checks(&Night::prepare(facts), accounts, &config.quality);
        (refrain_insight::run(facts, &config.insight), checks)
    })
}
