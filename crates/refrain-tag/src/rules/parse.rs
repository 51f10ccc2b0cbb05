//! Rulebook files to checked rules: every name known, every phrase and pattern sound.

use super::phrase::{Phrase, PhraseMatch};
use crate::error::{Hint, TagError, line_at, nearest_name, syntax};
use crate::taxonomy::Taxonomy;
use refrain_record::{AuthorRole, Facet, Language, TagPath};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;
use unicode_normalization::UnicodeNormalization;

const DEFAULT_WEIGHT: f64 = 0.9;

/// Whose messages a rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleRole {
    /// The customer's.
    Customer,
    /// The agents'.
    Agent,
    /// The bots'.
    Bot,
    /// Those of all three.
    Any,
}

impl RuleRole {
    const ALL: &'static [Self] = &[Self::Customer, Self::Agent, Self::Bot, Self::Any];

    /// The name in a rulebook.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::Bot => "bot",
            Self::Any => "any",
        }
    }

    /// Whether messages of `role` are read; nobody's rules read system lines.
    #[must_use]
    pub const fn reads(self, role: AuthorRole) -> bool {
        match role {
            AuthorRole::System => false,
            AuthorRole::Customer => matches!(self, Self::Customer | Self::Any),
            AuthorRole::Agent => matches!(self, Self::Agent | Self::Any),
            AuthorRole::Bot => matches!(self, Self::Bot | Self::Any),
        }
    }

    /// A role the rule reads, for its examples.
    pub(crate) const fn example(self) -> AuthorRole {
        match self {
            Self::Customer | Self::Any => AuthorRole::Customer,
            Self::Agent => AuthorRole::Agent,
            Self::Bot => AuthorRole::Bot,
        }
    }
}

/// A rule as its author sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Unique over all files.
    pub id: String,
    /// Tag it sets, or forbids.
    pub tag: TagPath,
    /// Group of that tag.
    pub facet: Facet,
    /// Languages it reads; all when empty. A message of unknown language is always read.
    pub languages: Vec<Language>,
    /// Whose messages it reads.
    pub role: RuleRole,
    /// Score of its tag, 0 to 1.
    pub weight: f64,
    /// Whether the rulebook gives that weight; one that it does not give may be learned.
    pub has_own_weight: bool,
    /// Where it matches, its tag is not set.
    pub is_veto: bool,
    /// Texts it must match.
    pub yes: Vec<String>,
    /// Texts it must not match.
    pub no: Vec<String>,
    /// File it stands in.
    pub file: String,
}

/// What a rule looks for.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) any: Vec<Phrase>,
    pub(crate) all: Vec<Phrase>,
    pub(crate) none: Vec<Phrase>,
    pub(crate) near: Vec<(Phrase, Phrase, u32)>,
    pub(crate) regexes: Vec<Regex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default, rename = "rule")]
    rules: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    tag: String,
    #[serde(default)]
    lang: Vec<String>,
    role: Option<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    near: Vec<RawNear>,
    #[serde(default)]
    regex: Vec<String>,
    #[serde(rename = "match")]
    mode: Option<String>,
    weight: Option<f64>,
    #[serde(default)]
    veto: bool,
    #[serde(default)]
    yes: Vec<String>,
    #[serde(default)]
    no: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNear {
    a: String,
    b: String,
    within: u32,
}

/// Checked rules by id, and for each the digest of what it does: examples and file names aside.
pub(crate) struct Parsed {
    pub(crate) rules: Vec<(Rule, Pattern)>,
    pub(crate) digest: String,
}

/// Reads all files; rules come sorted by id.
pub(crate) fn parse_files(files: &[(&str, &str)], taxonomy: &Taxonomy) -> Result<Parsed, TagError> {
    let mut found: BTreeMap<String, (Rule, Pattern, blake3::Hash)> = BTreeMap::new();
    for &(file, text) in files {
        let raw: RawFile = toml::from_str(text).map_err(|e| syntax(file, text, &e))?;
        // Counted on from rule to rule: counting from the top for each took longer than all the rest.
        let (mut line, mut counted) = (1, 0);
        for rule in &raw.rules {
            let start = rule.id.span().start.clamp(counted, text.len());
            line += line_at(&text[counted..start], usize::MAX) - 1;
            counted = start;
            let place = Place {
                file,
                line,
                rule: rule.id.get_ref(),
            };
            let (checked, pattern) = check_rule(rule, &place, taxonomy)?;
            if let Some((first, ..)) = found.get(&checked.id) {
                let hint = Hint::say("ids are unique over all files");
                return Err(place.fail(format!("its id is already taken in `{}`", first.file), hint));
            }
            found.insert(checked.id.clone(), (checked, pattern, digest_rule(rule)));
        }
    }
    let mut hasher = blake3::Hasher::new();
    let mut rules = Vec::with_capacity(found.len());
    for (rule, pattern, digest) in found.into_values() {
        hasher.update(digest.as_bytes());
        rules.push((rule, pattern));
    }
    Ok(Parsed {
        rules,
        digest: hasher.finalize().to_hex().to_string(),
    })
}

fn check_rule(raw: &RawRule, place: &Place<'_>, taxonomy: &Taxonomy) -> Result<(Rule, Pattern), TagError> {
    if place.rule.trim().is_empty() {
        return Err(place.fail("its id is empty", Hint::none()));
    }
    let Some(tag) = taxonomy.lookup(&raw.tag) else {
        let known = taxonomy.tags().iter().map(|tag| tag.path.as_str());
        let problem = format!("tag `{}` is not in the taxonomy", raw.tag.escape_debug());
        return Err(place.fail(problem, Hint::nearest(&raw.tag, known)));
    };
    let mut languages = Vec::new();
    for code in &raw.lang {
        languages.push(choose("lang", code, Language::ALL, Language::as_str, place)?);
    }
    let role = raw
        .role
        .as_deref()
        .map(|name| choose("role", name, RuleRole::ALL, RuleRole::as_str, place));
    let mode = raw
        .mode
        .as_deref()
        .map(|name| choose("match", name, PhraseMatch::ALL, PhraseMatch::as_str, place));
    let weight = raw.weight.unwrap_or(DEFAULT_WEIGHT);
    if !(0.0..=1.0).contains(&weight) {
        return Err(place.fail(format!("`weight` is {weight}, expected 0 to 1"), Hint::none()));
    }
    let pattern = check_pattern(raw, mode.transpose()?.unwrap_or(PhraseMatch::Word), place)?;
    let rule = Rule {
        id: raw.id.get_ref().clone(),
        tag: tag.path.clone(),
        facet: tag.facet,
        languages,
        role: role.transpose()?.unwrap_or(RuleRole::Customer),
        weight,
        has_own_weight: raw.weight.is_some(),
        is_veto: raw.veto,
        yes: raw.yes.clone(),
        no: raw.no.clone(),
        file: place.file.to_owned(),
    };
    Ok((rule, pattern))
}

fn check_pattern(raw: &RawRule, mode: PhraseMatch, place: &Place<'_>) -> Result<Pattern, TagError> {
    if raw.any.is_empty() && raw.all.is_empty() && raw.near.is_empty() && raw.regex.is_empty() {
        let problem = "it has nothing to look for, expected `any`, `all`, `near` or `regex`";
        return Err(place.fail(problem, Hint::none()));
    }
    let phrase = |key: &str, text: &String| {
        Phrase::parse(text, mode).map_err(|wrong| {
            place.fail(
                format!("a phrase of `{key}` {wrong}: `{}`", text.escape_debug()),
                Hint::none(),
            )
        })
    };
    let phrases = |key: &str, texts: &[String]| -> Result<Vec<Phrase>, TagError> {
        texts.iter().map(|text| phrase(key, text)).collect()
    };
    let mut near = Vec::new();
    for pair in &raw.near {
        if pair.within == 0 {
            return Err(place.fail("`within` is 0, expected 1 (neighbours) or more", Hint::none()));
        }
        near.push((phrase("near", &pair.a)?, phrase("near", &pair.b)?, pair.within));
    }
    let mut regexes = Vec::new();
    for pattern in &raw.regex {
        regexes.push(check_regex(pattern, place)?);
    }
    Ok(Pattern {
        any: phrases("any", &raw.any)?,
        all: phrases("all", &raw.all)?,
        none: phrases("none", &raw.none)?,
        near,
        regexes,
    })
}

/// Patterns run over folded text, so they are brought to NFC and ignore letter case.
fn check_regex(pattern: &str, place: &Place<'_>) -> Result<Regex, TagError> {
    let normal: String = pattern.nfc().collect();
    let regex = RegexBuilder::new(&normal)
        .case_insensitive(true)
        .build()
        .map_err(|error| {
            // The first lines of regex's message draw the pattern; the last one names the mistake.
            let error = error.to_string();
            let reason = error
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            place.fail(format!("regex `{}`: {reason}", pattern.escape_debug()), Hint::none())
        })?;
    if regex.is_match("") {
        let problem = format!("regex `{}` matches the empty text", pattern.escape_debug());
        return Err(place.fail(problem, Hint::say("ask for at least one letter, such as `+` for `*`")));
    }
    Ok(regex)
}

fn choose<T: Copy>(
    key: &str,
    name: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
    place: &Place<'_>,
) -> Result<T, TagError> {
    if let Some(&value) = all.iter().find(|&&value| as_str(value) == name) {
        return Ok(value);
    }
    let known: Vec<&str> = all.iter().map(|&value| as_str(value)).collect();
    let near = nearest_name(name, known.iter().copied());
    let problem = format!(
        "`{key}` is `{}`, expected one of `{}`",
        name.escape_debug(),
        known.join("`, `")
    );
    Err(place.fail(problem, Hint(near.map(|near| format!("did you mean `{near}`?")))))
}

/// Digest of what a rule does; lists count in their order.
fn digest_rule(raw: &RawRule) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(raw.id.get_ref());
    part(&raw.tag);
    part(raw.role.as_deref().unwrap_or("customer"));
    part(raw.mode.as_deref().unwrap_or("word"));
    part(&raw.weight.unwrap_or(DEFAULT_WEIGHT).to_bits().to_string());
    part(if raw.veto { "veto" } else { "set" });
    for list in [&raw.lang, &raw.any, &raw.all, &raw.none, &raw.regex] {
        part(&list.len().to_string());
        list.iter().for_each(|text| part(text));
    }
    for near in &raw.near {
        part(&near.a);
        part(&near.b);
        part(&near.within.to_string());
    }
    hasher.finalize()
}

/// Where messages point to.
struct Place<'a> {
    file: &'a str,
    line: usize,
    rule: &'a str,
}

impl Place<'_> {
    fn fail(&self, problem: impl Into<String>, hint: Hint) -> TagError {
        TagError::Rule {
            file: self.file.to_owned(),
            line: Some(self.line),
            rule: self.rule.escape_debug().to_string(),
            problem: problem.into(),
            hint,
        }
    }
}
