use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::message::{BulkLimits, ListResponse};
use crate::schema_set::SchemaSet;
use crate::urn;

/// What a tenant's service offers; `/ServiceProviderConfig` is derived from it (RFC 7643 5), so that what is said and
/// what is done have one source.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Capabilities {
    /// URI of help for people.
    pub documentation_uri: Option<String>,
    /// PATCH.
    pub patch: bool,
    /// Bulk requests and their limits; `None` if there are none.
    pub bulk: Option<BulkLimits>,
    /// Filters, and how many resources one answer holds at most; `None` if there are none.
    pub filter: Option<FilterSupport>,
    /// Setting of passwords.
    pub change_password: bool,
    /// Sorting.
    pub sort: bool,
    /// Versions and the `ETag` header.
    pub etag: bool,
    /// Ways to page (RFC 9865 4).
    pub pagination: Option<Pagination>,
    /// Ways to authenticate.
    pub authentication_schemes: Vec<AuthenticationScheme>,
}

impl Default for Capabilities {
    /// PATCH, filters, sorting, versions, paging by index, and OAuth bearer tokens; no bulk, no passwords.
    fn default() -> Self {
        Self {
            documentation_uri: None,
            patch: true,
            bulk: None,
            filter: Some(FilterSupport::default()),
            change_password: false,
            sort: true,
            etag: true,
            pagination: Some(Pagination::default()),
            authentication_schemes: vec![AuthenticationScheme::bearer_token()],
        }
    }
}

impl Capabilities {
    /// The document that `/ServiceProviderConfig` serves; `base_url` is the SCIM base without trailing slash.
    ///
    /// # Examples
    /// ```
    /// use scim_schema::Capabilities;
    ///
    /// let config = Capabilities::default().to_json("https://example.com/v2");
    /// assert_eq!(config["patch"]["supported"], true);
    /// assert_eq!(config["bulk"]["supported"], false);
    /// assert_eq!(config["meta"]["location"], "https://example.com/v2/ServiceProviderConfig");
    /// ```
    pub fn to_json(&self, base_url: &str) -> Value {
        let mut out = Map::new();
        out.insert("schemas".into(), json!([urn::SERVICE_PROVIDER_CONFIG]));
        if let Some(uri) = &self.documentation_uri {
            out.insert("documentationUri".into(), json!(uri));
        }
        out.insert("patch".into(), json!({ "supported": self.patch }));
        // RFC 7643 5: the two numbers are required even where there is no bulk.
        let bulk = self.bulk.unwrap_or(BulkLimits { max_operations: 0, max_payload_size: 0 });
        out.insert(
            "bulk".into(),
            json!({
                "supported": self.bulk.is_some(),
                "maxOperations": bulk.max_operations,
                "maxPayloadSize": bulk.max_payload_size,
            }),
        );
        out.insert(
            "filter".into(),
            json!({
                "supported": self.filter.is_some(),
                "maxResults": self.filter.map_or(0, |filter| filter.max_results),
            }),
        );
        out.insert("changePassword".into(), json!({ "supported": self.change_password }));
        out.insert("sort".into(), json!({ "supported": self.sort }));
        out.insert("etag".into(), json!({ "supported": self.etag }));
        out.insert(
            "authenticationSchemes".into(),
            Value::Array(self.authentication_schemes.iter().map(AuthenticationScheme::to_json).collect()),
        );
        if let Some(pagination) = &self.pagination {
            out.insert("pagination".into(), pagination.to_json());
        }
        out.insert(
            "meta".into(),
            json!({
                "resourceType": "ServiceProviderConfig",
                "location": format!("{base_url}/ServiceProviderConfig"),
            }),
        );
        Value::Object(out)
    }
}

/// Filters (RFC 7643 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FilterSupport {
    /// Resources that one answer holds at most.
    pub max_results: u64,
}

impl Default for FilterSupport {
    /// 200, as [`PageSizes`](crate::message::PageSizes).
    fn default() -> Self {
        Self { max_results: 200 }
    }
}

/// Ways to page through results (RFC 9865 4).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Pagination {
    /// By cursor.
    pub cursor: bool,
    /// By index.
    pub index: bool,
    /// What a client gets that asks for neither.
    pub default_method: PaginationMethod,
    /// Resources in a page when the client states no count.
    pub default_page_size: Option<u64>,
    /// Resources in a page at most.
    pub max_page_size: Option<u64>,
    /// Seconds that a cursor stays good at least.
    pub cursor_timeout: Option<u64>,
}

impl Default for Pagination {
    /// By index alone, with the sizes of [`PageSizes`](crate::message::PageSizes).
    fn default() -> Self {
        Self {
            cursor: false,
            index: true,
            default_method: PaginationMethod::Index,
            default_page_size: Some(100),
            max_page_size: Some(200),
            cursor_timeout: None,
        }
    }
}

impl Pagination {
    fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("cursor".into(), json!(self.cursor));
        out.insert("index".into(), json!(self.index));
        let method = match self.default_method {
            PaginationMethod::Cursor => "cursor",
            PaginationMethod::Index => "index",
        };
        out.insert("defaultPaginationMethod".into(), json!(method));
        for (name, value) in [
            ("defaultPageSize", self.default_page_size),
            ("maxPageSize", self.max_page_size),
            ("cursorTimeout", self.cursor_timeout),
        ] {
            if let Some(value) = value {
                out.insert(name.into(), json!(value));
            }
        }
        Value::Object(out)
    }
}

/// A way to page (RFC 9865 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PaginationMethod {
    /// `cursor`, `nextCursor`.
    Cursor,
    /// `startIndex`, `count`.
    #[default]
    Index,
}

/// A way to authenticate (RFC 7643 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AuthenticationScheme {
    /// `type`: one of `oauth`, `oauth2`, `oauthbearertoken`, `httpbasic`, `httpdigest`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// URI of the scheme's specification.
    #[serde(default)]
    pub spec_uri: Option<String>,
    /// URI of help for people.
    #[serde(default)]
    pub documentation_uri: Option<String>,
    /// Whether it is the preferred one.
    #[serde(default)]
    pub primary: bool,
}

impl AuthenticationScheme {
    /// A bearer token in the `Authorization` header.
    pub fn bearer_token() -> Self {
        Self {
            kind: "oauthbearertoken".into(),
            name: "Bearer token".into(),
            description: "A token of this tenant in the Authorization header".into(),
            spec_uri: Some("https://www.rfc-editor.org/info/rfc6750".into()),
            documentation_uri: None,
            primary: true,
        }
    }

    fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("type".into(), json!(self.kind));
        out.insert("name".into(), json!(self.name));
        out.insert("description".into(), json!(self.description));
        for (name, uri) in [("specUri", &self.spec_uri), ("documentationUri", &self.documentation_uri)] {
            if let Some(uri) = uri {
                out.insert(name.into(), json!(uri));
            }
        }
        out.insert("primary".into(), json!(self.primary));
        Value::Object(out)
    }
}

impl SchemaSet {
    /// The document that `/ResourceTypes` serves (RFC 7644 4): a list of all resource types.
    pub fn resource_types_to_json(&self, base_url: &str) -> ListResponse<Value> {
        ListResponse::all(self.resource_types().iter().map(|known| known.to_json(base_url)).collect())
    }

    /// The document that `/Schemas` serves (RFC 7644 4): a list of [`SchemaSet::schemas`].
    pub fn schemas_to_json(&self, base_url: &str) -> ListResponse<Value> {
        ListResponse::all(self.schemas().iter().map(|schema| schema.to_json(base_url)).collect())
    }
}
