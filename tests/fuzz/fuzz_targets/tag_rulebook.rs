//! Rulebooks: evidence lies inside the text it is evidence for.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use refrain_record::{AuthorRole, Language};
use refrain_tag::{Rulebook, Taxonomy};

static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(|| {
    let text = "version = '1'\n[[tag]]\npath = 'a/b'\nowner = 'x'\n[[tag]]\npath = 'c/d'\nowner = 'x'\n";
    Taxonomy::parse(text, "t.toml").expect("a good taxonomy")
});

const TEXTS: [&str; 3] = [
    "Where is my parcel? It is too late, I want my money back.",
    "Wo bleibt mein Päckchen, ẞtraße İstanbul e\u{301} ﬀ 订单在哪里",
    "",
];

fuzz_target!(|text: &str| {
    match Rulebook::parse(&[("r.toml", text)], &TAXONOMY) {
        Ok(book) => {
            assert!(book.rules().is_sorted_by(|a, b| a.id < b.id));
            let _ = book.check_examples();
            for message in TEXTS.into_iter().chain([text]) {
                check(&book, message);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fn check(book: &Rulebook, text: &str) {
    let length = text.chars().count();
    for found in book.matches(text, Some(Language::De), AuthorRole::Customer) {
        assert!(found.rule < book.rules().len());
        assert!(
            found.span.start <= found.span.end && found.span.end as usize <= length,
            "{found:?}"
        );
    }
    for tag in book.tag_text(text, None) {
        assert!((0.0..=1.0).contains(&tag.score), "{tag:?}");
    }
}
