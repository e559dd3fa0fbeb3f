//! What needs the keys of both sides: encrypted identifiers.

#![expect(
    clippy::field_reassign_with_default,
    reason = "as hosts write it, for whom these are not exhaustive"
)]

use base64::{Engine, prelude::BASE64_STANDARD};

use super::*;
use crate::{
    Certificate, Connection, Endpoint, IdentityProvider, Inbound, KeyPair, KeyRing, LogoutMessage, Policy,
    PrivateKey, RequestError, ServiceProvider, VerificationKey,
    dsig::{Signer, sign_enveloped},
    enc::{DecryptionContext, EncryptOptions, EncryptRandom, encrypt},
    names::PROTOCOL,
    response::decrypt_name_id,
    xml::Document,
};

const KEY: &str = include_str!("../../../../testdata/saml/captures/keys/sp.key");
const CERTIFICATE: &str = include_str!("../../../../testdata/saml/captures/keys/sp.crt");

// SLO-01
#[test]
fn a_name_identifier_is_encrypted_for_the_identity_provider_if_asked_for() {
    let scene = Scene::new();
    let mut options = LogoutOptions::default();
    options.binding = Some(Binding::HttpPost);
    options.encrypt_name_id = Some(EncryptionRandom::new([7; 48]));
    let begin = |options: &LogoutOptions, idp: &IdentityProvider| {
        let connection = Connection::new(&scene.sp, idp, &scene.policy);
        connection.begin_logout(&session(), options.clone(), id(), now())
    };
    assert_eq!(begin(&options, &scene.idp).unwrap_err(), RequestError::NoEncryptionKey);
    assert_eq!(RequestError::NoEncryptionKey.code(), "SLO-01");
    let knows = scene.idp.clone().with_encryption_certificates(vec![certificate()]);
    let (outbound, _) = begin(&options, &knows).unwrap();
    let (_, message) = outbound.post_form().unwrap().fields().first().unwrap().clone();
    let xml = BASE64_STANDARD.decode(message).unwrap();
    assert!(!String::from_utf8_lossy(&xml).contains("alice"));
    let document = Document::parse(&xml, &scene.policy.limits).unwrap();
    let root = document.root();
    assert!(root.is(PROTOCOL, "LogoutRequest"));
    let wrapper = root.child(crate::names::ASSERTION, "EncryptedID").unwrap();
    let keys = [PrivateKey::from_pem(KEY).unwrap()];
    let decryption = DecryptionContext {
        keys: &keys,
        recipient: "https://idp.example",
        policy: &scene.policy.encryption,
        signed_outside: false,
        limits: &scene.policy.limits,
    };
    assert_eq!(decrypt_name_id(wrapper, &decryption).unwrap(), session().name_id);
    assert!(!format!("{options:?}").contains('7'), "the key of the encryption stays out of logs");
}

// SLO-03, SLO-08, ENC-01
#[test]
fn an_encrypted_name_identifier_is_opened_and_matched() {
    let scene = Scene::new();
    let encrypted = |inner: &str| {
        let options = EncryptOptions {
            recipient: &certificate(),
            data: crate::DataEncryption::Aes128Gcm,
            key_transport: crate::KeyTransport::RsaOaepMgf1p,
            digest: crate::DigestAlgorithm::Sha1,
            mgf: None,
            label: None,
        };
        let random = EncryptRandom { key: [1; 32], iv: [2; 16] };
        let data = encrypt(inner.as_bytes(), &options, &random).unwrap().to_xml();
        format!("<saml:EncryptedID>{data}</saml:EncryptedID>")
    };
    let name = r#"<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:f" SPNameQualifier="q">alice</saml:NameID>"#;
    let request = scene.request(&encrypted(name)).unwrap();
    assert_eq!(request.name_id, session().name_id);
    assert!(session().is_meant_by(&request));
    let other = scene.request(&encrypted(&name.replace("alice", "bob"))).unwrap();
    assert!(!session().is_meant_by(&other));
    assert_eq!(scene.request(&encrypted(&name.replace("NameID", "Assertion"))).unwrap_err(), "ENC-08");
    let spoiled = encrypted(name).replacen("<xenc:CipherValue>", "<xenc:CipherValue>AAAA", 1);
    assert_eq!(scene.request(&spoiled).unwrap_err(), "ENC-06");
    let bare = ServiceProvider::new(scene.sp.entity_id().clone(), "https://sp.example/acs".parse().unwrap())
        .with_logout(scene.sp.logout().first().unwrap().clone());
    let keyless = Scene { sp: bare, ..Scene::new() };
    assert_eq!(keyless.request(&encrypted(name)).unwrap_err(), "ENC-05");
}

// ASN-03, XML-12, SLO-03
#[test]
fn a_request_names_one_person_by_one_identifier() {
    let scene = Scene::new();
    let name = r#"<saml:NameID Format="urn:f" SPNameQualifier="q">alice</saml:NameID>"#;
    scene.request(name).unwrap();
    for (rule, person) in [
        ("ASN-03", "<saml:BaseID/>".to_owned()),
        ("XML-12", String::new()),
        ("XML-12", format!("{name}{name}")),
        ("XML-12", format!("{name}<samlp:Other/>")),
        ("XML-12", "<saml:Subject/>".to_owned()),
        ("XML-11", format!("{name}<samlp:SessionIndex> </samlp:SessionIndex>")),
    ] {
        assert_eq!(scene.request(&person).unwrap_err(), rule, "{person}");
    }
}

// SLO-08, XML-12, MD-03
#[test]
fn a_signed_request_is_refused_for_each_of_its_own_facts() {
    let mut scene = Scene::new();
    let name = "<saml:NameID>alice</saml:NameID>";
    for (rule, from, to) in [
        ("SLO-08", r#" Destination="https://sp.example/slo""#, ""),
        ("SLO-08", r#" Destination="https://sp.example/slo""#, r#" Destination="https://sp.example/acs""#),
        ("SLO-08", r#" Version="2.0""#, r#" Version="2.1""#),
        ("SLO-08", "<saml:Issuer>https://idp.example</saml:Issuer>", ""),
        ("SLO-08", "<saml:Issuer>", r#"<saml:Issuer Format="urn:x">"#),
        ("SLO-08", "2026-01-31T12:00:00Z", "2026-01-31T12:03:01Z"),
        ("SLO-08", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00"),
        ("XML-12", "samlp:LogoutRequest", "samlp:AuthnRequest"),
        ("XML-12", "samlp:LogoutRequest", "samlp:LogoutResponse"),
    ] {
        assert_eq!(scene.changed(name, from, to).map(drop), Err(rule), "{from} -> {to}");
    }
    scene.request(name).unwrap();
    scene.idp = scene.idp.with_valid_until(Some(now() - chrono::TimeDelta::seconds(180)));
    assert_eq!(scene.request(name).map(drop), Err("MD-03"));
}

// SLO-06
#[test]
fn a_logout_that_overtook_its_login_wins_until_its_end() {
    let scene = Scene::new();
    let name = r#"<saml:NameID Format="urn:f" SPNameQualifier="q">alice</saml:NameID><samlp:SessionIndex>s2</samlp:SessionIndex>"#;
    let mut request = scene.request(name).unwrap();
    let mut late = session();
    assert!(request.ends(&late, now()), "it names no end");
    request.not_on_or_after = Some(now());
    assert!(!request.ends(&late, now()));
    assert!(request.ends(&late, now() - chrono::TimeDelta::seconds(1)));
    late.session_indexes = vec!["s9".to_owned()];
    assert!(!request.ends(&late, now() - chrono::TimeDelta::seconds(1)), "another session");
}

struct Scene {
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
}

impl Scene {
    fn new() -> Self {
        let slo = |side: &str| {
            Endpoint::new(Binding::HttpPost, format!("https://{side}.example/slo").parse().unwrap())
        };
        let idp = IdentityProvider::new(
            "https://idp.example".parse().unwrap(),
            vec![Endpoint::new(Binding::HttpPost, "https://idp.example/sso".parse().unwrap())],
            vec![VerificationKey::parse(CERTIFICATE).unwrap()],
        )
        .unwrap()
        .with_single_logout_services(vec![slo("idp")]);
        let sp = ServiceProvider::new(
            "https://sp.example".parse().unwrap(),
            "https://sp.example/acs".parse().unwrap(),
        )
        .with_keys(KeyRing::new(pair()))
        .with_logout(slo("sp"));
        Self { sp, idp, policy: Policy::default() }
    }

    /// What is read of a signed request about a person.
    fn request(&self, person: &str) -> Result<LogoutRequest, &'static str> {
        self.changed(person, "", "")
    }

    /// The same with a piece of the message replaced before it is signed.
    fn changed(&self, person: &str, from: &str, to: &str) -> Result<LogoutRequest, &'static str> {
        let xml = format!(
            concat!(
                r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
                r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_lr" Version="2.0""#,
                r#" IssueInstant="2026-01-31T12:00:00Z" Destination="https://sp.example/slo">"#,
                "<saml:Issuer>https://idp.example</saml:Issuer>{}</samlp:LogoutRequest>"
            ),
            person
        );
        assert!(xml.contains(from), "{from}");
        let xml = if from.is_empty() { xml } else { xml.replace(from, to) };
        let key = PrivateKey::from_pem(KEY).unwrap();
        let signed = sign_enveloped(xml.as_bytes(), "_lr", &Signer::new(&key, None)).unwrap();
        let message = BASE64_STANDARD.encode(signed).replace('+', "%2B").replace('=', "%3D");
        let body = format!("SAMLRequest={message}").into_bytes();
        let connection = Connection::new(&self.sp, &self.idp, &self.policy);
        match connection.accept_logout(&Inbound::FormBody(&body), None, now()) {
            Ok(LogoutMessage::Request(request)) => Ok(*request),
            Ok(LogoutMessage::Response(_)) => panic!("a request is no response"),
            Err(rejection) => Err(rejection.code()),
        }
    }
}

fn pair() -> KeyPair {
    KeyPair::new(PrivateKey::from_pem(KEY).unwrap(), certificate()).unwrap()
}

fn certificate() -> Certificate {
    Certificate::parse(CERTIFICATE).unwrap()
}

fn session() -> IdpSession {
    let mut name_id = NameId::new("alice");
    name_id.format = Some("urn:f".to_owned());
    name_id.sp_name_qualifier = Some("q".to_owned());
    IdpSession { name_id, session_indexes: vec!["s1".to_owned(), "s2".to_owned()] }
}

fn id() -> RequestId {
    RequestId::parse("_out").unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-01-31T12:00:00Z".parse().unwrap()
}
