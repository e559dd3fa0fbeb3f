use serde::{Deserialize, Serialize};

/// How big a document from outside may be. Crossing a limit is an error of its own.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    /// Bytes of one document. 1 MiB: a group of some 10,000 members, and far more than any user.
    pub max_bytes: usize,
    /// Objects and arrays inside each other. 16: a PATCH in a bulk request needs 10.
    pub max_depth: usize,
    /// Names in one JSON object. 256: the core user has 21.
    pub max_attributes: usize,
    /// Values in one JSON array. 20,000: more members than fit into `max_bytes`, so bytes decide unless raised.
    pub max_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 1 << 20, max_depth: 16, max_attributes: 256, max_values: 20_000 }
    }
}
