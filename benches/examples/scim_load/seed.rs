//! Many users without as many requests: one is made over HTTP, and all rows that it left are copied with other names.

use example_server::client::Client;
use example_server::store::Store;
use scim_filter::Dialect;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _};

use crate::server::Server;

/// The database behind the server.
pub(crate) struct Seed {
    runtime: tokio::runtime::Runtime,
    store: Store,
}

/// The user of a number, as a directory sends one.
pub(crate) fn user(number: u64) -> Value {
    user_of(&format!("{number:012}"))
}

/// The name of the user of a number.
pub(crate) fn name(number: u64) -> String {
    format!("user-{number:012}@example.com")
}

/// The id of a copied user; like real ones in no order.
pub(crate) fn resource_id(number: u64) -> String {
    format!("{}-0000-4000-8000-{number:012}", scrambled(number))
}

fn scrambled(number: u64) -> String {
    format!("{:08x}", (number * SPREAD) % (1 << 32))
}

fn user_of(number: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": format!("00u{number}"),
        "userName": format!("user-{number}@example.com"),
        "name": { "givenName": "Given", "familyName": format!("Family{number}") },
        "displayName": format!("Given Family{number}"),
        "active": true,
        "title": "Engineer",
        "emails": [{ "value": format!("user-{number}@example.com"), "type": "work", "primary": true }],
        "phoneNumbers": [{ "value": "+1 555 0100", "type": "work" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Research", "costCenter": "42" },
    })
}

impl Seed {
    pub(crate) fn new(server: &Server) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = runtime.block_on(Store::open(&server.database())).unwrap();
        Self { runtime, store }
    }

    /// A tenant with so many users; a client for it.
    pub(crate) fn users(&self, server: &Server, tenant: &str, count: u64) -> Client {
        let mut directory = server.client(&server.tenant(tenant));
        // The first request notes the use of the token.
        assert_eq!(directory.get("/scim/v2/Users").unwrap().status, 200);
        let before = self.rows();
        let made = directory.scim("POST", "/scim/v2/Users", Some(&user_of(TEMPLATE))).unwrap();
        assert_eq!(made.status, 201, "{}", made.body);
        let resource = made.json()["id"].as_str().unwrap().to_owned();
        let sql = format!("SELECT person_id FROM scim_resources WHERE resource_id = '{resource}'");
        let person = self.texts(&sql).remove(0);
        let left: Vec<(String, i64)> = self
            .rows()
            .into_iter()
            .zip(before)
            .filter(|((table, after), (_, before))| after > before && table != COUNTS)
            .map(|((table, after), (_, before))| (table, after - before))
            .collect();
        assert!(left.len() >= 4, "{left:?}");
        if self.store.dialect() == Dialect::Sqlite {
            self.execute(SEEDING_CACHE);
        }
        let mut copies: Vec<Copying> =
            left.iter().map(|(table, _)| self.copying(table, tenant, (&resource, &person))).collect();
        // Rows that others refer to come first.
        copies.sort_by_key(|copying| !FIRST.contains(&copying.table.as_str()));
        for start in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
            let end = count.min(start + BATCH);
            for copying in &copies {
                let copied = self.copy(copying, start..end);
                assert_eq!(copied, copying.rows * (end - start), "{}", copying.table);
            }
        }
        for copying in &copies {
            self.execute(&format!("DROP TABLE {}", copying.template()));
        }
        self.execute(&format!("UPDATE {COUNTS} SET total = total + {count} WHERE tenant_id = '{tenant}'"));
        assert_eq!(
            directory.scim("DELETE", &format!("/scim/v2/Users/{resource}"), None).unwrap().status,
            204
        );
        // A copy is what HTTP would have made of it.
        let copy = directory.get(&format!("/scim/v2/Users/{}", resource_id(count - 1))).unwrap().json();
        for (name, sent) in user(count - 1).as_object().unwrap() {
            assert_eq!(copy.get(name), Some(sent), "{name}");
        }
        directory
    }

    /// A group of the first users.
    pub(crate) fn group(&self, directory: &mut Client, tenant: &str, size: u64) -> String {
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("Group of {size}") });
        let made = directory.scim("POST", "/scim/v2/Groups", Some(&body)).unwrap();
        assert_eq!(made.status, 201, "{}", made.body);
        let group = made.json()["id"].as_str().unwrap().to_owned();
        let done = self.execute(&format!(
            "INSERT INTO group_members (tenant_id, group_id, member_id) SELECT tenant_id, '{group}', resource_id \
             FROM scim_resources WHERE tenant_id = '{tenant}' AND type = 'User' ORDER BY created_at LIMIT {size}"
        ));
        assert_eq!(done, size);
        group
    }

    /// The place in the list of a tenant's users of the one that has `behind` others behind it but for one.
    pub(crate) fn bookmark(&self, tenant: &str, behind: u64) -> (i64, String) {
        let sql = format!(
            "SELECT created_at, resource_id FROM scim_resources WHERE tenant_id = '{tenant}' AND type = 'User' \
             ORDER BY created_at DESC, resource_id DESC LIMIT 1 OFFSET {}",
            behind - 1
        );
        self.runtime.block_on(async {
            let mut db = self.store.read().await.unwrap();
            let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut *db).await.unwrap();
            (row.get("created_at"), row.get("resource_id"))
        })
    }

    /// What PostgreSQL does by itself after a while.
    pub(crate) fn settle(&self) {
        if self.store.dialect() == Dialect::Postgres {
            self.execute("ANALYZE");
        }
    }

    /// The tables of tenants and how many rows each has.
    fn rows(&self) -> Vec<(String, i64)> {
        let tables = match self.store.dialect() {
            Dialect::Postgres => {
                "SELECT CAST(c.table_name AS text) FROM information_schema.columns c WHERE c.table_schema = 'public' \
                 AND c.column_name = 'tenant_id' ORDER BY 1"
            }
            Dialect::Sqlite => {
                "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND c.name = 'tenant_id' ORDER BY 1"
            }
        };
        let count = |table: String| {
            let sql = format!("SELECT CAST(COUNT(*) AS text) FROM {table}");
            let rows = self.texts(&sql).remove(0).parse().unwrap();
            (table, rows)
        };
        self.texts(tables).into_iter().map(count).collect()
    }

    /// Sets the template's rows of a table aside, so that copying them reads no other row.
    fn copying(&self, table: &str, tenant: &str, (resource, person): (&str, &str)) -> Copying {
        let postgres = self.store.dialect() == Dialect::Postgres;
        let columns = if postgres {
            format!(
                "SELECT CAST(column_name AS text) || ' ' || CAST(data_type AS text) FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
            )
        } else {
            format!("SELECT name || ' ' || type FROM pragma_table_info('{table}') ORDER BY cid")
        };
        let columns: Vec<(String, String)> = self
            .texts(&columns)
            .iter()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, kind)| (name.to_owned(), kind.to_ascii_lowercase()))
            .collect();
        let (number, hex) = if postgres {
            (
                "lpad(CAST(n.i AS text), 12, '0')".to_owned(),
                format!("lpad(to_hex((n.i * {SPREAD}) % 4294967296), 8, '0')"),
            )
        } else {
            ("printf('%012d', n.i)".to_owned(), format!("printf('%08x', (n.i * {SPREAD}) % 4294967296)"))
        };
        let renamed = |column: &str| {
            format!(
                "replace(replace(replace({column}, '{TEMPLATE}', {number}), '{resource}', \
                 {hex} || '-0000-4000-8000-' || {number}), '{person}', {hex} || '-0000-4000-9000-' || {number})"
            )
        };
        let expression = |(name, kind): &(String, String)| match (name.as_str(), kind.as_str()) {
            ("created_at" | "updated_at" | "at", _) => format!("x.{name} + n.i + 1"),
            ("tenant_id", _) => format!("x.{name}"),
            (_, "text") => renamed(&format!("x.{name}")),
            (_, "jsonb") => format!("CAST({} AS jsonb)", renamed(&format!("CAST(x.{name} AS text)"))),
            _ => format!("x.{name}"),
        };
        let is_template: Vec<String> = columns
            .iter()
            .filter(|(_, kind)| kind == "text")
            .flat_map(|(name, _)| [resource, person].map(|id| format!("x.{name} LIKE '%{id}%'")))
            .collect();
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(expression).collect();
        let mut copying =
            Copying { table: table.to_owned(), rows: 0, names: names.join(", "), values: values.join(", ") };
        let template = copying.template();
        self.execute(&format!(
            "CREATE TABLE {template} AS SELECT * FROM {table} AS x WHERE x.tenant_id = '{tenant}' AND ({})",
            is_template.join(" OR ")
        ));
        let counted = self.texts(&format!("SELECT CAST(COUNT(*) AS text) FROM {template}")).remove(0);
        copying.rows = counted.parse().unwrap();
        copying
    }

    /// Copies the template's rows of a table for a range of numbers; says how many rows came.
    fn copy(&self, copying: &Copying, numbers: std::ops::Range<u64>) -> u64 {
        let (start, last) = (numbers.start, numbers.end - 1);
        let numbers = match self.store.dialect() {
            Dialect::Postgres => format!("generate_series(CAST({start} AS bigint), {last}) AS n(i)"),
            Dialect::Sqlite => format!(
                "(WITH RECURSIVE n(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
                 SELECT i FROM n) AS n"
            ),
        };
        self.execute(&format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} AS x CROSS JOIN {numbers}",
            copying.table,
            copying.names,
            copying.values,
            copying.template()
        ))
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        self.runtime.block_on(async {
            let mut db = self.store.read().await.unwrap();
            let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut *db).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        })
    }

    fn execute(&self, sql: &str) -> u64 {
        self.runtime.block_on(async {
            let mut tx = self.store.begin_unlocked().await.unwrap();
            let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await;
            let done = done.unwrap_or_else(|error| panic!("{error}: {sql}"));
            tx.commit().await.unwrap();
            done.rows_affected()
        })
    }
}

/// How the rows of one table are copied.
struct Copying {
    table: String,
    /// Of one user.
    rows: u64,
    names: String,
    values: String,
}

impl Copying {
    fn template(&self) -> String {
        format!("template_{}", self.table)
    }
}

/// Lets SQLite keep the pages of random keys in memory while rows are copied, on the copying connection alone.
const SEEDING_CACHE: &str = "PRAGMA cache_size = -1000000";
/// What is counted as resources come and go, which copying them does not do.
const COUNTS: &str = "resource_counts";
/// A number that no user has.
const TEMPLATE: &str = "777777777777";
/// An odd number, so that no two numbers below 2^32 are alike after it.
const SPREAD: u64 = 2_654_435_761;
const BATCH: u64 = 20_000;
/// Tables that others refer to.
const FIRST: [&str; 2] = ["persons", "scim_resources"];
