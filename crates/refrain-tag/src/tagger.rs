//! One conversation to its tags: rules, model and source side by side, single choices settled.
//!
//! [`Tagger::explain`] lists every candidate with its fate; the rows of
//! [`Tagger::tag_conversation`] are those whose fate is [`Verdict::Set`].

use crate::model::TagModel;
use crate::rules::{PhraseKind, Rulebook, Span};
use crate::taxonomy::Taxonomy;
use refrain_record::tables::ConversationTag;
use refrain_record::{
    AuthorRole, ConversationId, ConversationText, Facet, Label, ShopId, SourceId, TagMethod, TagPath, Turn, Visibility,
};
use refrain_text::find_request;
use serde::Deserialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// `set_by` of a stage that follows from the topic.
pub const SET_BY_TAXONOMY: &str = "taxonomy";

/// Share of its best topic's score that another topic of the model needs. Most messages have one topic; over
/// held-out families of the starter corpus 0.6 to 1 were all two to three points of micro F1 above no such bound.
const SECOND_TOPIC_SHARE: f64 = 0.7;

/// Score of the model from which on its topic counts beside other topics that rules found. Gained 1.4 to 2.4 points
/// of micro F1 on held-out families of the starter corpus and on the season, with the starter model and with trained
/// ones; 0.6 to 0.9 did alike.
const LONE_TOPIC_SCORE: f64 = 0.65;

/// Trust in a topic, all votes united, from which on it is set where the model knows how far to trust rules.
/// From 0.2 to 0.3 precision rises by three points and recall falls by three.
const MIN_TOPIC_TRUST: f64 = 0.25;

/// Share of the best topic's trust that another topic needs there; 0.7 to 0.9 did alike.
const SECOND_TRUST_SHARE: f64 = 0.8;

/// Customer messages beside the request that the model reads; in a thread of hundreds the rest repeats them.
const MAX_OTHER_MESSAGES: usize = 20;

/// Which of the customer's messages the model reads; rules read all messages of all authors.
///
/// Measured with `examples/parts.rs`: over MultiDoGO, where conversations are about several things, a model fitted on
/// labels by turn that reads every message is 1 to 19 points of micro F1 better than one of requests. On the season,
/// where later messages chase the first one, it is 1 to 4 points worse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelReads {
    /// The message that carries the request.
    #[default]
    Request,
    /// That one for act and stage, all for topics.
    EveryMessage,
}

impl ModelReads {
    /// The name in a config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::EveryMessage => "every_message",
        }
    }
}

/// Version of how rules and model are settled; another one is another series, as another rulebook is.
const SETTLING: &str = "3";

/// All that sets tags; immutable, shared by threads.
#[derive(Debug)]
pub struct Tagger {
    /// Known tags.
    pub taxonomy: Taxonomy,
    /// Rules over that taxonomy.
    pub rulebook: Rulebook,
    /// Trained model.
    pub model: Option<TagModel>,
    /// What the model reads.
    pub reads: ModelReads,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is a row of `conversation_tags`.
    Set,
    /// Another rule sets the same tag with more weight, or too little speaks for the topic beside others.
    Weaker,
    /// The facet takes one tag, and another one is stronger.
    OtherChoice,
    /// A veto holds in the same message.
    Vetoed,
    /// The model, or a person, knows a tag that the taxonomy does not.
    NotInTaxonomy,
    /// A person decided otherwise.
    Overruled,
}

/// What a person decided of one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanTags {
    /// All its topics, none when empty; its act or stage where the person gave one.
    pub tags: Vec<TagPath>,
    /// Who.
    pub by: Label,
}

/// One reason for a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Tag.
    pub tag: TagPath,
    /// Its group.
    pub facet: Facet,
    /// What sets it.
    pub method: TagMethod,
    /// Weight of the rule, probability of the model, 1 for the source.
    pub score: f64,
    /// Rule id, model id, source, or [`SET_BY_TAXONOMY`].
    pub set_by: Label,
    /// Message; `None` when the whole conversation is the evidence.
    pub seq: Option<i64>,
    /// Place in that message; `None` for the whole message or the subject line.
    pub span: Option<Span>,
    /// What about the rule matched; `None` when no rule did.
    pub kind: Option<PhraseKind>,
    /// Whether it counts.
    pub verdict: Verdict,
}

impl Tagger {
    /// The tags of a conversation, sorted by the table's key.
    ///
    /// A rule's evidence is its earliest match outside the subject line, else the subject line
    /// (message only). At most one row of facet `act` and one of `stage`: the highest score, then
    /// the earliest evidence, then the first path.
    #[must_use]
    pub fn tag_conversation(&self, conversation: &ConversationText<'_>) -> Vec<ConversationTag> {
        self.tag_decided(conversation, None)
    }

    /// As [`Self::tag_conversation`] where a person may have decided: what they say of topics, and of an act or
    /// a stage where they name one, outranks rules, model and source.
    #[must_use]
    pub fn tag_decided(
        &self,
        conversation: &ConversationText<'_>,
        decided: Option<&HumanTags>,
    ) -> Vec<ConversationTag> {
        let explained = self.explain_decided(conversation, decided).into_iter();
        explained
            .filter(|e| e.verdict == Verdict::Set)
            .map(|e| row(conversation, e))
            .collect()
    }

    /// Every reason for every tag, sorted by facet, tag and method; what counts first.
    #[must_use]
    pub fn explain(&self, conversation: &ConversationText<'_>) -> Vec<Explained> {
        self.explain_decided(conversation, None)
    }

    /// As [`Self::explain`] where a person may have decided.
    #[must_use]
    pub fn explain_decided(&self, conversation: &ConversationText<'_>, decided: Option<&HumanTags>) -> Vec<Explained> {
        let predicted = self.predict(conversation);
        explain(&self.taxonomy, &self.rulebook, predicted, decided, conversation)
    }

    /// As [`Self::explain`] with another rulebook, and with the model or without it.
    pub(crate) fn explain_with(
        &self,
        rulebook: &Rulebook,
        with_model: bool,
        conversation: &ConversationText<'_>,
    ) -> Vec<Explained> {
        let predicted = if with_model { self.predict(conversation) } else { None };
        explain(&self.taxonomy, rulebook, predicted, None, conversation)
    }

    /// Short digest of taxonomy, rulebook, model and how they are settled: with another one, counts are another series.
    #[must_use]
    pub fn version(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let model = self.model.as_ref().map_or("", TagModel::id);
        for part in [
            self.taxonomy.version(),
            self.taxonomy.digest(),
            self.rulebook.digest(),
            model,
            SETTLING,
            self.reads.as_str(),
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex()[..12].to_owned()
    }

    fn is_topic(&self, tag: &TagPath) -> bool {
        let known = self.taxonomy.lookup(tag.as_str());
        known.is_none_or(|tag| tag.facet == Facet::Topic)
    }

    /// The text that carries the request; `None` when there is none.
    pub(crate) fn request_text<'c>(&self, conversation: &ConversationText<'c>) -> Option<&'c str> {
        request_message(conversation).map(|message| message.text)
    }

    fn predict<'c>(&'c self, conversation: &ConversationText<'c>) -> Option<Predicted<'c>> {
        let model = self.model.as_ref()?;
        let request = request_message(conversation)?;
        let mut guesses: BTreeMap<TagPath, (f64, RuleMessage<'c>)> = BTreeMap::new();
        let is_other = |turn: &&Turn<'_>| is_customers(turn) && Some(turn.seq) != request.seq;
        let num_others = match self.reads {
            ModelReads::Request => 0,
            ModelReads::EveryMessage => MAX_OTHER_MESSAGES,
        };
        let others = conversation.turns.iter().filter(is_other).take(num_others);
        let messages = std::iter::once(request).chain(others.map(of_turn));
        for (place, message) in messages.enumerate() {
            for p in model.predict(message.text) {
                let score = f64::from(p.score);
                let counts = place == 0 || self.is_topic(&p.tag);
                // Of equal scores the request's, then the earliest message's stays.
                if counts && guesses.get(&p.tag).is_none_or(|(best, _)| score > *best) {
                    guesses.insert(p.tag, (score, message));
                }
            }
        }
        Some(Predicted {
            model: model.id(),
            guesses,
            rule_trust: model.rule_trust(),
        })
    }
}

/// What a model says of the customer's messages.
struct Predicted<'c> {
    model: &'c str,
    /// Score of a tag, and the message that has it.
    guesses: BTreeMap<TagPath, (f64, RuleMessage<'c>)>,
    /// Empty when it learned nothing of rules.
    rule_trust: &'c BTreeMap<String, f32>,
}

/// A text that rules read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RuleMessage<'c> {
    pub(crate) text: &'c str,
    pub(crate) role: AuthorRole,
    /// For the subject line the first customer message, if any.
    pub(crate) seq: Option<i64>,
    is_subject: bool,
}

/// The subject line, as the customer's, and all public messages.
pub(crate) fn rule_messages<'c>(
    conversation: &ConversationText<'c>,
) -> impl Iterator<Item = RuleMessage<'c>> + use<'c> {
    let turns = conversation.turns;
    let subject = conversation.subject.map(|text| RuleMessage {
        text,
        role: AuthorRole::Customer,
        seq: first_customer_turn(turns).map(|turn| turn.seq),
        is_subject: true,
    });
    let public = turns.iter().filter(|turn| turn.visibility == Visibility::Public);
    subject.into_iter().chain(public.map(of_turn))
}

fn of_turn<'c>(turn: &Turn<'c>) -> RuleMessage<'c> {
    RuleMessage {
        text: turn.text,
        role: turn.role,
        seq: Some(turn.seq),
        is_subject: false,
    }
}

fn is_customers(turn: &Turn<'_>) -> bool {
    turn.role == AuthorRole::Customer && turn.visibility == Visibility::Public && !turn.text.trim().is_empty()
}

fn first_customer_turn<'t, 'c>(turns: &'t [Turn<'c>]) -> Option<&'t Turn<'c>> {
    turns
        .iter()
        .filter(|turn| is_customers(turn))
        .min_by_key(|turn| turn.seq)
}

/// The message that says what the customer wants; the subject line when no message does.
fn request_message<'c>(conversation: &ConversationText<'c>) -> Option<RuleMessage<'c>> {
    let turn = find_request(conversation.turns).and_then(|at| conversation.turns.get(at));
    turn.map(of_turn)
        .or_else(|| rule_messages(conversation).find(|message| message.is_subject))
}

fn explain(
    taxonomy: &Taxonomy,
    rulebook: &Rulebook,
    predicted: Option<Predicted<'_>>,
    decided: Option<&HumanTags>,
    conversation: &ConversationText<'_>,
) -> Vec<Explained> {
    let mut found = rule_candidates(rulebook, conversation);
    let trust = predicted
        .as_ref()
        .map(|p| p.rule_trust)
        .filter(|trust| !trust.is_empty());
    if let Some(predicted) = predicted {
        let mut guesses = model_candidates(taxonomy, rulebook, predicted, conversation);
        if trust.is_none() {
            doubt_lone_guesses(&found, &mut guesses);
        }
        found.extend(guesses);
    }
    found.extend(source_candidates(taxonomy, conversation));
    if let Some(trust) = trust {
        settle_topics(trust, &mut found);
    }
    if let Some(decided) = decided {
        overrule(taxonomy, decided, &mut found);
    }
    settle_rules(&mut found);
    settle_single_choice(Facet::Act, &mut found);
    settle_single_choice(Facet::Stage, &mut found);
    found.extend(implied_stage(taxonomy, &found));
    found.sort_by(|a, b| {
        let key = |e: &Explained| (e.facet.as_str(), e.method.as_str());
        (key(a).0, &a.tag, key(a).1, a.verdict)
            .cmp(&(key(b).0, &b.tag, key(b).1, b.verdict))
            .then_with(|| stronger(a, b))
    });
    found
}

/// The best match of each rule: one that no veto in its message takes away, then the earliest.
fn rule_candidates(rulebook: &Rulebook, conversation: &ConversationText<'_>) -> Vec<Explained> {
    let mut best: BTreeMap<usize, Explained> = BTreeMap::new();
    for message in rule_messages(conversation) {
        let matches = rulebook.matches(message.text, conversation.language, message.role);
        for found in &matches {
            let rule = &rulebook.rules()[found.rule];
            if rule.is_veto {
                continue;
            }
            let vetoed = rulebook.is_vetoed(&rule.tag, &matches);
            let (span, verdict) = (
                (!message.is_subject).then_some(found.span),
                if vetoed { Verdict::Vetoed } else { Verdict::Set },
            );
            let is_better = |old: &Explained| {
                (verdict, message.seq.is_none(), message.seq, span.is_none(), span)
                    < (old.verdict, old.seq.is_none(), old.seq, old.span.is_none(), old.span)
            };
            if best.get(&found.rule).is_none_or(is_better) {
                let new = Explained {
                    tag: rule.tag.clone(),
                    facet: rule.facet,
                    method: TagMethod::Rule,
                    score: rule.weight,
                    set_by: Label::from(rule.id.as_str()),
                    seq: message.seq,
                    span,
                    kind: Some(found.kind),
                    verdict,
                };
                best.insert(found.rule, new);
            }
        }
    }
    best.into_values().collect()
}

fn model_candidates(
    taxonomy: &Taxonomy,
    rulebook: &Rulebook,
    predicted: Predicted<'_>,
    conversation: &ConversationText<'_>,
) -> Vec<Explained> {
    let Predicted { model, guesses, .. } = predicted;
    let is_vetoed = |tag: &TagPath, message: &RuleMessage<'_>| {
        let matches = || rulebook.matches(message.text, conversation.language, message.role);
        rulebook.has_veto(tag) && rulebook.is_vetoed(tag, &matches())
    };
    let is_topic = |tag: &TagPath| {
        taxonomy
            .lookup(tag.as_str())
            .is_some_and(|known| known.facet == Facet::Topic)
    };
    let best_topic = guesses
        .iter()
        .filter(|(tag, _)| is_topic(tag))
        .fold(0.0_f64, |best, (_, (score, _))| best.max(*score));
    let explained = guesses.into_iter().map(|(tag, (score, message))| {
        let known = taxonomy.lookup(tag.as_str());
        let verdict = match known {
            None => Verdict::NotInTaxonomy,
            Some(known) if known.facet == Facet::Topic && score < SECOND_TOPIC_SHARE * best_topic => Verdict::Weaker,
            Some(_) if is_vetoed(&tag, &message) => Verdict::Vetoed,
            Some(_) => Verdict::Set,
        };
        Explained {
            facet: known.map_or(Facet::Topic, |tag| tag.facet),
            tag,
            method: TagMethod::Model,
            score,
            set_by: Label::from(model),
            seq: message.seq,
            span: None,
            kind: None,
            verdict,
        }
    });
    explained.collect()
}

/// For each topic how far all that speaks for it is to be trusted: `1 - Π(1 - vote)` over rules by their
/// trust, the model's score and the source.
pub(crate) fn unite_votes<'e>(found: &'e [Explained], trust: &BTreeMap<String, f32>) -> BTreeMap<&'e TagPath, f64> {
    let mut against: BTreeMap<&TagPath, f64> = BTreeMap::new();
    let speaks =
        |e: &&Explained| e.facet == Facet::Topic && !matches!(e.verdict, Verdict::Vetoed | Verdict::NotInTaxonomy);
    for e in found.iter().filter(speaks) {
        *against.entry(&e.tag).or_insert(1.0) *= 1.0 - trusted_score(e, trust);
    }
    against.into_iter().map(|(tag, against)| (tag, 1.0 - against)).collect()
}

/// The learned trust of a rule, else the score.
fn trusted_score(e: &Explained, trust: &BTreeMap<String, f32>) -> f64 {
    let learned = (e.method == TagMethod::Rule)
        .then(|| trust.get(e.set_by.as_str()))
        .flatten();
    learned.map_or(e.score, |&trust| f64::from(trust))
}

/// Gives rules their learned trust as score, and leaves only topics that all votes together carry.
fn settle_topics(trust: &BTreeMap<String, f32>, found: &mut [Explained]) {
    let united: BTreeMap<TagPath, f64> = unite_votes(found, trust)
        .into_iter()
        .map(|(tag, trust)| (tag.clone(), trust))
        .collect();
    let best = united.values().copied().fold(0.0, f64::max);
    for e in found.iter_mut().filter(|e| e.facet == Facet::Topic) {
        e.score = trusted_score(e, trust);
        let is_weak = !united.get(&e.tag).is_some_and(|&trust| is_carried(trust, best));
        if is_weak && e.verdict == Verdict::Set {
            e.verdict = Verdict::Weaker;
        }
        // A vote that was weak alone may be strong with others.
        if !is_weak && e.verdict == Verdict::Weaker {
            e.verdict = Verdict::Set;
        }
    }
}

/// Whether a topic stands beside the best one.
pub(crate) fn is_carried(trust: f64, best: f64) -> bool {
    trust >= MIN_TOPIC_TRUST && trust >= SECOND_TRUST_SHARE * best
}

/// Where rules have found topics, a topic that only the model sees must be sure.
fn doubt_lone_guesses(rules: &[Explained], guesses: &mut [Explained]) {
    let is_topic = |e: &Explained| e.verdict == Verdict::Set && e.facet == Facet::Topic;
    let by_rule: Vec<&TagPath> = rules.iter().filter(|e| is_topic(e)).map(|e| &e.tag).collect();
    if by_rule.is_empty() {
        return;
    }
    for guess in guesses.iter_mut().filter(|e| is_topic(e)) {
        if guess.score < LONE_TOPIC_SCORE && !by_rule.contains(&&guess.tag) {
            guess.verdict = Verdict::Weaker;
        }
    }
}

/// Tags of the source that are, or mean, tags of the taxonomy; each once.
fn source_candidates(taxonomy: &Taxonomy, conversation: &ConversationText<'_>) -> Vec<Explained> {
    let mut tags: Vec<_> = conversation
        .source_tags
        .iter()
        .filter_map(|name| taxonomy.of_source_tag(name))
        .collect();
    tags.sort_by(|a, b| a.path.cmp(&b.path));
    tags.dedup_by(|a, b| a.path == b.path);
    let explained = tags.into_iter().map(|tag| Explained {
        tag: tag.path.clone(),
        facet: tag.facet,
        method: TagMethod::Source,
        score: 1.0,
        set_by: Label::from(conversation.source),
        seq: None,
        span: None,
        kind: None,
        verdict: Verdict::Set,
    });
    explained.collect()
}

/// A person's tags take the place of all others in the facets they speak of; what agrees with them stays.
fn overrule(taxonomy: &Taxonomy, decided: &HumanTags, found: &mut Vec<Explained>) {
    let facet_of = |tag: &TagPath| taxonomy.lookup(tag.as_str()).map(|tag| tag.facet);
    let speaks_of = |facet: Facet| facet == Facet::Topic || decided.tags.iter().any(|tag| facet_of(tag) == Some(facet));
    for e in found
        .iter_mut()
        .filter(|e| speaks_of(e.facet) && !decided.tags.contains(&e.tag))
    {
        e.verdict = Verdict::Overruled;
    }
    found.extend(decided.tags.iter().map(|tag| Explained {
        tag: tag.clone(),
        facet: facet_of(tag).unwrap_or(Facet::Topic),
        method: TagMethod::Human,
        score: 1.0,
        set_by: decided.by.clone(),
        seq: None,
        span: None,
        kind: None,
        verdict: if facet_of(tag).is_some() {
            Verdict::Set
        } else {
            Verdict::NotInTaxonomy
        },
    }));
}

/// Of several rules, or predictions, for one tag the strongest stays.
fn settle_rules(found: &mut [Explained]) {
    found.sort_by(|a, b| {
        let key = |e: &Explained| (e.method, e.verdict);
        (&a.tag, key(a))
            .cmp(&(&b.tag, key(b)))
            .then_with(|| b.score.total_cmp(&a.score))
            .then_with(|| a.set_by.cmp(&b.set_by))
    });
    let mut last: Option<(TagPath, TagMethod)> = None;
    for candidate in found.iter_mut().filter(|e| e.verdict == Verdict::Set) {
        let key = (candidate.tag.clone(), candidate.method);
        if last.as_ref() == Some(&key) {
            candidate.verdict = Verdict::Weaker;
        }
        last = Some(key);
    }
}

fn settle_single_choice(facet: Facet, found: &mut [Explained]) {
    let mut set: Vec<&mut Explained> = found
        .iter_mut()
        .filter(|e| e.facet == facet && e.verdict == Verdict::Set)
        .collect();
    set.sort_by(|a, b| stronger(a, b));
    for loser in set.into_iter().skip(1) {
        loser.verdict = Verdict::OtherChoice;
    }
}

/// Stage of the strongest topic that has one, unless something said the stage outright.
fn implied_stage(taxonomy: &Taxonomy, found: &[Explained]) -> Option<Explained> {
    let is_set = |e: &&Explained| e.verdict == Verdict::Set;
    if found.iter().filter(is_set).any(|e| e.facet == Facet::Stage) {
        return None;
    }
    let staged = found.iter().filter(is_set).filter_map(|topic| {
        let stage = taxonomy.lookup(topic.tag.as_str())?.stage.as_ref()?;
        Some((topic, stage))
    });
    let (topic, stage) = staged.min_by(|(a, _), (b, _)| stronger(a, b))?;
    let is_vetoed = found.iter().any(|e| e.tag == *stage && e.verdict == Verdict::Vetoed);
    (!is_vetoed).then(|| Explained {
        tag: stage.clone(),
        facet: Facet::Stage,
        method: TagMethod::Rule,
        set_by: Label::from(SET_BY_TAXONOMY),
        ..topic.clone()
    })
}

/// Highest score, earliest evidence, first path, first method, first setter.
fn stronger(a: &Explained, b: &Explained) -> Ordering {
    let place = |e: &Explained| (e.seq.is_none(), e.seq, e.span.is_none(), e.span);
    b.score
        .total_cmp(&a.score)
        .then_with(|| place(a).cmp(&place(b)))
        .then_with(|| (&a.tag, a.method.as_str(), &a.set_by).cmp(&(&b.tag, b.method.as_str(), &b.set_by)))
}

fn row(conversation: &ConversationText<'_>, explained: Explained) -> ConversationTag {
    ConversationTag {
        shop_id: ShopId::from(conversation.shop_id),
        source: SourceId::from(conversation.source),
        conversation_id: ConversationId::from(conversation.conversation_id),
        date: conversation.date,
        tag: explained.tag,
        facet: explained.facet,
        method: explained.method,
        score: explained.score,
        set_by: explained.set_by,
        evidence_seq: explained.seq,
        evidence_start: explained.span.map(|span| i64::from(span.start)),
        evidence_end: explained.span.map(|span| i64::from(span.end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use refrain_record::Date;

    #[test]
    fn predictions_meet_vetoes_the_taxonomy_and_single_choice() {
        let taxonomy = "version = '1'\n[[tag]]\npath = 'a/b'\nowner = 'x'\n[[tag]]\npath = 'a/c'\nowner = 'x'\n\
            [[tag]]\npath = 'act/question'\nfacet = 'act'\n[[tag]]\npath = 'act/praise'\nfacet = 'act'";
        let taxonomy = Taxonomy::parse(taxonomy, "t").unwrap();
        let rules = "[[rule]]\nid = 'v'\ntag = 'a/b'\nveto = true\nany = ['no']\n\
            [[rule]]\nid = 'q'\ntag = 'act/question'\nany = ['why']\nweight = 0.5";
        let rulebook = Rulebook::parse(&[("r", rules)], &taxonomy).unwrap();
        let turns = [Turn {
            seq: 7,
            role: AuthorRole::Customer,
            visibility: Visibility::Public,
            sent_at: None,
            text: "why no",
        }];
        let conversation = ConversationText {
            shop_id: "s",
            source: "c",
            conversation_id: "1",
            date: Date(0),
            language: None,
            subject: None,
            turns: &turns,
            source_tags: &[],
        };
        let guess = |tag| (TagPath::from(tag), (0.8, of_turn(&turns[0])));
        let predicted = Predicted {
            model: "m1",
            guesses: ["a/b", "a/c", "a/gone", "act/praise"].map(guess).into(),
            rule_trust: &BTreeMap::new(),
        };
        let explained = explain(&taxonomy, &rulebook, Some(predicted), None, &conversation);
        let fates: Vec<_> = explained.iter().map(|e| (e.tag.as_str(), e.seq, e.verdict)).collect();
        assert_eq!(
            fates,
            [
                ("act/praise", Some(7), Verdict::Set),
                ("act/question", Some(7), Verdict::OtherChoice),
                ("a/b", Some(7), Verdict::Vetoed),
                ("a/c", Some(7), Verdict::Set),
                ("a/gone", Some(7), Verdict::NotInTaxonomy),
            ]
        );

        let mut tagger = Tagger {
            taxonomy,
            rulebook,
            model: None,
            reads: ModelReads::Request,
        };
        let decided = |tags: &[&str]| HumanTags {
            tags: tags.iter().map(|&tag| TagPath::from(tag)).collect(),
            by: "ann".into(),
        };
        let set = |tags: &[&str]| {
            let rows = tagger.tag_decided(&conversation, Some(&decided(tags)));
            let text = |row: ConversationTag| format!("{} {} {}", row.tag.as_str(), row.method, row.set_by);
            rows.into_iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(set(&["a/b"]), ["act/question rule q", "a/b human ann"]);
        assert_eq!(set(&["act/praise"]), ["act/praise human ann"]);
        assert_eq!(set(&[]), ["act/question rule q"]);
        assert_eq!(set(&["a/gone"]), ["act/question rule q"]);

        let example = |text: &str, tag: &str| crate::model::LabelledText {
            text: text.into(),
            tags: vec![tag.into()],
            ..Default::default()
        };
        let examples: Vec<_> = (0..12)
            .flat_map(|i| {
                [
                    example(&format!("where is parcel {i}"), "a/b"),
                    example(&format!("money back {i}"), "a/c"),
                ]
            })
            .collect();
        tagger.model = Some(crate::model::train(&examples, &crate::model::TrainConfig::default()).unwrap());
        let said = |seq: i64, role: AuthorRole, text: &'static str| Turn {
            seq,
            role,
            text,
            ..turns[0]
        };
        let thread = [
            said(1, AuthorRole::Customer, "where is the parcel please"),
            said(2, AuthorRole::Agent, "money back money back"),
            said(3, AuthorRole::Customer, "and i want money back"),
        ];
        let conversation = ConversationText {
            turns: &thread,
            ..conversation
        };
        let seen = |tagger: &Tagger| {
            let rows = tagger.tag_conversation(&conversation).into_iter();
            rows.map(|row| (row.tag.as_str().to_owned(), row.evidence_seq))
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(&tagger), [("a/b".into(), Some(1))]);
        let version = tagger.version();
        tagger.reads = ModelReads::EveryMessage;
        assert_eq!(seen(&tagger), [("a/b".into(), Some(1)), ("a/c".into(), Some(3))]);
        assert_ne!(tagger.version(), version);
    }
}
