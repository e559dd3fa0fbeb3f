//! The four products, each walked through as its guide tells it, over HTTP: which line of which guide a test proves is
//! said above it, by a label of `testdata/tenant/products.json`.
//!
//! On SQLite as `products`, on PostgreSQL as `products_on_postgres`: the same files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(clippy::arithmetic_side_effects, reason = "test instants")]
#![expect(clippy::indexing_slicing, reason = "JSON answers null where there is nothing")]

#[path = "../http/cluster.rs"]
pub(crate) mod cluster;
#[path = "../http/common.rs"]
pub(crate) mod common;
pub(crate) mod fifth;
pub(crate) mod held;
pub(crate) mod ledger;
pub(crate) mod story;
pub(crate) mod toktra;
pub(crate) mod tonkean;
pub(crate) mod toplyne;
pub(crate) mod torii;
