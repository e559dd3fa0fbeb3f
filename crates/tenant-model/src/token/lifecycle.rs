//! Making, rotating and revoking tokens.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::form::{ShownOnce, hex};
use super::hash::HashKey;
use super::{Expiry, Rotation, ScimToken, Scope, TokenPolicy};
use crate::audit::{Action, AuditEvent, Target};
use crate::ids::{ConnectionId, PersonId, TenantId, TokenId};
use crate::person::Actor;
use crate::time::after_days;

/// What someone asks for when they make a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// For which tenant.
    pub tenant: TenantId,
    /// For which of its SCIM connections.
    pub connection: ConnectionId,
    /// The name, if given.
    pub name: Option<String>,
    /// The kind, if given.
    pub kind: Option<String>,
    /// The description, if given.
    pub description: Option<String>,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// Who asks.
    pub by: Actor,
    /// When it shall end.
    pub expires: ExpiryRequest,
    /// The token whose place it takes, where old and new go on side by side.
    pub replaces: Option<TokenId>,
}

impl TokenRequest {
    /// A token with all scopes and the default expiry.
    #[must_use]
    pub fn new(tenant: TenantId, connection: ConnectionId, by: Actor) -> Self {
        Self {
            tenant,
            connection,
            name: None,
            kind: None,
            description: None,
            scopes: Scope::all(),
            owner: None,
            by,
            expires: ExpiryRequest::Default,
            replaces: None,
        }
    }
}

/// When a new token shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryRequest {
    /// At this instant.
    At(DateTime<Utc>),
    /// Never, if the policy allows it; see [`Expiry::DangerNever`].
    DangerNever,
    /// After the policy's default.
    Default,
}

/// A new token and what it changes.
#[derive(Debug)]
pub struct Issued {
    /// The row to store.
    pub row: ScimToken,
    /// What to show its maker, once.
    pub shown: ShownOnce,
    /// Older rows that changed; store them in the same transaction (TOK-05).
    pub changed: Vec<ScimToken>,
    /// For the audit trail.
    pub audit: Vec<AuditEvent>,
}

/// Why no token was made or changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The expiry is not after now.
    #[error("the expiry {asked} is not in the future")]
    ExpiryInPast {
        /// The expiry asked for.
        asked: DateTime<Utc>,
    },
    /// The product wants an expiry to be named.
    #[error("name an expiry for the token")]
    ExpiryRequired,
    /// The expiry is later than the product allows.
    #[error("the expiry {asked} is later than {latest}, the latest allowed")]
    ExpiryTooLate {
        /// The expiry asked for.
        asked: DateTime<Utc>,
        /// The latest allowed.
        latest: DateTime<Utc>,
    },
    /// The product does not allow tokens that never expire.
    #[error("tokens of this product must expire")]
    NeverNotAllowed,
    /// A row of another tenant or connection was given; a mistake of the host.
    #[error("the token `{id}` is of another connection")]
    OtherConnection {
        /// Its id.
        id: TokenId,
    },
    /// The token to be replaced is not a live one of the connection.
    #[error("the token `{id}` to be replaced is not in use")]
    ReplacedUnknown {
        /// Its id.
        id: TokenId,
    },
    /// The name, kind or description is longer than 200 bytes or has control characters.
    #[error("the {field} of a token is one line of at most 200 bytes")]
    Text {
        /// Which.
        field: &'static str,
    },
    /// The connection has as many live tokens as it may have.
    #[error("the connection has {max} live tokens, the most allowed; revoke one first")]
    TooManyActive {
        /// The cap.
        max: u8,
    },
}

impl TokenError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ExpiryInPast { .. } => "token.expiry_in_past",
            Self::ExpiryRequired => "token.expiry_required",
            Self::ExpiryTooLate { .. } => "token.expiry_too_late",
            Self::NeverNotAllowed => "token.never_not_allowed",
            Self::OtherConnection { .. } => "token.other_connection",
            Self::ReplacedUnknown { .. } => "token.replaced_unknown",
            Self::Text { .. } => "token.text",
            Self::TooManyActive { .. } => "token.too_many_active",
        }
    }
}

/// Makes a token.
///
/// `existing` are the rows of the same connection, dead ones welcome. `random` are 40 fresh bytes from the system's
/// random generator: 8 for the public id, 32 for the secret.
///
/// # Errors
/// [`TokenError`]; nothing is to be stored then.
///
/// # Security
/// Ask for the right to manage security first, store the row and the changed ones in one transaction under a unique
/// index on (tenant, connection, slot) of live rows, and show the token once (TOK-05, TOK-10).
///
/// # Examples
/// ```
/// use chrono::{TimeZone, Utc};
/// use tenant_model::{
///     Actor, AuthScheme, ConnectionId, HashKey, HashKeys, KeyId, TenantId, TokenPolicy, TokenRequest, authenticate,
///     issue, read_header,
/// };
///
/// let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
/// let keys = HashKeys::new(HashKey::new(KeyId::parse("k1")?, &[7; 32])?, vec![])?;
/// let (tenant, connection) = (TenantId::parse("org_123")?, ConnectionId::parse("okta")?);
/// let ask = TokenRequest::new(tenant.clone(), connection.clone(), Actor::Operator);
/// // A real host takes 40 bytes from its random generator.
/// let issued = issue(&TokenPolicy::default(), &[], ask, &[1; 40], keys.current(), now)?;
///
/// let header = format!("Bearer {}", issued.shown.reveal());
/// let given = read_header([header.as_bytes()], &AuthScheme::default())?;
/// assert_eq!(given.id(), &issued.row.id);
/// assert!(authenticate(&given, Some(&issued.row), &keys, (&tenant, &connection), now).is_ok());
/// assert!(authenticate(&given, None, &keys, (&tenant, &connection), now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn issue(
    policy: &TokenPolicy,
    existing: &[ScimToken],
    ask: TokenRequest,
    random: &[u8; 40],
    key: &HashKey,
    now: DateTime<Utc>,
) -> Result<Issued, TokenError> {
    if let Some(other) = existing.iter().find(|t| t.tenant != ask.tenant || t.connection != ask.connection) {
        return Err(TokenError::OtherConnection { id: other.id.clone() });
    }
    for (field, text) in [("name", &ask.name), ("kind", &ask.kind), ("description", &ask.description)] {
        check_text(field, text.as_deref())?;
    }
    let expires = expiry(policy, ask.expires, now)?;
    let live: Vec<_> = existing.iter().filter(|token| token.is_live(now)).collect();
    let (id_bytes, secret) = random.split_at(8);
    let id = TokenId::make(&ask.tenant, &hex(id_bytes));
    let changed = outdated(policy, &live, &id, ask.replaces.as_ref(), now)?;
    let slot = free_slot(policy, &live)?;
    let shown = ShownOnce::make(&policy.prefix, &id, secret);
    let mut audit: Vec<_> = changed.iter().map(|old| rotated(old, &ask.by, now)).collect();
    audit.push(event(&ask.tenant, &id, &ask.by, Action::TokenIssued, now));
    let row = ScimToken {
        hash: key.hash(shown.text()),
        hash_key: key.id().clone(),
        tenant: ask.tenant,
        connection: ask.connection,
        id,
        slot,
        name: ask.name,
        kind: ask.kind,
        description: ask.description,
        scopes: ask.scopes,
        owner: ask.owner,
        created: now,
        created_by: ask.by,
        expires,
        ends: None,
        revoked: None,
        replaced_by: None,
        first_used: None,
        last_used: None,
        owner_left: None,
        orphan_ends: None,
    };
    Ok(Issued { row, shown, changed, audit })
}

/// Revokes a token; it fails from the next request on (TOK-07). A token that is revoked already stays as it is.
#[must_use]
pub fn revoke(token: &ScimToken, by: &Actor, now: DateTime<Utc>) -> (ScimToken, Option<AuditEvent>) {
    let mut row = token.clone();
    if row.revoked.is_some() {
        return (row, None);
    }
    row.revoked = Some(now);
    (row, Some(event(&token.tenant, &token.id, by, Action::TokenRevoked, now)))
}

/// One line of at most 200 bytes.
pub(crate) fn check_text(field: &'static str, text: Option<&str>) -> Result<(), TokenError> {
    if text.is_some_and(|t| t.len() > 200 || t.chars().any(char::is_control)) {
        return Err(TokenError::Text { field });
    }
    Ok(())
}

pub(crate) fn expiry(
    policy: &TokenPolicy,
    ask: ExpiryRequest,
    now: DateTime<Utc>,
) -> Result<Expiry, TokenError> {
    match ask {
        ExpiryRequest::At(asked) if asked <= now => Err(TokenError::ExpiryInPast { asked }),
        ExpiryRequest::At(asked) => {
            let latest = after_days(now, policy.max_days);
            if asked > latest {
                Err(TokenError::ExpiryTooLate { asked, latest })
            } else {
                Ok(Expiry::At(asked))
            }
        }
        ExpiryRequest::DangerNever if policy.danger_allow_never => Ok(Expiry::DangerNever),
        ExpiryRequest::DangerNever => Err(TokenError::NeverNotAllowed),
        ExpiryRequest::Default if policy.expiry_required => Err(TokenError::ExpiryRequired),
        ExpiryRequest::Default => Ok(Expiry::At(after_days(now, policy.default_days.min(policy.max_days)))),
    }
}

/// The live tokens that end because of the new one.
fn outdated(
    policy: &TokenPolicy,
    live: &[&ScimToken],
    new: &TokenId,
    replaces: Option<&TokenId>,
    now: DateTime<Utc>,
) -> Result<Vec<ScimToken>, TokenError> {
    let with = |old: &ScimToken, change: &dyn Fn(&mut ScimToken)| {
        let mut row = old.clone();
        row.replaced_by = Some(new.clone());
        change(&mut row);
        row
    };
    match (policy.rotation, replaces) {
        (Rotation::AtOnce, _) => {
            Ok(live.iter().map(|old| with(old, &|row| row.revoked = Some(now))).collect())
        }
        (Rotation::SideBySide, None) => Ok(Vec::new()),
        (Rotation::SideBySide, Some(id)) => {
            let old = live.iter().find(|token| token.id == *id);
            let old = old.ok_or_else(|| TokenError::ReplacedUnknown { id: id.clone() })?;
            let end = after_days(now, policy.overlap_days);
            Ok(vec![with(old, &|row| row.ends = Some(row.end().map_or(end, |had| had.min(end))))])
        }
    }
}

fn free_slot(policy: &TokenPolicy, live: &[&ScimToken]) -> Result<u8, TokenError> {
    if policy.rotation == Rotation::AtOnce {
        // The old ones are revoked in the same transaction, before this row is stored.
        return Ok(0);
    }
    let max = policy.cap();
    let free = (0..max).find(|slot| live.iter().all(|token| token.slot != *slot));
    // Tokens of a time with a higher cap may hold slots above it; they count all the same.
    free.filter(|_| live.len() < usize::from(max)).ok_or(TokenError::TooManyActive { max })
}

fn rotated(old: &ScimToken, by: &Actor, now: DateTime<Utc>) -> AuditEvent {
    let action = if old.revoked.is_some() { Action::TokenRevoked } else { Action::TokenRotated };
    let ends = old.end().map(|end| end.to_rfc3339());
    event(&old.tenant, &old.id, by, action, now).with_change("ends", None, ends)
}

fn event(tenant: &TenantId, id: &TokenId, by: &Actor, action: Action, now: DateTime<Utc>) -> AuditEvent {
    AuditEvent::done(tenant, now, by.clone(), action, Target::Token(id.clone()))
}
