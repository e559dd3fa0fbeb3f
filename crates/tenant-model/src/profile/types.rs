//! Whether the resource types of a profile and the schemas that they name fit together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scim::ScimProfile;

/// Finds the first thing that does not fit: the field inside `scim`, and why.
///
/// What the schemas say of attributes is checked by whoever knows schemas.
pub(super) fn check(scim: &ScimProfile) -> Result<(), (String, String)> {
    let mut schemas: BTreeSet<String> = STANDARD_SCHEMAS.into_iter().map(str::to_ascii_lowercase).collect();
    for (list, definitions) in [("extensions", &scim.extensions), ("schemas", &scim.schemas)] {
        for (at, definition) in definitions.iter().enumerate() {
            let wrong = |part: &str, reason: String| Err((format!("{list}[{at}]{part}"), reason));
            let Some(id) = definition.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
                return wrong("", "`id`, the URI of the schema, is missing".to_owned());
            };
            if !definition.get("attributes").is_some_and(Value::is_array) {
                return wrong("", format!("schema `{id}` has no list `attributes`"));
            }
            if !schemas.insert(id.to_ascii_lowercase()) {
                return wrong(".id", format!("schema `{id}` is defined twice"));
            }
        }
    }
    let mut types: BTreeSet<&str> = BUILT_IN_TYPES.into();
    let mut endpoints: BTreeSet<String> = BTreeSet::new();
    for (at, definition) in scim.resource_types.iter().enumerate() {
        let place = |part: &str| format!("resource_types[{at}].{part}");
        let (name, endpoint) = (definition.name.as_str(), definition.endpoint.as_str());
        if types.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err((place("name"), format!("there is a resource type `{name}` already")));
        }
        types.insert(name);
        if !endpoints.insert(endpoint.to_ascii_lowercase()) {
            return Err((place("endpoint"), format!("`{endpoint}` is the endpoint of another type already")));
        }
        let unknown = |urn: &str| format!("no schema has the URI `{urn}`; add it to `schemas`");
        if !schemas.contains(&definition.schema.to_ascii_lowercase()) {
            return Err((place("schema"), unknown(&definition.schema)));
        }
        for (index, extension) in definition.schema_extensions.iter().enumerate() {
            if !schemas.contains(&extension.schema.to_ascii_lowercase()) {
                let field = place(&format!("schemaExtensions[{index}].schema"));
                return Err((field, unknown(&extension.schema)));
            }
        }
        if !scim.resources.contains_key(name) {
            let reason = format!("`resources` does not say what may be done with `{name}`");
            return Err((place("name"), reason));
        }
    }
    for (at, definition) in scim.extensions.iter().enumerate() {
        let on = definition.get("on").map(|on| on.as_str().unwrap_or_default());
        if let Some(on) = on.filter(|on| !types.contains(on)) {
            return Err((format!("extensions[{at}].on"), format!("there is no resource type `{on}`")));
        }
        if definition.get("required").is_some_and(|required| !required.is_boolean()) {
            return Err((format!("extensions[{at}].required"), "expected true or false".to_owned()));
        }
    }
    match scim.resources.keys().find(|name| !types.contains(name.as_str())) {
        Some(name) => Err((format!("resources.{name}"), format!("there is no resource type `{name}`"))),
        None => Ok(()),
    }
}

/// RFC 7643 section 8.
const BUILT_IN_TYPES: [&str; 2] = ["Group", "User"];
const STANDARD_SCHEMAS: [&str; 3] = [
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
];
