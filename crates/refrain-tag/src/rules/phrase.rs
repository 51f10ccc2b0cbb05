//! One phrase of a rule: its literal pieces, where it may begin and end, and the check of a hit.

use super::fold::{ending_len, folded, is_boundary, is_unspaced, is_word};

/// Where a phrase may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhraseMatch {
    /// At word boundaries.
    Word,
    /// Begins at a word boundary.
    Prefix,
    /// Anywhere, inside compounds too.
    Compound,
}

impl PhraseMatch {
    /// All values.
    pub const ALL: &'static [Self] = &[Self::Word, Self::Prefix, Self::Compound];

    /// The name in a rulebook.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Prefix => "prefix",
            Self::Compound => "compound",
        }
    }
}

/// A folded phrase, cut at its `*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Phrase {
    /// Never empty, nor is any piece.
    pieces: Vec<String>,
    /// The phrase ends with `*`.
    is_open: bool,
    mode: PhraseMatch,
}

impl Phrase {
    /// The phrase of a rulebook text; `Err` says what is wrong with it.
    pub(crate) fn parse(text: &str, mode: PhraseMatch) -> Result<Self, &'static str> {
        let folded = folded(text);
        let folded = folded.trim();
        if folded.is_empty() {
            return Err("is empty");
        }
        for (at, _) in folded.match_indices('*') {
            if !folded[..at].chars().next_back().is_some_and(is_word) {
                return Err("has `*` without a word before it");
            }
            let after = folded[at + 1..].chars().next();
            if after.is_some_and(|c| c == '*' || (is_word(c) && !is_unspaced(c))) {
                return Err("has `*` inside a word, expected it at a word's end");
            }
        }
        let is_open = folded.ends_with('*');
        let pieces = folded.trim_end_matches('*').split('*').map(str::to_owned).collect();
        Ok(Self { pieces, is_open, mode })
    }

    /// A folded text, white space at its ends included.
    pub(crate) fn literal(text: String, mode: PhraseMatch) -> Self {
        Self {
            pieces: vec![text],
            is_open: false,
            mode,
        }
    }

    /// What the automaton looks for.
    pub(crate) fn first_piece(&self) -> &str {
        &self.pieces[0]
    }

    /// Whether it never begins inside a word.
    pub(super) fn begins_at_boundary(&self) -> bool {
        self.mode != PhraseMatch::Compound
    }

    /// Whether it ends at a word boundary right after its first piece.
    pub(super) fn ends_with_first_piece(&self) -> bool {
        self.mode == PhraseMatch::Word && !self.is_open && self.pieces.len() == 1
    }

    /// End of the phrase in folded `text` if it stands at `start`.
    pub(crate) fn end_at(&self, text: &str, start: usize) -> Option<usize> {
        if !text.as_bytes()[start..].starts_with(self.pieces[0].as_bytes()) {
            return None;
        }
        if self.mode != PhraseMatch::Compound && !is_boundary(text, start) {
            return None;
        }
        let mut end = start + self.pieces[0].len();
        for piece in &self.pieces[1..] {
            end += ending_len(text, end);
            if !text[end..].starts_with(piece.as_str()) {
                return None;
            }
            end += piece.len();
        }
        if self.is_open {
            end += ending_len(text, end);
        } else if self.mode == PhraseMatch::Word && !is_boundary(text, end) {
            return None;
        }
        Some(end)
    }

    /// The phrase as text, unique among phrases of one mode.
    #[cfg(test)]
    pub(crate) fn text(&self) -> (String, PhraseMatch) {
        let star = if self.is_open { "*" } else { "" };
        (self.pieces.join("*") + star, self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(phrase: &str, mode: PhraseMatch, text: &str) -> Option<String> {
        let phrase = Phrase::parse(phrase, mode).unwrap();
        let mut starts = text.match_indices(phrase.first_piece());
        starts.find_map(|(at, _)| phrase.end_at(text, at).map(|end| text[at..end].to_owned()))
    }

    #[test]
    fn boundaries_follow_the_mode() {
        use PhraseMatch::*;
        assert_eq!(find("paket", Word, "pakete"), None);
        assert_eq!(find("paket", Word, "das paket."), Some("paket".into()));
        assert_eq!(find("paket", Prefix, "pakete"), Some("paket".into()));
        assert_eq!(find("paket", Prefix, "dhlpaket"), None);
        assert_eq!(find("paket", Compound, "dhlpaketbote"), Some("paket".into()));
        assert_eq!(find("退款", Word, "我要退款吗"), Some("退款".into()));
        assert_eq!(find("app", Word, "下载app后"), Some("app".into()));
    }

    #[test]
    fn stars_stand_for_endings() {
        use PhraseMatch::*;
        assert_eq!(find("liefer*", Word, "die lieferung kam"), Some("lieferung".into()));
        assert_eq!(
            find("kein* paket", Word, "keinerlei paket da"),
            Some("keinerlei paket".into())
        );
        assert_eq!(find("kein* paket", Word, "keine pakete"), None);
        for bad in ["", " ", "*", "* paket", "lie*ung", "a**", "a * b"] {
            assert!(Phrase::parse(bad, Word).is_err(), "{bad}");
        }
    }
}
