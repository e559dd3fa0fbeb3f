//! Reading and changing resources by path, and what is the same as nothing.
#![expect(clippy::unwrap_used, reason = "test helpers")]

use std::sync::Arc;

use scim_schema::{
    AttrPath, CheckError, CheckOptions, Mutability, Notice, Resource, ResourceType, SchemaSet, is_unassigned,
};
use serde_json::{Value, json};

mod common;

fn resource_type(name: &str) -> Arc<ResourceType> {
    common::standard_and_device().resource_type(name).unwrap().clone()
}

fn path(resource_type: &str, text: &str) -> AttrPath {
    self::resource_type(resource_type).resolve_attribute(text).unwrap()
}

fn resource(fields: &Value) -> Resource {
    Resource::from_stored(fields.as_object().unwrap().clone())
}

fn tag_type(attributes: &Value) -> Arc<ResourceType> {
    SchemaSet::builder()
        .schema(&json!({ "id": "urn:x:y", "attributes": attributes }))
        .unwrap()
        .resource_type(&json!({ "name": "Thing", "endpoint": "/Things", "schema": "urn:x:y" }))
        .unwrap()
        .build()
        .unwrap()
        .resource_type("Thing")
        .unwrap()
        .clone()
}

#[test]
fn what_holds_nothing_is_unassigned() {
    // S14
    for nothing in [
        json!(null),
        json!([]),
        json!({}),
        json!([null]),
        json!([{}]),
        json!({ "a": null, "b": [] }),
        json!([{ "a": null }]),
    ] {
        assert!(is_unassigned(&nothing), "{nothing}");
    }
    for something in
        [json!(""), json!(false), json!(0), json!([""]), json!({ "a": "" }), json!([{ "a": false }])]
    {
        assert!(!is_unassigned(&something), "{something}");
    }
}

#[test]
fn the_stricter_mutability_of_attribute_and_part_counts() {
    // S27, P03
    let enterprise = scim_schema::urn::ENTERPRISE_USER;
    for (name, text, expected) in [
        ("User", "title", Mutability::ReadWrite),
        ("User", "id", Mutability::ReadOnly),
        ("User", "meta.created", Mutability::ReadOnly),
        ("User", "groups.value", Mutability::ReadOnly),
        ("User", "password", Mutability::WriteOnly),
        ("User", &format!("{enterprise}:manager"), Mutability::ReadWrite),
        ("User", &format!("{enterprise}:manager.displayName"), Mutability::ReadOnly),
        ("Group", "members", Mutability::ReadWrite),
        ("Group", "members.value", Mutability::Immutable),
        ("Device", "serial", Mutability::Immutable),
    ] {
        assert_eq!(path(name, text).mutability(), expected, "{text}");
    }
    let mixed = tag_type(&json!([
        { "name": "a", "type": "complex", "mutability": "immutable", "subAttributes": [{ "name": "b", "mutability": "readOnly" }, { "name": "c" }] }
    ]));
    assert_eq!(mixed.resolve_attribute("a.b").unwrap().mutability(), Mutability::ReadOnly);
    assert_eq!(mixed.resolve_attribute("a.c").unwrap().mutability(), Mutability::Immutable);
    assert!(path("User", "password").is_never_returned());
}

#[test]
fn a_complex_list_alone_means_its_values() {
    // F17
    assert_eq!(path("User", "emails").or_value().to_string(), "emails.value");
    for text in ["emails.type", "name", "userName", "addresses", "schemas"] {
        assert_eq!(path("User", text).or_value().to_string(), text);
    }
    assert!(
        path("User", "emails.type").is_multi_valued() && !path("User", "name.givenName").is_multi_valued()
    );
    assert!(path("Device", "ports.vlans").is_multi_valued());
}

#[test]
fn values_go_through_lists_and_lists_inside_them() {
    let device = resource(
        &json!({ "ports": [{ "number": 1, "vlans": ["a", "b"] }, { "number": 2 }, { "vlans": ["c", null] }] }),
    );
    let found = |text: &str| device.values(&path("Device", text)).cloned().collect::<Vec<_>>();
    assert_eq!(found("ports.vlans"), [json!("a"), json!("b"), json!("c")]);
    assert_eq!(found("ports.number"), [json!(1), json!(2)]);
    assert_eq!(found("ports").len(), 3);
    assert_eq!(found("serial"), Vec::<Value>::new());
    assert_eq!(device.value(&path("Device", "ports.vlans")), Some(&json!("a")));
}

#[test]
fn setting_makes_what_is_needed_and_removing_leaves_nothing_empty() {
    // P13, P18, P26
    let enterprise = scim_schema::urn::ENTERPRISE_USER;
    let mut user = resource(&json!({ "emails": [{ "value": "a" }, { "value": "b", "type": "x" }] }));
    let manager = path("User", &format!("{enterprise}:manager.value"));
    user.set(&path("User", "name.givenName"), json!("B"));
    user.set(&manager, json!("26"));
    user.set(&path("User", "emails.type"), json!("work"));
    user.set(&path("User", "phoneNumbers.type"), json!("work"));
    assert_eq!(
        user.clone().into_value(),
        json!({
            "emails": [{ "value": "a", "type": "work" }, { "value": "b", "type": "work" }],
            "name": { "givenName": "B" },
            (enterprise): { "manager": { "value": "26" } },
        })
    );
    user.set(&manager, Value::Null);
    user.set(&path("User", "name"), json!({ "givenName": null }));
    user.remove(&path("User", "emails.type"));
    assert_eq!(user.clone().into_value(), json!({ "emails": [{ "value": "a" }, { "value": "b" }] }));
    user.remove(&path("User", "emails.value"));
    assert_eq!(user, Resource::default());
}

#[test]
fn a_common_attribute_is_what_the_standard_says_even_if_a_schema_repeats_it() {
    // S19
    let thing = tag_type(&json!([{ "name": "ID", "type": "integer" }, { "name": "externalid" }]));
    let id = thing.resolve_attribute("id").unwrap();
    assert_eq!((id.to_string().as_str(), id.mutability()), ("id", Mutability::ReadOnly));
    assert!(thing.resolve_attribute("externalId").unwrap().target().case_exact); // S23
}

#[test]
fn of_two_uris_that_begin_alike_the_longer_is_meant() {
    // M11
    let set = SchemaSet::builder()
        .schema(&json!({ "id": "urn:x", "attributes": [{ "name": "a" }] }))
        .unwrap()
        .schema(&json!({ "id": "urn:x:a", "attributes": [{ "name": "b" }] }))
        .unwrap()
        .user(&["urn:x", "urn:x:a"])
        .unwrap()
        .build()
        .unwrap();
    let user = set.resource_type("User").unwrap();
    assert_eq!(user.resolve_attribute("urn:x:a:b").unwrap().extension(), Some("urn:x:a"));
    assert!(
        matches!(user.resolve("urn:x:a"), Ok(scim_schema::Resolved::Extension(urn)) if &*urn == "urn:x:a")
    );
    assert!(user.resolve("urn:xa").is_err());
}

#[test]
fn a_required_secret_is_needed_once() {
    // M15, S44
    let thing = tag_type(&json!([{ "name": "pin", "mutability": "writeOnly", "required": true }]));
    let sent = |fields: &Value| Resource::from_map(fields.as_object().unwrap().clone(), &thing);
    let without = || sent(&json!({ "schemas": ["urn:x:y"] }));
    let options = CheckOptions::default();
    let missing = Err(CheckError::Missing { path: "pin".into() });
    assert_eq!(thing.check_create(without(), &options), missing);
    assert!(thing.check_replace(without(), &without(), &options).is_ok());
    let cleared = sent(&json!({ "schemas": ["urn:x:y"], "pin": null }));
    assert_eq!(thing.check_replace(cleared, &without(), &options), missing);
    let checked =
        thing.check_create(sent(&json!({ "schemas": ["urn:x:y"], "pin": "1234" })), &options).unwrap();
    assert_eq!(checked.write_only.len(), 1);
    assert_eq!(checked.resource, without());
    assert_eq!(checked.password(), None);
}

#[test]
fn a_hostile_document_does_not_fill_the_memory_with_notices() {
    let user = resource_type("User");
    let emails: Vec<_> =
        (0..2_000).map(|i| json!({ "value": i.to_string(), (format!("x{i}")): 1, "type": "odd" })).collect();
    let sent = json!({ "schemas": [scim_schema::urn::USER], "userName": "b", "emails": emails });
    let checked = user
        .check_create(Resource::from_map(sent.as_object().unwrap().clone(), &user), &CheckOptions::default())
        .unwrap();
    assert_eq!(checked.notices.len(), 256);

    let same: Vec<_> = (0..9).map(|i| json!({ "value": i.to_string(), "type": "odd" })).collect();
    let sent = json!({ "schemas": [scim_schema::urn::USER], "userName": "b", "emails": same });
    let checked = user
        .check_create(Resource::from_map(sent.as_object().unwrap().clone(), &user), &CheckOptions::default())
        .unwrap();
    assert_eq!(checked.notices, [Notice::NotCanonical { path: "emails.type".into() }]);
}

#[test]
fn a_required_extension_must_be_there_even_if_nothing_in_it_is_required() {
    // M29
    let set = SchemaSet::builder()
        .schema(&json!({ "id": "urn:x:y", "attributes": [] }))
        .unwrap()
        .schema(&json!({ "id": "urn:x:z", "attributes": [{ "name": "note" }] }))
        .unwrap()
        .resource_type(&json!({
            "name": "Thing", "endpoint": "/Things", "schema": "urn:x:y",
            "schemaExtensions": [{ "schema": "urn:x:z", "required": true }],
        }))
        .unwrap()
        .build()
        .unwrap();
    let thing = set.resource_type("Thing").unwrap();
    let check =
        |fields: Value| thing.check_create(resource(&fields), &CheckOptions::default()).map(|c| c.resource);
    let missing = Err(CheckError::MissingExtension { urn: "urn:x:z".into() });
    assert_eq!(check(json!({ "schemas": ["urn:x:y", "urn:x:z"] })), missing);
    assert_eq!(check(json!({ "schemas": ["urn:x:y", "urn:x:z"], "urn:x:z": { "note": null } })), missing);
    assert!(check(json!({ "schemas": ["urn:x:y"], "urn:x:z": { "note": "n" } })).is_ok());
}

#[test]
fn an_immutable_value_is_compared_without_what_the_service_added_to_it() {
    // M14, S27
    let thing = tag_type(&json!([{
        "name": "place", "type": "complex", "mutability": "immutable",
        "subAttributes": [{ "name": "code" }, { "name": "label", "mutability": "readOnly" }],
    }]));
    let with = |place: Value| resource(&json!({ "schemas": ["urn:x:y"], "place": place }));
    let stored = with(json!({ "code": "A", "label": "Attic" }));
    let replace = |place: Value| {
        thing.check_replace(with(place), &stored, &CheckOptions::default()).map(|c| c.resource)
    };
    assert_eq!(replace(json!({ "code": "a" })), Ok(stored.clone()));
    assert_eq!(replace(json!({ "code": "B" })), Err(CheckError::Immutable { path: "place".into() }));
}
