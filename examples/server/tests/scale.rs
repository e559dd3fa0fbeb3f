//! What a membership change costs: its own rows, whatever the size of the group.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use example_server::config::Database;
use example_server::store::{Store, members, resources, tenants};
use sqlx::{AnyConnection, Row as _};
use tenant_model::{ProductProfile, TenantId};

const MANY: i64 = 100_000;

#[tokio::test]
async fn adding_one_member_to_a_group_of_100_000_writes_one_row() {
    let file = std::env::temp_dir().join(format!("example-server-scale-{}.sqlite", std::process::id()));
    let store = Store::open(&Database::Sqlite(file.clone())).await.unwrap();
    let tenant =
        ProductProfile::built_in("standard").unwrap().tenant(TenantId::parse("acme").unwrap(), "Acme");
    let now = chrono::DateTime::UNIX_EPOCH;
    let mut tx = store.begin(&tenant.id).await.unwrap();
    tenants::insert(&mut tx, &tenant, now).await.unwrap();
    seed(&mut tx).await;
    tx.commit().await.unwrap();

    let mut tx = store.begin(&tenant.id).await.unwrap();
    for (pragma, expected) in
        [("PRAGMA synchronous", "2"), ("PRAGMA foreign_keys", "1"), ("PRAGMA journal_mode", "wal")]
    {
        let row = sqlx::query(pragma).fetch_one(&mut *tx).await.unwrap();
        let found = row.try_get::<String, _>(0).or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()));
        assert_eq!(found.unwrap(), expected, "{pragma}");
    }
    let before = written(&mut tx).await;
    assert_eq!(members::add(&mut tx, &tenant.id, "big", "user-0", None).await, Ok(Some(true)));
    assert_eq!(written(&mut tx).await.saturating_sub(before), 1, "one row, and none of the others");
    assert_eq!(members::add(&mut tx, &tenant.id, "big", "user-0", None).await, Ok(Some(false)));
    assert_eq!(members::add(&mut tx, &tenant.id, "big", "nobody", None).await, Ok(None));
    resources::touch(&mut tx, &tenant.id, "big", 2, now).await.unwrap();
    assert_eq!(written(&mut tx).await.saturating_sub(before), 2, "and the group's version");
    assert!(members::remove(&mut tx, &tenant.id, "big", "user-0").await.unwrap());
    assert_eq!(written(&mut tx).await.saturating_sub(before), 3);
    for (what, sql) in [
        (
            "adding",
            "INSERT INTO group_members (tenant_id, group_id, member_id, display) SELECT tenant_id, 'big', \
                    resource_id, NULL FROM scim_resources WHERE tenant_id = 'acme' AND resource_id = 'user-0'",
        ),
        (
            "removing",
            "DELETE FROM group_members WHERE tenant_id = 'acme' AND group_id = 'big' AND member_id = 'x'",
        ),
        (
            "asking for a user's groups",
            "SELECT group_id FROM group_members WHERE tenant_id = 'acme' AND member_id = 'x'",
        ),
        (
            "finding by userName",
            "SELECT body FROM scim_resources AS r WHERE r.tenant_id = 'acme' AND r.type = 'User' \
                                 AND (r.user_name_fold = 'x')",
        ),
    ] {
        let plan = plan(&mut tx, sql).await;
        assert!(!plan.contains("SCAN"), "{what} looks at every row: {plan}");
    }
    drop(tx);
    store.close().await;
    std::fs::remove_file(&file).unwrap();
}

async fn seed(db: &mut AnyConnection) {
    for sql in [
        "INSERT INTO scim_resources (tenant_id, resource_id, type, connection_id, user_name_fold, body, search, \
         created_at, updated_at, version) \
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
         SELECT 'acme', 'user-' || i, 'User', 'scim', 'user-' || i, '{}', '{}', 0, 0, 1 FROM n",
        "INSERT INTO scim_resources (tenant_id, resource_id, type, connection_id, body, search, created_at, \
         updated_at, version) VALUES ('acme', 'big', 'Group', 'scim', '{}', '{}', 0, 0, $1)",
        "INSERT INTO group_members (tenant_id, group_id, member_id) \
         SELECT tenant_id, 'big', resource_id FROM scim_resources \
         WHERE tenant_id = 'acme' AND type = 'User' AND resource_id <> 'user-0' AND $1 > 0",
    ] {
        sqlx::query(sql).bind(MANY).execute(&mut *db).await.unwrap();
    }
    let row = sqlx::query("SELECT COUNT(*) AS total FROM group_members").fetch_one(&mut *db).await.unwrap();
    assert_eq!(row.get::<i64, _>("total"), MANY);
}

/// Rows that this connection has written so far.
async fn written(db: &mut AnyConnection) -> i64 {
    sqlx::query("SELECT total_changes() AS total").fetch_one(db).await.unwrap().get("total")
}

async fn plan(db: &mut AnyConnection, sql: &'static str) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
}
