//! The body of a SCIM PATCH.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::scim::patch(bytes));
