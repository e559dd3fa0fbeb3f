//! Resource types of a product's own.

use serde::{Deserialize, Serialize};

use crate::ids::{IdError, ResourceName};

/// A resource type of a product's own, in the form of RFC 7643 section 6: served like users, without code.
///
/// Its schemas are in [`Capabilities::schemas`](crate::Capabilities::schemas), what may be done with it in
/// [`Capabilities::resources`](crate::Capabilities::resources).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResourceTypeDefinition {
    /// Its name, e.g. `Device`.
    pub name: ResourceName,
    /// Its path below the SCIM base, e.g. `/Devices`.
    pub endpoint: ResourceEndpoint,
    /// What it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URI of its core schema.
    pub schema: String,
    /// Its extensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schema_extensions: Vec<SchemaUse>,
}

/// An extension of a resource type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaUse {
    /// URI of the extension's schema.
    pub schema: String,
    /// Whether a resource without it is refused.
    #[serde(default)]
    pub required: bool,
}

/// Path of a resource type below the SCIM base: a slash and one segment of letters, digits, `-` or `_`, none that SCIM
/// itself uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceEndpoint(String);

impl ResourceEndpoint {
    /// Reads an endpoint.
    ///
    /// # Errors
    /// [`IdError`] saying what is wrong.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        const KIND: &str = "endpoint";
        let segment = text.strip_prefix('/').unwrap_or_default();
        if segment.is_empty() || !segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            return Err(IdError::Form {
                kind: KIND,
                expected: "a slash and one segment of letters, digits, '-' or '_'",
            });
        }
        if text.len() > MAX_ENDPOINT {
            return Err(IdError::TooLong { kind: KIND, found: text.len(), max: MAX_ENDPOINT });
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(segment)) {
            return Err(IdError::Form { kind: KIND, expected: "a path that SCIM itself does not use" });
        }
        Ok(Self(text.to_owned()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ResourceEndpoint> for String {
    fn from(endpoint: ResourceEndpoint) -> Self {
        endpoint.0
    }
}

impl TryFrom<String> for ResourceEndpoint {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

/// RFC 7644 3.2, and the endpoints of users and groups.
const RESERVED: [&str; 7] =
    ["Bulk", "Groups", "Me", "ResourceTypes", "Schemas", "ServiceProviderConfig", "Users"];
/// One segment of a URL that people read.
const MAX_ENDPOINT: usize = 64;
