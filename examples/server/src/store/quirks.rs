//! Which deviations each connection's client showed, how often, and when first and last.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{ConnectionId, TenantId};

use super::StoreError;
use super::row::column;
use crate::clock::{from_millis, millis};

/// How often a connection's client showed a deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whose client.
    pub tenant: TenantId,
    /// Of which directory connection.
    pub connection: ConnectionId,
    /// The name of the switch, or of what was reported.
    pub quirk: String,
    /// How often.
    pub uses: u64,
    /// The first time.
    pub first: DateTime<Utc>,
    /// The last time.
    pub last: DateTime<Utc>,
}

/// Adds to what is known.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn add(db: &mut AnyConnection, seen: &Seen) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO scim_quirks (tenant_id, connection_id, quirk, uses, first_seen, last_seen) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant_id, connection_id, quirk) DO UPDATE SET uses = scim_quirks.uses + excluded.uses, \
         last_seen = excluded.last_seen",
    )
    .bind(seen.tenant.as_str())
    .bind(seen.connection.as_str())
    .bind(seen.quirk.as_str())
    .bind(i64::try_from(seen.uses).unwrap_or(i64::MAX))
    .bind(millis(seen.first))
    .bind(millis(seen.last))
    .execute(db)
    .await?;
    Ok(())
}

/// What is known of a tenant's clients.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_tenant(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<Seen>, StoreError> {
    let rows = sqlx::query(
        "SELECT connection_id, quirk, uses, first_seen, last_seen FROM scim_quirks WHERE tenant_id = $1 \
         ORDER BY connection_id, quirk",
    )
    .bind(tenant.as_str())
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let connection: String = column(row, "connection_id")?;
            let uses: i64 = column(row, "uses")?;
            Ok(Seen {
                tenant: tenant.clone(),
                connection: connection
                    .parse()
                    .map_err(|error| StoreError::corrupt("connection_id", &error))?,
                quirk: column(row, "quirk")?,
                uses: u64::try_from(uses).unwrap_or_default(),
                first: from_millis(column(row, "first_seen")?),
                last: from_millis(column(row, "last_seen")?),
            })
        })
        .collect()
}
