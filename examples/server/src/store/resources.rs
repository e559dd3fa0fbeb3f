//! SCIM resources: one row each, with the columns that look-ups need beside the JSON.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};
use tenant_model::{ConnectionId, PersonId, TenantId};

use super::StoreError;
use super::row::{column, json, to_json};
use crate::clock::{from_millis, millis};

/// A stored resource. Membership and `meta` are not in the body.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredResource {
    /// Its id, ours.
    pub id: String,
    /// The name of its resource type.
    pub kind: String,
    /// The directory that made it.
    pub connection: ConnectionId,
    /// The account it is a record of, for users.
    pub person: Option<PersonId>,
    /// The attributes, `schemas` and `externalId` included; without `id`, `meta` and members.
    pub body: Map<String, Value>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it changed last.
    pub updated: DateTime<Utc>,
    /// Grows by one with each change.
    pub version: i64,
}

/// What look-ups compare, derived from a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// `userName`, folded.
    pub user_name: Option<String>,
    /// The comparison key of `externalId`.
    pub external_id: Option<String>,
    /// What `members` and `groups` show: `displayName`, else `userName`.
    pub display: Option<String>,
    /// `displayName`, folded.
    pub display_fold: Option<String>,
    /// Attribute and folded value, for the side index.
    pub values: Vec<(&'static str, String)>,
    /// Attribute and comparison key that no other resource of the type may have.
    pub unique: Vec<(String, String)>,
    /// The document that filters are answered from.
    pub search: String,
}

/// Adds a resource.
///
/// # Errors
/// [`StoreError::Taken`] when its unique value is in use in this tenant.
pub async fn insert(
    db: &mut AnyConnection,
    tenant: &TenantId,
    resource: &StoredResource,
    keys: &Keys,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO scim_resources (tenant_id, resource_id, type, connection_id, user_name_fold, external_id, \
         display, display_fold, person_id, body, search, created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(tenant.as_str())
    .bind(resource.id.as_str())
    .bind(resource.kind.as_str())
    .bind(resource.connection.as_str())
    .bind(keys.user_name.as_deref())
    .bind(keys.external_id.as_deref())
    .bind(keys.display.as_deref())
    .bind(keys.display_fold.as_deref())
    .bind(resource.person.as_ref().map(PersonId::as_str))
    .bind(to_json(&resource.body)?)
    .bind(keys.search.as_str())
    .bind(millis(resource.created))
    .bind(millis(resource.updated))
    .bind(resource.version)
    .execute(&mut *db)
    .await?;
    insert_values(db, tenant, resource, keys).await
}

/// Replaces a resource that is there.
///
/// # Errors
/// [`StoreError::Taken`] when its new unique value is in use in this tenant.
pub async fn update(
    db: &mut AnyConnection,
    tenant: &TenantId,
    resource: &StoredResource,
    keys: &Keys,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE scim_resources SET user_name_fold = $3, external_id = $4, display = $5, display_fold = $6, \
         person_id = $7, body = $8, search = $9, updated_at = $10, version = $11 WHERE tenant_id = $1 AND resource_id = $2",
    )
    .bind(tenant.as_str())
    .bind(resource.id.as_str())
    .bind(keys.user_name.as_deref())
    .bind(keys.external_id.as_deref())
    .bind(keys.display.as_deref())
    .bind(keys.display_fold.as_deref())
    .bind(resource.person.as_ref().map(PersonId::as_str))
    .bind(to_json(&resource.body)?)
    .bind(keys.search.as_str())
    .bind(millis(resource.updated))
    .bind(resource.version)
    .execute(&mut *db)
    .await?;
    for statement in [
        "DELETE FROM resource_values WHERE tenant_id = $1 AND resource_id = $2",
        "DELETE FROM unique_values WHERE tenant_id = $1 AND resource_id = $2",
    ] {
        sqlx::query(statement).bind(tenant.as_str()).bind(resource.id.as_str()).execute(&mut *db).await?;
    }
    insert_values(db, tenant, resource, keys).await
}

/// Marks a resource as changed without touching its body: what a membership change does to its group.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn touch(
    db: &mut AnyConnection,
    tenant: &TenantId,
    id: &str,
    version: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE scim_resources SET updated_at = $3, version = $4 WHERE tenant_id = $1 AND resource_id = $2",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(millis(now))
    .bind(version)
    .execute(db)
    .await?;
    Ok(())
}

/// Removes a resource with its memberships; `false` when it was not there.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn delete(db: &mut AnyConnection, tenant: &TenantId, id: &str) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM scim_resources WHERE tenant_id = $1 AND resource_id = $2")
        .bind(tenant.as_str())
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A resource of a type by its id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(
    db: &mut AnyConnection,
    tenant: &TenantId,
    kind: &str,
    id: &str,
) -> Result<Option<StoredResource>, StoreError> {
    let row = sqlx::query(
        "SELECT resource_id, type, connection_id, person_id, body, created_at, updated_at, version \
         FROM scim_resources WHERE tenant_id = $1 AND resource_id = $2 AND type = $3",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(kind)
    .fetch_optional(db)
    .await?;
    row.map(|row| stored(&row)).transpose()
}

/// The directory's record of a person.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_person(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
) -> Result<Option<StoredResource>, StoreError> {
    let row = sqlx::query(
        "SELECT resource_id, type, connection_id, person_id, body, created_at, updated_at, version \
         FROM scim_resources WHERE tenant_id = $1 AND person_id = $2",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .fetch_optional(db)
    .await?;
    row.map(|row| stored(&row)).transpose()
}

/// A value bound to a statement that was put together at run time.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// A text.
    Text(String),
}

/// A condition with its values; the placeholders are numbered from `$3`, after tenant and type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    /// An SQL expression over `scim_resources AS r`; empty for all.
    pub sql: String,
    /// Its values.
    pub values: Vec<Bound>,
}

/// A page of resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// How many match in all.
    pub total: u64,
    /// Those of the page.
    pub resources: Vec<StoredResource>,
}

/// The resources of a type that meet a condition.
///
/// `order` is an SQL list made by this program, never by a client.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn list(
    db: &mut AnyConnection,
    tenant: &TenantId,
    kind: &str,
    condition: &Condition,
    order: &str,
    offset: u64,
    limit: u64,
) -> Result<Page, StoreError> {
    let from = from(condition);
    let sql = format!("SELECT COUNT(*) AS total {from}");
    let row = bind(sqlx::query(AssertSqlSafe(sql)), tenant, kind, condition).fetch_one(&mut *db).await?;
    let total: i64 = column(&row, "total")?;
    let total = u64::try_from(total).unwrap_or_default();
    if limit == 0 || offset >= total {
        return Ok(Page { total, resources: Vec::new() });
    }
    let sql = format!("SELECT {COLUMNS} {from} ORDER BY {order} LIMIT {limit} OFFSET {offset}");
    let rows = bind(sqlx::query(AssertSqlSafe(sql)), tenant, kind, condition).fetch_all(db).await?;
    Ok(Page { total, resources: rows.iter().map(stored).collect::<Result<_, _>>()? })
}

fn from(condition: &Condition) -> String {
    if condition.sql.is_empty() {
        return "FROM scim_resources AS r WHERE r.tenant_id = $1 AND r.type = $2".to_owned();
    }
    // A look-up in a side table finds few rows, yet SQLite would rather walk the index of all resources of the type,
    // because that is in the order of the list; the plus takes that index out of its sight.
    let kind = if condition.sql.contains("IN (SELECT") { "+r.type" } else { "r.type" };
    format!("FROM scim_resources AS r WHERE r.tenant_id = $1 AND {kind} = $2 AND ({})", condition.sql)
}

/// How the database would count and find the resources that meet a condition.
#[cfg(test)]
pub(crate) async fn plans(
    db: &mut AnyConnection,
    tenant: &TenantId,
    condition: &Condition,
    order: &str,
) -> [String; 2] {
    let from = from(condition);
    let count = format!("SELECT COUNT(*) AS total {from}");
    let page = format!("SELECT {COLUMNS} {from} ORDER BY {order} LIMIT 100");
    let mut plans = [count, page];
    for plan in &mut plans {
        let sql = format!("EXPLAIN QUERY PLAN {plan}");
        let rows = bind(sqlx::query(AssertSqlSafe(sql)), tenant, "User", condition).fetch_all(&mut *db).await;
        let details =
            rows.unwrap().iter().map(|row| column::<String>(row, "detail").unwrap()).collect::<Vec<_>>();
        *plan = details.join("; ");
    }
    plans
}

fn bind<'q>(
    query: Query<'q, Any, AnyArguments>,
    tenant: &TenantId,
    kind: &str,
    condition: &Condition,
) -> Query<'q, Any, AnyArguments> {
    let query = query.bind(tenant.as_str().to_owned()).bind(kind.to_owned());
    condition.values.iter().fold(query, |query, value| match value {
        Bound::Integer(value) => query.bind(*value),
        Bound::Real(value) => query.bind(*value),
        Bound::Text(value) => query.bind(value.clone()),
    })
}

async fn insert_values(
    db: &mut AnyConnection,
    tenant: &TenantId,
    resource: &StoredResource,
    keys: &Keys,
) -> Result<(), StoreError> {
    for (attribute, value) in &keys.values {
        sqlx::query(
            "INSERT INTO resource_values (tenant_id, attribute, value_fold, resource_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(*attribute)
        .bind(value.as_str())
        .bind(resource.id.as_str())
        .execute(&mut *db)
        .await?;
    }
    for (attribute, value) in &keys.unique {
        let done = sqlx::query(
            "INSERT INTO unique_values (tenant_id, type, attribute, value_key, resource_id) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(tenant.as_str())
        .bind(resource.kind.as_str())
        .bind(attribute.as_str())
        .bind(value.as_str())
        .bind(resource.id.as_str())
        .execute(&mut *db)
        .await;
        if let Err(error) = done {
            return Err(match error.into() {
                StoreError::Taken { .. } => StoreError::Taken { index: attribute.clone() },
                other => other,
            });
        }
    }
    Ok(())
}

fn stored(row: &AnyRow) -> Result<StoredResource, StoreError> {
    let connection: String = column(row, "connection_id")?;
    let person: Option<String> = column(row, "person_id")?;
    Ok(StoredResource {
        id: column(row, "resource_id")?,
        kind: column(row, "type")?,
        connection: connection.parse().map_err(|error| StoreError::corrupt("connection_id", &error))?,
        person: person
            .map(|id| id.parse())
            .transpose()
            .map_err(|error| StoreError::corrupt("person_id", &error))?,
        body: json(row, "body")?,
        created: from_millis(column(row, "created_at")?),
        updated: from_millis(column(row, "updated_at")?),
        version: column(row, "version")?,
    })
}

const COLUMNS: &str =
    "r.resource_id, r.type, r.connection_id, r.person_id, r.body, r.created_at, r.updated_at, r.version";
