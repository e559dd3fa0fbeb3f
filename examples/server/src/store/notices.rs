//! What the product tells: reminders that went out, and what happened to users, for those who listen.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use tenant_model::{LifecycleEvent, Reminder, TenantId};

use super::StoreError;
use super::row::{column, json, to_json};
use crate::clock::{from_millis, millis};
use crate::random;

/// Notes that a reminder was told; `true` when it was not yet.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn remind(
    db: &mut AnyConnection,
    tenant: &TenantId,
    reminder: &Reminder,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO reminders (tenant_id, reminder, told_at) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant_id, reminder) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(to_json(reminder)?)
    .bind(millis(now))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What happened to a user, as kept for those who listen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// Path of the resource below the base.
    pub uri: String,
    /// Its `externalId`, if it has one.
    #[serde(default)]
    pub external_id: Option<String>,
    /// What.
    pub what: Vec<LifecycleEvent>,
    /// Whether the whole resource was replaced.
    #[serde(default)]
    pub replaced: bool,
    /// The change that it belongs to.
    pub request: String,
}

/// Appends what happened to a user; nothing if nothing did.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn append(
    db: &mut AnyConnection,
    tenant: &TenantId,
    happened: &Happened,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if happened.what.is_empty() {
        return Ok(());
    }
    let id = random::uuid().map_err(|error| StoreError::Failed(error.to_string()))?;
    let forget_after = now.checked_add_signed(KEPT).unwrap_or(now);
    sqlx::query(INSERT_EVENT)
        .bind(tenant.as_str())
        .bind(millis(now))
        .bind(id.to_string())
        .bind(happened.uri.as_str())
        .bind(to_json(happened)?)
        .bind(millis(forget_after))
        .execute(db)
        .await?;
    Ok(())
}

/// What happened to a user after an instant.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_user_since(
    db: &mut AnyConnection,
    tenant: &TenantId,
    uri: &str,
    after: DateTime<Utc>,
) -> Result<Vec<Happened>, StoreError> {
    let rows = sqlx::query(
        "SELECT body FROM lifecycle_events WHERE tenant_id = $1 AND uri = $2 AND at > $3 ORDER BY at, event_id",
    )
    .bind(tenant.as_str())
    .bind(uri)
    .bind(millis(after))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// What happened from an instant on, oldest first, each with its id and its instant.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn since(
    db: &mut AnyConnection,
    tenant: &TenantId,
    from: DateTime<Utc>,
    most: u32,
) -> Result<Vec<(String, DateTime<Utc>, Happened)>, StoreError> {
    let rows = sqlx::query(
        "SELECT event_id, at, body FROM lifecycle_events WHERE tenant_id = $1 AND at >= $2 \
         ORDER BY at, event_id LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(millis(from))
    .bind(i64::from(most))
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| Ok((column(row, "event_id")?, from_millis(column(row, "at")?), json(row, "body")?)))
        .collect()
}

/// Who listens asks more often; the audit trail keeps what happened.
const KEPT: TimeDelta = TimeDelta::days(90);
const INSERT_EVENT: &str = "INSERT INTO lifecycle_events (tenant_id, at, event_id, uri, body, forget_after) \
                            VALUES ($1, $2, $3, $4, $5, $6)";
