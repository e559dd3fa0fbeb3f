//! What a PATCH does with schemas that are legal and rare.

#![expect(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "test helpers")]

use scim_patch::{Limits, PatchError, PatchRequest, Patched, Quirks, apply};
use scim_schema::{Resource, SchemaSet, ScimError};
use serde_json::{Value, json};
use testkit::scim_patch::message;

fn patch(stored: Value, operations: Value) -> Result<(Resource, Patched), PatchError> {
    let extension = |id: &str, required: bool| json!({ "id": id, "attributes": [{ "name": "owner", "required": required }, { "name": "note" }] });
    let set = SchemaSet::builder()
        .schema(&json!({ "id": "urn:example:Thing", "attributes": [
            { "name": "photo", "type": "complex", "subAttributes": [
                { "name": "uri", "required": true }, { "name": "width", "type": "integer" }, { "name": "title" }
            ] },
            { "name": "keys", "type": "complex", "multiValued": true, "subAttributes": [
                { "name": "value" }, { "name": "code", "returned": "never" }
            ] },
        ] }))
        .and_then(|set| set.schema(&extension("urn:example:Owned", true)))
        .and_then(|set| set.schema(&extension("urn:example:Noted", false)))
        .and_then(|set| {
            set.resource_type(&json!({
                "name": "Thing", "endpoint": "/Things", "schema": "urn:example:Thing", "schemaExtensions": [
                    { "schema": "urn:example:Owned", "required": true },
                    { "schema": "urn:example:Noted", "required": true },
                ],
            }))
        })
        .and_then(|set| set.build())
        .unwrap();
    let stored = Resource::from_stored(stored.as_object().unwrap().clone());
    let body = message(&operations).to_string();
    let request = PatchRequest::parse(body.as_bytes(), Quirks::strict(), &Limits::default())?;
    apply(&stored, &request, set.resource_type("Thing").unwrap()).map(|patched| (stored, patched))
}

fn refusal(stored: Value, operations: Value) -> Option<&'static str> {
    patch(stored, operations).err().map(|error| error.code())
}

#[test]
fn a_required_extension_does_not_go() {
    let stored = || json!({ "urn:example:Owned": { "owner": "a" }, "urn:example:Noted": { "note": "n" } });
    let whole = |urn: &str| json!([{ "op": "remove", "path": urn }]);
    assert_eq!(refusal(stored(), whole("urn:example:Owned")), Some("scim.patch.required_removed"));
    assert_eq!(refusal(stored(), whole("urn:example:Noted")), Some("scim.patch.required_missing"));
    let last = json!([{ "op": "remove", "path": "urn:example:Noted:note" }]);
    assert_eq!(refusal(stored(), last), Some("scim.patch.required_missing"));
}

#[test]
fn null_in_an_added_complex_value_is_not_given() {
    // P09
    let stored = json!({ "photo": { "uri": "u", "width": 3 } });
    let add = json!([{ "op": "add", "path": "photo", "value": { "title": "t", "width": null } }]);
    let (_, patched) = patch(stored, add).unwrap();
    assert_eq!(patched.resource.into_value(), json!({ "photo": { "uri": "u", "width": 3, "title": "t" } }));
}

#[test]
fn what_was_incomplete_before_and_stays_as_it_was_is_nobodys_fault() {
    let stored = || json!({ "photo": { "width": 3 } });
    let width = |width: i64| json!([{ "op": "replace", "path": "photo.width", "value": width }]);
    assert!(!patch(stored(), width(3)).unwrap().1.changed());
    assert_eq!(refusal(stored(), width(4)), Some("scim.patch.required_missing"));
}

#[test]
fn a_part_that_is_never_returned_is_not_told() {
    // S29, M33
    let stored = json!({ "keys": [{ "value": "a", "code": "1234" }] });
    let (before, patched) = patch(stored, json!([{ "op": "remove", "path": "keys" }])).unwrap();
    let changes = patched.changes(&before);
    assert_eq!(changes[0].before, Some(json!({ "value": "a" })));
    assert!(changes[0].concealed);
}
