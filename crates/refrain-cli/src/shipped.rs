//! What ships inside the binary: taxonomy, rulebook, marker phrases.

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

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_file_ships() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/rules");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let shipped: Vec<&str> = super::RULES.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, shipped);
    }
}
