//! The path of a SCIM PATCH operation.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::scim::patch_path(bytes));
