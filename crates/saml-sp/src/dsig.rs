//! Signatures: one seam, two engines.
//!
//! In goes a screened document, the place of the signature, the trusted keys and the allowed algorithms; out come the
//! exact bytes that were digested. Identity is read from those bytes and from nothing else (SIG-10).

mod algorithm;
pub(crate) mod crypto;
mod detached;
mod error;
mod native;
mod policy;
mod sign;
mod structure;
mod verify;
#[cfg(feature = "xmlsec")]
mod xmlsec_engine;
#[cfg(feature = "xmlsec")]
mod xmlsec_ffi;

pub(crate) use algorithm::algorithms;
pub use algorithm::{Canonicalization, DigestAlgorithm, SignatureAlgorithm};
pub(crate) use detached::{sign_detached, verify_detached};
pub use error::{Disagreement, SignatureError};
pub use policy::{AlgorithmPolicy, Engine, Engines};
pub use sign::SignError;
pub(crate) use sign::{Signer, sign_enveloped};
pub(crate) use structure::decode_base64;
pub use verify::SignatureEvidence;
pub(crate) use verify::{Covered, signature_of, verify_enveloped};
#[cfg(feature = "xmlsec")]
pub(crate) use xmlsec_ffi::XmlsecKey;
#[cfg(all(test, feature = "xmlsec"))]
pub(crate) use xmlsec_ffi::oracle;

/// The namespace of XML Signature.
pub(crate) const DS_NS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of exclusive canonicalization, and its identifier.
pub(crate) const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

#[cfg(test)]
mod tests;
