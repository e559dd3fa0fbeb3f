//! Evaluations of random filters on random resources of random schemas agree: the bound filter, the slow reading of the
//! standard in `testkit`, SQLite and PostgreSQL, both asked for the search document and for columns and tables of the
//! host.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers"
)]

mod database;
mod host;

use std::cell::{Cell, RefCell};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scim_filter::{BindOptions, BoundFilter, Columns, Filter, Limits, SqlError};
use scim_schema::Resource;
use serde_json::Value;
use testkit::postgres::Postgres;
use testkit::scim_filter::{Choices, filter, resource, schemas};
use testkit::scim_filter_reference as reference;

use crate::database::Database;
use crate::host::Host;

#[test]
fn memory_reference_sqlite_and_postgres_agree_on_random_filters() {
    let server = Postgres::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let databases = RefCell::new(runtime.block_on(async {
        let mut databases = vec![Database::sqlite().await];
        if let Some(server) = &server {
            databases.push(Database::postgres(server).await);
        }
        databases
    }));
    let counts = Counts::default();
    let config = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&vec(any::<u8>(), 200..3000), |bytes| {
            runtime.block_on(check_case(&bytes, &counts, &mut databases.borrow_mut()));
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

async fn check_case(bytes: &[u8], counts: &Counts, databases: &mut [Database]) {
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
    for database in databases.iter_mut() {
        database.fill(&host.tables, &host.rows(&resources, thing)).await;
    }
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
        let document = Columns::new().document("r.search");
        for database in databases.iter_mut() {
            check_sql(&bound, &document, &expected, &printed, &resources, database).await;
            if check_sql(&bound, &host.columns, &expected, &printed, &resources, database).await {
                count(&counts.own_columns);
            }
        }
    }
}

async fn check_sql(
    bound: &BoundFilter,
    columns: &Columns,
    expected: &[bool],
    printed: &str,
    resources: &[Resource],
    database: &mut Database,
) -> bool {
    let condition = match bound.to_sql(database.dialect(), columns, 1) {
        Ok(condition) => condition,
        // A table without a column for a multi-valued sub-attribute says so.
        Err(SqlError::Unsupported { .. }) if *columns != Columns::new().document("r.search") => return false,
        Err(error) => panic!("{printed}: {error}"),
    };
    let answers = database.ask(&condition).await;
    assert_eq!(answers.len(), resources.len());
    for ((answer, expected), resource) in answers.iter().zip(expected).zip(resources) {
        // Both forms: a condition that is NULL would be lost in one and wrong in the other.
        assert!(
            answer.found == *expected && !(answer.negated && *expected),
            "{printed}\n{}\n{:?}\n{resource:?}: {answer:?}",
            condition.sql,
            condition.values,
        );
    }
    true
}
