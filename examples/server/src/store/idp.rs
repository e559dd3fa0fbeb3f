//! Where metadata is read again from, and what waits for an admin.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tenant_model::{ConnectionId, TenantId};

use super::StoreError;
use super::row::{column, json, run, to_json};
use crate::clock::{from_millis, millis};
use crate::idp::Proposal;

/// Where the metadata of a connection is read again from, and how that went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// The address.
    pub url: String,
    /// When to read it next.
    pub due_at: DateTime<Utc>,
    /// How it went.
    pub status: SourceStatus,
}

/// How reading metadata again went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceStatus {
    /// When it was read last.
    pub read_at: Option<DateTime<Utc>>,
    /// Failures since then.
    pub failures: u32,
    /// The code of the last failure.
    pub code: Option<String>,
    /// The last failure in words.
    pub reason: Option<String>,
}

/// Sets from where metadata is read again.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_source(db: &mut AnyConnection, source: &Source) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO metadata_sources (tenant_id, connection_id, url, due_at, body) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, connection_id) DO UPDATE SET url = excluded.url, due_at = excluded.due_at, \
         body = excluded.body",
    )
    .bind(source.tenant.as_str())
    .bind(source.connection.as_str())
    .bind(source.url.as_str())
    .bind(millis(source.due_at))
    .bind(to_json(&source.status)?)
    .execute(db)
    .await?;
    Ok(())
}

/// Reads the metadata of a connection no more.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn remove_source(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<(), StoreError> {
    run(
        db,
        "DELETE FROM metadata_sources WHERE tenant_id = $1 AND connection_id = $2",
        &[tenant.as_str(), connection.as_str()],
    )
    .await
}

/// From where a connection's metadata is read again.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn source(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Option<Source>, StoreError> {
    let row = sqlx::query(
        "SELECT tenant_id, connection_id, url, due_at, body FROM metadata_sources \
         WHERE tenant_id = $1 AND connection_id = $2",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read_source).transpose()
}

/// The sources that are due, the longest due first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn due_sources(
    db: &mut AnyConnection,
    now: DateTime<Utc>,
    most: u32,
) -> Result<Vec<Source>, StoreError> {
    let rows = sqlx::query(
        "SELECT tenant_id, connection_id, url, due_at, body FROM metadata_sources WHERE due_at <= $1 \
         ORDER BY due_at, tenant_id, connection_id LIMIT $2",
    )
    .bind(millis(now))
    .bind(i64::from(most))
    .fetch_all(db)
    .await?;
    rows.iter().map(read_source).collect()
}

/// Takes a due source for this node: `false` when another took it first. Whoever took it and dies leaves it to be taken
/// again at `until`.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn take_source(
    db: &mut AnyConnection,
    source: &Source,
    until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE metadata_sources SET due_at = $4 WHERE tenant_id = $1 AND connection_id = $2 AND due_at = $3",
    )
    .bind(source.tenant.as_str())
    .bind(source.connection.as_str())
    .bind(millis(source.due_at))
    .bind(millis(until))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn read_source(row: &AnyRow) -> Result<Source, StoreError> {
    let tenant: String = column(row, "tenant_id")?;
    let connection: String = column(row, "connection_id")?;
    Ok(Source {
        tenant: tenant.parse().map_err(|error| StoreError::corrupt("tenant_id", &error))?,
        connection: connection.parse().map_err(|error| StoreError::corrupt("connection_id", &error))?,
        url: column(row, "url")?,
        due_at: from_millis(column(row, "due_at")?),
        status: json(row, "body")?,
    })
}

/// A proposal that waits for an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// What the admin's answer must name.
    pub digest: String,
    /// What is proposed.
    pub proposal: Proposal,
    /// Since when.
    pub staged_at: DateTime<Utc>,
}

/// Lets a proposal wait; it takes the place of an older one.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_staged(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    staged: &Staged,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO staged_metadata (tenant_id, connection_id, digest, body, staged_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, connection_id) DO UPDATE SET \
         digest = excluded.digest, body = excluded.body, staged_at = excluded.staged_at",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(staged.digest.as_str())
    .bind(to_json(&staged.proposal)?)
    .bind(millis(staged.staged_at))
    .execute(db)
    .await?;
    Ok(())
}

/// The proposal that waits.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn staged(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Option<Staged>, StoreError> {
    let row = sqlx::query(
        "SELECT digest, body, staged_at FROM staged_metadata WHERE tenant_id = $1 AND connection_id = $2",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Staged {
            digest: column(&row, "digest")?,
            proposal: json(&row, "body")?,
            staged_at: from_millis(column(&row, "staged_at")?),
        })
    })
    .transpose()
}

/// Forgets the proposal that waits.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn remove_staged(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<(), StoreError> {
    run(
        db,
        "DELETE FROM staged_metadata WHERE tenant_id = $1 AND connection_id = $2",
        &[tenant.as_str(), connection.as_str()],
    )
    .await
}

/// How many links of a connection are of an earlier trust, and must be confirmed.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn count_links(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS number FROM links WHERE tenant_id = $1 AND connection_id = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_one(db)
        .await?;
    column(&row, "number")
}
