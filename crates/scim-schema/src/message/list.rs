use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::urn;

/// Answer to a query (RFC 7644 3.4.2, RFC 9865 2): one page of resources and the number of all.
///
/// `T` is whatever serializes as a resource, usually [`Projected`](crate::Projected).
///
/// # Examples
/// ```
/// use scim_schema::message::ListResponse;
/// use serde_json::json;
///
/// let page = ListResponse::by_index(vec![json!({ "id": "3" })], 5, 3);
/// assert_eq!(
///     serde_json::to_value(&page)?,
///     json!({
///         "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
///         "totalResults": 5, "startIndex": 3, "itemsPerPage": 1,
///         "Resources": [{ "id": "3" }],
///     })
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListResponse<T> {
    /// All matches, not those of this page alone. Always sent: clients in typed languages need it.
    pub total_results: u64,
    /// Where the page begins, from 1; `None` when paging by cursor.
    pub start_index: Option<u64>,
    /// Cursor of the next page; `None` on the last one, and when nobody asked for cursors.
    pub next_cursor: Option<String>,
    /// Cursor of the page before; `None` on the first one.
    pub previous_cursor: Option<String>,
    /// The page.
    pub resources: Vec<T>,
}

impl<T> ListResponse<T> {
    /// A page that begins at `start_index`, from 1.
    pub fn by_index(resources: Vec<T>, total_results: u64, start_index: u64) -> Self {
        Self {
            total_results,
            start_index: Some(start_index),
            next_cursor: None,
            previous_cursor: None,
            resources,
        }
    }

    /// A page asked for by cursor.
    pub fn by_cursor(
        resources: Vec<T>,
        total_results: u64,
        next: Option<String>,
        previous: Option<String>,
    ) -> Self {
        Self { total_results, start_index: None, next_cursor: next, previous_cursor: previous, resources }
    }

    /// All there is, on one page.
    pub fn all(resources: Vec<T>) -> Self {
        let total = u64::try_from(resources.len()).unwrap_or(u64::MAX);
        Self::by_index(resources, total, 1)
    }
}

impl<T: Serialize> Serialize for ListResponse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &[urn::LIST_RESPONSE])?;
        map.serialize_entry("totalResults", &self.total_results)?;
        if let Some(start_index) = self.start_index {
            map.serialize_entry("startIndex", &start_index)?;
        }
        map.serialize_entry("itemsPerPage", &self.resources.len())?;
        if let Some(cursor) = &self.next_cursor {
            map.serialize_entry("nextCursor", cursor)?;
        }
        if let Some(cursor) = &self.previous_cursor {
            map.serialize_entry("previousCursor", cursor)?;
        }
        // The text lets it be left out without hits; clients in typed languages fail on that, an empty list suits all.
        map.serialize_entry("Resources", &self.resources)?;
        map.end()
    }
}
