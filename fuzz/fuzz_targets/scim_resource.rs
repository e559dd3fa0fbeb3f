//! The body of a SCIM POST.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::scim::resource(bytes));
