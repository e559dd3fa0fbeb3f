//! The messages of RFC 7644: queries, lists, errors and bulk.

mod bulk;
mod bulk_id;
mod cursor;
mod error;
mod list;
mod search;

pub use bulk::{BulkError, BulkLimits, BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult};
pub use bulk_id::{BulkIds, BulkOrder};
pub use cursor::{CursorError, CursorKey, CursorScope};
pub use error::Error;
pub use list::ListResponse;
pub use search::{Page, PageSizes, QueryError, SearchRequest};

/// Media type of every SCIM message and resource; sent without parameters (RFC 7644 8.1).
pub const MEDIA_TYPE: &str = "application/scim+json";

/// Whether a `Content-Type` or an entry of `Accept` names JSON that SCIM speaks: `application/scim+json`,
/// `application/json`, with any parameters (RFC 7644 3.1).
pub fn is_scim_media_type(header: &str) -> bool {
    let essence = header.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(MEDIA_TYPE) || essence.eq_ignore_ascii_case("application/json")
}
