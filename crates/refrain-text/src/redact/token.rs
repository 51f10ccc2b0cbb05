//! Secrets in the query of a link: `?token=...`, `&sig=...`.

use super::{Finding, MASK, RedactionKind};

/// Parameters whose value lets the reader act as the customer.
const NAMES: [&str; 16] = [
    "token",
    "access_token",
    "auth",
    "auth_token",
    "key",
    "api_key",
    "apikey",
    "sig",
    "signature",
    "session",
    "sessionid",
    "session_id",
    "sid",
    "password",
    "pwd",
    "secret",
];
/// Shortest value that can be a secret.
const MIN_LENGTH: usize = 8;

pub(super) fn find(text: &str, masked: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, _) in text.match_indices('=') {
        let name_length = masked[..at]
            .iter()
            .rev()
            .take(20)
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        let name_start = at - name_length;
        let in_query = name_start > 0 && matches!(masked[name_start - 1], b'?' | b'&' | b'#' | b';');
        if !in_query || !NAMES.contains(&text[name_start..at].to_ascii_lowercase().as_str()) {
            continue;
        }
        let is_value = |b: &&u8| **b != MASK && (b.is_ascii_alphanumeric() || b"-_.~%+/=:".contains(b));
        let length = masked[at + 1..].iter().take_while(is_value).count();
        if length >= MIN_LENGTH {
            let range = at + 1..at + 1 + length;
            findings.push(Finding {
                key: text[range.clone()].to_owned(),
                range,
                kind: RedactionKind::Token,
            });
        }
    }
    findings
}
