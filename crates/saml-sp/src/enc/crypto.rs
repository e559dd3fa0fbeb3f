//! Keys unwrapped and bytes decrypted, by OpenSSL.

use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode, decrypt_aead};

use super::structure::WrappedKey;
use super::{DataEncryption, KeyTransport, Mgf};
use crate::dsig::DigestAlgorithm;
use crate::dsig::crypto::message_digest;
use crate::keys::{Numbers, PrivateKey};

/// Unwraps a key of this length. If that fails, a key comes back all the same: one that only depends on the private
/// key and the message, so that what follows costs and looks the same (XEnc 6.7 and 6.8).
pub(super) fn unwrap_key(wrapped: &WrappedKey, key: &PrivateKey, length: usize) -> Vec<u8> {
    match try_unwrap(wrapped, key) {
        Ok(unwrapped) if unwrapped.len() == length => unwrapped,
        _ => {
            let mut seed = key.fallback_secret().to_vec();
            seed.extend_from_slice(&wrapped.cipher);
            let mut fallback = openssl::sha::sha512(&seed).to_vec();
            fallback.truncate(length);
            fallback
        }
    }
}

fn try_unwrap(wrapped: &WrappedKey, key: &PrivateKey) -> Result<Vec<u8>, ErrorStack> {
    let is_plain_oaep = wrapped.transport != KeyTransport::Rsa15
        && wrapped.digest == DigestAlgorithm::Sha1
        && wrapped.mgf == Mgf::Mgf1Sha1
        && wrapped.label.is_empty();
    if let (true, Numbers::Rsa(rsa)) = (is_plain_oaep, key.numbers()) {
        // What nearly everyone sends needs no algorithm to be looked up.
        let mut unwrapped = vec![0; usize::try_from(rsa.size()).unwrap_or(0)];
        let length = rsa.private_decrypt(&wrapped.cipher, &mut unwrapped, Padding::PKCS1_OAEP)?;
        unwrapped.truncate(length);
        return Ok(unwrapped);
    }
    let mut decrypter = Decrypter::new(key.pkey())?;
    match wrapped.transport {
        KeyTransport::Rsa15 => decrypter.set_rsa_padding(Padding::PKCS1)?,
        KeyTransport::RsaOaep | KeyTransport::RsaOaepMgf1p => {
            decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
            decrypter.set_rsa_oaep_md(message_digest(wrapped.digest))?;
            decrypter.set_rsa_mgf1_md(message_digest(mgf_digest(wrapped.mgf)))?;
            if !wrapped.label.is_empty() {
                decrypter.set_rsa_oaep_label(&wrapped.label)?;
            }
        }
    }
    let mut unwrapped = vec![0; decrypter.decrypt_len(&wrapped.cipher)?];
    let length = decrypter.decrypt(&wrapped.cipher, &mut unwrapped)?;
    unwrapped.truncate(length);
    Ok(unwrapped)
}

pub(super) fn mgf_digest(mgf: Mgf) -> DigestAlgorithm {
    match mgf {
        Mgf::Mgf1Sha1 => DigestAlgorithm::Sha1,
        Mgf::Mgf1Sha256 => DigestAlgorithm::Sha256,
        Mgf::Mgf1Sha384 => DigestAlgorithm::Sha384,
        Mgf::Mgf1Sha512 => DigestAlgorithm::Sha512,
    }
}

/// What came of decrypting.
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    /// Whether the padding was one. If not, the bytes are to be looked at as if it were, and then forgotten: who times
    /// the answer must not learn of it (XEnc 6.7, Vaudenay).
    pub(super) is_padded: bool,
}

/// Decrypts; `None` if the bytes aren't even of the form, or not authentic.
pub(super) fn decrypt_data(algorithm: DataEncryption, key: &[u8], bytes: &[u8]) -> Option<Plain> {
    if algorithm.is_authenticated() {
        let (iv, rest) = bytes.split_at_checked(GCM_IV)?;
        let (cipher_text, tag) = rest.split_at_checked(rest.len().checked_sub(GCM_TAG)?)?;
        let bytes = decrypt_aead(cipher(algorithm), key, Some(iv), &[], cipher_text, tag).ok()?;
        return Some(Plain { bytes, is_padded: true });
    }
    let cipher = cipher(algorithm);
    let block = cipher.block_size();
    let (iv, cipher_text) = bytes.split_at_checked(block)?;
    if cipher_text.is_empty() || cipher_text.len().checked_rem(block) != Some(0) {
        return None;
    }
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(iv)).ok()?;
    crypter.pad(false);
    let mut plain = vec![0; cipher_text.len().checked_add(block)?];
    let mut length = crypter.update(cipher_text, &mut plain).ok()?;
    length = length.checked_add(crypter.finalize(plain.get_mut(length..)?).ok()?)?;
    plain.truncate(length);
    // XEnc 5.2: the last byte tells how many are padding, the others of them are arbitrary.
    let padding = usize::from(*plain.last()?);
    let is_padded = (1..=block).contains(&padding);
    plain.truncate(plain.len().checked_sub(if is_padded { padding } else { block })?);
    Some(Plain { bytes: plain, is_padded })
}

pub(super) fn cipher(algorithm: DataEncryption) -> Cipher {
    match algorithm {
        DataEncryption::Aes128Cbc => Cipher::aes_128_cbc(),
        DataEncryption::Aes128Gcm => Cipher::aes_128_gcm(),
        DataEncryption::Aes192Cbc => Cipher::aes_192_cbc(),
        DataEncryption::Aes192Gcm => Cipher::aes_192_gcm(),
        DataEncryption::Aes256Cbc => Cipher::aes_256_cbc(),
        DataEncryption::Aes256Gcm => Cipher::aes_256_gcm(),
        DataEncryption::TripleDes => Cipher::des_ede3_cbc(),
    }
}

/// XEnc 5.2.4: 96 bits of IV, 128 bits of tag, exactly.
pub(super) const GCM_IV: usize = 12;
pub(super) const GCM_TAG: usize = 16;
