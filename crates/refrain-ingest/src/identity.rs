//! Customers as keyed hashes: the clear identity never leaves this file's functions.
//!
//! A customer's key is made per source from the strongest identity a row names; identity hashes are made per
//! shop, so that the same e-mail in the helpdesk and in the shop system meets in `identities`.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use refrain_record::{AuthorKey, CustomerKey, IdentityKind, ShopId, SourceId};
use sha2::Sha256;

use crate::SourceError;

/// Shortest secret accepted, in bytes.
const MIN_KEY_BYTES: usize = 16;

/// The secret of all identity hashes, never printed.
#[derive(Clone)]
pub struct IdentityKey {
    mac: Hmac<Sha256>,
    content: [u8; 32],
    texts: [u8; 32],
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(..)")
    }
}

impl IdentityKey {
    /// A key of the given bytes; blanks and line ends around them do not count.
    ///
    /// # Errors
    /// When fewer than 16 bytes remain.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SourceError> {
        let secret = bytes.trim_ascii();
        if secret.len() < MIN_KEY_BYTES {
            return Err(SourceError::ShortKey { found: secret.len() });
        }
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            return Err(SourceError::ShortKey { found: secret.len() });
        };
        Ok(Self {
            mac,
            content: blake3::derive_key("refrain-ingest 2026 content ids", secret),
            texts: blake3::derive_key("refrain 2026 hashes of redacted texts in caches", secret),
        })
    }

    /// The key under which caches know redacted texts; tells nothing of identities.
    #[must_use]
    pub fn of_texts(&self) -> &[u8; 32] {
        &self.texts
    }

    /// A key read from a file.
    ///
    /// # Errors
    /// When the file cannot be read or holds fewer than 16 bytes.
    pub fn read_file(path: &Path) -> Result<Self, SourceError> {
        let bytes = std::fs::read(path).map_err(|source| SourceError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes)
    }

    /// 26 letters and digits (130 bits) of the HMAC over `parts`; a separator keeps `ab|c` from `a|bc`.
    fn hash(&self, parts: &[&str]) -> String {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        base32(&mac.finalize().into_bytes())
    }

    pub(crate) fn author(&self, shop: &ShopId, source: &SourceId, author: &str) -> AuthorKey {
        self.hash(&["author", shop.as_str(), source.as_str(), author]).into()
    }

    /// A short keyed digest of row content, for ids that the source does not give.
    pub(crate) fn content_id(&self, parts: &[&[u8]]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.content);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().to_hex()[..24].to_owned()
    }
}

/// The whole characters of the lower-case base32 of `bytes`, 26 at most.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(26);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[((bits >> held) & 31) as usize]));
            if text.len() == 26 {
                return text;
            }
        }
        bits &= (1 << held) - 1;
    }
    text
}

/// The identities of one row in the clear, normalised, strongest first.
#[derive(Debug, Default)]
pub(crate) struct RowIdentities {
    values: Vec<(IdentityKind, String)>,
}

/// A customer of a source as hashes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Customer {
    pub(crate) key: CustomerKey,
    pub(crate) identities: Vec<(IdentityKind, String)>,
}

impl RowIdentities {
    /// Adds an identity; one that normalises to nothing is left out.
    pub(crate) fn add(&mut self, kind: IdentityKind, raw: &str) {
        let value = match kind {
            IdentityKind::SourceId => Some(raw.trim().to_owned()).filter(|id| !id.is_empty()),
            IdentityKind::Email => normalise_email(raw),
            IdentityKind::Phone => normalise_phone(raw),
            IdentityKind::Handle => normalise_handle(raw),
        };
        if let Some(value) = value {
            self.values.push((kind, value));
        }
    }

    /// Hashes the identities; `None` when there are none. `own_ids` keeps source ids apart from other sources'.
    pub(crate) fn hash(
        mut self,
        key: &IdentityKey,
        shop: &ShopId,
        source: &SourceId,
        own_ids: bool,
    ) -> Option<Customer> {
        self.values.sort();
        self.values.dedup();
        let (kind, value) = self.values.first()?;
        let customer = key.hash(&["customer", shop.as_str(), source.as_str(), kind.as_str(), value]);
        let identities = self
            .values
            .iter()
            .map(|(kind, value)| {
                let space = if own_ids && *kind == IdentityKind::SourceId {
                    source.as_str()
                } else {
                    ""
                };
                (
                    *kind,
                    key.hash(&["identity", shop.as_str(), space, kind.as_str(), value]),
                )
            })
            .collect();
        Some(Customer {
            key: customer.into(),
            identities,
        })
    }
}

/// Trimmed and lower-cased; dots and plus parts stay, since they may be two people's.
fn normalise_email(raw: &str) -> Option<String> {
    let email = raw.trim().trim_start_matches("mailto:").to_lowercase();
    let (local, domain) = email.split_once('@')?;
    (!local.is_empty() && !domain.is_empty()).then_some(email)
}

/// Digits, with `+` where the number is international; a national number stays as it is, for want of its country.
fn normalise_phone(raw: &str) -> Option<String> {
    let raw = raw.trim().trim_start_matches('\'').trim_start_matches("tel:");
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 5 {
        return None;
    }
    if raw.starts_with('+') {
        return Some(format!("+{digits}"));
    }
    Some(match digits.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => digits,
    })
}

fn normalise_handle(raw: &str) -> Option<String> {
    let handle = raw.trim().trim_start_matches('@').to_lowercase();
    (!handle.is_empty()).then_some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> IdentityKey {
        IdentityKey::from_bytes(b" 0123456789abcdef\n").unwrap()
    }

    #[test]
    fn short_keys_are_refused() {
        let error = IdentityKey::from_bytes(b"   short     \n\n\n  ").unwrap_err();
        assert!(error.to_string().contains("5 bytes"), "{error}");
        assert_eq!(format!("{:?}", key()), "IdentityKey(..)");
    }

    #[test]
    fn base32_is_rfc_4648() {
        assert_eq!(base32(b"foobar"), "mzxw6ytbo");
        assert_eq!(base32(&[0xff; 32]).len(), 26);
    }

    #[test]
    fn normalises() {
        assert_eq!(
            normalise_email(" A.b+x@Example.DE ").as_deref(),
            Some("a.b+x@example.de")
        );
        assert_eq!(normalise_email("nobody"), None);
        for (raw, phone) in [
            ("+49 (30) 123-45", Some("+493012345")),
            ("0049 30 12345", Some("+493012345")),
            ("030/12345", Some("03012345")),
            ("12", None),
        ] {
            assert_eq!(normalise_phone(raw).as_deref(), phone, "{raw}");
        }
    }

    #[test]
    fn same_mail_meets_across_sources_and_never_across_shops() {
        let hash = |shop: &str, source: &str| {
            let mut row = RowIdentities::default();
            row.add(IdentityKind::Email, "A@example.de");
            row.hash(&key(), &shop.into(), &source.into(), true).unwrap()
        };
        let (desk, shop, other) = (hash("de", "desk"), hash("de", "shop"), hash("dk", "desk"));
        assert_eq!(desk.identities, shop.identities);
        assert_ne!(desk.key, shop.key);
        assert_ne!(desk.identities, other.identities);
        assert!(!format!("{desk:?}").contains("example"));
    }

    #[test]
    fn the_strongest_identity_makes_the_key() {
        let mut row = RowIdentities::default();
        row.add(IdentityKind::Handle, "@Ann");
        row.add(IdentityKind::SourceId, "7");
        let both = row.hash(&key(), &"de".into(), &"desk".into(), false).unwrap();
        let mut row = RowIdentities::default();
        row.add(IdentityKind::SourceId, "7");
        let one = row.hash(&key(), &"de".into(), &"desk".into(), false).unwrap();
        assert_eq!(both.key, one.key);
        assert_eq!(both.identities.len(), 2);
    }
}
