//! Single logout: ending a session on both sides (Core 3.7, Profiles 4.4).

mod encrypt;
mod receive;
mod send;

pub use encrypt::EncryptionRandom;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Binding, EntityId, LocalPath, Login, NameId, RequestId, Seconds, SignatureEvidence, Status};

/// What a host keeps of a login to be able to end it: who signed in, and the names of the session.
///
/// ```
/// # fn example(login: &saml_sp::Login) -> Result<(), serde_json::Error> {
/// let kept: Option<String> = login.idp_session().map(|session| serde_json::to_string(&session)).transpose()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdpSession {
    /// The name identifier exactly as received, attributes included.
    pub name_id: NameId,
    /// The names of the session at the identity provider.
    pub session_indexes: Vec<String>,
}

impl IdpSession {
    /// Tells whether a logout request means this session: the name identifier is the same in all its parts, and the
    /// request names one of the session's indexes or none at all, which means every session of the person (SLO-03).
    #[must_use]
    pub fn is_meant_by(&self, request: &LogoutRequest) -> bool {
        let same_person = self.name_id.format() == request.name_id.format()
            && NameId { format: None, ..self.name_id.clone() }
                == NameId { format: None, ..request.name_id.clone() };
        same_person
            && (request.session_indexes.is_empty()
                || request.session_indexes.iter().any(|index| self.session_indexes.contains(index)))
    }
}

impl Login {
    /// Gives what to keep in order to end the session later; nothing if the person has no identifier.
    #[must_use]
    pub fn idp_session(&self) -> Option<IdpSession> {
        let name_id = self.subject()?.clone();
        Some(IdpSession { name_id, session_indexes: self.session().indexes.clone() })
    }
}

/// How to ask for logout.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutOptions {
    /// How to send the request; by default HTTP-Redirect, or HTTP-POST if the identity provider takes only that.
    pub binding: Option<Binding>,
    /// Encrypts the name identifier for the identity provider, whose metadata must name a certificate for that
    /// ([`crate::IdentityProvider::encryption_certificates`]); it is otherwise readable for the browser. Absent means plain.
    pub encrypt_name_id: Option<EncryptionRandom>,
    /// How long the answer may take; ten minutes by default.
    pub lifetime: Option<Seconds>,
    /// Until when the request counts.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// Why, a URI such as `urn:oasis:names:tc:SAML:2.0:logout:user`.
    pub reason: Option<String>,
    /// An opaque text of at most 80 bytes that comes back with the answer.
    pub relay_state: Option<String>,
    /// Where on this site the person goes afterwards; it stays here.
    pub return_to: Option<LocalPath>,
}

/// A logout that was asked for and waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PendingLogout {
    request_id: RequestId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    idp: EntityId,
    sp: EntityId,
    expires_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    return_to: Option<LocalPath>,
}

impl PendingLogout {
    /// Gives the request's id, which the answer repeats.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// Gives the key of the connection that the logout was started through, if it has one.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        self.connection.as_deref()
    }

    /// Gives the instant after which the answer is no longer taken.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// Gives where on this site the person goes afterwards.
    #[must_use]
    pub fn return_to(&self) -> Option<&LocalPath> {
        self.return_to.as_ref()
    }
}

/// What arrived at a logout endpoint, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutMessage {
    /// The identity provider wants sessions ended; end them and [`crate::Connection::respond_logout`].
    Request(Box<LogoutRequest>),
    /// The identity provider answers our request.
    Response(LogoutOutcome),
}

/// The identity provider's wish to end sessions.
///
/// # Security
/// It holds for sessions of this connection only. Until [`LogoutRequest::not_on_or_after`] it also ends a session whose
/// assertion arrives after it (SLO-06).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// The id of the message, which the answer repeats.
    pub id: String,
    /// Whose sessions.
    pub name_id: NameId,
    /// Which sessions; none means all of the person.
    pub session_indexes: Vec<String>,
    /// Until when the wish counts.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// Why, a URI.
    pub reason: Option<String>,
    /// The opaque text to send back unchanged.
    pub relay_state: Option<String>,
    /// How it came; the answer goes the same way if it can.
    pub binding: Binding,
    /// The signature, absent only if the policy takes unsigned logout messages.
    pub signature: Option<SignatureEvidence>,
}

impl LogoutRequest {
    /// Tells whether the wish ends a session at an instant: it means the session ([`IdpSession::is_meant_by`]), and it still
    /// counts.
    ///
    /// Ask this of the requests that were received before, too, when a login comes in: a logout that overtook its login
    /// wins (SLO-06, Core 3.7.3.1). A request without [`LogoutRequest::not_on_or_after`] counts as long as the host keeps
    /// it.
    #[must_use]
    pub fn ends(&self, session: &IdpSession, now: DateTime<Utc>) -> bool {
        session.is_meant_by(self) && self.not_on_or_after.is_none_or(|end| now < end)
    }
}

/// How a logout that we asked for ended at the identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// The session ended there, though not at every other service.
    Partial,
    /// The session ended there and everywhere.
    Success,
    /// The identity provider reports a failure: the person may still be signed in there.
    Unknown(Status),
}

/// What to answer to a logout request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutAnswer {
    /// The request can't be followed, through the fault of who sent it.
    Requester,
    /// The sessions could not be ended here.
    Responder,
    /// The sessions are ended, or there were none.
    Success,
}

#[cfg(test)]
mod tests;
