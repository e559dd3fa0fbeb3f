//! Hooks of other systems: their sealed secrets, and which of their events came already.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::TenantId;

use super::StoreError;
use super::row::column;
use crate::clock::millis;

/// Writes the sealed secret of a tenant's hook; an older one is gone.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put(
    db: &mut AnyConnection,
    tenant: &TenantId,
    kind: &str,
    sealed: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO hooks (tenant_id, kind, sealed_secret, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, kind) DO UPDATE SET sealed_secret = excluded.sealed_secret, \
         created_at = excluded.created_at",
    )
    .bind(tenant.as_str())
    .bind(kind)
    .bind(sealed)
    .bind(millis(now))
    .execute(db)
    .await?;
    Ok(())
}

/// The sealed secret of a tenant's hook.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(
    db: &mut AnyConnection,
    tenant: &TenantId,
    kind: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT sealed_secret FROM hooks WHERE tenant_id = $1 AND kind = $2")
        .bind(tenant.as_str())
        .bind(kind)
        .fetch_optional(db)
        .await?;
    row.map(|row| column(&row, "sealed_secret")).transpose()
}

/// Stores the id of an event; `true` when it was not there.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn first(
    db: &mut AnyConnection,
    tenant: &TenantId,
    kind: &str,
    event: &str,
    forget_after: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO hook_events (tenant_id, kind, event_id, forget_after) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, kind, event_id) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(kind)
    .bind(event)
    .bind(millis(forget_after))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
