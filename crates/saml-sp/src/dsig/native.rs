//! The native engine: this crate's canonicalization, OpenSSL's cryptography.

use super::crypto::{self, EcdsaForm};
use super::structure::Signature;
use super::{Canonicalization, SignatureError};
use crate::keys::VerificationKey;
use crate::xml::Element;
use crate::xml::c14n::{C14n, canonicalize};

/// Checks a signature whose form is good, with each of the keys; gives the key's place and the digested bytes.
pub(super) fn verify(
    signature: &Signature<'_>,
    keys: &[(usize, &VerificationKey)],
) -> Result<(usize, Vec<u8>), SignatureError> {
    let signed_info = canonical(signature.signed_info, None, &signature.method.c14n())?;
    let good = |key: &VerificationKey| {
        crypto::verify(signature.algorithm, key, &signed_info, &signature.value, EcdsaForm::Raw)
    };
    let Some((place, _)) = keys.iter().find(|(_, key)| good(key)) else {
        return Err(not_verified(signature, keys));
    };
    let bytes = canonical(signature.parent, Some(signature.element), &signature.transform.c14n())?;
    let digest = crypto::digest(signature.digest, &bytes).map_err(|_| SignatureError::Digest)?;
    if digest != signature.digest_value {
        return Err(SignatureError::Digest);
    }
    Ok((*place, bytes))
}

fn canonical(
    element: Element<'_>,
    without: Option<Element<'_>>,
    c14n: &C14n<'_>,
) -> Result<Vec<u8>, SignatureError> {
    let mut bytes = Vec::with_capacity(element.source().len());
    let failed = |algorithm: Canonicalization| SignatureError::CanonicalizationFailed { algorithm };
    canonicalize(element, without, c14n, &mut bytes).map_err(|_| failed(c14n.algorithm))?;
    if bytes.is_empty() {
        return Err(failed(c14n.algorithm));
    }
    Ok(bytes)
}

/// Tells whether the Signature names a certificate that is not configured: a hint for people, never trust (SIG-07).
fn not_verified(signature: &Signature<'_>, keys: &[(usize, &VerificationKey)]) -> SignatureError {
    let configured = |der: &[u8]| {
        keys.iter().any(|(_, key)| key.certificate().is_some_and(|certificate| certificate.der() == der))
    };
    let carries_other_certificate = signature.key_info.is_some_and(|key_info| {
        key_info
            .descendants_and_self()
            .find(|element| element.is(super::DS_NS, "X509Certificate"))
            .and_then(|element| super::structure::decode_base64(&element.text()))
            .is_some_and(|der| !configured(&der))
    });
    SignatureError::NotVerified { tried: keys.len(), carries_other_certificate }
}
