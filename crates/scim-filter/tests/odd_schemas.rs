//! What filters do with schemas that are legal and rare.

#![expect(clippy::unwrap_used, reason = "test helpers")]

use scim_filter::{
    BindError, BindOptions, BoundFilter, Columns, Dialect, Filter, Limits, SqlError, UnresolvedPath,
    ValuePath, search_document,
};
use scim_schema::{Resource, ResourceType, SchemaSet};
use serde_json::{Value, json};

fn set() -> SchemaSet {
    let quoted = "urn:example:o'brien";
    SchemaSet::builder()
        .schema(&json!({ "id": "urn:example:Thing", "attributes": [
            { "name": "lock", "type": "complex", "subAttributes": [
                { "name": "code", "returned": "never" }, { "name": "place" }
            ] },
            { "name": "tags", "multiValued": true, "uniqueness": "server" },
        ] }))
        .and_then(|set| {
            set.schema(&json!({ "id": quoted, "attributes": [
                { "name": "size" }, { "name": "hidden", "returned": "never" }
            ] }))
        })
        .and_then(|set| {
            set.resource_type(&json!({
                "name": "Thing", "endpoint": "/Things", "schema": "urn:example:Thing",
                "schemaExtensions": [{ "schema": quoted, "required": false }],
            }))
        })
        .and_then(|set| set.build())
        .unwrap()
}

fn bound(text: &str, thing: &ResourceType) -> BoundFilter {
    Filter::parse(text, &Limits::default()).unwrap().bind(thing, &BindOptions::default()).unwrap()
}

fn resource(fields: &Value) -> Resource {
    Resource::from_stored(fields.as_object().unwrap().clone())
}

#[test]
fn a_part_that_is_never_returned_makes_nothing_present() {
    let set = set();
    let thing = set.resource_type("Thing").unwrap();
    let filter = bound("lock pr", thing);
    assert!(!filter.matches(&resource(&json!({ "lock": { "code": "1234" } }))));
    assert!(filter.matches(&resource(&json!({ "lock": { "code": "1234", "place": "door" } }))));
}

#[test]
fn an_extension_with_nothing_to_show_is_not_in_the_search_document() {
    let set = set();
    let thing = set.resource_type("Thing").unwrap();
    let secret = resource(&json!({ "tags": ["a"], "urn:example:o'brien": { "hidden": "x" } }));
    assert_eq!(search_document(&secret, thing), json!({ "tags": ["a"] }));
}

#[test]
fn a_schema_whose_uri_could_end_a_quoted_name_has_no_sql() {
    let set = set();
    let filter = bound(r#"urn:example:o'brien:size eq "1""#, set.resource_type("Thing").unwrap());
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let refused = filter.to_sql(dialect, &Columns::new().document("d"), 1);
        assert_eq!(refused, Err(SqlError::Unsupported { path: "urn:example:o'brien:size".into() }));
    }
}

#[test]
fn one_of_several_unique_values_is_no_equality_lookup() {
    let set = set();
    let filter = bound(r#"tags eq "a""#, set.resource_type("Thing").unwrap());
    assert_eq!(filter.equality_lookup(), None);
}

#[test]
fn a_sub_attribute_has_no_elements_to_filter() {
    let set = set();
    let thing = set.resource_type("Thing").unwrap();
    let filter = Filter::parse(r#"place eq "x""#, &Limits::default()).unwrap();
    let path = ValuePath::new(UnresolvedPath::parse("lock").unwrap(), filter).unwrap();
    let place = thing.resolve_attribute("lock.place").unwrap();
    assert!(matches!(
        path.bind_elements(&place, &BindOptions::default()),
        Err(BindError::NoElements { path }) if path == "lock.place"
    ));
}

#[test]
fn a_path_has_a_uri_before_its_last_colon() {
    for text in ["a::name", ":name", "urn:", "urn::"] {
        assert!(UnresolvedPath::parse(text).is_err(), "{text}");
    }
}
