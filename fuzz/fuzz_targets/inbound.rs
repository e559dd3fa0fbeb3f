//! What a browser sends, by form or query.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::saml::inbound(bytes));
