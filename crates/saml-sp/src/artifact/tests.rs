use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    Artifact, Check, Inbound, Outcome, PendingArtifact, Rejection, RequestError, Sighting,
    soap::tests::{ACS, ARTIFACTS, Host, assert_order, id, now, opened, wrapped},
};

/// An artifact with this type, endpoint index and issuer.
fn artifact(kind: [u8; 2], index: u16, issuer: &str) -> String {
    let mut bytes = kind.to_vec();
    bytes.extend(index.to_be_bytes());
    bytes
        .extend(openssl::hash::hash(openssl::hash::MessageDigest::sha1(), issuer.as_bytes()).unwrap().iter());
    bytes.extend([7; 20]);
    BASE64_STANDARD.encode(bytes)
}

fn query(artifact: &str) -> String {
    format!(
        "SAMLart={}&RelayState=there",
        artifact.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    )
}

fn received(host: &Host, artifact: &str) -> Result<Artifact, &'static str> {
    let query = query(artifact);
    let received = host.connection().accept_artifact(&Inbound::RawQuery(&query), now());
    received.and_then(|received| received.admit(Sighting::FirstUse)).map_err(|rejection| rejection.code())
}

const IDP: &str = "https://idp.example";

// REQ-13
#[test]
fn an_artifact_is_of_type_4_and_of_this_identity_provider() {
    let host = Host::new();
    assert_eq!(received(&host, &artifact([0, 4], 3, IDP)).unwrap().endpoint_index(), 3);
    assert_eq!(received(&host, &artifact([0, 1], 3, IDP)).unwrap_err(), "REQ-13");
    assert_eq!(received(&host, &artifact([4, 4], 3, IDP)).unwrap_err(), "REQ-13");
    assert_eq!(received(&host, &artifact([0, 4], 3, "https://other.example")).unwrap_err(), "REQ-13");
    for length in [0, 1, 43, 45, 1000] {
        let mut bytes = BASE64_STANDARD.decode(artifact([0, 4], 3, IDP)).unwrap();
        bytes.resize(length, 7);
        assert_eq!(received(&host, &BASE64_STANDARD.encode(bytes)).unwrap_err(), "REQ-13", "{length}");
    }
    assert_eq!(received(&host, "!").unwrap_err(), "XML-09");
}

// REQ-13
#[test]
fn an_artifact_comes_by_get_and_by_post_and_alone() {
    let host = Host::new();
    let query = query(&artifact([0, 4], 3, IDP));
    for inbound in [Inbound::RawQuery(&query), Inbound::FormBody(query.as_bytes())] {
        let received = host.connection().accept_artifact(&inbound, now()).unwrap();
        assert_eq!(received.admit(Sighting::FirstUse).unwrap().relay_state(), Some("there"));
    }
    let refused = |query: &str| {
        host.connection().accept_artifact(&Inbound::RawQuery(query), now()).map(drop).unwrap_err().code()
    };
    assert_eq!(refused(&format!("{query}&SAMLResponse=x")), "SIG-20");
    assert_eq!(refused(&format!("{query}&SAMLRequest=x")), "SIG-20");
    assert_eq!(refused(&format!("{query}&{query}")), "SIG-20");
    assert_eq!(refused("RelayState=there"), "RSP-10");
}

// REQ-13
#[test]
fn an_artifact_is_used_once() {
    let host = Host::new();
    let query = query(&artifact([0, 4], 3, IDP));
    let receive = || host.connection().accept_artifact(&Inbound::RawQuery(&query), now()).unwrap();
    assert_eq!(receive().claim(), receive().claim());
    assert!(receive().claim().forget_after > now());
    assert!(receive().claim().id.contains(':'), "no ID of an assertion is the same");
    assert_eq!(receive().admit(Sighting::Seen).unwrap_err().code(), "REQ-13");
}

// REQ-13
#[test]
fn an_artifact_is_exchanged_at_its_own_endpoint_by_a_signed_request() {
    let host = Host::new();
    let text = artifact([0, 4], 3, IDP);
    let (call, _) =
        host.connection().resolve_artifact(received(&host, &text).unwrap(), id("_x"), now()).unwrap();
    assert_eq!(call.to().as_str(), "https://idp.example/ars");
    // The order of the schema.
    let request = opened(call.body());
    assert_order(
        &request,
        &[
            "ArtifactResolve",
            "Destination=\"https://idp.example/ars\"",
            "Issuer",
            "Signature",
            "Artifact",
            &text,
        ],
    );
    let unknown = received(&host, &artifact([0, 4], 4, IDP)).unwrap();
    let refused = host.connection().resolve_artifact(unknown, id("_x"), now());
    assert_eq!(refused.map(drop), Err(RequestError::ArtifactEndpoint { index: 4 }));
    // Profiles 4.1.4.4: nobody may read along.
    let plain = received(&host, &artifact([0, 4], 0, IDP)).unwrap();
    let refused = host.connection().resolve_artifact(plain, id("_x"), now());
    assert_eq!(refused.map(drop), Err(RequestError::ArtifactEndpoint { index: 0 }));
}

fn resolving(host: &Host) -> PendingArtifact {
    let artifact = received(host, &artifact([0, 4], 3, IDP)).unwrap();
    host.connection().resolve_artifact(artifact, id("_x"), now()).unwrap().1
}

fn answer(inside: &str) -> String {
    format!(
        "<samlp:ArtifactResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_ar\" Version=\"2.0\" InResponseTo=\"_x\" \
         IssueInstant=\"2026-01-31T12:00:00Z\"><saml:Issuer>{IDP}</saml:Issuer><samlp:Status>\
         <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         {inside}</samlp:ArtifactResponse>"
    )
}

fn login(host: &Host, answer: &str) -> Result<crate::Login, Rejection> {
    let pending = host.pending(ARTIFACTS);
    let body = wrapped(answer);
    host.connection()
        .accept_artifact_response(body.as_bytes(), resolving(host), Some(&pending), now())?
        .admit(Sighting::FirstUse)
}

// REQ-13, RSP-04
#[test]
fn the_response_behind_an_artifact_signs_in() {
    let host = Host::new();
    let response = host.response(ARTIFACTS);
    for answer in [answer(&response), host.sign(&answer(&response), "_ar")] {
        let login = login(&host, &answer).unwrap();
        assert_eq!(login.subject().unwrap().value, "alice");
        assert_eq!(login.relay_state(), Some("there"));
        assert_eq!(login.in_response_to().unwrap().as_str(), "_q");
    }
    // Errata 59 needs no Destination even under a signature; one that is there counts.
    let signed = host.sign(&response, "_r");
    assert!(login(&host, &answer(&signed)).is_ok());
    let elsewhere = response.replacen(" ID=\"_r\"", " Destination=\"https://sp.example/acs\" ID=\"_r\"", 1);
    assert_eq!(login(&host, &answer(&elsewhere)).unwrap_err().code(), "RSP-04");
}

// REQ-13
#[test]
fn the_response_behind_an_artifact_is_judged_as_if_posted() {
    let host = Host::new();
    let response = host.response(ARTIFACTS);
    let code = |inside: &str| login(&host, &answer(inside)).unwrap_err().code();
    // A signature on what is around doesn't stand for one of its own.
    let (before, rest) = response.split_once("<ds:Signature").unwrap();
    let bare = format!("{before}{}", rest.split_once("</ds:Signature>").unwrap().1);
    assert_eq!(code(&bare), "SIG-12");
    assert_eq!(login(&host, &host.sign(&answer(&bare), "_ar")).unwrap_err().code(), "SIG-12");
    assert_eq!(code(&response.replace("alice", "mallory")), "SIG-10");
    assert_eq!(code(&host.response(ACS)), "ASN-04");
    assert_eq!(code(&response.replacen("InResponseTo=\"_q\"", "InResponseTo=\"_x\"", 1)), "RSP-06");
    assert_eq!(code("<x/>"), "XML-12");
}

// REQ-13
#[test]
fn an_answer_to_another_request_or_of_another_issuer_is_refused() {
    let host = Host::new();
    let good = answer(&host.response(ARTIFACTS));
    let code = |answer: &str| login(&host, answer).unwrap_err().code();
    assert_eq!(code(&good.replacen("\"_x\"", "\"_y\"", 1)), "REQ-13");
    assert_eq!(code(&good.replacen(" InResponseTo=\"_x\"", "", 1)), "REQ-13");
    assert_eq!(code(&good.replacen(IDP, "https://other.example", 1)), "REQ-13");
    assert_eq!(code(&good.replacen("\"2.0\"", "\"1.1\"", 1)), "REQ-13");
    assert_eq!(code(&good.replacen("12:00:00Z", "13:00:00Z", 1)), "REQ-13");
    assert_eq!(code(&host.sign(&good, "_ar").replacen("\"_x\"", "\"_y\"", 1)), "SIG-10");
    assert_eq!(code(&good.replace("ArtifactResponse", "LogoutResponse")), "XML-12");
    assert_eq!(code("<S:Fault xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"/>"), "REQ-13");
}

// REQ-13
#[test]
fn an_answer_with_nothing_inside_resolves_nothing() {
    let host = Host::new();
    assert_eq!(login(&host, &answer("")).unwrap_err().code(), "REQ-13");
    let two =
        host.response(ARTIFACTS).repeat(2).replacen("\"_r\"", "\"_r2\"", 1).replacen("\"_a\"", "\"_a2\"", 1);
    assert_eq!(login(&host, &answer(&two)).unwrap_err().code(), "XML-12");
    let failed = answer("").replace("status:Success", "status:Requester");
    assert_eq!(login(&host, &failed).unwrap_err().code(), "RSP-07");
}

// TEN-04
#[test]
fn an_exchange_of_another_connection_answers_nothing() {
    let (host, mut other) = (Host::new(), Host::new());
    other.idp = crate::IdentityProvider::new(
        "https://other.example".parse().unwrap(),
        other.idp.single_sign_on_services().to_vec(),
        other.idp.signing_keys().to_vec(),
    )
    .unwrap();
    let body = wrapped(&answer(&host.response(ARTIFACTS)));
    let refused = other.connection().accept_artifact_response(body.as_bytes(), resolving(&host), None, now());
    assert_eq!(refused.unwrap_err().code(), "TEN-09");
}

// REQ-13
#[test]
fn an_answer_that_names_an_address_names_one_of_ours() {
    let host = Host::new();
    let to = |address: &str| {
        let named = format!(" Destination=\"{address}\" ID=\"_ar\"");
        let answer = answer(&host.response(ARTIFACTS)).replacen(" ID=\"_ar\"", &named, 1);
        login(&host, &answer).map(drop).map_err(|rejection| rejection.code())
    };
    assert_eq!(to(ARTIFACTS), Ok(()));
    assert_eq!(to("https://other.example/artifact"), Err("REQ-13"));
}

// REQ-13
#[test]
fn a_report_tells_the_same_of_an_artifact_and_takes_nothing() {
    let host = Host::new();
    let (pending, resolving) = (host.pending(ARTIFACTS), resolving(&host));
    let report = |answer: &str| {
        let body = wrapped(answer);
        host.connection().report_artifact_response(body.as_bytes(), &resolving, Some(&pending), now())
    };
    let good = report(&answer(&host.response(ARTIFACTS)));
    assert!(good.is_accepted(), "{:?}", good.problems);
    let failed = good.findings.iter().filter(|finding| finding.outcome != Outcome::Passed);
    assert_eq!(failed.map(|finding| finding.check).collect::<Vec<_>>(), [Check::Replay]);
    for (answer, check) in [
        (answer(""), Check::Transport),
        (answer(&host.response(ARTIFACTS)).replacen("\"_x\"", "\"_y\"", 1), Check::Transport),
        (answer(&host.response(ARTIFACTS).replace("alice", "mallory")), Check::AssertionSignature),
        (answer(&host.response(ACS)), Check::Confirmation),
    ] {
        let told = report(&answer);
        let refused = login(&host, &answer).unwrap_err();
        assert_eq!(told.rule, Some(refused.code()));
        let finding = told.findings.iter().find(|finding| finding.outcome == Outcome::Failed).unwrap();
        assert_eq!((finding.check, finding.rule), (check, refused.code()));
    }
}
