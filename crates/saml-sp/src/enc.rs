//! XML Encryption: opening what was encrypted for us.

mod algorithm;
mod crypto;
mod decrypt;
mod encrypt;
mod error;
mod policy;
mod structure;

pub use algorithm::{DataEncryption, KeyTransport, Mgf};
pub use decrypt::EncryptionEvidence;
pub(crate) use decrypt::{DecryptionContext, decrypt};
pub(crate) use encrypt::{EncryptOptions, EncryptRandom, encrypt};
pub use error::DecryptError;
pub use policy::EncryptionPolicy;

/// The namespace of XML Encryption.
pub(crate) const XENC_NS: &str = "http://www.w3.org/2001/04/xmlenc#";
/// The namespace of what XML Encryption 1.1 added.
pub(crate) const XENC11_NS: &str = "http://www.w3.org/2009/xmlenc11#";

#[cfg(test)]
mod tests;
