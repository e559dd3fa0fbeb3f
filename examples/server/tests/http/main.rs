//! The server over HTTP: each test starts a server of its own, on a port that the system chooses, and ends it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(clippy::indexing_slicing, reason = "JSON answers null where there is nothing")]
#![expect(clippy::arithmetic_side_effects, reason = "test counters")]

mod bad_input;
mod bulk;
mod clients;
mod command_line;
mod common;
mod durability;
mod lifecycle;
mod limits;
mod paging;
mod races;
mod scim;
mod sso;
mod tenancy;
