//! The service provider's own keys.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::ConfigError;
use crate::keys::{Certificate, PrivateKey};

/// A private key with the certificate that carries its public half.
///
/// In serde form it is `{ "private_key": PEM, "certificate": PEM or base64 }`. It can be read and never written.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawKeyPair")]
pub struct KeyPair {
    private_key: PrivateKey,
    certificate: Certificate,
}

impl KeyPair {
    /// Puts a key and its certificate together.
    ///
    /// # Errors
    /// [`ConfigError::KeyMismatch`] if they don't belong to each other.
    pub fn new(private_key: PrivateKey, certificate: Certificate) -> Result<Self, ConfigError> {
        if !private_key.matches(&certificate) {
            return Err(ConfigError::KeyMismatch);
        }
        Ok(Self { private_key, certificate })
    }

    /// Gives the certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Gives the private key.
    #[must_use]
    pub fn private_key(&self) -> &PrivateKey {
        &self.private_key
    }
}

/// The keys of a service provider through their life.
///
/// | key | published | signs | decrypts |
/// |---|---|---|---|
/// | current | yes | yes | yes |
/// | next | yes | from its instant on | yes |
/// | retired | no | no | yes |
///
/// A key is changed without an outage so: publish it as *next*; when every identity provider has read the metadata,
/// make it *current* and the old one *retired*; drop that one when nothing is encrypted for it any more.
///
/// Serde form: `{ "current": pair, "next": pair, "next_signs_from": "2026-01-31T00:00:00Z", "retired": [pair] }`,
/// of which only `current` is required.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRing {
    current: KeyPair,
    #[serde(default)]
    next: Option<KeyPair>,
    #[serde(default)]
    next_signs_from: Option<DateTime<Utc>>,
    #[serde(default)]
    retired: Vec<KeyPair>,
}

impl KeyRing {
    /// Makes a ring of one key.
    #[must_use]
    pub fn new(current: KeyPair) -> Self {
        Self { current, next: None, next_signs_from: None, retired: Vec::new() }
    }

    /// Sets the key that will follow, and the instant from which it signs; without one it only decrypts.
    #[must_use]
    pub fn with_next(mut self, next: KeyPair, signs_from: Option<DateTime<Utc>>) -> Self {
        self.next = Some(next);
        self.next_signs_from = signs_from;
        self
    }

    /// Adds a key that is no longer published but still decrypts.
    #[must_use]
    pub fn with_retired(mut self, retired: KeyPair) -> Self {
        self.retired.push(retired);
        self
    }

    /// Gives the key that signs at an instant.
    #[must_use]
    pub fn signing(&self, now: DateTime<Utc>) -> &KeyPair {
        match (&self.next, self.next_signs_from) {
            (Some(next), Some(from)) if now >= from => next,
            _ => &self.current,
        }
    }

    /// Gives the keys that metadata publishes: current, then next.
    pub fn published(&self) -> impl Iterator<Item = &KeyPair> {
        std::iter::once(&self.current).chain(&self.next)
    }

    /// Gives the keys that are tried for decryption: current, next, retired.
    pub fn decrypting(&self) -> impl Iterator<Item = &KeyPair> {
        self.published().chain(&self.retired)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKeyPair {
    private_key: PrivateKey,
    certificate: Certificate,
}

impl TryFrom<RawKeyPair> for KeyPair {
    type Error = ConfigError;

    fn try_from(raw: RawKeyPair) -> Result<Self, ConfigError> {
        Self::new(raw.private_key, raw.certificate)
    }
}
