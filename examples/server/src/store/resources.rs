//! SCIM resources: one row each, with the columns that look-ups need beside the JSON.

use chrono::{DateTime, Utc};
use scim_filter::Dialect;
use serde_json::{Map, Value};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};
use tenant_model::{ConnectionId, PersonId, TenantId};

use super::row::{column, json, to_json};
use super::{StoreError, dialect};
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
    let search = document(dialect(db), "$11");
    let sql = format!(
        "INSERT INTO scim_resources (tenant_id, resource_id, type, connection_id, user_name_fold, external_id, \
         display, display_fold, person_id, body, search, created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {search}, $12, $13, $14)"
    );
    let query = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.as_str())
        .bind(resource.id.as_str())
        .bind(resource.kind.as_str())
        .bind(resource.connection.as_str());
    bind_content(query, resource, keys)?
        .bind(millis(resource.created))
        .bind(millis(resource.updated))
        .bind(resource.version)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO resource_counts (tenant_id, type, total) VALUES ($1, $2, 1) \
         ON CONFLICT (tenant_id, type) DO UPDATE SET total = resource_counts.total + 1",
    )
    .bind(tenant.as_str())
    .bind(resource.kind.as_str())
    .execute(&mut *db)
    .await?;
    insert_values(db, tenant, resource, keys).await
}

/// What a write changes, in the order of its placeholders.
fn bind_content<'a>(
    query: Query<'a, Any, AnyArguments>,
    resource: &'a StoredResource,
    keys: &'a Keys,
) -> Result<Query<'a, Any, AnyArguments>, StoreError> {
    let query = query
        .bind(keys.user_name.as_deref())
        .bind(keys.external_id.as_deref())
        .bind(keys.display.as_deref())
        .bind(keys.display_fold.as_deref())
        .bind(resource.person.as_ref().map(PersonId::as_str))
        .bind(to_json(&resource.body)?)
        .bind(keys.search.as_str());
    Ok(query)
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
    let search = document(dialect(db), "$9");
    let sql = format!(
        "UPDATE scim_resources SET user_name_fold = $3, external_id = $4, display = $5, display_fold = $6, \
         person_id = $7, body = $8, search = {search}, updated_at = $10, version = $11 \
         WHERE tenant_id = $1 AND resource_id = $2"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str()).bind(resource.id.as_str());
    bind_content(query, resource, keys)?
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
    let gone =
        sqlx::query("DELETE FROM scim_resources WHERE tenant_id = $1 AND resource_id = $2 RETURNING type")
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(&mut *db)
            .await?;
    let Some(gone) = gone else { return Ok(false) };
    sqlx::query("UPDATE resource_counts SET total = total - 1 WHERE tenant_id = $1 AND type = $2")
        .bind(tenant.as_str())
        .bind(column::<String>(&gone, "type")?)
        .execute(db)
        .await?;
    Ok(true)
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
    if id.contains('\0') {
        // No id has it, and PostgreSQL would call the question itself wrong.
        return Ok(None);
    }
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

/// The first groups of a connection by name, each with its id and its name.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn groups(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    count: u32,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT resource_id, display FROM scim_resources \
         WHERE tenant_id = $1 AND type = $2 AND connection_id = $3 ORDER BY display_fold, resource_id LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind("Group")
    .bind(connection.as_str())
    .bind(i64::from(count))
    .fetch_all(db)
    .await?;
    let one = |row| {
        let display: Option<String> = column(row, "display")?;
        Ok((column(row, "resource_id")?, display.unwrap_or_default()))
    };
    rows.iter().map(one).collect()
}

/// The place of a search document, which is text in SQLite and `jsonb` in PostgreSQL.
fn document(dialect: Dialect, place: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("CAST({place} AS jsonb)"),
        Dialect::Sqlite => place.to_owned(),
    }
}

/// A value bound to a statement that was put together at run time.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A boolean; PostgreSQL only.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// A text.
    Text(String),
}

/// A condition with its values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    /// An SQL expression over `scim_resources AS r`; empty for all.
    pub sql: String,
    /// Its values.
    pub values: Vec<Bound>,
}

/// Which resources of a tenant: of each type those that meet a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    parts: Vec<(String, Condition)>,
    values: usize,
}

impl Selection {
    /// The number of the first placeholder in the condition that is added next.
    #[must_use]
    pub fn first_placeholder(&self) -> usize {
        // The tenant, the types and values so far, the next type, and counting starts at 1.
        self.parts.len().saturating_add(self.values).saturating_add(3)
    }

    /// Adds the resources of a type that meet a condition.
    pub fn add(&mut self, kind: &str, condition: Condition) {
        self.values = self.values.saturating_add(condition.values.len());
        self.parts.push((kind.to_owned(), condition));
    }

    /// How many there are. All resources of a type are counted as they come and go, so that a page of a directory of a
    /// million costs no walk through it.
    fn count(&self, dialect: Dialect) -> String {
        match self.parts.as_slice() {
            [(_, condition)] if condition.sql.is_empty() => {
                "SELECT total FROM resource_counts WHERE tenant_id = $1 AND type = $2".to_owned()
            }
            _ => format!("SELECT COUNT(*) AS total {}", self.from(dialect)),
        }
    }

    fn from(&self, dialect: Dialect) -> String {
        let start = "FROM scim_resources AS r WHERE r.tenant_id = $1 AND";
        if let [(_, condition)] = self.parts.as_slice() {
            if condition.sql.is_empty() {
                return format!("{start} r.type = $2");
            }
            // A look-up in a side table finds few rows, yet SQLite would rather walk the index of all resources of the
            // type, because that is in the order of the list; the plus takes that index out of its sight.
            let hint = dialect == Dialect::Sqlite && condition.sql.contains("IN (SELECT");
            let kind = if hint { "+r.type" } else { "r.type" };
            return format!("{start} {kind} = $2 AND ({})", condition.sql);
        }
        let mut number = 2_usize;
        let mut parts = Vec::new();
        for (_, condition) in &self.parts {
            let sql = if condition.sql.is_empty() { "1 = 1" } else { &condition.sql };
            parts.push(format!("(r.type = ${number} AND ({sql}))"));
            number = number.saturating_add(condition.values.len()).saturating_add(1);
        }
        if parts.is_empty() {
            parts.push("1 = 0".to_owned());
        }
        format!("{start} ({})", parts.join(" OR "))
    }

    fn bind<'q>(
        &self,
        query: Query<'q, Any, AnyArguments>,
        tenant: &TenantId,
    ) -> Query<'q, Any, AnyArguments> {
        let query = query.bind(tenant.as_str().to_owned());
        self.parts
            .iter()
            .fold(query, |query, (kind, condition)| bind_values(query.bind(kind.clone()), &condition.values))
    }
}

/// The order of a list. The id comes last, so that the order is total and pages neither repeat nor skip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// An SQL expression made by this program, never by a client.
    pub value: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Largest first.
    pub descending: bool,
}

impl Order {
    /// The list behind `ORDER BY`.
    #[must_use]
    pub fn sql(&self) -> String {
        let value = &self.value;
        // RFC 7644 3.4.2.3: a missing value is last when ascending and first when descending.
        match (self.descending, self.nullable) {
            (false, false) => format!("{value} ASC, r.resource_id"),
            (true, false) => format!("{value} DESC, r.resource_id"),
            (false, true) => format!("{value} ASC NULLS LAST, r.resource_id"),
            (true, true) => format!("{value} DESC NULLS FIRST, r.resource_id"),
        }
    }

    /// What comes behind a bookmark, with placeholders from `first`.
    fn behind(&self, bookmark: &Bookmark, first: usize) -> Condition {
        let value = &self.value;
        let next = first.saturating_add(1);
        let id = Bound::Text(bookmark.id.clone());
        let Some(at) = &bookmark.value else {
            let nulls = format!("({value} IS NULL AND r.resource_id > ${first})");
            let sql = if self.descending { format!("({value} IS NOT NULL OR {nulls})") } else { nulls };
            return Condition { sql, values: vec![id] };
        };
        let sql = match (self.descending, self.nullable) {
            // One comparison of rows, which an index answers by going straight to the place.
            (false, false) => format!("({value}, r.resource_id) > (${first}, ${next})"),
            (true, _) => {
                format!("({value} < ${first} OR ({value} = ${first} AND r.resource_id > ${next}))")
            }
            (false, true) => format!(
                "({value} > ${first} OR ({value} = ${first} AND r.resource_id > ${next}) OR {value} IS NULL)"
            ),
        };
        Condition { sql, values: vec![at.clone(), id] }
    }
}

/// The last resource of a page, by what the list is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub struct Bookmark {
    /// Its value.
    pub value: Option<Bound>,
    /// Its id.
    pub id: String,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// Behind a resource; at the first one without.
    After(Option<Bookmark>),
    /// Behind a number of resources.
    Offset(u64),
}

/// A page of resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// How many match in all.
    pub total: u64,
    /// Those of the page.
    pub resources: Vec<StoredResource>,
    /// Where the next page begins, if there is one and this one was asked for by [`Start::After`].
    pub next: Option<Bookmark>,
}

/// A page of the resources selected.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn list(
    db: &mut AnyConnection,
    tenant: &TenantId,
    selection: &Selection,
    order: &Order,
    start: &Start,
    limit: u64,
) -> Result<Page, StoreError> {
    let dialect = dialect(db);
    let sql = selection.count(dialect);
    let row = selection.bind(sqlx::query(AssertSqlSafe(sql)), tenant).fetch_optional(&mut *db).await?;
    let total: i64 = row.map_or(Ok(0), |row| column(&row, "total"))?;
    let total = u64::try_from(total).unwrap_or_default();
    if limit == 0 || matches!(start, Start::Offset(offset) if *offset >= total) {
        return Ok(Page { total, resources: Vec::new(), next: None });
    }
    let (sql, values) = page_sql(dialect, selection, order, start, limit);
    let query = bind_values(selection.bind(sqlx::query(AssertSqlSafe(sql)), tenant), &values);
    let mut rows = query.fetch_all(db).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(bookmark).transpose()?;
    Ok(Page { total, resources: rows.iter().map(stored).collect::<Result<_, _>>()?, next })
}

fn page_sql(
    dialect: Dialect,
    selection: &Selection,
    order: &Order,
    start: &Start,
    limit: u64,
) -> (String, Vec<Bound>) {
    let (from, by, value) = (selection.from(dialect), order.sql(), &order.value);
    let select = format!("SELECT {COLUMNS}, {value} AS sort_value {from}");
    match start {
        Start::Offset(offset) => {
            (format!("{select} ORDER BY {by} LIMIT {limit} OFFSET {offset}"), Vec::new())
        }
        Start::After(bookmark) => {
            // One more than wanted tells whether there is a next page.
            let limit = limit.saturating_add(1);
            // Behind the selection's own; the type that its next part would have does not come.
            let first = selection.first_placeholder().saturating_sub(1);
            let behind = bookmark.as_ref().map(|bookmark| order.behind(bookmark, first));
            let (and, values) = behind.map_or((String::new(), Vec::new()), |behind| {
                (format!(" AND {}", behind.sql), behind.values)
            });
            (format!("{select}{and} ORDER BY {by} LIMIT {limit}"), values)
        }
    }
}

fn bookmark(row: &AnyRow) -> Result<Bookmark, StoreError> {
    let integer = column::<Option<i64>>(row, SORT_VALUE).map(|value| value.map(Bound::Integer));
    let value = integer
        .or_else(|_| column::<Option<f64>>(row, SORT_VALUE).map(|value| value.map(Bound::Real)))
        .or_else(|_| column::<Option<String>>(row, SORT_VALUE).map(|value| value.map(Bound::Text)))?;
    Ok(Bookmark { value, id: column(row, "resource_id")? })
}

/// How the database would count and find the resources that meet a condition.
#[cfg(test)]
pub(crate) async fn plans(
    db: &mut AnyConnection,
    tenant: &TenantId,
    selection: &Selection,
    order: &Order,
    start: &Start,
) -> [String; 2] {
    let dialect = dialect(db);
    let count = selection.count(dialect);
    let (page, values) = page_sql(dialect, selection, order, start, 100);
    let mut plans = [(count, Vec::new()), (page, values)].map(|(sql, values)| (sql, values, String::new()));
    for (sql, values, plan) in &mut plans {
        let (explain, column_name) = match dialect {
            Dialect::Postgres => ("EXPLAIN (COSTS OFF)", "QUERY PLAN"),
            Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        };
        let sql = format!("{explain} {sql}");
        let query = bind_values(selection.bind(sqlx::query(AssertSqlSafe(sql)), tenant), values);
        let rows = query.fetch_all(&mut *db).await.unwrap();
        let details = rows.iter().map(|row| column::<String>(row, column_name).unwrap()).collect::<Vec<_>>();
        *plan = details.join("; ");
    }
    plans.map(|(_, _, plan)| plan)
}

fn bind_values<'q>(query: Query<'q, Any, AnyArguments>, values: &[Bound]) -> Query<'q, Any, AnyArguments> {
    values.iter().fold(query, |query, value| match value {
        Bound::Bool(value) => query.bind(*value),
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
const SORT_VALUE: &str = "sort_value";
