//! Writes a season for measuring: `cargo run --release -p refrain-season --example write -- OUT CONVERSATIONS [SEED]`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("OUT is missing")?;
    let conversations = arguments.next().ok_or("CONVERSATIONS is missing")?.parse()?;
    let seed = arguments.next().map_or(Ok(1), |s| s.parse())?;
    let config = refrain_season::SeasonConfig {
        conversations,
        seed,
        ..Default::default()
    };
    let summary = refrain_season::write_season(std::path::Path::new(&out), &config)?;
    eprintln!("{summary:#?}");
    Ok(())
}
