//! What the tests of this workspace share: vectors, generators, laws and slow reference models.
//!
//! Features `saml`, `scim` and `tenant` bring in the crates that they test. Without one, only [`data`] and
//! [`replay`] are there, so `cargo test -p scim-filter` builds neither OpenSSL nor another crate's dependencies.
//!
//! | module | holds |
//! |---|---|
//! | [`data`] | reading of `testdata/` |
//! | [`laws`] | what must hold for any bytes, one plain function each; fuzz targets and replays call the same ones |
//! | [`replay`] | runs a law over everything that a fuzzer found, and over its seeds |
//! | `captures` | responses that foreign identity providers sent, with what they must be read as |
//!
//! Everything here panics when its data is missing or malformed: a test that can't read its vectors has to fail.

#[cfg(feature = "saml")]
pub mod captures;
pub mod data;
pub mod laws;
pub mod replay;
