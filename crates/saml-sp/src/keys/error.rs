//! Why a key or certificate was not taken.

/// Why a key or certificate was not taken.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is neither PEM, nor base64, nor DER.
    #[error("neither PEM nor base64 of DER")]
    Encoding,
    /// The bytes are not an X.509 certificate.
    #[error("not an X.509 certificate")]
    NotACertificate,
    /// The text holds more than one certificate where one is expected.
    #[error("more than one certificate where one is expected")]
    SeveralCertificates,
    /// The bytes are not a public key.
    #[error("not a public key")]
    NotAPublicKey,
    /// The text is not a private key in PEM form, or its pass phrase is missing or wrong.
    #[error("not a private key in PEM form, or its pass phrase is wrong")]
    NotAPrivateKey,
    /// SIG-06: the key is of a kind that no algorithm here works with, such as DSA.
    #[error("keys of this kind are not supported")]
    Unsupported,
    /// SIG-06: the key is too short.
    #[error("{kind} key of {found} bits, expected at least {expected}")]
    Weak {
        /// The kind of key.
        kind: super::KeyKind,
        /// Its bits.
        found: u32,
        /// The least that is taken.
        expected: u32,
    },
    /// The private key does not belong to the certificate.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

impl KeyError {
    /// Stable identifier for logs and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Encoding => "key.encoding",
            Self::NotACertificate => "key.not_a_certificate",
            Self::SeveralCertificates => "key.several_certificates",
            Self::NotAPublicKey => "key.not_a_public_key",
            Self::NotAPrivateKey => "key.not_a_private_key",
            Self::Unsupported => "key.unsupported",
            Self::Weak { .. } => "SIG-06",
            Self::Mismatch => "key.mismatch",
        }
    }
}
