use serde::{Deserialize, Serialize};

use super::Field;

/// The core group (RFC 7643 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    /// `id`, issued by the service.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub id: Field<String>,
    /// `externalId`, issued by the client.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub external_id: Field<String>,
    /// `displayName`; required, so empty only in a default value.
    pub display_name: String,
    /// `members`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub members: Field<Vec<Member>>,
}

/// A value of `members`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Member {
    /// The member's id.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub value: Field<String>,
    /// The member's URI.
    #[serde(rename = "$ref", skip_serializing_if = "Field::is_absent")]
    pub reference: Field<String>,
    /// The member's name.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub display: Field<String>,
    /// `User` or `Group`.
    #[serde(rename = "type", skip_serializing_if = "Field::is_absent")]
    pub kind: Field<String>,
}
