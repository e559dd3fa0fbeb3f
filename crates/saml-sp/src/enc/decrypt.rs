//! Opening an EncryptedAssertion, EncryptedID or EncryptedAttribute.

use super::{DataEncryption, DecryptError, EncryptionPolicy, KeyTransport};
use crate::keys::PrivateKey;
use crate::limits::Limits;
use crate::xml::Element;

/// What decryption needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DecryptionContext<'a> {
    /// Current, next and retired: each is tried (ENC-05).
    pub(crate) keys: &'a [PrivateKey],
    /// Our entity id, to choose among several EncryptedKeys.
    pub(crate) recipient: &'a str,
    pub(crate) policy: &'a EncryptionPolicy,
    /// Whether a verified signature covers the element that is to be decrypted.
    pub(crate) signed_outside: bool,
    pub(crate) limits: &'a Limits,
}

/// Opened content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decrypted {
    /// The element that was inside, as bytes of a document of its own, which the strict reader takes.
    pub(crate) bytes: Vec<u8>,
    /// What to report.
    pub(crate) evidence: EncryptionEvidence,
}

/// How something was encrypted.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionEvidence {
    /// How the content was encrypted.
    pub data: DataEncryption,
    /// How its key was.
    pub key_transport: KeyTransport,
    /// Which of our keys opened it: its place in the key ring, current first.
    pub key: usize,
}

/// Opens the element inside of an EncryptedAssertion, EncryptedID, NewEncryptedID or EncryptedAttribute.
pub(crate) fn decrypt(
    wrapper: Element<'_>,
    context: &DecryptionContext<'_>,
) -> Result<Decrypted, DecryptError> {
    let _ = (wrapper, context);
    Err(DecryptError::Failed)
}
