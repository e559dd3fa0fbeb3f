//! Single logout against the test identity provider, both directions, both bindings.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use std::io::Read;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::testing::{
    TestIdp, TestKey, TestLogoutRequest, TestLogoutResponse, TestMessage, TestNameId, TestStatus,
};
use saml_sp::{
    Binding, Certificate, Connection, Endpoint, IdentityProvider, IdpSession, Inbound, KeyPair, KeyRing,
    LogoutAnswer, LogoutMessage, LogoutOptions, LogoutOutcome, LogoutRequest, NameId, OpenError, Outbound,
    PendingLogin, PendingLogout, Policy, PrivateKey, RequestError, RequestId, SealKey, ServiceProvider,
};
use testkit::captures;

const SLO: &str = "https://sp.example/slo";

// SLO-01, SLO-02
#[test]
fn a_logout_is_asked_for_with_the_name_as_received_and_signed() {
    let host = Host::new();
    for binding in [Binding::HttpRedirect, Binding::HttpPost] {
        let (outbound, pending) = host.begin(binding);
        let request = host.at_idp(&outbound);
        assert_eq!(request.id, "_out");
        assert_eq!(request.destination.as_deref(), Some(host.test.logout_url()));
        assert_eq!(request.session_indexes, ["s1", "s2"]);
        let name_id = request.name_id.clone().unwrap();
        assert_eq!((name_id.value.as_str(), name_id.sp_name_qualifier.as_deref()), ("alice", Some("q")));
        assert_eq!(request.relay_state.as_deref(), Some("r"));
        assert_eq!(request.has_xml_signature, binding == Binding::HttpPost);
        let signed = request.verify_query(&captures::sp_certificate_pem()).unwrap();
        assert_eq!(signed, binding == Binding::HttpRedirect);
        assert_eq!(pending.return_to().unwrap().as_str(), "/bye");
    }
}

// SLO-01, SLO-07
#[test]
fn a_logout_needs_a_session_a_key_and_an_endpoint() {
    let mut host = Host::new();
    let mut session = session();
    session.session_indexes.clear();
    let begin = |host: &Host, session: &IdpSession| {
        host.connection().begin_logout(session, LogoutOptions::default(), id("_out"), now()).map(drop)
    };
    assert_eq!(begin(&host, &session), Err(RequestError::NoSession));
    session.session_indexes.push("s".to_owned());
    assert_eq!(begin(&host, &session), Ok(()));
    for (reason, outcome) in [
        ("urn:oasis:names:tc:SAML:2.0:logout:user", Ok(())),
        ("user", Err(RequestError::Reason)),
        (" ", Err(RequestError::Reason)),
    ] {
        let mut options = LogoutOptions::default();
        options.reason = Some(reason.to_owned());
        let begun = host.connection().begin_logout(&session, options, id("_out"), now()).map(drop);
        assert_eq!(begun, outcome, "{reason}");
    }
    let with_endpoints = host.idp.clone();
    host.idp = host.idp.with_single_logout_services(Vec::new());
    assert_eq!(begin(&host, &session).unwrap_err().code(), "SLO-07");
    host.idp = with_endpoints;
    host.sp = ServiceProvider::new(host.sp.entity_id().clone(), "https://sp.example/acs".parse().unwrap());
    assert_eq!(begin(&host, &session), Err(RequestError::NoKey));
}

// SLO-04, SLO-05
#[test]
fn the_answer_to_our_request_tells_how_it_went() {
    let host = Host::new();
    let pending = host.begin(Binding::HttpRedirect).1;
    let partial = TestStatus {
        second: Some("urn:oasis:names:tc:SAML:2.0:status:PartialLogout".to_owned()),
        ..TestStatus::success()
    };
    for (status, expected) in [
        (TestStatus::success(), Some(LogoutOutcome::Success)),
        (partial, Some(LogoutOutcome::Partial)),
        (TestStatus::denied("no"), None),
    ] {
        let mut answer = TestLogoutResponse::new("_in", SLO, "_out", now());
        answer.status = status;
        let message = host.test.logout_response(&answer).unwrap();
        for found in host.receive_both(&message, Some(&pending)) {
            let LogoutMessage::Response(outcome) = found.unwrap() else { panic!("a response is no request") };
            match (&outcome, &expected) {
                (LogoutOutcome::Unknown(status), None) => assert!(status.has_detail("RequestDenied")),
                (outcome, expected) => assert_eq!(Some(outcome), expected.as_ref()),
            }
        }
    }
}

// SLO-05, SLO-08, TEN-09
#[test]
fn an_answer_that_fits_no_request_is_refused() {
    let host = Host::new();
    let pending = host.begin(Binding::HttpRedirect).1;
    let good = TestLogoutResponse::new("_in", SLO, "_out", now());
    let refused = |change: &dyn Fn(&mut TestLogoutResponse), pending: Option<&PendingLogout>| {
        let mut answer = good.clone();
        change(&mut answer);
        let message = host.test.logout_response(&answer).unwrap();
        let [redirected, posted] = host.receive_both(&message, pending);
        assert_eq!(redirected, posted);
        posted.map(drop)
    };
    assert_eq!(refused(&|_| {}, Some(&pending)), Ok(()));
    assert_eq!(refused(&|_| {}, None), Err("SLO-05"));
    assert_eq!(
        refused(&|answer| answer.in_response_to = Some("_x".to_owned()), Some(&pending)),
        Err("SLO-05")
    );
    assert_eq!(refused(&|answer| answer.in_response_to = None, Some(&pending)), Err("XML-12"));
    assert_eq!(
        refused(&|answer| answer.destination = "https://sp.example/acs".to_owned(), Some(&pending)),
        Err("SLO-08")
    );
    assert_eq!(
        refused(&|answer| answer.now = now() + TimeDelta::seconds(181), Some(&pending)),
        Err("SLO-08")
    );
    let keyed = host.connection().with_key("other");
    let message = host.test.logout_response(&good).unwrap();
    let found = keyed.accept_logout(&Inbound::FormBody(&message.form_body(None)), Some(&pending), now());
    assert_eq!(found.unwrap_err().code(), "TEN-09");
    let late = now() + TimeDelta::minutes(10);
    let found =
        host.connection().accept_logout(&Inbound::FormBody(&message.form_body(None)), Some(&pending), late);
    assert_eq!(found.unwrap_err().code(), "RSP-06");
}

// SLO-03, SLO-04
#[test]
fn a_request_of_the_identity_provider_is_read_and_answered_with_its_relay_state() {
    let host = Host::new();
    let mut order = order();
    order.session_indexes = vec!["s2".to_owned(), "s3".to_owned()];
    order.not_on_or_after = Some(now() + TimeDelta::minutes(5));
    let message = host.test.logout_request(&order).unwrap();
    let long = "x".repeat(100);
    let url = host.test.redirect(&message, Some(&long)).unwrap();
    let query = url.split_once('?').unwrap().1.to_owned();
    for (inbound, binding) in [
        (Inbound::FormBody(&message.form_body(Some(&long))), Binding::HttpPost),
        (Inbound::RawQuery(&query), Binding::HttpRedirect),
    ] {
        let found = host.connection().accept_logout(&inbound, None, now()).unwrap();
        let LogoutMessage::Request(request) = found else { panic!("a request is no response") };
        assert_eq!((request.id.as_str(), request.binding), ("_lr", binding));
        assert!(request.signature.is_some());
        assert!(session().is_meant_by(&request));

        let outbound =
            host.connection().respond_logout(&request, LogoutAnswer::Success, &id("_ours"), now()).unwrap();
        let answer = host.at_idp(&outbound);
        assert_eq!(answer.in_response_to.as_deref(), Some("_lr"));
        assert_eq!(answer.status.as_deref(), Some("urn:oasis:names:tc:SAML:2.0:status:Success"));
        assert_eq!(answer.relay_state.as_deref(), Some(long.as_str()));
        assert_eq!(matches!(outbound, Outbound::Post { .. }), binding == Binding::HttpPost);
        assert_eq!(answer.has_xml_signature, binding == Binding::HttpPost);
    }
}

// SLO-04
#[test]
fn a_signed_request_is_answered_even_if_it_is_refused_and_others_are_not() {
    let host = Host::new();
    let mut late = order();
    late.not_on_or_after = Some("2026-01-31T11:00:00Z".parse().unwrap());
    let refuse = |order: &TestLogoutRequest| {
        let body = host.test.logout_request(order).unwrap().form_body(Some("r"));
        let rejection = host.connection().accept_logout(&Inbound::FormBody(&body), None, now()).unwrap_err();
        host.connection().respond_refused_logout(&rejection, &id("_ours"), now()).unwrap()
    };
    let answer = host.at_idp(&refuse(&late).unwrap());
    assert_eq!(answer.in_response_to.as_deref(), Some("_lr"));
    assert_eq!(answer.status.as_deref(), Some("urn:oasis:names:tc:SAML:2.0:status:Requester"));
    assert_eq!(answer.relay_state.as_deref(), Some("r"));
    late.sign = false;
    assert_eq!(refuse(&late), None);
    let response = host.test.logout_response(&TestLogoutResponse::new("_in", SLO, "_out", now())).unwrap();
    let found = host.connection().accept_logout(&Inbound::FormBody(&response.form_body(None)), None, now());
    let answered = host.connection().respond_refused_logout(&found.unwrap_err(), &id("_ours"), now());
    assert_eq!(answered, Ok(None), "a response is not answered");
}

// TEN-09
#[test]
fn a_sealed_pending_logout_is_no_login() {
    let host = Host::new();
    let pending = host.begin(Binding::HttpRedirect).1;
    let key = [SealKey::new([1; 32])];
    let sealed = pending.seal(&key[0], [2; 12]).unwrap();
    assert_eq!(PendingLogout::open(&sealed, &key), Ok(pending));
    assert_eq!(PendingLogin::open(&sealed, &key), Err(OpenError::Forged));
}

// SLO-04
#[test]
fn an_answer_goes_to_the_response_location() {
    let mut host = Host::new();
    let mut endpoint = Endpoint::new(Binding::HttpPost, "https://idp.example/slo".parse().unwrap());
    endpoint.response_location = "https://idp.example/answers".parse().ok();
    host.idp = host.idp.with_single_logout_services(vec![endpoint]);
    let request = host.request(&order());
    let outbound =
        host.connection().respond_logout(&request, LogoutAnswer::Responder, &id("_ours"), now()).unwrap();
    assert_eq!(outbound.post_form().unwrap().action().as_str(), "https://idp.example/answers");
    assert_eq!(host.at_idp(&outbound).destination.as_deref(), Some("https://idp.example/answers"));
}

// SLO-02, SIG-07, SIG-20
#[test]
fn a_request_that_is_not_signed_by_the_identity_provider_is_refused() {
    let mut host = Host::new();
    let mut unsigned = order();
    unsigned.sign = false;
    let message = host.test.logout_request(&unsigned).unwrap();
    assert_eq!(host.receive(&Inbound::FormBody(&message.form_body(None)), None).unwrap_err(), "SLO-02");
    let signed = host.test.logout_request(&order()).unwrap();
    let url = host.test.redirect(&signed, None).unwrap();
    let query = url.split_once('?').unwrap().1;
    let bare = query.split("&SigAlg").next().unwrap();
    assert_eq!(host.receive(&Inbound::RawQuery(bare), None).unwrap_err(), "SLO-02");
    assert_eq!(
        host.receive(&Inbound::RawQuery(&format!("{query}&RelayState=x")), None).unwrap_err(),
        "SIG-07"
    );
    let mixed = format!("x=1&{query}&y");
    host.receive(&Inbound::RawQuery(&mixed), None).unwrap();
    let weak = query.replace("rsa-sha256", "rsa-md5").replace("xmldsig-more%23rsa", "x%23rsa");
    assert_ne!(weak, query);
    assert_eq!(host.receive(&Inbound::RawQuery(&weak), None).unwrap_err(), "SIG-21");

    let foreign = TestIdp::new("https://idp.example", TestKey::foreign().unwrap());
    let message = foreign.logout_request(&order()).unwrap();
    let url = foreign.redirect(&message, None).unwrap();
    let redirected = Inbound::RawQuery(url.split_once('?').unwrap().1);
    let form = message.form_body(None);
    assert_eq!(host.receive(&redirected, None).unwrap_err(), "SIG-07");
    assert_eq!(host.receive(&Inbound::FormBody(&form), None).unwrap_err(), "SIG-07");

    host.policy.danger_accept_unsigned_logout = true;
    assert_eq!(host.receive(&redirected, None).unwrap_err(), "SIG-07", "a bad signature is never taken");
    assert_eq!(host.receive(&Inbound::FormBody(&form), None).unwrap_err(), "SIG-07");
    host.receive(&Inbound::RawQuery(bare), None).unwrap();
}

// SIG-20, SLO-02
#[test]
fn a_redirected_logout_is_verified_over_the_bytes_that_were_sent() {
    let host = Host::new();
    let message = host.test.logout_request(&order()).unwrap();
    let url = host.test.redirect(&message, None).unwrap();
    let text = url.split_once("SAMLRequest=").unwrap().1.split('&').next().unwrap().to_owned();
    let lower = |text: &str| text.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d");
    let algorithm = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
    for (text, relay_state, algorithm) in [
        (text.clone(), None, algorithm.to_owned()),
        (lower(&text), Some("a%2fb"), algorithm.replace("%3A", "%3a").replace("%2F", "%2f")),
        (text.clone(), Some("a+b"), algorithm.to_owned()),
        (text.clone(), Some(""), algorithm.to_owned()),
    ] {
        let state = relay_state.map(|state| format!("&RelayState={state}")).unwrap_or_default();
        let octets = format!("SAMLRequest={text}{state}&SigAlg={algorithm}");
        let signature = BASE64_STANDARD.encode(host.sign(octets.as_bytes()));
        let signature = signature.replace('+', "%2b").replace('/', "%2f").replace('=', "%3d");
        let odd = format!("Signature={signature}&x=1&SigAlg={algorithm}{state}&SAMLRequest={text}");
        for query in [format!("{octets}&Signature={signature}"), odd] {
            let found = host.receive(&Inbound::RawQuery(&query), None);
            let LogoutMessage::Request(request) = found.unwrap() else { panic!("a request is no response") };
            let expected = relay_state.map(|state| state.replace("%2f", "/").replace('+', " "));
            assert_eq!(request.relay_state, expected);
        }
        // What was absent is not signed as if it were empty, nor the other way round.
        let other = match relay_state {
            Some(_) => format!("SAMLRequest={text}&SigAlg={algorithm}&Signature={signature}"),
            None => format!("SAMLRequest={text}&RelayState=&SigAlg={algorithm}&Signature={signature}"),
        };
        assert_eq!(host.receive(&Inbound::RawQuery(&other), None).unwrap_err(), "SIG-07", "{other}");
        let twice = format!("{octets}&Signature={signature}&Signature={signature}");
        assert_eq!(host.receive(&Inbound::RawQuery(&twice), None).unwrap_err(), "SIG-20");
    }
}

// SIG-20
#[test]
fn a_redirected_message_carries_no_xml_signature() {
    let host = Host::new();
    let message = host.test.logout_request(&order()).unwrap();
    let mut deflated = Vec::new();
    let level = flate2::Compression::default();
    flate2::read::DeflateEncoder::new(message.xml(), level).read_to_end(&mut deflated).unwrap();
    let text = BASE64_STANDARD.encode(deflated).replace('+', "%2B");
    let query = format!("SAMLRequest={text}");
    assert_eq!(host.receive(&Inbound::RawQuery(&query), None).unwrap_err(), "SIG-20");
}

// SLO-06, SLO-08
#[test]
fn a_request_that_is_late_or_for_others_is_refused() {
    let host = Host::new();
    let refused = |change: &dyn Fn(&mut TestLogoutRequest)| {
        let mut order = order();
        change(&mut order);
        let message = host.test.logout_request(&order).unwrap();
        let [redirected, posted] = host.receive_both(&message, None);
        assert_eq!(redirected.as_ref().err(), posted.as_ref().err());
        posted.map(drop)
    };
    assert_eq!(refused(&|order| order.not_on_or_after = Some(now() - TimeDelta::seconds(179))), Ok(()));
    assert_eq!(
        refused(&|order| order.not_on_or_after = Some(now() - TimeDelta::seconds(180))),
        Err("SLO-06")
    );
    assert_eq!(refused(&|order| order.now = now() - TimeDelta::days(1)), Err("SLO-08"));
    assert_eq!(refused(&|order| order.destination = "https://sp.example/other".to_owned()), Err("SLO-08"));
    assert_eq!(refused(&|order| order.name_id = TestNameId::new(" ", None)), Err("ASN-09"));
    let other = TestIdp::new("https://other.example", host.test.key().clone());
    let message = other.logout_request(&order()).unwrap();
    assert_eq!(host.receive_both(&message, None), [Err("SLO-08"), Err("SLO-08")]);
}

// SLO-03
#[test]
fn a_request_means_the_sessions_that_it_names() {
    let host = Host::new();
    let meant = |change: &dyn Fn(&mut TestLogoutRequest)| {
        let mut order = order();
        change(&mut order);
        session().is_meant_by(&host.request(&order))
    };
    assert!(meant(&|_| {}), "no index means all of the person's sessions");
    assert!(meant(&|order| order.session_indexes = vec!["s2".to_owned()]));
    assert!(!meant(&|order| order.session_indexes = vec!["s3".to_owned()]));
    assert!(!meant(&|order| order.name_id.value = "Alice".to_owned()));
    assert!(!meant(&|order| order.name_id.sp_name_qualifier = None));
    assert!(!meant(&|order| order.name_id.format = None));
}

struct Host {
    test: TestIdp,
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
}

impl Host {
    fn new() -> Self {
        let test = TestIdp::well_known("https://idp.example").unwrap();
        let key = PrivateKey::from_pem(&captures::sp_key_pem()).unwrap();
        let pair = KeyPair::new(key, Certificate::parse(&captures::sp_certificate_pem()).unwrap()).unwrap();
        let endpoint = |binding| Endpoint::new(binding, SLO.parse().unwrap());
        let sp = ServiceProvider::new(
            "https://sp.example".parse().unwrap(),
            "https://sp.example/acs".parse().unwrap(),
        )
        .with_keys(KeyRing::new(pair))
        .with_logout(endpoint(Binding::HttpRedirect))
        .with_logout(endpoint(Binding::HttpPost));
        let metadata = test.metadata("2026-02-01T00:00:00Z".parse().unwrap()).unwrap();
        let idp = IdentityProvider::from_metadata(metadata.as_bytes()).unwrap();
        Self { test, sp, idp, policy: Policy::default() }
    }

    fn connection(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.policy)
    }

    fn begin(&self, binding: Binding) -> (Outbound, PendingLogout) {
        let mut options = LogoutOptions::default();
        options.binding = Some(binding);
        options.relay_state = Some("r".to_owned());
        options.return_to = Some("/bye".parse().unwrap());
        self.connection().begin_logout(&session(), options, id("_out"), now()).unwrap()
    }

    /// What the identity provider signs, as it is.
    fn sign(&self, octets: &[u8]) -> Vec<u8> {
        let pem = self.test.key().private_key_pem().unwrap();
        let key = openssl::pkey::PKey::private_key_from_pem(pem.as_bytes()).unwrap();
        let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &key).unwrap();
        signer.sign_oneshot_to_vec(octets).unwrap()
    }

    /// What the identity provider reads when the browser brings it.
    fn at_idp(&self, outbound: &Outbound) -> saml_sp::testing::TestRequest {
        match outbound {
            Outbound::Redirect { url } => {
                self.test.read(&Inbound::RawQuery(url.split_once('?').unwrap().1)).unwrap()
            }
            Outbound::Post { form } => {
                let escape = |text: &str| text.replace('+', "%2B").replace('=', "%3D");
                let fields = form.fields().iter().map(|(name, value)| format!("{name}={}", escape(value)));
                self.test.read(&Inbound::FormBody(fields.collect::<Vec<_>>().join("&").as_bytes())).unwrap()
            }
        }
    }

    fn receive(
        &self,
        inbound: &Inbound<'_>,
        pending: Option<&PendingLogout>,
    ) -> Result<LogoutMessage, &'static str> {
        self.connection().accept_logout(inbound, pending, now()).map_err(|rejection| rejection.code())
    }

    /// By redirect and by POST.
    fn receive_both(
        &self,
        message: &TestMessage,
        pending: Option<&PendingLogout>,
    ) -> [Result<LogoutMessage, &'static str>; 2] {
        let url = self.test.redirect(message, None).unwrap();
        [
            self.receive(&Inbound::RawQuery(url.split_once('?').unwrap().1), pending),
            self.receive(&Inbound::FormBody(&message.form_body(None)), pending),
        ]
    }

    fn request(&self, order: &TestLogoutRequest) -> LogoutRequest {
        let message = self.test.logout_request(order).unwrap();
        match self.receive(&Inbound::FormBody(&message.form_body(None)), None).unwrap() {
            LogoutMessage::Request(request) => *request,
            LogoutMessage::Response(_) => panic!("a request is no response"),
        }
    }
}

fn order() -> TestLogoutRequest {
    let mut name_id = TestNameId::new("alice", Some("urn:f"));
    name_id.sp_name_qualifier = Some("q".to_owned());
    TestLogoutRequest::new("_lr", SLO, name_id, now())
}

fn session() -> IdpSession {
    let mut name_id = NameId::new("alice");
    name_id.format = Some("urn:f".to_owned());
    name_id.sp_name_qualifier = Some("q".to_owned());
    IdpSession { name_id, session_indexes: vec!["s1".to_owned(), "s2".to_owned()] }
}

fn id(text: &str) -> RequestId {
    RequestId::parse(text).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-01-31T12:00:00Z".parse().unwrap()
}
