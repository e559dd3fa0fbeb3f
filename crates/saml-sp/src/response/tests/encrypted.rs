//! Encrypted assertions, identifiers and attributes.

use super::scene::{GOOD, Scene};
use crate::{
    Certificate, DataEncryption, DigestAlgorithm, KeyPair, KeyRing, KeyTransport, Notice, PrivateKey,
    enc::{EncryptOptions, EncryptRandom, encrypt},
};

const KEY: &str = include_str!("../../../../../testdata/saml/captures/keys/sp.key");
const CERTIFICATE: &str = include_str!("../../../../../testdata/saml/captures/keys/sp.crt");

// ENC-01
#[test]
fn an_encrypted_identifier_is_opened() {
    let plain = r#"<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:f">alice</saml:NameID>"#;
    let wrapped = wrapped("EncryptedID", plain, DataEncryption::Aes256Gcm);
    let login = scene().accept(&[(NAME_ID, &wrapped)]).unwrap();
    assert_eq!(login.subject().unwrap().value, "alice");
    // Without namespace declarations of its own it means what it meant where it stood.
    let bare = self::wrapped("EncryptedID", NAME_ID, DataEncryption::Aes256Gcm);
    assert_eq!(scene().accept(&[(NAME_ID, &bare)]).unwrap().subject().unwrap().value, "alice");
}

// ENC-02
#[test]
fn an_encrypted_identifier_may_use_cbc_for_the_assertion_is_signed() {
    let wrapped = wrapped("EncryptedID", NAME_ID, DataEncryption::Aes128Cbc);
    scene().accept(&[(NAME_ID, &wrapped)]).unwrap();
}

// ENC-08
#[test]
fn what_is_encrypted_is_what_its_wrapper_is_for() {
    let attribute =
        r#"<saml:Attribute Name="secret"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>"#;
    let wrong = wrapped("EncryptedID", attribute, DataEncryption::Aes256Gcm);
    assert_eq!(scene().accept(&[(NAME_ID, &wrong)]).unwrap_err().code(), "ENC-08");
    let twice = format!("{NAME_ID}{}", wrapped("EncryptedID", NAME_ID, DataEncryption::Aes256Gcm));
    assert_eq!(scene().accept(&[(NAME_ID, &twice)]).unwrap_err().code(), "ASN-03");
}

// ENC-01
#[test]
fn an_encrypted_attribute_stands_beside_the_others() {
    let attribute =
        r#"<saml:Attribute Name="secret"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>"#;
    let both = format!(
        "{}</saml:AttributeStatement>",
        wrapped("EncryptedAttribute", attribute, DataEncryption::Aes256Gcm)
    );
    let login = scene().accept(&[("</saml:AttributeStatement>", &both)]).unwrap();
    assert_eq!(login.attributes().text("secret"), Some("x"));
    assert_eq!(login.attributes().text("mail"), Some("a@example.com"));
}

// XML-05
#[test]
fn the_number_of_encrypted_attributes_has_a_limit() {
    let attribute = r#"<saml:Attribute Name="a"/>"#;
    let one = wrapped("EncryptedAttribute", attribute, DataEncryption::Aes256Gcm);
    let with = |count: usize| {
        let all = format!("{}</saml:AttributeStatement>", one.repeat(count));
        scene()
            .accept(&[("</saml:AttributeStatement>", &all)])
            .map(drop)
            .map_err(|rejection| rejection.code())
    };
    assert_eq!(with(32), Ok(()));
    assert_eq!(with(33), Err("XML-05"));
}

// ENC-01
#[test]
fn an_assertion_in_the_clear_is_refused_where_encryption_is_demanded() {
    let mut scene = scene();
    scene.accept(&[]).unwrap();
    scene.policy.encryption.require_encrypted_assertions = true;
    let refused = scene.accept(&[]).unwrap_err();
    assert_eq!((refused.code(), refused.is_verified()), ("ENC-01", false));
    let encrypted = scene.signed(&[]);
    let (before, assertion) = encrypted.split_once("<saml:Assertion").unwrap();
    let assertion = assertion.strip_suffix("</samlp:Response>").unwrap();
    let wrapped =
        wrapped("EncryptedAssertion", &format!("<saml:Assertion{assertion}"), DataEncryption::Aes256Gcm);
    scene.admit(&format!("{before}{wrapped}</samlp:Response>")).unwrap();
    // An encrypted name is not an encrypted assertion.
    let name = self::wrapped("EncryptedID", NAME_ID, DataEncryption::Aes256Gcm);
    assert_eq!(scene.accept(&[(NAME_ID, &name)]).unwrap_err().code(), "ENC-01");
}

// ENC-02, ENC-07
#[test]
fn an_encrypted_assertion_is_verified_as_a_document_of_its_own() {
    let mut scene = scene();
    let sealed = |scene: &Scene, data| {
        let signed = scene.signed(&[]);
        let (before, assertion) = signed.split_once("<saml:Assertion").unwrap();
        let assertion = assertion.strip_suffix("</samlp:Response>").unwrap();
        let encrypted = wrapped("EncryptedAssertion", &format!("<saml:Assertion{assertion}"), data);
        format!("{before}{encrypted}</samlp:Response>")
    };
    let login = scene.admit(&sealed(&scene, DataEncryption::Aes256Gcm)).unwrap();
    assert_eq!(login.subject().unwrap().value, "alice");
    let evidence = login.evidence();
    assert_eq!(evidence.encryption.as_ref().unwrap().data, DataEncryption::Aes256Gcm);
    assert!(evidence.assertion_signature.is_some());

    let cbc = sealed(&scene, DataEncryption::Aes256Cbc);
    assert_eq!(scene.admit(&cbc).unwrap_err().code(), "ENC-02");
    scene.policy.encryption.danger_allow_unsigned_cbc = true;
    assert!(scene.admit(&cbc).unwrap().evidence().notices.contains(&Notice::CbcEncryption));
    // SIG-12: encryption is no signature.
    scene.sign = &[];
    assert_eq!(scene.admit(&sealed(&scene, DataEncryption::Aes256Gcm)).unwrap_err().code(), "SIG-12");
    // RSP-05, Errata 17
    scene.sign = &["_a"];
    let nameless = sealed(&scene, DataEncryption::Aes256Gcm).replacen(
        "<saml:Issuer>https://idp.example</saml:Issuer>",
        "",
        1,
    );
    assert_eq!(scene.admit(&nameless).unwrap_err().code(), "RSP-05");
    scene.sp =
        crate::ServiceProvider::new(scene.sp.entity_id().clone(), "https://sp.example/acs".parse().unwrap());
    assert_eq!(scene.admit(&nameless).unwrap_err().code(), "ENC-05");
}

// ENC-05
#[test]
fn current_next_and_retired_keys_open() {
    let wrapped = wrapped("EncryptedID", NAME_ID, DataEncryption::Aes256Gcm);
    let (ours, other) = (pair(KEY, CERTIFICATE), other_pair());
    for ring in [
        KeyRing::new(ours.clone()),
        KeyRing::new(other.clone()).with_next(ours.clone(), None),
        KeyRing::new(other.clone()).with_retired(ours),
    ] {
        let mut scene = Scene::new();
        scene.sp = scene.sp.with_keys(ring);
        scene.accept(&[(NAME_ID, &wrapped)]).unwrap();
    }
    let mut scene = Scene::new();
    scene.sp = scene.sp.with_keys(KeyRing::new(other));
    assert_eq!(scene.accept(&[(NAME_ID, &wrapped)]).unwrap_err().code(), "ENC-06");
}

pub(super) fn scene() -> Scene {
    assert!(GOOD.contains(NAME_ID));
    let mut scene = Scene::new();
    scene.sp = scene.sp.with_keys(KeyRing::new(pair(KEY, CERTIFICATE)));
    scene
}

fn pair(key: &str, certificate: &str) -> KeyPair {
    KeyPair::new(PrivateKey::from_pem(key).unwrap(), Certificate::parse(certificate).unwrap()).unwrap()
}

/// An RSA key that nothing is encrypted for.
fn other_pair() -> KeyPair {
    use openssl::{asn1::Asn1Time, hash::MessageDigest, pkey::PKey, rsa::Rsa, x509::X509};
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(1_000_000_000).unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let pem = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    pair(&pem(key.private_key_to_pem_pkcs8().unwrap()), &pem(builder.build().to_pem().unwrap()))
}

pub(super) fn wrapped(wrapper: &str, plain: &str, data: DataEncryption) -> String {
    let options = EncryptOptions {
        recipient: &Certificate::parse(CERTIFICATE).unwrap(),
        data,
        key_transport: KeyTransport::RsaOaepMgf1p,
        digest: DigestAlgorithm::Sha1,
        mgf: None,
        label: None,
    };
    let random = EncryptRandom { key: [5; 32], iv: [6; 16] };
    let encrypted = encrypt(plain.as_bytes(), &options, &random).unwrap().to_xml();
    format!("<saml:{wrapper}>{encrypted}</saml:{wrapper}>")
}

const NAME_ID: &str = r#"<saml:NameID Format="urn:f">alice</saml:NameID>"#;
