//! OAuth clients, and the access tokens that they got.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{OAuthClient, ScimToken, TenantId, TokenId};

use super::StoreError;
use super::row::{body, json, to_json};
use crate::clock::millis;

/// Adds or replaces a client.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put(db: &mut AnyConnection, client: &OAuthClient) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO oauth_clients (tenant_id, client_id, connection_id, body, created_at) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, client_id) DO UPDATE SET body = excluded.body",
    )
    .bind(client.tenant.as_str())
    .bind(client.id.as_str())
    .bind(client.connection.as_str())
    .bind(to_json(client)?)
    .bind(millis(client.created))
    .execute(db)
    .await?;
    Ok(())
}

/// A client by its id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(
    db: &mut AnyConnection,
    tenant: &TenantId,
    id: &TokenId,
) -> Result<Option<OAuthClient>, StoreError> {
    body(
        db,
        "SELECT body FROM oauth_clients WHERE tenant_id = $1 AND client_id = $2",
        &[tenant.as_str(), id.as_str()],
    )
    .await
}

/// The clients of a tenant, oldest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_tenant(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<OAuthClient>, StoreError> {
    let rows =
        sqlx::query("SELECT body FROM oauth_clients WHERE tenant_id = $1 ORDER BY created_at, client_id")
            .bind(tenant.as_str())
            .fetch_all(db)
            .await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// Adds an access token that one of a client's secrets got.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn insert_token(
    db: &mut AnyConnection,
    client: &TokenId,
    secret: u8,
    token: &ScimToken,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO oauth_tokens (tenant_id, token_id, client_id, secret_slot, body, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(token.tenant.as_str())
    .bind(token.id.as_str())
    .bind(client.as_str())
    .bind(i64::from(secret))
    .bind(to_json(token)?)
    .bind(token.end().map_or(i64::MAX, millis))
    .execute(db)
    .await?;
    Ok(())
}

/// An access token by its public id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn token(
    db: &mut AnyConnection,
    tenant: &TenantId,
    id: &TokenId,
) -> Result<Option<ScimToken>, StoreError> {
    body(
        db,
        "SELECT body FROM oauth_tokens WHERE tenant_id = $1 AND token_id = $2",
        &[tenant.as_str(), id.as_str()],
    )
    .await
}

/// Ends the access tokens that a secret got, from the next request on; says how many there were.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn end_tokens(
    db: &mut AnyConnection,
    tenant: &TenantId,
    client: &TokenId,
    secret: u8,
) -> Result<u64, StoreError> {
    let done =
        sqlx::query("DELETE FROM oauth_tokens WHERE tenant_id = $1 AND client_id = $2 AND secret_slot = $3")
            .bind(tenant.as_str())
            .bind(client.as_str())
            .bind(i64::from(secret))
            .execute(db)
            .await?;
    Ok(done.rows_affected())
}

/// Forgets a client's access tokens whose time is over. Nothing depends on it: every reader compares the time itself.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn forget_expired(
    db: &mut AnyConnection,
    tenant: &TenantId,
    client: &TokenId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM oauth_tokens WHERE tenant_id = $1 AND client_id = $2 AND expires_at <= $3")
        .bind(tenant.as_str())
        .bind(client.as_str())
        .bind(millis(now))
        .execute(db)
        .await?;
    Ok(())
}
