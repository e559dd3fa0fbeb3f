//! Replays what fuzzers found in `saml-sp`, and where they start from.

#![cfg(feature = "saml")]

use testkit::laws::saml;
use testkit::replay::replay;

#[test]
fn posted_bytes_sign_nobody_in_whom_the_identity_provider_did_not_name() {
    assert!(replay("saml_response", &saml::response_seeds(), saml::saml_response) > 100);
}

#[test]
fn what_the_reader_accepts_it_writes_and_reads_again() {
    assert!(replay("xml_reader", &saml::document_seeds(), saml::xml_reader) > 100);
}

#[test]
fn a_browsers_input_is_looked_at_without_panic() {
    assert!(replay("inbound", &saml::inbound_seeds(), saml::inbound) >= 2);
}

#[test]
fn metadata_survives_as_configuration() {
    assert!(replay("metadata", &saml::metadata_seeds(), saml::metadata) >= 4);
}

#[test]
fn posted_bytes_end_no_session_that_the_identity_provider_did_not_name() {
    assert!(replay("logout", &saml::logout_seeds(), saml::logout) > 20);
}

#[test]
fn pinned_metadata_is_what_the_key_signed() {
    assert!(replay("pinned_metadata", &saml::pinned_metadata_seeds(), saml::pinned_metadata) > 20);
}
