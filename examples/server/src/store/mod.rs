//! The database: one SQLite file, or PostgreSQL shared by several servers.
//!
//! Every statement is written with `$1` placeholders and runs on both; the few that cannot ask for their `dialect`.
//! A request that writes does so in one transaction.
//!
//! `tenant-model` decides on rows that were read, and what it decided is then written. Between the two nobody else may
//! change those rows, or two servers could each take away the admin rights of the other one's last admin. So
//! [`Store::begin`] lets the writers of one tenant pass one after the other, on every server of a fleet:
//!
//! * SQLite has one writer at a time anyway; `BEGIN IMMEDIATE` takes that right before anything is read.
//! * On PostgreSQL the transaction is READ COMMITTED and first locks the tenant's row (`SELECT … FOR NO KEY UPDATE`).
//!   Each statement behind that sees all that was committed before the lock came. Tenants do not wait for each other,
//!   and rows that refer to a tenant may still be added (`FOR NO KEY UPDATE` lets `FOR KEY SHARE` pass). Nothing fails
//!   half-way for want of a serial order, as it would at SERIALIZABLE.
//!
//! What one statement decides alone, by a unique index or a condition in its `WHERE`, needs no lock:
//! [`Store::begin_unlocked`].

pub mod admins;
pub mod audit;
pub mod deactivations;
pub mod directory;
pub mod domains;
mod error;
mod gate;
pub mod hooks;
pub mod idp;
pub mod logins;
pub mod members;
mod migrate;
pub mod notices;
pub mod oauth;
pub mod passwords;
pub mod people;
pub mod quirks;
pub mod records;
pub mod resources;
mod row;
pub mod sp_keys;
pub mod sweep;
pub mod tenants;
pub mod tokens;

use std::path::Path;
use std::time::Duration;

use scim_filter::Dialect;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Executor as _};
use tenant_model::TenantId;

pub use error::StoreError;

use crate::config::Database;
use gate::{Gates, Pass};

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    dialect: Dialect,
    read: AnyPool,
    write: AnyPool,
    gates: Gates,
}

/// A transaction that writes; dropped without [`Tx::commit`] it leaves nothing behind.
pub struct Tx {
    inner: sqlx::Transaction<'static, Any>,
    /// Given back when the transaction is over.
    _pass: Option<Pass>,
}

impl Store {
    /// Opens the database and brings its tables up to date. An SQLite file that is absent is created; a PostgreSQL
    /// database must be there, empty at first.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened or is of a newer version.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options: AnyConnectOptions = database.url().parse()?;
        let options = options.disable_statement_logging();
        let (dialect, settings, writers, patience) = match database {
            Database::Postgres(_) => {
                (Dialect::Postgres, POSTGRES_SETTINGS, POSTGRES_WRITERS, CONNECT_TIMEOUT)
            }
            // One writer: SQLite has one write lock, and queueing here is fair where its own waiting is not.
            Database::Sqlite(_) => (Dialect::Sqlite, PRAGMAS, 1, TURN_TIMEOUT),
        };
        let pool = |connections: u32| {
            AnyPoolOptions::new().max_connections(connections).acquire_timeout(patience).after_connect(
                move |connection, _| Box::pin(async move { connection.execute(settings).await.map(drop) }),
            )
        };
        let write = pool(writers).connect_with(options.clone()).await?;
        migrate::run(&write, dialect).await?;
        if dialect == Dialect::Postgres {
            warn_of_early_commits(&write).await?;
        }
        let read = pool(READERS).connect_with(options).await?;
        Ok(Self { dialect, read, write, gates: Gates::default() })
    }

    /// Whose SQL filters are translated to.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none comes free in time.
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<Any>, StoreError> {
        Ok(self.read.acquire().await?)
    }

    /// Starts a transaction that reads rows of a tenant, decides, and writes: until it ends, no other one of that tenant
    /// begins, on this server or another. A tenant that does not exist locks nothing; no rows of it can be written then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the tenant's turn does not come in time.
    pub async fn begin(&self, tenant: &TenantId) -> Result<Tx, StoreError> {
        // Waiting here costs no connection, so that one busy tenant leaves the pool to the others.
        let pass = self.gates.pass(tenant, TURN_TIMEOUT).await?;
        let mut inner = self.write.begin_with(begin_sql(self.dialect)).await?;
        if self.dialect == Dialect::Postgres {
            sqlx::query(LOCK_TENANT).bind(tenant.as_str()).execute(&mut *inner).await?;
        }
        Ok(Tx { inner, _pass: Some(pass) })
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

    /// Starts a transaction that waits for no tenant's turn: for what concerns no single tenant, and for writes that a
    /// unique index or their own `WHERE` decides. On SQLite it is alone nevertheless.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection comes free in time, or not SQLite's write lock.
    pub async fn begin_unlocked(&self) -> Result<Tx, StoreError> {
        Ok(Tx { inner: self.write.begin_with(begin_sql(self.dialect)).await?, _pass: None })
    }

    /// Waits for open transactions and closes the connections.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// A database that confirms a commit before it is durable loses, with its machine, what the server acknowledged.
async fn warn_of_early_commits(pool: &AnyPool) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits";
    let row = sqlx::query(sql).fetch_one(pool).await?;
    for (setting, value) in [
        ("fsync", row::column::<String>(&row, "fsync")?),
        ("synchronous_commit", row::column(&row, "commits")?),
    ] {
        if value == "off" {
            tracing::warn!(
                setting,
                "the database confirms commits early: used assertions and revocations may be lost"
            );
        }
    }
    Ok(())
}

/// Whose SQL a connection speaks.
pub(crate) fn dialect(db: &AnyConnection) -> Dialect {
    if db.backend_name() == "PostgreSQL" { Dialect::Postgres } else { Dialect::Sqlite }
}

fn begin_sql(dialect: Dialect) -> &'static str {
    match dialect {
        // Written out, since a database or a role may have another default.
        Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        Dialect::Sqlite => "BEGIN IMMEDIATE",
    }
}

impl Tx {
    /// Makes the writes durable.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses; then nothing was written.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if dialect(&self) == Dialect::Postgres {
            // After a statement that failed, PostgreSQL answers COMMIT with a silent rollback; this fails loudly then.
            sqlx::query("SELECT 1").execute(&mut *self.inner).await?;
        }
        Ok(self.inner.commit().await?)
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
        sqlx::query(sql).execute(&mut *self.inner).await?;
        Ok(())
    }
}

impl std::ops::Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

const LOCK_TENANT: &str = "SELECT tenant_id FROM tenants WHERE tenant_id = $1 FOR NO KEY UPDATE";

const READERS: u32 = 8;
/// Tenants that write at the same moment on one server; more wait.
const POSTGRES_WRITERS: u32 = 8;
/// How long a request waits to learn that PostgreSQL is gone, and for a connection while all are in use.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for the others of its tenant on this server; those of other servers are waited for as long
/// as `lock_timeout` says.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);
/// FULL, because what was acknowledged must outlive a killed process and a pulled plug.
const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
/// No statement outlives its request, no server that hangs keeps a tenant locked for long.
const POSTGRES_SETTINGS: &str = "SET statement_timeout = '25s'; SET lock_timeout = '10s'; \
                                 SET idle_in_transaction_session_timeout = '15s';";
