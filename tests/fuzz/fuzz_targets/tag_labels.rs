//! Labelled texts: tags come sorted, each once, and errors never quote a text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_tag::model::read_labels;

fuzz_target!(|data: &[u8]| match read_labels(data, "labels.jsonl") {
    Ok(rows) => {
        for row in &rows {
            assert!(row.tags.is_sorted_by(|a, b| a < b));
            assert!(row.tags.iter().all(|tag| !tag.as_str().trim().is_empty()));
        }
    }
    Err(error) => assert!(error.to_string().contains("labels.jsonl"), "{error}"),
});
