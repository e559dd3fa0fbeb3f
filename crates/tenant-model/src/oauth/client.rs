//! Making clients and their secrets.

use chrono::{DateTime, Utc};

use super::{ClientSecret, MAX_CLIENT_SECRETS, OAuthClient};
use crate::audit::{Action, AuditEvent, Target};
use crate::ids::TokenId;
use crate::person::Actor;
use crate::rights::{Right, RightMissing, Rights};
use crate::token::{
    ExpiryRequest, HashKey, HashPurpose, ShownOnce, TokenError, TokenPolicy, TokenRequest, expiry, hex,
};

/// Why no client or secret was made or changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The right is missing.
    #[error(transparent)]
    Right(RightMissing),
    /// No live secret has this slot.
    #[error("the client has no secret {slot} in use")]
    SecretUnknown {
        /// The slot.
        slot: u8,
    },
    /// The rules of tokens, which hold for secrets as well.
    #[error(transparent)]
    Token(TokenError),
    /// The client has as many secrets as it may have.
    #[error("the client has {MAX_CLIENT_SECRETS} secrets in use; revoke one first")]
    TooManySecrets,
}

impl ClientError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Right(missing) => missing.code(),
            Self::SecretUnknown { .. } => "client.secret_unknown",
            Self::Token(error) => error.code(),
            Self::TooManySecrets => "client.too_many_secrets",
        }
    }
}

/// Makes a client with its first secret. `ask` and `random` are as for [`crate::issue`]; kind, owner, description and
/// `replaces` are not used.
///
/// # Errors
/// [`ClientError`]; nothing is to be stored then.
///
/// # Security
/// As for a token: show the secret once, answer `no-store` (TOK-10).
pub fn register_client(
    policy: &TokenPolicy,
    ask: TokenRequest,
    random: &[u8; 40],
    key: &HashKey,
    rights: &Rights,
    now: DateTime<Utc>,
) -> Result<(OAuthClient, ShownOnce, AuditEvent), ClientError> {
    crate::token::check_text("name", ask.name.as_deref()).map_err(ClientError::Token)?;
    let (id_bytes, secret) = random.split_at(8);
    let client = OAuthClient {
        id: TokenId::make(&ask.tenant, &hex(id_bytes)),
        tenant: ask.tenant,
        connection: ask.connection,
        name: ask.name,
        secrets: Vec::new(),
        scopes: ask.scopes,
        access_minutes: policy.access_minutes,
        created: now,
    };
    add(policy, &client, ask.expires, secret, key, rights, &ask.by, now)
}

/// Makes one more secret, so that the old one can be replaced in peace. `random` are 32 fresh bytes.
///
/// # Errors
/// [`ClientError`]; nothing is to be stored then.
#[expect(clippy::too_many_arguments, reason = "each is a fact that only the host knows")]
pub fn add_client_secret(
    policy: &TokenPolicy,
    client: &OAuthClient,
    expires: ExpiryRequest,
    random: &[u8; 32],
    key: &HashKey,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(OAuthClient, ShownOnce, AuditEvent), ClientError> {
    add(policy, client, expires, random, key, rights, by, now)
}

/// Revokes a secret; it fails from the next request on. Access tokens that it got live on for their minutes, so revoke
/// those of the slot ([`GrantedToken::secret`](crate::GrantedToken::secret)) in the same transaction.
///
/// # Errors
/// [`ClientError::Right`] and [`ClientError::SecretUnknown`].
pub fn revoke_client_secret(
    client: &OAuthClient,
    slot: u8,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(OAuthClient, AuditEvent), ClientError> {
    rights.require(&client.tenant, &Right::Security).map_err(ClientError::Right)?;
    let mut after = client.clone();
    let secret = after.secrets.iter_mut().find(|secret| secret.slot == slot && secret.is_live(now));
    secret.ok_or(ClientError::SecretUnknown { slot })?.revoked = Some(now);
    Ok((after, event(client, by, Action::ClientSecretRevoked, slot, now)))
}

#[expect(clippy::too_many_arguments, reason = "each is a fact that only the host knows")]
fn add(
    policy: &TokenPolicy,
    client: &OAuthClient,
    expires: ExpiryRequest,
    random: &[u8],
    key: &HashKey,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(OAuthClient, ShownOnce, AuditEvent), ClientError> {
    rights.require(&client.tenant, &Right::Security).map_err(ClientError::Right)?;
    let expires = expiry(policy, expires, now).map_err(ClientError::Token)?;
    let mut after = client.clone();
    after.secrets.retain(|secret| secret.is_live(now));
    let free = |slot: &u8| after.secrets.iter().all(|secret| secret.slot != *slot);
    let slot = (0..).find(free).filter(|_| after.secrets.len() < MAX_CLIENT_SECRETS);
    let slot = slot.ok_or(ClientError::TooManySecrets)?;
    let shown = ShownOnce::make(&policy.prefix, &client.id, random);
    after.secrets.push(ClientSecret {
        slot,
        hash: key.hash_for(HashPurpose::ClientSecret, shown.text()),
        hash_key: key.id().clone(),
        created: now,
        created_by: by.clone(),
        expires,
        revoked: None,
    });
    let event = event(client, by, Action::ClientSecretIssued, slot, now);
    Ok((after, shown, event))
}

fn event(client: &OAuthClient, by: &Actor, action: Action, slot: u8, now: DateTime<Utc>) -> AuditEvent {
    AuditEvent::done(&client.tenant, now, by.clone(), action, Target::Token(client.id.clone())).with_change(
        "secret",
        None,
        Some(slot.to_string()),
    )
}
