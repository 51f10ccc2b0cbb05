//! The help centre: its entries, the searches in it, and which team owns what.

use std::path::Path;

use crate::SeasonError;
use crate::calendar::Calendar;
use crate::file::{CsvRow, Out};
use crate::grammar::Grammar;
use crate::problem::Problem;

/// One search.
pub(crate) struct Search<'a> {
    pub(crate) at: i64,
    pub(crate) email: Option<&'a str>,
    pub(crate) query: &'a str,
    pub(crate) num_results: usize,
    pub(crate) clicked: Option<&'a str>,
    pub(crate) language: &'a str,
}

/// Id of the help-centre entry about a problem.
pub(crate) fn faq_id(tag: &str) -> String {
    format!("faq-{}", tag.replace('/', "-"))
}

/// Writes the entries of the shop's main language.
pub(crate) fn write_faq(folder: &Path, grammar: &Grammar, calendar: &Calendar) -> Result<(), SeasonError> {
    let header = [
        "faq_id",
        "title",
        "body",
        "url",
        "language",
        "owner",
        "published_at",
        "updated_at",
    ];
    let mut file = Out::create_csv(folder.join("faq.csv"), &header)?;
    for (tag, [title, body]) in grammar.faq() {
        let id = faq_id(tag);
        let owner = Problem::all().iter().find(|p| p.tag == tag).map_or("service", owner);
        let published = calendar.rfc3339(calendar.start() - 200 * 86_400);
        let url = format!("https://shop.example/help/{id}");
        let row = CsvRow::new()
            .add(&id)
            .add(title)
            .add(body)
            .add(&url)
            .add(grammar.code())
            .add(owner);
        file.row(&row.add(&published).add(&published))?;
    }
    file.finish()
}

/// Team that owns the fix.
pub(crate) fn owner(problem: &Problem) -> &'static str {
    match problem.group() {
        "shipping" | "store" => "logistics",
        "product" => "product",
        "return" => "returns",
        "refund" | "payment" => "finance",
        "discount" | "presales" => "marketing",
        "account" | "website" => "shop",
        _ => "service",
    }
}
