//! What the answer to a PATCH holds.

use scim_patch::{Limits, PatchRequest, Quirks, apply};
use scim_schema::{Projection, Resource, SchemaSet};
use serde_json::json;
use testkit::scim_patch::message;

// S30
#[test]
fn what_a_patch_names_is_answered_even_if_it_is_returned_on_request_only() {
    let set = SchemaSet::builder()
        .schema(&json!({ "id": "urn:example:Room", "attributes": [
            { "name": "code", "returned": "request" }, { "name": "plan", "returned": "request" }
        ] }))
        .and_then(|set| {
            set.resource_type(&json!({ "name": "Room", "endpoint": "/Rooms", "schema": "urn:example:Room" }))
        })
        .and_then(|set| set.build())
        .expect("a schema");
    let room = set.resource_type("Room").expect("Room");
    let stored = json!({ "schemas": ["urn:example:Room"], "id": "1", "code": "a", "plan": "p" });
    let stored = Resource::from_stored(stored.as_object().expect("an object").clone());
    // The same value again: nothing changes, and it is answered all the same.
    let body = message(&json!([{ "op": "replace", "path": "CODE", "value": "a" }])).to_string();
    let request =
        PatchRequest::parse(body.as_bytes(), Quirks::strict(), &Limits::default()).expect("a PATCH");
    let patched = apply(&stored, &request, room).expect("good");
    assert!(!patched.changed());
    let answer = Projection::standard(room).with_requested(&patched.touched);
    let shown = answer.project(&patched.resource).to_map();
    assert_eq!(shown.get("code"), Some(&json!("a")));
    assert!(!shown.contains_key("plan"));
}
