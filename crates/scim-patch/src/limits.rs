use serde::{Deserialize, Serialize};

/// What one PATCH may cost; crossing a number is an error of its own.
///
/// A filter inside a path has the default [`scim_filter::Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    /// Bytes, depth and width of the body as JSON.
    pub document: scim_schema::Limits,
    /// Operations in one request. 1,000: some clients send one operation per member, in batches of at most that.
    pub max_operations: usize,
    /// Array elements and object members in all values together. 100,000: a body of the default size holds fewer, so
    /// this bounds the work when a host takes larger bodies.
    pub max_values: usize,
    /// Bytes of one `path`. 2,048: URN, filter and two names with room for long ids.
    pub max_path_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document: scim_schema::Limits::default(),
            max_operations: 1_000,
            max_values: 100_000,
            max_path_bytes: 2_048,
        }
    }
}
