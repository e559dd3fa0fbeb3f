//! Logout messages of the test identity provider.

use chrono::{DateTime, Utc};

use super::element::Element;
use super::response::{TestNameId, TestStatus, instant};
use super::sign::Recipe;
use super::{TestAlgorithm, TestError, TestKey, TestMessage};

/// A LogoutRequest to be sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestLogoutRequest {
    /// The `ID` of the message.
    pub id: String,
    /// The instant at which it is made.
    pub now: DateTime<Utc>,
    /// The service provider's endpoint, which is also the `Destination`.
    pub destination: String,
    /// Whose sessions end.
    pub name_id: TestNameId,
    /// Which sessions; none means all.
    pub session_indexes: Vec<String>,
    /// Until when the request must be heeded.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// Whether the message carries a signature when it goes by POST.
    pub sign: bool,
}

impl TestLogoutRequest {
    /// A signed request that ends all sessions of one person.
    #[must_use]
    pub fn new(id: &str, destination: &str, name_id: TestNameId, now: DateTime<Utc>) -> Self {
        Self {
            id: id.to_owned(),
            now,
            destination: destination.to_owned(),
            name_id,
            session_indexes: Vec::new(),
            not_on_or_after: None,
            sign: true,
        }
    }

    /// The message, not signed yet.
    pub(super) fn element(&self, issuer: &str) -> Element {
        let sessions =
            self.session_indexes.iter().map(|index| Element::new("samlp:SessionIndex").text(index.clone()));
        Element::new("samlp:LogoutRequest")
            .attribute("Destination", self.destination.clone())
            .attribute("ID", self.id.clone())
            .attribute("IssueInstant", instant(self.now))
            .attribute_if("NotOnOrAfter", self.not_on_or_after.map(instant))
            .attribute("Version", "2.0")
            .child(Element::new("saml:Issuer").text(issuer))
            .child(self.name_id.element())
            .children(sessions)
    }

    pub(super) fn build(&self, issuer: &str, key: &TestKey) -> Result<TestMessage, TestError> {
        let request = self.element(issuer);
        let bare = request.canonical();
        Ok(TestMessage::request(&self.destination, posted(request, self.sign, key)?, bare))
    }
}

/// A LogoutResponse to be sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestLogoutResponse {
    /// The `ID` of the message.
    pub id: String,
    /// The instant at which it is made.
    pub now: DateTime<Utc>,
    /// The service provider's endpoint, which is also the `Destination`.
    pub destination: String,
    /// The `ID` of the LogoutRequest that is answered.
    pub in_response_to: Option<String>,
    /// How it went.
    pub status: TestStatus,
    /// Whether the message carries a signature when it goes by POST.
    pub sign: bool,
}

impl TestLogoutResponse {
    /// A signed answer that says Success.
    #[must_use]
    pub fn new(id: &str, destination: &str, in_response_to: &str, now: DateTime<Utc>) -> Self {
        Self {
            id: id.to_owned(),
            now,
            destination: destination.to_owned(),
            in_response_to: Some(in_response_to.to_owned()),
            status: TestStatus::success(),
            sign: true,
        }
    }

    /// The message, not signed yet.
    pub(super) fn element(&self, issuer: &str) -> Element {
        Element::new("samlp:LogoutResponse")
            .attribute("Destination", self.destination.clone())
            .attribute("ID", self.id.clone())
            .attribute_if("InResponseTo", self.in_response_to.clone())
            .attribute("IssueInstant", instant(self.now))
            .attribute("Version", "2.0")
            .child(Element::new("saml:Issuer").text(issuer))
            .child(self.status.element())
    }

    pub(super) fn build(&self, issuer: &str, key: &TestKey) -> Result<TestMessage, TestError> {
        let response = self.element(issuer);
        let bare = response.canonical();
        Ok(TestMessage::response(&self.destination, posted(response, self.sign, key)?, bare))
    }
}

fn posted(mut element: Element, sign: bool, key: &TestKey) -> Result<String, TestError> {
    if sign {
        Recipe::new(key, TestAlgorithm::Sha256).sign(&mut element)?;
    }
    Ok(element.canonical())
}
