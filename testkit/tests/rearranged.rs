//! Signature wrapping by chance: however a signed response is rearranged, nobody else signs in.

#![cfg(feature = "saml")]

use std::collections::BTreeMap;

use testkit::laws::saml;
use testkit::rearrange::rearranged;

#[test]
fn rearranging_a_signed_response_signs_nobody_else_in() {
    let responses = saml::signed_responses();
    let evil = saml::evil_parts();
    let evil: Vec<&str> = evil.iter().map(String::as_str).collect();
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..ROUNDS {
        let response = &responses[usize::try_from(seed).unwrap() % responses.len()];
        let outcome = saml::judge_response(rearranged(response, &evil, seed).as_bytes());
        *outcomes.entry(outcome).or_default() += 1;
    }
    // Rearranging has to reach the deeper checks, or it finds nothing.
    for reached in
        ["SIG-01", "SIG-02", "SIG-03", "SIG-05", "SIG-10", "SIG-12", "XML-07", "XML-12", "accepted"]
    {
        assert!(outcomes.contains_key(reached), "{reached} was never reached: {outcomes:?}");
    }
    assert_eq!(outcomes.get("XML-04"), None, "rearranging keeps documents well-formed");
}

const ROUNDS: u64 = 1_000;
