//! Why something was not decrypted.

use super::DataEncryption;

/// Why something was not decrypted.
///
/// Whatever depends on a key or on decrypted bytes is one and the same [`DecryptError::Failed`] (ENC-06). The others
/// are read off the message without a key.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// ENC-01: the element has not the form that the schema gives it.
    #[error("malformed encryption: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// ENC-02: a data encryption that is unknown or not allowed by policy.
    #[error("data encryption `{found}` is not allowed")]
    DataAlgorithm {
        /// The algorithm, cut to 256 characters.
        found: String,
    },
    /// ENC-02: an encryption without authentication, on bytes that no verified signature covers.
    #[error("data encryption `{found}` is only allowed under a signature on the encrypted message")]
    UnsignedCbc {
        /// The algorithm.
        found: DataEncryption,
    },
    /// ENC-03: a key transport that is unknown or not allowed by policy.
    #[error("key transport `{found}` is not allowed")]
    KeyTransport {
        /// The algorithm, or its digest or mask generation function, cut to 256 characters.
        found: String,
    },
    /// ENC-04: no EncryptedKey goes with the EncryptedData.
    #[error("no EncryptedKey for the EncryptedData")]
    NoEncryptedKey,
    /// ENC-05: we have no key to decrypt with.
    #[error("no decryption key is configured")]
    NoKey,
    /// ENC-06: it does not open. No more is told, to no one.
    #[error("decryption failed")]
    Failed,
    /// ENC-08: authenticated content that is not the element that the wrapper is for.
    #[error("the decrypted content is not one `{expected}`")]
    Content {
        /// The element that belongs in the wrapper.
        expected: &'static str,
    },
    /// ENC-09: a `Type` other than that of an element.
    #[error("EncryptedData of Type `{found}`, expected an element")]
    DataType {
        /// The type, cut to 256 characters.
        found: String,
    },
    /// ENC-09: a KeySize or a child of EncryptionMethod that does not fit the algorithm.
    #[error("EncryptionMethod does not fit its algorithm: {what}")]
    Method {
        /// What does not fit.
        what: &'static str,
    },
    /// ENC-09: content or key that is to be fetched from elsewhere.
    #[error("a reference to content elsewhere: {what}")]
    ExternalReference {
        /// The element that refers.
        what: &'static str,
    },
    /// ENC-10: more EncryptedKeys than `Limits::encrypted_keys`.
    #[error("more than {limit} EncryptedKeys")]
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
}

impl DecryptError {
    /// The rule that was broken, stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "ENC-01",
            Self::DataAlgorithm { .. } | Self::UnsignedCbc { .. } => "ENC-02",
            Self::KeyTransport { .. } => "ENC-03",
            Self::NoEncryptedKey => "ENC-04",
            Self::NoKey => "ENC-05",
            Self::Failed => "ENC-06",
            Self::Content { .. } => "ENC-08",
            Self::DataType { .. } | Self::Method { .. } | Self::ExternalReference { .. } => "ENC-09",
            Self::TooManyKeys { .. } => "ENC-10",
        }
    }
}
