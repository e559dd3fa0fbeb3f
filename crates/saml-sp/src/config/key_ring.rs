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
/// make it *current* and the old one *retired* ([`KeyRing::switched`]); drop that one when nothing is encrypted for it any more.
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

    /// Gives the instant from which the next key signs, if there is one and it is set.
    #[must_use]
    pub fn switches_at(&self) -> Option<DateTime<Utc>> {
        self.next.as_ref().and(self.next_signs_from)
    }

    /// Gives the ring as it is once the switch is over: the next key is the current one and the old one is retired.
    ///
    /// Nothing has to be done at the switch itself, for the next key signs from then on. Store this one when the old key
    /// should leave the metadata. `None` if there is no next key, or if it doesn't sign yet.
    #[must_use]
    pub fn switched(&self, now: DateTime<Utc>) -> Option<Self> {
        let next = self.next.as_ref().filter(|_| self.switches_at().is_some_and(|from| now >= from))?;
        let mut retired = vec![self.current.clone()];
        retired.extend(self.retired.iter().cloned());
        Some(Self { current: next.clone(), next: None, next_signs_from: None, retired })
    }

    /// Gives every key with its place in its life: current, next, retired.
    pub fn stages(&self) -> impl Iterator<Item = (KeyStage, &KeyPair)> {
        let published = [(KeyStage::Current, Some(&self.current)), (KeyStage::Next, self.next.as_ref())];
        published
            .into_iter()
            .filter_map(|(stage, pair)| Some((stage, pair?)))
            .chain(self.retired.iter().map(|pair| (KeyStage::Retired, pair)))
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

/// Where a key of a [`KeyRing`] is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyStage {
    /// Published; signs until the next one does.
    Current,
    /// Published; signs from its instant on.
    Next,
    /// Decrypts what was encrypted before.
    Retired,
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
