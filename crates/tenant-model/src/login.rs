//! Which person a verified login is, and whether that person may come in.

mod decide;
mod screen;

use chrono::{DateTime, Utc};

pub use decide::decide_login;
pub use screen::login_query;

use crate::audit::{Action, AuditEvent, LifecycleEvent, Outcome, Target};
use crate::connection::{DirectoryField, Provider, SamlConnection};
use crate::ids::{ConnectionId, Domain, EmailAddress, Epoch, PersonId, TenantId};
use crate::mapping::{AttributeBag, Mapped, MappingError};
use crate::person::{Actor, DirectoryPerson, Link, Person, SubjectKey};
use crate::session::SignInRefusal;

/// What a verified assertion says about someone, in plain values.
///
/// # Security
/// Everything in it must come from bytes whose signature was verified with a key of this connection, and whose
/// audience, recipient, times, request and first use were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertedIdentity {
    /// Entity id of the issuer.
    pub entity_id: String,
    /// The NameID, if there is one.
    pub name_id: Option<AssertedName>,
    /// The attributes by `Name`.
    pub attributes: AttributeBag,
    /// `SessionNotOnOrAfter`, if sent.
    pub session_not_on_or_after: Option<DateTime<Utc>>,
}

/// A NameID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssertedName {
    /// Its value, exactly as sent.
    pub value: String,
    /// Its format's URI.
    pub format: Option<String>,
    /// `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

/// Which rows to fetch before a login is decided: all inside one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginQuery {
    /// Only inside this tenant.
    pub tenant: TenantId,
    /// The login connection.
    pub connection: ConnectionId,
    /// The link with this key, connection included.
    pub subject: SubjectKey,
    /// Users of the paired directory.
    pub pairing: Option<PairingQuery>,
    /// Persons with this address, ignoring case.
    pub email: Option<EmailAddress>,
}

/// Users of a directory, removed ones too, one of whose fields equals a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingQuery {
    /// The directory's connection.
    pub scim: ConnectionId,
    /// The fields; each compared as [`DirectoryField`] says.
    pub fields: Vec<DirectoryField>,
    /// The value.
    pub value: String,
}

/// What was found for a [`LoginQuery`]. Wrong rows give a refusal, never a login: each is checked again.
#[derive(Clone, Debug)]
pub struct LoginRows {
    /// The person of the link.
    pub linked: Option<Candidate>,
    /// The persons of the paired directory's users.
    pub paired: Vec<Candidate>,
    /// The persons with the address.
    pub by_email: Vec<Candidate>,
    /// Whether a directory of the tenant has, or ever had, a user.
    pub directory_in_use: bool,
    /// An id for a new person, in case there is to be one.
    pub fresh: PersonId,
}

impl LoginRows {
    /// Nothing was found.
    #[must_use]
    pub fn none(fresh: PersonId) -> Self {
        Self { linked: None, paired: Vec::new(), by_email: Vec::new(), directory_in_use: false, fresh }
    }
}

/// A person who might be meant, with what belongs to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The person.
    pub person: Person,
    /// All links of the person, through whichever connection.
    pub links: Vec<Link>,
    /// The directory's user for the person, removed ones too; `None` if there never was one.
    pub directory: Option<DirectoryPerson>,
}

/// A login that is accepted, and what to store before the session is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginDecision {
    /// The person as to be stored.
    pub person: Person,
    /// How the person was found.
    pub found: FoundBy,
    /// A new link to store, in place of any with the same key.
    pub link: Option<Link>,
    /// Links to delete in the same transaction: those that the new one takes the place of.
    pub ended_links: Vec<Link>,
    /// What happened to the person; empty if nothing did.
    pub events: Vec<LifecycleEvent>,
    /// What the mapping made of the attributes.
    pub mapped: Mapped,
    /// The epoch to write into the session, only if the stored one is still the same: so a login that races a
    /// deactivation leaves nothing behind (TEN-15).
    pub epoch: Epoch,
    /// When the session ends in any case.
    pub session_until: DateTime<Utc>,
    /// For the audit trail.
    pub audit: Vec<AuditEvent>,
}

/// How the person of a login was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// By the address, once.
    Email,
    /// By an earlier login.
    Link,
    /// Not at all: the person is new.
    New,
    /// By the paired directory.
    Pairing,
}

/// Why a login was refused, though the assertion is good.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// Several persons fit; nobody is picked.
    #[error("several accounts fit this login")]
    Ambiguous,
    /// The assertion calls something a mail address that is none.
    #[error("the NameID says it is a mail address and is none")]
    AddressMalformed,
    /// Break-glass persons do not sign in through a provider (TEN-13).
    #[error("this account signs in with its own credentials")]
    BreakGlassIsLocal,
    /// The connection is not in use (TEN-21).
    #[error("this connection is switched off")]
    ConnectionOff,
    /// The directory calls the person inactive or removed (TEN-14).
    #[error("your organisation's directory has switched this account off")]
    DirectoryInactive,
    /// What the directory says of the person could not be found out (TEN-14).
    #[error("the state of this account in your organisation's directory is not known")]
    DirectoryUnknown,
    /// An asserted address is of a domain that is not the tenant's (TEN-07).
    #[error("addresses of {domain} cannot sign in here; verify the domain or add the person as a guest")]
    DomainNotVerified {
        /// The domain.
        domain: Domain,
    },
    /// What the connection trusts has changed since the link was made (TEN-10).
    #[error("the identity provider was exchanged; an administrator must confirm this account again")]
    GenerationChanged,
    /// The person who would be linked has another link already.
    #[error("this account is tied to another identity; an administrator must release it")]
    LinkedElsewhere,
    /// There is an account that could be meant, and no rule that says so (TEN-06).
    #[error(
        "an account with this address exists and is not tied to this identity; an administrator must link it"
    )]
    LinkRequired,
    /// The attributes cannot be mapped.
    #[error(transparent)]
    Mapping(MappingError),
    /// There is no account, and none is made.
    #[error("there is no account for you here; ask your administrator to assign you to the application")]
    NotProvisioned,
    /// The account is switched off by an administrator.
    #[error("this account is switched off")]
    PersonInactive,
    /// The rows are not those that were asked for; a mistake of the host.
    #[error("the stored data of this login disagree")]
    RowsDisagree,
    /// The tenant or person does not allow signing in this way.
    #[error(transparent)]
    SignIn(SignInRefusal),
    /// Nothing names the person: no NameID and none of the attributes for it.
    #[error("the assertion does not name anyone")]
    SubjectMissing,
    /// The tenant is not served.
    #[error("this organisation is not active")]
    TenantSuspended,
    /// The only name is transient: it would be another at the next login.
    #[error("the NameID is transient; configure a lasting one")]
    TransientNameId,
    /// The assertion is of another issuer than the connection's.
    #[error("the assertion is not from this connection's identity provider")]
    WrongIssuer,
}

impl LoginRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous => "login.ambiguous",
            Self::AddressMalformed => "login.address_malformed",
            Self::BreakGlassIsLocal => "login.break_glass_is_local",
            Self::ConnectionOff => "login.connection_off",
            Self::DirectoryInactive => "login.directory_inactive",
            Self::DirectoryUnknown => "login.directory_unknown",
            Self::DomainNotVerified { .. } => "login.domain_not_verified",
            Self::GenerationChanged => "login.generation_changed",
            Self::LinkedElsewhere => "login.linked_elsewhere",
            Self::LinkRequired => "login.link_required",
            Self::Mapping(error) => error.code(),
            Self::NotProvisioned => "login.not_provisioned",
            Self::PersonInactive => "login.person_inactive",
            Self::RowsDisagree => "login.rows_disagree",
            Self::SignIn(refusal) => refusal.code(),
            Self::SubjectMissing => "login.subject_missing",
            Self::TenantSuspended => "login.tenant_suspended",
            Self::TransientNameId => "login.transient_name_id",
            Self::WrongIssuer => "login.wrong_issuer",
        }
    }

    /// What an admin should look at, in the words of their product; `None` where the message says it all.
    #[must_use]
    pub fn hint(&self, provider: Provider) -> Option<&'static str> {
        match self {
            Self::Mapping(MappingError::MissingAttribute { .. }) => Some(match provider {
                Provider::Okta => "in the SAML settings of the app, add the name under Attribute Statements",
                Provider::Entra => {
                    "under Attributes & Claims, choose Add new claim and leave Namespace empty"
                }
                Provider::GoogleWorkspace => "under Attribute mapping, add the name as App attribute",
                Provider::Onelogin => "on the Parameters tab, tick Include in SAML assertion",
                Provider::Ping => "on the Attribute Mappings tab, add the name",
                Provider::Keycloak => "add a mapper with the name to the client",
                Provider::Cyberark | Provider::Generic | Provider::Jumpcloud | Provider::Rippling => {
                    "send the attribute with the assertion"
                }
            }),
            Self::NotProvisioned => Some(match provider {
                Provider::Okta => "assign the person on the Assignments tab",
                Provider::Entra => "add the person under Users and groups, then wait for provisioning",
                Provider::Cyberark
                | Provider::Generic
                | Provider::GoogleWorkspace
                | Provider::Jumpcloud
                | Provider::Keycloak
                | Provider::Onelogin
                | Provider::Ping
                | Provider::Rippling => "assign the person to the application and let it provision",
            }),
            Self::SubjectMissing | Self::TransientNameId => Some(match provider {
                Provider::Okta => "set Application username and a Name ID format other than Transient",
                Provider::Entra => {
                    "under Unique User Identifier, choose a name identifier format other than transient"
                }
                Provider::Cyberark
                | Provider::Generic
                | Provider::GoogleWorkspace
                | Provider::Jumpcloud
                | Provider::Keycloak
                | Provider::Onelogin
                | Provider::Ping
                | Provider::Rippling => "send a NameID of format persistent or emailAddress",
            }),
            _ => None,
        }
    }

    /// The audit event of this refusal (TEN-23). It names no one: who was meant is not established.
    #[must_use]
    pub fn audit(&self, connection: &SamlConnection, now: DateTime<Utc>) -> AuditEvent {
        let target = Target::Connection(connection.id.clone());
        let actor = Actor::Connection(connection.id.clone());
        AuditEvent::done(&connection.tenant, now, actor, Action::LoginRefused, target)
            .with_outcome(Outcome::Refused(self.code().to_owned()))
    }
}

#[cfg(test)]
mod tests;
