//! Which help-centre entry answers an issue already.

use refrain_record::TagPath;
use refrain_record::tables::FaqEntry;
use refrain_text::Similarity;
use refrain_text::similarity::Profile;

use super::searches::Searches;
use super::variants::{Typical, language};
use crate::night::Night;
use crate::window::{Group, Window};

/// Mean likeness of typical requests to an entry from which it counts as about the same.
const MATCH: f64 = 0.4;
/// The same for an entry that carries the tag: not wholly other words.
const TAG_MATCH: f64 = 0.1;
/// Searches that must have ended on an entry.
const MIN_CLICKS: i64 = 3;

/// A shop's entries, ready to be compared, by source and id.
pub(super) struct Entries<'a> {
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    row: &'a FaqEntry,
    title: Profile,
    whole: Profile,
    topics: Vec<TagPath>,
}

/// What answers an issue; no entry where the issue's own address is none of theirs.
pub(super) struct Match<'a> {
    pub(super) entry: Option<&'a FaqEntry>,
    pub(super) by: &'static str,
}

impl Match<'_> {
    /// Whether customers of the language can read it.
    pub(super) fn is_readable(&self) -> bool {
        self.by != OTHER_LANGUAGE
    }
}

const OTHER_LANGUAGE: &str = "other_language";

impl<'a> Entries<'a> {
    pub(super) fn of(night: &Night<'a>, window: &Window<'_, 'a>) -> Self {
        let shop_id = window.shop.shop.shop_id;
        let mut rows: Vec<&'a FaqEntry> = night
            .facts
            .faq_entries
            .iter()
            .filter(|e| e.shop_id == *shop_id)
            .collect();
        rows.sort_by(|a, b| (&a.source, &a.faq_id).cmp(&(&b.source, &b.faq_id)));
        let topics_of = |text: &str, row: &FaqEntry| (night.facts.topics_of)(shop_id, text, row.language);
        let entry = |row: &'a FaqEntry| {
            let whole = format!("{}\n{}", row.title, row.body);
            let mut topics = topics_of(&row.title, row);
            if topics.is_empty() {
                topics = topics_of(&whole, row);
            }
            let mut similarity = Similarity::new(row.language);
            Entry {
                row,
                title: similarity.profile(&row.title),
                whole: similarity.profile(&whole),
                topics,
            }
        };
        Self {
            entries: rows.into_iter().map(entry).collect(),
        }
    }

    /// What answers the issue of `group`, and the highest mean likeness among entries of its language.
    ///
    /// The issue's own address comes first, then the entry that most of its searches ended on, then the
    /// most alike one that carries its top tag, then the most alike one from [`MATCH`] on. Entries of the
    /// issue's language come first; without any, the first one in another language with its tag. An entry or
    /// issue without a language is of any.
    pub(super) fn best(
        &self,
        group: &Group<'a>,
        typical: &Typical,
        searches: &Searches<'a>,
    ) -> (Option<Match<'a>>, Option<f64>) {
        let own = language(group);
        let scored: Vec<(&Entry<'a>, Option<f64>)> = self
            .entries
            .iter()
            .filter(|e| e.row.language.is_none() || own.is_none() || e.row.language == own)
            .map(|e| {
                let alike = typical.mean(|request| request.similarity(&e.title).max(request.similarity(&e.whole)));
                (e, alike)
            })
            .collect();
        let nearest = most_alike(scored.iter());
        let similarity = nearest.and_then(|n| n.1);
        let url = group.row.and_then(|row| row.faq_url.as_deref());
        if let Some(url) = url {
            let entry = self.entries.iter().find(|e| e.row.url.as_deref() == Some(url));
            let entry = entry.map(|e| e.row);
            return (Some(Match { entry, by: "decision" }), similarity);
        }
        let clicked = searches
            .most_clicked()
            .filter(|(_, clicks)| *clicks >= MIN_CLICKS && 2 * clicks >= searches.num);
        let by_clicks = clicked.and_then(|(id, _)| scored.iter().find(|(e, _)| e.row.faq_id.as_str() == id));
        let tag = group.top_tag();
        let carries = |e: &Entry<'a>| tag.is_some_and(|t| e.topics.iter().any(|x| x.as_str() == t));
        // Without texts the tag is all there is.
        let by_tag = most_alike(
            scored
                .iter()
                .filter(|s| carries(s.0) && s.1.is_none_or(|alike| alike >= TAG_MATCH)),
        );
        let by_text = nearest.filter(|n| n.1.is_some_and(|alike| alike >= MATCH));
        let elsewhere = self.entries.iter().find(|e| carries(e) && e.row.language != own);
        let elsewhere = elsewhere.filter(|e| e.row.language.is_some() && own.is_some());
        let found = [
            (by_clicks.map(|s| s.0), "clicks"),
            (by_tag.map(|s| s.0), "tag"),
            (by_text.map(|s| s.0), "text"),
            (elsewhere, OTHER_LANGUAGE),
        ];
        let found = found.into_iter().find_map(|(entry, by)| {
            Some(Match {
                entry: Some(entry?.row),
                by,
            })
        });
        (found, similarity)
    }
}

/// Ties to the first.
fn most_alike<'s, 'e, 'a>(
    scored: impl Iterator<Item = &'s (&'e Entry<'a>, Option<f64>)>,
) -> Option<&'s (&'e Entry<'a>, Option<f64>)> {
    scored.reduce(|held, next| if next.1 > held.1 { next } else { held })
}
