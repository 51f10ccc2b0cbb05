//! How often the found turn carries a business intent: `request_accuracy FILE.jsonl ...`, each line
//! a conversation of customer turns with `text` and `intents`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool")]

use refrain_record::{AuthorRole, Turn, Visibility};

const OTHER: [&str; 7] = [
    "openinggreeting",
    "contentonly",
    "confirmation",
    "thankyou",
    "rejection",
    "closinggreeting",
    "outofdomain",
];

fn main() {
    let show = std::env::var_os("SHOW").is_some();
    for path in std::env::args().skip(1) {
        let (mut with_request, mut found, mut found_first, mut first, mut longest) =
            (0_u32, 0_u32, 0_u32, 0_u32, 0_u32);
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let rows = row["turns"].as_array().unwrap();
            let texts: Vec<&str> = rows.iter().map(|turn| turn["text"].as_str().unwrap()).collect();
            let is_request = |turn: &serde_json::Value| {
                let mut intents = turn["intents"].as_array().unwrap().iter();
                intents.any(|intent| !OTHER.contains(&intent.as_str().unwrap()))
            };
            let requests: Vec<bool> = rows.iter().map(is_request).collect();
            let Some(first_request) = requests.iter().position(|&request| request) else {
                continue;
            };
            let turn = |text| Turn {
                seq: 0,
                role: AuthorRole::Customer,
                visibility: Visibility::Public,
                sent_at: None,
                text,
            };
            let turns: Vec<Turn<'_>> = texts.iter().copied().map(turn).collect();
            let at = refrain_text::find_request(&turns).unwrap();
            let longest_at = (0..texts.len()).max_by_key(|&i| texts[i].len()).unwrap();
            with_request += 1;
            found += u32::from(requests[at]);
            found_first += u32::from(at == first_request);
            first += u32::from(requests[0]);
            longest += u32::from(requests[longest_at]);
            if show && !requests[at] {
                println!(
                    "  found: {} [{}]\n  was: {}",
                    texts[at], rows[at]["intents"], texts[first_request]
                );
            }
        }
        let share = |n: u32| 100.0 * f64::from(n) / f64::from(with_request.max(1));
        println!(
            "{path}: {with_request} conversations, found {:.1} %, the first one {:.1} % (first turn {:.1} %, longest {:.1} %)",
            share(found),
            share(found_first),
            share(first),
            share(longest)
        );
    }
}
