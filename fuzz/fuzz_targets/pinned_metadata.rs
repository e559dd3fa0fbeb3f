//! Metadata read with a pinned key: what that key signed, or nothing.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::saml::pinned_metadata(bytes));
