//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use refrain_record::Date;

use crate::tag_vectors::EmbedderArgs;

/// Finds what a shop's customers keep having to say: transcripts in, Parquet out.
#[derive(Debug, Parser)]
#[command(name = "refrain", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Worker threads; default one a core. Never changes a byte of the result.
    #[arg(long, global = true, env = "REFRAIN_THREADS", value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Say nothing but errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print the whole report even when stderr is no terminal.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// Where the config is.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigArgs {
    /// Config file.
    #[arg(long, short, env = "REFRAIN_CONFIG", default_value = crate::config::DEFAULT_FILE, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Setting over the config, as section.key=value.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Which nights.
#[derive(Debug, Clone, Args)]
pub(crate) struct NightArgs {
    /// Night to run; default yesterday in the first shop's zone.
    #[arg(long, env = "REFRAIN_DATE", value_name = "DATE", conflicts_with_all = ["from", "to"])]
    pub(crate) date: Option<Date>,
    /// First night of a range.
    #[arg(long, value_name = "DATE", requires = "to")]
    pub(crate) from: Option<Date>,
    /// Last night of a range.
    #[arg(long, value_name = "DATE", requires = "from")]
    pub(crate) to: Option<Date>,
    /// Only this stage. With `tag`, the conversations of the range are tagged anew from the lake, without the exports.
    #[arg(long, value_enum, value_name = "STAGE")]
    pub(crate) only: Option<OnlyStage>,
    /// Run later nights that are published already again, too.
    #[arg(long)]
    pub(crate) replay: bool,
    /// Print a summary as JSON on stdout.
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 99 when the night changed nothing.
    #[arg(long)]
    pub(crate) skip_code: bool,
    /// Do all but publish: say what would be written.
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
}

/// A stage that `run --only` takes; every stage is also a command of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnlyStage {
    /// Tags of past conversations, from the lake.
    Tag,
    /// Repeats and links of the last night.
    Journey,
    /// Recurring issues of the last night.
    Issues,
    /// Counts and estimates of the last night.
    Insight,
}

/// Form of a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// Markdown.
    Md,
    /// JSON.
    Json,
    /// Open Data Contract Standard, YAML.
    Odcs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write config, key, taxonomy and rulebook to start from.
    Init {
        /// Folder.
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Run the whole night.
    Run {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        night: NightArgs,
    },
    /// Read the exports into the lake.
    Ingest {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        night: NightArgs,
    },
    /// Tag the conversations of the lake.
    Tag {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        night: NightArgs,
    },
    /// Find repeats, and link contacts to orders, carts, returns and campaigns.
    Journey {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        night: NightArgs,
    },
    /// Find recurring issues; `eval` measures the clustering on labelled texts.
    #[command(args_conflicts_with_subcommands = true)]
    Issues {
        #[command(subcommand)]
        command: Option<IssuesCommand>,
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        night: NightArgs,
    },
    /// Models that turn texts into vectors, for issues and tags.
    Embed {
        #[command(subcommand)]
        command: EmbedCommand,
    },
    /// Count, score and estimate.
    Insight {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        night: NightArgs,
    },
    /// Take in, or print, what people decided on tags and issues; decisions outrank rules, model and nights.
    Decisions {
        #[command(subcommand)]
        command: DecisionsCommand,
    },
    /// Fit a tag model on labelled JSONL.
    Train(TrainArgs),
    /// Measure a tag model, or with `--config` rulebook and model together, on labelled JSONL.
    Eval(EvalArgs),
    /// Check and count the rules.
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Say for one conversation: every tag, its evidence, and why it is or is not a repeat.
    Explain {
        /// Conversation id, or shop/source/id.
        conversation: String,
        #[command(flatten)]
        config: ConfigArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the tables of the lake and their columns.
    Schema {
        /// One table; default all.
        table: Option<String>,
        /// Form.
        #[arg(long, value_enum, default_value = "md")]
        format: SchemaFormat,
    },
    /// Simulate a season of two shops with its planted truth.
    Season(SeasonArgs),
    /// Season, run, and where to look next, in one command.
    Demo {
        /// Folder to write to.
        #[arg(long, default_value = "demo", value_name = "DIR")]
        out: PathBuf,
        /// Conversations of the season.
        #[arg(long, default_value_t = 20_000, value_name = "N")]
        conversations: u64,
        /// Seed of the season.
        #[arg(long, default_value_t = 1, value_name = "S")]
        seed: u64,
        /// Nights run one after the other at the end of the season.
        #[arg(long, default_value_t = 7, value_name = "N")]
        nights: u16,
    },
    /// Draw a seeded stratified sample of a week to label; with `--labels`, say what the labels tell of the tags.
    Audit(AuditArgs),
    /// Check config, inputs and lake; write nothing.
    Doctor {
        #[command(flatten)]
        config: ConfigArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum IssuesCommand {
    /// Learn the words anew, from tonight on; issues keep their ids and members.
    ///
    /// Nights do so by themselves while a shop is young and when several customers use a word that is new.
    Refit {
        #[command(flatten)]
        config: ConfigArgs,
        /// Who asks.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Cluster labelled texts and compare: acc, nmi, ari, k, unclustered_share.
    Eval {
        /// Labelled JSONL; the first tag of a row is its label.
        #[arg(long, value_name = "FILE")]
        labels: PathBuf,
        #[command(flatten)]
        embedder: EmbedderArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What to do with embedders.
#[derive(Debug, Subcommand)]
pub(crate) enum EmbedCommand {
    /// Make token vectors of a sentence-transformers folder: hundreds of times as fast, nearly as good.
    Distill {
        /// Folder of the sentence-transformers model.
        #[arg(long, value_name = "DIR")]
        model: PathBuf,
        /// Folder to write, for `issues.embedder = "static"`.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Dimensions to keep.
        #[arg(long, value_name = "N", default_value_t = 256)]
        dims: usize,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Check that the examples of every rule hold.
    Test {
        #[command(flatten)]
        config: OptionalConfigArgs,
    },
    /// Coverage, overlap and conflict of every rule over the lake's conversations, or over labelled texts,
    /// where precision is told too.
    Stats {
        #[command(flatten)]
        config: ConfigArgs,
        /// Labelled JSONL instead of the lake.
        #[arg(long, value_name = "FILE")]
        labels: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A config that may be absent: the built-in rulebook is then meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct OptionalConfigArgs {
    /// Config file; without one the built-in rulebook is meant.
    #[arg(long, short, env = "REFRAIN_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// How to fit a tag model.
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Labelled JSONL; several files are read one after the other. Without any, the starter corpus that ships.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) labels: Vec<PathBuf>,
    /// Learn from the starter corpus too; a text that both label takes the tags of `--labels`.
    #[arg(long)]
    pub(crate) starter: bool,
    /// Config whose rulebook the model learns how far to trust, and whose lake's decisions are labels that outrank
    /// all others; without it, the rulebook that ships.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Learn from the unlabelled conversations in the config's lake too, by what its rules and a first model say of them.
    #[arg(long, requires = "config")]
    pub(crate) history: bool,
    /// Most of these conversations, drawn by seed.
    #[arg(long, value_name = "N", default_value_t = 20_000, requires = "history")]
    pub(crate) history_rows: usize,
    /// Model file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
    /// Learn to guess the embedder's vectors from the words, so that the model needs no embedder afterwards.
    #[arg(long)]
    pub(crate) distil: bool,
    /// Training settings as TOML.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Share of the examples kept back, chosen by seed; the model is measured on them and not fitted on them.
    #[arg(long, value_name = "SHARE")]
    pub(crate) hold_out: Option<f64>,
    /// Where to write the examples kept back.
    #[arg(long, value_name = "FILE", requires = "hold_out")]
    pub(crate) held_out: Option<PathBuf>,
    /// Where to write the labels worth a second look, most doubtful first, by models that had not seen them.
    #[arg(long, value_name = "FILE")]
    pub(crate) doubts: Option<PathBuf>,
    /// Seed.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with decisions.
#[derive(Debug, Subcommand)]
pub(crate) enum DecisionsCommand {
    /// Add the decisions of a JSONL file, such as a filled-in `refrain audit` sample, to the lake's log.
    Import {
        /// Lines with `id` (shop/source/conversation) and `tags`; `by` and `on` (a date, default today) where known.
        file: PathBuf,
        /// Who decided, where a line does not say.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Print the lake's log.
    Export {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Model file; measured alone.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "config",
        conflicts_with = "config"
    )]
    pub(crate) model: Option<PathBuf>,
    /// Config file; its rulebook alone, its model alone and both together are measured.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Labelled JSONL.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: PathBuf,
    #[command(flatten)]
    pub(crate) embedder: EmbedderArgs,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which sample, or which labels.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Where to write the sample; default stdout.
    #[arg(long, value_name = "FILE", conflicts_with = "labels")]
    pub(crate) out: Option<PathBuf>,
    /// Last day of the week; default the lake's last night.
    #[arg(long, value_name = "DATE", conflicts_with = "labels")]
    pub(crate) week_ending: Option<Date>,
    /// Conversations of each language and channel.
    #[arg(long, default_value_t = 20, value_name = "N", conflicts_with = "labels")]
    pub(crate) per_stratum: usize,
    /// Seed; the same seed, week and lake give the same sample.
    #[arg(long, default_value_t = 1, value_name = "S", conflicts_with = "labels")]
    pub(crate) seed: u64,
    /// A sample with its `tags` filled in; several weeks may stand in one file.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What season to write.
#[derive(Debug, Args)]
pub(crate) struct SeasonArgs {
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Conversations over all shops.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    pub(crate) conversations: u64,
    /// Seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub(crate) seed: u64,
    /// Leave the text away.
    #[arg(long)]
    pub(crate) events_only: bool,
    /// Further settings as TOML.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}
