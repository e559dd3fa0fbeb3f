//! `accept_response`: the stages in the order that their types allow.

use chrono::{DateTime, Utc};

use super::{
    assertion::{AssertionParts, Judged, judge},
    context::Context,
    envelope::Envelope,
    several::combine,
};
use crate::{
    Binding, Connection, Evidence, Inbound, Login, Notice, PendingLogin, Verified,
    binding::MessageKind,
    config::SignatureDemand,
    dsig::{Covered, signature_of, verify_enveloped},
    enc::{EncryptionEvidence, decrypt},
    names::ASSERTION,
    rejection::{Cause, Part, Rejection},
    xml::{Document, Element},
};

impl Connection<'_> {
    /// Checks a response and gives the login it stands for, ready to be claimed against replay.
    ///
    /// `pending` is the login that this browser started, or `None` if it started none; the host takes it out of its
    /// store so that it answers once. The checks go in this order and the first that fails is reported: size, XML,
    /// structure, signature, decryption, inner signature, status, issuer, destination, request binding, time,
    /// subject, audience, session. What is read of the person comes from the signed bytes alone.
    ///
    /// # Errors
    /// [`Rejection`]; its [`Rejection::code`] is the rule that was broken.
    ///
    /// # Security
    /// Nobody is signed in yet: store [`Verified::claim`] once and go on with [`Verified::admit`].
    ///
    /// # Examples
    /// ```
    /// # use saml_sp::*;
    /// fn signed_in(
    ///     connection: Connection<'_>,
    ///     body: &[u8],
    ///     pending: &PendingLogin,
    ///     now: chrono::DateTime<chrono::Utc>,
    ///     insert_if_absent: impl FnOnce(&ReplayClaim) -> bool,
    /// ) -> Result<Login, Rejection> {
    ///     let verified = connection.accept_response(&Inbound::FormBody(body), Some(pending), now)?;
    ///     let sighting = if insert_if_absent(verified.claim()) { Sighting::FirstUse } else { Sighting::Seen };
    ///     verified.admit(sighting)
    /// }
    /// ```
    pub fn accept_response(
        &self,
        inbound: &Inbound<'_>,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Result<Verified<Login>, Rejection> {
        let policy = self.policy();
        let decoded = inbound.decode(&policy.limits)?;
        if decoded.kind != MessageKind::Response {
            return Err(Cause::NoMessage.into());
        }
        if decoded.binding != Binding::HttpPost {
            return Err(Cause::ByRedirect.into());
        }
        self.accept_xml(&decoded.xml, decoded.relay_state, Binding::HttpPost, pending, now)
    }

    /// Checks a response that was taken out of its transport.
    pub(crate) fn accept_xml(
        &self,
        xml: &[u8],
        relay_state: Option<String>,
        arrived_by: Binding,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Result<Verified<Login>, Rejection> {
        if let Some(at) = self.expired_metadata(now) {
            return Err(Cause::MetadataExpired { at, now }.into());
        }
        let context = Context::new(*self, pending, now).arrived_by(arrived_by);
        let received = self.parse(xml)?;
        let unverified = Envelope::read(received.root())?;
        let received_assertions = unverified.assertions.clone();

        // From here on the envelope is what its signature covers, if it has one.
        let outer = self.verify(received.root(), Part::Response)?;
        let outer_document = outer.as_ref().map(|covered| self.parse(&covered.bytes)).transpose()?;
        let envelope = match &outer_document {
            Some(document) => Envelope::read(document.root()).map_err(Rejection::verified)?,
            None => unverified,
        };
        let judged = |rejection: Rejection| if outer.is_some() { rejection.verified() } else { rejection };
        let assertions = envelope.assertions(self.most_assertions()).map_err(judged)?;
        let around =
            Around { envelope: &envelope, outer: outer.as_ref(), one_of_several: assertions.len() > 1 };
        // Signatures and issuers are judged of all, and one bad one refuses (SIG-11); of the rest each for itself (ASN-17).
        let judged = assertions
            .iter()
            .zip(received_assertions)
            .map(|(assertion, received)| self.judge_assertion(&context, &around, *assertion, received))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|rejection| rejection.with_bounce_to(relay_state.as_deref()))?;
        combine(&context, judged, relay_state).map_err(Rejection::verified)
    }

    /// Gives the number of assertions that are taken (SIG-13, ASN-17).
    pub(super) fn most_assertions(&self) -> usize {
        if self.policy().accept_several_assertions { MAX_ASSERTIONS } else { 1 }
    }

    /// Verifies and judges one assertion: as it stands in what the response's signature covers, and as it was received.
    ///
    /// # Errors
    /// What refuses the whole response; inside, what is wrong with this assertion alone.
    fn judge_assertion(
        &self,
        context: &Context<'_>,
        around: &Around<'_, '_>,
        assertion: Element<'_>,
        received: Element<'_>,
    ) -> Result<Result<Judged, Rejection>, Rejection> {
        let signed = around.outer.is_some();
        let judged = |rejection: Rejection| if signed { rejection.verified() } else { rejection };
        if assertion.is(ASSERTION, "EncryptedAssertion") {
            // What was encrypted is a document of its own, which the signature around it covers if there is one.
            let opened = decrypt(assertion, &context.decryption(signed), |root, encryption| {
                self.judge_plain(context, around, root, root, Some(encryption))
            });
            return opened
                .map_err(|error| judged(Cause::Decryption { part: Part::Response, error }.into()))?;
        }
        if self.policy().encryption.require_encrypted_assertions {
            return Err(judged(Cause::NotEncrypted.into()));
        }
        self.judge_plain(context, around, assertion, received, None)
    }

    /// The same once it is in the clear. Its own signature is verified where it was received.
    fn judge_plain(
        &self,
        context: &Context<'_>,
        around: &Around<'_, '_>,
        assertion: Element<'_>,
        received: Element<'_>,
        encryption: Option<EncryptionEvidence>,
    ) -> Result<Result<Judged, Rejection>, Rejection> {
        let Around { envelope, outer, one_of_several } = *around;
        let inner = self.verify(received, Part::Assertion)?;
        self.check_demand(outer.is_some(), inner.is_some())?;
        let inner_document = inner.as_ref().map(|covered| self.parse(&covered.bytes)).transpose()?;
        // What is read is its own signature's bytes, or stands in the bytes of the response's signature, or isn't read.
        let assertion = match (&inner_document, outer) {
            (Some(document), _) => document.root(),
            (None, Some(_)) => assertion,
            (None, None) => return Err(Cause::NotSigned { part: Part::Assertion }.into()),
        };

        let parts = AssertionParts::read(assertion).map_err(Rejection::verified)?;
        check_envelope(context, envelope, &parts, outer.is_some(), encryption.is_some())?;
        let evidence = self.evidence(&parts, outer, inner.as_ref(), encryption, context.now);
        Ok(judge(context, &parts, evidence, one_of_several).map_err(Rejection::verified))
    }

    pub(super) fn parse<'i>(&self, bytes: &'i [u8]) -> Result<Document<'i>, Rejection> {
        Document::parse(bytes, &self.policy().limits).map_err(|error| Cause::Xml(error).into())
    }

    /// Verifies the signature that an element holds, if it holds one.
    pub(crate) fn verify(&self, element: Element<'_>, part: Part) -> Result<Option<Covered>, Rejection> {
        let policy = self.policy();
        let refuse = |error| Rejection::from(Cause::Signature { part, error });
        if signature_of(element).map_err(refuse)?.is_none() {
            return Ok(None);
        }
        let keys = self.idp().signing_keys();
        verify_enveloped(element, keys, &policy.algorithms, policy.engines, &policy.limits)
            .map(Some)
            .map_err(refuse)
    }

    /// Judges whether what is signed is what must be (SIG-12).
    pub(super) fn check_demand(&self, response: bool, assertion: bool) -> Result<(), Rejection> {
        let demand = self.policy().signatures;
        // Errata 7: a wish for signed assertions is met only by a signature on the assertion itself.
        let assertion_demanded = matches!(demand, SignatureDemand::Assertion | SignatureDemand::Both)
            || self.sp().want_assertions_signed();
        let response_demanded = matches!(demand, SignatureDemand::Both | SignatureDemand::Response);
        if !assertion && (assertion_demanded || !response) {
            return Err(Cause::NotSigned { part: Part::Assertion }.into());
        }
        if response_demanded && !response {
            return Err(Cause::NotSigned { part: Part::Response }.into());
        }
        Ok(())
    }

    fn evidence(
        &self,
        parts: &AssertionParts<'_>,
        outer: Option<&Covered>,
        inner: Option<&Covered>,
        encryption: Option<EncryptionEvidence>,
        now: DateTime<Utc>,
    ) -> Evidence {
        let mut notices = Vec::new();
        let mut note = |notice: Notice| {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        };
        for covered in outer.into_iter().chain(inner) {
            let certificate = self.idp().signing_keys().get(covered.key).and_then(|key| key.certificate());
            if let Some(expired) = certificate.filter(|certificate| certificate.not_after() < now) {
                note(Notice::CertificateExpired { not_after: expired.not_after() });
            }
            if covered.evidence.canonicalization.is_some_and(|used| !used.is_exclusive()) {
                note(Notice::InclusiveCanonicalization);
            }
        }
        if encryption.as_ref().is_some_and(|encryption| !encryption.data.is_authenticated()) {
            note(Notice::CbcEncryption);
        }
        Evidence {
            assertion_id: parts.id.to_owned(),
            assertion_signature: inner.map(|covered| covered.evidence.clone()),
            encryption,
            notices,
            response_signature: outer.map(|covered| covered.evidence.clone()),
        }
    }
}

/// What stands around an assertion.
#[derive(Clone, Copy)]
struct Around<'e, 'd> {
    envelope: &'e Envelope<'d>,
    /// What the response's signature covers, if it has one.
    outer: Option<&'e Covered>,
    one_of_several: bool,
}

/// Judges issuer, destination, request binding and age, in this order.
fn check_envelope(
    context: &Context<'_>,
    envelope: &Envelope<'_>,
    parts: &AssertionParts<'_>,
    signed: bool,
    encrypted: bool,
) -> Result<(), Rejection> {
    let judged = |rejection: Rejection| if signed { rejection.verified() } else { rejection };
    let fields = &envelope.fields;
    // Profiles 4.1.4.2, Errata 17: the issuer may be left out only where it adds nothing.
    fields.check_issuer(&context.connection, envelope.issuer, signed || encrypted).map_err(judged)?;
    parts.fields.check_issuer(&context.connection, Some(parts.issuer), true).map_err(Rejection::verified)?;
    check_destination(context, envelope, signed).map_err(judged)?;
    let in_response_to = fields.text("InResponseTo").map_err(judged)?;
    context.check_request(in_response_to).map_err(judged)?;
    fields.check_issue_instant(&context.connection, context.now).map_err(judged)?;
    Ok(())
}

/// RSP-04: Bindings 3.5.5.2 demands a destination on a signed message that is posted; Errata 59 on none that is fetched.
pub(super) fn check_destination(
    context: &Context<'_>,
    envelope: &Envelope<'_>,
    signed: bool,
) -> Result<(), Rejection> {
    let part = Part::Response;
    match envelope.fields.element.attribute("Destination") {
        Some(found) => context
            .consumer(found)
            .map_err(|expected| Cause::Destination { part, expected, found: found.to_owned() }.into()),
        None if signed && context.arrived_by == Binding::HttpPost => {
            let expected = context.consumer("").err().unwrap_or_default();
            Err(Cause::NoDestination { part, expected }.into())
        }
        None => Ok(()),
    }
}

/// No product is known to send more than one; each that is encrypted costs private-key operations.
const MAX_ASSERTIONS: usize = 8;
