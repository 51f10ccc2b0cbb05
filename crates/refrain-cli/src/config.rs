//! The config file: raw sections that refuse unknown keys, and their checked form.
//!
//! Precedence is flag (`--set`) over `REFRAIN_<SECTION>_<KEY>` over file over default.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use refrain_ingest::{IdentityKey, Shop, ShopSpec, SourceSpec};
use refrain_insight::{InsightConfig, QualityConfig};
use refrain_issues::IssuesConfig;
use refrain_lake::{LakeDir, Period};
use refrain_record::Date;
use refrain_tag::ModelReads;
use serde::Deserialize;

use crate::tag_vectors::TagEmbedder;

/// File looked for when `--config` is not given.
pub(crate) const DEFAULT_FILE: &str = "refrain.toml";

/// Sections whose scalar keys may be set by environment or flag.
const SECTIONS: [&str; 8] = [
    "lake", "identity", "ingest", "tags", "journey", "issues", "insight", "quality",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    #[serde(default)]
    shop: Vec<ShopSpec>,
    #[serde(default)]
    source: Vec<SourceSpec>,
    #[serde(default)]
    lake: LakeSection,
    identity: IdentitySection,
    #[serde(default)]
    tags: TagsSection,
    #[serde(default)]
    journey: refrain_journey::Config,
    #[serde(default)]
    issues: IssuesConfig,
    #[serde(default)]
    insight: InsightConfig,
    #[serde(default)]
    quality: QualityConfig,
    #[serde(default)]
    ingest: IngestSection,
}

/// The section `[ingest]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IngestSection {
    /// Days after the run's date up to which a row waits for its night; later ones are rejected.
    max_future_days: i32,
}

impl Default for IngestSection {
    fn default() -> Self {
        Self { max_future_days: 800 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LakeSection {
    path: PathBuf,
    partition: String,
}

impl Default for LakeSection {
    fn default() -> Self {
        Self {
            path: "lake".into(),
            partition: "month".to_owned(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentitySection {
    key_file: PathBuf,
    #[serde(default = "default_max_customers")]
    max_customers_per_identity: usize,
}

fn default_max_customers() -> usize {
    5
}

/// The section `[tags]`; what is left out is taken from the binary.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TagsSection {
    /// Taxonomy file.
    pub(crate) taxonomy: Option<PathBuf>,
    /// Globs of rule files.
    pub(crate) rules: Option<Vec<String>>,
    /// Marker phrases.
    pub(crate) markers: Option<PathBuf>,
    /// Trained model.
    pub(crate) model: Option<PathBuf>,
    /// Whose vectors the model reads: the embedder it was trained with.
    pub(crate) embedder: TagEmbedder,
    /// Folder of the embedder.
    pub(crate) embedder_model: Option<PathBuf>,
    /// Which messages the model reads.
    pub(crate) model_reads: ModelReads,
}

/// The config in checked form.
pub(crate) struct Config {
    /// Folder that relative paths start from.
    pub(crate) folder: PathBuf,
    pub(crate) shops: Vec<Shop>,
    pub(crate) sources: Vec<SourceSpec>,
    pub(crate) lake: LakeDir,
    pub(crate) period: Period,
    pub(crate) key: IdentityKey,
    pub(crate) max_customers_per_identity: usize,
    pub(crate) tags: TagsSection,
    pub(crate) journey: refrain_journey::Config,
    pub(crate) issues: IssuesConfig,
    pub(crate) insight: InsightConfig,
    pub(crate) quality: QualityConfig,
    /// Days after the run's date up to which a row waits for its night; later ones are rejected.
    pub(crate) max_future_days: i32,
    /// Digest of the settings that change the data.
    pub(crate) digest: String,
}

impl Config {
    /// Reads and checks a config file; `set` are `section.key=value` pairs.
    ///
    /// # Errors
    /// Names the file, the key, what was found, what was expected, and the nearest known key.
    pub(crate) fn load(path: &Path, set: &[String]) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).map_err(|e| missing_file(path, &e))?;
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let environment = std::env::vars().filter(|(name, _)| name.starts_with("REFRAIN_"));
        Self::parse(&text, folder, environment, set).with_context(|| format!("config `{}`", path.display()))
    }

    fn parse(
        text: &str,
        folder: &Path,
        environment: impl Iterator<Item = (String, String)>,
        set: &[String],
    ) -> anyhow::Result<Self> {
        let raw = raw_config(text, environment, set)?;
        let mut shops = Vec::new();
        for spec in &raw.shop {
            shops.push(spec.check()?);
        }
        if shops.is_empty() {
            bail!("there is no `[[shop]]`, expected at least one\nhint: `refrain init` writes a config to start from");
        }
        check_sources(&raw)?;
        let period = match raw.lake.partition.as_str() {
            "month" => Period::Month,
            "day" => Period::Day,
            other => bail!(
                "`lake.partition` is `{other}`, expected `month` or `day`\nhint: `day` pays from about 50k conversations a day"
            ),
        };
        raw.journey.check().map_err(|e| anyhow!("section `[journey]`: {e}"))?;
        raw.issues.check().map_err(|e| anyhow!("section `[issues]`: {e}"))?;
        raw.insight.check().map_err(|e| anyhow!("section `[insight]`: {e}"))?;
        raw.quality.check().map_err(|e| anyhow!("section `[quality]`: {e}"))?;
        let key = IdentityKey::read_file(&folder.join(&raw.identity.key_file))?;
        Ok(Self {
            folder: folder.to_owned(),
            shops,
            sources: raw.source,
            lake: LakeDir::new(folder.join(&raw.lake.path)),
            period,
            key,
            max_customers_per_identity: raw.identity.max_customers_per_identity,
            tags: raw.tags,
            journey: raw.journey,
            issues: raw.issues,
            insight: raw.insight,
            quality: raw.quality,
            max_future_days: raw.ingest.max_future_days,
            digest: blake3::hash(text.as_bytes()).to_hex()[..16].to_owned(),
        })
    }

    /// The shop of an id; every source's shop is known after [`Config::load`].
    pub(crate) fn shop(&self, id: &str) -> Option<&Shop> {
        self.shops.iter().find(|shop| shop.id.as_str() == id)
    }

    /// A path of the config, relative to its folder.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// Yesterday in the zone of the first shop: the night that runs when no date is given.
    pub(crate) fn yesterday(&self) -> Date {
        let now = jiff::Timestamp::now().as_microsecond();
        let today = self
            .shops
            .first()
            .map_or(Date::default(), |shop| shop.date_of(refrain_record::Timestamp(now)));
        today.plus_days(-1)
    }
}

fn missing_file(path: &Path, error: &std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        anyhow!(
            "there is no config `{}`\nhint: `refrain init` writes one, or name it with --config",
            path.display()
        )
    } else {
        anyhow!("cannot read config `{}`: {error}", path.display())
    }
}

fn raw_config(
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
    set: &[String],
) -> anyhow::Result<RawConfig> {
    // Parsed once as it stands, so that errors of the file point at its lines.
    toml::from_str::<RawConfig>(text).map_err(|e| explain(&e.to_string()))?;
    let mut table: toml::Table = toml::from_str(text).map_err(|e| explain(&e.to_string()))?;
    let mut environment: Vec<(String, String)> = environment.collect();
    environment.sort();
    for (name, value) in environment {
        if let Some((section, key)) = environment_key(&name) {
            put(&mut table, section, &key, &value);
        }
    }
    for pair in set {
        let (path, value) = pair
            .split_once('=')
            .ok_or_else(|| anyhow!("`--set {pair}` has no `=`, expected section.key=value"))?;
        let (section, key) = path
            .trim()
            .split_once('.')
            .filter(|(section, _)| SECTIONS.contains(section))
            .ok_or_else(|| {
                anyhow!(
                    "`--set {pair}` names no section, expected one of {}",
                    SECTIONS.join(", ")
                )
            })?;
        put(&mut table, section, key, value.trim());
    }
    RawConfig::deserialize(table).map_err(|e| explain(&e.to_string()))
}

fn environment_key(name: &str) -> Option<(&'static str, String)> {
    let (section, key) = name.strip_prefix("REFRAIN_")?.split_once('_')?;
    let section = SECTIONS.iter().find(|s| s.eq_ignore_ascii_case(section))?;
    Some((section, key.to_ascii_lowercase()))
}

fn put(table: &mut toml::Table, section: &str, key: &str, value: &str) {
    let parsed = format!("v = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut t| t.remove("v"));
    let value = parsed.unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let section = table
        .entry(section)
        .or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(key.to_owned(), value);
    }
}

/// Adds the nearest known key to serde's "unknown field" errors.
fn explain(message: &str) -> anyhow::Error {
    let message = message.trim_end();
    let nearest = message.split_once("unknown field `").and_then(|(_, rest)| {
        let (found, rest) = rest.split_once('`')?;
        let known = rest.split('`').skip(1).step_by(2);
        known
            .map(|k| (strsim::jaro_winkler(found, k), k))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(score, _)| *score > 0.7)
            .map(|(_, k)| k.to_owned())
    });
    match nearest {
        Some(key) => anyhow!("{message}\nhint: did you mean `{key}`?"),
        None => anyhow!("{message}"),
    }
}

fn check_sources(raw: &RawConfig) -> anyhow::Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for source in &raw.source {
        source.check()?;
        if !raw.shop.iter().any(|shop| shop.id == source.shop) {
            let known: Vec<&str> = raw.shop.iter().map(|s| s.id.as_str()).collect();
            bail!(
                "source `{}` belongs to shop `{}`, expected one of: {}",
                source.source_id(),
                source.shop,
                known.join(", ")
            );
        }
        let feed = source.feed()?;
        if !seen.insert((source.shop.clone(), source.source_id(), feed)) {
            bail!(
                "two sources of shop `{}` are named `{}` and feed {feed}\nhint: give each its own `name`",
                source.shop,
                source.source_id()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[[shop]]\nid = 'de'\ntimezone = 'Europe/Berlin'\ncurrency = 'EUR'\n\
                        [identity]\nkey_file = 'key'\n";

    fn parse(text: &str, environment: &[(&str, &str)], set: &[&str]) -> anyhow::Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), "0123456789abcdef0123456789abcdef").unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
        Config::parse(text, folder.path(), environment, &set)
    }

    fn fails(text: &str, set: &[&str], words: &[&str]) {
        let Err(error) = parse(text, &[], set) else {
            panic!("taken: {text}")
        };
        let said = crate::failure::Failure::usage(error).to_string();
        for word in words {
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn precedence_is_flag_environment_file_default() {
        let text = format!("{TEXT}[quality]\nmax_reject_share = 0.2\n");
        let share = |environment: &[(&str, &str)], set: &[&str]| {
            parse(&text, environment, set).unwrap().quality.max_reject_share
        };
        assert!((parse(TEXT, &[], &[]).unwrap().quality.max_reject_share - 0.01).abs() < 1e-12);
        assert!((share(&[], &[]) - 0.2).abs() < 1e-12);
        let environment = [("REFRAIN_QUALITY_MAX_REJECT_SHARE", "0.3")];
        assert!((share(&environment, &[]) - 0.3).abs() < 1e-12);
        assert!((share(&environment, &["quality.max_reject_share=0.4"]) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn wrong_keys_are_named_with_the_nearest() {
        fails(
            &format!("{TEXT}[lake]\npaht = 'x'\n"),
            &[],
            &["paht", "did you mean `path`"],
        );
        fails(&format!("{TEXT}[qualty]\n"), &[], &["qualty", "did you mean `quality`"]);
        fails(
            &format!("{TEXT}[lake]\npartition = 'week'\n"),
            &[],
            &["lake.partition", "month"],
        );
        fails("[identity]\nkey_file = 'key'\n", &[], &["[[shop]]", "refrain init"]);
        fails(TEXT, &["lake"], &["no `=`"]);
        fails(TEXT, &["lak.path=x"], &["names no section"]);
        let source = "[[source]]\nshop = 'fr'\nkind = 'csv'\npath = 'x.csv'\n";
        fails(&format!("{TEXT}{source}"), &[], &["shop `fr`", "de"]);
    }
}
