//! What is told of every request: one log line and the counts, neither with anything that a person or a client chose.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use scim_schema::message::BulkMethod;
use tracing::Instrument as _;

use crate::app::Shared;
use crate::http::answer::{Answer, RefusalCode};
use crate::http::endpoints;
use crate::operations::Answered;
use crate::random;

/// Counts and logs a request, and gives it an id that the log lines and the answer bear.
pub(super) async fn observe(State(app): State<Shared>, mut request: Request, next: Next) -> Answer {
    let id = request_id(&request);
    let method = known_method(request.method());
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let matched = matched.or_else(|| endpoints::template(&app.base.profiles, request.uri().path()));
    let route = route(matched.as_deref(), request.uri().path());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let under_way = app.operations.begin();
    let start = tokio::time::Instant::now();
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    async move {
        let mut answer = next.run(request).await;
        drop(under_way);
        answer.headers_mut().insert(REQUEST_ID, id);
        let code = answer.extensions().get::<RefusalCode>().map(|code| code.0.clone());
        let status = answer.status().as_u16();
        let took = start.elapsed();
        app.operations.answered(&Answered { route: &route, method, status, code: code.as_deref(), took });
        if let Some((resource, operation)) = scim_operation(&route, method) {
            app.operations.scim(resource, operation, status);
        }
        let milliseconds = took.as_millis();
        match code {
            Some(code) => tracing::info!(method, route, status, code, %milliseconds, "answered"),
            None => tracing::info!(method, route, status, %milliseconds, "answered"),
        }
        answer
    }
    .instrument(span)
    .await
}

/// The id that the proxy gave, if it is harmless; else a fresh one.
fn request_id(request: &Request) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    let given = request.headers().get(REQUEST_ID).filter(harmless).cloned();
    let fresh = || {
        let id = random::uuid().ok()?;
        HeaderValue::from_str(&id.to_string()).ok()
    };
    given.or_else(fresh).unwrap_or(HeaderValue::from_static("none"))
}

/// The template of the path. Below a SCIM base one route takes all, so that its errors are SCIM's; here it is told
/// apart by the names of the standard.
fn route(matched: Option<&str>, path: &str) -> String {
    let Some(matched) = matched else { return "other".to_owned() };
    let Some(base) = matched.strip_suffix("/{*path}") else { return matched.to_owned() };
    let below = path.split('/').skip(base.split('/').count()).filter(|segment| !segment.is_empty());
    let mut out = base.to_owned();
    for (at, segment) in below.enumerate() {
        let name = match at {
            0 if ENDPOINTS.contains(&segment) => segment,
            0 => "{endpoint}",
            1 if segment == ".search" => segment,
            1 => "{id}",
            _ => "{more}",
        };
        out.push('/');
        out.push_str(name);
        if at >= 2 {
            break;
        }
    }
    out
}

/// Of what, and what, by the template of a SCIM path.
fn scim_operation(route: &str, method: &str) -> Option<(&'static str, &'static str)> {
    let (_, below) = route.split_once("/scim/v2/")?;
    let (endpoint, rest) = below.split_once('/').unwrap_or((below, ""));
    let resource = match endpoint {
        "Users" => "User",
        "Groups" => "Group",
        "{endpoint}" => "other",
        "Bulk" => return Some(("Bulk", "bulk")),
        _ => return None,
    };
    operation(method, rest).map(|operation| (resource, operation))
}

/// The same of an operation in a bulk request.
pub(crate) fn bulk_operation(endpoint: &str, method: BulkMethod) -> (&'static str, &'static str) {
    let resource = match endpoint {
        "/Users" => "User",
        "/Groups" => "Group",
        _ => "other",
    };
    let operation = match method {
        BulkMethod::Delete => "delete",
        BulkMethod::Patch => "patch",
        BulkMethod::Post => "create",
        BulkMethod::Put => "replace",
    };
    (resource, operation)
}

/// What a method does at a path below an endpoint.
fn operation(method: &str, rest: &str) -> Option<&'static str> {
    Some(match (method, rest) {
        ("GET", "") | ("POST", ".search") => "list",
        ("POST", "") => "create",
        ("GET", "{id}") => "read",
        ("PUT", "{id}") => "replace",
        ("PATCH", "{id}") => "patch",
        ("DELETE", "{id}") => "delete",
        _ => return None,
    })
}

fn known_method(method: &Method) -> &'static str {
    let known = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ENDPOINTS: [&str; 8] =
    ["Users", "Groups", "ServiceProviderConfig", "ResourceTypes", "Schemas", "Bulk", "Me", ".search"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_never_holds_what_the_client_chose() {
        let scim = Some("/scim/v2/{*path}");
        for (path, expected) in [
            ("/scim/v2/Users", "/scim/v2/Users"),
            ("/scim/v2/Users/", "/scim/v2/Users"),
            ("/scim/v2/Users/alice@example.com", "/scim/v2/Users/{id}"),
            ("/scim/v2/Users/.search", "/scim/v2/Users/.search"),
            ("/scim/v2/alice/bob/carol/dave", "/scim/v2/{endpoint}/{id}/{more}"),
            ("/scim/v2/.search", "/scim/v2/.search"),
        ] {
            assert_eq!(route(scim, path), expected);
        }
        assert_eq!(route(None, "/alice"), "other");
        assert_eq!(route(Some("/tenants/{id}"), "/tenants/alice"), "/tenants/{id}");
        let with_parameter = Some("/t/{tenant}/scim/v2/{*path}");
        assert_eq!(route(with_parameter, "/t/acme/scim/v2/Users/1"), "/t/{tenant}/scim/v2/Users/{id}");
    }

    #[test]
    fn a_scim_operation_is_told_by_its_route() {
        let of = |route: &str, method: &str| scim_operation(route, method);
        assert_eq!(of("/scim/v2/Users", "POST"), Some(("User", "create")));
        assert_eq!(of("/v1/scim/v2/Groups/{id}", "PATCH"), Some(("Group", "patch")));
        assert_eq!(of("/scim/v2/{endpoint}/{id}", "GET"), Some(("other", "read")));
        assert_eq!(of("/scim/v2/Schemas", "GET"), None);
        assert_eq!(of("/v1/session", "GET"), None);
    }
}
