//! A posted logout request: no session ends that the identity provider did not name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::saml::logout(bytes));
