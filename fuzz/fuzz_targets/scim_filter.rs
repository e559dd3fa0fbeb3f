//! A SCIM filter.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::scim::filter(bytes));
