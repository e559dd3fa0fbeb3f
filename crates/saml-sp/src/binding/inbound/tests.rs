#![expect(
    clippy::field_reassign_with_default,
    reason = "as hosts write it, for whom these are not exhaustive"
)]

use super::*;

fn form(body: &str) -> Result<Decoded, &'static str> {
    Inbound::FormBody(body.as_bytes()).decode(&Limits::default()).map_err(|rejection| rejection.code())
}

fn query(query: &str) -> Result<Decoded, &'static str> {
    Inbound::RawQuery(query).decode(&Limits::default()).map_err(|rejection| rejection.code())
}

/// `<x/>`, deflated.
const DEFLATED: &str = "s6nQtwMA";

fn octets(text: &str) -> String {
    String::from_utf8(query(text).ok().unwrap().signature.unwrap().octets).unwrap()
}

#[test]
fn a_posted_response_is_decoded_with_its_relay_state() {
    let decoded =
        form("RelayState=deep%2Flink%3Fx%3D1+y%C3%A9&other=1&SAMLResponse=PHgv%0D%0APg%3D%3D").ok().unwrap();
    assert_eq!(decoded.kind, MessageKind::Response);
    assert_eq!(decoded.xml, b"<x/>");
    assert_eq!(decoded.relay_state.as_deref(), Some("deep/link?x=1 yé"));
}

// XML-09
#[test]
fn base64_may_hold_white_space_and_no_other_junk() {
    assert!(form("SAMLResponse=PHgv+%09%0APg%3D%3D").is_ok());
    for junk in ["PHgvPg", "PHgv-g==", "PHgv%00Pg==", "PHgvPg==PHgvPg==", "%", "PHgv.Pg=="] {
        assert_eq!(form(&format!("SAMLResponse={junk}")).err(), Some("XML-09"), "{junk}");
    }
}

#[test]
fn a_message_must_be_there_once() {
    assert_eq!(form("RelayState=x").err(), Some("RSP-10"));
    assert_eq!(form("").err(), Some("RSP-10"));
    assert_eq!(form("SAMLart=AAQA").err(), Some("RSP-10"));
    // SIG-20
    for twice in [
        "SAMLResponse=PHgvPg==&SAMLResponse=PHgvPg==",
        "SAMLResponse=PHgvPg==&SAML%52esponse=PHgvPg==",
        "SAMLResponse=PHgvPg==&SAMLRequest=PHgvPg==",
        "SAMLResponse=PHgvPg==&SAMLart=AAQA",
        "SAMLart=AAQA&SAMLRequest=PHgvPg==",
        "SAMLResponse=PHgvPg==&RelayState=a&RelayState=a",
    ] {
        assert_eq!(form(twice).err(), Some("SIG-20"), "{twice}");
    }
}

// XML-05
#[test]
fn a_message_is_refused_beyond_the_limit_before_base64() {
    let mut limits = Limits::default();
    limits.encoded_bytes = 8;
    assert!(Inbound::FormBody(b"SAMLResponse=PHgvPg==").decode(&limits).is_ok());
    limits.encoded_bytes = 7;
    let refused = Inbound::FormBody(b"SAMLResponse=PHgvPg==").decode(&limits).err().unwrap();
    assert_eq!(refused.cause(), &Cause::MessageTooLong { limit: 7, found: 8 });
    assert_eq!(refused.code(), "XML-05");
    let padded = format!("SAMLResponse=PHgvPg==&x={}", "y".repeat(50));
    assert_eq!(Inbound::FormBody(padded.as_bytes()).decode(&limits).err().unwrap().code(), "XML-05");
}

#[test]
fn the_number_of_parameters_has_a_limit() {
    let many = |count: usize| format!("SAMLResponse=PHgvPg=={}", "&x".repeat(count - 1));
    assert!(form(&many(MAX_PARAMETERS)).is_ok());
    assert_eq!(form(&many(MAX_PARAMETERS + 1)).err(), Some("XML-05"));
}

// REQ-09
#[test]
fn a_relay_state_is_text_up_to_a_limit() {
    let sized = |length: usize| format!("SAMLResponse=PHgvPg==&RelayState={}", "r".repeat(length));
    assert!(form(&sized(MAX_RELAY_STATE)).is_ok());
    assert_eq!(form(&sized(MAX_RELAY_STATE + 1)).err(), Some("REQ-09"));
    assert_eq!(form("SAMLResponse=PHgvPg==&RelayState=%FF").err(), Some("REQ-09"));
}

// SIG-20
#[test]
fn the_signed_octets_are_rebuilt_from_the_values_as_sent() {
    let message = format!("SAMLRequest={DEFLATED}");
    assert_eq!(
        octets(&format!("{message}&SigAlg=urn%3aalg&Signature=AAAA")),
        format!("{message}&SigAlg=urn%3aalg")
    );
    assert_eq!(
        octets(&format!("Signature=AAAA&SigAlg=urn%3Aalg&x=1&RelayState=a%2fb+c&{message}")),
        format!("{message}&RelayState=a%2fb+c&SigAlg=urn%3Aalg")
    );
    assert_eq!(
        octets(&format!("{message}&RelayState=&SigAlg=a&Signature=AAAA")),
        format!("{message}&RelayState=&SigAlg=a")
    );
}

// SIG-20
#[test]
fn a_redirect_lacks_neither_half_of_its_signature_and_is_deflated() {
    let message = format!("SAMLRequest={DEFLATED}");
    let decoded = query(&message).ok().unwrap();
    assert!(decoded.signature.is_none());
    assert_eq!(decoded.xml, b"<x/>");
    assert_eq!(query(&format!("{message}&SigAlg=a")).err(), Some("SIG-20"));
    assert_eq!(query(&format!("{message}&Signature=AAAA")).err(), Some("SIG-20"));
    assert_eq!(query(&format!("{message}&SAMLEncoding=urn:other")).err(), Some("SIG-20"));
    let deflate = "urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE";
    assert!(query(&format!("{message}&SAMLEncoding={deflate}")).is_ok());
}

/// Every byte that base64 may have, long enough for several blocks.
fn several_blocks() -> (Vec<u8>, String) {
    let bytes: Vec<u8> =
        (0..40_001_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let text = BASE64_STANDARD.encode(&bytes);
    (bytes, text)
}

// XML-09
#[test]
fn a_message_of_several_blocks_is_decoded_wherever_escapes_and_line_breaks_stand() {
    let (bytes, text) = several_blocks();
    for width in [1, 3, 64, 76, 8190, 8191, 8192, 8193] {
        let mut body = String::new();
        for (place, character) in text.chars().enumerate() {
            if place % width == 0 {
                body.push_str("%0D%0A");
            }
            match character {
                '+' => body.push_str("%2b"),
                '/' => body.push_str("%2F"),
                '=' => body.push_str("%3D"),
                plain => body.push(plain),
            }
        }
        body.push_str("+%0A");
        assert_eq!(message(body.as_bytes(), false, &Limits::default()).unwrap(), bytes, "{width}");
    }
}

// XML-09
#[test]
fn padding_stands_at_the_very_end_of_a_message_and_nowhere_else() {
    let (_, text) = several_blocks();
    let text = text.trim_end_matches('=');
    for place in [4, 8188, 8190, 8192, 8194, 16384, 24572] {
        let (before, after) = text.split_at(place);
        for padding in ["=", "==", "====", "= =", "AA=="] {
            let refused = message(format!("{before}{padding}{after}").as_bytes(), false, &Limits::default());
            assert_eq!(refused.unwrap_err().code(), "XML-09", "{place} {padding}");
        }
    }
}

// XML-05
#[test]
fn the_limit_counts_what_is_left_after_the_escapes() {
    let mut limits = Limits::default();
    limits.encoded_bytes = 9_000;
    let text = "%41".repeat(9_000);
    assert_eq!(message(text.as_bytes(), false, &limits).unwrap().len(), 6_750);
    let refused = message(format!("{text}A").as_bytes(), false, &limits).unwrap_err();
    assert_eq!(*refused.cause(), Cause::MessageTooLong { limit: 9_000, found: 9_001 });
}

// XML-05
#[test]
fn what_stands_around_a_message_is_refused_by_length_before_it_is_looked_at() {
    let mut limits = Limits::default();
    limits.encoded_bytes = 100;
    let body = |length: usize| {
        let mut body = b"SAMLResponse=PHgvPg==&%=".to_vec();
        body.resize(length, b'x');
        body
    };
    let decoded = |length| Inbound::FormBody(&body(length)).decode(&limits).map(drop);
    let refusal = |length| decoded(length).unwrap_err().cause().clone();
    // Every byte of a message of the greatest length could be escaped.
    assert_eq!(refusal(300), Cause::Escape);
    assert_eq!(refusal(301), Cause::MessageTooLong { limit: 300, found: 301 });
}
