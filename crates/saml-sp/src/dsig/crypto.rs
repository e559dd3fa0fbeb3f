//! Digests and public-key operations, by OpenSSL.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};

use super::algorithm::Family;
use super::{DigestAlgorithm, SignatureAlgorithm};

/// Digests bytes.
pub(crate) fn digest(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    match algorithm {
        DigestAlgorithm::Sha256 => Ok(openssl::sha::sha256(bytes).to_vec()),
        DigestAlgorithm::Sha384 => Ok(openssl::sha::sha384(bytes).to_vec()),
        DigestAlgorithm::Sha512 => Ok(openssl::sha::sha512(bytes).to_vec()),
        DigestAlgorithm::Sha1 => Ok(hash(MessageDigest::sha1(), bytes)?.to_vec()),
    }
}

/// OpenSSL's name for a digest.
pub(crate) fn message_digest(algorithm: DigestAlgorithm) -> MessageDigest {
    match algorithm {
        DigestAlgorithm::Sha1 => MessageDigest::sha1(),
        DigestAlgorithm::Sha256 => MessageDigest::sha256(),
        DigestAlgorithm::Sha384 => MessageDigest::sha384(),
        DigestAlgorithm::Sha512 => MessageDigest::sha512(),
    }
}

/// Whether a signature over bytes is good. What is not even a signature is as bad as a wrong one.
pub(super) fn verify(
    algorithm: SignatureAlgorithm,
    key: &PKey<Public>,
    bytes: &[u8],
    signature: &[u8],
    ecdsa: EcdsaForm,
) -> bool {
    let verdict = try_verify(algorithm, key, bytes, signature, ecdsa);
    verdict.unwrap_or(false)
}

/// How an ECDSA signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EcdsaForm {
    /// r and s, each as long as the field: what XML Signature says.
    Raw,
    /// That, or the DER that many products put into a redirect, for which Bindings 3.4.4.1 names no form.
    RawOrDer,
}

fn try_verify(
    algorithm: SignatureAlgorithm,
    key: &PKey<Public>,
    bytes: &[u8],
    signature: &[u8],
    ecdsa: EcdsaForm,
) -> Result<bool, ErrorStack> {
    let Some(inner) = algorithm.digest() else {
        return Verifier::new_without_digest(key)?.verify_oneshot(signature, bytes);
    };
    let mut verifier = Verifier::new(message_digest(inner), key)?;
    match algorithm.family() {
        Family::RsaPss => {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            verifier.set_rsa_mgf1_md(message_digest(inner))?;
        }
        Family::Ecdsa => {
            let size = field_bytes(key);
            return match signature.split_at_checked(size) {
                Some((r, s)) if s.len() == size => {
                    let raw =
                        EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
                    verifier.verify_oneshot(&raw.to_der()?, bytes)
                }
                _ if ecdsa == EcdsaForm::RawOrDer => verifier.verify_oneshot(signature, bytes),
                _ => Ok(false),
            };
        }
        Family::Rsa | Family::Ed25519 => {}
    }
    verifier.verify_oneshot(signature, bytes)
}

/// Signs bytes; ECDSA in raw form.
pub(super) fn sign(
    algorithm: SignatureAlgorithm,
    key: &PKey<Private>,
    bytes: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let Some(inner) = algorithm.digest() else {
        return Signer::new_without_digest(key)?.sign_oneshot_to_vec(bytes);
    };
    let mut signer = Signer::new(message_digest(inner), key)?;
    if algorithm.family() == Family::RsaPss {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        signer.set_rsa_mgf1_md(message_digest(inner))?;
    }
    let signature = signer.sign_oneshot_to_vec(bytes)?;
    if algorithm.family() != Family::Ecdsa {
        return Ok(signature);
    }
    let size = i32::try_from(field_bytes(key)).unwrap_or(0);
    let parts = EcdsaSig::from_der(&signature)?;
    let mut raw = parts.r().to_vec_padded(size)?;
    raw.extend(parts.s().to_vec_padded(size)?);
    Ok(raw)
}

/// Whether a key is of the kind that an algorithm needs (SIG-17).
pub(super) fn fits<T: HasPublic>(algorithm: SignatureAlgorithm, key: &PKeyRef<T>) -> bool {
    let needed = match algorithm.family() {
        Family::Ecdsa => Id::EC,
        Family::Ed25519 => Id::ED25519,
        Family::Rsa | Family::RsaPss => Id::RSA,
    };
    key.id() == needed
}

/// How long r and s are: the bytes of the curve's field.
fn field_bytes<T: HasPublic>(key: &PKeyRef<T>) -> usize {
    usize::try_from(key.bits().div_ceil(8)).unwrap_or(0)
}
