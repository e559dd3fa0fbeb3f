//! Schemas and discovery documents: errata, completeness, and agreement with themselves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use scim_schema::{
    Attribute, AttributeType, Capabilities, Mutability, Pagination, Returned, Schema, SchemaError, SchemaSet,
    Uniqueness, urn,
};
use serde_json::{Map, Value, json};

mod common;

fn attribute(urn: &str, path: &str) -> Attribute {
    let set = SchemaSet::standard();
    let schema = set.schema(urn).unwrap();
    let mut names = path.split('.');
    let mut found = schema.attribute(names.next().unwrap()).unwrap().clone();
    for name in names {
        found = found.sub_attribute(name).unwrap_or_else(|| panic!("{path}")).clone();
    }
    (*found).clone()
}

/// Every name in the document is in the schema, every required one is there, and the types fit.
fn conforms(document: &Map<String, Value>, attributes: &[std::sync::Arc<Attribute>], at: &str) {
    for (name, value) in document {
        if at.is_empty() && matches!(name.as_str(), "schemas" | "id" | "meta") {
            continue;
        }
        let attribute =
            attributes.iter().find(|known| known.name == *name).unwrap_or_else(|| panic!("{at}.{name}"));
        let values = match value {
            Value::Array(items) if attribute.multi_valued => items.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let fits = match attribute.kind {
                AttributeType::Boolean => value.is_boolean(),
                AttributeType::Integer => value.is_u64(),
                AttributeType::Complex => value.is_object(),
                _ => value.is_string(),
            };
            assert!(fits, "{at}.{name}: {value}");
            if let Value::Object(fields) = value {
                conforms(fields, &attribute.sub_attributes, &format!("{at}.{name}"));
            }
        }
    }
    for attribute in attributes.iter().filter(|attribute| attribute.required) {
        assert!(document.contains_key(&attribute.name), "{at}: {} is missing", attribute.name);
    }
}

#[test]
fn the_errata_of_rfc_7643_are_applied() {
    assert!(attribute(urn::GROUP, "displayName").required); // EID 5368, S38
    for path in ["groups.value", "groups.$ref", "x509Certificates.value"] {
        assert!(attribute(urn::USER, path).case_exact, "{path}"); // S41
    }
    for path in ["members.value", "members.$ref"] {
        assert!(attribute(urn::GROUP, path).case_exact, "{path}"); // S41
    }
    assert!(attribute(urn::ENTERPRISE_USER, "manager.value").case_exact); // EID 8472
    assert_eq!(attribute(urn::USER, "groups.$ref").reference_types, ["Group"]); // EID 8471
    assert_eq!(attribute(urn::USER, "x509Certificates.value").kind, AttributeType::Binary); // EID 5606
    assert_eq!(attribute(urn::GROUP, "members.display").mutability, Mutability::ReadWrite); // S42
    assert_eq!(attribute(urn::USER, "addresses.primary").kind, AttributeType::Boolean); // S42
    assert!(attribute(urn::USER, "ims.type").canonical_values.contains(&"other".to_owned())); // S42
    assert!(attribute(urn::RESOURCE_TYPE, "schemaExtensions").multi_valued); // EID 7522
    assert_eq!(attribute(urn::RESOURCE_TYPE, "endpoint").uniqueness, Uniqueness::Server); // EID 8475
    assert!(attribute(urn::RESOURCE_TYPE, "endpoint").case_exact); // EID 8475
    assert!(attribute(urn::SCHEMA, "attributes.subAttributes.referenceTypes").multi_valued); // EID 5607
    let types = attribute(urn::SCHEMA, "attributes.subAttributes.type").canonical_values;
    assert!(types.contains(&"binary".to_owned()) && !types.contains(&"complex".to_owned())); // EID 8415
}

#[test]
fn the_user_is_as_rfc_7643_describes_it() {
    let user_name = attribute(urn::USER, "userName"); // S34
    assert!(user_name.required && !user_name.case_exact && user_name.uniqueness == Uniqueness::Server);
    let password = attribute(urn::USER, "password"); // S35
    assert_eq!((password.mutability, password.returned), (Mutability::WriteOnly, Returned::Never));
    assert_eq!(attribute(urn::USER, "groups").mutability, Mutability::ReadOnly); // S36
    for sub in ["value", "$ref", "type"] {
        assert_eq!(attribute(urn::GROUP, &format!("members.{sub}")).mutability, Mutability::Immutable); // S38
    }
    assert_eq!(attribute(urn::ENTERPRISE_USER, "manager.displayName").mutability, Mutability::ReadOnly); // S39
}

#[test]
fn what_a_definition_leaves_out_has_the_defaults_of_rfc_7643() {
    // S03
    let plain = Attribute::from_json(&json!({ "name": "x" })).unwrap();
    assert_eq!(plain, Attribute::new("x", AttributeType::String));
    assert!(!plain.required && !plain.case_exact && !plain.multi_valued && plain.canonical_values.is_empty());
    assert_eq!(
        (plain.mutability, plain.returned, plain.uniqueness),
        (Mutability::ReadWrite, Returned::Default, Uniqueness::None)
    );
}

#[test]
fn every_schema_reads_back_what_it_writes_and_fits_the_schema_of_schemas() {
    // M30, M43
    let set = common::standard_and_device();
    let meta = set.schema(urn::SCHEMA).unwrap();
    assert_eq!(set.schemas().len(), 8);
    for schema in set.schemas() {
        let json = schema.to_json("https://example.com/v2");
        assert_eq!(Schema::from_json(&json).as_ref(), Ok(&**schema));
        // RFC 7643 7: of all schemas the one of schemas alone nests deeper than it says itself.
        if schema.id() != urn::SCHEMA {
            conforms(json.as_object().unwrap(), meta.attributes(), "");
        }
        assert!(schema.id().to_lowercase().find(":api:").is_none());
        assert_eq!(json["meta"]["location"], format!("https://example.com/v2/Schemas/{}", schema.id()));
    }
}

#[test]
fn a_service_without_groups_does_not_list_their_schema() {
    // M30
    let users = SchemaSet::builder().user(&[]).unwrap().build().unwrap();
    assert!(users.schemas().iter().all(|schema| schema.id() != urn::GROUP));
    assert!(users.schemas().iter().any(|schema| schema.id() == urn::ENTERPRISE_USER));
    assert!(users.schema(urn::GROUP).is_none() && users.schema(urn::SCHEMA).is_some());
    assert!(users.resource_type("Group").is_none());
}

#[test]
fn resource_types_and_the_service_provider_config_fit_their_schemas() {
    // M26, M28, M29, C08
    let set = common::standard_and_device();
    let list = set.resource_types_to_json("https://example.com/v2");
    assert_eq!(list.total_results, 3);
    for document in &list.resources {
        conforms(document.as_object().unwrap(), set.schema(urn::RESOURCE_TYPE).unwrap().attributes(), "");
        assert!(set.schema(document["schema"].as_str().unwrap()).is_some());
    }
    assert_eq!(
        list.resources[2]["schemaExtensions"],
        json!([{ "schema": "urn:example:scim:Tag", "required": true }])
    );

    let mut capabilities = Capabilities::default();
    let config = |capabilities: &Capabilities| {
        let config = capabilities.to_json("https://example.com/v2");
        conforms(
            config.as_object().unwrap(),
            set.schema(urn::SERVICE_PROVIDER_CONFIG).unwrap().attributes(),
            "",
        );
        config
    };
    assert_eq!(config(&capabilities)["pagination"]["index"], true);
    capabilities.patch = false;
    capabilities.bulk = Some(Default::default());
    capabilities.filter = None;
    capabilities.pagination = Some(Pagination::default());
    capabilities.documentation_uri = Some("https://example.com/help".into());
    let changed = config(&capabilities);
    assert_eq!(changed["patch"]["supported"], false);
    assert_eq!(
        changed["bulk"],
        json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 })
    );
    assert_eq!(changed["filter"], json!({ "supported": false, "maxResults": 0 }));
    // A profile says it in JSON, and says only what differs.
    let profile: Capabilities = serde_json::from_value(json!({ "sort": false })).unwrap();
    assert_eq!((profile.sort, profile.etag), (false, true));
    assert!(serde_json::from_value::<Capabilities>(json!({ "sorting": false })).is_err());
}

#[test]
fn a_definition_that_cannot_be_is_refused_with_its_place() {
    let schema = |attributes: Value| Schema::from_json(&json!({ "id": "urn:x:y", "attributes": attributes }));
    let field = |at: &str, field, expected| Err(SchemaError::BadField { at: at.into(), field, expected });
    let keyword = "a keyword of RFC 7643 section 7";
    assert_eq!(schema(json!([{ "name": "a b" }])), Err(SchemaError::BadName { name: "a b".into() })); // S02
    assert_eq!(schema(json!([{ "name": "a", "type": "text" }])), field("a", "type", keyword));
    assert_eq!(schema(json!([{ "name": "a", "mutability": "rw" }])), field("a", "mutability", keyword));
    assert_eq!(schema(json!([{ "name": "a", "required": "true" }])), field("a", "required", "true or false"));
    assert_eq!(
        schema(json!([{ "name": "a" }, { "name": "A" }])),
        Err(SchemaError::DuplicateAttribute { at: "A".into() })
    );
    assert_eq!(
        schema(json!([{ "name": "a", "subAttributes": [{ "name": "b" }] }])),
        Err(SchemaError::SubAttributesOfSimple { at: "a".into() })
    );
    let nested = json!({ "name": "b", "type": "complex", "subAttributes": [{ "name": "c" }] });
    assert_eq!(
        schema(json!([{ "name": "a", "type": "complex", "subAttributes": [nested] }])),
        Err(SchemaError::NestedComplex { at: "a.b".into() }) // S09
    );
    assert_eq!(
        schema(json!([{ "name": "a", "type": "complex" }])),
        Err(SchemaError::MissingField { at: "a".into(), field: "subAttributes" })
    );
    assert!(schema(json!([{ "name": "a", "mutability": "writeOnly", "returned": "always" }])).is_err());
    for id in ["", "User", "urn:ietf:params:scim:api:messages:2.0:Error", "urn:x:", "urn:x y", "1:x"] {
        let refused = Schema::from_json(&json!({ "id": id, "attributes": [] }));
        assert_eq!(refused, Err(SchemaError::BadSchemaId { id: id.into() })); // M43
    }
}

#[test]
fn a_set_that_does_not_fit_together_is_refused() {
    let x = json!({ "id": "urn:x:y", "attributes": [] });
    let builder = || SchemaSet::builder().schema(&x).unwrap();
    let resource_type = |name: &str, endpoint: &str, schema: &str, extensions: Value| json!({ "name": name, "endpoint": endpoint, "schema": schema, "schemaExtensions": extensions });
    assert!(matches!(builder().schema(&x), Err(SchemaError::DuplicateSchema { .. })));
    let thing = resource_type("Thing", "/Things", "urn:x:y", json!([]));
    assert!(builder().resource_type(&thing).and_then(|builder| builder.build()).is_ok());
    assert!(matches!(
        builder().resource_type(&thing).unwrap().resource_type(&thing),
        Err(SchemaError::DuplicateResourceType { .. })
    ));
    for endpoint in ["/Schemas", "/bulk", "/Me"] {
        let taken = resource_type("Thing", endpoint, "urn:x:y", json!([]));
        assert!(
            matches!(builder().resource_type(&taken), Err(SchemaError::EndpointTaken { .. })),
            "{endpoint}"
        );
    }
    for endpoint in ["Things", "/", "/a/b", "/a?b", ""] {
        let bad = resource_type("Thing", endpoint, "urn:x:y", json!([]));
        assert!(matches!(builder().resource_type(&bad), Err(SchemaError::BadField { .. })), "{endpoint}");
    }
    let unknown = resource_type("Thing", "/Things", "urn:x:z", json!([]));
    assert!(matches!(
        builder().resource_type(&unknown).unwrap().build(),
        Err(SchemaError::UnknownSchema { .. })
    ));
    let itself =
        resource_type("Thing", "/Things", "urn:x:y", json!([{ "schema": "URN:X:Y", "required": false }]));
    assert!(matches!(
        builder().resource_type(&itself).unwrap().build(),
        Err(SchemaError::DuplicateExtension { .. })
    ));
}
