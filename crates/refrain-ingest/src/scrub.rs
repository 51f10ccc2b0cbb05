//! From raw text to what may leave ingest: HTML and quoted history removed, personal data replaced.

use refrain_text::{Redactor, html_to_text, strip_quoted_reply};

use crate::spec::Source;

/// Redacts the texts of one conversation; the same e-mail is the same placeholder throughout.
#[derive(Debug, Default)]
pub(crate) struct Scrubber {
    redactor: Redactor,
}

impl Scrubber {
    /// Keeps the numbers of placeholders that the source put into a text from being given again.
    pub(crate) fn reserve(&mut self, raw: &str) {
        self.redactor.reserve(raw);
    }

    /// The text of a message: as plain text and without quoted history where the source asks for it, redacted.
    pub(crate) fn scrub_message(&mut self, source: &Source, raw: &str) -> String {
        let plain = if source.html { html_to_text(raw) } else { raw.to_owned() };
        let own = if source.strip_quotes {
            strip_quoted_reply(&plain)
        } else {
            plain.as_str().into()
        };
        self.scrub_line(&own)
    }

    /// A text that is plain already, redacted.
    pub(crate) fn scrub_line(&mut self, raw: &str) -> String {
        self.redactor.redact(raw.trim())
    }
}
