//! OAuth 2.0 client credentials beside static tokens (TOK-12): RFC 6749 section 4.4.

mod client;
mod grant;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub use client::{ClientError, add_client_secret, register_client, revoke_client_secret};
pub use grant::{
    ClientAuthError, GrantRefusal, GrantedToken, PresentedClient, TokenGrant, grant_access, read_client,
};

use crate::ids::{ConnectionId, IdError, KeyId, TenantId, TokenId};
use crate::person::Actor;
use crate::token::{Expiry, Scope, TokenHash};

/// Most secrets of a client that work at once: the old and the new one of a rotation.
pub const MAX_CLIENT_SECRETS: usize = 2;

/// A row of the host's store: one OAuth client of one SCIM connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthClient {
    /// Whose it is.
    pub tenant: TenantId,
    /// The only connection that its tokens work for.
    pub connection: ConnectionId,
    /// The `client_id`.
    pub id: TokenId,
    /// The name that admins see.
    #[serde(default)]
    pub name: Option<String>,
    /// Its secrets, dead ones left out at the next change.
    pub secrets: Vec<ClientSecret>,
    /// What its tokens may do at most.
    pub scopes: BTreeSet<Scope>,
    /// How long its tokens live.
    #[serde(default)]
    pub access_minutes: AccessMinutes,
    /// When it was made.
    pub created: DateTime<Utc>,
}

/// One secret of a client; the secret itself is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSecret {
    /// Tells it from the other one.
    pub slot: u8,
    /// Keyed hash of the whole text.
    pub hash: TokenHash,
    /// The key of that hash.
    pub hash_key: KeyId,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// Fixed when it is made.
    pub expires: Expiry,
    /// When it was revoked.
    #[serde(default)]
    pub revoked: Option<DateTime<Utc>>,
}

impl ClientSecret {
    /// Whether it works at `now`.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        let over = matches!(self.expires, Expiry::At(end) if end <= now);
        self.revoked.is_none() && !over
    }
}

/// Minutes for which an access token lives: 60 unless told otherwise, 1 to 360.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct AccessMinutes(u16);

impl AccessMinutes {
    /// Most minutes: a token that leaks is of no use the next day.
    pub const MAX: u16 = 360;

    /// So many minutes.
    ///
    /// # Errors
    /// [`IdError::Form`] below 1 and above [`AccessMinutes::MAX`].
    pub fn new(minutes: u16) -> Result<Self, IdError> {
        if (1..=Self::MAX).contains(&minutes) {
            return Ok(Self(minutes));
        }
        Err(IdError::Form { kind: "life of an access token", expected: "1 to 360 minutes" })
    }

    /// The minutes.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for AccessMinutes {
    fn default() -> Self {
        Self(60)
    }
}

impl From<AccessMinutes> for u16 {
    fn from(minutes: AccessMinutes) -> Self {
        minutes.0
    }
}

impl TryFrom<u16> for AccessMinutes {
    type Error = IdError;

    fn try_from(minutes: u16) -> Result<Self, IdError> {
        Self::new(minutes)
    }
}

#[cfg(test)]
mod tests;
