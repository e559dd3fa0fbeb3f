//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`.

use axum::http::{Method, StatusCode};
use scim_schema::message::{Error, ListResponse};
use scim_schema::{AuthenticationScheme, Capabilities, FilterSupport};
use serde_json::{Value, json};
use tenant_model::{AuthScheme, Operation};

use super::call::Call;
use super::fault::Fault;
use crate::http::answer::{Answer, typed};

/// Answers a discovery path; the first segment is one of the three.
pub(super) fn answer(call: &Call<'_>, segments: &[&str]) -> Result<Answer, Fault> {
    let found = match segments {
        ["ServiceProviderConfig"] => Some(service_provider_config(call)),
        ["ResourceTypes"] => Some(list(call, &call.schemas.resource_types_to_json(&call.base_url))?),
        ["ResourceTypes", name] => call.schemas.resource_type(name).map(|kind| kind.to_json(&call.base_url)),
        ["Schemas"] => Some(list(call, &call.schemas.schemas_to_json(&call.base_url))?),
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
fn list(call: &Call<'_>, resources: &ListResponse<Value>) -> Result<Value, Fault> {
    if call.query.any_case("filter").is_some() {
        return Err(Fault::message("M25", &Error::new(403, "this endpoint cannot be filtered")));
    }
    Ok(json!(resources))
}

/// What is offered, from the same data that decides it.
fn service_provider_config(call: &Call<'_>) -> Value {
    let ours = call.capabilities();
    let mut offered = Capabilities::default();
    offered.patch = ours.resources.values().any(|operations| operations.contains(&Operation::Patch));
    offered.bulk = ours.bulk.then_some(super::bulk::LIMITS);
    offered.filter = Some(FilterSupport { max_results: ours.page.max_size().into() });
    offered.sort = ours.sort;
    offered.etag = ours.etag;
    offered.pagination = offered.pagination.map(|mut pagination| {
        pagination.cursor = true;
        pagination.cursor_timeout = Some(super::list::CURSOR_SECONDS.into());
        pagination.default_page_size = Some(ours.page.default_size().into());
        pagination.max_page_size = Some(ours.page.max_size().into());
        pagination
    });
    let token_url = call.app.public_url.join("/oauth/token");
    let mut client_credentials = AuthenticationScheme {
        kind: "oauth2".to_owned(),
        name: "OAuth 2.0 client credentials".to_owned(),
        description: format!("An access token from {token_url} for a client of this tenant"),
        spec_uri: Some("https://www.rfc-editor.org/info/rfc6749".to_owned()),
        documentation_uri: None,
        primary: false,
    };
    if call.caller.connection.auth == AuthScheme::ClientCredentials {
        client_credentials.primary = true;
        offered.authentication_schemes.clear();
    }
    offered.authentication_schemes.push(client_credentials);
    offered.to_json(&call.base_url)
}
