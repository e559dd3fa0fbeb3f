#![expect(
    clippy::field_reassign_with_default,
    reason = "as hosts write it, for whom these are not exhaustive"
)]

mod encrypted;
mod person;
mod scene;
mod several;
mod show;

use scene::{GOOD, NOW, Scene, body, private_pem, public_pem, time};

use super::assertion::AssertionParts;
use crate::{
    Canonicalization, Cause, Connection, IdentityProvider, Inbound, IndexedEndpoint, Limits, LoginOptions,
    Notice, PendingLogin, Rejection, RequestId, Seconds, Sighting, SignatureDemand, Unsolicited,
    VerificationKey,
    dsig::{Signer, sign_enveloped},
    xml::Document,
};

#[test]
fn a_good_response_is_a_login() {
    let login = Scene::new().accept(&[]).unwrap();
    assert_eq!(login.subject().unwrap().value, "alice");
    assert_eq!(login.attributes().text("mail"), Some("a@example.com"));
    assert_eq!(login.session().indexes, ["s1"]);
    assert_eq!(login.authn_context().class.as_deref(), Some("urn:class:b"));
    assert_eq!(login.in_response_to().unwrap().as_str(), "_q");
    assert_eq!(login.relay_state(), Some("there"));
    assert!(login.evidence().assertion_signature.is_some());
    assert!(login.evidence().response_signature.is_none());
    assert_eq!(login.evidence().notices, []);
}

#[test]
fn one_broken_fact_is_refused_with_its_rule() {
    let conditions =
        r#"<saml:Conditions NotBefore="2026-01-31T11:55:00Z" NotOnOrAfter="2026-01-31T12:10:00Z">"#;
    let data = r#" NotOnOrAfter="2026-01-31T12:05:00Z" InResponseTo="_q"/>"#;
    let restriction = "<saml:AudienceRestriction><saml:Audience>https://sp.example</saml:Audience>";
    let rows: &[(&str, &str, &str)] = &[
        // The document's structure.
        ("XML-12", "samlp:Response", "samlp:ArtifactResponse"),
        ("XML-12", "<samlp:Status>", "<samlp:Other/><samlp:Status>"),
        ("XML-12", "</samlp:Status>", "</samlp:Status><samlp:Other/>"),
        ("XML-12", "</saml:Conditions>", "</saml:Conditions><saml:Subject/>"),
        ("XML-12", "</saml:AuthnStatement>", "</saml:AuthnStatement><saml:Conditions/>"),
        ("XML-12", "<saml:Audience>", "<saml:Other/><saml:Audience>"),
        ("XML-12", r#"<saml:Attribute Name="mail">"#, "<saml:Attribute>"),
        ("XML-12", "<saml:AttributeValue>a@", "<saml:Value/><saml:AttributeValue>a@"),
        ("XML-12", "</saml:Attribute>", "</saml:Attribute><saml:Other/>"),
        ("XML-12", r#"AuthnInstant="2026-01-31T11:59:00Z" "#, ""),
        ("XML-11", r#"<saml:Attribute Name="mail">"#, r#"<saml:Attribute Name=" ">"#),
        ("XML-11", r#" Format="urn:f""#, r#" Format="""#),
        ("XML-11", r#"SessionIndex="s1""#, r#"SessionIndex="""#),
        // The response.
        ("RSP-01", r#"ID="_r" Version="2.0""#, r#"ID="_r" Version="1.1""#),
        ("RSP-01", r#"ID="_r" Version="2.0""#, r#"ID="_r""#),
        ("RSP-02", r#"ID="_r" "#, ""),
        (
            "RSP-03",
            r#"Version="2.0" IssueInstant="2026-01-31T12:00:00Z" D"#,
            r#"Version="2.0" IssueInstant="2026-01-31T12:00:00" D"#,
        ),
        (
            "RSP-03",
            r#"Version="2.0" IssueInstant="2026-01-31T12:00:00Z" D"#,
            r#"Version="2.0" IssueInstant="2026-01-31T12:03:01Z" D"#,
        ),
        (
            "RSP-03",
            r#"Version="2.0" IssueInstant="2026-01-31T12:00:00Z" D"#,
            r#"Version="2.0" IssueInstant="2026-01-31T10:27:00Z" D"#,
        ),
        ("RSP-04", r#"Destination="https://sp.example/acs""#, r#"Destination="https://sp.example/acs/""#),
        ("RSP-04", r#"Destination="https://sp.example/acs""#, r#"Destination="""#),
        (
            "RSP-05",
            "InResponseTo=\"_q\"><saml:Issuer>https://idp.example",
            "InResponseTo=\"_q\"><saml:Issuer>https://idp.example/",
        ),
        ("RSP-05", "InResponseTo=\"_q\"><saml:Issuer>", "InResponseTo=\"_q\"><saml:Issuer Format=\"urn:x\">"),
        ("RSP-06", r#"acs" InResponseTo="_q">"#, r#"acs" InResponseTo="_Q">"#),
        ("RSP-06", r#"acs" InResponseTo="_q">"#, r#"acs">"#),
        ("RSP-07", "status:Success", "status:Responder"),
        ("RSP-12", "urn:oasis:names:tc:SAML:2.0:status:Success", "urn:other"),
        // The assertion.
        ("ASN-01", r#"ID="_a" Version="2.0""#, r#"ID="_a" Version="2.00""#),
        (
            "ASN-01",
            r#"Version="2.0" IssueInstant="2026-01-31T12:00:00Z">"#,
            r#"Version="2.0" IssueInstant="2026-01-31T12:03:01Z">"#,
        ),
        ("ASN-02", r#"Z"><saml:Issuer>https://idp.example"#, r#"Z"><saml:Issuer>https://IDP.example"#),
        ("ASN-02", r#"Z"><saml:Issuer>https://idp.example</saml:Issuer>"#, r#"Z">"#),
        ("ASN-03", r#"<saml:NameID Format="urn:f">alice</saml:NameID>"#, ""),
        ("ASN-03", "<saml:NameID", "<saml:BaseID/><saml:NameID"),
        ("ASN-03", "<saml:NameID", "<saml:NameID>bob</saml:NameID><saml:NameID"),
        ("ASN-04", "cm:bearer", "cm:holder-of-key"),
        ("ASN-04", r#"Recipient="https://sp.example/acs""#, r#"Recipient="https://sp.example/ACS""#),
        ("ASN-04", r#" Recipient="https://sp.example/acs""#, ""),
        ("ASN-04", data, r#" InResponseTo="_q"/>"#),
        ("ASN-04", data, r#" NotOnOrAfter="2026-01-31T11:57:00Z" InResponseTo="_q"/>"#),
        (
            "ASN-04",
            data,
            r#" NotBefore="2026-01-31T11:00:00Z" NotOnOrAfter="2026-01-31T12:05:00Z" InResponseTo="_q"/>"#,
        ),
        ("ASN-04", data, r#" NotOnOrAfter="2026-01-31T12:05:00Z"/>"#),
        ("ASN-04", data, r#" NotOnOrAfter="2026-01-31T12:05:00Z" InResponseTo="_Q"/>"#),
        ("RSP-03", data, r#" NotOnOrAfter="2026-01-31T12:05:00+00:00" InResponseTo="_q"/>"#),
        ("ASN-05", conditions, r#"<saml:Conditions NotBefore="2026-01-31T12:03:01Z">"#),
        ("ASN-05", conditions, r#"<saml:Conditions NotOnOrAfter="2026-01-31T11:57:00Z">"#),
        (
            "ASN-14",
            conditions,
            r#"<saml:Conditions NotBefore="2026-01-31T12:00:00Z" NotOnOrAfter="2026-01-31T12:00:00Z">"#,
        ),
        (
            "ASN-05",
            restriction,
            "<saml:AudienceRestriction><saml:Audience>https://sp.example </saml:Audience>",
        ),
        ("ASN-05", restriction, "<saml:AudienceRestriction>"),
        (
            "ASN-05",
            "</saml:Conditions>",
            "<saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience></saml:AudienceRestriction></saml:Conditions>",
        ),
        (
            "ASN-05",
            "</saml:Conditions>",
            r#"<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x"/></saml:Conditions>"#,
        ),
        ("ASN-05", "</saml:Conditions>", r#"<x:OneTimeUse xmlns:x="urn:x"/></saml:Conditions>"#),
        ("ASN-14", "</saml:Conditions>", "<saml:OneTimeUse/><saml:OneTimeUse/></saml:Conditions>"),
        (
            "ASN-14",
            "</saml:Conditions>",
            "<saml:ProxyRestriction/><saml:ProxyRestriction/></saml:Conditions>",
        ),
        ("ASN-06", r#"SessionIndex="s1""#, r#"SessionNotOnOrAfter="2026-01-31T11:57:00Z""#),
        ("ASN-07", r#"AuthnInstant="2026-01-31T11:59:00Z""#, r#"AuthnInstant="2026-01-31T12:03:01Z""#),
        ("ASN-09", ">alice<", "> <"),
    ];
    let scene = Scene::new();
    for (rule, from, to) in rows {
        let found = scene.accept(&[(from, to)]).map_err(|rejection| rejection.code());
        assert_eq!(found.map(drop), Err(*rule), "{from} -> {to}");
    }
}

#[test]
fn what_standards_allow_is_accepted() {
    let rows: &[&[(&str, &str)]] = &[
        // RSP-04: only a signed response needs a destination.
        &[(r#"Destination="https://sp.example/acs" "#, "")],
        // RSP-05: a response that isn't signed may leave its issuer out.
        &[("InResponseTo=\"_q\"><saml:Issuer>https://idp.example</saml:Issuer>", "InResponseTo=\"_q\">")],
        &[("<saml:Issuer>", r#"<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">"#)],
        // RSP-09
        &[("<samlp:Status>", "<samlp:Extensions><any xmlns=\"urn:x\"/></samlp:Extensions><samlp:Status>")],
        &[(r#"InResponseTo="_q"><saml:Issuer>"#, r#"InResponseTo="_q" Consent="urn:x"><saml:Issuer>"#)],
        // ASN-05: either end may be absent.
        &[(r#" NotBefore="2026-01-31T11:55:00Z" NotOnOrAfter="2026-01-31T12:10:00Z""#, "")],
        // RSP-03: exactly at the allowed difference.
        &[
            (r#"IssueInstant="2026-01-31T12:00:00Z""#, r#"IssueInstant="2026-01-31T12:03:00.0000000001Z""#),
            ("12:03:00.0000000001Z", "12:03:00Z"),
        ],
        &[(r#"NotBefore="2026-01-31T11:55:00Z""#, r#"NotBefore="2026-01-31T12:03:00Z""#)],
        &[("NotOnOrAfter=\"2026-01-31T12:05:00Z\"", "NotOnOrAfter=\"2026-01-31T11:57:00.001Z\"")],
        // ASN-04: one bearer confirmation that passes is enough, others may be of any kind.
        &[(
            "</saml:NameID>",
            concat!(
                r#"</saml:NameID><saml:SubjectConfirmation Method="urn:other"/>"#,
                r#"<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>"#
            ),
        )],
        // SIG-14
        &[("</saml:Conditions>", "</saml:Conditions><saml:Advice><saml:Assertion/></saml:Advice>")],
        &[("</saml:Conditions>", "<saml:OneTimeUse/><saml:ProxyRestriction/></saml:Conditions>")],
        // XML-12
        &[("<saml:AttributeStatement>", "<saml:AuthzDecisionStatement/><saml:AttributeStatement>")],
    ];
    let scene = Scene::new();
    for edits in rows {
        scene.accept(edits).unwrap_or_else(|rejection| panic!("{edits:?}: {rejection:?}"));
    }
}

// RSP-04, RSP-05
#[test]
fn a_signed_response_names_issuer_and_destination() {
    let mut scene = Scene::new();
    scene.sign = &["_r"];
    scene.accept(&[]).unwrap();
    let no_issuer =
        [("InResponseTo=\"_q\"><saml:Issuer>https://idp.example</saml:Issuer>", "InResponseTo=\"_q\">")];
    let rejection = scene.accept(&no_issuer).unwrap_err();
    assert_eq!((rejection.code(), rejection.is_verified()), ("RSP-05", true));
    let no_destination = [(r#"Destination="https://sp.example/acs" "#, "")];
    assert_eq!(scene.accept(&no_destination).unwrap_err().code(), "RSP-04");
}

// SIG-12
#[test]
fn the_demanded_part_must_be_signed() {
    let mut scene = Scene::new();
    for (demand, wanted, assertion, response, both) in [
        (SignatureDemand::Either, false, true, true, true),
        (SignatureDemand::Assertion, false, true, false, true),
        (SignatureDemand::Response, false, false, true, true),
        (SignatureDemand::Both, false, false, false, true),
        // Errata 7
        (SignatureDemand::Either, true, true, false, true),
    ] {
        scene.policy.signatures = demand;
        scene.sp = scene.sp.clone().with_want_assertions_signed(wanted);
        for (sign, accepted) in
            [(&["_a"][..], assertion), (&["_r"], response), (&["_a", "_r"], both), (&[], false)]
        {
            scene.sign = sign;
            let found = scene.accept(&[]).map_err(|rejection| rejection.code());
            assert_eq!(
                found.map(drop),
                if accepted { Ok(()) } else { Err("SIG-12") },
                "{demand:?} {wanted} {sign:?}"
            );
        }
    }
}

// SIG-10
#[test]
fn only_the_signed_assertion_is_read() {
    let scene = Scene::new();
    let signed = scene.signed(&[]);
    let tampered = signed.replace(
        "</saml:Issuer><samlp:Status>",
        "</saml:Issuer><samlp:Extensions><saml:Assertion ID=\"_x\"/></samlp:Extensions><samlp:Status>",
    );
    assert_ne!(signed, tampered);
    assert_eq!(scene.admit(&tampered).unwrap().subject().unwrap().value, "alice");
    let second = signed.replace("</samlp:Response>", "<saml:Assertion ID=\"_x\"/></samlp:Response>");
    assert_eq!(scene.admit(&second).unwrap_err().cause(), &Cause::SeveralAssertions { found: 2 });
    let none = format!("{}</samlp:Response>", signed.split("<saml:Assertion").next().unwrap());
    assert_eq!(scene.admit(&none).unwrap_err().code(), "RSP-08");
}

// RSP-07
#[test]
fn an_error_status_is_told_in_full() {
    let scene = Scene::new();
    let status = concat!(
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">"#,
        r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode>"#,
        r#"<samlp:StatusMessage>no such user</samlp:StatusMessage>"#
    );
    let good = r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#;
    let rejection = scene.accept(&[(good, status)]).unwrap_err();
    let Cause::Status(status) = rejection.cause() else { panic!("{rejection:?}") };
    assert!(status.has_detail("AuthnFailed"));
    assert_eq!(status.message.as_deref(), Some("no such user"));
    assert!(!rejection.is_verified(), "the response isn't signed");
    assert!(!rejection.to_string().contains("no such user"));
}

// SIG-04
#[test]
fn a_canonical_form_that_the_standard_does_not_ask_for_is_reported() {
    let scene = Scene::new();
    let notices = |canonicalization| {
        let mut signer = Signer::new(&scene.key, None);
        signer.canonicalization = canonicalization;
        let signed = sign_enveloped(GOOD.as_bytes(), "_a", &signer).unwrap();
        scene.admit(&String::from_utf8(signed).unwrap()).unwrap().evidence().notices.clone()
    };
    assert_eq!(notices(Canonicalization::Exclusive), []);
    assert_eq!(notices(Canonicalization::Inclusive), [Notice::InclusiveCanonicalization]);
    assert_eq!(notices(Canonicalization::Inclusive11), [Notice::InclusiveCanonicalization]);
}

// XML-12
#[test]
fn only_an_assertion_is_read_as_one() {
    let limits = Limits::default();
    let other = GOOD.replace("saml:Assertion", "saml:Evidence");
    let document = Document::parse(other.as_bytes(), &limits).unwrap();
    let evidence = document.root().children().last().unwrap();
    let refused = AssertionParts::read(evidence).map(drop).unwrap_err();
    assert_eq!(refused, Cause::WrongMessage { expected: "Assertion", found: "Evidence".to_owned() }.into());
}

// RSP-11
#[test]
fn a_response_that_nobody_asked_for_is_taken_only_by_policy() {
    let mut scene = Scene::new();
    scene.pending = None;
    let unsolicited = [(r#" InResponseTo="_q""#, "")];
    for (policy, expected, bounce) in [
        (Unsolicited::Reject, Err("RSP-11"), false),
        (Unsolicited::Bounce, Err("RSP-11"), true),
        (Unsolicited::Accept, Ok(()), false),
    ] {
        scene.policy.unsolicited = policy;
        let found = scene.accept(&unsolicited);
        assert_eq!(found.as_ref().is_err_and(Rejection::should_bounce), bounce);
        assert_eq!(found.map(drop).map_err(|rejection| rejection.code()), expected);
    }
    assert_eq!(scene.accept(&[]).unwrap_err().code(), "RSP-06", "it answers a request");
    let only_inside = [(r#"acs" InResponseTo="_q">"#, r#"acs">"#)];
    assert_eq!(
        scene.accept(&only_inside).unwrap_err().code(),
        "ASN-04",
        "its confirmation answers a request"
    );
    // Profiles 4.1.5: not one of its confirmations may, however good another is.
    let another = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
                   <saml:SubjectConfirmationData Recipient=\"https://sp.example/acs\" \
                   NotOnOrAfter=\"2026-01-31T12:05:00Z\" InResponseTo=\"_q\"/></saml:SubjectConfirmation></saml:Subject>";
    let two = [unsolicited[0], ("</saml:Subject>", another)];
    assert_eq!(scene.accept(&two).unwrap_err().code(), "ASN-04");
}

// RSP-11
#[test]
fn a_bounced_response_begins_a_login_of_our_own_with_its_deep_link() {
    let mut scene = Scene::new();
    scene.pending = None;
    scene.policy.unsolicited = Unsolicited::Bounce;
    let xml = scene.signed(&[(r#" InResponseTo="_q""#, "")]);
    let bounce = |relay_state: &str| {
        let form = format!(
            "{}&RelayState={relay_state}",
            String::from_utf8(body(&xml)).unwrap().split('&').next().unwrap()
        );
        let inbound = Inbound::FormBody(form.as_bytes());
        let refused = scene.connection().accept_response(&inbound, None, time(NOW)).map(drop).unwrap_err();
        assert!(refused.should_bounce());
        refused.bounce_to().map(|path| path.as_str().to_owned())
    };
    assert_eq!(bounce("%2Freports%3Fid%3D7").as_deref(), Some("/reports?id=7"));
    for elsewhere in
        ["https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript:x", ""]
    {
        assert_eq!(bounce(elsewhere), None, "{elsewhere}");
    }
    // Nothing is consumed: what was bounced can still be accepted, and then it is claimed as any other.
    scene.policy.unsolicited = Unsolicited::Accept;
    assert_eq!(scene.check(&xml).unwrap().claim().id, "_a");
    // A response that breaks another rule doesn't bounce, or people would go round in circles.
    scene.policy.unsolicited = Unsolicited::Bounce;
    let foreign =
        xml.replace(r#"Destination="https://sp.example/acs""#, r#"Destination="https://sp.example/x""#);
    let refused = scene.admit(&foreign).unwrap_err();
    assert_eq!((refused.code(), refused.should_bounce(), refused.bounce_to()), ("RSP-04", false, None));
}

// RSP-11, REQ-09
#[test]
fn the_relay_state_of_an_accepted_response_is_only_a_hint_for_a_local_place() {
    let mut scene = Scene::new();
    scene.pending = None;
    scene.policy.unsolicited = Unsolicited::Accept;
    let xml = scene.signed(&[(r#" InResponseTo="_q""#, "")]);
    let hint = |relay_state: &str| {
        let form = format!(
            "{}&RelayState={relay_state}",
            String::from_utf8(body(&xml)).unwrap().split('&').next().unwrap()
        );
        let verified =
            scene.connection().accept_response(&Inbound::FormBody(form.as_bytes()), None, time(NOW)).unwrap();
        let login = verified.admit(Sighting::FirstUse).unwrap();
        assert_eq!(login.in_response_to(), None);
        login.deep_link().map(|path| path.as_str().to_owned())
    };
    assert_eq!(hint("%2Freports").as_deref(), Some("/reports"));
    assert_eq!(hint("https%3A%2F%2Fevil.example"), None);
    assert_eq!(hint("%2F%2Fevil.example"), None);
    // Of a login that was asked for, the place is the pending login's.
    assert_eq!(Scene::new().accept(&[]).unwrap().deep_link(), None);
}

// RSP-06, TEN-09
#[test]
fn a_pending_login_of_another_connection_or_time_answers_nothing() {
    let scene = Scene::new();
    let keyed = scene.connection().with_key("tenant-1");
    let xml = scene.signed(&[]);
    let accept = |connection: Connection<'_>, pending: &PendingLogin, now| {
        let result = connection.accept_response(&Inbound::FormBody(&body(&xml)), Some(pending), now);
        result.map(drop).map_err(|rejection| rejection.code())
    };
    let begun = |connection: &Connection<'_>, at| {
        connection.begin_login(LoginOptions::default(), RequestId::parse("_q").unwrap(), at).unwrap().1
    };
    let pending = begun(&keyed, time(NOW));
    assert_eq!(accept(keyed, &pending, time(NOW)), Ok(()));
    assert_eq!(accept(scene.connection(), &pending, time(NOW)), Err("TEN-09"));
    assert_eq!(accept(keyed.with_key("tenant-2"), &pending, time(NOW)), Err("TEN-09"));
    let elsewhere = IdentityProvider::new(
        "https://other.example".parse().unwrap(),
        scene.idp.single_sign_on_services().to_vec(),
        scene.idp.signing_keys().to_vec(),
    )
    .unwrap();
    let other = Connection::new(&scene.sp, &elsewhere, &scene.policy).with_key("tenant-1");
    assert_eq!(accept(keyed, &begun(&other, time(NOW)), time(NOW)), Err("TEN-09"));
    let old = begun(&keyed, time("2026-01-31T11:00:00Z"));
    assert_eq!(accept(keyed, &old, time(NOW)), Err("RSP-06"));
    assert_eq!(accept(keyed, &old, time("2026-01-31T11:59:59Z")), Ok(()));
}

// TEN-01
#[test]
fn another_connections_key_or_address_accepts_nothing() {
    let mut scene = Scene::new();
    let xml = scene.signed(&[]);
    scene.idp = IdentityProvider::new(
        scene.idp.entity_id().clone(),
        scene.idp.single_sign_on_services().to_vec(),
        vec![VerificationKey::parse(&public_pem(&private_pem(2))).unwrap()],
    )
    .unwrap();
    assert_eq!(scene.admit(&xml).unwrap_err().code(), "SIG-07");
}

// RSP-04
#[test]
fn the_answer_comes_to_the_address_that_was_named() {
    let mut scene = Scene::new();
    let second: crate::EndpointUrl = "https://sp.example/second".parse().unwrap();
    scene.sp = scene
        .sp
        .clone()
        .with_consumers(vec![
            IndexedEndpoint::post(0, "https://sp.example/acs".parse().unwrap()),
            IndexedEndpoint::post(1, second.clone()),
        ])
        .unwrap();
    let mut options = LoginOptions::default();
    options.consumer = crate::Consumer::Index(1);
    scene.begin(options);
    assert_eq!(scene.accept(&[]).unwrap_err().code(), "RSP-04");
    scene.accept(&[("https://sp.example/acs", second.as_str())]).unwrap();
}

// MD-03
#[test]
fn expired_metadata_is_not_used() {
    let mut scene = Scene::new();
    let xml = scene.signed(&[]);
    scene.idp = scene.idp.clone().with_valid_until(Some(time("2026-01-31T11:57:00.001Z")));
    scene.admit(&xml).unwrap();
    scene.idp = scene.idp.clone().with_valid_until(Some(time("2026-01-31T11:57:00Z")));
    assert_eq!(scene.admit(&xml).unwrap_err().code(), "MD-03");
    let refused =
        scene.connection().begin_login(LoginOptions::default(), RequestId::parse("_q").unwrap(), time(NOW));
    assert_eq!(refused.unwrap_err().code(), "MD-03");
}

// ASN-05
#[test]
fn other_audiences_count_if_the_policy_names_them() {
    let mut scene = Scene::new();
    let other = [("<saml:Audience>https://sp.example", "<saml:Audience>urn:legacy")];
    let rejection = scene.accept(&other).unwrap_err();
    assert_eq!(rejection.expected().as_deref(), Some("https://sp.example"));
    assert_eq!(rejection.found().as_deref(), Some("urn:legacy"));
    assert!(rejection.is_verified() && rejection.advice().is_some());
    scene.policy.accepted_audiences.insert("urn:legacy".to_owned());
    scene.accept(&other).unwrap();
    let one_of_two = [("<saml:Audience>", "<saml:Audience>urn:x</saml:Audience><saml:Audience>")];
    scene.accept(&one_of_two).unwrap();
}

// ASN-05
#[test]
fn a_claim_is_kept_as_long_as_the_assertion_can_be_presented() {
    let mut scene = Scene::new();
    let verified = scene.check(&scene.signed(&[])).unwrap();
    assert_eq!(verified.claim().id, "_a");
    assert_eq!(verified.claim().issuer, *scene.idp.entity_id());
    assert_eq!(verified.claim().forget_after, time("2026-01-31T12:08:00Z"));
    assert_eq!(verified.admit(Sighting::Seen).unwrap_err().cause(), &Cause::Replayed);
    scene.policy.max_issue_age = Seconds::new(60);
    let verified = scene.check(&scene.signed(&[])).unwrap();
    assert_eq!(verified.claim().forget_after, time("2026-01-31T12:04:00Z"), "then it is too old");
    let at_the_end = scene.check_at(&scene.signed(&[]), time("2026-01-31T12:04:00Z"));
    assert_eq!(at_the_end.map(drop).unwrap_err().code(), "RSP-03");
}

// RSP-10
#[test]
fn a_response_is_posted_and_a_request_is_none() {
    let scene = Scene::new();
    let deflated = "SAMLResponse=s6nQtwMA";
    let accept = |inbound: &Inbound<'_>| {
        scene.connection().accept_response(inbound, scene.pending.as_ref(), time(NOW)).map(drop).unwrap_err()
    };
    assert_eq!(accept(&Inbound::RawQuery(deflated)).cause(), &Cause::ByRedirect);
    assert_eq!(accept(&Inbound::FormBody(b"SAMLRequest=PHgvPg==")).code(), "RSP-10");
}

#[test]
fn the_first_broken_rule_in_the_documented_order_is_told() {
    // From the last stage to the first: each further edit breaks an earlier rule as well.
    let edits = [
        ("ASN-06", r#"SessionIndex="s1""#, r#"SessionNotOnOrAfter="2026-01-31T11:57:00Z""#),
        ("ASN-05", "<saml:Audience>https://sp.example", "<saml:Audience>urn:x"),
        ("ASN-04", r#"Recipient="https://sp.example/acs""#, r#"Recipient="https://sp.example/x""#),
        ("ASN-03", r#"<saml:NameID Format="urn:f">alice</saml:NameID>"#, ""),
        ("ASN-05", r#"NotOnOrAfter="2026-01-31T12:10:00Z""#, r#"NotOnOrAfter="2026-01-31T11:57:00Z""#),
        ("RSP-03", r#"IssueInstant="2026-01-31T12:00:00Z" D"#, r#"IssueInstant="2026-01-31T12:30:00Z" D"#),
        ("RSP-06", r#"acs" InResponseTo="_q">"#, r#"acs" InResponseTo="_x">"#),
        ("RSP-04", r#"Destination="https://sp.example/acs""#, r#"Destination="https://sp.example/x""#),
        ("ASN-02", r#"Z"><saml:Issuer>https://idp.example"#, r#"Z"><saml:Issuer>https://x.example"#),
        ("RSP-05", r#"_x"><saml:Issuer>https://idp.example"#, r#"_x"><saml:Issuer>https://x.example"#),
        ("RSP-07", "status:Success", "status:Responder"),
        ("RSP-02", r#"ID="_r" "#, ""),
    ];
    let scene = Scene::new();
    let mut broken = Vec::new();
    for (rule, from, to) in edits {
        broken.push((from, to));
        assert_eq!(scene.accept(&broken).unwrap_err().code(), rule, "{from}");
    }
}
