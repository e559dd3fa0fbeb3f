//! A connection in front of an identity provider that signs whatever a test writes.

use chrono::{DateTime, Utc};
use openssl::{ec::EcGroup, ec::EcKey, nid::Nid, pkey::PKey};

use crate::{
    Binding, Connection, Endpoint, IdentityProvider, Inbound, Login, LoginOptions, PendingLogin, Policy,
    PrivateKey, Rejection, RequestId, ServiceProvider, Sighting, VerificationKey, Verified,
    dsig::{Signer, sign_enveloped},
};

/// A connection, a login that waits, and an identity provider that signs whatever a test writes.
pub(super) struct Scene {
    pub(super) sp: ServiceProvider,
    pub(super) idp: IdentityProvider,
    pub(super) policy: Policy,
    pub(super) pending: Option<PendingLogin>,
    pub(super) key: PrivateKey,
    pub(super) sign: &'static [&'static str],
}

impl Scene {
    pub(super) fn new() -> Self {
        let pem = private_pem(1);
        let idp = IdentityProvider::new(
            "https://idp.example".parse().unwrap(),
            vec![Endpoint::new(Binding::HttpRedirect, "https://idp.example/sso".parse().unwrap())],
            vec![VerificationKey::parse(&public_pem(&pem)).unwrap()],
        )
        .unwrap();
        let sp = ServiceProvider::new(
            "https://sp.example".parse().unwrap(),
            "https://sp.example/acs".parse().unwrap(),
        );
        let mut scene = Self {
            sp,
            idp,
            policy: Policy::default(),
            pending: None,
            key: PrivateKey::from_pem(&pem).unwrap(),
            sign: &["_a"],
        };
        scene.begin(LoginOptions::default());
        scene
    }

    pub(super) fn connection(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.policy)
    }

    pub(super) fn begin(&mut self, options: LoginOptions) {
        let begun = self.connection().begin_login(options, RequestId::parse("_q").unwrap(), time(NOW));
        self.pending = Some(begun.unwrap().1);
    }

    pub(super) fn signed(&self, edits: &[(&str, &str)]) -> String {
        let mut xml = GOOD.to_owned();
        for (from, to) in edits {
            assert!(xml.contains(from), "{from}");
            xml = xml.replace(from, to);
        }
        let signer = Signer::new(&self.key, None);
        let sign = |xml: String, id: &&str| {
            String::from_utf8(sign_enveloped(xml.as_bytes(), id, &signer).unwrap()).unwrap()
        };
        self.sign.iter().fold(xml, sign)
    }

    pub(super) fn check(&self, xml: &str) -> Result<Verified<Login>, Rejection> {
        self.check_at(xml, time(NOW))
    }

    pub(super) fn check_at(&self, xml: &str, now: DateTime<Utc>) -> Result<Verified<Login>, Rejection> {
        self.connection().accept_response(&Inbound::FormBody(&body(xml)), self.pending.as_ref(), now)
    }

    pub(super) fn admit(&self, xml: &str) -> Result<Login, Rejection> {
        self.check(xml)?.admit(Sighting::FirstUse)
    }

    pub(super) fn accept(&self, edits: &[(&str, &str)]) -> Result<Login, Rejection> {
        self.admit(&self.signed(edits))
    }
}

pub(super) fn body(xml: &str) -> Vec<u8> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let message = BASE64_STANDARD.encode(xml).replace('+', "%2B").replace('=', "%3D");
    format!("SAMLResponse={message}&RelayState=there").into_bytes()
}

pub(super) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A key from a number, so that every run has the same.
pub(super) fn private_pem(secret: u32) -> String {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let number = openssl::bn::BigNum::from_u32(secret).unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let mut point = openssl::ec::EcPoint::new(&group).unwrap();
    point.mul_generator2(&group, &number, &mut context).unwrap();
    let key = EcKey::from_private_components(&group, &number, &point).unwrap();
    let pem = PKey::from_ec_key(key).unwrap().private_key_to_pem_pkcs8().unwrap();
    String::from_utf8(pem).unwrap()
}

pub(super) fn public_pem(private: &str) -> String {
    let key = PKey::private_key_from_pem(private.as_bytes()).unwrap();
    String::from_utf8(key.public_key_to_pem().unwrap()).unwrap()
}

/// A good response; tests change pieces of it before it is signed.
pub(super) const GOOD: &str = concat!(
    r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
    r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0""#,
    r#" IssueInstant="2026-01-31T12:00:00Z" Destination="https://sp.example/acs" InResponseTo="_q">"#,
    r#"<saml:Issuer>https://idp.example</saml:Issuer>"#,
    r#"<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>"#,
    r#"<saml:Assertion ID="_a" Version="2.0" IssueInstant="2026-01-31T12:00:00Z">"#,
    r#"<saml:Issuer>https://idp.example</saml:Issuer>"#,
    r#"<saml:Subject><saml:NameID Format="urn:f">alice</saml:NameID>"#,
    r#"<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">"#,
    r#"<saml:SubjectConfirmationData Recipient="https://sp.example/acs" NotOnOrAfter="2026-01-31T12:05:00Z" InResponseTo="_q"/>"#,
    r#"</saml:SubjectConfirmation></saml:Subject>"#,
    r#"<saml:Conditions NotBefore="2026-01-31T11:55:00Z" NotOnOrAfter="2026-01-31T12:10:00Z">"#,
    r#"<saml:AudienceRestriction><saml:Audience>https://sp.example</saml:Audience></saml:AudienceRestriction>"#,
    r#"</saml:Conditions>"#,
    r#"<saml:AuthnStatement AuthnInstant="2026-01-31T11:59:00Z" SessionIndex="s1">"#,
    r#"<saml:AuthnContext><saml:AuthnContextClassRef>urn:class:b</saml:AuthnContextClassRef></saml:AuthnContext>"#,
    r#"</saml:AuthnStatement>"#,
    r#"<saml:AttributeStatement><saml:Attribute Name="mail">"#,
    r#"<saml:AttributeValue>a@example.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"#,
    r#"</saml:Assertion></samlp:Response>"#
);

pub(super) const NOW: &str = "2026-01-31T12:00:00Z";
