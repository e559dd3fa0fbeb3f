//! Laws of `scim-schema`, `scim-filter` and `scim-patch`.

use scim_filter::{BindOptions, Columns, Dialect, Filter, PatchPath, UnknownAttributes};
use scim_patch::{PatchRequest, Quirks};
use scim_schema::{CheckOptions, Projection, Resource, ResourceType, SchemaSet, ScimError, is_unassigned};
use serde_json::{Value, json};

/// Whatever text is given as a filter, what is read prints as text that is read the same, and what is strict is read
/// the same where loose strings are; binding, evaluating and translating it never panic.
///
/// # Panics
/// When a printed filter is refused or read as another.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let limits = scim_filter::Limits::default();
    let strict = Filter::parse(text, &limits);
    let loose = Filter::parse_loose(text, &limits);
    if let Ok(strict) = &strict {
        assert_eq!(loose.as_ref(), Ok(&(strict.clone(), false)), "a strict filter is read otherwise");
    }
    let Ok((filter, _)) = loose else {
        return;
    };
    let printed = filter.to_string();
    match Filter::parse(&printed, &limits) {
        Ok(again) => assert_eq!(filter, again, "{printed}"),
        // Escapes and brackets make the text longer; nothing else may stop it.
        Err(error) => assert!(printed.len() > text.len(), "{printed}: {error}"),
    }
    let schemas = SchemaSet::standard();
    for resource_type in schemas.resource_types() {
        for string_booleans in [false, true] {
            let options = BindOptions { string_booleans, unknown_attributes: UnknownAttributes::NoValue };
            let Ok(bound) = filter.bind(resource_type, &options) else {
                continue;
            };
            let resource = sample(resource_type);
            assert_eq!(bound.matches(&resource), bound.matches(&resource));
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                // No column: all is answered by the document, or refused.
                let _ = bound.to_sql(dialect, &Columns::new().document("d"), 1);
            }
        }
    }
}

/// Whatever text is given as the path of a PATCH, what is read prints as text that is read the same.
///
/// # Panics
/// When a printed path is refused or read as another.
pub fn patch_path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let limits = scim_filter::Limits::default();
    let Ok(path) = PatchPath::parse(text, &limits) else {
        return;
    };
    let printed = path.to_string();
    match PatchPath::parse(&printed, &limits) {
        Ok(again) => assert_eq!(path, again, "{printed}"),
        Err(error) => assert!(printed.len() > text.len(), "{printed}: {error}"),
    }
}

/// Whatever body is sent as a PATCH, applying it changes the resource exactly if it says so, leaves a resource that its
/// schema takes, and says why it fails; what needs no quirk is the same without.
///
/// # Panics
/// When the changes that are told aren't those that were made, the result is no good resource, or an error has no
/// answer.
pub fn patch(bytes: &[u8]) {
    let schemas = SchemaSet::standard();
    for quirks in [Quirks::strict(), Quirks::okta(), Quirks::entra(), Quirks::tolerant()] {
        let Ok(request) = PatchRequest::parse(bytes, quirks, &scim_patch::Limits::default()) else {
            continue;
        };
        for resource_type in schemas.resource_types() {
            let before = sample(resource_type);
            match scim_patch::apply(&before, &request, resource_type) {
                Ok(patched) => {
                    assert_eq!(patched.changed(), patched.resource != before, "{:?}", patched.touched);
                    let again = scim_patch::apply(&before, &request, resource_type);
                    assert_eq!(again.as_ref(), Ok(&patched), "the same PATCH made something else");
                    if patched.quirks.is_empty() {
                        let strict =
                            PatchRequest::parse(bytes, Quirks::strict(), &scim_patch::Limits::default());
                        let strict =
                            strict.and_then(|strict| scim_patch::apply(&before, &strict, resource_type));
                        assert_eq!(strict.as_ref(), Ok(&patched), "a quirk that isn't told had an effect");
                    }
                    check_patched(&before, patched.resource, resource_type);
                }
                Err(error) => assert!([400, 413].contains(&error.status()), "{error}"),
            }
            // The deltas of a group need no group; whether they do the same is shown elsewhere.
            if let Err(error) = scim_patch::plan(&request, resource_type) {
                assert!([400, 413].contains(&error.status()), "{error}");
            }
        }
    }
}

fn check_patched(before: &Resource, after: Resource, resource_type: &ResourceType) {
    assert_eq!(after.id(), before.id());
    for (name, value) in after.as_map() {
        assert!(!is_unassigned(value), "{name} is left unassigned");
        let elements = value.as_array().into_iter().flatten();
        let primaries = elements.filter(|element| element.get("primary") == Some(&Value::Bool(true))).count();
        assert!(primaries <= 1, "{name} has {primaries} primaries");
    }
    let mut options = CheckOptions::default();
    options.unknown_attributes = scim_schema::UnknownAttributes::Reject;
    let checked = resource_type.check_patched(after, before, &options);
    assert!(checked.is_ok(), "{checked:?}");
}

/// Whatever body is sent as a resource, what passes the check passes it again unchanged, and a projection of a
/// projection is the projection.
///
/// # Panics
/// When checking or projecting twice gives something else than once.
pub fn resource(bytes: &[u8]) {
    let schemas = SchemaSet::standard();
    for resource_type in schemas.resource_types() {
        let Ok(sent) = Resource::parse(bytes, resource_type, &scim_schema::Limits::default()) else {
            continue;
        };
        let options = CheckOptions::default();
        let Ok(checked) = resource_type.check_create(sent, &options) else {
            continue;
        };
        let again = resource_type.check_create(checked.resource.clone(), &options);
        let again = again.unwrap_or_else(|error| panic!("a checked resource is refused: {error}"));
        assert_eq!(checked.resource, again.resource, "checking twice changes the resource");
        let projection = Projection::standard(resource_type);
        let once = projection.project(&checked.resource).to_resource();
        let twice = projection.project(&once).to_resource();
        assert_eq!(once, twice, "projecting twice changes the resource");
        let written =
            serde_json::to_value(projection.project(&checked.resource)).expect("a resource is written");
        assert_eq!(written, once.into_value(), "what is written isn't what is projected");
    }
}

/// Where fuzzing of filters and paths starts.
pub fn filter_seeds() -> Vec<Vec<u8>> {
    [
        "userName eq \"bjensen\"",
        "title pr and userType eq \"Employee\"",
        "userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")",
        "emails[type eq \"work\" and value co \"@example.com\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]",
        "meta.lastModified gt \"2011-05-13T04:42:34Z\"",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber sw \"7\"",
        "active eq true",
        "members[value eq \"2819c223\"].display",
        "addresses[type eq \"work\"]",
        "name.familyName",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// Where fuzzing of PATCH bodies starts.
pub fn patch_seeds() -> Vec<Vec<u8>> {
    let operations = [
        json!([{"op": "replace", "path": "active", "value": false}]),
        json!([{"op": "Replace", "path": "active", "value": "False"}]),
        json!([{"op": "add", "path": "emails", "value": [{"value": "b@example.com", "type": "home", "primary": true}]}]),
        json!([{"op": "remove", "path": "emails[type eq \"work\"].value"}]),
        json!([{"op": "add", "value": {"name.familyName": "Jensen", "title": "Dr"}}]),
        json!([{"op": "remove", "path": "members", "value": [{"value": "1"}]}]),
        json!([{"op": "replace", "path": "emails[type eq \"other\"].value", "value": "c@example.com"}]),
        json!([{"op": "replace", "value": {"id": "1", "displayName": "Sales"}}]),
    ];
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    operations
        .iter()
        .map(|list| json!({"schemas": schemas, "Operations": list}).to_string().into_bytes())
        .collect()
}

/// Where fuzzing of resources starts.
pub fn resource_seeds() -> Vec<Vec<u8>> {
    let schemas = SchemaSet::standard();
    let samples = schemas.resource_types().iter().map(|resource_type| sample(resource_type).into_value());
    samples.map(|sample| sample.to_string().into_bytes()).collect()
}

/// A resource with something in it to be found and changed.
fn sample(resource_type: &ResourceType) -> Resource {
    let fields: Value = json!({
        "schemas": [resource_type.schema().id()],
        "id": "1",
        "externalId": "x",
        "userName": "bjensen",
        "displayName": "Babs Jensen",
        "name": {"familyName": "Jensen", "givenName": "Barbara"},
        "active": true,
        "emails": [
            {"value": "bjensen@example.com", "type": "work", "primary": true},
            {"value": "babs@example.org", "type": "home"},
        ],
        "members": [{"value": "1", "display": "Babs"}, {"value": "2"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "701984"},
    });
    let Value::Object(mut fields) = fields else {
        unreachable!("an object was written");
    };
    fields.retain(|name, _| {
        ["schemas", "id", "externalId"].contains(&name.as_str())
            || resource_type.attribute(name).is_some()
            || resource_type.extension(name).is_some()
    });
    Resource::from_map(fields, resource_type)
}
