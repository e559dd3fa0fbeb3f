//! The strict XML reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::laws::saml::xml_reader(bytes));
