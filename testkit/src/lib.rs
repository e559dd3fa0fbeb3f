//! What the tests of this workspace share: vectors, generators, laws and slow reference models.
//!
//! Features `saml`, `scim` and `tenant` bring in the crates that they test. Without one, only [`data`] and
//! [`replay`] are there, so `cargo test -p scim-filter` builds neither OpenSSL nor another crate's dependencies.
//!
//! | module | holds |
//! |---|---|
//! | [`data`] | reading of `testdata/` |
//! | [`laws`] | what must hold for any bytes, one plain function each; fuzz targets and replays call the same ones |
//! | `postgres` | a PostgreSQL server for one test |
//! | [`random`] | numbers from a seed |
//! | [`rearrange`] | random rearrangement of XML, for finding signature wrapping by chance |
//! | [`replay`] | runs a law over everything that a fuzzer found, and over its seeds |
//! | `scim_filter` | random schemas, resources and filters that fit each other, made from bytes |
//! | `scim_filter_reference` | a slow, obvious second evaluation of filters |
//! | `scim_patch` | the PATCH vectors, and a host that keeps members in a table |
//! | `scim_patch_clients` | the recorded requests of real SCIM clients |
//! | `scim_patch_random` | random requests on random resources of random schemas |
//! | `scim_patch_reference` | a slow, obvious second PATCH |
//! | [`scim_rules`] | the ledger of SCIM rules, and the tests and vectors that it may name |
//! | `scim_schema` | random schemas with every characteristic, and resources as clients might send them |
//! | `captures` | responses that foreign identity providers sent, with what they must be read as |
//!
//! Everything here panics when its data is missing or malformed: a test that can't read its vectors has to fail.

#[cfg(feature = "saml")]
pub mod captures;
pub mod data;
pub mod laws;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod random;
pub mod rearrange;
pub mod replay;
#[cfg(feature = "filter")]
pub mod scim_filter;
#[cfg(feature = "filter")]
pub mod scim_filter_reference;
#[cfg(feature = "patch")]
pub mod scim_patch;
#[cfg(feature = "patch")]
pub mod scim_patch_clients;
#[cfg(feature = "patch")]
pub mod scim_patch_random;
#[cfg(feature = "patch")]
pub mod scim_patch_reference;
pub mod scim_rules;
#[cfg(feature = "filter")]
pub mod scim_schema;
