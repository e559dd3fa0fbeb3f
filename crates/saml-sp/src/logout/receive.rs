//! Logout messages that arrive.

use chrono::{DateTime, Utc};

use super::{LogoutMessage, LogoutOutcome, LogoutRequest, PendingLogout};
use crate::{
    Binding, Connection, Inbound, SignatureError, SignatureEvidence,
    binding::{Decoded, DetachedSignature, MessageKind},
    dsig::{signature_of, verify_detached, verify_enveloped},
    enc::DecryptionContext,
    keys::PrivateKey,
    names::{ASSERTION, DS, PROTOCOL, STATUS_PARTIAL_LOGOUT},
    rejection::{AnswerTo, Cause, Part, Rejection},
    response::{Fields, decrypt_name_id, read_name_id, status, string_of, unexpected},
    time::later,
    xml::{Document, Element},
};

impl Connection<'_> {
    /// Checks what arrived at a logout endpoint: a request of the identity provider, or its answer to ours.
    ///
    /// `pending` is the logout that this browser started, if any; only answers need it.
    ///
    /// # Errors
    /// [`Rejection`]. Logout messages must be signed (SLO-02). A refused request may have to be answered:
    /// [`Connection::respond_refused_logout`].
    ///
    /// # Security
    /// A request ends only sessions of this connection: find them by [`super::IdpSession::is_meant_by`].
    ///
    /// # Examples
    /// ```
    /// # use saml_sp::*;
    /// fn arrived(
    ///     connection: Connection<'_>,
    ///     raw_query: &str,
    ///     pending: Option<&PendingLogout>,
    ///     sessions: &mut Vec<IdpSession>,
    ///     id: &RequestId,
    ///     now: chrono::DateTime<chrono::Utc>,
    /// ) -> Result<Option<Outbound>, Box<dyn std::error::Error>> {
    ///     match connection.accept_logout(&Inbound::RawQuery(raw_query), pending, now)? {
    ///         LogoutMessage::Request(request) => {
    ///             sessions.retain(|session| !request.ends(session, now));
    ///             Ok(Some(connection.respond_logout(&request, LogoutAnswer::Success, id, now)?))
    ///         }
    ///         LogoutMessage::Response(_outcome) => Ok(None),
    ///     }
    /// }
    /// ```
    pub fn accept_logout(
        &self,
        inbound: &Inbound<'_>,
        pending: Option<&PendingLogout>,
        now: DateTime<Utc>,
    ) -> Result<LogoutMessage, Rejection> {
        self.accept_decoded_logout(&inbound.decode(&self.policy().limits)?, pending, now)
    }

    /// Checks a logout message that was taken out of its transport.
    pub(crate) fn accept_decoded_logout(
        &self,
        decoded: &Decoded,
        pending: Option<&PendingLogout>,
        now: DateTime<Utc>,
    ) -> Result<LogoutMessage, Rejection> {
        let policy = self.policy();
        if let Some(at) = self.expired_metadata(now) {
            return Err(Cause::MetadataExpired { at, now }.into());
        }
        let parse = |bytes| {
            Document::parse(bytes, &policy.limits).map_err(|error| Rejection::from(Cause::Xml(error)))
        };
        let received = parse(&decoded.xml)?;
        let (part, name) = match decoded.kind {
            MessageKind::Request => (Part::LogoutRequest, "LogoutRequest"),
            MessageKind::Response => (Part::LogoutResponse, "LogoutResponse"),
        };
        let root = received.root();
        if !root.is(PROTOCOL, name) {
            return Err(Cause::WrongMessage { expected: name, found: root.local_name().to_owned() }.into());
        }
        let Signed { bytes, evidence } = self.verify_logout(decoded, root, part)?;
        // Where a signature stands in the message, only what it covers is read.
        let covered = bytes.as_deref().map(parse).transpose()?;
        let root = covered.as_ref().map_or(root, |document| document.root());
        let fields = Fields::new(root, part);
        // Only who is verified is answered, and only if there is something to answer to.
        let answerable = |rejection: Rejection| match root.attribute("ID") {
            Some(id) if decoded.kind == MessageKind::Request => rejection.with_answer_to(AnswerTo {
                id: id.to_owned(),
                binding: decoded.binding,
                relay_state: decoded.relay_state.clone(),
            }),
            _ => rejection,
        };
        let judged = |rejection: Rejection| {
            if evidence.is_some() { answerable(rejection.verified()) } else { rejection }
        };
        match decoded.kind {
            MessageKind::Request => self
                .read_request(&fields, decoded, evidence.clone(), now)
                .map(|request| LogoutMessage::Request(Box::new(request))),
            MessageKind::Response => self
                .read_response(&fields, decoded, pending, evidence.is_some(), now)
                .map(LogoutMessage::Response),
        }
        .map_err(judged)
    }

    fn verify_logout(&self, decoded: &Decoded, root: Element<'_>, part: Part) -> Result<Signed, Rejection> {
        let policy = self.policy();
        let keys = self.idp().signing_keys();
        let refuse = |error| Rejection::from(Cause::Signature { part, error });
        let enveloped = signature_of(root).map_err(refuse)?;
        if decoded.binding == Binding::HttpRedirect {
            if enveloped.is_some() {
                return Err(Cause::SignatureInRedirect.into());
            }
            if let Some(DetachedSignature { algorithm, octets, value }) = &decoded.signature {
                let verified = verify_detached(octets, algorithm, value, keys, &policy.algorithms);
                return match verified {
                    Ok((_, evidence)) => Ok(Signed { bytes: None, evidence: Some(evidence) }),
                    Err(SignatureError::SignatureAlgorithm { found }) => {
                        Err(Cause::RedirectAlgorithm { found }.into())
                    }
                    Err(error) => Err(refuse(error)),
                };
            }
        } else if enveloped.is_some() {
            let covered = verify_enveloped(root, keys, &policy.algorithms, policy.engines, &policy.limits)
                .map_err(refuse)?;
            return Ok(Signed { bytes: Some(covered.bytes), evidence: Some(covered.evidence) });
        }
        if policy.danger_accept_unsigned_logout {
            return Ok(Signed { bytes: None, evidence: None });
        }
        Err(Cause::NotSigned { part }.into())
    }

    /// Judges what both kinds of message have (SLO-08).
    fn check_logout<'d>(
        &self,
        fields: &Fields<'d>,
        issuer: Option<Element<'d>>,
        binding: Binding,
        signed: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Rejection> {
        fields.check_version()?;
        fields.id()?;
        let part = fields.part;
        fields.check_issuer(self, issuer, true)?;
        let ours = || {
            self.sp().logout().iter().map(|endpoint| match part {
                Part::LogoutResponse => endpoint.for_responses(),
                _ => &endpoint.location,
            })
        };
        let expected = || ours().map(|url| url.as_str()).collect::<Vec<_>>().join(" ");
        match fields.element.attribute("Destination") {
            Some(found) if !ours().any(|url| url.as_str() == found) => {
                return Err(Cause::Destination { part, expected: expected(), found: found.to_owned() }.into());
            }
            // Bindings 3.4.5.2, 3.5.5.2; SOAP (3.2) demands none.
            None if signed && binding != Binding::Soap => {
                return Err(Cause::NoDestination { part, expected: expected() }.into());
            }
            _ => {}
        }
        fields.check_issue_instant(self, now)?;
        Ok(())
    }

    fn read_request(
        &self,
        fields: &Fields<'_>,
        decoded: &Decoded,
        signature: Option<SignatureEvidence>,
        now: DateTime<Utc>,
    ) -> Result<LogoutRequest, Rejection> {
        let (part, root) = (fields.part, fields.element);
        let mut children = root.children().filter(|child| !child.is(DS, "Signature")).peekable();
        let issuer = children.next_if(|child| child.is(ASSERTION, "Issuer"));
        children.next_if(|child| child.is(PROTOCOL, "Extensions"));
        self.check_logout(fields, issuer, decoded.binding, signature.is_some(), now)?;
        let not_on_or_after = fields.instant("NotOnOrAfter")?;
        if let Some(not_on_or_after) = not_on_or_after
            && now >= later(not_on_or_after, self.policy().skew.seconds())
        {
            return Err(Cause::LogoutExpired { not_on_or_after, now }.into());
        }
        let name_id = match children.next() {
            Some(child) if child.is(ASSERTION, "NameID") => read_name_id(child)?,
            Some(child) if child.is(ASSERTION, "EncryptedID") => {
                self.open_name_id(child, signature.is_some())?
            }
            Some(child) if child.is(ASSERTION, "BaseID") => {
                return Err(Cause::Identifier { found: "BaseID".to_owned() }.into());
            }
            Some(child) => return Err(unexpected(part, child)),
            None => return Err(Cause::Missing { part, what: "NameID" }.into()),
        };
        let mut session_indexes = Vec::new();
        for child in children {
            if !child.is(PROTOCOL, "SessionIndex") {
                return Err(unexpected(part, child));
            }
            session_indexes.push(string_of(child, part, "SessionIndex")?.into_owned());
        }
        Ok(LogoutRequest {
            id: fields.id()?.to_owned(),
            name_id,
            session_indexes,
            not_on_or_after,
            reason: fields.text("Reason")?.map(str::to_owned),
            relay_state: decoded.relay_state.clone(),
            binding: decoded.binding,
            signature,
        })
    }

    fn open_name_id(&self, wrapper: Element<'_>, signed_outside: bool) -> Result<crate::NameId, Rejection> {
        let rings = self.sp().keys().into_iter();
        let keys: Vec<PrivateKey> =
            rings.flat_map(|ring| ring.decrypting()).map(|pair| pair.private_key().clone()).collect();
        let policy = self.policy();
        let decryption = DecryptionContext {
            keys: &keys,
            recipient: self.sp().entity_id().as_str(),
            policy: &policy.encryption,
            signed_outside,
            limits: &policy.limits,
        };
        decrypt_name_id(wrapper, &decryption)
    }

    fn read_response(
        &self,
        fields: &Fields<'_>,
        decoded: &Decoded,
        pending: Option<&PendingLogout>,
        signed: bool,
        now: DateTime<Utc>,
    ) -> Result<LogoutOutcome, Rejection> {
        let (part, root) = (fields.part, fields.element);
        let mut children = root.children().filter(|child| !child.is(DS, "Signature")).peekable();
        let issuer = children.next_if(|child| child.is(ASSERTION, "Issuer"));
        children.next_if(|child| child.is(PROTOCOL, "Extensions"));
        self.check_logout(fields, issuer, decoded.binding, signed, now)?;
        self.check_pending_logout(fields, pending, now)?;
        let status = match children.next() {
            Some(child) if child.is(PROTOCOL, "Status") => status(child, part)?,
            Some(child) => return Err(unexpected(part, child)),
            None => return Err(Cause::Missing { part, what: "Status" }.into()),
        };
        let partial = status.details.iter().any(|detail| detail == STATUS_PARTIAL_LOGOUT);
        Ok(match (status.is_success(), partial) {
            (true, false) => LogoutOutcome::Success,
            // Core 3.7.3.2 puts it under Success; some products put it under Responder.
            (_, true) => LogoutOutcome::Partial,
            (false, false) => LogoutOutcome::Unknown(status),
        })
    }

    /// Binds an answer to the request that waits (SLO-05).
    fn check_pending_logout(
        &self,
        fields: &Fields<'_>,
        pending: Option<&PendingLogout>,
        now: DateTime<Utc>,
    ) -> Result<(), Rejection> {
        let part = fields.part;
        let found = fields.required("InResponseTo")?;
        let Some(pending) = pending else {
            return Err(Cause::NothingPending { part, found: found.to_owned() }.into());
        };
        let names = [
            (self.key(), pending.connection()),
            (Some(self.idp().entity_id().as_str()), Some(pending.idp.as_str())),
            (Some(self.sp().entity_id().as_str()), Some(pending.sp.as_str())),
        ];
        for (expected, found) in names {
            if expected != found {
                let owned = |name: Option<&str>| name.unwrap_or_default().to_owned();
                return Err(Cause::PendingElsewhere { expected: owned(expected), found: owned(found) }.into());
            }
        }
        if now >= pending.expires_at() {
            return Err(Cause::PendingExpired { at: pending.expires_at(), now }.into());
        }
        let expected = pending.request_id().as_str();
        if found != expected {
            let (expected, found) = (expected.to_owned(), found.to_owned());
            return Err(Cause::InResponseTo { part, expected, found }.into());
        }
        Ok(())
    }
}

struct Signed {
    /// What a signature in the message covers.
    bytes: Option<Vec<u8>>,
    evidence: Option<SignatureEvidence>,
}
