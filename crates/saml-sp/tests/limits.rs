//! Messages that are too much are refused for what they are, and at their start.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use base64::{Engine, prelude::BASE64_STANDARD};
use saml_sp::{Cause, Inbound, Limits, Rejection, UnverifiedIssuer, XmlErrorKind};

fn peek(xml: &str) -> Result<UnverifiedIssuer, Rejection> {
    let body =
        format!("SAMLResponse={}", BASE64_STANDARD.encode(xml).replace('+', "%2B").replace('/', "%2F"));
    UnverifiedIssuer::peek(&Inbound::FormBody(body.replace("==", "%3D%3D").as_bytes()), &Limits::default())
}

/// Why a document is refused, and after how many bytes.
fn refused(xml: &str) -> (XmlErrorKind, usize) {
    let rejection = peek(xml).unwrap_err();
    assert_eq!(rejection.code(), "XML-05");
    match rejection.cause() {
        Cause::Xml(error) => (error.kind().clone(), error.position()),
        other => panic!("{other:?}"),
    }
}

// XML-05
#[test]
fn five_thousand_namespace_declarations_are_refused_at_the_65th() {
    let declarations: String =
        (0..5_000).map(|number| format!(" xmlns:n{number}=\"urn:a:{number:015}\"")).collect();
    let xml = format!("<a{declarations}/>");
    assert!(xml.len() > 150_000);
    let (kind, position) = refused(&xml);
    assert_eq!(kind, XmlErrorKind::TooManyNamespacesInScope { limit: 64 });
    assert!(position < 6_000, "{position}");
    // Those of elements that are open already count too.
    let around = format!("<r xmlns=\"urn:r\" xmlns:r=\"urn:r\">{xml}</r>");
    assert!(refused(&around).1 < position + 40);
}

// XML-05
#[test]
fn a_megabyte_of_attributes_is_refused_at_the_65th() {
    let attributes: String = (0..45_000).map(|number| format!(" attribute{number}=\"{number}\"")).collect();
    let xml = format!("<a{attributes}/>");
    assert!(xml.len() > 1_000_000);
    let (kind, position) = refused(&xml);
    assert_eq!(kind, XmlErrorKind::TooManyAttributes { limit: 64 });
    assert!(position < 6_000, "{position}");
}

// XML-05
#[test]
fn ten_thousand_nested_elements_are_refused_at_the_65th() {
    let xml = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert_eq!(refused(&xml), (XmlErrorKind::TooDeep { limit: 64 }, 3 * 64));
}

// XML-05: whatever a start that is cut off looks like, a message that is good as a whole is read.
#[test]
fn a_large_message_is_not_refused_for_where_its_start_ends() {
    let inside = [
        "x",
        "&amp;",
        "é",
        "<!-- <a b='c' -->",
        "<![CDATA[<a b='c']]>",
        "<b c='d'/>",
        "<b xmlns:c='urn:c'/>",
    ];
    for piece in inside {
        for shift in 0..piece.len() {
            let xml = format!("<a>{}{}</a>", "y".repeat(shift), piece.repeat(70_000 / piece.len()));
            let mut limits = Limits::default();
            (limits.nodes, limits.namespace_declarations) = (1 << 20, 1 << 20);
            let body = format!("SAMLResponse={}", BASE64_STANDARD.encode(xml).replace('+', "%2B"));
            let read = UnverifiedIssuer::peek(&Inbound::FormBody(body.as_bytes()), &limits);
            assert!(read.is_ok(), "{piece} {shift}: {read:?}");
        }
    }
}
