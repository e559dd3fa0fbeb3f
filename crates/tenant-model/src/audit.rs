//! What is written down about every change and every refusal (TEN-23).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{AdminId, ConnectionId, Domain, KeyId, PersonId, RequestId, TenantId, TokenId};
use crate::person::Actor;

/// One line of a tenant's audit trail; the host only ever appends.
///
/// It holds ids and names of fields; a value only where it is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// Whose it is.
    pub tenant: TenantId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What was done or tried.
    pub action: Action,
    /// To what.
    pub target: Target,
    /// What changed, before and after.
    #[serde(default)]
    pub change: Vec<FieldChange>,
    /// What came of it.
    pub outcome: Outcome,
    /// The request it belongs to, filled in by the host.
    #[serde(default)]
    pub request: Option<RequestId>,
}

impl AuditEvent {
    /// An event of something done, without details.
    #[must_use]
    pub fn done(tenant: &TenantId, at: DateTime<Utc>, actor: Actor, action: Action, target: Target) -> Self {
        Self {
            tenant: tenant.clone(),
            at,
            actor,
            action,
            target,
            change: Vec::new(),
            outcome: Outcome::Done,
            request: None,
        }
    }

    /// The same with another outcome.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// The same with one more changed field.
    #[must_use]
    pub fn with_change(mut self, field: &str, before: Option<String>, after: Option<String>) -> Self {
        self.change.push(FieldChange { field: field.to_owned(), before, after });
        self
    }
}

/// What was done or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// An account of the administration pages: invited, its password set, revoked.
    AdminChanged,
    /// Someone signed in to the administration pages.
    AdminSignedIn,
    /// Someone was refused there.
    AdminSignInRefused,
    /// More people were switched off within an hour than the limit says, or those who waited for that were let go.
    BlastRadius,
    /// Emergency access was opened or closed, or who has it.
    BreakGlassChanged,
    /// A break-glass person signed in.
    BreakGlassUsed,
    /// A secret of an OAuth client was made.
    ClientSecretIssued,
    /// A secret of an OAuth client was revoked.
    ClientSecretRevoked,
    /// A connection's settings.
    ConnectionChanged,
    /// A domain of the tenant.
    DomainChanged,
    /// A hook of another system, or its secret.
    HookChanged,
    /// A link was confirmed after the connection's trust had changed.
    LinkConfirmed,
    /// A login was linked to a person.
    LinkCreated,
    /// A link was ended.
    LinkRemoved,
    /// Someone signed in.
    LoginAccepted,
    /// Someone was refused.
    LoginRefused,
    /// A person came back.
    PersonActivated,
    /// A person was made.
    PersonCreated,
    /// A person was switched off.
    PersonDeactivated,
    /// A person was deleted.
    PersonRemoved,
    /// A person's fields.
    PersonUpdated,
    /// A directory's user was refused.
    ProvisionRefused,
    /// The administrators were reminded of something.
    Reminded,
    /// A person's roles.
    RolesChanged,
    /// The rules by which people get roles.
    RoleRulesChanged,
    /// A set-up link was made.
    SetupLinkMade,
    /// A set-up link was used.
    SetupLinkUsed,
    /// The next one of our own SAML keys was taken back.
    SpKeyCancelled,
    /// A retired one of our own SAML keys was deleted.
    SpKeyRemoved,
    /// The old one of our own SAML keys left the metadata.
    SpKeyRetired,
    /// The instant at which signing switches to our next SAML key.
    SpKeyScheduled,
    /// The next one of our own SAML keys was made.
    SpKeyStaged,
    /// Whether single sign-on is off, optional or enforced.
    SsoPolicyChanged,
    /// A tenant was made.
    TenantCreated,
    /// A tenant's settings.
    TenantChanged,
    /// A token was made.
    TokenIssued,
    /// A token's owner left, or another took it over.
    TokenOwnerChanged,
    /// A token was refused.
    TokenRefused,
    /// A token was revoked.
    TokenRevoked,
    /// A token got an end because another takes its place.
    TokenRotated,
    /// What a connection trusts.
    TrustChanged,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// An account of the administration pages.
    Admin(AdminId),
    /// A connection.
    Connection(ConnectionId),
    /// A domain.
    Domain(Domain),
    /// A person.
    Person(PersonId),
    /// One of our own SAML keys.
    SpKey(KeyId),
    /// The tenant itself.
    Tenant,
    /// A token.
    Token(TokenId),
}

/// One field before and after; for secrets both are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// Its value before, if it had one that may be shown.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It waits for someone's approval, with the code of the reason.
    Held(String),
    /// It was refused, with the code of the reason.
    Refused(String),
}

/// What happened to a person, told to the rest of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleEvent {
    /// A person exists now.
    Created,
    /// It may no longer be used.
    Deactivated,
    /// It is in another department.
    DepartmentChanged,
    /// It has another address.
    EmailChanged,
    /// Everything it had open must end now: sessions, keys, connections.
    LockedOut,
    /// It may be used again.
    Reactivated,
    /// It is gone.
    Removed,
    /// It has other roles.
    RoleChanged,
    /// Some other field changed.
    Updated,
}
