//! The benches are the `[[bench]]` targets of this package.
