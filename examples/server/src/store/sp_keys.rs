//! Our own SAML keys: the certificates, the sealed private keys, and where each is in its life.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tenant_model::{KeyId, SpKeyState, TenantId};

use super::StoreError;
use super::row::column;
use crate::clock::{from_millis, millis};

/// A key pair of our service provider, the private key sealed.
#[derive(Clone, Debug)]
pub struct SealedKey {
    /// Its id inside the tenant.
    pub id: KeyId,
    /// Where it is in its life.
    pub state: SpKeyState,
    /// The certificate in PEM.
    pub certificate: String,
    /// The private key in PEM, sealed with the installation's key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Since when, or from when on, it signs.
    pub signs_from: Option<DateTime<Utc>>,
    /// When it left the metadata.
    pub retired: Option<DateTime<Utc>>,
}

/// Adds a key pair.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn insert(db: &mut AnyConnection, tenant: &TenantId, key: &SealedKey) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sp_keys (tenant_id, key_id, state, certificate, sealed_key, created_at, signs_from, \
         retired_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tenant.as_str())
    .bind(key.id.as_str())
    .bind(key.state.name())
    .bind(key.certificate.as_str())
    .bind(key.sealed.clone())
    .bind(millis(key.created))
    .bind(key.signs_from.map(millis))
    .bind(key.retired.map(millis))
    .execute(db)
    .await?;
    Ok(())
}

/// Moves a key to another place in its life.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn update(
    db: &mut AnyConnection,
    tenant: &TenantId,
    key: &tenant_model::SpKey,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE sp_keys SET state = $3, signs_from = $4, retired_at = $5 WHERE tenant_id = $1 AND key_id = $2",
    )
    .bind(tenant.as_str())
    .bind(key.id.as_str())
    .bind(key.state.name())
    .bind(key.signs_from.map(millis))
    .bind(key.retired.map(millis))
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes a key, the private half with it.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn delete(db: &mut AnyConnection, tenant: &TenantId, key: &KeyId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sp_keys WHERE tenant_id = $1 AND key_id = $2")
        .bind(tenant.as_str())
        .bind(key.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// The key pairs of a tenant, oldest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn list(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<SealedKey>, StoreError> {
    let rows = sqlx::query(
        "SELECT key_id, state, certificate, sealed_key, created_at, signs_from, retired_at FROM sp_keys \
         WHERE tenant_id = $1 ORDER BY created_at, key_id",
    )
    .bind(tenant.as_str())
    .fetch_all(db)
    .await?;
    rows.iter().map(key).collect()
}

fn key(row: &AnyRow) -> Result<SealedKey, StoreError> {
    let id: String = column(row, "key_id")?;
    let state: String = column(row, "state")?;
    let instant = |name| Ok::<_, StoreError>(column::<Option<i64>>(row, name)?.map(from_millis));
    Ok(SealedKey {
        id: KeyId::parse(&id).map_err(|error| StoreError::corrupt("the id of a key", &error))?,
        state: SpKeyState::of_name(&state)
            .ok_or_else(|| StoreError::corrupt("the state of a key", &state))?,
        certificate: column(row, "certificate")?,
        sealed: column(row, "sealed_key")?,
        created: from_millis(column(row, "created_at")?),
        signs_from: instant("signs_from")?,
        retired: instant("retired_at")?,
    })
}
