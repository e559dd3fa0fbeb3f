//! The form of a Signature, checked before any engine sees it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::shown;
use super::{
    AlgorithmPolicy, Canonicalization, DS_NS, DigestAlgorithm, EXC_C14N, SignatureAlgorithm, SignatureError,
};
use crate::limits::Limits;
use crate::xml::c14n::C14n;
use crate::xml::{Element, is_ncname};

/// A Signature whose form and algorithms are good; its values are not checked yet.
#[derive(Debug)]
pub(super) struct Signature<'d> {
    /// The element that it signs, and stands in.
    pub(super) parent: Element<'d>,
    pub(super) element: Element<'d>,
    pub(super) signed_info: Element<'d>,
    /// How SignedInfo is canonicalized.
    pub(super) method: Method<'d>,
    pub(super) algorithm: SignatureAlgorithm,
    /// How the parent is canonicalized.
    pub(super) transform: Method<'d>,
    pub(super) digest: DigestAlgorithm,
    pub(super) digest_value: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) key_info: Option<Element<'d>>,
}

/// A canonicalization with its parameter.
#[derive(Debug)]
pub(super) struct Method<'d> {
    pub(super) algorithm: Canonicalization,
    pub(super) inclusive_prefixes: Vec<&'d str>,
}

impl Method<'_> {
    /// The reference is by ID, which selects no comments (XML Signature 4.4.3.3); SignedInfo has none.
    pub(super) fn c14n(&self) -> C14n<'_> {
        C14n { algorithm: self.algorithm, comments: false, inclusive_prefixes: &self.inclusive_prefixes }
    }
}

/// The Signature that an element holds directly, in its place: first, or after Issuer (SIG-03).
pub(super) fn find<'d>(element: Element<'d>) -> Result<Option<Element<'d>>, SignatureError> {
    let found = element.children_named(DS_NS, "Signature").count();
    let Some(signature) = element.child(DS_NS, "Signature") else { return Ok(None) };
    let name = || element.local_name().to_owned();
    if found > 1 {
        return Err(SignatureError::SignatureCount { element: name(), found });
    }
    let is_issuer = |child: Element<'_>| child.is(ASSERTION_NS, "Issuer");
    let mut children = element.children();
    let in_place = match (children.next(), children.next()) {
        (Some(first), second) if first == signature => !second.is_some_and(is_issuer),
        (Some(first), Some(second)) => is_issuer(first) && second == signature,
        _ => false,
    };
    if in_place { Ok(Some(signature)) } else { Err(SignatureError::Misplaced { element: name() }) }
}

/// Reads the Signature of an element and refuses every form but the one that SAML allows (SIG-01 to SIG-06, SIG-22).
pub(super) fn read<'d>(
    parent: Element<'d>,
    policy: &AlgorithmPolicy,
    limits: &Limits,
) -> Result<Signature<'d>, SignatureError> {
    let name = || parent.local_name().to_owned();
    let element = find(parent)?.ok_or_else(|| SignatureError::Missing { element: name() })?;
    let id = parent.attribute("ID").ok_or_else(|| SignatureError::NoId { element: name() })?;

    if element.child(DS_NS, "Object").is_some() {
        return Err(SignatureError::Object);
    }
    let mut children = Sequence::of(element, "Signature")?;
    let signed_info = children.required("SignedInfo")?;
    let value_element = children.required("SignatureValue")?;
    let key_info = children.optional("KeyInfo");
    children.end()?;
    for (checked, name) in [(signed_info, "SignedInfo"), (value_element, "SignatureValue")] {
        if checked.contains_comment() {
            return Err(SignatureError::Comment { element: name });
        }
    }

    let found = signed_info.children_named(DS_NS, "Reference").count();
    if found != 1 {
        return Err(SignatureError::ReferenceCount { found });
    }
    let mut children = Sequence::of(signed_info, "SignedInfo")?;
    let method_element = children.required("CanonicalizationMethod")?;
    let signature_method = children.required("SignatureMethod")?;
    let reference = children.required("Reference")?;
    children.end()?;

    let method = canonicalization(method_element, policy, limits)?;
    let algorithm = signature_algorithm(required_algorithm(signature_method)?, policy)?;
    empty(signature_method, "SignatureMethod with parameters")?;

    let expected = format!("#{id}");
    let uri = reference.attribute("URI").unwrap_or_default();
    if uri != expected {
        return Err(SignatureError::ReferenceTarget { expected, found: shown(uri) });
    }
    let mut children = Sequence::of(reference, "Reference")?;
    let transforms = children.optional("Transforms");
    let digest_method = children.required("DigestMethod")?;
    let digest_element = children.required("DigestValue")?;
    children.end()?;

    let transform = read_transforms(transforms, policy, limits)?;
    let digest_uri = required_algorithm(digest_method)?;
    let digest = DigestAlgorithm::from_uri(digest_uri)
        .filter(|digest| policy.allows_digest(*digest))
        .ok_or_else(|| SignatureError::DigestAlgorithm { found: shown(digest_uri) })?;
    empty(digest_method, "DigestMethod with parameters")?;
    let digest_value = value(digest_element, "DigestValue is not base64")?;
    let value = value(value_element, "SignatureValue is not base64")?;
    Ok(Signature {
        parent,
        element,
        signed_info,
        method,
        algorithm,
        transform,
        digest,
        digest_value,
        value,
        key_info,
    })
}

/// The algorithm of a URI, if policy takes it.
pub(super) fn signature_algorithm(
    uri: &str,
    policy: &AlgorithmPolicy,
) -> Result<SignatureAlgorithm, SignatureError> {
    SignatureAlgorithm::from_uri(uri)
        .filter(|algorithm| policy.allows_signature(*algorithm))
        .ok_or_else(|| SignatureError::SignatureAlgorithm { found: shown(uri) })
}

fn read_transforms<'d>(
    transforms: Option<Element<'d>>,
    policy: &AlgorithmPolicy,
    limits: &Limits,
) -> Result<Method<'d>, SignatureError> {
    let Some(transforms) = transforms else { return Err(SignatureError::TransformCount { found: 0 }) };
    if transforms.has_mixed_content() {
        return Err(SignatureError::Malformed { what: "text inside of Transforms" });
    }
    let found = transforms.children().count();
    for transform in transforms.children() {
        let uri = required_algorithm(transform)?;
        let known = uri == ENVELOPED || Canonicalization::from_uri(uri).is_some();
        if !known || !transform.is(DS_NS, "Transform") {
            return Err(SignatureError::Transform { found: shown(uri) });
        }
    }
    if found == 0 || found > 2 {
        return Err(SignatureError::TransformCount { found });
    }
    let mut children = transforms.children();
    if let Some(first) = children.next() {
        let uri = required_algorithm(first)?;
        if uri != ENVELOPED {
            return Err(SignatureError::Transform { found: shown(uri) });
        }
        empty(first, "a transform with parameters")?;
    }
    match children.next() {
        Some(second) if required_algorithm(second)? == ENVELOPED => {
            Err(SignatureError::Transform { found: ENVELOPED.to_owned() })
        }
        Some(second) => canonicalization(second, policy, limits),
        // XML Signature 4.4.3.2: nodes become bytes by canonical XML 1.0 without comments.
        None if policy.allows_canonicalization(Canonicalization::Inclusive) => {
            Ok(Method { algorithm: Canonicalization::Inclusive, inclusive_prefixes: Vec::new() })
        }
        None => Err(SignatureError::Canonicalization { found: Canonicalization::Inclusive.uri().to_owned() }),
    }
}

/// Reads a CanonicalizationMethod, or a Transform that is one.
fn canonicalization<'d>(
    element: Element<'d>,
    policy: &AlgorithmPolicy,
    limits: &Limits,
) -> Result<Method<'d>, SignatureError> {
    let uri = required_algorithm(element)?;
    let algorithm = Canonicalization::from_uri(uri)
        .filter(|algorithm| policy.allows_canonicalization(*algorithm))
        .ok_or_else(|| SignatureError::Canonicalization { found: shown(uri) })?;
    if !algorithm.is_exclusive() {
        empty(element, "canonicalization with parameters")?;
        return Ok(Method { algorithm, inclusive_prefixes: Vec::new() });
    }
    if element.has_mixed_content() {
        return Err(SignatureError::Malformed { what: "text inside of a canonicalization" });
    }
    let mut children = element.children();
    let inclusive_prefixes = match (children.next(), children.next()) {
        (None, _) => Vec::new(),
        (Some(list), None) if list.is(EXC_C14N, "InclusiveNamespaces") => prefix_list(list, limits)?,
        _ => return Err(SignatureError::InclusiveNamespaces),
    };
    Ok(Method { algorithm, inclusive_prefixes })
}

fn prefix_list<'d>(list: Element<'d>, limits: &Limits) -> Result<Vec<&'d str>, SignatureError> {
    empty(list, "InclusiveNamespaces with content")?;
    let text = list.attribute("PrefixList").ok_or(SignatureError::InclusiveNamespaces)?;
    let prefixes: Vec<&str> =
        text.split_ascii_whitespace().take(limits.inclusive_prefixes.saturating_add(1)).collect();
    let good = |prefix: &&str| **prefix == *"#default" || is_ncname(prefix);
    if prefixes.len() > limits.inclusive_prefixes || !prefixes.iter().all(good) {
        return Err(SignatureError::InclusiveNamespaces);
    }
    Ok(prefixes)
}

fn required_algorithm(element: Element<'_>) -> Result<&str, SignatureError> {
    element
        .attribute("Algorithm")
        .ok_or(SignatureError::Malformed { what: "an Algorithm attribute is missing" })
}

fn empty(element: Element<'_>, what: &'static str) -> Result<(), SignatureError> {
    if element.children().next().is_some() || element.has_mixed_content() {
        return Err(SignatureError::Malformed { what });
    }
    Ok(())
}

/// Base64 in an element. White space is dropped, a carriage return written as a reference too (XML-08).
fn value(element: Element<'_>, what: &'static str) -> Result<Vec<u8>, SignatureError> {
    if !element.has_only_text() {
        return Err(SignatureError::Malformed { what });
    }
    decode_base64(&element.text()).ok_or(SignatureError::Malformed { what })
}

/// Base64 with white space anywhere in it; `None` for anything else, and for nothing.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    // No early exit: so it is done many bytes at a time. Most have none.
    let decoded = if text.bytes().fold(false, |found, byte| found | is_space(byte)) {
        let compact: Vec<u8> = text.bytes().filter(|byte| !is_space(*byte)).collect();
        STANDARD.decode(compact)
    } else {
        STANDARD.decode(text)
    };
    decoded.ok().filter(|decoded| !decoded.is_empty())
}

/// Children that must come in the order of the schema.
struct Sequence<'d> {
    children: std::iter::Peekable<crate::xml::Children<'d>>,
}

impl<'d> Sequence<'d> {
    fn of(element: Element<'d>, name: &'static str) -> Result<Self, SignatureError> {
        // The name keeps the message a constant for each place.
        let what = match name {
            "Signature" => "text inside of Signature",
            "SignedInfo" => "text inside of SignedInfo",
            _ => "text inside of Reference",
        };
        if element.has_mixed_content() {
            return Err(SignatureError::Malformed { what });
        }
        Ok(Self { children: element.children().peekable() })
    }

    fn optional(&mut self, local: &str) -> Option<Element<'d>> {
        self.children.next_if(|child| child.is(DS_NS, local))
    }

    fn required(&mut self, local: &'static str) -> Result<Element<'d>, SignatureError> {
        self.optional(local).ok_or(SignatureError::Malformed {
            what: match local {
                "SignedInfo" => "SignedInfo is not where it belongs",
                "SignatureValue" => "SignatureValue is not where it belongs",
                "CanonicalizationMethod" => "CanonicalizationMethod is not where it belongs",
                "SignatureMethod" => "SignatureMethod is not where it belongs",
                "Reference" => "Reference is not where it belongs",
                "DigestMethod" => "DigestMethod is not where it belongs",
                _ => "DigestValue is not where it belongs",
            },
        })
    }

    fn end(mut self) -> Result<(), SignatureError> {
        match self.children.next() {
            None => Ok(()),
            Some(_) => Err(SignatureError::Malformed { what: "an element where none belongs" }),
        }
    }
}

pub(super) const ASSERTION_NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
