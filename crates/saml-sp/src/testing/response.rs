//! What the test identity provider asserts, and the Response that says so.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::element::Element;
use super::sign::Recipe;
use super::{TestAlgorithm, TestEncryption, TestError, TestKey};

/// A login to be asserted: every value that ends up in the Response, good by default.
///
/// Made by [`LoginAnswer::new`], then changed field by field.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginAnswer {
    /// What the ids of Response, Assertion and session are made of. Letters, digits, `-` and `.`; a fresh one per
    /// answer, or the second is a replay.
    pub id: String,
    /// The instant at which the answer is made.
    pub now: DateTime<Utc>,
    /// The `Destination` of the Response.
    pub destination: Option<String>,
    /// The `InResponseTo` of the Response and of the SubjectConfirmationData; `None` if nobody asked.
    pub in_response_to: Option<String>,
    /// The `Recipient` of the SubjectConfirmationData.
    pub recipient: Option<String>,
    /// The audiences of the AudienceRestriction; none leaves the restriction out.
    pub audiences: Vec<String>,
    /// Who signs in.
    pub name_id: TestNameId,
    /// What is said about them.
    pub attributes: Vec<TestAttribute>,
    /// The `NotBefore` of the Conditions.
    pub not_before: Option<DateTime<Utc>>,
    /// The `NotOnOrAfter` of Conditions and SubjectConfirmationData.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// The instant at which the person proved who they are.
    pub authn_instant: DateTime<Utc>,
    /// How they proved it.
    pub authn_context: String,
    /// The `SessionIndex`.
    pub session_index: Option<String>,
    /// The `SessionNotOnOrAfter`.
    pub session_not_on_or_after: Option<DateTime<Utc>>,
    /// What is signed.
    pub sign: TestSign,
    /// What it is signed with.
    pub algorithm: TestAlgorithm,
    /// Encrypts the assertion, if set.
    pub encrypt: Option<TestEncryption>,
    /// Says that attribute values are strings (`xsi:type="xs:string"`), and lists the prefix in the signature's
    /// `InclusiveNamespaces`, as Okta does.
    pub typed_values: bool,
    /// The status; [`TestStatus::success`] carries an assertion, any other carries none.
    pub status: TestStatus,
}

impl LoginAnswer {
    /// A good answer for one service provider: signed assertion, valid for five minutes from `now`.
    ///
    /// ```
    /// use saml_sp::testing::{LoginAnswer, TestNameId};
    ///
    /// let now = chrono::DateTime::UNIX_EPOCH;
    /// let mut answer = LoginAnswer::new("1", "https://sp.example.com", "https://sp.example.com/acs", now);
    /// answer.name_id = TestNameId::email("bob@example.com");
    /// assert_eq!(answer.recipient.as_deref(), Some("https://sp.example.com/acs"));
    /// ```
    #[must_use]
    pub fn new(id: &str, sp_entity_id: &str, acs: &str, now: DateTime<Utc>) -> Self {
        Self {
            id: id.to_owned(),
            now,
            destination: Some(acs.to_owned()),
            in_response_to: None,
            recipient: Some(acs.to_owned()),
            audiences: vec![sp_entity_id.to_owned()],
            name_id: TestNameId::email("alice@example.com"),
            attributes: Vec::new(),
            not_before: moved(now, -CLOCK_SLACK_SECONDS),
            not_on_or_after: moved(now, LIFETIME_SECONDS),
            authn_instant: now,
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned(),
            session_index: Some(format!("_s-{id}")),
            session_not_on_or_after: None,
            sign: TestSign::Assertion,
            algorithm: TestAlgorithm::Sha256,
            encrypt: None,
            typed_values: false,
            status: TestStatus::success(),
        }
    }

    /// The `ID` of the Assertion.
    #[must_use]
    pub fn assertion_id(&self) -> String {
        format!("_a-{}", self.id)
    }

    /// The `ID` of the Response.
    #[must_use]
    pub fn response_id(&self) -> String {
        format!("_r-{}", self.id)
    }

    /// The Response as its options say: signed, encrypted, written.
    pub(super) fn build(&self, issuer: &str, key: &TestKey) -> Result<Element, TestError> {
        let assertion =
            if self.status.is_success() { Some(self.signed_assertion(issuer, key)?) } else { None };
        self.finish(issuer, key, assertion)
    }

    /// The Response around an assertion that may have been tampered with: encrypts, wraps and signs as the options say.
    pub(super) fn finish(
        &self,
        issuer: &str,
        key: &TestKey,
        assertion: Option<Element>,
    ) -> Result<Element, TestError> {
        let content = match (assertion, &self.encrypt) {
            (Some(assertion), Some(to)) => Some(to.assertion(&assertion.canonical(), &self.id)?),
            (assertion, _) => assertion,
        };
        let mut response = self.response(issuer).child_if(content);
        if matches!(self.sign, TestSign::Both | TestSign::Response) {
            self.recipe(key).sign(&mut response)?;
        }
        Ok(response)
    }

    /// What its signatures are made with.
    fn recipe<'k>(&self, key: &'k TestKey) -> Recipe<'k> {
        Recipe { prefix_list: self.typed_values.then_some("xs"), ..Recipe::new(key, self.algorithm) }
    }

    pub(super) fn signed_assertion(&self, issuer: &str, key: &TestKey) -> Result<Element, TestError> {
        let mut assertion = self.assertion(issuer);
        if matches!(self.sign, TestSign::Assertion | TestSign::Both) {
            self.recipe(key).sign(&mut assertion)?;
        }
        Ok(assertion)
    }

    /// The Response without its assertion.
    pub(super) fn response(&self, issuer: &str) -> Element {
        Element::new("samlp:Response")
            .attribute_if("Destination", self.destination.clone())
            .attribute("ID", self.response_id())
            .attribute_if("InResponseTo", self.in_response_to.clone())
            .attribute("IssueInstant", instant(self.now))
            .attribute("Version", "2.0")
            .child(Element::new("saml:Issuer").text(issuer))
            .child(self.status.element())
    }

    /// The Assertion, unsigned.
    pub(super) fn assertion(&self, issuer: &str) -> Element {
        Element::new("saml:Assertion")
            .attribute("ID", self.assertion_id())
            .attribute("IssueInstant", instant(self.now))
            .attribute("Version", "2.0")
            .child(Element::new("saml:Issuer").text(issuer))
            .child(Element::new("saml:Subject").child(self.name_id.element()).child(self.confirmation()))
            .child(self.conditions())
            .child(self.authn_statement())
            .child_if(self.attribute_statement())
    }

    fn confirmation(&self) -> Element {
        let data = Element::new("saml:SubjectConfirmationData")
            .attribute_if("InResponseTo", self.in_response_to.clone())
            .attribute_if("NotOnOrAfter", self.not_on_or_after.map(instant))
            .attribute_if("Recipient", self.recipient.clone());
        Element::new("saml:SubjectConfirmation")
            .attribute("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
            .child(data)
    }

    fn conditions(&self) -> Element {
        let audiences =
            self.audiences.iter().map(|audience| Element::new("saml:Audience").text(audience.clone()));
        let restriction = (!self.audiences.is_empty())
            .then(|| Element::new("saml:AudienceRestriction").children(audiences));
        Element::new("saml:Conditions")
            .attribute_if("NotBefore", self.not_before.map(instant))
            .attribute_if("NotOnOrAfter", self.not_on_or_after.map(instant))
            .child_if(restriction)
    }

    fn authn_statement(&self) -> Element {
        let class = Element::new("saml:AuthnContextClassRef").text(self.authn_context.clone());
        Element::new("saml:AuthnStatement")
            .attribute("AuthnInstant", instant(self.authn_instant))
            .attribute_if("SessionIndex", self.session_index.clone())
            .attribute_if("SessionNotOnOrAfter", self.session_not_on_or_after.map(instant))
            .child(Element::new("saml:AuthnContext").child(class))
    }

    fn attribute_statement(&self) -> Option<Element> {
        let attributes = self.attributes.iter().map(|attribute| attribute.element(self.typed_values));
        (!self.attributes.is_empty()).then(|| Element::new("saml:AttributeStatement").children(attributes))
    }
}

/// Which parts of a Response are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestSign {
    /// The Assertion alone, as most products do.
    Assertion,
    /// Both.
    Both,
    /// Nothing, which must be refused.
    Neither,
    /// The Response alone.
    Response,
}

/// The name of a person as a test identity provider gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestNameId {
    /// The text.
    pub value: String,
    /// The `Format`.
    pub format: Option<String>,
    /// The `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// The `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

impl TestNameId {
    /// A name of any Format.
    #[must_use]
    pub fn new(value: &str, format: Option<&str>) -> Self {
        Self {
            value: value.to_owned(),
            format: format.map(str::to_owned),
            name_qualifier: None,
            sp_name_qualifier: None,
        }
    }

    /// An e-mail address.
    #[must_use]
    pub fn email(address: &str) -> Self {
        Self::new(address, Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"))
    }

    /// A persistent pseudonym.
    #[must_use]
    pub fn persistent(value: &str) -> Self {
        Self::new(value, Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"))
    }

    /// A name for one session.
    #[must_use]
    pub fn transient(value: &str) -> Self {
        Self::new(value, Some("urn:oasis:names:tc:SAML:2.0:nameid-format:transient"))
    }

    pub(super) fn element(&self) -> Element {
        Element::new("saml:NameID")
            .attribute_if("Format", self.format.clone())
            .attribute_if("NameQualifier", self.name_qualifier.clone())
            .attribute_if("SPNameQualifier", self.sp_name_qualifier.clone())
            .text(self.value.clone())
    }
}

/// An attribute as a test identity provider gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestAttribute {
    /// The `Name`.
    pub name: String,
    /// The `NameFormat`.
    pub name_format: Option<String>,
    /// The `FriendlyName`.
    pub friendly_name: Option<String>,
    /// The values.
    pub values: Vec<String>,
}

impl TestAttribute {
    /// An attribute with Name and values, and no NameFormat.
    #[must_use]
    pub fn new(name: &str, values: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            name_format: None,
            friendly_name: None,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    fn element(&self, typed: bool) -> Element {
        let values = self.values.iter().map(|value| {
            let element = Element::new("saml:AttributeValue").text(value.clone());
            if typed { element.declaring("xs").attribute("xsi:type", "xs:string") } else { element }
        });
        Element::new("saml:Attribute")
            .attribute_if("FriendlyName", self.friendly_name.clone())
            .attribute("Name", self.name.clone())
            .attribute_if("NameFormat", self.name_format.clone())
            .children(values)
    }
}

/// The status of a Response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestStatus {
    /// The top-level code, a URI.
    pub code: String,
    /// The second-level code, a URI.
    pub second: Option<String>,
    /// The StatusMessage.
    pub message: Option<String>,
}

impl TestStatus {
    /// `Success`.
    #[must_use]
    pub fn success() -> Self {
        Self { code: SUCCESS.to_owned(), second: None, message: None }
    }

    /// `Responder` with a second-level code, as when somebody may not use the application.
    #[must_use]
    pub fn denied(message: &str) -> Self {
        Self {
            code: "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned(),
            second: Some("urn:oasis:names:tc:SAML:2.0:status:RequestDenied".to_owned()),
            message: Some(message.to_owned()),
        }
    }

    /// Whether the code is `Success`.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == SUCCESS
    }

    pub(super) fn element(&self) -> Element {
        let second =
            self.second.clone().map(|second| Element::new("samlp:StatusCode").attribute("Value", second));
        let message = self.message.clone().map(|message| Element::new("samlp:StatusMessage").text(message));
        Element::new("samlp:Status")
            .child(Element::new("samlp:StatusCode").attribute("Value", self.code.clone()).child_if(second))
            .child_if(message)
    }
}

/// An instant as SAML writes it.
pub(super) fn instant(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An instant some seconds away; `None` beyond the end of the calendar.
pub(super) fn moved(instant: DateTime<Utc>, seconds: i64) -> Option<DateTime<Utc>> {
    instant.checked_add_signed(TimeDelta::try_seconds(seconds)?)
}

/// How long an answer is good: what most products give.
const LIFETIME_SECONDS: i64 = 300;
/// How far back `NotBefore` lies, so that clocks may differ a little.
const CLOCK_SLACK_SECONDS: i64 = 30;
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
