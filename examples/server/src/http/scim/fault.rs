//! Errors in SCIM's own form (RFC 7644 3.12).

use axum::http::{HeaderValue, StatusCode, header};
use scim_schema::message::Error;
use scim_schema::{ScimError, ScimType};
use tenant_model::RateRefusal;

use crate::http::answer::{Answer, Refusal, RefusalCode, typed};
use crate::random::NoRandomness;
use crate::store::StoreError;

/// An error answer of the SCIM endpoints; boxed, so that results stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    status: StatusCode,
    message: Error,
    code: String,
    /// The methods offered, for 405.
    allow: Option<HeaderValue>,
    /// When to come again, in seconds.
    retry_after: Option<u64>,
}

impl Fault {
    /// An error without a `scimType`.
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self::typed(status, None, code, detail)
    }

    /// An error with a `scimType`.
    pub(crate) fn typed(
        status: StatusCode,
        scim_type: Option<ScimType>,
        code: &str,
        detail: impl Into<String>,
    ) -> Self {
        let message = Error { status: status.as_u16(), scim_type, detail: detail.into() };
        Self::message(code, &message)
    }

    /// A message of the standard, with a code for our log.
    pub(crate) fn message(code: &str, message: &Error) -> Self {
        let status = StatusCode::from_u16(message.status).unwrap_or(StatusCode::BAD_REQUEST);
        let (message, code) = (message.clone(), code.to_owned());
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(UNAVAILABLE_SECONDS);
        Self(Box::new(Parts { status, message, code, allow: None, retry_after }))
    }

    /// There is no such resource, in this tenant.
    pub(crate) fn unknown(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "scim.not_found", format!("there is no {what}"))
    }

    /// The method is not offered at this path.
    pub(crate) fn method(allow: &str) -> Self {
        let mut fault =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, "scim.method", format!("this address takes {allow}"));
        fault.0.allow = HeaderValue::from_str(allow).ok();
        fault
    }

    /// Too much came (TOK-13).
    pub(crate) fn too_many(refusal: &RateRefusal) -> Self {
        let mut fault = Self::message(refusal.code(), &Error::new(refusal.status(), refusal.to_string()));
        fault.0.retry_after = Some(refusal.retry_after_seconds);
        fault
    }

    /// A unique value is in use.
    pub(crate) fn taken(attribute: &str) -> Self {
        Self::message("scim.uniqueness", &Error::taken(attribute))
    }

    /// The error of one of the SCIM crates.
    pub(crate) fn of(error: &dyn ScimError) -> Self {
        Self::message(error.code(), &Error::from(error))
    }

    /// Its HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Its stable code, for logs.
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// The error as an operation of a bulk request tells it.
    pub(crate) fn into_message(self) -> Error {
        self.0.message
    }

    /// The answer.
    pub(crate) fn into_answer(self) -> Answer {
        let mut answer = typed(self.0.status, super::MEDIA_TYPE, self.0.message.to_json().to_string());
        let headers = answer.headers_mut();
        if self.0.status == StatusCode::UNAUTHORIZED {
            // RFC 7644 2: the schemes that are offered.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"scim\""));
        }
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.0.allow {
            headers.insert(header::ALLOW, allow);
        }
        RefusalCode(self.0.code).note(answer)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let detail =
            refusal.hint.map_or(refusal.message.clone(), |hint| format!("{}; {hint}", refusal.message));
        Self::new(refusal.status, &refusal.code, detail)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            // The only unique columns that a client's value reaches.
            StoreError::Taken { .. } => Self::taken("a unique attribute"),
            StoreError::Unstorable(_) => Self::typed(
                StatusCode::BAD_REQUEST,
                Some(ScimType::InvalidValue),
                "store.unstorable",
                crate::http::answer::UNSTORABLE,
            ),
            other => Refusal::from(other).into(),
        }
    }
}

impl From<NoRandomness> for Fault {
    fn from(error: NoRandomness) -> Self {
        Refusal::from(error).into()
    }
}

/// A lock is gone after that, as a rule.
const UNAVAILABLE_SECONDS: u64 = 2;
