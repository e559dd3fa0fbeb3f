//! What a service answers: errors by name, lists of several resource types, circles of bulk references, secrets in
//! parts of attributes.
#![expect(clippy::expect_used, reason = "test helpers")]

use std::sync::Arc;

use scim_schema::message::{BulkIds, Error, ListResponse, SearchRequest, version_segment};
use scim_schema::{
    CheckError, CheckOptions, Checked, Notice, Projection, Resource, ResourceType, SchemaError, SchemaSet,
    SortOrder, compare_sort_keys, sort_key,
};
use serde_json::{Map, Value, json};

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[test]
fn every_answer_of_the_protocol_has_its_status_and_type() {
    // M20, M21, M22, M25, M27, M31, M39, M40, M45
    for (error, status, scim_type) in [
        (Error::too_many(200), "400", Some("tooMany")),
        (Error::unsupported_version(), "400", Some("invalidVers")),
        (Error::unauthorized(), "401", None),
        (Error::forbidden(), "403", None),
        (Error::sensitive(), "403", Some("sensitive")),
        (Error::filter_on_discovery(), "403", None),
        (Error::not_found("User", "1"), "404", None),
        (Error::method_not_allowed(), "405", None),
        (Error::taken("userName"), "409", Some("uniqueness")),
        (Error::precondition_failed(), "412", None),
        (Error::not_implemented("/Me"), "501", None),
    ] {
        let body = error.to_json();
        assert_eq!(body.get("schemas"), Some(&json!([scim_schema::urn::ERROR])));
        assert_eq!(body.get("status"), Some(&json!(status)));
        assert_eq!(body.get("scimType").and_then(Value::as_str), scim_type, "{body}");
        assert!(body.get("detail").and_then(Value::as_str).is_some_and(|detail| !detail.is_empty()));
    }
}

#[test]
fn a_version_that_is_not_served_is_refused_and_no_other_segment() {
    // M22
    assert_eq!(version_segment("v2"), Ok(true));
    for version in ["v1", "v3", "V1", "v1.1", "v2.1", "v20"] {
        assert_eq!(version_segment(version), Err(Error::unsupported_version()), "{version}");
    }
    for other in ["", "v", "v2x", "version", "Users", "2", "v1.", "v1.1.1"] {
        assert_eq!(version_segment(other), Ok(false), "{other}");
    }
}

#[test]
fn a_list_of_several_types_knows_each_attribute_where_it_is() {
    // M05, M06, M09: what a type does not have has no value there, and is no error.
    let set = SchemaSet::standard();
    let (user, group) =
        (set.resource_type("User").expect("User"), set.resource_type("Group").expect("Group"));
    let query = [("attributes", "userName,members"), ("sortBy", "userName")];
    let search = SearchRequest::from_query(query).expect("a query");
    let stored = [
        (
            group,
            Resource::from_stored(object(
                &json!({ "id": "g", "displayName": "G", "members": [{ "value": "b" }] }),
            )),
        ),
        (user, Resource::from_stored(object(&json!({ "id": "b", "userName": "B", "displayName": "x" })))),
        (user, Resource::from_stored(object(&json!({ "id": "a", "userName": "a" })))),
    ];
    let projections: Vec<Projection> =
        stored.iter().map(|(of, _)| search.projection(of).expect("one of the two")).collect();
    assert_eq!(projections[0].unknown(), ["userName"]);
    let by = search.sort_by.as_deref().expect("sorted");
    let paths: Vec<_> = stored.iter().map(|(of, _)| of.resolve_attribute(by).ok()).collect();
    for (order, expected) in
        [(SortOrder::Ascending, ["a", "b", "g"]), (SortOrder::Descending, ["g", "b", "a"])]
    {
        let keys: Vec<_> = stored
            .iter()
            .zip(&paths)
            .map(|((_, resource), path)| path.as_ref().and_then(|path| sort_key(resource, path)))
            .collect();
        let mut places = [0, 1, 2];
        places.sort_by(|a: &usize, b: &usize| compare_sort_keys(keys[*a].as_ref(), keys[*b].as_ref(), order));
        let page: Vec<_> =
            places.iter().map(|place| projections[*place].project(&stored[*place].1)).collect();
        let list = serde_json::to_value(ListResponse::by_index(page, 3, 1)).expect("JSON");
        let ids: Vec<_> =
            list["Resources"].as_array().expect("a list").iter().map(|r| r["id"].clone()).collect();
        assert_eq!(ids, expected);
        if order == SortOrder::Ascending {
            assert_eq!(
                list["Resources"],
                json!([
                    { "id": "a", "userName": "a" },
                    { "id": "b", "userName": "B" },
                    { "id": "g", "members": [{ "value": "b" }] },
                ])
            );
        }
    }
}

#[test]
fn a_page_counts_all_matches_and_not_its_own() {
    // M08
    let list = ListResponse::by_index(vec![json!({}), json!({})], 7, 3);
    let list = serde_json::to_value(list).expect("JSON");
    assert_eq!(
        (&list["totalResults"], &list["itemsPerPage"], &list["startIndex"]),
        (&json!(7), &json!(2), &json!(3))
    );
}

#[test]
fn a_circle_is_made_by_leaving_out_what_has_no_id_yet() {
    // M35
    let whole = json!({
        "displayName": "A",
        "members": [{ "value": "bulkId:b", "type": "Group" }, { "value": "bulkId:u" }, { "value": "7" }],
        "manager": { "value": "bulkId:b", "displayName": "B" },
        "urn:example:X": { "owner": "bulkId:b", "team": "bulkId:u" },
        "urn:example:Y": { "owner": "bulkId:b" },
    });
    let mut ids = BulkIds::default();
    ids.insert("u", "1");
    let mut first = object(&whole);
    assert!(ids.defer(&mut first));
    assert_eq!(
        Value::Object(first),
        json!({ "displayName": "A", "members": [{ "value": "1" }, { "value": "7" }], "urn:example:X": { "team": "1" } })
    );
    // Once all have ids nothing is left out, and the data is that of `resolve`.
    ids.insert("b", "2");
    let mut second = object(&whole);
    assert!(!ids.defer(&mut second));
    let mut resolved = whole;
    ids.resolve(&mut resolved).expect("known");
    assert_eq!(Value::Object(second), resolved);
    // An attribute of which nothing is left goes; one that was empty stays for the check.
    let mut all = object(&json!({ "members": [{ "value": "bulkId:z" }], "emails": [] }));
    assert!(ids.defer(&mut all));
    assert_eq!(Value::Object(all), json!({ "emails": [] }));
}

fn vault(attribute: &Value) -> Result<SchemaSet, SchemaError> {
    SchemaSet::builder()
        .schema(&json!({ "id": "urn:x:y", "attributes": [{ "name": "name" }, attribute] }))?
        .resource_type(&json!({ "name": "Vault", "endpoint": "/Vaults", "schema": "urn:x:y" }))?
        .build()
}

fn key_pair(required: bool) -> Arc<ResourceType> {
    let attribute = json!({ "name": "key", "type": "complex", "subAttributes": [
        { "name": "public" },
        { "name": "secret", "mutability": "writeOnly", "required": required },
    ] });
    vault(&attribute).expect("a schema").resource_type("Vault").expect("Vault").clone()
}

fn sent(fields: &Value, of: &ResourceType) -> Resource {
    let mut fields = object(fields);
    fields.insert("schemas".into(), json!(["urn:x:y"]));
    Resource::from_map(fields, of)
}

fn secrets(checked: &Checked) -> Vec<(String, Value)> {
    checked.write_only.iter().map(|(path, value)| (path.to_string(), value.clone())).collect()
}

#[test]
fn a_write_only_part_is_set_apart_and_never_stored() {
    // S27, S44
    let vault = key_pair(false);
    let options = CheckOptions::default();
    let create = |fields: Value| vault.check_create(sent(&fields, &vault), &options);
    let checked = create(json!({ "key": { "public": "p", "SECRET": "s" } })).expect("good");
    assert_eq!(checked.resource.as_map()["key"], json!({ "public": "p" }));
    assert_eq!(secrets(&checked), [("key.secret".to_owned(), json!("s"))]);
    assert!(!format!("{checked:?}").contains("\"s\""));
    // Alone it leaves nothing behind; null clears, and what is left out stays.
    let checked = create(json!({ "key": { "secret": "s" } })).expect("good");
    assert!(!checked.resource.as_map().contains_key("key"));
    assert_eq!(secrets(&checked).len(), 1);
    let checked = create(json!({ "key": { "public": "p", "secret": null } })).expect("good");
    assert_eq!(secrets(&checked), [("key.secret".to_owned(), Value::Null)]);
    assert_eq!(secrets(&create(json!({ "key": { "public": "p" } })).expect("good")), []);
    let empty = create(json!({ "key": { "secret": "" } }));
    assert_eq!(empty, Err(CheckError::Empty { path: "key.secret".into() }));
}

#[test]
fn a_required_write_only_part_is_needed_once() {
    // S27, M14, M15
    let vault = key_pair(true);
    let options = CheckOptions::default();
    let missing = Err(CheckError::Missing { path: "key.secret".into() });
    let with = |key: Value| sent(&json!({ "key": key }), &vault);
    let stored = with(json!({ "public": "p" }));
    assert_eq!(vault.check_create(with(json!({ "public": "p" })), &options), missing);
    assert!(vault.check_create(with(json!({ "public": "p", "secret": "s" })), &options).is_ok());
    assert!(vault.check_create(with(json!({ "secret": "s" })), &options).is_ok());
    assert!(vault.check_create(sent(&json!({ "name": "n" }), &vault), &options).is_ok());
    assert!(vault.check_replace(with(json!({ "public": "q" })), &stored, &options).is_ok());
    assert_eq!(
        vault.check_replace(with(json!({ "public": "q", "secret": null })), &stored, &options),
        missing
    );
}

#[test]
fn a_write_only_attribute_is_set_apart_with_all_its_parts() {
    // S27: not its parts one by one and then itself as cleared.
    let attribute = json!({ "name": "login", "type": "complex", "required": true, "mutability": "writeOnly",
        "returned": "never", "subAttributes": [
            { "name": "pin", "mutability": "writeOnly", "returned": "never", "required": true }, { "name": "hint" },
        ] });
    let set = vault(&attribute).expect("a schema");
    let vault = set.resource_type("Vault").expect("Vault");
    let create = |fields: Value| vault.check_create(sent(&fields, vault), &CheckOptions::default());
    let login = json!({ "pin": "1", "hint": "one" });
    let checked = create(json!({ "login": login })).expect("good");
    assert_eq!(secrets(&checked), [("login".to_owned(), login)]);
    let missing = create(json!({ "login": { "hint": "one" } }));
    assert_eq!(missing, Err(CheckError::Missing { path: "login.pin".into() }));
}

#[test]
fn a_list_cannot_have_write_only_parts() {
    // S27: nobody could say which of the values a secret belongs to.
    let attribute = json!({ "name": "keys", "type": "complex", "multiValued": true, "subAttributes": [
        { "name": "secret", "mutability": "writeOnly" },
    ] });
    let error = vault(&attribute).expect_err("refused");
    assert!(matches!(error, SchemaError::BadField { at, field: "mutability", .. } if at == "keys.secret"));
}

#[test]
fn contacts_are_stored_as_sent_unless_canonical_form_is_wanted() {
    // S37
    let set = SchemaSet::standard();
    let user = set.resource_type("User").expect("User");
    let fields = json!({
        "schemas": [scim_schema::urn::USER], "userName": "B@Example.COM",
        "emails": [{ "value": "B@Example.COM" }], "phoneNumbers": [{ "value": "+1 201" }, { "value": "555" }],
    });
    let check = |canonical: bool| {
        let mut options = CheckOptions::default();
        options.canonical_contacts = canonical;
        user.check_create(Resource::from_map(object(&fields), user), &options).expect("a user")
    };
    let as_sent = check(false);
    assert_eq!(as_sent.resource.as_map()["emails"], fields["emails"]);
    assert_eq!(as_sent.resource.as_map()["phoneNumbers"], fields["phoneNumbers"]);
    assert!(as_sent.notices.is_empty());
    let canonical = check(true);
    let map = canonical.resource.as_map();
    assert_eq!(map["emails"], json!([{ "value": "B@example.com" }]));
    assert_eq!(map["phoneNumbers"], json!([{ "value": "tel:+1-201" }, { "value": "555" }]));
    assert_eq!(map["userName"], "B@Example.COM");
    let noted = |path: &str| canonical.notices.contains(&Notice::Canonicalized { path: path.into() });
    assert!(noted("emails.value") && noted("phoneNumbers.value"));
}
