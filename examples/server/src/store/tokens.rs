//! SCIM tokens: rows with a keyed hash, looked up by their public id at each request.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{ConnectionId, ScimToken, TenantId, TokenId, Use};

use super::StoreError;
use super::row::{bodies, body, column, json, to_json};
use crate::clock::millis;

/// Adds a token.
///
/// # Errors
/// [`StoreError::Taken`] when another one took its slot at the same moment.
pub async fn insert(db: &mut AnyConnection, token: &ScimToken) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO scim_tokens (tenant_id, token_id, connection_id, slot, name, body, ended_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.tenant.as_str())
    .bind(token.id.as_str())
    .bind(token.connection.as_str())
    .bind(i64::from(token.slot))
    .bind(token.name.clone().unwrap_or_default())
    .bind(to_json(token)?)
    .bind(ended_at(token))
    .bind(millis(token.created))
    .execute(db)
    .await?;
    Ok(())
}

/// Replaces a token's row, e.g. when it was revoked.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn update(db: &mut AnyConnection, token: &ScimToken) -> Result<(), StoreError> {
    sqlx::query("UPDATE scim_tokens SET body = $3, ended_at = $4 WHERE tenant_id = $1 AND token_id = $2")
        .bind(token.tenant.as_str())
        .bind(token.id.as_str())
        .bind(to_json(token)?)
        .bind(ended_at(token))
        .execute(db)
        .await?;
    Ok(())
}

/// A token by its public id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(
    db: &mut AnyConnection,
    tenant: &TenantId,
    id: &TokenId,
) -> Result<Option<ScimToken>, StoreError> {
    body(
        db,
        "SELECT body FROM scim_tokens WHERE tenant_id = $1 AND token_id = $2",
        &[tenant.as_str(), id.as_str()],
    )
    .await
}

/// The tokens of a connection, oldest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_connection(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Vec<ScimToken>, StoreError> {
    bodies(db, "SELECT body FROM scim_tokens WHERE tenant_id = $1 AND connection_id = $2 ORDER BY created_at, token_id", &[tenant.as_str(), connection.as_str()]).await
}

/// All tokens of a tenant, oldest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_tenant(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<ScimToken>, StoreError> {
    bodies(
        db,
        "SELECT body FROM scim_tokens WHERE tenant_id = $1 ORDER BY created_at, token_id",
        &[tenant.as_str()],
    )
    .await
}

/// Notes the last use of a token that is not revoked. Whatever else changes the row at the same moment wins: a use
/// must not write an old row over a revocation.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn note_use(
    db: &mut AnyConnection,
    tenant: &TenantId,
    id: &TokenId,
    last_use: Use,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT body FROM scim_tokens WHERE tenant_id = $1 AND token_id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut *db)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let (before, mut token): (String, ScimToken) = (column(&row, "body")?, json(&row, "body")?);
    if token.revoked.is_some() {
        return Ok(());
    }
    token.first_used = token.first_used.or(Some(last_use.at));
    token.last_used = Some(last_use);
    sqlx::query("UPDATE scim_tokens SET body = $3 WHERE tenant_id = $1 AND token_id = $2 AND body = $4")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(to_json(&token)?)
        .bind(before)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives the slots of tokens that have ended back, so that new ones may take them.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn free_slots(
    db: &mut AnyConnection,
    tokens: &[ScimToken],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // A revocation gave its slot back already.
    for token in tokens.iter().filter(|token| token.revoked.is_none() && !token.is_live(now)) {
        sqlx::query(
            "UPDATE scim_tokens SET ended_at = $3 WHERE tenant_id = $1 AND token_id = $2 AND ended_at IS NULL",
        )
        .bind(token.tenant.as_str())
        .bind(token.id.as_str())
        .bind(millis(token.end().unwrap_or(now)))
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

fn ended_at(token: &ScimToken) -> Option<i64> {
    token.revoked.map(millis)
}
