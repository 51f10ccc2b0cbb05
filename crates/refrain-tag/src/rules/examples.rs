//! Whether the rules do what their own examples say.

use super::Rulebook;
use refrain_record::Language;

/// An example that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFailure {
    /// File of the rule.
    pub file: String,
    /// Id of the rule.
    pub rule: String,
    /// The example, as the author of the rulebook wrote it; empty for a missing one.
    pub example: String,
    /// What does not hold.
    pub problem: ExampleProblem,
}

/// How an example fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExampleProblem {
    /// A `yes` that the rule does not match.
    NoMatch,
    /// A `no` that the rule matches, with the words that matched.
    Matches(String),
    /// A `yes` that the rule matches, but the named veto takes its tag away.
    Vetoed(String),
    /// The rule has no `yes`.
    Missing,
}

impl std::fmt::Display for ExampleFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            file,
            rule,
            example,
            problem,
        } = self;
        write!(f, "`{file}`: rule `{rule}`: ")?;
        match problem {
            ExampleProblem::NoMatch => write!(f, "`{example}` does not match, expected it to"),
            ExampleProblem::Matches(words) => {
                write!(f, "`{example}` matches at `{words}`, expected it not to")
            }
            ExampleProblem::Vetoed(veto) => write!(f, "`{example}` matches, but the veto `{veto}` takes the tag away"),
            ExampleProblem::Missing => f.write_str("it has no `yes` example, expected one or more"),
        }
    }
}

impl Rulebook {
    /// All examples that do not hold, by rule id, `yes` before `no`; empty when the rulebook keeps its word.
    ///
    /// Examples are read as messages of the rule's role, in its language when it names exactly one.
    #[must_use]
    pub fn check_examples(&self) -> Vec<ExampleFailure> {
        let mut failures = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let mut fail = |example: &str, problem| {
                failures.push(ExampleFailure {
                    file: rule.file.clone(),
                    rule: rule.id.clone(),
                    example: example.to_owned(),
                    problem,
                });
            };
            if rule.yes.is_empty() {
                fail("", ExampleProblem::Missing);
            }
            for example in &rule.yes {
                if let Some(problem) = self.check_yes(index, example) {
                    fail(example, problem);
                }
            }
            for example in &rule.no {
                let matches = self.matches(example, self.example_language(index), rule.role.example());
                if let Some(found) = matches.iter().find(|found| found.rule == index) {
                    let (start, len) = (found.span.start as usize, (found.span.end - found.span.start) as usize);
                    let words = example.chars().skip(start).take(len).collect();
                    fail(example, ExampleProblem::Matches(words));
                }
            }
        }
        failures
    }

    fn check_yes(&self, index: usize, example: &str) -> Option<ExampleProblem> {
        let rule = &self.rules[index];
        let matches = self.matches(example, self.example_language(index), rule.role.example());
        if !matches.iter().any(|found| found.rule == index) {
            return Some(ExampleProblem::NoMatch);
        }
        let rules = matches.iter().map(|found| &self.rules[found.rule]);
        let veto = rules.into_iter().find(|other| other.is_veto && other.tag == rule.tag)?;
        (!rule.is_veto).then(|| ExampleProblem::Vetoed(veto.id.clone()))
    }

    fn example_language(&self, index: usize) -> Option<Language> {
        match self.rules[index].languages[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}
