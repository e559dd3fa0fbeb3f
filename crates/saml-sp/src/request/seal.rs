//! A pending login or logout in a cookie: nobody but this host can read or change it.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use serde::{Serialize, de::DeserializeOwned};

use super::PendingLogin;
use crate::logout::PendingLogout;

/// A key of 256 bits that seals pending logins and logouts; all nodes of a host share it.
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

/// Why a pending login or logout wasn't sealed or opened.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The text was changed, sealed with another key, or isn't a sealed value of this kind at all.
    #[error("not sealed with one of the keys")]
    Forged,
    /// The cryptographic library failed, or the value is too long to seal.
    #[error("the value could not be sealed")]
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
        seal(self, LOGIN, key, nonce)
    }

    /// Opens a sealed pending login; several keys allow for changing the key.
    ///
    /// # Errors
    /// [`OpenError::Forged`] if it wasn't sealed with one of the keys.
    pub fn open(sealed: &str, keys: &[SealKey]) -> Result<Self, OpenError> {
        open(sealed, LOGIN, keys)
    }
}

impl PendingLogout {
    /// Seals the pending logout into a text for a cookie, with AES-256-GCM.
    ///
    /// # Errors
    /// [`OpenError::Failed`] if the cryptographic library fails or the result doesn't fit into a cookie.
    ///
    /// # Security
    /// `nonce` is 12 bytes of the host's random source, never used twice with one key.
    pub fn seal(&self, key: &SealKey, nonce: [u8; 12]) -> Result<String, OpenError> {
        seal(self, LOGOUT, key, nonce)
    }

    /// Opens a sealed pending logout; several keys allow for changing the key.
    ///
    /// # Errors
    /// [`OpenError::Forged`] if it wasn't sealed with one of the keys.
    pub fn open(sealed: &str, keys: &[SealKey]) -> Result<Self, OpenError> {
        open(sealed, LOGOUT, keys)
    }
}

fn seal<T: Serialize>(
    value: &T,
    purpose: &[u8],
    key: &SealKey,
    nonce: [u8; 12],
) -> Result<String, OpenError> {
    let plain = serde_json::to_vec(value).map_err(|_| OpenError::Failed)?;
    let mut tag = [0_u8; TAG];
    let sealed = encrypt_aead(Cipher::aes_256_gcm(), &key.0, Some(&nonce), purpose, &plain, &mut tag)
        .map_err(|_| OpenError::Failed)?;
    let text = BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &tag, &sealed].concat());
    if text.len() > MAX_SEALED {
        return Err(OpenError::Failed);
    }
    Ok(text)
}

fn open<T: DeserializeOwned>(sealed: &str, purpose: &[u8], keys: &[SealKey]) -> Result<T, OpenError> {
    if sealed.len() > MAX_SEALED {
        return Err(OpenError::Forged);
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).map_err(|_| OpenError::Forged)?;
    let (nonce, rest) = bytes.split_at_checked(NONCE).ok_or(OpenError::Forged)?;
    let (tag, sealed) = rest.split_at_checked(TAG).ok_or(OpenError::Forged)?;
    keys.iter()
        .find_map(|key| decrypt_aead(Cipher::aes_256_gcm(), &key.0, Some(nonce), purpose, sealed, tag).ok())
        .and_then(|plain| serde_json::from_slice(&plain).ok())
        .ok_or(OpenError::Forged)
}

const NONCE: usize = 12;
const TAG: usize = 16;
// Authenticated along: a text that the same key sealed for something else isn't taken.
const LOGIN: &[u8] = b"saml-sp pending login 1";
const LOGOUT: &[u8] = b"saml-sp pending logout 1";
/// Browsers keep cookies of up to 4096 bytes, name and attributes included.
const MAX_SEALED: usize = 3800;
