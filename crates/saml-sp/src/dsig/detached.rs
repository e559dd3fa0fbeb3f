//! Signatures over octets: the redirect binding.

use super::crypto::{self, EcdsaForm};
use super::sign::{SignError, Signer};
use super::structure::signature_algorithm;
use super::verify::candidates;
use super::{AlgorithmPolicy, Engine, SignatureError, SignatureEvidence};
use crate::keys::VerificationKey;

/// Checks a signature over octets (Bindings 3.4.4.1). `algorithm` is the value of `SigAlg`, `signature` is decoded.
/// Gives the place of the key that verified, and the evidence. There is no XML in it, so no second engine is asked.
pub(crate) fn verify_detached(
    octets: &[u8],
    algorithm: &str,
    signature: &[u8],
    keys: &[VerificationKey],
    policy: &AlgorithmPolicy,
) -> Result<(usize, SignatureEvidence), SignatureError> {
    let algorithm = signature_algorithm(algorithm, policy)?;
    let candidates = candidates(algorithm, keys, policy)?;
    let good = |key: &VerificationKey| crypto::verify(algorithm, key, octets, signature, EcdsaForm::RawOrDer);
    let Some((place, key)) = candidates.iter().find(|(_, key)| good(key)) else {
        return Err(SignatureError::NotVerified {
            tried: candidates.len(),
            carries_other_certificate: false,
        });
    };
    let evidence = SignatureEvidence {
        key: key.fingerprint(),
        signature: algorithm,
        digest: None,
        canonicalization: None,
        engines: vec![Engine::Native],
    };
    Ok((*place, evidence))
}

/// Signs octets; the URI of `signer.signature` goes into `SigAlg`. ECDSA is written as r and s, as in XML.
pub(crate) fn sign_detached(octets: &[u8], signer: &Signer<'_>) -> Result<Vec<u8>, SignError> {
    signer.check()?;
    crypto::sign(signer.signature, signer.key, octets).map_err(|_| SignError::Failed)
}
