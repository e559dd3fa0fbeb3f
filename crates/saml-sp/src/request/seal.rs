//! A pending login in a cookie: nobody but this host can read or change it.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

use super::PendingLogin;

/// A key of 256 bits that seals pending logins; all nodes of a host share it.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// Takes the key's bytes, which must be random and secret.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SealKey(256 bits)")
    }
}

/// Why a sealed pending login wasn't opened.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The text was changed, sealed with another key, or isn't a sealed pending login at all.
    #[error("not a pending login that was sealed with one of the keys")]
    Forged,
    /// The cryptographic library failed, or the value is too long to seal.
    #[error("the pending login could not be sealed")]
    Failed,
}

impl OpenError {
    /// Gives the id of the broken rule, stable over releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forged => "TEN-09",
            Self::Failed => "seal.failed",
        }
    }
}

impl PendingLogin {
    /// Seals the pending login into a text for a cookie, with AES-256-GCM.
    ///
    /// # Errors
    /// [`OpenError::Failed`] if the cryptographic library fails or the result doesn't fit into a cookie.
    ///
    /// # Security
    /// `nonce` is 12 bytes of the host's random source, never used twice with one key.
    pub fn seal(&self, key: &SealKey, nonce: [u8; 12]) -> Result<String, OpenError> {
        let plain = serde_json::to_vec(self).map_err(|_| OpenError::Failed)?;
        let mut tag = [0_u8; TAG];
        let sealed = encrypt_aead(Cipher::aes_256_gcm(), &key.0, Some(&nonce), PURPOSE, &plain, &mut tag)
            .map_err(|_| OpenError::Failed)?;
        let text = BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &tag, &sealed].concat());
        if text.len() > MAX_SEALED {
            return Err(OpenError::Failed);
        }
        Ok(text)
    }

    /// Opens a sealed pending login; several keys allow for changing the key.
    ///
    /// # Errors
    /// [`OpenError::Forged`] if it wasn't sealed with one of the keys.
    pub fn open(sealed: &str, keys: &[SealKey]) -> Result<Self, OpenError> {
        if sealed.len() > MAX_SEALED {
            return Err(OpenError::Forged);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).map_err(|_| OpenError::Forged)?;
        let (nonce, rest) = bytes.split_at_checked(NONCE).ok_or(OpenError::Forged)?;
        let (tag, sealed) = rest.split_at_checked(TAG).ok_or(OpenError::Forged)?;
        keys.iter()
            .find_map(|key| {
                decrypt_aead(Cipher::aes_256_gcm(), &key.0, Some(nonce), PURPOSE, sealed, tag).ok()
            })
            .and_then(|plain| serde_json::from_slice(&plain).ok())
            .ok_or(OpenError::Forged)
    }
}

const NONCE: usize = 12;
const TAG: usize = 16;
/// Keeps a text that the same key sealed for something else from being taken.
const PURPOSE: &[u8] = b"saml-sp pending login 1";
/// Browsers keep cookies of up to 4096 bytes, name and attributes included.
const MAX_SEALED: usize = 3800;
