//! A person of a tenant (account), and the links that let logins reach it.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{
    AdminId, AttrName, ConnectionId, DepartmentName, Domain, EmailAddress, Epoch, Generation, GroupKey,
    PersonId, RoleName, TenantId,
};
use crate::mapping::AttributeBag;

/// A row of the host's store: one account of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id inside the tenant; not the id of a SCIM resource, nor anything an outsider chose (TEN-19).
    pub id: PersonId,
    /// The address to write to; data, not a key (TEN-05).
    pub email: Option<EmailAddress>,
    /// The name to show.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether it may be used.
    pub state: PersonState,
    /// The directory connection that owns it; `None` for accounts made by a login or by hand.
    #[serde(default)]
    pub managed_by: Option<ConnectionId>,
    /// The roles, each with where it came from.
    #[serde(default)]
    pub grants: BTreeSet<Grant>,
    /// The department, if the product has such.
    #[serde(default)]
    pub department: Option<DepartmentName>,
    /// Grows whenever access shrinks (TEN-15).
    #[serde(default)]
    pub epoch: Epoch,
    /// The domain because of which the person waits: it is not the tenant's (see [`crate::Outsiders::Quarantine`]).
    #[serde(default)]
    pub quarantine: Option<Domain>,
    /// A break-glass person: no link, no directory, second factor always (TEN-13).
    #[serde(default)]
    pub break_glass: bool,
}

impl Person {
    /// A new active person without roles.
    #[must_use]
    pub fn new(tenant: TenantId, id: PersonId) -> Self {
        Self {
            tenant,
            id,
            email: None,
            display_name: None,
            state: PersonState::Active,
            managed_by: None,
            grants: BTreeSet::new(),
            department: None,
            epoch: Epoch::default(),
            quarantine: None,
            break_glass: false,
        }
    }

    /// The roles, each once.
    #[must_use]
    pub fn roles(&self) -> BTreeSet<RoleName> {
        self.grants.iter().map(|grant| grant.role.clone()).collect()
    }
}

/// Whether an account may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonState {
    /// May be used.
    #[default]
    Active,
    /// Switched off; may come back.
    Inactive {
        /// By whom.
        by: Actor,
        /// When.
        at: DateTime<Utc>,
    },
    /// Deleted by the directory; kept so that a late login finds no gap (TEN-14).
    Removed {
        /// When.
        at: DateTime<Utc>,
    },
}

impl PersonState {
    /// Whether the account may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active)
    }
}

/// One role of a person and where it came from, so that losing that source loses the role and nothing else (TEN-17).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: RoleName,
    /// Why the person has it.
    pub origin: GrantOrigin,
}

/// Why a person has a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantOrigin {
    /// Nothing else gave one.
    Default,
    /// An attribute that a directory sent.
    Directory(ConnectionId),
    /// Membership of a group.
    Group(GroupKey),
    /// An admin gave it.
    Hand(PersonId),
    /// An attribute that a login asserted.
    Login(ConnectionId),
    /// The operator of the product gave it.
    Operator,
}

/// Ties what an identity provider asserts to one person (TEN-05). Never crosses tenants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Whose it is.
    pub tenant: TenantId,
    /// The connection that the login came through.
    pub connection: ConnectionId,
    /// What that connection trusted when the link was made or last confirmed (TEN-10).
    pub generation: Generation,
    /// The provider's entity id.
    pub entity_id: String,
    /// What the provider calls the person.
    pub subject: SubjectKey,
    /// The person.
    pub person: PersonId,
    /// When it was made.
    pub created: DateTime<Utc>,
}

/// What a provider calls a person: the value with its qualifiers, compared exactly.
///
/// The format of the NameID is not part of it: providers change it (`unspecified` to `emailAddress`) for the same
/// people, while qualifiers say whose name it is (SAML Core 8.3.7).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectKey {
    /// The attribute it was taken from, or `None` for the NameID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<AttrName>,
    /// The value.
    pub value: String,
    /// `NameQualifier`, if sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`, if sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_name_qualifier: Option<String>,
}

impl SubjectKey {
    /// One text that is equal exactly when the keys are, for a column and its index.
    #[must_use]
    pub fn column(&self) -> String {
        // A JSON array quotes each part, so no value can imitate another's boundary.
        serde_json::json!([
            self.attribute.as_ref().map(AttrName::as_str),
            self.value,
            self.name_qualifier,
            self.sp_name_qualifier
        ])
        .to_string()
    }
}

impl fmt::Debug for SubjectKey {
    /// Leaves the value out: it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectKey")
            .field("attribute", &self.attribute)
            .field("name_qualifier", &self.name_qualifier)
            .field("sp_name_qualifier", &self.sp_name_qualifier)
            .finish_non_exhaustive()
    }
}

/// A user as the directory has it, in plain values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryPerson {
    /// The directory's connection.
    pub connection: ConnectionId,
    /// `externalId`, if sent.
    #[serde(default)]
    pub external_id: Option<String>,
    /// `userName`.
    pub user_name: String,
    /// The primary mail address, else the only one.
    #[serde(default)]
    pub primary_email: Option<EmailAddress>,
    /// `displayName`, else the formatted name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// `active`, or removed.
    pub state: DirectoryState,
    /// The groups it is in.
    #[serde(default)]
    pub groups: BTreeSet<GroupRef>,
    /// Further values by attribute path, e.g. `userType`, for the mapping and the role rules.
    #[serde(default)]
    pub attributes: AttributeBag,
}

impl DirectoryPerson {
    /// The address to write to: the primary one, else the `userName` if it is an address.
    #[must_use]
    pub fn address(&self) -> Option<EmailAddress> {
        self.primary_email.clone().or_else(|| EmailAddress::parse(&self.user_name).ok())
    }
}

/// What a directory says about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryState {
    /// `active` is true.
    Active,
    /// `active` is false.
    Inactive,
    /// It was deleted.
    Removed,
    /// The host could not tell; a login is then refused (TEN-14).
    Unknown,
}

/// A group that a user is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRef {
    /// Its id: what rules look at (TEN-17).
    pub id: GroupKey,
    /// Its name: what people see.
    pub display: String,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// An account of the administration pages.
    Admin(AdminId),
    /// An identity provider or directory.
    Connection(ConnectionId),
    /// The operator of the product.
    Operator,
    /// A person of the tenant.
    Person(PersonId),
    /// The product itself.
    System,
    /// A client with a token.
    Token(crate::ids::TokenId),
}
