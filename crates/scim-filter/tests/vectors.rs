//! The vectors of `testdata/scim/filter`.
#![expect(clippy::panic, clippy::unwrap_used, reason = "test helpers")]

use std::collections::BTreeMap;

use scim_filter::{BindOptions, Filter, Limits};
use scim_schema::{Resource, ResourceType, SchemaSet, ScimError};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The filters that RFC 7644 prints.
#[test]
fn filters_of_the_standard_are_read_and_printed() {
    let vectors: Vec<Syntax> = testkit::data::json("scim/filter/rfc7644.json");
    assert!(vectors.len() > 20);
    for vector in vectors {
        let found = Filter::parse(&vector.input, &Limits::default());
        match (&found, &vector.expected) {
            (Ok(filter), Printed::Print(print)) => {
                assert_eq!(filter.to_string(), *print, "{} ({})", vector.id, vector.section);
                assert_eq!(Filter::parse(print, &Limits::default()).as_ref(), Ok(filter), "{}", vector.id);
            }
            (Err(error), Printed::Code(code)) => assert_eq!(error.code(), code, "{}", vector.id),
            _ => panic!("{}: {found:?}, expected {:?}", vector.id, vector.expected),
        }
    }
}

/// One question per rule, answered from memory.
#[test]
fn rules_of_evaluation_hold() {
    let schemas = SchemaSet::standard();
    let user = schemas.resource_type("User").unwrap();
    let users = users(user);
    let vectors: Vec<Question> = testkit::data::json("scim/filter/evaluation.json");
    assert!(vectors.len() > 50);
    for vector in vectors {
        let found = ask(&vector.filter, user, &users);
        let expected = match vector.expected {
            Answer::Matches(matches) => Ok(matches),
            Answer::Code(code) => Err(code),
        };
        assert_eq!(found, expected, "{} ({}): {}", vector.id, vector.rule, vector.filter);
    }
}

fn ask(text: &str, user: &ResourceType, users: &[(String, Resource)]) -> Result<Vec<String>, String> {
    let filter = Filter::parse(text, &Limits::default()).map_err(|error| error.code().to_owned())?;
    let filter = filter.bind(user, &BindOptions::default()).map_err(|error| {
        assert_eq!((error.status(), error.scim_type().unwrap().as_str()), (400, "invalidFilter"));
        error.code().to_owned()
    })?;
    let found = users.iter().filter(|(_, resource)| filter.matches(resource));
    Ok(found.map(|(name, _)| name.clone()).collect())
}

fn users(user: &ResourceType) -> Vec<(String, Resource)> {
    #[derive(Deserialize)]
    struct Users {
        resources: Map<String, Value>,
    }
    let users: Users = testkit::data::json("scim/filter/users.json");
    let resource = |value: Value| match value {
        Value::Object(fields) => Resource::from_map(fields, user),
        other => panic!("{other} is no resource"),
    };
    users.resources.into_iter().map(|(name, value)| (name, resource(value))).collect()
}

#[derive(Deserialize)]
struct Syntax {
    id: String,
    section: String,
    input: String,
    #[serde(flatten)]
    expected: Printed,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Printed {
    Print(String),
    Code(String),
}

#[derive(Deserialize)]
struct Question {
    id: String,
    rule: String,
    filter: String,
    #[serde(flatten)]
    expected: Answer,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Matches(Vec<String>),
    Code(String),
}

/// Every rule of evaluation is asked about at least once.
#[test]
fn vectors_name_each_rule_of_evaluation() {
    let vectors: Vec<Question> = testkit::data::json("scim/filter/evaluation.json");
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for vector in &vectors {
        let count = rules.entry(&vector.rule).or_default();
        *count = count.saturating_add(1);
    }
    for rule in [
        "F01", "F02", "F04", "F05", "F07", "F09", "F11", "F12", "F13", "F14", "F15", "F16", "F17", "F18",
        "F19", "F20", "F21", "F22", "F23", "F24", "F25", "F26", "F27", "F30", "F31", "F32", "F38", "F39",
    ] {
        assert!(rules.contains_key(rule), "no vector for {rule}");
    }
}
