//! What the directories say of people, in plain values. A removed user's row stays.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tenant_model::{DirectoryField, DirectoryPerson, EmailAddress, PersonId, TenantId};

use super::StoreError;
use super::row::{body, column, json, to_json};

/// Adds or replaces what the directory says of a person.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
    user: &DirectoryPerson,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO directory_people (tenant_id, person_id, connection_id, external_id, user_name_fold, \
         email_fold, body) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (tenant_id, person_id) DO UPDATE SET connection_id = excluded.connection_id, \
         external_id = excluded.external_id, user_name_fold = excluded.user_name_fold, \
         email_fold = excluded.email_fold, body = excluded.body",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .bind(user.connection.as_str())
    .bind(user.external_id.as_deref())
    .bind(user.user_name.to_ascii_lowercase())
    .bind(user.primary_email.as_ref().map(EmailAddress::fold))
    .bind(to_json(user)?)
    .execute(db)
    .await?;
    Ok(())
}

/// What the directory says of a person.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_person(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
) -> Result<Option<DirectoryPerson>, StoreError> {
    body(
        db,
        "SELECT body FROM directory_people WHERE tenant_id = $1 AND person_id = $2",
        &[tenant.as_str(), person.as_str()],
    )
    .await
}

/// What the directories say of all persons of a tenant.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_tenant(
    db: &mut AnyConnection,
    tenant: &TenantId,
) -> Result<BTreeMap<PersonId, DirectoryPerson>, StoreError> {
    let rows = sqlx::query("SELECT person_id, body FROM directory_people WHERE tenant_id = $1")
        .bind(tenant.as_str())
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| Ok((person_id(row)?, json(row, "body")?))).collect()
}

/// The persons whose directory record has a value in a field; a few at most, since several decide nothing.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn with_field(
    db: &mut AnyConnection,
    tenant: &TenantId,
    field: DirectoryField,
    value: &str,
) -> Result<Vec<PersonId>, StoreError> {
    let (sql, value) = match field {
        DirectoryField::ExternalId => (BY_EXTERNAL_ID, value.to_owned()),
        DirectoryField::PrimaryEmail => (BY_EMAIL, value.to_ascii_lowercase()),
        DirectoryField::UserName => (BY_USER_NAME, value.to_ascii_lowercase()),
    };
    let rows = sqlx::query(sql).bind(tenant.as_str()).bind(value).fetch_all(db).await?;
    rows.iter().map(person_id).collect()
}

/// Whether a directory of the tenant has, or ever had, a user.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn is_in_use(db: &mut AnyConnection, tenant: &TenantId) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT person_id FROM directory_people WHERE tenant_id = $1 LIMIT 1")
        .bind(tenant.as_str())
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

fn person_id(row: &AnyRow) -> Result<PersonId, StoreError> {
    let id: String = column(row, "person_id")?;
    id.parse().map_err(|error| StoreError::corrupt("person_id", &error))
}

const BY_EXTERNAL_ID: &str = "SELECT person_id FROM directory_people WHERE tenant_id = $1 AND external_id = $2 ORDER BY person_id LIMIT 16";
const BY_EMAIL: &str = "SELECT person_id FROM directory_people WHERE tenant_id = $1 AND email_fold = $2 ORDER BY person_id LIMIT 16";
const BY_USER_NAME: &str = "SELECT person_id FROM directory_people WHERE tenant_id = $1 AND user_name_fold = $2 ORDER BY person_id LIMIT 16";
