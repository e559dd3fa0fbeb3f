//! Three evaluations of random filters on random resources of random schemas agree: the bound filter, the slow
//! reading of the standard in `testkit`, and SQLite, asked both for the search document and for columns and tables of
//! the host.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers"
)]

use std::cell::Cell;
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scim_filter::{
    BindOptions, BoundFilter, Column, Columns, Dialect, Filter, Limits, SqlCondition, SqlError, SqlValue,
    Table, search_document,
};
use scim_schema::{Attribute, AttributeType, Comparable, Resource, ResourceType, is_unassigned};
use serde_json::Value;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Connection, Row, SqliteConnection};
use testkit::scim_filter::{Choices, filter, resource, schemas};
use testkit::scim_filter_reference as reference;

#[test]
fn memory_reference_and_sqlite_agree_on_random_filters() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let counts = Counts::default();
    let config = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&vec(any::<u8>(), 200..3000), |bytes| {
            runtime.block_on(check_case(&bytes, &counts));
            Ok(())
        })
        .unwrap();
    // A generator that makes only refused or only empty questions would prove nothing.
    let (bound, refused, matched) = (counts.bound.get(), counts.refused.get(), counts.matched.get());
    assert!(bound > 500 && refused > 50, "{bound} bound, {refused} refused");
    assert!(matched > 500 && counts.missed.get() > 500, "{matched} of {bound} matched");
    assert!(counts.own_columns.get() > 200, "{} through columns and tables", counts.own_columns.get());
}

#[derive(Default)]
struct Counts {
    bound: Cell<usize>,
    matched: Cell<usize>,
    missed: Cell<usize>,
    own_columns: Cell<usize>,
    refused: Cell<usize>,
}

fn count(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

async fn check_case(bytes: &[u8], counts: &Counts) {
    let mut choices = Choices::new(bytes);
    let set = schemas(&mut choices);
    let thing = set.resource_type("Thing").unwrap();
    let resources: Vec<Resource> = (0..6)
        .map(|_| {
            let fields = resource(&mut choices, thing);
            Resource::from_map(fields, thing)
        })
        .collect();
    let host = Host::new(thing);
    let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    host.store(&resources, thing, &mut db).await;
    while !choices.is_over() {
        let filter = filter(&mut choices, thing, 3);
        let printed = filter.to_string();
        // F34
        assert_eq!(Filter::parse(&printed, &Limits::default()).as_ref(), Ok(&filter), "{printed}");
        let bound = filter.bind(thing, &BindOptions::default());
        let expected: Result<Vec<bool>, reference::Refused> = resources
            .iter()
            .map(|resource| reference::matches(&filter, &Value::Object(resource.as_map().clone()), thing))
            .collect();
        let Ok(expected) = expected else {
            assert!(bound.is_err(), "only the reference refused {printed}");
            count(&counts.refused);
            continue;
        };
        let bound = bound.unwrap_or_else(|error| panic!("{printed}: {error}"));
        count(&counts.bound);
        for (resource, expected) in resources.iter().zip(&expected) {
            count(if *expected { &counts.matched } else { &counts.missed });
            assert_eq!(bound.matches(resource), *expected, "{printed}\n{:?}", resource);
        }
        check_sql(&bound, &Columns::new().document("r.search"), &expected, &printed, &resources, &mut db)
            .await;
        if check_sql(&bound, &host.columns, &expected, &printed, &resources, &mut db).await {
            count(&counts.own_columns);
        }
    }
}

async fn check_sql(
    bound: &BoundFilter,
    columns: &Columns,
    expected: &[bool],
    printed: &str,
    resources: &[Resource],
    db: &mut SqliteConnection,
) -> bool {
    let condition = match bound.to_sql(Dialect::Sqlite, columns, 1) {
        Ok(condition) => condition,
        // A table without a column for a multi-valued sub-attribute says so.
        Err(SqlError::Unsupported { .. }) if *columns != Columns::new().document("r.search") => return false,
        Err(error) => panic!("{printed}: {error}"),
    };
    // Both forms: a condition that is NULL would be lost in one and wrong in the other.
    let found = ask(&condition, &condition.sql, db).await;
    let missed = ask(&condition, &format!("(NOT {})", condition.sql), db).await;
    for (index, expected) in expected.iter().enumerate() {
        let answer = (found[index], missed[index]);
        let negated_is_exact = !missed[index] || !expected;
        assert!(
            found[index] == *expected && negated_is_exact,
            "{printed}\n{}\n{:?}\n{:?}: {answer:?}",
            condition.sql,
            condition.values,
            resources[index],
        );
    }
    true
}

async fn ask(condition: &SqlCondition, sql: &str, db: &mut SqliteConnection) -> Vec<bool> {
    let mut arguments = SqliteArguments::default();
    for value in &condition.values {
        match value {
            SqlValue::Bool(value) => arguments.add(*value),
            SqlValue::Integer(value) => arguments.add(*value),
            SqlValue::Real(value) => arguments.add(*value),
            SqlValue::Text(value) => arguments.add(value.clone()),
        }
        .unwrap();
    }
    let sql = format!("SELECT r.id, COALESCE({sql}, 0) AS found FROM r ORDER BY r.id");
    let rows = sqlx::query_with(AssertSqlSafe(sql.clone()), arguments)
        .fetch_all(db)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.get::<i64, _>("found") != 0).collect()
}

/// A database with a column for every simple attribute of the core schema, a child table for every complex
/// multi-valued one, and a side index for every multi-valued one of the extension.
struct Host {
    columns: Columns,
    own: Vec<Own>,
    tables: Vec<(String, String)>,
}

struct Own {
    sql_name: String,
    path: String,
    attribute: Attribute,
}

impl Host {
    fn new(thing: &ResourceType) -> Host {
        let mut host =
            Host { columns: Columns::new().document("r.search"), own: Vec::new(), tables: Vec::new() };
        for attribute in thing.schema().attributes() {
            let name = &attribute.name;
            match (attribute.is_complex(), attribute.multi_valued) {
                (false, false) => {
                    host.columns = host.columns.column(name, column(&format!("r.{name}"), attribute));
                    host.own.push(Own {
                        sql_name: name.clone(),
                        path: name.clone(),
                        attribute: Attribute::clone(attribute),
                    });
                }
                // A table must hold all of an element that can make it present.
                (true, true) if attribute.sub_attributes.iter().all(|sub| !sub.multi_valued) => {
                    let mut table = Table::new(format!("t_{name} AS t"), "t.owner", "r.id");
                    for sub in &attribute.sub_attributes {
                        let sql = format!("t.\"{}\"", sub.name);
                        table = table.column(&sub.name, column(&sql, sub));
                    }
                    host.columns = host.columns.table(name, table);
                    host.tables.push((name.clone(), format!("t_{name}")));
                }
                _ => {}
            }
        }
        for extension in thing.extensions() {
            let urn = extension.schema().id();
            for attribute in extension.schema().attributes().iter().filter(|attribute| attribute.multi_valued)
            {
                let subs: Vec<(String, &Attribute)> = match attribute.is_complex() {
                    false => vec![(String::new(), attribute)],
                    true => attribute
                        .sub_attributes
                        .iter()
                        .filter(|sub| sub.name == "value" && !sub.multi_valued)
                        .map(|sub| (format!(".{}", sub.name), &**sub))
                        .collect(),
                };
                for (suffix, target) in subs {
                    let path = format!("{urn}:{}{suffix}", attribute.name);
                    let table = Table::new("side AS s", "s.owner", "r.id")
                        .only_if(format!("s.path = '{path}'"))
                        .column("value", column("s.value", target));
                    host.columns = host.columns.table(&path, table);
                    host.own.push(Own { sql_name: "side".into(), path, attribute: Attribute::clone(target) });
                }
            }
        }
        host
    }

    async fn store(&self, resources: &[Resource], thing: &ResourceType, db: &mut SqliteConnection) {
        let mut sql = "CREATE TABLE r (id INTEGER PRIMARY KEY, search TEXT NOT NULL".to_owned();
        for own in self.own.iter().filter(|own| own.sql_name != "side") {
            write!(sql, ", {}", own.sql_name).unwrap();
        }
        sql += "); CREATE TABLE side (owner, path, value);";
        for (name, table) in &self.tables {
            let attribute = thing.attribute(name).unwrap();
            let subs: Vec<String> =
                attribute.sub_attributes.iter().map(|sub| format!("\"{}\"", sub.name)).collect();
            write!(sql, "CREATE TABLE {table} (owner, {});", subs.join(", ")).unwrap();
        }
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *db).await.unwrap();
        for (index, resource) in resources.iter().enumerate() {
            let id = i64::try_from(index).unwrap();
            let search = search_document(resource, thing).to_string();
            insert(db, "r", &[("id", Some(SqlValue::Integer(id))), ("search", Some(SqlValue::Text(search)))])
                .await;
            for own in &self.own {
                let path = thing.resolve_attribute(&own.path).unwrap();
                let values: Vec<&Value> =
                    resource.values(&path).filter(|value| !is_unassigned(value)).collect();
                if own.sql_name == "side" {
                    for value in values {
                        let row = [
                            ("owner", Some(SqlValue::Integer(id))),
                            ("path", Some(SqlValue::Text(own.path.clone()))),
                            ("value", stored(&own.attribute, value)),
                        ];
                        insert(db, "side", &row).await;
                    }
                } else if let Some(value) = values.first().and_then(|value| stored(&own.attribute, value)) {
                    let mut arguments = SqliteArguments::default();
                    add(&mut arguments, Some(value));
                    let sql = format!("UPDATE r SET {} = ?1 WHERE id = {id}", own.sql_name);
                    sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *db).await.unwrap();
                }
            }
            for (name, table) in &self.tables {
                let path = thing.resolve_attribute(name).unwrap();
                for element in resource.elements(&path).iter().filter(|element| !is_unassigned(element)) {
                    let mut row = vec![("owner", Some(SqlValue::Integer(id)))];
                    for sub in &path.attribute().sub_attributes {
                        let value = element.get(&sub.name).filter(|value| !is_unassigned(value));
                        row.push((&sub.name, value.and_then(|value| stored(sub, value))));
                    }
                    insert(db, table, &row).await;
                }
            }
        }
    }
}

/// DateTimes finer than a host's milliseconds would not be the resource that the host returns: those get text.
fn column(sql: &str, attribute: &Attribute) -> Column {
    match attribute.kind {
        AttributeType::Boolean => Column::boolean(sql),
        AttributeType::DateTime => Column::instant_micros(sql),
        AttributeType::Decimal | AttributeType::Integer => Column::number(sql),
        _ => Column::text(sql),
    }
}

fn stored(attribute: &Attribute, value: &Value) -> Option<SqlValue> {
    Some(match Comparable::of(attribute, value)? {
        Comparable::Boolean(value) => SqlValue::Integer(value.into()),
        Comparable::Instant(value) => SqlValue::Integer(value.timestamp_micros()),
        Comparable::Text(text) => SqlValue::Text(text.into_owned()),
        _ => match value.as_i64() {
            Some(value) => SqlValue::Integer(value),
            None => SqlValue::Real(value.as_f64().unwrap()),
        },
    })
}

async fn insert(db: &mut SqliteConnection, table: &str, row: &[(&str, Option<SqlValue>)]) {
    let mut arguments = SqliteArguments::default();
    for (_, value) in row {
        add(&mut arguments, value.clone());
    }
    let names: Vec<String> = row.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let places: Vec<String> = (1..=row.len()).map(|number| format!("?{number}")).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    sqlx::query_with(AssertSqlSafe(sql), arguments).execute(db).await.unwrap();
}

fn add(arguments: &mut SqliteArguments, value: Option<SqlValue>) {
    match value {
        None => arguments.add(None::<String>),
        Some(SqlValue::Bool(value)) => arguments.add(value),
        Some(SqlValue::Integer(value)) => arguments.add(value),
        Some(SqlValue::Real(value)) => arguments.add(value),
        Some(SqlValue::Text(value)) => arguments.add(value),
    }
    .unwrap();
}
