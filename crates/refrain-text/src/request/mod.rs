//! Finds the turn that says what the customer wants.
//!
//! Of `hi` / `Jane Doe` / `I want to return a lamp` / `yes` it is the third. Every public turn of
//! the customer gets a score, the first that reaches the bar wins: words of asking and of trouble
//! and a question mark count most, then other words; greetings, thanks, yes and no, numbers,
//! placeholders, names and "my order number is ..." count nothing or against.

mod core;
mod courtesy;
mod words;

pub use self::core::{request_core, sentences};
pub use self::courtesy::{courtesies, is_courteous};

use refrain_record::{AuthorRole, Turn, Visibility};

use crate::fold::{fold, is_cjk};
use crate::redact::placeholder_ranges;
use words::{HAN_ASKING, HAN_FILLER, Word, word_kind};

/// Score from which a turn counts as a request.
const BAR: f64 = 2.5;
/// What one word of asking or trouble adds, and how many count.
const ASKING: f64 = 1.5;
const MAX_ASKING: usize = 3;
const QUESTION_MARK: f64 = 1.5;
/// What one other word adds, and how many count.
const CONTENT: f64 = 0.5;
const MAX_CONTENT: usize = 5;
const GRAMMAR: f64 = 0.3;
const MAX_GRAMMAR: usize = 4;
/// What "my name is", "the number is" and each further number take away.
const IDENTIFYING: f64 = 1.5;
/// What thanks take away from a text that asks for little.
const THANKS: f64 = 1.5;
/// Most that a text without any matter can score.
const VAGUE: f64 = 1.0;
/// Characters of a turn that are read; a request stands near its beginning.
const MAX_CHARS: usize = 2000;

/// Index into `turns` of the turn that says what the customer wants: the first public customer turn
/// whose score reaches the bar, else the one with the highest score above zero (ties to the
/// earlier), else the longest by characters (ties to the earlier). `None` without a public
/// customer turn. Turns of bots, agents and the system and internal notes are never chosen.
#[must_use]
pub fn find_request(turns: &[Turn<'_>]) -> Option<usize> {
    let is_candidate = |turn: &Turn<'_>| turn.role == AuthorRole::Customer && turn.visibility == Visibility::Public;
    let mut best: Option<(usize, f64, usize)> = None;
    for (index, turn) in turns.iter().enumerate().filter(|(_, turn)| is_candidate(turn)) {
        let score = request_score(turn.text);
        if score >= BAR {
            return Some(index);
        }
        let found = (index, score.max(0.0), turn.text.chars().count());
        if best.is_none_or(|best| (found.1, found.2) > (best.1, if found.1 > 0.0 { usize::MAX } else { best.2 })) {
            best = Some(found);
        }
    }
    best.map(|(index, ..)| index)
}

/// How much a text reads like a request; 2.5 and above is one.
#[must_use]
pub fn request_score(text: &str) -> f64 {
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| at);
    let text = without_placeholders(&text[..end]);
    let folded = fold(&text);
    let mut count = WordCounts::default();
    for piece in folded.split(|c: char| !(c.is_alphanumeric() || c == '\'')) {
        count.add(piece);
    }
    count.score(folded.contains('?'))
}

#[derive(Default)]
struct WordCounts {
    asking: usize,
    content: usize,
    grammar: usize,
    identifying: usize,
    thanks: usize,
    numbers: usize,
}

impl WordCounts {
    fn add(&mut self, piece: &str) {
        if piece.chars().any(is_cjk) {
            let (asks, others) = count_han(piece);
            self.asking += asks;
            self.content += others;
            return;
        }
        match word_kind(piece) {
            Word::Asking => self.asking += 1,
            Word::Content => self.content += 1,
            Word::Grammar => self.grammar += 1,
            Word::Identifying => self.identifying += 1,
            Word::Thanks => self.thanks += 1,
            Word::Number => self.numbers += 1,
            Word::Nothing => {}
        }
    }

    fn score(&self, has_question_mark: bool) -> f64 {
        // A lone name or place has no grammar around it, an address little more than numbers.
        let is_bare = self.grammar == 0 && (self.content <= 3 || self.numbers > 0);
        if self.asking == 0 && is_bare {
            return 0.0;
        }
        let mut score = ASKING * self.asking.min(MAX_ASKING) as f64
            + CONTENT * self.content.min(MAX_CONTENT) as f64
            + GRAMMAR * self.grammar.min(MAX_GRAMMAR) as f64;
        if self.content == 0 && self.asking <= 1 {
            // `I need your help`, `how are you`: asks, but for nothing yet.
            return score.min(VAGUE);
        }
        if has_question_mark {
            return score + QUESTION_MARK;
        }
        if self.asking == 0 {
            score -= IDENTIFYING * (self.identifying + self.numbers.saturating_sub(1)) as f64;
        }
        if self.asking <= 1 && self.thanks > 0 {
            score -= THANKS;
        }
        score
    }
}

fn without_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for range in placeholder_ranges(text) {
        out.push_str(&text[end..range.start]);
        out.push(' ');
        end = range.end;
    }
    out.push_str(&text[end..]);
    out
}

/// Asking words and, for every two other Han characters that are no filler, one content word.
fn count_han(run: &str) -> (usize, usize) {
    let mut rest = run.to_owned();
    for filler in HAN_FILLER {
        rest = rest.replace(filler, " ");
    }
    let asks = HAN_ASKING.iter().filter(|word| rest.contains(**word)).count();
    (asks, rest.chars().filter(|&c| is_cjk(c)).count() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn turn(role: AuthorRole, text: &str) -> Turn<'_> {
        Turn {
            seq: 0,
            role,
            visibility: Visibility::Public,
            sent_at: None,
            text,
        }
    }

    fn check(texts: &[&str], expected: Option<usize>) {
        let turns: Vec<_> = texts.iter().map(|text| turn(AuthorRole::Customer, text)).collect();
        assert_eq!(find_request(&turns), expected, "{texts:?}");
    }

    #[test]
    fn skips_what_says_nothing() {
        check(
            &["hi good morning", "Jane Doe", "I want to return a lamp", "yes"],
            Some(2),
        );
        check(
            &["Hallo, guten Tag", "<EMAIL_1>", "Wo bleibt mein Paket?", "Danke"],
            Some(2),
        );
        check(
            &[
                "Hej",
                "Ordrenummer 123456",
                "Jeg vil gerne bytte til en anden størrelse",
                "Tak",
            ],
            Some(2),
        );
        check(
            &[
                "Hallo daar",
                "mijn naam is Jan",
                "Ik heb een verkeerd artikel ontvangen",
            ],
            Some(2),
        );
        check(
            &["Bonjour", "Oui", "Je n'ai toujours pas reçu ma commande", "Merci"],
            Some(2),
        );
        check(&["你好", "在吗", "我的包裹什么时候到？", "谢谢"], Some(2));
        check(
            &["my order number is 12345", "it arrived broken, I need a refund"],
            Some(1),
        );
    }

    #[test]
    fn only_public_customer_turns_count() {
        let mut note = turn(AuthorRole::Customer, "I want to cancel my order");
        note.visibility = Visibility::Internal;
        let turns = [
            turn(AuthorRole::Bot, "Do you want to track an order, or return an item?"),
            turn(AuthorRole::Agent, "How can I help you?"),
            note,
            turn(AuthorRole::Customer, "ok"),
        ];
        assert_eq!(find_request(&turns), Some(3));
        assert_eq!(find_request(&turns[..3]), None);
        assert_eq!(find_request(&[]), None);
    }

    #[test]
    fn falls_back_to_the_longest() {
        check(&["ok", "thanks a lot", "bye"], Some(1));
        check(&["", ""], Some(0));
        check(&["hi", "blue curtains for living rooms", "ok"], Some(1));
    }

    proptest! {
        #[test]
        fn finds_a_turn_whenever_there_is_one(texts in prop::collection::vec("\\PC{0,40}", 1..5)) {
            let turns: Vec<_> = texts.iter().map(|text| turn(AuthorRole::Customer, text)).collect();
            prop_assert!(find_request(&turns).is_some_and(|found| found < turns.len()));
        }
    }
}
