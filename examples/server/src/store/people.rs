//! Persons, links of logins to them, and the audit trail.

use std::collections::BTreeSet;

use sqlx::AnyConnection;
use tenant_model::{
    AuditEvent, ConnectionId, EmailAddress, Link, Person, PersonId, PersonState, SubjectKey, TenantId,
};

use super::StoreError;
use super::audit::{action_name, actor_key, person_of};
use super::logins::epoch_column;
use super::row::{bodies, body, column, json, to_json};
use crate::clock::millis;
use crate::random;

/// Adds or replaces a person. The epoch never goes back, whatever is written.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put(db: &mut AnyConnection, person: &Person, is_admin: bool) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO persons (tenant_id, person_id, email_fold, state, is_admin, epoch, body) \
         VALUES ($1, $2, $3, $4, $7, $5, $6) \
         ON CONFLICT (tenant_id, person_id) DO UPDATE SET email_fold = excluded.email_fold, \
         state = excluded.state, is_admin = excluded.is_admin, body = excluded.body, epoch = CASE \
         WHEN persons.epoch > excluded.epoch THEN persons.epoch ELSE excluded.epoch END",
    )
    .bind(person.tenant.as_str())
    .bind(person.id.as_str())
    .bind(person.email.as_ref().map(EmailAddress::fold))
    .bind(state_column(&person.state))
    .bind(epoch_column(person.epoch))
    .bind(to_json(person)?)
    .bind(i64::from(is_admin))
    .execute(db)
    .await?;
    Ok(())
}

/// A person by id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
) -> Result<Option<Person>, StoreError> {
    body(
        db,
        "SELECT body FROM persons WHERE tenant_id = $1 AND person_id = $2",
        &[tenant.as_str(), person.as_str()],
    )
    .await
}

/// How many active admins there are besides some persons.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn other_active_admins(
    db: &mut AnyConnection,
    tenant: &TenantId,
    without: &BTreeSet<PersonId>,
) -> Result<u32, StoreError> {
    let sql =
        "SELECT person_id FROM persons WHERE tenant_id = $1 AND state = 'active' AND is_admin = 1 LIMIT $2";
    // A few more than those left out are enough to know that somebody else is there.
    let limit = i64::try_from(without.len()).unwrap_or(i64::MAX).saturating_add(2);
    let rows = sqlx::query(sql).bind(tenant.as_str()).bind(limit).fetch_all(db).await?;
    let mut count = 0_u32;
    for row in &rows {
        let id: String = column(row, "person_id")?;
        count = count.saturating_add(u32::from(!without.iter().any(|person| person.as_str() == id)));
    }
    Ok(count)
}

/// The persons that have an address, ignoring case; a few at most, since more than one decides nothing.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn by_email(
    db: &mut AnyConnection,
    tenant: &TenantId,
    email: &EmailAddress,
) -> Result<Vec<Person>, StoreError> {
    bodies(
        db,
        "SELECT body FROM persons WHERE tenant_id = $1 AND email_fold = $2 ORDER BY person_id LIMIT 8",
        &[tenant.as_str(), &email.fold()],
    )
    .await
}

/// The active persons with an admin's role, a hundred at most: those who may answer for a token.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn active_admins(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<Person>, StoreError> {
    bodies(
        db,
        "SELECT body FROM persons WHERE tenant_id = $1 AND state = 'active' AND is_admin = 1 \
         ORDER BY person_id LIMIT 100",
        &[tenant.as_str()],
    )
    .await
}

/// Persons of a tenant behind an id, by id; those whose address begins with `email`, if it is given in small letters.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn page(
    db: &mut AnyConnection,
    tenant: &TenantId,
    email: Option<&str>,
    after: &str,
    count: u32,
) -> Result<Vec<Person>, StoreError> {
    let all = "SELECT body FROM persons WHERE tenant_id = $1 AND person_id > $2 ORDER BY person_id LIMIT $3";
    let some = "SELECT body FROM persons WHERE tenant_id = $1 AND person_id > $2 AND email_fold >= $4 \
                AND email_fold < $5 ORDER BY person_id LIMIT $3";
    let query = sqlx::query(if email.is_some() { some } else { all })
        .bind(tenant.as_str())
        .bind(after)
        .bind(i64::from(count));
    let query = match email {
        Some(email) => query.bind(email.to_owned()).bind(format!("{email}\u{10ffff}")),
        None => query,
    };
    let rows = query.fetch_all(db).await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// The first persons of a tenant, by id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn list(db: &mut AnyConnection, tenant: &TenantId, count: u32) -> Result<Vec<Person>, StoreError> {
    let rows = sqlx::query("SELECT body FROM persons WHERE tenant_id = $1 ORDER BY person_id LIMIT $2")
        .bind(tenant.as_str())
        .bind(i64::from(count))
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// The link of what a connection calls someone.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn link(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    subject: &SubjectKey,
) -> Result<Option<Link>, StoreError> {
    let row = sqlx::query(
        "SELECT body FROM links WHERE tenant_id = $1 AND connection_id = $2 AND subject_key = $3",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(subject.column())
    .fetch_optional(db)
    .await?;
    row.map(|row| json(&row, "body")).transpose()
}

/// All links of a person.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn links_of(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
) -> Result<Vec<Link>, StoreError> {
    let rows =
        sqlx::query("SELECT body FROM links WHERE tenant_id = $1 AND person_id = $2 ORDER BY connection_id")
            .bind(tenant.as_str())
            .bind(person.as_str())
            .fetch_all(db)
            .await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// The persons that a connection calls by a value, ignoring the case of ASCII letters; a few at most.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn linked_as(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    value: &str,
) -> Result<Vec<PersonId>, StoreError> {
    let rows = sqlx::query(
        "SELECT person_id FROM links WHERE tenant_id = $1 AND connection_id = $2 AND subject_fold = $3 LIMIT 16",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(value.to_ascii_lowercase())
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let id: String = column(row, "person_id")?;
            id.parse().map_err(|error| StoreError::corrupt("person_id", &error))
        })
        .collect()
}

/// Adds a link, or confirms the one of the same subject and person.
///
/// # Errors
/// [`StoreError::Taken`] when the person is linked to another subject of that connection.
pub async fn put_link(db: &mut AnyConnection, link: &Link) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO links (tenant_id, connection_id, subject_key, subject_fold, person_id, body) \
         VALUES ($1, $2, $3, $6, $4, $5) \
         ON CONFLICT (tenant_id, connection_id, subject_key) DO UPDATE SET body = excluded.body, \
         person_id = excluded.person_id",
    )
    .bind(link.tenant.as_str())
    .bind(link.connection.as_str())
    .bind(link.subject.column())
    .bind(link.person.as_str())
    .bind(to_json(link)?)
    .bind(link.subject.value.to_ascii_lowercase())
    .execute(db)
    .await?;
    Ok(())
}

/// All links through a connection.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn links_through(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Vec<Link>, StoreError> {
    bodies(
        db,
        "SELECT body FROM links WHERE tenant_id = $1 AND connection_id = $2",
        &[tenant.as_str(), connection.as_str()],
    )
    .await
}

/// All links of a tenant.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn links_of_tenant(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<Link>, StoreError> {
    bodies(db, "SELECT body FROM links WHERE tenant_id = $1", &[tenant.as_str()]).await
}

/// All active persons of a tenant, by id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn active(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<Person>, StoreError> {
    let sql = "SELECT body FROM persons WHERE tenant_id = $1 AND state = 'active' ORDER BY person_id";
    bodies(db, sql, &[tenant.as_str()]).await
}

/// Ends a link.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn delete_link(db: &mut AnyConnection, link: &Link) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM links WHERE tenant_id = $1 AND connection_id = $2 AND subject_key = $3")
        .bind(link.tenant.as_str())
        .bind(link.connection.as_str())
        .bind(link.subject.column())
        .execute(db)
        .await?;
    Ok(())
}

/// Appends to the audit trail.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn audit(db: &mut AnyConnection, events: &[AuditEvent]) -> Result<(), StoreError> {
    for event in events {
        let id = random::uuid().map_err(|error| StoreError::Failed(error.to_string()))?;
        sqlx::query(
            "INSERT INTO audit (tenant_id, at, audit_id, action, actor, person_id, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(event.tenant.as_str())
        .bind(millis(event.at))
        .bind(id.to_string())
        .bind(action_name(event.action))
        .bind(actor_key(&event.actor))
        .bind(person_of(event).map(PersonId::as_str))
        .bind(to_json(event)?)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// The latest events of a tenant, newest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn recent_audit(
    db: &mut AnyConnection,
    tenant: &TenantId,
    count: u32,
) -> Result<Vec<AuditEvent>, StoreError> {
    Ok(super::audit::page(db, tenant, &super::audit::Wanted::default(), count).await?.0)
}

fn state_column(state: &PersonState) -> &'static str {
    match state {
        PersonState::Active => "active",
        PersonState::Inactive { .. } => "inactive",
        PersonState::Removed { .. } => "removed",
    }
}
