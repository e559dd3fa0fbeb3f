//! The database: one SQLite file now, PostgreSQL by the same statements later.
//!
//! Every statement is written with `$1` placeholders. A request that writes does so in one transaction, which on
//! SQLite is `BEGIN IMMEDIATE`, so that a read-then-write never fails half-way for want of the lock.

pub mod directory;
mod error;
pub mod logins;
pub mod members;
mod migrate;
pub mod people;
pub mod resources;
mod row;
pub mod sweep;
pub mod tenants;
pub mod tokens;

use std::path::Path;
use std::time::Duration;

use scim_filter::Dialect;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Executor as _};

pub use error::StoreError;

use crate::config::Database;

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    read: AnyPool,
    write: AnyPool,
}

/// A transaction that writes; dropped without [`Tx::commit`] it leaves nothing behind.
pub struct Tx(sqlx::Transaction<'static, Any>);

impl Store {
    /// Opens the database, creates the file if it is absent, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened or is of a newer version.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options: AnyConnectOptions = database.url().parse()?;
        let options = options.disable_statement_logging();
        let pool = |connections: u32| {
            AnyPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT).after_connect(
                |connection, _| Box::pin(async move { connection.execute(PRAGMAS).await.map(drop) }),
            )
        };
        // One writer: SQLite has one write lock, and queueing here is fair where its own waiting is not.
        let write = pool(1).connect_with(options.clone()).await?;
        migrate::run(&write).await?;
        let read = pool(READERS).connect_with(options).await?;
        Ok(Self { read, write })
    }

    /// Whose SQL filters are translated to.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none comes free in time.
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<Any>, StoreError> {
        Ok(self.read.acquire().await?)
    }

    /// Starts a transaction that may write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the write lock does not come free in time.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(Tx(self.write.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// The pools: name, open connections, idle ones.
    #[must_use]
    pub fn connections(&self) -> [(&'static str, i64, i64); 2] {
        [("read", &self.read), ("write", &self.write)].map(|(name, pool)| {
            (name, i64::from(pool.size()), i64::try_from(pool.num_idle()).unwrap_or(i64::MAX))
        })
    }

    /// Writes a consistent copy into an empty file while others read and write.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let name =
            file.to_str().ok_or_else(|| StoreError::Failed("the file name is not UTF-8".to_owned()))?;
        let mut db = self.read().await?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&mut *db).await?;
        Ok(())
    }

    /// Waits for open transactions and closes the files.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Tx {
    /// Makes the writes durable.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses; then nothing was written.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }

    /// Marks the place that [`Tx::roll_back_to`] goes back to. Names are this program's own, never a client's.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn savepoint(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.savepoint_command("SAVEPOINT", name).await
    }

    /// Keeps what was written since the mark, as part of the transaction, and forgets the mark.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn release(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.savepoint_command("RELEASE SAVEPOINT", name).await
    }

    /// Takes back what was written since the mark, and forgets the mark.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn roll_back_to(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.savepoint_command("ROLLBACK TO SAVEPOINT", name).await?;
        self.savepoint_command("RELEASE SAVEPOINT", name).await
    }

    async fn savepoint_command(&mut self, command: &str, name: &'static str) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(format!("{command} {name}"));
        sqlx::query(sql).execute(&mut *self.0).await?;
        Ok(())
    }
}

impl std::ops::Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

const READERS: u32 = 8;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// FULL, because what was acknowledged must outlive a killed process and a pulled plug.
const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
