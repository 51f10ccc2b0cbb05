//! Taxonomies: what is read is sorted, found by its path, and the same when read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_tag::Taxonomy;

fuzz_target!(|text: &str| {
    match Taxonomy::parse(text, "t.toml") {
        Ok(taxonomy) => {
            let tags = taxonomy.tags();
            assert!(tags.is_sorted_by(|a, b| a.path < b.path));
            for tag in tags {
                assert_eq!(
                    taxonomy.lookup(tag.path.as_str()).map(|found| &found.path),
                    Some(&tag.path)
                );
                assert!(Taxonomy::roll_ups(tag.path.as_str()).count() > 0);
            }
            let again = Taxonomy::parse(text, "other.toml").expect("the same text");
            assert_eq!(again.digest(), taxonomy.digest());
        }
        Err(error) => assert!(error.to_string().contains("t.toml"), "{error}"),
    }
});
