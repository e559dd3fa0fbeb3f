//! Brings the tables up to date.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, SqlSafeStr as _};

use super::StoreError;

/// Runs what is missing inside one write transaction, so that two processes that start at once do not meet.
pub(super) async fn run(pool: &AnyPool) -> Result<(), StoreError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let connection: &mut AnyConnection = &mut tx;
    migrator().run(connection).await.map_err(|error| StoreError::Failed(error.to_string()))?;
    tx.commit().await?;
    Ok(())
}

fn migrator() -> Migrator {
    let migrations = SQLITE.iter().map(|(version, name, sql)| {
        let sql = sql.into_sql_str();
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

const SQLITE: &[(i64, &str, &str)] =
    &[(1, "tables", include_str!("../../migrations/sqlite/0001_tables.sql"))];
