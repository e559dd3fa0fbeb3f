use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::error::{ScimError, ScimType};
use crate::urn;

/// The body of every answer that is not a success (RFC 7644 3.12).
///
/// # Examples
/// ```
/// use scim_schema::message::Error;
/// use serde_json::json;
///
/// assert_eq!(
///     Error::not_found("User", "1").to_json(),
///     json!({
///         "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
///         "status": "404",
///         "detail": "User `1` not found",
///     })
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// HTTP status; written as a string.
    pub status: u16,
    /// What a client can act on.
    pub scim_type: Option<ScimType>,
    /// Text for people. It reaches the client: no secrets, no personal data of others.
    pub detail: String,
}

impl Error {
    /// An error without `scimType`.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// An error that a client can act on.
    pub fn with_type(status: u16, scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { status, scim_type: Some(scim_type), detail: detail.into() }
    }

    /// 404: there is no such resource.
    pub fn not_found(resource_type: &str, id: &str) -> Self {
        Self::new(404, format!("{resource_type} `{id}` not found"))
    }

    /// 409 `uniqueness`: another resource has this value. The value itself is not repeated.
    pub fn taken(path: &str) -> Self {
        Self::with_type(409, ScimType::Uniqueness, format!("another resource has the same `{path}`"))
    }

    /// 412: the resource is not in the version that `If-Match` names.
    pub fn precondition_failed() -> Self {
        Self::new(412, "the resource has another version than If-Match names: read it again")
    }

    /// 400 `tooMany`: the answer would be larger than the service makes, and cannot be split into pages.
    pub fn too_many(limit: u64) -> Self {
        Self::with_type(400, ScimType::TooMany, format!("more than {limit} results: ask for less"))
    }

    /// 400 `invalidVers`: the version segment of the URL names a version that is not served (RFC 7644 3.13).
    pub fn unsupported_version() -> Self {
        Self::with_type(400, ScimType::InvalidVers, "this version of SCIM is not served: use v2")
    }

    /// 401. The host adds `WWW-Authenticate` with the schemes it offers (RFC 7644 2).
    pub fn unauthorized() -> Self {
        Self::new(401, "authentication is missing or not valid")
    }

    /// 403: the client is known and may not do this.
    pub fn forbidden() -> Self {
        Self::new(403, "the client is not allowed to do this")
    }

    /// 403 `sensitive`: personal data in a URL (RFC 7644 7.5.2, erratum 6893).
    pub fn sensitive() -> Self {
        Self::with_type(
            403,
            ScimType::Sensitive,
            "personal data in the URL: send the query by POST to /.search",
        )
    }

    /// 403: a filter at an endpoint of the protocol itself (RFC 7644 4).
    pub fn filter_on_discovery() -> Self {
        Self::new(403, "this endpoint cannot be filtered")
    }

    /// 405: the path exists, the method is not offered there.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "this method is not offered here")
    }

    /// 501: something that the standard knows and the service does not offer, e.g. `/Me`.
    pub fn not_implemented(what: &str) -> Self {
        Self::new(501, format!("`{what}` is not offered"))
    }

    /// The JSON body.
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [urn::ERROR], "status": self.status.to_string() });
        if let Value::Object(fields) = &mut body {
            if let Some(scim_type) = self.scim_type {
                fields.insert("scimType".into(), json!(scim_type.as_str()));
            }
            fields.insert("detail".into(), json!(self.detail));
        }
        body
    }
}

impl<E: ScimError + ?Sized> From<&E> for Error {
    fn from(error: &E) -> Self {
        Self { status: error.status(), scim_type: error.scim_type(), detail: error.to_string() }
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}
