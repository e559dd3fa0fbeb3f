//! What a page may show of a response.

use super::encrypted::{scene as encrypted_scene, wrapped};
use super::scene::{GOOD, NOW, Scene, body, time};
use crate::{DataEncryption, Inbound, Rejection, ShownResponse, ShownSignature};

fn show(scene: &Scene, xml: &str) -> Result<ShownResponse, Rejection> {
    scene.connection().danger_show_response(&Inbound::FormBody(&body(xml)), time(NOW))
}

fn mail(shown: &ShownResponse) -> Option<&str> {
    let found = shown.attributes.iter().find(|(name, _)| name == "mail")?;
    found.1.first().map(String::as_str)
}

#[test]
fn a_response_is_shown_whomever_it_was_meant_for_and_however_old_it_is() {
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
        assert_eq!(shown.signature, ShownSignature::Verified { key: key.clone() });
        assert_eq!((shown.name_id.as_deref(), mail(&shown)), (Some("alice"), Some("a@example.com")));
    }
}

// SIG-12
#[test]
fn what_is_shown_says_whether_it_is_signed_and_well() {
    let mut scene = Scene::new();
    let forged = scene.signed(&[]).replace("a@example.com", "b@example.com");
    let shown = show(&scene, &forged).unwrap();
    assert!(matches!(&shown.signature, ShownSignature::Refused(why) if why.code() == "SIG-10"), "{shown:?}");
    assert_eq!(mail(&shown), Some("b@example.com"));
    assert_eq!(show(&scene, GOOD).unwrap().signature, ShownSignature::NotSigned);
    scene.sign = &["_r"];
    let shown = show(&scene, &scene.signed(&[])).unwrap();
    assert!(matches!(shown.signature, ShownSignature::Verified { .. }));
    assert_eq!(mail(&shown), Some("a@example.com"));
    assert!(!format!("{shown:?}").contains("example.com"));
}

// ENC-06
#[test]
fn what_is_encrypted_is_shown_only_under_a_good_signature() {
    let scene = encrypted_scene();
    let wrap = |name, plain| wrapped(name, plain, DataEncryption::Aes256Gcm);
    let attribute =
        r#"<saml:Attribute Name="secret"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>"#;
    let id = r#"<saml:NameID Format="urn:f">alice</saml:NameID>"#;
    let hidden = [
        (id.to_owned(), wrap("EncryptedID", id)),
        ("</saml:AttributeStatement>".to_owned(), {
            format!("{}</saml:AttributeStatement>", wrap("EncryptedAttribute", attribute))
        }),
    ];
    for (from, to) in &hidden {
        let signed = scene.signed(&[(from, to)]);
        assert_eq!(show(&scene, &signed).unwrap().name_id.as_deref(), Some("alice"));
        assert_eq!(show(&scene, &GOOD.replace(from, to)).unwrap_err().code(), "SIG-12");
    }
    let start = GOOD.find("<saml:Assertion ").unwrap();
    let end = GOOD.find("</samlp:Response>").unwrap();
    let whole = wrap("EncryptedAssertion", &GOOD[start..end]);
    let unsigned = format!("{}{whole}{}", &GOOD[..start], &GOOD[end..]);
    assert_eq!(show(&scene, &unsigned).unwrap_err().code(), "SIG-12");
}
