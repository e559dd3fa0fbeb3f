//! Tenants and their connections.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::AnyConnection;
use tenant_model::{ConnectionId, SamlConnection, ScimConnection, Tenant, TenantId};

use super::StoreError;
use super::row::{bodies, body, column, json, to_json};
use crate::clock::millis;

/// Adds a tenant.
///
/// # Errors
/// [`StoreError::Taken`] when the id is in use.
pub async fn insert(db: &mut AnyConnection, tenant: &Tenant, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tenants (tenant_id, profile, body, created_at, version) VALUES ($1, $2, $3, $4, 1)",
    )
    .bind(tenant.id.as_str())
    .bind(tenant.profile.as_str())
    .bind(to_json(tenant)?)
    .bind(millis(now))
    .execute(db)
    .await?;
    Ok(())
}

/// A tenant by its id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(db: &mut AnyConnection, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
    body(db, "SELECT body FROM tenants WHERE tenant_id = $1", &[id.as_str()]).await
}

/// Replaces a tenant's settings.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn update(db: &mut AnyConnection, tenant: &Tenant) -> Result<(), StoreError> {
    sqlx::query("UPDATE tenants SET body = $2, version = version + 1 WHERE tenant_id = $1")
        .bind(tenant.id.as_str())
        .bind(to_json(tenant)?)
        .execute(&mut *db)
        .await?;
    super::domains::put_claims(db, tenant).await
}

/// All tenants, by id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn list(db: &mut AnyConnection) -> Result<Vec<Tenant>, StoreError> {
    let rows = sqlx::query("SELECT body FROM tenants ORDER BY tenant_id").fetch_all(db).await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// The profiles that tenants were made from, each once.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn profiles(db: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("SELECT DISTINCT profile FROM tenants ORDER BY profile").fetch_all(db).await?;
    rows.iter().map(|row| column(row, "profile")).collect()
}

/// A login connection as stored: what `tenant-model` decides by, and what `saml-sp` trusts.
#[derive(Clone, Debug)]
pub struct StoredSaml {
    /// The rules.
    pub connection: SamlConnection,
    /// The identity provider's serde form.
    pub idp: Value,
}

/// Adds or replaces a login connection.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_saml(db: &mut AnyConnection, stored: &StoredSaml) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO saml_connections (tenant_id, connection_id, state, generation, body, idp_body, version) \
         VALUES ($1, $2, $3, $4, $5, $6, 1) \
         ON CONFLICT (tenant_id, connection_id) DO UPDATE SET state = excluded.state, \
         generation = excluded.generation, body = excluded.body, idp_body = excluded.idp_body, \
         version = saml_connections.version + 1",
    )
    .bind(stored.connection.tenant.as_str())
    .bind(stored.connection.id.as_str())
    .bind(to_json(&stored.connection.state)?)
    .bind(i64::from(stored.connection.generation.0))
    .bind(to_json(&stored.connection)?)
    .bind(to_json(&stored.idp)?)
    .execute(db)
    .await?;
    Ok(())
}

/// A login connection by its id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn saml(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Option<StoredSaml>, StoreError> {
    let row = sqlx::query(
        "SELECT body, idp_body FROM saml_connections WHERE tenant_id = $1 AND connection_id = $2",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_optional(db)
    .await?;
    row.map(|row| Ok(StoredSaml { connection: json(&row, "body")?, idp: json(&row, "idp_body")? }))
        .transpose()
}

/// The login connections of a tenant.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn all_saml(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<SamlConnection>, StoreError> {
    bodies(
        db,
        "SELECT body FROM saml_connections WHERE tenant_id = $1 ORDER BY connection_id",
        &[tenant.as_str()],
    )
    .await
}

/// Adds or replaces a directory connection.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_scim(db: &mut AnyConnection, connection: &ScimConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO scim_connections (tenant_id, connection_id, state, body, version) \
         VALUES ($1, $2, $3, $4, 1) \
         ON CONFLICT (tenant_id, connection_id) DO UPDATE SET state = excluded.state, body = excluded.body, \
         version = scim_connections.version + 1",
    )
    .bind(connection.tenant.as_str())
    .bind(connection.id.as_str())
    .bind(to_json(&connection.state)?)
    .bind(to_json(connection)?)
    .execute(db)
    .await?;
    Ok(())
}

/// The directory connections of a tenant.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn all_scim(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<ScimConnection>, StoreError> {
    bodies(
        db,
        "SELECT body FROM scim_connections WHERE tenant_id = $1 ORDER BY connection_id",
        &[tenant.as_str()],
    )
    .await
}

/// A directory connection by its id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn scim(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Option<ScimConnection>, StoreError> {
    body(
        db,
        "SELECT body FROM scim_connections WHERE tenant_id = $1 AND connection_id = $2",
        &[tenant.as_str(), connection.as_str()],
    )
    .await
}

/// A setting of the whole installation.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn setting(db: &mut AnyConnection, name: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = $1").bind(name).fetch_optional(db).await?;
    row.map(|row| column(&row, "value")).transpose()
}

/// Writes a setting unless it is there.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn set_once(db: &mut AnyConnection, name: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(value)
        .execute(db)
        .await?;
    Ok(())
}
