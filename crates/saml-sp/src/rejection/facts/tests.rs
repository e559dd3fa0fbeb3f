use chrono::{DateTime, Utc};

use super::*;
use crate::{Limits, Rejection, Status, dsig::SignatureError, enc::DecryptError, xml::Document};

/// What an attacker would like to see on the error page.
const OUTSIDE: &str = "<script>";

#[test]
fn the_text_for_people_holds_nothing_from_outside() {
    for cause in samples() {
        let text = cause.to_string();
        assert!(!text.contains(OUTSIDE), "{cause:?}");
        assert!(text.starts_with(|first: char| first.is_lowercase()), "{text}");
        assert!(!text.ends_with('.') && !text.contains("::"), "{text}");
    }
}

#[test]
fn what_was_found_is_told_beside() {
    for cause in samples() {
        let found = cause.found().unwrap_or_default();
        assert!(found.contains("script"), "{cause:?}: {found}");
        assert!(cause.expected().is_none_or(|expected| !expected.contains(OUTSIDE)), "{cause:?}");
    }
    let long = Rejection::from(Cause::UnknownCondition { found: "é".repeat(300) });
    assert_eq!(long.found().unwrap().chars().count(), 256);
}

#[test]
fn a_code_names_a_rule() {
    for cause in samples() {
        let (area, number) = cause.code().split_once('-').unwrap();
        assert!(["ASN", "ENC", "RSP", "SIG", "SLO", "TEN", "XML"].contains(&area), "{cause:?}");
        assert!(number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()), "{cause:?}");
    }
}

// One fact breaks another rule in an assertion or a logout message than in a response.
#[test]
fn a_fact_has_the_rule_of_its_part() {
    let code = |part| Cause::Issuer { part, expected: String::new(), found: String::new() }.code();
    assert_eq!(code(Part::Response), "RSP-05");
    assert_eq!(code(Part::Assertion), "ASN-02");
    assert_eq!(code(Part::LogoutRequest), "SLO-08");
    let code = |part| Cause::NotSigned { part }.code();
    assert_eq!((code(Part::Assertion), code(Part::LogoutResponse)), ("SIG-12", "SLO-02"));
}

fn samples() -> Vec<Cause> {
    let found = || OUTSIDE.to_owned();
    let expected = || "expected".to_owned();
    let part = Part::Response;
    let xml = Document::parse(b"<a><script></a>", &Limits::default()).unwrap_err();
    vec![
        Cause::Xml(xml),
        Cause::Encoding { found: found() },
        Cause::RedirectAlgorithm { found: found() },
        Cause::WrongMessage { expected: "Response", found: found() },
        Cause::UnexpectedElement { part, found: found() },
        Cause::Signature { part, error: SignatureError::Transform { found: found() } },
        Cause::Decryption { part, error: DecryptError::KeyTransport { found: found() } },
        Cause::Version { part, found: found() },
        Cause::Instant { part, what: "IssueInstant", found: found() },
        Cause::Status(Box::new(Status { code: found(), details: vec![found()], message: Some(found()) })),
        Cause::Issuer { part, expected: expected(), found: found() },
        Cause::IssuerFormat { part, found: found() },
        Cause::Destination { part, expected: expected(), found: found() },
        Cause::InResponseTo { part, expected: expected(), found: found() },
        Cause::NothingPending { part, found: found() },
        Cause::PendingElsewhere { expected: expected(), found: found() },
        Cause::UnknownCondition { found: found() },
        Cause::Audience { expected: vec![expected()], found: vec![found()] },
        Cause::Identifier { found: found() },
        Cause::NameIdFormat { expected: expected(), found: found() },
        Cause::NameIdQualifier { expected: expected(), found: found() },
        Cause::Recipient { expected: expected(), found: found() },
        Cause::AuthnContext { expected: vec![expected()], found: Some(found()) },
    ]
}

#[test]
fn times_are_told_on_both_sides() {
    let (then, now): (DateTime<Utc>, DateTime<Utc>) =
        ("2026-01-31T11:00:00Z".parse().unwrap(), "2026-01-31T12:00:00Z".parse().unwrap());
    let cause = Cause::Expired { not_on_or_after: then, now };
    assert_eq!(cause.found().as_deref(), Some("2026-01-31 11:00:00 UTC"));
    assert_eq!(cause.expected().as_deref(), Some("after 2026-01-31 12:00:00 UTC"));
    assert!(Rejection::from(cause).advice().unwrap().contains("time service"));
}
