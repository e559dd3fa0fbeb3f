//! One PostgreSQL server for a test program, and a database in it for each test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on must fail"
)]
#![allow(dead_code, clippy::allow_attributes, reason = "the tests on SQLite use none of it")]

use std::sync::{Mutex, OnceLock};

use example_server::config::Database;
use example_server::store::Store;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::postgres::Postgres;

/// A PostgreSQL server. It ends with this process, however that ends.
pub(crate) struct Cluster {
    server: Postgres,
    /// To the database `postgres`, with what drives it.
    link: Mutex<(tokio::runtime::Runtime, PgConnection)>,
}

impl Cluster {
    /// The one of this program, started at its first test.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            Self::start().unwrap_or_else(|| {
                eprintln!("TEST_POSTGRES=off: nothing is tested on PostgreSQL");
                // Every test of this program needs it.
                std::process::exit(0)
            })
        })
    }

    /// A server of its own, for a test that ends it; `None` where the environment says `TEST_POSTGRES=off`.
    pub(crate) fn start() -> Option<Self> {
        let server = Postgres::start()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut link = runtime.block_on(PgConnection::connect(&server.url("postgres"))).unwrap();
        // A locale whose order is not that of bytes, as most installations have it.
        let create = format!(
            "CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        );
        runtime.block_on(sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut link)).unwrap();
        let template: Database = server.url(TEMPLATE).parse().unwrap();
        runtime.block_on(async { Store::open(&template).await.unwrap().close().await });
        Some(Self { server, link: Mutex::new((runtime, link)) })
    }

    /// Makes a database with the tables in it; gives its URL.
    pub(crate) fn make(&self, name: &str) -> String {
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"));
        self.server.url(name)
    }

    /// Makes a database without tables; gives its URL.
    pub(crate) fn make_empty(&self, name: &str) -> String {
        self.run(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        self.server.url(name)
    }

    /// Copies what is known of the migrations that were carried out.
    pub(crate) fn copy_migrations(&self, to: &str) {
        let rows: Vec<(i64, String, Vec<u8>)> = {
            let link = self.link.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let url = self.server.url(TEMPLATE);
            link.0.block_on(async {
                let mut db = PgConnection::connect(&url).await.unwrap();
                let sql = "SELECT version, description, checksum FROM _sqlx_migrations";
                let rows = sqlx::query_as(sql).fetch_all(&mut db).await.unwrap();
                db.close().await.unwrap();
                rows
            })
        };
        self.run_in(to, MIGRATIONS);
        for (version, description, checksum) in rows {
            let checksum: String = checksum.iter().map(|byte| format!("{byte:02x}")).collect();
            self.run_in(
                to,
                &format!(
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES ({version}, '{description}', TRUE, '\\x{checksum}', 0)"
                ),
            );
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        self.run(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }

    /// Ends the server and keeps its data. What drives it is of no use afterwards.
    pub(crate) fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts the server on its data again.
    pub(crate) fn start_again(&mut self) {
        self.server.start_again();
    }

    /// Runs statements in one of its databases.
    pub(crate) fn run_in(&self, database: &str, sql: &str) {
        let link = self.link.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let url = self.server.url(database);
        link.0.block_on(async {
            let mut db = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
        });
    }

    fn run(&self, sql: &str) {
        let mut link = self.link.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (runtime, link) = &mut *link;
        runtime.block_on(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(link)).unwrap();
    }
}

/// As the SQL library makes it.
const MIGRATIONS: &str = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
     installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, \
     execution_time BIGINT NOT NULL)";
const TEMPLATE: &str = "with_tables";
