//! Whether a presented token may do something.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::form::PresentedToken;
use super::hash::HashKeys;
use super::{ScimToken, Scope, Use};
use crate::ids::{ConnectionId, TenantId, TokenId};

/// A client whose token was good for this request.
///
/// Only [`authenticate`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    tenant: TenantId,
    connection: ConnectionId,
    token: TokenId,
    scopes: BTreeSet<Scope>,
}

impl Authenticated {
    /// The tenant: from the credential, never from a body (TEN-18).
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The SCIM connection.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The token, for the audit trail.
    #[must_use]
    pub fn token(&self) -> &TokenId {
        &self.token
    }

    /// Asks for a scope (TOK-08).
    ///
    /// # Errors
    /// [`TokenRefusal::Scope`], to be answered with 403.
    pub fn require(&self, scope: Scope) -> Result<(), TokenRefusal> {
        if self.scopes.contains(&scope) { Ok(()) } else { Err(TokenRefusal::Scope { needed: scope }) }
    }
}

/// Why a token was refused.
///
/// All but [`TokenRefusal::Unknown`] are told only to someone who knows the secret.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Its time is over.
    #[error("the token expired on {at}; make a new one and paste it into the identity provider")]
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// It is a token of another connection than the URL names.
    #[error("the token is not for this address; check the base URL in the identity provider")]
    OtherConnection,
    /// Its owner is no longer an administrator, and nobody took it over (TOK-09).
    #[error(
        "the token ended on {at} because its owner left; make a new one and paste it into the identity provider"
    )]
    OwnerLeft {
        /// When it stopped.
        at: DateTime<Utc>,
    },
    /// Another token took its place.
    #[error("the token was replaced on {at}; paste the new one into the identity provider")]
    Replaced {
        /// When it stopped.
        at: DateTime<Utc>,
    },
    /// Someone revoked it.
    #[error("the token was revoked on {at}; make a new one and paste it into the identity provider")]
    Revoked {
        /// When.
        at: DateTime<Utc>,
    },
    /// It is good, but not for this.
    #[error("the token lacks the scope {needed:?}")]
    Scope {
        /// The scope.
        needed: Scope,
    },
    /// No such token, or another secret.
    #[error("the token is not known")]
    Unknown,
}

impl TokenRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "token.expired",
            Self::OtherConnection => "token.other_connection",
            Self::OwnerLeft { .. } => "token.owner_left",
            Self::Replaced { .. } => "token.replaced",
            Self::Revoked { .. } => "token.revoked",
            Self::Scope { .. } => "token.scope_missing",
            Self::Unknown => "token.unknown",
        }
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Scope { .. } => 403,
            Self::Expired { .. }
            | Self::OtherConnection
            | Self::OwnerLeft { .. }
            | Self::Replaced { .. }
            | Self::Revoked { .. }
            | Self::Unknown => 401,
        }
    }
}

/// Checks a presented token against the row that its id led to, in the time that it takes for any other.
///
/// `at` is the tenant and connection that the URL names; where only the token tells them, those of the row.
///
/// # Errors
/// [`TokenRefusal`], never [`TokenRefusal::Scope`].
///
/// # Security
/// Read the row afresh for each request (TOK-07), and call this also when there is none: an unknown id then costs the
/// same work as a known one (TOK-02). A connection that is switched off refuses besides.
pub fn authenticate(
    given: &PresentedToken,
    row: Option<&ScimToken>,
    keys: &HashKeys,
    at: (&TenantId, &ConnectionId),
    now: DateTime<Utc>,
) -> Result<Authenticated, TokenRefusal> {
    let key = row.and_then(|row| keys.find(&row.hash_key));
    let hash = key.unwrap_or(keys.current()).hash(given.text());
    // Without a row the hash is compared with itself, so that a comparison takes place; its result is not used.
    let same = row.map_or(hash, |row| row.hash) == hash;
    let Some(row) = row.filter(|row| same && key.is_some() && row.id == *given.id()) else {
        return Err(TokenRefusal::Unknown);
    };
    if (&row.tenant, &row.connection) != at || row.id.tenant() != row.tenant {
        return Err(TokenRefusal::OtherConnection);
    }
    if let Some(at) = row.revoked {
        return Err(match row.replaced_by {
            Some(_) => TokenRefusal::Replaced { at },
            None => TokenRefusal::Revoked { at },
        });
    }
    if let Some(at) = row.end().filter(|end| *end <= now) {
        return Err(match row.ends {
            Some(ends) if ends == at && row.replaced_by.is_some() => TokenRefusal::Replaced { at },
            _ if row.orphan_ends == Some(at) => TokenRefusal::OwnerLeft { at },
            _ => TokenRefusal::Expired { at },
        });
    }
    Ok(Authenticated {
        tenant: row.tenant.clone(),
        connection: row.connection.clone(),
        token: row.id.clone(),
        scopes: row.scopes.clone(),
    })
}

/// The use to store, or `None` if the stored one is younger than five minutes (TOK-06).
#[must_use]
pub fn touch(row: &ScimToken, used: &Use) -> Option<Use> {
    let recent =
        row.last_used.as_ref().is_some_and(|last| used.at.signed_duration_since(last.at) < TOUCH_EVERY);
    if recent {
        return None;
    }
    let agent =
        used.agent.as_ref().map(|agent| agent.chars().filter(|c| !c.is_control()).take(200).collect());
    Some(Use { agent, ..used.clone() })
}

/// Often enough to see whether a token is in use, seldom enough that a sync is not a write per request.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(5);
