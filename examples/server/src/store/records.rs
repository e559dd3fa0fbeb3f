//! Sealed records of logins.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tenant_model::{ConnectionId, TenantId};

use super::StoreError;
use super::row::column;
use crate::clock::{from_millis, millis};

/// A record as stored.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which login it is of.
    pub kind: &'static str,
    /// Its id inside connection and kind.
    pub id: String,
    /// When the login was.
    pub at: DateTime<Utc>,
    /// The record, sealed.
    pub sealed: Vec<u8>,
    /// When it is forgotten.
    pub expires_at: DateTime<Utc>,
}

/// Adds a record, or writes it anew.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    row: &Row,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO login_records (tenant_id, connection_id, kind, at, record_id, sealed, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (tenant_id, connection_id, kind, record_id) DO UPDATE SET at = excluded.at, \
         sealed = excluded.sealed, expires_at = excluded.expires_at",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(row.kind)
    .bind(millis(row.at))
    .bind(row.id.as_str())
    .bind(row.sealed.clone())
    .bind(millis(row.expires_at))
    .execute(db)
    .await?;
    Ok(())
}

/// Removes all but the newest records of a kind.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn trim(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: &str,
    most: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM login_records WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND record_id NOT IN \
         (SELECT record_id FROM login_records WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 \
          ORDER BY at DESC, record_id LIMIT $4)",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(kind)
    .bind(most)
    .execute(db)
    .await?;
    Ok(())
}

/// The newest records of a kind that are not over.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn latest(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: &'static str,
    most: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query(
        "SELECT record_id, at, sealed, expires_at FROM login_records \
         WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND expires_at > $4 \
         ORDER BY at DESC, record_id LIMIT $5",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(kind)
    .bind(millis(now))
    .bind(most)
    .fetch_all(db)
    .await?;
    let read = |row: &AnyRow| {
        Ok(Row {
            kind,
            id: column(row, "record_id")?,
            at: from_millis(column(row, "at")?),
            sealed: column(row, "sealed")?,
            expires_at: from_millis(column(row, "expires_at")?),
        })
    };
    rows.iter().map(read).collect()
}
