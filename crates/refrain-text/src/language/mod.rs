//! Which language a text is in.
//!
//! Chinese is told by script. The others by the words that only they use (grammar words, the
//! vocabulary of shops, telling letters and endings), and by the trigrams of `whatlang` when
//! those do not settle it: trigrams alone are wrong on a fifth to a third of one-line messages.

mod clean;
mod evidence;
mod words;

use refrain_record::Language;

use clean::{Letters, letters_that_count};
use evidence::Evidence;

/// Fewest words that can tell a language.
const MIN_WORDS: usize = 3;
/// Fewest Han characters that can tell Chinese.
const MIN_HAN: usize = 2;
/// Han characters that say as much as one word of letters does, times two.
const HAN_PER_TWO_WORDS: usize = 3;

/// A language with how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LanguageGuess {
    /// The language.
    pub language: Language,
    /// Above 0, at most 1; the share of belief among the known languages.
    pub confidence: f64,
}

/// The language of a text; `None` for fewer than three words (or two Han characters), for
/// other scripts, and when nothing points to one language. Addresses, handles, placeholders and
/// all words with digits do not count.
#[must_use]
pub fn detect_language(text: &str) -> Option<LanguageGuess> {
    weigh_language(text).map(|(guess, _)| guess)
}

/// The language of the customer's texts in one conversation: each text votes with its number of
/// words times the confidence; ties go to the earlier of [`Language::ALL`]. When no text alone is
/// long enough, all of them together decide.
#[must_use]
pub fn conversation_language<S: AsRef<str>>(texts: &[S]) -> Option<Language> {
    let mut votes = vec![0.0_f64; Language::ALL.len()];
    for text in texts {
        if let Some((guess, weight)) = weigh_language(text.as_ref())
            && let Some(vote) = votes.get_mut(guess.language as usize)
        {
            *vote += weight * guess.confidence;
        }
    }
    let mut best: Option<(Language, f64)> = None;
    for (&language, &vote) in Language::ALL.iter().zip(&votes) {
        if vote > best.map_or(0.0, |b| b.1) {
            best = Some((language, vote));
        }
    }
    best.map(|b| b.0).or_else(|| {
        let joined = texts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("\n");
        detect_language(&joined).map(|guess| guess.language)
    })
}

/// The guess and how many words it rests on.
fn weigh_language(text: &str) -> Option<(LanguageGuess, f64)> {
    let letters = letters_that_count(text);
    let Letters {
        words,
        han,
        kana,
        hangul,
        other,
        ..
    } = letters;
    let han_words = han * 2 / HAN_PER_TWO_WORDS;
    // Shop names and product names are often Latin inside Chinese; Han inside other text is rare.
    if han >= MIN_HAN && han >= words {
        // Japanese mixes Kana into Han everywhere, Korean writes Hangul.
        if kana * 10 > han || hangul > han {
            return None;
        }
        let confidence = han_words as f64 / (han_words + words) as f64;
        return Some((
            LanguageGuess {
                language: Language::Zh,
                confidence,
            },
            han_words as f64,
        ));
    }
    if words < MIN_WORDS || other > words || hangul + kana > 2 * words {
        return None;
    }
    let mut evidence = Evidence::of_words(&letters);
    if !evidence.is_decided() {
        evidence.add_trigrams(&letters);
    }
    evidence.guess().map(|guess| (guess, words as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<Language>) {
        assert_eq!(detect_language(text).map(|g| g.language), expected, "{text:?}");
    }

    #[test]
    fn tells_short_messages_apart() {
        check("Where is my parcel?", Some(Language::En));
        check("Wo bleibt mein Paket?", Some(Language::De));
        check("Hvor bliver min pakke af?", Some(Language::Da));
        check("Waar blijft mijn pakketje?", Some(Language::Nl));
        check("Où est ma commande ?", Some(Language::Fr));
        check("我的包裹在哪里？", Some(Language::Zh));
        check("¿Dónde está mi pedido?", Some(Language::Es));
        check("Dove si trova il mio pacco?", Some(Language::It));
        check("När kommer mitt paket fram?", Some(Language::Sv));
        check("Jeg har ikke fått pakken min ennå", Some(Language::Nb));
        check("Gdzie jest moja paczka?", Some(Language::Pl));
        check("Onde está a minha encomenda?", Some(Language::Pt));
    }

    #[test]
    fn says_nothing_of_too_little() {
        for text in [
            "",
            "ok",
            "DE-2025-0012345",
            "<EMAIL_1> <PHONE_2>",
            "12 34 56 78",
            "🎉🎉🎉 !!!",
            "a 4 g 4 f 3",
            "好",
        ] {
            check(text, None);
        }
        check("https://shop.example/where/is/my/order and @the_shop", None);
        check("Где мой заказ, пожалуйста?", None);
        check("注文した商品がまだ届いていません", None);
    }

    #[test]
    fn what_is_no_language_does_not_count() {
        check(
            "Wo ist <ORDER_1>? https://shop.example/the/status/of/your/order-is-here bitte",
            Some(Language::De),
        );
        check("我的订单 SKU-RED-XL iPhone 什么时候发货", Some(Language::Zh));
    }

    #[test]
    fn the_longer_texts_decide() {
        let texts = [
            "ok thanks a lot",
            "Mein Paket ist noch immer nicht angekommen, bitte prüfen Sie das",
            "ok",
        ];
        assert_eq!(conversation_language(&texts), Some(Language::De));
        assert_eq!(conversation_language(&["hvor er", "mine penge"]), Some(Language::Da));
        assert_eq!(conversation_language::<&str>(&[]), None);
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "\\PC*", texts in prop::collection::vec("[a-zæß订 <>@#/:]{0,30}", 0..5)) {
            if let Some(guess) = detect_language(&text) {
                prop_assert!(guess.confidence > 0.0 && guess.confidence <= 1.0);
            }
            prop_assert_eq!(conversation_language(&texts), conversation_language(&texts));
        }
    }
}
