//! The login itself, and the last stage before it: the claim against replay.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Attributes, Evidence, NameId, SubjectKey};
use crate::{
    EntityId, LocalPath, RequestId,
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
///
/// Nor can a value be declared verified, or admitted twice:
///
/// ```compile_fail,E0451
/// fn says_so(value: saml_sp::NameId, claim: saml_sp::ReplayClaim) -> saml_sp::Verified<saml_sp::NameId> {
///     saml_sp::Verified { value, claim, further: Vec::new() }
/// }
/// ```
/// ```compile_fail,E0382
/// fn twice(verified: saml_sp::Verified<saml_sp::Login>) {
///     let _ = verified.admit(saml_sp::Sighting::FirstUse);
///     let _ = verified.admit(saml_sp::Sighting::FirstUse);
/// }
/// ```
#[derive(Debug)]
#[must_use = "nobody is signed in before `admit`"]
pub struct Verified<T> {
    value: T,
    claim: ReplayClaim,
    further: Vec<ReplayClaim>,
}

impl<T> Verified<T> {
    pub(crate) fn new(value: T, claim: ReplayClaim) -> Self {
        Self { value, claim, further: Vec::new() }
    }

    pub(crate) fn with_further_claims(mut self, further: Vec<ReplayClaim>) -> Self {
        self.further = further;
        self
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

    /// Gives every claim, each to be stored like [`Verified::claim`], which is the first; more than one only if the policy
    /// takes several assertions ([`crate::Policy::accept_several_assertions`]).
    pub fn claims(&self) -> impl Iterator<Item = &ReplayClaim> {
        std::iter::once(&self.claim).chain(&self.further)
    }

    /// Gives the value out if the claim was new.
    ///
    /// # Errors
    /// A [`Rejection`] with code `ASN-05` if it was seen before, `ASN-17` if there are more claims than one: they need
    /// [`Verified::admit_all`].
    pub fn admit(self, sighting: Sighting) -> Result<T, Rejection> {
        self.admit_all([sighting])
    }

    /// Gives the value out if every claim was new; the sightings are in the order of [`Verified::claims`].
    ///
    /// # Errors
    /// A [`Rejection`] with code `ASN-05` if one was seen before, `ASN-17` if there is not one sighting for each claim.
    pub fn admit_all(self, sightings: impl IntoIterator<Item = Sighting>) -> Result<T, Rejection> {
        let expected = self.claims().count();
        let mut found = 0_usize;
        for sighting in sightings {
            found = found.saturating_add(1);
            if sighting == Sighting::Seen {
                return Err(Rejection::from(Cause::Replayed).verified());
            }
        }
        if found != expected {
            return Err(Rejection::from(Cause::Unclaimed { expected, found }).verified());
        }
        Ok(self.value)
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
///
/// Only a check makes one, so that what is stored is what was checked:
///
/// ```compile_fail,E0639
/// fn of_my_own(issuer: saml_sp::EntityId, now: chrono::DateTime<chrono::Utc>) -> saml_sp::ReplayClaim {
///     saml_sp::ReplayClaim { issuer, id: "_1".to_owned(), forget_after: now }
/// }
/// ```
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

/// A person who signed in: what is left when every check has passed and [`Verified::admit`] has let it through.
///
/// Account, name, groups and session are read from it, and nothing else makes one:
///
/// ```compile_fail,E0599
/// let login = saml_sp::Login::default();
/// ```
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

    /// Gives the place on this site that the `RelayState` of a login names that nobody asked for: a deep link that the
    /// identity provider was set up with. `None` if it is no path of this site (RSP-11), or if the login was asked for: its
    /// place is [`crate::PendingLogin::return_to`].
    #[must_use]
    pub fn deep_link(&self) -> Option<LocalPath> {
        if self.in_response_to.is_some() { None } else { self.relay_state()?.parse().ok() }
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
