//! Signature wrapping by chance: however something signed is rearranged, only what was signed is read.

#![cfg(feature = "saml")]

use std::collections::BTreeMap;

use testkit::laws::saml;
use testkit::rearrange::rearranged;

#[test]
fn rearranging_a_signed_response_signs_nobody_else_in() {
    reaches(
        &saml::signed_responses(),
        &saml::evil_parts(),
        saml::judge_response,
        &["SIG-01", "SIG-02", "SIG-03", "SIG-05", "SIG-10", "SIG-12", "XML-07", "XML-12", "accepted"],
    );
}

#[test]
fn rearranging_a_signed_logout_request_ends_no_other_session() {
    reaches(
        &[saml::signed_logout()],
        &saml::evil_logout_parts(),
        saml::judge_logout,
        &[
            "SIG-01", "SIG-02", "SIG-03", "SIG-05", "SIG-07", "SIG-10", "SLO-02", "XML-07", "XML-12",
            "accepted",
        ],
    );
}

#[test]
fn rearranging_signed_metadata_brings_no_other_identity_provider() {
    reaches(
        &[saml::signed_metadata()],
        &saml::evil_metadata_parts(),
        saml::judge_metadata,
        &["SIG-01", "SIG-02", "SIG-03", "SIG-05", "SIG-07", "SIG-10", "SIG-12", "XML-07", "accepted"],
    );
}

/// Judges many rearrangements; they have to reach the deeper checks, or they find nothing.
fn reaches(signed: &[String], evil: &[String], judge: fn(&[u8]) -> &'static str, deep: &[&str]) {
    let evil: Vec<&str> = evil.iter().map(String::as_str).collect();
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..ROUNDS {
        let document = &signed[usize::try_from(seed).unwrap() % signed.len()];
        let outcome = judge(rearranged(document, &evil, seed).as_bytes());
        *outcomes.entry(outcome).or_default() += 1;
    }
    for reached in deep {
        assert!(outcomes.contains_key(reached), "{reached} was never reached: {outcomes:?}");
    }
    assert_eq!(outcomes.get("XML-04"), None, "rearranging keeps documents well-formed");
}

const ROUNDS: u64 = 1_000;
