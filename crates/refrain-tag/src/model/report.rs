//! An evaluation as a table of plain text, for a terminal.

use std::fmt::Write;

use super::evaluate::Evaluation;

/// The evaluation as aligned lines: figures, then tags from worst to best F1, then reliability.
#[must_use]
pub fn text_table(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_table(&mut out, evaluation);
    out
}

fn write_table(out: &mut String, evaluation: &Evaluation) -> std::fmt::Result {
    let e = evaluation;
    writeln!(out, "model {}  texts {}  tagged {}", e.model, e.n, e.num_tagged)?;
    let lines = [
        ("accuracy", e.accuracy),
        ("micro F1", e.micro_f1),
        ("macro F1", e.macro_f1),
        ("accuracy where a tag is set", e.accuracy_with_abstention),
        ("micro F1 with abstention", e.micro_f1_with_abstention),
        ("macro F1 with abstention", e.macro_f1_with_abstention),
        ("exact match", e.exact_match),
        ("abstained, tagged texts", e.abstained_share),
        ("abstained, out of scope", e.out_of_scope_abstained_share),
        ("out-of-scope AUROC", e.out_of_scope_auroc),
        ("calibration error (ECE)", e.ece),
    ];
    for (name, value) in lines {
        writeln!(out, "{name:<28} {:>7}", figure(value))?;
    }
    let width = e
        .per_tag
        .iter()
        .map(|t| t.tag.chars().count())
        .max()
        .unwrap_or(0)
        .max(3);
    writeln!(
        out,
        "\n{:<width$} {:>9} {:>7} {:>7} {:>7} {:>7}",
        "tag", "precision", "recall", "f1", "support", "set"
    )?;
    let mut tags: Vec<_> = e.per_tag.iter().collect();
    tags.sort_by(|a, b| a.f1.total_cmp(&b.f1).then_with(|| a.tag.cmp(&b.tag)));
    for tag in tags {
        let (precision, recall) = (figure(tag.precision), figure(tag.recall));
        let (f1, support, set) = (figure(Some(tag.f1)), tag.support, tag.num_set);
        let name = &tag.tag;
        writeln!(
            out,
            "{name:<width$} {precision:>9} {recall:>7} {f1:>7} {support:>7} {set:>7}"
        )?;
    }
    writeln!(
        out,
        "\n{:<13} {:>7} {:>10} {:>11}",
        "score", "n", "mean score", "share right"
    )?;
    for bin in &e.reliability {
        let (mean, right) = (figure(Some(bin.mean_score)), figure(Some(bin.share_right)));
        writeln!(
            out,
            "{:.3} - {:.3} {:>7} {mean:>10} {right:>11}",
            bin.from, bin.to, bin.n
        )?;
    }
    Ok(())
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}
