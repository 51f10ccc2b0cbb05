//! Titles in six languages, and what must never be in one.

use super::*;
use proptest::prelude::*;

fn class<'a>(language: Language, texts: &[&'a str]) -> Class<'a> {
    let said: Vec<Said<'a>> = texts.iter().map(|text| Said { text, person: None }).collect();
    Class::new(Some(language), &said, 0)
}

fn titles(language: Language, classes: &[&[&str]]) -> Vec<String> {
    let classes: Vec<Class<'_>> = classes.iter().map(|texts| class(language, texts)).collect();
    name_classes(&classes).into_iter().map(|name| name.title).collect()
}

#[test]
fn titles_read_as_a_person_would_write() {
    let found = titles(
        Language::En,
        &[
            &[
                "my package has not arrived",
                "Package not arrived yet",
                "the package not arrived, help",
            ],
            &[
                "the voucher code is rejected",
                "voucher code rejected",
                "my voucher code was rejected",
            ],
            &["Where is my order?", "where is my order 4711", "Hi, where is my order"],
        ],
    );
    assert_eq!(
        found,
        ["Package not arrived", "Voucher code rejected", "Where is my order"]
    );
}

#[test]
fn courtesies_stay_out_in_six_languages() {
    for (language, texts, title) in [
        (
            Language::En,
            [
                "Good morning, the kettle leaks. Many thanks in advance",
                "Dear team, my kettle leaks, thanks in advance",
                "hello kettle leaks please help, kind regards",
            ],
            "Kettle leaks",
        ),
        (
            Language::De,
            [
                "Guten Tag, mein Paket ist nicht angekommen. Mit freundlichen Grüßen",
                "Hallo, Paket nicht angekommen, vielen Dank im Voraus",
                "Sehr geehrte Damen und Herren, das Paket ist nicht angekommen",
            ],
            "Paket ist nicht angekommen",
        ),
        (
            Language::Da,
            [
                "Hej, min lampe virker ikke. Venlig hilsen",
                "lampe virker ikke, på forhånd tak",
                "Goddag, den lampe virker ikke",
            ],
            "Lampe virker ikke",
        ),
        (
            Language::Nl,
            [
                "Goedemorgen, ik wil mijn bestelling annuleren. Alvast bedankt",
                "bestelling annuleren graag, groetjes",
                "Hoi, kan ik de bestelling annuleren?",
            ],
            "Bestelling annuleren",
        ),
        (
            Language::Fr,
            [
                "Bonjour, l'application ne marche pas. Cordialement",
                "Votre application ne marche pas, merci d'avance",
                "Bonsoir, l’application ne marche pas du tout",
            ],
            "Application ne marche pas",
        ),
        (
            Language::Zh,
            ["您好，我的快递还没到，谢谢", "快递没到，麻烦了", "请问快递没到怎么办"],
            "快递没到",
        ),
    ] {
        assert_eq!(titles(language, &[&texts, &["xyzzy"]])[0], title, "{language}");
    }
}

#[test]
fn what_one_person_says_names_nothing() {
    let said = [
        ("my toaster burns bread says Rumpel Zimmer", Some("p1")),
        ("again Rumpel Zimmer, the toaster burns bread", Some("p1")),
        ("Rumpel Zimmer here, still burns", Some("p1")),
        ("the toaster burns everything", Some("p2")),
        ("a toaster burns my toast", Some("p3")),
    ];
    let said = said.map(|(text, person)| Said { text, person });
    let name = &name_classes(&[Class::new(Some(Language::En), &said, 0)])[0];
    assert_eq!(name.title, "Toaster burns");
    assert!(
        !name.terms.iter().any(|term| term.contains("Zimmer")),
        "{:?}",
        name.terms
    );
}

#[test]
fn placeholders_and_numbers_stay_out() {
    let texts = [
        "mail <EMAIL_1> about order 4711 broken lamp",
        "write to <EMAIL_2> order 4712 broken lamp",
    ];
    let names = name_classes(&[class(Language::En, &texts)]);
    let all = format!("{} {}", names[0].title, names[0].terms.join(" "));
    assert!(!all.contains("EMAIL") && !all.contains("471"), "{all}");
    assert!(all.to_lowercase().contains("broken lamp"), "{all}");
}

#[test]
fn without_a_common_phrase_a_central_clause_is_the_title() {
    let found = titles(
        Language::En,
        &[
            &["The zipper of the red jacket is stuck, can you help me?"],
            &["", "🎉 42"],
            &[],
            &["the"],
        ],
    );
    assert_eq!(found, ["Zipper of the red jacket is stuck", "", "", "The"]);
    assert!(name_classes(&[]).is_empty());
}

proptest! {
    #[test]
    fn titles_are_short_and_there_when_a_word_is(
        texts in prop::collection::vec("\\PC{0,40}|[a-zA-Z订单快递不 ,.'<>_0-9]{0,60}", 0..6),
        language in prop::sample::select(Language::ALL),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let title = &titles(language, &[&texts, &["kettle leaks"]])[0];
        let has_word = texts.iter().any(|text| text.chars().any(char::is_alphabetic));
        prop_assert!(title.chars().count() <= MAX_CHARS, "{title:?}");
        prop_assert_eq!(title.is_empty(), !has_word, "{:?} {:?}", title, texts);
    }

    #[test]
    fn the_order_of_texts_does_not_matter(texts in prop::collection::vec("[a-d订单 ]{0,12}", 1..8)) {
        let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = titles(Language::Zh, &[&texts]);
        texts.reverse();
        prop_assert_eq!(found, titles(Language::Zh, &[&texts]));
    }
}
