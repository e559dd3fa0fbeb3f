//! What the benches share; they are the `[[bench]]` targets of this package.

pub mod scim;
