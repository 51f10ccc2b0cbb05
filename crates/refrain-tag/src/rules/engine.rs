//! All phrases of all rules in one index and one automaton, and which rules a message satisfies.
//!
//! A message is folded once, scanned once, and only rules with a hit are looked at. Offsets are
//! traced back to the original only when something matched.

use super::fold::{fold_into, is_boundary, original_span};
use super::gate::{Gate, gates, has_odd_numbers};
use super::index::{WordIndex, pad};
use super::near::{each_pair, list_tokens};
use super::parse::Pattern;
use super::phrase::{Phrase, PhraseMatch};
use super::table::PhraseTable;
use crate::error::TagError;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Regex, RegexSet, RegexSetBuilder};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::ops::Range;

/// Above this many bytes of phrases a DFA outgrows the cache: with 40 KiB the NFA was twice as fast.
const DFA_PHRASE_BYTES: usize = 4 * 1024;

/// What about a rule matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PhraseKind {
    /// A phrase of `any`.
    Any,
    /// A pair of `near`; the span covers both.
    Near,
    /// A `regex`.
    Regex,
    /// A phrase of `all`, in a rule without any of the above.
    All,
}

impl PhraseKind {
    /// The key of the rulebook it stands under.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Near => "near",
            Self::Regex => "regex",
            Self::All => "all",
        }
    }
}

/// One place where a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) rule: u32,
    /// Unicode scalars of the original message.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) kind: PhraseKind,
}

#[derive(Debug)]
struct Slots {
    any: Vec<u32>,
    all: Vec<u32>,
    none: Vec<u32>,
    near: Vec<(u32, u32, u32)>,
    regexes: Vec<Gated>,
}

/// A pattern and what must be there for it to match: one of each list.
#[derive(Debug)]
struct Gated {
    regex: Regex,
    /// Lists of phrases.
    gates: Vec<Vec<u32>>,
    /// Lists of texts, looked for only when all `gates` are open; empty where phrases had to be found
    /// inside words anyway.
    literals: Vec<Vec<String>>,
    /// The gates stand at words.
    is_at_word: bool,
}

impl Gated {
    fn may_match(&self, text: &str, has_odd_numbers: bool, present: impl Fn(&u32) -> bool) -> bool {
        (has_odd_numbers && self.is_at_word)
            || (self.gates.iter().all(|gate| gate.iter().any(&present))
                && self
                    .literals
                    .iter()
                    .all(|gate| gate.iter().any(|literal| text.contains(literal))))
    }
}

/// Lists of numbers, one after the other.
#[derive(Debug)]
struct Lists {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    fn new(lists: &[Vec<u32>]) -> Self {
        let mut end = 0;
        let ends = lists.iter().map(|list| {
            end += list.len() as u32;
            end
        });
        Self {
            ends: ends.collect(),
            items: lists.concat(),
        }
    }

    #[inline]
    fn of(&self, place: usize) -> &[u32] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..self.ends[place] as usize]
    }
}

impl Slots {
    /// Whether any phrase of `any` alone makes the rule hold.
    fn is_sure(&self) -> bool {
        self.all.is_empty() && self.none.is_empty() && self.near.is_empty() && self.regexes.is_empty()
    }

    fn has_alternatives(&self) -> bool {
        !(self.any.is_empty() && self.near.is_empty() && self.regexes.is_empty())
    }
}

/// Immutable after building; shared by threads.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Phrases that begin with a word.
    words: WordIndex,
    /// First pieces of all others; `None` when there are none.
    automaton: Option<AhoCorasick>,
    /// Pattern of the automaton -> phrases that begin with it.
    phrases_of: Vec<Vec<u32>>,
    phrases: Vec<Phrase>,
    /// What is asked first of each phrase, side by side.
    heads: Vec<Head>,
    /// Texts of the simple phrases, one after the other.
    texts: String,
    /// Phrase -> rules that hold wherever it stands.
    sure_of: Lists,
    /// Phrase -> other rules it can be evidence for.
    rules_of: Lists,
    rules: Vec<Slots>,
    /// Patterns without a gate.
    ungated: RegexSet,
    rule_of_ungated: Vec<u32>,
    /// Rules with a pattern whose gates stand at words.
    gated_at_words: Vec<u32>,
}

/// The little that decides on most phrases, in a third of a cache line.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Where its text begins and ends in [`Engine::texts`]; empty unless it is whole words without `*`.
    start: u32,
    end: u32,
    /// One hit is as good as many.
    is_presence: bool,
    /// Only rules of [`Engine::sure_of`] know it, so that its hits need not be kept.
    is_sure: bool,
}

/// A phrase at bytes `start..end` of the folded message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) phrase: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Default)]
struct Scratch {
    folded: String,
    starts: Vec<u32>,
    hits: Vec<Hit>,
    candidates: Vec<u32>,
    /// Byte at which each token begins; filled when a `near` needs it.
    tokens: Vec<u32>,
    spans: Vec<(u32, Range<usize>, PhraseKind)>,
    found: Vec<Found>,
    /// Phrase -> number of the last message it was seen in.
    seen: Vec<u64>,
    message: u64,
    /// See [`has_odd_numbers`].
    has_odd_numbers: bool,
}

impl Scratch {
    /// Another message, perhaps for another rulebook on the same thread.
    fn start_message(&mut self, num_phrases: usize) {
        self.message += 1;
        if self.seen.len() < num_phrases {
            self.seen.resize(num_phrases, 0);
        }
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Engine {
    pub(crate) fn build(patterns: Vec<Pattern>) -> Result<Self, TagError> {
        let mut table = PhraseTable::default();
        let mut rules = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let near = pattern
                .near
                .into_iter()
                .map(|(a, b, within)| (table.add(a), table.add(b), within));
            let near = near.collect();
            rules.push(Slots {
                any: table.add_all(pattern.any),
                all: table.add_all(pattern.all),
                none: table.add_all(pattern.none),
                near,
                regexes: pattern
                    .regexes
                    .into_iter()
                    .map(|regex| gated(regex, &mut table))
                    .collect(),
            });
        }
        let (ungated, rule_of_ungated) = ungated_set(&rules)?;
        let (words, others) = WordIndex::build(&table.phrases);
        let mut patterns: Vec<&str> = Vec::new();
        let mut phrases_of: Vec<Vec<u32>> = Vec::new();
        let mut pattern_ids = FxHashMap::default();
        for place in others {
            let piece = table.phrases[place as usize].first_piece();
            let pattern = *pattern_ids.entry(piece).or_insert_with(|| {
                patterns.push(piece);
                phrases_of.push(Vec::new());
                patterns.len() - 1
            });
            phrases_of[pattern].push(place);
        }
        let (heads, texts) = heads_of(&rules, &table.phrases);
        Ok(Self {
            words,
            automaton: build_automaton(&patterns)?,
            sure_of: Lists::new(&sure_rules_of_phrases(&rules, table.phrases.len())),
            rules_of: Lists::new(&rules_of_phrases(&rules, table.phrases.len())),
            heads,
            texts,
            phrases_of,
            gated_at_words: (0..)
                .zip(&rules)
                .filter(|(_, slots)| slots.regexes.iter().any(|gated| gated.is_at_word))
                .map(|(rule, _)| rule)
                .collect(),
            phrases: table.phrases,
            rules,
            ungated,
            rule_of_ungated,
        })
    }

    /// What `take` makes of all places where rules that `reads` admits hold, sorted, each once.
    pub(crate) fn find<T>(&self, text: &str, reads: impl Fn(u32) -> bool, take: impl FnOnce(&[Found]) -> T) -> T {
        // A `reads` that calls back finds the buffers in use and gets its own.
        SCRATCH.with(|shared| match shared.try_borrow_mut() {
            Ok(mut scratch) => take(self.find_with(&mut scratch, text, reads)),
            Err(_) => take(self.find_with(&mut Scratch::default(), text, reads)),
        })
    }

    fn find_with<'s>(&self, scratch: &'s mut Scratch, text: &str, reads: impl Fn(u32) -> bool) -> &'s [Found] {
        scratch.found.clear();
        scratch.folded.clear();
        fold_into(text, &mut scratch.folded, None);
        scratch.start_message(self.phrases.len());
        scratch.has_odd_numbers = !self.gated_at_words.is_empty() && has_odd_numbers(&scratch.folded);
        scratch.spans.clear();
        self.scan(scratch, &reads);
        self.list_candidates(scratch);
        if !scratch.candidates.is_empty() {
            scratch.hits.sort_unstable();
            scratch.tokens.clear();
            let candidates = std::mem::take(&mut scratch.candidates);
            for &rule in candidates.iter().filter(|&&rule| reads(rule)) {
                self.check_rule(rule, scratch);
            }
            scratch.candidates = candidates;
        }
        if scratch.spans.is_empty() {
            return &[];
        }
        // ASCII of unchanged length was only lowered: bytes are scalars.
        let is_same = text.is_ascii() && text.len() == scratch.folded.len();
        if !is_same {
            scratch.starts.clear();
            scratch.folded.clear();
            fold_into(text, &mut scratch.folded, Some(&mut scratch.starts));
        }
        scratch.found.extend(scratch.spans.iter().map(|(rule, span, kind)| {
            let original = if is_same {
                span.start as u32..span.end as u32
            } else {
                original_span(&scratch.starts, span.clone())
            };
            Found {
                rule: *rule,
                start: original.start,
                end: original.end,
                kind: *kind,
            }
        }));
        if scratch.found.len() > 1 {
            scratch.found.sort_unstable();
            scratch.found.dedup_by_key(|found| (found.rule, found.start, found.end));
        }
        &scratch.found
    }

    /// Lists where phrases stand; rules that need nothing else get their spans at once.
    fn scan(&self, scratch: &mut Scratch, reads: &impl Fn(u32) -> bool) {
        let Scratch {
            folded,
            hits,
            seen,
            spans,
            ..
        } = scratch;
        hits.clear();
        let len = folded.len();
        pad(folded);
        let text = &folded[..len];
        let mut check = |phrase: u32, start: usize| {
            let at = phrase as usize;
            let head = self.heads[at];
            if head.is_presence && seen[at] == scratch.message {
                return;
            }
            let simple = &self.texts[head.start as usize..head.end as usize];
            let end = if simple.is_empty() {
                self.phrases[at].end_at(text, start)
            } else {
                // Found by its words, so it begins at one.
                let end = start + simple.len();
                (text.as_bytes()[start..].starts_with(simple.as_bytes()) && is_boundary(text, end)).then_some(end)
            };
            if let Some(end) = end {
                for &rule in self.sure_of.of(at).iter().filter(|&&rule| reads(rule)) {
                    spans.push((rule, start..end, PhraseKind::Any));
                }
                if head.is_sure {
                    return;
                }
                seen[at] = scratch.message;
                // Folding keeps texts far below 4 GiB.
                hits.push(Hit {
                    phrase,
                    start: start as u32,
                    end: end as u32,
                });
            }
        };
        if !self.words.is_empty() {
            self.words.each_candidate(folded, &mut check);
        }
        if let Some(automaton) = &self.automaton {
            for found in automaton.find_overlapping_iter(text) {
                for &phrase in &self.phrases_of[found.pattern().as_usize()] {
                    check(phrase, found.start());
                }
            }
        }
        folded.truncate(len);
    }

    /// Rules with some evidence in the message, in order.
    fn list_candidates(&self, scratch: &mut Scratch) {
        scratch.candidates.clear();
        let mut last = None;
        for hit in &scratch.hits {
            if last != Some(hit.phrase) {
                scratch.candidates.extend(self.rules_of.of(hit.phrase as usize));
                last = Some(hit.phrase);
            }
        }
        if !self.rule_of_ungated.is_empty() && self.ungated.is_match(&scratch.folded) {
            let matched = self.ungated.matches(&scratch.folded);
            scratch
                .candidates
                .extend(matched.iter().map(|regex| self.rule_of_ungated[regex]));
        }
        if scratch.has_odd_numbers {
            scratch.candidates.extend(&self.gated_at_words);
        }
        scratch.candidates.sort_unstable();
        scratch.candidates.dedup();
    }

    fn check_rule(&self, rule: u32, scratch: &mut Scratch) {
        let slots = &self.rules[rule as usize];
        let present = |phrase: &u32| !hits_of(&scratch.hits, *phrase).is_empty();
        if !slots.all.iter().all(present) || slots.none.iter().any(present) {
            return;
        }
        if !slots.has_alternatives() {
            push_hits(rule, &slots.all, PhraseKind::All, &scratch.hits, &mut scratch.spans);
            return;
        }
        push_hits(rule, &slots.any, PhraseKind::Any, &scratch.hits, &mut scratch.spans);
        for &(a, b, within) in &slots.near {
            let (a, b) = (hits_of(&scratch.hits, a), hits_of(&scratch.hits, b));
            if a.is_empty() || b.is_empty() {
                continue;
            }
            if scratch.tokens.is_empty() {
                list_tokens(&scratch.folded, &mut scratch.tokens);
            }
            each_pair(a, b, within, &scratch.tokens, |span| {
                scratch.spans.push((rule, span, PhraseKind::Near));
            });
        }
        for gated in &slots.regexes {
            if !gated.may_match(&scratch.folded, scratch.has_odd_numbers, present) {
                continue;
            }
            let spans = gated.regex.find_iter(&scratch.folded).filter(|found| !found.is_empty());
            scratch
                .spans
                .extend(spans.map(|found| (rule, found.range(), PhraseKind::Regex)));
        }
    }
}

fn push_hits(
    rule: u32,
    phrases: &[u32],
    kind: PhraseKind,
    hits: &[Hit],
    spans: &mut Vec<(u32, Range<usize>, PhraseKind)>,
) {
    for &phrase in phrases {
        let hits = hits_of(hits, phrase).iter();
        spans.extend(hits.map(|hit| (rule, hit.start as usize..hit.end as usize, kind)));
    }
}

fn hits_of(hits: &[Hit], phrase: u32) -> &[Hit] {
    let from = hits.partition_point(|hit| hit.phrase < phrase);
    let len = hits[from..].partition_point(|hit| hit.phrase == phrase);
    &hits[from..from + len]
}

fn gated(regex: Regex, table: &mut PhraseTable) -> Gated {
    let all = gates(regex.as_str());
    let is_at_word = all.iter().any(|gate| gate.is_at_word);
    let mode = if is_at_word {
        PhraseMatch::Prefix
    } else {
        PhraseMatch::Compound
    };
    // One gate at a word is found for nearly nothing, so that the automaton is spared all others.
    let (phrases, literals): (Vec<Gate>, Vec<Gate>) = all.into_iter().partition(|gate| gate.is_at_word == is_at_word);
    let mut add = |gate: Gate| {
        let phrases = gate.literals.into_iter().map(|text| Phrase::literal(text, mode));
        table.add_all(phrases.collect())
    };
    Gated {
        regex,
        gates: phrases.into_iter().map(&mut add).collect(),
        literals: literals.into_iter().map(|gate| gate.literals).collect(),
        is_at_word,
    }
}

/// The phrases through which a rule is found: a `near` by its first, a pattern by its first gate,
/// and `all` only where a rule has nothing else.
fn rules_of_phrases(rules: &[Slots], num_phrases: usize) -> Vec<Vec<u32>> {
    let mut rules_of = vec![Vec::new(); num_phrases];
    for (rule, slots) in (0_u32..).zip(rules).filter(|(_, slots)| !slots.is_sure()) {
        let all = if slots.has_alternatives() {
            &[][..]
        } else {
            &slots.all[..1]
        };
        let near = slots.near.iter().map(|(a, ..)| a);
        let gates = slots.regexes.iter().filter_map(|gated| gated.gates.first()).flatten();
        for &phrase in slots.any.iter().chain(near).chain(gates).chain(all) {
            let rules: &mut Vec<u32> = &mut rules_of[phrase as usize];
            if rules.last() != Some(&rule) {
                rules.push(rule);
            }
        }
    }
    rules_of
}

/// The rules for which a phrase is enough.
fn sure_rules_of_phrases(rules: &[Slots], num_phrases: usize) -> Vec<Vec<u32>> {
    let mut rules_of = vec![Vec::new(); num_phrases];
    for (rule, slots) in (0_u32..).zip(rules).filter(|(_, slots)| slots.is_sure()) {
        slots
            .any
            .iter()
            .for_each(|&phrase| rules_of[phrase as usize].push(rule));
    }
    rules_of
}

fn heads_of(rules: &[Slots], phrases: &[Phrase]) -> (Vec<Head>, String) {
    let is_sure = sure_phrases(rules, phrases.len());
    let is_presence = presence_phrases(rules, phrases.len());
    let mut texts = String::new();
    let head = |(at, phrase): (usize, &Phrase)| {
        let start = texts.len() as u32;
        if WordIndex::takes(phrase) && phrase.ends_with_first_piece() {
            texts.push_str(phrase.first_piece());
        }
        Head {
            start,
            end: texts.len() as u32,
            is_presence: is_presence[at],
            is_sure: is_sure[at],
        }
    };
    let heads = phrases.iter().enumerate().map(head).collect();
    (heads, texts)
}

/// Phrases that no rule knows but those for which they are enough.
fn sure_phrases(rules: &[Slots], num_phrases: usize) -> Vec<bool> {
    let mut is_sure = vec![true; num_phrases];
    for slots in rules.iter().filter(|slots| !slots.is_sure()) {
        let near = slots.near.iter().flat_map(|(a, b, _)| [a, b]);
        let gates = slots.regexes.iter().flat_map(|gated| &gated.gates).flatten();
        let lists = slots.any.iter().chain(&slots.all).chain(&slots.none);
        for &phrase in lists.chain(near).chain(gates) {
            is_sure[phrase as usize] = false;
        }
    }
    is_sure
}

/// Phrases that are nobody's evidence, only conditions.
fn presence_phrases(rules: &[Slots], num_phrases: usize) -> Vec<bool> {
    let mut is_presence = vec![true; num_phrases];
    for slots in rules {
        let all = if slots.has_alternatives() {
            &[][..]
        } else {
            &slots.all[..]
        };
        let near = slots.near.iter().flat_map(|(a, b, _)| [a, b]);
        for &phrase in slots.any.iter().chain(near).chain(all) {
            is_presence[phrase as usize] = false;
        }
    }
    is_presence
}

fn ungated_set(rules: &[Slots]) -> Result<(RegexSet, Vec<u32>), TagError> {
    let (mut patterns, mut owners) = (Vec::new(), Vec::new());
    for (rule, slots) in (0_u32..).zip(rules) {
        for gated in slots.regexes.iter().filter(|gated| gated.gates.is_empty()) {
            patterns.push(gated.regex.as_str());
            owners.push(rule);
        }
    }
    let built = RegexSetBuilder::new(patterns)
        .case_insensitive(true)
        .size_limit(64 << 20)
        .dfa_size_limit(16 << 20)
        .build();
    let set = built.map_err(|error| TagError::TooLarge {
        problem: error.to_string(),
    })?;
    Ok((set, owners))
}

fn build_automaton(patterns: &[&str]) -> Result<Option<AhoCorasick>, TagError> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let bytes: usize = patterns.iter().map(|pattern| pattern.len()).sum();
    let kind = if bytes <= DFA_PHRASE_BYTES {
        AhoCorasickKind::DFA
    } else {
        AhoCorasickKind::ContiguousNFA
    };
    let built = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(kind))
        .build(patterns);
    built.map(Some).map_err(|error| TagError::TooLarge {
        problem: error.to_string(),
    })
}
