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

    pub(crate) fn remove(&self, name: &str) {
        self.run(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }

    fn run(&self, sql: &str) {
        let mut link = self.link.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (runtime, link) = &mut *link;
        runtime.block_on(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(link)).unwrap();
    }
}

const TEMPLATE: &str = "with_tables";
