//! Attribute notation (RFC 7644 3.10) on the standard resource types.
#![expect(clippy::unwrap_used, reason = "test helpers")]

use std::sync::Arc;

use scim_schema::{PathError, Resolved, Resource, ResourceType, SchemaSet};
use serde_json::json;

fn user() -> Arc<ResourceType> {
    SchemaSet::standard().resource_type("User").unwrap().clone()
}

fn shown(path: &str) -> Result<String, PathError> {
    user().resolve(path).map(|resolved| match resolved {
        Resolved::Attribute(path) => path.to_string(),
        Resolved::Core => "(core)".to_owned(),
        Resolved::Extension(urn) => urn.to_string(),
    })
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[test]
fn names_are_found_in_any_case_and_shown_in_the_schemas_spelling() {
    // S01, F13
    for (path, expected) in [
        ("userName", "userName"),
        ("USERNAME", "userName"),
        ("name.GIVENNAME", "name.givenName"),
        ("members.$ref", "members.$ref"),
        ("x509certificates.value", "x509Certificates.value"),
    ] {
        if path.starts_with("members") {
            let set = SchemaSet::standard();
            let group = set.resource_type("Group").unwrap();
            assert_eq!(group.resolve_attribute(path).unwrap().to_string(), expected);
        } else {
            assert_eq!(shown(path).unwrap(), expected);
        }
    }
}

#[test]
fn a_core_uri_may_be_given_or_left_out() {
    // F11, M11
    assert_eq!(shown("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName"), shown("name.givenName"));
    assert_eq!(shown("URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:USERNAME"), Ok("userName".into()));
    assert_eq!(shown("urn:ietf:params:scim:schemas:core:2.0:User"), Ok("(core)".into()));
}

#[test]
fn an_extension_attribute_needs_its_uri_and_the_dot_in_2_0_splits_nothing() {
    // S02, S17, F12
    let path = format!("{ENTERPRISE}:manager.value");
    assert_eq!(shown(&path), Ok(path.clone()));
    assert_eq!(shown(&path.to_uppercase()), Ok(path));
    assert_eq!(shown(&ENTERPRISE.to_lowercase()), Ok(ENTERPRISE.to_owned()));
    assert!(matches!(shown("department"), Err(PathError::UnknownAttribute { .. })));
    assert!(matches!(shown(&format!("{ENTERPRISE}:userName")), Err(PathError::UnknownAttribute { .. })));
    assert!(matches!(shown(&format!("{ENTERPRISE}.manager")), Err(PathError::UnknownSchema { .. })));
}

#[test]
fn common_attributes_belong_to_every_type() {
    // S19, F31
    for path in ["id", "externalId", "schemas", "meta.lastModified", "meta.version", "meta.location"] {
        for resource_type in SchemaSet::standard().resource_types() {
            assert_eq!(resource_type.resolve_attribute(path).unwrap().to_string(), path);
        }
    }
}

#[test]
fn what_is_no_path_is_malformed_and_what_is_unknown_is_named() {
    for path in
        ["", ".", "name.", ".givenName", "name.given.name", "emails[type eq \"work\"]", "user name", "ünde"]
    {
        assert!(matches!(shown(path), Err(PathError::Malformed { .. })), "{path}");
    }
    assert!(matches!(shown("__proto__"), Err(PathError::Malformed { .. }))); // P29
    assert!(matches!(shown("userNames"), Err(PathError::UnknownAttribute { .. })));
    assert!(matches!(shown("name.first"), Err(PathError::UnknownSubAttribute { .. })));
    assert!(matches!(shown("userName.value"), Err(PathError::UnknownSubAttribute { .. })));
    assert!(matches!(shown("urn:x:y"), Err(PathError::UnknownSchema { .. })));
    assert!(matches!(shown(&format!("{ENTERPRISE}:")), Err(PathError::Malformed { .. })));
}

#[test]
fn a_path_reads_and_writes_without_knowing_where_its_attribute_lives() {
    let user = user();
    let path = |text: &str| user.resolve_attribute(text).unwrap();
    let manager = path(&format!("{ENTERPRISE}:manager.value"));
    let mut resource = Resource::from_map(
        json!({
            "USERNAME": "bjensen",
            "Emails": [{ "VALUE": "a@example.com" }, { "value": "b@example.com", "type": "work" }],
            (ENTERPRISE.to_uppercase()): { "Manager": { "Value": "26118915" } },
        })
        .as_object()
        .unwrap()
        .clone(),
        &user,
    );
    let names: Vec<_> = resource.as_map().keys().map(String::as_str).collect();
    assert_eq!(names, ["userName", "emails", ENTERPRISE]);
    assert_eq!(
        resource.values(&path("emails.value")).collect::<Vec<_>>(),
        ["a@example.com", "b@example.com"]
    );
    assert_eq!(resource.elements(&path("emails.type")).len(), 2);
    assert_eq!(resource.value(&path("userName")).unwrap(), "bjensen");
    assert_eq!(resource.value(&manager).unwrap(), "26118915");

    resource.remove(&manager);
    assert_eq!(resource.extension(ENTERPRISE), None, "the extension goes with its last attribute");
    resource.set(&manager, json!("7"));
    resource.set(&path("emails.type"), json!("home"));
    resource.refresh_schemas(&user);
    assert_eq!(
        serde_json::Value::Object(resource.into_map()),
        json!({
            "userName": "bjensen",
            "emails": [{ "value": "a@example.com", "type": "home" }, { "value": "b@example.com", "type": "home" }],
            (ENTERPRISE): { "manager": { "value": "7" } },
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        })
    );
}
