//! Why the database did not do what was asked.

/// Why the database did not do what was asked.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique index already holds the value.
    #[error("the value is taken ({index})")]
    Taken {
        /// What the database named.
        index: String,
    },
    /// The database is locked, closed or unreachable; trying again may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
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
            sqlx::Error::Database(found) if found.is_unique_violation() => {
                Self::Taken { index: found.message().to_owned() }
            }
            sqlx::Error::Database(found) if is_busy(found.code().as_deref()) => {
                Self::Unavailable(found.message().to_owned())
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable(error.to_string())
            }
            other => Self::Failed(other.to_string()),
        }
    }
}

/// SQLite's primary result codes BUSY, LOCKED, IOERR, FULL and CANTOPEN, extended ones included.
fn is_busy(code: Option<&str>) -> bool {
    let code: Option<i32> = code.and_then(|code| code.parse().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}
