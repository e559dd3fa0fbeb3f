//! What a page may show of a response.

use super::encrypted::{scene as encrypted_scene, wrapped};
use super::scene::{GOOD, NOW, Scene, body, private_pem, time};
use crate::{DataEncryption, Inbound, PrivateKey, Rejection, ShownResponse};

fn show(scene: &Scene, xml: &str) -> Result<ShownResponse, Rejection> {
    scene.connection().show_response(&Inbound::FormBody(&body(xml)), time(NOW))
}

fn mail(shown: &ShownResponse) -> Option<&str> {
    let found = shown.attributes.iter().find(|(name, _)| name == "mail")?;
    found.1.first().map(String::as_str)
}

#[test]
fn a_signed_response_is_shown_whomever_it_was_meant_for_and_however_old_it_is() {
    let scene = Scene::new();
    let key = scene.idp.signing_keys()[0].fingerprint();
    for edit in [
        ("https://sp.example/acs", "https://other.example/acs"),
        ("<saml:Audience>https://sp.example", "<saml:Audience>https://other.example"),
        ("2026-01-31T", "2020-01-31T"),
        (r#"InResponseTo="_q""#, r#"InResponseTo="_other""#),
    ] {
        let xml = scene.signed(&[edit]);
        assert!(scene.admit(&xml).is_err());
        let shown = show(&scene, &xml).unwrap();
        assert_eq!(
            (shown.keys.as_slice(), shown.assertion_ids.as_slice()),
            (&[key.clone()][..], &["_a".to_owned()][..])
        );
        assert_eq!((shown.name_id.as_deref(), mail(&shown)), (Some("alice"), Some("a@example.com")));
    }
}

// SIG-11, SIG-12
#[test]
fn nothing_is_shown_of_what_no_good_signature_of_the_provider_covers() {
    let mut scene = Scene::new();
    let forged = scene.signed(&[]).replace("a@example.com", "b@example.com");
    let same = |scene: &Scene, xml: &str| {
        assert_eq!(show(scene, xml).unwrap_err().code(), scene.admit(xml).unwrap_err().code());
    };
    same(&scene, &forged);
    assert_eq!(show(&scene, GOOD).unwrap_err().code(), "SIG-12");
    // A good signature on one part does not excuse a bad one on the other (SIG-11).
    scene.sign = &["_a", "_r"];
    let twice = scene.signed(&[]);
    assert!(show(&scene, &twice).is_ok());
    let broken = twice.replacen("<samlp:Status>", "<samlp:Extensions/><samlp:Status>", 1);
    same(&scene, &broken);
    scene.sign = &["_a"];
    scene.key = PrivateKey::from_pem(&private_pem(2)).unwrap();
    same(&scene, &scene.signed(&[]));
}

// SIG-08
#[test]
fn only_what_the_signature_covers_is_shown() {
    let mut scene = Scene::new();
    scene.sign = &["_r"];
    let shown = show(&scene, &scene.signed(&[])).unwrap();
    assert_eq!(mail(&shown), Some("a@example.com"));
    assert!(!format!("{shown:?}").contains("example.com"), "values stay out of logs");
    // ASN-02: another provider's word under a key that both have.
    let xml = scene.signed(&[("<saml:Issuer>https://idp.example", "<saml:Issuer>https://other.example")]);
    assert_eq!(show(&scene, &xml).unwrap_err().code(), "ASN-02");
}

// ASN-17
#[test]
fn a_second_assertion_is_shown_where_a_login_takes_it_and_of_the_same_person_alone() {
    let mut scene = Scene::new();
    let (before, first, end) = around_the_assertion();
    let second = first.replace("\"_a\"", "\"_b\"").replace("\"mail\"", "\"more\"");
    let two = |second: &str| format!("{before}{first}{second}{end}");
    scene.sign = &["_r"];
    let sign = |scene: &Scene, second: &str| scene.signed(&[(GOOD, &two(second))]);
    assert_eq!(show(&scene, &sign(&scene, &second)).unwrap_err().code(), "SIG-13");
    scene.policy.accept_several_assertions = true;
    let shown = show(&scene, &sign(&scene, &second)).unwrap();
    assert_eq!((shown.assertion_ids.len(), shown.attributes.len()), (2, 2));
    let other = second.replace(">alice<", ">bob<");
    assert!(show(&scene, &sign(&scene, &other)).is_err());
}

// ENC-06
#[test]
fn what_is_encrypted_is_opened_where_a_login_would_open_it_and_refused_in_the_same_words() {
    let mut scene = encrypted_scene();
    let wrap = |name, plain| wrapped(name, plain, DataEncryption::Aes256Gcm);
    let id = r#"<saml:NameID Format="urn:f">alice</saml:NameID>"#;
    let hidden = wrap("EncryptedID", id);
    assert_eq!(show(&scene, &scene.signed(&[(id, &hidden)])).unwrap().name_id.as_deref(), Some("alice"));
    assert_eq!(show(&scene, &GOOD.replace(id, &hidden)).unwrap_err().code(), "SIG-12");

    let (before, assertion, end) = around_the_assertion();
    let whole = |data| format!("{before}{}{end}", wrapped("EncryptedAssertion", assertion, data));
    let same = |scene: &Scene, xml: &str| {
        let (shown, login) = (show(scene, xml).unwrap_err(), scene.admit(xml).unwrap_err());
        assert_eq!((shown.code(), shown.to_string()), (login.code(), login.to_string()));
    };
    let gcm = whole(DataEncryption::Aes256Gcm);
    same(&scene, &gcm);
    same(&scene, &whole(DataEncryption::Aes256Cbc));
    let broken = gcm.replacen("CipherValue>", "CipherValue>AAAA", 1);
    same(&scene, &broken);
    scene.sign = &["_r"];
    let signed = scene.signed(&[(GOOD, &gcm)]);
    assert_eq!(mail(&show(&scene, &signed).unwrap()), Some("a@example.com"));
}

/// The good response as what is before its assertion, the assertion, and what is behind it.
fn around_the_assertion() -> (&'static str, &'static str, &'static str) {
    let start = GOOD.find("<saml:Assertion ").unwrap();
    let (before, rest) = GOOD.split_at(start);
    let (assertion, end) = rest.split_at(rest.find("</samlp:Response>").unwrap());
    (before, assertion, end)
}
