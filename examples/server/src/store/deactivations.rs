//! Who was switched off or removed by a directory lately, and whose deactivation waits for someone's approval.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AnyConnection;
use tenant_model::{ConnectionId, PersonId, TenantId};

use super::StoreError;
use super::row::column;
use crate::clock::{from_millis, millis};

/// A deactivation that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub person: PersonId,
    /// The directory that sent it.
    pub connection: ConnectionId,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// Notes a deactivation; a person's second one changes nothing while the first one waits.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn note(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    person: &PersonId,
    held: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO deactivations (tenant_id, connection_id, person_id, at, held, forget_after) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant_id, connection_id, person_id, at) DO UPDATE SET held = excluded.held, \
         forget_after = excluded.forget_after",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(person.as_str())
    .bind(millis(now))
    .bind(i64::from(held))
    // One that waits is not forgotten.
    .bind((!held).then(|| millis(forget_after(now))))
    .execute(db)
    .await?;
    Ok(())
}

/// When a directory's deactivations were, from an instant on; a number of them at most.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn since(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    from: DateTime<Utc>,
    most: u32,
) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let rows = sqlx::query(
        "SELECT at FROM deactivations WHERE tenant_id = $1 AND connection_id = $2 AND at > $3 \
         ORDER BY at DESC LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(millis(from))
    .bind(i64::from(most))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok(from_millis(column(row, "at")?))).collect()
}

/// Whether a person's deactivation waits.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn waits(db: &mut AnyConnection, tenant: &TenantId, person: &PersonId) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT at FROM deactivations WHERE tenant_id = $1 AND person_id = $2 AND held = 1 LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}

/// The deactivations that wait, oldest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn held(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<Held>, StoreError> {
    let rows = sqlx::query(
        "SELECT person_id, connection_id, at FROM deactivations WHERE tenant_id = $1 AND held = 1 \
         ORDER BY at, person_id",
    )
    .bind(tenant.as_str())
    .fetch_all(db)
    .await?;
    let read = |row: &sqlx::any::AnyRow| {
        let person: String = column(row, "person_id")?;
        let connection: String = column(row, "connection_id")?;
        Ok(Held {
            person: person.parse().map_err(|error| StoreError::corrupt("person_id", &error))?,
            connection: connection.parse().map_err(|error| StoreError::corrupt("connection_id", &error))?,
            at: from_millis(column(row, "at")?),
        })
    };
    rows.iter().map(read).collect()
}

/// A person's deactivation waits no longer: it was let go, or the directory took it back.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn settle(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE deactivations SET held = 0, forget_after = $3 \
         WHERE tenant_id = $1 AND person_id = $2 AND held = 1",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .bind(millis(forget_after(now)))
    .execute(db)
    .await?;
    Ok(())
}

fn forget_after(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_signed(TimeDelta::hours(2)).unwrap_or(now)
}
