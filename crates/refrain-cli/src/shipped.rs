//! What ships inside the binary: taxonomy, rulebook, marker phrases, starter corpus.

/// `data/taxonomy.toml`.
pub(crate) const TAXONOMY: &str = include_str!("../../../data/taxonomy.toml");
/// `data/markers.toml`.
pub(crate) const MARKERS: &str = include_str!("../../../data/markers.toml");

macro_rules! rules {
    ($($name:literal),+ $(,)?) => {
        /// The rule files under `data/rules/`, by name.
        pub(crate) const RULES: &[(&str, &str)] =
            &[$((concat!($name, ".toml"), include_str!(concat!("../../../data/rules/", $name, ".toml")))),+];
    };
}

rules!(
    "account", "act", "discount", "order", "payment", "presales", "product", "refund", "return", "service", "shipping",
    "stage", "store", "website",
);

macro_rules! corpus {
    ($($name:literal),+ $(,)?) => {
        /// The labelled texts under `data/corpus/`, by name.
        pub(crate) const CORPUS: &[(&str, &str)] =
            &[$((concat!($name, ".jsonl"), include_str!(concat!("../../../data/corpus/", $name, ".jsonl")))),+];
    };
}

corpus!("da", "de", "en", "fr", "nl", "zh");

#[cfg(test)]
mod tests {
    fn names(folder: &str) -> Vec<String> {
        let folder = format!("{}/../../data/{folder}", env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        files
    }

    #[test]
    fn every_rule_file_and_corpus_ships() {
        let rules: Vec<&str> = super::RULES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names("rules"), rules);
        let corpus: Vec<&str> = super::CORPUS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names("corpus"), corpus);
    }
}
