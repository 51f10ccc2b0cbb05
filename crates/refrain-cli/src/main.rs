//! The binary `refrain`: config, wiring, progress, exit code.

mod args;
mod audit;
mod config;
mod decisions;
mod doctor;
mod explain;
mod exports;
mod failure;
mod history;
mod journey;
mod labels;
mod output;
mod phrases;
mod progress;
mod report;
mod retag;
mod rules;
mod run;
mod shipped;
mod stages;
mod start;
mod tables;
mod tag_vectors;
mod tagger;
mod texts;
mod vectors;

use clap::Parser;
use mimalloc::MiMalloc;
use refrain_issues::{Embedder, IssuesConfig};
use refrain_lake::Format;
use refrain_record::Stage;

use crate::args::{Cli, Command, DecisionsCommand, EmbedCommand, IssuesCommand, RulesCommand, SchemaFormat};
use crate::failure::{ExitCode, Failure, Outcome};
use crate::run::{Stages, Voice};

/// Millions of small strings on all cores: glibc's allocator took a sixth of a night.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let code = match start(cli) {
        Ok(code) => code,
        Err(failure) => {
            output::say(&format!("{failure}\n"));
            failure.code
        }
    };
    std::process::ExitCode::from(code as u8)
}

fn start(cli: Cli) -> Outcome<ExitCode> {
    if let Some(threads) = cli.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(Failure::usage)?;
    }
    let voice = Voice {
        quiet: cli.quiet,
        verbose: cli.verbose,
    };
    match cli.command {
        Command::Init { dir } => start::init(&dir),
        Command::Run { config, night } => run::command(Stages::All, &config, &night, voice),
        Command::Ingest { config, night } => run::command(Stages::One(Stage::Ingest), &config, &night, voice),
        Command::Tag { config, night } => run::command(Stages::One(Stage::Tag), &config, &night, voice),
        Command::Journey { config, night } => run::command(Stages::One(Stage::Journey), &config, &night, voice),
        Command::Issues {
            command: Some(IssuesCommand::Eval { labels, embedder, json }),
            ..
        } => {
            let choice = embedder.choice();
            let settings = IssuesConfig {
                embedder: choice.map_or(Embedder::Lsa, |(kind, _)| kind),
                embedder_model: choice.map(|(_, folder)| folder.to_string_lossy().into_owned()),
                ..IssuesConfig::default()
            };
            labels::issues_eval(&labels, settings, json)
        }
        Command::Issues {
            command: Some(IssuesCommand::Refit { config, by }),
            ..
        } => {
            let config = config::Config::load(&config.config, &config.set).map_err(Failure::usage)?;
            decisions::refit(&config, Some(&by))
        }
        Command::Embed {
            command: EmbedCommand::Distill { model, out, dims },
        } => vectors::distill(&model, &out, dims),
        Command::Issues {
            command: None,
            config,
            night,
        } => run::command(Stages::One(Stage::Issues), &config, &night, voice),
        Command::Insight { config, night } => run::command(Stages::One(Stage::Insight), &config, &night, voice),
        Command::Decisions {
            command: DecisionsCommand::Import { file, by, config },
        } => {
            let config = config::Config::load(&config.config, &config.set).map_err(Failure::usage)?;
            decisions::import(&config, &file, by.as_deref())
        }
        Command::Decisions {
            command: DecisionsCommand::Export { config },
        } => {
            let config = config::Config::load(&config.config, &config.set).map_err(Failure::usage)?;
            decisions::export(&config)
        }
        Command::Train(args) => labels::train_command(&args),
        Command::Eval(args) => labels::eval_command(&args),
        Command::Rules {
            command: RulesCommand::Test { config },
        } => rules::test(config.config.as_deref()),
        Command::Rules {
            command: RulesCommand::Stats { config, labels, json },
        } => rules::stats(&config, labels.as_deref(), json),
        Command::Explain {
            conversation,
            config,
            json,
        } => explain::command(&config, &conversation, json),
        Command::Schema { table, format } => schema(table.as_deref(), format),
        Command::Season(args) => start::season(&args),
        Command::Demo {
            out,
            conversations,
            seed,
            nights,
        } => start::demo(&out, conversations, seed, nights, voice.quiet),
        Command::Audit(args) => audit::command(&args),
        Command::Doctor { config, json } => doctor::command(&config, json),
    }
}

fn schema(table: Option<&str>, format: SchemaFormat) -> Outcome<ExitCode> {
    let format = match format {
        SchemaFormat::Md => Format::Markdown,
        SchemaFormat::Json => Format::Json,
        SchemaFormat::Odcs => Format::Odcs,
    };
    let text = match table {
        Some(name) => refrain_lake::describe_table(name, format).map_err(Failure::usage)?,
        None => refrain_lake::describe_all(format),
    };
    output::print(&text);
    Ok(ExitCode::Done)
}
