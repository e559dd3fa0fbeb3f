//! What the benches share; they are the `[[bench]]` targets of this package.

#[cfg(feature = "saml")]
pub mod saml;
pub mod scim;
