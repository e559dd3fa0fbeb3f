#![doc = include_str!("../README.md")]

mod dsig;
mod enc;
mod keys;
mod limits;
mod xml;

pub use dsig::{
    AlgorithmPolicy, Canonicalization, DigestAlgorithm, Disagreement, Engine, Engines, SignError,
    SignatureAlgorithm, SignatureError, SignatureEvidence,
};
pub use enc::{DataEncryption, DecryptError, EncryptionEvidence, EncryptionPolicy, KeyTransport, Mgf};
pub use keys::{Certificate, KeyError, KeyKind, PrivateKey, VerificationKey};
pub use limits::Limits;
pub use xml::{XmlError, XmlErrorKind};
