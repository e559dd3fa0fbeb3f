use crate::{
    Check, LoginOptions, Outcome, PendingLogin, Rejection, RequestError, RequestedAuthnContext,
    ServiceProvider, Sighting, SoapReply,
    soap::tests::{ACS, Host, PAOS_ACS, assert_order, id, now, opened},
};

use super::is_ecp_client;

fn begin(host: &Host, sign: bool) -> (SoapReply, PendingLogin) {
    let options = LoginOptions { relay_state: Some("there".to_owned()), sign, ..LoginOptions::default() };
    host.connection().begin_ecp_login(options, id("_q"), now()).unwrap()
}

fn login(host: &Host, header: &str, response: &str) -> Result<crate::Login, Rejection> {
    let (_, pending) = begin(host, false);
    let body = format!(
        "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\">{header}<S:Body>{response}</S:Body></S:Envelope>"
    );
    host.connection().accept_ecp_response(body.as_bytes(), Some(&pending), now())?.admit(Sighting::FirstUse)
}

const HEADER: &str = concat!(
    r#"<S:Header><paos:Response xmlns:paos="urn:liberty:paos:2003-08" S:mustUnderstand="1""#,
    r#" S:actor="http://schemas.xmlsoap.org/soap/actor/next"/>"#,
    r#"<ecp:RelayState xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" S:mustUnderstand="1""#,
    r#" S:actor="http://schemas.xmlsoap.org/soap/actor/next">there</ecp:RelayState></S:Header>"#
);

// REQ-10
#[test]
fn a_client_that_speaks_ecp_is_known_by_both_headers() {
    let accept = "text/html, application/vnd.paos+xml;q=0.9";
    let ecp = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp";
    let good = format!("ver='urn:liberty:paos:2003-08';'{ecp}','urn:x'");
    assert!(is_ecp_client(accept, &good));
    assert!(is_ecp_client("Application/Vnd.Paos+XML", &good.replace(';', " ; ").replace("ver=", "ver = ")));
    assert!(!is_ecp_client("text/html", &good));
    assert!(!is_ecp_client("application/vnd.paos+xmlx", &good));
    assert!(!is_ecp_client(accept, &good.replace("2003-08", "2006-08")));
    assert!(!is_ecp_client(accept, &good.replace(":ecp", ":other")));
    assert!(!is_ecp_client(accept, ecp));
    assert!(!is_ecp_client("", ""));
}

// REQ-10
#[test]
fn the_request_tells_the_client_where_the_answer_goes() {
    let host = Host::new();
    let (reply, pending) = begin(&host, true);
    assert!(reply.headers().contains(&("Content-Type", "application/vnd.paos+xml")));
    assert_eq!(pending.consumer().as_str(), PAOS_ACS);
    // Profiles 4.2.4.1 to 4.2.4.3, and the order of the schema.
    assert_order(
        reply.body(),
        &[
            "<S:Header>",
            "<paos:Request",
            "mustUnderstand=\"1\"",
            "<ecp:Request",
            "<saml:Issuer",
            "https://sp.example</saml:Issuer>",
            "<samlp:IDPList",
            "ProviderID=\"https://idp.example\"",
            "<ecp:RelayState",
            ">there<",
            "</S:Header><S:Body><samlp:AuthnRequest",
        ],
    );
    assert!(reply.body().contains(&format!("responseConsumerURL=\"{PAOS_ACS}\"")));
    assert!(reply.body().contains("service=\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\""));
    let request = opened(reply.body());
    // Profiles 4.2.4.1: the two addresses are the same.
    assert!(request.contains(&format!("AssertionConsumerServiceURL=\"{PAOS_ACS}\"")));
    assert!(request.contains("ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:PAOS\""));
    assert!(request.contains("Destination=\"https://idp.example/ecp\""));
    assert!(reply.body().contains("messageID=\"_q\""));
    assert!(!begin(&host, false).0.body().contains("Signature"));
}

// REQ-10, REQ-11
#[test]
fn without_an_endpoint_for_it_no_such_login_starts() {
    let mut host = Host::new();
    host.sp = ServiceProvider::new("https://sp.example".parse().unwrap(), ACS.parse().unwrap());
    let refused = host.connection().begin_ecp_login(LoginOptions::default(), id("_q"), now());
    assert_eq!(refused.map(drop), Err(RequestError::Consumer));
}

// REQ-10
#[test]
fn what_the_client_brings_signs_in() {
    let host = Host::new();
    let login_with = |header| login(&host, header, &host.response(PAOS_ACS));
    let found = login_with(HEADER).unwrap();
    assert_eq!(found.subject().unwrap().value, "alice");
    assert_eq!(found.relay_state(), Some("there"));
    assert_eq!(login_with("").unwrap().relay_state(), None);
}

// REQ-10
#[test]
fn what_the_client_brings_is_judged_as_if_posted() {
    let host = Host::new();
    let code = |header: &str, response: &str| login(&host, header, response).unwrap_err().code();
    let good = host.response(PAOS_ACS);
    assert_eq!(code(HEADER, &good.replace("alice", "mallory")), "SIG-10");
    assert_eq!(code(HEADER, &host.response(ACS)), "ASN-04");
    assert_eq!(code(HEADER, &good.replacen("InResponseTo=\"_q\"", "InResponseTo=\"_x\"", 1)), "RSP-06");
    assert_eq!(code(&HEADER.replace("paos:Response", "paos:Other"), &good), "REQ-10");
    assert_eq!(code(&HEADER.replace(">there<", &format!(">{}<", "x".repeat(2049))), &good), "REQ-09");
    assert_eq!(code(HEADER, &format!("{good}<x/>")), "REQ-10");
    assert_eq!(code(HEADER, "<S:Fault><faultstring>cancelled</faultstring></S:Fault>"), "REQ-10");
}

// REQ-10
#[test]
fn what_refers_to_another_message_than_the_request_is_refused() {
    let host = Host::new();
    let refers = |to: &str| {
        let header = HEADER.replace("<paos:Response", &format!("<paos:Response refToMessageID=\"{to}\""));
        login(&host, &header, &host.response(PAOS_ACS)).map(drop).map_err(|rejection| rejection.code())
    };
    assert_eq!(refers("_q"), Ok(()));
    assert_eq!(refers("_x"), Err("REQ-10"));
}

// REQ-04
#[test]
fn classes_that_are_asked_for_are_named_to_a_client_too() {
    let context = Some(RequestedAuthnContext::exactly(Vec::<String>::new()));
    let options = LoginOptions { requested_authn_context: context, ..LoginOptions::default() };
    let refused = Host::new().connection().begin_ecp_login(options, id("_q"), now());
    assert_eq!(refused.map(drop), Err(RequestError::NoClass));
}

// REQ-10
#[test]
fn a_report_tells_the_same_of_what_a_client_brings() {
    let host = Host::new();
    let (_, pending) = begin(&host, false);
    let report = |header: &str, response: &str| {
        let body = format!(
            "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\">{header}<S:Body>{response}</S:Body></S:Envelope>"
        );
        host.connection().report_ecp_response(body.as_bytes(), Some(&pending), now())
    };
    assert!(report(HEADER, &host.response(PAOS_ACS)).is_accepted());
    for (header, response, check) in [
        (HEADER, "<S:Fault/>".to_owned(), Check::Transport),
        (&HEADER.replace("paos:Response", "paos:Other"), host.response(PAOS_ACS), Check::Transport),
        (HEADER, host.response(PAOS_ACS).replace("alice", "mallory"), Check::AssertionSignature),
        (HEADER, host.response(ACS), Check::Confirmation),
    ] {
        let told = report(header, &response);
        let refused = login(&host, header, &response).unwrap_err();
        assert_eq!(told.rule, Some(refused.code()));
        let finding = told.findings.iter().find(|finding| finding.outcome == Outcome::Failed).unwrap();
        assert_eq!((finding.check, finding.rule), (check, refused.code()));
    }
}
