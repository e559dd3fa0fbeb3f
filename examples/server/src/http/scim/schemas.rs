//! The schemas and resource types of a tenant, made from its capabilities.

use axum::http::StatusCode;
use scim_schema::{Schema, SchemaError, SchemaSet, urn};
use serde_json::{Map, Value, json};
use tenant_model::{Capabilities, ResourceTypeDefinition};

use super::call::{GROUP, USER};
use super::fault::Fault;
use super::leniency::Leniency;
use super::overrides;

/// The schemas and resource types that a tenant has.
pub(crate) fn of_tenant(capabilities: &Capabilities) -> Result<SchemaSet, Fault> {
    build(capabilities).map_err(|error| {
        tracing::error!(%error, "a tenant's schemas are not usable");
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server.schemas",
            "the schemas of this tenant are not usable; the server's log says why",
        )
    })
}

/// Finds what is wrong with the SCIM part of a profile in the eyes of the SCIM crates. Whoever reads profiles asks this
/// before a tenant is made of one.
///
/// # Errors
/// The first mistake: the field, such as `scim.schemas[0]`, and why.
pub(crate) fn check_schemas(capabilities: &Capabilities) -> Result<(), (String, String)> {
    check(capabilities).map_err(|(field, reason)| (format!("scim.{field}"), reason))
}

fn check(capabilities: &Capabilities) -> Result<(), (String, String)> {
    for (list, definitions) in [("extensions", &capabilities.extensions), ("schemas", &capabilities.schemas)]
    {
        for (at, definition) in definitions.iter().enumerate() {
            let schema = Schema::from_json(&own_fields(definition));
            schema.map_err(|error| (format!("{list}[{at}]"), error.to_string()))?;
        }
    }
    let set = build(capabilities).map_err(|error| ("resource_types".to_owned(), error.to_string()))?;
    let known = |path: &str| set.resource_types().iter().any(|kind| kind.resolve_attribute(path).is_ok());
    let unknown = |path: &str| format!("no resource type has the attribute `{path}`");
    for (list, paths) in [("sensitive", &capabilities.sensitive), ("unique", &capabilities.unique)] {
        if let Some((at, path)) = paths.iter().enumerate().find(|(_, path)| !known(path.as_str())) {
            return Err((format!("{list}[{at}]"), unknown(path.as_str())));
        }
    }
    for (at, change) in capabilities.overrides.iter().enumerate() {
        if !known(change.attr.as_str()) {
            return Err((format!("overrides[{at}].attr"), unknown(change.attr.as_str())));
        }
    }
    match capabilities.quirk_switches.keys().find(|name| !Leniency::knows(name.as_str())) {
        Some(name) => Err((format!("quirk_switches.{name}"), format!("there is no switch `{name}`"))),
        None => Ok(()),
    }
}

fn build(capabilities: &Capabilities) -> Result<SchemaSet, SchemaError> {
    let mut set = overrides::of_users(SchemaSet::builder(), &capabilities.overrides)?;
    for definition in capabilities.extensions.iter().chain(&capabilities.schemas) {
        set = set.schema(&own_fields(definition))?;
    }
    let standard =
        [(USER, "/Users", "User account", urn::USER), (GROUP, "/Groups", "Group of users", urn::GROUP)];
    for (name, endpoint, description, schema) in standard {
        if capabilities.resources.contains_key(name) {
            let mut extensions = Vec::new();
            if name == USER {
                extensions.push(json!({ "schema": urn::ENTERPRISE_USER, "required": false }));
            }
            extensions.extend(extensions_on(capabilities, name));
            set = set
                .resource_type(&json!({ "name": name, "endpoint": endpoint, "description": description,
                "schema": schema, "schemaExtensions": extensions }))?;
        }
    }
    for own in &capabilities.resource_types {
        set = set.resource_type(&definition(own, capabilities))?;
    }
    set.build()
}

fn definition(own: &ResourceTypeDefinition, capabilities: &Capabilities) -> Value {
    let named = own.schema_extensions.iter();
    let named = named.map(|used| json!({ "schema": used.schema, "required": used.required }));
    let extensions: Vec<Value> = named.chain(extensions_on(capabilities, own.name.as_str())).collect();
    json!({
        "name": own.name.as_str(),
        "endpoint": own.endpoint.as_str(),
        "description": own.description.as_deref().unwrap_or_default(),
        "schema": own.schema,
        "schemaExtensions": extensions,
    })
}

/// The extensions whose definitions name a resource type; without a name they are of users.
fn extensions_on(capabilities: &Capabilities, name: &str) -> impl Iterator<Item = Value> {
    capabilities.extensions.iter().filter_map(move |definition| {
        let on = definition.get("on").and_then(Value::as_str).unwrap_or(USER);
        let required = definition.get("required").and_then(Value::as_bool).unwrap_or_default();
        let id = definition.get("id").filter(|_| on == name)?;
        Some(json!({ "schema": id, "required": required }))
    })
}

/// A definition without what only profiles have.
fn own_fields(definition: &Value) -> Value {
    let fields = definition.as_object().map(|fields| {
        let fields = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "on" | "required"));
        fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<String, Value>>()
    });
    fields.map_or_else(|| definition.clone(), Value::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &Value) -> Option<(String, String)> {
        check(&serde_json::from_value(json.clone()).unwrap()).err()
    }

    #[test]
    fn what_the_crates_would_refuse_is_found_before_a_tenant_is_made() {
        let good = json!({
            "resources": { "User": [], "Device": [] },
            "schemas": [{ "id": "urn:x:Device", "name": "Device", "attributes": [{ "name": "serial" }] }],
            "resource_types": [{ "name": "Device", "endpoint": "/Devices", "schema": "urn:x:Device" }],
            "unique": ["serial"], "sensitive": ["userName"], "quirk_switches": { "path_keys": false },
        });
        assert_eq!(problem(&good), None);
        for (pointer, wrong, field, reason) in [
            ("/schemas/0/attributes/0/name", json!("no name"), "schemas[0]", "not an attribute name"),
            ("/schemas/0/attributes/0", json!({ "name": "a", "type": "text" }), "schemas[0]", "type"),
            ("/unique/0", json!("serials"), "unique[0]", "no resource type has the attribute `serials`"),
            ("/sensitive/0", json!("user"), "sensitive[0]", "`user`"),
            ("/quirk_switches", json!({ "pathkeys": true }), "quirk_switches.pathkeys", "no switch"),
            ("/resource_types/0/schema", json!("urn:x:Thing"), "resource_types", "urn:x:Thing"),
        ] {
            let mut json = good.clone();
            *json.pointer_mut(pointer).unwrap() = wrong;
            let (found, text) = problem(&json).unwrap();
            assert_eq!(found, field, "{text}");
            assert!(text.contains(reason), "{text}");
        }
    }
}
