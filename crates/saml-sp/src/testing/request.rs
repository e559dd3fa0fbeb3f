//! What a service provider sends to the test identity provider.

use std::io::Read;

use chrono::{DateTime, Utc};
use flate2::read::DeflateDecoder;
use openssl::base64::decode_block;
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;

use super::{LoginAnswer, TestError, TestNameId};
use crate::names::{ASSERTION, PROTOCOL};
use crate::xml::{Document, Element};
use crate::{Inbound, Limits};

/// A message of a service provider, as the test identity provider read it.
///
/// Reading verifies nothing; [`TestRequest::verify_query`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestRequest {
    /// What it is.
    pub kind: TestRequestKind,
    /// The `ID`.
    pub id: String,
    /// The `InResponseTo`, if it is a response.
    pub in_response_to: Option<String>,
    /// The entity id of the service provider.
    pub issuer: Option<String>,
    /// The `Destination`.
    pub destination: Option<String>,
    /// The `AssertionConsumerServiceURL`.
    pub acs_url: Option<String>,
    /// The `ForceAuthn`.
    pub force_authn: bool,
    /// The `IsPassive`.
    pub is_passive: bool,
    /// The `Format` of the NameIDPolicy.
    pub name_id_format: Option<String>,
    /// Whose sessions shall end, if it is a LogoutRequest.
    pub name_id: Option<TestNameId>,
    /// Which sessions shall end, if it is a LogoutRequest.
    pub session_indexes: Vec<String>,
    /// The top-level status code, if it is a LogoutResponse.
    pub status: Option<String>,
    /// The artifact to be exchanged, if it is an ArtifactResolve.
    pub artifact: Option<String>,
    /// The RelayState, to be given back unchanged.
    pub relay_state: Option<String>,
    /// Whether an XML signature stands in the message.
    pub has_xml_signature: bool,
    query_signature: Option<QuerySignature>,
}

/// What a service provider may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestRequestKind {
    /// An ArtifactResolve, by SOAP.
    ArtifactResolve,
    /// An AuthnRequest.
    Authn,
    /// A LogoutRequest.
    Logout,
    /// A LogoutResponse.
    LogoutResponse,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct QuerySignature {
    octets: String,
    algorithm: String,
    value: Vec<u8>,
}

impl TestRequest {
    /// A good answer to an AuthnRequest; `acs` is used if the request names no address.
    ///
    /// `id` is what the ids of the answer are made of.
    #[must_use]
    pub fn answer(&self, id: &str, acs: &str, now: DateTime<Utc>) -> LoginAnswer {
        let acs = self.acs_url.as_deref().unwrap_or(acs);
        let mut answer = LoginAnswer::new(id, self.issuer.as_deref().unwrap_or_default(), acs, now);
        answer.in_response_to = Some(self.id.clone());
        answer
    }

    /// Whether a query carried a signature.
    #[must_use]
    pub fn has_query_signature(&self) -> bool {
        self.query_signature.is_some()
    }

    /// Whether the query carried a signature (Bindings 3.4.4.1) and the certificate's key made it.
    ///
    /// # Errors
    /// [`TestError::Key`] if the certificate can't be read, or its key is not RSA.
    pub fn verify_query(&self, certificate_pem: &str) -> Result<bool, TestError> {
        let public = X509::from_pem(certificate_pem.as_bytes())?.public_key()?;
        let Some(signature) = &self.query_signature else {
            return Ok(false);
        };
        let digest = match signature.algorithm.rsplit('-').next() {
            Some("sha256") => MessageDigest::sha256(),
            Some("sha384") => MessageDigest::sha384(),
            Some("sha512") => MessageDigest::sha512(),
            _ => return Ok(false),
        };
        if public.id() != openssl::pkey::Id::RSA {
            return Err(TestError::Key);
        }
        let mut verifier = Verifier::new(digest, &public)?;
        verifier.update(signature.octets.as_bytes())?;
        Ok(verifier.verify(&signature.value)?)
    }
}

pub(super) fn read(inbound: &Inbound<'_>) -> Result<TestRequest, TestError> {
    match inbound {
        Inbound::FormBody(body) => {
            let body = std::str::from_utf8(body).map_err(|_| TestError::Encoding)?;
            let form = pairs(body);
            let xml = base64(&value(&form, "SAMLRequest").or_else(|_| value(&form, "SAMLResponse"))?)?;
            parse(&xml, value(&form, "RelayState").ok())
        }
        Inbound::RawQuery(query) => {
            let query = pairs(query);
            let deflated = base64(&value(&query, "SAMLRequest").or_else(|_| value(&query, "SAMLResponse"))?)?;
            let mut request = parse(&inflate(&deflated)?, value(&query, "RelayState").ok())?;
            request.query_signature = query_signature(&query)?;
            Ok(request)
        }
    }
}

fn parse(xml: &[u8], relay_state: Option<String>) -> Result<TestRequest, TestError> {
    let document = Document::parse(xml, &Limits::default()).map_err(|_| TestError::Message)?;
    let root = document.root();
    message(root, relay_state)
}

/// What an element says, whatever is around it.
pub(super) fn message(root: Element<'_>, relay_state: Option<String>) -> Result<TestRequest, TestError> {
    let kind = if root.is(PROTOCOL, "ArtifactResolve") {
        TestRequestKind::ArtifactResolve
    } else if root.is(PROTOCOL, "AuthnRequest") {
        TestRequestKind::Authn
    } else if root.is(PROTOCOL, "LogoutRequest") {
        TestRequestKind::Logout
    } else if root.is(PROTOCOL, "LogoutResponse") {
        TestRequestKind::LogoutResponse
    } else {
        return Err(TestError::Message);
    };
    let attribute = |name| root.attribute(name).map(str::to_owned);
    let is_true = |name| matches!(root.attribute(name), Some("1" | "true"));
    let sessions = root.children_named(PROTOCOL, "SessionIndex");
    Ok(TestRequest {
        kind,
        id: attribute("ID").ok_or(TestError::Message)?,
        in_response_to: attribute("InResponseTo"),
        issuer: root.child(ASSERTION, "Issuer").map(|issuer| issuer.text().into_owned()),
        destination: attribute("Destination"),
        acs_url: attribute("AssertionConsumerServiceURL"),
        force_authn: is_true("ForceAuthn"),
        is_passive: is_true("IsPassive"),
        name_id_format: root
            .child(PROTOCOL, "NameIDPolicy")
            .and_then(|policy| policy.attribute("Format"))
            .map(str::to_owned),
        name_id: root.child(ASSERTION, "NameID").map(name_id),
        session_indexes: sessions.map(|index| index.text().into_owned()).collect(),
        status: root
            .child(PROTOCOL, "Status")
            .and_then(|status| status.child(PROTOCOL, "StatusCode"))
            .and_then(|code| code.attribute("Value"))
            .map(str::to_owned),
        artifact: root.child(PROTOCOL, "Artifact").map(|artifact| artifact.text().into_owned()),
        relay_state,
        has_xml_signature: root.child(crate::names::DS, "Signature").is_some(),
        query_signature: None,
    })
}

fn name_id(element: Element<'_>) -> TestNameId {
    let mut name_id = TestNameId::new(&element.text(), element.attribute("Format"));
    name_id.name_qualifier = element.attribute("NameQualifier").map(str::to_owned);
    name_id.sp_name_qualifier = element.attribute("SPNameQualifier").map(str::to_owned);
    name_id
}

fn query_signature(query: &[(&str, &str)]) -> Result<Option<QuerySignature>, TestError> {
    let Ok(signature) = value(query, "Signature") else {
        return Ok(None);
    };
    // Bindings 3.4.4.1: the octets are the values as sent, in this order.
    let signed = ["SAMLRequest", "SAMLResponse", "RelayState", "SigAlg"];
    let octets: Vec<String> = signed
        .iter()
        .filter_map(|name| query.iter().find(|(known, _)| known == name))
        .map(|(name, raw)| format!("{name}={raw}"))
        .collect();
    Ok(Some(QuerySignature {
        octets: octets.join("&"),
        algorithm: value(query, "SigAlg")?,
        value: base64(&signature)?,
    }))
}

fn pairs(text: &str) -> Vec<(&str, &str)> {
    text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect()
}

fn value(pairs: &[(&str, &str)], name: &str) -> Result<String, TestError> {
    let (_, raw) = pairs.iter().find(|(known, _)| *known == name).ok_or(TestError::Encoding)?;
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => bytes.push(hex(rest.next())? << 4 | hex(rest.next())?),
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| TestError::Encoding)
}

fn hex(byte: Option<u8>) -> Result<u8, TestError> {
    let digit = byte.and_then(|byte| char::from(byte).to_digit(16));
    digit.and_then(|digit| u8::try_from(digit).ok()).ok_or(TestError::Encoding)
}

fn base64(text: &str) -> Result<Vec<u8>, TestError> {
    let joined: String = text.split_ascii_whitespace().collect();
    decode_block(&joined).map_err(|_| TestError::Encoding)
}

fn inflate(deflated: &[u8]) -> Result<Vec<u8>, TestError> {
    let mut inflated = Vec::new();
    let read = DeflateDecoder::new(deflated).take(MAX_INFLATED).read_to_end(&mut inflated);
    read.map_err(|_| TestError::Encoding)?;
    Ok(inflated)
}

/// No service provider sends a request of more than a few kilobytes.
const MAX_INFLATED: u64 = 256 * 1024;
