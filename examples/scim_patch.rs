//! A PATCH as Microsoft Entra ID sends it, applied to a user, with what changed and what had to be tolerated.
//!
//! ```text
//! cargo run --package examples --example scim_patch
//! ```

use std::error::Error;
use std::io::Write;

use scim_patch::{Limits, PatchRequest, Quirks, apply};
use scim_schema::{Resource, SchemaSet};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let schemas = SchemaSet::standard();
    let user = schemas.resource_type("User").ok_or("the standard schemas have users")?;
    let Value::Object(fields) = json!({
        "id": "2819c223", "userName": "alice", "active": true,
        "emails": [{"type": "work", "value": "alice@example.com", "primary": true}],
    }) else {
        return Err("an object".into());
    };
    let alice = Resource::from_map(fields, user);

    let body = br#"{
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "Replace", "path": "active", "value": "False"},
            {"op": "Add", "path": "emails[type eq \"home\"].value", "value": "alice@example.org"}
        ]
    }"#;
    let request = PatchRequest::parse(body, Quirks::entra(), &Limits::default())?;
    let patched = apply(&alice, &request, user)?;
    for change in patched.changes(&alice) {
        writeln!(out, "changed    {}", change.path)?;
    }
    for tolerated in &patched.quirks {
        writeln!(out, "tolerated  {}", tolerated.quirk.as_str())?;
    }
    writeln!(out, "{}", serde_json::to_string_pretty(patched.resource.as_map())?)?;

    // The same without tolerance: the error says which operation, and what to answer.
    let strict = PatchRequest::parse(body, Quirks::strict(), &Limits::default());
    let refused = strict.and_then(|request| apply(&alice, &request, user));
    if let Err(error) = refused {
        writeln!(out, "strictly   {error}")?;
    }
    Ok(())
}
