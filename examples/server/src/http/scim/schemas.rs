//! The schemas of a tenant, made from its capabilities.

use axum::http::StatusCode;
use scim_schema::{SchemaError, SchemaSet};
use serde_json::Value;
use tenant_model::Capabilities;

use super::call::{GROUP, USER};
use super::fault::Fault;

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

/// Checks the schemas of a profile: the field that is wrong, and why.
pub(crate) fn check(capabilities: &Capabilities) -> Result<(), (String, String)> {
    for (place, _) in capabilities.extensions.iter().enumerate() {
        let first = capabilities.extensions.iter().take(place.saturating_add(1)).cloned().collect();
        let these = Capabilities { extensions: first, ..capabilities.clone() };
        build(&these).map_err(|error| (format!("scim.extensions[{place}]"), error.to_string()))?;
    }
    build(capabilities).map(|_| ()).map_err(|error| ("scim".to_owned(), error.to_string()))
}

fn build(capabilities: &Capabilities) -> Result<SchemaSet, SchemaError> {
    let mut set = SchemaSet::builder();
    let mut extensions: Vec<String> = Vec::new();
    for definition in &capabilities.extensions {
        let mut schema = definition.clone();
        let on = schema.as_object_mut().and_then(|fields| fields.remove("on"));
        if on.as_ref().and_then(Value::as_str).is_none_or(|on| on == USER)
            && let Some(id) = schema.get("id").and_then(Value::as_str)
        {
            extensions.push(id.to_owned());
        }
        set = set.schema(&schema)?;
    }
    if capabilities.resources.contains_key(USER) {
        let extensions: Vec<&str> = extensions.iter().map(String::as_str).collect();
        set = set.user(&extensions)?;
    }
    if capabilities.resources.contains_key(GROUP) {
        set = set.group()?;
    }
    set.build()
}
