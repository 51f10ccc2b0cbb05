//! Whether a customer says that this is not the first time.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use refrain_text::fold;
use std::sync::LazyLock;

/// Folded; whole words except in Chinese. "Again" alone is left out: "I would order again".
const PHRASES: &[&str] = &[
    // English
    "as i already said",
    "as i said before",
    "as i already wrote",
    "as already mentioned",
    "as mentioned before",
    "as i wrote",
    "still no reply",
    "still no answer",
    "still no response",
    "still not resolved",
    "still have not heard",
    "still haven't heard",
    "no one has replied",
    "nobody has replied",
    "contacted you before",
    "already contacted you",
    "already wrote to you",
    "already told you",
    "second time i",
    "third time i",
    "contacting you again",
    "writing again",
    "calling again",
    "same problem again",
    "same issue again",
    "yet again",
    // German
    "schon wieder",
    "wie bereits geschrieben",
    "wie bereits erwähnt",
    "wie schon geschrieben",
    "wie schon gesagt",
    "wie gesagt",
    "bereits geschrieben",
    "immer noch keine antwort",
    "noch immer keine antwort",
    "noch keine antwort",
    "bis heute keine antwort",
    "keine rückmeldung",
    "zum zweiten mal",
    "zum dritten mal",
    "erneut",
    "nochmals",
    "ich habe schon einmal",
    "ich hatte bereits",
    // Danish
    "som jeg skrev",
    "som jeg allerede skrev",
    "som jeg sagde",
    "som nævnt",
    "endnu en gang",
    "igen igen",
    "stadig intet svar",
    "stadig ikke fået svar",
    "har stadig ikke hørt",
    "skriver igen",
    "ringer igen",
    "nu igen",
    "igen",
    // Dutch
    "nog steeds",
    "zoals ik al schreef",
    "zoals ik al zei",
    "zoals eerder gemeld",
    "voor de tweede keer",
    "voor de derde keer",
    "alweer",
    "nog geen antwoord",
    "nog geen reactie",
    "al eerder gemaild",
    // French
    "toujours pas",
    "toujours aucune réponse",
    "comme je l'ai déjà dit",
    "comme déjà dit",
    "comme je l'ai écrit",
    "encore une fois",
    "à nouveau",
    "de nouveau",
    "deuxième fois",
    "troisième fois",
    "sans réponse",
    // Chinese
    "再次",
    "又一次",
    "第二次",
    "第三次",
    "我之前说过",
    "我已经说过",
    "上次说",
    "还没有回复",
    "一直没有回复",
    "还是没有人回",
    "仍然没有",
];

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let folded = PHRASES.iter().map(|phrase| fold(phrase).into_owned());
    AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(folded)
        .ok()
});

/// Whether the text says so in English, German, Danish, Dutch, French or Chinese.
#[must_use]
pub fn says_again(text: &str) -> bool {
    let Some(automaton) = &*AUTOMATON else {
        return false;
    };
    let text = fold(text);
    automaton
        .find_overlapping_iter(&*text)
        .any(|found| stands_alone(&text, found.start(), found.end()))
}

/// Whether no letter or digit touches the bytes `start..end`; Chinese always stands alone.
pub(crate) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let joins = |a: Option<char>, b: Option<char>| {
        let is_letter = |c: char| c.is_alphanumeric() && !is_han(c);
        a.is_some_and(is_letter) && b.is_some_and(is_letter)
    };
    let (before, inside, after) = (&text[..start], &text[start..end], &text[end..]);
    !joins(before.chars().next_back(), inside.chars().next())
        && !joins(inside.chars().next_back(), after.chars().next())
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_heard() {
        for text in [
            "Still NO reply to my mail",
            "Das ist schon wieder kaputt",
            "Som jeg skrev i går",
            "Hun ringer igen.",
            "ik wacht nog steeds",
            "Je n'ai toujours pas reçu",
            "Comme je l’ai déjà dit",
            "我再次联系你们",
        ] {
            assert!(says_again(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            "I would buy here again",
            "igennem",
            "Wo ist mein Paket?",
            "我的包裹在哪里",
        ] {
            assert!(!says_again(text), "{text}");
        }
    }

    #[test]
    fn all_phrases_are_found_as_they_stand() {
        assert!(PHRASES.iter().all(|phrase| says_again(phrase)));
    }
}
