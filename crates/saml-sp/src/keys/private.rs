//! Our own keys.

use std::fmt;
use std::sync::Arc;

use openssl::ec::EcKey;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use serde::{Deserialize, Deserializer};

use super::{Certificate, KeyError, KeyKind, Numbers};

/// A private key of ours, to sign or to decrypt with; parsed once.
///
/// It is never written: it has no `Serialize` and no `Display`, and its `Debug` tells kind and length alone. In
/// configuration it is a string in PEM form.
///
/// ```
/// # fn main() -> Result<(), saml_sp::KeyError> {
/// # let pem = include_str!("../../../../testdata/saml/captures/keys/sp.key");
/// let key = saml_sp::PrivateKey::from_pem(pem)?;
/// assert_eq!(format!("{key:?}"), "PrivateKey(RSA 2048 bits)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PrivateKey {
    inner: Arc<Inner>,
}

struct Inner {
    key: PKey<Private>,
    numbers: Numbers<EcKey<Private>, Rsa<Private>>,
    kind: KeyKind,
    fallback_secret: [u8; 32],
}

impl PrivateKey {
    /// Reads a key from PEM (PKCS#8, or the older forms of RSA and EC), not encrypted.
    ///
    /// # Errors
    /// [`KeyError::NotAPrivateKey`], [`KeyError::Unsupported`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        // An empty pass phrase, so that OpenSSL never asks a terminal.
        Self::from_pem_with_passphrase(pem, "")
    }

    /// Reads a key from PEM that is encrypted with a pass phrase.
    ///
    /// # Errors
    /// [`KeyError::NotAPrivateKey`], [`KeyError::Unsupported`].
    pub fn from_pem_with_passphrase(pem: &str, passphrase: &str) -> Result<Self, KeyError> {
        let key = PKey::private_key_from_pem_passphrase(pem.as_bytes(), passphrase.as_bytes())
            .map_err(|_| KeyError::NotAPrivateKey)?;
        let kind = match key.id() {
            Id::RSA => KeyKind::Rsa,
            Id::EC => KeyKind::Ec,
            Id::ED25519 => KeyKind::Ed25519,
            _ => return Err(KeyError::Unsupported),
        };
        let numbers = match kind {
            KeyKind::Ec => Numbers::Ec(key.ec_key().map_err(|_| KeyError::NotAPrivateKey)?),
            KeyKind::Ed25519 => Numbers::None,
            KeyKind::Rsa => Numbers::Rsa(key.rsa().map_err(|_| KeyError::NotAPrivateKey)?),
        };
        let der = key.private_key_to_der().map_err(|_| KeyError::NotAPrivateKey)?;
        let fallback_secret = openssl::sha::sha256(&der);
        Ok(Self { inner: Arc::new(Inner { key, numbers, kind, fallback_secret }) })
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.inner.kind
    }

    /// The length of the key.
    pub fn bits(&self) -> u32 {
        self.inner.key.bits()
    }

    /// Whether the certificate is of this key.
    pub fn matches(&self, certificate: &Certificate) -> bool {
        self.inner.key.public_eq(&certificate.public_key())
    }

    /// Stands in, together with a message, for a key that could not be unwrapped.
    pub(crate) fn fallback_secret(&self) -> &[u8; 32] {
        &self.inner.fallback_secret
    }

    pub(crate) fn pkey(&self) -> &PKey<Private> {
        &self.inner.key
    }

    pub(crate) fn numbers(&self) -> &Numbers<EcKey<Private>, Rsa<Private>> {
        &self.inner.numbers
    }
}

impl PartialEq for PrivateKey {
    /// Two are equal if they are the same key, told by the public half.
    fn eq(&self, other: &Self) -> bool {
        self.inner.key.public_eq(&other.inner.key)
    }
}

impl Eq for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} {} bits)", self.kind(), self.bits())
    }
}

impl<'de> Deserialize<'de> for PrivateKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error must not repeat the text that was given.
        Self::from_pem(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
