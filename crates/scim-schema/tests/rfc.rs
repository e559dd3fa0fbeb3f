//! The example resources of RFC 7643 section 8.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

use scim_schema::view::User;
use scim_schema::{CheckOptions, Formats, Limits, Notice, Projection, Resource, UnknownAttributes};
use serde_json::{Value, json};

mod common;

fn strict() -> CheckOptions {
    let mut options = CheckOptions::default();
    options.unknown_attributes = UnknownAttributes::Reject;
    options.formats = Formats::Refuse;
    options.defaults.clear();
    options
}

/// Runs `f` with each example as a client would send it and as a service would store it (without password).
fn each(f: impl Fn(&str, &scim_schema::ResourceType, Resource, Resource)) {
    let set = common::standard_and_device();
    let documents: Vec<Value> = common::load("rfc7643-8.json");
    assert_eq!(documents.len(), 4);
    for document in documents {
        let resource_type = set.resource_type(document["type"].as_str().unwrap()).unwrap();
        let bytes = document["resource"].to_string();
        let sent = Resource::parse(bytes.as_bytes(), resource_type, &Limits::default()).unwrap();
        let mut stored = sent.clone();
        stored.as_map_mut().remove("password");
        f(document["section"].as_str().unwrap(), resource_type, sent, stored);
    }
}

#[test]
fn each_example_replaces_itself_without_a_change() {
    // M14, S22, S27
    each(|section, resource_type, sent, stored| {
        let checked = resource_type.check_replace(sent, &stored, &strict()).unwrap();
        assert_eq!(checked.resource, stored, "{section}");
        assert!(checked.notices.iter().all(|n| matches!(n, Notice::ReadOnlyIgnored { .. })), "{section}");
    });
}

#[test]
fn each_example_is_created_without_what_the_service_sets() {
    // M03
    each(|section, resource_type, sent, stored| {
        let checked = resource_type.check_create(sent, &strict()).unwrap();
        let mut expected = stored;
        for name in ["id", "meta", "groups"] {
            expected.as_map_mut().remove(name);
        }
        if let Some(manager) = expected.as_map_mut().get_mut(scim_schema::urn::ENTERPRISE_USER) {
            manager["manager"].as_object_mut().unwrap().remove("displayName");
        }
        assert_eq!(checked.resource, expected, "{section}");
        assert_eq!(checked.password(), if section == "8.2" { Some("t1meMa$heen") } else { None });
    });
}

#[test]
fn each_example_is_returned_whole_but_for_the_password() {
    // S29
    each(|section, resource_type, sent, stored| {
        let projection = Projection::standard(resource_type);
        assert_eq!(projection.project(&sent).to_resource(), stored, "{section}");
    });
}

#[test]
fn the_full_user_reads_as_a_typed_view() {
    each(|section, _, sent, _| {
        if section == "8.2" {
            let user: User = sent.view().unwrap();
            assert_eq!(user.email(), Some("bjensen@example.com"));
            assert_eq!(user.addresses.get().unwrap().len(), 2);
            assert_eq!(json!(user.x509_certificates), sent.as_map()["x509Certificates"]);
        }
    });
}
