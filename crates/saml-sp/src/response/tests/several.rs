//! Several assertions in one response, where the policy takes them.

use super::scene::{GOOD, Scene};
use crate::{Cause, Notice, Rejection, Sighting};

/// A second assertion beside the good one, with these changes.
fn second(edits: &[(&str, &str)]) -> String {
    let mut assertion = between("<saml:Assertion ", "</samlp:Response>")
        .replace(r#"ID="_a""#, r#"ID="_b""#)
        .replace(r#"Index="s1""#, r#"Index="s9""#);
    for (from, to) in edits {
        assert!(assertion.contains(from), "{from}");
        assertion = assertion.replace(from, to);
    }
    assertion
}

/// The good response from one text to the next.
fn between(from: &str, to: &str) -> &'static str {
    let from = GOOD.find(from).unwrap();
    let to = GOOD.find(to).unwrap();
    GOOD.get(from..to).unwrap()
}

fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.policy.accept_several_assertions = true;
    scene.sign = &["_a", "_b"];
    scene
}

fn with(scene: &Scene, edits: &[(&str, &str)]) -> Result<crate::Verified<crate::Login>, Rejection> {
    scene.check(&scene.signed(&[("</samlp:Response>", &format!("{}</samlp:Response>", second(edits)))]))
}

const MAIL: &str = r#"<saml:Attribute Name="mail">"#;

// ASN-17
#[test]
fn several_assertions_about_one_person_make_one_login() {
    let scene = scene();
    let verified = with(&scene, &[(MAIL, r#"<saml:Attribute Name="role">"#)]).unwrap();
    assert_eq!(verified.claim().id, "_a");
    assert_eq!(verified.claims().map(|claim| claim.id.as_str()).collect::<Vec<_>>(), ["_a", "_b"]);
    let login = verified.admit_all([Sighting::FirstUse, Sighting::FirstUse]).unwrap();
    assert_eq!(login.attributes().iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["mail", "role"]);
    assert_eq!(login.session().indexes, ["s1", "s9"]);
    assert_eq!(login.evidence().notices, []);
    // One that only adds attributes need not say how the person signed in.
    let authn = between("<saml:AuthnStatement", "<saml:AttributeStatement");
    let authn = authn.replace(r#"Index="s1""#, r#"Index="s9""#);
    let login = with(&scene, &[(&authn, "")]).unwrap().admit_all([Sighting::FirstUse; 2]).unwrap();
    assert_eq!(login.session().indexes, ["s1"]);
    assert_eq!(login.evidence().notices, [Notice::DuplicateAttribute { name: "mail".to_owned() }]);
    // SIG-13: without the option it is refused.
    let mut plain = scene;
    plain.policy.accept_several_assertions = false;
    assert_eq!(with(&plain, &[]).unwrap_err().code(), "SIG-13");
}

// ASN-17, ASN-05
#[test]
fn every_assertion_is_claimed() {
    let scene = scene();
    let verified = || with(&scene, &[]).unwrap();
    let unclaimed = Cause::Unclaimed { expected: 2, found: 1 };
    assert_eq!(verified().admit(Sighting::FirstUse).unwrap_err().cause(), &unclaimed);
    assert_eq!(unclaimed.code(), "ASN-17");
    assert_eq!(verified().admit_all([Sighting::FirstUse; 3]).unwrap_err().code(), "ASN-17");
    assert_eq!(verified().admit_all([]).unwrap_err().code(), "ASN-17");
    let seen = [Sighting::FirstUse, Sighting::Seen];
    assert_eq!(verified().admit_all(seen).unwrap_err().code(), "ASN-05");
}

// ASN-17
#[test]
fn one_that_fails_is_dropped_and_told() {
    let scene = scene();
    for (rule, from, to) in [
        ("ASN-04", "cm:bearer", "cm:sender-vouches"),
        ("ASN-05", "<saml:Audience>https://sp.example", "<saml:Audience>urn:other"),
        ("ASN-05", r#"NotOnOrAfter="2026-01-31T12:10:00Z""#, r#"NotOnOrAfter="2026-01-31T11:56:00Z""#),
    ] {
        let verified = with(&scene, &[(from, to), (MAIL, r#"<saml:Attribute Name="role">"#)]).unwrap();
        assert_eq!(verified.claims().count(), 1);
        let login = verified.admit(Sighting::FirstUse).unwrap();
        assert_eq!(login.evidence().notices, [Notice::AssertionDropped { code: rule }]);
        assert_eq!(login.attributes().len(), 1);
    }
    let all_late = [(r#"NotOnOrAfter="2026-01-31T12:10:00Z""#, r#"NotOnOrAfter="2026-01-31T11:56:00Z""#)];
    let xml =
        scene.signed(&[("</samlp:Response>", &format!("{}</samlp:Response>", second(&[]))), all_late[0]]);
    assert_eq!(scene.check(&xml).unwrap_err().code(), "ASN-05");
}

// ASN-17, ASN-02, SIG-11, SIG-12
#[test]
fn another_person_issuer_or_signer_refuses_all() {
    let scene = scene();
    assert_eq!(with(&scene, &[(">alice<", ">bob<")]).unwrap_err().cause(), &Cause::OtherPrincipal);
    assert_eq!(Cause::OtherPrincipal.code(), "ASN-17");
    let issuer = [("<saml:Issuer>https://idp.example", "<saml:Issuer>https://other.example")];
    assert_eq!(with(&scene, &issuer).unwrap_err().code(), "ASN-02");
    let mut nameless = self::scene();
    nameless.policy.require_name_id = false;
    let gone = [(r#"<saml:NameID Format="urn:f">alice</saml:NameID>"#, "")];
    assert_eq!(with(&nameless, &gone).unwrap_err().code(), "ASN-17");
    let xml = scene.signed(&[("</samlp:Response>", &format!("{}</samlp:Response>", second(&[])))]);
    let (before, after) = xml.split_at(xml.find(r#"ID="_b""#).unwrap());
    let tampered = format!("{before}{}", after.replace("alice", "mallory"));
    assert_eq!(scene.check(&tampered).unwrap_err().code(), "SIG-10");
    let mut unsigned = self::scene();
    unsigned.sign = &["_a"];
    assert_eq!(with(&unsigned, &[]).unwrap_err().code(), "SIG-12");
    let mut outside = self::scene();
    outside.sign = &["_r"];
    assert_eq!(with(&outside, &[]).unwrap().claims().count(), 2);
}

// ASN-17, SIG-13
#[test]
fn there_are_at_most_eight() {
    let mut scene = scene();
    scene.sign = &["_r"];
    let many = |count: usize| {
        let all: String =
            (1..count).map(|number| second(&[(r#"ID="_b""#, &format!(r#"ID="_b{number}""#))])).collect();
        scene.check(&scene.signed(&[("</samlp:Response>", &format!("{all}</samlp:Response>"))]))
    };
    assert_eq!(many(8).unwrap().claims().count(), 8);
    assert_eq!(many(9).unwrap_err().cause(), &Cause::SeveralAssertions { found: 9 });
}
