//! Reads the sources of a small config and prints the accounts of both reading and one night.
//!
//! `cargo run --release -p refrain-ingest --example read -- config.toml 2025-11-30`, where the config holds `[[shop]]`
//! and `[[source]]` sections and every `path` is one file beside it.

#![allow(clippy::print_stdout, reason = "an example that prints")]

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use refrain_ingest::{
    Feeds, IdentityKey, Input, NightSettings, ShopSpec, SourceSpec, Tables, assemble_night, read_source,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    shop: Vec<ShopSpec>,
    source: Vec<SourceSpec>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(date)) = (args.next(), args.next()) else {
        return Err("usage: read CONFIG DATE".into());
    };
    let config: Config = toml::from_str(&std::fs::read_to_string(&path)?)?;
    let folder = Path::new(&path).parent().unwrap_or(Path::new("."));
    let key = IdentityKey::from_bytes(b"an example key, not a secret")?;
    let shops = config.shop.iter().map(ShopSpec::check).collect::<Result<Vec<_>, _>>()?;
    let mut feeds = Feeds::default();
    for spec in &config.source {
        let Some(shop) = shops.iter().find(|shop| shop.id.as_str() == spec.shop) else {
            return Err(format!("no shop `{}`", spec.shop).into());
        };
        let reader = BufReader::new(File::open(folder.join(&spec.path))?);
        let input = Input::Bytes {
            file: &spec.path,
            reader: Box::new(reader),
        };
        if let Err(error) = read_source(spec, shop, &key, input, &mut feeds) {
            println!("error: {error}");
        }
    }
    for account in feeds.accounts() {
        println!(
            "{}/{} {}: read {} = kept {} + duplicates {} + rejected {}",
            account.shop,
            account.source,
            account.feed,
            account.read,
            account.kept(),
            account.duplicates,
            account.rejected
        );
    }
    for reject in feeds.rejects.iter().take(10) {
        println!(
            "reject {}:{} {}: {}",
            reject.file, reject.line, reject.cause, reject.detail
        );
    }
    let night = assemble_night(Tables::default(), &feeds, &shops, &NightSettings::new(date.parse()?));
    for account in &night.accounts {
        println!("{account:?}");
    }
    let tables = &night.tables;
    println!(
        "conversations {} messages {} events {} ratings {} orders {} lines {} checkouts {} returns {} identities {} rejects {}",
        tables.conversations.len(),
        tables.messages.len(),
        tables.conversation_events.len(),
        tables.ratings.len(),
        tables.orders.len(),
        tables.order_lines.len(),
        tables.checkouts.len(),
        tables.returns.len(),
        tables.identities.len(),
        night.rejects.len()
    );
    if let Some(conversation) = tables.conversations.get(tables.conversations.len() / 2) {
        println!("{conversation:#?}");
    }
    Ok(())
}
