//! Messages that must be refused, each bad in one named way.
//!
//! [`all`] lists those of logins, [`logout`] those of logout messages, [`metadata`] those of metadata. Each is made from a good login by a change that an attacker or a broken identity provider could
//! make, and names the rule that has to stop it: the code of the refusal. Where a message breaks only one rule, taking
//! that rule's check out lets it in, which is what a test of the checks needs.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use saml_sp::testing::{LoginAnswer, TestIdp, forge};
//!
//! let idp = TestIdp::well_known("https://idp.example.com")?;
//! let now = "2026-01-01T12:00:00Z".parse()?;
//! let mut good = LoginAnswer::new("1", "https://sp.example.com", "https://sp.example.com/acs", now);
//! good.in_response_to = Some("_request".to_owned());
//! let forgery = forge::named("comment-in-signed-info").ok_or("no such forgery")?;
//! assert_eq!(forgery.rule(), "SIG-05");
//! let message = forgery.forge(&idp, &good)?; // post it to your own endpoint: it must answer with a refusal
//! assert!(!message.xml().is_empty());
//! # Ok(())
//! # }
//! ```

mod assertion;
mod document;
mod encryption;
mod logout;
mod metadata;
mod response;
mod signature;
mod wrapping;

pub use logout::{ForgedLogout, LogoutForgery};
pub use metadata::MetadataForgery;

use super::element::Element;
use super::sign::Recipe;
use super::{LoginAnswer, TestAlgorithm, TestEncryption, TestError, TestIdp, TestKey, TestMessage, TestSign};

/// A way to make a bad message out of a good login.
#[derive(Clone, Copy, Debug)]
pub struct Forgery {
    name: &'static str,
    rule: &'static str,
    what: &'static str,
    harm: Harm,
    make: fn(&Workshop<'_>) -> Result<Vec<u8>, TestError>,
}

/// What a service provider may do with a forged message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It must refuse it.
    Refuse,
    /// It must refuse it the second time that it comes.
    RefuseRepeated,
    /// It may accept it, but only with what the identity provider signed: the good login's name and attributes.
    SignedValuesOnly,
}

impl Forgery {
    /// Its name, in kebab case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The id of the rule that stops it, which is the code of the refusal.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What is bad about it, in a sentence.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// What a service provider may do with it.
    #[must_use]
    pub fn harm(&self) -> Harm {
        self.harm
    }

    /// Makes the message from a good login at an identity provider.
    ///
    /// The login should answer a request (`in_response_to`). What it signs and encrypts is the forgery's own choice;
    /// the forgeries of encryption take the certificate from `good.encrypt`.
    ///
    /// # Errors
    /// [`TestError::NothingToForge`] if the good login lacks what is to be forged, [`TestError::Key`] if OpenSSL fails.
    pub fn forge(&self, idp: &TestIdp, good: &LoginAnswer) -> Result<TestMessage, TestError> {
        let workshop = Workshop { idp, good, foreign: TestKey::foreign()? };
        let xml = (self.make)(&workshop)?;
        let destination = good.destination.as_deref().unwrap_or_default();
        Ok(TestMessage::response(destination, xml.clone(), xml))
    }
}

/// Every forgery of a logout message.
pub fn logout() -> impl Iterator<Item = &'static LogoutForgery> {
    logout::FORGERIES.iter()
}

/// Every forgery of metadata.
pub fn metadata() -> impl Iterator<Item = &'static MetadataForgery> {
    metadata::FORGERIES.iter()
}

/// Every forgery of a response.
pub fn all() -> impl Iterator<Item = &'static Forgery> {
    [
        document::FORGERIES,
        signature::FORGERIES,
        wrapping::FORGERIES,
        encryption::FORGERIES,
        response::FORGERIES,
        assertion::FORGERIES,
    ]
    .into_iter()
    .flatten()
}

/// The forgery of a response with that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Forgery> {
    all().find(|forgery| forgery.name == name)
}

/// One row of a table of forgeries that must be refused.
const fn refuse(
    name: &'static str,
    rule: &'static str,
    what: &'static str,
    make: fn(&Workshop<'_>) -> Result<Vec<u8>, TestError>,
) -> Forgery {
    Forgery { name, rule, what, harm: Harm::Refuse, make }
}

/// What forgeries are made with.
struct Workshop<'a> {
    idp: &'a TestIdp,
    good: &'a LoginAnswer,
    foreign: TestKey,
}

impl Workshop<'_> {
    /// The good login with a signed assertion in the clear: what most forgeries start from.
    fn answer(&self) -> LoginAnswer {
        let mut answer = self.good.clone();
        answer.sign = TestSign::Assertion;
        answer.encrypt = None;
        answer
    }

    /// The same with the Response signed instead.
    fn response_signed(&self) -> LoginAnswer {
        let mut answer = self.answer();
        answer.sign = TestSign::Response;
        answer
    }

    /// The login with other options, signed by the identity provider.
    fn asserted(&self, change: impl FnOnce(&mut LoginAnswer)) -> Result<Vec<u8>, TestError> {
        let mut answer = self.answer();
        change(&mut answer);
        Ok(written(&self.built(&answer)?))
    }

    /// The login with an assertion that was changed before the identity provider signed it.
    fn signed(&self, change: impl FnOnce(&mut Element)) -> Result<Vec<u8>, TestError> {
        let answer = self.answer();
        let mut assertion = answer.assertion(self.idp.entity_id());
        change(&mut assertion);
        Recipe::new(self.idp.key(), answer.algorithm).sign(&mut assertion)?;
        Ok(written(&answer.finish(self.idp.entity_id(), self.idp.key(), Some(assertion))?))
    }

    /// The login after somebody changed the signed Response on its way.
    fn tampered(&self, change: impl FnOnce(&mut Element) -> Option<()>) -> Result<Vec<u8>, TestError> {
        let mut response = self.built(&self.answer())?;
        change(&mut response).ok_or(TestError::NothingToForge { part: "element" })?;
        Ok(written(&response))
    }

    /// The login with a signed Response that was changed before the identity provider signed it.
    fn signed_response(&self, change: impl FnOnce(&mut Element)) -> Result<Vec<u8>, TestError> {
        let mut answer = self.answer();
        answer.sign = TestSign::Neither;
        let mut response = self.built(&answer)?;
        change(&mut response);
        Recipe::new(self.idp.key(), answer.algorithm).sign(&mut response)?;
        Ok(written(&response))
    }

    /// The login with an assertion whose signature is made to a recipe.
    fn crafted(
        &self,
        craft: impl FnOnce(&Recipe<'_>, &Element) -> Result<Element, TestError>,
    ) -> Result<Vec<u8>, TestError> {
        let answer = self.answer();
        let mut assertion = answer.assertion(self.idp.entity_id());
        let signature = craft(&Recipe::new(self.idp.key(), answer.algorithm), &assertion)?;
        assertion.insert(1, signature);
        Ok(written(&answer.finish(self.idp.entity_id(), self.idp.key(), Some(assertion))?))
    }

    fn built(&self, answer: &LoginAnswer) -> Result<Element, TestError> {
        answer.build(self.idp.entity_id(), self.idp.key())
    }

    /// An assertion of the attacker's: another id and person, unsigned.
    fn evil_assertion(&self) -> Element {
        let mut answer = self.answer();
        answer.id = format!("evil-{}", answer.id);
        answer.name_id.value = EVIL_NAME.to_owned();
        answer.assertion(self.idp.entity_id())
    }

    fn encryption(&self) -> Result<&TestEncryption, TestError> {
        self.good.encrypt.as_ref().ok_or(TestError::NothingToForge { part: "certificate to encrypt for" })
    }
}

/// The message as bytes.
fn written(response: &Element) -> Vec<u8> {
    response.canonical().into_bytes()
}

/// The message after a textual change on its way; the text must be there.
fn replaced(message: &[u8], from: &str, to: &str) -> Result<Vec<u8>, TestError> {
    let text = String::from_utf8_lossy(message);
    if from.is_empty() || !text.contains(from) {
        return Err(TestError::NothingToForge { part: "text" });
    }
    Ok(text.replacen(from, to, 1).into_bytes())
}

/// Whom the attacker wants to be.
const EVIL_NAME: &str = "admin@example.com";
