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
    let _ = (element, keys, policy, engines, limits);
    Err(SignatureError::Digest)
}
