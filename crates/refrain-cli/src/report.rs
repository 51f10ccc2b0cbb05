//! What a run says at its end: row accounting, tables, time; one line when nobody watches.

use std::fmt::Write;
use std::io::IsTerminal;

use refrain_ingest::NightAccount;
use refrain_lake::Published;
use refrain_record::Date;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::output::{cpu_seconds, peak_mib, plain, print, say};
use crate::progress::Progress;
use crate::run::Voice;
use crate::tables::Night;

/// What one night did.
pub(crate) struct NightReport {
    pub(crate) date: Date,
    pub(crate) accounts: Vec<NightAccount>,
    pub(crate) published: Published,
    pub(crate) top_issues: Vec<TopIssue>,
}

/// One line of the top recurring issues.
pub(crate) struct TopIssue {
    pub(crate) shop: String,
    pub(crate) name: String,
    pub(crate) conversations: i64,
    pub(crate) customers: i64,
    pub(crate) repeats: i64,
    pub(crate) handle_h: f64,
}

/// What a call did.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) nights: Vec<NightReport>,
}

impl Report {
    /// Whether a file of `table` was written anew.
    pub(crate) fn wrote(&self, table: &str) -> bool {
        let mut files = self.nights.iter().flat_map(|night| &night.published.written);
        files.any(|file| file.split('/').next() == Some(table))
    }

    /// Prints the report: JSON to stdout, or text to stderr.
    pub(crate) fn show(&self, voice: Voice, as_json: bool, progress: &Progress) -> Outcome<()> {
        if as_json {
            print(&(serde_json::to_string_pretty(&self.json(progress))? + "\n"));
        } else if !voice.quiet {
            let whole = voice.verbose || std::io::stderr().is_terminal();
            say(&if whole { self.text(progress) } else { self.line() });
        }
        Ok(())
    }

    /// One line for a log.
    pub(crate) fn line(&self) -> String {
        let Some(last) = self.nights.last() else {
            return "nothing to do\n".to_owned();
        };
        let sum = |f: fn(&NightAccount) -> u64| last.accounts.iter().map(f).sum::<u64>();
        format!(
            "refrain {}: read {} = kept {} + duplicates {} + rejected {} + later {}; {} nights, {} files written, {} linked\n",
            last.date,
            sum(|a| a.read),
            sum(|a| a.kept),
            sum(|a| a.duplicates),
            sum(|a| a.rejected),
            sum(|a| a.later),
            self.nights.len(),
            last.published.written.len(),
            last.published.linked,
        )
    }

    /// The whole report.
    pub(crate) fn text(&self, progress: &Progress) -> String {
        let mut out = String::new();
        let Some(last) = self.nights.last() else {
            return self.line();
        };
        let nights = if self.nights.len() == 1 {
            "1 night".to_owned()
        } else {
            format!("{} nights", self.nights.len())
        };
        let _ = writeln!(out, "\n{nights} up to {}\n", last.date);
        out.push_str(&accounting(&last.accounts));
        let rows: u64 = last.published.rows.values().sum();
        let _ = writeln!(
            out,
            "\n{rows} rows in {} tables; {} files written, {} unchanged",
            last.published.rows.len(),
            last.published.written.len(),
            last.published.linked
        );
        out.push_str(&times(progress));
        out
    }

    fn json(&self, progress: &Progress) -> Value {
        let seconds: serde_json::Map<String, Value> = progress
            .stages()
            .into_iter()
            .map(|(name, spent)| (name, json!(spent.as_secs_f64())))
            .collect();
        json!({
            "nights": self.nights.iter().map(|n| json!({
                "date": n.date.to_string(),
                "sources": n.accounts.iter().map(|a| json!({
                    "shop": a.shop.as_str(), "source": a.source.as_str(), "feed": a.feed.as_str(),
                    "read": a.read, "kept": a.kept, "duplicates": a.duplicates, "rejected": a.rejected, "later": a.later,
                })).collect::<Vec<_>>(),
                "tables": n.published.rows,
                "files_written": n.published.written,
                "files_linked": n.published.linked,
            })).collect::<Vec<_>>(),
            "seconds": seconds,
            "cpu_s": cpu_seconds(),
            "peak_mib": peak_mib(),
        })
    }
}

/// The accounting of every source, and whether it holds.
pub(crate) fn accounting(accounts: &[NightAccount]) -> String {
    if accounts.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "{:<34} {:>9} = {:>9} + {:>10} + {:>8} + {:>8}\n",
        "source", "read", "kept", "duplicates", "rejected", "later"
    );
    for a in accounts {
        let name = format!("{}/{}:{}", a.shop, a.source, a.feed);
        let _ = writeln!(
            out,
            "{name:<34} {:>9} = {:>9} + {:>10} + {:>8} + {:>8}",
            a.read, a.kept, a.duplicates, a.rejected, a.later
        );
    }
    out
}

/// Where the time went.
pub(crate) fn times(progress: &Progress) -> String {
    let stages = progress.stages();
    let parts: Vec<String> = stages
        .iter()
        .map(|(name, spent)| format!("{name} {:.1}", spent.as_secs_f64()))
        .collect();
    format!(
        "seconds: {}; {:.1} CPU-s, peak {} MiB\n",
        parts.join(", "),
        cpu_seconds(),
        peak_mib()
    )
}

const TOP: usize = 5;

/// The five issues that took the most handling time of the last 28 days, as `issue_ranking` has it; ties by id.
pub(crate) fn top_issues(night: &Night) -> Vec<TopIssue> {
    let mut ranked: Vec<_> = night.insight.issue_ranking.iter().filter(|r| r.rank > 0).collect();
    ranked.sort_by_key(|r| {
        (
            std::cmp::Reverse((r.handle_s, r.num_conversations)),
            &r.shop_id,
            &r.issue_id,
        )
    });
    ranked.truncate(TOP);
    let names: FxHashMap<(&str, &str), &str> = night
        .issues
        .issues
        .iter()
        .map(|i| ((i.shop_id.as_str(), i.issue_id.as_str()), i.name.as_str()))
        .collect();
    ranked
        .into_iter()
        .map(|r| {
            let name = names.get(&(r.shop_id.as_str(), r.issue_id.as_str()));
            #[expect(clippy::cast_precision_loss, reason = "hours for people")]
            let handle_h = r.handle_s as f64 / 3600.0;
            TopIssue {
                shop: r.shop_id.to_string(),
                name: name.copied().unwrap_or_default().to_owned(),
                conversations: r.num_conversations,
                customers: r.num_customers,
                repeats: r.num_followed_7d,
                handle_h,
            }
        })
        .collect()
}

/// The top issues as a table: contacts, customers, contacts followed by another within 7 days, and hours, of 28 days.
pub(crate) fn top_issues_text(issues: &[TopIssue]) -> String {
    let mut out = format!(
        "{:<4} {:>8} {:>9} {:>8} {:>8}  {}\n",
        "shop", "contacts", "customers", "repeats", "hours", "issue"
    );
    for i in issues {
        let name = plain(&i.name, 80);
        let _ = writeln!(
            out,
            "{:<4} {:>8} {:>9} {:>8} {:>8.1}  {name}",
            i.shop, i.conversations, i.customers, i.repeats, i.handle_h
        );
    }
    out
}
