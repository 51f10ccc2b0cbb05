//! The season's `refrain.toml`: shops and every source with its mapping.

use crate::config::{Helpdesk, SeasonConfig, ShopConfig};

/// The demo's identity key: fixed and public, so never for real data.
pub(crate) const DEMO_KEY: &str = "7265667261696e2d64656d6f2d6b65792d6e6f742d666f722d7265616c2d64617461";

const COMMERCE: &[(&str, &str)] = &[
    ("orders", "orders.csv.zst"),
    ("order_lines", "order_lines.csv.zst"),
    ("checkouts", "checkouts.csv.zst"),
    ("returns", "returns.csv"),
    ("campaigns", "campaigns.csv"),
    ("sends", "sends.csv.zst"),
    ("campaign_events", "campaign_events.csv.zst"),
    ("faq_entries", "faq.csv"),
    ("help_searches", "help_searches.csv"),
];

/// Feed, path, mapped columns and roles of the tables helpdesk.
const TABLES: &[(&str, &str, &str, &str)] = &[
    (
        "conversations",
        "conversations/*.csv.gz",
        r#"{ conversation_id = "Ticket", channel = "Via", customer_id = "Requester", email = "Requester e-mail", phone = "Requester phone", subject = "Subject", status = "State", started_at = "Created", updated_at = "Updated", ended_at = "Closed", tags = "Labels", order_id = "Order", follows_up = "Follow-up of", merged_into = "Merged into", survey_sent = "Survey sent", handle_s = "Work seconds" }"#,
        "",
    ),
    (
        "messages",
        "messages/*.csv.gz",
        r#"{ conversation_id = "Ticket", message_id = "Comment", sent_at = "Sent", author_role = "From", author_id = "Author", visibility = "Private", text = "Text" }"#,
        r#"{ "End-user" = "customer", "Agent" = "agent", "Bot" = "bot", "System" = "system" }"#,
    ),
    (
        "conversation_events",
        "conversation_events.csv.gz",
        r#"{ conversation_id = "Ticket", at = "When", kind = "What", actor_id = "Who", actor_role = "Role", team = "Group", other_conversation_id = "Other ticket" }"#,
        "",
    ),
    (
        "ratings",
        "ratings.csv.gz",
        r#"{ conversation_id = "Ticket", score = "Stars", rated_at = "Rated at", comment = "Remark" }"#,
        "",
    ),
];

/// Name of a shop's conversation source.
pub(crate) fn desk_source(shop: &ShopConfig) -> &'static str {
    match shop.helpdesk {
        Helpdesk::ChatJsonl => "chat",
        Helpdesk::Csv => "desk",
    }
}

/// The text of `refrain.toml`.
pub(crate) fn config_text(config: &SeasonConfig) -> String {
    let mut text =
        String::from("# A simulated season, written by `refrain season`; what is planted in it stands in truth/.\n\n");
    for shop in &config.shops {
        text.push_str(&shop_text(shop));
    }
    for shop in &config.shops {
        let desk = desk_source(shop);
        match shop.helpdesk {
            Helpdesk::ChatJsonl => source(&mut text, shop, desk, "chat-jsonl", "conversations", "chat/*.jsonl.zst"),
            Helpdesk::Csv => {
                for (feed, path, columns, roles) in TABLES {
                    source(&mut text, shop, desk, "csv", feed, path);
                    text.push_str(&format!("columns = {columns}\n"));
                    if !roles.is_empty() {
                        text.push_str(&format!("roles = {roles}\n"));
                    }
                    if *feed == "ratings" {
                        text.push_str("rating_scale = [1, 5]\n");
                    }
                }
            }
        }
        for (feed, path) in COMMERCE {
            source(&mut text, shop, "shop", "csv", feed, path);
        }
    }
    text.push_str(
        "\n[lake]\npath = \"lake\"\n\n[identity]\nkey_file = \"secrets/identity.key\"\n\n\
         [tags]\ntaxonomy = \"taxonomy.toml\"\nrules = [\"rules/*.toml\"]\nmarkers = \"markers.toml\"\n",
    );
    text
}

fn shop_text(shop: &ShopConfig) -> String {
    let [[open, close], [saturday_open, saturday_close]] = shop.hours;
    let peaks: Vec<String> = shop.peaks.iter().map(|p| format!("\"{p}\"")).collect();
    format!(
        "[[shop]]\nid = \"{}\"\ntimezone = \"{}\"\ncurrency = \"{}\"\nhours = \"Mo-Fr {open:02}:00-{close:02}:00; Sa {saturday_open:02}:00-{saturday_close:02}:00\"\n\
         holidays = \"{}\"\npeaks = [{}]\nhourly_cost = {:?}\n\n",
        shop.id,
        shop.timezone,
        shop.currency,
        shop.holidays,
        peaks.join(", "),
        shop.hourly_cost,
    )
}

fn source(text: &mut String, shop: &ShopConfig, name: &str, kind: &str, feed: &str, path: &str) {
    text.push_str(&format!(
        "\n[[source]]\nshop = \"{}\"\nname = \"{name}\"\nkind = \"{kind}\"\nfeeds = \"{feed}\"\npath = \"exports/{}/{path}\"\n",
        shop.id, shop.id
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_is_toml() {
        let config = SeasonConfig::default();
        let table: toml::Table = config_text(&config).parse().unwrap();
        assert_eq!(table["shop"].as_array().unwrap().len(), 2);
        assert_eq!(table["source"].as_array().unwrap().len(), 23);
        assert!(DEMO_KEY.len() >= 64 && DEMO_KEY.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
