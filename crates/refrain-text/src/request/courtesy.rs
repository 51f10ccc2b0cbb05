//! Which words of a text only greet, thank, sign off or ask politely.
//!
//! Of `hi there , my lamp broke , thanks in advance` all but `my lamp broke` are courtesies.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::words::{FRAME, HAN_FILLER, Word, word_kind};
use crate::tokens::tokens;

/// For each of a text's folded words, in order, whether it stands in a greeting, thanks, a sign-off or a polite formula.
///
/// Words are those of [`tokens`](crate::tokens()), so Han comes character by character.
#[must_use]
pub fn courtesies(folded: &[&str]) -> Vec<bool> {
    static PHRASES: LazyLock<FxHashMap<&'static str, Vec<Vec<&'static str>>>> = LazyLock::new(|| {
        let mut phrases: FxHashMap<&str, Vec<Vec<&str>>> = FxHashMap::default();
        for phrase in FRAME.iter().chain(&HAN_FILLER) {
            let words: Vec<&str> = tokens(phrase).iter().map(|token| token.text).collect();
            if let Some(first) = words.first() {
                phrases.entry(first).or_default().push(words);
            }
        }
        phrases
    });
    let mut is_courtesy: Vec<bool> = folded
        .iter()
        .map(|word| word.chars().nth(1).is_some() && matches!(word_kind(word), Word::Nothing | Word::Thanks))
        .collect();
    for at in 0..folded.len() {
        let begun = PHRASES.get(folded[at]).into_iter().flatten();
        for phrase in begun.filter(|phrase| folded[at..].starts_with(phrase)) {
            is_courtesy[at..at + phrase.len()].fill(true);
        }
    }
    is_courtesy
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
        check("Hello, my lamp broke. Thanks in advance!", "my lamp broke");
        check("Hallo, Lampe kaputt, mit freundlichen Grüßen", "lampe kaputt");
        check("Hej, lampen virker ikke, på forhånd tak", "lampen virker ikke");
        check("Goedemorgen, lamp kapot, alvast bedankt", "lamp kapot");
        check("Bonjour, lampe cassée, merci d'avance", "lampe cassée");
        check("你好，台灯坏了，谢谢", "台 灯 坏 了");
    }

    proptest! {
        #[test]
        fn one_answer_a_word(text in "\\PC{0,80}") {
            let words: Vec<&str> = tokens(&text).iter().map(|token| token.text).collect();
            prop_assert_eq!(courtesies(&words).len(), words.len());
        }
    }
}
