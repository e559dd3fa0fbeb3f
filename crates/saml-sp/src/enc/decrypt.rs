//! Opening an EncryptedAssertion, EncryptedID or EncryptedAttribute.

use super::structure::{self, ASSERTION_NS};
use super::{DataEncryption, DecryptError, EncryptionPolicy, KeyTransport, crypto};
use crate::keys::{KeyKind, PrivateKey};
use crate::limits::Limits;
use crate::xml::{Document, Element, XmlErrorKind, with_declarations};

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

/// Opens the element inside of an EncryptedAssertion, EncryptedID or EncryptedAttribute.
///
/// Each EncryptedKey is tried with each of our RSA keys. Whatever goes wrong from the first use of a key on is
/// [`DecryptError::Failed`] (ENC-06).
pub(crate) fn decrypt(
    wrapper: Element<'_>,
    context: &DecryptionContext<'_>,
) -> Result<Decrypted, DecryptError> {
    let DecryptionContext { keys, recipient, policy, signed_outside, limits } = *context;
    let encrypted = structure::read(wrapper, recipient, policy, signed_outside, limits)?;
    let ours = || keys.iter().enumerate().filter(|(_, key)| key.kind() == KeyKind::Rsa);
    if ours().next().is_none() {
        return Err(DecryptError::NoKey);
    }
    let length = encrypted.data.key_bytes();
    for wrapped in &encrypted.keys {
        for (place, key) in ours() {
            let unwrapped = crypto::unwrap_key(wrapped, key, length);
            let Some(plain) = crypto::decrypt_data(encrypted.data, &unwrapped, &encrypted.cipher) else {
                continue;
            };
            match document_of(plain, wrapper, encrypted.expected.local, limits) {
                Ok(bytes) => {
                    let evidence = EncryptionEvidence {
                        data: encrypted.data,
                        key_transport: wrapped.transport,
                        key: place,
                    };
                    return Ok(Decrypted { bytes, evidence });
                }
                // Only who knows the key can make authenticated content, so this tells an attacker nothing new.
                Err(Unfit) if encrypted.data.is_authenticated() => {
                    return Err(DecryptError::Content { expected: encrypted.expected.local });
                }
                Err(Unfit) => {}
            }
        }
    }
    Err(DecryptError::Failed)
}

/// The decrypted bytes are not the one element that belongs there.
struct Unfit;

/// Makes the decrypted element a document of its own.
///
/// Most stand alone and stay as they are, byte for byte. One that uses prefixes of the document around gets the
/// declarations in scope there, as if it had been put in its place; exclusive canonicalization does not see them.
fn document_of(
    plain: Vec<u8>,
    wrapper: Element<'_>,
    expected: &str,
    limits: &Limits,
) -> Result<Vec<u8>, Unfit> {
    let is_expected = |bytes: &[u8]| {
        Document::parse(bytes, limits).map(|document| document.root().is(ASSERTION_NS, expected))
    };
    let alone = is_expected(&plain);
    let needs_context = match &alone {
        Ok(true) => return Ok(plain),
        // It may have inherited its default namespace.
        Ok(false) => true,
        Err(error) => matches!(error.kind(), XmlErrorKind::UnboundPrefix { .. }),
    };
    if needs_context
        && let Some(bytes) = with_declarations(&plain, &wrapper.namespaces_in_scope())
        && is_expected(&bytes) == Ok(true)
    {
        return Ok(bytes);
    }
    Err(Unfit)
}
