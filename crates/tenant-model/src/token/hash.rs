//! The keyed hash that is stored in place of a token (TOK-02).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::form::{hex, unhex};
use crate::ids::KeyId;

/// A secret of the host for the hash of tokens: HMAC-SHA-256.
///
/// A stolen table is then of no use to someone who has not also got the key.
#[derive(Clone)]
pub struct HashKey {
    id: KeyId,
    mac: Hmac<Sha256>,
}

impl HashKey {
    /// Bytes that a key must have at least: as many as the hash gives (RFC 2104 section 3).
    pub const MIN_BYTES: usize = 32;

    /// A key from the host's secret bytes.
    ///
    /// # Errors
    /// [`HashKeyError::TooShort`] below [`HashKey::MIN_BYTES`].
    pub fn new(id: KeyId, secret: &[u8]) -> Result<Self, HashKeyError> {
        let too_short = HashKeyError::TooShort { found: secret.len(), min: Self::MIN_BYTES };
        if secret.len() < Self::MIN_BYTES {
            return Err(too_short);
        }
        let mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| too_short)?;
        Ok(Self { id, mac })
    }

    /// Its id, stored with each hash.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(crate) fn hash(&self, text: &str) -> TokenHash {
        self.hash_for(HashPurpose::Token, text)
    }

    pub(crate) fn hash_for(&self, purpose: HashPurpose, text: &str) -> TokenHash {
        let mut mac = self.mac.clone();
        // So that no hash made with the same key for another purpose can stand in for this one.
        mac.update(match purpose {
            HashPurpose::ClientSecret => b"client-secret\0",
            HashPurpose::SetupLink => b"setup-link\0",
            HashPurpose::Token => b"scim-token\0",
        });
        mac.update(text.as_bytes());
        TokenHash(mac.finalize().into_bytes().into())
    }
}

/// What a hash stands for.
#[derive(Clone, Copy)]
pub(crate) enum HashPurpose {
    ClientSecret,
    SetupLink,
    Token,
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why bytes are no hash key, or keys no key ring.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashKeyError {
    /// Two keys have one id.
    #[error("two hash keys have the id `{id}`")]
    SameId {
        /// The id.
        id: KeyId,
    },
    /// Too few bytes.
    #[error("a hash key needs at least {min} bytes, found {found}")]
    TooShort {
        /// Bytes given.
        found: usize,
        /// Bytes needed.
        min: usize,
    },
}

/// The key for new hashes and the older ones that stored hashes still need.
#[derive(Clone, Debug)]
pub struct HashKeys {
    current: HashKey,
    older: Vec<HashKey>,
}

impl HashKeys {
    /// A key ring.
    ///
    /// # Errors
    /// [`HashKeyError::SameId`] if an id is there twice.
    pub fn new(current: HashKey, older: Vec<HashKey>) -> Result<Self, HashKeyError> {
        let mut seen = vec![&current.id];
        for key in &older {
            if seen.contains(&&key.id) {
                return Err(HashKeyError::SameId { id: key.id.clone() });
            }
            seen.push(&key.id);
        }
        Ok(Self { current, older })
    }

    /// The key for new hashes.
    #[must_use]
    pub fn current(&self) -> &HashKey {
        &self.current
    }

    /// The key with this id, if it is on the ring.
    pub(crate) fn find(&self, id: &KeyId) -> Option<&HashKey> {
        std::iter::once(&self.current).chain(&self.older).find(|key| key.id == *id)
    }
}

/// A stored hash: 32 bytes, as 64 hexadecimal digits in serde. `Debug` does not show it.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The bytes, for a binary column.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A hash from the bytes of a binary column.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// In constant time, so that `==` is never the wrong thing.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hex(&hash.0)
    }
}

impl TryFrom<String> for TokenHash {
    type Error = TokenHashError;

    fn try_from(text: String) -> Result<Self, TokenHashError> {
        unhex(&text).map(Self).ok_or(TokenHashError)
    }
}

/// A text that is no stored hash; an empty one is none either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token hash is 64 hexadecimal digits")]
pub struct TokenHashError;
