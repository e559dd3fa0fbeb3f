//! Why the database did not do what was asked.

use sqlx::postgres::PgDatabaseError;

/// Why the database did not do what was asked.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique index already holds the value.
    #[error("the value is taken ({index})")]
    Taken {
        /// What the database named: PostgreSQL the index, SQLite its columns.
        index: String,
    },
    /// The database is locked, closed or unreachable, or it gave this transaction up for another one; trying again may
    /// help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A value holds what the database cannot store.
    #[error("the database cannot store a value: {0}")]
    Unstorable(String),
    /// Anything else the database refused, or a row that this program did not write.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// A row holds what this program would not have written.
    pub fn corrupt(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Failed(format!("{what} is not readable: {error}"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(found) => match found.try_downcast_ref::<PgDatabaseError>() {
                Some(found) => of_postgres(found),
                None if found.is_unique_violation() => Self::Taken { index: found.message().to_owned() },
                None if is_busy(found.code().as_deref()) => Self::Unavailable(found.message().to_owned()),
                None => Self::Failed(found.to_string()),
            },
            sqlx::Error::BeginFailed
            | sqlx::Error::Io(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

fn of_postgres(error: &PgDatabaseError) -> StoreError {
    let message = || format!("{} ({})", error.message(), error.code());
    match state(error.code()) {
        State::Taken => StoreError::Taken { index: error.constraint().unwrap_or_default().to_owned() },
        State::Unavailable => StoreError::Unavailable(message()),
        // The message may quote the value.
        State::Unstorable => StoreError::Unstorable(error.code().to_owned()),
        State::Other => StoreError::Failed(message()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Other,
    Taken,
    Unavailable,
    Unstorable,
}

/// What an SQLSTATE of PostgreSQL means here.
fn state(code: &str) -> State {
    match code {
        "23505" => State::Taken,
        // U+0000 in a text or in JSON; a value that is too long for an index.
        "22021" | "22P05" | "54000" => State::Unstorable,
        // A server that only reads, such as a stand-by that an old address leads to; a transaction that idled; given
        // up in favour of another; a lock that did not come.
        "25006" | "25P03" | "40001" | "40P01" | "55P03" | "3D000" => State::Unavailable,
        // Connection, log-in, resources, operator (time-outs and shutdowns), the system beneath.
        _ if ["08", "28", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => State::Unavailable,
        _ => State::Other,
    }
}

/// SQLite's primary result codes BUSY, LOCKED, IOERR, FULL and CANTOPEN, extended ones included.
fn is_busy(code: Option<&str>) -> bool {
    let code: Option<i32> = code.and_then(|code| code.parse().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (code, expected) in [
            ("23505", State::Taken),
            ("40001", State::Unavailable),
            ("40P01", State::Unavailable),
            ("55P03", State::Unavailable),
            ("57014", State::Unavailable),
            ("57P01", State::Unavailable),
            ("53300", State::Unavailable),
            ("08006", State::Unavailable),
            ("28P01", State::Unavailable),
            ("22021", State::Unstorable),
            ("22P05", State::Unstorable),
            ("54000", State::Unstorable),
            ("42601", State::Other),
            ("23503", State::Other),
            ("25P02", State::Other),
        ] {
            assert_eq!(state(code), expected, "{code}");
        }
        for (code, expected) in [("5", true), ("261", true), ("13", true), ("2067", false), ("x", false)] {
            assert_eq!(is_busy(Some(code)), expected, "{code}");
        }
    }
}
