//! Responses that other identity providers sent, and what one change makes of each.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::{
    Certificate, Connection, Engines, EntityId, IdentityProvider, Inbound, KeyPair, KeyRing, Login,
    LoginOptions, Policy, PrivateKey, RequestId, ServiceProvider, Sighting, Unsolicited, VerificationKey,
};
use testkit::captures::{self, Capture};

#[test]
fn every_capture_is_accepted_with_what_the_reference_read() {
    let captures = captures::all();
    assert_eq!(captures.len(), 32);
    for capture in &captures {
        for engines in engines() {
            check(capture, engines, "unchanged", &Attempt::good(capture), Ok(()));
        }
    }
}

#[test]
fn every_single_change_is_refused_with_the_code_of_the_rule_that_it_breaks() {
    let mut made = 0;
    for capture in captures::all() {
        for change in CHANGES {
            if !(change.to)(&capture) {
                continue;
            }
            let mut attempt = Attempt::good(&capture);
            (change.make)(&capture, &mut attempt);
            for engines in engines() {
                check(&capture, engines, change.name, &attempt, change.outcome);
            }
            made += 1;
        }
    }
    // A capture or a change that no longer takes part must not go unnoticed.
    assert!(made >= 791, "only {made} changes were made");
}

// ASN-05
#[test]
fn a_capture_that_was_used_is_refused() {
    for capture in captures::all() {
        let attempt = Attempt::good(&capture);
        let refused = attempt.login(Engines::default(), Sighting::Seen).unwrap_err();
        assert_eq!(refused, "ASN-05", "{}", capture.name);
    }
}

/// One change to a capture or to what it is checked against.
struct Change {
    name: &'static str,
    /// Which captures the change can be made to.
    to: fn(&Capture) -> bool,
    make: fn(&Capture, &mut Attempt),
    outcome: Result<(), &'static str>,
}

const fn refused(
    name: &'static str,
    code: &'static str,
    to: fn(&Capture) -> bool,
    make: fn(&Capture, &mut Attempt),
) -> Change {
    Change { name, to, make, outcome: Err(code) }
}

const fn accepted(name: &'static str, to: fn(&Capture) -> bool, make: fn(&Capture, &mut Attempt)) -> Change {
    Change { name, to, make, outcome: Ok(()) }
}

/// Changes by what is changed. Where two rules break at once the code pins which one is told: the one that comes first
/// in the documented order (signature, decryption, issuer, destination, request, time, subject, audience).
const CHANGES: &[Change] = &[
    // The clock: 180 seconds of skew, in both directions.
    refused("clock just before", "RSP-03", all, |capture, attempt| {
        attempt.now = capture.issued - SKEW - TimeDelta::milliseconds(1);
    }),
    accepted("clock as early as may be", all, |capture, attempt| attempt.now = capture.issued - SKEW),
    refused("clock just after", "ASN-05", in_clear, |capture, attempt| {
        attempt.now = capture.not_on_or_after.unwrap() + SKEW;
    }),
    accepted("clock as late as may be", in_clear, |capture, attempt| {
        attempt.now = capture.not_on_or_after.unwrap() + SKEW - TimeDelta::milliseconds(1);
    }),
    refused("clock half an hour after", "ASN-05", all, |capture, attempt| {
        attempt.now = capture.arrived + TimeDelta::minutes(30);
    }),
    refused("clock after the request expired", "RSP-06", solicited, |capture, attempt| {
        attempt.now = capture.arrived + TimeDelta::minutes(61);
    }),
    // This side.
    refused("other audience", "ASN-05", all, |_, attempt| {
        attempt.sp_entity_id = "http://127.0.0.1:21100/other/metadata".to_owned();
    }),
    refused("audience with a slash more", "ASN-05", all, |_, attempt| attempt.sp_entity_id.push('/')),
    refused("other address", "RSP-04", all, |_, attempt| {
        attempt.acs = "http://127.0.0.1:21100/other/acs".to_owned();
    }),
    refused("address with a query more", "RSP-04", all, |_, attempt| attempt.acs.push_str("?a=b")),
    refused("other request", "RSP-06", all, |_, attempt| attempt.request_id = Some("_other".to_owned())),
    refused("no request", "RSP-06", solicited, |_, attempt| attempt.request_id = None),
    refused("no request, unsolicited allowed", "RSP-06", solicited, |_, attempt| {
        attempt.request_id = None;
        attempt.policy.unsolicited = Unsolicited::Accept;
    }),
    refused("no key", "ENC-05", encrypted, |_, attempt| attempt.sp_keys = None),
    refused("other key", "ENC-06", encrypted, |_, attempt| {
        attempt.sp_keys =
            Some((include_str!("../src/testing/keys/foreign.key"), FOREIGN_CERTIFICATE.to_owned()));
    }),
    // The other side.
    refused("other certificate", "SIG-07", all, |_, attempt| {
        attempt.idp_certificate = Some(FOREIGN_CERTIFICATE.to_owned());
    }),
    refused("other issuer", "RSP-05", all, |_, attempt| {
        attempt.idp_entity_id = Some("http://127.0.0.1:21100/other".to_owned());
    }),
    // Options that a capture needs.
    refused(
        "SHA-1 without the option",
        "SIG-06",
        |capture| capture.sha1,
        |_, attempt| {
            attempt.policy.algorithms.danger_allow_sha1 = false;
        },
    ),
    refused("triple-DES without the option", "ENC-02", triple_des, |_, attempt| {
        attempt.policy.encryption.danger_allow_triple_des = false;
    }),
    refused("CBC without the option", "ENC-02", unsigned_cbc, |_, attempt| {
        attempt.policy.encryption.danger_allow_unsigned_cbc = false;
    }),
    refused("unsolicited without the option", "RSP-11", Capture::unsolicited, |_, attempt| {
        attempt.policy.unsolicited = Unsolicited::Reject;
    }),
    refused("unsolicited, to be bounced", "RSP-11", Capture::unsolicited, |_, attempt| {
        attempt.policy.unsolicited = Unsolicited::Bounce;
    }),
    // Bits of the message.
    refused("bit in the signed name", "SIG-10", in_clear, |_, attempt| attempt.edit(flip_name)),
    refused("bit in the signed name, encrypted", "SIG-10", signed_inside_only, |capture, attempt| {
        attempt.xml = capture.encrypted_again(flip_name);
    }),
    refused("bit in the signed ciphertext", "SIG-10", signed_around_encryption, |_, attempt| {
        attempt.edit(|xml| flip_first_behind(xml, "CipherValue>", 2));
    }),
    refused("bit in the ciphertext", "ENC-06", signed_inside_only, |_, attempt| {
        attempt.edit(|xml| flip_first_behind(xml, "CipherValue>", 2));
    }),
    refused("bit in the encrypted key", "ENC-06", signed_inside_only, |_, attempt| {
        attempt.edit(|xml| flip_first_behind(xml, "CipherValue>", 0));
    }),
    refused("bit in the first signature", "SIG-07", signature_in_clear, |_, attempt| {
        attempt.edit(|xml| flip_first_behind(xml, "SignatureValue>", 0));
    }),
    refused("bit in the second signature", "SIG-10", both_in_clear, |_, attempt| {
        // The first signature, on the Response, covers the second.
        attempt.edit(|xml| flip_first_behind(xml, "SignatureValue>", 2));
    }),
    refused("bit in the encrypted signature", "SIG-07", signed_inside_only, |capture, attempt| {
        attempt.xml = capture.encrypted_again(|xml| flip_first_behind(xml, "SignatureValue>", 0));
    }),
    refused("bit in the first digest", "SIG-07", signature_in_clear, |_, attempt| {
        attempt.edit(|xml| flip_first_behind(xml, "DigestValue>", 0));
    }),
    refused("bit in the encrypted digest", "SIG-07", signed_inside_only, |capture, attempt| {
        attempt.xml = capture.encrypted_again(|xml| flip_first_behind(xml, "DigestValue>", 0));
    }),
    refused("no signature", "SIG-12", one_signature_in_clear, |_, attempt| attempt.edit(without_signature)),
    refused("no signature, encrypted", "SIG-12", signed_inside_only, |capture, attempt| {
        attempt.xml = capture.encrypted_again(without_signature);
    }),
    refused("bit outside of the signature: version", "RSP-01", response_unsigned, |_, attempt| {
        attempt.edit(|xml| xml.replacen("Version=\"2.0\"", "Version=\"2.1\"", 1));
    }),
    refused("bit outside of the signature: status", "RSP-12", response_unsigned, |_, attempt| {
        attempt.edit(|xml| xml.replacen("status:Success", "status:Succesr", 1));
    }),
    refused(
        "bit outside of the signature: InResponseTo",
        "RSP-06",
        solicited_response_unsigned,
        |_, attempt| {
            attempt.edit(|xml| xml.replacen("InResponseTo=\"O", "InResponseTo=\"N", 1));
        },
    ),
    refused("bit outside of the signature: Destination", "RSP-04", response_unsigned, |_, attempt| {
        attempt.edit(|xml| xml.replacen("/acs\"", "/acr\"", 1));
    }),
    refused("bit outside of the signature: Issuer", "RSP-05", response_unsigned, |_, attempt| {
        attempt.edit(|xml| xml.replacen(">http://127.0.0.1:211", ">http://127.0.0.1:311", 1));
    }),
    // The document.
    refused("document type", "XML-02", all, |_, attempt| {
        attempt.edit(|xml| match xml.strip_prefix("<?xml version=\"1.0\"?>") {
            Some(rest) => format!("<!DOCTYPE Response>{rest}"),
            None => format!("<!DOCTYPE Response>{xml}"),
        });
    }),
    refused("cut short", "XML-04", all, |_, attempt| {
        attempt.xml.truncate(attempt.xml.len() - 3);
    }),
];

const SKEW: TimeDelta = TimeDelta::seconds(180);
const FOREIGN_CERTIFICATE: &str = include_str!("../src/testing/keys/foreign.crt");

fn all(_: &Capture) -> bool {
    true
}

fn solicited(capture: &Capture) -> bool {
    !capture.unsolicited()
}

fn encrypted(capture: &Capture) -> bool {
    capture.encrypted()
}

fn in_clear(capture: &Capture) -> bool {
    !capture.encrypted()
}

fn triple_des(capture: &Capture) -> bool {
    capture.data_encryption.as_deref().is_some_and(|algorithm| algorithm.ends_with("tripledes-cbc"))
}

fn unsigned_cbc(capture: &Capture) -> bool {
    !capture.response_signed
        && capture.data_encryption.as_deref().is_some_and(|algorithm| algorithm.ends_with("-cbc"))
}

fn signed_inside_only(capture: &Capture) -> bool {
    capture.encrypted() && !capture.response_signed
}

fn signed_around_encryption(capture: &Capture) -> bool {
    capture.encrypted() && capture.response_signed
}

fn signature_in_clear(capture: &Capture) -> bool {
    capture.response_signed || in_clear(capture)
}

fn one_signature_in_clear(capture: &Capture) -> bool {
    in_clear(capture) && !both_in_clear(capture)
}

fn both_in_clear(capture: &Capture) -> bool {
    in_clear(capture) && capture.response_signed && capture.assertion_signed
}

fn response_unsigned(capture: &Capture) -> bool {
    !capture.response_signed
}

fn solicited_response_unsigned(capture: &Capture) -> bool {
    solicited(capture) && response_unsigned(capture)
}

/// Another name in the signed NameID: the first letter of it flips a bit.
fn flip_name(xml: &str) -> String {
    let start = xml.find("NameID ").unwrap();
    let (before, rest) = xml.split_at(start);
    let (tag, content) = rest.split_once('>').unwrap();
    format!("{before}{tag}>{}", flip_at(content, 0))
}

/// Flips a bit in the first character behind the nth occurrence of a text.
fn flip_first_behind(xml: &str, text: &str, occurrence: usize) -> String {
    let (at, _) =
        xml.match_indices(text).nth(occurrence).unwrap_or_else(|| panic!("no {text} in the message"));
    flip_at(xml, at.checked_add(text.len()).unwrap())
}

/// Flips a bit so that a letter or digit stays one: base64 stays base64.
fn flip_at(xml: &str, at: usize) -> String {
    let mut bytes = xml.as_bytes().to_vec();
    let found = bytes.get_mut(at).unwrap();
    *found = if *found == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

/// The message without its (only) Signature element.
fn without_signature(xml: &str) -> String {
    let name = xml.split(['<', ' ', '>']).find(|name| name.rsplit(':').next() == Some("Signature")).unwrap();
    let (before, rest) = xml.split_once(&format!("<{name}")).unwrap();
    let (_, after) = rest.split_once(&format!("</{name}>")).unwrap();
    before.to_owned() + after
}

/// A capture and everything that it is checked against.
struct Attempt {
    acs: String,
    idp_certificate: Option<String>,
    idp_entity_id: Option<String>,
    idp_metadata: String,
    now: DateTime<Utc>,
    policy: Policy,
    relay_state: Option<String>,
    request_id: Option<String>,
    sent: DateTime<Utc>,
    sp_entity_id: String,
    sp_keys: Option<(&'static str, String)>,
    xml: Vec<u8>,
}

impl Attempt {
    /// The capture at its instant, with the named options that its sender needs and no others.
    fn good(capture: &Capture) -> Self {
        let mut policy = Policy::default();
        policy.algorithms.danger_allow_sha1 = capture.sha1;
        policy.encryption.danger_allow_triple_des = triple_des(capture);
        policy.encryption.danger_allow_unsigned_cbc = unsigned_cbc(capture);
        if capture.unsolicited() {
            policy.unsolicited = Unsolicited::Accept;
        }
        Self {
            acs: capture.acs.clone(),
            idp_certificate: None,
            idp_entity_id: None,
            idp_metadata: capture.idp_metadata.clone(),
            now: capture.arrived,
            policy,
            relay_state: capture.relay_state.clone(),
            request_id: capture.request_id.clone(),
            sent: capture.arrived,
            sp_entity_id: capture.sp_entity_id.clone(),
            sp_keys: Some((
                include_str!("../../../testdata/saml/captures/keys/sp.key"),
                captures::sp_certificate_pem(),
            )),
            xml: capture.xml.clone(),
        }
    }

    fn edit(&mut self, change: impl FnOnce(&str) -> String) {
        let before = String::from_utf8(self.xml.clone()).unwrap();
        let after = change(&before);
        assert_ne!(before, after, "nothing was changed");
        self.xml = after.into_bytes();
    }

    fn login(&self, engines: Engines, sighting: Sighting) -> Result<Login, &'static str> {
        let mut sp = ServiceProvider::new(self.sp_entity_id.parse().unwrap(), self.acs.parse().unwrap());
        if let Some((key, certificate)) = &self.sp_keys {
            let pair =
                KeyPair::new(PrivateKey::from_pem(key).unwrap(), Certificate::parse(certificate).unwrap());
            sp = sp.with_keys(KeyRing::new(pair.unwrap()));
        }
        let idp = self.idp();
        let mut policy = self.policy.clone();
        policy.engines = engines;
        let connection = Connection::new(&sp, &idp, &policy);
        let pending = self.request_id.as_ref().map(|id| {
            let id = RequestId::parse(id).unwrap();
            connection.begin_login(LoginOptions::default(), id, self.sent).unwrap().1
        });
        let body = testkit::captures::form_body(&self.xml, self.relay_state.as_deref());
        connection
            .accept_response(&Inbound::FormBody(&body), pending.as_ref(), self.now)
            .and_then(|verified| verified.admit(sighting))
            .map_err(|rejection| rejection.code())
    }

    fn idp(&self) -> IdentityProvider {
        let read = IdentityProvider::from_metadata(self.idp_metadata.as_bytes()).unwrap();
        let entity_id: EntityId = match &self.idp_entity_id {
            Some(other) => other.parse().unwrap(),
            None => read.entity_id().clone(),
        };
        let keys = match &self.idp_certificate {
            Some(other) => vec![VerificationKey::parse(other).unwrap()],
            None => read.signing_keys().to_vec(),
        };
        IdentityProvider::new(entity_id, read.single_sign_on_services().to_vec(), keys).unwrap()
    }
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

#[track_caller]
fn check(
    capture: &Capture,
    engines: &Engines,
    change: &str,
    attempt: &Attempt,
    outcome: Result<(), &'static str>,
) {
    let found = attempt.login(*engines, Sighting::FirstUse);
    let at = format!("{}, {change}, {engines:?}", capture.name);
    match (found, outcome) {
        (Err(found), Err(expected)) => assert_eq!(found, told_by(*engines, expected), "{at}"),
        (Err(found), Ok(())) => panic!("{at}: refused with {found}"),
        (Ok(_), Err(expected)) => panic!("{at}: accepted, expected {expected}"),
        (Ok(login), Ok(())) => {
            let subject = login.subject().unwrap();
            assert_eq!(subject.value, capture.expected.nameid, "{at}");
            assert_eq!(subject.format(), capture.expected.nameid_format, "{at}");
            assert_eq!(login.session().indexes, [capture.expected.session_index.as_str()], "{at}");
            let end = login.session().not_on_or_after.map(|end| end.timestamp());
            assert_eq!(end, capture.expected.session_not_on_or_after, "{at}");
            assert_eq!(login.evidence().assertion_id, capture.expected.assertion_id, "{at}");
            assert_eq!(login.relay_state(), capture.relay_state.as_deref(), "{at}");
            let attributes: BTreeMap<String, Vec<String>> = login
                .attributes()
                .iter()
                .map(|attribute| (attribute.name.clone(), attribute.texts().map(str::to_owned).collect()))
                .collect();
            assert_eq!(attributes, capture.expected.attributes, "{at}");
            assert_eq!(login.attributes().len(), attributes.len(), "{at}");
        }
    }
}
