//! Whether a customer's text names a campaign: by its code, its landing page or its name.

use crate::phrases::stands_alone;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use refrain_record::Timestamp;
use refrain_text::fold;

const DAY_S: i64 = 86_400;
/// Shorter codes are words: `NEW`, `10`.
const MIN_CODE_CHARS: usize = 4;
/// Shorter names, or those of one word, say too little: `Sale`, `Newsletter`.
const MIN_NAME_CHARS: usize = 8;

/// A campaign and what may name it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CampaignRef<'a> {
    /// Source.
    pub source: &'a str,
    /// Campaign.
    pub campaign_id: &'a str,
    /// Name.
    pub name: &'a str,
    /// Discount code.
    pub code: Option<&'a str>,
    /// Landing page.
    pub url: Option<&'a str>,
    /// Mentions before this instant mean something else.
    pub starts_at: Option<Timestamp>,
    /// So do mentions long after this one.
    pub ends_at: Option<Timestamp>,
}

/// All campaigns of a shop, to be found in texts; built once, shared by threads.
#[derive(Debug, Default)]
pub struct CampaignIndex {
    automaton: Option<AhoCorasick>,
    /// Pattern of the automaton -> campaign.
    campaign_of: Vec<usize>,
    campaigns: Vec<Known>,
}

/// More codes, names and pages than fit one automaton.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the campaigns have too many names to look for: {0}")]
pub struct TooManyCampaigns(String);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    source: String,
    campaign_id: String,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
}

impl CampaignIndex {
    /// The index of a shop's campaigns, whatever their order.
    ///
    /// # Errors
    /// When their names are beyond what one automaton takes (2 GiB).
    pub fn build(campaigns: &[CampaignRef<'_>]) -> Result<Self, TooManyCampaigns> {
        let mut sorted: Vec<&CampaignRef<'_>> = campaigns.iter().collect();
        sorted.sort_by_key(|c| (c.source, c.campaign_id));
        let mut index = Self::default();
        let mut needles = Vec::new();
        for (at, campaign) in sorted.into_iter().enumerate() {
            for needle in needles_of(campaign) {
                needles.push(needle);
                index.campaign_of.push(at);
            }
            index.campaigns.push(Known {
                source: campaign.source.to_owned(),
                campaign_id: campaign.campaign_id.to_owned(),
                starts_at: campaign.starts_at,
                ends_at: campaign.ends_at,
            });
        }
        if !needles.is_empty() {
            let built = AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(needles);
            index.automaton = Some(built.map_err(|error| TooManyCampaigns(error.to_string()))?);
        }
        Ok(index)
    }

    /// `(source, campaign id)` of the campaigns that `texts` name and that ran at `at` or at most
    /// `window_days` before; sorted, each once.
    pub(crate) fn mentions(&self, texts: &[&str], at: Timestamp, window_days: i64) -> Vec<(&str, &str)> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for text in texts {
            let text = fold(text);
            let hits = automaton.find_overlapping_iter(&*text);
            let whole = hits.filter(|hit| stands_alone(&text, hit.start(), hit.end()));
            found.extend(whole.map(|hit| self.campaign_of[hit.pattern().as_usize()]));
        }
        found.sort_unstable();
        found.dedup();
        let running = found.into_iter().map(|at| &self.campaigns[at]).filter(|campaign| {
            campaign.starts_at.is_none_or(|start| start <= at)
                && campaign
                    .ends_at
                    .is_none_or(|end| at <= end.plus_seconds(window_days * DAY_S))
        });
        running
            .map(|campaign| (campaign.source.as_str(), campaign.campaign_id.as_str()))
            .collect()
    }
}

fn needles_of(campaign: &CampaignRef<'_>) -> Vec<String> {
    let code = campaign
        .code
        .map(|code| fold(code).into_owned())
        .filter(|code| code.chars().count() >= MIN_CODE_CHARS);
    let name = Some(fold(campaign.name).into_owned()).filter(|name| {
        let chars = name.chars().count();
        // Chinese names have no spaces and say more per character.
        (chars >= MIN_NAME_CHARS && name.contains(' ')) || (chars >= 4 && !name.is_ascii() && !name.contains(' '))
    });
    let page = campaign
        .url
        .map(page_of)
        .filter(|page| page.contains('/'))
        .map(|page| fold(&page).into_owned());
    let trimmed = [code, name, page]
        .into_iter()
        .flatten()
        .map(|needle| needle.trim().to_owned());
    trimmed.filter(|needle| !needle.is_empty()).collect()
}

/// Host and path of an address: what people paste, whatever follows.
fn page_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    rest.strip_prefix("www.")
        .unwrap_or(rest)
        .trim_end_matches('/')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> CampaignIndex {
        let base = CampaignRef {
            source: "mailer",
            campaign_id: "a",
            name: "Black Week Deals",
            code: Some("BLACK25"),
            url: Some("https://www.example.com/black-week/?utm=1"),
            starts_at: Some(Timestamp::from_seconds(1_000)),
            ends_at: Some(Timestamp::from_seconds(2_000)),
        };
        let other = CampaignRef {
            campaign_id: "b",
            name: "Sale",
            code: Some("NEW"),
            url: Some("https://example.com"),
            ..base
        };
        CampaignIndex::build(&[other, base]).unwrap()
    }

    #[test]
    fn codes_names_and_pages_are_found_whole() {
        let index = index();
        let found = |text: &str| index.mentions(&[text], Timestamp::from_seconds(1_500), 7);
        for text in [
            "my code Black25 fails",
            "about the black week\ndeals",
            "see example.com/black-week?x=1",
        ] {
            assert_eq!(found(text), [("mailer", "a")], "{text}");
        }
        for text in ["", "BLACK250", "the sale is new", "example.com", "black week"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn only_campaigns_of_the_time_count() {
        let at = |seconds| {
            index()
                .mentions(&["black25"], Timestamp::from_seconds(seconds), 7)
                .len()
        };
        assert_eq!(
            [at(999), at(1_000), at(2_000 + 7 * DAY_S), at(2_001 + 7 * DAY_S)],
            [0, 1, 1, 0]
        );
    }
}
