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
    let mut config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() };
    // Fewer than usual, each asks dozens of questions; PROPTEST_CASES asks more.
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 100;
    }
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
    let host = Host::new(thing, &resources);
    for database in databases.iter_mut() {
        database.fill(&host.tables, &host.rows(&resources, thing)).await;
    }
    let mut questions = Vec::new();
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
        questions.push(Question { bound, expected, printed });
    }
    let document = Columns::new().document("r.search");
    for questions in questions.chunks(QUESTIONS_AT_ONCE) {
        for database in databases.iter_mut() {
            ask(questions, &document, &resources, database).await;
            let answered = ask(questions, &host.columns, &resources, database).await;
            counts.own_columns.set(counts.own_columns.get() + answered);
        }
    }
}

/// A filter, and what it must say about each resource.
struct Question {
    bound: BoundFilter,
    expected: Vec<bool>,
    printed: String,
}

/// Asks a database, and says how many of the questions its columns could answer.
async fn ask(
    questions: &[Question],
    columns: &Columns,
    resources: &[Resource],
    database: &mut Database,
) -> usize {
    let mut conditions = Vec::new();
    let mut asked = Vec::new();
    let mut next = 1;
    for question in questions {
        match question.bound.to_sql(database.dialect(), columns, next) {
            Ok(condition) => {
                next += condition.values.len();
                conditions.push(condition);
                asked.push(question);
            }
            // Refused by name, as no database could compare it.
            Err(SqlError::NumberRange { .. }) => {}
            // A table without a column for a multi-valued sub-attribute says so.
            Err(SqlError::Unsupported { .. }) if *columns != Columns::new().document("r.search") => {}
            Err(error) => panic!("{}: {error}", question.printed),
        }
    }
    if conditions.is_empty() {
        return 0;
    }
    let rows = database.ask(&conditions).await;
    assert_eq!(rows.len(), resources.len());
    for (index, (answers, resource)) in rows.iter().zip(resources).enumerate() {
        for ((answer, question), condition) in answers.iter().zip(&asked).zip(&conditions) {
            // A condition that is not true may be NULL; its negation must never be true of what it finds.
            let expected = question.expected[index];
            assert!(
                answer.found == expected && !(answer.negated && expected),
                "{}\n{}\n{:?}\n{resource:?}: {answer:?}",
                question.printed,
                condition.sql,
                condition.values,
            );
        }
    }
    conditions.len()
}

/// Fewer than a database takes columns or values.
const QUESTIONS_AT_ONCE: usize = 60;
