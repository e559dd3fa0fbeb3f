//! A posted response: nobody signs in whom the identity provider didn't name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::saml::saml_response(bytes));
