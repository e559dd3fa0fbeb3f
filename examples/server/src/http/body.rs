//! Reading a request's body within limits.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;

use crate::http::answer::Refusal;

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// [`Refusal`] with 413 when it is longer, 400 when the client broke it off.
pub async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    use axum::body::HttpBody as _;
    let too_large = || {
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request.too_large",
            format!("the body is longer than {limit} bytes"),
        )
    };
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        drain(body, DRAINED).await;
        return Err(too_large());
    }
    match to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if is_too_long(&error) => Err(too_large()),
        Err(_) => Err(Refusal::bad_request("request.body", "the body ended too early")),
    }
}

/// Takes a body that the answer does not depend on, if it is short and comes soon. Left unread, it would end the
/// connection right after the answer, and a client that keeps connections would lose its next request.
pub async fn leave(body: Body) {
    // An error means that it did not come in time: then the connection ends.
    let _ = tokio::time::timeout(LEFT_TIME, drain(body, SCIM_LIMIT)).await;
}

/// Takes the rest of a body that is not wanted: a client still sending when the connection ends sees a broken
/// connection and never reads why.
async fn drain(mut body: Body, most: usize) {
    use axum::body::HttpBody as _;
    let mut left = most;
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await
    {
        let length = frame.data_ref().map_or(0, |data| data.len());
        let Some(rest) = left.checked_sub(length) else { return };
        left = rest;
    }
}

/// Whether the limit was the reason; the library says so only in the chain of causes.
fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A SAML message: 2 MB of base64 hold any response that a provider sends.
pub const SAML_LIMIT: usize = 2 * 1024 * 1024;
/// Metadata of one provider, or a small federation.
pub const METADATA_LIMIT: usize = 8 * 1024 * 1024;
/// A SCIM request: enough to name 10,000 members.
pub const SCIM_LIMIT: usize = 1024 * 1024;
/// Enough for a client that is a little over; whoever sends more is cut off.
const DRAINED: usize = 8 * 1024 * 1024;
/// A busy machine on either side may need a moment between head and body.
const LEFT_TIME: Duration = Duration::from_secs(5);
