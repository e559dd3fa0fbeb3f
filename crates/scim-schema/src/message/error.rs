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
