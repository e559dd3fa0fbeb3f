//! The login itself, and the last stage before it: the claim against replay.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Attributes, Evidence, NameId, SubjectKey};
use crate::{
    EntityId, RequestId,
    rejection::{Cause, Rejection},
};

/// Something that passed every check but one: whether it has been used before.
///
/// Only the host's store knows that. [`Verified::claim`] says what to store, [`Verified::admit`] takes the store's
/// answer and gives the value out. There is no other way to it, so replay can't be forgotten:
///
/// ```compile_fail
/// fn forgets_replay(verified: saml_sp::Verified<saml_sp::Login>) -> saml_sp::Login {
///     verified.value
/// }
/// ```
#[derive(Debug)]
#[must_use = "nobody is signed in before `admit`"]
pub struct Verified<T> {
    value: T,
    claim: ReplayClaim,
}

impl<T> Verified<T> {
    pub(crate) fn new(value: T, claim: ReplayClaim) -> Self {
        Self { value, claim }
    }

    /// Says what the host must store exactly once, and until when.
    ///
    /// # Security
    /// Store with one statement that inserts if absent and tells whether it did; reading first and writing then lets
    /// two requests pass at once. Key the row by tenant and connection too (TEN-09).
    #[must_use]
    pub fn claim(&self) -> &ReplayClaim {
        &self.claim
    }

    /// Looks at the value for a report; it isn't given out.
    pub(crate) fn unclaimed(&self) -> &T {
        &self.value
    }

    /// Gives the value out if the claim was new.
    ///
    /// # Errors
    /// A [`Rejection`] with code `ASN-05` if it was seen before.
    pub fn admit(self, sighting: Sighting) -> Result<T, Rejection> {
        match sighting {
            Sighting::FirstUse => Ok(self.value),
            Sighting::Seen => Err(Rejection::from(Cause::Replayed).verified()),
        }
    }
}

/// What the host's store said about a [`ReplayClaim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// The claim was stored now, for the first time.
    FirstUse,
    /// The claim was there already.
    Seen,
}

/// The identity of a message that may be used once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReplayClaim {
    /// The issuer of the message; ids are unique only among one issuer's.
    pub issuer: EntityId,
    /// The `ID` of the message.
    pub id: String,
    /// Until when the claim must be kept; afterwards the message is refused as too old.
    pub forget_after: DateTime<Utc>,
}

/// A person who signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub(crate) attributes: Attributes,
    pub(crate) authn_context: AuthnContext,
    pub(crate) authn_instant: DateTime<Utc>,
    pub(crate) evidence: Evidence,
    pub(crate) idp: EntityId,
    pub(crate) in_response_to: Option<RequestId>,
    pub(crate) relay_state: Option<String>,
    pub(crate) session: Session,
    pub(crate) subject: Option<NameId>,
    pub(crate) subject_key: Option<SubjectKey>,
}

impl Login {
    /// Gives the identity provider that vouches for the person.
    #[must_use]
    pub fn idp(&self) -> &EntityId {
        &self.idp
    }

    /// Gives the name identifier; absent only if the policy allows that (ASN-03).
    #[must_use]
    pub fn subject(&self) -> Option<&NameId> {
        self.subject.as_ref()
    }

    /// Gives what an account is keyed by, inside this connection; absent if there is no identifier.
    ///
    /// # Security
    /// Attributes such as e-mail addresses are data and may change hands; this is the account (TEN-05). Check
    /// [`NameId::is_transient`] before keeping it.
    #[must_use]
    pub fn subject_key(&self) -> Option<&SubjectKey> {
        self.subject_key.as_ref()
    }

    /// Gives the attributes.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Gives the session at the identity provider, needed for logout.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Gives the instant at which the person authenticated.
    #[must_use]
    pub fn authn_instant(&self) -> DateTime<Utc> {
        self.authn_instant
    }

    /// Gives how the person authenticated.
    #[must_use]
    pub fn authn_context(&self) -> &AuthnContext {
        &self.authn_context
    }

    /// Gives the `RelayState` that came along. It isn't signed.
    ///
    /// # Security
    /// Anybody may have written it: it is at most a hint for a place on this site; parse it as [`crate::LocalPath`].
    #[must_use]
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// Gives the request that was answered; absent if nobody asked.
    #[must_use]
    pub fn in_response_to(&self) -> Option<&RequestId> {
        self.in_response_to.as_ref()
    }

    /// Gives what the login rests on.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Login")
            .field("idp", &self.idp)
            .field("subject", &self.subject)
            .field("attributes", &self.attributes.len())
            .field("session", &self.session)
            .field("authn_instant", &self.authn_instant)
            .field("authn_context", &self.authn_context)
            .field("in_response_to", &self.in_response_to)
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

/// A session at the identity provider.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The names of the session, needed to end it; several if there are several authentication statements.
    pub indexes: Vec<String>,
    /// When the host's session must end, if the identity provider says so: the nearest instant of all (ASN-06).
    pub not_on_or_after: Option<DateTime<Utc>>,
}

/// How a person authenticated (Core 2.7.2.2).
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthnContext {
    /// The class, a URI.
    pub class: Option<String>,
    /// The identity providers that took part before, if the answering one asked others.
    pub authenticating_authorities: Vec<String>,
}
