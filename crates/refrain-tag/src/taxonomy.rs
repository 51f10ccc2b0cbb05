//! The list of tags a shop uses: paths, owners, titles and what each tag implies.

use crate::error::{Hint, TagError, line_at, syntax};
use refrain_record::{Facet, Label, Language, Outcome, TagPath};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Path; its prefixes are the roll-ups.
    pub path: TagPath,
    /// Group.
    pub facet: Facet,
    /// Team that can remove the cause; `None` for acts and stages.
    pub owner: Option<Label>,
    /// Names for people.
    pub titles: BTreeMap<Language, String>,
    /// Outcomes that a contact with this tag is a part of, so that it is no evidence about them.
    pub mechanical_for: Vec<Outcome>,
    /// Stage that a contact about this topic is in.
    pub stage: Option<TagPath>,
}

impl Tag {
    /// The title in `language`, else in English, else the path.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        let title = self.titles.get(&language).or_else(|| self.titles.get(&Language::En));
        title.map_or(self.path.as_str(), String::as_str)
    }
}

/// All tags, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    version: String,
    tags: Vec<Tag>,
    by_source_name: FxHashMap<String, usize>,
    digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTaxonomy {
    version: String,
    #[serde(default, rename = "tag")]
    tags: Vec<RawTag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTag {
    path: Spanned<String>,
    facet: Option<String>,
    owner: Option<String>,
    #[serde(default)]
    title: BTreeMap<String, String>,
    #[serde(default)]
    mechanical_for: Vec<String>,
    stage: Option<String>,
    #[serde(default)]
    source_tags: Vec<String>,
}

impl Taxonomy {
    /// The taxonomy of a TOML text; `file_name` only serves messages.
    ///
    /// # Errors
    /// At the first key, name or path that does not hold, with its line.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, TagError> {
        let raw: RawTaxonomy = toml::from_str(text).map_err(|e| syntax(file_name, text, &e))?;
        let place = Place { text, file_name };
        if raw.version.trim().is_empty() {
            return Err(place.fail(
                None,
                "`version` is empty, expected a name such as `2026.1`",
                Hint::none(),
            ));
        }
        let mut tags = Vec::with_capacity(raw.tags.len());
        let mut lines = FxHashMap::default();
        let mut aliases = Vec::new();
        for tag in &raw.tags {
            let checked = check_tag(tag, &place)?;
            let path = checked.path.as_str().to_owned();
            if let Some(first) = lines.insert(path.clone(), place.line(tag)) {
                let problem = format!("`{path}` is there twice, first on line {first}");
                return Err(place.fail(Some(tag), problem, Hint::none()));
            }
            aliases.extend(tag.source_tags.iter().map(|name| (name.clone(), path.clone(), tag)));
            tags.push(checked);
        }
        tags.sort_by(|a, b| a.path.cmp(&b.path));
        let mut taxonomy = Self {
            version: raw.version,
            digest: String::new(),
            by_source_name: FxHashMap::default(),
            tags,
        };
        taxonomy.check_references(&raw.tags, &place)?;
        taxonomy.index_source_names(&aliases, &place)?;
        taxonomy.digest = taxonomy.compute_digest();
        Ok(taxonomy)
    }

    /// The version the file gives itself.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// blake3 of version, paths, facets, stages and source names, in hex: what taggers depend on.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All tags, by path.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The tag of a path.
    #[must_use]
    pub fn lookup(&self, path: &str) -> Option<&Tag> {
        let at = self.tags.binary_search_by(|tag| tag.path.as_str().cmp(path)).ok()?;
        self.tags.get(at)
    }

    /// The tag that a source system's tag means: its path, a title or a listed name,
    /// letter case and punctuation aside.
    #[must_use]
    pub fn of_source_tag(&self, name: &str) -> Option<&Tag> {
        if let Some(tag) = self.lookup(name) {
            return Some(tag);
        }
        let at = *self.by_source_name.get(&plain_name(name))?;
        self.tags.get(at)
    }

    /// The groups a path counts towards, widest first, without itself: `a/b/c` gives `a`, `a/b`.
    pub fn roll_ups(path: &str) -> impl Iterator<Item = &str> {
        path.match_indices('/').map(|(at, _)| &path[..at])
    }

    fn check_references(&self, raw: &[RawTag], place: &Place<'_>) -> Result<(), TagError> {
        for tag in raw {
            let path = tag.path.get_ref();
            let inside = format!("{path}/");
            if let Some(leaf) = self.tags.iter().find(|t| t.path.as_str().starts_with(&inside)) {
                let problem = format!("`{path}` is a tag and also the group of `{}`", leaf.path);
                let hint = Hint::say("counts would mix; name the tag `.../other`");
                return Err(place.fail(Some(tag), problem, hint));
            }
            let Some(stage) = &tag.stage else { continue };
            let stage_path = stage_path(stage);
            if self.lookup(&stage_path).is_none_or(|t| t.facet != Facet::Stage) {
                let stages = self.tags.iter().filter(|t| t.facet == Facet::Stage);
                let hint = Hint::nearest(&stage_path, stages.map(|t| t.path.as_str()));
                let problem = format!("`{path}` has stage `{stage}`, which is no tag of facet `stage`");
                return Err(place.fail(Some(tag), problem, hint));
            }
        }
        Ok(())
    }

    /// Listed names win over paths and those over titles; a title that two tags share means neither.
    fn index_source_names(&mut self, aliases: &[(String, String, &RawTag)], place: &Place<'_>) -> Result<(), TagError> {
        let mut names: FxHashMap<String, usize> = FxHashMap::default();
        for (name, path, raw) in aliases {
            let Ok(at) = self.tags.binary_search_by(|tag| tag.path.as_str().cmp(path)) else {
                continue;
            };
            if let Some(other) = names.insert(plain_name(name), at)
                && other != at
            {
                let problem = format!(
                    "source tag `{name}` of `{path}` also belongs to `{}`",
                    self.tags[other].path
                );
                return Err(place.fail(Some(raw), problem, Hint::none()));
            }
        }
        let mut titles: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for (at, tag) in self.tags.iter().enumerate() {
            names.entry(plain_name(tag.path.as_str())).or_insert(at);
            for title in tag.titles.values() {
                let seen = titles.entry(plain_name(title)).or_insert(Some(at));
                if *seen != Some(at) {
                    *seen = None;
                }
            }
        }
        for (title, at) in titles {
            if let Some(at) = at {
                names.entry(title).or_insert(at);
            }
        }
        names.remove("");
        self.by_source_name = names;
        Ok(())
    }

    fn compute_digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut part = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        part(&self.version);
        for tag in &self.tags {
            part(tag.path.as_str());
            part(tag.facet.as_str());
            part(tag.stage.as_ref().map_or("", TagPath::as_str));
        }
        let names: BTreeMap<_, _> = self.by_source_name.iter().collect();
        for (name, at) in names {
            part(name);
            part(self.tags[*at].path.as_str());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Letters and digits in lower case, the rest as one space: `Intent__Shipping-Delay` is `intent shipping delay`.
fn plain_name(name: &str) -> String {
    let lower = name.chars().flat_map(char::to_lowercase);
    let spaced: String = lower.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn stage_path(stage: &str) -> String {
    if stage.starts_with("stage/") {
        stage.to_owned()
    } else {
        format!("stage/{stage}")
    }
}

fn check_tag(raw: &RawTag, place: &Place<'_>) -> Result<Tag, TagError> {
    let path = raw.path.get_ref();
    if !is_path(path) {
        let problem = format!(
            "path `{}` is no tag path, expected `group/name` in a-z, 0-9, `_`",
            path.escape_debug()
        );
        return Err(place.fail(Some(raw), problem, Hint::none()));
    }
    let facet = check_facet(raw, place)?;
    if facet == Facet::Topic && raw.owner.as_deref().is_none_or(|owner| owner.trim().is_empty()) {
        let problem = format!("`{path}` has no owner, expected the team that can remove the cause");
        return Err(place.fail(Some(raw), problem, Hint::say("add `owner = \"service\"`")));
    }
    if facet != Facet::Topic && raw.stage.is_some() {
        let problem = format!("`{path}` has a stage, expected one on topics only");
        return Err(place.fail(Some(raw), problem, Hint::none()));
    }
    let mut titles = BTreeMap::new();
    for (code, title) in &raw.title {
        let language = Language::parse(code).ok_or_else(|| {
            let problem = format!(
                "`{path}` has a title in `{code}`, expected one of {}",
                names(Language::ALL, Language::as_str)
            );
            place.fail(Some(raw), problem, Hint::none())
        })?;
        titles.insert(language, title.clone());
    }
    let mut mechanical_for = Vec::new();
    for name in &raw.mechanical_for {
        let outcome = Outcome::parse(name).ok_or_else(|| {
            let known = || Outcome::ALL.iter().map(|o| o.as_str());
            let problem = format!(
                "`{path}` is mechanical for `{name}`, expected one of {}",
                names(Outcome::ALL, Outcome::as_str)
            );
            place.fail(Some(raw), problem, Hint::nearest(name, known()))
        })?;
        mechanical_for.push(outcome);
    }
    mechanical_for.sort_unstable();
    mechanical_for.dedup();
    Ok(Tag {
        path: TagPath::from(path.as_str()),
        facet,
        owner: raw.owner.as_deref().map(Label::from),
        titles,
        mechanical_for,
        stage: raw.stage.as_deref().map(|stage| TagPath::from(stage_path(stage))),
    })
}

/// The facet named, which must fit the path: `act/` and `stage/` belong to their facets alone.
fn check_facet(raw: &RawTag, place: &Place<'_>) -> Result<Facet, TagError> {
    let path = raw.path.get_ref();
    let named = raw.facet.as_deref().unwrap_or("topic");
    let facet = Facet::parse(named).ok_or_else(|| {
        let known = Facet::ALL.iter().map(|f| f.as_str());
        let problem = format!(
            "`{path}` has facet `{named}`, expected one of {}",
            names(Facet::ALL, Facet::as_str)
        );
        place.fail(Some(raw), problem, Hint::nearest(named, known))
    })?;
    let by_path = match path.split('/').next() {
        Some("act") => Facet::Act,
        Some("stage") => Facet::Stage,
        _ => Facet::Topic,
    };
    if facet == by_path {
        return Ok(facet);
    }
    let problem = format!("`{path}` has facet `{facet}`, expected `{by_path}` for its path");
    Err(place.fail(
        Some(raw),
        problem,
        Hint::say(format!("set `facet = \"{by_path}\"`, or change the path")),
    ))
}

fn is_path(path: &str) -> bool {
    let segment = |s: &str| {
        !s.is_empty()
            && s.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    path.contains('/') && path.split('/').all(segment)
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter()
        .map(|&value| format!("`{}`", name(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Where messages point to.
struct Place<'a> {
    text: &'a str,
    file_name: &'a str,
}

impl Place<'_> {
    fn line(&self, tag: &RawTag) -> usize {
        line_at(self.text, tag.path.span().start)
    }

    fn fail(&self, tag: Option<&RawTag>, problem: impl Into<String>, hint: Hint) -> TagError {
        TagError::Taxonomy {
            file: self.file_name.to_owned(),
            line: tag.map(|tag| self.line(tag)),
            problem: problem.into(),
            hint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
version = "1"
[[tag]]
path = "shipping/delay"
owner = "logistics"
title = { en = "Late", de = "Zu spät" }
stage = "after_sales"
source_tags = ["wismo"]
[[tag]]
path = "return/request"
owner = "returns"
mechanical_for = ["returned"]
[[tag]]
path = "stage/after_sales"
facet = "stage"
"#;

    fn problem(text: &str) -> String {
        Taxonomy::parse(text, "t.toml").unwrap_err().to_string()
    }

    #[test]
    fn reads_typed_tags() {
        let taxonomy = Taxonomy::parse(SMALL, "t.toml").unwrap();
        let delay = taxonomy.lookup("shipping/delay").unwrap();
        assert_eq!(delay.stage.as_ref().unwrap().as_str(), "stage/after_sales");
        assert_eq!(delay.title(Language::De), "Zu spät");
        assert_eq!(delay.title(Language::Zh), "Late");
        assert_eq!(
            taxonomy.lookup("return/request").unwrap().mechanical_for,
            [Outcome::Returned]
        );
        assert!(taxonomy.lookup("shipping").is_none());
        assert_eq!(Taxonomy::roll_ups("a/b/c").collect::<Vec<_>>(), ["a", "a/b"]);
    }

    #[test]
    fn source_tags_map_by_path_title_and_listed_name() {
        let taxonomy = Taxonomy::parse(SMALL, "t.toml").unwrap();
        for name in ["shipping/delay", "Shipping__Delay", "WISMO", "zu spät"] {
            assert_eq!(
                taxonomy.of_source_tag(name).unwrap().path.as_str(),
                "shipping/delay",
                "{name}"
            );
        }
        assert!(taxonomy.of_source_tag("vip").is_none());
        assert!(taxonomy.of_source_tag("--").is_none());
    }

    #[test]
    fn mistakes_name_file_line_and_nearest_name() {
        let text = SMALL.replace("owner = \"logistics\"", "ownr = \"logistics\"");
        let message = problem(&text);
        assert!(
            message.contains("`t.toml`: line 5") && message.contains("did you mean `owner`?"),
            "{message}"
        );
        let message = problem(&SMALL.replace("\"returned\"", "\"returnd\""));
        assert!(
            message.contains("line 10") && message.contains("did you mean `returned`?"),
            "{message}"
        );
        let message = problem(&SMALL.replace("stage = \"after_sales\"", "stage = \"after_sale\""));
        assert!(message.contains("did you mean `stage/after_sales`?"), "{message}");
        assert!(problem(&SMALL.replace("return/request", "shipping/delay")).contains("first on line 4"));
        assert!(problem(&SMALL.replace("return/request", "shipping/delay/far")).contains("also the group"));
        assert!(problem(&SMALL.replace("return/request", "Return")).contains("no tag path"));
        assert!(problem(&SMALL.replace("facet = \"stage\"", "")).contains("expected `stage` for its path"));
        assert!(problem("version = ").contains("line 1"));
    }
}
