//! Opening an EncryptedAssertion, EncryptedID or EncryptedAttribute.

use super::structure::{self, ASSERTION_NS};
use super::{DataEncryption, DecryptError, EncryptionPolicy, KeyTransport, crypto};
use crate::keys::{KeyKind, PrivateKey};
use crate::limits::Limits;
use crate::xml::{Document, Element, XmlError, XmlErrorKind, with_declarations};

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

/// Opens the element inside of an EncryptedAssertion, EncryptedID or EncryptedAttribute and hands it to `read`, as the root
/// of a document of its own, with what is to be reported.
///
/// Each EncryptedKey is tried with each of our RSA keys. Whatever goes wrong from the first use of a key on is
/// [`DecryptError::Failed`] (ENC-06).
pub(crate) fn decrypt<R>(
    wrapper: Element<'_>,
    context: &DecryptionContext<'_>,
    read: impl FnOnce(Element<'_>, EncryptionEvidence) -> R,
) -> Result<R, DecryptError> {
    let DecryptionContext { keys, recipient, policy, signed_outside, limits } = *context;
    let encrypted = structure::read(wrapper, recipient, policy, signed_outside, limits)?;
    let ours = || keys.iter().enumerate().filter(|(_, key)| key.kind() == KeyKind::Rsa);
    if ours().next().is_none() {
        return Err(DecryptError::NoKey);
    }
    let expected = encrypted.expected.local;
    let length = encrypted.data.key_bytes();
    for wrapped in &encrypted.keys {
        for (place, key) in ours() {
            let unwrapped = crypto::unwrap_key(wrapped, key, length);
            let Some(plain) = crypto::decrypt_data(encrypted.data, &unwrapped, &encrypted.cipher) else {
                continue;
            };
            let is_expected = |root: &Element<'_>| root.is(ASSERTION_NS, expected);
            let alone = Document::parse(&plain.bytes, limits);
            let (completed, again);
            let root = match alone.as_ref().map(Document::root) {
                Ok(root) if is_expected(&root) => Some(root),
                other => {
                    completed = other
                        .map_or_else(lacks_prefix, |_| true)
                        .then(|| with_declarations(&plain.bytes, &wrapper.namespaces_in_scope()))
                        .flatten();
                    again = completed.as_deref().and_then(|bytes| Document::parse(bytes, limits).ok());
                    again.as_ref().map(Document::root).filter(is_expected)
                }
            };
            match root {
                Some(root) if plain.is_padded => {
                    let evidence = EncryptionEvidence {
                        data: encrypted.data,
                        key_transport: wrapped.transport,
                        key: place,
                    };
                    return Ok(read(root, evidence));
                }
                // Only who knows the key can make authenticated content, so this tells an attacker nothing new.
                _ if encrypted.data.is_authenticated() => return Err(DecryptError::Content { expected }),
                _ => {}
            }
        }
    }
    Err(DecryptError::Failed)
}

/// Whether an element was taken out of a document whose prefixes it uses.
///
/// Most stand alone and stay as they are, byte for byte. Such a one gets the declarations in scope around it, as if it had
/// been put in its place, and so does one that may have inherited its default namespace; exclusive canonicalization does
/// not see them.
fn lacks_prefix(error: &XmlError) -> bool {
    matches!(error.kind(), XmlErrorKind::UnboundPrefix { .. })
}
