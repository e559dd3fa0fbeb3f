//! Laws: what must hold for whatever bytes come in.
//!
//! Each law is a plain function that takes bytes and panics when the law is broken. A fuzz target is one call of a
//! law; the tests of this crate replay every input that a fuzzer ever found through the same function.

#[cfg(feature = "saml")]
pub mod saml;
#[cfg(feature = "scim")]
pub mod scim;
