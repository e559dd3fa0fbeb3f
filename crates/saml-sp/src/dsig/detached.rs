//! Signatures over octets: the redirect binding.

use super::{AlgorithmPolicy, SignatureError, SignatureEvidence, Signer};
use crate::keys::VerificationKey;

/// Checks a signature over octets (Bindings 3.4.4.1). `algorithm` is the value of `SigAlg`, `signature` is decoded.
/// Gives the evidence and which key verified.
pub(crate) fn verify_detached(
    octets: &[u8],
    algorithm: &str,
    signature: &[u8],
    keys: &[VerificationKey],
    policy: &AlgorithmPolicy,
) -> Result<(usize, SignatureEvidence), SignatureError> {
    let _ = (octets, algorithm, signature, keys, policy);
    Err(SignatureError::Digest)
}

/// Signs octets; the algorithm's URI goes into `SigAlg`. RSA PKCS#1 and ECDSA (raw r||s), as XML signatures have it.
pub(crate) fn sign_detached(octets: &[u8], signer: &Signer<'_>) -> Result<Vec<u8>, super::SignError> {
    let _ = (octets, signer);
    Err(super::SignError::Failed)
}
