//! The phrase files: lists of templates by language, and how a template becomes a sentence.
//!
//! `(a|b|c)` takes one of its parts, `{slot}` a fact of the contact:
//! `(Wo bleibt|Wo ist) {my_item}?` -> `Wo bleibt meine Jacke?`

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::SeasonError;
use crate::catalogue::NUM_ITEMS;
use crate::problem::Problem;
use crate::rng::Rng;

/// Phrase files, in the order of language indices.
static FILES: [(&str, &str); 5] = [
    ("en.toml", include_str!("../grammar/en.toml")),
    ("de.toml", include_str!("../grammar/de.toml")),
    ("da.toml", include_str!("../grammar/da.toml")),
    ("nl.toml", include_str!("../grammar/nl.toml")),
    ("zh.toml", include_str!("../grammar/zh.toml")),
];

/// Every slot a template may have.
pub(crate) const SLOTS: &[&str] = &[
    "order", "item", "the_item", "acc_item", "dat_item", "my_item", "days", "count", "amount", "city", "name", "code",
    "carrier", "size", "colour", "email", "phone", "iban", "date", "agent", "tracking", "body",
];

/// Lists every phrase file must have.
pub(crate) const LISTS: &[&str] = &[
    "given",
    "family",
    "city",
    "size",
    "colour",
    "greet",
    "open",
    "close",
    "thanks",
    "sign",
    "angry",
    "chatty",
    "emoji",
    "again",
    "order_ref",
    "contact_ref",
    "also",
    "hello",
    "details",
    "nudge",
    "ask_human",
    "supervisor",
    "thank_you",
    "complain",
    "still_open",
    "out_of_office",
    "notice",
    "thanks_only",
    "spam",
    "quote",
    "form",
    "comment_good",
    "comment_bad",
    "bot_greet",
    "bot_answer",
    "bot_fallback",
    "bot_handover",
    "bot_timeout",
    "agent_hello",
    "agent_ask",
    "agent_unsure",
    "agent_redirect",
    "agent_apology",
    "agent_close",
    "agent_sign",
    "note",
];

/// The phrases of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grammar {
    code: String,
    /// Between sentences; empty in Chinese.
    space: String,
    /// Between given and family name, `{g}` and `{f}`.
    full_name: String,
    lists: BTreeMap<String, Vec<String>>,
    /// Names for addresses where the language's own are not Latin.
    #[serde(default)]
    latin: BTreeMap<String, String>,
    /// `gender|name` or `gender|name|definite form`, in the catalogue's order.
    items: Vec<String>,
    articles: BTreeMap<String, Article>,
    /// Requests by problem.
    ask: BTreeMap<String, Vec<String>>,
    /// Subject lines by group of problems.
    subject: BTreeMap<String, Vec<String>>,
    /// Agents' and bots' answers by group of problems.
    answer: BTreeMap<String, Vec<String>>,
    /// Help-centre entries by problem: title and body.
    faq: BTreeMap<String, [String; 2]>,
    /// Help-centre searches by group of problems.
    search: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Article {
    the: String,
    acc: Option<String>,
    dat: Option<String>,
    my: String,
}

/// What the slots hold in one conversation.
#[derive(Debug, Default, Clone)]
pub(crate) struct Facts(pub(crate) BTreeMap<&'static str, String>);

/// Index of a language's phrase file.
pub(crate) fn language_index(code: &str) -> Option<usize> {
    FILES
        .iter()
        .position(|(file, _)| file.strip_suffix(".toml") == Some(code))
}

/// Reads and checks all phrase files.
///
/// # Errors
/// When a built-in file is broken: a missing list, an unknown slot, an unbalanced bracket.
pub(crate) fn load() -> Result<Vec<Grammar>, SeasonError> {
    let mut grammars = Vec::with_capacity(FILES.len());
    for (file, text) in FILES {
        let fail = |reason: String| SeasonError::Grammar { file, reason };
        let grammar: Grammar = toml::from_str(text).map_err(|e| fail(e.to_string()))?;
        grammar.check().map_err(fail)?;
        grammars.push(grammar);
    }
    Ok(grammars)
}

impl Grammar {
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    pub(crate) fn space(&self) -> &str {
        &self.space
    }

    /// One template of a list; none that names an order unless `with_order`.
    pub(crate) fn pick(&self, list: &str, with_order: bool, rng: &mut Rng) -> &str {
        choose(self.lists.get(list), with_order, rng)
    }

    /// One request about a problem; a special case without phrases falls back to its tag's.
    pub(crate) fn ask(&self, problem: &Problem, with_order: bool, rng: &mut Rng) -> &str {
        choose(
            self.ask.get(problem.id).or_else(|| self.ask.get(problem.tag)),
            with_order,
            rng,
        )
    }

    pub(crate) fn subject(&self, problem: &Problem, with_order: bool, rng: &mut Rng) -> &str {
        choose(self.subject.get(problem.group()), with_order, rng)
    }

    pub(crate) fn answer(&self, problem: &Problem, with_order: bool, rng: &mut Rng) -> &str {
        choose(
            self.answer
                .get(problem.tag)
                .or_else(|| self.answer.get(problem.group())),
            with_order,
            rng,
        )
    }

    pub(crate) fn search(&self, problem: &Problem, rng: &mut Rng) -> &str {
        choose(self.search.get(problem.group()), false, rng)
    }

    /// Help-centre entries by problem.
    pub(crate) fn faq(&self) -> &BTreeMap<String, [String; 2]> {
        &self.faq
    }

    pub(crate) fn full_name(&self, given: &str, family: &str) -> String {
        self.full_name.replace("{g}", given).replace("{f}", family)
    }

    /// A name in Latin letters.
    pub(crate) fn latin<'a>(&'a self, name: &'a str) -> &'a str {
        self.latin.get(name).map_or(name, String::as_str)
    }

    /// Fills the slots that speak of an item.
    pub(crate) fn name_item(&self, index: usize, facts: &mut Facts) {
        let mut parts = self.items.get(index).map_or("", String::as_str).split('|');
        let (gender, name, definite) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next());
        let fill = |pattern: &str| pattern.replace("{}", name);
        if let Some(article) = self.articles.get(gender) {
            let the = definite.map_or_else(|| fill(&article.the), str::to_owned);
            facts
                .0
                .insert("acc_item", article.acc.as_deref().map_or_else(|| the.clone(), fill));
            facts
                .0
                .insert("dat_item", article.dat.as_deref().map_or_else(|| the.clone(), fill));
            facts.0.insert("my_item", fill(&article.my));
            facts.0.insert("the_item", the);
        }
        facts.0.insert("item", name.to_owned());
    }

    fn check(&self) -> Result<(), String> {
        for list in LISTS {
            if choose(self.lists.get(*list), *list == "order_ref", &mut Rng::of(&[])).is_empty() {
                return Err(format!("list `{list}` has no phrase, or none that needs no order"));
            }
        }
        if self.items.len() != NUM_ITEMS {
            return Err(format!("{} items, expected {NUM_ITEMS}", self.items.len()));
        }
        for problem in Problem::all() {
            let group = problem.group();
            if self.ask.get(problem.tag).is_none_or(Vec::is_empty) {
                return Err(format!("no requests for `{}`", problem.tag));
            }
            for (name, table) in [
                ("subject", &self.subject),
                ("answer", &self.answer),
                ("search", &self.search),
            ] {
                if table.get(group).is_none_or(Vec::is_empty) {
                    return Err(format!("no {name} for `{group}`"));
                }
            }
        }
        let tables = [&self.lists, &self.ask, &self.subject, &self.answer, &self.search];
        for template in tables
            .iter()
            .flat_map(|t| t.values())
            .flatten()
            .chain(self.faq.values().flatten())
        {
            check_template(template)?;
        }
        Ok(())
    }
}

/// A random template, or the next one after it that needs no order; empty when there is none.
fn choose<'a>(all: Option<&'a Vec<String>>, with_order: bool, rng: &mut Rng) -> &'a str {
    let all = all.map_or(&[][..], Vec::as_slice);
    let start = rng.below(all.len());
    let from_start = all.iter().skip(start).chain(all.iter().take(start));
    from_start
        .map(String::as_str)
        .find(|t| with_order || !t.contains("{order}"))
        .unwrap_or("")
}

/// Brackets match and do not nest, slots are known.
fn check_template(template: &str) -> Result<(), String> {
    let mut is_open = false;
    let mut rest = template.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '(' | ')' if is_open == (letter == '(') => {
                return Err(format!("brackets do not match in `{template}`"));
            }
            '(' | ')' => is_open = letter == '(',
            '}' => return Err(format!("`}}` without `{{` in `{template}`")),
            '{' => {
                let slot = rest.as_str().split_once('}').map_or("", |(slot, _)| slot);
                if !SLOTS.contains(&slot) {
                    return Err(format!("unknown slot `{slot}` in `{template}`"));
                }
                rest.nth(slot.chars().count());
            }
            _ => {}
        }
    }
    if is_open {
        Err(format!("open bracket in `{template}`"))
    } else {
        Ok(())
    }
}

/// Expands a template onto `out`.
pub(crate) fn expand(template: &str, facts: &Facts, rng: &mut Rng, out: &mut String) {
    let mut rest = template;
    while let Some(at) = rest.find(['(', '{']) {
        out.push_str(&rest[..at]);
        let is_slot = rest.as_bytes()[at] == b'{';
        let Some(length) = rest[at..].find(if is_slot { '}' } else { ')' }) else {
            break;
        };
        let inner = &rest[at + 1..at + length];
        if is_slot {
            out.push_str(facts.0.get(inner).map_or("", String::as_str));
        } else {
            let part = rng.below(inner.split('|').count());
            expand(inner.split('|').nth(part).unwrap_or(""), facts, rng, out);
        }
        rest = &rest[at + length + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Anchor;

    #[test]
    fn templates_expand() {
        let facts = Facts(BTreeMap::from([("item", "Jacke".to_owned())]));
        let mut rng = Rng::of(&[1]);
        let mut out = String::new();
        expand("(Wo ist|Wo bleibt) die {item}(|?)", &facts, &mut rng, &mut out);
        assert!(out.starts_with("Wo ") && out.contains("die Jacke"), "{out}");
        assert!(check_template("a (b|c) {item}.").is_ok());
        for bad in ["(a", "a)", "{no_slot}", "{item", "a } b", "((a))"] {
            assert!(check_template(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_language_has_enough_to_say() {
        for grammar in load().unwrap() {
            let least = if matches!(grammar.code(), "en" | "de") { 12 } else { 8 };
            for problem in Problem::all() {
                let Some(all) = grammar.ask.get(problem.id) else {
                    continue;
                };
                let distinct: std::collections::BTreeSet<_> = all.iter().collect();
                let least = if problem.id.contains('#') { 6 } else { least };
                assert!(
                    distinct.len() >= least,
                    "{} {}: {}",
                    grammar.code(),
                    problem.id,
                    distinct.len()
                );
                assert_eq!(
                    distinct.len(),
                    all.len(),
                    "{} {}: twice the same",
                    grammar.code(),
                    problem.id
                );
                if problem.anchor == Anchor::Session {
                    assert!(
                        all.iter().all(|t| !t.contains("{order}")),
                        "{} {}: no order yet",
                        grammar.code(),
                        problem.id
                    );
                }
            }
        }
    }
}
