//! Encrypting for a recipient: what a test identity provider does.

use super::{DataEncryption, KeyTransport, Mgf};
use crate::dsig::DigestAlgorithm;
use crate::keys::Certificate;

/// How to encrypt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncryptOptions<'a> {
    pub(crate) recipient: &'a Certificate,
    pub(crate) data: DataEncryption,
    pub(crate) key_transport: KeyTransport,
    pub(crate) digest: DigestAlgorithm,
    /// For xmlenc11 OAEP only; absent means MGF1-SHA1.
    pub(crate) mgf: Option<Mgf>,
    pub(crate) oaep_params: Option<&'a [u8]>,
}

/// Randomness that the caller passes. OpenSSL pads RSA with randomness of its own.
#[derive(Clone, Copy)]
pub(crate) struct EncryptRandom {
    pub(crate) key: [u8; 32],
    pub(crate) iv: [u8; 16],
}

/// Encrypts an element to an `xenc:EncryptedData` with the EncryptedKey in its KeyInfo, as text with all namespaces
/// declared in place.
pub(crate) fn encrypt(
    element: &[u8],
    options: &EncryptOptions<'_>,
    random: &EncryptRandom,
) -> Result<String, crate::keys::KeyError> {
    let _ = (element, options, random);
    Err(crate::keys::KeyError::Unsupported)
}
