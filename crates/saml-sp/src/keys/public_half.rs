//! What tells a key from others, whatever certificate carries it.

use super::{VerificationKey, certificate::hex};

impl VerificationKey {
    /// SHA-256 in hex, lower case, over the DER of the public key alone: the same for every certificate that carries the
    /// key, a renewed one for one.
    pub fn public_key_fingerprint(&self) -> String {
        // INVARIANT: a key that can't be written as DER isn't made.
        hex(&openssl::sha::sha256(&self.pkey().public_key_to_der().unwrap_or_default()))
    }
}
