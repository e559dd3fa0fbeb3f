//! What goes back: JSON for programs, pages for people, one refusal type for both.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use maud::html;
use serde_json::{Value, json};
use tenant_model::RateRefusal;

use crate::http::html::{page, sentence};
use crate::keys::KeyError;
use crate::random::NoRandomness;
use crate::store::StoreError;

/// An answer of this server.
pub type Answer = Response<Body>;

/// Why a request was not done: a status, a stable code, and words for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable identifier, such as `RSP-04` or `request.org_id`.
    pub code: String,
    /// What is wrong, safe to show.
    pub message: String,
    /// What to change, and where.
    pub hint: Option<String>,
    /// When to come again, in seconds.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal with a code and a sentence.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), hint: None, retry_after: None }
    }

    /// The request itself is malformed.
    pub fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// Adds what to change.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says when to come again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The refusal as JSON.
    #[must_use]
    pub fn into_json(self) -> Answer {
        let code = RefusalCode(self.code.clone());
        let retry_after = self.retry_after;
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Some(hint), Some(object)) = (self.hint, error.as_object_mut()) {
            object.insert("hint".to_owned(), Value::String(hint));
        }
        code.note(retry_later(retry_after, json_answer(self.status, &json!({ "error": error }))))
    }

    /// The refusal as a page for a person, or as JSON for a client that prefers it.
    #[must_use]
    pub fn into_page(self, request: &HeaderMap) -> Answer {
        if prefers_json(request) {
            return self.into_json();
        }
        let body = html! {
            p { (sentence(&self.message)) "." }
            p { "Code: " code { (self.code) } }
            @if let Some(hint) = &self.hint {
                h2 { "What to change" }
                p { (hint) }
            }
            p { a href="/" { "Back to the start" } }
        };
        let answer = page(self.status, "That did not work", body);
        RefusalCode(self.code).note(retry_later(self.retry_after, answer))
    }
}

/// The code of a refusal, carried along with the answer for the log and the counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalCode(pub String);

impl RefusalCode {
    /// Lays the code into the answer, where no client sees it.
    #[must_use]
    pub fn note(self, mut answer: Answer) -> Answer {
        answer.extensions_mut().insert(self);
        answer
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { .. } => Self::new(
                StatusCode::CONFLICT,
                "store.taken",
                "the same value was stored by another request at this moment",
            ),
            StoreError::Unavailable(reason) => {
                tracing::warn!(%reason, "the database is not available");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store.unavailable",
                    "the database is not available now",
                )
            }
            StoreError::Unstorable(reason) => {
                tracing::info!(%reason, "the database cannot store a value");
                Self::bad_request("store.unstorable", UNSTORABLE)
            }
            StoreError::Failed(reason) => {
                tracing::error!(%reason, "the database failed");
                Self::internal("store.failed")
            }
        }
    }
}

impl From<RateRefusal> for Refusal {
    fn from(refusal: RateRefusal) -> Self {
        let mut out = Self::new(StatusCode::TOO_MANY_REQUESTS, refusal.code(), refusal.to_string());
        out.retry_after = Some(refusal.retry_after_seconds);
        out
    }
}

impl From<NoRandomness> for Refusal {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "no randomness");
        Self::internal("server.randomness")
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        tracing::error!(%error, "keys");
        Self::internal("server.keys")
    }
}

impl Refusal {
    /// A fault of this server; the details are in its log.
    #[must_use]
    pub fn internal(code: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, "the server could not do this; its log says why")
    }
}

/// An answer with a JSON body.
#[must_use]
pub fn json_answer(status: StatusCode, body: &Value) -> Answer {
    typed(status, "application/json", body.to_string())
}

/// An answer with a body of a given media type.
#[must_use]
pub fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

/// A redirect that a browser follows with GET; bad characters in the target end as an internal error.
#[must_use]
pub fn see_other(status: StatusCode, location: &str) -> Answer {
    let Ok(location) = HeaderValue::from_str(location) else {
        tracing::error!("a redirect target holds characters that no header may");
        return Refusal::internal("server.redirect").into_json();
    };
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::LOCATION, location);
    answer
}

/// Whether the client asks for JSON and not for pages.
#[must_use]
pub fn prefers_json(request: &HeaderMap) -> bool {
    let accept = request.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("json") && !accept.contains("text/html")
}

/// What to say where a value cannot be stored.
pub(crate) const UNSTORABLE: &str = "a text holds the character U+0000 or is too long to be looked up by";

pub(super) fn retry_later(seconds: Option<u64>, mut answer: Answer) -> Answer {
    let unavailable = (answer.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(UNAVAILABLE_SECONDS);
    if let Some(seconds) = seconds.or(unavailable) {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// A lock is gone after that, as a rule.
const UNAVAILABLE_SECONDS: u64 = 2;
