#![expect(
    clippy::field_reassign_with_default,
    reason = "as hosts write it, for whom these are not exhaustive"
)]

use std::io::Read;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};

use super::*;
use crate::{
    AlgorithmPolicy, Binding, Certificate, Connection, Endpoint, Engines, EntityId, IdentityProvider,
    Inbound, IndexedEndpoint, KeyPair, KeyRing, Limits, NameId, Outbound, Policy, PrivateKey, RequestId,
    Seconds, ServiceProvider, VerificationKey,
    dsig::{verify_detached, verify_enveloped},
    xml::Document,
};

const KEY: &str = include_str!("../../../../testdata/saml/captures/keys/sp.key");
const CERTIFICATE: &str = include_str!("../../../../testdata/saml/captures/keys/sp.crt");

// REQ-05
#[test]
fn nothing_optional_is_sent_unasked() {
    let (xml, _) = Scene::new().xml(LoginOptions::default());
    assert_eq!(
        xml,
        concat!(
            r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
            r#" AssertionConsumerServiceURL="https://sp.example/acs" Destination="https://idp.example/sso""#,
            r#" ID="_q" IssueInstant="2026-01-31T12:00:00Z""#,
            r#" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Version="2.0">"#,
            r#"<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example</saml:Issuer>"#,
            r#"</samlp:AuthnRequest>"#
        )
    );
}

// REQ-04
#[test]
fn everything_that_is_asked_for_stands_in_the_schemas_order() {
    let mut options = LoginOptions::default();
    options.attribute_consuming_service_index = Some(3);
    options.conditions = Some(RequestConditions {
        audiences: vec!["urn:a".to_owned()],
        not_before: Some(now()),
        not_on_or_after: None,
    });
    options.consumer = Consumer::Index(1);
    options.force_authn = true;
    options.is_passive = true;
    options.name_id_policy =
        Some(NameIdPolicy { format: Some("urn:f".to_owned()), ..NameIdPolicy::default() });
    options.provider_name = Some("A & \"B\"".to_owned());
    options.requested_authn_context = Some(RequestedAuthnContext {
        comparison: Comparison::Minimum,
        ..RequestedAuthnContext::exactly(["urn:c1", "urn:c2"])
    });
    options.scoping = Some(Scoping {
        idps: vec![IdpEntry {
            provider_id: "urn:idp".parse().unwrap(),
            name: Some("I".to_owned()),
            location: "https://i.example/".parse().ok(),
        }],
        get_complete: "https://list.example/".parse().ok(),
        proxy_count: Some(1),
        requester_ids: vec!["urn:r".to_owned()],
    });
    options.subject = Some(NameId { format: Some("urn:f".to_owned()), ..NameId::new("bob <b>") });
    let (xml, pending) = Scene::new().xml(options);
    assert_eq!(
        xml,
        concat!(
            r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" AssertionConsumerServiceIndex="1""#,
            r#" AttributeConsumingServiceIndex="3" Destination="https://idp.example/sso" ForceAuthn="true" ID="_q""#,
            r#" IsPassive="true" IssueInstant="2026-01-31T12:00:00Z" ProviderName="A &amp; &quot;B&quot;" Version="2.0">"#,
            r#"<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example</saml:Issuer>"#,
            r#"<saml:Subject xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">"#,
            r#"<saml:NameID Format="urn:f">bob &lt;b&gt;</saml:NameID></saml:Subject>"#,
            r#"<samlp:NameIDPolicy AllowCreate="true" Format="urn:f"></samlp:NameIDPolicy>"#,
            r#"<saml:Conditions xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" NotBefore="2026-01-31T12:00:00Z">"#,
            r#"<saml:AudienceRestriction><saml:Audience>urn:a</saml:Audience></saml:AudienceRestriction></saml:Conditions>"#,
            r#"<samlp:RequestedAuthnContext Comparison="minimum">"#,
            r#"<saml:AuthnContextClassRef xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:c1</saml:AuthnContextClassRef>"#,
            r#"<saml:AuthnContextClassRef xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:c2</saml:AuthnContextClassRef>"#,
            r#"</samlp:RequestedAuthnContext>"#,
            r#"<samlp:Scoping ProxyCount="1"><samlp:IDPList>"#,
            r#"<samlp:IDPEntry Loc="https://i.example/" Name="I" ProviderID="urn:idp"></samlp:IDPEntry>"#,
            r#"<samlp:GetComplete>https://list.example/</samlp:GetComplete></samlp:IDPList>"#,
            r#"<samlp:RequesterID>urn:r</samlp:RequesterID></samlp:Scoping>"#,
            r#"</samlp:AuthnRequest>"#
        )
    );
    assert_eq!(pending.consumer().as_str(), "https://sp.example/second");
    assert!(pending.force_authn());
}

// REQ-04
#[test]
fn an_extension_is_one_element_of_another_namespace() {
    let begin = |extension: &str| {
        let mut options = LoginOptions::default();
        options.extensions = vec![extension.to_owned()];
        options.provider_name = Some("</saml:Issuer>".to_owned());
        Scene::new().begin(options)
    };
    let mut options = LoginOptions::default();
    options.extensions = vec![r#"<x:a xmlns:x="urn:x"><x:b c='1'/></x:a>"#.to_owned()];
    let (xml, _) = Scene::new().xml(options);
    assert!(xml.contains(
        r#"</saml:Issuer><samlp:Extensions><x:a xmlns:x="urn:x"><x:b c="1"></x:b></x:a></samlp:Extensions></samlp:AuthnRequest>"#
    ));
    assert!(begin(r#"<a xmlns="urn:x"/>"#).is_ok());
    for wrong in [
        "<a/>",
        r#"<a xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>"#,
        "text",
        "<a><b></a>",
        r#"<a xmlns="urn:x"/><b/>"#,
    ] {
        assert_eq!(begin(wrong).unwrap_err().code(), "REQ-04", "{wrong}");
    }
}

// REQ-05
#[test]
fn a_transient_identifier_is_asked_for_without_allow_create() {
    let xml = |format: &str, allow_create| {
        let mut options = LoginOptions::default();
        let format = Some(format.to_owned());
        options.name_id_policy = Some(NameIdPolicy { allow_create, format, sp_name_qualifier: None });
        Scene::new().xml(options).0
    };
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    assert!(!xml(transient, None).contains("AllowCreate"));
    assert!(xml(transient, Some(true)).contains(r#"AllowCreate="true""#));
    assert!(xml("urn:f", Some(false)).contains(r#"AllowCreate="false""#));
}

// REQ-11
#[test]
fn the_response_goes_only_to_an_endpoint_of_the_service_provider() {
    let begin = |consumer| {
        let mut options = LoginOptions::default();
        options.consumer = consumer;
        Scene::new().begin(options).map(|(_, pending)| pending.consumer().as_str().to_owned())
    };
    assert_eq!(
        begin(Consumer::Url("https://sp.example/second".parse().unwrap())).unwrap(),
        "https://sp.example/second"
    );
    assert_eq!(begin(Consumer::Unnamed).unwrap(), "https://sp.example/acs");
    for elsewhere in
        [Consumer::Url("https://sp.example/second/".parse().unwrap()), Consumer::Index(2), Consumer::Index(7)]
    {
        assert_eq!(begin(elsewhere), Err(RequestError::Consumer));
    }
}

// REQ-09
#[test]
fn a_relay_state_has_at_most_80_bytes() {
    let begin = |length: usize| {
        let mut options = LoginOptions::default();
        options.relay_state = Some("é".repeat(length / 2));
        Scene::new().begin(options).map(drop)
    };
    assert_eq!(begin(80), Ok(()));
    assert_eq!(begin(82), Err(RequestError::RelayState { length: 82 }));
}

// REQ-08
#[test]
fn a_redirected_request_is_signed_beside_and_not_in_the_message() {
    let scene = Scene::new();
    let mut options = LoginOptions::default();
    options.sign = true;
    options.relay_state = Some("a b".to_owned());
    let (outbound, _) = scene.begin(options).unwrap();
    let query = outbound.redirect_url().unwrap().split_once('?').unwrap().1;
    let decoded = Inbound::RawQuery(query).decode(&Limits::default()).unwrap();
    assert!(!String::from_utf8(decoded.xml).unwrap().contains("Signature"));
    let signature = decoded.signature.unwrap();
    assert_eq!(signature.algorithm, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
    let keys = [VerificationKey::parse(CERTIFICATE).unwrap()];
    let policy = AlgorithmPolicy::default();
    verify_detached(&signature.octets, &signature.algorithm, &signature.value, &keys, &policy).unwrap();
}

// REQ-07, REQ-08
#[test]
fn a_posted_request_is_signed_in_the_message() {
    let scene = Scene::new();
    let mut options = LoginOptions::default();
    options.sign = true;
    options.binding = Some(Binding::HttpPost);
    let (outbound, _) = scene.begin(options).unwrap();
    let form = outbound.post_form().unwrap();
    assert_eq!(form.action().as_str(), "https://idp.example/post");
    let [("SAMLRequest", message)] = form.fields() else { panic!("{:?}", form.fields()) };
    let xml = BASE64_STANDARD.decode(message).unwrap();
    let document = Document::parse(&xml, &Limits::default()).unwrap();
    let children: Vec<_> = document.root().children().map(|child| child.local_name()).collect();
    assert_eq!(children, ["Issuer", "Signature"]);
    assert_eq!(document.root().attribute("Destination"), Some("https://idp.example/post"));
    let keys = [VerificationKey::parse(CERTIFICATE).unwrap()];
    let (policy, limits) = (AlgorithmPolicy::default(), Limits::default());
    verify_enveloped(document.root(), &keys, &policy, Engines::default(), &limits).unwrap();
}

// REQ-08
#[test]
fn a_request_is_signed_whenever_one_side_says_so() {
    let signed = |scene: &Scene, sign| {
        let mut options = LoginOptions::default();
        options.sign = sign;
        scene.begin(options).map(|(outbound, _)| outbound.redirect_url().unwrap().contains("&Signature="))
    };
    let mut scene = Scene::new();
    assert_eq!(signed(&scene, false), Ok(false));
    assert_eq!(signed(&scene, true), Ok(true));
    scene.idp = scene.idp.with_want_authn_requests_signed(true);
    assert_eq!(signed(&scene, false), Ok(true));
    scene.idp = scene.idp.with_want_authn_requests_signed(false);
    scene.sp = scene.sp.with_authn_requests_signed(true);
    assert_eq!(signed(&scene, false), Ok(true));
    scene.sp = ServiceProvider::new(scene.sp.entity_id().clone(), "https://sp.example/acs".parse().unwrap());
    assert_eq!(signed(&scene, true), Err(RequestError::NoKey));
}

#[test]
fn the_next_key_signs_from_its_instant_on() {
    let pair = |pem: &str, certificate: &str| {
        KeyPair::new(PrivateKey::from_pem(pem).unwrap(), Certificate::parse(certificate).unwrap()).unwrap()
    };
    let (pem, certificate) = other_key();
    let next = pair(&pem, &certificate);
    let ring = KeyRing::new(pair(KEY, CERTIFICATE)).with_next(next.clone(), Some(now()));
    assert_eq!(ring.signing(now()).certificate(), next.certificate());
    assert_ne!(ring.signing(now() - chrono::TimeDelta::seconds(1)).certificate(), next.certificate());
    let waiting = KeyRing::new(pair(KEY, CERTIFICATE)).with_next(next.clone(), None);
    assert_ne!(waiting.signing(now()).certificate(), next.certificate());
    assert_eq!(waiting.decrypting().count(), 2);
    let mismatched =
        KeyPair::new(PrivateKey::from_pem(KEY).unwrap(), Certificate::parse(&certificate).unwrap());
    assert_eq!(mismatched.unwrap_err().code(), "key.mismatch");
}

#[test]
fn a_request_without_class_or_endpoint_is_refused() {
    let mut options = LoginOptions::default();
    options.requested_authn_context = Some(RequestedAuthnContext::exactly([""; 0]));
    assert_eq!(Scene::new().begin(options).unwrap_err(), RequestError::NoClass);
    let mut options = LoginOptions::default();
    options.binding = Some(Binding::Soap);
    assert_eq!(Scene::new().begin(options).unwrap_err(), RequestError::NoEndpoint);
}

#[test]
fn a_pending_login_keeps_what_it_needs_through_serde() {
    let mut options = LoginOptions::default();
    options.return_to = Some("/there".parse().unwrap());
    options.context = Some("anything".to_owned());
    options.lifetime = Some(Seconds::new(60));
    options.subject = Some(NameId::new("bob"));
    let pending = Scene::new().begin(options).unwrap().1;
    let text = serde_json::to_string(&pending).unwrap();
    let back: PendingLogin = serde_json::from_str(&text).unwrap();
    assert_eq!(back, pending);
    assert_eq!(back.return_to().unwrap().as_str(), "/there");
    assert_eq!(back.expires_at(), "2026-01-31T12:01:00Z".parse::<DateTime<Utc>>().unwrap());
    // REQ-09: a return path that was changed in the store is judged again.
    assert!(serde_json::from_str::<PendingLogin>(&text.replace("/there", "//evil.example")).is_err());
}

// TEN-09
#[test]
fn a_sealed_pending_login_opens_with_its_key_alone() {
    let pending = Scene::new().begin(LoginOptions::default()).unwrap().1;
    let (key, other) = (SealKey::new([1; 32]), SealKey::new([2; 32]));
    let sealed = pending.seal(&key, [7; 12]).unwrap();
    assert_eq!(PendingLogin::open(&sealed, &[other.clone(), key.clone()]).unwrap(), pending);
    assert_eq!(PendingLogin::open(&sealed, &[other]), Err(OpenError::Forged));
    assert!(!sealed.contains("_q"));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(PendingLogin::open(&changed, std::slice::from_ref(&key)), Err(OpenError::Forged), "{at}");
    }
    assert_eq!(PendingLogin::open("", &[key]), Err(OpenError::Forged));
    assert_eq!(format!("{:?}", SealKey::new([1; 32])), "SealKey(256 bits)");
}

#[test]
fn what_does_not_fit_into_a_cookie_is_not_sealed() {
    let mut options = LoginOptions::default();
    options.context = Some("x".repeat(4000));
    let pending = Scene::new().begin(options).unwrap().1;
    assert_eq!(pending.seal(&SealKey::new([1; 32]), [7; 12]), Err(OpenError::Failed));
}

// TEN-09
#[test]
fn what_is_too_long_for_a_cookie_is_not_opened_even_if_it_is_ours() {
    let mut options = LoginOptions::default();
    options.context = Some("x".repeat(2_000));
    let pending = Scene::new().begin(options).unwrap().1;
    // Written as `seal` writes it, with white space that makes it longer.
    let sealed = |spaces: usize| {
        let mut plain = serde_json::to_vec(&pending).unwrap();
        plain.resize(plain.len() + spaces, b' ');
        let (cipher, nonce, mut tag) = (openssl::symm::Cipher::aes_256_gcm(), [7; 12], [0; 16]);
        let purpose = b"saml-sp pending login 1";
        let sealed =
            openssl::symm::encrypt_aead(cipher, &[1; 32], Some(&nonce), purpose, &plain, &mut tag).unwrap();
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &tag, &sealed].concat())
    };
    let (keys, mut spaces) = ([SealKey::new([1; 32])], 0);
    while sealed(spaces).len() < 3_800 {
        spaces += 1;
    }
    assert_eq!(sealed(spaces).len(), 3_800);
    assert_eq!(PendingLogin::open(&sealed(spaces), &keys).unwrap(), pending);
    assert_eq!(PendingLogin::open(&sealed(spaces + 1), &keys), Err(OpenError::Forged));
}

struct Scene {
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
}

impl Scene {
    fn new() -> Self {
        let pair = KeyPair::new(PrivateKey::from_pem(KEY).unwrap(), Certificate::parse(CERTIFICATE).unwrap());
        let entity_id: EntityId = "https://sp.example".parse().unwrap();
        let mut soap = IndexedEndpoint::post(2, "https://sp.example/soap".parse().unwrap());
        soap.binding = Binding::Soap;
        let sp = ServiceProvider::new(entity_id, "https://sp.example/acs".parse().unwrap())
            .with_consumers(vec![
                IndexedEndpoint::post(0, "https://sp.example/acs".parse().unwrap()),
                IndexedEndpoint::post(1, "https://sp.example/second".parse().unwrap()),
                soap,
            ])
            .unwrap()
            .with_keys(KeyRing::new(pair.unwrap()));
        let idp = IdentityProvider::new(
            "https://idp.example".parse().unwrap(),
            vec![
                Endpoint::new(Binding::HttpPost, "https://idp.example/post".parse().unwrap()),
                Endpoint::new(Binding::HttpRedirect, "https://idp.example/sso".parse().unwrap()),
            ],
            vec![VerificationKey::parse(CERTIFICATE).unwrap()],
        );
        Self { sp, idp: idp.unwrap(), policy: Policy::default() }
    }

    fn begin(&self, options: LoginOptions) -> Result<(Outbound, PendingLogin), RequestError> {
        let connection = Connection::new(&self.sp, &self.idp, &self.policy);
        connection.begin_login(options, RequestId::parse("_q").unwrap(), now())
    }

    /// The message of an unsigned redirect.
    fn xml(&self, options: LoginOptions) -> (String, PendingLogin) {
        let (outbound, pending) = self.begin(options).unwrap();
        let query =
            outbound.redirect_url().unwrap().strip_prefix("https://idp.example/sso?SAMLRequest=").unwrap();
        let packed = BASE64_STANDARD
            .decode(query.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="))
            .unwrap();
        let mut xml = String::new();
        flate2::read::DeflateDecoder::new(&packed[..]).read_to_string(&mut xml).unwrap();
        (xml, pending)
    }
}

fn now() -> DateTime<Utc> {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

/// Another key and a certificate of its own.
fn other_key() -> (String, String) {
    use openssl::{asn1::Asn1Time, ec, hash::MessageDigest, nid::Nid, pkey::PKey, x509::X509};
    let group = ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(ec::EcKey::generate(&group).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(1_000_000_000).unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let pem = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (pem(key.private_key_to_pem_pkcs8().unwrap()), pem(builder.build().to_pem().unwrap()))
}
