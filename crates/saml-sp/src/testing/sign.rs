//! Signing of test messages: good ones by default, each part open to a forger.

use openssl::base64::encode_block;
use openssl::hash::{MessageDigest, hash};

use super::element::Element;
use super::{TestError, TestKey};

/// What a signature is made with.
///
/// The key decides between RSA and ECDSA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestAlgorithm {
    /// SHA-1, which is refused without a named option.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl TestAlgorithm {
    pub(super) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }

    pub(super) fn signature_uri(self, key: &TestKey) -> &'static str {
        match (self, key.is_rsa()) {
            (Self::Sha1, true) => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            (Self::Sha1, false) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
            (Self::Sha256, true) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            (Self::Sha256, false) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            (Self::Sha384, true) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            (Self::Sha384, false) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
            (Self::Sha512, true) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            (Self::Sha512, false) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        }
    }

    fn digest_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }
}

/// The parts of a signature that a forger turns.
#[derive(Clone, Debug)]
pub(super) struct Recipe<'a> {
    pub(super) key: &'a TestKey,
    pub(super) algorithm: TestAlgorithm,
    pub(super) transforms: Vec<&'static str>,
    /// The list of inclusive prefixes of the canonicalization.
    pub(super) prefix_list: Option<&'static str>,
    /// The Reference's URI; `#` and the element's ID if `None`.
    pub(super) uri: Option<String>,
}

impl<'a> Recipe<'a> {
    pub(super) fn new(key: &'a TestKey, algorithm: TestAlgorithm) -> Self {
        Self { key, algorithm, transforms: vec![ENVELOPED, EXCLUSIVE], prefix_list: None, uri: None }
    }

    /// A Reference to an element's canonical form.
    pub(super) fn reference(&self, element: &Element) -> Result<Element, TestError> {
        let uri = match &self.uri {
            Some(uri) => uri.clone(),
            None => format!("#{}", element.value("ID").unwrap_or_default()),
        };
        let digest = hash(self.algorithm.message_digest(), element.canonical().as_bytes())?;
        let transforms = self.transforms.iter().map(|uri| {
            let list = self.prefix_list.filter(|_| *uri == EXCLUSIVE);
            algorithm("ds:Transform", uri).child_if(
                list.map(|list| Element::new("ec:InclusiveNamespaces").attribute("PrefixList", list)),
            )
        });
        Ok(Element::new("ds:Reference")
            .attribute("URI", uri)
            .child(Element::new("ds:Transforms").children(transforms))
            .child(algorithm("ds:DigestMethod", self.algorithm.digest_uri()))
            .child(Element::new("ds:DigestValue").text(encode_block(&digest))))
    }

    /// A SignedInfo around References.
    pub(super) fn signed_info(&self, references: Vec<Element>) -> Element {
        Element::new("ds:SignedInfo")
            .child(algorithm("ds:CanonicalizationMethod", EXCLUSIVE))
            .child(algorithm("ds:SignatureMethod", self.algorithm.signature_uri(self.key)))
            .children(references)
    }

    /// The Signature over a SignedInfo.
    pub(super) fn signature(&self, signed_info: Element) -> Result<Element, TestError> {
        let value = self.key.sign(self.algorithm.message_digest(), signed_info.canonical().as_bytes())?;
        let certificate = Element::new("ds:X509Certificate").text(self.key.certificate_base64()?);
        Ok(Element::new("ds:Signature")
            .child(signed_info)
            .child(Element::new("ds:SignatureValue").text(encode_block(&value)))
            .child(Element::new("ds:KeyInfo").child(Element::new("ds:X509Data").child(certificate))))
    }

    /// The Signature over one element.
    pub(super) fn signature_of(&self, element: &Element) -> Result<Element, TestError> {
        self.signature(self.signed_info(vec![self.reference(element)?]))
    }

    /// Signs an element: puts the Signature behind its Issuer, or first if it has none.
    pub(super) fn sign(&self, element: &mut Element) -> Result<(), TestError> {
        let signature = self.signature_of(element)?;
        let place = usize::from(element.find("saml:Issuer").is_some());
        element.insert(place, signature);
        Ok(())
    }
}

fn algorithm(name: &'static str, uri: &str) -> Element {
    Element::new(name).attribute("Algorithm", uri)
}

pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
