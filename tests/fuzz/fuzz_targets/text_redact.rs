//! Redaction: a redacted text stays as it is, and no payment card that stands alone is left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refrain_text::Redactor;

fuzz_target!(|text: &str| {
    let mut redactor = Redactor::new();
    let once = redactor.redact(text);
    assert_eq!(Redactor::new().redact(&once), once, "redacting twice differs");
    assert_eq!(
        redactor.redact(&once),
        once,
        "redacting twice with one redactor differs"
    );
    let card = once.split_whitespace().find(|word| is_card(word));
    assert_eq!(card, None, "a card is left in {once:?}");
    assert_eq!(redactor.counts().total() == 0, once == text);
});

/// Sixteen digits of Visa or Mastercard with their check digit.
fn is_card(word: &str) -> bool {
    let digits = word.as_bytes();
    let is_issuer = matches!(digits, [b'4', ..] | [b'5', b'1'..=b'5', ..]);
    let value = |place: usize, digit: u8| {
        let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
        digit / 10 + digit % 10
    };
    is_issuer
        && digits.len() == 16
        && digits.iter().all(u8::is_ascii_digit)
        && digits
            .iter()
            .enumerate()
            .map(|(place, digit)| value(place, *digit))
            .sum::<u32>()
            % 10
            == 0
}
