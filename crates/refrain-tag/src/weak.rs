//! What a shop's own unlabelled conversations teach: how far each rule is to be trusted, and labels to train on.
//!
//! Rules and model vote. How often a rule is right is estimated from labelled texts and, where there
//! are none, from how often a model that knows nothing of the rules agrees with it. The votes for a
//! topic are then united as independent reasons, `1 - Π(1 - vote)`. Ratner et al., Data Programming
//! (NIPS 2016) estimate such weights from agreements alone; a fitted model as one voter makes that
//! a plain mean.
//!
//! Measured on the season, from the starter model alone (micro, macro F1 of the final tagger): no history
//! 0.668, 0.66; labels by majority vote 0.703, 0.688; weighed votes 0.713, 0.708.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use refrain_record::{ConversationText, Facet, Language, TagMethod, TagPath};

use crate::model::LabelledText;
use crate::tagger::{Explained, Tagger, Verdict, is_carried, unite_votes};

/// Hits of a rule at which its own record counts as much as what rules are worth in general.
const TRUST_PRIOR_HITS: f64 = 20.0;

/// What rules are worth in general: their precision on held-out families of the starter corpus was 0.73.
const TRUST_PRIOR: f64 = 0.7;

/// Trust in the best topic from which on a conversation teaches; 0.5 left a third of them out and lost two points
/// of micro F1, 0.1 and 0.2 lost one.
const MIN_LABEL_TRUST: f64 = 0.3;

/// Share of its trust at which a weak label is learned beside a person's; 1 lost half a point of micro F1.
const WEAK_SHARE: f32 = 0.3;

/// What rules and model say of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Votes {
    /// The request.
    pub text: String,
    /// Its language.
    pub language: Option<Language>,
    explained: Vec<Explained>,
}

impl Tagger {
    /// The votes on a conversation; `None` when it holds no request.
    #[must_use]
    pub fn votes(&self, conversation: &ConversationText<'_>) -> Option<Votes> {
        Some(Votes {
            text: self.request_text(conversation)?.to_owned(),
            language: conversation.language,
            explained: self.explain(conversation),
        })
    }
}

/// How often the topic of a rule applies where the rule matches, by rule id: for every rule without a
/// weight of its own that sets a topic and matched at least once.
///
/// `labelled` are texts whose tags people gave, `votes` unlabelled conversations, judged by the model of
/// `tagger`. A rule of few hits stays near what rules are worth in general.
#[must_use]
pub fn weigh_rules(tagger: &Tagger, labelled: &[LabelledText], votes: &[Votes]) -> BTreeMap<String, f32> {
    let mut record: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let rules = tagger.rulebook.rules();
    let learnable: BTreeMap<&str, &TagPath> = rules
        .iter()
        .filter(|rule| rule.facet == Facet::Topic && !rule.is_veto && !rule.has_own_weight)
        .map(|rule| (rule.id.as_str(), &rule.tag))
        .collect();
    let mut add = |rule: &str, right: f64| {
        if let Some((&id, _)) = learnable.get_key_value(rule) {
            let (hits, rights) = record.entry(id).or_default();
            *hits += 1.0;
            *rights += right;
        }
    };
    let matched: Vec<BTreeSet<String>> = labelled
        .par_iter()
        .map(|example| {
            let turns = example.turns();
            let explained = tagger.explain_with(&tagger.rulebook, false, &example.conversation(&turns));
            rules_of(&explained).map(|e| e.set_by.as_str().to_owned()).collect()
        })
        .collect();
    for (example, fired) in labelled.iter().zip(&matched) {
        for rule in fired {
            let is_due = learnable
                .get(rule.as_str())
                .is_some_and(|tag| example.tags.contains(tag));
            add(rule, f64::from(is_due));
        }
    }
    for vote in votes {
        let by_model: BTreeMap<&TagPath, f64> = vote
            .explained
            .iter()
            .filter(|e| e.method == TagMethod::Model)
            .map(|e| (&e.tag, e.score))
            .collect();
        for e in rules_of(&vote.explained) {
            add(e.set_by.as_str(), by_model.get(&e.tag).copied().unwrap_or(0.0));
        }
    }
    record
        .into_iter()
        .map(|(rule, (hits, rights))| {
            let trust = (rights + TRUST_PRIOR_HITS * TRUST_PRIOR) / (hits + TRUST_PRIOR_HITS);
            (rule.to_owned(), trust as f32)
        })
        .collect()
}

/// Rules that match and that nothing vetoes, each once.
fn rules_of(explained: &[Explained]) -> impl Iterator<Item = &Explained> {
    explained
        .iter()
        .filter(|e| e.method == TagMethod::Rule && e.kind.is_some() && e.verdict != Verdict::Vetoed)
}

/// Training examples from unlabelled conversations, in their order and each text once: those with a topic that
/// the votes, weighed by `trust`, make likely. A conversation without one says nothing, not "none of these".
///
/// Acts and stages are those that the tagger sets.
#[must_use]
pub fn weak_labels(votes: &[Votes], trust: &BTreeMap<String, f32>) -> Vec<LabelledText> {
    let mut seen = BTreeSet::new();
    let labelled = votes.iter().filter_map(|vote| {
        let topics = unite_votes(&vote.explained, trust);
        let best = topics.values().copied().fold(0.0, f64::max);
        if best < MIN_LABEL_TRUST || !seen.insert(vote.text.as_str()) {
            return None;
        }
        let likely = topics.iter().filter(|(_, trust)| is_carried(**trust, best));
        let others = vote
            .explained
            .iter()
            .filter(|e| e.facet != Facet::Topic && e.verdict == Verdict::Set);
        let mut tags: Vec<TagPath> = likely.map(|(tag, _)| (*tag).clone()).collect();
        tags.extend(others.map(|e| e.tag.clone()));
        tags.sort_unstable();
        tags.dedup();
        Some(LabelledText {
            text: vote.text.clone(),
            tags,
            lang: vote.language,
            weak_trust: Some(best as f32 * WEAK_SHARE),
            ..LabelledText::default()
        })
    });
    labelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelReads;
    use crate::model::{TrainConfig, train};
    use crate::rules::Rulebook;
    use crate::taxonomy::Taxonomy;

    const TAGS: &str =
        "version = '1'\n[[tag]]\npath = 'shipping/late'\nowner = 'o'\n[[tag]]\npath = 'refund/money'\nowner = 'o'";
    /// `good` is right, `poor` fires on parcels of any kind, `fixed` has a weight of its own.
    const RULES: &str = "[[rule]]\nid = 'good'\ntag = 'shipping/late'\nany = ['late']\n\
        [[rule]]\nid = 'poor'\ntag = 'refund/money'\nany = ['parcel']\n\
        [[rule]]\nid = 'fixed'\ntag = 'refund/money'\nany = ['money']\nweight = 0.6";

    fn text(text: &str, tag: &str) -> LabelledText {
        LabelledText {
            text: text.into(),
            tags: vec![tag.into()],
            lang: Some(Language::En),
            ..LabelledText::default()
        }
    }

    fn labelled() -> Vec<LabelledText> {
        (0..40)
            .flat_map(|i| {
                [
                    text(&format!("my parcel {i} is late and not here"), "shipping/late"),
                    text(&format!("send my money {i} back"), "refund/money"),
                ]
            })
            .collect()
    }

    fn tagger() -> Tagger {
        let taxonomy = Taxonomy::parse(TAGS, "t").unwrap();
        let rulebook = Rulebook::parse(&[("r", RULES)], &taxonomy).unwrap();
        Tagger {
            taxonomy,
            rulebook,
            model: Some(train(&labelled(), &TrainConfig::default()).unwrap()),
            reads: ModelReads::Request,
        }
    }

    fn votes(tagger: &Tagger, texts: &[&str]) -> Vec<Votes> {
        let vote = |words: &&str| {
            let example = text(words, "shipping/late");
            tagger.votes(&example.conversation(&example.turns())).unwrap()
        };
        texts.iter().map(vote).collect()
    }

    #[test]
    fn labels_and_agreement_tell_good_rules_from_poor_ones() {
        let tagger = tagger();
        let by_labels = weigh_rules(&tagger, &labelled(), &[]);
        // 40 of 40 and 0 of 40, each beside 20 hits at 0.7.
        assert!((by_labels["good"] - 54.0 / 60.0).abs() < 1e-6);
        assert!((by_labels["poor"] - 14.0 / 60.0).abs() < 1e-6);
        assert_eq!(by_labels.len(), 2, "`fixed` has its own weight: {by_labels:?}");

        let texts: Vec<String> = (0..40).map(|i| format!("this parcel {i} is so late")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let by_agreement = weigh_rules(&tagger, &[], &votes(&tagger, &texts));
        assert!(
            by_agreement["good"] > 0.75 && by_agreement["poor"] < 0.35,
            "{by_agreement:?}"
        );
    }

    #[test]
    fn weak_labels_take_what_the_votes_carry_and_leave_the_rest_alone() {
        let tagger = tagger();
        let trust = weigh_rules(&tagger, &labelled(), &[]);
        let votes = votes(
            &tagger,
            &["the parcel is late", "the parcel is late", "good day", "parcel"],
        );
        let weak = weak_labels(&votes, &trust);
        let texts: Vec<(&str, &str)> = weak.iter().map(|e| (e.text.as_str(), e.tags[0].as_str())).collect();
        assert!(texts.contains(&("the parcel is late", "shipping/late")), "{texts:?}");
        assert_eq!(
            texts.iter().filter(|(text, _)| *text == "the parcel is late").count(),
            1
        );
        assert!(
            !texts.iter().any(|(text, _)| *text == "good day"),
            "nobody voted: {texts:?}"
        );
        for example in &weak {
            assert!(
                example
                    .weak_trust
                    .is_some_and(|trust| trust > 0.0 && trust <= WEAK_SHARE)
            );
        }
    }

    #[test]
    fn a_tagger_that_knows_poor_rules_leaves_their_topics_out() {
        let mut tagger = tagger();
        let trust = weigh_rules(&tagger, &labelled(), &[]);
        let set = |tagger: &Tagger| {
            let example = text("my parcel is late and not here", "shipping/late");
            let turns = example.turns();
            let tags = tagger.tag_conversation(&example.conversation(&turns));
            let of_rules = tags.into_iter().filter(|tag| tag.method == TagMethod::Rule);
            of_rules
                .map(|tag| (tag.tag.as_str().to_owned(), tag.score))
                .collect::<Vec<_>>()
        };
        assert_eq!(set(&tagger).len(), 2, "without trust every rule counts");
        let before = tagger.version();
        tagger.model = tagger.model.map(|model| model.with_rule_trust(trust).unwrap());
        assert_ne!(tagger.version(), before);
        let settled = set(&tagger);
        assert_eq!(settled.len(), 1);
        assert!(
            settled[0].0 == "shipping/late" && (settled[0].1 - 0.9).abs() < 1e-6,
            "{settled:?}"
        );
        let model = tagger.model.unwrap();
        let again = crate::model::TagModel::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(again, model);
    }

    #[test]
    fn weak_rows_move_the_model_less_than_labels() {
        let odd = |trust| LabelledText {
            weak_trust: trust,
            ..text("quokka", "refund/money")
        };
        let score = |extra: LabelledText| {
            let mut examples = labelled();
            examples.extend(vec![extra; 3]);
            let model = train(&examples, &TrainConfig::default()).unwrap();
            let decision = model.decision("quokka").unwrap();
            (decision.tag.as_str().to_owned(), decision.score)
        };
        let (label, weak) = (score(odd(None)), score(odd(Some(0.05))));
        assert_eq!(label.0, "refund/money");
        assert!(weak.0 != "refund/money" || weak.1 < label.1, "{label:?} {weak:?}");
    }
}
