//! Logout between servers, and the two sides that the tests of artifacts and of ECP share.

use chrono::{DateTime, Utc};
use openssl::{bn::BigNumContext, ec::EcGroup, ec::EcKey, ec::EcPoint, nid::Nid, pkey::PKey};

use crate::{
    Binding, Certificate, Connection, Endpoint, IdentityProvider, IdpSession, IndexedEndpoint, KeyPair,
    KeyRing, Limits, LoginOptions, LogoutAnswer, LogoutOptions, LogoutOutcome, NameId, PendingLogin, Policy,
    PrivateKey, RequestError, RequestId, ServiceProvider, VerificationKey,
    dsig::{Signer, sign_enveloped, verify_enveloped},
    names::{PROTOCOL, SOAP},
    soap::SoapCall,
    xml::Document,
};

/// A service provider with every kind of endpoint, in front of an identity provider that signs whatever a test writes.
pub(crate) struct Host {
    pub(crate) sp: ServiceProvider,
    pub(crate) idp: IdentityProvider,
    pub(crate) policy: Policy,
    key: PrivateKey,
}

impl Host {
    pub(crate) fn new() -> Self {
        let (key, public) = key();
        let sp_key = include_str!("../../../../testdata/saml/captures/keys/sp.key");
        let sp_certificate = include_str!("../../../../testdata/saml/captures/keys/sp.crt");
        let pair =
            KeyPair::new(PrivateKey::from_pem(sp_key).unwrap(), Certificate::parse(sp_certificate).unwrap());
        let consumer = |index, binding, location: &str| IndexedEndpoint {
            binding,
            index,
            is_default: None,
            location: location.parse().unwrap(),
        };
        let sp = ServiceProvider::new("https://sp.example".parse().unwrap(), ACS.parse().unwrap())
            .with_consumers(vec![
                consumer(0, Binding::HttpPost, ACS),
                consumer(1, Binding::HttpArtifact, ARTIFACTS),
                consumer(2, Binding::Paos, PAOS_ACS),
            ])
            .unwrap()
            .with_logout(Endpoint::new(Binding::Soap, "https://sp.example/soap".parse().unwrap()))
            .with_keys(KeyRing::new(pair.unwrap()));
        let endpoint = |binding, location: &str| Endpoint::new(binding, location.parse().unwrap());
        let idp = IdentityProvider::new(
            "https://idp.example".parse().unwrap(),
            vec![
                endpoint(Binding::HttpRedirect, "https://idp.example/sso"),
                endpoint(Binding::Soap, "https://idp.example/ecp"),
            ],
            vec![VerificationKey::parse(&public).unwrap()],
        )
        .unwrap()
        .with_single_logout_services(vec![endpoint(Binding::Soap, "https://idp.example/slo")])
        .with_artifact_resolution_services(vec![
            consumer(0, Binding::Soap, "http://idp.example/plain"),
            consumer(3, Binding::Soap, "https://idp.example/ars"),
        ]);
        Self { sp, idp, policy: Policy::default(), key }
    }

    pub(crate) fn connection(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.policy)
    }

    /// A login that waits at an endpoint of this side.
    pub(crate) fn pending(&self, consumer: &str) -> PendingLogin {
        let consumer = crate::Consumer::Url(consumer.parse().unwrap());
        let options = LoginOptions { consumer, ..LoginOptions::default() };
        self.connection().begin_login(options, id("_q"), now()).unwrap().1
    }

    /// Signs the element with this ID.
    pub(crate) fn sign(&self, xml: &str, id: &str) -> String {
        let signed = sign_enveloped(xml.as_bytes(), id, &Signer::new(&self.key, None)).unwrap();
        String::from_utf8(signed).unwrap()
    }

    /// A response with a signed assertion, for an endpoint of this side.
    pub(crate) fn response(&self, consumer: &str) -> String {
        self.sign(&RESPONSE.replace("$ACS", consumer), "_a")
    }

    fn message(&self, message: &str) -> String {
        let stamped = format!(
            "xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             Version=\"2.0\" IssueInstant=\"2026-01-31T12:00:00Z\""
        );
        message
            .replace("$STAMPED", &stamped)
            .replace("$ISSUER", "<saml:Issuer>https://idp.example</saml:Issuer>")
    }

    fn logout_request(&self) -> String {
        self.message(
            "<samlp:LogoutRequest $STAMPED ID=\"_lr\">$ISSUER<saml:NameID>alice</saml:NameID>\
             <samlp:SessionIndex>s1</samlp:SessionIndex></samlp:LogoutRequest>",
        )
    }

    fn logout_response(&self, code: &str) -> String {
        self.message(&format!(
            "<samlp:LogoutResponse $STAMPED ID=\"_ls\" InResponseTo=\"_out\">$ISSUER<samlp:Status>\
             <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{code}\"/></samlp:Status>\
             </samlp:LogoutResponse>"
        ))
    }
}

/// Asserts that a call holds one message with our signature, and gives the message's name and text.
pub(crate) fn opened(body: &str) -> String {
    let limits = Limits::default();
    let document = Document::parse(body.as_bytes(), &limits).unwrap();
    let body = document.root().child(SOAP, "Body").unwrap();
    let message = body.children().next().unwrap();
    let certificate = include_str!("../../../../testdata/saml/captures/keys/sp.crt");
    let keys = [VerificationKey::parse(certificate).unwrap()];
    let policy = Policy::default();
    verify_enveloped(message, &keys, &policy.algorithms, policy.engines, &limits).unwrap();
    message.source().to_owned()
}

/// Asserts that words stand in a text in this order.
pub(crate) fn assert_order(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("{word} is not where it belongs in {text}")).1;
    }
}

pub(crate) fn wrapped(message: &str) -> String {
    format!("<S:Envelope xmlns:S=\"{SOAP}\"><S:Body>{message}</S:Body></S:Envelope>")
}

pub(crate) fn id(text: &str) -> RequestId {
    RequestId::parse(text).unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

fn key() -> (PrivateKey, String) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let number = openssl::bn::BigNum::from_u32(11).unwrap();
    let mut context = BigNumContext::new().unwrap();
    let mut point = EcPoint::new(&group).unwrap();
    point.mul_generator2(&group, &number, &mut context).unwrap();
    let key = PKey::from_ec_key(EcKey::from_private_components(&group, &number, &point).unwrap()).unwrap();
    let text = |pem: Vec<u8>| String::from_utf8(pem).unwrap();
    let private = text(key.private_key_to_pem_pkcs8().unwrap());
    (PrivateKey::from_pem(&private).unwrap(), text(key.public_key_to_pem().unwrap()))
}

fn session() -> IdpSession {
    IdpSession { name_id: NameId::new("alice"), session_indexes: vec!["s1".to_owned()] }
}

fn begun(host: &Host) -> (SoapCall, crate::PendingLogout) {
    host.connection().begin_soap_logout(&session(), LogoutOptions::default(), id("_out"), now()).unwrap()
}

// SLO-01, SLO-02
#[test]
fn logout_between_servers_is_asked_for_by_a_signed_message() {
    let host = Host::new();
    let (call, pending) = begun(&host);
    assert_eq!(call.to().as_str(), "https://idp.example/slo");
    assert!(call.headers().contains(&("Content-Type", "text/xml; charset=utf-8")));
    let request = opened(call.body());
    // The order of the schema.
    assert_order(
        &request,
        &["LogoutRequest", "Issuer", "Signature", "NameID", "alice", "SessionIndex", "s1"],
    );
    assert_eq!(pending.request_id().as_str(), "_out");
}

// SLO-05, SLO-04
#[test]
fn the_answer_between_servers_is_bound_to_the_request_and_signed() {
    let host = Host::new();
    let (_, pending) = begun(&host);
    let receive = |message: &str| {
        let body = wrapped(message);
        let outcome = host.connection().accept_soap_logout_response(body.as_bytes(), &pending, now());
        outcome.map_err(|rejection| rejection.code())
    };
    let good = host.logout_response("Success");
    assert_eq!(receive(&host.sign(&good, "_ls")), Ok(LogoutOutcome::Success));
    assert!(matches!(
        receive(&host.sign(&host.logout_response("Responder"), "_ls")),
        Ok(LogoutOutcome::Unknown(_))
    ));
    assert_eq!(receive(&good), Err("SLO-02"));
    assert_eq!(receive(&host.sign(&good.replace("\"_out\"", "\"_other\""), "_ls")), Err("SLO-05"));
    assert_eq!(receive(&host.sign(&good, "_ls").replace("Success", "success")), Err("SIG-10"));
    assert_eq!(receive(&host.sign(&host.logout_request(), "_lr")), Err("XML-12"));
}

// SLO-03, SLO-04
#[test]
fn a_request_between_servers_is_read_and_answered_in_the_same_exchange() {
    let host = Host::new();
    let body = wrapped(&host.sign(&host.logout_request(), "_lr"));
    let request = host.connection().accept_soap_logout(body.as_bytes(), now()).unwrap();
    assert_eq!(request.binding, Binding::Soap);
    assert!(session().is_meant_by(&request));
    let answer = LogoutAnswer::Success;
    let reply = host.connection().respond_soap_logout(&request, answer, &id("_done"), now()).unwrap();
    let response = opened(reply.body());
    assert_order(&response, &["InResponseTo=\"_lr\"", "Issuer", "Signature", "Status", "status:Success"]);
    let keyless = ServiceProvider::new(host.sp.entity_id().clone(), ACS.parse().unwrap());
    let connection = Connection::new(&keyless, &host.idp, &host.policy);
    let refused = connection.respond_soap_logout(&request, answer, &id("_done"), now());
    assert_eq!(refused, Err(RequestError::NoKey));
}

// SLO-04
#[test]
fn a_refused_request_between_servers_is_answered_if_it_was_signed() {
    let host = Host::new();
    let answered = |body: &str| {
        let rejection = host.connection().accept_soap_logout(body.as_bytes(), now()).unwrap_err();
        let reply = host.connection().respond_refused_soap_logout(&rejection, &id("_no"), now()).unwrap();
        (rejection.code(), reply.map(|reply| opened(reply.body()).contains("status:Requester")))
    };
    let late = host.logout_request().replace(" ID=", " NotOnOrAfter=\"2026-01-31T11:00:00Z\" ID=");
    assert_eq!(answered(&wrapped(&host.sign(&late, "_lr"))), ("SLO-06", Some(true)));
    assert_eq!(answered(&wrapped(&host.logout_request())), ("SLO-02", None));
}

// SLO-08
#[test]
fn an_envelope_holds_one_message_and_nothing_that_must_be_understood() {
    let host = Host::new();
    let good = host.sign(&host.logout_request(), "_lr");
    let receive = |body: &str| {
        let received = host.connection().accept_soap_logout(body.as_bytes(), now());
        received.map(drop).map_err(|rejection| rejection.code())
    };
    let around = |header: &str, body: &str| {
        format!("<S:Envelope xmlns:S=\"{SOAP}\">{header}<S:Body>{body}</S:Body></S:Envelope>")
    };
    assert_eq!(receive(&around("", &good)), Ok(()));
    let block = "<S:Header><x:b xmlns:x=\"urn:x\"/></S:Header>";
    assert_eq!(receive(&around(block, &good)), Ok(()));
    for demand in ["1", "true"] {
        let demanding = block.replace("/></S", &format!(" S:mustUnderstand=\"{demand}\"/></S"));
        assert_eq!(receive(&around(&demanding, &good)), Err("SLO-08"));
    }
    assert_eq!(receive(&around("", &format!("{good}<x/>"))), Err("SLO-08"));
    assert_eq!(receive(&around("", &format!("text{good}"))), Err("SLO-08"));
    assert_eq!(receive(&around("", "")), Err("SLO-08"));
    assert_eq!(receive(&good), Err("SLO-08"));
    assert_eq!(receive(&around("", &good).replace("soap/envelope/", "soap/other/")), Err("SLO-08"));
    assert_eq!(receive(&around("", &good).replace("</S:Body>", "</S:Body><S:Body/>")), Err("SLO-08"));
    let fault = "<S:Fault><faultcode>S:Server</faultcode><faultstring>not today</faultstring></S:Fault>";
    let rejection = host.connection().accept_soap_logout(around("", fault).as_bytes(), now()).unwrap_err();
    assert_eq!((rejection.code(), rejection.found().as_deref()), ("SLO-08", Some("not today")));
}

pub(crate) const ACS: &str = "https://sp.example/acs";
pub(crate) const ARTIFACTS: &str = "https://sp.example/art";
pub(crate) const PAOS_ACS: &str = "https://sp.example/paos";

/// A good response without a Destination.
const RESPONSE: &str = concat!(
    r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
    r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0""#,
    r#" IssueInstant="2026-01-31T12:00:00Z" InResponseTo="_q">"#,
    r#"<saml:Issuer>https://idp.example</saml:Issuer>"#,
    r#"<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>"#,
    r#"<saml:Assertion ID="_a" Version="2.0" IssueInstant="2026-01-31T12:00:00Z">"#,
    r#"<saml:Issuer>https://idp.example</saml:Issuer><saml:Subject><saml:NameID>alice</saml:NameID>"#,
    r#"<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">"#,
    r#"<saml:SubjectConfirmationData Recipient="$ACS" NotOnOrAfter="2026-01-31T12:05:00Z" InResponseTo="_q"/>"#,
    r#"</saml:SubjectConfirmation></saml:Subject>"#,
    r#"<saml:Conditions><saml:AudienceRestriction><saml:Audience>https://sp.example</saml:Audience>"#,
    r#"</saml:AudienceRestriction></saml:Conditions>"#,
    r#"<saml:AuthnStatement AuthnInstant="2026-01-31T11:59:00Z" SessionIndex="s1"><saml:AuthnContext>"#,
    r#"<saml:AuthnContextClassRef>urn:class:b</saml:AuthnContextClassRef></saml:AuthnContext>"#,
    r#"</saml:AuthnStatement></saml:Assertion></samlp:Response>"#
);
