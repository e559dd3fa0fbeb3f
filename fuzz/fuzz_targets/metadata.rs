//! Metadata of an identity provider.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::saml::metadata(bytes));
