//! The one place that asks the operating system for randomness.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// `N` fresh random bytes.
///
/// # Errors
/// [`NoRandomness`] when the operating system refuses.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0_u8; N];
    getrandom::fill(&mut out).map_err(|_| NoRandomness)?;
    Ok(out)
}

/// A fresh version 4 UUID.
///
/// # Errors
/// [`NoRandomness`] when the operating system refuses.
pub fn uuid() -> Result<uuid::Uuid, NoRandomness> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid())
}

/// 256 random bits as URL-safe text without padding.
///
/// # Errors
/// [`NoRandomness`] when the operating system refuses.
pub fn secret() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}
