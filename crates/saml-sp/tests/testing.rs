//! The test identity provider is believed when it is good, and each forgery is stopped by the rule that it names.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "test helpers")]

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use saml_sp::testing::forge::{self, Harm};
use saml_sp::testing::{
    LoginAnswer, TestAlgorithm, TestAttribute, TestEncryption, TestIdp, TestKey, TestLogoutRequest,
    TestLogoutResponse, TestMessage, TestNameId, TestRequest, TestRequestKind, TestSign, TestStatus,
};
use saml_sp::{
    Binding, Certificate, Connection, Consumer, DataEncryption, DigestAlgorithm, Endpoint, Engines,
    IdentityProvider, Inbound, IndexedEndpoint, KeyPair, KeyRing, KeyTransport, Login, LoginOptions,
    LogoutAnswer, LogoutMessage, LogoutOptions, LogoutOutcome, MetadataOptions, Mgf, Outbound, Policy,
    PrivateKey, RequestId, ServiceProvider, Sighting, VerificationKey,
};

#[test]
fn good_logins_are_accepted_whatever_is_signed_and_encrypted() {
    for idp in
        [TestIdp::well_known(IDP).unwrap(), TestIdp::new(IDP, TestKey::from_seed(&[7; 32], now()).unwrap())]
    {
        let host = Host::new(&idp);
        for sign in [TestSign::Assertion, TestSign::Both, TestSign::Response] {
            for cipher in [None, Some(DataEncryption::Aes128Gcm), Some(DataEncryption::Aes256Gcm)] {
                for algorithm in [TestAlgorithm::Sha256, TestAlgorithm::Sha384, TestAlgorithm::Sha512] {
                    let mut answer = good();
                    answer.sign = sign;
                    answer.algorithm = algorithm;
                    answer.encrypt = cipher.map(encryption);
                    let login = host.login(&idp.respond(&answer).unwrap(), Sighting::FirstUse);
                    let login =
                        login.unwrap_or_else(|code| panic!("{sign:?} {cipher:?} {algorithm:?}: {code}"));
                    assert_eq!(login.subject().unwrap().value, NAME);
                    assert_eq!(login.attributes().texts("groups").collect::<Vec<_>>(), ["a", "b & <c>"]);
                    assert_eq!(login.session().indexes, ["_s-1"]);
                }
            }
        }
    }
}

// ENC-02
#[test]
fn cbc_is_accepted_under_a_signed_response_alone() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let host = Host::new(&idp);
    for cipher in [DataEncryption::Aes128Cbc, DataEncryption::Aes256Cbc] {
        let mut answer = good();
        answer.encrypt = Some(encryption(cipher));
        for (sign, outcome) in
            [(TestSign::Both, Ok(NAME)), (TestSign::Response, Ok(NAME)), (TestSign::Assertion, Err("ENC-02"))]
        {
            answer.sign = sign;
            let login = host.login(&idp.respond(&answer).unwrap(), Sighting::FirstUse);
            let name =
                login.as_ref().map(|login| login.subject().unwrap().value.as_str()).map_err(|code| *code);
            assert_eq!(name, outcome, "{cipher:?} {sign:?}");
        }
    }
}

// SIG-16
#[test]
fn typed_values_under_a_list_of_inclusive_prefixes_are_accepted() {
    let idp = TestIdp::well_known(IDP).unwrap();
    for sign in [TestSign::Assertion, TestSign::Both, TestSign::Response] {
        let mut answer = good();
        (answer.sign, answer.typed_values) = (sign, true);
        let message = idp.respond(&answer).unwrap();
        let text = String::from_utf8(message.xml().to_vec()).unwrap();
        assert!(text.contains("PrefixList=\"xs\"") && text.contains("xsi:type=\"xs:string\""));
        for engines in engines() {
            let host = Host { engines: *engines, ..Host::new(&idp) };
            let login = host.login(&message, Sighting::FirstUse).unwrap();
            assert_eq!(login.attributes().texts("groups").collect::<Vec<_>>(), ["a", "b & <c>"]);
            // The list is what covers the declaration that nothing but a value uses.
            let other =
                text.replace("xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"", "xmlns:xs=\"urn:other\"");
            let body = testkit::captures::form_body(other.as_bytes(), None);
            let refused = host.posted(&body).unwrap_err();
            assert_eq!(refused, told_by(*engines, "SIG-10"), "{sign:?} {engines:?}");
        }
    }
}

// ENC-03
#[test]
fn keys_travel_in_every_form_of_oaep() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let digests =
        [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
    let masks =
        [None, Some(Mgf::Mgf1Sha1), Some(Mgf::Mgf1Sha256), Some(Mgf::Mgf1Sha384), Some(Mgf::Mgf1Sha512)];
    for digest in digests {
        for (key_transport, mgf) in masks
            .map(|mgf| (KeyTransport::RsaOaep, mgf))
            .into_iter()
            .chain([(KeyTransport::RsaOaepMgf1p, None)])
        {
            let mut to = TestEncryption::new(SP_CERTIFICATE);
            (to.digest, to.key_transport, to.mgf) = (digest, key_transport, mgf);
            let mut answer = good();
            answer.encrypt = Some(to);
            let login = Host::new(&idp).login(&idp.respond(&answer).unwrap(), Sighting::FirstUse);
            assert!(login.is_ok(), "{digest:?} {key_transport:?} {mgf:?}: {login:?}");
        }
    }
}

#[test]
fn names_of_every_kind_arrive_as_they_were_given() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let mut qualified = TestNameId::persistent("5f0c");
    qualified.name_qualifier = Some("https://idp.example.com/metadata".to_owned());
    qualified.sp_name_qualifier = Some(SP.to_owned());
    let names =
        [TestNameId::new(" a\tb ", None), TestNameId::transient("_t"), TestNameId::email("a@b"), qualified];
    for name_id in names {
        let mut answer = good();
        answer.name_id = name_id.clone();
        let login = Host::new(&idp).login(&idp.respond(&answer).unwrap(), Sighting::FirstUse).unwrap();
        let subject = login.subject().unwrap();
        assert_eq!(subject.value, name_id.value);
        assert_eq!(subject.format, name_id.format);
        assert_eq!(subject.name_qualifier, name_id.name_qualifier);
        assert_eq!(subject.sp_name_qualifier, name_id.sp_name_qualifier);
    }
}

#[test]
fn every_forgery_is_stopped_by_the_rule_that_it_names() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let host = Host::new(&idp);
    let mut good = good();
    good.encrypt = Some(TestEncryption::new(SP_CERTIFICATE));
    let mut wrong = Vec::new();
    for forgery in forge::all() {
        let message =
            forgery.forge(&idp, &good).unwrap_or_else(|error| panic!("{}: {error}", forgery.name()));
        for engines in engines() {
            let host = Host { engines: *engines, ..host.clone() };
            let first = host.login(&message, Sighting::FirstUse);
            let (found, expected) = match forgery.harm() {
                Harm::Refuse => (first.map(drop), Err(forgery.rule())),
                Harm::RefuseRepeated => {
                    first.unwrap_or_else(|code| panic!("{}: {code}", forgery.name()));
                    (host.login(&message, Sighting::Seen).map(drop), Err(forgery.rule()))
                }
                Harm::SignedValuesOnly => {
                    let login = first.unwrap_or_else(|code| panic!("{}: {code}", forgery.name()));
                    assert_eq!(login.subject().unwrap().value, NAME, "{}", forgery.name());
                    assert_eq!(login.attributes().texts("groups").count(), 2, "{}", forgery.name());
                    (Ok(()), Ok(()))
                }
            };
            let told = expected.map_err(|code| told_by(*engines, code));
            if found != told {
                wrong.push(format!("{} with {engines:?}: {found:?}, expected {told:?}", forgery.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_forged_logout_message_is_stopped_by_the_rule_that_it_names() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let host = Host::new(&idp);
    let login = host.login(&idp.respond(&good()).unwrap(), Sighting::FirstUse).unwrap();
    let session = login.idp_session().unwrap();
    let mut request = TestLogoutRequest::new("_out", SLO, TestNameId::email(NAME), now());
    request.session_indexes = session.session_indexes.clone();
    let id = RequestId::parse("_leave").unwrap();
    let begun = host.connection().begin_logout(&session, LogoutOptions::default(), id, now());
    let (_, pending) = begun.unwrap();
    let response = TestLogoutResponse::new("_done", SLO, "_leave", now());
    let mut wrong = Vec::new();
    for forgery in forge::logout() {
        let forged = forgery.forge(&idp, &request, &response);
        let forged = forged.unwrap_or_else(|error| panic!("{}: {error}", forgery.name()));
        for engines in engines() {
            let mut policy = host.policy.clone();
            policy.engines = *engines;
            let connection = Connection::new(&host.sp, &host.idp, &policy);
            let taken = connection.accept_logout(&forged.inbound(), Some(&pending), now());
            let found = taken.as_ref().map_err(|rejection| rejection.code());
            let right = match (forgery.harm(), &found) {
                (Harm::Refuse, Err(code)) => *code == told_by(*engines, forgery.rule()),
                (Harm::SignedValuesOnly, Ok(LogoutMessage::Request(request))) => {
                    request.name_id.value == NAME && request.session_indexes == session.session_indexes
                }
                _ => false,
            };
            if !right {
                wrong.push(format!(
                    "{} with {engines:?}: {found:?}, expected {}",
                    forgery.name(),
                    forgery.rule()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_forged_metadata_is_stopped_by_the_rule_that_it_names() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let mut options = MetadataOptions::default();
    options.pinned_keys = vec![VerificationKey::parse(&idp.key().certificate_pem().unwrap()).unwrap()];
    let good = idp.signed_metadata("_m", now()).unwrap();
    let mut wrong = Vec::new();
    for engines in engines() {
        options.engines = *engines;
        assert!(options.read(good.as_bytes(), now()).is_ok());
        for forgery in forge::metadata() {
            let forged =
                forgery.forge(&idp, now()).unwrap_or_else(|error| panic!("{}: {error}", forgery.name()));
            let found = options.read(&forged, now()).map(drop).map_err(|error| error.code());
            if found != Err(told_by(*engines, forgery.rule())) {
                wrong.push(format!(
                    "{} with {engines:?}: {found:?}, expected {}",
                    forgery.name(),
                    forgery.rule()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn forgeries_have_names_of_their_own() {
    let others = forge::logout()
        .map(|forgery| (forgery.name(), forgery.what()))
        .chain(forge::metadata().map(|forgery| (forgery.name(), forgery.what())));
    let all: Vec<_> = forge::all().map(|forgery| (forgery.name(), forgery.what())).chain(others).collect();
    assert_eq!(all.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.iter().all(|(_, what)| what.ends_with('.')));
    assert!(forge::logout().count() >= 35 && forge::metadata().count() >= 20);
    let names: BTreeSet<_> = forge::all().map(forge::Forgery::name).collect();
    assert!(names.len() >= 130);
    for name in names {
        assert_eq!(forge::named(name).unwrap().name(), name);
    }
    assert!(forge::named("none").is_none());
}

#[test]
fn the_same_input_gives_the_same_message() {
    let make = || TestIdp::well_known(IDP).unwrap().respond(&good()).unwrap();
    assert_eq!(make(), make());
    let seeded = || TestKey::from_seed(&[1; 32], now()).unwrap().private_key_pem().unwrap();
    assert_eq!(seeded(), seeded());
}

#[test]
fn a_key_survives_being_written_and_read() {
    let key = TestKey::from_seed(&[9; 32], now()).unwrap();
    let (private, certificate) = (key.private_key_pem().unwrap(), key.certificate_pem().unwrap());
    let again = TestKey::from_pem(private.as_bytes(), certificate.as_bytes()).unwrap();
    assert_eq!(again.certificate_pem().unwrap(), certificate);
    assert!(
        TestKey::from_pem(
            private.as_bytes(),
            TestKey::foreign().unwrap().certificate_pem().unwrap().as_bytes()
        )
        .is_err()
    );
    assert!(TestKey::from_seed(&[0; 32], now()).is_err());
    assert_eq!(format!("{key:?}"), "TestKey { bits: 256, .. }");
}

#[test]
fn it_reads_a_request_by_either_binding_and_answers_it() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let host = Host::new(&idp);
    let connection = host.connection();
    for binding in [Binding::HttpRedirect, Binding::HttpPost] {
        let mut options = LoginOptions::default();
        options.binding = Some(binding);
        options.force_authn = true;
        options.sign = true;
        options.relay_state = Some("back/é".to_owned());
        let id = RequestId::parse("_asked").unwrap();
        let (outbound, pending) = connection.begin_login(options, id, now()).unwrap();
        let request = read(&idp, &outbound);
        assert_eq!(request.kind, TestRequestKind::Authn);
        assert_eq!(request.id, "_asked");
        assert_eq!(request.relay_state.as_deref(), Some("back/é"));
        assert!(request.force_authn && !request.is_passive);
        let redirected = binding == Binding::HttpRedirect;
        assert_eq!(request.has_query_signature(), redirected);
        assert_eq!(request.has_xml_signature, !redirected);
        assert_eq!(request.verify_query(SP_CERTIFICATE).unwrap(), redirected);
        let other = TestKey::foreign().unwrap().certificate_pem().unwrap();
        assert!(!request.verify_query(&other).unwrap());

        let response = idp.respond(&request.answer("2", "https://unused.example", now())).unwrap();
        let body = response.form_body(request.relay_state.as_deref());
        let verified = connection.accept_response(&Inbound::FormBody(&body), Some(&pending), now()).unwrap();
        let login = verified.admit(Sighting::FirstUse).unwrap();
        assert_eq!(login.relay_state(), Some("back/é"));
        assert_eq!(login.in_response_to().unwrap().as_str(), "_asked");
    }
}

// SLO-02, SLO-03
#[test]
fn its_logout_requests_are_taken_by_either_binding_and_answered() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let host = Host::new(&idp);
    let connection = host.connection();
    let login = host.login(&idp.respond(&good()).unwrap(), Sighting::FirstUse).unwrap();
    let session = login.idp_session().unwrap();
    for (sessions, sign, meant) in
        [(vec![], true, true), (vec!["_s-1"], true, true), (vec!["_s-2"], true, false), (vec![], false, true)]
    {
        let mut order = TestLogoutRequest::new("_out", SLO, TestNameId::email(NAME), now());
        order.session_indexes = sessions.into_iter().map(str::to_owned).collect();
        order.sign = sign;
        let message = idp.logout_request(&order).unwrap();
        let (form, url) = (message.form_body(Some("kept")), idp.redirect(&message, Some("kept")).unwrap());
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, SLO);
        for inbound in [Inbound::FormBody(&form), Inbound::RawQuery(query)] {
            let posted = matches!(inbound, Inbound::FormBody(_));
            let taken = connection.accept_logout(&inbound, None, now());
            if posted && !sign {
                assert_eq!(taken.unwrap_err().code(), "SLO-02");
                continue;
            }
            let LogoutMessage::Request(request) = taken.unwrap() else { panic!("not a request") };
            assert_eq!(session.is_meant_by(&request), meant);
            let id = RequestId::parse("_answer").unwrap();
            let outbound = connection.respond_logout(&request, LogoutAnswer::Success, &id, now()).unwrap();
            let answer = read(&idp, &outbound);
            assert_eq!(answer.kind, TestRequestKind::LogoutResponse);
            assert_eq!(answer.in_response_to.as_deref(), Some("_out"));
            assert_eq!(answer.relay_state.as_deref(), Some("kept"));
            assert!(answer.status.unwrap().ends_with(":Success"));
            assert_eq!(matches!(outbound, Outbound::Post { .. }), posted);
        }
    }
}

// SLO-05
#[test]
fn it_answers_a_logout_of_ours() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let host = Host::new(&idp);
    let connection = host.connection();
    let login = host.login(&idp.respond(&good()).unwrap(), Sighting::FirstUse).unwrap();
    let id = RequestId::parse("_leave").unwrap();
    let session = login.idp_session().unwrap();
    let (outbound, pending) = connection.begin_logout(&session, LogoutOptions::default(), id, now()).unwrap();
    let request = read(&idp, &outbound);
    assert_eq!((request.kind, request.id.as_str()), (TestRequestKind::Logout, "_leave"));
    assert_eq!(request.name_id, Some(TestNameId::email(NAME)));
    assert_eq!(request.session_indexes, ["_s-1"]);
    assert!(request.verify_query(SP_CERTIFICATE).unwrap());
    let mut answer = TestLogoutResponse::new("_done", SLO, &request.id, now());
    let post = |answer: &TestLogoutResponse| {
        let form = idp.logout_response(answer).unwrap().form_body(None);
        connection
            .accept_logout(&Inbound::FormBody(&form), Some(&pending), now())
            .map_err(|error| error.code())
    };
    assert_eq!(post(&answer), Ok(LogoutMessage::Response(LogoutOutcome::Success)));
    answer.status = TestStatus::denied("busy");
    assert!(matches!(post(&answer), Ok(LogoutMessage::Response(LogoutOutcome::Unknown(_)))));
    answer.in_response_to = Some("_other".to_owned());
    assert_eq!(post(&answer), Err("SLO-05"));
}

// REQ-13
#[test]
fn what_it_gives_an_artifact_for_signs_in() {
    let idp = TestIdp::well_known(IDP).unwrap().with_soap();
    let mut host = Host::new(&idp);
    host.idp = IdentityProvider::from_metadata(idp.metadata(now()).unwrap().as_bytes()).unwrap();
    let artifacts = "https://sp.example.com/artifact";
    let mut consumer = IndexedEndpoint::post(1, artifacts.parse().unwrap());
    consumer.binding = Binding::HttpArtifact;
    let posts = IndexedEndpoint::post(0, ACS.parse().unwrap());
    host.sp = host.sp.with_consumers(vec![posts, consumer]).unwrap();
    let connection = host.connection();
    let mut options = LoginOptions::default();
    options.consumer = Consumer::Url(artifacts.parse().unwrap());
    let (outbound, pending) =
        connection.begin_login(options, RequestId::parse("_asked").unwrap(), now()).unwrap();
    let answer = read(&idp, &outbound).answer("3", "https://unused.example", now());
    let artifact_text = idp.artifact([9; 20]).unwrap();
    let query = format!(
        "SAMLart={}&RelayState=back",
        artifact_text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    );
    for (sign, answer, outcome) in
        [(true, Some(&answer), Ok(NAME)), (false, Some(&answer), Ok(NAME)), (true, None, Err("REQ-13"))]
    {
        let received = connection.accept_artifact(&Inbound::RawQuery(&query), now()).unwrap();
        let artifact = received.admit(Sighting::FirstUse).unwrap();
        let id = RequestId::parse("_resolve").unwrap();
        let (call, resolving) = connection.resolve_artifact(artifact, id, now()).unwrap();
        assert_eq!(call.to().as_str(), "https://idp.example.com/ars");
        let asked = idp.read_soap(call.body().as_bytes()).unwrap();
        assert_eq!((asked.kind, asked.has_xml_signature), (TestRequestKind::ArtifactResolve, true));
        assert_eq!(asked.artifact.as_deref(), Some(artifact_text.as_str()));
        let body = idp.resolve(&asked, answer, "_ar", sign, now()).unwrap();
        let report = connection.report_artifact_response(&body, &resolving, Some(&pending), now());
        assert_eq!(report.rule, outcome.err());
        let login = connection
            .accept_artifact_response(&body, resolving, Some(&pending), now())
            .and_then(|verified| verified.admit(Sighting::FirstUse))
            .map_err(|rejection| rejection.code());
        assert_eq!(
            login.as_ref().map(|login| login.subject().unwrap().value.as_str()).map_err(|code| *code),
            outcome
        );
    }
}

// REQ-10
#[test]
fn it_speaks_with_a_client_that_is_no_browser() {
    let idp = TestIdp::well_known(IDP).unwrap().with_soap();
    let mut host = Host::new(&idp);
    host.idp = IdentityProvider::from_metadata(idp.metadata(now()).unwrap().as_bytes()).unwrap();
    let mut consumer = IndexedEndpoint::post(1, "https://sp.example.com/paos".parse().unwrap());
    consumer.binding = Binding::Paos;
    let posts = IndexedEndpoint::post(0, ACS.parse().unwrap());
    host.sp = host.sp.with_consumers(vec![posts, consumer]).unwrap();
    let connection = host.connection();
    let mut options = LoginOptions::default();
    (options.sign, options.relay_state) = (true, Some("back".to_owned()));
    let (reply, pending) =
        connection.begin_ecp_login(options, RequestId::parse("_asked").unwrap(), now()).unwrap();
    let asked = idp.read_soap(reply.body().as_bytes()).unwrap();
    assert_eq!((asked.kind, asked.has_xml_signature), (TestRequestKind::Authn, true));
    assert_eq!(asked.destination.as_deref(), Some("https://idp.example.com/ecp"));
    let message = idp.respond(&asked.answer("4", "https://unused.example", now())).unwrap();
    let body = idp.ecp_response(&asked, &message);
    assert!(connection.report_ecp_response(&body, Some(&pending), now()).is_accepted());
    let verified = connection.accept_ecp_response(&body, Some(&pending), now()).unwrap();
    let login = verified.admit(Sighting::FirstUse).unwrap();
    assert_eq!(login.relay_state(), Some("back"));
}

// SLO-03, SLO-04
#[test]
fn it_logs_out_between_servers() {
    let idp = TestIdp::well_known(IDP).unwrap().with_soap();
    let host = Host::new(&idp);
    let order = TestLogoutRequest::new("_out", SLO, TestNameId::email(NAME), now());
    let body = idp.soap(&idp.logout_request(&order).unwrap());
    let request = host.connection().accept_soap_logout(&body, now()).unwrap();
    assert_eq!(request.name_id.value, NAME);
    let id = RequestId::parse("_done").unwrap();
    let reply = host.connection().respond_soap_logout(&request, LogoutAnswer::Success, &id, now()).unwrap();
    let answer = idp.read_soap(reply.body().as_bytes()).unwrap();
    assert_eq!(answer.kind, TestRequestKind::LogoutResponse);
    assert_eq!(answer.in_response_to.as_deref(), Some("_out"));
    assert!(idp.read_soap(b"<x/>").is_err() && idp.read_soap(b"").is_err());
}

// MD-04, MD-05
#[test]
fn its_metadata_says_what_the_host_was_told_by_hand() {
    for idp in
        [TestIdp::well_known(IDP).unwrap(), TestIdp::new(IDP, TestKey::from_seed(&[7; 32], now()).unwrap())]
    {
        let read = IdentityProvider::from_metadata(idp.metadata(now()).unwrap().as_bytes()).unwrap();
        let told = Host::new(&idp).idp;
        assert_eq!(read.entity_id(), told.entity_id());
        assert_eq!(read.signing_keys(), told.signing_keys());
        assert_eq!(read.single_sign_on_services(), told.single_sign_on_services());
        assert_eq!(read.single_logout_services(), told.single_logout_services());
        assert_eq!(read.valid_until(), Some(now()));
    }
}

#[test]
fn it_delivers_by_a_form() {
    let message = TestIdp::well_known(IDP).unwrap().respond(&good()).unwrap();
    let Outbound::Post { form } = message.post(Some("x")).unwrap() else { panic!("not a form") };
    assert_eq!(form.action().as_str(), ACS);
    assert_eq!(form.fields(), [("SAMLResponse", message.base64()), ("RelayState", "x".to_owned())]);
    let mut nowhere = good();
    nowhere.destination = Some("javascript:alert(1)".to_owned());
    assert!(TestIdp::well_known(IDP).unwrap().respond(&nowhere).unwrap().post(None).is_err());
}

#[test]
fn what_is_no_request_is_not_read() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let response = idp.respond(&good()).unwrap().form_body(None);
    for body in [
        &b""[..],
        b"SAMLRequest",
        b"SAMLRequest=%",
        b"SAMLRequest=%zz",
        b"SAMLRequest=!",
        b"SAMLRequest=PGE+",
        &response,
    ] {
        assert!(idp.read(&Inbound::FormBody(body)).is_err());
        assert!(idp.read(&Inbound::RawQuery(std::str::from_utf8(body).unwrap())).is_err());
    }
}

/// What the test identity provider reads of what a browser carries to it.
fn read(idp: &TestIdp, outbound: &Outbound) -> TestRequest {
    let (address, read) = match outbound {
        Outbound::Redirect { url } => {
            let (address, query) = url.split_once('?').unwrap();
            (address, idp.read(&Inbound::RawQuery(query)).unwrap())
        }
        Outbound::Post { form } => {
            (form.action().as_str(), idp.read(&Inbound::FormBody(&body_of(form.fields()))).unwrap())
        }
    };
    assert!([idp.sign_on_url(), idp.logout_url()].contains(&address));
    assert_eq!(read.destination.as_deref(), Some(address));
    assert_eq!(read.issuer.as_deref(), Some(SP));
    read
}

/// A service provider that trusts one test identity provider.
#[derive(Clone)]
struct Host {
    sp: ServiceProvider,
    idp: IdentityProvider,
    engines: Engines,
    policy: Policy,
}

impl Host {
    fn new(idp: &TestIdp) -> Self {
        let pair =
            KeyPair::new(PrivateKey::from_pem(SP_KEY).unwrap(), Certificate::parse(SP_CERTIFICATE).unwrap());
        let sp = ServiceProvider::new(SP.parse().unwrap(), ACS.parse().unwrap());
        let at = |address: &str| {
            [Binding::HttpRedirect, Binding::HttpPost]
                .map(|binding| Endpoint::new(binding, address.parse().unwrap()))
        };
        let key = VerificationKey::parse(&idp.key().certificate_pem().unwrap()).unwrap();
        let entity_id = idp.entity_id().parse().unwrap();
        Self {
            sp: sp
                .with_keys(KeyRing::new(pair.unwrap()))
                .with_logout(Endpoint::new(Binding::HttpPost, SLO.parse().unwrap())),
            idp: IdentityProvider::new(entity_id, at(idp.sign_on_url()).to_vec(), vec![key])
                .unwrap()
                .with_single_logout_services(at(idp.logout_url()).to_vec()),
            engines: Engines::default(),
            policy: Policy::default(),
        }
    }

    fn connection(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.policy)
    }

    fn login(&self, message: &TestMessage, sighting: Sighting) -> Result<Login, &'static str> {
        self.brought(&message.form_body(None), sighting)
    }

    fn posted(&self, body: &[u8]) -> Result<Login, &'static str> {
        self.brought(body, Sighting::FirstUse)
    }

    fn brought(&self, body: &[u8], sighting: Sighting) -> Result<Login, &'static str> {
        let mut policy = self.policy.clone();
        policy.engines = self.engines;
        let connection = Connection::new(&self.sp, &self.idp, &policy);
        let id = RequestId::parse(REQUEST).unwrap();
        let (_, pending) = connection.begin_login(LoginOptions::default(), id, now()).unwrap();
        connection
            .accept_response(&Inbound::FormBody(body), Some(&pending), now())
            .and_then(|verified| verified.admit(sighting))
            .map_err(|rejection| rejection.code())
    }
}

fn good() -> LoginAnswer {
    let mut answer = LoginAnswer::new("1", SP, ACS, now());
    answer.in_response_to = Some(REQUEST.to_owned());
    answer.attributes = vec![TestAttribute::new("groups", &["a", "b & <c>"])];
    answer
}

fn encryption(data: DataEncryption) -> TestEncryption {
    let mut encryption = TestEncryption::new(SP_CERTIFICATE);
    encryption.data = data;
    encryption
}

fn body_of(fields: &[(&'static str, String)]) -> Vec<u8> {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&").into_bytes()
}

/// The code that an engine has for a rule: libxmlsec1 alone doesn't tell changed content from another's signature.
fn told_by(engines: Engines, code: &'static str) -> &'static str {
    if engines == Engines::Xmlsec && code == "SIG-10" { "SIG-07" } else { code }
}

/// Every way to verify a signature that this build has.
fn engines() -> &'static [Engines] {
    if cfg!(feature = "xmlsec") {
        &[Engines::Native, Engines::Xmlsec, Engines::Agreement]
    } else {
        &[Engines::Native]
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

const ACS: &str = "https://sp.example.com/acs";
const IDP: &str = "https://idp.example.com";
const NAME: &str = "alice@example.com";
const REQUEST: &str = "_request";
const SLO: &str = "https://sp.example.com/slo";
const SP: &str = "https://sp.example.com/metadata";
const SP_CERTIFICATE: &str = include_str!("../../../testdata/saml/captures/keys/sp.crt");
const SP_KEY: &str = include_str!("../../../testdata/saml/captures/keys/sp.key");
