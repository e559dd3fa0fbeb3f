//! `check` against `testdata/scim/schema/check.json`; each case names the rule it proves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use scim_schema::{CheckError, CheckOptions, Checked, Notice, Resource, ResourceType, ScimError, ScimType};
use serde::Deserialize;
use serde_json::{Map, Value, json};

mod common;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    id: String,
    #[expect(dead_code, reason = "for the reader of the file, and for the ledger of rules")]
    rule: String,
    #[serde(rename = "type", default = "user")]
    resource_type: String,
    #[serde(default = "create")]
    mode: String,
    stored: Option<Map<String, Value>>,
    #[serde(default)]
    options: Map<String, Value>,
    send: Map<String, Value>,
    expect: Option<Value>,
    #[serde(default)]
    notices: Vec<String>,
    error: Option<String>,
    path: Option<String>,
    unique: Option<Vec<[String; 2]>>,
    write_only: Option<Vec<String>>,
}

fn user() -> String {
    "User".into()
}

fn create() -> String {
    "create".into()
}

fn run(case: &Case, resource_type: &ResourceType) -> Result<Checked, CheckError> {
    let options: CheckOptions = serde_json::from_value(Value::Object(case.options.clone())).unwrap();
    let resource = Resource::from_map(case.send.clone(), resource_type);
    let stored = Resource::from_stored(case.stored.clone().unwrap_or_default());
    match case.mode.as_str() {
        "create" => resource_type.check_create(resource, &options),
        "replace" => resource_type.check_replace(resource, &stored, &options),
        "patch" => resource_type.check_patched(resource, &stored, &options),
        other => panic!("{}: unknown mode {other}", case.id),
    }
}

#[test]
fn every_case_of_the_file_is_checked_as_it_says() {
    let set = common::standard_and_device();
    let cases: Vec<Case> = common::load("check.json");
    assert!(cases.len() > 90);
    for case in &cases {
        let resource_type = set.resource_type(&case.resource_type).unwrap();
        match (run(case, resource_type), &case.error) {
            (Ok(checked), None) => {
                let id = &case.id;
                assert_eq!(Some(&checked.resource.clone().into_value()), case.expect.as_ref(), "{id}");
                assert_eq!(
                    checked.notices.iter().map(Notice::code).collect::<Vec<_>>(),
                    case.notices,
                    "{id}"
                );
                if let Some(expected) = &case.unique {
                    let found: Vec<_> =
                        checked.unique.iter().map(|u| [u.path.to_string(), u.key.clone()]).collect();
                    assert_eq!(&found, expected, "{id}");
                }
                if let Some(expected) = &case.write_only {
                    let found: Vec<_> = checked.write_only.iter().map(|(path, _)| path.to_string()).collect();
                    assert_eq!(&found, expected, "{id}");
                }
                // A checked resource passes again and stays as it is.
                let again = resource_type
                    .check_patched(checked.resource.clone(), &checked.resource, &CheckOptions::default())
                    .map(|again| again.resource);
                if case.options.get("unknownAttributes").is_none() {
                    assert_eq!(again.as_ref(), Ok(&checked.resource), "{id}: again");
                }
            }
            (Err(error), Some(code)) => {
                assert_eq!(error.code(), code, "{}", case.id);
                assert_eq!(error.status(), 400, "{}", case.id);
                if let Some(path) = &case.path {
                    assert!(error.to_string().contains(&format!("`{path}`")), "{}: {error}", case.id);
                }
            }
            (Ok(checked), Some(code)) => panic!("{}: expected {code}, accepted {checked:?}", case.id),
            (Err(error), None) => panic!("{}: refused: {error}", case.id),
        }
    }
}

#[test]
fn errors_carry_the_scim_type_of_rfc_7644() {
    // M15, M14, M18
    let missing = CheckError::Missing { path: "userName".into() };
    assert_eq!(
        missing.to_json(),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "400",
            "scimType": "invalidValue",
            "detail": "`userName` is required",
        })
    );
    assert_eq!(CheckError::Immutable { path: "x".into() }.scim_type(), Some(ScimType::Mutability));
}

#[test]
fn the_password_shows_in_no_debug_output() {
    // S44, M33
    let set = common::standard_and_device();
    let user = set.resource_type("User").unwrap();
    let sent = json!({ "schemas": [scim_schema::urn::USER], "userName": "b", "PASSWORD": "t1meMa$heen" });
    let resource = Resource::from_map(sent.as_object().unwrap().clone(), user);
    assert!(!format!("{resource:?}").contains("t1me"));
    let checked = user.check_create(resource, &CheckOptions::default()).unwrap();
    assert_eq!(checked.password(), Some("t1meMa$heen"));
    assert!(!format!("{checked:?}").contains("t1me"));
}

#[test]
fn attributes_returned_on_request_are_reported_when_the_write_has_them() {
    // S30
    let set = common::standard_and_device();
    let device = set.resource_type("Device").unwrap();
    let sent = |note: Value| {
        let body = json!({
            "schemas": ["urn:example:scim:Device"], "serial": "S", "secretNote": note,
            "urn:example:scim:Tag": { "owner": "o" }
        });
        let resource = Resource::from_map(body.as_object().unwrap().clone(), device);
        device.check_create(resource, &CheckOptions::default()).unwrap().requested.len()
    };
    assert_eq!(sent(json!("n")), 1);
    assert_eq!(sent(Value::Null), 0);
}

#[test]
fn a_secret_alone_does_not_make_up_for_a_part_that_is_required() {
    let set = locker();
    let check = |lock: Value| {
        let locker = set.resource_type("Locker").unwrap();
        let body = json!({ "schemas": ["urn:example:Locker"], "lock": lock });
        let resource = Resource::from_map(body.as_object().unwrap().clone(), locker);
        locker.check_create(resource, &CheckOptions::default()).map(|checked| checked.write_only.len())
    };
    assert_eq!(check(json!({ "code": "1234", "place": "door" })), Ok(1));
    assert_eq!(check(json!({ "code": "1234" })), Err(CheckError::Missing { path: "lock.place".into() }));
    assert_eq!(check(json!({ "code": null })), Ok(1));
}

#[test]
fn what_the_service_said_goes_with_the_value_it_was_said_of() {
    // S27: a stored value that is nothing but the service's words is not there once a replace leaves it out.
    let set = common::standard_and_device();
    let user = set.resource_type("User").unwrap();
    let urn = scim_schema::urn::ENTERPRISE_USER;
    let stored = json!({ "userName": "b", urn: { "manager": { "displayName": "Kim" } } });
    let stored = Resource::from_stored(stored.as_object().unwrap().clone());
    let sent = json!({ "schemas": [scim_schema::urn::USER], "userName": "b" });
    let sent = Resource::from_map(sent.as_object().unwrap().clone(), user);
    let checked = user.check_replace(sent, &stored, &CheckOptions::default()).unwrap();
    assert_eq!(checked.resource.extension(urn), None);
}

fn locker() -> scim_schema::SchemaSet {
    scim_schema::SchemaSet::builder()
        .schema(&json!({ "id": "urn:example:Locker", "attributes": [{
            "name": "lock", "type": "complex", "subAttributes": [
                { "name": "code", "mutability": "writeOnly" }, { "name": "place", "required": true }
            ]
        }] }))
        .and_then(|set| {
            set.resource_type(
                &json!({ "name": "Locker", "endpoint": "/Lockers", "schema": "urn:example:Locker" }),
            )
        })
        .and_then(|set| set.build())
        .unwrap()
}
