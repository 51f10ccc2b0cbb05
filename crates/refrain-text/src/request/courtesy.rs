//! Which words of a text only greet, thank, sign off or ask politely.
//!
//! Of `good morning , my lamp broke , thanks in advance` all but `my lamp broke` are courtesies.

use std::sync::LazyLock;

use refrain_record::Language;
use rustc_hash::FxHashMap;

use super::words::{FRAME, HAN_FILLER, Word, is_nothing, is_thanks, word_kind};
use crate::tokens::tokens;

/// Folded formulas that press for an answer. No part of `FRAME`, since a sentence that holds one may hold the matter too.
const URGING: &[&str] = &[
    "as soon as possible",
    "at your earliest convenience",
    "help me out",
    "so schnell wie möglich",
    "so bald wie möglich",
    "baldige antwort",
    "schnelle antwort",
    "damen und herren",
    "hurtigst muligt",
    "så hurtigt som muligt",
    "vende tilbage",
    "vender tilbage",
    "zo snel mogelijk",
    "snelle reactie",
    "dès que possible",
    "le plus vite possible",
    "plus brefs délais",
    "madame monsieur",
    "尽快回复",
    "尽快处理",
    "麻烦",
];

/// Folded words that greet wherever they stand; a name may follow.
const GREETINGS: &str = "hi hello hey dear hallo moin servus hej hejsa hoi bonjour bonsoir salut";

/// For each of a text's folded words, in order, whether it stands in a greeting, thanks, a sign-off or a polite formula.
///
/// Words are those of [`tokens`](crate::tokens()), so Han comes character by character.
#[must_use]
pub fn courtesies(folded: &[&str]) -> Vec<bool> {
    static PHRASES: LazyLock<FxHashMap<&'static str, Vec<Vec<&'static str>>>> = LazyLock::new(|| {
        let mut phrases: FxHashMap<&str, Vec<Vec<&str>>> = FxHashMap::default();
        for phrase in FRAME.iter().chain(&HAN_FILLER).chain(URGING) {
            let words: Vec<&str> = tokens(phrase).iter().map(|token| token.text).collect();
            if let Some(first) = words.first() {
                phrases.entry(first).or_default().push(words);
            }
        }
        phrases
    });
    let mut is_courtesy: Vec<bool> = folded
        .iter()
        .map(|word| is_thanks(word) || GREETINGS.split(' ').any(|greeting| greeting == *word))
        .collect();
    for at in 0..folded.len() {
        let begun = PHRASES.get(folded[at]).into_iter().flatten();
        for phrase in begun.filter(|phrase| folded[at..].starts_with(phrase)) {
            let behind = &folded[at + phrase.len()..];
            let more = behind
                .iter()
                .take_while(|word| word.chars().nth(1).is_some() && word_kind(word) == Word::Nothing);
            is_courtesy[at..at + phrase.len() + more.count()].fill(true);
        }
    }
    is_courtesy
}

/// Whether a folded word by itself only greets, thanks, assents or asks politely in its language; inside a phrase it
/// may still matter, as `day` does in `next day delivery`.
#[must_use]
pub fn is_courteous(language: Language, folded: &str) -> bool {
    is_nothing(language, folded) || is_thanks(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;
    use proptest::prelude::*;

    fn check(text: &str, rest: &str) {
        let folded = fold(text);
        let words: Vec<&str> = tokens(&folded).iter().map(|token| token.text).collect();
        let kept: Vec<&str> = words
            .iter()
            .zip(courtesies(&words))
            .filter(|(_, is_courtesy)| !is_courtesy)
            .map(|(word, _)| *word)
            .collect();
        assert_eq!(kept.join(" "), rest, "{text}");
    }

    #[test]
    fn leaves_the_matter_in_six_languages() {
        check("Good morning, my lamp broke. Thanks in advance!", "my lamp broke");
        check("Guten Tag, Lampe kaputt, mit freundlichen Grüßen", "lampe kaputt");
        check("Goddag, lampen virker ikke, på forhånd tak", "lampen virker ikke");
        check("Goedemorgen, lamp kapot, alvast bedankt", "lamp kapot");
        check("Bonjour madame, lampe cassée, merci d'avance", "lampe cassée");
        check("你好，台灯坏了，谢谢", "台 灯 坏 了");
    }

    #[test]
    fn courteous_words_belong_to_a_language() {
        assert!(is_courteous(Language::Nl, "top") && !is_courteous(Language::En, "top"));
        assert!(is_courteous(Language::Da, "hilsen") && is_courteous(Language::Fr, "bonjour"));
        assert!(!is_courteous(Language::De, "paket"));
    }

    proptest! {
        #[test]
        fn one_answer_a_word(text in "\\PC{0,80}") {
            let words: Vec<&str> = tokens(&text).iter().map(|token| token.text).collect();
            prop_assert_eq!(courtesies(&words).len(), words.len());
        }
    }
}
