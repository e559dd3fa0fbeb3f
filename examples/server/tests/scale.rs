//! What a membership change costs: its own rows, whatever the size of the group.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(clippy::arithmetic_side_effects, reason = "test counters")]

use example_server::config::Database;
use example_server::store::{Store, members, resources, tenants};
use scim_filter::Dialect;
use sqlx::{AnyConnection, Row as _};
use tenant_model::{ProductProfile, TenantId};
use testkit::postgres::Postgres;

const MANY: i64 = 100_000;

#[tokio::test]
async fn adding_one_member_to_a_group_of_100_000_writes_one_row() {
    let file = std::env::temp_dir().join(format!("example-server-scale-{}.sqlite", std::process::id()));
    costs_follow_the_change(&Database::Sqlite(file.clone())).await;
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn adding_one_member_to_a_group_of_100_000_writes_one_row_on_postgres() {
    let Some(server) = Postgres::start() else { return };
    costs_follow_the_change(&server.url("postgres").parse().unwrap()).await;
}

async fn costs_follow_the_change(database: &Database) {
    let store = Store::open(database).await.unwrap();
    let tenant =
        ProductProfile::built_in("standard").unwrap().tenant(TenantId::parse("acme").unwrap(), "Acme");
    let now = chrono::DateTime::UNIX_EPOCH;
    let mut tx = store.begin(&tenant.id).await.unwrap();
    tenants::insert(&mut tx, &tenant, now).await.unwrap();
    seed(&mut tx).await;
    tx.commit().await.unwrap();

    let mut tx = store.begin(&tenant.id).await.unwrap();
    let settings: &[(&str, &str)] = match store.dialect() {
        Dialect::Postgres => {
            &[("SHOW transaction_isolation", "read committed"), ("SHOW lock_timeout", "10s")]
        }
        Dialect::Sqlite => {
            &[("PRAGMA synchronous", "2"), ("PRAGMA foreign_keys", "1"), ("PRAGMA journal_mode", "wal")]
        }
    };
    for (question, expected) in settings {
        let row = sqlx::query(*question).fetch_one(&mut *tx).await.unwrap();
        let found = row.try_get::<String, _>(0).or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()));
        assert_eq!(found.unwrap(), *expected, "{question}");
    }
    let before = written(&mut tx, store.dialect()).await;
    assert_eq!(members::add(&mut tx, &tenant.id, "big", "user-0", None).await, Ok(Some(true)));
    assert_eq!(written(&mut tx, store.dialect()).await - before, 1, "one row, and none of the others");
    assert_eq!(members::add(&mut tx, &tenant.id, "big", "user-0", None).await, Ok(Some(false)));
    assert_eq!(members::add(&mut tx, &tenant.id, "big", "nobody", None).await, Ok(None));
    resources::touch(&mut tx, &tenant.id, "big", 2, now).await.unwrap();
    assert_eq!(written(&mut tx, store.dialect()).await - before, 2, "and the group's version");
    assert!(members::remove(&mut tx, &tenant.id, "big", "user-0").await.unwrap());
    assert_eq!(written(&mut tx, store.dialect()).await - before, 3);
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
        let plan = plan(&mut tx, store.dialect(), sql).await;
        let (walks, finds) = match store.dialect() {
            Dialect::Postgres => ("Seq Scan", "Index"),
            Dialect::Sqlite => ("SCAN", "SEARCH"),
        };
        assert!(!plan.contains(walks) && plan.contains(finds), "{what} looks at every row: {plan}");
    }
    drop(tx);
    store.close().await;
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
    sqlx::query("ANALYZE").execute(&mut *db).await.unwrap();
    let row = sqlx::query("SELECT COUNT(*) AS total FROM group_members").fetch_one(&mut *db).await.unwrap();
    assert_eq!(row.get::<i64, _>("total"), MANY);
}

/// Rows that this connection (in PostgreSQL: this transaction) has written so far.
async fn written(db: &mut AnyConnection, dialect: Dialect) -> i64 {
    let sql = match dialect {
        Dialect::Postgres => {
            "SELECT CAST(SUM(n_tup_ins + n_tup_upd + n_tup_del) AS bigint) AS total FROM pg_stat_xact_user_tables"
        }
        Dialect::Sqlite => "SELECT total_changes() AS total",
    };
    sqlx::query(sql).fetch_one(db).await.unwrap().get("total")
}

async fn plan(db: &mut AnyConnection, dialect: Dialect, sql: &'static str) -> String {
    let (explain, column) = match dialect {
        Dialect::Postgres => ("EXPLAIN (COSTS OFF)", "QUERY PLAN"),
        Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{explain} {sql}"))).fetch_all(db).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(column)).collect::<Vec<_>>().join("; ")
}
