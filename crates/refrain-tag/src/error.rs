//! What can be wrong with a taxonomy or a rulebook, and where.

use std::fmt;

/// A taxonomy or rulebook that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// The file is no TOML, or has unknown keys or wrong types.
    #[error("cannot read `{file}`: {}{problem}{hint}", Line(*.line))]
    Syntax {
        /// File as the caller named it.
        file: String,
        /// Line, from 1, where TOML gives one.
        line: Option<usize>,
        /// What was found and what was expected.
        problem: String,
        /// What to do.
        hint: Hint,
    },
    /// The taxonomy contradicts itself.
    #[error("taxonomy `{file}`: {}{problem}{hint}", Line(*.line))]
    Taxonomy {
        /// File as the caller named it.
        file: String,
        /// Line, from 1.
        line: Option<usize>,
        /// What was found and what was expected.
        problem: String,
        /// What to do.
        hint: Hint,
    },
    /// A rule cannot be used.
    #[error("rulebook `{file}`: {}rule `{rule}`: {problem}{hint}", Line(*.line))]
    Rule {
        /// File as the caller named it.
        file: String,
        /// Line of the rule's id, from 1.
        line: Option<usize>,
        /// Id of the rule.
        rule: String,
        /// What was found and what was expected.
        problem: String,
        /// What to do.
        hint: Hint,
    },
    /// All rules together are too large for one automaton.
    #[error("the rulebook is too large: {problem}")]
    TooLarge {
        /// What the automaton says.
        problem: String,
    },
}

/// Advice on its own line of a message; empty when there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hint(pub Option<String>);

impl Hint {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn say(text: impl Into<String>) -> Self {
        Self(Some(text.into()))
    }

    /// "did you mean" of the nearest known name, when one is near.
    pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self(nearest_name(name, known).map(|near| format!("did you mean `{near}`?")))
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => write!(f, "\nhint: {text}"),
            None => Ok(()),
        }
    }
}

struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, "line {line}: "),
            None => Ok(()),
        }
    }
}

/// The known name closest to `name`; ties go to the first. `None` when none is similar.
pub(crate) fn nearest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const SIMILAR: f64 = 0.75;
    let mut best: Option<(&str, f64)> = None;
    for candidate in known {
        let score = strsim::jaro_winkler(name, candidate);
        if score >= SIMILAR && best.is_none_or(|(_, top)| score > top) {
            best = Some((candidate, score));
        }
    }
    best.map(|(candidate, _)| candidate)
}

/// Line, from 1, of a byte offset.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    1 + text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count()
}

/// A TOML error with file, line and, for an unknown key, the nearest known one.
pub(crate) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> TagError {
    let problem = error.message().trim().replace('\n', "; ");
    TagError::Syntax {
        file: file.to_owned(),
        line: error.span().map(|span| line_at(text, span.start)),
        hint: unknown_key_hint(&problem),
        problem,
    }
}

/// serde says "unknown field `x`, expected one of `a`, `b`"; picks the nearest of the latter.
fn unknown_key_hint(problem: &str) -> Hint {
    if !problem.starts_with("unknown field") {
        return Hint::none();
    }
    let mut quoted = problem.split('`').skip(1).step_by(2);
    match quoted.next() {
        Some(name) => Hint::nearest(name, quoted),
        None => Hint::none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let known = ["shipping/delay", "shipping/lost", "return/label"];
        assert_eq!(nearest_name("shiping/delay", known), Some("shipping/delay"));
        assert_eq!(nearest_name("xyz", known), None);
    }

    #[test]
    fn lines_count_from_one_and_survive_odd_offsets() {
        assert_eq!(line_at("a\nb\nc", 0), 1);
        assert_eq!(line_at("a\nb\nc", 2), 2);
        assert_eq!(line_at("a\nb\nc", 99), 3);
    }
}
