//! Cuts quoted replies and signatures off a mail.
//!
//! `"Still broken.\n\nOn Mon, Shop wrote:\n> Please try again"` becomes `"Still broken."`.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// The mail without lines quoted by `>`, without what follows an attribution line (`On ... wrote:`
/// in ten languages), a header block or an `Original Message` rule, and without signatures (`-- `)
/// and device footers. A reply below its quote is kept. When no word would be left, the input
/// comes back as it is.
#[must_use]
pub fn strip_quoted_reply(text: &str) -> Cow<'_, str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    let mut changed = false;
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        let dropped = match quote_at(&lines[at..]) {
            Quote::None => {
                kept.push(line);
                0
            }
            Quote::Lines(count) => count,
            Quote::Rest => lines.len() - at,
        };
        changed |= dropped > 0;
        at += dropped.max(1);
    }
    if !changed {
        return Cow::Borrowed(text);
    }
    let kept = kept.join("\n").trim().to_owned();
    if kept.chars().any(char::is_alphanumeric) {
        Cow::Owned(kept)
    } else {
        Cow::Borrowed(text)
    }
}

enum Quote {
    None,
    /// So many lines are no part of the answer.
    Lines(usize),
    /// Nothing from here on is.
    Rest,
}

fn quote_at(lines: &[&str]) -> Quote {
    let Some(&line) = lines.first() else {
        return Quote::None;
    };
    if line.starts_with('>') {
        return Quote::Lines(1);
    }
    if line == "--" || line == "—" || is_original_message(line) || is_header_block(lines) {
        return Quote::Rest;
    }
    if is_footer(line) {
        return Quote::Lines(1);
    }
    let Some(count) = attribution_lines(lines) else {
        return Quote::None;
    };
    // With `>` marks the quote ends where they end, else it runs to the end of the mail.
    let next = lines[count..].iter().find(|line| !line.is_empty());
    if next.is_some_and(|line| line.starts_with('>')) {
        Quote::Lines(count)
    } else {
        Quote::Rest
    }
}

/// Longest attribution line, in bytes.
const MAX_ATTRIBUTION: usize = 300;

/// How many lines the attribution at the beginning takes: one, or two where a mailer wrapped it.
fn attribution_lines(lines: &[&str]) -> Option<usize> {
    static ATTRIBUTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let forms = [
            r"(?:on|am|den|op|le|el|il|em|dnia|w dniu)\b.{4,}\b(?:wrote|schrieb|skrev|schreef|a écrit|escribió|ha scritto|escreveu|napisała?|napisał\(a\))\b.{0,120}",
            r"(?:man|tir|ons|tor|fre|lør|søn)[a-zø]{0,3}\.? .{4,}\bskrev\b.{0,120}",
            r".{1,80}\b(?:wrote|schrieb am|skrev den|schreef op|a écrit le) .{4,80}",
            r".{0,80}(?:于|在).{2,80}[写寫]道",
        ];
        Regex::new(&format!(r"(?i)^(?:{})\s*[:：]$", forms.join("|"))).ok()
    });
    let pattern = ATTRIBUTION.as_ref()?;
    let ends_like_one = |line: &str| line.len() <= MAX_ATTRIBUTION && line.ends_with([':', '：']);
    let first = lines.first()?;
    if ends_like_one(first) {
        return pattern.is_match(first).then_some(1);
    }
    let second = lines
        .get(1)
        .filter(|line| ends_like_one(line) && !first.is_empty() && first.len() <= MAX_ATTRIBUTION)?;
    // The second line alone may be one; then the first belongs to the answer.
    (!pattern.is_match(second) && pattern.is_match(&format!("{first} {second}"))).then_some(2)
}

fn is_original_message(line: &str) -> bool {
    const NAMES: [&str; 9] = [
        "original message",
        "ursprüngliche nachricht",
        "original-nachricht",
        "oprindelig meddelelse",
        "oprindelig besked",
        "oorspronkelijk bericht",
        "message d'origine",
        "原始邮件",
        "mensaje original",
    ];
    let bare = line.trim_matches(|c: char| matches!(c, '-' | '_' | '*' | '=' | ' '));
    line.starts_with(['-', '_', '*', '=']) && NAMES.iter().any(|name| bare.to_lowercase() == *name)
}

/// Whether the lines begin like the header that Outlook puts over a quote: from, then sent.
fn is_header_block(lines: &[&str]) -> bool {
    const FROM: [&str; 7] = ["from:", "von:", "fra:", "van:", "de:", "发件人:", "发件人："];
    const SENT: [&str; 16] = [
        "sent:",
        "date:",
        "gesendet:",
        "datum:",
        "sendt:",
        "dato:",
        "verzonden:",
        "envoyé:",
        "envoyé :",
        "date :",
        "enviado:",
        "发送时间:",
        "发送时间：",
        "日期:",
        "日期：",
        "inviato:",
    ];
    let begins = |line: &&str, names: &[&str]| {
        let line = line.trim_matches('*').to_lowercase();
        line.len() < MAX_ATTRIBUTION && names.iter().any(|name| line.replace("*", "").starts_with(name))
    };
    lines
        .first()
        .is_some_and(|line| line.contains([':', '：']) && begins(line, &FROM))
        && lines[1..].iter().take(4).any(|line| begins(line, &SENT))
}

fn is_footer(line: &str) -> bool {
    const FOOTERS: [&str; 9] = [
        "sent from my ",
        "von meinem ",
        "gesendet von ",
        "sendt fra min ",
        "sendt fra ",
        "verzonden vanaf mijn ",
        "envoyé de mon ",
        "envoyé depuis ",
        "发自我的",
    ];
    if line.len() > 60 {
        return false;
    }
    let line = line.to_lowercase();
    let device = [
        "iphone", "ipad", "android", "samsung", "galaxy", "outlook", "mail", "mobil", "huawei", "phone",
    ];
    FOOTERS.iter().any(|footer| line.starts_with(footer)) && device.iter().any(|name| line.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(strip_quoted_reply(text), expected, "{text:?}");
    }

    #[test]
    fn cuts_at_attributions_of_all_languages() {
        for attribution in [
            "On Mon, 3 Mar 2025 at 10:11, Shop <help@shop.example> wrote:",
            "On Mon, 3 Mar 2025 at 10:11, Shop\n<help@shop.example> wrote:",
            "Am 03.03.2025 um 10:11 schrieb Shop Service:",
            "Den man. 3. mar. 2025 kl. 10.11 skrev Butikken <hej@shop.example>:",
            "Op ma 3 mrt 2025 om 10:11 schreef Winkel:",
            "Le lun. 3 mars 2025 à 10:11, Boutique a écrit :",
            "客服 <help@shop.example> 于2025年3月3日周一 10:11写道：",
            "-----Original Message-----",
            "-----Ursprüngliche Nachricht-----",
            "Von: Shop\nGesendet: Montag, 3. März 2025\nAn: Kunde",
            "Fra: Butik\nDato: mandag\nTil: mig",
            "-- ",
        ] {
            check(
                &format!("Still broken.\n\n{attribution}\nPlease restart it.\nBye"),
                "Still broken.",
            );
        }
    }

    #[test]
    fn keeps_answers_below_and_between_quotes() {
        check(
            "On 3 March 2025 Shop wrote:\n> Which size?\n\nSize M please",
            "Size M please",
        );
        check("> Which size?\nM\n> Which colour?\nred", "M\nred");
        check("It never came.\nSent from my iPhone", "It never came.");
    }

    #[test]
    fn leaves_other_mail_alone() {
        for text in [
            "",
            "On Monday I ordered this:\na lamp",
            "Am Montag schrieb ich Ihnen, keine Antwort.",
            "From: Berlin to Hamburg, how long?",
            "> only a quote",
            "On 3 March 2025 Shop wrote:\n> nothing else",
        ] {
            check(text, text);
        }
    }

    proptest! {
        #[test]
        fn words_never_vanish(text in "(> |-- |On |wrote:|von: a|sent: b|\n|[a-z:，写道]{0,4}){0,20}") {
            let had = text.chars().any(char::is_alphanumeric);
            prop_assert_eq!(strip_quoted_reply(&text).chars().any(char::is_alphanumeric), had);
        }
    }
}
