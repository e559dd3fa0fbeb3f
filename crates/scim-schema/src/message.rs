//! The messages of RFC 7644: queries, lists, errors and bulk.

mod bulk;
mod bulk_id;
mod bulk_order;
mod cursor;
mod error;
mod list;
mod search;

pub use bulk::{BulkError, BulkLimits, BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult};
pub use bulk_id::BulkIds;
pub use bulk_order::BulkOrder;
pub use cursor::{CursorError, CursorKey, CursorScope};
pub use error::Error;
pub use list::ListResponse;
pub use search::{Page, PageSizes, QueryError, SearchRequest};

/// Media type of every SCIM message and resource; sent without parameters (RFC 7644 8.1).
pub const MEDIA_TYPE: &str = "application/scim+json";

/// Whether the first segment of a path behind the service root is a version of the protocol that is served: `false` if
/// it is none at all (RFC 7644 3.13).
///
/// # Errors
/// [`Error::unsupported_version`] for every version but `v2`.
///
/// # Examples
/// ```
/// use scim_schema::message::version_segment;
///
/// assert_eq!(version_segment("v2"), Ok(true));
/// assert_eq!(version_segment("Users"), Ok(false));
/// assert_eq!(version_segment("v1").unwrap_err().to_json()["scimType"], "invalidVers");
/// ```
pub fn version_segment(segment: &str) -> Result<bool, Error> {
    match segment {
        "v2" => Ok(true),
        _ if crate::reference::is_version(segment) => Err(Error::unsupported_version()),
        _ => Ok(false),
    }
}

/// Whether a `Content-Type` or an entry of `Accept` names JSON that SCIM speaks: `application/scim+json`,
/// `application/json`, with any parameters (RFC 7644 3.1).
pub fn is_scim_media_type(header: &str) -> bool {
    let essence = header.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(MEDIA_TYPE) || essence.eq_ignore_ascii_case("application/json")
}
