//! SCIM tokens: made once, shown once, kept as a keyed hash.

mod check;
mod form;
mod hash;
mod lifecycle;
mod owner;

use std::collections::BTreeSet;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use check::{Authenticated, TokenRefusal, authenticate, touch};
pub use form::{HeaderError, MAX_HEADER_BYTES, PresentedToken, ShownOnce, TokenPrefix, read_header};
pub(crate) use form::{hex, parse as parse_secret, unhex};
pub(crate) use hash::HashPurpose;
pub use hash::{HashKey, HashKeyError, HashKeys, TokenHash};
pub use lifecycle::{ExpiryRequest, Issued, TokenError, TokenRequest, issue, revoke};
pub(crate) use lifecycle::{check_text, expiry};
pub use owner::{TakeOverError, orphaned, owner_left, record_use, still_used, take_over};

use crate::ids::{ConnectionId, KeyId, PersonId, TenantId, TokenId};
use crate::oauth::AccessMinutes;
use crate::person::Actor;

/// A row of the host's store: one token of one SCIM connection.
///
/// The secret is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimToken {
    /// Whose it is (TOK-03).
    pub tenant: TenantId,
    /// The only connection it works for (TOK-03).
    pub connection: ConnectionId,
    /// The public part, for the look-up.
    pub id: TokenId,
    /// Number among the live tokens of the connection, below the policy's `max_active`. Unique for live tokens in the
    /// store, so two nodes that issue at once cannot pass the cap (TOK-05).
    pub slot: u8,
    /// Keyed hash of the whole token (TOK-02).
    pub hash: TokenHash,
    /// The key of that hash.
    pub hash_key: KeyId,
    /// The name that admins see.
    #[serde(default)]
    pub name: Option<String>,
    /// A kind, for products that have such.
    #[serde(default)]
    pub kind: Option<String>,
    /// A description, for products that have such.
    #[serde(default)]
    pub description: Option<String>,
    /// What it may do (TOK-08).
    pub scopes: BTreeSet<Scope>,
    /// Who answers for it; `None` if it was made by the operator (TOK-09).
    #[serde(default)]
    pub owner: Option<PersonId>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// Fixed when it is made (TOK-04).
    pub expires: Expiry,
    /// An earlier end, given when another takes its place (TOK-05).
    #[serde(default)]
    pub ends: Option<DateTime<Utc>>,
    /// When it was revoked.
    #[serde(default)]
    pub revoked: Option<DateTime<Utc>>,
    /// The token that takes its place.
    #[serde(default)]
    pub replaced_by: Option<TokenId>,
    /// Its first use, if the host notes uses with [`record_use`].
    #[serde(default)]
    pub first_used: Option<DateTime<Utc>>,
    /// Its last use, at most five minutes old (TOK-06).
    #[serde(default)]
    pub last_used: Option<Use>,
    /// When it was noted that the owner is no longer an active admin (TOK-09).
    #[serde(default)]
    pub owner_left: Option<DateTime<Utc>>,
    /// An earlier end because of that.
    #[serde(default)]
    pub orphan_ends: Option<DateTime<Utc>>,
}

impl ScimToken {
    /// Whether it works at `now`, as far as the row tells.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked.is_none() && self.end().is_none_or(|end| now < end)
    }

    /// The instant from which it no longer works: its expiry or an earlier end; `None` if it never ends.
    #[must_use]
    pub fn end(&self) -> Option<DateTime<Utc>> {
        let expiry = match self.expires {
            Expiry::At(at) => Some(at),
            Expiry::DangerNever => None,
        };
        [expiry, self.ends, self.orphan_ends].into_iter().flatten().min()
    }
}

/// When a token ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// At this instant.
    At(DateTime<Utc>),
    /// Not by itself.
    ///
    /// # Security
    /// RFC 7644 section 7.4 wants limited lifetimes: a token that leaks works until someone notices.
    DangerNever,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read groups.
    GroupsRead,
    /// Create, change and delete groups.
    GroupsWrite,
    /// Read resources of the product's own types.
    ResourcesRead,
    /// Create, change and delete resources of the product's own types.
    ResourcesWrite,
    /// Read users.
    UsersRead,
    /// Create, change and delete users.
    UsersWrite,
}

impl Scope {
    /// Its name, in OAuth as in a stored row.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GroupsRead => "groups_read",
            Self::GroupsWrite => "groups_write",
            Self::ResourcesRead => "resources_read",
            Self::ResourcesWrite => "resources_write",
            Self::UsersRead => "users_read",
            Self::UsersWrite => "users_write",
        }
    }

    /// All of them.
    #[must_use]
    pub fn all() -> BTreeSet<Self> {
        BTreeSet::from([
            Self::GroupsRead,
            Self::GroupsWrite,
            Self::ResourcesRead,
            Self::ResourcesWrite,
            Self::UsersRead,
            Self::UsersWrite,
        ])
    }
}

/// When and from where a token was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// When.
    pub at: DateTime<Utc>,
    /// The client's address.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`, cut to 200 bytes by [`touch`].
    #[serde(default)]
    pub agent: Option<String>,
}

/// What a product allows with tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenPolicy {
    /// The word in front of each token, by which scanners for leaked secrets know it.
    pub prefix: TokenPrefix,
    /// What a new token does to the old ones.
    pub rotation: Rotation,
    /// Days that a replaced token goes on where old and new go side by side; never beyond the end that it had.
    pub overlap_days: u16,
    /// Most live tokens of a connection, 1 to 5; more than 5 counts as 5.
    pub max_active: u8,
    /// Days until expiry where nothing else is asked for.
    pub default_days: u16,
    /// Most days until expiry.
    pub max_days: u16,
    /// Whether a token may be made that never expires; see [`Expiry::DangerNever`].
    pub danger_allow_never: bool,
    /// Whether the asker must name the expiry.
    pub expiry_required: bool,
    /// What happens when the owner is no longer an active admin (TOK-09).
    pub owner_leaves: OwnerLeaves,
    /// Days before expiry on which to remind (TOK-11).
    pub reminders_days: BTreeSet<u16>,
    /// How long access tokens of OAuth clients live (TOK-12).
    pub access_minutes: AccessMinutes,
    /// Whether tokens have a name.
    pub names: bool,
    /// Whether tokens have a kind.
    pub kind: bool,
    /// Whether tokens have a description.
    pub description: bool,
}

impl TokenPolicy {
    /// Most live tokens of a connection, whatever the policy says (TOK-05).
    pub const MOST_ACTIVE: u8 = 5;

    /// The cap in force: 1 to [`TokenPolicy::MOST_ACTIVE`], and 1 where a new token replaces the old at once.
    #[must_use]
    pub fn cap(&self) -> u8 {
        match self.rotation {
            Rotation::AtOnce => 1,
            Rotation::SideBySide => self.max_active.clamp(1, Self::MOST_ACTIVE),
        }
    }
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            prefix: TokenPrefix::default(),
            rotation: Rotation::default(),
            overlap_days: 7,
            max_active: 2,
            default_days: 365,
            // Five years: what an admin may plan for; a product profile can say less or more.
            max_days: 1826,
            danger_allow_never: false,
            expiry_required: false,
            owner_leaves: OwnerLeaves::default(),
            reminders_days: BTreeSet::from([30, 7, 1]),
            access_minutes: AccessMinutes::default(),
            names: true,
            kind: false,
            description: true,
        }
    }
}

/// What a new token does to the old ones of its connection (TOK-05).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// All old ones are dead at that moment.
    AtOnce,
    /// Old ones go on; the one that it replaces gets an end, [`TokenPolicy::overlap_days`] later.
    #[default]
    SideBySide,
}

/// What happens to a token whose owner is no longer an active admin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerLeaves {
    /// It stops after so many days, unless another admin takes it over.
    DiesAfterDays(u16),
    /// It keeps working and is reported.
    #[default]
    Survives,
}

#[cfg(test)]
mod tests;
