//! The strict reader, opened for tests.

use crate::Limits;
use crate::dsig::Canonicalization;
use crate::xml::c14n::{C14n, canonicalize};
use crate::xml::{Document, XmlError};

/// Reads a document as every message is read, and writes it in exclusive canonical form without comments.
///
/// For fuzzers and comparisons with other readers: what is written must be read again, and be the same.
///
/// ```
/// let canonical = saml_sp::testing::canonical_form(b"<a b='1'/>", &saml_sp::Limits::default())?;
/// assert_eq!(canonical, b"<a b=\"1\"></a>");
/// # Ok::<(), saml_sp::XmlError>(())
/// ```
///
/// # Errors
/// The reader's [`XmlError`].
pub fn canonical_form(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, XmlError> {
    let document = Document::parse(bytes, limits)?;
    let form = C14n { algorithm: Canonicalization::Exclusive, comments: false, inclusive_prefixes: &[] };
    let mut out = Vec::new();
    match canonicalize(document.root(), None, &form, &mut out) {
        Ok(()) => Ok(out),
        // Only inclusive canonicalization can fail.
        Err(_) => Ok(Vec::new()),
    }
}
