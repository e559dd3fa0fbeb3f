//! Brings the tables up to date.

use std::borrow::Cow;

use scim_filter::Dialect;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, Executor as _, SqlSafeStr as _};

use super::{StoreError, begin_sql};

/// Runs what is missing inside one write transaction, so that two processes that start at once do not meet.
pub(super) async fn run(pool: &AnyPool, dialect: Dialect) -> Result<(), StoreError> {
    let mut tx = pool.begin_with(begin_sql(dialect)).await?;
    let connection: &mut AnyConnection = &mut tx;
    if dialect == Dialect::Postgres {
        connection.execute(ONE_AT_A_TIME).await?;
    }
    let done = migrator(dialect).run(connection).await;
    done.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Failed(other.to_string()),
    })?;
    tx.commit().await?;
    Ok(())
}

fn migrator(dialect: Dialect) -> Migrator {
    let list = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
    };
    let migrations = list.iter().map(|(version, name, sql)| {
        let sql = sql.into_sql_str();
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // The library's lock belongs to the session, and outlives a transaction that fails; ours does not.
    migrator.set_locking(false);
    migrator
}

/// A change of tables may take longer than a request; and whoever else is at it is waited for.
const ONE_AT_A_TIME: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5min'; \
                             DO $$ BEGIN PERFORM pg_advisory_xact_lock(7262001); END $$";

const POSTGRES: &[(i64, &str, &str)] =
    &[(1, "tables", include_str!("../../migrations/postgres/0001_tables.sql"))];

const SQLITE: &[(i64, &str, &str)] =
    &[(1, "tables", include_str!("../../migrations/sqlite/0001_tables.sql"))];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Tables with their columns, and what else must be alike: keys, foreign keys and indexes.
    fn shape(sql: &str) -> BTreeMap<String, Vec<String>> {
        let mut shape: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let plain = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>();
        for statement in plain.join("\n").split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let Some((head, body)) = statement.split_once(" (\n") else {
                // An index: the whole statement counts.
                let words: Vec<&str> = statement.split_whitespace().collect();
                shape.entry("indexes".to_owned()).or_default().push(words.join(" "));
                continue;
            };
            let columns = body.lines().map(|line| line.trim().trim_end_matches(',')).filter(|line| {
                // What ends a table.
                !line.starts_with(')')
            });
            let columns = columns.map(|line| {
                let line = line.replace(" COLLATE \"C\"", "");
                // PostgreSQL's names of the same types.
                line.replace(" BIGINT", " INTEGER").replace(" BYTEA", " BLOB").replace(" JSONB", " TEXT")
            });
            shape.insert(head.to_owned(), columns.collect());
        }
        shape
    }

    #[test]
    fn both_databases_have_the_same_tables_columns_keys_and_indexes() {
        let all = |list: &[(i64, &str, &str)]| {
            list.iter()
                .map(|(version, name, sql)| (*version, (*name).to_owned(), shape(sql)))
                .collect::<Vec<_>>()
        };
        let (sqlite, postgres) = (all(SQLITE), all(POSTGRES));
        assert!(sqlite[0].2.len() > 15, "{sqlite:?}");
        assert!(sqlite[0].2["CREATE TABLE persons"].len() > 7);
        assert_eq!(sqlite, postgres);
    }

    #[test]
    fn the_tenant_leads_every_key_and_index() {
        // What belongs to no tenant, is swept for all of them at once, or finds the tenant of a mail address.
        let exceptions = ["settings", "operator_audit", "_expiry", "_due", "domain_claims_verified"];
        for (_, _, sql) in SQLITE {
            for (table, lines) in shape(sql) {
                for line in lines {
                    let key = line.strip_prefix("PRIMARY KEY (").or_else(|| {
                        line.starts_with("CREATE ")
                            .then(|| line.split_once(" ("))
                            .flatten()
                            .map(|(_, key)| key)
                    });
                    let exempt = exceptions.iter().any(|name| line.contains(name) || table.contains(name));
                    if let Some(key) = key.filter(|_| !exempt) {
                        assert!(key.starts_with("tenant_id"), "{table}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn text_that_is_compared_compares_by_its_bytes_on_postgres() {
        for line in POSTGRES.iter().flat_map(|(_, _, sql)| sql.lines()) {
            let column = line.trim();
            let is_text = column.contains(" TEXT");
            let is_json = column.split(' ').next().is_some_and(|name| name.ends_with("body"));
            if is_text && !is_json && !column.starts_with("--") {
                assert!(column.contains("COLLATE \"C\""), "{column}");
            }
        }
    }
}
