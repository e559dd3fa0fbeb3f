//! The second engine: libxmlsec1 on libxml2. Same screen, same policy, other code.

use super::structure::Signature;
use super::xmlsec_ffi::{self, Job, Refused};
use super::{Engine, SignatureAlgorithm, SignatureError};
use crate::keys::VerificationKey;

/// Checks a signature whose form is good, with each of the keys; gives the key's place and the digested bytes.
pub(super) fn verify(
    signature: &Signature<'_>,
    keys: &[(usize, &VerificationKey)],
) -> Result<(usize, Vec<u8>), SignatureError> {
    let failed = SignatureError::EngineFailed { engine: Engine::Xmlsec };
    if !has(signature.algorithm) {
        return Err(SignatureError::EngineLacks { engine: Engine::Xmlsec, algorithm: signature.algorithm });
    }
    let Some(id) = signature.parent.attribute("ID") else { return Err(failed) };
    let job = Job {
        source: signature.parent.document().source(),
        owner: signature.parent.ordinal(),
        signature: signature.element.ordinal(),
        id,
        algorithm: signature.algorithm,
        method: signature.method.algorithm,
        transform: signature.transform.algorithm,
        digest: signature.digest,
    };
    for (place, key) in keys {
        match xmlsec_ffi::verify(&job, key) {
            Ok(bytes) if bytes.is_empty() => return Err(failed),
            Ok(bytes) => return Ok((*place, bytes)),
            Err(Refused::Bad) => {}
            Err(Refused::Broken) => return Err(failed),
        }
    }
    Err(SignatureError::NotVerified { tried: keys.len(), carries_other_certificate: false })
}

/// Whether libxmlsec1 1.2 has the algorithm: neither RSA-PSS nor Ed25519.
fn has(algorithm: SignatureAlgorithm) -> bool {
    use SignatureAlgorithm::{
        EcdsaSha1, EcdsaSha256, EcdsaSha384, EcdsaSha512, Ed25519, RsaPssSha256, RsaPssSha384, RsaPssSha512,
        RsaSha1, RsaSha256, RsaSha384, RsaSha512,
    };
    match algorithm {
        EcdsaSha1 | EcdsaSha256 | EcdsaSha384 | EcdsaSha512 | RsaSha1 | RsaSha256 | RsaSha384 | RsaSha512 => {
            true
        }
        Ed25519 | RsaPssSha256 | RsaPssSha384 | RsaPssSha512 => false,
    }
}
