//! Artifacts, SOAP and clients that are no browsers, on the side of the test identity provider.

use chrono::{DateTime, Utc};
use openssl::base64::encode_block;
use openssl::hash::{MessageDigest, hash};

use super::element::Element;
use super::response::{TestStatus, instant};
use super::sign::Recipe;
use super::{LoginAnswer, TestAlgorithm, TestError, TestIdp, TestMessage, TestRequest, request};
use crate::Limits;
use crate::names::{ECP, SOAP};
use crate::xml::Document;

impl TestIdp {
    /// An artifact of type 4 for endpoint 0 (Bindings 3.6.4.2); what stands behind it is the caller's to remember.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't digest.
    pub fn artifact(&self, handle: [u8; 20]) -> Result<String, TestError> {
        let source = hash(MessageDigest::sha1(), self.entity_id().as_bytes())?;
        Ok(encode_block(&[&[0, 4, 0, 0], &source[..], &handle].concat()))
    }

    /// Reads what came by SOAP: an ArtifactResolve, a logout message, or the AuthnRequest that an enhanced client brings.
    ///
    /// # Errors
    /// [`TestError::Message`] if it isn't one of these in an envelope.
    pub fn read_soap(&self, body: &[u8]) -> Result<TestRequest, TestError> {
        let document = Document::parse(body, &Limits::default()).map_err(|_| TestError::Message)?;
        let part = |name| document.root().child(SOAP, name);
        let state = part("Header").and_then(|header| header.child(ECP, "RelayState"));
        let message = part("Body").and_then(|body| body.children().next()).ok_or(TestError::Message)?;
        request::message(message, state.map(|state| state.text().into_owned()))
    }

    /// The body of the answer to an ArtifactResolve: with the Response to a login, or with nothing, as when the artifact
    /// was used before.
    ///
    /// `id` names the ArtifactResponse; it is signed if `sign` says so.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't sign.
    pub fn resolve(
        &self,
        request: &TestRequest,
        answer: Option<&LoginAnswer>,
        id: &str,
        sign: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, TestError> {
        let inside = answer.map(|answer| answer.build(self.entity_id(), self.key())).transpose()?;
        let mut response = Element::new("samlp:ArtifactResponse")
            .attribute("ID", id)
            .attribute("InResponseTo", request.id.clone())
            .attribute("IssueInstant", instant(now))
            .attribute("Version", "2.0")
            .child(Element::new("saml:Issuer").text(self.entity_id()))
            .child(TestStatus::success().element())
            .child_if(inside);
        if sign {
            Recipe::new(self.key(), TestAlgorithm::Sha256).sign(&mut response)?;
        }
        Ok(envelope(None, Element::new("S:Body").child(response)))
    }

    /// The body of a POST that carries a message by SOAP, such as a LogoutRequest.
    #[must_use]
    pub fn soap(&self, message: &TestMessage) -> Vec<u8> {
        envelope(None, carrying(message))
    }

    /// The body with which an enhanced client brings a Response to the service provider (Profiles 4.2.4.5): it refers to
    /// the request, and gives its RelayState back.
    #[must_use]
    pub fn ecp_response(&self, request: &TestRequest, message: &TestMessage) -> Vec<u8> {
        let block = |name| {
            Element::new(name)
                .attribute("S:actor", "http://schemas.xmlsoap.org/soap/actor/next")
                .attribute("S:mustUnderstand", "1")
        };
        let header = Element::new("S:Header")
            .child(block("paos:Response").attribute("refToMessageID", request.id.clone()))
            .child_if(request.relay_state.clone().map(|state| block("ecp:RelayState").text(state)));
        envelope(Some(header), carrying(message))
    }
}

fn carrying(message: &TestMessage) -> Element {
    Element::new("S:Body").raw(String::from_utf8_lossy(message.xml()).into_owned())
}

fn envelope(header: Option<Element>, body: Element) -> Vec<u8> {
    Element::new("S:Envelope").child_if(header).child(body).canonical().into_bytes()
}
