//! What every request passes: a time limit, headers for browsers.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;

use crate::http::answer::{Answer, Refusal};

/// Ends a request that takes too long; a transaction that it had open is rolled back.
pub(super) async fn time_limit(State(limit): State<Duration>, request: Request, next: Next) -> Answer {
    match tokio::time::timeout(limit, next.run(request)).await {
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
