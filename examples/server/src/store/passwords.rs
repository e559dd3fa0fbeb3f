//! Hashes of passwords that a directory keeps in step, apart from everything that is ever read for an answer.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::TenantId;

use super::StoreError;
use super::row::column;
use crate::clock::millis;

/// Writes the hash of a user's password; `None` takes it away.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put(
    db: &mut AnyConnection,
    tenant: &TenantId,
    user: &str,
    hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(hash) = hash else {
        sqlx::query("DELETE FROM passwords WHERE tenant_id = $1 AND resource_id = $2")
            .bind(tenant.as_str())
            .bind(user)
            .execute(db)
            .await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO passwords (tenant_id, resource_id, hash, changed_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, resource_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at",
    )
    .bind(tenant.as_str())
    .bind(user)
    .bind(hash)
    .bind(millis(now))
    .execute(db)
    .await?;
    Ok(())
}

/// The hash of a user's password.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(
    db: &mut AnyConnection,
    tenant: &TenantId,
    user: &str,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT hash FROM passwords WHERE tenant_id = $1 AND resource_id = $2")
        .bind(tenant.as_str())
        .bind(user)
        .fetch_optional(db)
        .await?;
    row.map(|row| column(&row, "hash")).transpose()
}
