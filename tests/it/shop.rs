//! A small shop in a temporary folder, and the binary to run over it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The config of the small shop, without sources.
pub(crate) const HEAD: &str = r#"
[[shop]]
id = "de"
timezone = "Europe/Berlin"
currency = "EUR"
hours = "Mo-Fr 08:00-20:00; Sa 09:00-14:00"

[identity]
key_file = "key"
"#;

pub(crate) const CHAT: &str = r#"
[[source]]
shop = "de"
name = "chat"
kind = "chat-jsonl"
path = "chat.jsonl*"
"#;

pub(crate) const ORDERS: &str = r#"
[[source]]
shop = "de"
name = "shop"
kind = "csv"
feeds = "orders"
path = "orders.csv*"
"#;

/// A folder with a config and exports.
pub(crate) struct Shop {
    pub(crate) folder: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), "a-key-for-tests-0123456789abcdef\n").unwrap();
        fs::write(folder.path().join("refrain.toml"), config).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        refrain(&self.path("refrain.toml"), args)
    }

    /// Runs one night and returns its JSON summary.
    pub(crate) fn night(&self, date: &str) -> serde_json::Value {
        let done = self.run(&["run", "--date", date, "--json"]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Runs one night that must fail with `code` and say all of `words`.
    pub(crate) fn fails(&self, date: &str, code: i32, words: &[&str]) {
        let done = self.run(&["run", "--date", date]);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{said}");
        assert!(said.starts_with("error: ") || said.contains("\nerror: "), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
        assert!(!self.path("lake/current").exists(), "something was published");
    }
}

/// One line of chat export.
pub(crate) fn chat_line(id: &str, at: &str, customer: &str, text: &str) -> String {
    let line = serde_json::json!({
        "conversation_id": id, "channel": "chat", "customer": {"id": customer, "email": format!("{customer}@example.com")},
        "status": "solved",
        "messages": [
            {"id": "1", "created_at": at, "role": "customer", "text": text},
            {"id": "2", "created_at": later(at), "role": "agent", "author_id": "a1", "text": "Wir kümmern uns darum."},
        ],
    });
    format!("{line}\n")
}

/// Ten minutes later, inside the same hour.
fn later(at: &str) -> String {
    at.replacen(":00:00", ":10:00", 1)
}

pub(crate) fn refrain(config: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_refrain"))
        .args(args)
        .env("REFRAIN_CONFIG", config)
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Digest of every file under a published lake, by path.
pub(crate) fn digests(lake: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let current = lake.join("current");
    let mut folders = vec![current.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&current).unwrap().to_string_lossy().into_owned();
                found.insert(name, blake3::hash(&fs::read(&path).unwrap()).to_hex().to_string());
            }
        }
    }
    found
}

/// Names what differs between two lakes, for a message that helps.
pub(crate) fn assert_same_lake(a: &Path, b: &Path) {
    let (a, b) = (digests(a), digests(b));
    let mut different: Vec<&String> = a
        .iter()
        .filter(|(name, d)| b.get(*name) != Some(d))
        .map(|(name, _)| name)
        .collect();
    different.extend(b.keys().filter(|name| !a.contains_key(*name)));
    assert!(!a.is_empty());
    assert!(
        different.is_empty(),
        "{} of {} files differ: {different:?}",
        different.len(),
        a.len()
    );
}
