//! Signing what we send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::structure::{ASSERTION_NS, ENVELOPED};
use super::{Canonicalization, DS_NS, DigestAlgorithm, SignatureAlgorithm, crypto};
use crate::keys::{Certificate, KeyKind, PrivateKey};
use crate::limits::Limits;
use crate::xml::c14n::{C14n, canonicalize};
use crate::xml::write::XmlElement;
use crate::xml::{Document, Element};

/// What to sign with, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a PrivateKey,
    /// Goes into KeyInfo, if given.
    pub(crate) certificate: Option<&'a Certificate>,
    pub(crate) signature: SignatureAlgorithm,
    pub(crate) digest: DigestAlgorithm,
    pub(crate) canonicalization: Canonicalization,
}

impl<'a> Signer<'a> {
    /// Signs with SHA-256 and exclusive canonicalization, and whatever signature the key can make.
    pub(crate) fn new(key: &'a PrivateKey, certificate: Option<&'a Certificate>) -> Self {
        let signature = match key.kind() {
            KeyKind::Ec => SignatureAlgorithm::EcdsaSha256,
            KeyKind::Ed25519 => SignatureAlgorithm::Ed25519,
            KeyKind::Rsa => SignatureAlgorithm::RsaSha256,
        };
        Self {
            key,
            certificate,
            signature,
            digest: DigestAlgorithm::Sha256,
            canonicalization: Canonicalization::Exclusive,
        }
    }
}

/// Why nothing was signed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The document to sign is not one that the strict reader takes.
    #[error("the document to sign is malformed: {0}")]
    Document(#[from] crate::xml::XmlError),
    /// The document has no element with this ID.
    #[error("the document has no element with ID `{id}`")]
    NoSuchId {
        /// The ID.
        id: String,
    },
    /// The key is not of the kind that the algorithm needs.
    #[error("the key does not fit signature algorithm `{algorithm}`")]
    KeyType {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// The cryptographic library failed.
    #[error("signing failed")]
    Failed,
}

/// Signs the element with this `ID` inside of a document: its Signature is put after Issuer, or first.
/// The rest of the document stays as it is, byte for byte; only `<a/>` becomes `<a></a>`.
pub(crate) fn sign_enveloped(document: &[u8], id: &str, signer: &Signer<'_>) -> Result<Vec<u8>, SignError> {
    signer.check()?;
    let limits = own_limits();
    let (open, element_id) = {
        let parsed = Document::parse(document, &limits)?;
        let element = parsed.element_by_id(id).ok_or_else(|| SignError::NoSuchId { id: id.to_owned() })?;
        let digest = signer.digest_of(element)?;
        let signature = signer.template(id, &digest);
        (insert(parsed.source(), element, &signature), element.attribute("ID").map(str::to_owned))
    };
    // SignedInfo is canonicalized where it will stand, since inclusive forms depend on what is around it.
    let parsed = Document::parse(open.as_bytes(), &limits)?;
    let element = element_id.and_then(|id| parsed.element_by_id(&id)).ok_or(SignError::Failed)?;
    let signature = element.child(DS_NS, "Signature").ok_or(SignError::Failed)?;
    let signed_info = signature.child(DS_NS, "SignedInfo").ok_or(SignError::Failed)?;
    let value_element = signature.child(DS_NS, "SignatureValue").ok_or(SignError::Failed)?;
    let mut bytes = Vec::new();
    canonicalize(signed_info, None, &signer.c14n(), &mut bytes).map_err(|_| SignError::Failed)?;
    let value = crypto::sign(signer.signature, signer.key, &bytes).map_err(|_| SignError::Failed)?;
    let (before, after) = open.split_at_checked(value_element.content_start()).ok_or(SignError::Failed)?;
    Ok([before, &STANDARD.encode(value), after].concat().into_bytes())
}

impl Signer<'_> {
    pub(super) fn check(&self) -> Result<(), SignError> {
        if crypto::fits(self.signature, self.key.pkey()) {
            Ok(())
        } else {
            Err(SignError::KeyType { algorithm: self.signature })
        }
    }

    fn c14n(&self) -> C14n<'static> {
        C14n { algorithm: self.canonicalization, comments: false, inclusive_prefixes: &[] }
    }

    fn digest_of(&self, element: Element<'_>) -> Result<String, SignError> {
        let mut bytes = Vec::new();
        canonicalize(element, None, &self.c14n(), &mut bytes).map_err(|_| SignError::Failed)?;
        let digest = crypto::digest(self.digest, &bytes).map_err(|_| SignError::Failed)?;
        Ok(STANDARD.encode(digest))
    }

    /// The Signature with an empty SignatureValue.
    fn template(&self, id: &str, digest: &str) -> String {
        let ds = |local| XmlElement::new("ds", DS_NS, local);
        let algorithm = |local, uri: &str| ds(local).attr("Algorithm", uri);
        let c14n = self.canonicalization.uri();
        let signed_info = ds("SignedInfo")
            .child(algorithm("CanonicalizationMethod", c14n))
            .child(algorithm("SignatureMethod", self.signature.uri()))
            .child(
                ds("Reference")
                    .attr("URI", format!("#{id}"))
                    .child(
                        ds("Transforms")
                            .child(algorithm("Transform", ENVELOPED))
                            .child(algorithm("Transform", c14n)),
                    )
                    .child(algorithm("DigestMethod", self.digest.uri()))
                    .child(ds("DigestValue").text(digest)),
            );
        let key_info = self.certificate.map(|certificate| {
            let certificate = ds("X509Certificate").text(certificate.to_base64());
            ds("KeyInfo").child(ds("X509Data").child(certificate))
        });
        ds("Signature").child(signed_info).child(ds("SignatureValue")).child_opt(key_info).to_xml()
    }
}

fn insert(source: &str, element: Element<'_>, signature: &str) -> String {
    let (from, to) = element.span();
    if element.content_start() == to {
        // `<a/>` has no inside to put anything into.
        let tag = element.source().strip_suffix("/>").unwrap_or_default();
        let (before, after) = (source.get(..from).unwrap_or_default(), source.get(to..).unwrap_or_default());
        return format!("{before}{tag}>{signature}</{}>{after}", element.qualified_name());
    }
    let issuer = element.children().next().filter(|child| child.is(ASSERTION_NS, "Issuer"));
    let at = issuer.map_or(element.content_start(), |issuer| issuer.span().1);
    let (before, after) = source.split_at_checked(at).unwrap_or((source, ""));
    format!("{before}{signature}{after}")
}

/// What we sign is our own: aggregates of metadata may be large.
fn own_limits() -> Limits {
    Limits {
        message_bytes: 256 * 1024 * 1024,
        nodes: usize::MAX,
        namespace_declarations: usize::MAX,
        ..Limits::default()
    }
}
