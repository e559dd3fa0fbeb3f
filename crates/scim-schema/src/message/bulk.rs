use std::collections::BTreeSet;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::error::{ScimError, ScimType};
use crate::limits::Limits;
use crate::message::Error;
use crate::parse::{ParseError, parse_object};
use crate::urn;
use crate::version::ETag;

/// Several writes in one request (RFC 7644 3.7).
///
/// The whole request is read before anything is done: a malformed operation refuses all of it. Operations that are
/// well formed and fail when they are carried out fail alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkRequest {
    /// The operations in the order sent.
    pub operations: Vec<BulkOperation>,
    /// Stop once so many operations have failed; `None` is never.
    pub fail_on_errors: Option<u64>,
}

/// One write of a bulk request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkOperation {
    /// What to do.
    pub method: BulkMethod,
    /// The endpoint with leading slash, e.g. `/Users`.
    pub endpoint: String,
    /// What follows the endpoint: an id or `bulkId:…`; none for POST.
    pub target: Option<String>,
    /// The client's name for the operation; always there for POST.
    pub bulk_id: Option<String>,
    /// The version that must be current, as in `If-Match`.
    pub version: Option<ETag>,
    /// The body; always there but for DELETE.
    pub data: Option<Map<String, Value>>,
}

/// The HTTP method that an operation stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BulkMethod {
    /// Remove a resource.
    Delete,
    /// Change a resource.
    Patch,
    /// Add a resource.
    Post,
    /// Replace a resource.
    Put,
}

impl BulkMethod {
    /// The method in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// How much one bulk request may hold; published in `ServiceProviderConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BulkLimits {
    /// Operations in one request.
    pub max_operations: usize,
    /// Bytes of one request.
    pub max_payload_size: usize,
}

impl Default for BulkLimits {
    /// 1,000 operations in 1 MiB, the numbers of the example in RFC 7644 3.7.4.
    fn default() -> Self {
        Self { max_operations: 1_000, max_payload_size: 1_048_576 }
    }
}

impl BulkRequest {
    /// Reads a bulk request.
    ///
    /// # Errors
    /// [`BulkError`].
    pub fn parse(bytes: &[u8], bulk: &BulkLimits, limits: &Limits) -> Result<Self, BulkError> {
        if bytes.len() > bulk.max_payload_size {
            return Err(BulkError::PayloadTooLarge { limit: bulk.max_payload_size });
        }
        let limits = Limits { max_bytes: bulk.max_payload_size, ..*limits };
        let body = parse_object(bytes, &limits).map_err(BulkError::Json)?;
        let is_bulk = field(&body, "schemas").and_then(Value::as_array).is_some_and(|urns| {
            urns.iter().filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(urn::BULK_REQUEST))
        });
        if !is_bulk {
            return Err(BulkError::NotABulkRequest);
        }
        let fail_on_errors = match field(&body, "failOnErrors") {
            None => None,
            Some(value) => Some(value.as_u64().filter(|count| *count > 0).ok_or(BulkError::FailOnErrors)?),
        };
        let Some(Value::Array(items)) = field(&body, "Operations") else {
            return Err(BulkError::NoOperations);
        };
        if items.len() > bulk.max_operations {
            return Err(BulkError::TooManyOperations { limit: bulk.max_operations });
        }
        let mut seen = BTreeSet::new();
        let mut operations = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let operation = BulkOperation::read(item)
                .map_err(|expected| BulkError::Operation { number: index.saturating_add(1), expected })?;
            if let Some(bulk_id) = &operation.bulk_id
                && !seen.insert(bulk_id.clone())
            {
                return Err(BulkError::RepeatedBulkId { bulk_id: bulk_id.clone() });
            }
            operations.push(operation);
        }
        Ok(Self { operations, fail_on_errors })
    }

    /// Whether to stop after so many failures.
    pub fn stops_after(&self, failures: u64) -> bool {
        self.fail_on_errors.is_some_and(|limit| failures >= limit)
    }
}

impl BulkOperation {
    fn read(json: &Value) -> Result<Self, &'static str> {
        let Value::Object(fields) = json else { return Err("an object") };
        let text = |name| field(fields, name).and_then(Value::as_str);
        let method = match text("method") {
            Some(method) if method.eq_ignore_ascii_case("DELETE") => BulkMethod::Delete,
            Some(method) if method.eq_ignore_ascii_case("PATCH") => BulkMethod::Patch,
            Some(method) if method.eq_ignore_ascii_case("POST") => BulkMethod::Post,
            Some(method) if method.eq_ignore_ascii_case("PUT") => BulkMethod::Put,
            _ => return Err("`method` POST, PUT, PATCH or DELETE"),
        };
        let bulk_id = match field(fields, "bulkId") {
            None => None,
            Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
            Some(_) => return Err("`bulkId` as a string that is not empty"),
        };
        if method == BulkMethod::Post && bulk_id.is_none() {
            return Err("`bulkId`, because the method is POST");
        }
        let path = text("path").and_then(|path| path.strip_prefix('/')).ok_or("`path` with leading slash")?;
        let (endpoint, target) = match path.split_once('/') {
            None => (path, None),
            Some((endpoint, target)) => (endpoint, Some(target)),
        };
        if endpoint.is_empty()
            || target.is_some_and(|target| target.is_empty() || target.contains(['/', '?', '#']))
        {
            return Err("`path` of an endpoint and at most an id");
        }
        match (method, target) {
            (BulkMethod::Post, Some(_)) => return Err("`path` without id, because the method is POST"),
            (BulkMethod::Delete | BulkMethod::Patch | BulkMethod::Put, None) => {
                return Err("`path` with an id");
            }
            _ => {}
        }
        let version = match field(fields, "version") {
            None => None,
            Some(Value::String(version)) => {
                Some(ETag::parse(version).map_err(|_| "`version` as an entity tag")?)
            }
            Some(_) => return Err("`version` as an entity tag"),
        };
        let data = match field(fields, "data") {
            None => None,
            Some(Value::Object(data)) => Some(data.clone()),
            // The example of RFC 7644 3.7.3 has the operations without the message around them. What is left without
            // `schemas` is for the reader of the PATCH to refuse or to take.
            Some(operations @ Value::Array(_)) if method == BulkMethod::Patch => {
                Some(Map::from_iter([("Operations".to_owned(), operations.clone())]))
            }
            Some(_) => return Err("`data` as an object"),
        };
        if data.is_none() && method != BulkMethod::Delete {
            return Err("`data`");
        }
        Ok(Self {
            method,
            endpoint: format!("/{endpoint}"),
            target: target.map(str::to_owned),
            bulk_id,
            version,
            data,
        })
    }
}

/// Answer to a bulk request: a result for every operation that was carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkResponse {
    /// The results.
    pub operations: Vec<BulkResult>,
}

impl Serialize for BulkResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &[urn::BULK_RESPONSE])?;
        map.serialize_entry("Operations", &self.operations)?;
        map.end()
    }
}

/// What became of one operation (RFC 7644 3.7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkResult {
    /// The operation's method.
    pub method: BulkMethod,
    /// The operation's name, if it had one.
    pub bulk_id: Option<String>,
    /// URI of the resource; none for a POST that failed.
    pub location: Option<String>,
    /// New version of the resource.
    pub version: Option<ETag>,
    /// HTTP status that the operation alone would have had.
    pub status: u16,
    /// The error, if it failed.
    pub error: Option<Error>,
}

impl Serialize for BulkResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("method", self.method.as_str())?;
        if let Some(bulk_id) = &self.bulk_id {
            map.serialize_entry("bulkId", bulk_id)?;
        }
        if let Some(location) = &self.location {
            map.serialize_entry("location", location)?;
        }
        if let Some(version) = &self.version {
            map.serialize_entry("version", &version.to_string())?;
        }
        map.serialize_entry("status", &self.status.to_string())?;
        if let Some(error) = &self.error {
            map.serialize_entry("response", error)?;
        }
        map.end()
    }
}

/// Why a bulk request was refused as a whole.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BulkError {
    /// The bytes are no document.
    #[error(transparent)]
    Json(ParseError),
    /// RFC 7644 3.7.4: more bytes than `maxPayloadSize`.
    #[error("the request is larger than maxPayloadSize ({limit} bytes)")]
    PayloadTooLarge {
        /// The limit.
        limit: usize,
    },
    /// RFC 7644 3.7.4: more operations than `maxOperations`.
    #[error("the request has more operations than maxOperations ({limit})")]
    TooManyOperations {
        /// The limit.
        limit: usize,
    },
    /// The body does not say that it is a bulk request.
    #[error("`schemas` must hold {}", urn::BULK_REQUEST)]
    NotABulkRequest,
    /// `Operations` is missing or no array.
    #[error("`Operations` must be an array")]
    NoOperations,
    /// `failOnErrors` is no positive integer.
    #[error("`failOnErrors` must be a whole number above 0")]
    FailOnErrors,
    /// An operation lacks something.
    #[error("operation {number}: expected {expected}")]
    Operation {
        /// Which one, from 1.
        number: usize,
        /// What would be accepted.
        expected: &'static str,
    },
    /// Two operations have the same name.
    #[error("two operations have the bulkId `{bulk_id}`")]
    RepeatedBulkId {
        /// The name.
        bulk_id: String,
    },
}

impl ScimError for BulkError {
    fn status(&self) -> u16 {
        match self {
            Self::Json(error) => error.status(),
            Self::PayloadTooLarge { .. } | Self::TooManyOperations { .. } => 413,
            _ => 400,
        }
    }

    fn scim_type(&self) -> Option<ScimType> {
        match self {
            Self::Json(error) => error.scim_type(),
            Self::PayloadTooLarge { .. } | Self::TooManyOperations { .. } => None,
            Self::RepeatedBulkId { .. } | Self::FailOnErrors => Some(ScimType::InvalidValue),
            Self::NotABulkRequest | Self::NoOperations | Self::Operation { .. } => {
                Some(ScimType::InvalidSyntax)
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::PayloadTooLarge { .. } => "scim.bulk.payload_too_large",
            Self::TooManyOperations { .. } => "scim.bulk.too_many_operations",
            Self::NotABulkRequest => "scim.bulk.not_a_bulk_request",
            Self::NoOperations => "scim.bulk.no_operations",
            Self::FailOnErrors => "scim.bulk.fail_on_errors",
            Self::Operation { .. } => "scim.bulk.operation",
            Self::RepeatedBulkId { .. } => "scim.bulk.repeated_bulk_id",
        }
    }
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields
        .get(name)
        .or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
        .filter(|value| !value.is_null())
}
