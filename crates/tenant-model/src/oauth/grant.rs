//! The token endpoint: from client id and secret to an access token.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::{MAX_CLIENT_SECRETS, OAuthClient};
use crate::audit::{Action, AuditEvent, Target};
use crate::ids::{ConnectionId, TenantId, TokenId};
use crate::person::Actor;
use crate::time::after_minutes;
use crate::token::{
    Expiry, HashKeys, HashPurpose, PresentedToken, ScimToken, Scope, ShownOnce, TokenPrefix, hex,
    parse_secret,
};

/// A client as a request names it: right in form, nothing proved yet.
#[derive(Debug)]
pub struct PresentedClient {
    secret: PresentedToken,
}

impl PresentedClient {
    /// The `client_id`, to fetch the row by.
    #[must_use]
    pub fn id(&self) -> &TokenId {
        self.secret.id()
    }
}

/// Why a request names no client. Each is answered as `invalid_client` (RFC 6749 5.2).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientAuthError {
    /// Client id and secret have not their forms, or belong to different clients.
    #[error("the client id or secret was mistyped or cut; copy both again")]
    Form,
    /// There are none.
    #[error("no client id and secret were sent")]
    Missing,
    /// They came in more than one way (RFC 6749 2.3).
    #[error("the client must be named once: in the Authorization header or in the body")]
    Several,
}

impl ClientAuthError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form => "client.form",
            Self::Missing => "client.missing",
            Self::Several => "client.several",
        }
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        401
    }
}

/// Reads who asks for a token, from the `Authorization` headers (`Basic`) or from `client_id` and `client_secret` of
/// the body.
///
/// # Errors
/// [`ClientAuthError`], found without the store.
pub fn read_client<'a>(
    headers: impl IntoIterator<Item = &'a [u8]>,
    client_id: Option<&str>,
    client_secret: Option<&str>,
) -> Result<PresentedClient, ClientAuthError> {
    let mut headers = headers.into_iter();
    let header = headers.next();
    if headers.next().is_some() || (header.is_some() && client_secret.is_some()) {
        return Err(ClientAuthError::Several);
    }
    let (id, secret) = match (header, client_id, client_secret) {
        (Some(header), named, None) => {
            let (id, secret) = basic(header).ok_or(ClientAuthError::Form)?;
            // Some clients repeat the id in the body; it must then be the same.
            if named.is_some_and(|named| named != id) {
                return Err(ClientAuthError::Form);
            }
            (id, secret)
        }
        (None, Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
        _ => return Err(ClientAuthError::Missing),
    };
    let secret = parse_secret(&secret).map_err(|_| ClientAuthError::Form)?;
    if secret.id().as_str() != id {
        return Err(ClientAuthError::Form);
    }
    Ok(PresentedClient { secret })
}

/// What is asked of the token endpoint.
#[derive(Clone, Copy, Debug)]
pub struct TokenGrant<'a> {
    /// `grant_type`.
    pub grant_type: &'a str,
    /// `scope`, if sent: names of [`Scope`] divided by spaces.
    pub scope: Option<&'a str>,
    /// The word in front of the tokens.
    pub prefix: &'a TokenPrefix,
}

/// An access token and what to answer with.
#[derive(Debug)]
pub struct GrantedToken {
    /// The row to store, in a table of its own: its slot is not one of the connection's. [`crate::authenticate`] checks
    /// it like any other token.
    pub row: ScimToken,
    /// `access_token`, once; answer `no-store`.
    pub shown: ShownOnce,
    /// `expires_in`, in seconds.
    pub expires_in: u32,
    /// `scope`.
    pub scope: String,
    /// Which of the client's secrets got it: when that one is revoked, its tokens go too.
    pub secret: u8,
    /// For the audit trail.
    pub audit: AuditEvent,
}

/// Why no access token was given.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantRefusal {
    /// Another grant than client credentials.
    #[error("only the grant type client_credentials is served")]
    GrantType,
    /// The client is of another connection than the URL names.
    #[error("the client is not for this address; check the token URL in the identity provider")]
    OtherConnection,
    /// A scope that does not exist or that the client has not.
    #[error("the client has not all of these scopes")]
    Scope,
    /// The secret has ended; told only to someone who knows it.
    #[error("the client secret ended; make a new one and paste it into the identity provider")]
    SecretEnded,
    /// No such client, or another secret.
    #[error("the client is not known")]
    Unknown,
}

impl GrantRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::GrantType => "grant.type",
            Self::OtherConnection => "grant.other_connection",
            Self::Scope => "grant.scope",
            Self::SecretEnded => "grant.secret_ended",
            Self::Unknown => "grant.unknown",
        }
    }

    /// The `error` of the answer (RFC 6749 5.2).
    #[must_use]
    pub fn oauth_error(&self) -> &'static str {
        match self {
            Self::GrantType => "unsupported_grant_type",
            Self::OtherConnection | Self::SecretEnded | Self::Unknown => "invalid_client",
            Self::Scope => "invalid_scope",
        }
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::GrantType | Self::Scope => 400,
            Self::OtherConnection | Self::SecretEnded | Self::Unknown => 401,
        }
    }
}

/// Gives an access token to a client that proves itself. `at` and `row` are as for [`crate::authenticate`], `random`
/// as for [`crate::issue`].
///
/// # Errors
/// [`GrantRefusal`]: client, place, secret's end, grant type, scope.
///
/// # Security
/// Call it also when there is no row, and read the row afresh: as for a token.
pub fn grant_access(
    given: &PresentedClient,
    row: Option<&OAuthClient>,
    keys: &HashKeys,
    at: (&TenantId, &ConnectionId),
    ask: &TokenGrant<'_>,
    random: &[u8; 40],
    now: DateTime<Utc>,
) -> Result<GrantedToken, GrantRefusal> {
    let mut matching = None;
    // As many hashes for any client: two, whether it has two secrets, one or does not exist.
    for place in 0..MAX_CLIENT_SECRETS {
        let secret = row.and_then(|row| row.secrets.get(place));
        let key = secret.and_then(|secret| keys.find(&secret.hash_key));
        let hash = key.unwrap_or(keys.current()).hash_for(HashPurpose::ClientSecret, given.secret.text());
        let same = secret.map_or(hash, |secret| secret.hash) == hash;
        matching = matching.or(secret.filter(|_| same && key.is_some()));
    }
    let Some((row, secret)) = row.zip(matching).filter(|(row, _)| row.id == *given.id()) else {
        return Err(GrantRefusal::Unknown);
    };
    if (&row.tenant, &row.connection) != at || row.id.tenant() != row.tenant {
        return Err(GrantRefusal::OtherConnection);
    }
    if !secret.is_live(now) {
        return Err(GrantRefusal::SecretEnded);
    }
    if ask.grant_type != "client_credentials" {
        return Err(GrantRefusal::GrantType);
    }
    let scopes = scopes(ask.scope, &row.scopes)?;
    let (id_bytes, bytes) = random.split_at(8);
    let id = TokenId::make(&row.tenant, &hex(id_bytes));
    let shown = ShownOnce::make(ask.prefix, &id, bytes);
    let minutes = u32::from(row.access_minutes.get());
    let by = Actor::Token(row.id.clone());
    let target = Target::Token(id.clone());
    let audit = AuditEvent::done(&row.tenant, now, by.clone(), Action::TokenIssued, target);
    let names: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
    Ok(GrantedToken {
        scope: names.join(" "),
        row: ScimToken {
            hash: keys.current().hash(shown.text()),
            hash_key: keys.current().id().clone(),
            tenant: row.tenant.clone(),
            connection: row.connection.clone(),
            id,
            slot: 0,
            name: row.name.clone(),
            kind: Some("access_token".to_owned()),
            description: None,
            scopes,
            owner: None,
            created: now,
            created_by: by,
            expires: Expiry::At(after_minutes(now, minutes)),
            ends: None,
            revoked: None,
            replaced_by: None,
            first_used: None,
            last_used: None,
            owner_left: None,
            orphan_ends: None,
        },
        shown,
        secret: secret.slot,
        expires_in: minutes.saturating_mul(60),
        audit,
    })
}

/// Those asked for, all of which the client must have; all it has, if none are named.
fn scopes(asked: Option<&str>, has: &BTreeSet<Scope>) -> Result<BTreeSet<Scope>, GrantRefusal> {
    let words: Vec<_> = asked.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Ok(has.clone());
    }
    let all = Scope::all();
    let known = |word: &&str| all.iter().find(|scope| scope.name() == *word).filter(|s| has.contains(s));
    words.iter().map(|word| known(word).copied().ok_or(GrantRefusal::Scope)).collect()
}

/// RFC 6749 2.3.1: both parts are form-encoded first; ours hold no character that this changes.
fn basic(header: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(header).ok().filter(|_| header.len() <= MAX_BASIC_BYTES)?;
    let (word, rest) = text.trim_matches([' ', '\t']).split_once(' ')?;
    if !word.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = STANDARD.decode(rest.trim_start_matches(' ')).ok()?;
    let (id, secret) = std::str::from_utf8(&plain).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Base64 is a third longer, and the client id stands in it twice.
const MAX_BASIC_BYTES: usize = 1024;
