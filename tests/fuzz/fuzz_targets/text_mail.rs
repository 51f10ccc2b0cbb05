//! Mails: HTML to text and quoted replies, neither of which adds anything or leaves nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_text::{html_to_text, strip_quoted_reply};

fuzz_target!(|mail: &str| {
    let text = html_to_text(mail);
    let reply = strip_quoted_reply(&text);
    assert!(text.len() <= mail.len() && reply.len() <= text.len());
    assert!(mail.is_empty() || !text.is_empty());
    let has_word = |text: &str| text.chars().any(char::is_alphanumeric);
    assert_eq!(has_word(&text), has_word(&reply));
    let _ = strip_quoted_reply(mail);
});
