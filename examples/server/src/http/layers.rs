//! What every request passes: a time limit, headers for browsers, one log line.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;

use crate::http::answer::{Answer, Refusal};

/// Ends a request that takes too long; a transaction that it had open is rolled back.
pub(super) async fn time_limit(request: Request, next: Next) -> Answer {
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "request.time_limit",
            "the request took too long to arrive or to be done",
        )
        .into_json(),
    }
}

/// Adds the headers that keep answers out of caches, frames and foreign scripts.
pub(super) async fn browser_headers(request: Request, next: Next) -> Answer {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}

/// One line for each request: method, first parts of the path, status, time. No query, no ids, no bodies.
pub(super) async fn log(request: Request, next: Next) -> Answer {
    let method = request.method().clone();
    let area = area(request.uri().path());
    let start = tokio::time::Instant::now();
    let answer = next.run(request).await;
    let milliseconds = start.elapsed().as_millis();
    tracing::info!(%method, area, status = answer.status().as_u16(), %milliseconds, "request");
    answer
}

/// The part of the path that names no one.
fn area(path: &str) -> &'static str {
    AREAS.iter().find(|area| path.starts_with(**area)).copied().unwrap_or("/")
}

const AREAS: &[&str] = &[
    "/v1/sso/metadata",
    "/v1/sso/login",
    "/v1/sso/logout",
    "/v1/sso/acs",
    "/v1/sso/config",
    "/v1/session",
    "/v1/scim/v2/Users",
    "/v1/scim/v2/Groups",
    "/v1/scim/v2",
    "/scim/v2/Users",
    "/scim/v2/Groups",
    "/scim/v2",
    "/healthz",
    "/assets",
    "/demo",
];

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-cache, no-store"),
    (header::PRAGMA, "no-cache"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

const TIME_LIMIT: Duration = Duration::from_secs(30);
