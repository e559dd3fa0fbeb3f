//! A tenant's ties to its identity provider: one kind for logins, one for provisioning.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::blast_radius::BlastLimit;
use crate::capabilities::{AuthScheme, Capabilities};
use crate::ids::{AttrName, ConnectionId, EmailAddress, Generation, TenantId};
use crate::mapping::AttributeMapping;
use crate::person::DirectoryPerson;
use crate::trust::TrustedKey;

/// A tenant's tie to one identity provider for logins.
///
/// Keys and metadata of the provider are with the host's SAML configuration; here is what decides who someone is, and
/// in [`SamlConnection::trust`] what tells one key from another.
/// A tenant may have several, each with its own ACS URL (TEN-01).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlConnection {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id inside the tenant.
    pub id: ConnectionId,
    /// The product on the other side, for hints.
    #[serde(default)]
    pub provider: Provider,
    /// The name that people see.
    pub display_name: String,
    /// Whether it is in use.
    #[serde(default)]
    pub state: ConnectionState,
    /// Version of what it trusts (TEN-10).
    #[serde(default)]
    pub generation: Generation,
    /// Entity id of the identity provider.
    pub idp_entity_id: String,
    /// Scheme, host and port of the provider's sign-on endpoints; empty if the host keeps them elsewhere.
    #[serde(default)]
    pub sso_origins: BTreeSet<String>,
    /// The provider's signing keys; empty if the host keeps them elsewhere.
    #[serde(default)]
    pub trust: Vec<TrustedKey>,
    /// Who may come in through it.
    #[serde(default)]
    pub policy: LoginPolicy,
    /// How attributes become fields of an account.
    #[serde(default)]
    pub mapping: AttributeMapping,
    /// The directory that provisions the same people, if any.
    #[serde(default)]
    pub pairing: Option<Pairing>,
    /// Last successful login.
    #[serde(default)]
    pub last_login: Option<DateTime<Utc>>,
}

impl SamlConnection {
    /// Replaces the provider's entity id; existing links must then be confirmed again (TEN-10).
    ///
    /// [`crate::trust_change`] judges keys and hosts as well. A host that keeps those elsewhere calls
    /// [`SamlConnection::raise_generation`] itself when it replaces them.
    pub fn trust_entity(&mut self, idp_entity_id: &str) {
        if self.idp_entity_id != idp_entity_id {
            idp_entity_id.clone_into(&mut self.idp_entity_id);
            self.raise_generation();
        }
    }

    /// Says that what the connection trusts has changed (TEN-10).
    pub fn raise_generation(&mut self) {
        self.generation = self.generation.raised();
    }
}

/// A tenant's tie to one directory that provisions over SCIM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimConnection {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id inside the tenant.
    pub id: ConnectionId,
    /// The product on the other side.
    #[serde(default)]
    pub provider: Provider,
    /// The name that people see.
    pub display_name: String,
    /// Whether it is in use; anything but active and testing refuses before the body is read (TEN-21).
    #[serde(default)]
    pub state: ConnectionState,
    /// What the tenant may do over SCIM.
    pub capabilities: Capabilities,
    /// How the token is sent.
    #[serde(default)]
    pub auth: AuthScheme,
    /// How resources become fields of an account.
    #[serde(default)]
    pub mapping: AttributeMapping,
    /// What happens to users whose address is not the tenant's.
    #[serde(default)]
    pub outsiders: Outsiders,
    /// How many people it may switch off within an hour, and what happens beyond.
    #[serde(default)]
    pub deactivations: BlastLimit,
    /// Last request with a good token.
    #[serde(default)]
    pub last_request: Option<DateTime<Utc>>,
}

/// Whether a connection is in use. Off and unknown refuse alike (TEN-21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// In use.
    #[default]
    Active,
    /// Not yet complete.
    Draft,
    /// Switched off.
    Off {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// In use by admins who try it; makes no sessions and no accounts.
    Testing,
}

impl ConnectionState {
    /// Whether logins through it give sessions.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Active)
    }
}

/// The product on the other side. It picks hints and wording, never what is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Provider {
    /// CyberArk Identity.
    Cyberark,
    /// Microsoft Entra ID.
    Entra,
    /// Any other.
    #[default]
    Generic,
    /// Google Workspace.
    GoogleWorkspace,
    /// JumpCloud.
    Jumpcloud,
    /// Keycloak.
    Keycloak,
    /// Okta.
    Okta,
    /// OneLogin.
    Onelogin,
    /// PingFederate or PingOne.
    Ping,
    /// Rippling.
    Rippling,
}

/// What happens to a provisioned user whose address is neither of the tenant's domains nor a guest's.
///
/// Which domains are the tenant's is for [`crate::Tenant::standing`] to say, with its policy for tenants that have
/// verified none. A user without an address is nobody's outsider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outsiders {
    /// The person is made like any other.
    ///
    /// # Security
    /// A directory then brings anybody's address into the tenant. Logins through a connection check it again, other
    /// ways of signing in may not.
    DangerAccept,
    /// The person is made and is inactive until the domain is verified or the address is a guest's, and the directory
    /// sends the user again.
    #[default]
    Quarantine,
    /// The request is refused.
    Refuse,
}

/// Which directory knows the people of a login connection, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairing {
    /// The directory's connection, of the same tenant.
    pub scim: ConnectionId,
    /// A person is recognised when the account key of the login equals one of these. If two of them point to two
    /// persons, nobody is linked.
    pub name_id_equals: Vec<DirectoryField>,
}

/// A value of a provisioned user that a login's key may equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DirectoryField {
    /// `externalId`, compared exactly (RFC 7643 3.1: case-exact).
    ExternalId,
    /// The primary mail address, ignoring the case of ASCII letters.
    PrimaryEmail,
    /// `userName`, ignoring the case of ASCII letters (RFC 7643 4.1.1: not case-exact).
    UserName,
}

impl DirectoryField {
    /// The user's value of it, if there is one.
    pub(crate) fn of(self, user: &DirectoryPerson) -> Option<&str> {
        let value = match self {
            Self::ExternalId => user.external_id.as_deref(),
            Self::PrimaryEmail => user.primary_email.as_ref().map(EmailAddress::as_str),
            Self::UserName => Some(user.user_name.as_str()),
        };
        value.filter(|value| !value.is_empty())
    }

    /// Whether the user's value equals another.
    pub(crate) fn equals(self, user: &DirectoryPerson, value: &str) -> bool {
        self.of(user).is_some_and(|own| match self {
            Self::ExternalId => own == value,
            Self::PrimaryEmail | Self::UserName => own.eq_ignore_ascii_case(value),
        })
    }
}

/// Who may come in through a login connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginPolicy {
    /// Whether someone without an account gets one.
    pub jit: Jit,
    /// What a first login may be linked by, besides the pairing.
    pub link: LinkPolicy,
    /// What happens when someone's name at the provider has changed.
    pub relink: Relink,
    /// What names the account; the first usable is taken. A transient NameID is never usable.
    pub subject: Vec<SubjectSource>,
    /// Longest session in minutes, even if the provider allows more.
    pub session_max_minutes: u32,
}

impl Default for LoginPolicy {
    fn default() -> Self {
        Self {
            jit: Jit::Never,
            link: LinkPolicy::DirectoryOnly,
            relink: Relink::Never,
            subject: vec![SubjectSource::NameId],
            // A working day: long enough not to interrupt it, short enough that the provider is asked daily.
            session_max_minutes: 720,
        }
    }
}

/// Whether someone who signs in and has no account gets one (just in time). The role is the mapping's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jit {
    /// Only while no directory provisions the tenant's people.
    CreateWhenNoDirectory,
    /// Also beside a directory, for whom it has no record at all. Whoever it calls inactive or has removed still gets
    /// no account (TEN-14), so the host must keep removed records findable.
    CreateWhenUnknownToDirectory,
    /// Accounts come from the directory or an admin.
    #[default]
    Never,
}

/// What a first login may be linked by, besides the pairing (TEN-06).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPolicy {
    /// Only by the pairing.
    #[default]
    DirectoryOnly,
    /// Also by the address, if its domain is the tenant's and the person has no link at all.
    DirectoryOrVerifiedEmail,
}

/// What happens when the pairing leads a new name to a person who has a link under another one: someone married, and
/// the NameID is their address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relink {
    /// An administrator must release the old link.
    #[default]
    Never,
    /// The new link takes the place of the old one, if the directory renamed the very same user: it manages the
    /// person, no value of its user that the pairing reads is the old name any more, and every link of the person is
    /// one of this connection's present trust.
    WhenDirectoryRenamed,
}

/// What names the account in an assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectSource {
    /// A single-valued attribute made for it, such as `urn:oasis:names:tc:SAML:attribute:subject-id`.
    Attribute(AttrName),
    /// The NameID, with its qualifiers, unless it is transient.
    NameId,
}
