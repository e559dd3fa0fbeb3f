//! The server over HTTP: each test starts a server of its own, on a port that the system chooses, and ends it.
//!
//! On SQLite as `http`, on PostgreSQL as `http_on_postgres`: the same files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(clippy::indexing_slicing, reason = "JSON answers null where there is nothing")]
#![expect(clippy::arithmetic_side_effects, reason = "test counters")]

pub(crate) mod admin;
pub(crate) mod admin_account;
pub(crate) mod admin_pages;
pub(crate) mod bad_input;
pub(crate) mod bulk;
pub(crate) mod clients;
pub(crate) mod cluster;
pub(crate) mod command_line;
pub(crate) mod common;
pub(crate) mod dns;
pub(crate) mod domains;
pub(crate) mod durability;
pub(crate) mod faults;
pub(crate) mod fleet;
pub(crate) mod fleet_races;
pub(crate) mod inside;
pub(crate) mod leniency;
pub(crate) mod lifecycle;
pub(crate) mod limits;
pub(crate) mod mapping_pages;
pub(crate) mod oauth;
pub(crate) mod operations;
pub(crate) mod paging;
pub(crate) mod partitions;
pub(crate) mod policy;
pub(crate) mod races;
pub(crate) mod resource_types;
pub(crate) mod rules;
pub(crate) mod scim;
pub(crate) mod slow;
pub(crate) mod sp_keys;
pub(crate) mod sso;
pub(crate) mod sso_pages;
pub(crate) mod sso_sign_in;
pub(crate) mod tenancy;
pub(crate) mod time;
pub(crate) mod upkeep;
