//! Removes rows whose time is over. Nothing depends on it: every reader compares the time itself.

use chrono::{DateTime, Utc};
use scim_filter::Dialect;
use sqlx::AssertSqlSafe;

use super::{Store, StoreError};
use crate::clock::millis;

/// Removes all expired rows, a few at a time, so that no request waits long; says how many of each table.
///
/// # Errors
/// [`StoreError`] when the database fails; what was removed before stays removed.
pub async fn sweep(store: &Store, now: DateTime<Utc>) -> Result<Vec<(&'static str, u64)>, StoreError> {
    let mut swept = Vec::new();
    for expiring in EXPIRING {
        let mut total = 0_u64;
        loop {
            let count = batch(store, expiring, now).await?;
            total = total.saturating_add(count);
            if count < BATCH {
                break;
            }
        }
        swept.push((expiring.table, total));
    }
    Ok(swept)
}

async fn batch(store: &Store, expiring: &Expiring, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let Expiring { table, key, ends } = expiring;
    // A row that somebody else holds, such as another server that sweeps, is left to them.
    let skip = match store.dialect() {
        Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        Dialect::Sqlite => "",
    };
    // Names and number are this program's own.
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {ends} <= $1 LIMIT {BATCH}{skip})"
    );
    let mut tx = store.begin_unlocked().await?;
    let done = sqlx::query(AssertSqlSafe(sql)).bind(millis(now)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// A table whose rows have an end.
struct Expiring {
    table: &'static str,
    key: &'static str,
    /// The column with the instant from which on the row is as good as gone.
    ends: &'static str,
}

const EXPIRING: &[Expiring] = &[
    Expiring { table: "admin_sessions", key: "tenant_id, session_hash", ends: "ends_at" },
    Expiring { table: "login_records", key: "tenant_id, connection_id, kind, record_id", ends: "expires_at" },
    Expiring { table: "oauth_tokens", key: "tenant_id, token_id", ends: "expires_at" },
    Expiring { table: "deactivations", key: "tenant_id, connection_id, person_id, at", ends: "forget_after" },
    Expiring { table: "hook_events", key: "tenant_id, kind, event_id", ends: "forget_after" },
    Expiring { table: "lifecycle_events", key: "tenant_id, at, event_id", ends: "forget_after" },
    Expiring {
        table: "logout_marks",
        key: "tenant_id, connection_id, subject, mark_id",
        ends: "forget_after",
    },
    Expiring { table: "pending", key: "tenant_id, connection_id, kind, request_id", ends: "expires_at" },
    Expiring { table: "replay_claims", key: "tenant_id, connection_id, claim", ends: "forget_after" },
    Expiring { table: "sessions", key: "tenant_id, session_hash", ends: "ends_at" },
];

/// Deleted in some milliseconds, for which other writers wait.
const BATCH: u64 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of the migrations with a column that says when a row ends.
    fn with_an_end(sql: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut table = String::new();
        for line in sql.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                table = rest.split([' ', '(']).next().unwrap_or_default().to_owned();
            }
            let column = line.trim().split(' ').next().unwrap_or_default();
            if ["expires_at", "ends_at", "forget_after"].contains(&column) {
                found.push((table.clone(), column.to_owned()));
            }
        }
        found
    }

    #[test]
    fn every_table_whose_rows_end_is_swept() {
        let found = with_an_end(include_str!("../../migrations/sqlite/0001_tables.sql"));
        assert!(found.len() >= 3, "{found:?}");
        for (table, ends) in found {
            assert!(
                EXPIRING.iter().any(|expiring| expiring.table == table && expiring.ends == ends),
                "nobody removes rows of {table} after {ends}"
            );
        }
    }
}
