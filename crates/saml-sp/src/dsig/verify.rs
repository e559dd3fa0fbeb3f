//! The seam.

use super::structure::Signature;
use super::{
    AlgorithmPolicy, Canonicalization, DigestAlgorithm, Disagreement, Engine, Engines, SignatureAlgorithm,
    SignatureError,
};
use crate::keys::VerificationKey;
use crate::limits::Limits;
use crate::xml::Element;

/// The signed bytes of an element, and what is known about the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    /// The exact bytes that were digested: the element without its own Signature, in canonical form. They are read
    /// as a document of their own, and nothing else is (SIG-10).
    pub(crate) bytes: Vec<u8>,
    /// Which of the keys verified: its place in the list that was given.
    pub(crate) key: usize,
    /// What to report.
    pub(crate) evidence: SignatureEvidence,
}

/// What a good signature was made with and who checked it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureEvidence {
    /// The key that verified, as [`VerificationKey::fingerprint`] tells it.
    pub key: String,
    /// The signature algorithm.
    pub signature: SignatureAlgorithm,
    /// The digest algorithm of the Reference; absent for a detached signature, which has none of its own.
    pub digest: Option<DigestAlgorithm>,
    /// How the element was canonicalized; absent for a detached signature.
    pub canonicalization: Option<Canonicalization>,
    /// The engines that found it good.
    pub engines: Vec<Engine>,
}

/// The Signature that an element holds directly, if any.
///
/// # Errors
/// SIG-03 for several, or for one that is not in its place.
pub(crate) fn signature_of<'d>(element: Element<'d>) -> Result<Option<Element<'d>>, SignatureError> {
    super::structure::find(element)
}

/// Checks the enveloped signature of an element and gives the bytes that it covers.
///
/// Every key that fits the algorithm is tried (SIG-08); KeyInfo is not asked for trust (SIG-07).
pub(crate) fn verify_enveloped(
    element: Element<'_>,
    keys: &[VerificationKey],
    policy: &AlgorithmPolicy,
    engines: Engines,
    limits: &Limits,
) -> Result<Covered, SignatureError> {
    let signature = super::structure::read(element, policy, limits)?;
    let candidates = candidates(signature.algorithm, keys, policy)?;
    let (key, bytes, engines) = match engines {
        Engines::Native => {
            let (key, bytes) = super::native::verify(&signature, &candidates)?;
            (key, bytes, vec![Engine::Native])
        }
        Engines::Xmlsec => {
            let (key, bytes) = xmlsec(&signature, &candidates)?;
            (key, bytes, vec![Engine::Xmlsec])
        }
        Engines::Agreement => agreement(&signature, &candidates)?,
    };
    let fingerprint = keys.get(key).map(VerificationKey::fingerprint).unwrap_or_default();
    let evidence = SignatureEvidence {
        key: fingerprint,
        signature: signature.algorithm,
        digest: Some(signature.digest),
        canonicalization: Some(signature.transform.algorithm),
        engines,
    };
    Ok(Covered { bytes, key, evidence })
}

/// The keys that fit an algorithm and are strong enough, with their places (SIG-06, SIG-17).
pub(super) fn candidates<'k>(
    algorithm: SignatureAlgorithm,
    keys: &'k [VerificationKey],
    policy: &AlgorithmPolicy,
) -> Result<Vec<(usize, &'k VerificationKey)>, SignatureError> {
    let fitting: Vec<_> =
        keys.iter().enumerate().filter(|(_, key)| super::crypto::fits(algorithm, key.pkey())).collect();
    let Some(longest) = fitting.iter().map(|(_, key)| key.bits()).max() else {
        return Err(SignatureError::KeyType { algorithm });
    };
    let strong: Vec<_> = fitting.into_iter().filter(|(_, key)| policy.accepts_key(key).is_ok()).collect();
    if strong.is_empty() {
        return Err(SignatureError::WeakKey { found: longest, expected: policy.rsa_floor() });
    }
    Ok(strong)
}

fn agreement(
    signature: &Signature<'_>,
    candidates: &[(usize, &VerificationKey)],
) -> Result<(usize, Vec<u8>, Vec<Engine>), SignatureError> {
    let native = super::native::verify(signature, candidates);
    let other = match &native {
        // The same key must do for the other engine.
        Ok((place, _)) => {
            let same: Vec<_> = candidates.iter().filter(|(known, _)| known == place).copied().collect();
            xmlsec(signature, &same)
        }
        Err(_) => xmlsec(signature, candidates),
    };
    judge(native, other)
}

/// What a single engine says: the place of the key and the bytes that were digested.
type Verdict = Result<(usize, Vec<u8>), SignatureError>;

/// Both must say the same (SIG-18).
pub(super) fn judge(
    native: Verdict,
    other: Verdict,
) -> Result<(usize, Vec<u8>, Vec<Engine>), SignatureError> {
    match (native, other) {
        (_, Err(error @ (SignatureError::EngineMissing { .. } | SignatureError::EngineFailed { .. }))) => {
            Err(error)
        }
        // An algorithm that libxmlsec1 lacks: the native engine decides alone, and the evidence says so.
        (native, Err(SignatureError::EngineLacks { .. })) => {
            native.map(|(key, bytes)| (key, bytes, vec![Engine::Native]))
        }
        (Ok((key, bytes)), Ok((_, other))) if bytes == other => {
            Ok((key, bytes, vec![Engine::Native, Engine::Xmlsec]))
        }
        (Ok(_), Ok(_)) => Err(SignatureError::Disagreement(Disagreement::Bytes)),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => Err(SignatureError::Disagreement(Disagreement::Verdict)),
        (Err(error), Err(_)) => Err(error),
    }
}

#[cfg(feature = "xmlsec")]
fn xmlsec(signature: &Signature<'_>, candidates: &[(usize, &VerificationKey)]) -> Verdict {
    super::xmlsec_engine::verify(signature, candidates)
}

#[cfg(not(feature = "xmlsec"))]
fn xmlsec(_: &Signature<'_>, _: &[(usize, &VerificationKey)]) -> Verdict {
    Err(SignatureError::EngineMissing { engine: Engine::Xmlsec })
}
