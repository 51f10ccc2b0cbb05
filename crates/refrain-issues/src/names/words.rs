//! A text as clauses of words, each with its stem and the part it may play in a title.
//!
//! Numbers, placeholders such as `<EMAIL_1>`, courtesies and marks end a clause.

use super::grammar::{Part, measures, part_of, stem};
use super::han::Lexicon;
use refrain_record::Language;
use refrain_text::{courtesies, fold, tokens};
use std::borrow::Cow;

/// French words that lose their vowel before an apostrophe.
const ELIDED: [&str; 13] = [
    "l", "d", "j", "n", "s", "c", "m", "t", "qu", "jusqu", "lorsqu", "puisqu", "presqu",
];
/// Words behind a sign-off that are taken for the writer's name.
const MAX_NAME_WORDS: usize = 2;

/// One word of a clause.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// What its forms share; negations of one kind share one.
    pub(super) key: String,
    /// Bytes of the text.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) part: Part,
    /// Han: no blank before it, and two characters count as a word.
    pub(super) is_han: bool,
}

struct Piece<'a> {
    start: usize,
    end: usize,
    folded: Cow<'a, str>,
    is_han: bool,
}

/// Whether a character is written without blanks between words.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Clauses of a text that say something.
pub(super) fn clauses(text: &str, language: Language, lexicon: &Lexicon) -> Vec<Vec<Word>> {
    let mut clauses = Vec::new();
    for pieces in matter(text, language) {
        let mut clause: Vec<Word> = Vec::new();
        let mut rest = pieces.as_slice();
        while let Some(first) = rest.first() {
            let length = if first.is_han {
                rest.iter().take_while(|piece| piece.is_han).count()
            } else {
                1
            };
            let (run, behind) = rest.split_at(length);
            if first.is_han {
                push_han(&mut clause, run, language, lexicon);
            } else {
                clause.push(word(run, language));
            }
            rest = behind;
        }
        for at in 1..clause.len() {
            let second = fold(text.get(clause[at].start..clause[at].end).unwrap_or_default());
            if let Some(says_what) = measures(&clause[at - 1].key, &second, clause[at].part) {
                clause[at - 1].part = Part::Question;
                clause[at].part = if says_what { Part::Content } else { Part::Weak };
            }
        }
        clauses.push(clause);
    }
    clauses
}

/// Runs of Han in a text, to learn their words from.
pub(super) fn han_runs(text: &str, language: Language) -> Vec<Vec<char>> {
    let mut runs = Vec::new();
    for pieces in matter(text, language) {
        for run in pieces.split(|piece| !piece.is_han).filter(|run| !run.is_empty()) {
            runs.push(run.iter().filter_map(|piece| piece.folded.chars().next()).collect());
        }
    }
    runs
}

/// Pieces of a text's clauses: what stands between marks, numbers, placeholders and courtesies.
fn matter(text: &str, language: Language) -> Vec<Vec<Piece<'_>>> {
    let mut clauses: Vec<Vec<Piece<'_>>> = Vec::new();
    let found = tokens(text);
    let folded: Vec<Cow<'_, str>> = found.iter().map(|token| fold(token.text)).collect();
    let is_courtesy = courtesies(&folded.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    let mut last_end = None;
    // Where a name that begins with `@` or `#` ends so far; in Han it is many tokens without a gap.
    let mut handle_end = None;
    let mut skipped_behind_courtesy = MAX_NAME_WORDS;
    for ((token, folded), is_courtesy) in found.iter().zip(folded).zip(is_courtesy) {
        let is_handle = text[..token.start].ends_with(['@', '#']) || handle_end == Some(token.start);
        handle_end = is_handle.then_some(token.end);
        let is_placeholder =
            is_handle || text[..token.start].ends_with(['<', '_']) || text[token.end..].starts_with(['>', '_', '@']);
        let is_word = token
            .text
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'));
        if is_placeholder || !is_word || is_courtesy {
            last_end = None;
            skipped_behind_courtesy = if is_courtesy { 0 } else { MAX_NAME_WORDS };
            continue;
        }
        let may_be_name = skipped_behind_courtesy < MAX_NAME_WORDS && last_end.is_none() && language != Language::De;
        if may_be_name && part_of(language, &folded) == Part::Content && is_name(token.text, &text[token.end..]) {
            skipped_behind_courtesy += 1;
            continue;
        }
        let follows = last_end.is_some_and(|end: usize| {
            text[end..token.start]
                .chars()
                .all(|c| c == ' ' || c == '-' || c == '\u{a0}')
        });
        if !follows {
            clauses.push(Vec::new());
        }
        last_end = Some(token.end);
        if let Some(clause) = clauses.last_mut() {
            let is_han = token.text.chars().all(is_han);
            push_pieces(clause, token.start, token.text, folded, is_han, language);
        }
    }
    clauses
}

/// Whether a word behind a courtesy is the name of who is greeted or signs: capitalised, as is at most one word behind
/// it, and then a mark or the end.
fn is_name(word: &str, rest: &str) -> bool {
    let rest = rest.trim_start_matches(' ');
    let is_over = |rest: &str| rest.is_empty() || rest.starts_with([',', '.', '!', '\n', '\r', ':', '-', '–']);
    let second = rest.trim_start_matches(char::is_alphabetic).trim_start_matches(' ');
    word.starts_with(char::is_uppercase) && (is_over(rest) || (rest.starts_with(char::is_uppercase) && is_over(second)))
}

/// One piece, or two where French binds them: `l'application`.
fn push_pieces<'a>(
    clause: &mut Vec<Piece<'a>>,
    start: usize,
    text: &'a str,
    folded: Cow<'a, str>,
    is_han: bool,
    language: Language,
) {
    let end = start + text.len();
    if language == Language::Fr
        && let (Some((at, mark)), Some((head, tail))) = (
            text.char_indices().find(|(_, c)| matches!(c, '\'' | '’')),
            folded.split_once('\''),
        )
        && ELIDED.contains(&head)
        && !tail.is_empty()
    {
        let (head, tail) = (head.to_owned(), tail.to_owned());
        let middle = start + at + mark.len_utf8();
        clause.push(Piece {
            start,
            end: middle,
            folded: head.into(),
            is_han,
        });
        clause.push(Piece {
            start: middle,
            end,
            folded: tail.into(),
            is_han,
        });
    } else {
        clause.push(Piece {
            start,
            end,
            folded,
            is_han,
        });
    }
}

fn push_han(clause: &mut Vec<Word>, run: &[Piece<'_>], language: Language, lexicon: &Lexicon) {
    let chars: Vec<char> = run.iter().filter_map(|piece| piece.folded.chars().next()).collect();
    let mut rest = run;
    for length in lexicon.cut(&chars) {
        let (pieces, behind) = rest.split_at(length.min(rest.len()));
        if !pieces.is_empty() {
            clause.push(word(pieces, language));
        }
        rest = behind;
    }
}

fn word(pieces: &[Piece<'_>], language: Language) -> Word {
    let folded = match pieces {
        [piece] => piece.folded.clone(),
        _ => Cow::Owned(pieces.iter().map(|piece| piece.folded.as_ref()).collect::<String>()),
    };
    let is_han = pieces.first().is_some_and(|piece| piece.is_han);
    let language = if is_han { Language::Zh } else { language };
    let is_letter = !is_han && folded.chars().nth(1).is_none();
    let part = match part_of(language, &folded) {
        // A lone letter says nothing: the `s` of a broken `it s`.
        Part::Content if is_letter => Part::Weak,
        part => part,
    };
    let key = match part {
        Part::Negation if !is_han => "¬".to_owned(),
        Part::Content => stem(language, &folded).to_owned(),
        _ => folded.into_owned(),
    };
    Word {
        key,
        start: pieces.first().map_or(0, |piece| piece.start),
        end: pieces.last().map_or(0, |piece| piece.end),
        part,
        is_han,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str, language: Language) -> Vec<String> {
        let clauses = clauses(text, language, &Lexicon::default());
        let join = |clause: &Vec<Word>| clause.iter().map(|w| w.key.as_str()).collect::<Vec<_>>().join(" ");
        clauses.iter().map(join).collect()
    }

    #[test]
    fn clauses_hold_the_matter() {
        assert_eq!(
            keys(
                "Hi Anna, my cards haven't arrived! Order 4711, <EMAIL_1>. Thanks",
                Language::En
            ),
            ["my card ¬ arriv", "order"]
        );
        assert_eq!(
            keys("Bonjour, l’application ne marche pas", Language::Fr),
            ["l applic ne march ¬"]
        );
        assert_eq!(
            keys("Hello. Where is it? Thanks Ann Lee", Language::En),
            ["where is it"]
        );
        assert_eq!(keys("@某某客服 退款 #话题#", Language::Zh), ["退 款"]);
        assert_eq!(keys("🎉 42", Language::En), Vec::<String>::new());
    }
}
