//! What a response says of a person, for a page that shows it.

use chrono::{DateTime, Utc};

use super::{
    assertion::AssertionParts, attributes::read_attributes, context::Context, envelope::Envelope,
    subject::identifier,
};
use crate::{
    Connection, Inbound,
    dsig::Covered,
    enc::decrypt,
    names::ASSERTION,
    rejection::{Cause, Part, Rejection},
    xml::Element,
};

/// What a response says of a person, for a page on which an admin tries how its attributes would be mapped.
///
/// It is plain text and nobody's identity: whom it was meant for, when, and whether it was used before was not asked,
/// and if [`ShownResponse::signature`] says so, not even who wrote it. No other call takes it.
///
/// ```compile_fail,E0277
/// fn signs_in(shown: saml_sp::ShownResponse) -> saml_sp::Login {
///     shown.into()
/// }
/// ```
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct ShownResponse {
    /// Whether the identity provider wrote it.
    pub signature: ShownSignature,
    /// The value of the name identifier.
    pub name_id: Option<String>,
    /// The attributes by `Name`, each with its texts.
    pub attributes: Vec<(String, Vec<String>)>,
}

/// Whether the identity provider wrote what is shown.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownSignature {
    /// Nothing is signed: anybody may have written it.
    NotSigned,
    /// A signature is not good: anybody may have written or changed it.
    Refused(Box<Rejection>),
    /// What is shown stood under a signature by this key of the connection.
    Verified {
        /// Its fingerprint.
        key: String,
    },
}

impl std::fmt::Debug for ShownResponse {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ShownResponse")
            .field("signature", &self.signature)
            .field("attributes", &self.attributes.len())
            .finish_non_exhaustive()
    }
}

impl Connection<'_> {
    /// Reads what a response says of a person, whether or not it would be accepted.
    ///
    /// Only its form and its signatures are looked at. What was encrypted is shown if a signature of the identity
    /// provider covers it, and else not at all (ENC-06).
    ///
    /// # Errors
    /// [`Rejection`] if it can't be read, if it holds not exactly one assertion, or if its contents may not be shown.
    ///
    /// # Security
    /// Show it to an admin of the connection who brought the response, and use it for nothing else. No claim is stored and
    /// no rule on audience, time or request is asked: to sign somebody in there is [`Connection::accept_response`] alone.
    pub fn danger_show_response(
        &self,
        inbound: &Inbound<'_>,
        now: DateTime<Utc>,
    ) -> Result<ShownResponse, Rejection> {
        let decoded = inbound.decode(&self.policy().limits)?;
        let received = self.parse(&decoded.xml)?;
        let context = Context::new(*self, None, now);
        let unverified = Envelope::read(received.root())?;
        let signed_here = unverified.assertions.first().copied();
        let outer = Seen::of(self.verify(received.root(), Part::Response));
        let outer_document = outer.covered().map(|covered| self.parse(&covered.bytes)).transpose()?;
        let envelope = outer_document.as_ref().map(|document| Envelope::read(document.root())).transpose()?;
        let envelope = envelope.as_ref().unwrap_or(&unverified);
        let assertion =
            envelope.assertions(1)?.first().copied().ok_or_else(|| Rejection::from(Cause::NoAssertion))?;

        let signed = outer.covered().is_some();
        if assertion.is(ASSERTION, "EncryptedAssertion") {
            let opened = decrypt(assertion, &context.decryption(signed), |root, _| {
                self.show_plain(&context, root, root, &outer, true)
            });
            return opened.map_err(|error| Cause::Decryption { part: Part::Response, error })?;
        }
        let signed_here = signed_here.unwrap_or(assertion);
        self.show_plain(&context, assertion, signed_here, &outer, false)
    }

    /// Reads an assertion that is open: as the response's signature covers it, and as it was received.
    fn show_plain(
        &self,
        context: &Context<'_>,
        assertion: Element<'_>,
        received: Element<'_>,
        outer: &Seen,
        was_encrypted: bool,
    ) -> Result<ShownResponse, Rejection> {
        let inner = Seen::of(self.verify(received, Part::Assertion));
        let inner_document = inner.covered().map(|covered| self.parse(&covered.bytes)).transpose()?;
        let signature = inner.standing(outer);
        if was_encrypted && !matches!(signature, ShownSignature::Verified { .. }) {
            return Err(match signature {
                ShownSignature::Refused(rejection) => *rejection,
                _ => Cause::NotSigned { part: Part::Assertion }.into(),
            });
        }
        let element = inner_document.as_ref().map_or(assertion, |document| document.root());
        contents(context, &AssertionParts::read_unverified(element)?, signature)
    }
}

fn contents(
    context: &Context<'_>,
    parts: &AssertionParts<'_>,
    signature: ShownSignature,
) -> Result<ShownResponse, Rejection> {
    if !matches!(signature, ShownSignature::Verified { .. }) {
        let is_hidden = |child: Element<'_>| {
            child.is(ASSERTION, "EncryptedAttribute") || child.is(ASSERTION, "EncryptedID")
        };
        let all = parts.attributes.iter().chain(&parts.subject);
        if all.flat_map(|element| element.children()).any(is_hidden) {
            return Err(Cause::NotSigned { part: Part::Assertion }.into());
        }
    }
    let name_id = parts.subject.map(|subject| identifier(context, subject)).transpose()?.flatten();
    let attributes = read_attributes(context, &parts.attributes, &mut Vec::new())?;
    Ok(ShownResponse {
        signature,
        name_id: name_id.map(|name| name.value),
        attributes: attributes
            .iter()
            .map(|one| (one.name.clone(), one.texts().map(str::to_owned).collect()))
            .collect(),
    })
}

/// What a look at one signature gave.
struct Seen(Result<Option<Covered>, Rejection>);

impl Seen {
    fn of(answer: Result<Option<Covered>, Rejection>) -> Self {
        Self(answer)
    }

    fn covered(&self) -> Option<&Covered> {
        self.0.as_ref().ok()?.as_ref()
    }

    /// One bad signature spoils the other, as it does for a login.
    fn standing(&self, outer: &Self) -> ShownSignature {
        match (&self.0, &outer.0) {
            (Err(rejection), _) | (_, Err(rejection)) => ShownSignature::Refused(Box::new(rejection.clone())),
            (Ok(Some(covered)), _) | (Ok(None), Ok(Some(covered))) => {
                ShownSignature::Verified { key: covered.evidence.key.clone() }
            }
            (Ok(None), Ok(None)) => ShownSignature::NotSigned,
        }
    }
}
