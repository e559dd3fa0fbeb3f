//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use super::fault::Fault;
use crate::http::answer::{Answer, typed};

/// Answers a discovery path; the first segment is one of the three.
pub(super) fn answer(call: &Call<'_>, segments: &[&str]) -> Result<Answer, Fault> {
    let found = match segments {
        ["ServiceProviderConfig"] => Some(service_provider_config(call)),
        ["ResourceTypes"] => Some(list(call, &resource_types(call))?),
        ["ResourceTypes", name] => call.schemas.resource_type(name).map(|kind| kind.to_json(&call.base_url)),
        ["Schemas"] => Some(list(call, &schemas(call))?),
        ["Schemas", id] => call.schemas.schema(id).map(|schema| schema.to_json(&call.base_url)),
        _ => None,
    };
    let found = found.ok_or_else(|| Fault::unknown("such schema or resource type"))?;
    // RFC 7643 5, 6, 7: discovery resources are read-only.
    if call.parts.method != Method::GET {
        return Err(Fault::method("GET"));
    }
    Ok(typed(StatusCode::OK, super::MEDIA_TYPE, found.to_string()))
}

/// RFC 7644 4: a filter is refused, other query parameters are ignored.
fn list(call: &Call<'_>, resources: &[Value]) -> Result<Value, Fault> {
    if call.query.any_case("filter").is_some() {
        return Err(Fault::new(StatusCode::FORBIDDEN, "M25", "schemas and resource types take no filter"));
    }
    Ok(json!({
        "schemas": [scim_schema::urn::LIST_RESPONSE],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    }))
}

fn resource_types(call: &Call<'_>) -> Vec<Value> {
    call.schemas.resource_types().iter().map(|kind| kind.to_json(&call.base_url)).collect()
}

fn schemas(call: &Call<'_>) -> Vec<Value> {
    call.schemas.schemas().iter().map(|schema| schema.to_json(&call.base_url)).collect()
}

fn service_provider_config(call: &Call<'_>) -> Value {
    let capabilities = call.capabilities();
    let patch = capabilities
        .resources
        .values()
        .any(|operations| operations.contains(&tenant_model::Operation::Patch));
    json!({
        "schemas": [scim_schema::urn::SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": patch },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": capabilities.page.max_size() },
        "changePassword": { "supported": false },
        "sort": { "supported": capabilities.sort },
        "etag": { "supported": capabilities.etag },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token that an admin makes and pastes into the identity provider",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", call.base_url),
        },
    })
}
