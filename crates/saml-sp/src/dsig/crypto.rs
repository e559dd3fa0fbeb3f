//! Digests and public-key operations, by OpenSSL.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sha::{Sha256, Sha384, Sha512};
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};

use super::algorithm::Family;
use super::{DigestAlgorithm, SignatureAlgorithm};
use crate::keys::{Numbers, PrivateKey, VerificationKey};

/// Digests bytes.
pub(crate) fn digest(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    match algorithm {
        DigestAlgorithm::Sha256 => {
            // The functions of one call look the algorithm up each time; these do not.
            let mut sha = Sha256::new();
            sha.update(bytes);
            Ok(sha.finish().to_vec())
        }
        DigestAlgorithm::Sha384 => {
            let mut sha = Sha384::new();
            sha.update(bytes);
            Ok(sha.finish().to_vec())
        }
        DigestAlgorithm::Sha512 => {
            let mut sha = Sha512::new();
            sha.update(bytes);
            Ok(sha.finish().to_vec())
        }
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
    key: &VerificationKey,
    bytes: &[u8],
    signature: &[u8],
    ecdsa: EcdsaForm,
) -> bool {
    let verdict = match (algorithm.family(), key.numbers(), algorithm.digest()) {
        (Family::Rsa, Numbers::Rsa(rsa), Some(inner)) => verify_pkcs1(rsa, inner, bytes, signature),
        (Family::Ecdsa, Numbers::Ec(ec), Some(inner)) => {
            match raw_ecdsa(signature, field_bytes(key.pkey())) {
                Some(raw) => raw.and_then(|raw| raw.verify(&digest(inner, bytes)?, ec)),
                None if ecdsa == EcdsaForm::RawOrDer => {
                    verify_wrapped(algorithm, key.pkey(), bytes, signature)
                }
                None => Ok(false),
            }
        }
        _ => verify_wrapped(algorithm, key.pkey(), bytes, signature),
    };
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

/// RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2): the signature is as long as the modulus and opens to the digest with its
/// algorithm in front, to the last byte. OpenSSL has checked the padding around.
fn verify_pkcs1(
    rsa: &Rsa<Public>,
    inner: DigestAlgorithm,
    bytes: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let size = usize::try_from(rsa.size()).unwrap_or(0);
    if signature.len() != size {
        return Ok(false);
    }
    let mut opened = vec![0; size];
    let length = rsa.public_decrypt(signature, &mut opened, Padding::PKCS1)?;
    let found = opened.get(..length).and_then(|opened| opened.strip_prefix(digest_info(inner)));
    Ok(found == Some(&digest(inner, bytes)?))
}

/// What stands before a digest in RSASSA-PKCS1-v1_5 (RFC 8017 9.2, note 1).
fn digest_info(algorithm: DigestAlgorithm) -> &'static [u8] {
    match algorithm {
        DigestAlgorithm::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
        DigestAlgorithm::Sha256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
        }
        DigestAlgorithm::Sha384 => {
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
        }
        DigestAlgorithm::Sha512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
        }
    }
}

/// An ECDSA signature as r and s side by side; `None` if it does not have their length.
fn raw_ecdsa(signature: &[u8], size: usize) -> Option<Result<EcdsaSig, ErrorStack>> {
    let (r, s) = signature.split_at_checked(size).filter(|(_, s)| s.len() == size)?;
    let numbers = BigNum::from_slice(r).and_then(|r| Ok((r, BigNum::from_slice(s)?)));
    Some(numbers.and_then(|(r, s)| EcdsaSig::from_private_components(r, s)))
}

/// All that has no shorter way.
fn verify_wrapped(
    algorithm: SignatureAlgorithm,
    key: &PKey<Public>,
    bytes: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let Some(inner) = algorithm.digest() else {
        return Verifier::new_without_digest(key)?.verify_oneshot(signature, bytes);
    };
    let mut verifier = Verifier::new(message_digest(inner), key)?;
    if algorithm.family() == Family::RsaPss {
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        verifier.set_rsa_mgf1_md(message_digest(inner))?;
    }
    verifier.verify_oneshot(signature, bytes)
}

/// Signs bytes; ECDSA in raw form.
pub(super) fn sign(
    algorithm: SignatureAlgorithm,
    key: &PrivateKey,
    bytes: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let parts = match (algorithm.family(), key.numbers(), algorithm.digest()) {
        (Family::Rsa, Numbers::Rsa(rsa), Some(inner)) => {
            let opened = [digest_info(inner), &digest(inner, bytes)?].concat();
            let mut signature = vec![0; usize::try_from(rsa.size()).unwrap_or(0)];
            let length = rsa.private_encrypt(&opened, &mut signature, Padding::PKCS1)?;
            signature.truncate(length);
            return Ok(signature);
        }
        (Family::Ecdsa, Numbers::Ec(ec), Some(inner)) => EcdsaSig::sign(&digest(inner, bytes)?, ec)?,
        _ => return sign_wrapped(algorithm, key.pkey(), bytes),
    };
    let size = i32::try_from(field_bytes(key.pkey())).unwrap_or(0);
    let mut raw = parts.r().to_vec_padded(size)?;
    raw.extend(parts.s().to_vec_padded(size)?);
    Ok(raw)
}

/// All that has no shorter way.
fn sign_wrapped(
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
    signer.sign_oneshot_to_vec(bytes)
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
