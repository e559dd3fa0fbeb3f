//! `project` against `testdata/scim/schema/projection.json`; each case names the rule it proves.

use scim_schema::{Projection, Resource, ScimError};
use serde::Deserialize;
use serde_json::{Map, Value};

mod common;

#[derive(Deserialize)]
struct File {
    resources: std::collections::BTreeMap<String, Map<String, Value>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    id: String,
    #[expect(dead_code, reason = "for the reader of the file, and for the ledger of rules")]
    rule: String,
    #[serde(rename = "type", default = "user")]
    resource_type: String,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
    #[serde(default)]
    requested: Vec<String>,
    #[serde(default)]
    unknown: Vec<String>,
    expect: Option<Value>,
    error: Option<String>,
}

fn user() -> String {
    "User".into()
}

#[test]
fn every_case_of_the_file_is_projected_as_it_says() {
    let set = common::standard_and_device();
    let file: File = common::load("projection.json");
    assert!(file.cases.len() > 25);
    for case in &file.cases {
        let id = &case.id;
        let resource_type = set.resource_type(&case.resource_type).unwrap();
        let resource = Resource::from_stored(file.resources[&case.resource_type].clone());
        let parsed =
            Projection::parse(resource_type, case.attributes.as_deref(), case.excluded_attributes.as_deref());
        let projection = match parsed {
            Ok(projection) => projection,
            Err(error) => {
                assert_eq!(Some(error.code()), case.error.as_deref(), "{id}");
                continue;
            }
        };
        assert_eq!(case.error, None, "{id}");
        assert_eq!(projection.unknown(), case.unknown, "{id}");
        let requested: Vec<_> =
            case.requested.iter().map(|path| resource_type.resolve_attribute(path).unwrap()).collect();
        let projection = projection.with_requested(&requested);

        let copied = projection.project(&resource).to_resource();
        assert_eq!(Some(copied.clone().into_value()), case.expect, "{id}");
        let written = serde_json::to_value(projection.project(&resource)).unwrap();
        assert_eq!(written, copied.clone().into_value(), "{id}: written as copied");
        assert_eq!(projection.project(&copied).to_resource(), copied, "{id}: idempotent");
        // What `needs` denies is in no response, and what is in the response is needed.
        for name in resource.as_map().keys().filter(|name| !name.contains(':')) {
            let path = resource_type.resolve_attribute(name).unwrap();
            if copied.as_map().contains_key(name) {
                assert!(projection.needs(&path), "{id}: {name}");
            } else if resource.attribute(&path).is_some() {
                assert!(!projection.needs(&path), "{id}: {name}");
            }
        }
    }
}

#[test]
fn a_host_learns_that_members_are_not_needed() {
    // M09, F36
    let set = common::standard_and_device();
    let group = set.resource_type("Group").unwrap();
    let needs = |attributes, excluded, path: &str| {
        Projection::parse(group, attributes, excluded).unwrap().needs(&group.resolve_attribute(path).unwrap())
    };
    assert!(needs(None, None, "members"));
    assert!(!needs(None, Some("MEMBERS"), "members"));
    assert!(!needs(Some("displayName"), None, "members"));
    assert!(needs(Some("members.value"), None, "members"));
    assert!(needs(Some("members.value"), None, "members.value"));
    assert!(!needs(Some("members.value"), None, "members.display"));
    assert!(!needs(None, Some("members.display"), "members.display"));
}
