//! What a verified response says of a person, for a page that shows it.

use chrono::{DateTime, Utc};

use super::{
    assertion::AssertionParts, attributes::read_attributes, context::Context, envelope::Envelope,
    subject::identifier,
};
use crate::{
    Attribute, Attributes, Connection, Inbound,
    binding::MessageKind,
    dsig::Covered,
    enc::decrypt,
    names::ASSERTION,
    rejection::{Cause, Part, Rejection},
    xml::Element,
};

/// What the identity provider said in a response, for a page on which an admin tries how it would be mapped.
///
/// It is text to look at and nobody's identity: whom it was meant for, when, and whether it was used before was not
/// asked. No other call takes it, and no login comes of it:
///
/// ```compile_fail,E0277
/// fn signs_in(shown: saml_sp::ShownResponse) -> saml_sp::Login {
///     shown.into()
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn admits(shown: saml_sp::ShownResponse) -> Result<saml_sp::Login, saml_sp::Rejection> {
///     shown.admit(saml_sp::Sighting::FirstUse)
/// }
/// ```
#[non_exhaustive]
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ShownResponse {
    /// The ids of the assertions, to ask a store of used ones about.
    pub assertion_ids: Vec<String>,
    /// The attributes by `Name`, each with its texts.
    pub attributes: Vec<(String, Vec<String>)>,
    /// The fingerprints of the keys of the connection that the signatures were made with.
    pub keys: Vec<String>,
    /// The value of the name identifier.
    pub name_id: Option<String>,
}

impl std::fmt::Debug for ShownResponse {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ShownResponse")
            .field("assertion_ids", &self.assertion_ids)
            .field("attributes", &self.attributes.len())
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Connection<'_> {
    /// Reads what a response says of a person from the bytes that its signatures cover, however old it is and whomever it
    /// was meant for.
    ///
    /// Only its form, its signatures and its issuer are looked at; [`Connection::report`] says what a login would be
    /// refused for. What is encrypted is opened where a login would open it.
    ///
    /// # Errors
    /// [`Rejection`] if it can't be read, if no signature of the identity provider covers an assertion, or if one of its
    /// signatures is not good: then nothing of it may be shown.
    ///
    /// # Security
    /// Show it to an admin of the connection who brought the response, and use it for nothing else: no rule on audience,
    /// time or request is asked and no claim is made, so that it may be used any number of times. To sign somebody in
    /// there is [`Connection::accept_response`] alone.
    pub fn show_response(
        &self,
        inbound: &Inbound<'_>,
        now: DateTime<Utc>,
    ) -> Result<ShownResponse, Rejection> {
        let decoded = inbound.decode(&self.policy().limits)?;
        if decoded.kind != MessageKind::Response {
            return Err(Cause::NoMessage.into());
        }
        let context = Context::new(*self, None, now);
        let received = self.parse(&decoded.xml)?;
        let unverified = Envelope::read(received.root())?;
        let received_assertions = unverified.assertions.clone();
        let outer = self.verify(received.root(), Part::Response)?;
        let outer_document = outer.as_ref().map(|covered| self.parse(&covered.bytes)).transpose()?;
        let envelope = match &outer_document {
            Some(document) => Envelope::read(document.root())?,
            None => unverified,
        };
        let assertions = envelope.assertions(self.most_assertions())?;
        let mut all = Vec::new();
        for (assertion, received) in assertions.iter().zip(received_assertions) {
            all.push(self.show_assertion(&context, *assertion, received, outer.as_ref())?);
        }
        together(all, outer.as_ref())
    }

    /// Reads one assertion: as it stands in what the response's signature covers, and as it was received.
    fn show_assertion(
        &self,
        context: &Context<'_>,
        assertion: Element<'_>,
        received: Element<'_>,
        outer: Option<&Covered>,
    ) -> Result<Shown, Rejection> {
        if !assertion.is(ASSERTION, "EncryptedAssertion") {
            return self.show_plain(context, assertion, received, outer, false);
        }
        let opened = decrypt(assertion, &context.decryption(outer.is_some()), |root, _| {
            self.show_plain(context, root, root, outer, true)
        });
        opened.map_err(|error| Rejection::from(Cause::Decryption { part: Part::Response, error }))?
    }

    /// The same once it is in the clear.
    fn show_plain(
        &self,
        context: &Context<'_>,
        assertion: Element<'_>,
        received: Element<'_>,
        outer: Option<&Covered>,
        was_encrypted: bool,
    ) -> Result<Shown, Rejection> {
        let inner = self.verify(received, Part::Assertion)?;
        if was_encrypted {
            // ENC-06: nothing that a login would not have opened.
            self.check_demand(outer.is_some(), inner.is_some())?;
        }
        let inner_document = inner.as_ref().map(|covered| self.parse(&covered.bytes)).transpose()?;
        let assertion = match (&inner_document, outer) {
            (Some(document), _) => document.root(),
            (None, Some(_)) => assertion,
            (None, None) => return Err(Cause::NotSigned { part: Part::Assertion }.into()),
        };
        let parts = AssertionParts::read(assertion)?;
        parts.fields.check_issuer(self, Some(parts.issuer), true)?;
        let name_id = match parts.subject.map(|subject| identifier(context, subject)).transpose() {
            // What is missing is for the report to say.
            Err(rejection) if matches!(rejection.cause(), Cause::NoNameId) => None,
            read => read?.flatten().map(|name| name.value),
        };
        let attributes = read_attributes(context, &parts.attributes, &mut Vec::new())?;
        Ok(Shown {
            id: parts.id.to_owned(),
            key: inner.map(|covered| covered.evidence.key),
            name_id,
            attributes: attributes.into_vec(),
        })
    }
}

/// What one assertion says.
struct Shown {
    id: String,
    key: Option<String>,
    name_id: Option<String>,
    attributes: Vec<Attribute>,
}

/// Puts several assertions together, if they are of one person (ASN-17).
fn together(all: Vec<Shown>, outer: Option<&Covered>) -> Result<ShownResponse, Rejection> {
    let mut out = ShownResponse::default();
    out.keys.extend(outer.map(|covered| covered.evidence.key.clone()));
    let mut attributes = Vec::new();
    for (place, one) in all.into_iter().enumerate() {
        if place > 0 && (one.name_id.is_none() || one.name_id != out.name_id) {
            return Err(Cause::OtherPrincipal.into());
        }
        out.name_id = one.name_id;
        out.assertion_ids.push(one.id);
        out.keys.extend(one.key.filter(|key| !out.keys.contains(key)));
        attributes.extend(one.attributes);
    }
    let (merged, _) = Attributes::merge(attributes);
    let texts = |one: &Attribute| one.texts().map(str::to_owned).collect();
    out.attributes = merged.iter().map(|one| (one.name.clone(), texts(one))).collect();
    Ok(out)
}
