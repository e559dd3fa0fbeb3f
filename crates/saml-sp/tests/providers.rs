//! What real products send is accepted under their profiles, and the product is told from its metadata.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "test helpers")]

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::testing::{
    LoginAnswer, TestAlgorithm, TestAttribute, TestEncryption, TestIdp, TestKey, TestNameId, TestSign,
};
use saml_sp::{
    Binding, Certificate, Connection, DataEncryption, Endpoint, IdentityProvider, Inbound, KeyPair, KeyRing,
    Limits, LoginOptions, Policy, PrivateKey, Product, ProviderProfile, Report, RequestId, ServiceProvider,
    Sighting, SignatureDemand, Skew, UnverifiedIssuer, VerificationKey,
};
use serde::Deserialize;
use testkit::data;

// RSP-09, ASN-16
#[test]
fn every_healthy_shape_is_accepted() {
    let mut accepted = 0;
    for provider in providers() {
        let policy = provider.product.and_then(ProviderProfile::of).map(ProviderProfile::policy);
        let policy = policy.unwrap_or_default();
        for response in &provider.responses {
            let at = format!("{:?}, {}", provider.product, response.what);
            let (report, login) = response.check(&policy);
            assert_eq!(report.rule, response.outcome.as_deref(), "{at}: {:?}", report.problems);
            assert_eq!(login, response.outcome.is_none(), "{at}");
            let problems: Vec<&str> = report.problems.iter().map(|problem| problem.kind.id()).collect();
            assert_eq!(problems, response.problems, "{at}");
            if let Some(code) = &response.by_default {
                assert_eq!(response.check(&Policy::default()).0.rule, Some(code.as_str()), "{at}");
            }
            accepted += usize::from(login);
        }
    }
    assert!(accepted >= 25, "only {accepted} shapes are left");
}

#[test]
fn every_profile_has_a_fixture_that_fits_it() {
    let fixtures = providers();
    for product in Product::ALL {
        let Some(profile) = ProviderProfile::of(*product) else { continue };
        let fixture = fixtures.iter().find(|fixture| fixture.product == Some(*product));
        let fixture = fixture.unwrap_or_else(|| panic!("{product:?} has no fixture"));
        let signs = |sign| {
            fixture
                .responses
                .iter()
                .any(|response| response.answer.sign.as_deref().unwrap_or("assertion") == sign)
        };
        match profile.signs {
            SignatureDemand::Assertion => assert!(signs("assertion"), "{product:?}"),
            SignatureDemand::Both => assert!(signs("both"), "{product:?}"),
            SignatureDemand::Either => assert!(signs("assertion") && signs("response"), "{product:?}"),
            SignatureDemand::Response => assert!(signs("response"), "{product:?}"),
        }
        // SHA-1 is explained where it is the default, and stays refused.
        let refused = fixture.responses.iter().any(|response| response.outcome.as_deref() == Some("SIG-06"));
        assert_eq!(profile.algorithm == "rsa-sha1", refused, "{product:?}");
        assert_eq!(refused, profile.traits.iter().any(|line| line.contains("SHA-1")), "{product:?}");
        // ENC-02
        let cbc = fixture.responses.iter().any(|response| response.by_default.as_deref() == Some("ENC-02"));
        assert_eq!(profile.cbc_without_response_signature, cbc, "{product:?}");
        let expected = Policy::default();
        let mut policy = profile.policy();
        policy.encryption.danger_allow_unsigned_cbc = false;
        assert_eq!(policy, expected, "{product:?}: a profile relaxes nothing else");
    }
}

#[test]
fn the_product_is_told_from_its_metadata() {
    let key = TestKey::well_known().unwrap();
    let certificate = key.certificate_pem().unwrap();
    let body: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    for provider in providers() {
        let metadata = format!(
            "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' entityID='{}'>\
             <IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'>\
             <KeyDescriptor><KeyInfo xmlns='http://www.w3.org/2000/09/xmldsig#'><X509Data><X509Certificate>{body}\
             </X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
             <SingleSignOnService Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect' Location='{}'/>\
             </IDPSSODescriptor></EntityDescriptor>",
            provider.entity_id, provider.sign_on
        );
        let idp = IdentityProvider::from_metadata(metadata.as_bytes()).unwrap();
        let likely = Product::likely(&idp);
        let found = likely.first().map(|likely| (likely.product, likely.certain));
        let expected = provider.product.zip(provider.certain);
        assert_eq!(found, expected, "{likely:?}");
        assert!(likely.len() <= 1, "{likely:?}");
    }
}

// TEN-03
#[test]
fn the_unverified_issuer_chooses_a_connection_and_nothing_more() {
    let genuine = TestIdp::well_known("https://idp.example.com").unwrap();
    let forger = TestIdp::new("https://idp.example.com", TestKey::foreign().unwrap());
    let message = forger.respond(&Answer::default().build()).unwrap();
    let body = message.form_body(None);
    let peeked = UnverifiedIssuer::peek(&Inbound::FormBody(&body), &Limits::default()).unwrap();
    assert_eq!(peeked.issuer(), Some(genuine.entity_id()));
    assert_eq!(peeked.in_response_to(), Some(REQUEST));
    let (report, accepted) = check(&genuine, &body, &Policy::default(), now());
    assert_eq!((report.rule, accepted), (Some("SIG-07"), false));
}

fn providers() -> Vec<Provider> {
    data::files("saml/idp", ".json").iter().map(|file| data::json(file)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    product: Option<Product>,
    entity_id: String,
    sign_on: String,
    certain: Option<bool>,
    responses: Vec<Response>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    what: String,
    answer: Answer,
    #[serde(default)]
    edits: Vec<(String, String)>,
    outcome: Option<String>,
    #[serde(default)]
    by_default: Option<String>,
    #[serde(default)]
    problems: Vec<String>,
    #[serde(default)]
    clock_seconds: i64,
    #[serde(default)]
    skew: Option<u32>,
}

impl Response {
    fn check(&self, policy: &Policy) -> (Report, bool) {
        let idp = TestIdp::well_known("https://idp.example.com").unwrap();
        let message = idp.respond(&self.answer.build()).unwrap();
        let mut xml = String::from_utf8(message.xml().to_vec()).unwrap();
        for (from, to) in &self.edits {
            assert!(xml.contains(from), "{}: no {from}", self.what);
            xml = xml.replacen(from, to, 1);
        }
        let mut policy = policy.clone();
        if let Some(skew) = self.skew {
            policy.skew = Skew::new(skew).unwrap();
        }
        let body = testkit::captures::form_body(xml.as_bytes(), None);
        check(&idp, &body, &policy, now() + TimeDelta::seconds(self.clock_seconds))
    }
}

/// The report on a response, and whether it is accepted.
fn check(idp: &TestIdp, body: &[u8], policy: &Policy, clock: DateTime<Utc>) -> (Report, bool) {
    let pair =
        KeyPair::new(PrivateKey::from_pem(SP_KEY).unwrap(), Certificate::parse(SP_CERTIFICATE).unwrap());
    let sp = ServiceProvider::new(SP.parse().unwrap(), ACS.parse().unwrap())
        .with_keys(KeyRing::new(pair.unwrap()));
    let sign_on = Endpoint::new(Binding::HttpRedirect, idp.sign_on_url().parse().unwrap());
    let key = VerificationKey::parse(&idp.key().certificate_pem().unwrap()).unwrap();
    let idp = IdentityProvider::new(idp.entity_id().parse().unwrap(), vec![sign_on], vec![key]).unwrap();
    let connection = Connection::new(&sp, &idp, policy);
    let id = RequestId::parse(REQUEST).unwrap();
    let (_, pending) = connection.begin_login(LoginOptions::default(), id, now()).unwrap();
    let inbound = Inbound::FormBody(body);
    let report = connection.report(&inbound, Some(&pending), clock);
    let login = connection
        .accept_response(&inbound, Some(&pending), clock)
        .and_then(|verified| verified.admit(Sighting::FirstUse));
    (report, login.is_ok())
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Answer {
    algorithm: Option<String>,
    attributes: Vec<(String, Vec<String>)>,
    authn_context: Option<String>,
    #[serde(deserialize_with = "given")]
    destination: Option<Option<String>>,
    encrypt: Option<DataEncryptionName>,
    name_id: Option<Name>,
    not_before_seconds: Option<i64>,
    not_on_or_after_seconds: Option<i64>,
    session_end_seconds: Option<i64>,
    sign: Option<String>,
    typed_values: bool,
}

#[derive(Deserialize)]
struct Name {
    value: String,
    format: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
enum DataEncryptionName {
    #[serde(rename = "aes256-cbc")]
    Cbc,
    #[serde(rename = "aes256-gcm")]
    Gcm,
}

impl Answer {
    fn build(&self) -> LoginAnswer {
        let at = |seconds: i64| now() + TimeDelta::seconds(seconds);
        let mut answer = LoginAnswer::new("1", SP, ACS, now());
        answer.in_response_to = Some(REQUEST.to_owned());
        if let Some(destination) = &self.destination {
            answer.destination.clone_from(destination);
        }
        if let Some(name) = &self.name_id {
            answer.name_id = TestNameId::new(&name.value, name.format.as_deref());
        }
        if let Some(class) = &self.authn_context {
            answer.authn_context.clone_from(class);
        }
        if self.algorithm.as_deref() == Some("sha1") {
            answer.algorithm = TestAlgorithm::Sha1;
        }
        answer.not_before = self.not_before_seconds.map(at).or(answer.not_before);
        answer.not_on_or_after = self.not_on_or_after_seconds.map(at).or(answer.not_on_or_after);
        answer.session_not_on_or_after = self.session_end_seconds.map(at);
        answer.sign = match self.sign.as_deref() {
            None | Some("assertion") => TestSign::Assertion,
            Some("both") => TestSign::Both,
            Some("response") => TestSign::Response,
            Some(other) => panic!("{other}"),
        };
        answer.encrypt = self.encrypt.map(|data| {
            let mut encryption = TestEncryption::new(SP_CERTIFICATE);
            encryption.data = match data {
                DataEncryptionName::Cbc => DataEncryption::Aes256Cbc,
                DataEncryptionName::Gcm => DataEncryption::Aes256Gcm,
            };
            encryption
        });
        let attribute = |(name, values): &(String, Vec<String>)| {
            TestAttribute::new(name, &values.iter().map(String::as_str).collect::<Vec<_>>())
        };
        answer.attributes = self.attributes.iter().map(attribute).collect();
        answer.typed_values = self.typed_values;
        answer
    }
}

/// Tells `null` from a field that isn't there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn now() -> DateTime<Utc> {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

const ACS: &str = "https://sp.example.com/acs";
const REQUEST: &str = "_request";
const SP: &str = "https://sp.example.com/metadata";
const SP_CERTIFICATE: &str = include_str!("../../../testdata/saml/captures/keys/sp.crt");
const SP_KEY: &str = include_str!("../../../testdata/saml/captures/keys/sp.key");
