//! Membership of groups: a table, so that a change costs its own rows and not the group's.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};
use tenant_model::TenantId;

use super::StoreError;
use super::row::column;

/// One membership, seen from either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The id of the member, or of the group.
    pub id: String,
    /// Its resource type.
    pub kind: String,
    /// What to show.
    pub display: Option<String>,
}

/// Adds a member, with the name that the client gave it, if any; `None` when there is no such resource in the tenant, `Some(false)` when it was a member before.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn add(
    db: &mut AnyConnection,
    tenant: &TenantId,
    group: &str,
    member: &str,
    display: Option<&str>,
) -> Result<Option<bool>, StoreError> {
    let done = sqlx::query(
        "INSERT INTO group_members (tenant_id, group_id, member_id, display) \
         SELECT tenant_id, $2, resource_id, $4 FROM scim_resources \
         WHERE tenant_id = $1 AND resource_id = $3 AND resource_id <> $2 ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(group)
    .bind(member)
    .bind(display)
    .execute(&mut *db)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Some(true));
    }
    let there = sqlx::query(
        "SELECT 1 AS there FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND member_id = $3",
    )
    .bind(tenant.as_str())
    .bind(group)
    .bind(member)
    .fetch_optional(db)
    .await?;
    Ok(there.map(|_| false))
}

/// Gives a member another name, or none; `false` when it had that one, or is none.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn rename(
    db: &mut AnyConnection,
    tenant: &TenantId,
    group: &str,
    member: &str,
    display: Option<&str>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE group_members SET display = $4 WHERE tenant_id = $1 AND group_id = $2 AND member_id = $3 \
         AND display IS DISTINCT FROM $4",
    )
    .bind(tenant.as_str())
    .bind(group)
    .bind(member)
    .bind(display)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a member; `false` when it was none.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn remove(
    db: &mut AnyConnection,
    tenant: &TenantId,
    group: &str,
    member: &str,
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("DELETE FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND member_id = $3")
            .bind(tenant.as_str())
            .bind(group)
            .bind(member)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Members of a group behind an id, by id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn page(
    db: &mut AnyConnection,
    tenant: &TenantId,
    group: &str,
    after: &str,
    count: u32,
) -> Result<Vec<Membership>, StoreError> {
    let rows = sqlx::query(
        "SELECT m.member_id AS id, r.type AS kind, r.display AS display FROM group_members m \
         JOIN scim_resources r ON r.tenant_id = m.tenant_id AND r.resource_id = m.member_id \
         WHERE m.tenant_id = $1 AND m.group_id = $2 AND m.member_id > $3 ORDER BY m.member_id LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind(group)
    .bind(after)
    .bind(i64::from(count))
    .fetch_all(db)
    .await?;
    let member = |row: &AnyRow| {
        Ok(Membership {
            id: column(row, "id")?,
            kind: column(row, "kind")?,
            display: column(row, "display")?,
        })
    };
    rows.iter().map(member).collect()
}

/// The members' ids.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn ids(db: &mut AnyConnection, tenant: &TenantId, group: &str) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT member_id FROM group_members WHERE tenant_id = $1 AND group_id = $2 ORDER BY member_id",
    )
    .bind(tenant.as_str())
    .bind(group)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| column(row, "member_id")).collect()
}

/// The members of some groups, by group.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_groups(
    db: &mut AnyConnection,
    tenant: &TenantId,
    groups: &[&str],
) -> Result<HashMap<String, Vec<Membership>>, StoreError> {
    let sql = "SELECT m.group_id AS side, m.member_id AS id, r.type AS kind, \
               COALESCE(m.display, r.display) AS display \
               FROM group_members m JOIN scim_resources r \
               ON r.tenant_id = m.tenant_id AND r.resource_id = m.member_id \
               WHERE m.tenant_id = $1 AND m.group_id IN";
    by_side(db, tenant, sql, groups, "m.group_id, m.member_id").await
}

/// The groups that some resources are direct members of, by member.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_members(
    db: &mut AnyConnection,
    tenant: &TenantId,
    members: &[&str],
) -> Result<HashMap<String, Vec<Membership>>, StoreError> {
    let sql = "SELECT m.member_id AS side, m.group_id AS id, r.type AS kind, r.display AS display \
               FROM group_members m JOIN scim_resources r \
               ON r.tenant_id = m.tenant_id AND r.resource_id = m.group_id \
               WHERE m.tenant_id = $1 AND m.member_id IN";
    by_side(db, tenant, sql, members, "m.member_id, m.group_id").await
}

async fn by_side(
    db: &mut AnyConnection,
    tenant: &TenantId,
    sql: &'static str,
    ids: &[&str],
    order: &'static str,
) -> Result<HashMap<String, Vec<Membership>>, StoreError> {
    let mut out: HashMap<String, Vec<Membership>> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let places: Vec<String> = (2..).take(chunk.len()).map(|place: usize| format!("${place}")).collect();
        let sql = format!("{sql} ({}) ORDER BY {order}", places.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str().to_owned());
        for id in chunk {
            query = query.bind((*id).to_owned());
        }
        for row in query.fetch_all(&mut *db).await? {
            let side: String = column(&row, "side")?;
            out.entry(side).or_default().push(membership(&row)?);
        }
    }
    Ok(out)
}

fn membership(row: &AnyRow) -> Result<Membership, StoreError> {
    Ok(Membership { id: column(row, "id")?, kind: column(row, "kind")?, display: column(row, "display")? })
}

/// As many ids in one statement as any database takes.
const CHUNK: usize = 500;
