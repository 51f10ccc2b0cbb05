//! The rulebook: phrases and patterns that set tags, each rule with its own examples.

mod engine;
mod examples;
mod fold;
mod gate;
mod index;
mod near;
mod parse;
mod phrase;
mod stats;
mod table;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use engine::PhraseKind;
pub use examples::{ExampleFailure, ExampleProblem};
pub use parse::{Rule, RuleRole};
pub use phrase::PhraseMatch;
pub use stats::RuleStats;

use std::collections::BTreeSet;

use crate::error::TagError;
use crate::taxonomy::Taxonomy;
use engine::Engine;
use refrain_record::{AuthorRole, Language, TagPath};

/// Unicode scalars `start..end` of a redacted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First scalar.
    pub start: u32,
    /// One past the last scalar.
    pub end: u32,
}

/// One place where a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleMatch {
    /// Index into [`Rulebook::rules`].
    pub rule: usize,
    /// The evidence.
    pub span: Span,
    /// What about the rule matched.
    pub kind: PhraseKind,
}

/// A tag of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextTag {
    /// The tag.
    pub tag: TagPath,
    /// Weight of the rule.
    pub score: f64,
    /// Index of the strongest rule; ties go to the first id.
    pub rule: usize,
    /// That rule's first match.
    pub span: Span,
}

/// Checked rules, sorted by id, and the automaton over all their phrases.
#[derive(Debug)]
pub struct Rulebook {
    rules: Vec<Rule>,
    engine: Engine,
    digest: String,
    /// Tags that some rule forbids.
    vetoed: BTreeSet<TagPath>,
}

impl Rulebook {
    /// The rulebook of `(file name, TOML text)` pairs, whatever their order.
    ///
    /// # Errors
    /// At the first unknown key or tag, duplicate id, empty rule or bad pattern, with file, line
    /// and rule id; and when all phrases together are too many.
    pub fn parse(files: &[(&str, &str)], taxonomy: &Taxonomy) -> Result<Self, TagError> {
        let parsed = parse::parse_files(files, taxonomy)?;
        let (rules, patterns): (Vec<_>, Vec<_>) = parsed.rules.into_iter().unzip();
        Ok(Self {
            vetoed: rules
                .iter()
                .filter(|rule| rule.is_veto)
                .map(|rule| rule.tag.clone())
                .collect(),
            rules,
            engine: Engine::build(patterns)?,
            digest: parsed.digest,
        })
    }

    /// All rules, by id.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// blake3, in hex, of what the rules do: not of examples, comments, order or file names.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Every place of one message where a rule holds, vetoes included; by rule, then place.
    ///
    /// A rule with `lang` skips messages that are known to be in another language.
    #[must_use]
    pub fn matches(&self, text: &str, language: Option<Language>, role: AuthorRole) -> Vec<RuleMatch> {
        let reads = |rule| self.reads(rule as usize, language, role);
        let to_match = |f: &engine::Found| RuleMatch {
            rule: f.rule as usize,
            span: Span {
                start: f.start,
                end: f.end,
            },
            kind: f.kind,
        };
        self.engine
            .find(text, reads, |found| found.iter().map(to_match).collect())
    }

    /// Tags of one customer message by the rules alone, by tag; vetoed tags left out.
    #[must_use]
    pub fn tag_text(&self, text: &str, language: Option<Language>) -> Vec<TextTag> {
        let matches = self.matches(text, language, AuthorRole::Customer);
        let mut tags: Vec<TextTag> = Vec::new();
        // Matches come by rule id and place, so the first of equals stays.
        for found in &matches {
            let rule = &self.rules[found.rule];
            if rule.is_veto || self.is_vetoed(&rule.tag, &matches) {
                continue;
            }
            let new = TextTag {
                tag: rule.tag.clone(),
                score: rule.weight,
                rule: found.rule,
                span: found.span,
            };
            match tags.iter_mut().find(|old| old.tag == new.tag) {
                Some(old) if old.score < new.score => *old = new,
                Some(_) => {}
                None => tags.push(new),
            }
        }
        tags.sort_by(|a, b| a.tag.cmp(&b.tag));
        tags
    }

    /// Whether some rule forbids `tag`.
    pub(crate) fn has_veto(&self, tag: &TagPath) -> bool {
        self.vetoed.contains(tag)
    }

    /// Whether one of a message's matches forbids `tag`.
    pub(crate) fn is_vetoed(&self, tag: &TagPath, matches: &[RuleMatch]) -> bool {
        let rules = matches.iter().map(|found| &self.rules[found.rule]);
        rules.into_iter().any(|rule| rule.is_veto && rule.tag == *tag)
    }

    fn reads(&self, rule: usize, language: Option<Language>, role: AuthorRole) -> bool {
        let rule = &self.rules[rule];
        rule.role.reads(role)
            && (rule.languages.is_empty() || language.is_none_or(|known| rule.languages.contains(&known)))
    }
}
