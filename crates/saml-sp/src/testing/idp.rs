//! The test identity provider.

use chrono::{DateTime, Utc};

use super::element::Element;
use super::logout::{TestLogoutRequest, TestLogoutResponse};
use super::request::{self, TestRequest};
use super::response::LoginAnswer;
use super::sign::Recipe;
use super::{TestAlgorithm, TestError, TestKey, TestMessage};
use crate::Inbound;

/// An identity provider for tests and demonstrations: metadata, logins and logouts, on the clock and with the ids that
/// the caller passes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use saml_sp::testing::{LoginAnswer, TestIdp};
///
/// let idp = TestIdp::well_known("https://idp.example.com")?;
/// let now = "2026-01-01T12:00:00Z".parse()?;
/// let answer = LoginAnswer::new("1", "https://sp.example.com", "https://sp.example.com/acs", now);
/// let response = idp.respond(&answer)?;
/// assert!(response.xml().starts_with(b"<samlp:Response "));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestIdp {
    base_url: String,
    entity_id: String,
    key: TestKey,
    logout_url: String,
    sign_on_url: String,
    has_soap: bool,
}

impl TestIdp {
    /// An identity provider with its own key; its endpoints are `/sso` and `/slo` below the base address.
    ///
    /// The entity id is the base address with `/metadata`.
    #[must_use]
    pub fn new(base_url: &str, key: TestKey) -> Self {
        let base_url = base_url.trim_end_matches('/');
        Self {
            base_url: base_url.to_owned(),
            entity_id: format!("{base_url}/metadata"),
            key,
            logout_url: format!("{base_url}/slo"),
            sign_on_url: format!("{base_url}/sso"),
            has_soap: false,
        }
    }

    /// Gives it endpoints for servers and clients that are no browsers, which its metadata then names: `/ars` exchanges
    /// artifacts, `/soap` takes logout messages, `/ecp` AuthnRequests.
    #[must_use]
    pub fn with_soap(mut self) -> Self {
        self.has_soap = true;
        self
    }

    /// An identity provider with [`TestKey::well_known`].
    ///
    /// # Security
    /// Everybody has its key: for tests only.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't read the key.
    pub fn well_known(base_url: &str) -> Result<Self, TestError> {
        Ok(Self::new(base_url, TestKey::well_known()?))
    }

    /// The entity id.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The key that signs.
    #[must_use]
    pub fn key(&self) -> &TestKey {
        &self.key
    }

    /// Where AuthnRequests go.
    #[must_use]
    pub fn sign_on_url(&self) -> &str {
        &self.sign_on_url
    }

    /// Where logout messages go.
    #[must_use]
    pub fn logout_url(&self) -> &str {
        &self.logout_url
    }

    /// The metadata, valid until the given instant.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't write the certificate.
    pub fn metadata(&self, valid_until: DateTime<Utc>) -> Result<String, TestError> {
        Ok(self.entity(valid_until)?.canonical())
    }

    /// The same under a signature of its own key, as the element with this `ID`.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't sign.
    pub fn signed_metadata(&self, id: &str, valid_until: DateTime<Utc>) -> Result<String, TestError> {
        let mut entity = self.entity(valid_until)?.attribute("ID", id);
        Recipe::new(&self.key, TestAlgorithm::Sha256).sign(&mut entity)?;
        Ok(entity.canonical())
    }

    /// The metadata as elements.
    pub(super) fn entity(&self, valid_until: DateTime<Utc>) -> Result<Element, TestError> {
        let certificate = Element::new("ds:X509Certificate").text(self.key.certificate_base64()?);
        let key_info = Element::new("ds:KeyInfo").child(Element::new("ds:X509Data").child(certificate));
        let endpoints = |name, location: &str| {
            [REDIRECT, POST].map(|binding| {
                Element::new(name).attribute("Binding", binding).attribute("Location", location)
            })
        };
        let soap = |name, path: &str| {
            let location = self.has_soap.then(|| format!("{}/{path}", self.base_url));
            location
                .map(|location| Element::new(name).attribute("Binding", SOAP).attribute("Location", location))
        };
        let descriptor = Element::new("md:IDPSSODescriptor")
            .attribute("protocolSupportEnumeration", "urn:oasis:names:tc:SAML:2.0:protocol")
            .child(Element::new("md:KeyDescriptor").attribute("use", "signing").child(key_info))
            .children(soap("md:ArtifactResolutionService", "ars").map(|one| one.attribute("index", "0")))
            .children(endpoints("md:SingleLogoutService", &self.logout_url))
            .children(soap("md:SingleLogoutService", "soap"))
            .child(
                Element::new("md:NameIDFormat")
                    .text("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
            )
            .child(
                Element::new("md:NameIDFormat").text("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
            )
            .child(
                Element::new("md:NameIDFormat").text("urn:oasis:names:tc:SAML:2.0:nameid-format:transient"),
            )
            .children(endpoints("md:SingleSignOnService", &self.sign_on_url))
            .children(soap("md:SingleSignOnService", "ecp"));
        Ok(Element::new("md:EntityDescriptor")
            .attribute("entityID", self.entity_id.clone())
            .attribute("validUntil", super::response::instant(valid_until))
            .child(descriptor))
    }

    /// Reads an AuthnRequest, LogoutRequest or LogoutResponse as it came, by redirect or POST.
    ///
    /// # Errors
    /// [`TestError::Encoding`] if it can't be decoded, [`TestError::Message`] if it isn't one of the three.
    pub fn read(&self, inbound: &Inbound<'_>) -> Result<TestRequest, TestError> {
        request::read(inbound)
    }

    /// The Response to a login, as its options say.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't sign, or can't read the certificate to encrypt for.
    pub fn respond(&self, answer: &LoginAnswer) -> Result<TestMessage, TestError> {
        let response = answer.build(&self.entity_id, &self.key)?.canonical();
        let destination = answer.destination.as_deref().or(answer.recipient.as_deref()).unwrap_or_default();
        Ok(TestMessage::response(destination, response.clone(), response))
    }

    /// A LogoutRequest to a service provider.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't sign.
    pub fn logout_request(&self, order: &TestLogoutRequest) -> Result<TestMessage, TestError> {
        order.build(&self.entity_id, &self.key)
    }

    /// The LogoutResponse to a service provider's LogoutRequest.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't sign.
    pub fn logout_response(&self, answer: &TestLogoutResponse) -> Result<TestMessage, TestError> {
        answer.build(&self.entity_id, &self.key)
    }

    /// The address of the redirect that delivers a logout message, signed in its query.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't sign.
    pub fn redirect(&self, message: &TestMessage, relay_state: Option<&str>) -> Result<String, TestError> {
        let query = message.signed_query(relay_state, &self.key, TestAlgorithm::Sha256)?;
        let separator = if message.destination().contains('?') { '&' } else { '?' };
        Ok(format!("{}{separator}{query}", message.destination()))
    }
}

const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
