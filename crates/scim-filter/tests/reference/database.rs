//! The two databases behind one face.

use scim_filter::{Dialect, SqlCondition, SqlValue};
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use testkit::postgres::Postgres;

use crate::host::{Cell, Kind, Layout};

pub(crate) enum Database {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// What a row says to a condition, and to its negation.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) found: bool,
    pub(crate) negated: bool,
}

impl Database {
    pub(crate) async fn sqlite() -> Database {
        Database::Sqlite(SqliteConnection::connect("sqlite::memory:").await.unwrap())
    }

    /// A database that sorts as English is sorted, so that a condition must say where it wants code points.
    pub(crate) async fn postgres(server: &Postgres) -> Database {
        let mut first = PgConnection::connect(&server.url("postgres")).await.unwrap();
        let create = "CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'";
        sqlx::raw_sql(create).execute(&mut first).await.unwrap();
        let mut database = PgConnection::connect(&server.url("english")).await.unwrap();
        // Six rows do not repay compiling the question.
        sqlx::raw_sql("SET jit = off; SET synchronous_commit = off").execute(&mut database).await.unwrap();
        Database::Postgres(database)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Database::Postgres(_) => Dialect::Postgres,
            Database::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Makes the tables anew with these rows in them; what was there before is gone.
    pub(crate) async fn fill(&mut self, tables: &[Layout], rows: &[Vec<Vec<Cell>>]) {
        // Nothing is ever committed.
        if let Database::Sqlite(_) = self {
            *self = Database::sqlite().await;
        } else {
            self.run("ROLLBACK; BEGIN".to_owned()).await;
        }
        for (table, rows) in tables.iter().zip(rows) {
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|(name, kind)| format!("\"{name}\" {}", self.type_name(*kind)))
                .collect();
            self.run(format!("CREATE TABLE {} ({})", table.name, columns.join(", "))).await;
            if !rows.is_empty() {
                self.insert(table, rows).await;
            }
        }
    }

    /// What each row says to each of the conditions, whose placeholders are numbered through.
    pub(crate) async fn ask(&mut self, conditions: &[SqlCondition]) -> Vec<Vec<Answer>> {
        let columns: Vec<String> = conditions
            .iter()
            .enumerate()
            .map(|(index, SqlCondition { sql, .. })| {
                let not = match self {
                    Database::Postgres(_) => "FALSE",
                    Database::Sqlite(_) => "0",
                };
                format!("COALESCE({sql}, {not}) AS f{index}, COALESCE(NOT {sql}, {not}) AS n{index}")
            })
            .collect();
        let sql = format!("SELECT {} FROM r ORDER BY r.id", columns.join(", "));
        let query = AssertSqlSafe(sql.clone());
        let values = || conditions.iter().flat_map(|condition| &condition.values);
        let failed = |error: sqlx::Error| -> Vec<Vec<Answer>> {
            panic!("{sql}\n{:?}: {error}", values().collect::<Vec<_>>())
        };
        let indexes = || 0..conditions.len();
        match self {
            Database::Postgres(db) => {
                let mut arguments = PgArguments::default();
                for value in values() {
                    match value {
                        SqlValue::Bool(value) => arguments.add(*value),
                        SqlValue::Integer(value) => arguments.add(*value),
                        SqlValue::Real(value) => panic!("{value} is bound as text"),
                        SqlValue::Text(value) => arguments.add(value.clone()),
                    }
                    .unwrap();
                }
                let rows = sqlx::query_with(query, arguments).persistent(false).fetch_all(db).await;
                let answers = |row: &sqlx::postgres::PgRow| {
                    indexes().map(|i| Answer { found: row.get(2 * i), negated: row.get(2 * i + 1) }).collect()
                };
                rows.map_or_else(failed, |rows| rows.iter().map(answers).collect())
            }
            Database::Sqlite(db) => {
                let mut arguments = SqliteArguments::default();
                for value in values() {
                    match value {
                        SqlValue::Bool(value) => panic!("{value} is bound as a number"),
                        SqlValue::Integer(value) => arguments.add(*value),
                        SqlValue::Real(value) => arguments.add(*value),
                        SqlValue::Text(value) => arguments.add(value.clone()),
                    }
                    .unwrap();
                }
                let rows = sqlx::query_with(query, arguments).persistent(false).fetch_all(db).await;
                let is = |row: &sqlx::sqlite::SqliteRow, index: usize| row.get::<i64, _>(index) != 0;
                let answers = |row: &sqlx::sqlite::SqliteRow| {
                    indexes().map(|i| Answer { found: is(row, 2 * i), negated: is(row, 2 * i + 1) }).collect()
                };
                rows.map_or_else(failed, |rows| rows.iter().map(answers).collect())
            }
        }
    }

    async fn run(&mut self, sql: String) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Database::Postgres(db) => sql.execute(db).await.map(drop),
            Database::Sqlite(db) => sql.execute(db).await.map(drop),
        }
        .unwrap();
    }

    /// The types that `ColumnKind` asks for; SQLite's columns have none, as it would turn texts into numbers.
    fn type_name(&self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Database::Sqlite(_), _) => "",
            (Database::Postgres(_), Kind::Boolean) => "boolean",
            (Database::Postgres(_), Kind::Document) => "jsonb",
            (Database::Postgres(_), Kind::Instant | Kind::Key) => "bigint",
            (Database::Postgres(_), Kind::Number) => "numeric",
            (Database::Postgres(_), Kind::Text) => "text",
        }
    }

    async fn insert(&mut self, table: &Layout, rows: &[Vec<Cell>]) {
        let dialect = self.dialect();
        let mut next = 0;
        let rows_sql: Vec<String> = rows
            .iter()
            .map(|_| {
                let places: Vec<String> = table
                    .columns
                    .iter()
                    .map(|(_, kind)| {
                        next += 1;
                        match (dialect, kind) {
                            (Dialect::Sqlite, _) => format!("?{next}"),
                            (Dialect::Postgres, Kind::Document) => {
                                format!("CAST(CAST(${next} AS text) AS jsonb)")
                            }
                            (Dialect::Postgres, Kind::Number) => {
                                format!("CAST(CAST(${next} AS text) AS numeric)")
                            }
                            (Dialect::Postgres, _) => format!("${next}"),
                        }
                    })
                    .collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let sql = AssertSqlSafe(format!("INSERT INTO {} VALUES {}", table.name, rows_sql.join(", ")));
        let cells = || rows.iter().flat_map(|row| row.iter().zip(&table.columns));
        match self {
            Database::Postgres(db) => {
                let mut arguments = PgArguments::default();
                for (cell, (_, kind)) in cells() {
                    match (cell, kind) {
                        (Cell::Boolean(value), _) => arguments.add(*value),
                        (Cell::Instant(value) | Cell::Key(value), _) => arguments.add(*value),
                        (Cell::Null, Kind::Boolean) => arguments.add(None::<bool>),
                        (Cell::Null, Kind::Instant | Kind::Key) => arguments.add(None::<i64>),
                        (Cell::Null, _) => arguments.add(None::<String>),
                        (Cell::Number(value), _) => arguments.add(value.to_string()),
                        (Cell::Text(value), _) => arguments.add(value.clone()),
                    }
                    .unwrap();
                }
                sqlx::query_with(sql, arguments).persistent(false).execute(db).await.map(drop)
            }
            Database::Sqlite(db) => {
                let mut arguments = SqliteArguments::default();
                for (cell, _) in cells() {
                    match cell {
                        Cell::Boolean(value) => arguments.add(*value),
                        Cell::Instant(value) | Cell::Key(value) => arguments.add(*value),
                        Cell::Null => arguments.add(None::<String>),
                        Cell::Number(value) => match value.as_i64() {
                            Some(value) => arguments.add(value),
                            None => arguments.add(value.as_f64()),
                        },
                        Cell::Text(value) => arguments.add(value.clone()),
                    }
                    .unwrap();
                }
                sqlx::query_with(sql, arguments).persistent(false).execute(db).await.map(drop)
            }
        }
        .unwrap();
    }
}
