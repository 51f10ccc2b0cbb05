//! `init`, `season` and `demo`: something to start from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use refrain_record::Date;
use refrain_season::{SeasonConfig, write_season};
use refrain_tag::model::TrainConfig;

use crate::args::{ConfigArgs, NightArgs, SeasonArgs};
use crate::config::Config;
use crate::failure::{ExitCode, Failure, Outcome};
use crate::labels;
use crate::output::{print, say};
use crate::progress::Progress;
use crate::report::{accounting, times, top_issues_text};
use crate::run::{self, Stages};
use crate::{shipped, tagger};

/// The config that `init` writes.
const CONFIG: &str = include_str!("../../../data/refrain.toml");

/// Where `init` and `demo` leave the tag model.
const MODEL_FILE: &str = "models/tags.refrain";

/// Writes config, key, taxonomy, rulebook, markers and the starter model; never over a file that is there.
pub(crate) fn init(folder: &Path) -> Outcome<ExitCode> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create folder `{}`", folder.display()))?;
    let key = random_key()?;
    let mut files: Vec<(PathBuf, &str)> = vec![("refrain.toml".into(), CONFIG), ("secrets/identity.key".into(), &key)];
    files.extend(tag_files());
    if let Some((path, _)) = files.iter().find(|(path, _)| folder.join(path).exists()) {
        return Err(Failure::usage(anyhow!(
            "`{}` is there already\nhint: choose an empty folder, or remove it",
            folder.join(path).display()
        )));
    }
    for (path, text) in &files {
        write(&folder.join(path), text)?;
    }
    restrict(&folder.join("secrets/identity.key"))?;
    let model = folder.join(MODEL_FILE);
    fs::create_dir_all(folder.join("models"))
        .with_context(|| format!("cannot create folder `{}`", folder.join("models").display()))?;
    let fitted = labels::fit(&labels::starter()?, &starter_settings(), tagger::shipped()?, &[], None)?;
    fitted.model.save(&model)?;
    print(&format!(
        "wrote {} files to {}, among them a tag model learned from the starter corpus\nnext: name your exports in refrain.toml, then `refrain doctor` and `refrain run`\nkeep secrets/identity.key safe and out of version control: without it no person can be recognised again\n",
        files.len() + 1,
        folder.display()
    ));
    Ok(ExitCode::Done)
}

/// Settings for the starter corpus: features of a single text are left out, which halves the file and lets
/// more messages without a topic alone, at the same F1 on held-out families.
fn starter_settings() -> TrainConfig {
    let mut settings = TrainConfig::default();
    settings.features.min_df = 2;
    settings
}

fn tag_files() -> Vec<(PathBuf, &'static str)> {
    let mut files: Vec<(PathBuf, &str)> = vec![
        ("taxonomy.toml".into(), shipped::TAXONOMY),
        ("markers.toml".into(), shipped::MARKERS),
    ];
    files.extend(
        shipped::RULES
            .iter()
            .map(|(name, text)| (Path::new("rules").join(name), *text)),
    );
    files
}

/// 32 bytes of the system's randomness in hexadecimal.
fn random_key() -> anyhow::Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 32];
    fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .context("cannot read random bytes")?;
    let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    Ok(hex.concat() + "\n")
}

fn restrict(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .with_context(|| format!("cannot restrict `{}`", path.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create folder `{}`", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Writes a simulated season, with the rulebook that its config names.
pub(crate) fn season(args: &SeasonArgs) -> Outcome<ExitCode> {
    let base = match &args.settings {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read `{}`", path.display()))
                .map_err(Failure::usage)?;
            toml::from_str(&text)
                .with_context(|| format!("settings `{}`", path.display()))
                .map_err(Failure::usage)?
        }
        None => SeasonConfig::default(),
    };
    let settings = SeasonConfig {
        conversations: args.conversations,
        seed: args.seed,
        events_only: args.events_only || base.events_only,
        ..base
    };
    let summary = write_into(&args.out, &settings)?;
    print(&format!(
        "{summary}next: refrain run --config {} --date {}\n",
        args.out.join("refrain.toml").display(),
        last_day(&settings)
    ));
    Ok(ExitCode::Done)
}

fn write_into(out: &Path, settings: &SeasonConfig) -> Outcome<String> {
    let summary = write_season(out, settings)?;
    for (path, text) in tag_files() {
        write(&out.join(path), text)?;
    }
    Ok(format!(
        "season {} to {}: {} conversations of {} persons, {} orders, {} checkouts, {} returns, {} sends; the truth is in truth/\n",
        summary.from,
        summary.to,
        summary.conversations,
        summary.persons,
        summary.orders,
        summary.checkouts,
        summary.returns,
        summary.sends
    ))
}

fn last_day(settings: &SeasonConfig) -> Date {
    settings.end().plus_days(-1)
}

/// Season, run, and where to look next.
pub(crate) fn demo(out: &Path, conversations: u64, seed: u64, nights: u16, quiet: bool) -> Outcome<ExitCode> {
    let settings = SeasonConfig {
        conversations,
        seed,
        ..SeasonConfig::default()
    };
    let progress = Progress::new(quiet);
    if out.join("lake").exists() {
        fs::remove_dir_all(out.join("lake"))
            .with_context(|| format!("cannot remove `{}`", out.join("lake").display()))?;
    }
    say(&format!(
        "1/2 simulating a season of {conversations} conversations in {}\n",
        out.display()
    ));
    let summary = progress.timed("simulate", || write_into(out, &settings))?;
    progress.timed("train", || train_demo_model(out))?;
    let to = last_day(&settings);
    let from = to.plus_days(1 - i32::from(nights.max(1)));
    say(&format!("2/2 running the nights {from} to {to}\n"));
    let config_file = out.join("refrain.toml");
    let config_args = ConfigArgs {
        config: config_file.clone(),
        set: Vec::new(),
    };
    let config = Config::load(&config_args.config, &config_args.set).map_err(Failure::usage)?;
    let args = NightArgs {
        date: None,
        from: Some(from),
        to: Some(to),
        only: None,
        replay: false,
        json: false,
        skip_code: false,
        dry_run: false,
    };
    let report = run::nights(Stages::All, &config, &args, &progress)?;
    let Some(last) = report.nights.last() else {
        return Ok(ExitCode::Done);
    };
    let mut text = format!("{summary}\n");
    text.push_str(&accounting(&last.accounts));
    text.push('\n');
    text.push_str(&times(&progress));
    text.push_str("\ntop recurring issues, last 28 days\n");
    text.push_str(&top_issues_text(&last.top_issues));
    text.push_str(&queries(&out.join("lake"), &config_file, to));
    print(&text);
    Ok(ExitCode::Done)
}

/// Fits a model on the season's labelled tenth, as a shop would on what its team has labelled, and
/// names it in the config: rules alone know what is said in their words only.
fn train_demo_model(out: &Path) -> Outcome<()> {
    let examples = labels::read(&out.join("truth/labels.jsonl"))?;
    let path = out.join(MODEL_FILE);
    fs::create_dir_all(out.join("models"))
        .with_context(|| format!("cannot create folder `{}`", out.join("models").display()))?;
    let fitted = labels::fit(&examples, &TrainConfig::default(), tagger::shipped()?, &[], None)?;
    fitted.model.save(&path)?;
    let file = out.join("refrain.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let named = text.replacen(
        "[tags]\n",
        "[tags]\nmodel = \"models/tags.refrain\"   # trained by `refrain demo` on truth/labels.jsonl\n",
        1,
    );
    Ok(write(&file, &named)?)
}

/// Three queries to try next, as they can be pasted.
fn queries(lake: &Path, config: &Path, as_of: Date) -> String {
    let lake = lake.display();
    format!(
        "\nthree queries to try next (DuckDB: `cd {lake} && duckdb -init views.sql`)\n\
         \n-- which questions recur and cost most, last 28 days\n\
         SELECT tag, sum(num_conversations) AS contacts, round(sum(handle_s) / 3600.0, 1) AS hours,\n\
         \x20      sum(num_followed_7d) AS came_back, sum(num_matured_7d) AS matured\n\
         FROM tag_daily WHERE shop_id = 'de' AND facet = 'topic' AND NOT is_rollup AND date > DATE '{as_of}' - 28\n\
         GROUP BY tag ORDER BY hours DESC LIMIT 10;\n\
         \n-- which contacts come before a lost cart, against carts without such a contact\n\
         SELECT exposure, num_exposed, round(relative_risk, 2) AS rr, round(relative_risk_lo, 2) AS lo,\n\
         \x20      round(relative_risk_hi, 2) AS hi, round(q, 4) AS q\n\
         FROM effect_estimates WHERE outcome = 'cart_abandoned' AND status = 'ok' ORDER BY q LIMIT 10;\n\
         \n-- how each channel does in the peak month\n\
         SELECT shop_id, channel, num_conversations, first_response_s_p50, csat, round(csat_lo, 2) AS lo,\n\
         \x20      round(csat_hi, 2) AS hi, round(response_rate, 2) AS rated\n\
         FROM channel_scorecard WHERE date = DATE '2026-11-01' ORDER BY shop_id, num_conversations DESC;\n\
         \nand for one conversation: refrain explain --config {} CONVERSATION_ID\n",
        config.display()
    )
}
