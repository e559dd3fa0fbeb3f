//! The recorded requests of `testdata/scim/clients`; its README describes the fields.

use scim_patch::Quirks;
use serde::Deserialize;
use serde_json::Value;

use crate::data;

/// One file: one thing that one product does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The product; also the folder's name.
    pub product: String,
    /// What it is about.
    pub about: String,
    /// Where the requests were published.
    pub source: String,
    /// `logged`, `documented`, `code` or `third party`.
    pub grade: String,
    /// What such a connection tolerates.
    pub quirks: Quirks,
    /// The requests; they don't depend on each other.
    pub requests: Vec<Request>,
}

/// One request with what the client expects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Request {
    /// Unique name.
    pub id: String,
    /// Rules that it shows.
    pub rules: Vec<String>,
    /// The resource that the path names, as stored.
    pub before: Option<Value>,
    /// HTTP method.
    pub method: String,
    /// Path below the base URL, with query; `{id}` stands for the id of `before`.
    pub path: String,
    /// Content type as sent; `application/scim+json` if absent.
    pub content_type: Option<String>,
    /// Body as sent.
    pub body: Option<Value>,
    /// What the client expects.
    pub expect: Expect,
}

/// What a client expects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Statuses that the client is content with.
    pub status: Vec<u16>,
    /// JSON merge patch from `before` to the resource afterwards.
    pub merge: Option<Value>,
    /// Members of the created resource.
    pub resource: Option<Value>,
    /// `totalResults`.
    pub total: Option<u64>,
    /// Switches that a PATCH needs, as `[switch, operation]`.
    #[serde(default)]
    pub quirks: Vec<(String, Option<usize>)>,
    /// `scimType` of an error.
    pub error: Option<String>,
}

/// All recordings.
pub fn recordings() -> Vec<Recording> {
    data::files("scim/clients", ".json").iter().map(|file| data::json(file)).collect()
}
