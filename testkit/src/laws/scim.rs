//! Laws of `scim-schema`, `scim-filter` and `scim-patch`.
